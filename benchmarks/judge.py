"""The figures of one cell: its synthetic rows against the real ones, in our environment.

The costs and the rows come from ``benchmarks.cell``; run this again to add a figure::

    python -m benchmarks.judge bootstrap heart-cleveland --metrics quality dcr
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cell import (
    Cell,
    cell_of,
    cell_parser,
    limit_threads,
    machine,
    n_synthetic,
    read,
    write,
)

METRIC_NAMES = (
    "quality",
    "c2st_lr",
    "c2st_gb",
    "c2st_xgb",
    "c2st_lgbm",
    "held_out",
    "mle",
    "alpha_beta",
    "dcr",
    "copies",
)
PACKAGES = ("lightgbm", "scikit-learn", "sdmetrics", "xgboost-cpu")


def missing_metrics(result: dict[str, Any], metrics: Sequence[str]) -> list[str]:
    """Return those of `metrics` that the result does not hold yet."""
    # Beside real test rows there are no fresh ones.
    asked = [name for name in metrics if (result.get("model"), name) != ("real", "held_out")]
    return [name for name in asked if name not in result["metrics"]]


def judge(cell: Cell, folder: Path, metrics: Sequence[str]) -> None:
    """Add the figures of `metrics` to the cell's result, each as soon as it is known."""
    import pandas as pd

    from benchmarks.data import load
    from benchmarks.metrics import METRICS, WITH_FRESH_ROWS, plain

    path = cell.result_path(folder)
    result = read(path)
    rows = pd.read_parquet(cell.rows_path(folder))
    dataset, rows = plain(load(cell.data_set, seed=cell.seed), rows)
    result["judged_with"] = machine(PACKAGES)["versions"]
    synthetic = rows.head(n_synthetic(len(dataset.train)))
    for name in metrics:
        started = time.perf_counter()
        judged = rows if name in WITH_FRESH_ROWS else synthetic
        figures = METRICS[name](dataset.train, dataset.test, judged, dataset)
        result["figures"] |= _of_real_rows(figures) if cell.model == "real" else figures
        result["metrics"] = [*result["metrics"], name]
        write(result, path)
        print(f"{name} {time.perf_counter() - started:.1f} s", flush=True)


def _of_real_rows(figures: dict[str, float]) -> dict[str, float]:
    """Return what the figures mean where the rows judged are the test rows themselves."""
    if "mle" in figures:
        # A model trained on the test rows knows the answers; the best there is comes from
        # the real training rows.
        return figures | {"mle": figures["mle_real"]}
    return {name: value for name, value in figures.items() if name != "dcr_share"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge one cell from the command line."""
    parser = cell_parser(__doc__)
    parser.add_argument("--metrics", nargs="+", choices=METRIC_NAMES, default=METRIC_NAMES)
    options: argparse.Namespace = parser.parse_args(arguments)
    # On a busy machine the threads of boosted trees wait for each other, for minutes.
    limit_threads(1)
    judge(cell_of(options), options.results, options.metrics)


if __name__ == "__main__":
    main()
