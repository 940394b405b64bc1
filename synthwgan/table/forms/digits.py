"""Moments in digits alone, as text or as whole numbers: ``20210515``, ``20211128053412``."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.chance import are_surely
from synthwgan.table.forms.texts import MIN_SHARE, digits_of, padded

PATTERNS = (
    "YYYYMMDDhhmmss",
    "YYYYMMDDhhmm",
    "YYYYMMDDhh",
    "YYYYMMDD",
    "DDMMYYYY",
    "MMDDYYYY",
    "YYYYMM",
)
# Plain numbers lie everywhere; years of records lie here.
_FIRST_YEAR, _LAST_YEAR = 1800, 2199
_PER_DAY = {"s": 86_400, "m": 1_440, "h": 24, "D": 1}
# uint64 numbers above this are no moments, and would overflow int64.
_LARGEST = 10**14


class DigitMoments(Form):
    """Digits of a fixed pattern of year, month, day, hour, minute and second.

    As whole numbers, ``DDMMYYYY`` is padded with zeros when read: 1012018 is 01.01.2018.

    Parameters
    ----------
    pattern : str
        One of `PATTERNS`.
    dtype : {"int64", "uint64", "object"}
        Of the cells; object for text, which has as many digits as the pattern.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.digits import DigitMoments
    >>> form = DigitMoments("YYYYMMDD", "int64")
    >>> form.parse(np.array([20210515, 20210532]))
    (array([18762,     0]), array([ True, False]))
    >>> form.write(np.array([18762]))
    array([20210515])
    """

    name: ClassVar[str] = "digit_moments"
    meaning: ClassVar[str] = "datetime"

    def __init__(self, pattern: str, dtype: str) -> None:
        if pattern not in PATTERNS or dtype not in ("int64", "uint64", "object"):
            raise ValueError(f"no moments in digits: {pattern!r}, {dtype!r}")
        self.pattern = pattern
        self.dtype = dtype

    @property
    def unit(self) -> str:
        """Unit of the ticks."""
        return next(letter for letter in "smhDM" if letter in self.pattern)

    @classmethod
    def find(cls, cells: np.ndarray) -> DigitMoments | None:
        forms = [cls(pattern, str(cells.dtype)) for pattern in PATTERNS]
        fitting = [form for form in forms if form._holds_for(cells)]
        # Where day and month could be swapped, there is no telling which is meant.
        return fitting[0] if len(fitting) == 1 else None

    def _holds_for(self, cells: np.ndarray) -> bool:
        digits = self._digits(cells)
        if cells.dtype == object:
            are_digits = digits >= 0
            if not len(cells) or are_digits.mean() < MIN_SHARE:
                return False
            digits = digits[are_digits]
        return are_surely(np.unique(digits), lambda numbers: self._ticks(numbers)[1])

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._ticks(self._digits(cells))

    def _digits(self, cells: np.ndarray) -> np.ndarray:
        """Return cells as int64, -1 where a cell cannot be of this form."""
        if cells.dtype != object:
            return np.where(cells < _LARGEST, cells, -1).astype(np.int64)
        return digits_of(cells, len(self.pattern))

    def _ticks(self, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        year, month, day, hour, minute, second = (
            self._field(digits, letter) for letter in "YMDhms"
        )
        fits = (digits >= 0) & (digits < 10 ** len(self.pattern))
        fits &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)
        fits &= (hour < 24) & (minute < 60) & (second < 60)
        months = np.where(fits, (year - 1970) * 12 + month - 1, 0)
        first, end = _first_day(months), _first_day(months + 1)
        fits &= (day >= 1) & (day <= end - first)
        if self.unit == "M":
            return np.where(fits, months, 0), fits
        seconds = (first + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
        return np.where(fits, seconds // (86_400 // _PER_DAY[self.unit]), 0), fits

    def _field(self, digits: np.ndarray, letter: str) -> np.ndarray:
        if letter not in self.pattern:
            return np.full(len(digits), letter == "D", dtype=np.int64)
        return digits // self._scale(letter) % 10 ** self.pattern.count(letter)

    def _scale(self, letter: str) -> int:
        """Return the power of ten by which a field of the pattern counts."""
        return 10 ** (len(self.pattern) - 1 - self.pattern.rindex(letter))

    def write(self, numbers: np.ndarray) -> np.ndarray:
        stamps = numbers.astype(np.int64).view(f"M8[{self.unit}]")
        months, days = stamps.astype("M8[M]"), stamps.astype("M8[D]")
        seconds = (stamps.astype("M8[s]") - days.astype("M8[s]")).astype(np.int64)
        fields = {
            "Y": months.astype("M8[Y]").astype(np.int64) + 1970,
            "M": months.astype(np.int64) % 12 + 1,
            "D": (days - months.astype("M8[D]")).astype(np.int64) + 1,
            "h": seconds // 3600,
            "m": seconds // 60 % 60,
            "s": seconds % 60,
        }
        digits = np.zeros(len(numbers), dtype=np.int64)
        for letter in dict.fromkeys(self.pattern):
            digits += fields[letter] * self._scale(letter)
        if self.dtype != "object":
            return digits.astype(self.dtype)
        return padded(digits, len(self.pattern))


def _first_day(months: np.ndarray) -> np.ndarray:
    """Return the first day of months, both counted from 1970."""
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64)
