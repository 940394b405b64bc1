"""Dates written as text in one fixed format: read to ticks, and written back letter by letter."""

from __future__ import annotations

import re
from typing import ClassVar

import numpy as np

from synthwgan.table.forms.base import Form

_FRACTIONS = {3: "ms", 6: "us", 9: "ns"}
_FIELDS = "YMDhmsf"
_DIRECTIVES = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "hh": "%H", "mm": "%M", "ss": "%S"}
_TIMES = ("", " hh:mm", " hh:mm:ss", "Thh:mm", "Thh:mm:ss")
_FRACTIONAL = tuple(
    f"{separator}hh:mm:ss.{'f' * digits}" for separator in " T" for digits in (3, 6, 9)
)
_DATES = (
    "YYYY-MM-DD",
    "YYYY/MM/DD",
    "DD.MM.YYYY",
    "MM/DD/YYYY",
    "DD/MM/YYYY",
    "DD-MM-YYYY",
    "MM-DD-YYYY",
)
_ISO_ZONED = tuple(f"YYYY-MM-DD{time}Z" for time in (*_TIMES[1:], *_FRACTIONAL))
# Without separators in the date, as file names and machines have it.
_COMPACT = tuple(
    f"YYYYMMDD{separator}{time}{zone}"
    for separator in "T_-"
    for time in ("hhmmss", "hhmm", "hhmmssfff")
    for zone in ("", "Z")
)
PATTERNS = (
    *(date + time for date in _DATES for time in (*_TIMES, *_FRACTIONAL)),
    *_ISO_ZONED,
    *_COMPACT,
    "YYYY-MM",
)
_DIGIT, _LETTER = re.compile("[0-9]"), re.compile(f"[{_FIELDS}]")
# A text can only be of a pattern whose digits and other signs are in the same places.
_SHAPES = {pattern: _LETTER.sub("9", pattern) for pattern in PATTERNS}


class TextDate(Form):
    """A fixed-width pattern of the letters Y M D h m s f (fraction) and literal characters.

    Parameters
    ----------
    pattern : str
        For instance ``"DD.MM.YYYY hh:mm"``.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.forms.textdates import TextDate
    >>> form = TextDate("DD.MM.YYYY")
    >>> form.parse(np.array(["23.07.2020", "30.02.2020"], dtype=object))
    (array([18466,     0]), array([ True, False]))
    >>> form.write(np.array([18466])).tolist()
    ['23.07.2020']
    """

    name: ClassVar[str] = "text_date"
    meaning: ClassVar[str] = "datetime"

    def __init__(self, pattern: str) -> None:
        if pattern not in PATTERNS:
            raise ValueError(f"{pattern!r} is no pattern of dates")
        self.pattern = pattern

    @property
    def unit(self) -> str:
        """Unit of the ticks."""
        fraction = self.pattern.count("f")
        if fraction:
            return _FRACTIONS[fraction]
        for letter, unit in (("s", "s"), ("m", "m"), ("D", "D")):
            if letter in self.pattern:
                return unit
        return "M"

    @property
    def strptime(self) -> str:
        """The pattern as ``strptime`` writes it.

        Examples
        --------
        >>> from synthwgan.table.forms.textdates import TextDate
        >>> TextDate("DD.MM.YYYY hh:mm").strptime
        '%d.%m.%Y %H:%M'
        """
        pattern = self.pattern.replace("f" * self.pattern.count("f") or "\0", "%f")
        for letters, directive in _DIRECTIVES.items():
            pattern = pattern.replace(letters, directive)
        return pattern

    @classmethod
    def find(cls, cells: np.ndarray) -> TextDate | None:
        """Return the one pattern in which most texts are dates, or None.

        If several fit as many (3/4/2020), there is no telling which is meant.
        """
        if cells.dtype != object or not len(cells):
            return None
        best, n_best, is_unique = None, 0, True
        head = cells[:50]
        shapes = {_DIGIT.sub("9", text) for text in head.tolist()}
        for pattern in PATTERNS:
            if _SHAPES[pattern] not in shapes:
                continue
            form = cls(pattern)
            if not form.parse(head)[1].any():
                continue
            n_fitting = int(form.parse(cells)[1].sum())
            if n_fitting >= n_best:
                best, n_best, is_unique = form, n_fitting, n_fitting > n_best
        return best if is_unique else None

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        ticks, width = np.zeros(len(cells), dtype=np.int64), len(self.pattern)
        fits = np.array([len(text) == width for text in cells], dtype=bool)
        letters = cells[fits].astype(f"U{width}").view("U1").reshape(-1, width)
        fields = letters[:, ~self._literal]
        fits[fits] = ((fields >= "0") & (fields <= "9")).all(axis=1)
        letters = cells[fits].astype(f"U{width}").view("U1").reshape(-1, width)
        ticks[fits] = self._ticks(letters)
        # A 30th of February became a day in March, and whatever else is no date another one too.
        fits[fits] = self.write(ticks[fits]) == cells[fits]
        return np.where(fits, ticks, 0), fits

    def _ticks(self, letters: np.ndarray) -> np.ndarray:
        months = (self._field(letters, "Y") - 1970) * 12 + self._field(letters, "M") - 1
        stamps = months.astype("M8[M]")
        if self.unit == "M":
            return months
        stamps = stamps.astype("M8[D]") + (self._field(letters, "D") - 1).astype("m8[D]")
        stamps = stamps.astype(f"M8[{self.unit}]")
        for letter, unit in (("h", "h"), ("m", "m"), ("s", "s"), ("f", self.unit)):
            if letter in self.pattern:
                stamps = stamps + self._field(letters, letter).astype(f"m8[{unit}]")
        return stamps.view(np.int64)

    def _field(self, letters: np.ndarray, letter: str) -> np.ndarray:
        places = [place for place, other in enumerate(self.pattern) if other == letter]
        digits = np.ascontiguousarray(letters[:, places])
        return digits.view(f"U{len(places)}").ravel().astype(np.int64)

    def write(self, numbers: np.ndarray) -> np.ndarray:
        if not len(numbers):
            return np.empty(0, dtype=object)
        iso = np.datetime_as_string(numbers.astype(np.int64).view(f"M8[{self.unit}]"))
        width = len(str(np.datetime64(0, self.unit)))
        source = iso.astype(f"U{width}").view("U1").reshape(len(iso), width)
        letters = np.tile(np.array(list(self.pattern)), (len(numbers), 1))
        letters[:, ~self._literal] = source[:, _iso_positions(self.pattern)[~self._literal]]
        return letters.view(f"U{len(self.pattern)}").ravel().astype(object)

    @property
    def _literal(self) -> np.ndarray:
        return ~np.isin(list(self.pattern), list(_FIELDS))


def _iso_positions(pattern: str) -> np.ndarray:
    """Return for each letter of a pattern its position in numpy's ISO text, shape (width,)."""
    starts = {"Y": 0, "M": 5, "D": 8, "h": 11, "m": 14, "s": 17, "f": 20}
    seen: dict[str, int] = {}
    positions = []
    for letter in pattern:
        positions.append(starts.get(letter, 0) + seen.get(letter, 0))
        seen[letter] = seen.get(letter, 0) + 1
    return np.array(positions)
