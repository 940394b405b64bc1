"""A report: what was found out about a synthetic table, and the ways to show it."""

from __future__ import annotations

import math
import os
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synthwgan.evaluation.findings import Findings
from synthwgan.evaluation.measures import Section
from synthwgan.evaluation.page.render import notebook, render
from synthwgan.evaluation.plots.gallery import plot
from synthwgan.io.tables import write_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WIDTH = 79
# How notes begin that say what is wrong with the rows.
TELLING = ("Broken", "What gives", "Given away", "Leak")
_BAR = 20
# Findings that the score card names; all are on the page.
_MOST_TELLING = 4
_LABEL_WIDTH = 24


@dataclass(frozen=True, repr=False)
class Report(Findings):
    """What `evaluate` found out about a synthetic table.

    Each measure lies between its floor (0: a table of independent columns, or another one without
    worth) and its ceiling (1: real rows that the model never saw). A section's score is the mean
    of its measures' (of privacy the geometric mean, so that one leak is not averaged away), and
    the score of the report the geometric mean of its sections': a table
    that fails in one respect is no good table, however well it does in the others. A section
    counts at least 0.01, so that tables that fail can still be told apart. Where a section failed,
    or the data could not tell good from bad, the report has no score: the others alone would
    flatter. What was not asked, such as utility without a target, does not count.

    Parameters
    ----------
    sections : tuple of Section
        Validity, columns, pairs, rules, joint, utility and privacy.
    tables : Tables
        The compared tables in plain form.
    target : column name or None
        What utility predicts.
    history : list of dict or None
        Training curves of the model, if they were given.
    seconds : dict of str to float
        Time that each section took.
    origin : Origin or None
        Names of the tables, the day, the seed, the version, and what drew the rows.

    Examples
    --------
    >>> from synthwgan.evaluation import Measure, Report, Section
    >>> shapes = Measure("column_shapes", "Column shapes", 0.7, floor=0.4, ceiling=1.0)
    >>> report = Report((Section("columns", "Do columns look alike?", (shapes,)),), tables=None)
    >>> report.score
    0.5
    >>> print(report)
    Score 50 of 100, where 100 is as good as real rows
    <BLANKLINE>
    Do columns look alike?                          ██████████           50
      Column shapes             0.700  floor  0.400  ceiling  1.000      50
    <BLANKLINE>
    Pulled down by: Column shapes (50)
    """

    def plot(self, kind: str, **options: Any) -> Figure:
        """Return a plotly figure.

        Parameters
        ----------
        kind : str
            Which plot; see `synthwgan.evaluation.plots.gallery.plot`.
        **options
            Its other parameters, such as ``columns``.

        Raises
        ------
        ImportError
            If plotly is not installed.
        """
        return plot(self, kind, **options)

    def to_html(self) -> str:
        """Return one page that opens without a network.

        Raises
        ------
        ImportError
            If jinja2 is not installed.
        """
        return render(self)

    def save_html(self, path: str | os.PathLike[str]) -> None:
        """Write the page of `to_html` to a file.

        Parameters
        ----------
        path : path
            The file, such as ``"report.html"``.
        """
        write_text(path, self.to_html())

    def _repr_html_(self) -> str:
        return notebook(self)

    def __repr__(self) -> str:
        score = "no score" if math.isnan(self.score) else f"score {self.score:.3f}"
        return f"<Report: {score}, {len(self.sections)} sections>"

    def __str__(self) -> str:
        """Return the score card, made for a terminal."""
        lines = [*textwrap.wrap(self._headline(), WIDTH), ""]
        labels = [one.label for part in self.sections for one in part.measures if one.is_scored]
        width = max(_LABEL_WIDTH, *map(len, labels)) if labels else _LABEL_WIDTH
        for section in self.sections:
            lines += _section_lines(section, width)
        lines.append("")
        weakest = ", ".join(
            f"{measure.label} ({_hundred(measure.score)})" for _, measure in self.weakest()
        )
        pulled = f"Pulled down by: {weakest}" if weakest else "Nothing pulls the score down."
        for text in (pulled, *self._telling_notes()):
            lines += textwrap.wrap(text, WIDTH, subsequent_indent="  ")
        return "\n".join(lines)

    def _headline(self) -> str:
        missing = ", ".join(section.key for section in self.without_score)
        if missing:
            return f"No score: the others alone would flatter, and these have none: {missing}"
        if math.isnan(self.score):
            return "No score: nothing was asked"
        return f"Score {_hundred(self.score)} of 100, where 100 is as good as real rows"

    def _telling_notes(self) -> list[str]:
        notes = [note for section in self.sections for note in section.notes]
        telling = [note for note in notes if note.startswith(TELLING)]
        more = len(telling) - _MOST_TELLING
        rest = [f"{more} more such findings are in the report."] if more > 0 else []
        return [*telling[:_MOST_TELLING], *rest, *self.left_out, *self.limits, *self.notes[:2]]


def _section_lines(section: Section, width: int) -> list[str]:
    if section.error is not None:
        failure = textwrap.shorten(section.error, WIDTH - 12, placeholder="...")
        return [section.title, f"  failed: {failure}"]
    bar = "" if math.isnan(section.score) else "█" * round(_BAR * section.score)
    lines = [f"{section.title:47s} {bar:{_BAR}s} {_hundred(section.score):>3s}"]
    for measure in section.measures:
        if not measure.is_scored:
            continue
        figures = (measure.value, measure.floor, measure.ceiling)
        value, floor, ceiling = (f"{figure:{measure.form}}" for figure in figures)
        text = f"  {measure.label:{width}s} {value:>6s}  floor {floor:>6s}  ceiling {ceiling:>6s}"
        lines.append(f"{text:68s} {_hundred(measure.score):>3s}")
    reasons: dict[str, list[str]] = {}
    for measure in section.not_scored:
        reasons.setdefault(measure.why_not_scored, []).append(measure.label)
    for reason, labels in reasons.items():
        text = f"Not scored, as {reason}: {', '.join(labels)}"
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    if section.skipped:
        lines += [f"  {textwrap.shorten(note, WIDTH - 4)}" for note in section.notes[:1]]
    return lines


def _hundred(score: float) -> str:
    return "-" if math.isnan(score) else f"{100 * score:.0f}"
