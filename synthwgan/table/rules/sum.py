"""One column is a weighted sum of others."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from fractions import Fraction
from math import lcm
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.rules import clock as clocks
from synthwgan.table.rules.base import names_of
from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.rules.formula import Formula
from synthwgan.table.rules.rounding import agrees, find_way, round_to
from synthwgan.table.rules.units import ticks_per

_FIXED_UNITS = {"weeks": ("D", 7), "days": ("D", 1), "hours": ("h", 1), "minutes": ("m", 1)}
_FIXED_UNITS |= {"seconds": ("s", 1)}
_CALENDAR = {"months": 1, "years": 12}
_WRITTEN = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?(/\d{1,30})?")
_LARGE = 2**62


class Sum(Formula):
    """A column that is the weighted sum of others, on its own grid.

    Parameters
    ----------
    total : column name
    parts : list of column names
        One part with the weight 1 means that two columns are equal.
    weights : list of numbers or texts such as "1/3", optional
        One for each part, 1 by default.
    constant : number or text, default=0
    unit : {"weeks", "days", "hours", "minutes", "seconds", "months", "years"}, default="days"
        What a number counts if it meets dates, as in a date plus days or a date minus a date.
        Months and years are whole ones of the calendar between two dates. A duration
        (timedelta) is as long as it is beside dates, and counts seconds beside numbers.
    clock : list of column names, optional
        Columns that write the time of day as a number, 517 for 5:17: such sums run in minutes
        and begin again at midnight.
    rounding : str, optional
        How the sum is rounded to the decimals of `total`: "nearest", "half_even",
        "half_up", "floor" or "ceil"; by default as in the table.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Sum
    >>> bills = pd.DataFrame({"net": [10.0, 5.5], "tax": [1.9, 1.05], "total": [11.9, 6.54]})
    >>> rule = Sum("total", ["net", "tax"])
    >>> print(rule)
    total = net + tax
    >>> rule.check(bills)
    array([ True, False])
    """

    rounding_: str
    day_: int
    part_days_: list[int]
    _learned: ClassVar[tuple[str, ...]] = (
        *Formula._learned,
        *("rounding_", "day_", "part_days_"),
    )

    def __init__(
        self,
        total: Hashable,
        parts: Hashable | Sequence[Hashable],
        weights: Sequence[Any] | None = None,
        constant: Any = 0,
        *,
        unit: str = "days",
        clock: Sequence[Hashable] | None = None,
        rounding: str | None = None,
        tolerate: float = 0.0,
    ) -> None:
        self.total = total
        self.parts = parts
        self.weights = weights
        self.constant = constant
        self.unit = unit
        self.clock = clock
        self.rounding = rounding
        self.tolerate = tolerate

    @property
    def target(self) -> Hashable:
        return self.total

    @property
    def sources(self) -> list[Hashable]:
        return names_of(self.parts)

    @property
    def fractions(self) -> list[Fraction]:
        """The weights as exact fractions."""
        weights = [1] * len(self.sources) if self.weights is None else self.weights
        if len(weights) != len(self.sources):
            raise ValueError(
                f"rule '{self.total} = ...': {len(self.sources)} parts, but {len(weights)} weights"
            )
        return [as_fraction(weight) for weight in weights]

    @property
    def is_multiple(self) -> bool:
        """Whether the total is another column, times a weight."""
        return len(self.sources) == 1 and not self.constant

    @property
    def can_turn(self) -> bool:
        # Whole months do not tell what they were counted from.
        return self.unit not in _CALENDAR

    @property
    def tells_parts(self) -> bool:
        """Whether the fitted total, with all parts but one, tells that one: no sum is rounded."""
        if not self.can_turn:
            return False
        forms = [self.form_, *self.part_forms_]
        if self.clock is not None or any(one.is_number and one.decimals is None for one in forms):
            return True
        weights, constant = self._in_steps(self.form_, self.part_forms_, self.form_.decimals)
        return all(weight.denominator == 1 for weight in [*weights, constant])

    def turned(self, part: Hashable) -> Sum:
        weights = dict(zip(self.sources, self.fractions, strict=True))
        own = weights.pop(part)
        turned = [1 / own, *(-weight / own for weight in weights.values())]
        return Sum(
            part,
            [self.total, *weights],
            [as_weight(weight) for weight in turned],
            as_weight(-as_fraction(self.constant) / own),
            unit=self.unit,
            clock=self.clock,
        )

    def all_turned(self) -> list[ComputedRule]:
        rules = super().all_turned()
        for rule, day in zip(rules, self.part_days_ if self.clock else (), strict=False):
            rule.day_ = day  # type: ignore[attr-defined]
        return rules

    def _learn_how(self, table: Table) -> None:
        if self.clock is not None:
            self.day_ = self._day_of(table, self.total)
            self.part_days_ = [self._day_of(table, name) for name in self.sources]
        if hasattr(self, "rounding_"):
            del self.rounding_
        if self.rounding is not None:
            self.rounding_ = self.rounding
            return
        kept = {way: int(self._agree(table, way).sum()) for way in ("nearest", "floor", "ceil")}
        way = max(kept, key=lambda name: (kept[name], name == "nearest"))
        if way == "nearest":
            way = self._nearest_way(table)
        self.rounding_ = way

    def _nearest_way(self, table: Table) -> str:
        """Return how halves are rounded."""
        if self.clock is not None:
            return "nearest"
        if self._exact(table) is not None:
            return self._best_half(table)
        target = table[self.total]
        sums, known = self._sums(table)
        rows = known & target.present
        return find_way(target.values[rows], sums[rows], target.decimals)

    def _best_half(self, table: Table) -> str:
        target = table[self.total]
        hits = {}
        for way in ("half_even", "half_up"):
            self.rounding_ = way
            values, known = self._compute(table)
            hits[way] = int((known & (target.values == values)).sum())
        return max(hits, key=lambda name: hits[name])

    def _day_of(self, table: Table, name: Hashable) -> int:
        """Return how a clock writes midnight, or the first of the minutes that others count."""
        find = clocks.midnight_of if self._is_clock(name) else clocks.first_of
        return find(table[name])

    def _is_clock(self, name: Hashable) -> bool:
        return self.clock is not None and name in self.clock

    def _keeps(self, table: Table) -> np.ndarray:
        way = self.rounding or getattr(self, "rounding_", "nearest")
        return self._agree(table, way)

    def _rounds_to(self, table: Table) -> np.ndarray:
        if self.clock is not None:
            return super()._rounds_to(table)
        return self._keeps(table)

    def _agree(self, table: Table, way: str) -> np.ndarray:
        """Return where the total is the sum, rounded in some way; halves may go either way."""
        target = self._checked_target(table)
        if not target.present.any():
            return np.ones(len(table), dtype=bool)
        if self.clock is not None:
            values, known = self._clock_sum(table)
            return ~(known & target.present) | (_as_minutes(target.values, target) == values)
        decimals = self._decimals(table)
        exact = None if decimals is None else self._exact(table, decimals)
        if exact is None:
            sums, known = self._sums(table)
            rows = known & target.present
            return ~rows | self._close(table, sums, way)
        numerator, denominator, known = exact
        actual = _whole(target, decimals)
        if not _fits(actual, denominator):
            actual = actual.astype(object)
        over = numerator - actual * denominator
        if way == "floor":
            close = (over >= 0) & (over < denominator)
        elif way == "ceil":
            close = (over <= 0) & (over > -denominator)
        else:
            close = np.abs(2 * over) <= (0 if denominator == 1 else denominator)
        return ~(known & target.present) | np.asarray(close, dtype=bool)

    def _close(self, table: Table, sums: np.ndarray, way: str) -> np.ndarray:
        target, decimals = table[self.total], self._decimals(table)
        if decimals is not None:
            return agrees(target.floats, sums, decimals, way)
        # What cancels in a sum leaves the noise of its largest part.
        size = np.abs(target.floats)
        for name, weight in zip(self.sources, self.fractions, strict=True):
            size = np.fmax(size, np.abs(float(weight) * table[name].floats))
        with np.errstate(invalid="ignore"):
            return np.abs(target.floats - sums) <= target.precision * size

    def _compute(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        way = self.rounding or getattr(self, "rounding_", "nearest")
        form = self._form(table)
        if self.clock is not None:
            minutes, known = self._clock_sum(table)
            day = getattr(self, "day_", 0)
            if self._is_clock(self.total):
                return clocks.clock_of(minutes, day), known
            return day + (minutes - day) % clocks.DAY, known
        exact = self._exact(table)
        if exact is None:
            sums, known = self._sums(table)
            return round_to(sums, form.decimals, way), known
        numerator, denominator, known = exact
        steps = _divide(numerator, denominator, way)
        if not form.is_time and form.decimals:
            steps = steps.astype(np.float64) / 10.0**form.decimals
        return steps, known

    def _known(self, table: Table) -> np.ndarray:
        known = np.ones(len(table), dtype=bool)
        for name in self.sources:
            known &= table[name].present
        return known

    def _clock_sum(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        known = self._known(table)
        minutes = np.full(len(table), int(as_fraction(self.constant)), dtype=np.int64)
        for name, weight in zip(self.sources, self.fractions, strict=True):
            column = self._column(table, name, "number")
            values = np.where(column.missing, 0, column.values).astype(np.int64)
            minutes += int(weight) * (clocks.minutes_of(values) if self._is_clock(name) else values)
        return minutes % clocks.DAY, known

    def _exact(
        self, table: Table, decimals: int | None = None
    ) -> tuple[np.ndarray, int, np.ndarray] | None:
        """Return the sum in steps of the total's grid, as a fraction with one denominator.

        None if a number lies on no grid.
        """
        form = self._form(table)
        if not form.is_time and (not form.is_number or form.decimals is None):
            self._refuse(table)
            return None
        columns = [self._column(table, name, "number", "time") for name in self.sources]
        if self.unit in _CALENDAR:
            scale = 10 ** (form.decimals or 0 if decimals is None else decimals)
            whole = self._calendar(columns) // _CALENDAR[self.unit]
            return whole * scale, 1, self._known(table)
        if any(column.kind == "number" and column.decimals is None for column in columns):
            return None
        self._check_times(columns, form)
        decimals = form.decimals if decimals is None else decimals
        weights, constant = self._in_steps(form, columns, decimals)
        denominator = lcm(constant.denominator, *(weight.denominator for weight in weights))
        numerator = int(constant * denominator)
        numerator = _dot(columns, [int(weight * denominator) for weight in weights], numerator)
        return numerator, denominator, self._known(table)

    def _in_steps(
        self, form: ColumnForm, parts: Sequence[Column | ColumnForm], decimals: int | None
    ) -> tuple[list[Fraction], Fraction]:
        """Return weights of steps of the parts' grids, and the constant, in steps of the total's.

        Parameters
        ----------
        form : ColumnForm
            The total's.
        parts : sequence of Column or ColumnForm
        decimals : int or None
            Those of the total's grid.
        """
        unit = self._unit_of([form, *parts])
        step = _step(form, decimals, unit)
        weights = [
            weight * _step(part, part.decimals, unit) / step
            for part, weight in zip(parts, self.fractions, strict=True)
        ]
        return weights, as_fraction(self.constant) / step

    def _unit_of(self, columns: Sequence[Column | ColumnForm]) -> str | None:
        """Return what numbers count where there are dates among the columns."""
        return self.unit if any(column.kind == "time" for column in columns) else None

    def _refuse(self, table: Table) -> None:
        if self.total in table.frame.columns:
            self._column(table, self.total, "number", "time")

    def _check_times(self, columns: list[Column], form: ColumnForm) -> None:
        times = [
            weight
            for column, weight in zip(columns, self.fractions, strict=True)
            if column.kind == "time"
        ]
        # Of a column without cells nobody knows whether it would hold dates, and no sum is known.
        all_filled = all(column.present.any() for column in columns)
        if times and all_filled and sum(times) != (1 if form.is_time else 0):
            raise ValueError(
                f"rule '{self}': dates may be subtracted from each other, or have numbers added: "
                "their weights must add up to 1 for a date and to 0 for a number"
            )

    def _calendar(self, columns: list[Column]) -> np.ndarray:
        """Return whole months between two dates."""
        if len(columns) != 2 or [column.kind for column in columns] != ["time", "time"]:
            raise ValueError(f"rule '{self}': {self.unit} are counted between two columns of dates")
        sign = int(self.fractions[0])
        late, early = columns if sign > 0 else columns[::-1]
        return whole_months(late, early) + int(as_fraction(self.constant)) * _CALENDAR[self.unit]

    def _sums(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        form = self._form(table)
        columns = [self._column(table, name, "number", "time") for name in self.sources]
        unit = self._unit_of([form, *columns])
        total = _step(form, 0, unit)
        sums = np.full(len(table), float(as_fraction(self.constant) / total))
        with np.errstate(invalid="ignore", over="ignore"):
            for column, weight in zip(columns, self.fractions, strict=True):
                sums = sums + float(weight * _step(column, 0, unit) / total) * column.floats
        known = self._known(table)
        return np.where(known, sums, 0.0), known

    def __str__(self) -> str:
        text = ""
        if self.unit in _CALENDAR:
            return f"{self.total} = whole {self.unit} of " + _terms(self.sources, self.fractions)
        text = _terms(self.sources, self.fractions)
        constant = as_fraction(self.constant)
        if constant:
            text += f" {'+' if constant > 0 else '-'} {_number(abs(constant))}"
        if self.clock is not None:
            text += " as clock times"
        return f"{self.total} = {text}"


def as_fraction(number: Any) -> Fraction:
    """Return a weight, a number or a text such as "1/3", as an exact fraction."""
    if isinstance(number, float):
        return Fraction(repr(float(number)))
    if isinstance(number, np.generic):
        return as_fraction(number.item())
    # "1e999999999" is a short text, and a number that no machine holds.
    if isinstance(number, str) and not _WRITTEN.fullmatch(number):
        raise ValueError(f"{number!r} is no weight: write a number such as 0.19 or '1/3'")
    return Fraction(number)


def as_weight(fraction: Fraction) -> Any:
    """Return a fraction as one would write it: an integer, a short decimal or a text."""
    if fraction.denominator == 1:
        return int(fraction)
    decimal = float(fraction)
    return decimal if Fraction(repr(decimal)) == fraction else str(fraction)


def whole_months(late: Column, early: Column) -> np.ndarray:
    """Return the completed months between two columns of dates."""
    months, days = zip(*(_month_and_rest(column) for column in (late, early)), strict=True)
    difference = months[0] - months[1]
    # A month that has not come to its day is not over, nor, backwards, one that is beyond it.
    short = days[0] < days[1]
    return difference - short


def _month_and_rest(column: Column) -> tuple[np.ndarray, np.ndarray]:
    values = np.where(column.missing, 0, column.values)
    stamps = values.view(f"M8[{column.unit}]")
    months = stamps.astype("M8[M]")
    rest = (stamps.astype("M8[ns]") - months.astype("M8[ns]")).astype(np.int64)
    return months.astype(np.int64), rest


def tick_in(ticks: str, unit: str) -> Fraction:
    """Return the length of a tick in a unit."""
    base, count = _FIXED_UNITS[unit]
    return Fraction(ticks_per(ticks, "ns"), ticks_per(base, "ns") * count)


def _step(column: Column | ColumnForm, decimals: int | None, unit: str | None) -> Fraction:
    """Return the length of a step of a column's grid in what numbers count beside dates."""
    if unit is not None and column.kind == "time":
        return tick_in(column.unit, unit)
    step = Fraction(1, 10 ** (decimals or 0))
    return step * tick_in("s", unit) if unit is not None and column.is_duration else step


