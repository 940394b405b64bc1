"""What the numbers of a column are on an axis: moments, durations in a unit, or written cells."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from synthwgan.evaluation.inputs import Column
from synthwgan.parameters import required
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.clock import ClockText
from synthwgan.table.forms.clockdigits import ClockDigits
from synthwgan.table.forms.ipv4 import IPv4

# Durations of two or more of a unit are counted in it.
_UNITS = (("days", 86_400), ("hours", 3600), ("minutes", 60), ("seconds", 1))
_MICROSECONDS = 10**6
# Steps between clock times: of minutes or seconds, then of hours.
_SIXTIETHS = (1, 2, 5, 10, 15, 30)
_HOURS = (1, 2, 3, 6, 12, 24, 48, 120, 240)
_OF_NETWORKS = tuple(2**bits for bits in range(32))
# Written cells are long, and need room.
_MAX_TICKS = 5


@dataclass(frozen=True)
class Scale:
    """How an axis shows a column's numbers.

    Parameters
    ----------
    is_date : bool, default False
        Whether they are seconds since 1970.
    per : float, default 1.0
        How many of them are one on the axis.
    unit : str, default ""
        What one on the axis is, for the title.
    form : Form or None, default None
        How cells are written that stand for whole numbers; None if the axis shows numbers.
    steps : tuple of int
        Steps between the written ones, from small to large.
    """

    is_date: bool = False
    per: float = 1.0
    unit: str = ""
    form: Form | None = None
    steps: tuple[int, ...] = ()

    def title(self, label: str) -> str:
        """Return the name of an axis with its unit, if it has one."""
        return f"{label} ({self.unit})" if self.unit else label

    def ticks(self, low: float, high: float) -> list[tuple[int, str]]:
        """Return numbers from one to another with the cells that stand for them; a few of many."""
        largest = self.steps[-1]
        wide = largest * math.ceil((high - low) / _MAX_TICKS / largest)
        step = next((step for step in self.steps if high - low < _MAX_TICKS * step), wide)
        places = step * np.arange(math.ceil(low / step), math.floor(high / step) + 1)
        cells = required(self.form).write(places)
        # Bins may reach beyond the last address or the end of the day.
        reads = required(self.form).parse(cells)[0] == places
        return list(zip(places[reads].tolist(), cells[reads].tolist(), strict=True))

    def cell(self, value: float) -> str:
        """Return the cell that stands for a number."""
        return required(self.form).write(np.array([round(value)])).tolist()[0]


def scale_of(column: Column, values: np.ndarray) -> Scale:
    """Return how an axis shows numbers of a column that lie among some values.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.evaluation.inputs import Column
    >>> from synthwgan.evaluation.plain import Content
    >>> from synthwgan.evaluation.plots.scales import scale_of
    >>> stay = Column("stay", Content("numeric", "duration"))
    >>> scale = scale_of(stay, np.array([3600.0, 500_000.0]))
    >>> scale.unit, scale.per
    ('days', 86400.0)
    """
    content = column.content
    if content.form == "date":
        return Scale(is_date=True)
    if content.form == "duration":
        return _in_units(values, 1.0)
    form = content.written
    if isinstance(form, IPv4):
        return Scale(form=form, steps=_OF_NETWORKS)
    if isinstance(form, ClockText | ClockDigits):
        return _of_clock(form)
    if form is not None and form.unit is None and form.measure()[0] == "duration":
        return _in_units(values, float(form.measure()[1]) / _MICROSECONDS)
    return Scale()


def _in_units(values: np.ndarray, seconds: float) -> Scale:
    """Return the scale of durations, given in so many seconds each."""
    largest = float(np.nanmax(np.abs(values), initial=0.0)) * seconds
    unit, size = next((one for one in _UNITS if largest >= 2 * one[1]), _UNITS[-1])
    return Scale(per=size / seconds, unit=unit)


def _of_clock(form: ClockText | ClockDigits) -> Scale:
    """Return the scale of clock times; those in digits get colons."""
    clock = form if isinstance(form, ClockText) else ClockText(form.n_fields, 2, 0, None)
    powers = range(clock.n_fields - 1)
    steps = [60**power * step for power in powers for step in _SIXTIETHS]
    steps += [60 ** len(powers) * step for step in _HOURS]
    return Scale(form=clock, steps=tuple(10**clock.decimals * step for step in steps))
