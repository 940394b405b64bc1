"""Noisy counts along a range, without what cannot be told from nothing."""

from __future__ import annotations

import numpy as np
from sklearn.isotonic import isotonic_regression

# Counts that stand out so far are left as they are.
_SURE = 4.0
# A tail none of whose beginnings stands out so far holds nothing.
_TAIL = 3.0


def tidy(
    counts: np.ndarray, deviations: np.ndarray, goes_on: float = 0.0, seen: float = 0.0
) -> np.ndarray:
    """Return counts that fall to both sides, where they do not stand out, and end somewhere.

    A single row far out would change means and correlations more than a thousand in the middle, and
    noise puts rows everywhere. So what is small beside the noise is made to fall from the largest
    count on, by isotonic regression, and tails that hold nothing as far as can be seen are cut.

    Parameters
    ----------
    counts : ndarray of shape (n_cells,)
        Noisy counts, in the order of the cells.
    deviations : ndarray of shape (n_cells,)
        Standard deviation of the noise on each.
    goes_on : float
        Behind its end a tail goes on to fall from cell to cell at the rate it had, and by this
        factor at most; 0 cuts it off.
    seen : float
        It goes on only if counts there are so large a part of what they would be, by least squares:
        a range may end at once, as marks and grades do.
    """
    mode = int(np.argmax(counts))
    left = _falling(counts[mode::-1], deviations[mode::-1], goes_on, seen)[::-1]
    right = _falling(counts[mode:], deviations[mode:], goes_on, seen)
    return np.concatenate([left, right[1:]])


def _falling(counts: np.ndarray, deviations: np.ndarray, goes_on: float, seen: float) -> np.ndarray:
    behind, counts = counts, counts.copy()
    end = _end(counts, deviations)
    unsure = np.flatnonzero(counts[:end] < _SURE * deviations[:end])
    if len(unsure) > 1:
        counts[unsure] = isotonic_regression(
            counts[unsure], sample_weight=1 / deviations[unsure] ** 2, increasing=False
        )
    counts[end:] = 0.0
    if goes_on and end > 1 and counts[end - 2] > 0:
        ratio = np.clip(counts[end - 1] / counts[end - 2], 0, goes_on)
        going_on = max(counts[end - 1], 0) * ratio ** np.arange(1, len(counts) - end + 1)
        if not seen or (going_on * behind[end:]).sum() >= seen * (going_on**2).sum():
            # More than the noise hides would have been seen.
            counts[end:] = np.minimum(going_on, deviations[end:])
    return counts


def _end(counts: np.ndarray, deviations: np.ndarray) -> int:
    """Return the number of cells before the tail that cannot be told from nothing."""
    for start in range(len(counts) - 1, 0, -1):
        errors = np.sqrt(np.cumsum(deviations[start:] ** 2))
        if (np.cumsum(counts[start:]) > _TAIL * errors).any():
            return start + 1
    return 1
