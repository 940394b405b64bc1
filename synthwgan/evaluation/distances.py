"""Distances between two samples: Kullback-Leibler, Jensen-Shannon and Wasserstein."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.spatial import distance

from synthwgan.randomness import RandomState, as_generator

MAX_BINS = 100
_SMOOTHING = 0.5
_TINY = 1e-12


def kl_divergence(real: Any, synthetic: Any, *, n_bins: int | None = None, k: int = 5) -> float:
    """Estimate the Kullback-Leibler divergence KL(real || synthetic) of two samples, in nats.

    It is large where real values are common and synthetic ones rare.

    Parameters
    ----------
    real, synthetic : array-like of shape (n,) or (n, n_dimensions)
        Two samples, of numbers or, in one dimension, of categories (any other dtype).
    n_bins : int, default None
        Number of bins for numbers in one dimension, at the quantiles of both samples together.
        None takes ``2 * n ** (1 / 3)``, at most 100. Where there are fewer distinct values, each
        is a bin. Half a row is added to each bin, so that an empty one makes no infinity.
    k : int, default 5
        Number of neighbours in more dimensions.

    Returns
    -------
    float
        0 for equal distributions; small negative figures are noise of the neighbours.

    Raises
    ------
    ValueError
        If a sample is empty, has missing cells, or the two have different shapes.

    References
    ----------
    Kullback and Leibler, "On Information and Sufficiency", Annals of Mathematical Statistics 22,
    1951. In more dimensions: Wang, Kulkarni and Verdu, "Divergence Estimation for
    Multidimensional Densities via k-Nearest-Neighbor Distances", IEEE Transactions on
    Information Theory 55, 2009, equation 5.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.evaluation import kl_divergence
    >>> rng = np.random.default_rng(0)
    >>> real, synthetic = rng.normal(size=50_000), rng.normal(1, size=50_000)
    >>> f"{kl_divergence(real, synthetic):.2f} is nearly 1 / 2"
    '0.49 is nearly 1 / 2'
    >>> kl_divergence(["a", "b", None], ["a", "b", "b"])
    Traceback (most recent call last):
        ...
    ValueError: the first sample has missing cells: drop them, or give them a category
    """
    real, synthetic = _samples(real, synthetic)
    if real.ndim == 2:
        return _neighbour_divergence(real, synthetic, k)
    return float(stats.entropy(*_smoothed(*bin_counts(real, synthetic, n_bins))))


def jensen_shannon(real: Any, synthetic: Any, *, n_bins: int | None = None) -> float:
    """Estimate the Jensen-Shannon divergence of two samples, in bits: 0 to 1.

    Unlike Kullback-Leibler's it is symmetric and bounded: 1 for samples that share no value.

    Parameters
    ----------
    real, synthetic : array-like of shape (n,)
        Two samples of numbers or categories.
    n_bins : int, default None
        Number of bins for numbers; see `kl_divergence`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a sample is empty, has missing cells, or more than one dimension.

    References
    ----------
    Lin, "Divergence Measures Based on the Shannon Entropy", IEEE Transactions on Information
    Theory 37, 1991.

    Examples
    --------
    >>> from synthwgan.evaluation import jensen_shannon
    >>> jensen_shannon(["a", "b"], ["c", "d"])
    1.0
    >>> jensen_shannon(["a", "b"], ["b", "a"])
    0.0
    """
    real, synthetic = _samples(real, synthetic)
    if real.ndim == 2:
        raise ValueError(
            "the Jensen-Shannon divergence takes samples of one dimension: give one column at a "
            "time, or use sliced Wasserstein distances"
        )
    return float(distance.jensenshannon(*bin_counts(real, synthetic, n_bins), base=2) ** 2)


def wasserstein(
    real: Any, synthetic: Any, *, n_directions: int = 200, random_state: RandomState = 0
) -> float:
    """Return the 1-Wasserstein distance of two samples, in the unit of the numbers.

    It is the mean way that the mass of one sample has to move to become the other. It is exact
    in one dimension. In more dimensions it is sliced: the mean over random directions of the
    distance between the samples as seen along them. That is less than the unsliced distance; a
    shift by a vector of length s in d dimensions counts ``s`` times the mean of ``abs(u[0])``
    over unit vectors u, about ``s * sqrt(2 / (pi * d))``.

    Parameters
    ----------
    real, synthetic : array-like of shape (n,) or (n, n_dimensions)
        Two samples of numbers.
    n_directions : int, default 200
        Number of directions in more dimensions.
    random_state : int, Generator, RandomState or None, default 0
        Draws the directions.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a sample is empty, has missing cells, or the two have different shapes.
    TypeError
        If they are no numbers.

    References
    ----------
    Ramdas, Garcia Trillos and Cuturi, "On Wasserstein Two-Sample Testing and Related Families of
    Nonparametric Tests", Entropy 19, 2017. Sliced: Bonneel, Rabin, Peyre and Pfister, "Sliced
    and Radon Wasserstein Barycenters of Measures", Journal of Mathematical Imaging and Vision
    51, 2015.

    Examples
    --------
    >>> from synthwgan.evaluation import wasserstein
    >>> round(wasserstein([0, 1, 2], [3, 4, 5]), 9)
    3.0
    """
    real, synthetic = _samples(real, synthetic)
    if real.dtype.kind != "f":
        raise TypeError("the Wasserstein distance takes numbers: categories have no distances")
    if real.ndim == 1:
        return float(stats.wasserstein_distance(real, synthetic))
    directions = as_generator(random_state).normal(size=(real.shape[1], n_directions))
    directions /= np.linalg.norm(directions, axis=0)
    pairs = zip((real @ directions).T, (synthetic @ directions).T, strict=True)
    return float(np.mean([stats.wasserstein_distance(*pair) for pair in pairs]))


def bin_counts(
    real: np.ndarray, synthetic: np.ndarray, n_bins: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each category, number or bin of numbers occurs in two samples.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n,)
        Floats, or categories of any other dtype.
    n_bins : int, default None
        See `kl_divergence`.

    Returns
    -------
    real_counts, synthetic_counts : ndarray of shape (n_bins,), float64
    """
    together = np.concatenate([real, synthetic])
    codes, distinct = pd.factorize(together, sort=together.dtype.kind == "f")
    if n_bins is None:
        n_bins = min(MAX_BINS, int(np.ceil(2 * min(len(real), len(synthetic)) ** (1 / 3))))
    if together.dtype.kind == "f" and len(distinct) > n_bins:
        edges = np.unique(np.quantile(together, np.linspace(0, 1, n_bins + 1)[1:-1]))
        codes = np.searchsorted(edges, together, side="left")
    n_codes = int(codes.max()) + 1
    counts = (np.bincount(part, minlength=n_codes) for part in np.split(codes, [len(real)]))
    real_counts, synthetic_counts = (count.astype("float64") for count in counts)
    return real_counts, synthetic_counts


