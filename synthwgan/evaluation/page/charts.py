"""The plots of a report's page, with what the browser needs to draw them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from synthwgan.evaluation.findings import Findings
from synthwgan.evaluation.inputs import Column, Tables
from synthwgan.evaluation.page.words import number
from synthwgan.evaluation.plots.figures import pair_figure
from synthwgan.evaluation.plots.gallery import (
    MAX_MATRIX,
    MAX_PAIRS,
    column_plot,
    dependence,
    embedding_map,
)
from synthwgan.evaluation.plots.overviews import (
    association_figures,
    distance_figure,
)
from synthwgan.evaluation.plots.summaries import histogram, pair
from synthwgan.evaluation.plots.training import history_figure

if TYPE_CHECKING:
    import numpy as np
    from plotly.graph_objects import Figure

MAX_COLUMNS = 120
_TITLE_HEIGHT = 36
_NOT_IN_JSON = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


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
    return figure_view("training-curves", "Training curves", history_figure(pd.DataFrame(history)))


def figure_view(
    identifier: str, title: str, figure: Figure, caption: str = "", axis: str = ""
) -> dict[str, Any]:
    """Return what the template of a figure needs.

    Parameters
    ----------
    identifier : str
        Its id on the page.
    title : str
        Its title, written by the page and not by plotly.
    figure : Figure
        The figure; the page gives it its template.
    caption : str, default ""
        What stands beside the title.
    axis : str, default ""
        The axis of shares, such as ``"yaxis"``, which may become logarithmic.

    Returns
    -------
    dict
        Texts, and the figure as JSON that no browser takes for markup.
    """
    from plotly.utils import PlotlyJSONEncoder

    spec = figure.to_dict()
    layout = {
        name: part for name, part in spec["layout"].items() if name not in ("template", "title")
    }
    height = int(layout.pop("height", 360)) - _TITLE_HEIGHT
    layout["margin"] = {"t": 28 if _has_top(figure) else 8}
    data = json.dumps(
        {"data": spec["data"], "layout": layout}, cls=PlotlyJSONEncoder, separators=(",", ":")
    )
    return {
        "id": identifier,
        "title": title,
        "caption": caption,
        "axis": axis,
        "height": height,
        "data": data.translate(str.maketrans(_NOT_IN_JSON)),
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
        figure = column_plot(tables, column.name)
        axis = "yaxis" if column.is_number else "xaxis"
        identifier = column_ids(tables)[column.name]
        caption = _column_caption(tables, column)
        figure.update_layout(showlegend=False)
        group.figures.append(figure_view(identifier, _name(column), figure, caption, axis))
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
        title = f"{_name(found.y)} by {_name(found.x)}"
        group.figures.append(figure_view(f"pair-{at}", title, pair_figure(found)))


def _draw_matrices(tables: Tables, group: ChartGroup) -> None:
    group.layout = "two"
    group.text = (
        "Spearman's correlation of two numbers, the correlation ratio of a number and a category, "
        "and Cramér's V of two categories. In the map of differences, orange stands for pairs "
        "that depend too much on each other, blue for pairs that do so too little."
    )
    found = dependence(tables)
    titles = ("Real", "Synthetic", "Difference: synthetic less real")
    figures = list(zip(titles, association_figures(found), strict=True))
    for at, (title, figure) in enumerate([figures[-1], *figures[:-1]]):
        group.figures.append(figure_view(f"dependence-{at}", title, figure))
    if len(tables.columns) > MAX_MATRIX:
        group.notes.append(f"The first {MAX_MATRIX} of {len(tables.columns)} columns.")


def _draw_embedding(tables: Tables, group: ChartGroup) -> None:
    group.text = (
        "Rows of both tables on the two directions in which the real rows differ most. Where one "
        "colour stands alone, rows are missing or made up."
    )
    group.figures.append(figure_view("embedding", "Principal components", embedding_map(tables)))


def _draw_distances(distances: dict[str, np.ndarray], group: ChartGroup) -> None:
    group.text = (
        "How far synthetic rows lie from the closest real row. A heap at 0 that test rows do not "
        "have is a leak."
    )
    figure = distance_figure(distances)
    group.figures.append(figure_view("closest", "Distance to the closest real row", figure))


def _name(column: Column) -> str:
    return column.label or "(empty)"


def _has_top(figure: Figure) -> bool:
    """Whether something stands above the axes: a legend, or titles of panels."""
    has_legend = len(figure.data) > 1 and figure.layout.showlegend is not False
    return bool(has_legend or figure.layout.annotations)
