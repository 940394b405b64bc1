"""Numbers of drawn rows, drawn again: each given the rest of its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthwgan.table.layout import EncodedTable, Layout

# The threshold of leaves.
NEVER_ABOVE = np.finfo(np.float32).max
_DTYPES = {
    "roots": np.int32,
    "features": np.int32,
    "thresholds": np.float32,
    "children": np.int32,
    "starts": np.int64,
    "scores": np.float32,
}


@dataclass(frozen=True)
class Redraw:
    """Draws the numbers of rows again, one column after the other.

    A regression tree that predicts a column's normal score from all other columns parts the
    table's rows into leaves. A row gets the score of some row in its leaf (CART synthesis, Reiter
    2005, "Using CART to Generate Partially Synthetic, Public Use Microdata", section 2). Each
    column sees those drawn before it, so one pass is a sweep of a Gibbs sampler: it moves the
    rows from what the networks learnt of a number, which is a little too smooth, towards the
    table's distribution of it given the other cells. Each row takes one of several trees.

    Parameters
    ----------
    layout : Layout
        Says when a row has a value.
    roots : ndarray of shape (n_values, n_trees), int32
        First node of each tree; -1 for all trees of a value that is left as it is.
    features : ndarray of shape (n_nodes,), int32
        What each node splits on: a block, or `n_blocks` and more for a value.
    thresholds : ndarray of shape (n_nodes,), float32
        Rows above it go to the second child.
    children : ndarray of shape (n_nodes,), int32
        The first child, which the second follows; a leaf is its own, with `NEVER_ABOVE`.
    starts : ndarray of shape (n_nodes + 1,), int64
        Where each node's scores start; only leaves have any.
    scores : ndarray of shape (n_scores,), float32
        Normal scores of the leaves' rows.
    """

    layout: Layout
    roots: np.ndarray
    features: np.ndarray
    thresholds: np.ndarray
    children: np.ndarray
    starts: np.ndarray
    scores: np.ndarray

    def __post_init__(self) -> None:
        if not _is_consistent(self):
            raise ValueError("the arrays of the regression trees do not fit together")

    def __call__(
        self, drawn: EncodedTable, uniform: np.ndarray, given: np.ndarray | None = None
    ) -> EncodedTable:
        """Return the rows with other numbers.

        Parameters
        ----------
        drawn : EncodedTable
            Rows from the generator.
        uniform : ndarray of shape (n_values, n_rows), float64
            Independent draws from [0, 1).
        given : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that stay.
        """
        cells = features_of(drawn)
        for value, roots in enumerate(self.roots):
            if roots[0] < 0:
                continue
            rows = np.flatnonzero(has_value(self.layout, drawn.codes, value))
            if given is not None:
                rows = rows[~given[rows, self.layout.column_values.index(value)]]
            at = uniform[value, rows] * len(roots)
            tree = at.astype(np.int64)
            node = self._leaves(cells, rows, roots[tree])
            first, end = self.starts[node], self.starts[node + 1]
            places = first + ((at - tree) * (end - first)).astype(np.int64)
            cells[rows, drawn.codes.shape[1] + value] = self.scores[places]
        return EncodedTable(drawn.codes, cells[:, drawn.codes.shape[1] :].copy())

    def _leaves(self, cells: np.ndarray, rows: np.ndarray, node: np.ndarray) -> np.ndarray:
        """The leaf of each row, from the root of its tree."""
        flat, row_starts = cells.ravel(), rows * cells.shape[1]
        while True:
            is_above = flat[row_starts + self.features[node]] > self.thresholds[node]
            below = self.children[node] + is_above
            if (below == node).all():
                return node
            node = below

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        return {f"redraw.{name}": vars(self)[name] for name in _DTYPES}

    @classmethod
    def from_arrays(cls, layout: Layout, arrays: Mapping[str, np.ndarray]) -> Redraw:
        """Rebuild from `to_arrays`.

        Raises
        ------
        KeyError, TypeError, ValueError
            If something is missing, of another type, or does not fit together.
        """
        own = {name: arrays[f"redraw.{name}"] for name in _DTYPES}
        wrong = [name for name, dtype in _DTYPES.items() if own[name].dtype != dtype]
        if wrong:
            raise TypeError(f"{wrong} are of another type")
        return cls(layout, **own)


def features_of(rows: EncodedTable) -> np.ndarray:
    """What trees split on: codes and then values, shape (n_rows, n_features), float32."""
    return np.hstack([rows.codes.astype(np.float32), rows.values])


def has_value(layout: Layout, codes: np.ndarray, value: int) -> np.ndarray:
    """Whether each row has a value, shape (n_rows,), bool."""
    gate = layout.value_gates[value]
    return np.ones(len(codes), dtype=bool) if gate < 0 else codes[:, gate] == 0


def _is_consistent(redraw: Redraw) -> bool:
    n_nodes = len(redraw.features)
    numbers = np.arange(n_nodes)
    is_leaf = redraw.children == numbers
    sizes = np.diff(redraw.starts)
    n_features = redraw.layout.n_blocks + redraw.layout.n_values
    return bool(
        redraw.roots.ndim == 2
        and redraw.roots.shape[1] > 0
        and len(redraw.roots) == redraw.layout.n_values
        and len(redraw.thresholds) == len(redraw.children) == n_nodes
        and len(redraw.starts) == n_nodes + 1
        and redraw.starts[0] == 0
        and redraw.starts[-1] == len(redraw.scores)
        and ((redraw.roots >= 0).all(axis=1) | (redraw.roots == -1).all(axis=1)).all()
        and (redraw.roots < n_nodes).all()
        and ((redraw.features >= 0) & (redraw.features < max(n_features, 1))).all()
        # Children come later, so that every way down ends; a leaf has scores.
        and (is_leaf | (redraw.children > numbers) & (redraw.children < n_nodes - 1)).all()
        and np.isfinite(redraw.thresholds).all()
        and ((redraw.thresholds == NEVER_ABOVE) | ~is_leaf).all()
        and (np.where(is_leaf, sizes > 0, sizes == 0)).all()
        and np.isfinite(redraw.scores).all()
    )
