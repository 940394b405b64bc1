"""The fixed functions of one column: parts of dates, digits of numbers, pieces of text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthwgan.table.rules.columns import Column

_DIVISORS = (10, 60, 100, 1000, 3600, 10_000, 100_000, 1_000_000)
_LENGTHS = tuple(range(1, 13))
_SEPARATORS = ("-", "_", " ", "/", "@", ".", ",", ":", "|")


@dataclass(frozen=True)
class Part:
    """One function of a column.

    Parameters
    ----------
    of : str
        Kind of the column that it is a function of.
    gives : str
        Kind of the cells that it gives; days since 1970 for "time".
    compute : callable
        From an index of dates, an array of numbers or an array of texts to an array.
    words : str
        How the function is shown, with the column as ``{}``.
    """

    of: str
    gives: str
    compute: Callable[..., np.ndarray]
    words: str


def _of_dates() -> dict[str, Part]:
    numbers = {
        "year": lambda dates: dates.year,
        "quarter": lambda dates: dates.quarter,
        "month": lambda dates: dates.month,
        "week": lambda dates: dates.isocalendar().week,
        "dayofyear": lambda dates: dates.day_of_year,
        "day": lambda dates: dates.day,
        "weekday": lambda dates: dates.day_of_week,
        "isoweekday": lambda dates: dates.day_of_week + 1,
        "hour": lambda dates: dates.hour,
        "minute": lambda dates: dates.minute,
        "second": lambda dates: dates.second,
        "time": lambda dates: (dates.hour * 60 + dates.minute) * 60 + dates.second,
        "time_in_minutes": lambda dates: dates.hour * 60 + dates.minute,
        "hhmm": lambda dates: dates.hour * 100 + dates.minute,
        "unix_seconds": lambda dates: _since_1970(dates, "s"),
        "unix_milliseconds": lambda dates: _since_1970(dates, "ms"),
        "yyyymm": lambda dates: dates.year * 100 + dates.month,
        "yyyymmdd": lambda dates: (dates.year * 100 + dates.month) * 100 + dates.day,
    }
    texts = {
        "month_name": lambda dates: dates.month_name(),
        "month_short": lambda dates: dates.month_name().str[:3],
        "weekday_name": lambda dates: dates.day_name(),
        "weekday_short": lambda dates: dates.day_name().str[:3],
        "year_month": lambda dates: dates.strftime("%Y-%m"),
        "year_quarter": lambda dates: dates.year.astype(str) + "Q" + dates.quarter.astype(str),
    }
    parts = {
        name: Part("time", "number", _whole(part), f"{name} of {{}}")
        for name, part in numbers.items()
    }
    parts |= {
        name: Part("time", "text", _text(part), f"{name} of {{}}") for name, part in texts.items()
    }
    parts["weekend"] = Part(
        "time", "label", lambda dates: np.asarray(dates.day_of_week >= 5), "weekend of {}"
    )
    parts["date"] = Part("time", "time", _days, "date of {}")
    return parts


def _since_1970(dates: pd.DatetimeIndex, unit: str) -> np.ndarray:
    """Return the whole units since 1970, in UTC where the dates have a zone."""
    there = dates if dates.tz is None else dates.tz_convert("UTC").tz_localize(None)
    return there.to_numpy().astype(f"M8[{unit}]").astype(np.int64)


def _whole(part: Callable[[pd.DatetimeIndex], object]) -> Callable[[pd.DatetimeIndex], np.ndarray]:
    return lambda dates: np.asarray(part(dates), dtype=np.int64)


def _text(part: Callable[[pd.DatetimeIndex], object]) -> Callable[[pd.DatetimeIndex], np.ndarray]:
    return lambda dates: np.asarray(part(dates), dtype=object)


def _days(dates: pd.DatetimeIndex) -> np.ndarray:
    local = dates.tz_localize(None) if dates.tz is not None else dates
    return local.to_numpy().astype("M8[D]").astype(np.int64)


def _of_numbers() -> dict[str, Part]:
    parts = {}
    for divisor in _DIVISORS:
        parts[f"// {divisor}"] = Part(
            "number", "number", lambda x, d=divisor: x // d, f"{{}} // {divisor}"
        )
        parts[f"% {divisor}"] = Part(
            "number", "number", lambda x, d=divisor: x % d, f"{{}} % {divisor}"
        )
    parts["absolute"] = Part("number", "number", np.abs, "|{}|")
    parts["floor"] = Part("number", "number", np.floor, "floor of {}")
    parts["round"] = Part("number", "number", np.rint, "{} rounded")
    parts["ceil"] = Part("number", "number", np.ceil, "ceil of {}")
    parts["round 1"] = Part("number", "number", lambda x: np.round(x, 1), "{} rounded to 1 decimal")
    parts["round 2"] = Part(
        "number", "number", lambda x: np.round(x, 2), "{} rounded to 2 decimals"
    )
    return parts


def _of_texts() -> dict[str, Part]:
    def each(function: Callable[[str], object]) -> Callable[[np.ndarray], np.ndarray]:
        def compute(texts: np.ndarray) -> np.ndarray:
            out = np.empty(len(texts), dtype=object)
            out[:] = [function(text) for text in texts]
            return out

        return compute

    parts = {}
    for length in _LENGTHS:
        parts[f"first {length}"] = Part(
            "text", "text", each(lambda t, k=length: t[:k]), f"first {length} letters of {{}}"
        )
        parts[f"last {length}"] = Part(
            "text", "text", each(lambda t, k=length: t[-k:]), f"last {length} letters of {{}}"
        )
    for mark in _SEPARATORS:
        parts[f"before {mark}"] = Part(
            "text", "text", each(lambda t, m=mark: t.partition(m)[0]), f"{{}} before {mark!r}"
        )
        parts[f"after {mark}"] = Part(
            "text", "text", each(lambda t, m=mark: t.partition(m)[2]), f"{{}} after {mark!r}"
        )
    parts["upper"] = Part("text", "text", each(str.upper), "{} in upper case")
    parts["lower"] = Part("text", "text", each(str.lower), "{} in lower case")
    parts["title"] = Part("text", "text", each(str.title), "{} in title case")
    parts["length"] = Part(
        "text",
        "number",
        lambda texts: np.array([len(text) for text in texts], dtype=np.int64),
        "length of {}",
    )
    return parts


PARTS: dict[str, Part] = {**_of_dates(), **_of_numbers(), **_of_texts()}


def apply_part(name: str, column: Column, zone: str | None = None) -> np.ndarray:
    """Return a part of a column's cells, arbitrary where they are missing."""
    part = PARTS[name]
    if part.of == "number":
        values = np.where(column.missing, 0, column.values)
        return part.compute(values)
    if not column.present.any():
        gives_text = part.gives == "text"
        return np.full(
            len(column), "" if gives_text else 0, dtype=object if gives_text else np.int64
        )
    # Dates and texts are slow one by one, and repeat.
    codes, uniques = column._factorized
    whole = dates_of(column, uniques, zone) if part.of == "time" else uniques
    return part.compute(whole)[np.maximum(codes, 0)]


def dates_of(column: Column, ticks: np.ndarray, zone: str | None) -> pd.DatetimeIndex:
    """Return ticks as dates on the column's calendar, or in a zone if they are UTC."""
    stamps = np.asarray(ticks, dtype=np.int64).view(f"M8[{column.unit}]")
    if column.unit in ("D", "h", "m"):
        stamps = stamps.astype("M8[s]")
    dates = pd.DatetimeIndex(stamps)
    shown = zone or column.zone
    return dates if shown is None else dates.tz_localize("UTC").tz_convert(shown)
