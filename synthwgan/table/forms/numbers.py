"""Numbers as text: ``1,234.50``, ``$12.50``, ``12,50 €``, ``28.4%``, ``57.3 kg``, ``(4.1)``."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from synthwgan.table.forms.affixes import Affixes, Anatomy, dissect, find_affixes
from synthwgan.table.forms.numerals import Numerals, find_numerals
from synthwgan.table.forms.textform import TextForm, some_texts

# So many different texts must look like numbers to look closer.
MIN_SHARE = 0.5
# Texts of digits are codes. Decimals in so many of them, or so many negative ones, say otherwise.
_MIN_DECIMAL_SHARE = 0.05
_MIN_NEGATIVE = 2


def anatomies_of(cells: np.ndarray) -> list[Anatomy]:
    """Return the anatomies of some texts, none if they do not look like numbers."""
    texts = some_texts(cells)
    anatomies = [anatomy for anatomy in map(dissect, texts) if anatomy is not None]
    return anatomies if len(anatomies) >= MIN_SHARE * len(texts) else []


class TextNumber(TextForm):
    """Numbers with the same signs, currency and unit around them, and digits of one kind.

    Parameters
    ----------
    affixes : dict
        Parameters of `Affixes`: what stands around the digits.
    numerals : dict
        Parameters of `Numerals`: how the digits are written.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.numbers import TextNumber
    >>> form = TextNumber.find(np.array(["$1,234.50", "-$0.99"], dtype=object))
    >>> form.parse(np.array(["$20.00", "$20"], dtype=object))
    (array([20.,  0.]), array([ True, False]))
    >>> form.write(np.array([-1234567.5])).tolist()
    ['-$1,234,567.50']
    """

    name: ClassVar[str] = "number"
    meaning: ClassVar[str] = "numeric"
    _takes_codes: ClassVar[bool] = False

    def __init__(self, affixes: dict[str, Any], numerals: dict[str, Any]) -> None:
        self._affixes, self._numerals = Affixes(**affixes), Numerals(**numerals)

    @property
    def dtype(self) -> Any:
        """The dtype of the numbers."""
        return np.int64 if self._numerals.are_whole else np.float64

    @property
    def n_decimals(self) -> int | None:
        """Decimals of numbers that are not whole, None for as many as they need."""
        return self._numerals.decimals

    @classmethod
    def find(cls, cells: np.ndarray) -> TextNumber | None:
        anatomies = anatomies_of(cells)
        affixes = find_affixes(anatomies) if anatomies else None
        if affixes is None:
            return None
        cores = [one.core for one in anatomies if one.unsigned[1] == affixes.after]
        numerals, _ = find_numerals(cores)
        if numerals is None or (not cls._takes_codes and _are_codes(affixes, numerals, anatomies)):
            return None
        return cls(vars(affixes), numerals.to_dict())

    def number_of(self, text: str) -> int | float | None:
        for digits, sign in self._affixes.strip(text):
            number = self._numerals.read(digits)
            if number is not None and (number or sign > 0):
                return sign * number
        return None

    def text_of(self, number: int | float) -> str:
        return self._affixes.wrap(self._numerals.write(abs(number)), number)

    @property
    def said(self) -> str:
        return self._affixes.said

    @property
    def sample(self) -> str:
        return self.text_of(1234 if self._numerals.are_whole else 1234.5)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "affixes": dict(vars(self._affixes)),
            "numerals": self._numerals.to_dict(),
        }


class PlainNumber(TextNumber):
    """Numbers that may be codes, read as numbers only if the user says that they are."""

    name: ClassVar[str] = "plain_number"
    _takes_codes: ClassVar[bool] = True


def _are_codes(affixes: Affixes, numerals: Numerals, anatomies: list[Anatomy]) -> bool:
    """Whether digits are names and not amounts: postcodes, telephone and order numbers."""
    if affixes.say_number and not affixes.are_plain:
        return False
    cores = [one.core for one in anatomies]
    if numerals.thousands:
        # Amounts vary in length; the groups of a telephone number do not.
        shapes = {tuple(map(len, core.split(numerals.thousands))) for core in cores}
        return numerals.are_whole and numerals.thousands != "," and len(shapes) == 1
    if not numerals.are_whole:
        n_decimal = sum(numerals.mark in core for core in cores)
        return n_decimal < _MIN_DECIMAL_SHARE * len(cores)
    if not affixes.are_plain:
        return True
    return affixes.before == "+" or sum(one.is_negative for one in anatomies) < _MIN_NEGATIVE
