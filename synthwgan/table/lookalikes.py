"""Text that looks like dates or numbers, but is written in a form that is not read as such."""

from __future__ import annotations

import re
import warnings
from itertools import permutations
from typing import Any

import numpy as np

_MONTHS = (
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|"
    "oct(ober)?|nov(ember)?|dec(ember)?"
)
_DATE = re.compile(
    r"(?<![\d.])(?P<first>\d{1,4})[/.-](?P<second>\d{1,2})[/.-](?P<third>\d{1,4})(?![\d.])|"
    rf"(?<!\d)([01]?\d|2[0-3]):[0-5]\d|\b({_MONTHS})\b.*\d",
    re.IGNORECASE,
)
_DATE_START = re.compile(rf"\d|({_MONTHS}|(mon|tue|wed|thu|fri|sat|sun)[a-z]*)\b", re.IGNORECASE)
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
    found = _DATE.search(text)
    if not (found and _DATE_START.match(text)) or len(text) > 40:
        return False
    numbers = [int(part) for part in found.group("first", "second", "third") if part]
    # Two of three numbers are a month and a day; a clock and a month's name say enough.
    return not numbers or any(
        1 <= month <= 12 and 1 <= day <= 31 for month, day in permutations(numbers, 2)
    )


def _looks_like_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text)) and not _PLAIN_DIGITS.fullmatch(text)
