"""Imputation: hide cells of real test rows and fill them again.

Models are fitted on the complete training rows; 30 % of the cells of at most 5000 test rows are
hidden, at random and not at random, and each method fills them from the others. Run from the
repository root::

    python -m benchmarks.imputation --data adult shoppers --seeds 1
    python -m benchmarks.imputation --data adult --model-file model.safetensors
    python -m benchmarks.imputation --max-steps 200

The figures go to ``benchmarks/results/imputation.json`` and to the page about imputation; with
``--max-steps`` they are only printed.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cell import limit_threads
from benchmarks.common import (
    check_model_file,
    fitted,
    grouped,
    keep,
    measure_parser,
    publish,
    result_of,
)
from benchmarks.data import REPOSITORY, Dataset, load
from benchmarks.hidden_cells import hide, interval_figures, point_figures, pooled
from benchmarks.imputers import DRAWERS, IMPUTERS
from benchmarks.page import markdown_table, measured

FILE = "imputation.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "imputation.md"
MAX_TEST_ROWS = 5_000
N_DRAWS = 20
# With 39 draws the second smallest and the second largest bound exactly 90 % of further draws.
N_INTERVAL_DRAWS = 39
PACKAGES = ("synthwgan", "torch", "scikit-learn")
NAMES = {
    "synthwgan": "**synthwgan**",
    "iterative one-hot": "IterativeImputer, one-hot",
    "iterative ordinal": "IterativeImputer, ordinal",
    "iterative posterior": "IterativeImputer, drawn",
    "simple": "SimpleImputer",
}

TEXT = """
# Imputation

30 % of the cells of 5000 test rows (fewer where there are not so many) are hidden and filled from
the cells that are left. They are hidden at random, or *not at random*: the chance grows with a
number's rank, and with how rare a category is, from none to 60 %. Every method learns from complete
training rows, so that what is hidden later is not at random for it either. *Accuracy* is the share
of hidden categories that are right; *NRMSE* the root mean squared error of hidden numbers over the
column's standard deviation, the mean over the columns. synthwgan fills with the mode or mean of 20
draws of `impute`, as `WGANGPImputer` does; *coverage* is the share of hidden numbers between the
second smallest and the second largest of 39 draws, which hold 90 % of further draws of the same
distribution; *untied* counts a number that many draws equal as if the ties were broken at random,
so that 90 % is right for every column.

scikit-learn's IterativeImputer is fitted to the training rows and the rows to be filled together.
Categories are whole numbers by their frequency, rounded back (*ordinal*, all settings default;
*drawn* with `sample_posterior=True`, pooled as synthwgan's draws are), or *one-hot* with ridge
regression on the other columns, where the largest slot wins. SimpleImputer takes the mean and the
commonest category. *Seconds* are those of filling, for synthwgan without the fit and for all 39
draws, for the others with it.

Run `python -m benchmarks.imputation --data adult shoppers` to measure it again.
"""

TITLES = ("data set", "method", "seeds", "accuracy", "NRMSE", "coverage", "untied", "seconds")

FORMS = {"accuracy": ".3f", "nrmse": ".3f", "coverage": ".1%", "untied_coverage": ".1%"}


def measure(
    dataset: Dataset, seed: int, model: Any, *, at_random: bool = True
) -> list[dict[str, Any]]:
    """Hide cells of the test rows, fill them by every method, and return the figures."""
    n_rows = min(len(dataset.test), MAX_TEST_ROWS)
    truth = dataset.test.sample(n_rows, random_state=seed).reset_index(drop=True)
    rows, hidden = hide(truth, seed=seed, at_random=at_random)
    if not at_random:
        dataset = replace(dataset, name=f"{dataset.name}, not at random")
    results = []

    def ours(_: Dataset, rows: pd.DataFrame, n_draws: int) -> pd.DataFrame:
        return model.impute(rows, n_draws=n_draws, random_state=seed)

    for name, draw in {"synthwgan": ours, **DRAWERS}.items():
        started = time.perf_counter()
        draws = draw(dataset, rows, N_INTERVAL_DRAWS)
        seconds = time.perf_counter() - started
        chosen = np.arange(len(draws)) % N_INTERVAL_DRAWS < N_DRAWS
        filled = pooled(draws[chosen], N_DRAWS, dataset.numeric)
        figures = point_figures(truth, filled, hidden, dataset.numeric)
        figures |= interval_figures(truth, draws, N_INTERVAL_DRAWS, hidden, dataset.numeric)
        results.append(_result(name, dataset, seed, figures, seconds))
    for name, fill in IMPUTERS.items():
        started = time.perf_counter()
        filled = fill(dataset, rows)
        seconds = time.perf_counter() - started
        figures = point_figures(truth, filled, hidden, dataset.numeric)
        results.append(_result(name, dataset, seed, figures, seconds))
    return results


def _result(
    model: str, dataset: Dataset, seed: int, figures: dict[str, float], seconds: float
) -> dict[str, Any]:
    return result_of(model, dataset, seed, PACKAGES, figures=figures, seconds=round(seconds, 2))


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown, means over the seeds, with day and machine below."""
    rows = [_cells(*key, own) for key, own in grouped(results, NAMES).items()]
    return f"{markdown_table(TITLES, rows)}\n\n{measured(results)} One thread."


def _cells(data_set: str, model: str, results: Sequence[dict[str, Any]]) -> list[str]:
    texts = []
    for figure, form in FORMS.items():
        values = [one["figures"][figure] for one in results if figure in one["figures"]]
        texts.append(f"{statistics.fmean(values):{form}}" if values else "–")
    seconds = statistics.fmean(result["seconds"] for result in results)
    return [data_set, NAMES[model], str(len(results)), *texts, f"{seconds:.1f}"]


def describe(result: dict[str, Any]) -> str:
    """Return a result as one line for the terminal."""
    figures = ", ".join(f"{name} {value:.4f}" for name, value in result["figures"].items())
    place = f"{result['data_set']}, {result['model']}, seed {result['seed']}"
    return f"{place}: {figures}, {result['seconds']} s"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every method on every data set with every seed, and rewrite the page."""
    parser = measure_parser("imputation", __doc__)
    options = parser.parse_args(arguments)
    check_model_file(parser, options)
    limit_threads(1)
    for data_set, seed in itertools.product(options.data, options.seeds):
        dataset = load(data_set, seed=seed)
        model = fitted(dataset, seed, options.max_steps, options.model_file)
        results = [
            result
            for at_random in (True, False)
            for result in measure(dataset, seed, model, at_random=at_random)
        ]
        print(*map(describe, results), sep="\n", flush=True)
        if options.max_steps is None:
            everything = keep(results, options.results / FILE)
            publish(PAGE, TEXT, "imputation", table(everything))


if __name__ == "__main__":
    main()
