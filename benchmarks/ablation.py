"""The ablation: each objective, penalty, option and network on Adult, in equal seconds.

Every variant changes one thing of a short fit of whole rows (``BASE``). Run from the repository
root::

    python -m benchmarks.ablation
    python -m benchmarks.ablation --variants defaults gan style --seconds 20 --data shoppers

Each fit leaves a file in ``benchmarks/results/objectives-ablation``; one that is there is not run
again. The table goes to the page about objectives.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Sequence
from typing import Any

from benchmarks.cell import RESULTS, Cell
from benchmarks.data import DATA_SETS, REPOSITORY
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.run import log_path, run_cell
from benchmarks.tables import FIGURES, Run, load_runs

FOLDER = RESULTS / "objectives-ablation"
PAGE = REPOSITORY / "docs" / "benchmarks" / "objectives.md"
MARKER = "ablation"
BASE: dict[str, Any] = {"conditional": False, "rejection": None}
METRICS = ("quality", "c2st_gb", "mle")
SHOWN = ("fit_cpu_seconds", "shape_err", "trend_err", "c2st_gb", "mle")
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "wgan": {"objective": "wgan"},
    "gan": {"objective": "gan"},
    "relativistic": {"objective": "relativistic"},
    "minibatch-features": {"minibatch_features": 8},
    "minibatch-std": {"minibatch_std": True},
    "packing": {"packing": 2},
    "mlp": {"generator": "mlp"},
    "style": {"generator": "style"},
    "one-sided": {"penalty": "one-sided"},
    "r1": {"penalty": "r1"},
    "squared": {"penalty": "squared"},
    "no-penalty": {"penalty": None},
    "gan-minimax": {"objective": "gan-minimax"},
    "gan-smoothed": {"objective": "gan", "label_smoothing": 0.1},
    "gan-r1": {"objective": "gan", "penalty": "r1"},
    "instance-noise": {"instance_noise": 0.1},
    "rmsprop": {"optimizer": "rmsprop"},
}


def cell(data_set: str, variant: str, seconds: float, seed: int) -> Cell:
    """Return the cell of a variant."""
    params = {"max_seconds": seconds, **BASE, **VARIANTS[variant]}
    return Cell("synthwgan", data_set, seed, params=params)


def table(runs: Sequence[Run]) -> str:
    """Return one row for each data set and variant as Markdown, in the order of `VARIANTS`."""
    rows = [
        [run.data_set, label(run), str(len(run.results)), *(run.text(figure) for figure in SHOWN)]
        for run in sorted(runs, key=_place)
    ]
    titles = ["data set", "changed", "seeds", *(FIGURES[figure][0] for figure in SHOWN)]
    results = [result for run in runs for result in run.results]
    seconds = sorted({run.params["max_seconds"] for run in runs})
    caption = f"At most {' or '.join(map(str, seconds))} seconds of training on one thread."
    return f"{markdown_table(titles, rows)}\n\n{measured(results)} {caption}"


def label(run: Run) -> str:
    """Say what a run changes."""
    changed = _changed(run)
    return ", ".join(f"`{key}={value!r}`" for key, value in changed.items()) or "nothing"


def _changed(run: Run) -> dict[str, Any]:
    return {key: value for key, value in run.params.items() if key not in (*BASE, "max_seconds")}


def _place(run: Run) -> tuple[str, int]:
    return run.data_set, list(VARIANTS.values()).index(_changed(run))


def publish() -> None:
    """Rewrite the table of the page."""
    write_part(PAGE, MARKER, table(load_runs(FOLDER)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Bring all cells asked for up to date, one after the other, and the page after each."""
    options = _parser().parse_args(arguments)
    for seed in options.seeds:
        for data_set in options.data:
            for variant in options.variants:
                one = cell(data_set, variant, options.seconds, seed)
                print(f"{variant}, {data_set}, seed {seed}: ", end="", flush=True)
                try:
                    print(run_cell(one, FOLDER, METRICS, force=False), flush=True)
                except subprocess.CalledProcessError:
                    print(f"FAILED, see {log_path(one, FOLDER)}", flush=True)
                    continue
                publish()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--data", nargs="+", choices=DATA_SETS, default=["adult"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--seconds", type=int, default=40)
    return parser


if __name__ == "__main__":
    main()
