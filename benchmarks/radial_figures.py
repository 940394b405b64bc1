"""Means over the cells of the benchmark of several tables, and their intervals over the seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scipy.stats import t as student

from benchmarks.cell import read
from benchmarks.radial_measures import LEARNERS
from benchmarks.radial_methods import WITHOUT_NETWORKS

LEVEL = 0.95
BOTH = "both"
NONE = "–"

Record = Mapping[str, Any]
# What tells a cell from others, and the seed.
Key = tuple[tuple[Any, ...], int]
Values = dict[Key, float]


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Return all records of a folder but those of networks whose training was cut short."""
    records = [record for path in sorted(folder.glob("*.json")) for record in read(path)["results"]]
    return [
        record
        for record in records
        if record["max_steps"] is None or record["method"] in WITHOUT_NETWORKS
    ]


def chosen(records: Iterable[Record], **wanted: Any) -> list[Record]:
    """Return the records with some values, ``chosen(records, case="adult", method="radial")``."""
    return [
        record for record in records if all(record[name] == value for name, value in wanted.items())
    ]


def key_of(record: Record) -> Key:
    """Return the cell and the seed of a record."""
    return (tuple(record[name] for name in ("case", "regime", "target", "rows")), record["seed"])


def values(
    records: Iterable[Record], method: str, figure: Callable[[Record], float | None]
) -> Values:
    """Return a figure of a method's records, by cell and seed, where there is one."""
    found = {key_of(record): figure(record) for record in chosen(records, method=method)}
    return {key: value for key, value in found.items() if value is not None}


def auc(learner: str) -> Callable[[Record], float]:
    """Return what reads the AUC of a learner, or with `BOTH` the mean of all."""
    names = list(LEARNERS) if learner == BOTH else [learner]
    return lambda record: statistics.fmean(record["auc"][name] for name in names)


def less(values: Values, others: Values) -> Values:
    """Return the differences where both have a value."""
    return {key: value - others[key] for key, value in values.items() if key in others}


@dataclass(frozen=True)
class Estimate:
    """A mean over cells, and its interval over seeds.

    Parameters
    ----------
    mean : float
        The mean.
    margin : float or None
        Half of the 95 % interval, by Student's t; None with one seed.
    n_cells, n_seeds : int
        Of how many.
    """

    mean: float
    margin: float | None
    n_cells: int
    n_seeds: int

    def shown(self, form: str) -> str:
        """Return it as text."""
        if self.margin is None:
            return f"{self.mean:{form}}"
        return f"{self.mean:{form}} ± {self.margin:{form.lstrip('+')}}"


def shown(found: Estimate | None, form: str) -> str:
    """Return an estimate as text, or a dash."""
    return NONE if found is None else found.shown(form)


def estimate(values: Values) -> Estimate | None:
    """Return the mean over the cells, seed by seed, and its interval; None of nothing.

    Only seeds that have all the cells count, so that no cell counts more than another; if there is
    none, all seeds do.
    """
    by_seed: dict[int, list[float]] = {}
    for (_, seed), value in values.items():
        by_seed.setdefault(seed, []).append(value)
    if not by_seed:
        return None
    n_cells = len({cell for cell, _ in values})
    whole = [own for own in by_seed.values() if len(own) == n_cells]
    means = [statistics.fmean(own) for own in whole or by_seed.values()]
    return Estimate(statistics.fmean(means), _margin(means), n_cells, len(means))


def _margin(numbers: Sequence[float]) -> float | None:
    if len(numbers) < 2:
        return None
    quantile = float(student.ppf((1 + LEVEL) / 2, len(numbers) - 1))
    return quantile * statistics.stdev(numbers) / math.sqrt(len(numbers))


def gain(
    records: Sequence[Record], method: str, learner: str = BOTH, over: str = "target"
) -> Estimate | None:
    """Return the AUC of a method less that of another, in the same cells with the same seeds."""
    figure = auc(learner)
    return estimate(less(values(records, method, figure), values(records, over, figure)))


