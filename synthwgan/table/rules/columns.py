"""Columns as rules read them: plain arrays with what is missing, and the way back."""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from copy import copy
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.grid import Grid
from synthwgan.table.door import naming_column
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.registry import nearest_form
from synthwgan.table.forms.seconds import Seconds
from synthwgan.table.frames import as_named_frame
from synthwgan.table.rules.form import ColumnForm, stored_kind
from synthwgan.table.rules.rounding import RELATIVE
from synthwgan.table.rules.units import UNITS, ticks_per
from synthwgan.table.rules.written import (
    FIND,
    cells_of,
    form_of,
    numbers_of,
    seconds_of,
    unit_of,
)
from synthwgan.table.storage.dtypes import Cells, NumberType
from synthwgan.table.storage.physical import physical_type

# Whole numbers below the first month that a form of dates reads are no dates.
_FIRST_DATE = 180_001
_SECOND = Fraction(10**6)
# Constants that a user may compare cells with.
SPANS = (datetime.timedelta, np.timedelta64)
MOMENTS = (datetime.date, np.datetime64)
# Forms of numbers that are what they are written as; those of others count minutes, seconds, ...
_PLAIN_NUMBERS = ("number", "plain_number", "abbreviated_number", "scientific_number")


class Column:
    """One column of a table.

    Text, and whole numbers, that are all written in one form of dates are times; text that is all
    in a form of numbers is numbers. Durations are numbers of seconds.

    Parameters
    ----------
    name : column name
    series : Series
    written : Form or None, optional
        The form in which the cells were written when a rule was fitted, None if in none. It is
        sought if not given, and if the cells are in another.

    Attributes
    ----------
    kind : {"number", "time", "text", "label"}
        Numbers and times have an order; texts and labels (booleans, periods) have none.
    values : ndarray of shape (n_rows,)
        int64, uint64 or float64 numbers, int64 ticks, str or other objects; arbitrary where
        missing.
    missing : ndarray of shape (n_rows,), bool
    written : Form or None
        How numbers and times are written as text, or times as numbers, or seconds as ticks.
    """

    def __init__(self, name: Hashable, series: pd.Series, written: Any = FIND) -> None:
        self.name = name
        with naming_column(name):
            self.physical = physical_type(series)
            cells = self.physical.read(series)
        self.missing = cells.missing
        self.values = cells.values
        self.kind = {"number": "number", "time": "time"}.get(self.physical.domain, "label")
        self.written: Form | None = None
        if hasattr(self.physical.dtype, "categories"):
            self._read_categories()
        elif self.physical.domain == "text":
            self.kind = "text"
            self._read_written(written)
        elif self.kind == "time" and getattr(self.physical, "unit", "period") not in UNITS:
            self.kind = "label"
        elif self.kind == "number":
            if self.values.dtype.kind == "f":
                self.missing = self.missing | ~np.isfinite(self.values)
            if self.may_be_written:
                self._read_written(written)

    def _read_categories(self) -> None:
        categories = self.physical.dtype.categories
        texts = all(isinstance(category, str) for category in categories)
        self.kind = "text" if texts else "label"
        labels = np.array([*categories, None], dtype=object)
        self.values = labels[np.where(self.missing, len(labels) - 1, self.values)]

    @property
    def may_be_written(self) -> bool:
        """Whether the cells are such as could be written in a form: text, or whole numbers."""
        if self.written is not None or self.kind == "text":
            return not hasattr(self.physical.dtype, "categories")
        if self._tick is not None:
            return True
        if self.kind != "number" or not isinstance(self.physical, NumberType):
            return False
        present = self.values[~self.missing]
        if not len(present) or present.min() < 0 or present.max() < _FIRST_DATE:
            return False
        return present.dtype.kind != "f" or bool((present % 1 == 0).all() and present.max() < 2**53)

    def _read_written(self, written: Any) -> None:
        """Read the cells through the form in which all of them are written, if there is one."""
        codes, cells = self._factorized
        whole = cells.astype(np.int64) if cells.dtype.kind == "f" else cells
        tick = self._tick
        form = form_of(whole, written) if tick is None else seconds_of(whole, written, tick)
        if form is None:
            return
        self.written = form
        self.kind = "time" if form.meaning == "datetime" else "number"
        numbers = numbers_of(form, whole)[0]
        self.values = np.append(numbers, numbers[:1])[codes]
        self._factorized = codes, numbers

    @property
    def stored_kind(self) -> str:
        """What the cells are as they are stored, not as what they mean."""
        return self.kind if self.written is None else stored_kind(self.physical, self.written)

    @cached_property
    def stored(self) -> Column:
        """The column with its cells as they are stored, not as what they mean."""
        if self.written is None:
            return self
        stored, codes = object.__new__(Column), self.codes
        stored.name, stored.physical, stored.missing = self.name, self.physical, self.missing
        stored.kind, stored.written = self.stored_kind, None
        cells = cells_of(self.written, self._factorized[1])
        stored.values = np.append(cells, cells[:1])[codes]
        stored._factorized = codes, cells
        return stored

    def __len__(self) -> int:
        return len(self.missing)

    @property
    def unit(self) -> str:
        """The unit of a time's ticks."""
        return self.physical.unit if self.written is None else unit_of(self.written)

    @property
    def measure(self) -> tuple[Any, ...] | None:
        """What the numbers of a clock, a duration or an address count; None for plain numbers."""
        if self.tick is not None:
            return "duration", self.tick
        written = self.written if self.kind == "number" else None
        if written is None or written.name in _PLAIN_NUMBERS:
            return None
        return written.name, getattr(written, "n_fields", None), getattr(written, "decimals", None)

    @property
    def tick(self) -> Fraction | None:
        """Microseconds that a duration's numbers count; None for what holds no durations."""
        return _SECOND if self.is_duration else self._tick

    @property
    def is_duration(self) -> bool:
        """Whether the numbers are the seconds of durations."""
        return isinstance(self.written, Seconds)

    @cached_property
    def _tick(self) -> Fraction | None:
        """Microseconds of a tick of a dtype of durations; None for another."""
        if self.physical.domain != "number":
            return None
        what, tick = self.physical.measure()
        return tick if what == "duration" else None

    def counted(self, constant: Any) -> Any:
        """Return a duration as what the numbers count, another constant as it is."""
        if not isinstance(constant, SPANS) or self.tick is None:
            return constant
        count = Fraction(pd.Timedelta(constant).as_unit("ns").value, 1000) / self.tick
        return int(count) if count.denominator == 1 else float(count)

    def label_of(self, constant: Any) -> Any:
        """Return a moment or a duration as `labels` has it, another constant as it is."""
        if self.kind != "time" or not isinstance(constant, MOMENTS):
            return self.counted(constant)
        stamp = pd.Timestamp(constant)
        naive = stamp if stamp.tz is None else stamp.tz_convert("UTC").tz_localize(None)
        ticks = naive.asm8.astype(f"M8[{self.unit}]")
        exact = ticks == naive.asm8 and (stamp.tz is None) == (self.zone is None)
        return as_labels(ticks.view(np.int64).reshape(1), self)[0] if exact else None

    @property
    def zone(self) -> Any:
        """A time's zone, or None."""
        return getattr(self.physical, "tz", None)

    @property
    def is_integer(self) -> bool:
        """Whether these are whole numbers, in whatever dtype."""
        return self.kind == "number" and self.decimals == 0

    @cached_property
    def present(self) -> np.ndarray:
        """Where the cell is filled."""
        return ~self.missing

    @cached_property
    def decimals(self) -> int | None:
        """Decimals of the grid on which the numbers lie, or None if they lie on none."""
        if self.kind != "number":
            return None
        if self.written is not None and self.written.n_decimals is not None:
            return self.written.n_decimals
        if self.values.dtype.kind in "iu":
            return 0
        present = self.values[self.present]
        if not len(present):
            return 0
        grid = Grid.fit(present, self._float_type)
        # Floats of few bits lie on a grid that is finer than sums of them are exact.
        noise = float(np.finfo(self._float_type).eps) * float(np.abs(present).max())
        if grid.step == 0 or grid.decimals is None or 10.0**-grid.decimals < noise:
            return None
        return grid.decimals

    @property
    def _float_type(self) -> Any:
        return getattr(self.physical, "float_type", np.float64)

    @property
    def precision(self) -> float:
        """What arithmetic may move a number on no grid by, as a share of its size."""
        if self.values.dtype.kind != "f":
            return RELATIVE
        return max(RELATIVE, 4 * float(np.finfo(self._float_type).eps))

    @cached_property
    def floats(self) -> np.ndarray:
        """Numbers or ticks as float64, NaN where missing."""
        return np.where(self.missing, np.nan, self.values.astype(np.float64))

    @cached_property
    def _factorized(self) -> tuple[np.ndarray, np.ndarray]:
        values = self.values
        if self.missing.any():
            # What lies under a missing cell must not count as a value.
            first = int(np.argmin(self.missing))
            values = np.where(self.missing, values[first], values)
        codes, uniques = pd.factorize(values)
        if self.missing.any():
            codes = np.where(self.missing, -1, codes)
            uniques = uniques[:0] if self.missing.all() else uniques
        return codes, np.asarray(uniques)

    @property
    def codes(self) -> np.ndarray:
        """Small integers, the same for equal cells and -1 for missing ones."""
        return self._factorized[0]

    @property
    def n_distinct(self) -> int:
        """The number of distinct values."""
        return len(self._factorized[1])

    @cached_property
    def labels(self) -> list[Any]:
        """Plain Python values of the codes: what a rule remembers of cells."""
        return as_labels(self._factorized[1], self)

    def ticks(self, unit: str) -> np.ndarray:
        """Return a time's ticks in a unit as fine or finer; objects where int64 overflows."""
        factor = ticks_per(self.unit, unit)
        if factor == 1:
            return self.values
        largest = int(np.abs(self.values[self.present]).max(initial=0))
        values = self.values if largest * factor < 2**62 else self.values.astype(object)
        return np.where(self.missing, 0, values) * factor

    def shown(self, row: int) -> Any:
        """Return a cell as a message shows it."""
        if self.missing[row]:
            return "missing"
        values = self.values[row : row + 1]
        if self.written is not None:
            values = cells_of(self.written, values)
        if self.physical.domain == "time" or self.tick is not None:
            return str(self.physical.write(Cells(values, np.zeros(1, dtype=bool))).iloc[0])
        value = values[0]
        return repr(value.item() if isinstance(value, np.generic) else value)

    def exception(self) -> tuple[int, str | None]:
        """Return the row of a cell that is not written as most are, and how these are.

        It is the first filled row, and None, where most cells are in no form.
        """
        first = int(np.argmax(self.present))
        if self.kind != "text" or not self.may_be_written:
            return first, None
        texts = self._factorized[1]
        form, odd = nearest_form(texts, None)
        if form is None or not len(odd) or 2 * len(odd) > len(texts):
            return first, None
        row = int(np.argmax(self.present & (self.values == odd[0])))
        return row, form.sample

    @property
    def form(self) -> ColumnForm:
        """How the column is written, to rebuild it."""
        decimals = self.decimals if self.kind == "number" else None
        return ColumnForm(self.physical, decimals, self.written)


