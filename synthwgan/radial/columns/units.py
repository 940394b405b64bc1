"""The straight line between two samples of one quantity in different units."""

from __future__ import annotations

import numpy as np

from synthwgan.radial.columns.maps import NumberMap
from synthwgan.table.columns.grid import Grid

RANKS = np.linspace(0.01, 0.99, 99)
MIDDLE_RANKS = np.linspace(0.05, 0.95, 19)
# Numbers fill a grid if at least so many of its points within their range occur.
MIN_DISTINCT = 12
MIN_FILLED = 0.35
# How far the ratio of two steps may be from the slope between quantiles.
MAX_SLOPE_RATIO = 2.5
# The same, of steps that differ by a power of ten or not at all: rounding makes such in any units.
MAX_ROUNDED_SLOPE_RATIO = 1.25
INSIDE = 0.99
# By so many steps quantiles of two populations may be apart.
NEARBY_STEPS = (0, -1, 1, -2, 2, -3, 3)
# Share of rows from which their number is taken to be the same one in both samples.
MIN_TIE = 0.4


def line_between(reference: np.ndarray, other: np.ndarray) -> NumberMap:
    """Return the line from one sample of numbers to another of the same quantity.

    Where both samples fill a grid (whole years, months in twelves), the ratio of the steps is
    the slope, and there is no intercept if the numbers then lie in the reference's range: so
    samples of different populations keep their difference. Steps that rounding alone may have made
    (pounds and kilograms, both whole) count only if quantiles say nearly the same. Otherwise it is
    the line between their distributions, see `line_of_form`.

    Parameters
    ----------
    reference, other : ndarray of shape (n,), float64
        Numbers, NaN where missing; of any number of rows each.
    """
    reference, other = (values[~np.isnan(values)] for values in (reference, other))
    line = line_of_form(reference, other)
    step, step_of_other = _step(reference), _step(other)
    if step and step_of_other:
        ratio = step / step_of_other
        tens = np.log10(ratio)
        largest = MAX_ROUNDED_SLOPE_RATIO if np.isclose(tens, np.rint(tens)) else MAX_SLOPE_RATIO
        if 1 / largest < ratio / line.slope < largest:
            return NumberMap(ratio, _whole_steps(reference, other * ratio, step))
    return line


def lines_between(reference: np.ndarray, other: np.ndarray) -> list[NumberMap]:
    """Return the line between two samples, and others that it could be as well.

    Where the slope is the ratio of two grids' steps, the intercept that quantiles say is off by
    some steps where the populations differ.

    Parameters
    ----------
    reference, other : ndarray of shape (n,), float64
        Numbers, NaN where missing; of any number of rows each.
    """
    line = line_between(reference, other)
    reference, other = (values[~np.isnan(values)] for values in (reference, other))
    if not (len(reference) and len(other)):
        return [line]
    step, step_of_other = _step(reference), _step(other)
    if step is None or step_of_other is None or not np.isclose(line.slope, step / step_of_other):
        return [line]
    middle = _whole_steps_of_quantiles(reference, other * line.slope, step)
    others = [NumberMap(line.slope, middle + steps * step) for steps in NEARBY_STEPS]
    return [line, *(one for one in others if one != line)]


def line_of_form(reference: np.ndarray, other: np.ndarray) -> NumberMap:
    """Return the line that makes one sample's distribution most like another's.

    It is the least-squares line between the samples' quantiles; or, where one number is most of
    both samples (no gain, 40 hours), a line through it, with the ratio of the other numbers'
    distances as slope.

    Parameters
    ----------
    reference, other : ndarray of shape (n,), float64
        Numbers, none missing; of any number of rows each.
    """
    if not len(reference) or not len(other) or np.ptp(other) == 0:
        return NumberMap()
    wanted, own = np.quantile(reference, RANKS), np.quantile(other, RANKS)
    if np.ptp(own) == 0 or np.ptp(wanted) == 0:
        wanted, own = (np.array([values.min(), values.max()]) for values in (reference, other))
        if wanted[0] == wanted[1]:
            return NumberMap()
    ties = largest_tie(reference), largest_tie(other)
    if all(tie is not None for tie in ties):
        tie, own_tie = ties
        distances = [
            np.median(np.abs(values[values != tie] - tie))
            for values, tie in zip((reference, other), ties, strict=True)
        ]
        with np.errstate(all="ignore"):
            slope = distances[0] / distances[1]
            intercept = tie - slope * own_tie
    else:
        centred = own - own.mean()
        with np.errstate(all="ignore"):
            slope = (centred @ wanted) / (centred @ centred)
            intercept = wanted.mean() - slope * own.mean()
    # Tiny differences may underflow.
    if not slope > 0 or not np.isfinite([slope, 1 / slope, intercept]).all():
        return NumberMap()
    return NumberMap(float(slope), float(intercept))


def largest_tie(numbers: np.ndarray) -> float | None:
    """Return the number that many rows share; None if there is none, or all do."""
    distinct, counts = np.unique(numbers, return_counts=True)
    most = counts.argmax()
    return float(distinct[most]) if MIN_TIE < counts[most] / len(numbers) < 1 else None


def _step(numbers: np.ndarray) -> float | None:
    """Step of the grid that numbers fill; None if they fill none."""
    distinct = np.unique(numbers)
    if len(distinct) < MIN_DISTINCT:
        return None
    grid = Grid.fit(distinct)
    if not grid.step:
        return None
    n_points = (grid.high - grid.low) // grid.step + 1
    step = grid.step / 10.0 ** (grid.decimals or 0)
    return step if len(distinct) >= MIN_FILLED * n_points else None


def _whole_steps(reference: np.ndarray, scaled: np.ndarray, step: float) -> float:
    """Intercept in whole steps; 0 if the scaled numbers are in the reference's range anyway."""
    inside = (scaled >= reference.min()) & (scaled <= reference.max())
    if inside.mean() >= INSIDE:
        return 0.0
    return _whole_steps_of_quantiles(reference, scaled, step)


def _whole_steps_of_quantiles(reference: np.ndarray, scaled: np.ndarray, step: float) -> float:
    difference = np.quantile(reference, MIDDLE_RANKS) - np.quantile(scaled, MIDDLE_RANKS)
    return float(np.round(np.median(difference) / step) * step)
