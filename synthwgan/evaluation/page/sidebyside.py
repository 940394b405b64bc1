"""A comparison as the texts of its page."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from synthwgan.evaluation.differences import differences
from synthwgan.evaluation.findings import ComparedFindings
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.page.words import finite, hundred, number, section_name, table_view


def comparison_view(comparison: ComparedFindings) -> dict[str, Any]:
    """Return what the template of a comparison needs.

    Parameters
    ----------
    comparison : ComparedFindings
        Reports by name.

    Returns
    -------
    dict
        Scores of all tables, and each section's measures side by side.
    """
    reports = comparison.reports
    first = next(iter(reports.values()))
    scores = comparison.scores()
    best = comparison.best
    words = "No table has a score."
    if best is not None:
        words = f"{best} has the highest score: {hundred(reports[best].score)} of 100."
    leaking = [name for name, report in reports.items() if report.leaks]
    if leaking:
        words += f" Real rows are given away by {', '.join(leaking)}."
    return {
        "words": words,
        "differences": differences(comparison),
        "scores": [_score_row(name, scores) for name in scores],
        "sections": [_section_view(section.key, comparison) for section in first.sections],
        "pulled": _pulled(comparison),
    }


def _score_row(name: str, scores: pd.DataFrame) -> dict[str, Any]:
    highest = scores.max(axis=1)
    cells = [
        {
            "text": hundred(score),
            "value": finite(score),
            "sort": repr(float(score)),
            "best": scores.shape[1] > 1 and finite(score) is not None and score == highest[key],
        }
        for key, score in scores[name].items()
    ]
    return {"name": name, "cells": cells}


def _section_view(key: str, comparison: ComparedFindings) -> dict[str, Any]:
    sections = {
        name: section
        for name in comparison.ranking
        for section in comparison.reports[name].sections
        if section.key == key
    }
    one = next(iter(sections.values()))
    notes = [
        f"{name}: {note}"
        for name, section in sections.items()
        for note in section.notes
        if note.startswith(("Broken", "Leak", "What gives", "Given away", "Without test rows"))
    ]
    return {
        "key": key,
        "name": section_name(one),
        "title": one.title,
        "errors": [(name, section.error) for name, section in sections.items() if section.error],
        "table": _measure_table(one.title, sections),
        "notes": notes,
    }


def _measure_table(title: str, sections: dict[str, Section]) -> dict[str, Any]:
    by_key: dict[str, dict[str, Measure]] = {}
    for name, section in sections.items():
        for measure in section.measures:
            by_key.setdefault(measure.key, {})[name] = measure
    rows = []
    for found in by_key.values():
        one = next(iter(found.values()))
        rows.append(
            {
                "measure": one.question or one.label,
                **{name: _figure(found.get(name)) for name in sections},
                "floor": number(one.floor, one.form),
                "ceiling": number(one.ceiling, one.form),
            }
        )
    view = table_view(title, pd.DataFrame(rows), names=sections)
    for cells, found in zip(view["rows"], by_key.values(), strict=True):
        cells[0]["aside"] = _technical(next(iter(found.values())))
    return view


def _technical(measure: Measure) -> str:
    parts = [measure.label] if measure.question else []
    return ", ".join([*parts, *([] if measure.counts else ["not in the score"])])


def _figure(measure: Measure | None) -> str:
    if measure is None:
        return number(None)
    text = number(measure.value, measure.form)
    return text if math.isnan(measure.score) else f"{text} ({hundred(measure.score)})"


def _pulled(comparison: ComparedFindings) -> dict[str, Any] | None:
    rows = [
        {
            "table": name,
            "measure": f"{section_name(section)}: {measure.label}",
            "score": round(100 * measure.score),
        }
        for name in comparison.ranking
        for section, measure in comparison.reports[name].weakest()
    ]
    return table_view("What pulled them down", pd.DataFrame(rows)) if rows else None
