"""Numbers in thousands, millions or billions: ``$4.1M``, ``3.2k``, ``512 MB``."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any, ClassVar

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.forms.affixes import Affixes, find_affixes
from synthwgan.table.forms.numbers import anatomies_of
from synthwgan.table.forms.numerals import Numerals, find_numerals
from synthwgan.table.forms.textform import TextForm

SCALES = {
    "": 1,
    "k": 10**3,
    "K": 10**3,
    "M": 10**6,
    "mn": 10**6,
    "G": 10**9,
    "B": 10**9,
    "bn": 10**9,
    "T": 10**12,
}
_TAIL = re.compile(
    r"(?P<blank>[ \u00a0\u202f]?)(?P<scale>k|K|mn|M|G|bn|B|T|)(?P<rest>.*)", re.DOTALL
)


class AbbreviatedNumber(TextForm):
    """Numbers in several scales, each in the largest that it reaches.

    Parameters
    ----------
    affixes : dict
        Parameters of `Affixes`, without blank and scale.
    blank : str
        What stands between the digits and the scale.
    numerals : dict of str to dict
        Parameters of `Numerals` by scale, from the smallest to the largest.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.abbreviated import AbbreviatedNumber
    >>> form = AbbreviatedNumber.find(np.array(["$4.1M", "$0.9M", "$12.0M"], dtype=object))
    >>> form.parse(np.array(["$4.1M", "$4.1"], dtype=object))
    (array([4100000.,       0.]), array([ True, False]))
    >>> form.write(np.array([1234567])).tolist()
    ['$1.2M']
    """

    name: ClassVar[str] = "abbreviated_number"
    meaning: ClassVar[str] = "numeric"
    dtype = np.float64

    def __init__(
        self, affixes: dict[str, Any], blank: str, numerals: dict[str, dict[str, Any]]
    ) -> None:
        sizes = [SCALES[scale] for scale in numerals]
        if not isinstance(blank, str) or len(blank) > 1 or not sizes or sizes != sorted(set(sizes)):
            raise ValueError(f"no scales of numbers: {list(numerals)!r}")
        self._affixes, self.blank = Affixes(**affixes), blank
        self._numerals = {scale: Numerals(**parameters) for scale, parameters in numerals.items()}

    @classmethod
    def find(cls, cells: np.ndarray) -> AbbreviatedNumber | None:
        tails = [(one, required(_TAIL.fullmatch(one.unsigned[1]))) for one in anatomies_of(cells)]
        scaled = Counter(match.group("blank", "rest") for _, match in tails if match["scale"])
        if not scaled:
            return None
        (blank, rest), _ = scaled.most_common(1)[0]
        cores: dict[str, list[str]] = defaultdict(list)
        unscaled = []
        for one, match in tails:
            ending = _ending(blank, match["scale"], rest)
            if one.unsigned[1] == ending + rest:
                cores[match["scale"]].append(one.core)
                unscaled.append(one._replace(tail=one.tail.removeprefix(ending)))
        affixes = find_affixes(unscaled)
        if affixes is None or not _are_scales(cores, affixes):
            return None
        found = {scale: find_numerals(cores[scale])[0] for scale in SCALES if scale in cores}
        written = {scale: way.to_dict() for scale, way in found.items() if way is not None}
        return cls(vars(affixes), blank, written) if len(written) == len(found) else None

    def number_of(self, text: str) -> float | None:
        for digits, sign in self._affixes.strip(text):
            number = self._read(digits)
            if number is not None and self.text_of(sign * number) == text:
                return sign * number
        return None

    def _read(self, text: str) -> float | None:
        for scale, numerals in self._numerals.items():
            ending = _ending(self.blank, scale, self._affixes.after)
            number = numerals.read(text.removesuffix(ending)) if text.endswith(ending) else None
            if number is not None:
                # Whole ones stay whole: 4.1 * 10**6 is less than 4,100,000.
                return round(float(number) * SCALES[scale], 6)
        return None

    def text_of(self, number: float) -> str:
        size, scales = abs(number), list(self._numerals)
        place = max([i for i, scale in enumerate(scales) if size >= SCALES[scale]], default=0)
        digits = self._digits(size, scales[place])
        if place + 1 < len(scales):
            # 999.96k is rounded to 1.0M.
            rounded = self._read(digits)
            if rounded is not None and rounded >= SCALES[scales[place + 1]]:
                digits = self._digits(size, scales[place + 1])
        return self._affixes.wrap(digits, number)

    def _digits(self, size: float, scale: str) -> str:
        digits = self._numerals[scale].write(size / SCALES[scale])
        return digits + _ending(self.blank, scale, self._affixes.after)

    @property
    def said(self) -> str:
        return self._affixes.said

    @property
    def sample(self) -> str:
        return self.text_of(1.2 * SCALES[next(reversed(self._numerals))])

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "affixes": dict(vars(self._affixes)),
            "blank": self.blank,
            "numerals": {scale: way.to_dict() for scale, way in self._numerals.items()},
        }


def _ending(blank: str, scale: str, rest: str) -> str:
    """What stands behind the digits: a number without scale and unit has no blank."""
    return blank + scale if scale or rest else ""


def _are_scales(cores: dict[str, list[str]], affixes: Affixes) -> bool:
    """Whether letters are scales: one alone may be part of a unit, as in kg, or of a code."""
    sizes = [SCALES[scale] for scale in cores]
    if len(sizes) > 1:
        return len(set(sizes)) == len(sizes)
    has_decimals = any("." in core or "," in core for core in next(iter(cores.values())))
    return not any(map(str.isalpha, affixes.after)) and (
        has_decimals or bool(affixes.before.strip("+ "))
    )
