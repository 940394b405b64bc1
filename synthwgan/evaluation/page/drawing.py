"""A plot as a few paths and labels, which a browser draws without a library.

Marks are paths in a square of 1000 by 1000 that the page stretches to the size of the plot. Lines
keep their width then, and labels, which are text of the page, their size: so a plot fits any
width, takes the colours of light and dark pages, and needs no script.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from synthwgan.evaluation.plots.scales import Scale

SIZE = 1000
N_TICKS = 5
_MAX_TICKS = 12
_LEVELS = 20
# An axis that ends farther out would overflow to infinity once it has a margin.
_FARTHEST = 8e307
_NICE = (1, 2, 2.5, 5, 10)
_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
# Units of dates with the steps that people count in, and how much of a date they write.
_DATE_STEPS = (
    ("Y", (50, 20, 10, 5, 2, 1), 4),
    ("M", (6, 3, 1), 7),
    ("D", (14, 7, 2, 1), 10),
    ("h", (12, 6, 3, 1), 16),
    ("m", (30, 10, 5, 1), 16),
    ("s", (30, 10, 5, 1), 19),
)


@dataclass(frozen=True)
class Mark:
    """A path, with the class that gives it its colour."""

    path: str
    style: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Tick:
    """A label on an axis, so many per cent from the left, or from the top."""

    at: float
    text: str


@dataclass(frozen=True)
class Pane:
    """One pair of axes with what is drawn between them.

    Parameters
    ----------
    marks : list of Mark
        What is drawn, the last on top.
    x, y : list of Tick
        Labels of the axes.
    title, x_title, y_title : str
        Texts beside them.
    height : int, default 200
        Of the plotted area, in pixels.
    upright : bool, default False
        Whether the labels below stand on end, as many and long ones do.
    ruled : bool, default True
        Whether lines go across at the labels on the left.
    scale : {"", "linear", "log"}
        Of a plot that has both, which one this is.
    hover : dict or None
        What a pointer reads: edges ``x`` and ``y`` of cells, 0 to 1000, and a text for each.
    """

    marks: list[Mark]
    x: list[Tick] = field(default_factory=list)
    y: list[Tick] = field(default_factory=list)
    title: str = ""
    x_title: str = ""
    y_title: str = ""
    height: int = 200
    upright: bool = False
    ruled: bool = True
    scale: str = ""
    hover: dict[str, Any] | None = None

    @property
    def gutter(self) -> int:
        """Room for the labels on the left, in digits."""
        return min(20, 1 + max((len(tick.text) for tick in self.y), default=0))

    @property
    def foot(self) -> int:
        """Room for labels that stand on end, in digits."""
        return min(18, 1 + max((len(tick.text) for tick in self.x), default=0))

    @property
    def grid(self) -> str:
        """Lines across, at the labels on the left."""
        lines = [f"M0 {_whole(tick.at / 100)}H{SIZE}" for tick in self.y]
        return "".join(lines) if self.ruled else ""


class Numbers:
    """A linear axis.

    Parameters
    ----------
    low, high : float
        Its ends.
    whole : bool, default False
        Whether labels stand at whole numbers only.
    percent : bool, default False
        Whether labels are per cent.

    Examples
    --------
    >>> from synthwgan.evaluation.page.drawing import Numbers
    >>> [(round(at, 2), text) for at, text in Numbers(0, 0.5, percent=True).ticks()]
    [(0.0, '0 %'), (0.2, '10 %'), (0.4, '20 %'), (0.6, '30 %'), (0.8, '40 %'), (1.0, '50 %')]
    >>> [text for _, text in Numbers(0, 90_000).ticks()]
    ['0', '20k', '40k', '60k', '80k']
    """

    def __init__(
        self, low: float, high: float, *, whole: bool = False, percent: bool = False
    ) -> None:
        low, high = (float(np.clip(end, -_FARTHEST, _FARTHEST)) for end in (low, high))
        # Also if the ends differ by so little that their labels would be the same.
        if not high / 2 - low / 2 > max(1e-300, 1e-12 * max(abs(low), abs(high))):
            margin = abs(low) / 2 or 0.5
            low, high = low - margin, high + margin
        self.low, self.high, self.whole, self.percent = low, high, whole, percent

    def place(self, values: Any) -> np.ndarray:
        """Return where values lie, 0 at the low end and 1 at the high one."""
        # Halves, because the difference of two very large floats may overflow.
        span = self.high / 2 - self.low / 2
        return (np.asarray(values, dtype=float) / 2 - self.low / 2) / span

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and labels."""
        step = self._step()
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        if last < first or last - first > _MAX_TICKS:
            values = [self.low, self.high]
        else:
            values = [step * count for count in range(first, last + 1)]
        return [
            (float(at), self._text(value, step))
            for at, value in zip(self.place(values), values, strict=True)
        ]

    def _step(self) -> float:
        raw = (self.high / 2 - self.low / 2) / N_TICKS * 2
        size = 10.0 ** math.floor(math.log10(raw))
        step = next(nice * size for nice in _NICE if nice * size >= raw * (1 - 1e-9))
        return max(1.0, float(round(step))) if self.whole else step

    def _text(self, value: float, step: float) -> str:
        if self.percent:
            return f"{100 * value:.{_decimals(100 * step)}f} %"
        return short_number(value, step)


