"""Finding columns that are a multiple of another, with a constant, in most rows."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.linear import n_digits, snap
from synthwgan.table.rules.find.prune import closure
from synthwgan.table.rules.find.search import NEARLY, Search, is_computed
from synthwgan.table.rules.find.ties import grid_step, stands_out, whole_steps
from synthwgan.table.rules.one_hot import is_binary
from synthwgan.table.rules.rounding import agrees
from synthwgan.table.rules.sum import Sum, as_weight

_MIN_DISTINCT = 20
_MIN_SHARE = 0.5
_N_PAIRS = 400
_PROBED = 1000
_MAX_DIGITS = 4
_MAX_COLUMNS = 150


def find_scaled(search: Search) -> None:
    """Find ``y = w x + c`` that holds in at least half of the rows, and stands out there."""
    columns = [c for c in search.of_kind("number", min_distinct=_MIN_DISTINCT) if not is_binary(c)]
    columns = search.bounded(columns, _MAX_COLUMNS, "multiples")
    if len(columns) < 2:
        return
    values = np.column_stack([column.floats for column in columns])
    tried = len(columns) ** 2 * 100
    steps = np.array([0.0 if c.decimals is None else 10.0**-c.decimals for c in columns])
    medians = [_slopes(search, values, source, steps) for source in range(len(columns))]
    # "a = 2 b - 1" is how one would write it, not "b = 0.5 a + 0.5".
    for whole in (True, False):
        for source, target in itertools.permutations(range(len(columns)), 2):
            if _is_known(search, columns[source], columns[target]):
                continue
            for kind in (1, 0):
                slope = float(medians[source][kind][target])
                if _try(search, columns[source], columns[target], slope, tried, whole):
                    break


def _is_known(search: Search, *columns: Column) -> bool:
    """Whether rules that were found already lead from one column to the other."""
    names = {column.name for column in columns}
    computed = [rule for rule in search.rules if is_computed(rule)]
    if any(names <= closure({name}, computed) for name in names):
        return True
    return any(isinstance(rule, Sum) and set(rule.columns) == names for rule in search.rules)


def _slopes(
    search: Search, values: np.ndarray, source: int, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each column's slope on one, between random rows and from zero: medians of each.

    A median is exact if half of the rows keep the rule, whatever the others do. It is NaN where
    too few rows lie near it.
    """
    rows = np.flatnonzero(~np.isnan(values[:, source]))
    first, second = (search.rng.choice(rows, _N_PAIRS) for _ in range(2))
    runs = values[first, source] - values[second, source]
    sizes = values[first, source]
    return (
        _medians(values[first] - values[second], runs, steps, 0.2),
        _medians(values[first], sizes, steps, 0.4),
    )


def _medians(rise: np.ndarray, run: np.ndarray, steps: np.ndarray, share: float) -> np.ndarray:
    far = np.abs(run) >= max(np.median(np.abs(run)), 1e-300)
    rise, run = rise[far], run[far, None]
    out = np.full(rise.shape[1], np.nan)
    counts = (~np.isnan(rise)).sum(axis=0)
    some = counts >= 20
    if not some.any():
        return out
    out[some] = np.nanmedian(rise[:, some] / run, axis=0)
    with np.errstate(invalid="ignore"):
        near = (np.abs(rise - out * run) <= 2.01 * steps + 1e-9 * np.abs(rise)).sum(axis=0)
    return np.where(near >= share * counts, out, np.nan)


def _try(
    search: Search, source: Column, target: Column, slope: float, tried: int, whole: bool
) -> bool:
    if not np.isfinite(slope) or not slope or target.decimals is None:
        return False
    if whole and abs(slope - round(slope)) > 1e-6:
        return False
    step = 10.0 ** -required(target.decimals)
    spread = float(np.nanstd(source.floats))
    # A sum that moves by a few steps only agrees with anything.
    if spread * abs(slope) < 5 * step:
        return False
    share, weight, constant = _best(source, target, slope, 2 * step / spread)
    if share < _MIN_SHARE:
        return False
    computed = float(weight) * source.floats + float(constant)
    rows = ~np.isnan(target.floats - computed)
    off = np.rint((target.floats - computed)[rows] / step).astype(np.int64)
    cells = np.column_stack([whole_steps(target, target.decimals), source.codes])[rows]
    if not stands_out(off, grid_step(target, target.decimals), cells, _MIN_SHARE):
        return False
    weights = None if weight == 1 else [as_weight(weight)]
    rule = Sum(target.name, [source.name], weights, as_weight(constant))
    share = min(_MIN_SHARE, NEARLY)
    return search.accept(rule, tried=tried, min_share=share, min_rows=100)


def _best(
    source: Column, target: Column, slope: float, tolerance: float
) -> tuple[float, Fraction, Fraction]:
    """Return the share of rows that the best simple weight keeps, the weight and its constant."""
    step = 10.0 ** -required(target.decimals)
    best = (0.0, Fraction(0), Fraction(0))
    for narrower in (1, 4, 16, 64):
        weight = snap(slope, tolerance / narrower + 1e-6 * abs(slope))
        if not weight or n_digits(weight) > _MAX_DIGITS:
            continue
        cells, actual = source.floats[:_PROBED], target.floats[:_PROBED]
        rest = actual - float(weight) * cells
        rows = ~np.isnan(rest)
        if not rows.any():
            continue
        constant = snap(float(np.median(rest[rows])), 0.5 * step)
        if constant is None:
            continue
        computed = (float(weight) * cells + float(constant))[rows]
        share = float(agrees(actual[rows], computed, target.decimals).mean())
        best = max(best, (share, weight, constant), key=lambda found: found[0])
    return best
