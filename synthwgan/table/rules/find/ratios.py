"""Finding columns that are another one in other units: a multiple, rounded."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.linear import snap
from synthwgan.table.rules.find.prune import roots
from synthwgan.table.rules.find.search import NEARLY, Search, is_computed
from synthwgan.table.rules.sum import Sum, as_weight

_MIN_DISTINCT = 20
_MIN_ROWS = 60
_MAX_COLUMNS = 200
# Steps of its grid that a multiple must range over: fewer agree with anything.
_MIN_STEPS = 20
_MAX_DIGITS = 8
_PROBED = 60


def find_ratios(search: Search) -> None:
    """Find ``y = w x`` where each row leaves some room for the weight, and all rows some.

    The room of one row is what rounds to its number. That of many is narrow enough to tell a mile's
    1.609344 from 1.61. Of two directions the one is kept that tells more.
    """
    columns = [
        column
        for column in search.of_kind("number", min_distinct=_MIN_DISTINCT)
        if column.decimals is not None
    ]
    columns = search.bounded(columns, _MAX_COLUMNS, "ratios")
    if len(columns) < 2:
        return
    values = np.column_stack([column.floats for column in columns])
    steps = np.array([10.0 ** -required(column.decimals) for column in columns])
    spread = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
    tried = len(columns) ** 2
    for source, target in _near_pairs(values, steps):
        weight = _weight(values[:, source], values[:, target], steps[target])
        if weight is None:
            continue
        # A number that moves by less than a step in another does not come back from there.
        n_steps = float(abs(weight)) * spread[source] / steps[target]
        if n_steps < _MIN_STEPS or not _tells_more(weight, source, target, values, steps):
            continue
        rule = _rule(columns, source, target, weight)
        backward = [own for own in search.rules if _is_backward(own, rule)]
        if not backward and _is_known(search, rule):
            continue
        if search.accept(rule, tried=tried, min_share=NEARLY):
            search.rules = [own for own in search.rules if not any(own is b for b in backward)]


def _is_backward(rule: Rule, other: Sum) -> bool:
    """Whether a rule says the other way round that a column is a multiple of another."""
    return isinstance(rule, Sum) and rule.is_multiple and rule.columns == other.columns[::-1]


def _is_known(search: Search, rule: Sum) -> bool:
    """Whether rules that were found already compute both columns of the same others."""
    computing = [own for own in search.rules if is_computed(own)]
    of_target, of_source = (roots({name}, computing) for name in rule.columns)
    return of_target <= of_source


def _near_pairs(values: np.ndarray, steps: np.ndarray) -> list[tuple[int, int]]:
    """Return sources and targets that a few rows leave room for a weight."""
    rows = np.linspace(0, len(values) - 1, min(len(values), _PROBED)).astype(int)
    few = values[np.unique(rows)]
    found = []
    for source, target in itertools.permutations(range(values.shape[1]), 2):
        low, high, n_rows = _room(few[:, source], few[:, target], steps[target])
        if n_rows and low <= high:
            found.append((source, target))
    return found


def _room(source: np.ndarray, target: np.ndarray, step: float) -> tuple[float, float, int]:
    """Return the lowest and the highest weight that all rows leave room for, and their number."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        middle, half = target / source, (0.5 + 1e-9) * step / np.abs(source)
        rows = np.isfinite(middle) & np.isfinite(half)
        if (np.abs(target[source == 0]) > 0.5 * step).any() or not rows.any():
            return np.inf, -np.inf, 0
        low, high = (middle - half)[rows].max(), (middle + half)[rows].min()
    return float(low), float(high), int(rows.sum())


def _weight(source: np.ndarray, target: np.ndarray, step: float) -> Fraction | None:
    low, high, n_rows = _room(source, target, step)
    if n_rows < _MIN_ROWS or low > high:
        return None
    return snap((low + high) / 2, (high - low) / 2, _MAX_DIGITS) or None


def _tells_more(
    weight: Fraction, source: int, target: int, values: np.ndarray, steps: np.ndarray
) -> bool:
    """Whether no rule in the other direction holds that tells more.

    Where a step of the source is a step of the target or more, the target tells the source as well.
    """
    if float(abs(weight)) * steps[source] >= steps[target]:
        return True
    return _weight(values[:, target], values[:, source], steps[source]) is None


def _rule(columns: list[Column], source: int, target: int, weight: Fraction) -> Sum:
    weights = None if weight == 1 else [as_weight(weight)]
    return Sum(columns[target].name, [columns[source].name], weights)
