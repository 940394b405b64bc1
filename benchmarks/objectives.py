"""Mode coverage: every objective with every option against collapse, as a plain GAN.

25 Gaussians on a square grid and 1000 on a cubic one, five seeds. What else keeps a table's modes
is turned off (``PLAIN``), so that the objective itself is seen. Run from the repository root::

    python -m benchmarks.objectives
    python -m benchmarks.objectives --toys grid --settings dcgan --objectives gan wgan --jobs 1
    python -m benchmarks.objectives --max-steps 20

Each fit leaves a file in ``benchmarks/results/objectives``; one that is there is not run again.
The tables go to the page about objectives. With ``--max-steps`` the figures are only printed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from joblib import Parallel, delayed

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.toys import FRESH_SEEDS, Toy, count_modes, cube, grid
from synthwgan import WGANGPSynthesizer

FOLDER = RESULTS / "objectives"
PAGE = REPOSITORY / "docs" / "benchmarks" / "objectives.md"
PACKAGES = ("synthwgan", "torch", "numpy", "scipy")
TOYS = {"grid": grid, "cube": cube}
N_ROWS = {"grid": 5_000, "cube": 20_000}
# Settings were tried on the seeds 0, 1 and 2.
SEEDS = (10, 11, 12, 13, 14)
# A generator and optimizers as in the first years of GANs, and nothing that helps them.
PLAIN: dict[str, Any] = {
    "generator": "mlp",
    "generator__width": 128,
    "critic__width": 128,
    "batch_size": 128,
    "max_steps": 500,
    "optimizer__constant_share": 1.0,
    "optimizer__ema_decay": 0.0,
    "couple_columns": False,
    "moment_weight": 0.0,
    "calibrate": False,
    "rejection": None,
    "conditional": False,
    "precision": "float32",
}
# Adam as it comes, and as in Radford et al. 2016, "Unsupervised Representation Learning with Deep
# Convolutional Generative Adversarial Networks", but for the rates, which suit 500 steps.
SETTINGS: dict[str, dict[str, Any]] = {
    "adam": {
        "optimizer__generator_lr": 3e-4,
        "optimizer__critic_lr": 3e-4,
        "optimizer__betas": (0.9, 0.999),
    },
    "dcgan": {
        "optimizer__generator_lr": 1e-3,
        "optimizer__critic_lr": 1e-3,
        "optimizer__betas": (0.5, 0.999),
    },
}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "gan": {"objective": "gan"},
    "gan-minimax": {"objective": "gan-minimax"},
    "wgan": {"objective": "wgan"},
    "wgan-gp": {"objective": "wgan-gp"},
    "relativistic": {"objective": "relativistic"},
}
DIVERSITY: dict[str, dict[str, Any]] = {
    "none": {},
    "minibatch_features": {"critic__minibatch_features": 5},
    "minibatch_std": {"critic__minibatch_std": True},
    "packing": {"critic__packing": 4},
}
# The synthesizer as it is; only conditions, which play no part here, are left out.
DEFAULTS, DEFAULTS_BESIDE = "defaults", "dcgan"


@dataclass(frozen=True)
class Case:
    """One fit: a toy, a setting, an objective, an option against collapse, and a seed."""

    toy: str
    setting: str
    objective: str
    diversity: str
    seed: int

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the synthesizer."""
        if self.objective == DEFAULTS:
            return {"conditional": False}
        # As few latent variables as the toy has columns.
        latent = {"generator__latent_dim": TOYS[self.toy]().centres.shape[1]}
        chosen = OBJECTIVES[self.objective] | DIVERSITY[self.diversity]
        return PLAIN | SETTINGS[self.setting] | latent | chosen

    @property
    def path(self) -> Path:
        """Where the result is kept."""
        names = (self.toy, self.setting, self.objective, self.diversity, f"s{self.seed}")
        return FOLDER / f"{'-'.join(names)}.json"


def cases(options: argparse.Namespace) -> list[Case]:
    """Return the cases asked for; the defaults come without further options."""
    # Seed by seed, so that a run that is stopped has whole seeds.
    product = itertools.product(
        options.toys, options.settings, options.seeds, options.objectives, options.diversity
    )
    return [
        Case(toy, setting, objective, diversity, seed)
        for toy, setting, seed, objective, diversity in product
        if objective != DEFAULTS or (diversity == "none" and setting == DEFAULTS_BESIDE)
    ]


