"""Clock times written as numbers: 517 is 5:17."""

from __future__ import annotations

import numpy as np

from synthwgan.table.rules.columns import Column

DAY = 1440
_MIDNIGHT = 2400


def minutes_of(values: np.ndarray) -> np.ndarray:
    """Return the minutes since midnight of numbers such as 517."""
    whole = values.astype(np.int64)
    return whole // 100 * 60 + whole % 100


def clock_of(minutes: np.ndarray, midnight: int) -> np.ndarray:
    """Return minutes, of any day, as numbers such as 517; midnight is written as 0 or 2400."""
    within = minutes % DAY
    return np.where(within == 0, midnight, within // 60 * 100 + within % 60)


def is_clock(column: Column) -> bool:
    """Whether numbers may be clock times: whole, at most 2400, with minutes below 60."""
    if not column.is_integer or not column.present.any():
        return False
    values = column.values[column.present]
    if values.min() < 0 or values.max() > _MIDNIGHT or values.max() <= 60:
        return False
    return bool((values.astype(np.int64) % 100 < 60).all())


def midnight_of(column: Column) -> int:
    """Return how a column writes midnight."""
    return _MIDNIGHT if (column.values[column.present] == _MIDNIGHT).any() else 0


def first_of(column: Column) -> int:
    """Return the first of the 1440 minutes among which most of a column's numbers are.

    A delay may be below 0: what two clock times tell of it is only where in a day it lies.
    """
    minutes = np.sort(column.values[column.present].astype(np.int64))
    if not len(minutes):
        return 0
    ends = np.searchsorted(minutes, minutes + DAY)
    return int(minutes[np.argmax(ends - np.arange(len(minutes)))])
