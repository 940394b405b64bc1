"""Plotly figures of a whole report: scores, dependence, the map of rows, training, distances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from synthwgan.evaluation.measures import Section
from synthwgan.evaluation.plots.association import Associations
from synthwgan.evaluation.plots.style import (
    NEUTRAL,
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

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_COLOURS = (SYNTHETIC, REAL, NEUTRAL, "#8a63b8", "#3a9a86")


def score_figure(sections: tuple[Section, ...], score: float) -> Figure:
    """Score card: a bar for each section, a mark for each of its measures.

    Parameters
    ----------
    sections : tuple of Section
        The report's sections; one without a score has no bar.
    score : float
        What unites them.

    Returns
    -------
    Figure
        Bars from the floor (0) to the ceiling (100).
    """
    figure = go().Figure()
    titles = short_labels([section.title for section in sections], 34)
    figure.add_bar(
        x=[100 * section.score for section in sections],
        y=titles,
        orientation="h",
        name="section",
        marker_color=REAL,
        marker_opacity=0.75,
        hovertemplate="%{x:.0f}<extra>%{y}</extra>",
    )
    marks = [
        (100 * measure.score, title, shown(measure.label))
        for section, title in zip(sections, titles, strict=True)
        for measure in section.measures
        if measure.is_scored
    ]
    figure.add_scatter(
        x=[mark[0] for mark in marks],
        y=[mark[1] for mark in marks],
        text=[mark[2] for mark in marks],
        mode="markers",
        name="one measure",
        marker={"color": SYNTHETIC, "size": 8, "symbol": "diamond", "opacity": 0.85},
        hovertemplate="%{text}: %{x:.0f}<extra></extra>",
    )
    figure.update_xaxes(
        range=[-2, 102],
        tickvals=[0, 25, 50, 75, 100],
        ticktext=["0: floor", "25", "50", "75", "100: ceiling"],
    )
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    figure.update_layout(height=150 + 44 * len(titles))
    overall = f"{100 * score:.0f} of 100" if math.isfinite(score) else "none"
    return titled(figure, f"Score: {overall}")


def association_figures(found: Associations) -> list[Figure]:
    """Heat maps of the dependence between columns.

    Parameters
    ----------
    found : Associations
        Matrices of both tables.

    Returns
    -------
    list of three Figures
        Real, synthetic, and synthetic less real.
    """
    labels = short_labels([column.label for column in found.columns], 18)
    hover = "%{y} and %{x}: %{z:.2f}<extra></extra>"
    largest = max(0.1, float(np.nanmax(np.abs(found.difference), initial=0.0)))
    maps = (
        ("real", found.real, 1.0),
        ("synthetic", found.synthetic, 1.0),
        ("synthetic less real", found.difference, largest),
    )
    figures = []
    for name, cells, limit in maps:
        off = np.where(np.eye(len(cells), dtype=bool), np.nan, cells)
        figure = go().Figure(heat(off, labels, labels, hover, "diverging", zmin=-limit, zmax=limit))
        figure.update_traces(showscale=name == maps[-1][0], name=name)
        figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
        figure.update_xaxes(showgrid=False, type="category", tickangle=-45)
        figure.update_layout(height=int(np.clip(130 + 22 * len(labels), 300, 900)))
        figures.append(titled(figure, name))
    return figures


def embedding_figure(real: np.ndarray, synthetic: np.ndarray, explained: np.ndarray) -> Figure:
    """Rows of both tables on two principal components.

    Parameters
    ----------
    real, synthetic : ndarray of shape (n_points, 2)
        Places of the rows.
    explained : ndarray of shape (2,)
        Share of the variance along each axis.

    Returns
    -------
    Figure
        One cloud over the other.
    """
    figure = go().Figure()
    clouds = (("real", real, REAL, "circle"), ("synthetic", synthetic, SYNTHETIC, "diamond"))
    for name, points, colour, symbol in clouds:
        figure.add_scatter(
            x=compact(points[:, 0]),
            y=compact(points[:, 1]),
            mode="markers",
            name=name,
            marker={"color": colour, "size": 5, "opacity": 0.45, "symbol": symbol},
            hoverinfo="skip",
        )
    figure.update_xaxes(title_text=f"first component ({explained[0]:.0%} of the variance)")
    figure.update_yaxes(title_text=f"second component ({explained[1]:.0%})")
    figure.update_layout(height=460)
    return titled(figure, "Map of the rows")


def distance_figure(distances: dict[str, np.ndarray]) -> Figure:
    """Distances to the closest real record, as curves of shares.

    Parameters
    ----------
    distances : dict of str to ndarray
        Distances by the name of the rows that they belong to.

    Returns
    -------
    Figure
        One step line for each kind of rows.
    """
    pooled = np.concatenate(list(distances.values()))
    edges = np.linspace(0.0, float(np.quantile(pooled, 0.99)) or 1.0, 41)
    figure = go().Figure()
    for (name, values), colour in zip(distances.items(), _COLOURS[: len(distances)], strict=True):
        shares = np.histogram(values, edges)[0] / max(1, len(values))
        figure.add_scatter(**steps(edges, shares), name=shown(name), line_color=colour)
    figure.update_xaxes(title_text="distance to the closest training row")
    figure.update_yaxes(title_text="share of rows", tickformat=".0%", rangemode="tozero")
    figure.update_layout(height=320)
    return titled(figure, "Distance to the closest record")
