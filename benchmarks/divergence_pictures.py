"""The WGAN paper's pictures: a critic beside a discriminator, and distances that saturate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from benchmarks.pictures import OWN_COLOUR, PEER_COLOUR, REAL_COLOUR, STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {"gan-minimax": PEER_COLOUR, "gan": "#8d6e00", "wgan-gp": OWN_COLOUR}
FAKE_COLOUR = "#757575"
# Smaller gradients are drawn at the lower edge.
SMALLEST_GRADIENT = 1e-10


def draw_gradients(
    result: dict[str, Any], points: np.ndarray, means: tuple[float, float], path: Path
) -> None:
    """Write what critics say about the points, and what the generator learns from it, as SVG.

    Parameters
    ----------
    result : dict
        Holds ``gradients``: the records of `benchmarks.divergences.discriminate` by objective.
    points : ndarray of shape (n_points,)
        Where scores and gradients were read off.
    means : pair of float
        Mean of the real and of the generated Gaussian.
    path : Path
        Where to.
    """
    by_objective = result["gradients"]
    with _panels(path, 3) as (outputs, gradients, updates):
        _draw_outputs(outputs, by_objective, points, means)
        for name, records in by_objective.items():
            sizes = np.maximum(np.abs(records[-1]["gradients"]), SMALLEST_GRADIENT)
            gradients.plot(points, sizes, color=COLOURS[name], label=name)
            numbers = [record["n_updates"] for record in records]
            at_generated = [max(one["at_generated"], SMALLEST_GRADIENT) for one in records]
            updates.plot(numbers, at_generated, "o-", color=COLOURS[name], label=name)
        gradients.axvline(means[1], color=FAKE_COLOUR, linewidth=1, linestyle="--")
        gradients.set(yscale="log", xlabel="x", title="gradient of the generator's loss")
        updates.set(xscale="log", yscale="log", xlabel="updates of the critic")
        updates.set_title("the same, mean at generated points")
        updates.legend(frameon=False)


def _draw_outputs(
    axes: Axes,
    by_objective: dict[str, list[dict[str, Any]]],
    points: np.ndarray,
    means: tuple[float, float],
) -> None:
    for mean, colour, label in zip(
        means, (REAL_COLOUR, FAKE_COLOUR), ("real", "generated"), strict=True
    ):
        axes.fill_between(points, norm(mean).pdf(points), color=colour, alpha=0.3, label=label)
    scores = {name: np.array(records[-1]["scores"]) for name, records in by_objective.items()}
    axes.plot(points, expit(scores["gan"]), color=COLOURS["gan"], label="discriminator, gan")
    critic = scores["wgan-gp"]
    scaled = (critic - critic.min()) / (critic.max() - critic.min())
    axes.plot(points, scaled, color=COLOURS["wgan-gp"], label="critic, wgan-gp (scaled)")
    # Room for the legend above the curves.
    axes.set(xlabel="x", title="outputs after training", ylim=(-0.05, 1.6))
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def draw_distances(distances: Sequence[dict[str, float]], path: Path) -> None:
    """Write three distances over the shift, lines exact and dots of samples, as SVG."""
    titles = {
        "kl": "Kullback-Leibler, nats",
        "js": "Jensen-Shannon, bits",
        "wasserstein": "1-Wasserstein",
    }
    shifts = [one["shift"] for one in distances]
    with _panels(path, len(titles)) as panels:
        for axes, (name, title) in zip(panels, titles.items(), strict=True):
            axes.plot(shifts, [one[name] for one in distances], color=OWN_COLOUR, label="exact")
            of_samples = [one[f"{name}_of_samples"] for one in distances]
            axes.plot(shifts, of_samples, "o", color=PEER_COLOUR, label="20,000 rows each")
            axes.set(xlabel="shift, in standard deviations", title=title)
        panels[0].legend(frameon=False)


@contextmanager
def _panels(path: Path, n_panels: int) -> Iterator[Sequence[Axes]]:
    """Give panels side by side; what is drawn in them is written as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context({**STYLE, "axes.titlesize": 10}):
        figure, panels = pyplot.subplots(1, n_panels, figsize=(11, 3.4), layout="constrained")
        yield panels
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)
