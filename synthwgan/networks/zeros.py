"""Which states never meet in a table, although chance would make them meet."""

from __future__ import annotations

import numpy as np

from synthwgan.networks.coupling import first_coupled_slot
from synthwgan.table.layout import EncodedTable, Layout

# By chance alone, states that are expected to meet so often never do with a chance of 0.0003.
MIN_EXPECTED = 8.0
CHUNK_ROWS = 4096


def structural_zeros(
    encoded: EncodedTable, layout: Layout, min_expected: float = MIN_EXPECTED
) -> np.ndarray:
    """Find pairs of states that would meet in some rows if blocks were independent, and do not.

    Only states that are coupled (see `Coupling`) are looked at, so memory is bounded however wide
    the table is.

    Parameters
    ----------
    encoded : EncodedTable
        The table.
    layout : Layout
        Its layout.
    min_expected : float, default 8
        Rows in which two states must be expected to meet.

    Returns
    -------
    ndarray of shape (n_pairs, 2), int64
        State slots, the smaller first, each pair once.
    """
    slots, blocks, counts = _frequent(encoded, layout, min_expected)
    meetings = _meetings(encoded, layout, slots)
    expected = counts[:, None] * (counts / max(1, len(encoded)))
    is_zero = (meetings == 0) & (expected >= min_expected) & (blocks[:, None] < blocks)
    return slots[np.argwhere(is_zero)]


def _frequent(
    encoded: EncodedTable, layout: Layout, min_count: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slots, blocks and numbers of rows of the coupled states that are not too rare to judge."""
    empty = np.empty(0, dtype=np.int64)
    slots, blocks, counts = [empty], [empty], [np.empty(0)]
    first = first_coupled_slot(layout)
    for block in np.flatnonzero(layout.block_starts >= first):
        of_block = np.bincount(encoded.codes[:, block], minlength=layout.block_sizes[block])
        states = np.flatnonzero(of_block >= min_count)
        slots.append(layout.block_starts[block] + states)
        blocks.append(np.full(len(states), block))
        counts.append(of_block[states].astype(np.float64))
    return np.concatenate(slots), np.concatenate(blocks), np.concatenate(counts)


def _meetings(encoded: EncodedTable, layout: Layout, slots: np.ndarray) -> np.ndarray:
    """Number of rows in which two of the slots meet, shape (n_slots, n_slots)."""
    places = np.full(layout.n_state_slots, -1)
    places[slots] = np.arange(len(slots))
    meetings = np.zeros((len(slots), len(slots)))
    for start in range(0, len(encoded), CHUNK_ROWS):
        codes = encoded.codes[start : start + CHUNK_ROWS].astype(np.int64)
        columns = places[codes + layout.block_starts]
        rows, of_row = np.nonzero(columns >= 0)
        states = np.zeros((len(codes), len(slots)), dtype=np.float32)
        states[rows, columns[rows, of_row]] = 1
        meetings += states.T @ states
    return meetings
