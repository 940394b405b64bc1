"""Ending training where the held-out estimate no longer falls."""

from __future__ import annotations

import math
from typing import Any


class EarlyStopping:
    """Watches the Wasserstein estimate on held-out rows, and keeps the weights of its best.

    An estimate is as good as it is near zero: then the critic cannot tell held-out rows from
    generated ones. It rises while the critic still learns to tell them apart, so the search
    for the best starts anew whenever the estimate is larger than ever before.

    Parameters
    ----------
    n_iter_no_change : int
        Logs without a better estimate after which training ends.
    tol : float
        By how much an estimate must be better to count.

    Attributes
    ----------
    best_weights : object or None
        What was given with the best estimate.
    """

    def __init__(self, n_iter_no_change: int, tol: float) -> None:
        self.n_iter_no_change, self.tol = n_iter_no_change, tol
        self.best_weights: Any = None
        self._best, self._largest, self._n_without = math.inf, 0.0, 0

    def should_stop(self, estimate: float, weights: Any) -> bool:
        """Take note of an estimate and of the weights that had it; whether it is time to stop."""
        distance = abs(estimate)
        if distance > self._largest:
            self._largest, self._best = distance, math.inf
        if distance < self._best - self.tol:
            self._best, self.best_weights, self._n_without = distance, weights, 0
        else:
            self._n_without += 1
        return self._n_without >= self.n_iter_no_change
