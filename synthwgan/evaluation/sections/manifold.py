"""How well two clouds of points cover each other: fidelity and diversity apart.

A figure of fidelity asks whether synthetic points look real, one of diversity whether all real
points are matched. A generator that repeats one perfect row has all of the first and none of the
second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from synthwgan.evaluation.sections.intervals import bootstrap, mean_interval

_LEVELS = np.linspace(0, 1, 30)
_ALPHA_BETA = ("alpha_precision", "beta_recall")
_TIE = 1e-6


@dataclass(frozen=True)
class ManifoldScores:
    """Fidelity and diversity of synthetic points.

    Parameters
    ----------
    precision : float
        Share of synthetic points within reach of a real one: nearer than its k-th neighbour.
    recall : float
        Share of real points within reach of a synthetic one.
    density : float
        How many real points have a synthetic one within reach, on average and by k; about 1 for
        fresh points of the same source, and above it for crowded ones.
    coverage : float
        Share of real points that have a synthetic one within their own reach.
    alpha_precision, beta_recall : float
        See `alpha_beta`.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    alpha_precision: float
    beta_recall: float


def manifold_scores(real: np.ndarray, synthetic: np.ndarray, *, k: int = 5) -> ManifoldScores:
    """Measure how well synthetic points cover real ones and the other way round.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_rows, n_dimensions)
        Points. The same number of both makes figures comparable between tables.
    k : int, default 5
        How many neighbours make a point's reach; fewer where there are fewer points.

    Returns
    -------
    ManifoldScores

    Raises
    ------
    ValueError
        If there are less than three points of one kind.

    References
    ----------
    Precision and recall: Kynkaanniemi et al., "Improved Precision and Recall Metric for
    Assessing Generative Models", NeurIPS 2019, section 2. Density and coverage: Naeem et al.,
    "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.evaluation import manifold_scores
    >>> points = np.random.default_rng(0).normal(size=(500, 2))
    >>> scores = manifold_scores(points, np.zeros((500, 2)) + points[0])
    >>> scores.precision, round(scores.recall, 3)
    (1.0, 0.002)
    """
    means = {name: float(values.mean()) for name, values in _reached(real, synthetic, k).items()}
    alpha_precision, beta_recall = alpha_beta(real, synthetic)
    return ManifoldScores(**means, alpha_precision=alpha_precision, beta_recall=beta_recall)


def manifold_intervals(
    real: np.ndarray, synthetic: np.ndarray, rng: np.random.Generator, *, k: int = 5
) -> dict[str, tuple[float, float] | None]:
    """Return 95 % bootstrap intervals of `manifold_scores`, by name.

    Points are resampled after their neighbours are found: repeated points would otherwise be
    neighbours of themselves.
    """
    intervals = {
        name: mean_interval(values, rng) for name, values in _reached(real, synthetic, k).items()
    }
    for name, inside in zip(_ALPHA_BETA, _inside(real, synthetic), strict=True):
        intervals[name] = bootstrap(partial(_agreement, inside), len(inside), rng)
    return intervals


def _reached(real: np.ndarray, synthetic: np.ndarray, k: int) -> dict[str, np.ndarray]:
    """Return what the scores are means of: of synthetic points or of real ones."""
    if min(len(real), len(synthetic)) < 3:
        raise ValueError(
            f"there are {len(real)} real and {len(synthetic)} synthetic points, and neighbours "
            "need at least 3 of each"
        )
    k = min(k, len(real) - 1, len(synthetic) - 1)
    real_reach, synthetic_reach = (_nearest(points, k)[:, -1] for points in (real, synthetic))
    shape = len(synthetic), len(real)
    inside_real, inside_synthetic = np.zeros(shape[0]), np.zeros(shape[1], dtype=bool)
    covered = np.zeros(shape[1], dtype=bool)
    for start in range(0, shape[0], 1000):
        part = slice(start, start + 1000)
        distances = _distances(synthetic[part], real)
        inside = distances <= real_reach + _TIE
        inside_real[part] = inside.sum(axis=1)
        covered |= inside.any(axis=0)
        inside_synthetic |= (distances <= synthetic_reach[part, None] + _TIE).any(axis=0)
    return {
        "precision": (inside_real > 0).astype(float),
        "recall": inside_synthetic.astype(float),
        "density": inside_real / k,
        "coverage": covered.astype(float),
    }


def alpha_beta(real: np.ndarray, synthetic: np.ndarray) -> tuple[float, float]:
    """Return the integrated alpha precision and beta recall of points.

    Alpha precision asks whether the synthetic points are typical: the share of them within the
    ball about the real mean that holds a share alpha of the real points should be alpha. Beta
    recall asks whether the real points are covered: a real point is, at level beta, if its nearest
    synthetic point is no farther than its nearest real one and lies within the ball about the
    synthetic mean that holds a share beta of those nearest points. Each score is
    ``1 - 2 * mean(abs(level - share))`` over 30 levels. Points of one and the same distribution
    reach 1 and about 0.5: a fresh point is as often nearer than the nearest real one as not.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_rows, n_dimensions)

    Returns
    -------
    alpha_precision, beta_recall : float

    References
    ----------
    Alaa et al., "How Faithful is your Synthetic Data?", ICML 2022, section 4, without the
    embedding into a hypersphere: the variant called naive in the package synthcity.
    """
    alpha, beta = _inside(real, synthetic)
    return _agreement(alpha, np.ones(len(alpha))), _agreement(beta, np.ones(len(beta)))


def _inside(real: np.ndarray, synthetic: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which points lie within the balls of each level, shape (n_points, n_levels)."""
    centre = real.mean(axis=0)
    radii = np.quantile(np.linalg.norm(real - centre, axis=1), _LEVELS)
    typical = np.linalg.norm(synthetic - centre, axis=1)[:, None] <= radii

    to_real = _nearest(real, 1)[:, 0]
    found = _neighbours(synthetic, 1).kneighbors(real)
    to_synthetic, index = (column[:, 0] for column in found)
    from_centre = np.linalg.norm(synthetic[index] - synthetic.mean(axis=0), axis=1)
    near = from_centre[:, None] <= np.quantile(from_centre, _LEVELS)
    return typical, near & (to_synthetic <= to_real + _TIE)[:, None]


def nearest_distances(reference: np.ndarray, rows: np.ndarray, k: int = 1) -> np.ndarray:
    """Return the distances of rows to their k nearest reference points, shape (n_rows, k)."""
    return _neighbours(reference, k).kneighbors(rows)[0]


def _nearest(points: np.ndarray, k: int) -> np.ndarray:
    """Return the distances of points to their k nearest others, shape (n, k)."""
    return _neighbours(points, k).kneighbors()[0]


def _neighbours(points: np.ndarray, k: int) -> Any:
    # scikit-learn's models draw a random number when they are loaded: only when they are used.
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=k, algorithm="brute").fit(points)


def _distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    squares = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1) - 2 * rows @ others.T
    return np.sqrt(np.maximum(squares, 0))


def _agreement(inside: np.ndarray, counts: np.ndarray) -> float:
    """Return how well shares of points, each counted so often, follow the levels."""
    shares = counts @ inside / counts.sum()
    return float(1 - 2 * np.abs(_LEVELS - shares).mean())
