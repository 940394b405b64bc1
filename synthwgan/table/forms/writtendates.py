"""Dates as people write them: ``5/1/21 1:14 PM``, ``May 15, 2021``, ``15-May-21``, not padded."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.texts import MIN_SHARE, TextForm, commonest, some_texts

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
_HALVES = (" AM", " am", "AM", "am", " a.m.")
_TIMES = (*_CLOCKS, *(clock + half for clock in _CLOCKS for half in _HALVES))
PATTERNS = (
    *_DATES,
    *_MONTHLY,
    *(date + joint + time for date in _DATES for joint in (" ", ", ", ":") for time in _TIMES),
    *("Day Mon DD hh:mm:ss YYYY", "Day Mon DD hh:mm:ss +0000 YYYY"),
    *(time + joint + date for date in _DATES for joint in (" ", ", ") for time in _TIMES),
)

_FIELD = re.compile("Weekday|Day|Month|MONTH|Mon|MON|YYYY|YY|MM|M|DD|D|hh|h|mm|ss|AM|am|a[.]m[.]")
_WORD = re.compile(r"[A-Za-z]{3,}")
_HALF = re.compile(r"[AP]M|[ap]m|[ap][.]m[.]")
_NUMBER = re.compile("[0-9]+")
_EPOCH = datetime.datetime(1970, 1, 1)
_UNITS = {"s": 1, "m": 60, "D": 86_400}
# Two digits of a year as POSIX has them: 69 to 99 are of the last century.
_PIVOT = 69


class WrittenDate(TextForm):
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
    def sample(self) -> str:
        return self.pattern

    @property
    def unit(self) -> str:
        """Unit of the ticks."""
        fields = _FIELD.findall(self.pattern)
        for field, unit in (("ss", "s"), ("mm", "m"), ("D", "D"), ("DD", "D")):
            if field in fields:
                return unit
        return "M"

    @classmethod
    def find(cls, cells: np.ndarray) -> WrittenDate | None:
        texts = some_texts(cells)
        patterns = _patterns_by_shape().get(commonest(map(_shape_of_text, texts)), [])
        forms = [
            form for form in map(cls, patterns) if form._fits_some(texts[:: 1 + len(texts) // 20])
        ]
        parsed = [(form, *form.parse(as_cells(texts))) for form in forms]
        most = max((fits.sum() for _, _, fits in parsed), default=0)
        if most < MIN_SHARE * len(texts) or not most:
            return None
        best = [(form, ticks) for form, ticks, fits in parsed if fits.sum() == most]
        # Where day and month could be swapped, there is no telling which is meant.
        alike = all(np.array_equal(ticks, best[0][1]) for _, ticks in best)
        return best[0][0] if alike else None

    def _fits_some(self, texts: list[str]) -> bool:
        return any(self.number_of(text) is not None for text in texts)

    def number_of(self, text: str) -> int | None:
        match = _regex(self.pattern).fullmatch(text)
        if match is None:
            return None
        fields = dict(zip(_FIELD.findall(self.pattern), match.groups(), strict=True))
        read: dict[str, int] = {"month": 1, "day": 1}
        for field, written in fields.items():
            name, value = _READERS[field](written)
            read[name] = value
        return self._ticks(read)

    def _ticks(self, read: dict[str, int]) -> int | None:
        half = read.pop("half", None)
        read.pop("weekday", None)
        if half is not None:
            if not 1 <= read["hour"] <= 12:
                return None
            read["hour"] = read["hour"] % 12 + 12 * half
        try:
            stamp = datetime.datetime(**read)
        except ValueError:
            return None
        if self.unit == "M":
            return (stamp.year - 1970) * 12 + stamp.month - 1
        return (stamp - _EPOCH) // datetime.timedelta(seconds=_UNITS[self.unit])

    def text_of(self, number: int) -> str:
        if self.unit == "M":
            stamp = datetime.datetime(1970 + number // 12, number % 12 + 1, 1)
        else:
            stamp = _EPOCH + datetime.timedelta(seconds=number * _UNITS[self.unit])
        halved = "am" in self.pattern.lower() or "a.m." in self.pattern
        return _FIELD.sub(lambda field: _written(stamp, field[0], halved), self.pattern)


def _whole(name: str) -> Callable[[str], tuple[str, int]]:
    return lambda written: (name, int(written))


def _of(name: str, names: tuple[str, ...], first: int) -> Callable[[str], tuple[str, int]]:
    places = {item[:3]: first + place for place, item in enumerate(names)}
    return lambda written: (name, places[written[:3].title()])


_month, _weekday = _of("month", _MONTHS, 1), _of("weekday", _DAYS, 0)
_READERS: dict[str, Callable[[str], tuple[str, int]]] = {
    "YYYY": _whole("year"),
    "YY": lambda written: ("year", int(written) + (1900 if int(written) >= _PIVOT else 2000)),
    **dict.fromkeys(("MM", "M"), _whole("month")),
    **dict.fromkeys(("DD", "D"), _whole("day")),
    **dict.fromkeys(("hh", "h"), _whole("hour")),
    **dict.fromkeys(("Mon", "MON", "Month", "MONTH"), _month),
    **dict.fromkeys(("Day", "Weekday"), _weekday),
    "mm": _whole("minute"),
    "ss": _whole("second"),
    **dict.fromkeys(("AM", "am", "a.m."), lambda written: ("half", int(written[0] in "pP"))),
}


def _written(stamp: datetime.datetime, field: str, halved: bool) -> str:
    hour = (stamp.hour % 12 or 12) if halved else stamp.hour
    month, day = _MONTHS[stamp.month - 1], _DAYS[stamp.weekday()]
    if field in ("AM", "am", "a.m."):
        return field if stamp.hour < 12 else field.replace("A", "P").replace("a", "p")
    written: dict[str, Any] = {
        "YYYY": f"{stamp.year:04d}",
        "YY": f"{stamp.year % 100:02d}",
        "MM": f"{stamp.month:02d}",
        "DD": f"{stamp.day:02d}",
        "hh": f"{hour:02d}",
        "mm": f"{stamp.minute:02d}",
        "ss": f"{stamp.second:02d}",
        "M": stamp.month,
        "D": stamp.day,
        "h": hour,
        "Month": month,
        "MONTH": month.upper(),
        "Mon": month[:3],
        "MON": month[:3].upper(),
        "Weekday": day,
        "Day": day[:3],
    }
    return str(written[field])


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    parts, end = [], 0
    for field in _FIELD.finditer(pattern):
        parts += [re.escape(pattern[end : field.start()]), _field_regex(field[0])]
        end = field.end()
    return re.compile("".join(parts) + re.escape(pattern[end:]))


def _field_regex(field: str) -> str:
    if field in ("Mon", "MON", "Month", "MONTH"):
        names = [name if len(field) > 3 else name[:3] for name in _MONTHS]
        return f"({'|'.join(name.upper() if field.isupper() else name for name in names)})"
    if field in ("Day", "Weekday"):
        return f"({'|'.join(day if len(field) > 3 else day[:3] for day in _DAYS)})"
    if field in ("AM", "am", "a.m."):
        return f"({re.escape(field)}|{re.escape(field.replace('A', 'P').replace('a', 'p'))})"
    return f"([0-9]{{{len(field)}}})" if len(field) > 1 else "([0-9]{1,2})"


@cache
def _known_patterns() -> frozenset[str]:
    return frozenset(PATTERNS)


@cache
def _patterns_by_shape() -> dict[str, list[str]]:
    """Return the patterns by what is left of them without the length of numbers and names."""
    patterns = defaultdict(list)
    for pattern in PATTERNS:
        patterns[_shape_of_pattern(pattern)].append(pattern)
    return patterns


def _shape_of_pattern(pattern: str) -> str:
    return _FIELD.sub(_shape_of_field, pattern).replace("0000", "9")


def _shape_of_field(field: re.Match[str]) -> str:
    if field[0] in ("AM", "am", "a.m."):
        return "p"
    return "w" if len(field[0]) > 2 and field[0] != "YYYY" else "9"


def _shape_of_text(text: str) -> str:
    return _NUMBER.sub("9", _WORD.sub("w", _HALF.sub("p", text)))