def closed(records: Sequence[Record], method: str, learner: str = BOTH) -> Estimate | None:
    """Return the share that a method closes of the gap from few target rows to all there are.

    It is the mean gain over the mean gap, in the same cells with the same seeds.
    """
    figure = auc(learner)
    few, all_rows = (values(records, name, figure) for name in ("target", "all"))
    gaps, gains = less(all_rows, few), less(values(records, method, figure), few)
    gap = estimate({key: value for key, value in gaps.items() if key in gains})
    gained = estimate({key: value for key, value in gains.items() if key in gaps})
    if gained is None or gap is None or gap.mean <= 0:
        return None
    share = gained.mean / gap.mean
    # The interval of a ratio: of what is gained beyond that share of each seed's gap.
    beyond = estimate({key: gains[key] - share * gaps[key] for key in gains if key in gaps})
    margin = None if beyond is None or beyond.margin is None else beyond.margin / gap.mean
    return Estimate(share, margin, gained.n_cells, gained.n_seeds)


def same_sign(records: Sequence[Record]) -> Estimate | None:
    """Return the share of cells, each with each seed, whose `gain_` has the gain's sign."""
    found = values(records, "radial", lambda record: record["gain"]["difference"])
    trees = auc("trees")
    true = less(values(records, "radial", trees), values(records, "target", trees))
    agree = [math.copysign(1, found[key]) == math.copysign(1, true[key]) for key in true]
    if not agree:
        return None
    n_cells, n_seeds = (len({key[place] for key in true}) for place in (0, 1))
    return Estimate(statistics.fmean(agree), None, n_cells, n_seeds)


def longest_fit(records: Sequence[Record]) -> Estimate | None:
    """Return the seconds of the longest fit on a CPU."""
    seconds = values(
        [record for record in records if record["machine"]["gpu"] is None],
        "filled",
        lambda record: record["fit_seconds"],
    )
    if not seconds:
        return None
    n_cells, n_seeds = (len({key[place] for key in seconds}) for place in (0, 1))
    return Estimate(max(seconds.values()), None, n_cells, n_seeds)


def figure_at(*path: str) -> Callable[[Record], float | None]:
    """Return what reads a figure of a record, None where it lacks."""

    def read(record: Record) -> float | None:
        value: Any = record
        for name in path:
            value = value.get(name) if value is not None else None
        return value

    return read


# Method whose records have it, where it stands there, and its format.
TRANSLATION_FIGURES = {
    "correlation of numbers": ("radial", ("alignment", "correlation"), ".2f"),
    "agreement of categories": ("radial", ("alignment", "agreement"), ".2f"),
    "pairs found": ("radial", ("pairs", "correct"), ".1f"),
    "wrong": ("radial", ("pairs", "wrong"), ".1f"),
    "missed": ("radial", ("pairs", "missed"), ".1f"),
    "states kept": ("filled", ("round_trip", "states"), ".1%"),
    "of shared columns": ("filled", ("round_trip", "shared_states"), ".1%"),
    "values off by": ("filled", ("round_trip", "values"), ".2f"),
    "in shared columns": ("filled", ("round_trip", "shared_values"), ".2f"),
    "C2ST-GB, filled": ("filled", ("c2st_gb",), ".2f"),
    "C2ST-GB, all drawn": ("drawn", ("c2st_gb",), ".2f"),
    "fit s": ("filled", ("fit_seconds",), ".0f"),
    "CPU s": ("filled", ("fit_cpu_seconds",), ".0f"),
}


def translation_figure(records: Iterable[Record], title: str) -> Estimate | None:
    """Return the mean of one of `TRANSLATION_FIGURES`."""
    method, path, _ = TRANSLATION_FIGURES[title]
    return estimate(values(records, method, figure_at(*path)))
