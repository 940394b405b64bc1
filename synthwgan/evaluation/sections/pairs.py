"""Columns two by two: whether their cells go together as in the real table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Rows, Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.accuracy import accuracy_measures
from synthwgan.evaluation.sections.features import Bins
from synthwgan.evaluation.sections.information import information_measure
from synthwgan.evaluation.sections.intervals import mean_interval, normal_interval
from synthwgan.evaluation.sections.yardsticks import Readings, Yardsticks

TITLE = "Do pairs of columns look alike?"
MAX_CROSSED = 30
MAX_BINS, MAX_LEVELS = 10, 50
N_REPEATS = 5
# Bins are as many as leave so many rows, on average, in each cell of a pair.
_CELL_ROWS = 5


def pairs_section(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    """Compare how columns depend on each other, two by two; the floor is independent columns.

    Numbers are compared in at most ten bins, so that dependence of any form is seen, and so is
    that of missing cells.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Draws the columns where there are many, and the repeats.
    """
    names = crossed(yardsticks.synthetic.reference, rng)
    if len(names) < 2:
        note = "Skipped: it takes two columns in which cells repeat or are numbers."
        return Section("pairs", TITLE, notes=(note,), skipped=True)
    crossing = Crossing(yardsticks.synthetic.reference, names, yardsticks.n_common)
    readings = yardsticks.measure(crossing.figures)
    candidate = yardsticks.synthetic.candidate
    measures = (
        _trends(crossing, readings, candidate, rng),
        readings.measure(
            "possible_rows",
            "Possible rows",
            interval=mean_interval(crossing.possible(candidate), rng),
            question="Do rows hold only combinations that occur?",
            meaning="Rows without a pair of values that never occur together in a real row.",
        ),
        *accuracy_measures(yardsticks, 2, rng),
        information_measure(yardsticks, names),
    )
    details = {"Pairs": _pair_table(crossing, yardsticks)}
    notes = [yardsticks.note]
    left_out = [repr(column.label) for column in tables.columns if column.name not in names]
    if left_out:
        some = ", ".join(left_out[:5]) + (" and more" if len(left_out) > 5 else "")
        notes.append(
            f"{len(names)} of {len(tables.columns)} columns are crossed: those of more than one "
            f"common value, at most {MAX_CROSSED}, drawn at random. Not {some}."
        )
    return Section("pairs", TITLE, measures, details, tuple(notes))


class Crossing:
    """Reference rows, crossed two columns at a time.

    The dependence of a pair is how far its combinations are from what the two columns alone would
    make of them: the residuals ``(joint - expected) / sqrt(expected)``, whose squares add up to
    the chi-squared statistic by the number of rows. Columns that are off by themselves, or by
    chance, do not enter.

    Parameters
    ----------
    reference : Rows
    names : list of column names
        The columns to cross.
    n_rows : int
        How many rows will be compared: fewer make coarser bins.
    """

    def __init__(self, reference: Rows, names: list[Any], n_rows: int) -> None:
        n_codes = int(np.sqrt(n_rows / _CELL_ROWS))
        self._names = names
        self._bins = Bins(
            reference.select(names),
            int(np.clip(n_codes, 2, MAX_BINS)),
            int(np.clip(n_codes, 2, MAX_LEVELS)),
        )
        # Codes are those of bins or levels, two for the other levels, and 0 for missing.
        self._width = int(np.clip(n_codes, 2, MAX_LEVELS)) + 3
        self._width = max(self._width, min(n_codes, MAX_BINS) + 1)
        self._shares = dict(self._counted(reference))
        self._residuals = {pair: _residuals(shares) for pair, shares in self._shares.items()}

    def figures(self, reference: Rows, candidate: Rows) -> dict[str, float]:
        """Return the figures of candidate rows; the reference is the one that was given."""
        return {
            "pair_trends": self.trends(candidate),
            "possible_rows": float(self.possible(candidate).mean()),
        }

    def trends(self, candidate: Rows) -> float:
        """Return how much of all dependence is the same, strong pairs before weak ones."""
        found = np.array(list(self.alike(candidate).values()))
        weights = found[:, 1].sum()
        return float(found.prod(axis=1).sum() / weights) if weights > 0 else np.nan

    def alike(self, candidate: Rows) -> dict[tuple[Any, Any], tuple[float, float]]:
        """Return how much of each pair's dependence is the same, and how strong it is.

        That is ``1 - |a - b|^2 / (|a|^2 + |b|^2)`` for residuals a of the reference and b of the
        candidate: 1 if they are equal, about 0 if one of the tables has independent columns.
        """
        found = {}
        for pair, shares in self._counted(candidate):
            one, other = self._residuals[pair], _residuals(shares)
            squares = float((one**2).sum() + (other**2).sum())
            same = 2 * float((one * other).sum()) / squares if squares > 0 else 1.0
            found[pair] = same, np.sqrt(squares / 2)
        return found

    def possible(self, candidate: Rows) -> np.ndarray:
        """Return which rows have no pair of codes that no reference row has, shape (n_rows,)."""
        possible = np.ones(len(candidate), dtype=bool)
        for pair, cells in self._cells(candidate):
            possible &= self._shares[pair].ravel()[cells] > 0
        return possible.astype(float)

    def _counted(self, rows: Rows) -> Iterator[tuple[tuple[Any, Any], np.ndarray]]:
        shape = self._width, self._width
        for pair, cells in self._cells(rows):
            yield pair, np.bincount(cells, minlength=self._width**2).reshape(shape) / len(rows)

    def _cells(self, rows: Rows) -> Iterator[tuple[tuple[Any, Any], np.ndarray]]:
        codes = self._bins.codes(rows.select(self._names))
        for first, second in combinations(self._names, 2):
            yield (first, second), codes[first] * self._width + codes[second]


def _residuals(shares: np.ndarray) -> np.ndarray:
    expected = shares.sum(axis=1, keepdims=True) * shares.sum(axis=0)
    return (shares - expected) / np.sqrt(np.where(expected > 0, expected, 1.0))


def _trends(
    crossing: Crossing, readings: Readings, candidate: Rows, rng: np.random.Generator
) -> Measure:
    repeats = []
    for _ in range(N_REPEATS):
        drawn = candidate.take(rng.integers(len(candidate), size=len(candidate)))
        repeats.append(crossing.trends(drawn))
    return readings.measure(
        "pair_trends",
        "Pair trends",
        # Their percentiles would miss the figure itself: resampled rows differ more than fresh.
        interval=normal_interval(readings.synthetic["pair_trends"], float(np.std(repeats, ddof=1))),
        question="Do columns depend on each other as they should?",
        meaning="How much of the columns' dependence on each other is kept; 0 is none of it.",
    )


def crossed(reference: Rows, rng: np.random.Generator) -> list[Any]:
    """Return the columns whose pairs are compared: all that can be, or some drawn at random."""
    codes = Bins(reference, max_levels=MAX_LEVELS).codes(reference)
    names = [column.name for column in reference.columns if len(np.unique(codes[column.name])) > 1]
    if len(names) > MAX_CROSSED:
        drawn = rng.choice(len(names), size=MAX_CROSSED, replace=False)
        names = [names[place] for place in sorted(drawn)]
    return names


def _pair_table(crossing: Crossing, yardsticks: Yardsticks) -> pd.DataFrame:
    own, ceiling = (
        crossing.alike(pair.candidate) for pair in (yardsticks.synthetic, yardsticks.ceiling)
    )
    rows = [(*pair, own[pair][0], ceiling[pair][0], own[pair][1]) for pair in own]
    table = pd.DataFrame(rows, columns=["column", "other", "trend", "ceiling", "strength"])
    cost = (table["ceiling"] - table["trend"]) * table["strength"]
    return table.loc[cost.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
