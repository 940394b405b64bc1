"""Dates written as text in one fixed format: read to ticks, and written back letter by letter."""

from __future__ import annotations

import numpy as np

_FRACTIONS = {3: "ms", 6: "us", 9: "ns"}
_FIELDS = "YMDhmsf"
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
PATTERNS = (
    *(date + time for date in _DATES for time in (*_TIMES, *_FRACTIONAL)),
    *_ISO_ZONED,
    "YYYY-MM",
)


class TextFormat:
    """A fixed-width pattern of the letters Y M D h m s f (fraction) and literal characters.

    Parameters
    ----------
    pattern : str
        For instance ``"DD.MM.YYYY hh:mm"``.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.table.textdates import TextFormat
    >>> days = TextFormat("DD.MM.YYYY").parse(np.array(["23.07.2020"], dtype=object))
    >>> days
    array([18466])
    >>> TextFormat("DD.MM.YYYY").format(days).tolist()
    ['23.07.2020']
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        letters = np.array(list(pattern))
        self._literal = ~np.isin(letters, list(_FIELDS))
        self._source = _iso_positions(pattern)

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

    def parse(self, texts: np.ndarray) -> np.ndarray | None:
        """Return int64 ticks of object strings, or None if any is not in this format.

        The format is only accepted if `format` gives every text back exactly.
        """
        width = len(self.pattern)
        if any(len(text) != width for text in texts):
            return None
        letters = texts.astype(f"U{width}").view("U1").reshape(len(texts), width)
        fields = letters[:, ~self._literal]
        if not ((fields >= "0") & (fields <= "9")).all():
            return None
        n_letters = len(str(np.datetime64(0, self.unit)))
        iso = np.tile(np.array(list(str(np.datetime64(0, self.unit)))), (len(texts), 1))
        iso[:, self._source[~self._literal]] = fields
        try:
            ticks = iso.view(f"U{n_letters}").ravel().astype(f"M8[{self.unit}]").view(np.int64)
        except ValueError:
            return None
        return ticks if np.array_equal(self.format(ticks), texts) else None

    def format(self, ticks: np.ndarray) -> np.ndarray:
        """Return int64 ticks as object strings of this format."""
        if not len(ticks):
            return np.empty(0, dtype=object)
        iso = np.datetime_as_string(ticks.view(f"M8[{self.unit}]"))
        width = len(str(np.datetime64(0, self.unit)))
        source = iso.astype(f"U{width}").view("U1").reshape(len(iso), width)
        letters = np.tile(np.array(list(self.pattern)), (len(ticks), 1))
        letters[:, ~self._literal] = source[:, self._source[~self._literal]]
        return letters.view(f"U{len(self.pattern)}").ravel().astype(object)


def _iso_positions(pattern: str) -> np.ndarray:
    """Return for each letter of a pattern its position in numpy's ISO text, shape (width,)."""
    starts = {"Y": 0, "M": 5, "D": 8, "h": 11, "m": 14, "s": 17, "f": 20}
    seen: dict[str, int] = {}
    positions = []
    for letter in pattern:
        positions.append(starts.get(letter, 0) + seen.get(letter, 0))
        seen[letter] = seen.get(letter, 0) + 1
    return np.array(positions)


def find_format(texts: np.ndarray) -> TextFormat | None:
    """Return the one format in which every text is a date, or None.

    Parameters
    ----------
    texts : ndarray of shape (n,), object
        Strings, none missing. If several formats fit (3/4/2020), there is no telling which
        is meant, and none is chosen.
    """
    if not len(texts):
        return None
    head = texts[:50]
    width = len(head[0])
    formats = [TextFormat(pattern) for pattern in PATTERNS if len(pattern) == width]
    formats = [candidate for candidate in formats if candidate.parse(head) is not None]
    fitting = [candidate for candidate in formats if candidate.parse(texts) is not None]
    return fitting[0] if len(fitting) == 1 else None
