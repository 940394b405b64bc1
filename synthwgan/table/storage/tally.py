"""What a column's encoder is learned from: its distinct cells, and how often each occurs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Tally:
    """The distinct cells of a column with their counts, none of them missing.

    Of a table in memory, and of any column with few distinct cells, it is exact. Of a column with
    more distinct cells than are counted, it has some of them, see `GrowingTally`.

    Parameters
    ----------
    values : ndarray of shape (n_known,)
        Canonical values, sorted, each once.
    counts : ndarray of shape (n_known,), int64
        Rows with each.
    gaps : ndarray of shape (n_known,), int64, optional
        Of numbers, the rows between each value and the one before it whose numbers are not known.
    n_others : int, default 0
        Of text, the rows whose cells are not known.
    n_all : int, optional
        How many distinct cells there are, known or not; by default those known.
    sizes : pair of ndarray, optional
        How many rows share a value, and how many values are shared by so many; by default taken
        from the counts.
    """

    values: np.ndarray
    counts: np.ndarray
    gaps: np.ndarray | None = None
    n_others: int = 0
    n_all: int | None = None
    sizes: tuple[np.ndarray, np.ndarray] | None = None

    @classmethod
    def of(cls, present: np.ndarray) -> Tally:
        """Count cells, none of which is missing."""
        return cls(*count(present))

    @property
    def is_exact(self) -> bool:
        """Whether each cell is counted."""
        return self.gaps is None and not self.n_others

    @cached_property
    def n_rows(self) -> int:
        """How many cells there are."""
        unknown = 0 if self.gaps is None else int(self.gaps.sum())
        return int(self.counts.sum()) + unknown + self.n_others

    @property
    def n_distinct(self) -> int:
        """How many distinct cells there are, estimated if not all are known."""
        return len(self.values) if self.n_all is None else self.n_all

    def shared(self) -> tuple[np.ndarray, np.ndarray]:
        """Return how many rows share a value, and how many values are shared by so many."""
        if self.sizes is not None:
            return self.sizes
        return np.unique(self.counts, return_counts=True)

    def mapped(self, values: np.ndarray) -> Tally:
        """Return the tally of other values, as many: where some are equal they are one.

        Values that are not in order must be those of an exact tally.
        """
        if len(values) > 1 and not (values[1:] > values[:-1]).all():
            order = np.argsort(values, kind="stable")
            values, counts = values[order], self.counts[order]
            is_first = np.append(True, values[1:] != values[:-1])
            starts = np.flatnonzero(is_first)
            gaps = None if self.gaps is None else np.add.reduceat(self.gaps[order], starts)
            merged = Tally(values[is_first], np.add.reduceat(counts, starts), gaps)
            n_lost = len(values) - len(merged.values)
            n_all = None if self.n_all is None else self.n_all - n_lost
            return Tally(merged.values, merged.counts, gaps, self.n_others, n_all)
        return Tally(values, self.counts, self.gaps, self.n_others, self.n_all)

    def where(self, kept: np.ndarray) -> Tally:
        """Return the tally of some of the known values, shape (n_known,), bool."""
        n_all = None if self.n_all is None else self.n_all - int((~kept).sum())
        gaps = None
        if self.gaps is not None:
            # What lies below a value that goes lies below the next one that stays.
            below = np.cumsum(self.gaps)[kept]
            gaps = np.diff(below, prepend=0)
        return Tally(self.values[kept], self.counts[kept], gaps, self.n_others, n_all)

    def repeated(self) -> np.ndarray:
        """Return all cells of an exact tally, sorted."""
        return np.repeat(self.values, self.counts)


def count(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct values, sorted, and how often each occurs, int64."""
    if values.dtype != object:
        return np.unique(values, return_counts=True)
    codes, levels = pd.factorize(values, sort=True)
    return np.asarray(levels, dtype=object), np.bincount(codes, minlength=len(levels))


def add_up(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Return distinct values, sorted, and their counts, of several such."""
    if len(parts) == 1:
        return parts[0]
    values = np.concatenate([values for values, _ in parts])
    counts = np.concatenate([counts for _, counts in parts])
    if values.dtype != object:
        levels, codes = np.unique(values, return_inverse=True)
    else:
        codes, found = pd.factorize(values, sort=True)
        levels = np.asarray(found, dtype=object)
    summed = np.zeros(len(levels), dtype=np.int64)
    np.add.at(summed, codes.reshape(-1), counts)
    return levels, summed
