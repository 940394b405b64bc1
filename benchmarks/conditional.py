"""Conditional sampling: rows of one category, beside the real rows of that category.

Every state of every categorical column that at least 300 training rows have is a slice of the
table. A model draws as many rows of the slice (2000 at most), and they are compared with as many
real ones. Run from the repository root::

    python -m benchmarks.conditional --data adult --seeds 1
    python -m benchmarks.conditional --models synthwgan --model-file model.safetensors
    python -m benchmarks.conditional --max-steps 200

The figures go to ``benchmarks/results/conditional.json`` and to the page about conditions; with
``--max-steps`` they are only printed. CTGAN needs ``make bench-peers``; its rows are kept in
``benchmarks/results/rows``, and drawn anew with ``--force``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmarks.cell import Cell, limit_threads
from benchmarks.common import (
    check_model_file,
    fitted,
    grouped,
    keep,
    measure_parser,
    publish,
    result_of,
)
from benchmarks.ctgan_conditions import ALL, VARIANTS, rows_and_costs
from benchmarks.data import REPOSITORY, Dataset, load
from benchmarks.page import markdown_table, measured
from benchmarks.slices import (
    floor_errors,
    slice_errors,
    summary,
    throughput,
    turns,
    unconditional_errors,
)

FILE = "conditional.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "conditional.md"
N_WORST = 8
PACKAGES = ("synthwgan", "torch", "sdmetrics")


def of_synthwgan(dataset: Dataset, seed: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Figures of our model: errors and speed."""
    model = fitted(dataset, seed, options.max_steps, options.model_file)
    seeds = itertools.count(1000 * (seed + 1))

    def draw(column: str, state: Any, n_rows: int) -> pd.DataFrame:
        return model.sample(n_rows, conditions={column: state}, random_state=next(seeds))

    def free(n_rows: int) -> pd.DataFrame:
        return model.sample(n_rows, random_state=next(seeds))

    real, columns = dataset.train, dataset.categorical
    errors = slice_errors(real, draw, columns)
    unconditional = unconditional_errors(real, free(len(real)), columns)
    speed = throughput(free, draw, turns(dataset))
    return [_result("synthwgan", dataset, seed, errors, unconditional, speed)]


