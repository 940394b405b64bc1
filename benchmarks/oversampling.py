"""Help a classifier with synthetic rows of a rare class, beside the usual remedies.

One class of Adult and of Shoppers is thinned to 1 % of the training rows; then boosted trees and
a logistic regression learn from what each method makes of them, and are scored on the untouched
test rows. Run from the repository root::

    python -m benchmarks.oversampling
    python -m benchmarks.oversampling --data shoppers --seeds 0 1 --methods none synthwgan
    python -m benchmarks.oversampling --data shoppers --seeds 0 --max-steps 50 --results trial.json

The first line writes ``benchmarks/results/oversampling.json`` and the table of the page about it.
What is there is skipped. With another file of results the page stays as it is. SMOTENC needs
``make bench-peers``.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks import cell
from benchmarks.common import kept, run_peer
from benchmarks.data import REPOSITORY, Dataset, load
from benchmarks.page import markdown_table, measured, write_part

RESULTS = cell.RESULTS / "oversampling.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "oversampling.md"
# The class that is thinned, and scored as the positive one.
RARE_CLASSES = {"adult": ">50K", "shoppers": "True"}
RARE_SHARE = 0.01
METHODS = {
    "none": "none",
    "weights": "class weights",
    "random": "random rows again",
    "smotenc": "SMOTENC",
    "synthwgan": "GANOverSampler",
}
LEARNERS = {"trees": "boosted trees", "logistic": "logistic regression"}
FIGURES = {"average_precision": "average precision", "balanced_accuracy": "balanced accuracy"}
OWN_PACKAGES = ("synthwgan", "torch", "scikit-learn", "numpy", "pandas")
CASE_KEYS = ("data_set", "method", "seed", "params")
N_SEEDS = 10


@dataclass(frozen=True)
class Case:
    """One method on one data set with one seed; only synthwgan has parameters."""

    data_set: str
    method: str
    seed: int
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> dict[str, Any]:
        """What tells its result from others."""
        return {name: getattr(self, name) for name in CASE_KEYS}


def thin(rows: pd.DataFrame, target: str, rare: Any, share: float, seed: int) -> pd.DataFrame:
    """Leave as many rows of a class, drawn at random, as make up a share of what is left.

    All rows of the other classes stay, and all rows stay in their order.
    """
    is_rare = (rows[target] == rare).to_numpy()
    n_kept = round(share / (1 - share) * int((~is_rare).sum()))
    places = np.flatnonzero(is_rare)
    if not 2 <= n_kept <= len(places):
        raise ValueError(f"{n_kept} rows of {rare!r} are wanted, of {len(places)}")
    kept = np.random.default_rng(seed).choice(places, n_kept, replace=False)
    is_kept = ~is_rare
    is_kept[kept] = True
    return rows[is_kept].reset_index(drop=True)


def thinned(name: str, seed: int) -> Dataset:
    """Load a data set with its class thinned in the training rows."""
    dataset = load(name)
    rows = thin(dataset.train, dataset.target, RARE_CLASSES[name], RARE_SHARE, seed)
    return replace(dataset, train=rows)


def repeat_rows(rows: pd.DataFrame, target: str, seed: int) -> pd.DataFrame:
    """Add rows of the rarer classes again, drawn with replacement, till all are as frequent."""
    counts, rng = rows[target].value_counts(), np.random.default_rng(seed)
    added = [
        rng.choice(np.flatnonzero(rows[target] == label), counts.max() - count)
        for label, count in counts.items()
    ]
    return pd.concat([rows, rows.iloc[np.concatenate(added)]], ignore_index=True)


def smotenc_rows(dataset: Dataset, seed: int) -> pd.DataFrame:
    """Add interpolated rows: SMOTENC with its default parameters."""
    from imblearn.over_sampling import SMOTENC

    categorical = [name for name in dataset.categorical if name != dataset.target]
    sampler = SMOTENC(categorical_features=categorical, random_state=seed)
    X, y = _parted(dataset.train, dataset.target)
    return _together(*sampler.fit_resample(X, y), dataset)


def synthwgan_rows(dataset: Dataset, seed: int, params: dict[str, Any]) -> pd.DataFrame:
    """Add rows drawn by this project's sampler."""
    import torch

    from synthwgan import GANOverSampler, WGANGPSynthesizer

    torch.set_num_threads(1)
    synthesizer = WGANGPSynthesizer().set_params(**params)
    sampler = GANOverSampler(synthesizer=synthesizer, random_state=seed)
    return _together(*sampler.fit_resample(*_parted(dataset.train, dataset.target)), dataset)


