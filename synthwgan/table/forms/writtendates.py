"""Dates as people write them: ``5/1/21 1:14 PM``, ``May 15, 2021``, ``15-May-21``, not padded."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import ClassVar

import numpy as np

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.calendar import from_ticks, to_ticks, unit_of
from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import MIN_SHARE, commonest

# Names of months and days are English whatever the machine's language, so not strftime's.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DATES = (
    *("MM/DD/YYYY", "DD/MM/YYYY", "M/D/YYYY", "D/M/YYYY", "YYYY/MM/DD", "YYYY/M/D"),
    *("MM-DD-YYYY", "DD-MM-YYYY", "M-D-YYYY", "D-M-YYYY", "YYYY-MM-DD", "YYYY-M-D"),
    *("DD.MM.YYYY", "D.M.YYYY", "YYYY.MM.DD", "YYYY:MM:DD"),
    *("MM/DD/YY", "DD/MM/YY", "M/D/YY", "D/M/YY", "MM-DD-YY", "DD-MM-YY", "DD.MM.YY"),
    *(
        "DD Mon YYYY",
        "D Mon YYYY",
        "DD Month YYYY",
        "D Month YYYY",
        "DD MON YYYY",
        "DDMONYYYY",
        "DDMonYYYY",
    ),
    *(
        "Mon DD, YYYY",
        "Mon D, YYYY",
        "Month DD, YYYY",
        "Month D, YYYY",
        "Mon DD YYYY",
        "Mon D YYYY",
    ),
    *("DD-Mon-YYYY", "D-Mon-YYYY", "DD-MON-YYYY", "DD-Mon-YY", "D-Mon-YY", "DD-MON-YY"),
    *("DD/Mon/YYYY", "YYYY-Mon-DD", "Day, DD Mon YYYY", "Day, D Mon YYYY"),
    *("Weekday, Month D, YYYY", "Weekday, D Month YYYY"),
)
_MONTHLY = ("MM/YYYY", "MM-YYYY", "YYYY/MM", "Mon YYYY", "Month YYYY", "Mon-YYYY", "Mon-YY")
_CLOCKS = ("hh:mm", "h:mm", "hh:mm:ss", "h:mm:ss")
_TIMES = (
    *_CLOCKS,
    *(clock + half for clock in _CLOCKS for half in (" AM", " am", "AM", "am", " a.m.")),
)
PATTERNS = (
    *_DATES,
    *_MONTHLY,
    *(date + joint + time for date in _DATES for joint in (" ", ", ", ":") for time in _TIMES),
    *("Day Mon DD hh:mm:ss YYYY", "Day Mon DD hh:mm:ss +0000 YYYY"),
    *(time + joint + date for date in _DATES for joint in (" ", ", ") for time in _TIMES),
)

_FIELD = re.compile("Weekday|Day|Month|Mon|MON|YYYY|YY|MM|M|DD|D|hh|h|mm|ss|AM|am|a[.]m[.]")
_WORD = re.compile(r"[A-Za-z]{3,}")
_HALF = re.compile(r"[AP]M|[ap]m|[ap][.]m[.]")
_NUMBER = re.compile("[0-9]+")
# Two digits of a year as POSIX has them: 69 to 99 are of the last century.
_PIVOT = 69
_HALVES = {"AM": ("AM", "PM"), "am": ("am", "pm"), "a.m.": ("a.m.", "p.m.")}
_NAMES = {
    "Month": _MONTHS,
    "Mon": tuple(month[:3] for month in _MONTHS),
    "MON": tuple(month[:3].upper() for month in _MONTHS),
    "Weekday": _DAYS,
    "Day": tuple(day[:3] for day in _DAYS),
    **_HALVES,
}
# Letter of what a field counts, as in `calendar`; p is the half of the day, w its name.
_LETTERS = {
    **{"YYYY": "Y", "YY": "Y", "Month": "M", "Mon": "M", "MON": "M", "MM": "M", "M": "M"},
    **{"DD": "D", "D": "D", "hh": "h", "h": "h", "mm": "m", "ss": "s"},
    **{"Weekday": "w", "Day": "w", "AM": "p", "am": "p", "a.m.": "p"},
}


class WrittenDate(Form):
    """Dates and times with fields that need not be padded, names of months, or AM and PM.

    Parameters
    ----------
    pattern : str
        One of `PATTERNS`: a doubled letter is padded with a zero, ``Mon`` is ``Jan``,
        ``AM`` makes hours those of a clock of twelve.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.writtendates import WrittenDate
    >>> form = WrittenDate("Mon D, YYYY")
    >>> form.parse(np.array(["May 15, 2021", "May 32, 2021"], dtype=object))
    (array([18762,     0]), array([ True, False]))
    >>> form.write(np.array([18762])).tolist()
    ['May 15, 2021']
    """

    name: ClassVar[str] = "written_date"
    meaning: ClassVar[str] = "datetime"

    def __init__(self, pattern: str) -> None:
        if pattern not in _known_patterns():
            raise ValueError(f"{pattern!r} is no pattern of written dates")
        self.pattern = pattern

    @property
    def _fields(self) -> list[str]:
        return _FIELD.findall(self.pattern)

    @property
    def unit(self) -> str:
        """Unit of the ticks."""
        return unit_of("".join(_LETTERS[field] for field in self._fields))

    @classmethod
    def find(cls, cells: np.ndarray) -> WrittenDate | None:
        texts = as_cells(some_texts(cells))
        shape = commonest(map(_shape_of_text, texts)) or ""
        # No date is without a number; of other texts the many patterns need not be made.
        patterns = _patterns_by_shape().get(shape, []) if "9" in shape else []
        head = texts[:: 1 + len(texts) // 20]
        forms = [form for form in map(cls, patterns) if form.parse(head)[1].any()]
        parsed = [(form, *form.parse(texts)) for form in forms]
        most = max((fits.sum() for _, _, fits in parsed), default=0)
        if not most or most < MIN_SHARE * len(texts):
            return None
        best = [(form, ticks) for form, ticks, fits in parsed if fits.sum() == most]
        # Where day and month could be swapped, there is no telling which is meant.
        alike = all(np.array_equal(ticks, best[0][1]) for _, ticks in best)
        return best[0][0] if alike else None

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        match, readers = _regex(self.pattern).fullmatch, [_reader(one) for one in self._fields]
        matches = [match(text) for text in cells.tolist()]
        fits = np.array([found is not None for found in matches], dtype=bool)
        read = [
            [reader(written) for reader, written in zip(readers, found.groups(), strict=True)]
            for found in matches
            if found is not None
        ]
        ticks = np.zeros(len(cells), dtype=np.int64)
        ticks[fits], fits[fits] = self._ticks(np.array(read, dtype=np.int64))
        # A day of the week that is another one, and zeros that are not written.
        fits[fits] = self.write(ticks[fits]) == cells[fits]
        return np.where(fits, ticks, 0), fits

    def _ticks(self, read: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = read.reshape(-1, len(self._fields)).T
        fields = {
            _LETTERS[field]: column for field, column in zip(self._fields, columns, strict=True)
        }
        half = fields.get("p")
        if half is not None:
            of_twelve = (fields["h"] >= 1) & (fields["h"] <= 12)
            fields["h"] = np.where(of_twelve, fields["h"] % 12 + 12 * half, -1)
        return to_ticks(fields, self.unit)

    def write(self, numbers: np.ndarray) -> np.ndarray:
        fields = from_ticks(numbers, self.unit)
        fields["p"] = fields["h"] // 12
        if "p" in (_LETTERS[field] for field in self._fields):
            fields["h"] = (fields["h"] - 1) % 12 + 1
        columns = [_written(field, fields[_LETTERS[field]]) for field in self._fields]
        template = _FIELD.sub(lambda field: _template(field[0]), self.pattern)
        return as_cells([template % row for row in zip(*columns, strict=True)])


def _reader(field: str) -> Callable[[str], int]:
    """Return what reads the text of a field."""
    if field in _NAMES:
        first = 1 if _LETTERS[field] == "M" else 0
        return {name: first + place for place, name in enumerate(_NAMES[field])}.__getitem__
    if field == "YY":
        return lambda written: int(written) + (1900 if int(written) >= _PIVOT else 2000)
    return int


def _written(field: str, numbers: np.ndarray) -> list[int] | list[str]:
    """Return the numbers of a field as `_template` takes them."""
    if field in _NAMES:
        return np.array(_NAMES[field])[numbers - (_LETTERS[field] == "M")].tolist()
    return (numbers % 100 if field == "YY" else numbers).tolist()


def _template(field: str) -> str:
    if field in _NAMES:
        return "%s"
    return f"%0{len(field)}d" if len(field) > 1 else "%d"


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    parts, end = [], 0
    for field in _FIELD.finditer(pattern):
        parts += [re.escape(pattern[end : field.start()]), _field_regex(field[0])]
        end = field.end()
    return re.compile("".join(parts) + re.escape(pattern[end:]))


def _field_regex(field: str) -> str:
    if field in _NAMES:
        return f"({'|'.join(map(re.escape, _NAMES[field]))})"
    return f"([0-9]{{{len(field)}}})" if len(field) > 1 else "([0-9]{1,2})"


@cache
def _known_patterns() -> frozenset[str]:
    return frozenset(PATTERNS)


@cache
def _patterns_by_shape() -> dict[str, list[str]]:
    """Return the patterns by what is left of them without the length of numbers and names."""
    patterns = defaultdict(list)
    for pattern in PATTERNS:
        patterns[_FIELD.sub(_shape_of_field, pattern).replace("0000", "9")].append(pattern)
    return patterns


def _shape_of_field(field: re.Match[str]) -> str:
    if field[0] in _HALVES:
        return "p"
    return "w" if field[0] in _NAMES else "9"


def _shape_of_text(text: str) -> str:
    return _NUMBER.sub("9", _WORD.sub("w", _HALF.sub("p", text)))
