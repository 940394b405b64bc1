"""Outliers: how well the critic ranks planted rows below real test rows.

A tenth of the test rows (at most 1000) is turned into outliers of each of three kinds; the other
test rows are the inliers. Detectors are fitted to the training rows. Run from the repository root::

    python -m benchmarks.outliers --data shoppers adult
    python -m benchmarks.outliers --data adult --model-file model.safetensors
    python -m benchmarks.outliers --max-steps 200

The figures go to ``benchmarks/results/outliers.json`` and to the page about outliers; with
``--max-steps`` they are only printed.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

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
from benchmarks.page import markdown_table, measured
from benchmarks.planting import PLANTERS
from synthwgan import WGANGPSynthesizer

FILE = "outliers.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "outliers.md"
PLANTED_SHARE = 0.1
MAX_PLANTED = 1_000
N_PLANTINGS = 5
BRIEF = {"max_steps": 300, "conditional": False, "rejection": None}
PACKAGES = ("synthwgan", "torch", "scikit-learn")
NAMES = {
    "synthwgan": "**synthwgan**, defaults",
    "synthwgan brief": "**synthwgan**, 300 steps",
    "isolation forest": "IsolationForest",
    "local outlier factor": "LocalOutlierFactor",
}
TITLES = ("data set", "detector", *PLANTERS, "fit s", "score s")

TEXT = """
# Outliers

The critic learns to tell the table's rows from generated ones, and `score_samples` returns its
score: higher is more like the table. Here it stands as an outlier detector beside two of
scikit-learn's.

A tenth of the test rows (at most 1000) is turned into outliers, and the other test rows are the
inliers. A figure is the ROC AUC of telling them apart: 1 is perfect, 0.5 is chance. `±` is the
standard deviation over five plantings into one fit. All detectors learn the training rows alone.

- **shuffled**: half of the row's cells, drawn for each row, are those of other rows.
- **out of range**: one number, in a column drawn for each row, lies beyond the training rows'
  smallest or largest by 10 % to 100 % of their range.
- **unseen pair**: two cells are categories that both occur in the training rows, but never
  together. The more often independent columns would show a pair, the more often it is planted.

IsolationForest and LocalOutlierFactor (`novelty=True`) have their default parameters, and get
numbers standardised and categories one-hot. synthwgan stands there twice: with all defaults, and
with 300 steps, no conditions and no rejection, when the generator still makes mistakes that the
critic can learn from. The 300 were the first number tried, and no other was; the
row was added after it had done better on rows planted in Shoppers.

Run `python -m benchmarks.outliers --data adult shoppers` to measure it again.
"""

Score = Callable[[pd.DataFrame], np.ndarray]


def features(dataset: Dataset) -> ColumnTransformer:
    """Return an encoder: numbers standardised, categories one-hot."""
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), list(dataset.numeric)),
            (
                "categories",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                list(dataset.categorical),
            ),
        ]
    )


def peers(dataset: Dataset, seed: int) -> dict[str, Pipeline]:
    """Return scikit-learn's detectors on encoded rows, at their defaults and not yet fitted."""
    detectors = {
        "isolation forest": IsolationForest(random_state=seed),
        "local outlier factor": LocalOutlierFactor(novelty=True),
    }
    return {
        name: make_pipeline(features(dataset), detector) for name, detector in detectors.items()
    }


def fitted_briefly(dataset: Dataset, seed: int) -> Any:
    """Return a synthesizer whose generator has not yet caught up with its critic."""
    return WGANGPSynthesizer(random_state=seed, **BRIEF).fit(dataset.train)


def split(rows: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the inliers, and the rows to be turned into outliers."""
    n_planted = min(round(PLANTED_SHARE * len(rows)), MAX_PLANTED)
    shuffled = rows.sample(frac=1, random_state=seed).reset_index(drop=True)
    return shuffled[n_planted:], shuffled[:n_planted]


def areas(dataset: Dataset, score: Score, n_plantings: int) -> dict[str, list[float]]:
    """Return the ROC AUC of each kind of outlier in each planting; `score` is high for inliers."""
    found: dict[str, list[float]] = {kind: [] for kind in PLANTERS}
    for seed in range(n_plantings):
        inliers, others = split(dataset.test, seed)
        inlier_scores = score(inliers)
        for number, (kind, plant) in enumerate(PLANTERS.items()):
            rng = np.random.default_rng([seed, number])
            scores = np.concatenate([inlier_scores, score(plant(others, dataset, rng))])
            is_outlier = np.arange(len(scores)) >= len(inliers)
            found[kind].append(round(float(roc_auc_score(is_outlier, -scores)), 4))
    return found


def measure(dataset: Dataset, seed: int, model: Any) -> list[dict[str, Any]]:
    """Plant outliers, score them by every detector, and return the figures."""
    brief = fitted_briefly(dataset, seed)
    results = [
        _measure_one(name, dataset, seed, one.score_samples, one.fit_seconds_)
        for name, one in {"synthwgan": model, "synthwgan brief": brief}.items()
    ]
    for name, detector in peers(dataset, seed).items():
        started = time.perf_counter()
        detector.fit(dataset.train)
        seconds = time.perf_counter() - started
        results.append(_measure_one(name, dataset, seed, detector.score_samples, seconds))
    return results


def _measure_one(
    name: str, dataset: Dataset, seed: int, score: Score, fit_seconds: float
) -> dict[str, Any]:
    started = time.perf_counter()
    figures = areas(dataset, score, N_PLANTINGS)
    seconds = time.perf_counter() - started
    return result_of(
        name,
        dataset,
        seed,
        PACKAGES,
        figures=figures,
        fit_seconds=round(fit_seconds, 2),
        score_seconds=round(seconds, 2),
    )


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown, means over the plantings, with day and machine below."""
    rows = [_cells(*key, own) for key, own in grouped(results, NAMES).items()]
    return f"{markdown_table(TITLES, rows)}\n\n{measured(results)} One thread."


def _cells(data_set: str, model: str, results: Sequence[dict[str, Any]]) -> list[str]:
    texts = []
    for kind in PLANTERS:
        values = [value for one in results for value in one["figures"][kind]]
        texts.append(f"{statistics.fmean(values):.3f} ± {statistics.stdev(values):.3f}")
    seconds = (
        f"{statistics.fmean(one[name] for one in results):.1f}"
        for name in ("fit_seconds", "score_seconds")
    )
    return [data_set, NAMES[model], *texts, *seconds]


def describe(result: dict[str, Any]) -> str:
    """Return a result as one line for the terminal."""
    figures = ", ".join(
        f"{kind} {statistics.fmean(values):.3f}" for kind, values in result["figures"].items()
    )
    place = f"{result['data_set']}, {result['model']}, seed {result['seed']}"
    return f"{place}: {figures}, {result['fit_seconds']} s + {result['score_seconds']} s"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every detector on every data set with every seed, and rewrite the page."""
    parser = measure_parser("outliers", __doc__)
    options = parser.parse_args(arguments)
    check_model_file(parser, options)
    limit_threads(1)
    for data_set, seed in itertools.product(options.data, options.seeds):
        dataset = load(data_set, seed=seed)
        model = fitted(dataset, seed, options.max_steps, options.model_file)
        results = measure(dataset, seed, model)
        print(*map(describe, results), sep="\n", flush=True)
        if options.max_steps is None:
            everything = keep(results, options.results / FILE)
            publish(PAGE, TEXT, "outliers", table(everything))


if __name__ == "__main__":
    main()
