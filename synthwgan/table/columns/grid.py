"""The grid that nearly all of a column's numbers lie on: a step, an offset and decimals."""

from __future__ import annotations

from typing import Any

import numpy as np

from synthwgan.parameters import Number
from synthwgan.table.checks import check_state, expect, optional
from synthwgan.table.storage.tally import Tally

MAX_DECIMALS = 12
_EXACT = 2**53
# One cell of float noise must not decide the decimals of all. A grid needs this share of the
# cells and also of the distinct numbers (else, in a column of mostly zeros, all amounts would be
# exceptions to it). With fewer distinct numbers than the second figure, all must be on the grid.
_ON_GRID, _MIN_DISTINCT = 0.99, 50
# How often a step is guessed, and from how many numbers each time.
_GUESSES, _GUESSED_FROM = 15, 12
_FIELDS = {
    "low": Number(-(2**63), 2**64 - 1, integer=True),
    "high": Number(-(2**63), 2**64 - 1, integer=True),
    "step": Number(0, 2**64 - 1, integer=True),
    "decimals": optional(Number(0, MAX_DECIMALS, integer=True)),
}


class Grid:
    """Numbers as steps above the column's minimum.

    Integers become ``(number - offset) / step`` in uint64, whatever their width or sign.
    Floats with few decimals are integer multiples of a power of ten and treated likewise.
    Other floats have no grid (``step`` is 0) and stay float64. At most one in a hundred
    numbers may be off the grid, see `holds`.

    Parameters
    ----------
    low, high : int
        Smallest and largest number in units of ``10 ** -decimals``; 0 without a grid.
    step : int
        Greatest common divisor of the differences, or 0 for no grid.
    decimals : int or None
        Decimals of a column of floats, None for integers.
    """

    def __init__(self, low: int, high: int, step: int, decimals: int | None = None) -> None:
        self.low = low
        self.high = high
        self.step = step
        self.decimals = decimals

    @classmethod
    def fit(cls, numbers: np.ndarray, float_type: Any = np.float64) -> Grid:
        """Find the grid of at least one number.

        Parameters
        ----------
        numbers : ndarray of shape (n,), int64, uint64 or float64
            The column's numbers, none missing or infinite.
        float_type : numpy float type, default=float64
            Precision that the floats had in the table.
        """
        return cls.of_tally(Tally.of(numbers), float_type)

    @classmethod
    def of_tally(cls, tally: Tally, float_type: Any = np.float64) -> Grid:
        """Find the grid of distinct numbers with their counts."""
        distinct, counts = tally.values, tally.counts
        if distinct.dtype.kind in "iu":
            return cls._of_integers(distinct, counts, None)
        for decimals in range(MAX_DECIMALS + 1):
            # A sample of the numbers is enough to rule out most counts of decimals.
            head = _have_decimals(distinct[:: len(distinct) // 1000 + 1], decimals, float_type)
            if head.mean() < 1 - 3 * (1 - _ON_GRID):
                continue
            on_grid = _have_decimals(distinct, decimals, float_type)
            if _are_nearly_all(on_grid, counts):
                scaled = _scale(distinct[on_grid], decimals)
                return cls._of_integers(scaled, counts[on_grid], decimals)
        return cls(0, 0, 0)

    @classmethod
    def _of_integers(cls, distinct: np.ndarray, counts: np.ndarray, decimals: int | None) -> Grid:
        low, high = int(distinct[0]), int(distinct[-1])
        step = int(np.gcd.reduce(_above(distinct, low))) if high > low else 1
        wider, start = _guess_step(distinct)
        if wider > step:
            rest = _above(distinct, low) % np.uint64(wider)
            on_grid = rest == _above(start, low) % np.uint64(wider)
            if _are_nearly_all(on_grid, counts):
                low, high = (int(number) for number in distinct[on_grid][[0, -1]])
                step = wider
        return cls(low, high, step, decimals)

    def holds(self, numbers: np.ndarray, float_type: Any = np.float64) -> np.ndarray:
        """Whether each number lies on the grid, shape (n,), bool."""
        if self.step == 0:
            return np.ones(len(numbers), dtype=bool)
        back = self.from_keys(self.to_keys(numbers))
        return back.astype(float_type if numbers.dtype.kind == "f" else numbers.dtype) == numbers

    def to_keys(self, numbers: np.ndarray) -> np.ndarray:
        """Return the steps above the minimum, uint64, of numbers clipped and rounded to the grid.

        Without a grid the numbers come back as they are, float64.
        """
        if self.step == 0:
            return numbers.astype(np.float64, copy=False)
        if self.decimals is not None:
            with np.errstate(over="ignore"):
                scaled = np.clip(numbers * 10.0**self.decimals, self.low, self.high)
            numbers = np.rint(scaled).astype(np.int64)
        low, high = (np.asarray(bound).astype(numbers.dtype) for bound in (self.low, self.high))
        steps, rest = np.divmod(_above(np.clip(numbers, low, high), self.low), np.uint64(self.step))
        return steps + (rest > np.uint64(self.step // 2))

    def from_keys(self, keys: np.ndarray) -> np.ndarray:
        """Return the numbers of keys: int64, uint64 (beyond 2**63) or float64."""
        if self.step == 0:
            return keys
        shifted = keys * np.uint64(self.step) + np.uint64(self.low % 2**64)
        numbers = shifted if self.high >= 2**63 else shifted.view(np.int64)
        return numbers if self.decimals is None else numbers / 10.0**self.decimals

    def to_dict(self) -> dict[str, Any]:
        """Return the grid as a JSON-able dict."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Grid:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no such grid.
        """
        check_state("a grid", state, _FIELDS)
        low, high, step, decimals = (state[name] for name in _FIELDS)
        largest = _EXACT if decimals is not None else 2**64 if low >= 0 else 2**63
        in_order = low <= high < largest and (decimals is None or low > -largest)
        expect(
            in_order and (step or low == high == 0), "a grid's ends and step do not fit together"
        )
        return cls(low, high, step, decimals)

    def holds_keys(self, keys: np.ndarray) -> bool:
        """Whether keys are of the grid's dtype and name numbers that do not exceed its end."""
        if not self.step:
            return keys.dtype == np.float64
        largest = int(keys.max()) if len(keys) else 0
        return keys.dtype == np.uint64 and self.low + largest * self.step <= self.high


def _above(numbers: np.ndarray, low: int) -> np.ndarray:
    """Return ``numbers - low`` in uint64, right for any int64 or uint64."""
    return numbers.astype(np.uint64) - np.uint64(low % 2**64)


def _scale(numbers: np.ndarray, decimals: int) -> np.ndarray:
    return np.rint(numbers * 10.0**decimals).astype(np.int64)


def _have_decimals(numbers: np.ndarray, decimals: int, float_type: Any) -> np.ndarray:
    with np.errstate(over="ignore"):
        scaled = np.rint(numbers * 10.0**decimals)
    back = (scaled / 10.0**decimals).astype(float_type)
    return (back == numbers) & (np.abs(scaled) < _EXACT)


def _are_nearly_all(on_grid: np.ndarray, counts: np.ndarray) -> bool:
    """Whether distinct numbers off the grid, with their counts, are exceptions."""
    if on_grid.all():
        return True
    n_distinct = len(on_grid)
    allowed = max(1, int((1 - _ON_GRID) * n_distinct)) if n_distinct >= _MIN_DISTINCT else 0
    n_off = n_distinct - int(on_grid.sum())
    return n_off <= allowed and counts[on_grid].sum() >= _ON_GRID * counts.sum()


def _guess_step(distinct: np.ndarray) -> tuple[int, Any]:
    """Return the commonest step of a few numbers at a time, and a number on that grid.

    Exceptions are in few of the samples only.
    """
    if len(distinct) < _MIN_DISTINCT:
        return 1, distinct[0]
    rng = np.random.default_rng(0)
    steps: dict[int, list[Any]] = {}
    for _ in range(_GUESSES):
        some = np.sort(distinct[rng.integers(len(distinct), size=_GUESSED_FROM)])
        step = int(np.gcd.reduce(_above(some[1:], int(some[0]))))
        steps.setdefault(step, []).append(some[0])
    common = max(steps, key=lambda step: len(steps[step]))
    return common, steps[common][0]
