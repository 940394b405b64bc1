"""Why a Wasserstein critic: what a discriminator tells a generator that is far from the data.

Two Gaussians in one dimension, one real and one generated (Arjovsky et al. 2017, "Wasserstein
GAN", figures 1 and 2). The package's critic learns to tell them apart by one objective after the
other, and the gradient that the generator would get is read off it. Then the Gaussians part, and
three distances between their samples follow them. Run from the repository root::

    python -m benchmarks.divergences

The figures go to ``benchmarks/results/divergences.json``, and the tables and pictures to the page
about objectives.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
from scipy.integrate import quad
from scipy.stats import norm
from torch import Tensor

from benchmarks.cell import RESULTS, machine, write
from benchmarks.data import REPOSITORY
from benchmarks.divergence_pictures import draw_distances, draw_gradients
from benchmarks.page import markdown_table, measured, write_part
from synthwgan.evaluation import jensen_shannon, kl_divergence, wasserstein
from synthwgan.networks import objectives
from synthwgan.networks.critics.network import Critic
from synthwgan.networks.objectives.penalties import make_penalty

FILE = RESULTS / "divergences.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "objectives.md"
PACKAGES = ("synthwgan", "torch", "numpy", "scipy")
# Both Gaussians have the standard deviation 1.
REAL_MEAN, FAKE_MEAN = 4.0, -4.0
OBJECTIVES = ("gan-minimax", "gan", "wgan-gp")
MOMENTS = (30, 100, 300, 1000, 3000)
BATCH, WIDTH, N_LAYERS, LEARNING_RATE = 256, 64, 2, 1e-3
# The weight of Gulrajani et al. 2017: the gradient's norm is then near 1.
PENALTY_WEIGHT = 10.0
N_POINTS, N_ROWS = 241, 20_000
SHIFTS = tuple(0.5 * number for number in range(17))


def discriminate(objective: str, seed: int = 0) -> list[dict[str, Any]]:
    """Teach a critic the two Gaussians; return what it knows after so many updates each.

    Parameters
    ----------
    objective : {"gan-minimax", "gan", "wgan-gp"}
        The first two differ only in what the generator takes from the critic.
    seed : int
        Seed of weights and batches.

    Returns
    -------
    list of dict
        ``n_updates``; ``scores`` and ``gradients`` of the generator's loss on an even grid of
        points; ``at_generated``, the mean size of the gradient at generated points.
    """
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        critic = Critic(1, WIDTH, N_LAYERS)
    optimizer = torch.optim.Adam(critic.parameters(), LEARNING_RATE, (0.0, 0.95))
    records = []
    for n_updates in range(1, MOMENTS[-1] + 1):
        optimizer.zero_grad()
        _loss(critic, objective, _normal(REAL_MEAN, rng), _normal(FAKE_MEAN, rng), rng).backward()
        optimizer.step()
        if n_updates in MOMENTS:
            records.append({"n_updates": n_updates, **_knowledge(critic, objective)})
    return records


def _normal(mean: float, rng: torch.Generator) -> Tensor:
    return mean + torch.randn(BATCH, 1, generator=rng)


def _loss(critic: Critic, name: str, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    loss = objectives.OBJECTIVES[name]().critic_loss(critic(real), critic(fake))
    if name != "wgan-gp":
        return loss
    penalty, _ = make_penalty("two-sided", "interpolates")(critic.input_gradient, real, fake, rng)
    return loss + PENALTY_WEIGHT * penalty


def _knowledge(critic: Critic, name: str) -> dict[str, Any]:
    grid = torch.linspace(1.75 * FAKE_MEAN, 1.75 * REAL_MEAN, N_POINTS).unsqueeze(1)
    generated = torch.from_numpy(norm(FAKE_MEAN).ppf((np.arange(1000) + 0.5) / 1000)).float()
    with torch.no_grad():
        scores = critic(grid)
    gradients = generator_gradients(critic, name, grid)
    at_generated = generator_gradients(critic, name, generated.unsqueeze(1)).abs().mean()
    return {
        "scores": [round(float(score), 4) for score in scores],
        "gradients": [float(f"{float(gradient):.4g}") for gradient in gradients],
        "at_generated": float(f"{float(at_generated):.4g}"),
    }


def generator_gradients(critic: Critic, name: str, points: Tensor) -> Tensor:
    """Return the gradient of the generator's loss by each generated point, shape (n_points,)."""
    points = points.double().requires_grad_()
    precise = Critic(1, WIDTH, N_LAYERS).double()
    precise.load_state_dict(critic.state_dict())
    loss = objectives.OBJECTIVES[name]().generator_loss(precise(points), lambda: precise(points))
    (gradients,) = torch.autograd.grad(loss * len(points), points)
    return gradients.squeeze(1)


