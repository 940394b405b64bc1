"""Durations in words and letters: ``2 days 03:04:05``, ``2 days``, ``PT1H30M``, ``2h 50m``."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import product
from typing import ClassVar

import numpy as np

from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import ReadForm, fits_most, read_most

_SECONDS = {"D": 86_400, "H": 3600, "M": 60, "S": 1}
_CLOCK = r"\+?([0-9]{1,2}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{6}))?"
_DAYS_AND_CLOCK = re.compile(rf"(?:(-?[0-9]{{1,7}}) days?,? )?{_CLOCK}")
WORDS = ("second", "minute", "hour", "day", "week", "month", "year")
_COUNTED = re.compile(rf"(-?[0-9]{{1,12}}) (?:{'|'.join(WORDS)})s?")
_COUNT = "([0-9]{1,9})"
STYLES = {
    "iso": re.compile(rf"P(?:{_COUNT}D)?(?:T(?:{_COUNT}H)?(?:{_COUNT}M)?(?:{_COUNT}S)?)?"),
    "spaced": re.compile(rf"(?:{_COUNT}d ?)?(?:{_COUNT}h ?)?(?:{_COUNT}m ?)?(?:{_COUNT}s)?"),
    "close": re.compile(rf"(?:{_COUNT}d)?(?:{_COUNT}h)?(?:{_COUNT}m)?(?:{_COUNT}s)?"),
}
_MICROSECONDS = 10**6
_DAY = _SECONDS["D"] * _MICROSECONDS
# A day, two hours, three minutes and four seconds.
_SHOWN = 93_784


class DaysAndClock(ReadForm):
    """Days in words and the time of day: what ``str`` makes of a duration.

    The numbers are microseconds.

    Parameters
    ----------
    style : {"pandas", "python"}
        ``2 days 03:04:05`` and ``0 days 00:10:00``, or ``1 day, 3:04:05`` and ``0:10:00``.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.durations import DaysAndClock
    >>> DaysAndClock("pandas").write(np.array([1_000_000, -1])).tolist()
    ['0 days 00:00:01', '-1 days +23:59:59.999999']
    >>> DaysAndClock("python").write(np.array([86_400_000_000])).tolist()
    ['1 day, 0:00:00']
    """

    name: ClassVar[str] = "days_and_clock"
    meaning: ClassVar[str] = "numeric"

    def __init__(self, style: str) -> None:
        if style not in ("pandas", "python"):
            raise ValueError(f"{style!r} is no style of durations")
        self.style = style

    def measure(self) -> tuple[str, Fraction]:
        return "duration", Fraction(1)

    @property
    def sample(self) -> str:
        return self.text_of(_SHOWN * _MICROSECONDS)

    @classmethod
    def find(cls, cells: np.ndarray) -> DaysAndClock | None:
        texts = some_texts(cells)
        # Without a day in any cell it is a clock, which has a form of its own.
        if not any("day" in text for text in texts):
            return None
        forms = (cls(style) for style in ("pandas", "python"))
        return next((form for form in forms if fits_most(form, texts)), None)

    def read(self, text: str) -> int | None:
        match = _DAYS_AND_CLOCK.fullmatch(text)
        if match is None:
            return None
        days, hours, minutes, seconds, fraction = match.groups()
        of_day = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        return int(days or 0) * _DAY + of_day * _MICROSECONDS + int(fraction or 0)

    def text_of(self, number: int) -> str:
        days, of_day = divmod(number, _DAY)
        seconds, fraction = divmod(of_day, _MICROSECONDS)
        hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
        later = f":{minutes:02d}:{seconds:02d}" + (f".{fraction:06d}" if fraction else "")
        if self.style == "pandas":
            return f"{days} days {'+' if days < 0 else ''}{hours:02d}{later}"
        if not days:
            return f"{hours}{later}"
        return f"{days} day{'' if abs(days) == 1 else 's'}, {hours}{later}"


class Counted(ReadForm):
    """A whole number and a word that is in the singular for one: ``1 day``, ``2 days``.

    The numbers are the counts.

    Parameters
    ----------
    word : str
        One of `WORDS`, in the singular.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.durations import Counted
    >>> Counted("day").write(np.array([1, 2])).tolist()
    ['1 day', '2 days']
    """

    name: ClassVar[str] = "counted"
    meaning: ClassVar[str] = "numeric"

    def __init__(self, word: str) -> None:
        if word not in WORDS:
            raise ValueError(f"{word!r} is nothing that is counted")
        self.word = word

    @property
    def said(self) -> str:
        return self.word

    @property
    def sample(self) -> str:
        return self.text_of(2)

    @classmethod
    def find(cls, cells: np.ndarray) -> Counted | None:
        texts = some_texts(cells)
        words = (word for word in WORDS if any(word in text for text in texts))
        return next((form for form in map(cls, words) if fits_most(form, texts)), None)

    def read(self, text: str) -> int | None:
        match = _COUNTED.fullmatch(text)
        return None if match is None else int(match[1])

    def text_of(self, number: int) -> str:
        return f"{number} {self.word}{'' if abs(number) == 1 else 's'}"


class Components(ReadForm):
    """Days, hours, minutes and seconds with a letter each: ``PT1H30M``, ``2h 50m``, ``1d2h``.

    The numbers are seconds.

    Parameters
    ----------
    style : str
        One of `STYLES`: ``"iso"``, or letters with a space between or none.
    largest : {"D", "H", "M", "S"}
        The largest part; it is not carried on (``PT90M``).
    kept : {"D", "H", "M", "S"} or None
        The smallest part of a form that writes zeros (``P0DT1H0M0S``); None if it leaves them
        out.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.durations import Components
    >>> Components("iso", "H", None).write(np.array([5400, 0])).tolist()
    ['PT1H30M', 'PT0S']
    >>> Components("spaced", "H", "M").write(np.array([7200])).tolist()
    ['2h 0m']
    """

    name: ClassVar[str] = "components"
    meaning: ClassVar[str] = "numeric"

    def __init__(self, style: str, largest: str, kept: str | None) -> None:
        if style not in STYLES or largest not in _SECONDS or kept not in (None, *_SECONDS):
            raise ValueError(f"no duration of style {style!r} from {largest!r} to {kept!r}")
        self.style = style
        self.largest = largest
        self.kept = kept

    def measure(self) -> tuple[str, Fraction]:
        return "duration", Fraction(_MICROSECONDS)

    @property
    def sample(self) -> str:
        return self.text_of(_SHOWN)

    @classmethod
    def find(cls, cells: np.ndarray) -> Components | None:
        texts = some_texts(cells)
        styles = [style for style in STYLES if read_most(STYLES[style].fullmatch, texts)]
        forms = [cls(*how) for how in product(styles, _SECONDS, (None, *_SECONDS))]
        if not forms:
            return None
        best = max(forms, key=lambda form: form.parse(as_cells(texts))[1].sum())
        return best if fits_most(best, texts) else None

    def read(self, text: str) -> int | None:
        match = STYLES[self.style].fullmatch(text)
        if match is None:
            return None
        counts = zip(match.groups(), _SECONDS.values(), strict=True)
        return sum(int(count or 0) * seconds for count, seconds in counts)

    def text_of(self, number: int) -> str:
        parts, rest = {}, number
        letters = list(_SECONDS)
        for letter in letters[letters.index(self.largest) :]:
            count, rest = divmod(rest, _SECONDS[letter])
            is_kept = self.kept is not None and letters.index(letter) <= letters.index(self.kept)
            if count or is_kept:
                parts[letter] = f"{count}{letter}"
        if self.style != "iso":
            between = " " if self.style == "spaced" else ""
            return between.join(parts.values()).lower() or f"0{self.largest.lower()}"
        day = parts.pop("D", "")
        clock = "".join(parts.values()) or ("" if day else "0S")
        return f"P{day}{'T' if clock else ''}{clock}"
