"""Training curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from synthwgan.evaluation.plots.style import REAL, SYNTHETIC, compact, go, shown, titled

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_POINTS = 400
PANEL_HEIGHT = 130
_NO_FIGURES = ("step", "epoch", "seconds", "phase")
_COLOURS = (REAL, SYNTHETIC)


def history_figure(history: pd.DataFrame) -> Figure:
    """Draw training curves, one panel a figure, one phase of training after the other.

    Parameters
    ----------
    history : DataFrame of shape (n_records, n_figures)
        What training logged; ``step`` is the axis, and begins again in each ``phase``, if there
        are such columns. Records without a figure are left out of its curve.

    Returns
    -------
    Figure

    Raises
    ------
    ImportError
        If plotly is not installed.
    """
    go()
    from plotly.subplots import make_subplots

    names = curve_names(history)
    titles = [shown(str(name).replace("_", " ")) for name in names]
    n_panels = max(1, len(names))
    figure = make_subplots(n_panels, 1, shared_xaxes=True, subplot_titles=titles)
    for row, name in enumerate(names, start=1):
        for (phase, curve), colour in zip(curves(history, name), _COLOURS * 8, strict=False):
            figure.add_scatter(
                x=curve.index.to_numpy(),
                y=compact(curve.to_numpy(float)),
                mode="lines",
                line={"color": colour, "width": 1.5},
                name=shown(phase),
                legendgroup=phase,
                showlegend=row == 1 and "phase" in history,
                row=row,
                col=1,
            )
    figure.update_xaxes(title_text="step", row=n_panels, col=1)
    figure.update_annotations(font_size=12)
    figure.update_layout(height=90 + PANEL_HEIGHT * n_panels)
    return titled(figure, "Training")


def curve_names(history: pd.DataFrame) -> list[str]:
    """Return the figures of a history that have a curve: numbers, of which some are known."""
    numbers = history.select_dtypes("number")
    known = numbers.columns[numbers.notna().any()]
    return [name for name in known if name not in _NO_FIGURES]


def curves(history: pd.DataFrame, name: str) -> list[tuple[str, pd.Series]]:
    """Return known figures of each phase, by steps that go on from one phase to the next."""
    steps = history["step"] if "step" in history else pd.Series(range(len(history)))
    phases = history["phase"] if "phase" in history else pd.Series("training", steps.index)
    found, first_step = [], 0
    for phase in phases.unique():
        own = (phases == phase).to_numpy()
        curve = pd.Series(history[name].to_numpy()[own], steps.to_numpy()[own] + first_step)
        first_step = int(curve.index[-1])
        curve = curve.dropna()
        kept = np.unique(np.linspace(0, len(curve) - 1, min(len(curve), MAX_POINTS)).astype(int))
        found.append((str(phase), curve.iloc[kept]))
    return found
