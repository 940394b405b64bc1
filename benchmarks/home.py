"""The picture on the home page: real rows and synthetic ones of one fit, side by side.

Fits the electricity market of New South Wales (half-hourly demand and prices, 1996 to 1998), and
draws the demand over the day. Run from the repository root::

    python -m benchmarks.home --max-seconds 400

writes ``docs/home-light.webp`` and ``docs/home-dark.webp``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.data import REPOSITORY, load

FOLDER = REPOSITORY / "docs"
# Ink, paper, and a colour for each class, as the pages have them by day and by night.
COLOURS = {
    "light": ("#3b3f45", "#ffffff", ("#3f51b5", "#e08a1e")),
    "dark": ("#c9cdd6", "#1e2129", ("#8c9eff", "#ffb454")),
}
N_POINTS = 6_000


def rows(max_seconds: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return real rows that the model never saw, and as many synthetic ones."""
    from synthwgan import WGANGPSynthesizer

    data = load("electricity")
    model = WGANGPSynthesizer(
        max_seconds=max_seconds, conditional=False, random_state=0, verbose=1
    ).fit(data.train)
    real = data.test.sample(min(N_POINTS, len(data.test)), random_state=0)
    return real, model.sample(len(real), random_state=1)


def draw(real: pd.DataFrame, synthetic: pd.DataFrame, folder: Path) -> None:
    """Write the picture for light and for dark pages."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    for name, (ink, paper, colours) in COLOURS.items():
        style = {
            **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), ink),
            **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), paper),
            **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
            "axes.edgecolor": ink,
            "font.size": 10,
        }
        with pyplot.rc_context(style):
            figure, panels = pyplot.subplots(
                1, 2, figsize=(7.2, 3.6), sharey=True, layout="constrained"
            )
            for axes, title, table in zip(
                panels, ("Real rows", "Synthetic rows"), (real, synthetic), strict=True
            ):
                _panel(axes, title, table, colours)
            panels[0].set_ylabel("demand for electricity")
            figure.savefig(
                folder / f"home-{name}.webp", dpi=160, pil_kwargs={"quality": 80, "method": 6}
            )
            pyplot.close(figure)


def _panel(axes: object, title: str, table: pd.DataFrame, colours: tuple[str, str]) -> None:
    # Half hours are points of time: within them, points are spread so that all are seen.
    hours = 24 * table["period"].to_numpy(float)
    hours = hours + np.random.default_rng(0).uniform(-0.25, 0.25, len(hours))
    labels = sorted(table["class"].unique())
    chosen = np.array(colours)[np.searchsorted(labels, table["class"].to_numpy())]
    axes.scatter(hours, table["nswdemand"], s=3, c=chosen, alpha=0.5, linewidths=0)
    axes.set(title=title, xlabel="hour of the day", xlim=(-0.5, 24.5), xticks=range(0, 25, 6))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.home",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--max-seconds", type=float, default=400, help="bound on the fit")
    options = parser.parse_args(arguments)
    draw(*rows(options.max_seconds), FOLDER)


if __name__ == "__main__":
    main()
