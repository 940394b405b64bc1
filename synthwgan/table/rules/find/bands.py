"""Finding columns that are a step function of a number, a date or a difference."""

from __future__ import annotations

import itertools
import math

import numpy as np

from synthwgan.table.rules.bands import Bands, difference
from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.search import MIN_BROKEN, NEARLY, Search, is_computed
from synthwgan.table.rules.one_hot import is_binary

_MAX_VALUES = 50
_PROBED = 300
_MIN_ROWS = 30
_MAX_TIMES, _MAX_NUMBERS = 30, 60


def find_bands(search: Search) -> None:
    """Find columns each of whose values belongs to one range of another."""
    targets = [c for c in search.columns if 2 <= c.n_distinct <= _MAX_VALUES]
    targets = [c for c in targets if _minority(c) >= MIN_BROKEN]
    if not targets:
        return
    codes = np.column_stack([column.codes for column in targets])
    sizes = np.array([column.n_distinct for column in targets])
    sources = search.of_kind("number", "time", min_distinct=3)
    tried = len(sources) * len(targets)
    for source in sources:
        measure = difference(source)
        for place in _contiguous(search, measure, codes, sizes):
            target = targets[place]
            if target is not source and source.n_distinct > target.n_distinct:
                _try(search, Bands(target.name, source.name), target, measure, tried)
    _find_differences(search, targets, codes, sizes)


def _find_differences(
    search: Search, targets: list[Column], codes: np.ndarray, sizes: np.ndarray
) -> None:
    """Find bands of the difference of two columns, where one column's own bands do not do."""
    computed = {rule.target for rule in search.rules if is_computed(rule)}
    open_ = np.array([target.name not in computed for target in targets])
    if not open_.any():
        return
    numbers = [c for c in search.of_kind("number", min_distinct=10) if not is_binary(c)]
    naive = [c for c in search.of_kind("time") if c.zone is None][:_MAX_TIMES]
    aware = [c for c in search.of_kind("time") if c.zone is not None][:_MAX_TIMES]
    numbers = search.bounded(numbers, _MAX_NUMBERS, "bands of differences")
    pairs = [pair for kind in (naive, aware, numbers) for pair in itertools.combinations(kind, 2)]
    for first, second in pairs:
        measure = difference(second, first)
        spread = np.nanstd(measure) if (~np.isnan(measure)).sum() > _MIN_ROWS else 0.0
        if spread and np.nanmedian(measure) < 0:
            first, second, measure = second, first, -measure
        if not spread or not _both_matter(first, second, spread):
            continue
        for place in _contiguous(search, measure, codes, sizes):
            target = targets[place]
            if open_[place] and target is not first and target is not second:
                rule = Bands(target.name, second.name, first.name)
                _try(search, rule, target, measure, len(pairs) * len(targets))


def _both_matter(first: Column, second: Column, spread: float) -> bool:
    """Whether the difference is more than one of the columns with a little noise."""
    spreads = [np.nanstd(difference(column)) for column in (first, second)]
    return bool(min(spreads) > 0.02 * max(spreads))


def _minority(column: Column) -> int:
    counts = np.bincount(column.codes[column.present], minlength=1)
    return int(counts.sum() - counts.max(initial=0))


def _contiguous(
    search: Search, measure: np.ndarray, codes: np.ndarray, sizes: np.ndarray
) -> np.ndarray:
    """Return which targets' values hardly mix when the rows are sorted by a measure."""
    rows = np.flatnonzero(~np.isnan(measure))
    for n_rows in (_PROBED, len(rows)):
        part = rows if n_rows >= len(rows) else search.rng.choice(rows, n_rows, replace=False)
        # Of equal measures the value does not matter: they are broken up when the rule is verified.
        order = part[np.argsort(measure[part], kind="stable")]
        if n_rows == _PROBED:
            alive = np.arange(len(sizes))
        runs = _changes(codes[np.ix_(order, alive)])
        alive = alive[runs <= sizes[alive] - 1 + 4 * (1 - NEARLY) * len(order)]
        if not len(alive):
            break
    return alive


def _changes(codes: np.ndarray) -> np.ndarray:
    """Return how often each column's filled cells change from row to row."""
    filled = codes >= 0
    last = np.where(filled, np.arange(len(codes))[:, None], -1)
    last = np.maximum.accumulate(last, axis=0)
    before, now = last[:-1], codes[1:]
    previous = np.take_along_axis(codes, np.maximum(before, 0), axis=0)
    return ((previous != now) & (before >= 0) & filled[1:]).sum(axis=0)


def _try(search: Search, rule: Bands, target: Column, measure: np.ndarray, tried: int) -> None:
    rows = target.present & ~np.isnan(measure)
    counts = np.bincount(target.codes[rows], minlength=target.n_distinct).astype(float)
    counts = counts[counts > 0]
    n_rows = counts.sum()
    if n_rows < _MIN_ROWS or len(counts) < 2 or n_rows - counts.max() < MIN_BROKEN:
        return
    arrangements = math.lgamma(n_rows + 1) - sum(math.lgamma(count + 1) for count in counts)
    log_chance = math.lgamma(len(counts) + 1) - arrangements
    permuted = 1 - float(((counts / n_rows) ** 2).sum())
    search.accept(
        rule,
        tried=tried,
        log_chance=log_chance,
        permuted=permuted,
        min_share=NEARLY,
        min_rows=_MIN_ROWS,
    )
