"""Identifiers that are made of a declared pattern, and of nothing else."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.private.storage import Stored

_SIGNS = {"#": string.digits, "@": string.ascii_uppercase}


def check_pattern(pattern: str, stored: Stored) -> None:
    """Refuse a pattern that makes nothing, or what a dtype cannot hold, as the dtype alone says.

    Raises
    ------
    ValueError, TypeError
        That says what to change.
    """
    if not any(sign in pattern for sign in _SIGNS):
        raise ValueError(f"a pattern is a text with # for digits and @ for letters: {pattern!r}")
    if stored.holds in ("text", "object"):
        return
    are_numbers = stored.holds == "number" and not stored.ticks
    if not are_numbers or not _are_held(pattern, stored):
        remedy = "a pattern of digits that begins with none of # and 0 and fits, such as '1###', or"
        raise TypeError(
            f"dtype {stored.name} cannot hold what the pattern {pattern!r} makes: declare "
            f"{remedy if are_numbers else 'categories or bounds, or'} convert the column to text"
        )


def _are_held(pattern: str, stored: Stored) -> bool:
    """Whether a dtype of numbers has one for each identifier, with the same digits."""
    identifiers = Identifiers(None, pattern, stored)
    last = identifiers.number - 1
    try:
        low, high = (int(identifiers.text(number)) for number in (0, last))
        # A float that holds two neighbours holds all whole numbers below them.
        cells = _as_numbers([low, high - 1, high], stored).astype(object)
        kept = [int(cell) for cell in cells] == [low, high - 1, high]
    except (TypeError, ValueError, ArithmeticError):
        return False
    return kept and [str(low), str(high)] == [identifiers.text(0), identifiers.text(last)]


def _as_numbers(values: Sequence[int], stored: Stored) -> pd.Series:
    # As objects: some fit uint64 and not int64.
    return pd.Series(list(values), dtype=object).astype(stored.physical.dtype)


class Identifiers:
    """Makes identifiers that are all different, in an order that looks random.

    Parameters
    ----------
    name : hashable
        The column.
    pattern : str
        ``#`` becomes a digit, ``@`` a capital letter.
    stored : Stored
        How the column is stored.
    """

    def __init__(self, name: Any, pattern: str, stored: Stored) -> None:
        self.name = name
        self.pattern = pattern
        self.stored = stored
        self.number = math.prod(len(_SIGNS[sign]) for sign in pattern if sign in _SIGNS)

    def check_room(self, n_rows: int) -> None:
        """Raise a ValueError if so many rows cannot all have identifiers of their own."""
        if n_rows > self.number:
            raise ValueError(
                f"column {self.name!r}: {n_rows} rows need as many new identifiers, and only "
                f"{self.number} of the pattern {self.pattern!r} are possible: ask for fewer rows, "
                "or fit with a longer pattern"
            )

    def make(self, first: int, n_rows: int, key: int) -> pd.Series:
        """Return identifiers ``first`` to ``first + n_rows`` of the order that a key says."""
        self.check_room(first + n_rows)
        factor = key % self.number or 1
        while math.gcd(factor, self.number) != 1:
            factor += 1
        texts = [
            self.text((key + number * factor) % self.number)
            for number in range(first, first + n_rows)
        ]
        if self.stored.holds == "number":
            return _as_numbers(list(map(int, texts)), self.stored)
        cells = pd.Series(np.array(texts, dtype=object), dtype=object)
        return cells if self.stored.physical is None else cells.astype(self.stored.physical.dtype)

    def text(self, number: int) -> str:
        """Return the identifier of a number from 0 on."""
        signs = []
        for sign in reversed(self.pattern):
            if sign in _SIGNS:
                number, rest = divmod(number, len(_SIGNS[sign]))
                sign = _SIGNS[sign][rest]
            signs.append(sign)
        return "".join(reversed(signs))
