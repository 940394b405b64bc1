"""The digits of a number: separators of thousands, the decimal mark, and how many decimals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

MAX_DECIMALS = 15
_MARKS = (".", ",")
# None, comma, point, blank (also the one that does not break and the narrow one), apostrophes.
_THOUSANDS = ("", ",", ".", " ", "\u00a0", "\u202f", "'", "\u2019", "_")
# Longer texts are no numbers that float64 knows; float64 has all numbers of so many digits.
MAX_LENGTH = 40
_N_EXACT = 15


@dataclass(frozen=True)
class Numerals:
    """How the digits of a number that is not negative are written.

    Parameters
    ----------
    mark : {".", ","}
        The decimal mark.
    thousands : str
        What stands between groups of digits, empty for nothing.
    decimals : int or None
        Decimals of a number that is not whole, None for as many as it needs.
    whole_decimals : int
        Decimals of a whole number.
    lakhs : bool
        Whether groups are of two digits but for the last one: 12,34,567.
    bare : bool
        Whether numbers below one are written without a zero: .25.
    """

    mark: str = "."
    thousands: str = ""
    decimals: int | None = None
    whole_decimals: int = 0
    lakhs: bool = False
    bare: bool = False

    def __post_init__(self) -> None:
        counts = (self.whole_decimals, 0 if self.decimals is None else self.decimals)
        are_known = self.mark in _MARKS and self.thousands in _THOUSANDS
        are_known &= self.mark != self.thousands
        if not are_known or not all(isinstance(n, int) and 0 <= n <= MAX_DECIMALS for n in counts):
            raise ValueError(f"no way to write numbers: {asdict(self)}")

    @property
    def are_whole(self) -> bool:
        """Whether only whole numbers are written so."""
        return self.decimals == 0

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """What texts may be written so; of long ones only those that `write` gives back."""
        separator, mark = re.escape(self.thousands), re.escape(self.mark)
        whole = "0|[1-9][0-9]*"
        if self.thousands and self.lakhs:
            groups = f"(?:{separator}[0-9]{{2}})*{separator}[0-9]{{3}}"
            whole = f"0|[1-9][0-9]{{0,2}}|[1-9][0-9]?{groups}"
        elif self.thousands:
            whole = f"0|[1-9][0-9]{{0,2}}(?:{separator}[0-9]{{3}})*"
        if self.decimals is None:
            some = f"{mark}[0-9]*[1-9]"
        else:
            some = f"{mark}[0-9]{{{self.decimals}}}"
        if self.decimals == self.whole_decimals:
            decimals = some if self.decimals else ""
        elif self.whole_decimals:
            decimals = f"(?:{some}|{mark}0{{{self.whole_decimals}}})"
        else:
            decimals = rf"(?!{mark}0+\Z)(?:{some})?"
        return re.compile(f"(?:{whole}|){decimals}" if self.bare else f"(?:{whole}){decimals}")

    def read(self, text: str) -> int | float | None:
        """Return the number of a text, or None if it is written otherwise."""
        if len(text) > MAX_LENGTH or not self._pattern.fullmatch(text):
            return None
        plain = text.replace(self.thousands, "") if self.thousands else text
        if self.are_whole:
            return self._checked(int(plain or "-1"), text)
        return self._checked(float(plain.replace(self.mark, ".") or "-1"), text)

    def _checked(self, number: int | float, text: str) -> int | float | None:
        if len(text) <= _N_EXACT and not self.bare:
            return number
        return number if 0 <= number < 2**63 and self.write(number) == text else None

    def write(self, number: int | float) -> str:
        """Return the text of a number that is not negative."""
        whole, _, decimals = self._digits(number).partition(".")
        if self.bare and decimals and whole == "0":
            whole = ""
        elif self.thousands and len(whole) > 3:
            whole = _in_lakhs(whole) if self.lakhs else f"{int(whole):,}"
            whole = whole.replace(",", self.thousands)
        return whole + self.mark + decimals if decimals else whole

    def _digits(self, number: int | float) -> str:
        if self.decimals == 0:
            return str(round(number))
        if self.decimals is not None:
            number = round(number, self.decimals)
        decimals = self.whole_decimals if number % 1 == 0 else self.decimals
        if decimals is not None:
            return f"{number:.{decimals}f}"
        text = repr(float(number))
        return text if "e" not in text else np.format_float_positional(number, trim="-")

    def to_dict(self) -> dict[str, Any]:
        """Return the numerals as a JSON-able dict."""
        return asdict(self)


def _in_lakhs(digits: str) -> str:
    head, last = digits[:-3], digits[-3:]
    groups = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(groups), last])


def find_numerals(texts: Sequence[str]) -> tuple[Numerals | None, int]:
    """Return the numerals in which most texts are written, and how many are.

    Parameters
    ----------
    texts : sequence of str
        Digits of numbers, without signs and units.
    """
    best, n_best = None, 0
    for numerals in _candidates(texts):
        n_fitting = sum(numerals.read(text) is not None for text in texts)
        if n_fitting > n_best:
            best, n_best = numerals, n_fitting
    return best, n_best


def _candidates(texts: Sequence[str]) -> Iterator[Numerals]:
    """What separators the texts have, and what decimals: the plainer first."""
    found = set("".join(texts)) - set("0123456789")
    for mark in _MARKS:
        for thousands in _THOUSANDS:
            if thousands == mark or (thousands and thousands not in found):
                continue
            decimals = [len(text.rpartition(mark)[2]) for text in texts if mark in text]
            bare = sum(text.startswith(mark) for text in texts) * 2 > _n_below_one(texts, mark)
            for style in _decimal_styles(decimals):
                yield Numerals(mark, thousands, *style, bare=bare)
                if thousands == ",":
                    yield Numerals(mark, thousands, *style, lakhs=True, bare=bare)


def _n_below_one(texts: Sequence[str], mark: str) -> int:
    return sum(text.startswith((mark, "0" + mark)) for text in texts)


def _decimal_styles(decimals: Sequence[int]) -> Iterator[tuple[int | None, int]]:
    """Return decimals, and those of whole numbers, that texts may have."""
    common = Counter(decimals).most_common(1)[0][0] if decimals else 0
    if common <= MAX_DECIMALS:
        yield common, common
    if decimals:
        if common <= MAX_DECIMALS:
            yield common, 0
        yield None, 0
        yield None, 1
