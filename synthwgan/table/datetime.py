"""Dates and times: ticks on the column's own grid, in local time where that is coarser."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.parameters import OneOf
from synthwgan.table.checks import FLAG, expect, optional
from synthwgan.table.dtypes import Cells, PhysicalType, ticks_to_index
from synthwgan.table.grid import Grid
from synthwgan.table.numeric import NumericTransformer
from synthwgan.table.options import ColumnOptions
from synthwgan.table.textdates import PATTERNS, TextFormat, find_format


class DatetimeTransformer(NumericTransformer):
    """A column of timestamps, dates, periods, or text in one date format.

    Encoded like numbers. Whole days stay whole days, because the grid of the ticks is
    learned. With a time zone, the ticks are those of the local clock if they lie on a
    coarser grid than UTC (local midnights across a change to summer time). A local time
    that occurs twice is decoded as the first of the two, one that does not exist as the
    next that does.

    Attributes
    ----------
    text_format : TextFormat or None
        Format of a column of text.
    local : bool
        Whether ticks are those of the local clock.
    """

    kind: ClassVar[str] = "datetime"
    state_fields = {
        **NumericTransformer.state_fields,
        "text_format": optional(OneOf(PATTERNS)),
        "local": FLAG,
    }

    text_format: TextFormat | None
    local: bool

    def __init__(self, physical: PhysicalType, options: ColumnOptions | None = None) -> None:
        super().__init__(physical, options)
        self.text_format, self.local = None, False

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        self.text_format, self.local = None, False
        present = cells.present
        if self.physical.domain == "text":
            self.text_format = find_format(present)
            if self.text_format is None and len(present):
                raise ValueError(self._no_format(present))
        elif self.physical.tz is not None and len(present):
            self.local = self._prefers_local(present)
        super()._fit(cells, rng)

    def _no_format(self, texts: np.ndarray) -> str:
        index = pd.to_datetime(pd.Series(texts), errors="coerce", format="mixed")
        failing = texts[index.isna().to_numpy()]
        if len(failing):
            return f"{failing[0]!r} is not a date: correct it or use the kind 'categorical'"
        return (
            f"dates such as {texts[0]!r} are not all in one known format: "
            "convert the column with pd.to_datetime"
        )

    def _prefers_local(self, ticks: np.ndarray) -> bool:
        local = self._to_local(ticks)
        coarser = Grid.fit(local).step > Grid.fit(ticks).step
        return coarser and bool(np.array_equal(self._to_utc(local), ticks))

    def _to_local(self, ticks: np.ndarray) -> np.ndarray:
        return self._index(ticks, self.physical.tz).tz_localize(None).asi8.copy()

    def _to_utc(self, ticks: np.ndarray) -> np.ndarray:
        index = self._index(ticks, None)
        first = np.ones(len(index), dtype=bool)
        zoned = index.tz_localize(self.physical.tz, ambiguous=first, nonexistent="shift_forward")
        return zoned.asi8.copy()

    def _index(self, ticks: np.ndarray, tz: Any) -> pd.DatetimeIndex:
        cells = Cells(ticks, np.zeros(len(ticks), dtype=bool))
        return ticks_to_index(cells, self.physical.unit, tz)

    def to_numbers(self, values: np.ndarray) -> np.ndarray:
        if self.text_format is not None:
            return self._parse(values)
        return self._to_local(values) if self.local else values

    def _parse(self, texts: np.ndarray) -> np.ndarray:
        ticks = self.text_format.parse(texts)
        if ticks is None:
            parse = self.text_format.parse
            failing = next(text for text in texts if parse(np.array([text], object)) is None)
            raise ValueError(
                f"{failing!r} is no date in the fitted format {self.text_format.pattern}"
            )
        return ticks

    def from_numbers(self, numbers: np.ndarray) -> np.ndarray:
        if self.text_format is not None:
            return self.text_format.format(numbers)
        return self._to_utc(numbers) if self.local else numbers

    def _state(self) -> dict[str, Any]:
        pattern = None if self.text_format is None else self.text_format.pattern
        return {**super()._state(), "text_format": pattern, "local": self.local}

    def _set_state(self, state: dict[str, Any]) -> None:
        super()._set_state(state)
        pattern = state["text_format"]
        is_text = self.physical.domain == "text"
        needs_format = is_text and self.grid is not None
        expect(needs_format == (pattern is not None), "text, and no other dates, needs a format")
        self.text_format = None if pattern is None else TextFormat(pattern)
        self.local = state["local"]
        zoned = not is_text and self.physical.tz is not None
        expect(zoned or not self.local, "local time without a time zone")
