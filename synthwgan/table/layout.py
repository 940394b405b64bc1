"""What torch knows about a table: slots, blocks and gates, and the arrays that fill them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

# Rows that are looked at together, in going over all of a table.
CHUNK_ROWS = 2**18


@dataclass(frozen=True)
class BlockGroup:
    """Neighbouring blocks of similar size, each padded to ``width`` slots.

    Parameters
    ----------
    first_block : int
        Index of the first block of the group.
    n_blocks : int
        Number of blocks in the group.
    start : int
        First slot of the group in the row vector.
    width : int
        Slots that each block takes: the size of the largest block in the group.
    """

    first_block: int
    n_blocks: int
    start: int
    width: int

    @property
    def stop(self) -> int:
        """One past the last slot of the group."""
        return self.start + self.n_blocks * self.width


@dataclass(frozen=True)
class Layout:
    """Which slots of a row vector belong to which column.

    A row vector holds all state slots first, then one slot per value. A column owns at
    most one *block* (one-hot states) and at most one *value* (a normal score). A column of
    the table with two numbers in a cell is two columns here. Blocks are
    ordered by size and grouped with neighbours of similar size; within a group every
    block is padded to the same width, so that the one-hot rows, the softmax and the
    sampling of all blocks are a few dense operations.

    Parameters
    ----------
    block_sizes : tuple of int
        Number of states of each block, not increasing.
    value_gates : tuple of int
        For each value, the block whose state 0 (*regular*) switches the value on, or -1
        if the value is always on.
    column_blocks : tuple of int
        For each column, its block, or -1.
    column_values : tuple of int
        For each column, its value, or -1.

    Examples
    --------
    >>> from synthwgan.table.layout import Layout
    >>> layout = Layout((5, 4, 2), (2,), (0, 1, 2), (-1, -1, 0))
    >>> layout.n_state_slots, layout.n_slots
    (12, 13)
    >>> layout.block_starts.tolist()
    [0, 5, 10]
    """

    block_sizes: tuple[int, ...]
    value_gates: tuple[int, ...]
    column_blocks: tuple[int, ...]
    column_values: tuple[int, ...]

    def __post_init__(self) -> None:
        if list(self.block_sizes) != sorted(self.block_sizes, reverse=True):
            raise ValueError(f"block_sizes must not increase, got {self.block_sizes}")
        if any(gate >= len(self.block_sizes) for gate in self.value_gates):
            raise ValueError(f"value_gates name a block that does not exist: {self.value_gates}")

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.block_sizes)

    @property
    def n_values(self) -> int:
        """Number of values."""
        return len(self.value_gates)

    @property
    def code_dtype(self) -> np.dtype:
        """The smallest integer type that holds every code."""
        largest = max(self.block_sizes, default=0)
        return np.dtype(np.uint8 if largest <= 2**8 else np.int16 if largest <= 2**15 else np.int32)

    @cached_property
    def groups(self) -> tuple[BlockGroup, ...]:
        """Blocks of similar size, padded to one width; padding at most doubles a block."""
        groups: list[BlockGroup] = []
        first, start = 0, 0
        for block in range(1, self.n_blocks + 1):
            width = self.block_sizes[first]
            if block < self.n_blocks and 2 * self.block_sizes[block] > width:
                continue
            groups.append(BlockGroup(first, block - first, start, width))
            first, start = block, groups[-1].stop
        return tuple(groups)

    @cached_property
    def block_starts(self) -> np.ndarray:
        """First slot of each block, shape (n_blocks,), int64."""
        starts = [np.arange(group.n_blocks) * group.width + group.start for group in self.groups]
        return np.concatenate(starts) if starts else np.empty(0, dtype=np.int64)

    @cached_property
    def state_mask(self) -> np.ndarray:
        """True where a state slot holds a state and is not padding, shape (n_state_slots,)."""
        mask = np.zeros(self.n_state_slots, dtype=bool)
        for start, size in zip(self.block_starts, self.block_sizes, strict=True):
            mask[start : start + size] = True
        return mask

    @cached_property
    def slot_columns(self) -> np.ndarray:
        """Column of each slot, padding included, shape (n_slots,), int64."""
        columns = np.zeros(self.n_slots, dtype=np.int64)
        for column, (block, value) in enumerate(
            zip(self.column_blocks, self.column_values, strict=True)
        ):
            if block >= 0:
                columns[self._slots_of(block)] = column
            if value >= 0:
                columns[self.n_state_slots + value] = column
        return columns

    def _slots_of(self, block: int) -> slice:
        """Slots of a block, padding included."""
        start = int(self.block_starts[block])
        width = next(g.width for g in self.groups if block < g.first_block + g.n_blocks)
        return slice(start, start + width)

    @cached_property
    def feature_slots(self) -> np.ndarray:
        """Slot of each feature, int64: column by column, its states, then its value."""
        slots: list[int] = []
        for block, value in zip(self.column_blocks, self.column_values, strict=True):
            if block >= 0:
                start = int(self.block_starts[block])
                slots.extend(range(start, start + self.block_sizes[block]))
            if value >= 0:
                slots.append(self.n_state_slots + value)
        return np.array(slots, dtype=np.int64)

    @property
    def n_state_slots(self) -> int:
        """Number of state slots, padding included."""
        return self.groups[-1].stop if self.groups else 0

    @property
    def n_slots(self) -> int:
        """Length of a row vector: state slots, then values."""
        return self.n_state_slots + self.n_values

    def to_dict(self) -> dict[str, list[int]]:
        """Return the layout as JSON-ready lists."""
        return {name: list(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, state: dict[str, list[int]]) -> Layout:
        """Rebuild a layout from `to_dict`."""
        return cls(**{name: tuple(value) for name, value in state.items()})


@dataclass(frozen=True)
class EncodedTable:
    """A table as compact arrays: the only form in which rows reach torch.

    Parameters
    ----------
    codes : ndarray of shape (n_rows, n_blocks), uint8, int16 or int32
        The state of each block.
    values : ndarray of shape (n_rows, n_values), float32
        Normal scores; 0 where the value's gate is not in its regular state.
    """

    codes: np.ndarray
    values: np.ndarray

    # Whether the arrays are in memory, and not on a disk.
    in_memory: ClassVar[bool] = True

    def __len__(self) -> int:
        return len(self.codes)

    def touched(self, n_rows: int) -> None:
        """Take note that some rows, anywhere, were read; see `CachedTable`."""

    def release(self) -> None:
        """Give back the memory of what was read; see `CachedTable`."""

    def counts(self, block_sizes: Sequence[int]) -> list[np.ndarray]:
        """Return the number of rows in each state of each block, int64."""
        totals = [np.zeros(size, dtype=np.int64) for size in block_sizes]
        for start in range(0, len(self), CHUNK_ROWS):
            chunk = self.codes[start : start + CHUNK_ROWS]
            for block, total in enumerate(totals):
                total += np.bincount(chunk[:, block], minlength=len(total))
            self.release()
        return totals

    @classmethod
    def concatenate(cls, parts: Sequence[EncodedTable]) -> EncodedTable:
        """Put tables of one layout under each other."""
        codes = np.concatenate([part.codes for part in parts])
        return cls(codes, np.concatenate([part.values for part in parts]))

    def take(self, rows: np.ndarray) -> EncodedTable:
        """Return some of the rows, by number or by mask."""
        return EncodedTable(self.codes[rows], self.values[rows])

    @property
    def nbytes(self) -> int:
        """Memory of both arrays in bytes."""
        return self.codes.nbytes + self.values.nbytes


@dataclass(frozen=True)
class PartialRows:
    """Encoded rows of which some columns are given and the others are to be drawn.

    Parameters
    ----------
    encoded : EncodedTable
        The rows; arbitrary where not given.
    given : ndarray of shape (n_rows, n_columns), bool
        Which columns of the layout are given.
    """

    encoded: EncodedTable
    given: np.ndarray

    def __len__(self) -> int:
        return len(self.given)

    @classmethod
    def concatenate(cls, parts: Sequence[PartialRows]) -> PartialRows:
        """Put rows of one layout under each other."""
        encoded = EncodedTable.concatenate([part.encoded for part in parts])
        return cls(encoded, np.concatenate([part.given for part in parts]))

    def take(self, rows: np.ndarray | slice) -> PartialRows:
        """Return some of the rows."""
        return PartialRows(self.encoded.take(rows), self.given[rows])
