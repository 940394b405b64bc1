"""Results as Markdown tables: the seeds of a run are one row, mean and standard deviation."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.page import markdown_table

PUBLISHED = Path(__file__).resolve().parent / "published.json"
MODEL_NAMES = {
    "synthwgan": "**synthwgan**",
    "argn": "TabularARGN",
    "arf": "ARF",
    "tvae": "TVAE",
    "ctgan": "CTGAN",
    "gaussian_copula": "Gaussian copula",
    "smotenc": "SMOTENC",
    "bootstrap": "*bootstrap*",
    "real": "*real test rows*",
}
# Title and format of every figure and cost.
FIGURES = {
    "fit_seconds": ("fit s", ".0f"),
    "fit_cpu_seconds": ("fit CPU s", ".0f"),
    "rows_per_second": ("rows/s", ".0f"),
    "peak_memory_mb": ("memory MB", ".0f"),
    "shape_err": ("shape err", ".2f"),
    "trend_err": ("trend err", ".2f"),
    "c2st_lr": ("C2ST-LR", ".3f"),
    "c2st_gb": ("C2ST-GB", ".3f"),
    "c2st_xgb": ("C2ST-XGB", ".3f"),
    "c2st_lgbm": ("C2ST-LGBM", ".3f"),
    "held_out_auc": ("held-out AUC", ".3f"),
    "mle": ("MLE", ".3f"),
    "mle_real": ("MLE of real rows", ".3f"),
    "alpha_precision": ("α-precision", ".3f"),
    "beta_recall": ("β-recall", ".3f"),
    "dcr_share": ("DCR share", ".3f"),
    "copies": ("copies", ".4f"),
}
FIDELITY = (
    "shape_err",
    "trend_err",
    "c2st_lr",
    "c2st_gb",
    "c2st_xgb",
    "c2st_lgbm",
    "held_out_auc",
    "mle",
    "alpha_precision",
    "beta_recall",
)
COSTS = (
    "fit_seconds",
    "fit_cpu_seconds",
    "rows_per_second",
    "peak_memory_mb",
    "dcr_share",
    "copies",
)
# No seconds: runs of one table may be of several machines, and those stand beside their costs.
HEADLINE = (
    "shape_err",
    "trend_err",
    "c2st_gb",
    "c2st_xgb",
    "held_out_auc",
    "mle",
    "dcr_share",
)
SMALL = ("fit_seconds", "shape_err", "trend_err", "mle", "mle_real", "dcr_share", "copies")
# Neither is fitted: what they cost says nothing.
NOT_MODELS = ("bootstrap", "real")
NO_FIGURE = "–"


@dataclass(frozen=True)
class Run:
    """The results of one model with its parameters on one data set, over the seeds."""

    results: tuple[dict[str, Any], ...]

    @property
    def model(self) -> str:
        return self.results[0]["model"]

    @property
    def data_set(self) -> str:
        return self.results[0]["data_set"]

    @property
    def threads(self) -> int:
        return self.results[0]["threads"]

    @property
    def params(self) -> dict[str, Any]:
        return self.results[0]["params"]

    @property
    def settings(self) -> str:
        """The parameters that are not the defaults, as one text."""
        return ", ".join(f"{key}={value}" for key, value in self.params.items())

    @property
    def label(self) -> str:
        """The name of the model with its budget or its settings."""
        name = MODEL_NAMES[self.model]
        if set(self.params) == {"max_seconds"}:
            return f"{name}, {self.params['max_seconds']:g} s"
        return ", ".join(filter(None, [name, self.settings]))

    def values(self, figure: str) -> list[float]:
        """The figure's value of every seed that has it."""
        known = [_value(result, figure) for result in self.results]
        return [value for value in known if value is not None]

    def mean(self, figure: str) -> float | None:
        """The figure's mean over the seeds, None where it was not measured."""
        values = self.values(figure)
        return statistics.fmean(values) if values else None

    def text(self, figure: str) -> str:
        """The figure's mean, and its standard deviation where there are several seeds."""
        values, form = self.values(figure), FIGURES[figure][1]
        if not values:
            return NO_FIGURE
        mean = f"{statistics.fmean(values):{form}}"
        return f"{mean} ± {statistics.stdev(values):{form}}" if len(values) > 1 else mean


