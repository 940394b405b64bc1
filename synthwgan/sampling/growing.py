"""Growing the trees from whose leaves numbers are drawn again."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from synthwgan.sampling.redraw import NEVER_ABOVE, Redraw, features_of, has_value
from synthwgan.table.layout import EncodedTable, Layout

N_TREES = 5
MIN_LEAF_ROWS = 10
# A number that hardly any other row has, beside cells like its own row's, would be a copy of it.
# So scores are moved by up to so many ranks, and in small tables by this share of them.
MAX_MOVE, MAX_SHARE_MOVED = 20, 1 / 500
# Each split looks at some features only, so that trees differ; at most so many, for wide tables.
FEATURE_SHARE = 0.8
MAX_FEATURES = 32
# Of fewer rows a tree would learn chance.
MIN_ROWS = 1000
MAX_ROWS = 100_000
# Rows times features looked at, over all trees: about half a minute of one core.
MAX_CELLS = 100_000_000
CELLS_PER_SECOND = 1_500_000


class _Tree(NamedTuple):
    """One tree; nodes are numbered from its root, which is 0, level by level."""

    features: np.ndarray
    thresholds: np.ndarray
    children: np.ndarray
    sizes: np.ndarray
    scores: np.ndarray


def n_rows_for(encoded: EncodedTable, layout: Layout, seconds: float = math.inf) -> int:
    """How many of a table's rows the trees are grown on; 0 if there are none to be grown.

    Parameters
    ----------
    encoded : EncodedTable
        The table.
    layout : Layout
        Its layout.
    seconds : float, optional
        Seconds that it may take.
    """
    n_features = layout.n_blocks + layout.n_values
    if not layout.n_values or n_features < 2:
        return 0
    looked_at = min(n_features, MAX_FEATURES) * layout.n_values * N_TREES
    affordable = int(min(MAX_CELLS, CELLS_PER_SECOND * seconds)) // looked_at
    n_rows = min(len(encoded), MAX_ROWS, affordable)
    return n_rows if n_rows >= MIN_ROWS else 0


def grow(encoded: EncodedTable, layout: Layout, n_rows: int, seed: int) -> Redraw | None:
    """Grow the trees of a table.

    Parameters
    ----------
    encoded : EncodedTable
        The table.
    layout : Layout
        Its layout.
    n_rows : int
        Rows to look at; see `n_rows_for`.
    seed : int
        Seed of the rows that are looked at, the features of each split, and of places among
        neighbours.

    Returns
    -------
    Redraw or None
        None if no column has enough different numbers.
    """
    rng = np.random.default_rng(seed)
    if n_rows < len(encoded):
        encoded = encoded.take(np.sort(rng.choice(len(encoded), n_rows, replace=False)))
    cells = features_of(encoded)
    trees: list[list[_Tree]] = []
    for value in range(layout.n_values):
        rows = np.flatnonzero(has_value(layout, encoded.codes, value))
        scores = encoded.values[rows, value]
        if len(rows) < MIN_ROWS or (scores == scores[0]).all():
            trees.append([])
            continue
        others = cells[rows]
        others[:, layout.n_blocks + value] = 0
        trees.append([_grow_tree(others, scores, rng) for _ in range(N_TREES)])
    return _joined(layout, trees) if any(trees) else None


def _grow_tree(others: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> _Tree:
    """A tree that predicts normal scores from the other columns."""
    from sklearn.tree import DecisionTreeRegressor

    grown = DecisionTreeRegressor(
        min_samples_leaf=MIN_LEAF_ROWS,
        max_features=max(1, min(MAX_FEATURES, int(FEATURE_SHARE * others.shape[1]))),
        random_state=int(rng.integers(2**31)),
    ).fit(others, scores)
    tree = grown.tree_
    order = _by_level(tree.children_left, tree.children_right)
    numbers = np.empty(tree.node_count, dtype=np.int64)
    numbers[order] = np.arange(tree.node_count)
    is_leaf = tree.children_left[order] < 0
    children = np.where(is_leaf, np.arange(tree.node_count), numbers[tree.children_left[order]])
    leaves = numbers[grown.apply(others)]
    moved = _among_neighbours(scores, rng)
    return _Tree(
        np.where(is_leaf, 0, tree.feature[order]),
        np.where(is_leaf, NEVER_ABOVE, tree.threshold[order]),
        children,
        np.bincount(leaves, minlength=tree.node_count),
        # Sorted within a leaf: the order of the table's rows is nobody's business.
        moved[np.lexsort((moved, leaves))],
    )


def _by_level(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Numbers of nodes level by level, so that the children of one stand side by side."""
    levels, level = [], np.zeros(1, dtype=np.int64)
    while len(level):
        levels.append(level)
        inner = level[left[level] >= 0]
        level = np.stack([left[inner], right[inner]], axis=1).ravel()
    return np.concatenate(levels)


def _among_neighbours(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scores moved by a few ranks, so that hardly any is still one of the table's."""
    step = 1 / len(scores)
    move = min(MAX_MOVE * step, MAX_SHARE_MOVED)
    ranks = ndtr(scores.astype(np.float64)) + rng.uniform(-move, move, len(scores))
    return ndtri(np.clip(ranks, step / 2, 1 - step / 2)).astype(np.float32)


def _joined(layout: Layout, trees: list[list[_Tree]]) -> Redraw:
    """Put trees one after the other."""
    flat = [tree for of_value in trees for tree in of_value]
    firsts = np.cumsum([0, *(len(tree.features) for tree in flat)])[:-1]
    roots = np.full((layout.n_values, N_TREES), -1, dtype=np.int32)
    roots[[len(of_value) > 0 for of_value in trees]] = firsts.reshape(-1, N_TREES)
    children = [tree.children + first for tree, first in zip(flat, firsts, strict=True)]
    return Redraw(
        layout,
        roots,
        np.concatenate([tree.features for tree in flat]).astype(np.int32),
        np.concatenate([tree.thresholds for tree in flat]).astype(np.float32),
        np.concatenate(children).astype(np.int32),
        np.cumsum([0, *np.concatenate([tree.sizes for tree in flat])], dtype=np.int64),
        np.concatenate([tree.scores for tree in flat]),
    )
