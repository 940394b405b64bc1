"""Numbers to normal scores and back, through their ranks in the fitted column."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from synthwgan.table.checks import Array, check_state, expect
from synthwgan.table.storage.tally import Tally

MAX_KNOTS = 16_384
# A rank this near to a knot is that knot: the resolution that float32 scores leave.
RANK_TOLERANCE = 6e-8
_EDGE = 1e-12
_RANKS = Array(("float64",), low=0.0, strictly=False)
_FIELDS = {
    "knots": Array(("uint64", "float64"), strictly=True),
    "lower": _RANKS,
    "upper": _RANKS,
}


def rank_to_score(ranks: np.ndarray) -> np.ndarray:
    """Return the standard normal quantiles of ranks in [0, 1], all finite."""
    return ndtri(np.clip(ranks, _EDGE, 1 - _EDGE))


def score_to_rank(scores: np.ndarray) -> np.ndarray:
    """Return the ranks in [0, 1] of normal scores."""
    return ndtr(np.asarray(scores, dtype=np.float64))


class RankTransform:
    """The empirical distribution of a column as knots with rank spans.

    Each knot is an observed number; its span is the share of rows below it and up to it.
    Columns whose numbers repeat (twice on average) are *step-like*: the spans cover all
    ranks and only observed numbers come back. In others a number that occurs once is a
    point, and ranks between two points are interpolated.

    Parameters
    ----------
    knots : ndarray of shape (n_knots,), uint64 or float64
        Distinct numbers, increasing.
    lower, upper : ndarray of shape (n_knots,), float64
        First and last rank of each knot.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.columns.quantiles import RankTransform
    >>> ranks = RankTransform.fit(np.array([1.0, 2.0, 2.0, 2.0]))
    >>> ranks.to_ranks(np.array([1.0, 2.0]))
    array([0.125, 0.625])
    >>> ranks.from_ranks(np.array([0.2, 0.3]))
    array([1., 2.])
    """

    def __init__(self, knots: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
        self.knots = knots
        self.lower = lower
        self.upper = upper

    @classmethod
    def fit(cls, numbers: np.ndarray, max_knots: int = MAX_KNOTS) -> RankTransform:
        """Learn the spans of a column of at least one number, uint64 or float64."""
        return cls.from_tally(Tally.of(numbers), max_knots)

    @classmethod
    def from_tally(cls, tally: Tally, max_knots: int = MAX_KNOTS) -> RankTransform:
        """Learn the spans of increasing distinct numbers, of which some may not be known."""
        knots, counts, n_rows = tally.values, tally.counts, tally.n_rows
        last = np.cumsum(counts if tally.gaps is None else counts + tally.gaps)
        inset = 0.0 if n_rows >= 2 * tally.n_distinct else 0.5
        lower = (last - counts + inset) / n_rows
        upper = (last - inset) / n_rows
        if len(knots) > max_knots:
            targets = np.linspace(1, n_rows, max_knots)
            kept = np.unique(np.searchsorted(last, targets))
            knots, lower, upper = knots[kept], lower[kept], upper[kept]
        return cls(knots, lower, upper)

    def to_ranks(self, numbers: np.ndarray, uniform: np.ndarray | None = None) -> np.ndarray:
        """Return the rank of each number.

        Parameters
        ----------
        numbers : ndarray of shape (n,), dtype of the knots
            Numbers outside the knots' range are taken as its nearest end.
        uniform : ndarray of shape (n,), float64, default=None
            Where in its span a number falls, in [0, 1); None takes the middle.

        Returns
        -------
        ranks : ndarray of shape (n,), float64
        """
        numbers = np.clip(numbers, self.knots[0], self.knots[-1])
        right = np.searchsorted(self.knots, numbers)
        width = self.upper - self.lower
        margin = np.minimum(RANK_TOLERANCE, width / 4)
        place = 0.5 if uniform is None else uniform
        ranks = (self.lower + margin)[right] + place * (width - 2 * margin)[right]
        between = np.flatnonzero(self.knots[right] != numbers)
        if len(between):
            ranks[between] = self._rank_between(numbers[between], right[between])
        return ranks

    def _rank_between(self, numbers: np.ndarray, right: np.ndarray) -> np.ndarray:
        start, stop = self.upper[right - 1], self.lower[right]
        part = _fraction(numbers, self.knots[right - 1], self.knots[right])
        return start + part * (stop - start)

    def from_ranks(self, ranks: np.ndarray) -> np.ndarray:
        """Return the number at each rank, shape (n,), in the dtype of the knots."""
        left = np.searchsorted(self.lower - RANK_TOLERANCE / 2, ranks, side="right") - 1
        left = np.maximum(left, 0)
        numbers = self.knots[left]
        beyond = ranks - self.upper[left]
        inside = (beyond > RANK_TOLERANCE) & (left < len(self.knots) - 1)
        between = np.flatnonzero(inside)
        if len(between):
            left = left[between]
            gap = self.lower[left + 1] - self.upper[left]
            part = np.clip(beyond[between] / np.maximum(gap, RANK_TOLERANCE), 0.0, 1.0)
            numbers[between] = _interpolate(self.knots[left], self.knots[left + 1], part)
        return numbers

    @property
    def are_steps(self) -> bool:
        """Whether only knots come back: their spans cover all ranks."""
        gaps = np.diff(
            np.concatenate([[0.0], np.stack([self.lower, self.upper], 1).ravel(), [1.0]])
        )
        return bool((gaps[::2] <= RANK_TOLERANCE).all())

    @property
    def point_share(self) -> float:
        """Share of the rows that a number has beyond its span: one row, unless step-like."""
        return 2.0 * float(self.lower[0])

    def span(self, low: Any, high: Any) -> tuple[tuple[float, float], float] | None:
        """Return the ranks of the numbers from one to another, and their share of the rows.

        Parameters
        ----------
        low, high : number
            In the dtype of the knots and within their range; both are included.

        Returns
        -------
        ranks, share : pair of float, and float; or None
            None if no number is drawn there. The share is known by interpolation in a column with
            more numbers than knots.
        """
        first = int(np.searchsorted(self.knots, low))
        last = int(np.searchsorted(self.knots, high, side="right")) - 1
        if first > last and self._gap(first) <= RANK_TOLERANCE:
            return None
        start = seen_from = self.lower[first]
        stop = seen_to = self.upper[last]
        if low != self.knots[first] and self._gap(first) > RANK_TOLERANCE:
            start = self._rank_between(low, first)
            seen_from = start if self._is_thinned(first) else seen_from
        if high != self.knots[last] and self._gap(last + 1) > RANK_TOLERANCE:
            stop = self._rank_between(high, last + 1)
            seen_to = stop if self._is_thinned(last + 1) else seen_to
        whole = self.point_share if first <= last else 0.0
        # Between two neighbours lie none of the table's rows, though some are drawn there.
        return (float(start), float(stop)), max(float(seen_to - seen_from + whole), 0.0)

    def _gap(self, right: int) -> float:
        """The ranks between a knot and the one left of it, at which `from_ranks` interpolates."""
        return float(self.lower[right] - self.upper[right - 1])

    def _is_thinned(self, right: int) -> bool:
        """Whether the column had numbers between a knot and the one left of it."""
        return self._gap(right) > 1.5 * self.point_share

    def shares(self, numbers: np.ndarray) -> np.ndarray:
        """Return the share of the rows with each number, shape (n,), float64.

        A number between two knots has none.
        """
        place = np.minimum(np.searchsorted(self.knots, numbers), len(self.knots) - 1)
        shares = (self.upper - self.lower)[place] + self.point_share
        return np.where(self.knots[place] == numbers, shares, 0.0)

    def edges(self, n_edges: int) -> np.ndarray:
        """Return scores that part the column into bins of about equal size.

        Parameters
        ----------
        n_edges : int
            How many at most.

        Returns
        -------
        edges : ndarray of shape (at most n_edges,), float64
            Increasing. None lies within the span of a number, where scores are drawn at
            random, but at the nearer of its ends.
        """
        ranks = np.arange(1, n_edges + 1) / (n_edges + 1)
        left = np.maximum(np.searchsorted(self.lower, ranks, side="right") - 1, 0)
        lower, upper = self.lower[left], self.upper[left]
        nearer = np.where(ranks - lower < upper - ranks, lower, upper)
        ranks = np.unique(np.where(ranks < upper, nearer, ranks))
        return rank_to_score(ranks[(ranks > 0) & (ranks < 1)])

    def to_dict(self) -> dict[str, Any]:
        """Return the knots and spans as a dict of arrays."""
        return {"knots": self.knots, "lower": self.lower, "upper": self.upper}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> RankTransform:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no such distribution.
        """
        check_state("a distribution", state, _FIELDS)
        knots, lower, upper = (state[name] for name in _FIELDS)
        one_each = 0 < len(knots) == len(lower) == len(upper)
        expect(one_each, "a distribution needs a first and a last rank for each of its numbers")
        in_order = (lower <= upper).all() and (upper[:-1] <= lower[1:]).all() and upper[-1] <= 1
        expect(in_order, "the ranks of a distribution are not in order")
        return cls(knots, lower, upper)


def _fraction(numbers: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    if numbers.dtype.kind == "f":
        numbers, start, stop = numbers / 2, start / 2, stop / 2
    return (numbers - start).astype(np.float64) / (stop - start).astype(np.float64)


def _interpolate(start: np.ndarray, stop: np.ndarray, part: np.ndarray) -> np.ndarray:
    if start.dtype.kind == "f":
        return np.clip(start * (1 - part) + stop * part, start, stop)
    steps = np.rint((stop - start).astype(np.float64) * part)
    largest = np.nextafter(2.0**64, 0)
    return np.minimum(start + np.minimum(steps, largest).astype(np.uint64), stop)
