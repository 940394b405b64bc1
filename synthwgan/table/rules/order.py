"""One column is never below another, or a constant."""

from __future__ import annotations

import operator
from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.table.checks import DECIMALS, expect, optional
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import SPANS, Column, Table
from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.rules.units import ticks_per
from synthwgan.table.rules.written import FIND

_SIGNS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
_FLIPPED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}


class Order(Rule):
    """An order of numbers or of dates, row by row.

    Parameters
    ----------
    *terms : column names and signs, alternating
        For instance ``Order("start", "<=", "end")``, or a chain
        ``Order("low", "<=", "middle", "<", "high")``. Signs are ``<=``, ``<``, ``>=``, ``>``. A
        number, a ``pandas.Timestamp`` or a ``pandas.Timedelta`` that is no column's name is a
        constant; a duration's number would count the ticks of its dtype.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Order
    >>> trips = pd.DataFrame({"start": ["2024-01-05", "2024-02-01"]})
    >>> trips["end"] = ["2024-01-09", "2024-01-30"]
    >>> Order("start", "<=", "end").check(trips)
    array([ True, False])
    >>> Order("start", "<=", "end").fit(trips)
    Traceback (most recent call last):
    ...
    ValueError: rule 'end >= start' is broken in 1 of 2 rows (row 1: start = '2024-02-01', end =
    '2024-01-30'): mend these rows, drop the rule, or accept them with tolerate=0.5
    """

    gap_floor_: int | float | None
    form_: ColumnForm
    gap_decimals_: int | None
    _learned: ClassVar[tuple[str, ...]] = ("form_", "gap_floor_", "gap_decimals_")

    def __init__(self, *terms: Any, tolerate: float = 0.0) -> None:
        self.terms = terms
        self.tolerate = tolerate
        signs = terms[1::2]
        if len(terms) < 3 or len(terms) % 2 == 0 or not all(sign in _SIGNS for sign in signs):
            raise ValueError(
                f"Order takes columns and signs in turn, such as Order('start', '<=', 'end'); "
                f"signs are {', '.join(_SIGNS)}, got {terms!r}"
            )

    @property
    def columns(self) -> list[Hashable]:
        return [term for term in self.terms[::2] if not _is_constant(term)]

    @property
    def dependent(self) -> list[Hashable]:
        return [self._ends()[1]] if self._is_pair else []

    @property
    def builds(self) -> bool:
        return self._is_pair and self.gap_floor_ is not None

    def breach(self, table: Table) -> str:
        if not self._is_pair:
            return ""
        low, high = self._ends()
        try:
            is_time = table[high].kind == "time"
        except (TypeError, ValueError):
            is_time = False
        if "=" in self.terms[1]:
            return f"{high} is {'before' if is_time else 'less than'} {low}"
        return f"{high} is not {'after' if is_time else 'more than'} {low}"

    def _instead(self, name: Hashable) -> str:
        try:
            number = float(str(name))
        except ValueError:
            moment = pd.to_datetime(str(name), errors="coerce", format="ISO8601")
            if pd.isna(moment):
                return super()._instead(name)
            return f"A text is the name of a column: for the moment write pd.Timestamp({name!r})"
        return f"A text is the name of a column: for the number write {number:g}"

    @property
    def _is_pair(self) -> bool:
        return len(self.terms) == 3 and len(self.columns) == 2

    def _ends(self) -> tuple[Hashable, Hashable]:
        """Return the lower and the upper column of a pair."""
        low, sign, high = self.terms
        return (low, high) if sign in ("<=", "<") else (high, low)

    def pairs(self) -> list[Order]:
        """Return a chain's single steps."""
        if len(self.terms) == 3:
            return [self]
        starts = range(0, len(self.terms) - 2, 2)
        return [Order(*self.terms[start : start + 3], tolerate=self.tolerate) for start in starts]

    def _applies(self, table: Table) -> np.ndarray:
        applies = np.zeros(len(table), dtype=bool)
        for step in self.pairs():
            applies |= Rule._applies(step, table)
        return applies

    def _keeps(self, table: Table) -> np.ndarray:
        kept = np.ones(len(table), dtype=bool)
        for start in range(0, len(self.terms) - 2, 2):
            left, sign, right = self.terms[start : start + 3]
            kept &= self._compare(table, left, _SIGNS[sign], right)
        return kept

    def _compare(self, table: Table, left: Any, compare: Any, right: Any) -> np.ndarray:
        columns = [
            None if _is_constant(term) else self._column(table, term, "number", "time")
            for term in (left, right)
        ]
        if any(column is not None and not column.present.any() for column in columns):
            return np.ones(len(table), dtype=bool)
        first, second = self._comparable(table, columns, (left, right))
        missing = np.zeros(len(table), dtype=bool)
        for column in columns:
            if column is not None:
                missing |= column.missing
        return missing | np.asarray(compare(first, second), dtype=bool)

    def _comparable(
        self, table: Table, columns: list[Column | None], terms: tuple[Any, Any]
    ) -> list[Any]:
        """Return both sides as numbers of one scale."""
        given = [column for column in columns if column is not None]
        if len(given) == 2:
            self._refuse_mixture(table, *given)
        for term in terms:
            if _is_constant(term):
                self._refuse_constant(table, given[0], term)
        if given[0].kind == "number":
            return [
                given[0].counted(term) if column is None else column.values
                for column, term in zip(columns, terms, strict=True)
            ]
        unit = min((column.unit for column in given), key=lambda unit: ticks_per(unit, "ns"))
        if len(given) == 1:
            unit = "ns"
        return [
            term.as_unit("ns").value if column is None else column.ticks(unit)
            for column, term in zip(columns, terms, strict=True)
        ]

    def _refuse_mixture(self, table: Table, first: Column, second: Column) -> None:
        if first.kind != second.kind:
            raise ValueError(
                f"rule '{self}': column {first.name!r} holds {self._what(table, first)} and "
                f"column {second.name!r} {self._what(table, second)}, which have no order: convert "
                "one of them with pd.to_datetime, or drop the rule"
            )
        if first.measure != second.measure:
            raise ValueError(
                f"rule '{self}': column {first.name!r} ({table.row_label(0)}: {first.shown(0)}) "
                f"and column {second.name!r} ({second.shown(0)}) count in different units: convert "
                "both to numbers of one unit, or drop the rule"
            )
        zones = [getattr(column.written, "zone", None) for column in (first, second)]
        if None not in zones and zones[0] != zones[1]:
            raise ValueError(
                f"rule '{self}': column {first.name!r} is written with {zones[0]!r} and column "
                f"{second.name!r} with {zones[1]!r}: convert both with pd.to_datetime(utc=True)"
            )
        if first.kind == "time" and (first.zone is None) != (second.zone is None):
            aware, naive = (first, second) if first.zone is not None else (second, first)
            raise ValueError(
                f"rule '{self}': column {aware.name!r} has a time zone and column {naive.name!r} "
                f"holds {self._what(table, naive)} without one: give it one with "
                "pd.to_datetime and .dt.tz_localize, or drop the rule"
            )

    def _refuse_constant(self, table: Table, column: Column, term: Any) -> None:
        is_date, what = isinstance(term, pd.Timestamp), self._what(table, column)
        if isinstance(term, SPANS) and column.tick is None:
            wanted = "a number" if column.kind == "number" else "a pandas.Timestamp"
            raise ValueError(
                f"rule '{self}': column {column.name!r} holds {what}, which are no durations: "
                f"compare it with {wanted}, not with {term!r}"
            )
        if is_date != (column.kind == "time"):
            wanted = "a number" if is_date else "a pandas.Timestamp"
            raise ValueError(
                f"rule '{self}': column {column.name!r} holds {what}: compare it with {wanted}, "
                f"not with {term!r}"
            )
        if is_date and (term.tz is None) != (column.zone is None):
            has = "no time zone" if column.zone is None else f"the time zone {column.zone}"
            raise ValueError(
                f"rule '{self}': column {column.name!r} holds {what} with {has}: give {term!r} "
                "the same with tz_localize, or drop the rule"
            )

    def _learn(self, table: Table) -> None:
        # What cannot be compared is refused before anything is learnt of it.
        self._keeps(table)
        if not self._is_pair:
            return
        low, high = (table[name] for name in self._ends())
        self.form_ = high.form
        self.gap_floor_, self.gap_decimals_ = None, None
        # Without cells nobody can tell what kind of column it is.
        if not (low.present.any() and high.present.any()):
            return
        grids = [column.decimals if column.kind == "number" else 0 for column in (low, high)]
        self.gap_decimals_ = None if None in grids else max(grids)
        values = [_steps(column, self.gap_decimals_, self._unit(low)) for column in (low, high)]
        lowest = [
            steps[column.present].min()
            for steps, column in zip(values, (low, high), strict=True)
            if column.present.any()
        ]
        floor = min(lowest) if lowest else 0
        self.gap_floor_ = floor.item() if isinstance(floor, np.generic) else floor

    def _unit(self, low: Column) -> str | None:
        """Return the finer unit of two columns of times."""
        if not self.form_.is_time:
            return None
        if not low.present.any():
            return self.form_.unit
        return min((low.unit, self.form_.unit), key=lambda unit: ticks_per(unit, "ns"))

    def reduce(self, frame: pd.DataFrame | Table) -> pd.DataFrame:
        """Return the table with the upper column replaced by its distance from the lower.

        Numbers keep their unit; dates become whole units of the finer column. Where the lower cell
        is missing, the distance is from the lowest value of both columns. A chain, and an order
        with a constant, leave the table as it is.
        """
        table = self._read(frame)
        if not self._is_pair or self.gap_floor_ is None:
            return table.frame
        low, high = (table[name] for name in self._ends())
        unit = self._unit(low)
        bottom = np.where(low.missing, self.gap_floor_, _steps(low, self.gap_decimals_, unit))
        gap = _steps(high, self.gap_decimals_, unit) - bottom
        return table.frame.assign(
            **{_PLACE: _gap_series(gap, high.missing, self.gap_decimals_, table.frame.index)}
        ).pipe(_put_in_place, self._ends()[1])

    def lowered(self, frame: pd.DataFrame, told: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Return lower cells as far below some upper ones as they are below those of a table.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            A table with both columns.
        told : Series of shape (n_rows,)
            Other upper cells.

        Returns
        -------
        low : Series of shape (n_rows,)
            Missing where one of the three is.
        moved : ndarray of shape (n_rows,)
            How far the upper cells were moved, in steps of the gap; infinite where unknown.
        """
        table, (low_name, high_name) = self._read(frame), self._ends()
        low, high = table[low_name], table[high_name]
        new = Column(high_name, told, self.written_.get(high_name, FIND))
        unit = self._unit(low)
        missing = low.missing | high.missing | new.missing
        bottom, top, end = (_steps(column, self.gap_decimals_, unit) for column in (low, high, new))
        moved = np.where(missing, np.inf, np.abs(end - top).astype(np.float64))
        cells = np.where(missing, 0, bottom + _on_grid(end - top, bottom[low.present]))
        if unit is not None:
            cells = cells // ticks_per(low.unit, unit)
        elif self.gap_decimals_:
            cells = cells / 10.0**self.gap_decimals_
        return low.form.write(cells, missing, frame.index).rename(low_name), moved

    def rebuild(self, frame: pd.DataFrame, columns: list[Hashable] | None = None) -> pd.DataFrame:
        """Return a reduced table with the upper column back, on its own grid and dtype."""
        if not self._is_pair or self.gap_floor_ is None:
            return frame
        low_name, high_name = self._ends()
        low = Column(low_name, frame[low_name], self.written_.get(low_name, FIND))
        unit = self._unit(low)
        missing = frame[high_name].isna().to_numpy()
        gap = _gap_steps(frame[high_name], missing, self.gap_decimals_)
        high = gap + np.where(low.missing, self.gap_floor_, _steps(low, self.gap_decimals_, unit))
        high = np.where(missing, 0, high)
        if unit is not None:
            high = high // ticks_per(self.form_.unit, unit)
        elif self.gap_decimals_:
            high = high / 10.0**self.gap_decimals_
        rebuilt = frame.assign(**{_PLACE: self.form_.write(high, missing, frame.index)})
        rebuilt = _put_in_place(rebuilt, high_name)
        return rebuilt if columns is None else rebuilt.loc[:, columns]

    def __str__(self) -> str:
        if len(self.terms) != 3:
            return " ".join(str(term) for term in self.terms)
        low, sign, high = self.terms
        # "end >= start" names the column first that the rule is about.
        if sign in ("<=", "<") and self._is_pair:
            low, sign, high = high, _FLIPPED[sign], low
        return f"{low} {sign} {high}"

    def __repr__(self) -> str:
        tail = f", tolerate={self.tolerate!r}" if self.tolerate else ""
        return f"Order({', '.join(repr(term) for term in self.terms)}{tail})"

    def to_dict(self) -> dict[str, Any]:
        state = super().to_dict()
        state["terms"] = state.pop("terms")["value"]
        return state

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Order:
        state = dict(state)
        terms = state.pop("terms", None)
        if not isinstance(terms, list):
            raise ValueError("rule of kind Order: 'terms' must list columns and signs in turn")
        rule = cls(*cls._unpacked(terms), tolerate=state.pop("tolerate", 0.0))
        rule._restore(state)
        decimals = getattr(rule, "gap_decimals_", None)
        expect(optional(DECIMALS).allows(decimals), f"{decimals!r} decimals of a gap")
        return rule


_PLACE = "<gap>"


def _put_in_place(frame: pd.DataFrame, name: Hashable) -> pd.DataFrame:
    """Put the last column in the place of another."""
    order = [_PLACE if column == name else column for column in frame.columns[:-1]]
    return frame.loc[:, order].set_axis([name if c is _PLACE else c for c in order], axis=1)


def _is_constant(term: Any) -> bool:
    numbers = int | float | pd.Timestamp | pd.Timedelta | np.generic
    return isinstance(term, numbers) and not isinstance(term, bool)


def _steps(column: Column, decimals: int | None, unit: str | None) -> np.ndarray:
    """Return a column as whole steps of a grid, or floats if there is none."""
    if not column.present.any():
        return np.zeros(len(column), dtype=np.int64)
    if unit is not None:
        return column.ticks(unit)
    if decimals is None:
        return column.values.astype(np.float64)
    values = np.where(column.missing, 0, column.values)
    if values.dtype.kind == "f":
        return np.rint(values * 10.0**decimals).astype(np.int64)
    # Differences of 64-bit integers need 65 bits.
    largest = max(abs(int(values.min(initial=0))), abs(int(values.max(initial=0))))
    fits = largest * 10**decimals < 2**61
    return values.astype(np.int64 if fits else object) * 10**decimals


def _on_grid(shift: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Return how far to move whole steps, so that they stay on the coarser grid on which they lie.

    To the nearest: the next below would make all gaps longer. Floats on no grid move freely.
    """
    if steps.dtype.kind == "f" or not len(steps):
        return shift
    grid = int(np.gcd.reduce(steps - steps.min()))
    return (shift + grid // 2) // grid * grid if grid else np.zeros_like(shift)


def _gap_series(
    gap: np.ndarray, missing: np.ndarray, decimals: int | None, index: pd.Index
) -> pd.Series:
    if decimals is None or decimals > 0:
        unit = 1.0 if decimals is None else 10.0**decimals
        return pd.Series(np.where(missing, np.nan, gap / unit), index=index)
    gap = np.where(missing, 0, gap)
    large = gap.dtype == object and max(gap, default=0) >= 2**63
    gap = gap.astype(np.uint64 if large else np.int64)
    if not missing.any():
        return pd.Series(gap, index=index)
    return pd.Series(pd.arrays.IntegerArray(gap, missing.copy()), index=index)


def _gap_steps(series: pd.Series, missing: np.ndarray, decimals: int | None) -> np.ndarray:
    if decimals is None:
        return series.to_numpy(dtype=np.float64, na_value=0.0)
    if decimals > 0:
        floats = series.to_numpy(dtype=np.float64, na_value=0.0)
        return np.rint(np.where(missing, 0, floats) * 10.0**decimals).astype(np.int64)
    if pd.api.types.is_unsigned_integer_dtype(series.dtype):
        return series.to_numpy(dtype=np.uint64, na_value=0).astype(object)
    return series.fillna(0).to_numpy().astype(np.int64)
