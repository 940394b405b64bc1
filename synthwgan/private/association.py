"""What noisy tables of two numbers have in common with smooth ones.

Most cells of a table of two numbers that depend on each other are all but empty, and of their noise
a mixture, which cannot be negative, keeps the positive half: enough to lose a strong correlation.
So each table is fitted by a log-linear model of few coefficients (Goodman 1979, "Simple Models for
the Analysis of Association in Cross-Classifications Having Ordered Categories"), and what it is
beyond that counts only as far as it stands out from the noise (James and Stein 1961).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares
from scipy.special import ndtri

from synthwgan.private.cells import is_point
from synthwgan.private.columns import Column
from synthwgan.private.measure import Noisy

# Coefficients of normal scores: a correlation of 0.98 has 25.
_MAX_COEFFICIENT = 25.0
_N_SPIKES = 2
_N_SWEEPS = 15
_MAX_EVALUATIONS = 20
# However smooth a table seems, so much of what is left of it is believed.
_LEAST = 0.1
_TINY = 1e-12


def smooth(noisy: Noisy, margins: list[np.ndarray], columns: list[Column]) -> Noisy:
    """Return a table of two numbers with less noise.

    Parameters
    ----------
    noisy : Noisy
        Shares of rows, of shape (slots, slots, classes).
    margins : list of two ndarrays of shape (slots, classes)
        Shares of each column's slots with each class.
    columns : list of two Columns
        The numbers.

    Returns
    -------
    Noisy
        With the variance that is left.
    """
    features = [_features(column) for column in columns]
    fitted = np.stack(
        [
            _fit(noisy.counts[:, :, number], margins[0][:, number], margins[1][:, number], features)
            for number in range(noisy.counts.shape[2])
        ],
        axis=2,
    )
    left = noisy.counts - fitted
    n_fitted = features[0].shape[1] * features[1].shape[1] * left.shape[2]
    n_free = max(left.size - n_fitted, 0)
    surprise = float((left**2).sum()) / noisy.variance
    believed = max(_LEAST, 1 - n_free / max(surprise, _TINY))
    return Noisy(fitted + believed * left, noisy.variance * believed)


def _features(column: Column) -> np.ndarray:
    """Return what of a slot may matter: its normal score, whether it is a spike, or missing."""
    shares = column.slot_shares.copy()
    found = []
    if column.can_miss:
        found.append(np.arange(len(shares)) == column.missing_slot)
        shares[-1] = 0.0
    shares = shares / max(shares.sum(), _TINY)
    scores = ndtri(np.clip(np.cumsum(shares) - shares / 2, 1e-6, 1 - 1e-6))
    if column.can_miss:
        scores[-1] = 0.0
    # A value that is common in itself, such as no visit at all, may come with one of the other.
    points = np.flatnonzero(is_point(column.edges, column.is_grid))
    alone = column.slots[points][np.bincount(column.slots)[column.slots[points]] == 1]
    common = alone[np.argsort(-shares[alone], kind="stable")][:_N_SPIKES]
    found += [np.arange(len(shares)) == slot for slot in common]
    return np.stack([scores, *found], axis=1).astype(float)


def _fit(
    counts: np.ndarray, rows: np.ndarray, others: np.ndarray, features: list[np.ndarray]
) -> np.ndarray:
    """Return the log-linear table with the margins that is nearest to noisy counts."""
    terms = np.einsum("ia,jb->abij", *features).reshape(-1, *counts.shape)
    scale = max(rows.sum(), _TINY)

    def left(coefficients: np.ndarray) -> np.ndarray:
        return ((_table(coefficients, terms, rows, others) - counts) / scale).ravel()

    start = np.zeros(len(terms))
    bounds = (-_MAX_COEFFICIENT, _MAX_COEFFICIENT)
    found = least_squares(left, start, bounds=bounds, max_nfev=_MAX_EVALUATIONS)
    return _table(found.x, terms, rows, others)


def _table(
    coefficients: np.ndarray, terms: np.ndarray, rows: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Return the table of a log-linear model that has the margins."""
    logs = np.tensordot(coefficients, terms, axes=1)
    logs = logs - logs.max(axis=1, keepdims=True)
    table = np.exp(np.maximum(logs, -100.0))
    table = table * rows[:, None] / np.maximum(table.sum(axis=1, keepdims=True), _TINY)
    for _ in range(_N_SWEEPS):
        table = table * (others / np.maximum(table.sum(axis=0), _TINY))
        table = table * (rows / np.maximum(table.sum(axis=1), _TINY))[:, None]
    return table
