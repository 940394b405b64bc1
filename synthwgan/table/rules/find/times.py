"""Finding differences of dates in whole units, and sums of clock times."""

from __future__ import annotations

import itertools

import numpy as np

from synthwgan.table.rules import clock as clocks
from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.functions import part_of
from synthwgan.table.rules.find.search import NEARLY, Search
from synthwgan.table.rules.sum import Sum, whole_months
from synthwgan.table.rules.units import ticks_per

_MAX_TIMES = 25
_MIN_CLOCKS = 40
_PROBED, _ENOUGH = 400, 0.97
_MIN_ROWS = 15
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def find_differences(search: Search) -> None:
    """Find numbers that count the units between two dates."""
    times = search.bounded(search.of_kind("time"), _MAX_TIMES, "differences of dates")
    numbers = search.of_kind("number", min_distinct=3)
    pairs = [
        (late, early)
        for late, early in itertools.permutations(times, 2)
        if (late.zone is None) == (early.zone is None)
    ]
    tried = max(len(pairs) * len(numbers) * len(_SECONDS), 1)
    probe = search.rng.permutation(len(search.sample))[:_PROBED]
    few = {column.name: part_of(column, probe) for column in [*times, *numbers]}
    for late, early in pairs:
        both = few[late.name].present & few[early.name].present
        for unit, counts in _counts(few[late.name], few[early.name]).items():
            for number in numbers:
                cells = few[number.name]
                if not _counts_it(cells, counts, both & cells.present, _ENOUGH):
                    continue
                rows = late.present & early.present & number.present
                if _counts_it(number, _counts(late, early)[unit], rows, NEARLY):
                    rule = Sum(number.name, [late.name, early.name], [1, -1], unit=unit)
                    search.accept(rule, tried=tried, min_share=NEARLY, min_rows=20)


def _counts(late: Column, early: Column) -> dict[str, np.ndarray]:
    """Return the exact difference in fixed units and the whole one in those of the calendar."""
    seconds = (
        np.where(late.missing, 0, late.values) / ticks_per("D", late.unit)
        - np.where(early.missing, 0, early.values) / ticks_per("D", early.unit)
    ) * 86_400
    months = whole_months(late, early)
    fixed = {unit: seconds / length for unit, length in _SECONDS.items()}
    return {**fixed, "months": months, "years": months // 12}


def _counts_it(number: Column, counts: np.ndarray, rows: np.ndarray, share: float) -> bool:
    """Whether a number is a count, whole or rounded, in nearly all rows."""
    if rows.sum() < _MIN_ROWS:
        return False
    actual = number.floats[rows]
    step = 10.0 ** -(number.decimals if number.decimals is not None else 9)
    off = (counts[rows] - actual) / step
    near = np.abs(off) <= 0.5 + 1e-6
    below = (off >= -1e-6) & (off < 1 + 1e-6)
    return max(near.mean(), below.mean()) >= share and np.unique(actual).size > 2


def find_clock_sums(search: Search) -> None:
    """Find clock times, written as 517 for 5:17, that differ by some column of minutes."""
    numbers = search.of_kind("number")
    clock = [c for c in numbers if c.n_distinct >= _MIN_CLOCKS and clocks.is_clock(c)]
    minutes = [c for c in numbers if c.is_integer and c.n_distinct >= 10]
    tried = max(len(clock) ** 2 * len(minutes), 1)
    for first, second in itertools.permutations(clock, 2):
        gap = _minutes(second) - _minutes(first)
        for number in minutes:
            if number is first or number is second:
                continue
            rows = first.present & second.present & number.present
            if rows.sum() < 100:
                continue
            off = (gap - np.where(number.missing, 0, number.values))[rows].astype(np.int64)
            if (off % clocks.DAY == 0).mean() < NEARLY:
                continue
            rule = _clock_rule(first, second, number)
            search.accept(rule, tried=tried, min_share=NEARLY)


def _clock_rule(first: Column, second: Column, number: Column) -> Sum:
    """Return the rule with what is missing most as its result: parts are known, sums are not."""
    clock = [first.name, second.name]
    if number.missing.sum() > max(first.missing.sum(), second.missing.sum()):
        return Sum(number.name, [second.name, first.name], [1, -1], clock=clock)
    return Sum(second.name, [first.name, number.name], clock=clock)


def _minutes(column: Column) -> np.ndarray:
    return clocks.minutes_of(np.where(column.missing, 0, column.values))