def _whole(column: Column, decimals: int | None = None) -> np.ndarray:
    """Return a column's cells as whole steps of its grid, or of a finer one."""
    values = np.where(column.missing, 0, column.values)
    decimals = (column.decimals or 0) if decimals is None else decimals
    if values.dtype.kind == "f":
        return np.rint(values * 10.0**decimals).astype(np.int64)
    values = values.astype(object) if values.dtype == np.uint64 else values
    if not decimals:
        return values
    return (values if _fits(values, 10**decimals) else values.astype(object)) * 10**decimals


def _fits(whole: np.ndarray, weight: int, room: int = 1) -> bool:
    if whole.dtype == object:
        return False
    largest = max(abs(int(whole.min(initial=0))), abs(int(whole.max(initial=0))))
    return largest * abs(weight) * room < _LARGE


def _dot(columns: list[Column], weights: list[int], constant: int) -> np.ndarray:
    """Return a weighted sum of whole numbers, in Python's integers where int64 could overflow."""
    wholes = [_whole(column) for column in columns]
    room = 2 * (len(columns) + 1)
    pairs = list(zip(wholes, weights, strict=True))
    fits = all(_fits(whole, weight, room) for whole, weight in pairs) and abs(constant) < _LARGE / 4
    dtype = np.int64 if fits else object
    total = np.full(len(wholes[0]), constant, dtype=dtype)
    for whole, weight in pairs:
        total = total + whole.astype(dtype) * weight
    return total


def _divide(numerator: np.ndarray, denominator: int, way: str) -> np.ndarray:
    if denominator == 1:
        return numerator
    floor = numerator // denominator
    rest = numerator - floor * denominator
    if way == "floor":
        return floor
    if way == "ceil":
        return floor + (rest > 0)
    up = 2 * rest > denominator
    half = 2 * rest == denominator
    return floor + (up | (half if way == "half_up" else half & (floor % 2 == 1)))


def _as_minutes(values: np.ndarray, column: Column) -> np.ndarray:
    whole = np.where(column.missing, 0, values).astype(np.int64)
    return (clocks.minutes_of(whole) if clocks.is_clock(column) else whole) % clocks.DAY


def _terms(names: list[Hashable], weights: list[Fraction]) -> str:
    text = ""
    for name, weight in sorted(zip(names, weights, strict=True), key=lambda pair: pair[1] < 0):
        sign = ("- " if weight < 0 else "") if not text else (" - " if weight < 0 else " + ")
        size = abs(weight)
        text += sign + (f"{name}" if size == 1 else f"{_number(size)} {name}")
    return text


def _number(fraction: Fraction) -> str:
    return str(as_weight(fraction))
