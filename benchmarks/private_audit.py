"""An attack on a thousand fits asks whether ``PrivateSynthesizer`` keeps its budget.

A table of a few rows is fitted a thousand times with and a thousand times without one row that is
unlike all others. An attacker who sees all that a fit releases, of which the model is made, tells
the two apart by how likely that is with the row and without it; the lower bound of epsilon that his
hits and false alarms prove (Clopper and Pearson, 95 %) must not exceed the budget. The same attack
on a fault that is planted, a third of the noise, must find it. Run from the repository root::

    python -m benchmarks.private_audit --fits 1000
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import beta

from benchmarks.cell import limit_threads
from benchmarks.data import REPOSITORY
from benchmarks.page import write_part
from benchmarks.private import PAGE

EPSILON, DELTA = 1.0, 0.01
FILE = REPOSITORY / "benchmarks" / "results" / "private_audit.json"
QUANTILES = (0.5, 0.8, 0.9, 0.95)


def scores(n_fits: int, has_canary: bool) -> np.ndarray:
    """Return how much more likely the canary makes all that each of many fits released."""
    from synthwgan import Domain, PrivateSynthesizer

    rows = [["a", "a"]] * 20 + [["b", "b"]] * int(has_canary)
    frame = pd.DataFrame(rows, columns=["x", "y"])
    domain = {name: Domain(categories=["a", "b"], missing=False) for name in "xy"}
    # What is learned of the releases tells no more than they do, so it may be as little as can be.
    model = PrivateSynthesizer(EPSILON, DELTA, domain=domain, n_particles=20, max_steps=1)
    found = np.empty(n_fits)
    for fit in range(n_fits):
        with released() as noisy:
            model.fit(frame)
        # The canary is alone in the last cell of each release.
        found[fit] = sum(one.counts.ravel()[-1] / one.variance for one in noisy)
    return found


@contextmanager
def released() -> Iterator[list[Any]]:
    """Collect all noisy counts that are released meanwhile."""
    from synthwgan.private.measure import Census

    release: Any = Census._release
    found: list[Any] = []

    def watched(*given: Any, **more: Any) -> Any:
        found.append(release(*given, **more))
        return found[-1]

    Census._release = watched
    try:
        yield found
    finally:
        Census._release = release


def proven_epsilon(with_canary: np.ndarray, without: np.ndarray) -> float:
    """Return the epsilon that an attack proves; the threshold is chosen on the other half."""
    half = len(without) // 2
    thresholds = np.quantile(without[:half], QUANTILES)
    bounds = [bound(with_canary[:half], without[:half], one) for one in thresholds]
    return bound(with_canary[half:], without[half:], thresholds[int(np.argmax(bounds))])


def bound(with_canary: np.ndarray, without: np.ndarray, threshold: float) -> float:
    """Return the lower bound of epsilon at one threshold."""
    n_fits = len(without)
    hits, alarms = int((with_canary > threshold).sum()), int((without > threshold).sum())
    low = beta.ppf(0.025, hits, n_fits - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, alarms + 1, n_fits - alarms) if alarms < n_fits else 1.0
    return float(np.log(max(low - DELTA, 1e-9) / high))


def with_a_third(call: Callable[[], float]) -> float:
    """Call something while the noise is a third of what it should be."""
    from synthwgan.private import measure as room

    exact: Any = room.discrete_gaussian
    room.discrete_gaussian = lambda *given: np.rint(exact(*given) / 3).astype(int)
    try:
        return call()
    finally:
        room.discrete_gaussian = exact


def sentence(found: dict[str, Any]) -> str:
    """Return what an audit found, as the page says it, and whether it is worth anything."""
    budget, planted = found["epsilon"], found["proven_with_a_third_of_the_noise"]
    worth = (
        "so the attack finds the fault, and what it does not find above counts"
        if planted > budget
        else "so the attack is too weak to find the fault, and what it does not find above proves "
        "nothing"
    )
    return (
        f"{found['fits']:,} fits with and {found['fits']:,} without it, at epsilon {budget:g} and "
        f"delta {found['delta']:g}: the attack proves that epsilon is at least "
        f"{max(found['proven'], 0.0):.2f}. With a third of the noise it proves at least "
        f"{max(planted, 0.0):.2f}, {worth}. "
        "Run `python -m benchmarks.private_audit` to attack again."
    )


def main() -> None:
    """Attack, print what was proven, and write it down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.private_audit", description=__doc__)
    parser.add_argument("--fits", type=int, default=1000, help="fits with, and without, the canary")
    options = parser.parse_args()
    limit_threads(1)

    def attack() -> float:
        return proven_epsilon(scores(options.fits, True), scores(options.fits, False))

    found = {"epsilon": EPSILON, "delta": DELTA, "fits": options.fits, "proven": attack()}
    found["proven_with_a_third_of_the_noise"] = with_a_third(attack)
    print(json.dumps(found, indent=2))
    FILE.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    write_part(PAGE, "audit", sentence(found))


if __name__ == "__main__":
    main()
