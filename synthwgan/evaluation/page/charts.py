"""The plots of a report's page, in groups, with the words around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from synthwgan.evaluation.findings import Findings
from synthwgan.evaluation.inputs import Column, Tables
from synthwgan.evaluation.page.drawing import Pane, label
from synthwgan.evaluation.page.panes import (
    SERIES,
    column_panes,
    dependence_panes,
    distance_pane,
    history_panes,
    map_pane,
    pair_panes,
)
from synthwgan.evaluation.page.words import number
from synthwgan.evaluation.plots.association import embedding
from synthwgan.evaluation.plots.gallery import MAX_MATRIX, MAX_PAIRS, N_POINTS, dependence
from synthwgan.evaluation.plots.summaries import histogram, pair

if TYPE_CHECKING:
    import numpy as np

MAX_COLUMNS = 120
_REAL_AND_SYNTHETIC = (("real", "real"), ("synthetic", "synthetic"))


@dataclass
class ChartGroup:
    """Plots under one heading.

    Parameters
    ----------
    id : str
        Its id on the page.
    title : str
        Heading.
    text : str, default ""
        How to read the plots.
    layout : str, default ""
        ``"two"`` for small plots side by side.
    tools : bool, default False
        Whether plots can be searched by name and have a logarithmic scale.
    figures : list of dict
        What the template of a figure needs.
    notes : list of str
        What is left out or could not be drawn.
    """

    id: str
    title: str
    text: str = ""
    layout: str = ""
    tools: bool = False
    figures: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def section_charts(report: Findings) -> dict[str, list[ChartGroup]]:
    """Return the plots of each section, by the section's key."""
    tables = report.tables
    if tables is None:
        return {}

    def draw_distances(tables: Tables, group: ChartGroup) -> None:
        _draw_distances(report.distances, group)

    return {
        "columns": [column_charts(tables)],
        "pairs": dependence_charts(tables),
        "joint": [_group(_draw_embedding, tables, "map", "Map of the rows")],
        "privacy": [_group(draw_distances, tables, "distances", "Distance to the closest record")],
    }


def column_charts(tables: Tables) -> ChartGroup:
    """Return the plots of all columns, or of the first 120."""
    return _group(_draw_columns, tables, "marginals", "Columns, real against synthetic")


def column_ids(tables: Tables) -> dict[Any, str]:
    """Return the ids on the page of the columns that have a plot."""
    return {column.name: f"column-{at}" for at, column in enumerate(tables.columns[:MAX_COLUMNS])}


def history_view(history: Any) -> dict[str, Any]:
    """Return the training curves."""
    panes, phases = history_panes(pd.DataFrame(history))
    colours = ("real", "synthetic") * len(phases)
    legend = list(zip(phases, colours, strict=False)) if len(phases) > 1 else []
    return figure_view("training-curves", "Training curves", panes, legend=legend)


