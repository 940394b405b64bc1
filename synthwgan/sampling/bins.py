"""Encoded rows as small integers, the view that decision trees have of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthwgan.table.layout import EncodedTable, Layout

MAX_BINS = 255
# One bin is below the first edge, and one may be for values switched off.
MAX_VALUE_EDGES = MAX_BINS - 2


class RowBins:
    """Maps each block and each value of an encoded row to one of at most 255 bins.

    A block's bins are its states. A value's bins lie between edges that never part a number
    from its ties; one more bin holds the rows in which the value is switched off.

    Parameters
    ----------
    layout : Layout
        Layout of the rows.
    state_bins : sequence of ndarray of shape (block_size,), uint8
        For each block, the bin of each state.
    value_edges : sequence of ndarray, float32
        For each value, increasing normal scores; a score equal to an edge lies above it.

    Attributes
    ----------
    n_bins : ndarray of shape (n_features,), int64
        Bins of each block, then of each value.
    """

    def __init__(
        self,
        layout: Layout,
        state_bins: Sequence[np.ndarray],
        value_edges: Sequence[np.ndarray],
    ) -> None:
        self.layout, self.state_bins, self.value_edges = layout, state_bins, value_edges
        of_states = [int(bins.max()) + 1 for bins in state_bins]
        of_values = [
            len(edges) + 1 + (gate >= 0)
            for edges, gate in zip(value_edges, layout.value_gates, strict=True)
        ]
        self.n_bins = np.array(of_states + of_values, dtype=np.int64)
        increasing = all((np.diff(edges) > 0).all() for edges in value_edges)
        if not increasing or max(of_values, default=0) > MAX_BINS:
            raise ValueError(f"edges must increase and make at most {MAX_BINS} bins")

    @classmethod
    def fit(
        cls, layout: Layout, encoded: EncodedTable, value_edges: Sequence[np.ndarray]
    ) -> RowBins:
        """Learn the bins of the states: one each, but the rarest of a large block share one."""
        state_bins = [_commonest_first(counts) for counts in encoded.counts(layout.block_sizes)]
        return cls(layout, state_bins, [edges.astype(np.float32) for edges in value_edges])

    @property
    def is_categorical(self) -> np.ndarray:
        """Whether a feature's bins have no order, shape (n_features,), bool."""
        return np.arange(len(self.n_bins)) < self.layout.n_blocks

    def __call__(self, encoded: EncodedTable) -> np.ndarray:
        """Return the bins of encoded rows, shape (n_rows, n_features), uint8."""
        # Column by column in memory, as bins are made and read.
        bins = np.empty((len(encoded), len(self.n_bins)), dtype=np.uint8, order="F")
        for block, state_bins in enumerate(self.state_bins):
            bins[:, block] = state_bins[encoded.codes[:, block]]
        of_values = bins[:, self.layout.n_blocks :]
        for value, edges in enumerate(self.value_edges):
            scores = np.ascontiguousarray(encoded.values[:, value])
            of_values[:, value] = np.searchsorted(edges, scores, side="right")
            gate = self.layout.value_gates[value]
            if gate >= 0:
                of_values[encoded.codes[:, gate] != 0, value] = len(edges) + 1
        return bins


def _commonest_first(counts: np.ndarray) -> np.ndarray:
    n_states = len(counts)
    if n_states <= MAX_BINS:
        return np.arange(n_states, dtype=np.uint8)
    order = np.argsort(-counts, kind="stable")
    bins = np.empty(n_states, dtype=np.uint8)
    bins[order] = np.minimum(np.arange(n_states), MAX_BINS - 1)
    return bins
