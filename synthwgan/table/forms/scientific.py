"""Numbers with exponents: ``2.08431e+04``, ``5.7E-3``, and those of which only some have one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.forms.affixes import Affixes, find_affixes
from synthwgan.table.forms.numbers import anatomies_of
from synthwgan.table.forms.numerals import MAX_LENGTH
from synthwgan.table.forms.textform import TextForm

_MAX_DIGITS = 17
_NUMBER = re.compile(r"([0-9]+(?:[.,][0-9]+)?)(?:([eE])([+-]?)([0-9]{1,3}))?")
_STYLES = ("e", "g", "repr")


class ScientificNumber(TextForm):
    """Numbers with an exponent.

    Parameters
    ----------
    affixes : dict
        Parameters of `Affixes`: what stands around the digits.
    style : {"e", "g", "repr"}
        "e": all with an exponent. "g" and "repr", as Python's functions of these names:
        small and large numbers only.
    digits : int or None
        Decimals of the mantissa, or for "g" significant digits; None for as many as it needs.
    letter : {"e", "E"}
    plus : bool
        Whether exponents that are not negative have a sign.
    width : int
        Digits that an exponent has at least.
    mark : {".", ","}
        The decimal mark.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.scientific import ScientificNumber
    >>> form = ScientificNumber.find(np.array(["2.08431e+04", "-5.70000e-03"], dtype=object))
    >>> form.parse(np.array(["1.23400e+01", "1.234e1"], dtype=object))
    (array([12.34,  0.  ]), array([ True, False]))
    >>> form.write(np.array([1e6])).tolist()
    ['1.00000e+06']
    """

    name: ClassVar[str] = "scientific_number"
    meaning: ClassVar[str] = "numeric"
    dtype = np.float64

    def __init__(
        self,
        affixes: dict[str, Any],
        style: str,
        digits: int | None,
        letter: str,
        plus: bool,
        width: int,
        mark: str,
    ) -> None:
        are_known = style in _STYLES and letter in ("e", "E") and mark in (".", ",")
        are_known &= isinstance(width, int) and 1 <= width <= 3 and isinstance(plus, bool)
        if digits is not None:
            are_known &= isinstance(digits, int) and 0 <= digits <= _MAX_DIGITS
        if not are_known or (digits is None and style == "g"):
            raise ValueError(f"no numbers with exponents: {style!r}, {digits!r}, {width!r}")
        self._affixes = Affixes(**affixes)
        self.style, self.digits, self.letter = style, digits, letter
        self.plus, self.width, self.mark = plus, width, mark

    @classmethod
    def find(cls, cells: np.ndarray) -> ScientificNumber | None:
        anatomies = anatomies_of(cells)
        affixes = find_affixes(anatomies) if anatomies else None
        if affixes is None:
            return None
        cores = [one.core for one in anatomies if one.unsigned[1] == affixes.after]
        forms = [cls(vars(affixes), *parameters) for parameters in _parameters(cores)]
        counts = [sum(form._read(core) is not None for core in cores) for form in forms]
        return forms[int(np.argmax(counts))] if max(counts, default=0) else None

    def number_of(self, text: str) -> float | None:
        for digits, sign in self._affixes.strip(text):
            number = self._read(digits)
            if number is not None and (number or sign > 0):
                return sign * number
        return None

    def text_of(self, number: float) -> str:
        return self._affixes.wrap(self._digits(abs(number)), number)

    def _read(self, text: str) -> float | None:
        if len(text) > MAX_LENGTH or not _NUMBER.fullmatch(text):
            return None
        number = float(text.replace(self.mark, "."))
        return number if np.isfinite(number) and self._digits(number) == text else None

    def _digits(self, number: float) -> str:
        mantissa, _, exponent = self._python(number).partition("e")
        if exponent:
            sign = "-" if exponent[0] == "-" else "+" * self.plus
            exponent = self.letter + sign + exponent.lstrip("+-0").rjust(self.width, "0")
        return mantissa.replace(".", self.mark) + exponent

    def _python(self, number: float) -> str:
        if self.style == "repr":
            return repr(float(number))
        if self.style == "g":
            return f"{number:.{self.digits}g}"
        if self.digits is None:
            return np.format_float_scientific(number, trim="-")
        return f"{number:.{self.digits}e}"

    @property
    def said(self) -> str:
        return self._affixes.said

    @property
    def sample(self) -> str:
        return self.text_of(1.2345e-05)

    def to_dict(self) -> dict[str, Any]:
        public = {key: value for key, value in vars(self).items() if key != "_affixes"}
        return {"name": self.name, "affixes": dict(vars(self._affixes)), **public}


def _parameters(cores: list[str]) -> Iterator[tuple[Any, ...]]:
    """Return the ways in which numbers with exponents may be written."""
    matches = [match for match in map(_NUMBER.fullmatch, cores) if match is not None]
    parts = [match.groups() for match in matches if match[2]]
    # 1E05 is a code: no decimals, and no sign of its exponent.
    if not any("." in core or "," in core or sign for core, _, sign, _ in parts):
        return
    mark = "," if any("," in core for core in cores) else "."
    letter = Counter(part[1] for part in parts).most_common(1)[0][0]
    plus = any(sign == "+" for _, _, sign, _ in parts)
    how = letter, plus, min(len(exponent) for _, _, _, exponent in parts), mark
    decimals = Counter(len(core.partition(mark)[2]) for core, *_ in parts).most_common(1)[0][0]
    yield "e", min(decimals, _MAX_DIGITS), *how
    yield "e", None, *how
    yield "repr", None, *how
    for digits in (6, max(len(part[0].replace(mark, "")) for part in parts)):
        yield "g", min(digits, _MAX_DIGITS), *how
