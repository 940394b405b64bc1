"""The picture of the guide to differential privacy: quality over epsilon, of what was measured.

Run from the repository root, after ``python -m benchmarks.private``::

    python -m benchmarks.private_pictures
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.cell import RESULTS
from benchmarks.common import kept
from benchmarks.data import REPOSITORY
from benchmarks.pictures import OWN_COLOUR, PEER_COLOUR, STYLE
from benchmarks.private import FILE, OWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = REPOSITORY / "docs" / "guide"
COLOURS = {"adult": OWN_COLOUR, "shoppers": PEER_COLOUR}
EPSILONS = (0.3, 1.0, 3.0, 10.0)
PANELS = {
    "mle": "AUC on real rows, learned from drawn ones",
    "c2st_xgb": "C2ST-XGB: 1 cannot be told apart",
    "trend_err": "error of pairs of columns, %",
}


def curve(results: Sequence[dict[str, Any]], data_set: str, seed: int) -> list[dict[str, Any]]:
    """Return our results with public domains by epsilon, of one seed.

    Raises
    ------
    ValueError
        If one was not measured.
    """
    found = {
        one["epsilon"]: one
        for one in results
        if one["data_set"] == data_set
        and one["seed"] == seed
        and one["domains"] == "public"
        and one.get("method", OWN) == OWN
    }
    lacking = [epsilon for epsilon in EPSILONS if epsilon not in found]
    if lacking:
        raise ValueError(f"{data_set}, seed {seed}: epsilons {lacking} were not measured")
    return [found[epsilon] for epsilon in EPSILONS]


def draw(results: Sequence[dict[str, Any]], path: Path, seed: int = 0) -> None:
    """Write the curves as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    curves = {name: curve(results, name, seed) for name in COLOURS}
    with pyplot.rc_context(STYLE):
        figure, panels = pyplot.subplots(1, len(PANELS), figsize=(11, 3.6), layout="constrained")
        for axes, (figure_name, title) in zip(panels, PANELS.items(), strict=True):
            for name, points in curves.items():
                _line(axes, name, points, figure_name)
            axes.set(xscale="log", xlabel="epsilon", title=title, xticks=EPSILONS)
            axes.xaxis.set_major_formatter("{x:g}")
            axes.minorticks_off()
            axes.title.set_fontsize(10)
        panels[0].legend(frameon=False, fontsize=8, loc="lower right")
        figure.supxlabel("one seed each, delta 1e-5, domains public", fontsize=8)
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def _line(axes: Axes, name: str, points: Sequence[dict[str, Any]], figure: str) -> None:
    values = [one["figures"][figure] for one in points]
    axes.plot(EPSILONS, values, "o-", color=COLOURS[name], label=name.capitalize())
    if figure == "mle":
        level = points[0]["figures"]["mle_real"]
        label = f"{name.capitalize()}, from real rows"
        axes.axhline(level, color=COLOURS[name], linestyle="--", linewidth=1, label=label)


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the picture of the guide."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.private_pictures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the picture goes")
    options = parser.parse_args(arguments)
    draw(kept(options.results / FILE), options.folder / "privacy-epsilon.svg")


if __name__ == "__main__":
    main()