def figure_view(
    identifier: str,
    title: str,
    panes: Sequence[Pane],
    caption: str = "",
    legend: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return what the template of a figure needs.

    Parameters
    ----------
    identifier : str
        Its id on the page.
    title : str
        Its title.
    panes : sequence of Pane
        What is drawn, side by side where there is room.
    caption : str, default ""
        What stands beside the title.
    legend : sequence of (name, class) pairs, default ()
        What the colours mean.

    Returns
    -------
    dict
        Texts, and the panes.
    """
    return {
        "id": identifier,
        "title": title,
        "caption": caption,
        "legend": legend,
        "panes": panes,
        "side_by_side": len(panes) > 1 and not panes[0].scale,
    }


def dependence_charts(tables: Tables) -> list[ChartGroup]:
    """Return the telling pairs and the heat maps of dependence, if there are two columns."""
    if len(tables.columns) < 2:
        return []
    return [
        _group(_draw_pairs, tables, "telling-pairs", "Telling pairs"),
        _group(_draw_matrices, tables, "dependence", "Dependence between columns"),
    ]


def _group(
    draw: Callable[[Tables, ChartGroup], None], tables: Tables, name: str, title: str
) -> ChartGroup:
    group = ChartGroup(name, title)
    try:
        draw(tables, group)
    except ImportError:
        raise
    except Exception as error:  # noqa: BLE001
        # Odd data must not cost the rest of the page.
        group.notes.append(f"These plots could not be drawn: {type(error).__name__}: {error}")
    return group


def _draw_columns(tables: Tables, group: ChartGroup) -> None:
    group.layout, group.tools = "two", True
    group.text = "Shares of rows. Bars of numbers and dates are real rows, lines synthetic ones."
    for column in tables.columns[:MAX_COLUMNS]:
        panes = column_panes(column, tables.real[column.name], tables.synthetic[column.name])
        identifier = column_ids(tables)[column.name]
        caption = _column_caption(tables, column)
        group.figures.append(figure_view(identifier, label(column.label, 200), panes, caption))
    left_out = len(tables.columns) - MAX_COLUMNS
    if left_out > 0:
        group.notes.append(f"{left_out} more columns are not drawn; report.plot draws any of them.")


def _column_caption(tables: Tables, column: Column) -> str:
    if not column.is_number:
        return f"{len(column.levels):,} categories"
    shares = histogram(tables.real[column.name], tables.synthetic[column.name])
    parts = [
        f"{what}: {number(real, '.1%')} real, {number(synthetic, '.1%')} synthetic"
        for what, (real, synthetic) in (
            ("missing", shares.missing),
            ("beyond the plot", shares.outside),
        )
        if max(real, synthetic) > 0.0005
    ]
    return "; ".join(parts)


def _draw_pairs(tables: Tables, group: ChartGroup) -> None:
    group.layout = "two"
    group.text = (
        "The pairs whose dependence changed most, and those that depend on each other most. Maps "
        "of two numbers show shares of rows, maps of two categories shares within each category "
        "across; boxes end at the quartiles, their whiskers at 5 % and 95 %."
    )
    for at, (x, y) in enumerate(dependence(tables).telling_pairs(MAX_PAIRS)):
        found = pair(tables, x, y)
        title = f"{label(found.y.label)} by {label(found.x.label)}"
        legend = _REAL_AND_SYNTHETIC if found.is_mixed else ()
        group.figures.append(figure_view(f"pair-{at}", title, pair_panes(found), legend=legend))


def _draw_matrices(tables: Tables, group: ChartGroup) -> None:
    group.layout = "two"
    group.text = (
        "Spearman's correlation of two numbers, the correlation ratio of a number and a category, "
        "and Cramér's V of two categories. In the map of differences, orange stands for pairs "
        "that depend too much on each other, blue for pairs that do so too little."
    )
    titles = ("Difference: synthetic less real", "Real", "Synthetic")
    panes = dependence_panes(dependence(tables))
    for at, (title, pane) in enumerate(zip(titles, panes, strict=True)):
        group.figures.append(figure_view(f"dependence-{at}", title, [pane]))
    if len(tables.columns) > MAX_MATRIX:
        group.notes.append(f"The first {MAX_MATRIX} of {len(tables.columns)} columns.")


def _draw_embedding(tables: Tables, group: ChartGroup) -> None:
    group.text = (
        "Rows of both tables on the two directions in which the real rows differ most. Where one "
        "colour stands alone, rows are missing or made up."
    )
    pane = map_pane(*embedding(tables, None, N_POINTS))
    group.figures.append(
        figure_view("embedding", "Principal components", [pane], legend=_REAL_AND_SYNTHETIC)
    )


def _draw_distances(distances: dict[str, np.ndarray], group: ChartGroup) -> None:
    group.text = (
        "How far synthetic rows lie from the closest real row. A heap at 0 that test rows do not "
        "have is a leak."
    )
    legend = list(zip(distances, SERIES, strict=False))
    title = "Distance to the closest real row"
    group.figures.append(figure_view("closest", title, [distance_pane(distances)], legend=legend))
