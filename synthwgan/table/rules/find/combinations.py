"""Finding columns of which only some combinations occur."""

from __future__ import annotations

import itertools
import math

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.combinations import Combinations
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.find.search import MIN_BROKEN, Search, is_computed
from synthwgan.table.rules.one_hot import OneHot

_MAX_VALUES, _MAX_COLUMNS = 60, 60
_MAX_TRIPLE_VALUES, _MAX_TRIPLE_COLUMNS = 15, 20
# Good and Turing: combinations seen once tell of those that were not seen yet.
_FEW, _MAX_FEW = 3, 0.02
_MIN_ROWS_PER_CELL = 5
_MIN_EMPTY = 0.15


def find_combinations(search: Search) -> None:
    """Find pairs and triples of columns that lack combinations which chance would make."""
    columns = [c for c in search.columns if 3 <= c.n_distinct <= _MAX_VALUES or (c.n_distinct == 2)]
    columns = [c for c in columns if _is_open(search, c)]
    columns = search.bounded(columns, _MAX_COLUMNS, "combinations")
    pairs = list(itertools.combinations(columns, 2))
    found = [pair for pair in pairs if _try(search, pair, len(pairs))]
    few = [c for c in columns if c.n_distinct <= _MAX_TRIPLE_VALUES][:_MAX_TRIPLE_COLUMNS]
    triples = list(itertools.combinations(few, 3))
    for triple in triples:
        inside = [pair for pair in found if set(pair) <= set(triple)]
        _try(search, triple, len(triples), inside)


def _is_open(search: Search, column: Column) -> bool:
    """Whether no other rule gives the column's cells, or its place among others."""
    for rule in search.rules:
        if is_computed(rule) and rule.target == column.name:
            return False
        if isinstance(rule, OneHot) and column.name in rule.columns:
            return False
    return True


def _try(
    search: Search,
    columns: tuple[Column, ...],
    tried: int,
    inside: list[tuple[Column, ...]] | None = None,
) -> bool:
    names = [column.name for column in columns]
    if any(
        isinstance(rule, Determines) and set(rule.columns) <= set(names) for rule in search.rules
    ):
        return False
    present = np.logical_and.reduce([column.present for column in columns])
    shape = tuple(column.n_distinct for column in columns)
    n_rows = int(present.sum())
    if n_rows < math.prod(shape) / 2 or n_rows < 100:
        return False
    cells = tuple(column.codes[present] for column in columns)
    counts = np.bincount(np.ravel_multi_index(cells, shape), minlength=math.prod(shape))
    counts = counts.reshape(shape)
    expected = _expected(counts, columns, inside or [])
    seen = counts > 0
    empty = ~seen & (expected > 0)
    n_seen, n_empty = int(seen.sum()), int(empty.sum())
    possible = n_seen + n_empty
    if n_empty < _MIN_EMPTY * possible or n_rows < _MIN_ROWS_PER_CELL * n_seen:
        return False
    if (counts == 1).any() or ((counts > 0) & (counts <= _FEW)).sum() > _MAX_FEW * n_seen:
        return False
    by_chance = float(np.exp(-expected[expected > 0]).sum())
    permuted = float(expected[empty].sum()) / n_rows
    if permuted * n_rows < MIN_BROKEN:
        return False
    # Chernoff's bound on how many combinations chance leaves out.
    log_chance = -(n_empty * math.log(n_empty / max(by_chance, 1e-300)) - n_empty + by_chance)
    if n_empty <= by_chance:
        return False
    return search.accept(Combinations(names), tried=tried, log_chance=log_chance, permuted=permuted)


def _expected(
    counts: np.ndarray, columns: tuple[Column, ...], inside: list[tuple[Column, ...]]
) -> np.ndarray:
    """Return the counts that independent columns would have, known pairs taken into account."""
    n_rows = counts.sum()
    expected = np.full(counts.shape, float(n_rows))
    axes = range(counts.ndim)
    for axis in axes:
        others = tuple(other for other in axes if other != axis)
        shape = [1] * counts.ndim
        shape[axis] = -1
        expected = expected * (counts.sum(axis=others) / n_rows).reshape(shape)
    if counts.ndim < 3:
        return expected
    # A triple must lack more than what its pairs lack already.
    for axis in axes:
        expected = np.where(counts.sum(axis=axis, keepdims=True) > 0, expected, 0.0)
    return expected * n_rows / max(expected.sum(), 1e-300)
