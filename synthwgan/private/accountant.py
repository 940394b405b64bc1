"""What has been spent: zero-concentrated differential privacy, and the (epsilon, delta) it gives.

A release of integer counts plus discrete Gaussian noise of variance ``s2``, which one person can
change by at most ``d`` in Euclidean length, is rho-zCDP with ``rho = d**2 / (2 * s2)``; those of
several releases add up, also where later ones were chosen by looking at earlier ones, as long as
the sum is bounded from the start (Canonne, Kamath and Steinke 2020, "The Discrete Gaussian for
Differential Privacy", theorem 4 and corollary 13; Feldman and Zrnic 2021, "Individual Privacy
Accounting via a Rényi Filter").
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from synthwgan.private.noise import Scale

# The order of the Rényi divergence is sought above this; any order gives a valid bound.
_MIN_ORDER = 1.01
_BISECTIONS = 64
# Sums of floats are wrong in their last digits: a budget that is spent to the end is not exceeded.
_SLACK = 1e-9


def delta_of(rho: float, epsilon: float) -> float:
    """Return the delta for which rho-zCDP is (epsilon, delta)-DP."""
    if rho <= 0:
        return 0.0
    low, high = _MIN_ORDER, (epsilon + 1) / (2 * rho) + 2
    for _ in range(_BISECTIONS):
        order = (low + high) / 2
        # The derivative of the logarithm of the bound by the order.
        if (2 * order - 1) * rho - epsilon + math.log1p(-1 / order) < 0:
            low = order
        else:
            high = order
    exponent = (high - 1) * (high * rho - epsilon) + high * math.log1p(-1 / high)
    return min(1.0, math.exp(min(exponent, 0.0)) / (high - 1)) if high > _MIN_ORDER else 1.0


def epsilon_of(rho: float, delta: float) -> float:
    """Return the smallest epsilon, rounded up, for which rho-zCDP is (epsilon, delta)-DP."""
    low, high = 0.0, 1.0
    while delta_of(rho, high) > delta:
        high *= 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if delta_of(rho, middle) <= delta else (middle, high)
    return high


def rho_of(epsilon: float, delta: float) -> float:
    """Return the largest rho, rounded down, for which rho-zCDP is (epsilon, delta)-DP."""
    low, high = 0.0, 1.0
    while delta_of(high, epsilon) <= delta:
        high *= 2
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_of(middle, epsilon) <= delta else (low, middle)
    return low


@dataclass(frozen=True)
class Release:
    """One look at the data, and what it cost.

    Parameters
    ----------
    name : str
        What was released, in words.
    scale : Scale
        Of the noise on each count.
    sensitivity : int
        How far one person can move the counts, in Euclidean length.
    delta : float
        Chance that the release shows something that only one person has.
    """

    name: str
    scale: Scale
    sensitivity: int = 1
    delta: float = 0.0

    @property
    def rho(self) -> float:
        """Its cost in zero-concentrated differential privacy."""
        return self.sensitivity**2 / (2 * self.scale.variance)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "release": self.name,
            "variance": [self.scale.numerator, self.scale.denominator],
            "sensitivity": self.sensitivity,
            "rho": self.rho,
            "delta": self.delta,
        }


@dataclass
class Ledger:
    """All releases of one fit, within a budget that is set before the first.

    Parameters
    ----------
    epsilon, delta : float
        The guarantee that must hold in the end.
    threshold_delta : float
        The part of `delta` that is kept for releases of categories that nobody declared.
    """

    epsilon: float
    delta: float
    threshold_delta: float = 0.0
    releases: list[Release] = field(default_factory=list)

    @cached_property
    def budget(self) -> float:
        """All the rho that there is."""
        gaussian = (self.delta - self.threshold_delta) / (1 - self.threshold_delta)
        return rho_of(self.epsilon, gaussian)

    @property
    def spent(self) -> float:
        """The rho of all releases."""
        return math.fsum(release.rho for release in self.releases)

    @property
    def spent_epsilon(self) -> float:
        """The epsilon of what was spent; never more than `epsilon`."""
        gaussian = (self.delta - self.threshold_delta) / (1 - self.threshold_delta)
        return min(epsilon_of(self.spent, gaussian), self.epsilon)

    def buy(self, name: str, rho: float, sensitivity: int = 1, delta: float = 0.0) -> Scale:
        """Write a release down, before it is made, and return the scale of its noise.

        Raises
        ------
        RuntimeError
            If it is more than is left: a fault of the mechanism, which must not release anything.
        """
        release = Release(
            name, Scale.at_least(sensitivity**2 / (2 * rho)), sensitivity, float(delta)
        )
        deltas = math.fsum(one.delta for one in self.releases) + release.delta
        over_rho = self.spent + release.rho > self.budget * (1 + _SLACK)
        if over_rho or deltas > self.threshold_delta * (1 + _SLACK):
            raise RuntimeError(f"{name}: the budget is spent; a fault of synthwgan itself")
        self.releases.append(release)
        return release.scale
