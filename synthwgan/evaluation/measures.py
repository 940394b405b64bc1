"""What a report is made of: measures, each between its own floor and ceiling, in sections."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pandas as pd

# In a geometric mean a score counts at least so much.
LOWEST = 0.01
MIN_SPAN = 0.05


@dataclass(frozen=True)
class Measure:
    """One figure of a report.

    Parameters
    ----------
    key : str
        Short name, the same in every report, such as ``"c2st_gradient_boosting"``.
    label : str
        Name for people.
    value : float
        The figure of the synthetic table; NaN if it could not be had.
    floor : float or None, default None
        The figure of a table of independent columns, or of another table without worth; None
        where there is no such yardstick.
    ceiling : float or None, default None
        The figure of real rows that the model never saw, or of a bootstrap of the real ones.
    interval : tuple of two floats or None, default None
        95 % interval of ``value`` over repeated draws; None for a figure that does not vary.
    meaning : str, default ""
        What it says, in one plain sentence.
    form : str, default ".3f"
        Format specification of ``value``.
    counts : bool, default True
        Whether it counts in the section's score.
    higher : bool or None, default None
        Whether more is better. The score is NaN if floor and ceiling say otherwise, or lie less
        than 0.05 apart: they cannot tell good from bad then. None takes it from them.

    Examples
    --------
    >>> from synthwgan.evaluation import Measure
    >>> Measure("c2st", "C2ST", value=0.6, floor=0.9, ceiling=0.5).score
    0.75
    """

    key: str
    label: str
    value: float
    floor: float | None = None
    ceiling: float | None = None
    interval: tuple[float, float] | None = None
    meaning: str = ""
    form: str = ".3f"
    counts: bool = True
    higher: bool | None = None

    @property
    def score(self) -> float:
        """Where ``value`` lies between floor (0) and ceiling (1); NaN without both of them."""
        if self.floor is None or self.ceiling is None:
            return math.nan
        span = self.ceiling - self.floor
        if not math.isfinite(span + self.value) or abs(span) < MIN_SPAN:
            return math.nan
        if self.higher is not None and self.higher != (span > 0):
            return math.nan
        return round(min(1.0, max(0.0, (self.value - self.floor) / span)), 12)

    @property
    def is_scored(self) -> bool:
        """Whether it takes part in the section's score."""
        return self.counts and math.isfinite(self.score)


@dataclass(frozen=True)
class Section:
    """One question about a synthetic table, and the measures that answer it.

    Parameters
    ----------
    key : str
        ``"validity"``, ``"columns"``, ``"joint"``, ``"utility"`` or ``"privacy"``.
    title : str
        The question, for people.
    measures : tuple of Measure
        Its figures.
    details : dict of str to DataFrame
        Tables by title, such as one row a column.
    notes : tuple of str
        What to know beside the figures, in plain words.
    error : str or None
        Why the section could not be made; it has no measures then.
    strict : bool, default False
        Whether its score is the geometric mean of its measures', so that one that fails is not
        averaged away: a table that leaks in one way leaks.
    """

    key: str
    title: str
    measures: tuple[Measure, ...] = ()
    details: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str | None = None
    strict: bool = False

    @property
    def score(self) -> float:
        """Mean score of the measures that count and have one; NaN if there is none."""
        return self.score_without(None)

    def score_without(self, flaw: Measure | None) -> float:
        """Score that the section would have, were that of one measure 1."""
        scored = [measure for measure in self.measures if measure.is_scored]
        scores = [1.0 if measure is flaw else measure.score for measure in scored]
        if not scores:
            return math.nan
        if self.strict:
            return math.exp(sum(math.log(max(LOWEST, score)) for score in scores) / len(scores))
        return sum(scores) / len(scores)
