"""The outermost numbers of a column, which belong to single rows, drawn anew."""

from __future__ import annotations

from typing import Any

import numpy as np

# At most this share of a column's rows counts as its ends, however few rows it has.
_MAX_SHARE = 0.25


def without_extremes(
    keys: np.ndarray,
    n_outer: int,
    between: bool,
    rng: np.random.Generator,
    n_rows: int | None = None,
) -> np.ndarray:
    """Return a column's numbers with others in the place of the outermost.

    The `n_outer` smallest and largest rows, at most a quarter of all, get numbers between the
    next one and the outermost, which itself is never among them. They are drawn from an
    exponential tail; its scale is a median, so that it does not show how far out the
    outermost is. A number that more rows share than are outer is nobody's own, and stays.

    Parameters
    ----------
    keys : ndarray of shape (n,), uint64 or float64
        Steps on a grid, or floats.
    n_outer : int
        Rows on either side.
    between : bool
        Whether numbers that were not in the column may be drawn; if not, the outer ones become
        the next one.
    rng : Generator
    n_rows : int, optional
        Rows of the column, if `keys` are not all: of those further in, a few of each number do.

    Returns
    -------
    keys : ndarray of shape (n,), in the order given

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.columns.extremes import without_extremes
    >>> ages = np.array([30, 31, 31, 40, 40, 41, 52, 96], dtype=np.uint64)
    >>> without_extremes(ages, 1, False, np.random.default_rng(0)).tolist()
    [31, 31, 31, 40, 40, 41, 52, 52]
    """
    n_outer = min(n_outer, int(_MAX_SHARE * (len(keys) if n_rows is None else n_rows)))
    distinct, counts = np.unique(keys, return_counts=True)
    # A column of two numbers is a flag: neither is out of the ordinary.
    if n_outer == 0 or len(distinct) <= 2:
        return keys
    keys = keys.copy()
    first = int((np.cumsum(counts) <= n_outer).sum())
    last = len(distinct) - 1 - int((np.cumsum(counts[::-1]) <= n_outer).sum())
    for inner, outer in ((distinct[first], distinct[0]), (distinct[last], distinct[-1])):
        beyond = np.flatnonzero(keys < inner if outer < inner else keys > inner)
        if len(beyond) and outer != inner:
            drawn = _tail(_distance(keys[beyond], inner), len(beyond), rng)
            keys[beyond] = _moved(inner, outer, drawn if between else np.zeros(len(beyond)))
    return keys


def _distance(numbers: np.ndarray, inner: Any) -> np.ndarray:
    if numbers.dtype.kind == "f":
        with np.errstate(over="ignore"):
            return np.minimum(np.abs(numbers - inner), np.finfo(np.float64).max)
    return np.where(numbers > inner, numbers - inner, inner - numbers).astype(np.float64)


def _tail(distances: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw distances from the next number, all below the largest."""
    end = distances.max()
    scale = max(np.median(distances / end) / np.log(2), np.finfo(np.float64).tiny)
    below = -np.expm1(-1 / scale)
    return -scale * np.log1p(-rng.random(n) * below) * end


def _moved(inner: Any, outer: Any, distances: np.ndarray) -> np.ndarray:
    """Return numbers so far from the next one towards the outermost, which is not reached."""
    if isinstance(inner, np.floating):
        low, high = sorted((inner, np.nextafter(outer, inner)))
        return np.clip(inner + (distances if outer > inner else -distances), low, high)
    most = (outer - inner if outer > inner else inner - outer) - np.uint64(1)
    distances = np.minimum(np.floor(distances), np.nextafter(2.0**64, 0))
    steps = np.minimum(distances.astype(np.uint64), most)
    return inner + steps if outer > inner else inner - steps