def _smoothed(*counts: np.ndarray) -> list[np.ndarray]:
    return [(count + _SMOOTHING) / (count + _SMOOTHING).sum() for count in counts]


def _neighbour_divergence(real: np.ndarray, synthetic: np.ndarray, k: int) -> float:
    from sklearn.neighbors import NearestNeighbors

    if min(len(real) - 1, len(synthetic)) < k:
        raise ValueError(f"a sample has too few rows for k={k} neighbours: lower k")
    own = NearestNeighbors(n_neighbors=k).fit(real).kneighbors()[0][:, -1]
    other = NearestNeighbors(n_neighbors=k).fit(synthetic).kneighbors(real)[0][:, -1]
    ratios = np.log(np.maximum(other, _TINY) / np.maximum(own, _TINY))
    return float(real.shape[1] * ratios.mean() + np.log(len(synthetic) / (len(real) - 1)))


def _samples(real: Any, synthetic: Any) -> tuple[np.ndarray, np.ndarray]:
    pair = [_sample(values, word) for values, word in ((real, "first"), (synthetic, "second"))]
    if pair[0].shape[1:] != pair[1].shape[1:]:
        raise ValueError(
            f"the samples have shapes {pair[0].shape} and {pair[1].shape}: give both the same "
            "number of columns"
        )
    if {values.dtype.kind for values in pair} == {"f", "O"}:
        raise TypeError("one sample holds numbers and the other does not: give both one dtype")
    return pair[0], pair[1]


def _sample(values: Any, word: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind in "iuf":
        array = array.astype("float64")
    else:
        array = np.asarray(values, dtype=object)
    if array.ndim not in (1, 2) or not array.size or (array.ndim == 2 and array.dtype == object):
        raise ValueError(
            f"the {word} sample must be a column of at least one cell, or an array of numbers of "
            f"shape (n_rows, n_columns); its shape is {array.shape}"
        )
    if pd.isna(array).any():
        raise ValueError(f"the {word} sample has missing cells: drop them, or give them a category")
    return array