class Dates(Numbers):
    """An axis of moments, given in seconds since 1970.

    Examples
    --------
    >>> from synthwgan.evaluation.page.drawing import Dates
    >>> year = 365 * 86400
    >>> [text for _, text in Dates(50 * year, 53.5 * year).ticks()]
    ['2020', '2021', '2022', '2023']
    """

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and labels."""
        ends = [
            np.datetime64(int(np.clip(end, -6e10, 2.5e11)), "s") for end in (self.low, self.high)
        ]
        for unit, steps, length in _DATE_STEPS:
            low, high = (int(end.astype(f"M8[{unit}]").astype("int64")) for end in ends)
            for step in steps:
                # Years are counted from 1970; the round ones are not.
                shift = 1970 if unit == "Y" else 0
                first = -(-(low + shift) // step) * step - shift
                if (high - first) // step > 2 * N_TICKS:
                    break
                moments = np.arange(first, high + 1, step).astype(f"M8[{unit}]").astype("M8[s]")
                inside = moments[(moments >= ends[0]) & (moments <= ends[1])]
                if 3 <= len(inside) <= 2 * N_TICKS:
                    return self._labels(inside, length)
        return self._labels(np.array(ends), 19)

    def _labels(self, moments: np.ndarray, length: int) -> list[tuple[float, str]]:
        # Dates are long, and need room.
        every = -(-len(moments) // (N_TICKS - 1))
        kept = moments[::every]
        places = self.place(kept.astype("int64"))
        texts = [str(moment).replace("T", " ")[:length] for moment in kept]
        return list(zip(places.tolist(), texts, strict=True))


class Scaled(Numbers):
    """An axis of a column whose numbers are durations, or stand for cells that are written.

    Parameters
    ----------
    low, high : float
        Its ends, as the column has them.
    scale : Scale
        How numbers are shown.
    """

    def __init__(self, low: float, high: float, scale: Scale) -> None:
        super().__init__(low, high)
        self.scale = scale

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and labels."""
        if self.scale.form is None:
            return Numbers(self.low / self.scale.per, self.high / self.scale.per).ticks()
        marks = dict(self.scale.ticks(self.low, self.high))
        return list(zip(self.place(list(marks)).tolist(), marks.values(), strict=True))


