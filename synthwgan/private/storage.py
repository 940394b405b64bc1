"""How a column is stored, known from its dtype alone: no cell is looked at to read the others."""

from __future__ import annotations

import datetime
import numbers
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.storage.dtypes import (
    CategoryType,
    Cells,
    DurationType,
    in_zone,
    ticks_to_index,
)
from synthwgan.table.storage.physical import physical_from_dict, physical_to_dict, physical_type

# Where a cell of dtype object is one of these, it can be a category or a number.
_SCALARS = (str, bytes, bool, numbers.Number, np.generic, pd.Period)
_SCALARS += (datetime.date, datetime.time, datetime.timedelta)
# Days, hours, minutes and so on.
MICROSECONDS = (86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1000, 1)


@dataclass(frozen=True)
class Stored:
    """One dtype, read into labels or numbers and written back.

    Parameters
    ----------
    physical : PhysicalType or None
        The package's own reader of the dtype; None for objects, of which it would have to look at
        the cells to know what they are.
    """

    physical: Any

    @classmethod
    def of(cls, dtype: Any) -> Stored:
        """Return how columns of a dtype are stored.

        Raises
        ------
        TypeError, ValueError
            If the dtype is not supported.
        """
        if dtype == np.dtype(object):
            return cls(None)
        return cls(physical_type(pd.Series([], dtype=dtype)))

    @property
    def name(self) -> str:
        """The dtype in words."""
        return "object" if self.physical is None else self.physical.name

    @property
    def holds(self) -> str:
        """What its cells are: "number", "time", "text", "label" or "object"."""
        return "object" if self.physical is None else self.physical.domain

    @property
    def is_flag(self) -> bool:
        """Whether its cells are truth values, which the dtype says."""
        is_label = self.holds == "label" and not self.is_category
        return is_label and pd.api.types.is_bool_dtype(self.physical.dtype)

    @property
    def is_category(self) -> bool:
        """Whether it is a dtype of categories, which are in the dtype."""
        return isinstance(self.physical, CategoryType)

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are whole."""
        return self.physical is not None and getattr(self.physical, "canonical", None) != np.float64

    @property
    def ticks(self) -> bool:
        """Whether its numbers are ticks of time."""
        return self.holds == "time" or isinstance(self.physical, DurationType)

    @property
    def can_miss(self) -> bool:
        """Whether a cell can be missing."""
        return self.physical is None or self.physical.holds_missing

    @property
    def categories(self) -> list[Any]:
        """The categories that the dtype has."""
        return self.physical.labels(np.arange(len(self.physical.dtype.categories)))

    @property
    def steps(self) -> list[float]:
        """Days, hours and so on in ticks, the longest first, down to one tick."""
        name, measure = self.physical.measure()
        if name.startswith("date ("):
            return [1.0]
        return longest_first([Fraction(unit) / Fraction(measure) for unit in MICROSECONDS])

    def cast(self, series: pd.Series) -> pd.Series:
        """Return moments or durations, however they are stored, in the dtype."""
        return series.astype(self.physical.dtype)

    def moments(self, values: Sequence[Any]) -> np.ndarray:
        """Return moments or durations as a user writes them, in ticks."""
        for value in values:
            # To pandas, a number is nanoseconds since 1970.
            if self.holds == "time" and isinstance(value, numbers.Number):
                raise ValueError(f"{value!r} is no date; write it such as '2020-01-31'")
        parsed = pd.Series([self.physical.parse(value) for value in values])
        return self.numbers(self.cast(parsed), 1)

    def labels(self, series: pd.Series) -> np.ndarray:
        """Return cells as labels, None where one is missing or can be none."""
        found = np.empty(len(series), dtype=object)
        if self.physical is None:
            cells = series.to_numpy(dtype=object)
            kept = [isinstance(cell, _SCALARS) for cell in cells]
            missing = ~np.array(kept, dtype=bool) | series.isna().to_numpy()
            found[~missing] = cells[~missing]
            return found
        read = self.physical.read(series)
        present = read.present
        if self.is_category:
            # Those of the table, which need not be those that its rows will have.
            own = Stored.of(series.dtype).categories
            listed = np.empty(len(own), dtype=object)
            listed[:] = own
            found[~read.missing] = listed[present]
        elif self.ticks:
            found[~read.missing] = self.physical.labels(present)
        else:
            found[~read.missing] = present.tolist()
        return found

    def numbers(self, series: pd.Series, step: float) -> np.ndarray:
        """Return cells as numbers of steps, not a number where one is missing or infinite."""
        if self.physical is None:
            found = pd.to_numeric(series, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
            found = found / step
        else:
            read = self.physical.read(series)
            values = self._on_the_clock(read.values)
            whole = values.dtype.kind in "iu" and step == int(step)
            # Whole numbers are divided before they are floats, which hold 53 bits.
            values = values // int(step) if whole and step > 1 else values / step
            found = np.where(read.missing, np.nan, values.astype(float))
        return np.where(np.isfinite(found), found, np.nan)

    def write_numbers(self, steps: np.ndarray, step: float, missing: np.ndarray) -> pd.Series:
        """Return numbers of steps as a column of the dtype."""
        if self.physical is None:
            values = np.round(steps * step, 12)
            cells = pd.Series(values.astype(int) if step == int(step) else values, dtype=object)
            cells[missing] = None
            return cells
        if self.is_whole:
            low, high = self.physical.limits()
            values = np.clip(steps * step, low, np.nextafter(high, 0) if high > 2**53 else high)
            canonical = getattr(self.physical, "canonical", np.dtype(np.int64))
            values = np.rint(np.where(missing, 0, values)).astype(canonical)
            values = self._of_the_clock(values)
        else:
            # Division by a power of ten is exact where multiplication by its inverse is not.
            inverse = 1 / step
            values = steps / np.rint(inverse) if step < 1 and inverse < 2**53 else steps * step
        return self.physical.write(Cells(values, missing))

    @property
    def _zone(self) -> Any:
        return getattr(self.physical, "tz", None) if self.holds == "time" else None

    def _on_the_clock(self, ticks: np.ndarray) -> np.ndarray:
        """Return moments of a zone as its clocks show them, where its days begin at midnight."""
        if self._zone is None:
            return ticks
        return self._moments(ticks, self._zone).tz_localize(None).asi8

    def _of_the_clock(self, ticks: np.ndarray) -> np.ndarray:
        """Return the moments, as they are stored, at which the zone's clocks show something."""
        if self._zone is None:
            return ticks
        return in_zone(self._moments(ticks, None), self._zone).asi8

    def _moments(self, ticks: np.ndarray, zone: Any) -> pd.DatetimeIndex:
        cells = Cells(ticks, np.zeros(len(ticks), dtype=bool))
        return ticks_to_index(cells, self.physical.unit, zone)

    def write_labels(self, labels: list[Any], codes: np.ndarray) -> pd.Series:
        """Return labels by their number as a column of the dtype; those below 0 are missing."""
        if self.is_category:
            return pd.Series(pd.Categorical.from_codes(codes, dtype=self.physical.dtype))
        listed = np.empty(len(labels) + 1, dtype=object)
        listed[:-1] = labels
        cells = listed[codes]
        if self.physical is None:
            return pd.Series(cells, dtype=object)
        if not self.can_miss or not (codes < 0).any():
            return pd.Series(cells, dtype=object).astype(self.physical.dtype)
        present = codes >= 0
        read = self.physical.read(
            pd.Series(cells[present], dtype=object).astype(self.physical.dtype)
        )
        values = np.zeros(len(codes), dtype=read.values.dtype)
        values[present] = read.values
        return self.physical.write(Cells(values, ~present))

    def with_categories(self, labels: list[Any], ordered: bool) -> Stored:
        """Return the same dtype with other categories, if it is one of categories."""
        if not self.is_category:
            return self
        return Stored(CategoryType(pd.CategoricalDtype(labels, ordered=ordered)))

    def to_dict(self) -> dict[str, Any] | None:
        """Return it as JSON."""
        return None if self.physical is None else physical_to_dict(self.physical)

    @classmethod
    def from_dict(cls, state: dict[str, Any] | None) -> Stored:
        """Rebuild it from `to_dict`."""
        return cls(None if state is None else physical_from_dict(state))


def longest_first(units: Sequence[Fraction]) -> list[float]:
    """Return units of time in ticks: those that are whole ticks, and one tick."""
    return [*(float(unit) for unit in units if unit.denominator == 1 and unit > 1), 1.0]
