"""An encoded table, and random batches of its rows as slots on the device."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import EncodedTable

MAX_BATCH_FLOATS = 2**22
# Of a table of more rows, so many random ones stand for all where whole columns were needed, and
# no permutation of its rows is made.
MAX_WHOLE_ROWS = 2**22
# Rows that are looked at together, in going over all.
CHUNK_ROWS = 2**20
# Rows that are read from the disk at once: with each comes more than a page of memory.
PIECE_ROWS = 2**12


class TableBatches:
    """Draws batches of rows; one-hot states exist only here, one batch at a time.

    A table on the disk stays there: only the rows of a batch are read.

    Parameters
    ----------
    encoded : EncodedTable
        The training table.
    head : OutputHead
        Knows the layout; its device is the batches' device.
    """

    def __init__(self, encoded: EncodedTable, head: OutputHead) -> None:
        self.head, self.device = head, head.device
        self._encoded = None if encoded.in_memory else encoded
        self._without: Tensor | None = None
        self._rank, self._n_shards = 0, 1
        codes, values = torch.from_numpy(encoded.codes), torch.from_numpy(encoded.values)
        if encoded.in_memory:
            codes, values = codes.to(self.device), values.to(self.device)
        self.codes, self.values = codes, values

    def __len__(self) -> int:
        n_left_out = 0 if self._without is None else len(self._without)
        return len(self.codes) - n_left_out

    @property
    def is_large(self) -> bool:
        """Whether some random rows stand for all where whole columns were needed."""
        return len(self) > MAX_WHOLE_ROWS

    def shard(self, rank: int, n_shards: int) -> TableBatches:
        """Batches of one of several processes: of rows `rank`, `rank + n_shards`, and so on."""
        part = copy.copy(self)
        part._rank, part._n_shards = rank, n_shards
        return part

    def subset(self, rows: Tensor) -> TableBatches:
        """Batches of some rows, by their numbers."""
        part = copy.copy(self)
        part.codes, part.values = self.rows(rows)
        part._encoded, part._without = None, None
        return part

    def choose(self, n_rows: int, generator: torch.Generator) -> Tensor:
        """Numbers of at most `n_rows` random rows; only in a large table may one occur twice."""
        if self.is_large:
            return torch.randint(len(self), (n_rows,), device=generator.device, generator=generator)
        shuffled = torch.randperm(len(self), device=generator.device, generator=generator)
        return shuffled[:n_rows]

    def split(self, n_rows: int, generator: torch.Generator) -> tuple[TableBatches, TableBatches]:
        """Batches of `n_rows` random rows (in a large table a few less), and of all others."""
        if not self.is_large:
            shuffled = torch.randperm(len(self), device=generator.device, generator=generator)
            return self.subset(shuffled[:n_rows]), self.subset(shuffled[n_rows:])
        chosen = self.choose(n_rows, generator).unique()
        others = copy.copy(self)
        # A number among the others, plus how many were chosen before it, is its number among all.
        others._without = chosen - torch.arange(len(chosen), device=chosen.device)
        return self.subset(chosen), others

    def draw(self, n_rows: int, generator: torch.Generator) -> Tensor:
        """Slots of rows drawn with replacement, shape (n_rows, n_slots), float32."""
        return self.take(self.draw_rows(n_rows, generator))

    def draw_rows(self, n_rows: int, generator: torch.Generator) -> Tensor:
        """Numbers of rows drawn with replacement, shape (n_rows,), int64."""
        n_own = max(1, (len(self) - self._rank + self._n_shards - 1) // self._n_shards)
        own = torch.randint(n_own, (n_rows,), device=self.device, generator=generator)
        if self._n_shards == 1:
            return own
        # If there are fewer rows than shards, some shards share a row.
        return (own * self._n_shards + self._rank) % len(self)

    def take(self, rows: Tensor) -> Tensor:
        """Slots of the given rows, shape (n_rows, n_slots), float32."""
        return self.head.slots(*self.rows(rows))

    def rows(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """States and values of rows, by their numbers."""
        if self._without is not None:
            numbers = numbers + torch.searchsorted(self._without, numbers, right=True)
        numbers = numbers.to(self.codes.device)
        if self._encoded is None:
            return self._selected(numbers)
        parts = []
        for piece in numbers.split(PIECE_ROWS):
            parts.append(self._selected(piece))
            self._encoded.touched(len(piece))
        codes, values = (torch.cat(own) for own in zip(*parts, strict=True))
        return codes.to(self.device), values.to(self.device)

    def _selected(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        # Several times as fast as indexing.
        return self.codes.index_select(0, numbers), self.values.index_select(0, numbers)

    def in_order(self) -> Iterator[Tensor]:
        """Slots of all rows in order, some megabytes at a time.

        A large table gives those of random rows only, and a shard every `n_shards`-th part.
        """
        n_rows = max(256, MAX_BATCH_FLOATS // max(1, self.head.layout.n_slots))
        chosen = self.some() if self.is_large else None
        n_all = len(self) if chosen is None else len(chosen)
        for start in range(self._rank * n_rows, n_all, self._n_shards * n_rows):
            rows = slice(start, start + n_rows)
            if chosen is not None:
                yield self.take(chosen[rows])
            else:
                yield self.head.slots(
                    self.codes[rows].to(self.device), self.values[rows].to(self.device)
                )

    def some(self, n_rows: int | None = None) -> Tensor:
        """Numbers of random rows, in order, the same each time; none comes twice.

        Parameters
        ----------
        n_rows : int, optional
            How many, less those drawn twice; by default `MAX_WHOLE_ROWS`.
        """
        rng = torch.Generator(self.device).manual_seed(0)
        n_rows = MAX_WHOLE_ROWS if n_rows is None else n_rows
        return torch.randint(len(self), (n_rows,), device=self.device, generator=rng).unique()

    def chunks(self) -> Iterator[tuple[int, Tensor]]:
        """All rows' states in order, shape (n, n_blocks) each, with the first one's number."""
        for start in range(0, len(self), CHUNK_ROWS):
            stop = min(start + CHUNK_ROWS, len(self))
            if self._without is None:
                yield start, self.codes[start:stop].to(self.device)
            else:
                yield start, self.rows(torch.arange(start, stop, device=self.device))[0]
            if self._encoded is not None:
                self._encoded.release()

    def counts(self, given: Tensor | None = None) -> list[Tensor]:
        """Rows in each state of each block, int64.

        Parameters
        ----------
        given : Tensor of shape (n_rows, n_columns), bool, optional
            Cells that count; None counts all.
        """
        layout = self.head.layout
        totals = [
            torch.zeros(size, dtype=torch.int64, device=self.device) for size in layout.block_sizes
        ]
        for start, chunk in self.chunks():
            for block, total in enumerate(totals):
                codes = chunk[:, block].int()
                if given is not None:
                    column = layout.column_blocks.index(block)
                    codes = codes[given[start : start + len(codes), column]]
                total += torch.bincount(codes, minlength=len(total))
        return totals

    def marginals(self, given: Tensor | None = None) -> Tensor:
        """Share of rows in each state, shape (n_state_slots,), float32.

        Parameters
        ----------
        given : Tensor of shape (n_rows, n_columns), bool, optional
            Cells that count; None counts all.
        """
        layout = self.head.layout
        shares = torch.zeros(layout.n_state_slots, device=self.device)
        for start, counts in zip(layout.block_starts, self.counts(given), strict=True):
            n_rows = max(1, int(counts.sum()))
            shares[start : start + len(counts)] = counts.float() / n_rows
        return shares
