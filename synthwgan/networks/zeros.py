"""Which states never meet in a table, although chance would make them meet."""

from __future__ import annotations

import numpy as np

from synthwgan.networks.coupling import first_coupled_slot
from synthwgan.table.layout import EncodedTable, Layout

# By chance alone, states that are expected to meet so often never do with a chance of 0.0003.
MIN_EXPECTED = 8.0
CHUNK_ROWS = 4096
# Rows after which the pairs that have met are left out.
RENEWED = 16 * CHUNK_ROWS


def structural_zeros(
    encoded: EncodedTable,
    layout: Layout,
    doubtful: np.ndarray | None = None,
    min_expected: float = MIN_EXPECTED,
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
    doubtful : ndarray of shape (n_pairs, 2), int, optional
        Pairs of state slots that are zeros as well if they do not meet, whatever chance would do.
    min_expected : float, default 8
        Rows in which two states must be expected to meet.

    Returns
    -------
    ndarray of shape (n_pairs, 2), int64
        State slots, the smaller first, each pair once.
    """
    slots, blocks, counts = _frequent(encoded, layout, min_expected)
    expected = counts[:, None] * (counts / max(1, len(encoded)))
    is_zero = (expected >= min_expected) & (blocks[:, None] < blocks)
    if doubtful is not None:
        _suspect(doubtful, slots, is_zero, layout.n_state_slots)
    _drop_meeting(encoded, layout, slots, is_zero)
    return slots[np.argwhere(is_zero)]


def _frequent(
    encoded: EncodedTable, layout: Layout, min_count: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slots, blocks and numbers of rows of the coupled states that are not too rare to judge."""
    empty = np.empty(0, dtype=np.int64)
    slots, blocks, counts = [empty], [empty], [np.empty(0)]
    first = first_coupled_slot(layout)
    of_blocks = encoded.counts(layout.block_sizes)
    for block in np.flatnonzero(layout.block_starts >= first):
        of_block = of_blocks[block]
        states = np.flatnonzero(of_block >= min_count)
        slots.append(layout.block_starts[block] + states)
        blocks.append(np.full(len(states), block))
        counts.append(of_block[states].astype(np.float64))
    return np.concatenate(slots), np.concatenate(blocks), np.concatenate(counts)


def _suspect(doubtful: np.ndarray, slots: np.ndarray, is_zero: np.ndarray, n_slots: int) -> None:
    """Mark doubtful pairs of slots as zeros, those of states that are not too rare to judge."""
    places = np.full(n_slots, -1)
    places[slots] = np.arange(len(slots))
    # Slots are in order, the smaller one of each pair first.
    pairs = places[np.sort(doubtful, axis=1)]
    known = pairs[(pairs >= 0).all(axis=1)]
    is_zero[known[:, 0], known[:, 1]] = True


def _drop_meeting(
    encoded: EncodedTable, layout: Layout, slots: np.ndarray, is_zero: np.ndarray
) -> None:
    """Mark pairs of slots that meet in some row as no zeros, shape (n_slots, n_slots)."""
    for start in range(0, len(encoded), CHUNK_ROWS):
        if start % RENEWED == 0:
            # Most pairs meet in the first rows, and are looked at no more.
            alive = np.flatnonzero((is_zero | is_zero.T).any(axis=0))
            places = np.full(layout.n_state_slots, -1)
            places[slots[alive]] = np.arange(len(alive))
            encoded.release()
        if not len(alive):
            return
        codes = encoded.codes[start : start + CHUNK_ROWS].astype(np.int64)
        columns = places[codes + layout.block_starts]
        rows, of_row = np.nonzero(columns >= 0)
        states = np.zeros((len(codes), len(alive)), dtype=np.float32)
        states[rows, columns[rows, of_row]] = 1
        is_zero[np.ix_(alive, alive)] &= states.T @ states == 0
