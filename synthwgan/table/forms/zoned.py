"""Moments with one and the same zone behind: ``2021-05-15 05:34:12+00:00``, ``... UTC``."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.digits import DigitMoments
from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.textdates import TextDate
from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import commonest, read_most
from synthwgan.table.forms.writtendates import WrittenDate

# In microseconds.
_MINUTE = 60_000_000
_INNER: dict[str, type[Form]] = {form.name: form for form in (TextDate, DigitMoments, WrittenDate)}
_ZONE = " ?(?:(?![AP]M)[A-Z]{1,5}|(?:(?:UTC|GMT) ?)?[+-][0-9]{2}(?::?[0-9]{2})?)"
_OFFSET = re.compile("(?:UTC|GMT)?(?:([+-])([0-9]{2}):?([0-9]{2})?)?")
# Only behind a time: in 2021-05-15 the end is a day.
_ZONED = re.compile(rf".*[0-9:]{{4}}(?:[.][0-9]+)?(?: ?[AaPp][Mm])?({_ZONE})")


class ZonedMoment(Form):
    """Moments in another form, with the same offset or zone behind all.

    Parameters
    ----------
    zone : str
        What stands behind, for instance ``"+00:00"`` or ``" UTC"``.
    inner : Form
        Form of what stands before: of moments.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.zoned import ZonedMoment
    >>> cells = np.array(["2021-05-15 05:34+02:00", "2021-05-16 05:34+01:00"], dtype=object)
    >>> form = ZonedMoment("+02:00", TextDate("YYYY-MM-DD hh:mm"))
    >>> form.parse(cells)
    (array([27017614,        0]), array([ True, False]))
    >>> form.write(np.array([27017614])).tolist()
    ['2021-05-15 05:34+02:00']
    """

    name: ClassVar[str] = "zoned_moment"
    meaning: ClassVar[str] = "datetime"

    def __init__(self, zone: str, inner: Form) -> None:
        if not re.fullmatch(_ZONE, zone):
            raise ValueError(f"{zone!r} is no zone behind a time")
        self.zone = zone
        self.inner = inner

    @property
    def unit(self) -> str:
        """Unit of the ticks."""
        return required(self.inner.unit)

    @property
    def utc_offset(self) -> int:
        match = _OFFSET.fullmatch(self.zone.replace(" ", ""))
        if match is None or match[1] is None:
            return 0
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return (-1 if match[1] == "-" else 1) * minutes * _MINUTE

    @property
    def said(self) -> str:
        """A zone of which only the name is known: nobody knows how far it is from another."""
        is_known = self.zone == "Z" or _OFFSET.fullmatch(self.zone.replace(" ", ""))
        return "" if is_known else self.zone.strip()

    @property
    def sample(self) -> str:
        return f"{self.inner.sample}{self.zone}"

    @classmethod
    def find(cls, cells: np.ndarray) -> ZonedMoment | None:
        matches = read_most(_ZONED.fullmatch, some_texts(cells))
        if matches is None:
            return None
        zone = commonest(match[1] for match in matches)
        inside = cells[_end_with(cells, zone)]
        inner = (form.find(_without(inside, zone)) for form in _INNER.values())
        return next((cls(zone, form) for form in inner if form is not None), None)

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fits, ticks = _end_with(cells, self.zone), np.zeros(len(cells), dtype=np.int64)
        ticks[fits], fits[fits] = self.inner.parse(_without(cells[fits], self.zone))
        return ticks, fits

    def write(self, numbers: np.ndarray) -> np.ndarray:
        return self.inner.write(numbers) + self.zone

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "zone": self.zone, "inner": self.inner.to_dict()}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> ZonedMoment:
        inner = dict(state["inner"])
        return cls(state["zone"], _INNER[inner.pop("name")].from_dict(inner))


def _end_with(cells: np.ndarray, zone: str) -> np.ndarray:
    return np.array([text.endswith(zone) for text in cells.tolist()], dtype=bool)


def _without(cells: np.ndarray, zone: str) -> np.ndarray:
    return as_cells([text.removesuffix(zone) for text in cells.tolist()])
