"""The plots of a report by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from synthwgan.evaluation.findings import Findings
from synthwgan.evaluation.inputs import Tables
from synthwgan.evaluation.plots.association import Associations, associations, embedding
from synthwgan.evaluation.plots.figures import column_figure, pair_figure
from synthwgan.evaluation.plots.overviews import (
    association_figures,
    distance_figure,
    embedding_figure,
    score_figure,
)
from synthwgan.evaluation.plots.panels import grid, stacked
from synthwgan.evaluation.plots.summaries import pair
from synthwgan.evaluation.plots.training import history_figure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_PAIRS = 8
MAX_MATRIX = 40
_MAX_PANELS = 24
_MAX_PAIR_PANELS = 4
N_POINTS = 1500


def plot(report: Findings, kind: str, columns: Sequence[Any] | None = None) -> Figure:
    """Draw one plot of a report.

    Parameters
    ----------
    report : Findings
        What to draw.
    kind : str
        ``"score"`` (sections and measures from floor to ceiling), ``"columns"`` (each column,
        real against synthetic), ``"pairs"`` (columns two by two), ``"correlation"``
        (dependence between columns), ``"embedding"`` (rows on two principal components),
        ``"history"`` (training curves) or ``"distances"`` (to the closest real row).
    columns : sequence of column names or None, default None
        Columns to draw. By default all of them, of many the first 24; the most telling pairs.

    Returns
    -------
    plotly.graph_objects.Figure
        The plot.

    Raises
    ------
    ImportError
        If plotly is not installed.
    KeyError
        If there is no such column.
    ValueError
        If there is no such kind of plot, or the report has nothing to show in it.
    """
    if kind not in _KINDS:
        raise ValueError(f"There is no plot {kind!r}; choose one of {sorted(_KINDS)}.")
    unknown = [name for name in columns or () if name not in report.tables.by_name]
    if unknown:
        raise KeyError(f"The report compares no columns {unknown}.")
    return _KINDS[kind](report, list(columns) if columns is not None else None)


def dependence(tables: Tables, names: list[Any] | None = None) -> Associations:
    """Return the dependence between columns, by default between the first 40."""
    if names is None:
        names = [column.name for column in tables.columns[:MAX_MATRIX]]
    if len(names) < 2:
        raise ValueError("Dependence needs at least two columns.")
    return associations(tables, names)


def embedding_map(tables: Tables, names: list[Any] | None = None) -> Figure:
    """Draw rows of both tables on two principal components."""
    return embedding_figure(*embedding(tables, names, N_POINTS))


def column_plot(tables: Tables, name: Any) -> Figure:
    """Draw one column."""
    return column_figure(tables.by_name[name], tables.real[name], tables.synthetic[name])


def _score(report: Findings, names: list[Any] | None) -> Figure:
    return score_figure(report.sections, report.score)


def _columns(report: Findings, names: list[Any] | None) -> Figure:
    if names is None:
        names = [column.name for column in report.tables.columns[:_MAX_PANELS]]
    return grid([column_plot(report.tables, name) for name in names])


def _pairs(report: Findings, names: list[Any] | None) -> Figure:
    chosen = dependence(report.tables, names).telling_pairs(_MAX_PAIR_PANELS)
    return stacked([pair_figure(pair(report.tables, x, y)) for x, y in chosen])


def _correlation(report: Findings, names: list[Any] | None) -> Figure:
    return grid(association_figures(dependence(report.tables, names)), n_columns=3)


def _embedding(report: Findings, names: list[Any] | None) -> Figure:
    return embedding_map(report.tables, names)


def _history(report: Findings, names: list[Any] | None) -> Figure:
    if report.history is None or not len(report.history):
        raise ValueError("The report has no training curves: give evaluate a history.")
    return history_figure(pd.DataFrame(report.history))


def _distances(report: Findings, names: list[Any] | None) -> Figure:
    return distance_figure(report.distances)


_KINDS: dict[str, Callable[[Findings, list[Any] | None], Figure]] = {
    "score": _score,
    "columns": _columns,
    "pairs": _pairs,
    "correlation": _correlation,
    "embedding": _embedding,
    "history": _history,
    "distances": _distances,
}
