"""Exact discrete Gaussian noise, in whole numbers only.

After Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for Differential Privacy", algorithms
1 to 3, for many draws at once. No float is ever drawn or compared: noise made of floats shows
in its last digits what it was added to (Mironov 2012, "On Significance of the Least Significant
Bits for Differential Privacy").
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Below this standard deviation the variance is a fraction, above it the square of a whole number:
# so all products below fit in 64 bits.
_FINE, _MIDDLE, _MAX = 32, 512, 10**7
_FINE_DENOMINATOR, _MIDDLE_DENOMINATOR = 1024, 16
# A draw so many scales from zero has a chance of e**-2000 to be kept; it is drawn again.
_MAX_SCALES = 64


@dataclass(frozen=True)
class Scale:
    """The variance of the noise, as a fraction.

    Parameters
    ----------
    numerator, denominator : int
        Of the variance.
    """

    numerator: int
    denominator: int = 1

    @classmethod
    def at_least(cls, variance: float) -> Scale:
        """Return the smallest scale that there is with at least this variance.

        Raises
        ------
        ValueError
            If the noise would be larger than any table.
        """
        deviation = math.sqrt(variance)
        if not deviation <= _MAX:
            raise ValueError(
                f"epsilon is so small that the noise on each count would be above {_MAX:,}: "
                "raise epsilon, or give fewer columns"
            )
        if deviation > _MIDDLE:
            return cls(math.ceil(deviation) ** 2)
        denominator = _FINE_DENOMINATOR if deviation <= _FINE else _MIDDLE_DENOMINATOR
        return cls(max(1, math.ceil(variance * denominator)), denominator)

    @property
    def variance(self) -> float:
        """As a float."""
        return self.numerator / self.denominator

    @property
    def deviation(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.variance)


class Bits:
    """Random 64-bit words, by default from the operating system.

    Parameters
    ----------
    seed : int or None
        With one, the words can be made again, and whoever knows it can take the noise away.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._read: Callable[[int], bytes] = os.urandom
        if seed is not None:
            self._read = np.random.default_rng(seed).bytes

    def below(self, bound: int, size: int) -> np.ndarray:
        """Return whole numbers from 0 to below a bound, each equally likely."""
        shift = np.uint64(64 - max(1, (bound - 1).bit_length()))
        drawn = np.empty(size, dtype=np.int64)
        todo = np.arange(size)
        while len(todo):
            words = np.frombuffer(self._read(8 * len(todo)), dtype="<u8") >> shift
            fits = words < np.uint64(bound)
            drawn[todo[fits]] = words[fits].astype(np.int64)
            todo = todo[~fits]
        return drawn


def discrete_gaussian(scale: Scale, size: int, bits: Bits) -> np.ndarray:
    """Return independent draws of the discrete Gaussian around zero.

    Parameters
    ----------
    scale : Scale
        Its variance parameter; the variance itself is at most that.
    size : int
        Number of draws.
    bits : Bits
        Randomness.

    Returns
    -------
    ndarray of shape (size,), int64
    """
    top, bottom = scale.numerator, scale.denominator
    whole = math.isqrt(top)
    # Where the deviation is a large whole number, it is the Laplace's scale, and factors cancel.
    is_whole = bottom == 1 and whole > _MIDDLE
    width = whole if is_whole else math.isqrt(top // bottom) + 1
    drawn = np.empty(size, dtype=np.int64)
    todo = np.arange(size)
    while len(todo):
        proposed = _discrete_laplace(width, len(todo), bits)
        distance = np.abs(proposed)
        if is_whole:
            above, below = (distance - whole) ** 2, 2 * top
        else:
            above = (distance * (width * bottom) - top) ** 2
            below = 2 * top * bottom * width**2
        kept = _bernoulli_exp(above, below, bits)
        drawn[todo[kept]] = proposed[kept]
        todo = todo[~kept]
    return drawn


def _discrete_laplace(width: int, size: int, bits: Bits) -> np.ndarray:
    """Draw the discrete Laplace: chances fall by e for each `width` from zero."""
    drawn = np.empty(size, dtype=np.int64)
    todo = np.arange(size)
    while len(todo):
        rest = bits.below(width, len(todo))
        kept = _bernoulli_small(rest, width, bits)
        runs = np.zeros(len(todo), dtype=np.int64)
        going = np.flatnonzero(kept)
        while len(going):
            going = going[_bernoulli_small(np.ones(len(going), dtype=np.int64), 1, bits)]
            runs[going] += 1
        found = rest + width * runs
        negative = bits.below(2, len(todo)).astype(bool)
        # Zero has one sign only, or it would come twice as often.
        kept &= ~(negative & (found == 0)) & (runs < _MAX_SCALES)
        drawn[todo[kept]] = np.where(negative, -found, found)[kept]
        todo = todo[~kept]
    return drawn


def _bernoulli_exp(above: np.ndarray, below: int, bits: Bits) -> np.ndarray:
    """Return whether events of chance ``exp(-above / below)`` happen."""
    whole, rest = np.divmod(above, below)
    happens = _bernoulli_small(rest, below, bits)
    going = np.flatnonzero(happens & (whole > 0))
    left = whole[going]
    while len(going):
        again = _bernoulli_small(np.ones(len(going), dtype=np.int64), 1, bits)
        happens[going[~again]] = False
        left = left - 1
        keep = again & (left > 0)
        going, left = going[keep], left[keep]
    return happens


def _bernoulli_small(above: np.ndarray, below: int, bits: Bits) -> np.ndarray:
    """Return whether events of chance ``exp(-above / below)`` happen; at most 1 in the exponent.

    The first of a series of events of chance ``above / below / k`` that fails has an odd number
    with just this chance.
    """
    odd = np.ones(len(above), dtype=bool)
    going = np.arange(len(above))
    step = 1
    while len(going):
        going = going[bits.below(below * step, len(going)) < above[going]]
        step += 1
        odd[going] = step % 2 == 1
    return odd
