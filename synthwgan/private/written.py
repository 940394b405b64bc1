"""Dates in text, in a form that is public: it is that of the bounds which the user declares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

import numpy as np
import pandas as pd

from synthwgan.private.storage import MICROSECONDS, Stored, longest_first
from synthwgan.table.forms.textdates import TextDate

_TICKS = {"D": 86_400_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1000, "us": 1}


@dataclass(frozen=True)
class WrittenDates(Stored):
    """A dtype of texts that are dates in one pattern, read to ticks and written back.

    Parameters
    ----------
    physical : PhysicalType or None
        The dtype's own reader; None for objects.
    pattern : str
        As `TextDate` has it, ``"DD.MM.YYYY"``.
    """

    pattern: str

    @classmethod
    def like(cls, stored: Stored, bounds: Sequence[str]) -> Self:
        """Return texts of a dtype that are written as two bounds are.

        Raises
        ------
        ValueError
            If the bounds are no dates, or do not tell day from month.
        """
        form = TextDate.find(np.array(list(bounds), dtype=object))
        if form is None or not form.parse(np.array(list(bounds), dtype=object))[1].all():
            raise ValueError(
                f"the bounds {tuple(bounds)!r} are no dates of one form, or do not tell day from "
                "month; write them as the cells are, such as '2020-01-31' or '31.01.2020'. Bounds "
                "of numbers have no quotes, and the column is one of numbers, pd.to_numeric(...)"
            )
        return cls(stored.physical, form.pattern)

    @property
    def form(self) -> TextDate:
        """Reads and writes the texts."""
        return TextDate(self.pattern)

    @property
    def name(self) -> str:
        return f"{super().name}, dates as {self.pattern}"

    @property
    def holds(self) -> str:
        return "time"

    @property
    def is_whole(self) -> bool:
        return True

    @property
    def ticks(self) -> bool:
        return True

    @property
    def steps(self) -> list[float]:
        if self.form.unit not in _TICKS:
            return [1.0]
        return longest_first([Fraction(unit, _TICKS[self.form.unit]) for unit in MICROSECONDS])

    def cast(self, series: pd.Series) -> pd.Series:
        return series.astype(object)

    def moments(self, values: Sequence[Any]) -> np.ndarray:
        texts = [
            value if isinstance(value, str) else pd.Timestamp(value).strftime(self.form.strptime)
            for value in values
        ]
        found = self.numbers(pd.Series(texts, dtype=object), 1)
        for text in np.array(texts, dtype=object)[np.isnan(found)]:
            raise ValueError(f"{text!r} is no date; dates are written as {self.pattern}")
        return found

    def numbers(self, series: pd.Series, step: float) -> np.ndarray:
        cells = series.to_numpy(dtype=object)
        are_texts = np.array([isinstance(cell, str) for cell in cells], dtype=bool)
        ticks, fits = self.form.parse(cells[are_texts])
        found = np.full(len(cells), np.nan)
        found[are_texts] = np.where(fits, ticks / step, np.nan)
        return found

    def write_numbers(self, steps: np.ndarray, step: float, missing: np.ndarray) -> pd.Series:
        cells = self.form.write(np.rint(np.where(missing, 0, steps * step)).astype(np.int64))
        cells = np.where(missing, None, cells)
        written = pd.Series(cells, dtype=object)
        return written if self.physical is None else written.astype(self.physical.dtype)

    def to_dict(self) -> dict[str, Any]:
        return {"pattern": self.pattern, "stored": super().to_dict()}


def stored_from_dict(state: dict[str, Any] | None) -> Stored:
    """Rebuild how a column is stored from its `to_dict`."""
    if state is None or "pattern" not in state:
        return Stored.from_dict(state)
    form = TextDate(state["pattern"])
    return WrittenDates(Stored.from_dict(state["stored"]).physical, form.pattern)
