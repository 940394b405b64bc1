"""Times of day and durations with colons: ``05:34``, ``5:34 PM``, ``4:11``, ``123:45:07.5``."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import ClassVar

import numpy as np

from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import ReadForm, commonest, fits_most, read_most

_CLOCK = re.compile(
    r"(-?)([0-9]{1,9}):([0-5][0-9])(?::([0-5][0-9]))?(?:\.([0-9]{1,6}))?"
    r"( ?(?:[AP]M|[ap]m|[AP]\.M\.|[ap]\.m\.))?"
)
HALVES = tuple(space + half for space in (" ", "") for half in ("AM", "am", "A.M.", "a.m."))
# Two numbers may be hours and minutes or minutes and seconds; three leave no doubt.
TWO_NUMBERS, THREE_NUMBERS = ("clock of two numbers", Fraction(1)), ("duration", Fraction(10**6))
_HALF_A_DAY = {2: 720, 3: 43_200}


class ClockText(ReadForm):
    """Two or three numbers with colons between, the later ones below 60.

    Read as whole steps of the last number or of its decimals: ``05:34`` as 334, whether it
    means hours and minutes or minutes and seconds.

    Parameters
    ----------
    n_fields : {2, 3}
        How many numbers.
    width : int
        Digits of the first number at least; it is padded with zeros.
    decimals : int
        Decimals of the last number.
    half : str or None
        How the morning is written behind a clock of twelve hours: one of `HALVES`.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.clock import ClockText
    >>> form = ClockText.find(np.array(["5:34 PM", "12:05 AM"], dtype=object))
    >>> form.parse(np.array(["5:34 PM", "12:05 AM", "13:00 PM"], dtype=object))
    (array([1054,    5,    0]), array([ True,  True, False]))
    >>> form.write(np.array([1054, 5])).tolist()
    ['5:34 PM', '12:05 AM']
    """

    name: ClassVar[str] = "clock_text"
    meaning: ClassVar[str] = "numeric"

    def __init__(self, n_fields: int, width: int, decimals: int, half: str | None) -> None:
        if n_fields not in (2, 3) or width not in range(1, 7) or decimals not in range(7):
            raise ValueError(f"no clock of {n_fields!r} numbers, {width!r} and {decimals!r} digits")
        if half is not None and half not in HALVES:
            raise ValueError(f"{half!r} is no half of the day")
        self.n_fields = int(n_fields)
        self.width = int(width)
        self.decimals = int(decimals)
        self.half = half

    def measure(self) -> tuple[str, Fraction]:
        sort, unit = TWO_NUMBERS if self.n_fields == 2 else THREE_NUMBERS
        return sort, unit / 10**self.decimals

    @property
    def sample(self) -> str:
        return self.text_of((754 if self.n_fields == 2 else 45_296) * 10**self.decimals)

    @classmethod
    def find(cls, cells: np.ndarray) -> ClockText | None:
        texts = some_texts(cells)
        matches = read_most(_CLOCK.fullmatch, texts)
        if matches is None:
            return None
        form = cls(
            n_fields=commonest(3 if match[4] else 2 for match in matches),
            width=padded_width([match[2] for match in matches]),
            decimals=commonest(len(match[5] or "") for match in matches),
            half=commonest(_morning(match[6]) for match in matches),
        )
        return form if fits_most(form, texts) else None

    def read(self, text: str) -> int | None:
        match = _CLOCK.fullmatch(text)
        if match is None or (match[4] is not None) != (self.n_fields == 3):
            return None
        hours = int(match[2])
        if self.half is not None:
            if not match[6] or not 1 <= hours <= 12:
                return None
            hours = hours % 12 + 12 * ("p" in match[6].lower())
        number = hours * 60 + int(match[3])
        if self.n_fields == 3:
            number = number * 60 + int(match[4])
        number = int(f"{number}{match[5] or ''}")
        return -number if match[1] else number

    def text_of(self, number: int) -> str:
        whole, fraction = divmod(abs(number), 10**self.decimals)
        half = ""
        if self.half is not None:
            half_day = _HALF_A_DAY[self.n_fields]
            half = _afternoon(self.half) if whole // half_day % 2 else self.half
            whole = whole % half_day or half_day
            # The first hour of either half is called twelve.
            whole += half_day * (whole < half_day // 12)
        later = []
        for _ in range(self.n_fields - 1):
            whole, field = divmod(whole, 60)
            later.insert(0, f":{field:02d}")
        decimals = f".{fraction:0{self.decimals}d}" if self.decimals else ""
        sign = "-" if number < 0 else ""
        return f"{sign}{whole:0{self.width}d}{''.join(later)}{decimals}{half}"


def padded_width(numbers: list[str]) -> int:
    """Return to how many digits numbers are padded with zeros, 1 for not at all."""
    padded = [len(number) for number in numbers if number[0] == "0" and len(number) > 1]
    single = sum(len(number) == 1 for number in numbers)
    if single > len(padded):
        return 1
    return commonest(padded) if padded else min(map(len, numbers))


def _morning(half: str | None) -> str | None:
    return None if half is None else half.replace("P", "A").replace("p", "a")


def _afternoon(half: str) -> str:
    return half.replace("A", "P").replace("a", "p")
