"""Durations, clock times and addresses have axes that say so, on the page as in plots."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables
from synthwgan.evaluation.page.panes import column_panes, pair_panes
from synthwgan.evaluation.plots.scales import scale_of
from synthwgan.evaluation.plots.summaries import pair

MINUTES = np.random.default_rng(0).integers(0, 1440, 300)
CLOCKS = ("06:00", "12:00", "18:00")
COLUMNS = {
    "stay": pd.to_timedelta(MINUTES * 39, unit="min"),
    "wait": pd.to_timedelta(MINUTES, unit="ms"),
    "iso": [f"PT{minute // 60 + 1}H{minute % 60}M" for minute in MINUTES],
    "at": [f"{minute // 60:02}:{minute % 60:02}" for minute in MINUTES],
    "digits": [minute // 60 * 100 + minute % 60 for minute in MINUTES],
    "address": [f"192.168.{minute % 8}.{minute % 250}" for minute in MINUTES],
    "size": MINUTES / 7,
    "sex": np.where(MINUTES % 2, "m", "f"),
}


@pytest.fixture(scope="module")
def tables() -> Tables:
    real = pd.DataFrame(COLUMNS)
    return Tables.of(real, real.iloc[::2])


@pytest.mark.parametrize(
    ("name", "unit", "shown"),
    [
        ("stay", "days", ("10", "20", "30")),
        ("wait", "seconds", ("0.5", "1.0")),
        ("iso", "hours", ("5", "10", "15", "20")),
        ("at", "", CLOCKS),
        ("digits", "", CLOCKS),
        ("address", "", ("192.168.2.0", "192.168.4.0", "192.168.6.0")),
        ("size", "", ("50", "100", "150")),
    ],
)
def test_axes_of_a_column_say_what_its_numbers_are(tables, name, unit, shown):
    column = tables.by_name[name]
    panes = column_panes(column, tables.real[name], tables.synthetic[name])
    for pane in panes:
        texts = [tick.text for tick in pane.x]
        assert set(shown) <= set(texts) and len(texts) <= 6
        assert pane.x_title == unit
    go = pytest.importorskip("plotly.graph_objects")
    from synthwgan.evaluation.plots.figures import column_figure

    figure = column_figure(column, tables.real[name], tables.synthetic[name])
    assert isinstance(figure, go.Figure)
    axis = figure.layout.xaxis
    assert (axis.title.text or "") == unit
    if unit:
        assert max(figure.data[0].x) < 2 * float(shown[-1])
    elif name != "size":
        assert set(shown) <= set(axis.ticktext)


@pytest.mark.parametrize("other", ["sex", "size"])
def test_axes_of_a_pair_do_so_too(tables, other):
    (pane, *_) = pair_panes(pair(tables, other, "stay"))
    assert "stay (days)" in (pane.x_title, pane.y_title)
    assert " days" in str(pane.hover)
    (pane, *_) = pair_panes(pair(tables, other, "at"))
    assert "12:00" in [tick.text for tick in (*pane.x, *pane.y)]
    pytest.importorskip("plotly")
    from synthwgan.evaluation.plots.figures import pair_figure

    figure = pair_figure(pair(tables, other, "stay"))
    assert figure.layout.yaxis.title.text == "stay (days)"
    assert "12:00" in pair_figure(pair(tables, other, "at")).layout.yaxis.ticktext


def test_marks_end_where_no_cell_is_written_so(tables):
    addresses = scale_of(tables.by_name["address"], np.array([0.0]))
    ticks = addresses.ticks(0.0, 2.0**32 + 100)
    assert ticks[-1] == (3 * 2**30, "192.0.0.0")
    assert addresses.ticks(7.4, 7.6) == []
    days = scale_of(tables.by_name["at"], np.array([0.0])).ticks(0.0, 60_000.0)
    assert [text for _, text in days] == ["00:00", "240:00", "480:00", "720:00", "960:00"]