def peer_rows(case: Case) -> pd.DataFrame:
    """Have the environment of the peers resample a case."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        arguments = ["--data", case.data_set, "--seeds", str(case.seed)]
        run_peer("oversampling", "--rows", str(path), *arguments)
        return pd.read_parquet(path)


def resampled(case: Case, dataset: Dataset) -> pd.DataFrame:
    """Return the training rows as a method makes them."""
    if case.method == "random":
        return repeat_rows(dataset.train, dataset.target, case.seed)
    if case.method == "smotenc":
        return peer_rows(case)
    if case.method == "synthwgan":
        return synthwgan_rows(dataset, case.seed, case.params)
    return dataset.train


def learners(dataset: Dataset, class_weight: str | None, seed: int) -> dict[str, Any]:
    """Make the classifiers, all with default strength.

    The trees do not stop early: a tenth held out would hold copies of the other rows.
    """
    numeric = list(dataset.numeric)
    categorical = [name for name in dataset.categorical if name != dataset.target]
    encoder = make_column_transformer(
        (StandardScaler(), numeric), (OneHotEncoder(handle_unknown="ignore"), categorical)
    )
    return {
        "trees": HistGradientBoostingClassifier(
            categorical_features="from_dtype",
            early_stopping=False,
            class_weight=class_weight,
            random_state=seed,
        ),
        "logistic": make_pipeline(
            encoder, LogisticRegression(max_iter=2000, class_weight=class_weight)
        ),
    }


def scores(
    rows: pd.DataFrame, dataset: Dataset, class_weight: str | None, seed: int
) -> dict[str, dict[str, float]]:
    """Fit each learner on some rows and score it on the test rows."""
    rare = RARE_CLASSES[dataset.name]
    truth = (dataset.test[dataset.target] == rare).to_numpy()
    labels = (rows[dataset.target] == rare).to_numpy()
    fitted, held_out = _features(rows, dataset), _features(dataset.test, dataset)
    figures = {}
    for name, learner in learners(dataset, class_weight, seed).items():
        learner.fit(fitted, labels)
        figures[name] = {
            "average_precision": float(
                average_precision_score(truth, learner.predict_proba(held_out)[:, 1])
            ),
            "balanced_accuracy": float(balanced_accuracy_score(truth, learner.predict(held_out))),
        }
    return figures


def measure(case: Case) -> dict[str, Any]:
    """Run one case."""
    dataset = thinned(case.data_set, case.seed)
    started = time.perf_counter()
    rows = resampled(case, dataset)
    seconds = time.perf_counter() - started
    class_weight = "balanced" if case.method == "weights" else None
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **case.key,
        "n_train": len(dataset.train),
        "n_rare": int((dataset.train[dataset.target] == RARE_CLASSES[case.data_set]).sum()),
        "n_new": len(rows) - len(dataset.train),
        "resample_seconds": round(seconds, 2),
        "figures": scores(rows, dataset, class_weight, case.seed),
        "machine": cell.machine(OWN_PACKAGES),
    }


def missing(cases: Iterable[Case], results: Sequence[dict[str, Any]]) -> list[Case]:
    """Return the cases that have no result yet."""
    done = [{name: result[name] for name in CASE_KEYS} for result in results]
    return [case for case in cases if case.key not in done]


def cases(options: argparse.Namespace) -> Iterator[Case]:
    """Yield the cases asked for, seed after seed."""
    params = {"max_steps": options.max_steps, "max_seconds": options.max_seconds}
    params = {name: value for name, value in params.items() if value is not None} | options.params
    for seed in options.seeds:
        for data_set in options.data:
            for method in options.methods:
                yield Case(data_set, method, seed, params if method == "synthwgan" else {})


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown: means over the seeds, with their standard errors.

    In bold: the best mean of a column, and those that are not worse by two standard errors of
    the difference, seed by seed.
    """
    parts = []
    for data_set in RARE_CLASSES:
        own = [result for result in results if result["data_set"] == data_set]
        if own:
            parts.append(_part(data_set, own))
    return "\n\n".join([*parts, measured(results)])


def _part(data_set: str, results: list[dict[str, Any]]) -> str:
    by_method: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        by_method.setdefault(_title(result), []).append(result)
    order = list(METHODS.values())
    by_method = dict(sorted(by_method.items(), key=lambda item: order.index(item[0].split(",")[0])))
    columns = [(learner, figure) for learner in LEARNERS for figure in FIGURES]
    marked = {column: best(_values(by_method, column)) for column in columns}
    rows = [
        [title, str(len(own)), f"{statistics.fmean(one['resample_seconds'] for one in own):.0f}"]
        + [
            _shown(_values(by_method, column)[title], title in marked[column][1])
            for column in columns
        ]
        for title, own in by_method.items()
    ]
    titles = ["method", "seeds", "seconds"]
    titles += [f"{LEARNERS[learner]}, {FIGURES[figure]}" for learner, figure in columns]
    lines = [
        f"- {LEARNERS[learner]}, {FIGURES[figure]}: {_verdict(*marked[learner, figure])}"
        for learner, figure in columns
    ]
    one = results[0]
    heading = (
        f"**{data_set.capitalize()}**: {one['n_rare']} of {one['n_train']:,} training rows are "
        f"`{RARE_CLASSES[data_set]}`."
    )
    return "\n\n".join([heading, markdown_table(titles, rows), "\n".join(["Best:", "", *lines])])


