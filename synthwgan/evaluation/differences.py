"""What tells synthetic tables apart, in words."""

from __future__ import annotations

import math

from synthwgan.evaluation.findings import ComparedFindings
from synthwgan.evaluation.measures import Measure, Section

# Scores that lie closer than that, in hundredths, are told apart by chance.
NEARLY = 3


def differences(comparison: ComparedFindings) -> list[str]:
    """Say in a sentence or two what differs most between the first table and each other one.

    Parameters
    ----------
    comparison : ComparedFindings
        Reports by name.

    Examples
    --------
    >>> from synthwgan.evaluation import Comparison, Measure, Report, Section
    >>> from synthwgan.evaluation.differences import differences
    >>> def report(shapes, trends):
    ...     values = {"Column shapes": shapes, "Pair trends": trends}
    ...     found = [Measure(name, name, value, 0.0, 1.0) for name, value in values.items()]
    ...     return Report((Section("columns", "Are they alike?", tuple(found)),), tables=None)
    >>> tables = {"worse": report(0.9, 0.2), "better": report(0.8, 0.9)}
    >>> for sentence in differences(Comparison(tables))[0].split(". "):
    ...     print(sentence)
    'worse' scores 30 points less than 'better'
    It is furthest behind in pair trends: 20 of 100, against 90
    It is ahead in column shapes: 90 of 100, against 80.
    """
    first, *others = comparison.ranking
    return [_sentences(comparison, first, other) for other in others]


def _sentences(comparison: ComparedFindings, first: str, other: str) -> str:
    lead, own = (_points(comparison.reports[name].score) for name in (first, other))
    if lead is None or own is None:
        head = f"{other!r} has no score to compare."
    elif lead - own < NEARLY:
        head = f"{other!r} scores {own}, nearly as much as {first!r} with {lead}."
    else:
        head = f"{other!r} scores {lead - own} points less than {first!r}."
    gaps = comparison.gaps(other)
    behind = next((gap for gap in gaps if _lead(gap) >= NEARLY), None)
    ahead = next((gap for gap in gaps if -_lead(gap) >= NEARLY), None)
    parts = [head]
    if behind is not None:
        parts.append(f"It is furthest behind in {_named(behind)}.")
    if ahead is not None:
        parts.append(f"It is ahead in {_named(ahead)}.")
    if gaps and behind is None and ahead is None:
        parts.append("No measure tells them apart.")
    return " ".join(parts)


def _named(gap: tuple[Section, Measure, Measure]) -> str:
    _, leading, own = gap
    label = own.label[0].lower() + own.label[1:] if own.label[1:2].islower() else own.label
    return f"{label}: {_points(own.score)} of 100, against {_points(leading.score)}"


def _lead(gap: tuple[Section, Measure, Measure]) -> int:
    return round(100 * gap[1].score) - round(100 * gap[2].score)


def _points(score: float) -> int | None:
    return round(100 * score) if math.isfinite(score) else None