def of_real(dataset: Dataset, seed: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Figures of a perfect model: the floor."""
    floors = (
        floor_errors(dataset.train, dataset.categorical, of_slices=of_slices)
        for of_slices in (True, False)
    )
    return [_result("real", dataset, seed, *floors, {})]


def of_ctgan(dataset: Dataset, seed: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Figures of CTGAN, as shipped and with its condition put in the right place."""
    rows, costs = rows_and_costs(
        dataset.name, seed, options.max_steps, options.results / "rows", options.force
    )
    tables = dict(list(rows.groupby(["variant", "drawn_for"])))
    real, columns = dataset.train, dataset.categorical
    free = unconditional_errors(real, tables[ALL, ALL][list(real.columns)], columns)
    results = []
    for variant in VARIANTS:

        def draw(column: str, state: Any, n_rows: int, variant: str = variant) -> pd.DataFrame:
            return tables.get((variant, f"{column}={state}"), rows.iloc[:0])[list(real.columns)]

        errors = slice_errors(real, draw, columns).assign(hit_share=costs[variant]["hit_shares"])
        results.append(_result(variant, dataset, seed, errors, free, costs[variant]["speed"]))
    return results


def of_drawn_ctgan(
    dataset: Dataset, seed: int, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Figures of the rows that CTGAN drew without a condition in the comparison, by state."""
    name = Cell("ctgan", dataset.name, seed).name
    rows = pd.read_parquet(options.results / "rows" / f"{name}.parquet")

    def draw(column: str, state: Any, n_rows: int) -> pd.DataFrame:
        return rows[rows[column] == state].head(n_rows).reset_index(drop=True)

    errors = slice_errors(dataset.train, draw, dataset.categorical)
    free = unconditional_errors(dataset.train, rows, dataset.categorical)
    return [_result("ctgan filtered", dataset, seed, errors, free, {})]


def _result(
    model: str,
    dataset: Dataset,
    seed: int,
    errors: pd.DataFrame,
    free: pd.DataFrame,
    speed: Mapping[str, float],
) -> dict[str, Any]:
    return result_of(
        model,
        dataset,
        seed,
        PACKAGES,
        figures={**summary(errors, free), **speed},
        slices=json.loads(errors.to_json(orient="records", double_precision=4)),
    )


MEASURES: dict[str, Callable[..., list[dict[str, Any]]]] = {
    "synthwgan": of_synthwgan,
    "ctgan": of_ctgan,
    "ctgan-filtered": of_drawn_ctgan,
    "real": of_real,
}

NAMES = {
    "synthwgan": "**synthwgan**",
    "ctgan": "CTGAN, as shipped",
    "ctgan corrected": "CTGAN, corrected",
    "ctgan filtered": "CTGAN, filtered",
    "real": "*real rows*",
}

TEXT = """
# Conditional rows

Every state of every categorical column that at least 300 training rows have is a slice of the
table. A model draws as many rows of it as there are (2000 at most), and they are compared with as
many real ones: shape and trend error as on the [first page](index.md), without the column that is
given, averaged over the slices. *Unconditional* is the error of equally many rows of all kinds, so
with the same sampling noise; *real rows* are two bootstraps of each slice, what a perfect model
would reach. The figures of so few rows are mostly noise, so compare them with that floor.

CTGAN is asked for a state by `sample(n, condition_column=..., condition_value=...)`, which makes it
likelier, no more; *hits* is the share of its rows that have it. Only these are compared, and rows
are drawn until there are enough (at most 100 for each that is wanted). As shipped, ctgan 0.12.1
loses the condition ([issue 169](https://github.com/sdv-dev/CTGAN/issues/169),
[issue 235](https://github.com/sdv-dev/CTGAN/issues/235)); *corrected* is the same fitted model with
both undone; *filtered* are those of the rows it drew without a condition on the
[first page](index.md) that have the state. Rows/s counts the rows that meet the condition.

Run `python -m benchmarks.conditional` to measure it again.
"""

TITLES = (
    "data set",
    "model",
    "seeds",
    "slices",
    "hits",
    "shape err",
    "trend err",
    "unconditional shape err",
    "unconditional trend err",
    "conditional rows/s",
    "unconditional rows/s",
)


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown: means over the seeds, then our worst slices."""
    groups = grouped(results, NAMES)
    parts = [markdown_table(TITLES, [_cells(*key, own) for key, own in groups.items()])]
    parts += [_ratios(groups, data_set) for data_set in dict.fromkeys(key[0] for key in groups)]
    parts += [_worst(own) for key, own in groups.items() if key[1] == "synthwgan"]
    return "\n\n".join([*filter(None, parts), f"{measured(results)} One thread."])


def _mean(results: Sequence[dict[str, Any]], figure: str) -> float | None:
    values = [one["figures"][figure] for one in results if figure in one["figures"]]
    return statistics.fmean(values) if values else None


def _cells(data_set: str, model: str, results: Sequence[dict[str, Any]]) -> list[str]:
    forms = {
        "n_compared": ".0f",
        "hit_share": ".1%",
        "shape_err": ".2f",
        "trend_err": ".2f",
        "free_shape_err": ".2f",
        "free_trend_err": ".2f",
        "conditional_rows_per_second": ",.0f",
        "rows_per_second": ",.0f",
    }
    values = {figure: _mean(results, figure) for figure in forms}
    texts = ["–" if values[one] is None else f"{values[one]:{forms[one]}}" for one in forms]
    return [data_set, NAMES[model], str(len(results)), *texts]


def _ratios(groups: Mapping[tuple[str, str], Sequence[dict[str, Any]]], data_set: str) -> str:
    """Say how our errors stand to those of CTGAN, and to our unconditional ones."""
    ours = groups.get((data_set, "synthwgan"))
    if ours is None:
        return ""
    parts = [
        f"{_mean(ours, 'shape_err_ratio'):.2f} (shape) and {_mean(ours, 'trend_err_ratio'):.2f} "
        "(trend) times our unconditional ones"
    ]
    for peer in (*VARIANTS, "ctgan filtered"):
        if theirs := groups.get((data_set, peer)):
            shape, trend = (
                _mean(ours, figure) / _mean(theirs, figure) for figure in ("shape_err", "trend_err")
            )
            parts.append(f"{shape:.2f} and {trend:.2f} times those of {NAMES[peer]}")
    return f"On {data_set}, our errors under conditions are {'; '.join(parts)}."


def _worst(results: Sequence[dict[str, Any]]) -> str:
    """Return the slices of the largest shape error, means over the seeds."""
    rows = pd.DataFrame([one for result in results for one in result["slices"]])
    means = rows.groupby(["column", "state"])[["n_real", "shape_err", "trend_err"]].mean()
    cells = [
        [*map(str, state), f"{one.n_real:,.0f}", f"{one.shape_err:.2f}", f"{one.trend_err:.2f}"]
        for state, one in means.nlargest(N_WORST, "shape_err").iterrows()
    ]
    titles = ("column", "state", "real rows", "shape err", "trend err")
    return f"Our worst slices of {results[0]['data_set']}:\n\n{markdown_table(titles, cells)}"


def describe(result: dict[str, Any]) -> str:
    """Return a result as a line, and its worst slices, for the terminal."""
    figures = ", ".join(f"{name} {value:.4g}" for name, value in result["figures"].items())
    worst = pd.DataFrame(result["slices"]).nlargest(N_WORST, "shape_err")
    title = f"{result['data_set']}, {result['model']}, seed {result['seed']}"
    return f"{title}: {figures}\n{worst.to_string(index=False)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every model on every data set with every seed, and rewrite the page."""
    parser = measure_parser("conditional", __doc__)
    parser.add_argument("--models", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--force", action="store_true", help="fit CTGAN and draw its rows anew")
    options = parser.parse_args(arguments)
    check_model_file(parser, options)
    limit_threads(1)
    for data_set, seed in itertools.product(options.data, options.seeds):
        dataset = load(data_set, seed=seed)
        for model in options.models:
            results = MEASURES[model](dataset, seed, options)
            print(*map(describe, results), sep="\n", flush=True)
            if options.max_steps is None:
                everything = keep(results, options.results / FILE)
                publish(PAGE, TEXT, "conditional", table(everything))


if __name__ == "__main__":
    main()
