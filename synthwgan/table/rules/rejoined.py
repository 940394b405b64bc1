"""Dates of which parts stand in other columns: the parts are taken out, and put back."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np
import pandas as pd

from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.rules.function import Function
from synthwgan.table.rules.parts import PARTS, dates_of
from synthwgan.table.rules.units import ticks_per
from synthwgan.table.storage.dtypes import in_zone

# Parts that can be put back, and what stands in their place until then; the year is a leap year.
_EMPTY = {"year": 2000, "month": 1, "day": 1, "date": 0, "hour": 0, "minute": 0, "second": 0}
_SECONDS = {"hour": 3600, "minute": 60, "second": 1}
# Rows whose date comes back must be so many; an hour that a clock shows twice does not.
_MIN_SHARE = 0.999


class Rejoined(Rule):
    """A date that takes its hour, say, from a column which another rule computes.

    Of a flight, the hour is that of the schedule, and also that of a time stamp. Learned by
    themselves, schedule and stamp would agree in few rows. So the stamp is learned without its
    hour, which `rebuild` puts back. No rule of a user's: `choose_builders` makes it of functions
    that hold in every row.

    Parameters
    ----------
    of : column name
        The date.
    parts : dict of str to column name
        Which parts stand in which columns: of ``year``, ``month``, ``day``, ``date``, ``hour``,
        ``minute`` and ``second``.
    zone : str, optional
        As of `Function`.
    """

    form_: ColumnForm
    _learned: ClassVar[tuple[str, ...]] = ("form_",)

    def __init__(
        self, of: Hashable, parts: dict[str, Hashable], *, zone: str | None = None
    ) -> None:
        self.of = of
        self.parts = parts
        self.zone = zone
        unknown = [part for part in parts if part not in _EMPTY]
        if unknown:
            raise ValueError(f"no part {unknown[0]!r} can be put back: known are {list(_EMPTY)}")

    @classmethod
    def of_functions(cls, functions: Sequence[Function], table: Table) -> Rejoined | None:
        """Return the fitted rule that functions of one date make, None if they make none."""
        usable = [rule for rule in functions if _can_be_put_back(rule, table)]
        usable = [rule for rule in usable if rule.zone == usable[0].zone]
        if not usable:
            return None
        of = usable[0].of
        rule = cls(of, {rule.part_: rule.target for rule in usable}, zone=usable[0].zone)
        rule.fit(table)
        back = Column(of, rule.rebuild(rule.reduce(table))[of], rule.written_.get(of))
        same = (back.values == table[of].values) | (back.missing & table[of].missing)
        return rule if same.mean() >= _MIN_SHARE else None

    @property
    def columns(self) -> list[Hashable]:
        return [self.of, *dict.fromkeys(self.parts.values())]

    @property
    def dependent(self) -> list[Hashable]:
        return [self.of]

    @property
    def builds(self) -> bool:
        return True

    def _learn(self, table: Table) -> None:
        self.form_ = table[self.of].form

    def _keeps(self, table: Table) -> np.ndarray:
        kept = np.ones(len(table), dtype=bool)
        for part, name in self.parts.items():
            rule = Function(name, of=self.of, part=part, zone=self.zone)
            rule.written_ = self.written_
            kept &= rule.check(table)
        return kept

    def reduce(self, frame: pd.DataFrame | Table) -> pd.DataFrame:
        """Return the table with the date without these parts."""
        table = self._read(frame)
        empty = [(part, np.full(len(table), _EMPTY[part])) for part in self.parts]
        known = np.ones(len(table), dtype=bool)
        return self._with_date(table, empty, known)

    def rebuild(self, frame: pd.DataFrame, columns: list[Hashable] | None = None) -> pd.DataFrame:
        """Return a reduced table with the date whole again, where the others are there."""
        table, wanted = self._read(frame), []
        known = np.ones(len(table), dtype=bool)
        for part, name in self.parts.items():
            column = table[name]
            known &= column.present
            wanted.append((part, np.where(column.present, _whole(part, column), _EMPTY[part])))
        rebuilt = self._with_date(table, wanted, known)
        return rebuilt if columns is None else rebuilt.loc[:, columns]

    def _with_date(
        self, table: Table, wanted: list[tuple[str, np.ndarray]], known: np.ndarray
    ) -> pd.DataFrame:
        """Return a table's frame with other parts of the date, where it and they are known."""
        column = table[self.of]
        rows = np.flatnonzero(known & column.present)
        values = np.where(column.missing, 0, column.values)
        if len(rows):
            dates = dates_of(column, values[rows], self.zone)
            zone = dates.tz
            for part, numbers in sorted(wanted, key=lambda item: list(_EMPTY).index(item[0])):
                dates = _with_part(dates.tz_localize(None), part, numbers[rows])
            if zone is not None:
                dates = in_zone(dates, zone).tz_convert("UTC").tz_localize(None)
            values = values.copy()
            values[rows] = dates.to_numpy().astype(f"M8[{column.unit}]").astype(np.int64)
        written = self.form_.write(values, column.missing, table.frame.index)
        fresh = table.frame.copy(deep=False)
        fresh[self.of] = written
        return fresh

    def __str__(self) -> str:
        parts = ", ".join(f"{part} from {name}" for part, name in self.parts.items())
        return f"{self.of} takes {parts}"


def _can_be_put_back(rule: Function, table: Table) -> bool:
    """Whether a part of a date can be set, and is there in each row that has the date."""
    target, source = table[rule.target], table[rule.of]
    gives = "time" if rule.part_ == "date" else "number"
    is_there = not (target.missing & source.present).any()
    return rule.part_ in _EMPTY and source.kind == "time" and target.kind == gives and is_there


def _whole(part: str, column: Column) -> np.ndarray:
    """Return cells as the whole numbers that a part is: of dates, days since 1970."""
    if part == "date":
        return np.where(column.missing, 0, column.values) // ticks_per("D", column.unit)
    return np.where(column.missing, 0, column.values).astype(np.int64)


def _with_part(dates: pd.DatetimeIndex, part: str, numbers: np.ndarray) -> pd.DatetimeIndex:
    """Return dates without zone with another year, month, day, hour, minute or second."""
    if part in _SECONDS:
        more = numbers.astype(np.int64) - PARTS[part].compute(dates)
        return dates + pd.to_timedelta(more * _SECONDS[part], unit="s")
    days = dates.normalize()
    time = dates - days
    if part == "date":
        fresh = pd.DatetimeIndex(numbers.astype(np.int64).view("M8[D]").astype("M8[s]"))
        return fresh + time
    months = days.to_numpy().astype("M8[M]")
    year, month = months.astype(np.int64) // 12 + 1970, months.astype(np.int64) % 12 + 1
    day = np.asarray(days.day, dtype=np.int64)
    year, month, day = (
        numbers.astype(np.int64) if part == name else own
        for name, own in (("year", year), ("month", month), ("day", day))
    )
    first = ((year - 1970) * 12 + month - 1).view("M8[M]")
    # No month has a day that it does not have.
    last = ((first + 1).astype("M8[D]") - first.astype("M8[D]")).astype(np.int64)
    fresh = first.astype("M8[D]") + (np.clip(day, 1, last) - 1)
    return pd.DatetimeIndex(fresh.astype("M8[s]")) + time