def load_runs(folder: Path) -> list[Run]:
    """Read the results of a folder, in the order in which the tables show them."""
    groups: dict[tuple, list[dict[str, Any]]] = {}
    files = (json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json"))
    # Other comparisons keep a list of results in a file of their own.
    of_cells = (result for result in files if "params" in result)
    for result in sorted(of_cells, key=lambda result: (result["date"], result["seed"])):
        key = (result["data_set"], result["model"], str(result["params"]), result["threads"])
        groups.setdefault(key, []).append(result)
    return sorted((Run(tuple(group)) for group in groups.values()), key=_rank)


def fidelity_table(runs: Iterable[Run], data_set: str) -> str:
    """Return how close each model comes, beside published figures; the fewest threads count."""
    fewest = {}
    for run in _of(runs, data_set):
        fewest.setdefault((run.model, run.settings), run)
    rows = [[run.label, str(len(run.results)), *_texts(run, FIDELITY)] for run in fewest.values()]
    rows += [
        [f"{row['model']}, *published*", "5", *_published(row, FIDELITY)]
        for row in published(data_set)
    ]
    return markdown_table(["model", "seeds", *_titles(FIDELITY)], rows)


def cost_table(runs: Iterable[Run], data_set: str) -> str:
    """Return what each model costs, and whether it repeats its training rows."""
    rows = [[run.label, str(run.threads), *_texts(run, COSTS)] for run in _of(runs, data_set)]
    rows += [
        [f"{row['model']}, *published*", "GPU", *_published(row, COSTS)]
        for row in published(data_set)
    ]
    return markdown_table(["model", "threads", *_titles(COSTS)], rows)


def headline_table(runs: Iterable[Run], data_sets: Sequence[str]) -> str:
    """Return the main figures of every model at its defaults, one thread."""
    rows = [
        [data_set, run.label, *(_short(run, figure) for figure in HEADLINE)]
        for data_set in data_sets
        for run in _of(runs, data_set)
        if not run.params and run.threads == 1
    ]
    return markdown_table(["data set", "model", *_titles(HEADLINE)], rows)


def home_table(runs: Iterable[Run], data_sets: Sequence[str], figure: str) -> str:
    """Return one figure of every model at its defaults, a line for each data set."""
    shown = [run for run in runs if not run.params and run.threads == 1]
    by_data_set = {name: {run.label: run for run in _of(shown, name)} for name in data_sets}
    labels = list(dict.fromkeys(label for own in by_data_set.values() for label in own))
    kept = [label for label in labels if label not in (MODEL_NAMES["bootstrap"],)]
    rows = [
        [name, *(_short(own[label], figure) if label in own else NO_FIGURE for label in kept)]
        for name, own in by_data_set.items()
    ]
    return markdown_table(["data set", *kept], rows)


def small_table(runs: Iterable[Run], without: Sequence[str]) -> str:
    """Return the figures of all other data sets, without the tests that need many rows."""
    rows = [
        [run.data_set, run.label, str(len(run.results)), *_texts(run, SMALL)]
        for run in runs
        if run.data_set not in without
    ]
    return markdown_table(["data set", "model", "seeds", *_titles(SMALL)], rows)


def published(data_set: str) -> list[dict[str, Any]]:
    """Return the published rows of one data set."""
    rows = json.loads(PUBLISHED.read_text(encoding="utf-8"))["rows"]
    return [row for row in rows if row["data_set"] == data_set]


def _rank(run: Run) -> tuple:
    """Order by data set, model, budget (none last) and threads."""
    budget = run.params.get("max_seconds", float("inf"))
    return run.data_set, list(MODEL_NAMES).index(run.model), budget, run.settings, run.threads


def _value(result: dict[str, Any], figure: str) -> float | None:
    if figure in result["figures"]:
        return result["figures"][figure]
    if result["model"] in NOT_MODELS:
        return None
    if figure == "rows_per_second":
        return result["n_synthetic"] / result["sample_seconds"]
    return result.get(figure)


def _of(runs: Iterable[Run], data_set: str) -> list[Run]:
    return [run for run in runs if run.data_set == data_set]


def _texts(run: Run, figures: Sequence[str]) -> list[str]:
    return [run.text(figure) for figure in figures]


def _short(run: Run, figure: str) -> str:
    mean = run.mean(figure)
    return NO_FIGURE if mean is None else f"{mean:{FIGURES[figure][1]}}"


def _published(row: dict[str, Any], figures: Sequence[str]) -> list[str]:
    return [
        f"{row[figure]:{FIGURES[figure][1]}}" if figure in row else NO_FIGURE for figure in figures
    ]


def _titles(figures: Sequence[str]) -> list[str]:
    return [FIGURES[figure][0] for figure in figures]
