"""The comparison as pictures: a figure over the seconds it takes, a point per model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.tables import FIGURES, MODEL_NAMES, NOT_MODELS, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = ("c2st_gb", "trend_err")
OWN_COLOUR, PEER_COLOUR, REAL_COLOUR = "#3f51b5", "#c2571a", "#2e7d32"
# A white card stays legible on a dark page; a fixed salt gives the same file every time.
STYLE = {
    "figure.facecolor": "white",
    "font.size": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "synthwgan",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(runs: Sequence[Run], data_set: str, path: Path) -> None:
    """Write the picture of one data set as SVG: one thread, means over the seeds."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    shown = [run for run in runs if run.data_set == data_set and run.threads == 1]
    with pyplot.rc_context(STYLE):
        figure, panels = pyplot.subplots(1, len(PANELS), figsize=(10, 4), layout="constrained")
        for axes, name in zip(panels, PANELS, strict=True):
            _panel(axes, shown, name)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def _panel(axes: Axes, runs: Sequence[Run], name: str) -> None:
    points = [run for run in runs if run.model not in NOT_MODELS and run.values(name)]
    for run in points:
        own = run.model == "synthwgan"
        colour = OWN_COLOUR if own else PEER_COLOUR
        place = (_seconds(run), run.mean(name))
        axes.plot(*place, "o" if own else "s", color=colour)
        # Own labels on one side and the peers' on the other, so that few of them meet.
        offset, side = ((-6, -10), "right") if own else ((6, 3), "left")
        options = {"textcoords": "offset points", "ha": side, "color": colour}
        axes.annotate(_label(run), place, offset, **options)
    for run in (run for run in runs if run.model == "real"):
        level = run.mean(name)
        axes.axhline(level, color=REAL_COLOUR, linestyle="--", linewidth=1)
        place = (0.01, level)
        options = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate("real test rows", place, (0, 3), color=REAL_COLOUR, **options)
    axes.set(xscale="log", xlabel="CPU seconds to fit and draw the rows", ylabel=FIGURES[name][0])
    if name == "trend_err":
        axes.set(yscale="log", yticks=(1, 2, 5, 10, 20))
        axes.yaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.2, y=0.1)


def _seconds(run: Run) -> float:
    """Return the whole cost: SMOTENC does all its work on sampling."""
    return run.mean("fit_cpu_seconds") + run.mean("sample_seconds")


def _label(run: Run) -> str:
    budget = run.params.get("max_seconds")
    return f"{budget:g} s" if budget else MODEL_NAMES[run.model].strip("*")
