"""Distributions of one, two and three columns, beside what a holdout of the same size reaches."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from synthwgan.evaluation.inputs import Rows
from synthwgan.evaluation.measures import Measure
from synthwgan.evaluation.sections.features import Bins
from synthwgan.evaluation.sections.yardsticks import Yardsticks

N_BINS = MAX_LEVELS = 10
MAX_SETS = 500
# Places of levels, of the other common ones, of rare ones, and of missing cells.
_WIDTH = MAX_LEVELS + 3
_NAMES = {1: "one column", 2: "two columns", 3: "three columns"}
_QUESTIONS = {
    1: "Are single columns as close as held-out rows are?",
    2: "Are pairs of columns as close as held-out rows are?",
    3: "Are three columns at a time as close as held-out rows are?",
}
_ASIDES = {
    1: "column shapes sees the same",
    2: "pair trends sees the same, apart from single columns",
    3: "the classifier sees the same, and more",
}


def accuracy_measures(
    yardsticks: Yardsticks, n_columns: int, rng: np.random.Generator
) -> list[Measure]:
    """Return the accuracy of sets of columns; none where there are fewer columns than that.

    Parameters
    ----------
    yardsticks : Yardsticks
        The ceiling is what real rows that were held out reach, as many as there are synthetic
        ones: no distribution of finitely many rows is that of the real ones.
    n_columns : {1, 2, 3}
        How many columns are looked at together.
    rng : Generator
        Draws 500 sets where there are more.
    """
    if len(yardsticks.synthetic.reference.columns) < n_columns:
        return []
    sets = column_sets([one.name for one in yardsticks.synthetic.reference.columns], n_columns, rng)

    def figures(reference: Rows, candidate: Rows) -> dict[str, float]:
        return {key: accuracy(reference, candidate, sets)}

    key = f"accuracy_{n_columns}"
    held_out = (
        "the test rows"
        if yardsticks.has_test
        else "one half of the real rows, as held-out ones need test rows"
    )
    readings = yardsticks.measure(figures, "flat" if n_columns == 1 else "independent")
    return [
        readings.measure(
            key,
            f"Accuracy, {_NAMES[n_columns]}",
            question=_QUESTIONS[n_columns],
            meaning=f"1 minus the mean total variation of {_NAMES[n_columns]}, numbers in ten "
            f"bins; ceiling: as many rows of {held_out}.",
            form=".1%",
            counts=False,
            aside=_ASIDES[n_columns],
        )
    ]


def column_sets(names: list[Any], size: int, rng: np.random.Generator) -> list[tuple[Any, ...]]:
    """Return all sets of so many columns, of more than 500 so many at random."""
    if comb(len(names), size) <= MAX_SETS:
        return list(combinations(names, size))
    drawn: dict[tuple[int, ...], None] = {}
    while len(drawn) < MAX_SETS:
        drawn[tuple(sorted(rng.choice(len(names), size, replace=False).tolist()))] = None
    return [tuple(names[place] for place in places) for places in drawn]


def accuracy(reference: Rows, candidate: Rows, sets: list[tuple[Any, ...]]) -> float:
    """Return 1 minus the mean total variation between distributions of sets of columns.

    Numbers are put in ten bins at the quantiles of the reference, and of categories the ten
    commonest stand alone. Missing cells are a value.

    Parameters
    ----------
    reference, candidate : Rows
    sets : list of tuples of column names
        Which columns are looked at together.

    References
    ----------
    Platzer and Reutterer, "Holdout-Based Empirical Assessment of Mixed-Type Synthetic Data",
    Frontiers in Big Data 4, 2021; Sidorenko, Platzer, Scriminaci and Tiwald, "Benchmarking
    Synthetic Tabular Data: A Multi-Dimensional Evaluation Framework", 2025.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> from synthwgan.evaluation.sections.accuracy import accuracy
    >>> real = pd.DataFrame({"a": ["x"] * 10 + ["y"] * 10, "b": ["u"] * 10 + ["v"] * 10})
    >>> tables = Tables.of(real, real.assign(a=["x", "y"] * 10))
    >>> pairs = [("a",), ("b",)], [("a", "b")]
    >>> [accuracy(tables.real, tables.synthetic, sets) for sets in pairs]
    [1.0, 0.5]
    """
    bins = Bins(reference, N_BINS, MAX_LEVELS)
    known, made = bins.codes(reference), bins.codes(candidate)
    distances = [np.abs(_shares(known, names) - _shares(made, names)).sum() / 2 for names in sets]
    return float(1 - np.mean(distances))


def _shares(codes: dict[Any, np.ndarray], names: tuple[Any, ...]) -> np.ndarray:
    cells = codes[names[0]]
    for name in names[1:]:
        cells = cells * _WIDTH + codes[name]
    return np.bincount(cells, minlength=_WIDTH ** len(names)) / len(cells)
