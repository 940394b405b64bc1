"""The ablations: one choice changed at a time, in equal seconds, on Adult.

Every variant changes something of a short fit of whole rows. There are three studies:
``objectives`` tries objectives, penalties, options and networks, ``training`` the other defaults of
training, and ``after`` what is done after training. Run from the repository root::

    python -m benchmarks.ablation
    python -m benchmarks.ablation --studies training
    python -m benchmarks.ablation --studies after --data phoneme --seconds 150
    python -m benchmarks.ablation --variants defaults gan style --seconds 20 --data shoppers

Each fit leaves a file in the folder of its study; one that is there is not run again. The tables
go to the pages about objectives, training and sampling.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.cell import RESULTS, Cell
from benchmarks.data import DATA_SETS, REPOSITORY
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.run import log_path, run_cell
from benchmarks.tables import FIGURES, Run, load_runs

MARKER = "ablation"
BASE: dict[str, Any] = {"conditional": False, "rejection": None, "calibrate": "margins"}
METRICS = ("quality", "c2st_gb", "mle")
SHOWN = ("fit_cpu_seconds", "shape_err", "trend_err", "c2st_gb", "mle")


@dataclass(frozen=True)
class Study:
    """Variants of one kind, where their results are kept, and the page that shows them."""

    folder: Path
    page: Path
    variants: dict[str, dict[str, Any]]
    base: dict[str, Any] = field(default_factory=lambda: BASE)
    metrics: tuple[str, ...] = METRICS
    shown: tuple[str, ...] = SHOWN


OBJECTIVES = Study(
    RESULTS / "objectives-ablation",
    REPOSITORY / "docs" / "benchmarks" / "objectives.md",
    {
        "defaults": {},
        "wgan": {"objective": "wgan"},
        "gan": {"objective": "gan"},
        "relativistic": {"objective": "relativistic"},
        "minibatch-features": {"critic__minibatch_features": 8},
        "minibatch-std": {"critic__minibatch_std": True},
        "packing": {"critic__packing": 2},
        "mlp": {"generator": "mlp"},
        "style": {"generator": "style"},
        "one-sided": {"objective__penalty": "one-sided"},
        "r1": {"objective__penalty": "r1"},
        "squared": {"objective__penalty": "squared"},
        "no-penalty": {"objective__penalty": None},
        "gan-minimax": {"objective": "gan-minimax"},
        "gan-smoothed": {"objective": "gan", "objective__label_smoothing": 0.1},
        "gan-r1": {"objective": "gan", "objective__penalty": "r1"},
        "instance-noise": {"critic__instance_noise": 0.1},
        "rmsprop": {"optimizer": "rmsprop"},
    },
)
TRAINING = Study(
    RESULTS / "training-ablation",
    REPOSITORY / "docs" / "guide" / "training.md",
    {
        "defaults": {},
        "no-moments": {"moment_weight": 0},
        "moments-10": {"moment_weight": 10},
        "penalty-1": {"objective__gradient_penalty": 1},
        "penalty-10": {"objective__gradient_penalty": 10},
        "every-penalty": {"objective__penalty_interval": 1},
        "slow": {"optimizer__generator_lr": 0.001, "optimizer__critic_lr": 0.001},
        "batch-500": {"batch_size": 500},
        "critic-5": {"objective__n_critic": 5},
        "uncoupled": {"couple_columns": False},
        "float32": {"precision": "float32"},
        "uncalibrated": {"calibrate": False},
    },
)
AFTER = Study(
    RESULTS / "after-ablation",
    REPOSITORY / "docs" / "guide" / "sampling.md",
    {
        "networks": {"calibrate": "margins", "rejection": None},
        "redraw": {"rejection": None},
        "rejection": {"calibrate": "margins"},
        "defaults": {},
    },
    base={"conditional": False},
    metrics=("quality", "c2st_xgb", "held_out", "mle", "dcr"),
    shown=("fit_cpu_seconds", "rows_per_second", "trend_err", "c2st_xgb", "held_out_auc")
    + ("mle", "dcr_share"),
)
STUDIES = {"objectives": OBJECTIVES, "training": TRAINING, "after": AFTER}


def cell(
    data_set: str, changed: dict[str, Any], seconds: float, seed: int, study: Study = OBJECTIVES
) -> Cell:
    """Return the cell of a variant that changes some parameters."""
    params = {"max_seconds": seconds, **study.base, **changed}
    return Cell("synthwgan", data_set, seed, params=params)


def table(study: Study, runs: Sequence[Run]) -> str:
    """Return one row for each data set and variant as Markdown, in the order of the variants."""
    order = list(study.variants.values())
    rows = [
        [
            run.data_set,
            label(run, study),
            str(len(run.results)),
            *(run.text(figure) for figure in study.shown),
        ]
        for run in sorted(runs, key=lambda run: (run.data_set, order.index(_changed(run, study))))
    ]
    titles = ["data set", "changed", "seeds", *(FIGURES[figure][0] for figure in study.shown)]
    results = [result for run in runs for result in run.results]
    seconds = sorted({run.params["max_seconds"] for run in runs})
    caption = f"At most {' or '.join(map(str, seconds))} seconds of training on one thread."
    return f"{markdown_table(titles, rows)}\n\n{measured(results)} {caption}"


def label(run: Run, study: Study) -> str:
    """Say what a run changes."""
    changed = _changed(run, study)
    return ", ".join(f"`{key}={value!r}`" for key, value in changed.items()) or "nothing"


def _changed(run: Run, study: Study) -> dict[str, Any]:
    kept = {**study.base, "max_seconds": run.params["max_seconds"]}
    return {key: value for key, value in run.params.items() if (key, value) not in kept.items()}


def publish(study: Study) -> None:
    """Rewrite the table of the study's page."""
    write_part(study.page, MARKER, table(study, load_runs(study.folder)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Bring all cells asked for up to date, one after the other, and the page after each."""
    options = _parser().parse_args(arguments)
    wanted = [
        (STUDIES[study], variant)
        for study in options.studies
        for variant in STUDIES[study].variants
        if variant in (options.variants or [variant])
    ]
    for seed, data_set, (study, variant) in itertools.product(options.seeds, options.data, wanted):
        one = cell(data_set, study.variants[variant], options.seconds, seed, study)
        print(f"{variant}, {data_set}, seed {seed}: ", end="", flush=True)
        try:
            print(run_cell(one, study.folder, study.metrics, force=False), flush=True)
        except subprocess.CalledProcessError:
            print(f"FAILED, see {log_path(one, study.folder)}", flush=True)
            continue
        publish(study)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    variants = [variant for study in STUDIES.values() for variant in study.variants]
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--variants", nargs="+", choices=variants, help="all of the studies")
    parser.add_argument("--data", nargs="+", choices=DATA_SETS, default=["adult"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--seconds", type=int, default=40)
    return parser


if __name__ == "__main__":
    main()
