"""Colours, fonts and safe texts that all figures share."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Heatmap

REAL = "#3d80c9"
SYNTHETIC = "#de7428"
NEUTRAL = "#7c8594"
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, '
    '"DejaVu Sans", sans-serif'
)
_INK, _FAINT, _PAPER = "#3a4250", "#e6e8ec", "#ffffff"
_SCALES = {
    # Blue to orange: told apart with every common kind of colour blindness.
    "diverging": ["#1f5fa8", "#86b3de", "#f6f6f4", "#efae7c", "#b9540f"],
    "sequential": ["#f3f6fa", "#a9c8e8", "#5592d0", "#24619f", "#123a66"],
}


def template() -> dict[str, Any]:
    """Return the plotly template of all figures, as plain data."""
    axis = {
        "gridcolor": _FAINT,
        "linecolor": _FAINT,
        "zeroline": False,
        "automargin": True,
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": "rgba(0, 0, 0, 0)",
        "title": {"font": {"size": 12}, "standoff": 8},
        "tickfont": {"size": 11},
    }
    bar = {"outlinewidth": 0, "thickness": 10, "tickfont": {"size": 11}}
    return {
        "layout": {
            "font": {"family": FONT, "size": 12, "color": _INK},
            "title": {
                "font": {"size": 15},
                "x": 0,
                "xref": "paper",
                "xanchor": "left",
                "y": 1,
                "yref": "container",
                "yanchor": "top",
                "pad": {"t": 14},
            },
            "paper_bgcolor": _PAPER,
            "plot_bgcolor": _PAPER,
            "colorway": [REAL, SYNTHETIC, NEUTRAL],
            "xaxis": axis,
            "yaxis": axis,
            "margin": {"l": 8, "r": 12, "t": 64, "b": 8},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1.0,
                "yanchor": "bottom",
                "xanchor": "left",
            },
            "hoverlabel": {"font": {"family": FONT, "size": 12}, "namelength": -1},
            "bargap": 0.25,
            "bargroupgap": 0.05,
        },
        "data": {"heatmap": [{"colorbar": bar, "type": "heatmap"}]},
    }


def shown(text: object, limit: int | None = None) -> str:
    """Return a text that plotly shows as it is: no markup, no formulas, no line breaks.

    Parameters
    ----------
    text : object
        Name or value from a table.
    limit : int or None, default None
        Most characters; longer texts end in an ellipsis.

    Returns
    -------
    str
        The text with ``<``, ``>``, ``&`` and ``$`` as entities, which plotly turns back.

    Examples
    --------
    >>> from synthwgan.evaluation.plots.style import shown
    >>> shown("<b>age</b>")
    '&lt;b&gt;age&lt;/b&gt;'
    >>> shown("occupation of the husband", limit=12)
    'occupation …'
    """
    plain = "".join(
        sign if sign.isprintable() else "\N{SYMBOL FOR SUBSTITUTE}" for sign in str(text)
    )
    if limit is not None and len(plain) > limit:
        plain = plain[: limit - 1] + "…"
    return html.escape(plain, quote=False).replace("$", "&#36;")


def short_labels(labels: list[str], limit: int = 24) -> list[str]:
    """Return labels that plotly shows as they are, shortened, and all of them different."""
    chosen: list[str] = []
    for label in labels:
        plain = label or "(empty)"
        plain = plain if len(plain) <= limit else plain[: limit - 1] + "…"
        number, unique = 1, plain
        while unique in chosen:
            number += 1
            unique = f"{plain} ({number})"
        chosen.append(unique)
    return [shown(label) for label in chosen]


def go() -> Any:
    """Return plotly's graph objects.

    Returns
    -------
    module
        ``plotly.graph_objects``.

    Raises
    ------
    ImportError
        If plotly is not installed.
    """
    try:
        import plotly.graph_objects
    except ImportError as error:
        raise ImportError('Plots need plotly: pip install "synthwgan[report]"') from error
    return plotly.graph_objects


def heat(cells: np.ndarray, x: Any, y: Any, hover: str, scale: str, **options: Any) -> Heatmap:
    """Return a heat map of small weight in a scale of colours, diverging or sequential."""
    colours = _SCALES[scale]
    places = [[at / (len(colours) - 1), colour] for at, colour in enumerate(colours)]
    data = {"z": compact(cells), "x": x, "y": y, "hovertemplate": hover}
    return go().Heatmap(**data, colorscale=places, **options)


def steps(edges: np.ndarray, shares: np.ndarray) -> dict[str, Any]:
    """Return a line that goes along the tops of the bins and down to 0 at both ends."""
    return {
        "x": np.concatenate([edges[:1], edges]),
        "y": compact(np.r_[0.0, shares, 0.0]),
        "mode": "lines",
        "line_shape": "hv",
        "line_width": 2,
        "hovertemplate": "%{y:.1%}<extra>%{fullData.name}</extra>",
    }


def compact(values: np.ndarray) -> np.ndarray:
    """Halve what the figures weigh; a plot shows no more than seven digits."""
    return np.asarray(values, dtype=np.float32)


def titled(figure: Figure, title: str | None) -> Figure:
    """Give a figure its title and the style of the house."""
    figure.layout.template = template()
    figure.layout.title.text = title
    return figure
