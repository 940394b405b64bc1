"""How a column is stored, so that a rule can write it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.parameters import required
from synthwgan.table.checks import DECIMALS, STATE, check_state, optional
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.registry import form_from_dict
from synthwgan.table.forms.seconds import Seconds
from synthwgan.table.rules.units import UNITS
from synthwgan.table.rules.written import cells_of, number_dtype, numbers_of, unit_of
from synthwgan.table.storage.dtypes import Cells, blank
from synthwgan.table.storage.physical import physical_from_dict, physical_to_dict

_FIELDS = {"physical": STATE, "decimals": optional(DECIMALS), "written": optional(STATE)}


def stored_kind(physical: Any, written: Form | None) -> str:
    """Return what cells of a dtype are as they are stored, not as what they mean."""
    if isinstance(written, Seconds):
        return "ticks"
    return "text" if physical.domain == "text" else "number"


def write_cells(physical: Any, cells: Cells) -> pd.Series:
    """Return cells in a dtype, or in its nullable sister if it cannot say that some are missing."""
    if physical.holds_missing or not cells.missing.any():
        return physical.write(cells)
    return blank(physical.write(Cells(cells.values, np.zeros_like(cells.missing))), cells.missing)


class ColumnForm:
    """How a column is stored: dtype, decimals and the form in which its cells are written."""

    def __init__(self, physical: Any, decimals: int | None, written: Form | None) -> None:
        self.physical = physical
        self.decimals = decimals
        self.written = written

    def write(self, values: np.ndarray, missing: np.ndarray, index: pd.Index) -> pd.Series:
        """Return values, as `Column.values` has them, as a series of the column's dtype.

        Of its nullable sister where a cell is missing and the dtype cannot say so.
        """
        if self.written is not None:
            written = cells_of(self.written, values[~missing])
            values = np.full(len(values), "" if written.dtype == object else 0, written.dtype)
            values[~missing] = written
            if self.physical.domain == "number":
                values = self._number(values, missing)
        elif hasattr(self.physical.dtype, "categories"):
            categories = self.physical.dtype.categories
            codes = categories.get_indexer(pd.Index(np.where(missing, None, values)))
            values, missing = codes.astype(np.int64), missing | (codes < 0)
        elif self.physical.domain == "number":
            values = self._number(values, missing)
        return write_cells(self.physical, Cells(values, missing)).set_axis(index)

    @property
    def is_time(self) -> bool:
        """Whether the cells are dates or times."""
        if self.written is not None:
            return self.written.meaning == "datetime"
        return self.physical.domain == "time"

    @property
    def kind(self) -> str:
        """What the cells are, as `Column.kind` has it; labels may be anything."""
        if self.is_time:
            return "time" if self.unit in UNITS else "label"
        if self.is_number:
            return "number"
        return "text" if self.physical.domain == "text" else "label"

    @property
    def is_number(self) -> bool:
        """Whether the cells are numbers, perhaps as text."""
        if self.written is not None:
            return self.written.meaning == "numeric"
        return self.physical.domain == "number"

    @property
    def is_duration(self) -> bool:
        """Whether the numbers are the seconds of durations."""
        return isinstance(self.written, Seconds)

    @property
    def unit(self) -> str:
        """The unit of a time's ticks."""
        return self.physical.unit if self.written is None else unit_of(self.written)

    @property
    def stored_kind(self) -> str:
        """What the cells are as they are stored, not as what they mean."""
        return "text" if self.is_text else stored_kind(self.physical, self.written)

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what cells, as they are stored, mean, and which are of the written form."""
        codes, distinct = pd.factorize(cells)
        numbers, fits = numbers_of(self.written, distinct)
        return numbers[codes], fits[codes]

    def read(self, series: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return values and missing cells of a series in this form, or in a nullable one."""
        missing = series.isna().to_numpy()
        if missing.all():
            return np.zeros(len(series), dtype=object if self.is_text else np.int64), missing
        if self.written is not None:
            return self._read_written(series, missing), missing
        if hasattr(self.physical.dtype, "categories"):
            return series.astype(object).to_numpy(), missing
        return self._read_stored(series), missing

    @property
    def is_text(self) -> bool:
        """Whether the canonical values are objects."""
        categorical = hasattr(self.physical.dtype, "categories")
        return self.written is None and (categorical or self.physical.domain == "text")

    def values_of(self, labels: list[Any]) -> np.ndarray:
        """Return labels, as `as_labels` gives them, as values of the column."""
        if self.is_text:
            values = np.empty(len(labels), dtype=object)
            values[:] = labels
            return values
        if self.is_time and self.unit in UNITS:
            stamps = np.array(labels, dtype=f"M8[{self.unit}]")
            return stamps.view(np.int64)
        if self.written is not None:
            return np.array(labels, dtype=number_dtype(self.written))
        if self.physical.domain == "number":
            return np.array(labels, dtype=getattr(self.physical, "canonical", None))
        return np.array(labels)

    def _read_written(self, series: pd.Series, missing: np.ndarray) -> np.ndarray:
        present = series[~missing]
        is_text = self.physical.domain == "text"
        cells = present.to_numpy(dtype=object) if is_text else self._read_stored(present)
        numbers, fits = self.parse(cells)
        if not fits.all():
            raise ValueError(
                f"column {series.name!r}: {cells[~fits].tolist()[0]!r} is not written as the "
                f"others are, {required(self.written).sample!r}: rebuild a table that `reduce` gave"
            )
        values = np.zeros(len(series), dtype=numbers.dtype)
        values[~missing] = numbers
        return values

    def _read_stored(self, series: pd.Series) -> np.ndarray:
        read = self.physical.read if self.physical.matches(series) else self.physical.convert
        return read(series).values

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
            "written": None if self.written is None else self.written.to_dict(),
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> ColumnForm:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no form.
        """
        check_state("how a rule writes a column", state, _FIELDS)
        written = None if state["written"] is None else form_from_dict(state["written"])
        return cls(physical_from_dict(state["physical"]), state["decimals"], written)