def as_labels(values: np.ndarray, column: Column) -> list[Any]:
    """Return a column's values as plain Python objects; whole floats are ints, times ISO text."""
    if column.kind == "time":
        unit = column.unit if column.unit not in ("D", "h", "m") else "s"
        stamps = values.astype(np.int64).view(f"M8[{column.unit}]").astype(f"M8[{unit}]")
        return [str(stamp) for stamp in stamps]
    return [_plain(value) for value in values.tolist()]


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Table:
    """A frame whose columns are read when they are needed, each once."""

    def __init__(self, frame: pd.DataFrame, n_kept: int = 48) -> None:
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(f"a table must be a DataFrame, got {type(frame).__name__}")
        if not frame.columns.is_unique:
            twice = frame.columns[frame.columns.duplicated()][0]
            raise ValueError(f"two columns are named {twice!r}: give each a name of its own")
        self.frame = frame
        self._n_kept = n_kept
        self._columns: dict[Hashable, Column] = {}
        self._written: dict[Hashable, Form | None] = {}

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns."""
        return list(self.frame.columns)

    def row_label(self, row: int) -> str:
        """Return what a message calls a row."""
        return f"row {self.frame.index[row : row + 1].tolist()[0]!r}"

    def __getitem__(self, name: Hashable) -> Column:
        written = self._written.get(name, FIND)
        key = name, written if written is None or written is FIND else str(written.to_dict())
        if key not in self._columns:
            if len(self._columns) >= self._n_kept:
                self._columns.pop(next(iter(self._columns)))
            self._columns[key] = Column(name, self.frame[name], written)
        return self._columns[key]

    def written_as(self, written: dict[Hashable, Form | None]) -> Table:
        """Return the table with some columns read in the form in which they once were written."""
        if not written:
            return self
        table = copy(self)
        table._written = written
        return table


def as_table(frame: pd.DataFrame | Table) -> Table:
    """Return a table of a frame, or the table that it is."""
    return frame if isinstance(frame, Table) else Table(as_named_frame(frame))