class Shares(Numbers):
    """A logarithmic axis of shares, from below the smallest one to the largest.

    Examples
    --------
    >>> from synthwgan.evaluation.page.drawing import Shares
    >>> [text for _, text in Shares([0.002, 0.0, 0.7]).ticks()]
    ['0.1 %', '1 %', '10 %', '100 %']
    """

    def __init__(self, values: Iterable[float]) -> None:
        positive = [value for value in values if value > 0]
        # No table has so many rows that a share would be smaller.
        low = max(-12, math.floor(math.log10(min(positive, default=0.1)) - 1e-9))
        super().__init__(low, max(low + 1, math.ceil(math.log10(max(positive, default=1.0)))))

    def place(self, values: Any) -> np.ndarray:
        """Return where shares lie; 0 lies at the low end."""
        values = np.asarray(values, dtype=float)
        return super().place(np.log10(np.maximum(values, 10.0**self.low)))

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and labels."""
        powers = np.arange(int(self.low), int(self.high) + 1)
        powers = powers[:: -(-len(powers) // N_TICKS)]
        places = super().place(powers).tolist()
        return [(at, f"{100 * 10.0**p:g} %") for at, p in zip(places, powers, strict=True)]


def across(axis: Numbers, most: int = _MAX_TICKS) -> list[Tick]:
    """Return the labels of an axis from left to right; of more, only every second or so."""
    ticks = axis.ticks()
    return [Tick(round(100 * at, 2), text) for at, text in ticks[:: -(-len(ticks) // most)]]


def upward(axis: Numbers) -> list[Tick]:
    """Return the labels of an axis from the bottom to the top."""
    return [Tick(round(100 * (1 - at), 2), text) for at, text in axis.ticks()]


def bands(labels: Sequence[str]) -> list[Tick]:
    """Return the labels of categories, each in the middle of its band."""
    return [Tick(round(100 * (at + 0.5) / len(labels), 2), text) for at, text in enumerate(labels)]


def band_edges(n_bands: int) -> list[int]:
    """Return where bands of equal width end, 0 to 1000."""
    return _wholes(np.linspace(0, 1, n_bands + 1))


def rectangles(left: Any, right: Any, top: Any, bottom: Any) -> str:
    """Return a path of rectangles, of shares of the width and of the height from the top."""
    corners = np.broadcast_arrays(*(np.asarray(side, float) for side in (left, right, top, bottom)))
    rows = zip(*(_wholes(side.ravel()) for side in corners), strict=True)
    return "".join(
        f"M{one} {high}H{other}V{low}H{one}Z"
        for one, other, high, low in rows
        if one != other and high != low
    )


def polyline(x: Any, y: Any) -> str:
    """Return a path from point to point, ``y`` from the bottom; gaps where there is no number."""
    points, pen = [], "M"
    for at, height in zip(np.asarray(x, float), np.asarray(y, float), strict=True):
        if not (math.isfinite(at) and math.isfinite(height)):
            pen = "M"
            continue
        points.append(f"{pen}{_whole(at)} {_whole(1 - height)}")
        pen = "L"
    return "".join(points)


def staircase(edges: Any, heights: Any) -> str:
    """Return a path along the tops of bins, down to the bottom at both ends."""
    places, tops = _wholes(edges), _wholes(1 - np.asarray(heights, float))
    path = [f"M{places[0]} {SIZE}"]
    path += [f"V{top}H{right}" for top, right in zip(tops, places[1:], strict=True)]
    return "".join([*path, f"V{SIZE}"])


def dots(x: Any, y: Any) -> str:
    """Return a path of points, drawn as round ends of lines without length."""
    rows = zip(_wholes(x), _wholes(1 - np.asarray(y, float)), strict=True)
    return "".join(f"M{at} {height}h0" for at, height in rows)


def heat(cells: np.ndarray, x: Any, y: Any, limit: float, style: str) -> list[Mark]:
    """Return cells of a grid, the stronger the larger their share of a limit is.

    Parameters
    ----------
    cells : ndarray of shape (n_y, n_x)
        Numbers; those below 0 and NaN are left out.
    x, y : ndarray of shape (n + 1,)
        Where the cells end, as shares of the width and of the height from the top.
    limit : float
        Of which number the colour is full.
    style : str
        Class of the colour.
    """
    strength = np.nan_to_num(np.clip(cells / limit, 0.0, 1.0)) if limit > 0 else 0 * cells
    levels = np.rint(strength * _LEVELS).astype(int)
    marks = []
    for level in np.unique(levels[levels > 0]):
        rows, columns = np.nonzero(levels == level)
        x, y = np.asarray(x), np.asarray(y)
        path = rectangles(x[columns], x[columns + 1], y[rows], y[rows + 1])
        marks.append(Mark(path, style, round(level / _LEVELS, 2)))
    return marks


def short_number(value: float, step: float | None = None) -> str:
    """Return a number as a label: with as many decimals as steps need, in thousands if large.

    Examples
    --------
    >>> from synthwgan.evaluation.page.drawing import short_number
    >>> short_number(2_500_000), short_number(0.25, 0.05), short_number(1990, 5)
    ('2.5M', '0.25', '1990')
    """
    if not value or abs(value) >= 1e15 or (step is not None and step < 1e-6):
        return f"{value:.3g}"
    size, suffix = next((one for one in _SUFFIXES if abs(value) >= max(one[0], 10_000)), (1, ""))
    if step is None:
        digits = max(4, len(str(int(abs(value) / size))))
        text = f"{value / size:.{digits}g}"
    else:
        text = f"{value / size:.{_decimals(step / size)}f}"
    return (text + suffix).replace("-", "\u2212")


def label(text: object, limit: int = 40) -> str:
    """Return a text that fits a label, without signs that cannot be seen."""
    plain = "".join(
        sign if sign.isprintable() else "\N{SYMBOL FOR SUBSTITUTE}" for sign in str(text)
    )
    plain = plain or "(empty)"
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _decimals(step: float) -> int:
    """Return how many decimals tell numbers apart that are so far from each other."""
    if not step > 0:
        return 0
    return next((n for n in range(7) if abs(round(step, n) - step) < 0.01 * step), 6)


def _whole(share: float) -> int:
    return round(SIZE * min(1.5, max(-0.5, share)))


def _wholes(shares: Any) -> list[int]:
    return np.rint(SIZE * np.clip(np.asarray(shares, float), -0.5, 1.5)).astype(int).tolist()