def separate(shift: float, seed: int = 0) -> dict[str, float]:
    """Return three distances of two Gaussians that are `shift` apart, exact and from samples."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=N_ROWS), rng.normal(shift, size=N_ROWS)
    return {
        "shift": shift,
        "kl": shift**2 / 2,
        "kl_of_samples": kl_divergence(first, second),
        "js": exact_jensen_shannon(shift),
        "js_of_samples": jensen_shannon(first, second),
        "wasserstein": shift,
        "wasserstein_of_samples": wasserstein(first, second),
    }


def exact_jensen_shannon(shift: float) -> float:
    """Return the Jensen-Shannon divergence of N(0, 1) and N(shift, 1), in bits."""

    def mean_surprise(x: float) -> float:
        # The log odds of the two densities are linear; by symmetry one half is enough.
        log_odds = shift * (x - shift / 2)
        return norm.pdf(x) * (1 - np.logaddexp(0, log_odds) / math.log(2))

    return quad(mean_surprise, -10, 10, limit=200)[0]


def gradients_table(result: dict[str, Any]) -> str:
    """Return the mean size of the gradient at generated points as Markdown."""
    rows = [
        [str(n_updates), *(f"{records[number]['at_generated']:.2g}" for records in _by(result))]
        for number, n_updates in enumerate(MOMENTS)
    ]
    titles = ["updates of the critic", *(f'`"{name}"`' for name in OBJECTIVES)]
    return f"{markdown_table(titles, rows)}\n\n{measured([result])}"


def _by(result: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [result["gradients"][name] for name in OBJECTIVES]


def distances_table(result: dict[str, Any]) -> str:
    """Return the distances at whole shifts as Markdown: exact, and of samples."""
    rows = [
        [
            f"{one['shift']:.0f}",
            *(
                f"{one[name]:.3f} ({one[f'{name}_of_samples']:.3f})"
                for name in ("kl", "js", "wasserstein")
            ),
        ]
        for one in result["distances"]
        if one["shift"] in (0, 1, 2, 4, 8)
    ]
    titles = ["shift", "Kullback-Leibler, nats", "Jensen-Shannon, bits", "Wasserstein"]
    return f"{markdown_table(titles, rows)}\n\n{measured([result])}"


def measure() -> dict[str, Any]:
    """Return all figures of the page."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "gradients": {name: discriminate(name) for name in OBJECTIVES},
        "distances": [separate(shift) for shift in SHIFTS],
        "machine": machine(PACKAGES),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure everything, and rewrite the page's tables and pictures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.divergences",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    torch.set_num_threads(1)
    result = measure()
    write(result, FILE)
    points = np.linspace(1.75 * FAKE_MEAN, 1.75 * REAL_MEAN, N_POINTS)
    draw_gradients(result, points, (REAL_MEAN, FAKE_MEAN), PAGE.with_name("gradients.svg"))
    draw_distances(result["distances"], PAGE.with_name("divergences.svg"))
    for marker, table in {"gradients": gradients_table, "divergences": distances_table}.items():
        print(table(result))
        write_part(PAGE, marker, table(result))


if __name__ == "__main__":
    main()
