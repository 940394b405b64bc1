"""Plotly figures of single columns and of pairs, real against synthetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthwgan.evaluation.inputs import Column
from synthwgan.evaluation.plots.style import (
    REAL,
    SYNTHETIC,
    compact,
    go,
    heat,
    short_labels,
    shown,
    steps,
    titled,
)
from synthwgan.evaluation.plots.summaries import Counts, Histogram, Pair, counts, histogram

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SHARE = "%{y:.1%}<extra>%{fullData.name}</extra>"
_SHARE_ACROSS = "%{x:.1%}<extra>%{fullData.name}</extra>"
_SHARE_OF_CELL = "%{customdata:.2~%}<extra></extra>"
_PANEL_HEIGHT = 270


def column_figure(column: Column, real: np.ndarray, synthetic: np.ndarray) -> Figure:
    """One column, real against synthetic.

    Parameters
    ----------
    column : Column
        What it is.
    real, synthetic : ndarray
        Its cells in plain form.

    Returns
    -------
    Figure
        Histograms in common bins for numbers and dates, bars for anything else.
    """
    if column.is_number:
        figure = _histogram_figure(histogram(real, synthetic), is_date(column))
    else:
        figure = _counts_figure(counts(column, real, synthetic))
    return titled(figure, shown(column.label, 60))


def pair_figure(pair: Pair) -> Figure:
    """Two columns together, real beside synthetic.

    Parameters
    ----------
    pair : Pair
        Their summary.

    Returns
    -------
    Figure
        Two maps with one scale of colours; boxes for a number within categories.
    """
    figure = _boxes(pair) if pair.is_mixed else _maps(pair)
    return titled(figure, f"{shown(pair.y.label, 40)} by {shown(pair.x.label, 40)}")


def is_date(column: Column) -> bool:
    """Whether a column holds dates, in seconds since 1970."""
    return column.content.form == "date"


def _histogram_figure(shares: Histogram, is_date: bool) -> Figure:
    figure = go().Figure()
    edges = shares.edges
    figure.add_bar(
        x=_places((edges[:-1] + edges[1:]) / 2, is_date),
        y=compact(shares.real),
        width=float(edges[1] - edges[0]) * (1000 if is_date else 1),
        name="real",
        marker={"color": REAL, "opacity": 0.45, "line": {"width": 0}},
        hovertemplate=_SHARE,
    )
    line = steps(_places(edges, is_date), shares.synthetic)
    figure.add_scatter(**line, name="synthetic", line_color=SYNTHETIC)
    figure.update_layout(height=_PANEL_HEIGHT, bargap=0)
    figure.update_yaxes(tickformat=".0~%", rangemode="tozero")
    figure.update_xaxes(showgrid=False, type="date" if is_date else "linear")
    return figure


def _counts_figure(found: Counts) -> Figure:
    figure = go().Figure()
    labels = short_labels(found.labels)
    bars = (("real", found.real, REAL), ("synthetic", found.synthetic, SYNTHETIC))
    for name, shares, colour in bars:
        figure.add_bar(
            y=labels,
            x=compact(shares),
            name=name,
            orientation="h",
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{y}: " + _SHARE_ACROSS,
        )
    gap = float(np.clip(1 - 0.1 * len(labels), 0.25, 0.75))
    figure.update_layout(height=_PANEL_HEIGHT, barmode="group", bargap=gap)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    figure.update_xaxes(tickformat=".0~%", rangemode="tozero")
    return figure


def _maps(pair: Pair) -> Figure:
    from plotly.subplots import make_subplots

    figure = make_subplots(
        1, 2, shared_yaxes=True, subplot_titles=("real", "synthetic"), horizontal_spacing=0.04
    )
    is_grid = pair.x.is_number
    across, along = (
        _places(places, is_date(column)) if is_grid else short_labels(list(places), 16)
        for places, column in ((pair.across, pair.x), (pair.along, pair.y))
    )
    cells = [np.sqrt(grid) if is_grid else grid for grid in (pair.real, pair.synthetic)]
    top = max(float(np.nanmax(grid, initial=0.0)) for grid in cells) or 1.0
    for at, grid in enumerate(cells, start=1):
        exact = np.square(grid) if is_grid else grid
        map_ = heat(grid, across, along, _SHARE_OF_CELL, "sequential", zmin=0, zmax=top)
        map_.update(customdata=compact(exact), showscale=False)
        figure.add_trace(map_, 1, at)
    figure.update_annotations(font_size=12)
    figure.update_xaxes(type=_axis_type(pair.x), title_text=shown(pair.x.label, 30))
    figure.update_yaxes(type=_axis_type(pair.y))
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False)
    figure.update_yaxes(title_text=shown(pair.y.label, 30), col=1)
    figure.update_layout(height=330)
    return figure


def _boxes(pair: Pair) -> Figure:
    figure = go().Figure()
    labels = short_labels(list(pair.across), 16)
    tables = (("real", pair.real, REAL), ("synthetic", pair.synthetic, SYNTHETIC))
    for name, quantiles, colour in tables:
        low, first, median, third, high = _places(quantiles, is_date(pair.y))
        figure.add_box(
            x=labels,
            lowerfence=low,
            q1=first,
            median=median,
            q3=third,
            upperfence=high,
            name=name,
            marker_color=colour,
            line_width=1.5,
        )
    figure.update_layout(height=330, boxmode="group")
    figure.update_xaxes(type="category", showgrid=False, title_text=shown(pair.x.label, 30))
    figure.update_yaxes(type=_axis_type(pair.y), title_text=shown(pair.y.label, 30))
    return figure


def _axis_type(column: Column) -> str:
    if not column.is_number:
        return "category"
    return "date" if is_date(column) else "linear"


def _places(values: np.ndarray, is_date: bool) -> np.ndarray:
    """Return places on an axis: moments, given in seconds, as texts."""
    return (values * 1000).astype("datetime64[ms]").astype(str) if is_date else values
