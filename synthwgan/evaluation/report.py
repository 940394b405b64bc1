"""A report: sections, one score that unites them, and ways to show it."""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.measures import LOWEST, Measure, Section
from synthwgan.evaluation.sections.privacy import closest_distances
from synthwgan.evaluation.tables import Tables
from synthwgan.io.tables import write_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

WIDTH = 79
_COLUMNS = (
    "section",
    "key",
    "label",
    "value",
    "low",
    "high",
    "floor",
    "ceiling",
    "score",
    "counts",
)
_BAR = 20


@dataclass(frozen=True, repr=False)
class Report:
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
        Validity, columns, pairs, joint, utility and privacy.
    tables : Tables
        The compared tables in plain form.
    target : column name or None
        What utility predicts.
    history : list of dict or None
        Training curves of the model, if they were given.
    seconds : dict of str to float
        Time that each section took.

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

    sections: tuple[Section, ...]
    tables: Tables
    target: Any = None
    history: list[dict[str, Any]] | None = None
    seconds: Mapping[str, float] | None = None

    def __getitem__(self, key: str) -> Section:
        """Return a section by its key, such as ``report["privacy"]``."""
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(f"{key!r} is no section; they are {[part.key for part in self.sections]}")

    @property
    def score(self) -> float:
        """Geometric mean of the sections' scores, 0.01 to 1; NaN if one that was asked has none."""
        scores = [max(LOWEST, section.score) for section in self.sections if not section.skipped]
        if not scores or self.without_score:
            return math.nan
        return round(float(np.exp(np.mean(np.log(scores)))), 12)

    @property
    def without_score(self) -> tuple[Section, ...]:
        """Sections that were asked and have no score: those that failed or could not be scored."""
        return tuple(
            section
            for section in self.sections
            if not section.skipped and not math.isfinite(section.score)
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What was sampled, left out or could not be read."""
        return () if self.tables is None else self.tables.notes

    @property
    def limits(self) -> tuple[str, ...]:
        """Why a section cannot have full marks, such as privacy without test rows."""
        notes = (note for section in self.sections for note in section.notes)
        return tuple(note for note in notes if note.startswith("Without test rows"))

    @cached_property
    def distances(self) -> dict[str, np.ndarray]:
        """Distances to the closest real row, of synthetic and of test rows."""
        return closest_distances(self.tables)

    def weakest(self, n_measures: int = 3) -> list[tuple[Section, Measure]]:
        """Return what pulled the score down: the measures that cost most, worst first.

        A measure's cost is what the report would gain, were its score 1.

        Parameters
        ----------
        n_measures : int, default 3
            At most so many; those with a score of 0.99 and more are left out.
        """
        costs = []
        for section in self.sections:
            if not math.isfinite(section.score):
                continue
            for measure in section.measures:
                if not measure.is_scored:
                    continue
                gained = section.score_without(measure)
                cost = math.log(max(LOWEST, gained) / max(LOWEST, section.score))
                if measure.score < 0.99 and cost > 0:
                    costs.append((cost, section, measure))
        costs.sort(key=lambda item: -item[0])
        return [(section, measure) for _, section, measure in costs[:n_measures]]

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the tables as plain Python objects, ready for JSON."""
        return {
            "score": _plain(self.score),
            "target": None if self.target is None else str(self.target),
            "pulled_down_by": [measure.key for _, measure in self.weakest()],
            "notes": list(self.notes),
            "sections": [_section_dict(section) for section in self.sections],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure."""
        rows = [
            {"section": section.key, **vars(measure), "score": measure.score}
            | dict(zip(("low", "high"), measure.interval or (math.nan, math.nan), strict=True))
            for section in self.sections
            for measure in section.measures
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def to_json(self, indent: int | None = None) -> str:
        """Return `to_dict` as JSON; figures that could not be had are null.

        Parameters
        ----------
        indent : int or None, default None
            Spaces by which nested lines are indented.

        Raises
        ------
        TypeError
            If `indent` is another thing, such as the name of a file.
        """
        if indent is not None and not isinstance(indent, int):
            raise TypeError(f"indent must be an int or None, got {indent!r}; the text is returned")
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

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
        from synthwgan.evaluation.plots.gallery import plot

        return plot(self, kind, **options)

    def save_html(self, path: str | os.PathLike[str]) -> None:
        """Write one page that opens without a network.

        Parameters
        ----------
        path : path
            The file, such as ``"report.html"``.
        """
        from synthwgan.evaluation.page.render import render

        write_text(path, render(self))

    def _repr_html_(self) -> str:
        from synthwgan.evaluation.page.render import notebook

        return notebook(self)

    def __repr__(self) -> str:
        score = "no score" if math.isnan(self.score) else f"score {self.score:.3f}"
        return f"<Report: {score}, {len(self.sections)} sections>"

    def __str__(self) -> str:
        """Return the score card, made for a terminal."""
        lines = [*textwrap.wrap(self._headline(), WIDTH), ""]
        for section in self.sections:
            lines += _section_lines(section)
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
        telling = [note for note in notes if note.startswith(("Leak", "What gives"))]
        return [*telling[:3], *self.limits, *self.notes[:2]]


def _section_lines(section: Section) -> list[str]:
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
        text = f"  {measure.label:24s} {value:>6s}  floor {floor:>6s}  ceiling {ceiling:>6s}"
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


def _section_dict(section: Section) -> dict[str, Any]:
    return {
        "key": section.key,
        "title": section.title,
        "score": _plain(section.score),
        "skipped": section.skipped,
        "error": section.error,
        "notes": list(section.notes),
        "measures": [
            {name: _plain(value) for name, value in vars(measure).items()}
            | {"score": _plain(measure.score), "why_not_scored": measure.why_not_scored or None}
            for measure in section.measures
        ],
        "details": {
            title: [
                {str(name): _plain(cell) for name, cell in row.items()}
                for row in table.to_dict("records")
            ]
            for title, table in section.details.items()
        },
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; text of what it does not have."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str) else str(value)