def measure(case: Case, changes: dict[str, Any]) -> dict[str, Any]:
    """Fit one case on one thread, and count the modes of as many rows as it has learnt."""
    torch.set_num_threads(1)
    toy, n_rows = TOYS[case.toy](), N_ROWS[case.toy]
    params = {**case.params, **changes}
    started = time.process_time()
    with warnings.catch_warnings():
        # Collapse is what is measured.
        warnings.filterwarnings("ignore", category=UserWarning)
        model = (
            WGANGPSynthesizer(random_state=case.seed)
            .set_params(**params)
            .fit(toy.draw(n_rows, case.seed))
        )
    cpu_seconds = time.process_time() - started
    real = count_modes(toy, toy.draw(n_rows, case.seed + FRESH_SEEDS))
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "toy": case.toy,
        "setting": case.setting,
        "objective": case.objective,
        "diversity": case.diversity,
        "seed": case.seed,
        "params": params,
        "n_rows": n_rows,
        "fit_cpu_seconds": round(cpu_seconds, 2),
        "figures": count_modes(toy, model.sample(n_rows, random_state=case.seed)),
        "figures_of_real_rows": real,
        "machine": machine(PACKAGES),
    }


def table(results: Iterable[dict[str, Any]], toy_name: str, setting: str) -> str:
    """Return modes and share of high-quality rows as Markdown, means over the seeds."""
    results = of(results, toy_name, setting)
    toy = TOYS[toy_name]()
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["objective"], result["diversity"]), []).append(result)
    rows = [
        [_label(objective), *(_text(groups.get((objective, one), [])) for one in DIVERSITY)]
        for objective in (*OBJECTIVES, DEFAULTS)
        if any((objective, one) in groups for one in DIVERSITY)
    ]
    titles = ["objective", *(one if one == "none" else f"`{one}`" for one in DIVERSITY)]
    return f"{markdown_table(titles, rows)}\n\n{_caption(results, toy)}"


def of(results: Iterable[dict[str, Any]], toy: str, setting: str) -> list[dict[str, Any]]:
    """Return the results of one toy in one setting."""
    return [result for result in results if (result["toy"], result["setting"]) == (toy, setting)]


def _label(objective: str) -> str:
    return "*all defaults*" if objective == DEFAULTS else f'`"{objective}"`'


def _text(results: Sequence[dict[str, Any]]) -> str:
    if not results:
        return "–"
    modes = [result["figures"]["modes"] for result in results]
    quality = statistics.fmean(result["figures"]["high_quality"] for result in results)
    spread = f" ± {statistics.stdev(modes):.1f}" if len(modes) > 1 else ""
    return f"{statistics.fmean(modes):.1f}{spread}, {quality:.1%}"


def _caption(results: Sequence[dict[str, Any]], toy: Toy) -> str:
    quality = statistics.fmean(result["figures_of_real_rows"]["high_quality"] for result in results)
    counts = Counter((result["objective"], result["diversity"]) for result in results).values()
    n_seeds = " to ".join(map(str, sorted({min(counts), max(counts)})))
    return (
        f"Modes of {toy.n_modes}, mean and standard deviation of {n_seeds} seeds, and share of "
        f"high-quality rows ({quality:.1%} of real rows). {measured(results)} One thread a fit."
    )


def publish() -> None:
    """Rewrite the tables of the page."""
    results = [read(path) for path in sorted(FOLDER.glob("*.json"))]
    for toy, setting in itertools.product(TOYS, SETTINGS):
        if of(results, toy, setting):
            write_part(PAGE, f"modes {toy} {setting}", table(results, toy, setting))


def describe(result: dict[str, Any]) -> str:
    """Return a result as one line for the terminal."""
    values = ", ".join(f"{name} {value:.4g}" for name, value in result["figures"].items())
    names = ", ".join(result[name] for name in ("toy", "setting", "objective", "diversity"))
    return f"{names}, seed {result['seed']}: {values}, {result['fit_cpu_seconds']} CPU s"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = _parser().parse_args(arguments)
    changes = {} if options.max_steps is None else {"max_steps": options.max_steps}
    FOLDER.mkdir(parents=True, exist_ok=True)
    todo = [case for case in cases(options) if changes or options.force or not case.path.exists()]
    outcomes = Parallel(n_jobs=options.jobs, return_as="generator")(
        delayed(measure)(case, changes) for case in todo
    )
    for case, result in zip(todo, outcomes, strict=True):
        print(describe(result), flush=True)
        if not changes:
            write(result, case.path)
    if not changes:
        publish()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.objectives",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    choices = (*OBJECTIVES, DEFAULTS)
    parser.add_argument("--toys", nargs="+", choices=TOYS, default=list(TOYS))
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--objectives", nargs="+", choices=choices, default=list(choices))
    parser.add_argument("--diversity", nargs="+", choices=DIVERSITY, default=list(DIVERSITY))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="fits at a time")
    parser.add_argument("--max-steps", type=int, help="shorten the fits; nothing is written")
    parser.add_argument("--force", action="store_true", help="measure anew what is there")
    return parser


if __name__ == "__main__":
    main()
