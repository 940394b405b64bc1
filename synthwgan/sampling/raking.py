"""Making the marginals of kept rows exact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthwgan.sampling.rejection import chances, split_by_feature

# Rows with log odds above this quantile are all kept. A lower one keeps more rows; the later
# rounds and the raking see the clipped odds and make up for it.
CEILING_QUANTILE = 0.95
N_SWEEPS = 8
MAX_CHANGE = 1.0


@dataclass(frozen=True)
class Raked:
    """Effects of the bins on the log odds, and the ceiling above which all rows are kept.

    Parameters
    ----------
    effects : ndarray of shape (n_bins_in_all,), float32
        What each bin adds to the log odds, feature after feature.
    ceiling : float
        Log odds from which on every row is kept.
    acceptance_rate : float
        Share of rows that are kept.
    """

    effects: np.ndarray
    ceiling: float
    acceptance_rate: float


def ceiling_of(log_odds: np.ndarray) -> float:
    """Log odds from which on every row is kept."""
    return float(np.quantile(log_odds, CEILING_QUANTILE))


def rake(log_odds: np.ndarray, drawn: np.ndarray, real: np.ndarray, n_bins: np.ndarray) -> Raked:
    """Find what each bin adds to the log odds, so that kept rows have the table's marginals.

    Iterative proportional fitting (Deming and Stephan 1940, "On a Least Squares Adjustment of
    a Sampled Frequency Table When the Expected Marginal Totals are Known"): one feature after
    the other, over and over. The weights are the probabilities of being kept, so the bound
    at 1 is taken into account.

    Parameters
    ----------
    log_odds : ndarray of shape (n_drawn,), float32
        Log odds of drawn rows, which had no part in finding them.
    drawn : ndarray of shape (n_drawn, n_features), uint8
        Their bins.
    real : ndarray of shape (n_real, n_features), uint8
        Bins of the table's rows.
    n_bins : ndarray of shape (n_features,), int64
        Number of bins of each feature.

    Returns
    -------
    Raked
    """
    # One more row in each bin, so that the ratio stays finite where a bin is empty.
    floor = 1 / len(drawn)
    shares = [
        np.bincount(real[:, feature], minlength=size) / len(real) + floor
        for feature, size in enumerate(n_bins)
    ]
    effects = np.zeros(n_bins.sum())
    by_feature = split_by_feature(effects, n_bins)
    raked = log_odds.astype(np.float64)
    for _ in range(N_SWEEPS):
        ceiling = ceiling_of(raked)
        for feature, share in enumerate(shares):
            bins = drawn[:, feature]
            kept = np.bincount(bins, chances(raked, ceiling), minlength=len(share))
            change = np.log(share / (kept / kept.sum() + floor)).clip(-MAX_CHANGE, MAX_CHANGE)
            by_feature[feature] += change
            raked += change[bins]
    ceiling = ceiling_of(raked)
    acceptance_rate = float(chances(raked, ceiling).mean())
    return Raked(effects.astype(np.float32), ceiling, acceptance_rate)
