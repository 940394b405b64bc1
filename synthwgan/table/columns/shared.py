"""A column's cells as plain numbers or labels, which columns of several tables have in common."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from synthwgan.table.storage.dtypes import MICROSECONDS, Cells


class Plain(Protocol):
    """The way from the cells of a fitted column to plain values, and back.

    Attributes
    ----------
    sort : str
        What plain values are; columns of different sorts cannot be the same.
    none : object
        The plain value of a missing cell.
    written : dict or None
        How cells are written beyond what their dtype says; where two columns differ in it, cells
        of one are none of the other.
    said : str
        The currency, unit or zone that cells say and plain values do not; empty if none.
    """

    none: ClassVar[Any]
    written: dict[str, Any] | None
    said: str

    @property
    def sort(self) -> str:
        """What plain values are."""
        ...

    def read(self, cells: Cells) -> np.ndarray:
        """Return plain values of cells, `none` where one is missing or has none."""
        ...

    def write(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return canonical values of plain ones, and where the column has none for them."""
        ...

    def can_hold(self, values: np.ndarray) -> np.ndarray:
        """Whether the column can hold each plain value; none is missing."""
        ...

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Return plain values moved to where the column's own can lie."""
        ...

    def bounds(self) -> tuple[float, float]:
        """Return the smallest and the largest plain value, infinite where there is no order."""
        ...

    def labels(self) -> list[str]:
        """Return all plain values if they are categories."""
        ...


class PlainLabels:
    """Categories as texts, None for a missing cell.

    Parameters
    ----------
    column : ColumnTransformer
        Fitted.
    """

    sort: str = "category"
    none: ClassVar[Any] = None
    written: dict[str, Any] | None = None
    said: str = ""

    def __init__(self, column: Any) -> None:
        self.column, self.physical = column, column.physical

    def read(self, cells: Cells) -> np.ndarray:
        """See `Plain.read`."""
        values = np.full(len(cells.missing), None, dtype=object)
        codes, distinct = pd.factorize(cells.present)
        values[~cells.missing] = self._texts(distinct)[codes]
        return values

    def write(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Plain.write`."""
        if self.physical.domain == "text":
            return values, np.zeros(len(values), dtype=bool)
        menu = self.column.menu()
        known = dict(zip(self._texts(menu.present), menu.present, strict=True))
        unknown = np.array([label not in known for label in values], dtype=bool)
        cells = np.zeros(len(values), dtype=menu.values.dtype)
        cells[~unknown] = [known[label] for label in values[~unknown]]
        return cells, unknown

    def can_hold(self, values: np.ndarray) -> np.ndarray:
        """See `Plain.can_hold`."""
        held = ~pd.isna(values)
        if self.physical.domain != "text":
            held &= np.isin(values.astype(str), self.labels())
        return held

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """See `Plain.on_grid`."""
        return values

    def bounds(self) -> tuple[float, float]:
        """See `Plain.bounds`."""
        return -np.inf, np.inf

    def labels(self) -> list[str]:
        """See `Plain.labels`."""
        return list(self._texts(self.column.menu().present))

    def _texts(self, values: np.ndarray) -> np.ndarray:
        labels = self.physical.labels(values)
        return np.array([None if one is None else text_of(one) for one in labels], dtype=object)


def text_of(label: object) -> str:
    """A label as text; a code is 1 also in a column that gaps made one of floats."""
    return str(int(label) if isinstance(label, float) and label.is_integer() else label)


class PlainNumbers:
    """Numbers, and moments and durations in microseconds, as float64; NaN for a missing cell.

    Parameters
    ----------
    column : NumericTransformer
        Fitted.
    """

    none: ClassVar[Any] = np.nan

    def __init__(self, column: Any) -> None:
        self.column, self.physical, self.grid = column, column.physical, column.grid
        form = column.form
        self.written = None if form is None else form.to_dict()
        self.said, self.offset = ("", 0) if form is None else (form.said, form.utc_offset)
        self.sort, self.unit = self._measure()

    def _measure(self) -> tuple[str, Fraction]:
        """Sort of the numbers, and how many plain numbers their 1 is."""
        form = self.column.form
        if form is None:
            return self.physical.measure()
        if form.unit in MICROSECONDS:
            return "date", MICROSECONDS[form.unit]
        if form.unit is not None:
            # Months are not all of one length.
            return "date of months", Fraction(1)
        return form.measure()

    def read(self, cells: Cells) -> np.ndarray:
        """See `Plain.read`."""
        present, are_numbers = self.column.read_numbers(cells.present)
        numbers = np.full(len(cells.missing), np.nan)
        numbers[~cells.missing] = np.where(are_numbers, self._to_plain(present), np.nan)
        return numbers

    def write(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Plain.write`."""
        numbers = self._rounded(self._from_plain(values))
        return self.column.from_numbers(numbers), np.zeros(len(values), dtype=bool)

    def can_hold(self, values: np.ndarray) -> np.ndarray:
        """See `Plain.can_hold`."""
        held = ~pd.isna(values)
        low, high = self._limits()
        numbers = self._from_plain(values[held])
        rounded = self._rounded(numbers)
        again, can_be_written = self.column.read_numbers(self.column.from_numbers(rounded))
        if self.written is not None and self.sort != "number":
            # Clocks of twelve hours and years of two digits begin anew: another one is read.
            can_be_written = can_be_written & (again == rounded)
        held[held] = (numbers >= low) & (numbers <= high) & can_be_written
        return held

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """See `Plain.on_grid`."""
        if self.grid is None or not self.grid.step:
            return values
        unit = self.unit / 10.0 ** (self.grid.decimals or 0)
        low, step = self.grid.low * unit - self.offset, self.grid.step * unit
        return low + self._whole((values - low) / step) * step

    def bounds(self) -> tuple[float, float]:
        """See `Plain.bounds`."""
        if self.grid is None:
            return -np.inf, np.inf
        low, high = self._to_plain(self.column.ends())
        return float(low), float(high)

    def labels(self) -> list[str]:
        """See `Plain.labels`."""
        return []

    def _to_plain(self, numbers: np.ndarray) -> np.ndarray:
        return _times(numbers, self.unit) - self.offset

    def _from_plain(self, values: np.ndarray) -> np.ndarray:
        return _times(values.astype(np.float64) + self.offset, 1 / self.unit)

    def _whole(self, numbers: np.ndarray) -> np.ndarray:
        """Whole numbers: the nearest, but a moment is of the day in which it lies."""
        return np.floor(numbers) if self.sort.startswith("date") else np.rint(numbers)

    def _rounded(self, numbers: np.ndarray) -> np.ndarray:
        if self.grid is None or self.grid.step == 0:
            return numbers
        if self.grid.decimals is not None:
            return np.round(numbers, self.grid.decimals)
        low, high = self._limits()
        return np.clip(self._whole(numbers), low, high).astype(
            np.uint64 if high > 2**63 else np.int64
        )

    def _limits(self) -> tuple[float, float]:
        """Smallest and largest whole number of the dtype that float64 has too."""
        low, high = self.physical.limits()
        return low, high if high < 2**53 or np.isinf(high) else np.nextafter(high, 0.0)


def _times(numbers: np.ndarray, factor: Fraction) -> np.ndarray:
    """Numbers times a fraction, float64; hundredths are divided by 100 and so rounded rightly."""
    return numbers * float(factor.numerator) / float(factor.denominator)
