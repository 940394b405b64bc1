"""Text that looks like dates or numbers, but is written in a form that is not read as such."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"\d{{1,4}}[/.-]\d{{1,2}}[/.-]\d{{1,4}}|\d{{1,2}}:\d{{2}}|\b({_MONTHS})[a-z]*\b.*\d",
    re.IGNORECASE,
)
_DATE_START = re.compile(rf"\d|({_MONTHS}|mon|tue|wed|thu|fri|sat|sun)[a-z]*\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"[-+]?[€$£¥]?\s?(\d{1,3}([.,']\d{3})+|\d+)([.,]\d+)?\s?[€$£¥%]?", re.IGNORECASE
)
_PLAIN_DIGITS = re.compile(r"\d+")
_MIN_SHARE = 0.9
_MAX_LOOKED_AT = 1000


def warn_of_lookalikes(name: Any, texts: np.ndarray) -> bool:
    """Warn if nearly all of the texts look like dates or numbers; say whether they do.

    Such a column can be neither learnt as what it means nor made anew as a key.

    Parameters
    ----------
    name : hashable
        The column's name.
    texts : ndarray of shape (n,), object
        Distinct texts.

    Warns
    -----
    UserWarning
        With a cell and the remedy.
    """
    texts = texts[:: max(1, len(texts) // _MAX_LOOKED_AT)]
    for looks_like, what, remedy in (
        (_looks_like_date, "dates", "pd.to_datetime"),
        (_looks_like_number, "numbers", "pd.to_numeric"),
    ):
        fitting = [text for text in texts if looks_like(text)]
        if len(fitting) >= _MIN_SHARE * len(texts):
            others = [text for text in texts if not looks_like(text)]
            exception = f", though not all are: {others[0]!r}" if others else ""
            warnings.warn(
                f"column {name!r}: its texts look like {what} ({fitting[0]!r}{exception}), but "
                f"are taken for categories: convert the column with {remedy}",
                UserWarning,
                stacklevel=2,
            )
            return True
    return False


def _looks_like_date(text: str) -> bool:
    if not (_DATE_START.match(text) and _DATE.search(text)) or len(text) > 40:
        return False
    with warnings.catch_warnings():
        # pandas warns where day and month could be swapped: a date all the same.
        warnings.simplefilter("ignore")
        return not pd.isna(pd.to_datetime(text, errors="coerce"))


def _looks_like_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and not _PLAIN_DIGITS.fullmatch(text)


def why_no_form(kind: str, present: np.ndarray) -> str:
    """Say why the cells of a column are no numbers or no dates, and what to do."""
    if present.dtype != object:
        return (
            f"numbers such as {present.tolist()[0]!r} are no dates: convert the column with "
            "pd.to_datetime or leave its kind out"
        )
    cells = pd.Series(present, dtype=object)
    if kind == "numeric":
        failing = present[pd.to_numeric(cells, errors="coerce").isna().to_numpy()]
        if len(failing):
            return f"{failing[0]!r} is no number: correct it or use the kind 'categorical'"
        return "its numbers are written as text: convert the column with pd.to_numeric"
    index = pd.to_datetime(cells, errors="coerce", format="mixed")
    failing = present[index.isna().to_numpy()]
    if len(failing):
        return f"{failing[0]!r} is not a date: correct it or use the kind 'categorical'"
    return (
        f"dates such as {present[0]!r} are not all in one known format: "
        "convert the column with pd.to_datetime"
    )
