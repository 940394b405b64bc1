"""Tallies of columns that are read in batches: exact as long as they are small, then sketched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.parameters import required
from synthwgan.table.storage.tally import Tally, add_up, count

# So many distinct cells of a column are counted, each of them.
MAX_DISTINCT = 2**18
# Beyond: cells that are counted as frequent, and those whose hashes are smallest.
N_FREQUENT, N_HASHED = 2**16, 2**14
# The smallest and the largest distinct numbers, which stay exact.
N_ENDS = 2**10
# Numbers of a level of the sketch of quantiles, and the quantiles that are taken from it.
LEVEL_SIZE, N_QUANTILES = 2**16, 2**16
# A frequent number is one whose count is known to a twentieth.
MIN_OVER_ERROR = 20

Counts = tuple[np.ndarray, np.ndarray]


class GrowingTally:
    """Counts the cells of a column, batch by batch, in bounded memory.

    Up to `MAX_DISTINCT` distinct cells it is exact, and so is what is learned from it. Beyond, it
    keeps summaries that can be merged: quantiles of numbers, see `Quantiles`; the frequent cells
    (Misra and Gries 1982, merged as in Agarwal et al. 2012, "Mergeable Summaries"); cells sampled
    by their hashes, each with all its rows, which tell how many there are and how often they are
    repeated; and the outermost numbers. Nothing of it is random: the same table gives the same.
    """

    def __init__(self) -> None:
        self._parts: list[Counts] = []
        self._n_waiting, self._sketch = 0, None
        self._dtype: Any = None

    def add(self, present: np.ndarray) -> None:
        """Count more cells, none of which is missing."""
        if len(present):
            self._add(*count(present))

    def add_counted(self, values: np.ndarray, counts: np.ndarray) -> None:
        """Count more cells, each of which is there as often as is said."""
        if len(values):
            order = np.argsort(values)
            self._add(values[order], counts[order])

    def _add(self, values: np.ndarray, counts: np.ndarray) -> None:
        self._dtype = _common(self._dtype, values.dtype)
        if self._sketch is not None:
            self._sketch.add(values, counts)
            return
        self._parts.append((values, counts))
        self._n_waiting += len(values)
        if self._n_waiting > 2 * MAX_DISTINCT:
            self._merge()

    def _merge(self) -> None:
        if not self._parts:
            return
        cast = [(values.astype(self._dtype, copy=False), counts) for values, counts in self._parts]
        self._parts = [add_up(cast)]
        values, counts = self._parts[0]
        self._n_waiting = len(values)
        if len(values) > MAX_DISTINCT:
            self._sketch = _Sketch(values.dtype)
            self._sketch.add(values, counts)
            self._parts = []

    def merge(self, other: GrowingTally) -> None:
        """Count the cells that another one has counted, which stays as it is."""
        if other._sketch is None:
            for values, counts in other._parts:
                self._add(values, counts)
            return
        self._dtype = _common(self._dtype, other._dtype)
        if self._sketch is None:
            self._sketch = _Sketch(self._dtype)
            for values, counts in self._parts:
                self._sketch.add(values, counts)
            self._parts, self._n_waiting = [], 0
        self._sketch.merge(other._sketch)

    def result(self) -> Tally:
        """Return what is known of all cells."""
        if self._sketch is None:
            self._merge()
        if self._sketch is not None:
            return self._sketch.result()
        if not self._parts:
            return Tally(np.empty(0), np.empty(0, dtype=np.int64))
        return Tally(*self._parts[0])


def _common(known: Any, new: np.dtype) -> np.dtype:
    """Return the type of the counted values, where whole numbers turn out to be floats."""
    if known is None or known == new:
        return new
    if {known.kind, new.kind} <= set("iuf"):
        return np.result_type(known, new)
    raise TypeError(f"holds {new} in a later batch and {known} before: give all batches one dtype")


class Quantiles:
    """The quantiles of numbers that come in parts.

    Each level holds numbers that stand for twice as many rows as those of the level below. A full
    one is sorted, and every other number goes up, in turn from the first and from the second
    (Manku, Rajagopalan and Lindsay 1998, "Approximate Medians and other Quantiles in One Pass and
    with Limited Memory"). Of 10**8 rows, ranks are right to some 0.00002. The quantiles of
    ``datasketches`` draw from a generator that cannot be seeded, so that two fits would differ.

    Parameters
    ----------
    dtype : numpy dtype
        Of the numbers, which stay as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.storage.sketch import Quantiles
    >>> quantiles = Quantiles(np.dtype(np.int64))
    >>> quantiles.add(np.arange(10), np.ones(10, dtype=np.int64))
    >>> quantiles.at_even_ranks(5)
    array([0, 2, 4, 6, 8])
    """

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype = dtype
        self._levels: list[list[np.ndarray]] = []
        self._starts: list[int] = []

    def add(self, values: np.ndarray, counts: np.ndarray) -> None:
        """Add distinct numbers, and how often each occurs."""
        for level in range(int(counts.max(initial=0)).bit_length()):
            self._put(level, values[(counts >> level) & 1 == 1])

    def _put(self, level: int, values: np.ndarray) -> None:
        while len(self._levels) <= level:
            self._levels.append([])
            self._starts.append(0)
        self._levels[level].append(values)
        if sum(map(len, self._levels[level])) < 2 * LEVEL_SIZE:
            return
        held = np.sort(np.concatenate(self._levels[level]))
        # Of an odd number, the largest waits for the next time.
        n_even = len(held) // 2 * 2
        self._levels[level] = [held[n_even:]]
        start = self._starts[level]
        self._starts[level] = 1 - start
        self._put(level + 1, held[start:n_even:2])

    def merge(self, other: Quantiles) -> None:
        """Add the numbers of another one, each for as many rows as there."""
        for level, parts in enumerate(other._levels):
            if parts:
                self._put(level, np.concatenate(parts).astype(self.dtype, copy=False))

    def at_even_ranks(self, n: int) -> np.ndarray:
        """Return the numbers at the middles of `n` equal parts of all rows."""
        weights = [
            np.full(sum(map(len, parts)), 2**level, dtype=np.int64)
            for level, parts in enumerate(self._levels)
        ]
        values = np.concatenate([part for parts in self._levels for part in parts])
        order = np.argsort(values, kind="stable")
        ends = np.cumsum(np.concatenate(weights)[order])
        ranks = (np.arange(n) + 0.5) / n * ends[-1]
        return values[order][np.searchsorted(ends, ranks)]


class _Sketch:
    """Summaries of a column of many distinct cells."""

    def __init__(self, dtype: np.dtype) -> None:
        self.dtype, self.n_rows, self.n_lost = dtype, 0, 0
        self.are_numbers = dtype.kind != "O"
        none = np.empty(0, dtype=dtype), np.empty(0, dtype=np.int64)
        self.frequent: Counts = none
        self.hashed: Counts = none
        self.lowest: Counts = none
        self.highest: Counts = none
        self.largest_hash = np.uint64(2**64 - 1)
        self.quantiles = Quantiles(dtype) if self.are_numbers else None

    def add(self, values: np.ndarray, counts: np.ndarray) -> None:
        values = values.astype(self.dtype, copy=False)
        self.n_rows += int(counts.sum())
        self._add_frequent(values, counts)
        self._add_hashed(values, counts)
        if self.quantiles is not None:
            self.quantiles.add(values, counts)
            self._add_ends((values, counts), (values, counts))

    def merge(self, other: _Sketch) -> None:
        self.n_rows += other.n_rows
        self.n_lost += other.n_lost
        self._add_frequent(*self._cast(other.frequent))
        self.largest_hash = min(self.largest_hash, other.largest_hash)
        own, self.hashed = self.hashed, (self.hashed[0][:0], self.hashed[1][:0])
        for hashed in (own, self._cast(other.hashed)):
            self._add_hashed(*hashed)
        if self.quantiles is not None:
            self.quantiles.merge(required(other.quantiles))
            self._add_ends(self._cast(other.lowest), self._cast(other.highest))

    def _cast(self, counts: Counts) -> Counts:
        return counts[0].astype(self.dtype, copy=False), counts[1]

    def _add_ends(self, lowest: Counts, highest: Counts) -> None:
        low = add_up([self.lowest, (lowest[0][:N_ENDS], lowest[1][:N_ENDS])])
        self.lowest = low[0][:N_ENDS], low[1][:N_ENDS]
        high = add_up([self.highest, (highest[0][-N_ENDS:], highest[1][-N_ENDS:])])
        self.highest = high[0][-N_ENDS:], high[1][-N_ENDS:]

    def _add_frequent(self, values: np.ndarray, counts: np.ndarray) -> None:
        merged, summed = add_up([self.frequent, (values, counts)])
        if len(merged) > N_FREQUENT:
            beyond = int(np.partition(summed, -N_FREQUENT - 1)[-N_FREQUENT - 1])
            kept = summed > beyond
            merged, summed = merged[kept], summed[kept] - beyond
            self.n_lost += beyond
        self.frequent = merged, summed

    def _add_hashed(self, values: np.ndarray, counts: np.ndarray) -> None:
        near = pd.util.hash_array(values, categorize=False) <= self.largest_hash
        merged, summed = add_up([self.hashed, (values[near], counts[near])])
        if len(merged) > N_HASHED:
            hashes = pd.util.hash_array(merged, categorize=False)
            self.largest_hash = np.partition(hashes, N_HASHED - 1)[N_HASHED - 1]
            kept = hashes <= self.largest_hash
            merged, summed = merged[kept], summed[kept]
        self.hashed = merged, summed

    @property
    def n_distinct(self) -> int:
        """Number of distinct cells, estimated: the known ones have this share of all hashes."""
        share = float(self.largest_hash) / 2.0**64
        return round(len(self.hashed[0]) / share)

    def result(self) -> Tally:
        sizes, repeats = np.unique(self.hashed[1], return_counts=True)
        repeats = np.maximum(np.rint(repeats * (self.n_distinct / repeats.sum())), 1)
        shared = sizes, repeats.astype(np.int64)
        values, counts = self.frequent
        if not self.are_numbers:
            known, own = self.hashed
            others = ~np.isin(values, known)
            values, counts = add_up([(values[others], counts[others]), (known, own)])
            n_others = self.n_rows - int(counts.sum())
            return Tally(values, counts, None, n_others, self.n_distinct, shared)
        certain = counts > MIN_OVER_ERROR * self.n_lost
        return self._numbers((values[certain], counts[certain]), shared)

    def _numbers(self, frequent: Counts, shared: tuple[np.ndarray, np.ndarray]) -> Tally:
        """Known numbers: the outermost, the frequent and the quantiles, with gaps between."""
        at = required(self.quantiles).at_even_ranks(N_QUANTILES)
        known = np.unique(np.concatenate([self.lowest[0], self.highest[0], frequent[0], at]))
        usual = max(1, round(self.n_rows / self.n_distinct))
        counts = np.full(len(known), usual, dtype=np.int64)
        for values, own in (frequent, self.lowest, self.highest):
            counts[np.searchsorted(known, values)] = own
        # Ranks by the quantiles, but at the ends by counting.
        below = np.searchsorted(at, known) * (self.n_rows / N_QUANTILES)
        of_low, of_high = self.lowest[1], self.highest[1]
        below[: len(of_low)] = np.cumsum(of_low) - of_low
        below[len(below) - len(of_high) :] = self.n_rows - np.cumsum(of_high[::-1])[::-1]
        before = np.cumsum(counts) - counts
        unknown = np.maximum.accumulate(np.maximum(np.rint(below - before), 0)).astype(np.int64)
        gaps = np.diff(unknown, prepend=0)
        return Tally(known, counts, gaps, 0, self.n_distinct, shared)
