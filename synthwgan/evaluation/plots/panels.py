"""Several figures in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthwgan.evaluation.plots.style import titled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ROW_HEIGHT = 270
_PLACING = ("domain", "anchor", "matches", "showticklabels")


def grid(figures: list[Figure], n_columns: int = 2) -> Figure:
    """Figures of one pair of axes each, row by row.

    Parameters
    ----------
    figures : list of Figure
        The panels.
    n_columns : int, default 2
        How many stand in a row.

    Returns
    -------
    Figure
        All of them in one; a single one as it is.
    """
    from plotly.subplots import make_subplots

    if len(figures) == 1:
        return figures[0]
    n_rows = -(-len(figures) // n_columns)
    height = max([_ROW_HEIGHT, *(figure.layout.height or 0 for figure in figures)])
    joined = make_subplots(
        n_rows,
        n_columns,
        subplot_titles=[figure.layout.title.text for figure in figures],
        vertical_spacing=0.3 / n_rows,
        horizontal_spacing=0.12,
    )
    for at, figure in enumerate(figures):
        _add(joined, figure, 1, at // n_columns + 1, at % n_columns + 1, legend=at == 0)
    joined.update_layout(height=60 + height * n_rows, bargap=0.1)
    joined.update_annotations(font_size=13)
    return titled(joined, None)


def stacked(figures: list[Figure]) -> Figure:
    """Figures of one or two pairs of axes each, one under the other.

    Parameters
    ----------
    figures : list of Figure
        The rows.

    Returns
    -------
    Figure
        All of them in one; a single one as it is.
    """
    from plotly.subplots import make_subplots

    if len(figures) == 1:
        return figures[0]
    n_panels = [2 if "xaxis2" in figure.layout else 1 for figure in figures]
    both = ("real", "synthetic")
    titles = [
        f"{figure.layout.title.text}{f', {part}' if n > 1 else ''}"
        for figure, n in zip(figures, n_panels, strict=True)
        for part in both[:n]
    ]
    joined = make_subplots(
        len(figures),
        2,
        specs=[[{"colspan": 2}, None] if n == 1 else [{}, {}] for n in n_panels],
        subplot_titles=titles,
        vertical_spacing=0.3 / len(figures),
    )
    is_first = True
    for row, (figure, n) in enumerate(zip(figures, n_panels, strict=True), start=1):
        for panel in range(1, n + 1):
            _add(joined, figure, panel, row, panel, legend=is_first and n == 1)
        is_first = is_first and n > 1
    joined.update_layout(height=60 + 330 * len(figures), boxmode="group")
    joined.update_annotations(font_size=13)
    return titled(joined, None)


def _add(joined: Figure, figure: Figure, panel: int, row: int, col: int, *, legend: bool) -> None:
    suffix = "" if panel == 1 else str(panel)
    for trace in figure.data:
        if (trace.xaxis or "x") == f"x{suffix}":
            if trace.type != "heatmap":
                trace.showlegend = legend and trace.showlegend is not False
            joined.add_trace(trace, row, col)
    for name, update in (("xaxis", joined.update_xaxes), ("yaxis", joined.update_yaxes)):
        wanted = figure.layout[f"{name}{suffix}"].to_plotly_json()
        update(
            **{key: value for key, value in wanted.items() if key not in _PLACING}, row=row, col=col
        )