def _title(result: dict[str, Any]) -> str:
    settings = [f"{name} {value}" for name, value in result["params"].items()]
    return ", ".join([METHODS[result["method"]], *settings])


Values = dict[str, dict[int, float]]


def _values(by_method: dict[str, list[dict[str, Any]]], column: tuple[str, str]) -> Values:
    learner, figure = column
    return {
        title: {result["seed"]: result["figures"][learner][figure] for result in own}
        for title, own in by_method.items()
    }


def best(values: Values) -> tuple[str, set[str]]:
    """Return the method with the best mean, and all that are not clearly worse.

    Parameters
    ----------
    values : dict of method to dict of seed to value
        A method is clearly worse if its difference to the best one, over the seeds that both
        have, is more than two standard errors. With one seed nothing is clear but the mean.
    """
    first = max(values, key=lambda method: statistics.fmean(values[method].values()))
    level = {first}
    for method, own in values.items():
        lost = [values[first][seed] - own[seed] for seed in own.keys() & values[first].keys()]
        error = standard_error(lost)
        if error is not None and statistics.fmean(lost) <= 2 * error:
            level.add(method)
    return first, level


def standard_error(numbers: Sequence[float]) -> float | None:
    """Return the standard error of a mean, or None for less than two numbers."""
    if len(numbers) < 2:
        return None
    return statistics.stdev(numbers) / math.sqrt(len(numbers))


def _shown(of_seeds: dict[int, float], is_best: bool) -> str:
    error = standard_error(list(of_seeds.values()))
    text = f"{statistics.fmean(of_seeds.values()):.3f}"
    text += "" if error is None else f" ± {error:.3f}"
    return f"**{text}**" if is_best else text


def _verdict(first: str, level: set[str]) -> str:
    others = sorted(level - {first})
    return first + (f"; not clearly worse: {'; '.join(others)}" if others else "")


def _parted(rows: pd.DataFrame, target: str) -> tuple[pd.DataFrame, pd.Series]:
    return rows.drop(columns=target), rows[target]


def _together(X: pd.DataFrame, y: pd.Series, dataset: Dataset) -> pd.DataFrame:
    return X.assign(**{dataset.target: y})[list(dataset.train.columns)]


def _features(rows: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return numbers as floats, and texts as categories known from both halves."""
    features = {name: rows[name].astype("float64") for name in dataset.numeric}
    for name in dataset.categorical:
        if name != dataset.target:
            known = sorted({*dataset.train[name], *dataset.test[name]})
            features[name] = pd.Categorical(rows[name], categories=known)
    return pd.DataFrame(features, index=rows.index)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases that lack, and rewrite the page."""
    options = _parser().parse_args(arguments)
    if options.rows is not None:
        seed = options.seeds[0]
        smotenc_rows(thinned(options.data[0], seed), seed).to_parquet(options.rows)
        return
    path = RESULTS if options.results is None else options.results
    results = kept(path)
    for case in missing(cases(options), results):
        results.append(measure(case))
        cell.write({"results": results}, path)
        print(describe(results[-1]), flush=True)
    if path == RESULTS and results:
        write_part(PAGE, "oversampling", table(results))


def describe(result: dict[str, Any]) -> str:
    """Return a result as one line for the terminal."""
    figures = ", ".join(
        f"{learner} {figure} {value:.3f}"
        for learner, own in result["figures"].items()
        for figure, value in own.items()
    )
    return f"{result['data_set']}, {_title(result)}, seed {result['seed']}: {figures}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.oversampling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", nargs="+", choices=RARE_CLASSES, default=list(RARE_CLASSES))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(N_SEEDS)))
    parser.add_argument("--max-steps", type=int, help="training steps of WGANGPSynthesizer")
    parser.add_argument("--max-seconds", type=float, help="its seconds of training")
    parser.add_argument("--params", type=json.loads, default={}, help="its parameters, as JSON")
    parser.add_argument("--results", type=Path, help="another file of results")
    parser.add_argument("--rows", type=Path, help="only write the rows of SMOTENC, for a peer")
    return parser


if __name__ == "__main__":
    main()
