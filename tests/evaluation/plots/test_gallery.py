from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Report, Tables
from synthwgan.evaluation.plots.association import associations, embedding
from synthwgan.evaluation.plots.style import shown
from synthwgan.evaluation.plots.summaries import OTHER, UNSEEN, bin_edges, counts, histogram, pair

plotly = pytest.importorskip("plotly")
from synthwgan.evaluation.plots.gallery import plot  # noqa: E402

KINDS = ("score", "columns", "pairs", "correlation", "embedding", "history", "distances")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_a_figure_without_markup(report: Report, kind: str) -> None:
    figure = report.plot(kind)
    assert isinstance(figure, plotly.graph_objects.Figure)
    assert len(figure.data)
    text = figure.to_json()
    for tag in ("<img", "</script", "<a href"):
        assert tag not in text.replace("\\u003c", "<").replace("\\u003e", ">")
    assert "$x^2$" not in text


def test_chosen_columns(report: Report) -> None:
    assert report.plot("columns", columns=["gap"]).layout.title.text == "gap"
    assert len(report.plot("columns", columns=["gap", "town"]).data) == 4
    with pytest.raises(KeyError, match="no columns"):
        report.plot("columns", columns=["height"])
    with pytest.raises(ValueError, match="choose one of"):
        report.plot("pie")


def test_no_history_no_curves(report: Report) -> None:
    with pytest.raises(ValueError, match="no training curves"):
        plot(replace(report, history=None), "history")


def test_histogram_shares_are_of_all_rows() -> None:
    real = np.r_[np.full(60, 2.0), np.full(20, 3.0), np.full(20, np.nan)]
    found = histogram(real, real[::2])
    assert found.real.tolist() == [0.6, 0.2]
    assert found.synthetic.tolist() == [0.6, 0.2]
    assert found.missing == (0.2, 0.2)
    assert found.outside == (0.0, 0.0)
    assert found.edges.tolist() == [1.5, 2.5, 3.5]


def test_histogram_leaves_out_far_tails_and_says_so() -> None:
    real = np.r_[np.random.default_rng(0).normal(size=998), 1e6, 1e7]
    found = histogram(real, real)
    assert found.edges[-1] < 10
    assert found.outside[0] == pytest.approx(1 - found.real.sum())
    assert 0.001 < found.outside[0] < 0.02


@pytest.mark.parametrize(
    "values", [[np.nan, np.nan], [1.5, 1.5], [1e300, -1e300], [2.0**60, 2.0**61]]
)
def test_bins_of_odd_samples(values: list[float]) -> None:
    edges = bin_edges(np.array(values), np.array([np.nan]), max_bins=40)
    assert len(edges) >= 2
    assert np.isfinite(edges).all()
    assert (np.diff(edges) > 0).all()


def test_counts_sum_up_rare_and_unseen_categories() -> None:
    real = pd.DataFrame({"town": list("a" * 50 + "b" * 30) + [f"t{n}" for n in range(20)]})
    made = pd.DataFrame({"town": list("a" * 40 + "z" * 10) + [f"t{n}" for n in range(20)]})
    tables = Tables.of(real, made, column_kinds={"town": "categorical"})
    found = counts(tables.columns[0], tables.real["town"], tables.synthetic["town"], limit=2)
    assert found.labels == ["a", "b", OTHER, UNSEEN]
    assert found.real.tolist() == [0.5, 0.3, 0.2, 0.0]
    assert found.synthetic == pytest.approx([40 / 70, 0.0, 20 / 70, 10 / 70])


def test_pairs_of_every_kind(report: Report) -> None:
    names = [column.name for column in report.tables.columns]
    number, words, _, when, gap, town, truth = names
    grid = pair(report.tables, number, gap)
    assert grid.real.sum() == pytest.approx(0.7, abs=0.1)
    within = pair(report.tables, words, truth)
    assert np.nansum(within.real, axis=0) == pytest.approx(1.0)
    boxes = pair(report.tables, when, town)
    assert boxes.is_mixed
    assert boxes.x.name == town
    assert boxes.real.shape == (5, len(boxes.across))
    assert (np.diff(boxes.real, axis=0) >= 0).all()


def test_associations_of_known_strength() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=4000)
    second = -0.6 * first + 0.8 * rng.normal(size=4000)
    group = np.where(first > 0, "high", "low")
    real = pd.DataFrame({"first": first, "second": second, "group": group, "same": group})
    made = real.assign(second=rng.permutation(second), constant=1.0)
    found = associations(Tables.of(real.assign(constant=1.0), made))
    spearman = real[["first", "second"]].corr("spearman").iloc[0, 1]
    assert found.real[0, 1] == pytest.approx(spearman, abs=1e-6)
    assert found.real[0, 2] == pytest.approx(math.sqrt(3) / 2, abs=0.01)
    assert found.real[2, 3] == pytest.approx(1.0)
    assert np.isnan(found.real[4]).all()
    assert abs(found.synthetic[0, 1]) < 0.05
    assert found.telling_pairs(1) == [("first", "second")]
    assert ("group", "same") in found.telling_pairs(3)


def test_embedding_uses_the_axes_of_the_real_rows() -> None:
    rng = np.random.default_rng(0)
    real = pd.DataFrame(rng.normal(size=(400, 3)) @ np.diag([1, 1, 1]), columns=list("abc"))
    real["b"] = real["a"] + 0.1 * rng.normal(size=400)
    near, far, explained = embedding(Tables.of(real, real + 10), None, 50)
    assert near.shape == far.shape == (50, 2)
    assert explained.sum() > 0.9
    assert np.abs(far.mean(axis=0) - near.mean(axis=0)).max() > 5


def test_shown_texts_cannot_be_markup() -> None:
    assert shown("<b>\n$x$&lt;") == "&lt;b&gt;␚&#36;x&#36;&amp;lt;"
