"""What a report and a comparison know, apart from how they are shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Tables
from synthwgan.evaluation.measures import LOWEST, Measure, Section
from synthwgan.evaluation.origin import Origin, seed_of
from synthwgan.evaluation.sections.privacy import closest_distances
from synthwgan.parameters import changed_parameters
from synthwgan.randomness import RandomState

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


@dataclass(frozen=True, repr=False)
class Findings:
    """What `evaluate` found out about one synthetic table; see `Report`, which shows it.

    Plots and pages are made of it, and know nothing of the report that they belong to.

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
    """

    sections: tuple[Section, ...]
    tables: Tables
    target: Any = None
    history: list[dict[str, Any]] | None = None
    seconds: Mapping[str, float] | None = None
    origin: Origin | None = None

    def __getitem__(self, key: str) -> Section:
        """Return a section by its key, such as ``report["privacy"]``."""
        for section in self.sections:
            if section.key == key:
                return section
        raise KeyError(f"{key!r} is no section; they are {[part.key for part in self.sections]}")

    def of_model(self, model: Any, random_state: RandomState, notes: tuple[str, ...]) -> Self:
        """Return the same findings with what the model knows that drew the rows.

        Parameters
        ----------
        model : estimator
            A fitted synthesizer; its parameters are named.
        random_state : int, Generator, RandomState or None
            The seed that a user gave.
        notes : tuple of str
            What to know of the tables.
        """
        given = {} if self.origin is None else self.origin.names
        origin = replace(
            self.origin or Origin(),
            names={"synthetic": type(model).__name__, **given},
            seed=seed_of(random_state),
            model=changed_parameters(model),
        )
        return replace(self, tables=replace(self.tables, notes=notes), origin=origin)

    @property
    def score(self) -> float:
        """Geometric mean of the sections' scores, 0.01 to 1; NaN if one that was asked has none."""
        scores = [max(LOWEST, section.score) for section in self.sections if not section.skipped]
        if not scores or self.without_score:
            return math.nan
        return round(float(np.exp(np.mean(np.log(scores)))), 12)

    @property
    def leaks(self) -> list[str]:
        """What says that real rows are given away."""
        notes = (note for section in self.sections for note in section.notes)
        return [note for note in notes if note.startswith("Leak")]

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

    @property
    def left_out(self) -> tuple[str, ...]:
        """What a quick report leaves out, section by section."""
        notes = (note for section in self.sections for note in section.notes)
        return tuple(note for note in notes if note.startswith("Left out"))

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
            "origin": None if self.origin is None else self.origin.to_dict(),
            "left_out": list(self.left_out),
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


@dataclass(frozen=True, repr=False)
class ComparedFindings:
    """What `compare` found out about several tables; see `Comparison`, which shows it.

    Parameters
    ----------
    reports : dict of str to Findings
        By the names that the tables were given.
    """

    reports: Mapping[str, Findings]

    @property
    def ranking(self) -> tuple[str, ...]:
        """Names of the tables, the highest score first; those without one come last."""
        scores = {name: report.score for name, report in self.reports.items()}
        return tuple(
            sorted(scores, key=lambda name: -scores[name] if math.isfinite(scores[name]) else 1.0)
        )

    @property
    def best(self) -> str | None:
        """Name of the table with the highest score; None if no table has one."""
        first = self.ranking[0]
        return first if math.isfinite(self.reports[first].score) else None

    def gaps(self, other: str) -> list[tuple[Section, Measure, Measure]]:
        """Return what tells a table from the first of the ranking, the widest gap first.

        Parameters
        ----------
        other : str
            Name of the table.

        Returns
        -------
        list of (section, measure of the first, measure of the other)
            Of the measures that both have and that count in both.
        """
        theirs = {
            (section.key, measure.key): measure
            for section in self.reports[other].sections
            for measure in section.measures
            if measure.is_scored
        }
        found = [
            (section, measure, theirs[section.key, measure.key])
            for section in self.reports[self.ranking[0]].sections
            for measure in section.measures
            if measure.is_scored and (section.key, measure.key) in theirs
        ]
        return sorted(found, key=lambda gap: -abs(gap[1].score - gap[2].score))

    def scores(self) -> pd.DataFrame:
        """Return scores in [0, 1]: a row for the whole, then one a section; a column a table.

        Tables stand in the order of the ranking.
        """
        return pd.DataFrame(
            {
                name: {"score": self.reports[name].score}
                | {section.key: section.score for section in self.reports[name].sections}
                for name in self.ranking
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a measure: its section, label, floor, ceiling, and each table's figure."""
        frames = {
            name: self.reports[name].to_frame().set_index(["section", "key"])
            for name in self.ranking
        }
        base = pd.concat(list(frames.values()))
        base = base[~base.index.duplicated()][["label", "floor", "ceiling"]]
        values = {name: frame["value"].reindex(base.index) for name, frame in frames.items()}
        return base.join(pd.DataFrame(values)).reset_index()

    def to_dict(self) -> dict[str, Any]:
        """Return the reports as plain Python objects, by name, the highest score first."""
        return {name: self.reports[name].to_dict() for name in self.ranking}


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
