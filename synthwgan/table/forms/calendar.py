"""Years, months, days and clock times as ticks, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# Ticks of a unit in a day; months have none.
_PER_DAY = {"s": 86_400, "m": 1_440, "h": 24, "D": 1}
_DEFAULTS = {"Y": 1970, "M": 1, "D": 1, "h": 0, "m": 0, "s": 0}
# Years that text of four digits has.
_FIRST_YEAR, _LAST_YEAR = 1, 9999


def unit_of(fields: str) -> str:
    """Return the unit of ticks of moments with some of the fields ``YMDhms``."""
    return next(letter for letter in "smhDM" if letter in fields)


def to_ticks(fields: Mapping[str, np.ndarray], unit: str) -> tuple[np.ndarray, np.ndarray]:
    """Return moments as ticks.

    Parameters
    ----------
    fields : mapping of letter in ``YMDhms`` to ndarray of shape (n,), int64
        Any numbers; what is not there is the first.
    unit : {"s", "m", "h", "D", "M"}

    Returns
    -------
    ticks : ndarray of shape (n,), int64
        0 where there is no such moment.
    exist : ndarray of shape (n,), bool
        Where there is one: no 30th of February, no 25 o'clock.
    """
    year, month, day, hour, minute, second = (
        fields.get(letter, np.int64(default)) for letter, default in _DEFAULTS.items()
    )
    exist = (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)
    exist = exist & (hour >= 0) & (hour < 24) & (minute >= 0) & (minute < 60)
    exist = exist & (second >= 0) & (second < 60)
    months = np.where(exist, (year - 1970) * 12 + month - 1, 0)
    first, end = _first_day(months), _first_day(months + 1)
    exist = exist & (day >= 1) & (day <= end - first)
    if unit == "M":
        return np.where(exist, months, 0), exist
    seconds = (first + day - 1) * 86_400 + hour * 3600 + minute * 60 + second
    return np.where(exist, seconds // (86_400 // _PER_DAY[unit]), 0), exist


def _first_day(months: np.ndarray) -> np.ndarray:
    """Return the first day of months, both counted from 1970."""
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64)


def from_ticks(ticks: np.ndarray, unit: str) -> dict[str, np.ndarray]:
    """Return the fields ``YMDhms`` of moments, and ``w``, the day of the week from Monday 0."""
    stamps = ticks.astype(np.int64).view(f"M8[{unit}]")
    months, days = stamps.astype("M8[M]"), stamps.astype("M8[D]")
    seconds = (stamps.astype("M8[s]") - days.astype("M8[s]")).astype(np.int64)
    return {
        "Y": months.astype("M8[Y]").astype(np.int64) + 1970,
        "M": months.astype(np.int64) % 12 + 1,
        "D": (days - months.astype("M8[D]")).astype(np.int64) + 1,
        "h": seconds // 3600,
        "m": seconds // 60 % 60,
        "s": seconds % 60,
        # The first of January 1970 was a Thursday.
        "w": (days.astype(np.int64) + 3) % 7,
    }
