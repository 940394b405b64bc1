"""What a figure is measured against: tables that are as bad and as good as the data itself.

A figure such as 0.93 means something only beside what other tables reach. The same function
that measures the synthetic table measures

- *independent columns*: each real column permuted on its own. Right in every column and wrong
  in every relation between columns;
- *a flat table*: cells drawn evenly over twice the range of a number, or over the categories and
  as many that do not exist. Wrong in every column; it is the floor of figures that look at single
  columns, in which independent columns would be perfect;
- *copies*: the real table itself, handed out as if it were synthetic. The floor of privacy;
- *the ceiling*: the test rows against the real ones. Without test rows, the real rows are split
  at random into two halves, and one is measured against the other. Unlike a bootstrap, halves
  share no row, so that a figure that looks for copies finds only those that chance makes. Half
  as many rows make figures a little noisier, so that this ceiling is, if anything, too low.

What is synthetic, independent or flat is always measured against all real rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synthwgan.evaluation.measures import Measure
from synthwgan.evaluation.tables import Column, Rows, Tables

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Pair:
    """A candidate and the real rows against which it is measured."""

    reference: Rows
    candidate: Rows


@dataclass(frozen=True)
class Yardsticks:
    """The synthetic table and those that say what its figures are worth.

    Parameters
    ----------
    synthetic, independent, flat, copies, ceiling : Pair
        Each with the real rows that it is measured against; see the module.
    has_test : bool
        Whether the ceiling is the test rows, and not half of the real ones.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> from synthwgan.evaluation.sections.yardsticks import Yardsticks
    >>> frame = pd.DataFrame({"size": [1.0, 2.0, 3.0], "weight": [2.0, 4.0, 6.0]})
    >>> yardsticks = Yardsticks.of(Tables.of(frame, frame), np.random.default_rng(0))
    >>> yardsticks.independent.candidate["weight"]
    array([6., 2., 4.])
    """

    synthetic: Pair
    independent: Pair
    flat: Pair
    copies: Pair
    ceiling: Pair
    has_test: bool

    @classmethod
    def of(cls, tables: Tables, rng: np.random.Generator) -> Yardsticks:
        """Draw the tables.

        Parameters
        ----------
        tables : Tables
        rng : Generator
        """
        real, synthetic = tables.real, tables.synthetic
        if tables.test is not None:
            ceiling = Pair(real, tables.test)
        else:
            order = rng.permutation(len(real))
            half = (len(real) + 1) // 2
            ceiling = Pair(real.take(order[:half]), real.take(order[half:] if half > 1 else order))
        return cls(
            Pair(real, synthetic),
            Pair(real, independent_columns(real, rng)),
            Pair(real, flat_columns(real, rng)),
            Pair(real, real),
            ceiling,
            tables.test is not None,
        )

    @property
    def n_common(self) -> int:
        """Rows that every table and every reference has."""
        pairs = (self.synthetic, self.ceiling)
        return min(min(len(pair.reference), len(pair.candidate)) for pair in pairs)

    @property
    def note(self) -> str:
        """What the ceiling is, in words."""
        if self.has_test:
            return "Ceiling: the test rows, against the same real rows."
        return (
            "Ceiling: one half of the real rows against the other, as there are no test rows; "
            "give test rows for a ceiling that is surer."
        )

    def measure(
        self, function: Callable[[Rows, Rows], Figures], floor: str = "independent"
    ) -> Readings:
        """Measure the synthetic table, the floor and the ceiling by the same function.

        Parameters
        ----------
        function : callable
            Takes reference and candidate rows, and returns figures by name.
        floor : {"independent", "flat", "copies"}, default "independent"
            Which worthless table is the floor.
        """
        pairs = (self.synthetic, getattr(self, floor), self.ceiling)
        return Readings(*(function(pair.reference, pair.candidate) for pair in pairs))


@dataclass(frozen=True)
class Readings:
    """Figures by name: of the synthetic table, the floor and the ceiling."""

    synthetic: Figures
    floor: Figures
    ceiling: Figures

    def measure(self, key: str, label: str, *, higher: bool = True, **others: Any) -> Measure:
        """Return one figure as a measure.

        Parameters
        ----------
        key : str
            Name of the figure and of the measure.
        label : str
            Name for people.
        higher : bool, default True
            Whether a higher figure is better.
        **others
            Further parameters of `Measure`.
        """
        return Measure(
            key,
            label,
            float(self.synthetic[key]),
            floor=self.floor.get(key),
            ceiling=self.ceiling.get(key),
            higher=higher,
            **others,
        )


def independent_columns(rows: Rows, rng: np.random.Generator) -> Rows:
    """Return the rows with each column permuted on its own."""
    return Rows(rows.columns, {name: rng.permutation(array) for name, array in rows.arrays.items()})


def flat_columns(rows: Rows, rng: np.random.Generator) -> Rows:
    """Return as many rows with cells spread evenly over twice the ranges and categories.

    No cell is missing, unless all of the column are.
    """
    columns, arrays = [], {}
    for column in rows.columns:
        if column.is_number:
            arrays[column.name] = _flat_numbers(rows[column.name], rng)
        else:
            column = _with_unreal_levels(column)
            arrays[column.name] = _flat_codes(column, rows[column.name], rng)
        columns.append(column)
    return Rows(tuple(columns), arrays)


def _flat_numbers(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    present = values[~np.isnan(values)]
    if not len(present):
        return values.copy()
    low, high = present.min(), present.max()
    margin = (high - low) / 2
    return rng.uniform(low - margin, high + margin, size=len(values))


def _with_unreal_levels(column: Column) -> Column:
    unreal = tuple(f"<unreal {place}>" for place in range(column.n_real_levels))
    return replace(column, levels=(*column.levels, *unreal))


def _flat_codes(column: Column, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if not column.n_real_levels:
        return codes.copy()
    drawn = rng.integers(2 * column.n_real_levels, size=len(codes))
    n_others = len(column.levels) - 2 * column.n_real_levels
    return np.where(drawn < column.n_real_levels, drawn, drawn + n_others)
