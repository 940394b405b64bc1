"""Rounding to a column's grid, in the ways that tables are rounded."""

from __future__ import annotations

import numpy as np

WAYS = ("nearest", "half_even", "half_up", "floor", "ceil")
_NOISE = 1e-6
RELATIVE = 1e-9


def scaled(values: np.ndarray, decimals: int) -> np.ndarray:
    """Return numbers in units of the last decimal, cleaned of the noise of floats."""
    units = np.asarray(values, dtype=np.float64) * 10.0**decimals
    halves = np.rint(2 * units) / 2
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(units - halves) < _slack(units), halves, units)


def round_to(values: np.ndarray, decimals: int | None, way: str) -> np.ndarray:
    """Return numbers rounded to so many decimals; None leaves them.

    ``nearest`` rounds as numpy does, noise of floats included; the others first clean it.
    """
    if decimals is None:
        return values
    unit = 10.0**decimals
    if way == "nearest":
        return np.rint(np.asarray(values, dtype=np.float64) * unit) / unit
    units = scaled(values, decimals)
    rounded = {
        "half_even": np.rint,
        "half_up": lambda number: np.floor(number + 0.5),
        "floor": np.floor,
        "ceil": np.ceil,
    }[way](units)
    return rounded / unit


def agrees(
    actual: np.ndarray,
    computed: np.ndarray,
    decimals: int | None,
    way: str = "nearest",
    precision: float = RELATIVE,
) -> np.ndarray:
    """Return where a number is what was computed, rounded to its decimals.

    Halves may be rounded either way: tables disagree about them, and so do floats. Without decimals
    it is so up to a `precision`, a share of its size.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        if decimals is None:
            return np.abs(actual - computed) <= precision * np.maximum(
                np.abs(actual), np.abs(computed)
            )
        units = computed * 10.0**decimals
        over = units - np.rint(actual * 10.0**decimals)
        slack = _slack(units)
        if way == "floor":
            return (over >= -slack) & (over < 1 - slack)
        if way == "ceil":
            return (over <= slack) & (over > slack - 1)
        return np.abs(over) <= 0.5 + slack


def find_way(actual: np.ndarray, computed: np.ndarray, decimals: int | None) -> str:
    """Return the way of rounding that gives most of the actual numbers exactly."""
    if decimals is None:
        return "nearest"
    hits = [(round_to(computed, decimals, way) == actual).sum() for way in WAYS]
    return WAYS[int(np.argmax(hits))]


def _slack(units: np.ndarray) -> np.ndarray:
    return np.maximum(_NOISE, 1e-12 * np.abs(units))
