"""Columns as rules read them: plain arrays with what is missing, and the way back."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.grid import Grid
from synthwgan.table.door import naming_column
from synthwgan.table.forms.textdates import TextDate
from synthwgan.table.storage.dtypes import Cells
from synthwgan.table.storage.physical import physical_from_dict, physical_to_dict, physical_type

_NANOSECONDS = {
    "D": 86_400 * 10**9,
    "h": 3600 * 10**9,
    "m": 60 * 10**9,
    "s": 10**9,
    "ms": 10**6,
    "us": 10**3,
    "ns": 1,
}
UNITS = tuple(_NANOSECONDS)


def ticks_per(unit: str, ticks: str) -> int:
    """Return how many ticks of a finer unit make one of a coarser."""
    return _NANOSECONDS[unit] // _NANOSECONDS[ticks]


class Column:
    """One column of a table.

    Attributes
    ----------
    kind : {"number", "time", "text", "label"}
        Numbers and times have an order; texts and labels (booleans, periods) have none.
    values : ndarray of shape (n_rows,)
        int64, uint64 or float64 numbers, int64 ticks, str or other objects; arbitrary where
        missing.
    missing : ndarray of shape (n_rows,), bool
    """

    def __init__(self, name: Hashable, series: pd.Series) -> None:
        self.name = name
        with naming_column(name):
            self.physical = physical_type(series)
            cells = self.physical.read(series)
        self.missing = cells.missing
        self.values = cells.values
        self.kind = {"number": "number", "time": "time"}.get(self.physical.domain, "label")
        self.format: TextDate | None = None
        if hasattr(self.physical.dtype, "categories"):
            self._read_categories()
        elif self.physical.domain == "text":
            self._read_texts()
        elif self.kind == "time" and getattr(self.physical, "unit", "period") not in UNITS:
            self.kind = "label"
        elif self.kind == "number" and self.values.dtype.kind == "f":
            self.missing = self.missing | ~np.isfinite(self.values)

    def _read_categories(self) -> None:
        categories = self.physical.dtype.categories
        texts = all(isinstance(category, str) for category in categories)
        self.kind = "text" if texts else "label"
        labels = np.append(np.array(list(categories) + [None], dtype=object)[:-1], None)
        self.values = labels[np.where(self.missing, len(labels) - 1, self.values)]

    def _read_texts(self) -> None:
        self.kind = "text"
        codes, texts = self._factorized
        self.format = _format_of(texts)
        if self.format is not None and self.format.unit == "M":
            self.format = None
        if self.format is not None:
            ticks = _ticks(self.format, texts)
            self.kind = "time"
            self.values = np.append(ticks, 0)[codes]
            self._factorized = codes, ticks

    def __len__(self) -> int:
        return len(self.missing)

    @property
    def unit(self) -> str:
        """The unit of a time's ticks."""
        return self.format.unit if self.format is not None else self.physical.unit

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
        if self.values.dtype.kind in "iu":
            return 0
        present = self.values[self.present]
        if not len(present):
            return 0
        float_type = getattr(self.physical, "float_type", np.float64)
        grid = Grid.fit(present, float_type)
        return None if grid.step == 0 else grid.decimals

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
        cells = Cells(self.values[row : row + 1], np.zeros(1, dtype=bool))
        if self.format is not None:
            return repr(self.format.write(cells.values)[0])
        if self.kind == "time":
            return str(self.physical.write(cells).iloc[0])
        value = cells.values[0]
        return repr(value.item() if isinstance(value, np.generic) else value)

    @property
    def form(self) -> Form:
        """How the column is written, to rebuild it."""
        decimals = self.decimals if self.kind == "number" else None
        return Form(self.physical, decimals, None if self.format is None else self.format.pattern)


