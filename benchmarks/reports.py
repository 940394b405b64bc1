"""The report on tables of known worth: it must put them in the right order, section by section.

Half of the test rows are judged as if they were synthetic, beside the rows of models that
``benchmarks.run`` has drawn before, and real rows of which every column is shuffled by itself.
The other half of the test rows is what the report compares with. Run from the repository root::

    python -m benchmarks.run --models synthwgan tvae --data adult --seeds 0
    python -m benchmarks.reports --data adult --seeds 0

The scores go to ``benchmarks/results/reports.json`` and to the page about the report.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cell import RESULTS, limit_threads
from benchmarks.common import grouped, keep, publish, result_of
from benchmarks.data import DATA_SETS, REPOSITORY, Dataset, load
from benchmarks.page import markdown_table, measured
from synthwgan.evaluation import evaluate

FILE = "reports.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "reports.md"
PACKAGES = ("synthwgan", "torch", "scikit-learn")
SECTIONS = ("validity", "columns", "pairs", "joint", "utility", "privacy")
NAMES = {
    "real": "real rows, never seen",
    "synthwgan": "**synthwgan**",
    "argn": "TabularARGN",
    "tvae": "TVAE",
    "ctgan": "CTGAN",
    "shuffled": "real columns, each shuffled",
    "copies": "the training rows themselves",
}
TITLES = ("data set", "rows", "score", *SECTIONS, "CPU s")

TEXT = """
# The report on known tables

What does the [report](../guide/report.md) say of tables whose worth is known? *Real rows, never
seen* are half of the test rows, judged as if they were synthetic; the other half is the `test=` of
every report. Where each column is shuffled, the single columns are perfect and nothing belongs
together. The training rows themselves are perfect but for privacy. Scores are those of the report,
in hundredths; *CPU s* is what a report takes.

Run `python -m benchmarks.reports` to measure it again.
"""


def candidates(
    dataset: Dataset, seed: int, rows: Path
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Return the tables to judge, by name, and the test rows to judge them by.

    Those of models are the ones that the folder ``rows`` has.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(dataset.test))
    seen, unseen = (dataset.test.iloc[part] for part in np.array_split(order, 2))
    tables = {
        "real": unseen,
        "shuffled": dataset.train.apply(lambda column: rng.permutation(column.to_numpy())),
        "copies": dataset.train,
    }
    for model in set(NAMES) - set(tables):
        stored = rows / f"{dataset.name}-{model}-s{seed}-t1.parquet"
        if stored.exists():
            tables[model] = pd.read_parquet(stored)
    return {name: tables[name] for name in NAMES if name in tables}, seen


def measure(dataset: Dataset, seed: int, rows: Path) -> list[dict[str, Any]]:
    """Judge every table; return the scores."""
    tables, test = candidates(dataset, seed, rows)
    results = []
    for name, candidate in tables.items():
        started = time.process_time()
        report = evaluate(dataset.train, candidate, test, dataset.target, random_state=seed)
        seconds = round(time.process_time() - started, 1)
        figures = {"score": report.score} | {key: report[key].score for key in SECTIONS}
        results.append(result_of(name, dataset, seed, PACKAGES, figures=figures, seconds=seconds))
        print(describe(results[-1]), flush=True)
    return results


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown, means over the seeds, with day and machine below."""
    rows = []
    for (data_set, name), own in grouped(results, NAMES).items():
        scores = [
            100 * np.mean([one["figures"][figure] for one in own])
            for figure in ("score", *SECTIONS)
        ]
        seconds = np.mean([one["seconds"] for one in own])
        rows.append(
            [
                data_set,
                NAMES[name],
                *("–" if np.isnan(score) else f"{score:.0f}" for score in scores),
                f"{seconds:.0f}",
            ]
        )
    return f"{markdown_table(TITLES, rows)}\n\n{measured(results)} One thread."


def describe(result: dict[str, Any]) -> str:
    """Return a result as one line for the terminal."""
    figures = ", ".join(f"{name} {value:.3f}" for name, value in result["figures"].items())
    return f"{result['data_set']}, {result['model']}: {figures}, {result['seconds']} s"


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge the tables of every data set with every seed, and rewrite the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reports",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", nargs="+", choices=DATA_SETS, default=["adult"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args(arguments)
    limit_threads(1)
    for data_set, seed in itertools.product(options.data, options.seeds):
        results = measure(load(data_set, seed=seed), seed, RESULTS / "rows")
        publish(PAGE, TEXT, "reports", table(keep(results, RESULTS / FILE)))


if __name__ == "__main__":
    main()
