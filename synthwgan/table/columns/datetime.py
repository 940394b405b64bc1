"""Dates and times: ticks on the column's own grid, in local time where that is coarser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.table.checks import FLAG, expect
from synthwgan.table.columns.grid import Grid
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.storage.dtypes import Cells, PhysicalType, in_zone, ticks_to_index

if TYPE_CHECKING:
    from synthwgan.table.columns.evidence import Evidence


class DatetimeTransformer(NumericTransformer):
    """A column of timestamps, dates, periods, or text or whole numbers in one date format.

    Encoded like numbers. Whole days stay whole days, because the grid of the ticks is
    learned. With a time zone, the ticks are those of the local clock if they lie on a
    coarser grid than UTC (local midnights across a change to summer time). A local time
    that occurs twice is decoded as the first of the two, one that does not exist as the
    next that does.

    Attributes
    ----------
    local : bool
        Whether ticks are those of the local clock.
    """

    kind: ClassVar[str] = "datetime"
    meaning: ClassVar[str] = "datetime"
    domains = ("time", "text", "number")
    remedy = "convert the column with pd.to_datetime or leave its kind out"
    sdtype = "datetime"
    reads_as = "date"
    _word: ClassVar[str] = "date"
    state_fields = {**NumericTransformer.state_fields, "local": FLAG}

    local: bool

    def __init__(self, physical: PhysicalType, options: ColumnOptions | None = None) -> None:
        super().__init__(physical, options)
        self.local = False

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        is_written = evidence.form is not None and evidence.form.meaning == cls.meaning
        return evidence.domain == "time" or is_written

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        present = cells.present
        zoned = self.physical.domain == "time" and self.physical.tz is not None
        self.local = zoned and len(present) > 0 and self._prefers_local(present)
        super()._fit(cells, rng)

    def _prefers_local(self, ticks: np.ndarray) -> bool:
        local = self._to_local(ticks)
        coarser = Grid.fit(local).step > Grid.fit(ticks).step
        return coarser and bool(np.array_equal(self._to_utc(local), ticks))

    def _to_local(self, ticks: np.ndarray) -> np.ndarray:
        return self._index(ticks, self.physical.tz).tz_localize(None).asi8.copy()

    def _to_utc(self, ticks: np.ndarray) -> np.ndarray:
        return in_zone(self._index(ticks, None), self.physical.tz).asi8.copy()

    def _index(self, ticks: np.ndarray, tz: Any) -> pd.DatetimeIndex:
        cells = Cells(ticks, np.zeros(len(ticks), dtype=bool))
        return ticks_to_index(cells, self.physical.unit, tz)

    def read_numbers(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not self.local:
            return super().read_numbers(values)
        return self._to_local(values), np.ones(len(values), dtype=bool)

    def from_numbers(self, numbers: np.ndarray) -> np.ndarray:
        return self._to_utc(numbers) if self.local else super().from_numbers(numbers)

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "local": self.local}

    def _set_state(self, state: dict[str, Any]) -> None:
        super()._set_state(state)
        self.local = state["local"]
        zoned = self.physical.domain == "time" and self.physical.tz is not None
        expect(zoned or not self.local, "local time without a time zone")
