"""Plotly figures of single columns and of pairs, real against synthetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from synthwgan.evaluation.inputs import Column
from synthwgan.evaluation.plots.scales import Scale, scale_of
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
        shares = histogram(real, synthetic)
        figure = _histogram_figure(shares, scale_of(column, shares.edges))
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


def _histogram_figure(shares: Histogram, scale: Scale) -> Figure:
    figure = go().Figure()
    edges = shares.edges
    figure.add_bar(
        x=_places((edges[:-1] + edges[1:]) / 2, scale),
        y=compact(shares.real),
        width=float(edges[1] - edges[0]) * (1000 if scale.is_date else 1 / scale.per),
        name="real",
        marker={"color": REAL, "opacity": 0.45, "line": {"width": 0}},
        hovertemplate=_SHARE,
    )
    line = steps(_places(edges, scale), shares.synthetic)
    figure.add_scatter(**line, name="synthetic", line_color=SYNTHETIC)
    figure.update_layout(height=_PANEL_HEIGHT, bargap=0)
    figure.update_yaxes(tickformat=".0~%", rangemode="tozero")
    figure.update_xaxes(showgrid=False, title_text=scale.unit or None, **_axis(scale, edges))
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
    sides = (pair.x, pair.across), (pair.y, pair.along)
    if is_grid:
        scales = [scale_of(column, places) for column, places in sides]
        across, along = (
            _places(places, scale) for (_, places), scale in zip(sides, scales, strict=True)
        )
        axes = [_axis(scale, places) for (_, places), scale in zip(sides, scales, strict=True)]
    else:
        scales = [Scale(), Scale()]
        across, along = (short_labels(list(places), 16) for _, places in sides)
        axes = [{"type": "category"}] * 2
    cells = [np.sqrt(grid) if is_grid else grid for grid in (pair.real, pair.synthetic)]
    top = max(float(np.nanmax(grid, initial=0.0)) for grid in cells) or 1.0
    for at, grid in enumerate(cells, start=1):
        exact = np.square(grid) if is_grid else grid
        map_ = heat(grid, across, along, _SHARE_OF_CELL, "sequential", zmin=0, zmax=top)
        map_.update(customdata=compact(exact), showscale=False)
        figure.add_trace(map_, 1, at)
    figure.update_annotations(font_size=12)
    titles = [scale.title(shown(c.label, 30)) for (c, _), scale in zip(sides, scales, strict=True)]
    figure.update_xaxes(showgrid=False, title_text=titles[0], **axes[0])
    figure.update_yaxes(showgrid=False, **axes[1])
    figure.update_yaxes(title_text=titles[1], col=1)
    figure.update_layout(height=330)
    return figure


def _boxes(pair: Pair) -> Figure:
    figure = go().Figure()
    labels = short_labels(list(pair.across), 16)
    known = np.concatenate([pair.real, pair.synthetic], axis=None)
    scale = scale_of(pair.y, known)
    tables = (("real", pair.real, REAL), ("synthetic", pair.synthetic, SYNTHETIC))
    for name, quantiles, colour in tables:
        low, first, median, third, high = _places(quantiles, scale)
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
    title = scale.title(shown(pair.y.label, 30))
    figure.update_yaxes(title_text=title, **_axis(scale, known[np.isfinite(known)]))
    return figure


def _axis(scale: Scale, values: np.ndarray) -> dict[str, Any]:
    """Return what plotly has to know of an axis on which values of a column lie."""
    if scale.is_date or scale.form is None or not len(values):
        return {"type": "date" if scale.is_date else "linear"}
    ticks = dict(scale.ticks(values.min(), values.max()))
    return {"type": "linear", "tickvals": list(ticks), "ticktext": list(ticks.values())}


def _places(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Return places on an axis: moments, given in seconds, as texts."""
    if scale.is_date:
        return (values * 1000).astype("datetime64[ms]").astype(str)
    return values / scale.per
