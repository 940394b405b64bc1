"""The toy distributions of the WGAN-GP paper: all modes, and nothing between them.

Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", figure 1: eight Gaussians on a
ring, 25 on a grid, and a Swiss roll, each a table of two columns. Run from the repository root::

    python -m benchmarks.toys
    python -m benchmarks.toys --toys ring --seeds 0 --params '{"objective__n_critic": 5}'

The first line writes the figures to ``benchmarks/results/toys``, and the table and the pictures
to the page about the toys. With ``--params`` the figures are only printed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from scipy.spatial import cKDTree
from scipy.stats import wasserstein_distance

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY
from benchmarks.page import markdown_table, measured, write_part
from synthwgan import WGANGPSynthesizer

FOLDER = RESULTS / "toys"
PAGE = REPOSITORY / "docs" / "benchmarks" / "toys.md"
N_ROWS = 5_000
N_DIRECTIONS = 64
# Seeds of fresh real rows are those of the real rows and this.
FRESH_SEEDS = 1000
# A mode counts as covered from a tenth of the rows that it should have.
LEAST_SHARE = 0.1
MAX_DEVIATIONS = 3.0
PACKAGES = ("synthwgan", "torch", "numpy", "scipy")
TITLES = (
    "toy",
    "seeds",
    "fit CPU s",
    "modes",
    "high quality",
    "of real rows",
    "sliced Wasserstein",
    "of real rows",
)


@dataclass(frozen=True)
class Toy:
    """A mixture of round Gaussians of one size and equal weights.

    Parameters
    ----------
    title : str
        Name in the table.
    centres : ndarray of shape (n_centres, n_columns), float64
        Centres of the Gaussians; a curve is many of them.
    modes : ndarray of shape (n_centres,), int64
        The mode that each centre belongs to, from 0; all modes have as many centres.
    deviation : float
        Standard deviation of a Gaussian in each direction.
    """

    title: str
    centres: np.ndarray
    modes: np.ndarray
    deviation: float

    @property
    def n_modes(self) -> int:
        """Number of modes."""
        return int(self.modes.max()) + 1

    def draw(self, n_rows: int, seed: int) -> pd.DataFrame:
        """Fresh rows, shape (n_rows, n_columns)."""
        rng = np.random.default_rng(seed)
        centres = self.centres[rng.integers(len(self.centres), size=n_rows)]
        points = centres + self.deviation * rng.normal(size=centres.shape)
        return pd.DataFrame(points, columns=list("xyz"[: centres.shape[1]]))


def ring(n_modes: int = 8) -> Toy:
    """Gaussians on a circle of radius 2."""
    angles = 2 * np.pi * np.arange(n_modes) / n_modes
    centres = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    return Toy(f"{n_modes} Gaussians", centres, np.arange(n_modes), 0.02)


def grid(n_side: int = 5) -> Toy:
    """Gaussians on a square grid, 2 apart."""
    side = 2.0 * (np.arange(n_side) - (n_side - 1) / 2)
    centres = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    return Toy(f"{n_side**2} Gaussians", centres, np.arange(n_side**2), 0.05)


def cube(n_side: int = 10) -> Toy:
    """Gaussians on a cubic grid, 2 apart."""
    side = 2.0 * (np.arange(n_side) - (n_side - 1) / 2)
    centres = np.stack(np.meshgrid(side, side, side), axis=-1).reshape(-1, 3)
    return Toy(f"{n_side**3} Gaussians", centres, np.arange(n_side**3), 0.05)


def swiss_roll(n_arcs: int = 20, n_centres: int = 20_000) -> Toy:
    """The spiral of scikit-learn's ``make_swiss_roll``; its modes are arcs of equal weight."""
    part = (np.arange(n_centres) + 0.5) / n_centres
    angles = 1.5 * np.pi * (1 + 2 * part)
    centres = angles[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
    return Toy("Swiss roll", centres, (n_arcs * part).astype(np.int64), 0.25)


TOYS = {"ring": ring, "grid": grid, "swiss-roll": swiss_roll}


def count_modes(toy: Toy, rows: pd.DataFrame) -> dict[str, float]:
    """Return the number of modes that the rows cover and the share of high-quality rows.

    A row has high quality if it lies within three standard deviations of the nearest centre;
    a mode is covered if it holds a tenth of the high-quality rows that it should (Srivastava
    et al. 2017, "VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning").
    """
    distances, nearest = cKDTree(toy.centres).query(rows.to_numpy())
    good = distances <= MAX_DEVIATIONS * toy.deviation
    counts = np.bincount(toy.modes[nearest[good]], minlength=toy.n_modes)
    covered = counts >= LEAST_SHARE * len(rows) / toy.n_modes
    return {"modes": int(covered.sum()), "high_quality": float(good.mean())}


def sliced_wasserstein(first: pd.DataFrame, second: pd.DataFrame) -> float:
    """Return the Wasserstein distance of the rows' shadows, the mean over all directions."""
    angles = np.pi * np.arange(N_DIRECTIONS) / N_DIRECTIONS
    directions = np.column_stack([np.cos(angles), np.sin(angles)])
    shadows = (directions @ frame.to_numpy().T for frame in (first, second))
    return float(np.mean([wasserstein_distance(a, b) for a, b in zip(*shadows, strict=True)]))


def measure(name: str, seed: int, params: dict[str, Any]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Fit one toy on one thread; return the result and the synthetic rows."""
    torch.set_num_threads(1)
    toy = TOYS[name]()
    real, fresh = toy.draw(N_ROWS, seed), toy.draw(N_ROWS, seed + FRESH_SEEDS)
    started = time.process_time()
    model = WGANGPSynthesizer(random_state=seed).set_params(**params).fit(real)
    cpu_seconds = time.process_time() - started
    synthetic = model.sample(N_ROWS, random_state=seed)
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "toy": name,
        "seed": seed,
        "params": params,
        "n_rows": N_ROWS,
        "n_steps": model.n_iter_,
        "fit_cpu_seconds": round(cpu_seconds, 2),
        "figures": figures(toy, real, synthetic),
        "figures_of_real_rows": figures(toy, real, fresh),
        "machine": machine(PACKAGES),
    }
    return result, synthetic


def figures(toy: Toy, real: pd.DataFrame, rows: pd.DataFrame) -> dict[str, float]:
    """Return every figure of some rows."""
    return {**count_modes(toy, rows), "sliced_wasserstein": sliced_wasserstein(real, rows)}


def table(results: Iterable[dict[str, Any]]) -> str:
    """Return the results as Markdown, means over the seeds, with day and machine below."""
    results = list(results)
    by_toy = {name: [result for result in results if result["toy"] == name] for name in TOYS}
    rows = [_cells(name, own) for name, own in by_toy.items() if own]
    return f"{markdown_table(TITLES, rows)}\n\n{measured(results)} One thread a fit."


def _cells(name: str, results: list[dict[str, Any]]) -> list[str]:
    toy = TOYS[name]()

    def mean(figure: str, of: str = "figures") -> float:
        return statistics.fmean(result[of][figure] for result in results)

    return [
        toy.title,
        str(len(results)),
        f"{statistics.fmean(result['fit_cpu_seconds'] for result in results):.0f}",
        f"{mean('modes'):.1f} of {toy.n_modes}",
        f"{mean('high_quality'):.1%}",
        f"{mean('high_quality', 'figures_of_real_rows'):.1%}",
        f"{mean('sliced_wasserstein'):.3f}",
        f"{mean('sliced_wasserstein', 'figures_of_real_rows'):.3f}",
    ]


def draw(toy: Toy, seed: int, synthetic: pd.DataFrame, path: Path) -> None:
    """Write real and generated rows side by side as a PNG."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True)
    titled = {"real": toy.draw(N_ROWS, seed), "generated": synthetic}
    for axes, (title, rows) in zip(panels, titled.items(), strict=True):
        axes.scatter(rows["x"], rows["y"], s=2, linewidths=0, color="#3f51b5")
        axes.set(title=title, aspect="equal")
    figure.tight_layout()
    figure.savefig(path, dpi=100, facecolor="white")
    pyplot.close(figure)


def describe(result: dict[str, Any]) -> str:
    """Return a result as one line for the terminal."""
    values = ", ".join(f"{name} {value:.4g}" for name, value in result["figures"].items())
    seconds, steps = result["fit_cpu_seconds"], result["n_steps"]
    return f"{result['toy']}, seed {result['seed']}: {values}, {steps} steps in {seconds} CPU s"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = _parser().parse_args(arguments)
    cases = [(name, seed) for name in options.toys for seed in options.seeds]
    outcomes = Parallel(n_jobs=options.jobs, return_as="generator")(
        delayed(measure)(name, seed, options.params) for name, seed in cases
    )
    for (name, seed), (result, synthetic) in zip(cases, outcomes, strict=True):
        print(describe(result), flush=True)
        if options.params:
            continue
        write(result, FOLDER / f"{name}-s{seed}.json")
        if seed == options.seeds[0]:
            draw(TOYS[name](), seed, synthetic, PAGE.with_name(f"toys-{name}.png"))
    if not options.params:
        write_part(PAGE, "toys", table(map(read, sorted(FOLDER.glob("*.json")))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.toys",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--toys", nargs="+", choices=TOYS, default=list(TOYS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="fits at a time")
    parser.add_argument("--params", type=json.loads, default={}, metavar="JSON")
    return parser


if __name__ == "__main__":
    main()