def as_labels(values: np.ndarray, column: Column) -> list[Any]:
    """Return a column's values as plain Python objects; whole floats are ints, times ISO text."""
    if column.kind == "time":
        unit = column.unit if column.unit not in ("D", "h", "m") else "s"
        stamps = values.astype(np.int64).view(f"M8[{column.unit}]").astype(f"M8[{unit}]")
        return [str(stamp) for stamp in stamps]
    return [_plain(value) for value in values.tolist()]


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Form:
    """How a column is stored: dtype, decimals and the format of dates in text."""

    def __init__(self, physical: Any, decimals: int | None, pattern: str | None) -> None:
        self.physical = physical
        self.decimals = decimals
        self.pattern = pattern

    def write(self, values: np.ndarray, missing: np.ndarray, index: pd.Index) -> pd.Series:
        """Return values, as `Column.values` has them, as a series of the column's dtype."""
        if self.pattern is not None:
            texts = np.empty(len(values), dtype=object)
            texts[:] = ""
            texts[~missing] = TextDate(self.pattern).write(values[~missing].astype(np.int64))
            values = texts
        elif hasattr(self.physical.dtype, "categories"):
            categories = self.physical.dtype.categories
            codes = categories.get_indexer(pd.Index(np.where(missing, None, values)))
            values, missing = codes.astype(np.int64), missing | (codes < 0)
        elif self.physical.domain == "number":
            values = self._number(values, missing)
        series = self.physical.write(Cells(values, missing))
        return series.set_axis(index)

    @property
    def is_time(self) -> bool:
        """Whether the cells are dates or times."""
        return self.pattern is not None or self.physical.domain == "time"

    @property
    def unit(self) -> str:
        """The unit of a time's ticks."""
        return self.physical.unit if self.pattern is None else TextDate(self.pattern).unit

    def read(self, series: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return values and missing cells of a series in this form, or in a nullable one."""
        missing = series.isna().to_numpy()
        if missing.all():
            return np.zeros(len(series), dtype=object if self.is_text else np.int64), missing
        if self.pattern is not None:
            present = series[~missing].to_numpy(dtype=object)
            ticks = _ticks(TextDate(self.pattern), present)
            if ticks is None:
                raise ValueError(f"column {series.name!r}: not all dates look like {self.pattern}")
            values = np.zeros(len(series), dtype=np.int64)
            values[~missing] = ticks
            return values, missing
        if hasattr(self.physical.dtype, "categories"):
            return series.astype(object).to_numpy(), missing
        read = self.physical.read if self.physical.matches(series) else self.physical.convert
        return read(series).values, missing

    @property
    def is_text(self) -> bool:
        """Whether the canonical values are objects."""
        categorical = hasattr(self.physical.dtype, "categories")
        return self.pattern is None and (categorical or self.physical.domain == "text")

    def values_of(self, labels: list[Any]) -> np.ndarray:
        """Return labels, as `as_labels` gives them, as values of the column."""
        if self.is_text:
            values = np.empty(len(labels), dtype=object)
            values[:] = labels
            return values
        if self.is_time and self.unit in UNITS:
            stamps = np.array(labels, dtype=f"M8[{self.unit}]")
            return stamps.view(np.int64)
        if self.physical.domain == "number":
            return np.array(labels, dtype=getattr(self.physical, "canonical", None))
        return np.array(labels)

    def _number(self, values: np.ndarray, missing: np.ndarray) -> np.ndarray:
        canonical = getattr(self.physical, "canonical", values.dtype)
        values = np.where(missing, 0, values)
        if canonical.kind in "iu" and values.dtype.kind == "f":
            values = np.rint(values)
        return values.astype(canonical)

    def to_dict(self) -> dict[str, Any]:
        """Return the form as a JSON-able dict."""
        return {
            "physical": physical_to_dict(self.physical),
            "decimals": self.decimals,
            "pattern": self.pattern,
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Form:
        """Rebuild from `to_dict`."""
        return cls(physical_from_dict(state["physical"]), state["decimals"], state["pattern"])


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

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def names(self) -> list[Hashable]:
        """Names of the columns."""
        return list(self.frame.columns)

    def __getitem__(self, name: Hashable) -> Column:
        if name not in self._columns:
            if len(self._columns) >= self._n_kept:
                self._columns.pop(next(iter(self._columns)))
            self._columns[name] = Column(name, self.frame[name])
        return self._columns[name]


def as_table(frame: pd.DataFrame | Table) -> Table:
    """Return a table of a frame, or the table that it is."""
    return frame if isinstance(frame, Table) else Table(frame)


def _format_of(texts: np.ndarray) -> TextDate | None:
    """Return the format in which all texts are dates, or None."""
    found = TextDate.find(texts) if len(texts) else None
    return None if found is None or _ticks(found, texts) is None else found


def _ticks(form: TextDate, texts: np.ndarray) -> np.ndarray | None:
    """Return the ticks of texts, or None if one is in another format."""
    ticks, fits = form.parse(texts)
    return ticks if fits.all() else None
