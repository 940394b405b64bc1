"""Moments in digits alone, as text or as whole numbers: ``20210515``, ``20211128053412``."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.calendar import from_ticks, to_ticks, unit_of
from synthwgan.table.forms.chance import are_surely
from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import MIN_SHARE, are_mostly_digits, digits_of, padded

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
        return unit_of(self.pattern)

    @classmethod
    def find(cls, cells: np.ndarray) -> DigitMoments | None:
        forms = [cls(pattern, str(cells.dtype)) for pattern in PATTERNS]
        if cells.dtype == object:
            texts = some_texts(cells)
            forms = [form for form in forms if are_mostly_digits(texts, len(form.pattern))]
        fitting = [form for form in forms if form._holds_for(cells)]
        # Where day and month could be swapped, there is no telling which is meant.
        return fitting[0] if len(fitting) == 1 else None

    def _holds_for(self, cells: np.ndarray) -> bool:
        digits = self._digits(cells)
        return are_surely(digits[digits >= 0], lambda numbers: self._ticks(numbers)[1])

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._ticks(self._digits(cells))

    def _digits(self, cells: np.ndarray) -> np.ndarray:
        return digits_of(cells, len(self.pattern))

    def _ticks(self, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        fields = {
            letter: digits // self._scale(letter) % 10 ** self.pattern.count(letter)
            for letter in dict.fromkeys(self.pattern)
        }
        ticks, exist = to_ticks(fields, self.unit)
        fits = exist & (digits >= 0) & (fields["Y"] >= _FIRST_YEAR)
        fits &= fields["Y"] <= _LAST_YEAR
        return np.where(fits, ticks, 0), fits

    def _scale(self, letter: str) -> int:
        """Return the power of ten by which a field of the pattern counts."""
        return 10 ** (len(self.pattern) - 1 - self.pattern.rindex(letter))

    def write(self, numbers: np.ndarray) -> np.ndarray:
        fields = from_ticks(numbers, self.unit)
        digits = np.zeros(len(numbers), dtype=np.int64)
        for letter in dict.fromkeys(self.pattern):
            digits += fields[letter] * self._scale(letter)
        if self.dtype != "object":
            return digits.astype(self.dtype)
        return padded(digits, len(self.pattern))


class AskedMoments(DigitMoments):
    """Digits that may mean something else, read as moments only if the user says that they are."""

    name: ClassVar[str] = "asked_moments"

    def _holds_for(self, cells: np.ndarray) -> bool:
        return bool(len(cells)) and bool(self.parse(cells)[1].mean() >= MIN_SHARE)
