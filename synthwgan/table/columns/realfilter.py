"""Keeps what is made anew from being real, without saying what is real."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

MARKED_SHARE = 0.25
_WORD = 64


class RealFilter:
    """Tells "no" or "perhaps" to the question whether a value is a real one.

    Each real value marks one bit, which its salted hash says; random bits are added until a
    quarter is marked. What hits no mark is certainly not real, so it may be used. What hits
    one is seldom real: three or four bits per value cannot tell it from the quarter of all
    other values that hit one too. So whoever has the filter and tries out values learns for
    certain who is not in it, and hardly who is.

    Parameters
    ----------
    words : ndarray of shape (n_words,), uint64
        The bits.
    salt : bytes
        Key of the hash.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.columns.realfilter import RealFilter
    >>> held = RealFilter.of(["ann@x.org", "bob@x.org"], np.random.default_rng(0))
    >>> held.may_hold(["ann@x.org", "bob@x.org"])
    array([ True,  True])
    """

    def __init__(self, words: np.ndarray, salt: bytes) -> None:
        self.words = words
        self.salt = salt
        # With all bits set there would be nothing left to use.
        if not len(words) or self.marked_share > 2 * MARKED_SHARE:
            raise ValueError(
                "a filter of real identifiers must have about a quarter of its bits set"
            )

    @classmethod
    def of(cls, values: Any, rng: np.random.Generator) -> RealFilter:
        """Build the filter of some distinct values."""
        growing = GrowingFilter(len(values), rng)
        growing.mark(growing.places(values))
        return growing.closed()

    @property
    def marked_share(self) -> float:
        """Share of the values that were never in the table and may not be used all the same."""
        return float(self._bits().mean())

    def may_hold(self, values: Any) -> np.ndarray:
        """Whether each value may be real, shape (n,), bool; False is certain."""
        places = _hashes(values, self.salt) % np.uint64(len(self.words) * _WORD)
        words = self.words[(places // np.uint64(_WORD)).astype(np.int64)]
        return (words >> (places % np.uint64(_WORD)) & np.uint64(1)).astype(bool)

    def _bits(self) -> np.ndarray:
        return np.unpackbits(self.words.astype("<u8").view(np.uint8), bitorder="little")


class GrowingFilter:
    """A filter of values that come in parts.

    Parameters
    ----------
    n_values : int
        About how many distinct ones there will be.
    rng : Generator
    """

    def __init__(self, n_values: int, rng: np.random.Generator) -> None:
        self._salt, self._rng = rng.bytes(16), rng
        n_words = max(math.ceil(-n_values / math.log(1 - MARKED_SHARE) / _WORD), 1)
        self._n_bits = n_words * _WORD
        self._marked = np.zeros(self._n_bits, dtype=bool)

    def __getstate__(self) -> dict[str, Any]:
        # A copy in another process says where values are marked, and marks none.
        return {**vars(self), "_marked": None}

    def places(self, values: Any) -> np.ndarray:
        """Return which bits some values mark, shape (n,), uint64."""
        return _hashes(values, self._salt) % np.uint64(self._n_bits)

    def mark(self, places: np.ndarray) -> None:
        """Mark some values by their bits."""
        self._marked[places] = True

    def closed(self) -> RealFilter:
        """Return the filter, filled up with random bits."""
        marked = self._marked
        lacking = math.ceil(MARKED_SHARE * len(marked)) - int(marked.sum())
        if lacking > 0:
            marked[self._rng.choice(np.flatnonzero(~marked), lacking, replace=False)] = True
        words = np.packbits(marked, bitorder="little").view("<u8").astype(np.uint64)
        return RealFilter(words, self._salt)


def _hashes(values: Any, salt: bytes) -> np.ndarray:
    """Return 64-bit BLAKE2b hashes of the values' text, shape (n,), uint64."""
    digests = (
        hashlib.blake2b(
            str(value).encode("utf-8", "surrogatepass"), digest_size=8, key=salt
        ).digest()
        for value in values
    )
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
