"""A report as one page which opens without a network, and as a score card in notebooks."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthwgan.evaluation.findings import ComparedFindings, Findings
from synthwgan.evaluation.inputs import Rows
from synthwgan.evaluation.measures import Section
from synthwgan.evaluation.origin import Origin
from synthwgan.evaluation.page.charts import ChartGroup, column_ids, history_view, section_charts
from synthwgan.evaluation.page.sidebyside import comparison_view
from synthwgan.evaluation.page.words import (
    GIVES_AWAY,
    columns_words,
    finite,
    hundred,
    measure_view,
    score_words,
    section_name,
    table_view,
    why_no_score,
    word,
)

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


def render(report: Findings) -> str:
    """Return a report as one HTML page that opens without a network.

    Parameters
    ----------
    report : Findings
        What `evaluate` returned.

    Returns
    -------
    str
        The page.

    Raises
    ------
    ImportError
        If jinja2 is not installed.
    """
    charts = section_charts(report)
    links = column_ids(report.tables) if report.tables is not None else {}
    tables = report.tables
    has_test = tables is not None and tables.test is not None
    has_history = report.history is not None and len(report.history) > 0
    return _page(
        "page.html",
        title="Synthetic data report",
        facts=_facts(report),
        origin=_origin_facts(report),
        score=_score_view(report.score, bool(report.leaks)),
        ceiling="real rows that no model has seen" if has_test else "real rows",
        sections=[
            _section_view(section, charts.get(section.key, []), links)
            for section in report.sections
        ],
        open_sections=[section_name(section) for section in report.without_score],
        leaks=report.leaks,
        weakest=_weakest(report),
        remarks=[*report.left_out, *report.limits, *report.notes],
        history=history_view(report.history) if has_history else None,
    )


def render_comparison(comparison: ComparedFindings) -> str:
    """Return a comparison as one HTML page that opens without a network.

    Parameters
    ----------
    comparison : ComparedFindings
        What `compare` returned.

    Returns
    -------
    str
        The page; it has tables and no plots, and is small.

    Raises
    ------
    ImportError
        If jinja2 is not installed.
    """
    first = comparison.reports[comparison.ranking[0]]
    facts = [fact for fact in _facts(first) if fact[0] != "Synthetic rows"]
    if first.origin is not None:
        facts += [("Made on", first.origin.date), ("Seed", str(first.origin.seed))]
    return _page(
        "comparison.html",
        title="Synthetic data comparison",
        facts=[("Tables", f"{len(comparison.reports)}"), *facts],
        **comparison_view(comparison),
    )


def notebook(report: Findings) -> str:
    """Return a small score card for notebooks, without scripts.

    Parameters
    ----------
    report : Findings
        What `evaluate` returned.

    Returns
    -------
    str
        HTML.
    """
    sections = [_section_view(section, [], {}) for section in report.sections]
    return _snippet([(None, report.score, sections)], _facts(report))


def notebook_comparison(comparison: ComparedFindings) -> str:
    """Return the score cards of a comparison for notebooks, without scripts.

    Parameters
    ----------
    comparison : ComparedFindings
        What `compare` returned.

    Returns
    -------
    str
        HTML.
    """
    cards = [
        (name, report.score, [_section_view(section, [], {}) for section in report.sections])
        for name, report in ((name, comparison.reports[name]) for name in comparison.ranking)
    ]
    return _snippet(cards, [])


def _snippet(
    cards: list[tuple[str | None, float, list[dict[str, Any]]]], facts: list[tuple[str, str]]
) -> str:
    views = [
        {"name": name, "score": _score_view(score), "sections": sections}
        for name, score, sections in cards
    ]
    return _environment().get_template("notebook.html").render(cards=views, facts=facts)


def _page(name: str, **values: Any) -> str:
    from markupsafe import Markup

    script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template(name)
        .render(
            version=version("synthwgan"),
            # Should a text ever slip through unescaped, the browser still refuses to run it.
            policy=(
                f"default-src 'none'; script-src {_hash(script)}; style-src 'unsafe-inline'; "
                "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'"
            ),
            css=Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
            script=Markup(script),
            **values,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader
    except ImportError as error:
        raise ImportError('The page needs jinja2: pip install "synthwgan[report]"') from error
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _facts(report: Findings) -> list[tuple[str, str]]:
    tables = report.tables
    if tables is None:
        return []
    origin = report.origin or Origin()
    sizes = {"real": tables.real, "synthetic": tables.synthetic, "test": tables.test}
    facts = [
        (f"{part.capitalize()} rows", _rows_words(rows, origin.names.get(part)))
        for part, rows in sizes.items()
    ]
    facts.append(("Columns", columns_words([column.content.form for column in tables.columns])))
    if report.target is not None:
        facts.append(("Target", str(report.target)))
    return facts


def _rows_words(rows: Rows | None, name: str | None) -> str:
    if rows is None:
        return "none given"
    return f"{len(rows):,}" if name is None else f"{len(rows):,} ({name})"


def _origin_facts(report: Findings) -> list[tuple[str, str]]:
    """Return what a reader asks of a report that lies on a table."""
    origin = report.origin
    if origin is None:
        return []
    seed = "none given" if origin.seed is None else str(origin.seed)
    facts = [
        ("Report made on", origin.date),
        ("Seed of the report", seed),
        ("Made by", f"synthwgan {origin.version}"),
    ]
    if origin.rows:
        said = [f"{name} {text}" for name, text in origin.rows.items()]
        facts.append(("The synthetic rows say", ", ".join(said)))
    if origin.model:
        said = [f"{name}={text}" for name, text in origin.model.items()]
        facts.append(("Parameters of the model", ", ".join(said)))
    elif report.history:
        facts.append(("Parameters of the model", "all as by default"))
    return facts


def _score_view(score: float, leaks: bool = False) -> dict[str, Any]:
    words = GIVES_AWAY if leaks else score_words(score)
    return {"value": finite(score), "text": hundred(score), "words": words}


def _section_view(
    section: Section, charts: list[ChartGroup], links: dict[Any, str]
) -> dict[str, Any]:
    return {
        "key": section.key,
        "name": section_name(section),
        "title": section.title,
        "score": finite(section.score),
        "text": hundred(section.score),
        "word": _section_word(section),
        "why": why_no_score(section),
        "measures": [measure_view(measure) for measure in section.measures],
        "notes": section.notes,
        "error": section.error,
        "charts": charts,
        "tables": [
            table_view(title, table, links if table.columns[:1].tolist() == ["column"] else None)
            for title, table in section.details.items()
            if len(table)
        ],
    }


def _section_word(section: Section) -> str:
    if section.error:
        return "failed"
    if section.skipped:
        return "not counted"
    return "not scored" if finite(section.score) is None else word(section.score)


def _weakest(report: Findings) -> list[dict[str, str]]:
    return [
        {
            "key": section.key,
            "label": f"{section_name(section)}: {measure.question or measure.label}",
            "technical": measure.label if measure.question else "",
            "score": hundred(measure.score),
            "why": measure.meaning,
        }
        for section, measure in report.weakest()
    ]
