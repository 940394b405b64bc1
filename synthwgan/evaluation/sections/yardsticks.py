"""What a figure is measured against: tables that are as bad and as good as the data itself.

A figure such as 0.93 means something only beside what other tables reach. The same function
that measures the synthetic table measures

- *independent columns*: each real column permuted on its own. Right in every column and wrong
  in every relation between columns. Of few rows one is better than another by chance: there are
  three then, and the floor is the best of them;
- *a flat table*: cells drawn evenly over twice the range of a number, or over the categories and
  as many that do not exist. Wrong in every column; it is the floor of figures that look at single
  columns, in which independent columns would be perfect;
- *the ceiling*: real rows that the model never saw, the test rows, against the real ones. Without
  test rows, the real rows are split at random into two halves, and one is measured against the
  other. Unlike a bootstrap, halves share no row, so that a figure that looks for copies finds
  only those that chance makes.

What is compared has equally many rows, drawn at random, and is measured against the same real ones
(one half of them without test rows): of few rows every figure is worse, and a classifier learns
less from them, so that a small table would be flattered by the floor of a large one, and any table
by the ceiling of a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synthwgan.evaluation.inputs import Column, Rows, Tables
from synthwgan.evaluation.measures import Measure

Figures = Mapping[str, float]
# Of fewer rows, chance alone can lift a worthless table well above another one.
FEW_ROWS, N_FLOORS = 5_000, 3


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
    synthetic : Pair
        The synthetic table with the real rows that it is measured against, as in all pairs.
    independent : tuple of Pair
        One, or three where there are few rows.
    flat, ceiling : Pair
        All candidates have one length; see the module.
    has_test : bool
        Whether the ceiling is the test rows, and not half of the real ones.
    quick : bool, default False
        Whether the slow figures are to be left out.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> from synthwgan.evaluation.sections.yardsticks import Yardsticks
    >>> frame = pd.DataFrame({"size": np.arange(100.0), "weight": np.arange(100.0)})
    >>> yardsticks = Yardsticks.of(Tables.of(frame, frame), np.random.default_rng(0))
    >>> rows = yardsticks.independent[0].candidate
    >>> len(rows), bool((rows["size"] == rows["weight"]).mean() < 0.1)
    (50, True)
    """

    synthetic: Pair
    independent: tuple[Pair, ...]
    flat: Pair
    ceiling: Pair
    has_test: bool
    quick: bool = False

    @classmethod
    def of(cls, tables: Tables, rng: np.random.Generator, quick: bool = False) -> Yardsticks:
        """Draw the tables.

        Parameters
        ----------
        tables : Tables
        rng : Generator
        quick : bool, default False
            Whether the slow figures are to be left out.
        """
        real = tables.real
        if tables.test is not None:
            reference, unseen = real, tables.test
        else:
            order = rng.permutation(len(real))
            half = (len(real) + 1) // 2
            reference = real.take(order[:half])
            unseen = real.take(order[half:] if half > 1 else order)
        n_rows = min(map(len, (reference, tables.synthetic, unseen)))

        def drawn(rows: Rows) -> Pair:
            return Pair(reference, rows.sample(n_rows, rng))

        return cls(
            drawn(tables.synthetic),
            tuple(drawn(independent_columns(real, rng)) for _ in range(n_floors(n_rows))),
            drawn(flat_columns(real, rng)),
            drawn(unseen),
            tables.test is not None,
            quick,
        )

    @property
    def n_common(self) -> int:
        """Rows that every table has."""
        return len(self.synthetic.candidate)

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
        floor : {"independent", "flat"}, default "independent"
            Which worthless table is the floor.
        """
        floors = self.independent if floor == "independent" else (self.flat,)
        own, ceiling, *worthless = (
            function(pair.reference, pair.candidate)
            for pair in (self.synthetic, self.ceiling, *floors)
        )
        return Readings(own, tuple(worthless), ceiling)


@dataclass(frozen=True)
class Readings:
    """Figures by name: of the synthetic table, of each worthless one and of the ceiling."""

    synthetic: Figures
    floors: tuple[Figures, ...]
    ceiling: Figures

    def measure(self, key: str, label: str, *, higher: bool = True, **others: Any) -> Measure:
        """Return one figure as a measure; its floor is the best of the worthless tables.

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
        floors = [figures[key] for figures in self.floors]
        return Measure(
            key,
            label,
            float(self.synthetic[key]),
            floor=float(max(floors) if higher else min(floors)),
            ceiling=float(self.ceiling[key]),
            higher=higher,
            **others,
        )


def n_floors(n_rows: int) -> int:
    """Return how many independent tables make a floor."""
    return N_FLOORS if n_rows < FEW_ROWS else 1


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
