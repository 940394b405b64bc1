"""One value that a user writes, on a command line or in Python: a number, a truth value, none."""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

_DAY_OR_MONTH = re.compile(r"\s*(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?!\d)")
_MONTHS = 12
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}
_BOOLEANS |= {"1": True, "0": False, "1.0": True, "0.0": False}


class UnclearMoment(ValueError):
    """A text that may mean two moments, or none on the clocks of a zone."""


def is_missing(value: Any) -> bool:
    """Whether a value stands for a missing cell: None, NaN, NaT or pandas' NA."""
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def is_infinite(value: Any) -> bool:
    """Whether a value is infinite, or the text of it."""
    if isinstance(value, str):
        return value.strip().lower().lstrip("+-") in {"inf", "infinity"}
    return isinstance(value, float | np.floating) and math.isinf(value)


def span_in_words(low: Any, high: Any) -> str:
    """Return a range in words; of whole days without their hours."""
    words = [str(end) for end in (low, high)]
    if all(_is_whole_day(end) for end in (low, high)):
        words = [word.partition(" ")[0] for word in words]
    return " to ".join(words)


def _is_whole_day(value: Any) -> bool:
    # Not by `normalize`: the first midnight of a time zone may lie before all that pandas holds.
    if not isinstance(value, pd.Timestamp):
        return False
    return not any((value.hour, value.minute, value.second, value.microsecond, value.nanosecond))


def as_number(value: Any) -> Any:
    """Return a number; of text exactly that which is written.

    Raises
    ------
    ValueError
        If text is no number.
    """
    if not isinstance(value, str):
        return value
    try:
        return decimal.Decimal(value)
    except decimal.InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None


def as_whole(value: Any) -> int:
    """Return a whole number, also of text and of floats.

    Raises
    ------
    ValueError
        If it is none.
    """
    number = as_number(value)
    if number != int(number):
        raise ValueError(f"{number!r} is no whole number")
    return int(number)


def as_boolean(value: Any) -> bool:
    """Return a truth value, also of the words for it.

    Raises
    ------
    ValueError
        If it is none.
    """
    text = str(value).lower()
    if text not in _BOOLEANS:
        raise ValueError(f"{value!r} is neither true nor false")
    return _BOOLEANS[text]


def as_moment(value: Any, zone: Any = None) -> Any:
    """Return a moment; one without a zone is taken as one of the given zone's clock.

    Raises
    ------
    UnclearMoment
        If a text may be read with the day or the month first, or if the clocks of the zone skip or
        repeat it.
    ValueError
        If it is no moment.
    """
    if isinstance(value, str):
        refuse_day_or_month(value)
    stamp = value if isinstance(value, pd.Period) else pd.Timestamp(value)
    if zone is None or not isinstance(stamp, pd.Timestamp) or stamp.tz is not None:
        return stamp
    local = stamp.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    if pd.isna(local) and not pd.isna(stamp):
        raise UnclearMoment(
            f"the clocks of {zone} skip or repeat {str(stamp)!r}: give its offset, as in "
            f"{stamp}+01:00"
        )
    return local


def refuse_day_or_month(text: str) -> None:
    """Raise for a date such as 03.04.2021 or 01.02.03, of which pandas would guess the order."""
    parts = _DAY_OR_MONTH.match(text)
    if parts is None:
        return
    day, month, year = parts.groups()
    if len(year) == 2 or (day != month and max(int(day), int(month)) <= _MONTHS):
        raise UnclearMoment(
            f"{text!r} may have its day or its month first: write the year first, as in 2021-01-31"
        )


def next_whole(bound: Any, round_to: Callable[[Any], int]) -> Any:
    """Return a bound as the next whole number, if it may be none.

    Raises
    ------
    ValueError
        If it is no number.
    """
    if not isinstance(bound, float | np.floating | str):
        return bound
    try:
        return round_to(as_number(bound))
    except ValueError as error:
        raise ValueError(f"{bound!r} is no number") from error


def next_decimal(bound: Any, exponent: int, round_to: Callable[[Any], int]) -> decimal.Decimal:
    """Return a bound as the next multiple of a power of ten.

    Raises
    ------
    ValueError
        If it is no number.
    """
    with decimal.localcontext(decimal.Context(prec=80)):
        try:
            scaled = decimal.Decimal(str(bound)).scaleb(-exponent)
        except decimal.InvalidOperation as error:
            raise ValueError(f"{bound!r} is no number") from error
        return decimal.Decimal(round_to(scaled)).scaleb(exponent)
