"""Figures and tables of a report as texts for its page."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.measures import Measure, Section

NAMES = {
    "validity": "Validity",
    "columns": "Columns",
    "pairs": "Pairs",
    "rules": "Rules",
    "joint": "Whole rows",
    "utility": "Utility",
    "privacy": "Privacy",
}
STRONG, FAIR = 0.9, 0.7
MAX_TABLE_ROWS = 200
# What the heads of tables mean, and what the field calls it.
HEADS = {
    "kl": ("surprise, nats", "Kullback-Leibler"),
    "js": ("distance, bits", "Jensen-Shannon"),
    "wasserstein": ("way to move", "Wasserstein"),
    "shape": ("likeness", "shape"),
    "auc": ("told apart by both", "AUC"),
    "alone": ("told apart by it alone", "AUC"),
    "importance": ("how telling", "permutation importance"),
    "gain": ("more than by one", "AUC gained"),
    "trend": ("dependence kept", "trend"),
    "strength": ("how strong", "chi-squared by rows, root"),
    "unseen": ("made-up categories", "unseen"),
    "coverage": ("real values reached", "coverage"),
    "missing_real": ("empty, real", "missing"),
    "missing_synthetic": ("empty, synthetic", "missing"),
    "utility": ("as good as real", "global utility"),
}
FORMS = {
    "number": ("number", "numbers"),
    "date": ("date", "dates"),
    "duration": ("duration", "durations"),
    "text": ("category", "categories"),
    "truth": ("yes-or-no", "yes-or-no"),
}
_DASH = "–"
_SMALL, _LARGE = 1e-4, 1e5


def number(value: float | None, form: str = ".3f") -> str:
    """Return a figure as text, a dash where there is none.

    Examples
    --------
    >>> from synthwgan.evaluation.page.words import number
    >>> number(0.98349), number(float("nan"))
    ('0.983', '–')
    """
    return _DASH if value is None or not math.isfinite(value) else format(value, form)


def hundred(score: float | None) -> str:
    """Return a score in hundredths as text, a dash where there is none."""
    return _DASH if score is None or not math.isfinite(score) else f"{100 * score:.0f}"


def word(score: float | None) -> str:
    """Return ``"strong"``, ``"fair"``, ``"weak"``, or ``"no score"``."""
    if score is None or not math.isfinite(score):
        return "no score"
    return "strong" if score >= STRONG else "fair" if score >= FAIR else "weak"


def finite(value: float | None) -> float | None:
    """Return a figure, or None where there is none."""
    return None if value is None or not math.isfinite(value) else float(value)


GIVES_AWAY = "This table gives real rows away, whatever else it does well."


def score_words(score: float) -> str:
    """Say in a sentence what a score means."""
    return {
        "strong": "This table comes close to real rows that a model has never seen.",
        "fair": "This table keeps much of the real one, with gaps that the sections name.",
        "weak": "This table differs from the real one in ways that matter.",
        "no score": "No score: one of the sections has none, and the others alone would flatter.",
    }[word(score)]


def section_name(section: Section) -> str:
    """Return the short name of a section."""
    return NAMES.get(section.key, section.key.replace("_", " ").capitalize())


def measure_view(measure: Measure) -> dict[str, Any]:
    """Return the texts of a measure, and where its mark and its interval stand.

    Parameters
    ----------
    measure : Measure
        One figure.

    Returns
    -------
    dict
        What the template of a measure needs.
    """
    at = finite(measure.score)
    has_ends = finite(measure.floor) is not None and finite(measure.ceiling) is not None
    interval = measure.interval
    if interval is not None and not all(math.isfinite(end) for end in interval):
        interval = None
    return {
        "label": measure.label,
        "question": measure.question,
        "meaning": measure.meaning,
        "counts": measure.counts,
        "value": number(measure.value, measure.form),
        "floor": number(measure.floor, measure.form) if has_ends else None,
        "ceiling": number(measure.ceiling, measure.form) if has_ends else None,
        "interval": interval and " to ".join(number(end, measure.form) for end in interval),
        "at": at,
        "score": None if at is None else hundred(at),
        "why": measure.why_not_counted,
        "band": None if interval is None or at is None else _band(measure, interval),
    }


def table_view(
    title: str,
    table: pd.DataFrame,
    links: dict[Any, str] | None = None,
    names: Collection[str] = (),
) -> dict[str, Any]:
    """Return a table as texts, and the figures that it is sorted by.

    Parameters
    ----------
    title : str
        Its title.
    table : DataFrame
        At most 200 of its rows are shown, and none without any figure.
    links : dict of column name to str or None, default None
        Ids on the page, by what stands in the first column of the table.
    names : collection of str, default ()
        Columns that users named, which the page writes as they did.

    Returns
    -------
    dict
        What the template of a table needs.
    """
    is_number = [
        pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
        for dtype in table.dtypes
    ]
    if any(is_number):
        table = table.loc[table.loc[:, is_number].notna().any(axis=1)]
    shown = table.head(MAX_TABLE_ROWS)
    columns = [
        [_cell(value, numeric) for value in shown.iloc[:, at]]
        for at, numeric in enumerate(is_number)
    ]
    if links and columns:
        for cell, value in zip(columns[0], shown.iloc[:, 0], strict=True):
            cell["link"] = links.get(value)
    return {
        "title": title,
        "heads": [
            {**(_named(name) if name in names else _head(name)), "is_number": numeric}
            for name, numeric in zip(shown.columns, is_number, strict=True)
        ],
        "rows": [list(row) for row in zip(*columns, strict=True)],
        "left_out": len(table) - len(shown),
    }


def columns_words(forms: Sequence[str]) -> str:
    """Say how many columns hold what, such as ``"3: 2 numbers, 1 date"``."""
    counts = {form: sum(one == form for one in forms) for form in FORMS}
    said = [f"{n:,} {FORMS[form][n > 1]}" for form, n in counts.items() if n]
    return f"{len(forms):,}: {', '.join(said)}"


def why_no_score(section: Section) -> str:
    """Say why a section has no score; empty if it has one."""
    if section.error:
        return f"It could not be made: {section.error}"
    if finite(section.score) is not None:
        return ""
    if section.skipped:
        return section.notes[0] if section.notes else "It was not asked."
    labels = ", ".join(measure.label for measure in section.not_scored)
    return f"Too few figures could be scored; not {labels}." if labels else "It has no figures."


def _head(name: object) -> dict[str, str]:
    plain, technical = HEADS.get(str(name), (str(name).replace("_", " "), ""))
    return {"text": plain[:1].upper() + plain[1:], "aside": technical}


def _named(name: str) -> dict[str, str]:
    return {"text": name, "aside": ""}


def _cell(value: Any, is_number: bool) -> dict[str, Any]:
    if not is_number:
        missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
        return {"text": _DASH if missing else str(value)}
    if pd.isna(value):
        return {"text": _DASH, "sort": "NaN"}
    if isinstance(value, int | np.integer):
        return {"text": f"{value:,}", "sort": str(value)}
    size = abs(value)
    form = ".2e" if 0 < size < _SMALL else ".4g" if size >= _LARGE else ".4f"
    return {"text": "0" if value == 0 else f"{value:{form}}", "sort": repr(float(value))}


def _band(measure: Measure, interval: tuple[float, float]) -> tuple[float, float]:
    ends = sorted(measure.placed(end) for end in interval)
    return ends[0], ends[1]
