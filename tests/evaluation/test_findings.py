"""Plots and pages are made of what is known, and a report or a comparison adds nothing to it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

from synthwgan.evaluation import Comparison, Report
from synthwgan.evaluation.findings import ComparedFindings, Findings

pytest.importorskip("jinja2")
go = pytest.importorskip("plotly.graph_objects")


@pytest.fixture(scope="module")
def findings(report: Report) -> Findings:
    return Findings(**{field.name: getattr(report, field.name) for field in fields(report)})


def test_a_page_is_made_of_findings(findings: Findings, report: Report, tmp_path: Path) -> None:
    from synthwgan.evaluation.page.render import notebook, render

    page = render(findings)
    assert page.startswith("<!doctype html>")
    assert report.to_html() == page
    assert report._repr_html_() == notebook(findings)
    report.save_html(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page


def test_a_page_of_several_tables_too(findings: Findings, report: Report, tmp_path: Path) -> None:
    from synthwgan.evaluation.page.render import notebook_comparison, render_comparison

    compared, comparison = ComparedFindings({"ours": findings}), Comparison({"ours": report})
    page = render_comparison(compared)
    assert page.startswith("<!doctype html>")
    assert comparison.to_html() == page
    assert comparison._repr_html_() == notebook_comparison(compared)
    comparison.save_html(tmp_path / "comparison.html")
    assert (tmp_path / "comparison.html").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("kind", ["score", "history", "distances"])
def test_plots_are_made_of_findings(findings: Findings, report: Report, kind: str) -> None:
    from synthwgan.evaluation.plots.gallery import plot

    figure = plot(findings, kind)
    assert isinstance(figure, go.Figure)
    assert report.plot(kind).to_json() == figure.to_json()


def test_figures_are_those_of_the_report(findings: Findings, report: Report) -> None:
    assert findings.to_json() == report.to_json()
    pd.testing.assert_frame_equal(findings.to_frame(), report.to_frame())
    assert findings["columns"] is report["columns"]
    assert [measure for _, measure in findings.weakest()] == [
        measure for _, measure in report.weakest()
    ]
