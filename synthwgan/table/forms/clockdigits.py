"""Times of day as whole numbers or digits: 517 is 5:17, 51712 is 5:17:12."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

import numpy as np

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.chance import are_surely
from synthwgan.table.forms.clock import THREE_NUMBERS, TWO_NUMBERS
from synthwgan.table.forms.textform import some_texts
from synthwgan.table.forms.texts import are_mostly_digits, digits_of, padded

# Minutes of a day and seconds of a day, by how many fields of two digits there are.
_PER_DAY = {2: 1_440, 3: 86_400}
_MIN_HOURS = 4


class ClockDigits(Form):
    """Hours, minutes and perhaps seconds, as the digits of one number.

    The numbers are minutes or seconds since midnight; 2400 is the end of the day.

    Parameters
    ----------
    n_fields : {2, 3}
        2 for ``HHMM``, 3 for ``HHMMSS``.
    dtype : {"int64", "uint64", "object"}
        Of the cells; object for text of four or six digits.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.clockdigits import ClockDigits
    >>> form = ClockDigits(2, "int64")
    >>> form.parse(np.array([517, 560]))
    (array([317,   0]), array([ True, False]))
    >>> form.write(np.array([317]))
    array([517])
    """

    name: ClassVar[str] = "clock_digits"
    meaning: ClassVar[str] = "numeric"

    def __init__(self, n_fields: int, dtype: str) -> None:
        if n_fields not in _PER_DAY or dtype not in ("int64", "uint64", "object"):
            raise ValueError(f"no clock in digits: {n_fields!r}, {dtype!r}")
        self.n_fields = int(n_fields)
        self.dtype = dtype

    def measure(self) -> tuple[str, Fraction]:
        return TWO_NUMBERS if self.n_fields == 2 else THREE_NUMBERS

    @property
    def sample(self) -> str:
        return "HHMM" if self.n_fields == 2 else "HHMMSS"

    @classmethod
    def find(cls, cells: np.ndarray) -> ClockDigits | None:
        forms = [cls(n_fields, str(cells.dtype)) for n_fields in _PER_DAY]
        if cells.dtype == object:
            texts = some_texts(cells)
            forms = [form for form in forms if are_mostly_digits(texts, 2 * form.n_fields)]
        return next((form for form in forms if form._holds_for(cells)), None)

    def _holds_for(self, cells: np.ndarray) -> bool:
        # Small numbers fit whatever they are; only those with an hour tell.
        hour = 100 ** (self.n_fields - 1)
        digits = self._digits(cells)
        telling = digits[digits >= hour]
        if not are_surely(telling, lambda some: self._times(some)[1]):
            return False
        return len(np.unique(telling // hour)) >= _MIN_HOURS

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._times(self._digits(cells))

    def _digits(self, cells: np.ndarray) -> np.ndarray:
        return digits_of(cells, 2 * self.n_fields)

    def _times(self, digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        times, fits = np.zeros(len(digits), dtype=np.int64), digits >= 0
        for place in range(self.n_fields):
            field = digits // 100 ** (self.n_fields - 1 - place)
            if place:
                field = field % 100
                fits &= field < 60
            times = times * 60 + field
        fits &= times <= _PER_DAY[self.n_fields]
        return np.where(fits, times, 0), fits

    def write(self, numbers: np.ndarray) -> np.ndarray:
        rest, digits = numbers.astype(np.int64), np.zeros(len(numbers), dtype=np.int64)
        for place in range(self.n_fields - 1):
            digits += rest % 60 * 100**place
            rest = rest // 60
        digits += rest * 100 ** (self.n_fields - 1)
        if self.dtype != "object":
            return digits.astype(self.dtype)
        return padded(digits, 2 * self.n_fields)
