"""What a user may have meant by a condition that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_COMPARISON = re.compile(r"\s*(<=|>=|<|>|!=|<>|==?|≤|≥)\s*(.*\S)\s*")
_FROM_TO = re.compile(r"\s*([+-]?[\d.,]+)\s*(?:-|–|\.\.+|:|to)\s*([+-]?[\d.,]+)\s*")
_WITH_COMMA = re.compile(r"\s*[+-]?\d[\d.,' ]*,\d+\s*")


def meant(
    name: Any,
    wanted: Any,
    has_order: bool,
    reads: Callable[[str], bool],
    holds: Callable[[str], bool],
) -> str:
    """Return a remedy for a condition that was refused, or nothing if none is at hand.

    Parameters
    ----------
    name : column name
        The column.
    wanted : object
        What was asked of it.
    has_order : bool
        Whether ranges can be asked of it.
    reads : callable
        Says whether a text can be read as a cell: then its commas are not to blame.
    holds : callable
        Says whether a text is a cell of the column: then it is not to blame at all.

    Examples
    --------
    >>> from synthwgan.table.storage.meant import meant
    >>> meant("age", ">=30", has_order=True, reads=str.isdecimal, holds=str.isdecimal)
    "; a range is a pair, both ends included: conditions={'age': (30, None)}"
    """
    for text in _texts(wanted):
        if holds(text):
            continue
        bounds = _bounds(text)
        if bounds is not None and has_order:
            return f"; a range is a pair, both ends included: conditions={{{name!r}: {bounds}}}"
        comparison = _COMPARISON.fullmatch(text)
        if comparison is not None and comparison[1] in ("!=", "<>"):
            return "; to leave out a value, give a list of the others"
        if _WITH_COMMA.fullmatch(text) and not reads(text):
            return f"; write a point before decimals, and nothing between thousands: {_plain(text)}"
    return ""


def _texts(wanted: Any) -> Iterator[str]:
    """The texts among what is asked: a value, or the values, bounds or keys that it has."""
    if isinstance(wanted, str):
        yield wanted
    elif isinstance(wanted, Mapping | list | tuple | set):
        for one in wanted:
            yield from _texts(one)


def _bounds(text: str) -> str | None:
    """Return the range that a text such as ``>=30`` or ``30-40`` means, as Python writes it."""
    if between := _FROM_TO.fullmatch(text):
        return f"({_as_code(between[1])}, {_as_code(between[2])})"
    comparison = _COMPARISON.fullmatch(text)
    if comparison is None or comparison[1] not in ("<", "<=", "≤", ">", ">=", "≥"):
        return None
    bound = _as_code(comparison[2])
    return f"(None, {bound})" if comparison[1] in ("<", "<=", "≤") else f"({bound}, None)"


def _as_code(text: str) -> str:
    number = _plain(text) if _WITH_COMMA.fullmatch(text) else text
    return number if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", number) else repr(text)


def _plain(text: str) -> str:
    """Return a number with a decimal comma as Python writes it."""
    whole, _, decimals = text.strip().rpartition(",")
    return re.sub(r"[.,' ]", "", whole) + "." + decimals
