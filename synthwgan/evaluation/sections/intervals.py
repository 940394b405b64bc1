"""How far a figure would move with another draw of rows: bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

N_REPEATS = 100
LEVEL = 0.95
_NORMAL = 1.96


def interval_of(values: Sequence[float] | np.ndarray) -> tuple[float, float] | None:
    """Return the 95 % percentile interval of repeats, or None if there are not two finite ones.

    Parameters
    ----------
    values : sequence of floats
        The figure, once per repeat.

    Returns
    -------
    tuple of two floats or None

    References
    ----------
    Efron and Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall 1993, chapter 13.

    Examples
    --------
    >>> from synthwgan.evaluation.sections.intervals import interval_of
    >>> interval_of(range(101))
    (2.5, 97.5)
    """
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if len(finite) < 2:
        return None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return round(float(low), 12), round(float(high), 12)


def bootstrap(
    statistic: Callable[[np.ndarray], float],
    n_rows: int,
    rng: np.random.Generator,
    n_repeats: int = N_REPEATS,
    groups: np.ndarray | None = None,
) -> tuple[float, float] | None:
    """Return the 95 % interval of a statistic over resampled rows.

    Parameters
    ----------
    statistic : callable
        Takes how often each row is drawn, shape (n_rows,), and returns the figure.
    n_rows : int
        Number of rows.
    rng : Generator
        Draws the rows.
    n_repeats : int, default 100
        Number of resamples.
    groups : ndarray of shape (n_rows,) or None, default None
        A group for each row. As many rows of each are drawn as there are, for figures that need
        all groups, such as classes.

    Returns
    -------
    tuple of two floats or None
    """
    parts = [np.arange(n_rows)]
    if groups is not None:
        parts = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    drawn = (
        np.concatenate([rng.choice(part, size=len(part)) for part in parts])
        for _ in range(n_repeats)
    )
    return interval_of([statistic(np.bincount(rows, minlength=n_rows)) for rows in drawn])


def normal_interval(value: float, deviation: float) -> tuple[float, float] | None:
    """Return the 95 % interval of a figure with a known standard error, None if it is not known."""
    if not np.isfinite(deviation):
        return None
    return float(value - _NORMAL * deviation), float(value + _NORMAL * deviation)


def mean_interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float] | None:
    """Return the 95 % bootstrap interval of a mean."""
    return bootstrap(lambda counts: float(counts @ values / counts.sum()), len(values), rng)


class WeightedAUC:
    """Area under the ROC curve for rows that count several times; ties count half.

    Parameters
    ----------
    is_positive : ndarray of shape (n_rows,), bool
    scores : ndarray of shape (n_rows,)
        Higher is more positive.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.evaluation.sections.intervals import WeightedAUC
    >>> WeightedAUC(np.array([True, False, False]), np.array([2.0, 1.0, 2.0]))(np.ones(3))
    0.75
    """

    def __init__(self, is_positive: np.ndarray, scores: np.ndarray) -> None:
        self.is_positive = np.asarray(is_positive, dtype=bool)
        distinct, self._rank = np.unique(scores, return_inverse=True)
        self._n_ranks = len(distinct)

    def __call__(self, counts: np.ndarray) -> float:
        """Return the area for rows that occur so often; NaN without both classes."""
        positive = self._by_rank(counts * self.is_positive)
        negative = self._by_rank(counts * ~self.is_positive)
        pairs = positive.sum() * negative.sum()
        if pairs == 0:
            return float("nan")
        below = np.cumsum(negative) - negative
        return float(positive @ (below + negative / 2) / pairs)

    @property
    def above_chance(self) -> float:
        """The area of all rows, once each; less than chance counts as 0.5.

        A row that both samples hold, trained on with one label, is taken for the other one.
        """
        return max(0.5, self(np.ones(len(self._rank))))

    def interval(self, rng: np.random.Generator) -> tuple[float, float] | None:
        """Return its 95 % bootstrap interval."""
        return bootstrap(self, len(self._rank), rng)

    def _by_rank(self, weights: np.ndarray) -> np.ndarray:
        return np.bincount(self._rank, weights=weights, minlength=self._n_ranks)
