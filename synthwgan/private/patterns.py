"""Identifiers that are made of a declared pattern, and of nothing else."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.private.storage import Stored

_SIGNS = {"#": string.digits, "@": string.ascii_uppercase}


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
            self._text((key + number * factor) % self.number)
            for number in range(first, first + n_rows)
        ]
        cells = pd.Series(np.array(texts, dtype=object), dtype=object)
        if self.stored.holds == "number":
            return cells.astype(np.int64).astype(self.stored.physical.dtype)
        return cells if self.stored.physical is None else cells.astype(self.stored.physical.dtype)

    def _text(self, number: int) -> str:
        signs = []
        for sign in reversed(self.pattern):
            if sign in _SIGNS:
                number, rest = divmod(number, len(_SIGNS[sign]))
                sign = _SIGNS[sign][rest]
            signs.append(sign)
        return "".join(reversed(signs))
