"""What a report is made of: measures, each between its own floor and ceiling, in sections."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

# A score of 0 would make the geometric mean 0; it counts as this much instead.
LOWEST = 0.01
# A figure is scored if its floor and ceiling are at least so far apart: the first if its
# confidence interval is known, the second if not.
MIN_SPAN_KNOWN = 0.01
MIN_SPAN = 0.05
# The highest score of a section in which some measure could not be scored.
BELOW_FULL = 0.99


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
        than three standard errors of the figure apart (0.05 where its interval is not known):
        they cannot tell good from bad then. None takes it from them.
    question : str, default ""
        What it answers, in words that need no statistics; the label is its technical name.
    aside : str, default ""
        Of one that does not count: why not.

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
    question: str = ""
    aside: str = ""

    @property
    def score(self) -> float:
        """Where ``value`` lies between floor (0) and ceiling (1); NaN if that says nothing."""
        return math.nan if self.why_not_scored else round(self.placed(self.value), 12)

    def placed(self, value: float) -> float:
        """Return where a value lies between floor (0) and ceiling (1), NaN without them."""
        if self.floor is None or self.ceiling is None:
            return math.nan
        return min(1.0, max(0.0, (value - self.floor) / (self.ceiling - self.floor)))

    @property
    def why_not_scored(self) -> str:
        """Why there is no score, in words; empty if there is one."""
        if self.floor is None or self.ceiling is None:
            return "there are no floor and ceiling"
        if not math.isfinite(self.value):
            return "the synthetic table has no such figure"
        if not math.isfinite(self.ceiling - self.floor):
            return "real rows have no such figure"
        span = self.ceiling - self.floor
        if self.higher is not None and self.higher != (span > 0):
            return "real rows do no better than the floor"
        if abs(span) < self._least_span:
            return "real rows do hardly better than the floor"
        return ""

    @property
    def why_not_counted(self) -> str:
        """Why it has no part in the section's score, in words; empty if it has one."""
        return self.why_not_scored if self.counts else self.aside or "it is shown for comparison"

    @property
    def is_scored(self) -> bool:
        """Whether it takes part in the section's score."""
        return self.counts and math.isfinite(self.score)

    @property
    def _least_span(self) -> float:
        if self.interval is None or not all(map(math.isfinite, self.interval)):
            return MIN_SPAN
        # Three standard errors; an interval of 95 % is four of them wide.
        return max(MIN_SPAN_KNOWN, 0.75 * (self.interval[1] - self.interval[0]))


@dataclass(frozen=True)
class Section:
    """One question about a synthetic table, and the measures that answer it.

    It has a score if more than half of the measures that count have one, and then none of 100 if
    one of them has not: what could not be scored is no success.

    Parameters
    ----------
    key : str
        ``"validity"``, ``"columns"``, ``"pairs"``, ``"rules"``, ``"joint"``, ``"utility"`` or
        ``"privacy"``.
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
    limit : float, default 1.0
        The most that the section can score, where its strongest tests could not be made.
    skipped : bool, default False
        Whether the question was not asked, such as utility without a target, or rules of a table
        that has none. Unlike a section that could not be scored, it does not keep the report from
        having a total.
    """

    key: str
    title: str
    measures: tuple[Measure, ...] = ()
    details: dict[str, pd.DataFrame] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str | None = None
    strict: bool = False
    limit: float = 1.0
    skipped: bool = False

    @property
    def score(self) -> float:
        """Mean score of the measures that count and have one; NaN if too few have."""
        return self.score_without(None)

    def score_without(self, flaw: Measure | None) -> float:
        """Score that the section would have, were that of one measure 1."""
        scored = [measure for measure in self.measures if measure.is_scored]
        n_open = len(self.not_scored)
        if len(scored) <= n_open:
            return math.nan
        scores = [1.0 if measure is flaw else measure.score for measure in scored]
        if self.strict:
            mean = math.exp(sum(math.log(max(LOWEST, score)) for score in scores) / len(scores))
        else:
            mean = sum(scores) / len(scores)
        return min(self.limit, BELOW_FULL if n_open else 1.0, mean)

    @property
    def not_scored(self) -> tuple[Measure, ...]:
        """The measures that would count, and could not be scored."""
        return tuple(one for one in self.measures if one.counts and not one.is_scored)


@dataclass(frozen=True)
class Question:
    """What a report asks of a synthetic table; `QUESTIONS` in `evaluate` holds all of them.

    Parameters
    ----------
    title : str
        The question, for people.
    answer : callable
        ``answer(tables, yardsticks, rng)`` returns the `Section` with the measures.
    with_target : bool, default False
        Whether it is also told the column that a user would predict, ``target=``.
    with_rules : bool, default False
        Whether it is also told the `Rulebook` of what rows are asked to keep, ``rulebook=``.
    with_rows : bool, default False
        Whether it is also told the rows as they were given, ``synthetic=`` and ``test=``.
    """

    title: str
    answer: Callable[..., Section]
    with_target: bool = False
    with_rules: bool = False
    with_rows: bool = False
