"""Ending training where the held-out estimate no longer falls."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from synthwgan.components import Component
from synthwgan.parameters import Constraint, Number
from synthwgan.table.checks import COUNT, Anything, check_state, expect


class EarlyStopping(Component):
    """Ends a phase of training when held-out rows gain nothing more; its best weights are kept.

    A share of the rows is held out, and the critic's Wasserstein estimate of their distance
    from generated rows is logged as ``validation_wasserstein``, with its standard error
    ``validation_error``. A phase ends when the estimate comes no nearer to zero. Of few held-out
    rows chance decides most of it, so that only what exceeds the error counts; of weights that are
    as good, those that have learned longest are kept.

    Parameters
    ----------
    patience : int, default 10
        Logged steps without a better estimate after which a phase ends.
    fraction : float, default 0.1
        Share of the rows that the networks do not learn from, above 0 and below 1.
    tol : float, default 0.0
        By how much an estimate must be better to count, at least its standard error.

    Examples
    --------
    >>> from synthwgan import EarlyStopping, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(early_stopping=EarlyStopping(patience=5))
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "patience": Number(1, integer=True),
        "fraction": Number(0, 1, open_low=True, open_high=True),
        "tol": Number(0),
    }

    def __init__(self, *, patience: int = 10, fraction: float = 0.1, tol: float = 0.0) -> None:
        self.patience = patience
        self.fraction = fraction
        self.tol = tol

    def watch(self, check: Callable[[Any], None] = lambda weights: None) -> BestWeights:
        """Return a watch for one phase of training; `check` as for `BestWeights`."""
        return BestWeights(self.patience, self.tol, check)


class BestWeights:
    """Watches the Wasserstein estimate on held-out rows, and keeps the weights of its best.

    An estimate is as good as it is near zero: then the critic cannot tell held-out rows from
    generated ones. It rises while the critic still learns to tell them apart, so the search
    for the best starts anew whenever the estimate is larger than ever before. What lies within
    an estimate's standard error is neither better nor larger.

    Parameters
    ----------
    patience : int
        Logs without a better estimate after which training ends.
    tol : float
        By how much an estimate must be better to count, at least its standard error.
    check : callable, optional
        Raises unless weights that come from a file could be restored.

    Attributes
    ----------
    best_weights : object or None
        What was given with the best estimate, or with the last that is as good within its error.
    """

    def __init__(
        self, patience: int, tol: float, check: Callable[[Any], None] = lambda weights: None
    ) -> None:
        self.patience, self.tol, self._check = patience, tol, check
        self.best_weights: Any = None
        self._best, self._largest, self._n_without = math.inf, 0.0, 0

    def should_stop(self, estimate: float, error: float, weights: Any) -> bool:
        """Record an estimate and its error with its weights; return whether it is time to stop."""
        distance = abs(estimate)
        if distance > self._largest + error:
            self._largest, self._best = distance, math.inf
        if distance < self._best - max(self.tol, error):
            self._best, self.best_weights, self._n_without = distance, weights, 0
        else:
            self._n_without += 1
            if distance <= self._best + error:
                self.best_weights = weights
        return self._n_without >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """Return the best so far."""
        return {
            "best": self._best,
            "largest": self._largest,
            "n_without": self._n_without,
            "weights": self.best_weights,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        names = ("best", "largest", "n_without", "weights")
        check_state("its best", state, dict.fromkeys(names, Anything()) | {"n_without": COUNT})
        numbers = state["best"], state["largest"]
        expect(all(type(number) is float for number in numbers), "its best is no estimate")
        if state["weights"] is not None:
            self._check(state["weights"])
        self._best, self._largest = numbers
        self._n_without, self.best_weights = state["n_without"], state["weights"]
