"""How the edges of bands are shown: as cells of their column, and so that they part the bands."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthwgan.table.rules.units import ticks_per
from synthwgan.table.rules.written import cells_of

if TYPE_CHECKING:
    from synthwgan.table.rules.columns import Column

_DAY = 86_400
_CLOCK_UNITS = {
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
}
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_LARGEST = 2.0**62

# A text and what it says, measured as the edge is.
Shown = Iterator[tuple[str, float]]


def shown_edges(
    edges: list[float], of: Column, measure: np.ndarray, is_difference: bool
) -> list[str]:
    """Return edges as a reader can apply them.

    Moments and durations are shown as such, clock times and addresses as they are written, all
    else as numbers; each with the fewest digits that leave every cell on its side.

    Parameters
    ----------
    edges : list of float
        What is still in the band below.
    of : Column
        What the bands are of.
    measure : ndarray of shape (n_rows,), float64
        Its cells as the edges count them, NaN where unknown: moments in days.
    is_difference : bool
        Whether another column was subtracted: then moments have become days.
    """
    seen = np.sort(measure[~np.isnan(measure)])
    return [
        next(
            text
            for text, value in _ways(edge, of, seen, is_difference)
            if np.searchsorted(seen, value, "right") == np.searchsorted(seen, edge, "right")
        )
        for edge in edges
    ]


def as_number(edge: float) -> str:
    """Return an edge as a short number."""
    return f"{edge:.10g}"


def _ways(edge: float, of: Column, seen: np.ndarray, is_difference: bool) -> Shown:
    if of.is_duration:
        yield from _durations(edge, seen)
    elif of.kind == "time" and not is_difference:
        yield from _moments(edge, of)
    elif of.measure is not None and of.written is not None and not is_difference:
        unit = 10.0 ** (of.decimals or 0)
        value = math.floor(edge * unit) / unit
        yield str(cells_of(of.written, np.array([value])).tolist()[0]), value
    yield as_number(edge), float(as_number(edge))
    yield repr(edge), edge


def _moments(edge: float, of: Column) -> Shown:
    per_day = ticks_per("D", of.unit)
    moment = pd.Timestamp(np.datetime64(_floor(edge * per_day), of.unit))
    if of.zone is not None:
        moment = moment.tz_localize("UTC").tz_convert(of.zone)
        # Wall times may occur twice; with their offset they do not.
        moment = moment.tz_convert(datetime.timezone(moment.utcoffset()))

    def in_days(stamp: pd.Timestamp) -> float:
        naive = stamp if stamp.tz is None else stamp.tz_convert("UTC").tz_localize(None)
        return float(naive.to_datetime64().astype(f"M8[{of.unit}]").astype(np.int64)) / per_day

    if _are_days(of):
        day = moment.floor("D")
        yield day.isoformat(sep=" ").split(" ")[0], in_days(day)
    for unit, timespec in _CLOCK_UNITS.items():
        short = moment.floor(unit)
        yield short.isoformat(sep=" ", timespec=timespec), in_days(short)


def _are_days(of: Column) -> bool:
    """Whether all moments are midnights of their zone."""
    stamps = pd.DatetimeIndex(of.values[of.present].astype(np.int64).view(f"M8[{of.unit}]"))
    if of.zone is not None:
        stamps = stamps.tz_localize("UTC").tz_convert(of.zone).tz_localize(None)
    return bool((stamps == stamps.normalize()).all())


def _durations(edge: float, seen: np.ndarray) -> Shown:
    if not (seen % _DAY).any():
        days = _floor(edge / _DAY)
        yield str(pd.Timedelta(np.timedelta64(days * _DAY, "s"))), float(days * _DAY)
    for unit, digits in _DIGITS.items():
        if abs(edge) * 10.0**digits < _LARGEST:
            count = _floor(edge * 10.0**digits)
            yield str(pd.Timedelta(np.timedelta64(count, unit))), count / 10.0**digits


def _floor(ticks: float) -> int:
    """Return whole ticks; those that a division and a product left just below are whole."""
    return math.floor(np.nextafter(ticks, math.inf))
