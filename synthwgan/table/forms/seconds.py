"""Durations of a dtype that counts ticks, read as seconds."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

import numpy as np

from synthwgan.table.forms.base import Form

_DIGITS = {Fraction(10**6): 0, Fraction(1000): 3, Fraction(1): 6, Fraction(1, 1000): 9}
# Beyond, floats do not tell neighbours apart.
_EXACT = 2**52


class Seconds(Form):
    """Ticks of a duration, read as seconds.

    The numbers are int64, or float64 where parts of a second are counted. Nothing is written so:
    a dtype says that its cells are durations.

    Parameters
    ----------
    digits : {0, 3, 6, 9}
        A tick is ``10 ** -digits`` seconds.
    n_decimals : int
        Decimals of the seconds, at most `digits`.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.seconds import Seconds
    >>> form = Seconds(digits=9, n_decimals=1)
    >>> form.parse(np.array([1_500_000_000, 1_500_000_001]))
    (array([1.5, 1.5]), array([ True, False]))
    >>> form.write(np.array([1.5])).tolist()
    [1500000000]
    """

    name: ClassVar[str] = "seconds"
    meaning: ClassVar[str] = "numeric"

    def __init__(self, digits: int, n_decimals: int) -> None:
        if digits not in _DIGITS.values() or n_decimals not in range(digits + 1):
            raise ValueError(f"{n_decimals!r} decimals of ticks with {digits!r} are no seconds")
        self.digits = digits
        self.n_decimals: int = n_decimals

    @classmethod
    def find(cls, cells: np.ndarray) -> None:
        return None

    @classmethod
    def of_ticks(cls, ticks: np.ndarray, microseconds: Fraction) -> Seconds | None:
        """Return the form of ticks of some length; None if floats are too coarse for them."""
        digits = _DIGITS.get(microseconds)
        if digits is None or not len(ticks):
            return None
        steps, decimals = ticks, digits
        while decimals and not (steps % 10).any():
            steps, decimals = steps // 10, decimals - 1
        largest = max(abs(int(steps.min())), abs(int(steps.max())))
        return None if decimals and largest > _EXACT else cls(digits, decimals)

    def measure(self) -> tuple[str, Fraction]:
        return "duration", Fraction(10**6)

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        steps, rest = np.divmod(cells.astype(np.int64), 10 ** (self.digits - self.n_decimals))
        return steps / 10.0**self.n_decimals if self.n_decimals else steps, rest == 0

    def write(self, numbers: np.ndarray) -> np.ndarray:
        if self.n_decimals:
            numbers = np.rint(numbers * 10.0**self.n_decimals)
        return numbers.astype(np.int64) * 10 ** (self.digits - self.n_decimals)
