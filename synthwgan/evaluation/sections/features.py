"""Plain rows as matrices: for neighbours and linear models, and for learners of trees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from synthwgan.evaluation.inputs import Column, Rows

MAX_ONE_HOT = 50
MAX_TREE_LEVELS = 250


class Space:
    """Rows as points between which Euclidean distances make sense.

    Numbers are standardised by the fitted rows; a missing one lies at the mean and differs by an
    indicator. Categories, and missing among them, are one-hot, scaled such that two different
    ones lie 1 apart. The 50 commonest have a place of their own; the others share one, and
    those of less than five real rows another, with those that no real row has: in a column of
    names, fresh real rows have others too.

    Parameters
    ----------
    rows : Rows
        The rows that say what mean and deviation are.
    without : sequence of column names, default ()
        Columns that are left out, such as a target.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> from synthwgan.evaluation.sections.features import Space
    >>> frame = pd.DataFrame({"size": [1.0, 3.0] * 5, "city": ["a", "b"] * 5})
    >>> rows = Tables.of(frame, frame).real
    >>> Space(rows).points(rows)[:2].round(2).tolist()
    [[-1.0, 0.0, 0.7..., 0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.7..., 0.0, 0.0, 0.0]]
    """

    def __init__(self, rows: Rows, without: Sequence[Any] = ()) -> None:
        self.columns = [column for column in rows.columns if column.name not in without]
        self._scales = {
            column.name: _centre_and_scale(rows[column.name])
            for column in self.columns
            if column.is_number
        }

    def points(self, rows: Rows) -> np.ndarray:
        """Return rows as points, shape (n_rows, n_dimensions), float32."""
        parts = []
        for column in self.columns:
            make = self._standardised if column.is_number else _one_hot
            parts.append(make(column, rows[column.name]))
        return np.ascontiguousarray(np.hstack(parts), dtype="float32")

    def _standardised(self, column: Column, values: np.ndarray) -> np.ndarray:
        centre, scale = self._scales[column.name]
        missing = np.isnan(values)
        return np.column_stack([np.where(missing, 0.0, (values - centre) / scale), missing])


def tree_matrix(rows: Rows, without: Sequence[Any] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Return rows for learners of trees: numbers as they are, categories as codes.

    Parameters
    ----------
    rows : Rows
    without : sequence of column names, default ()
        Columns that are left out, such as a target.

    Returns
    -------
    matrix : ndarray of shape (n_rows, n_columns), float64
        NaN where missing. Codes ascend with rarity; all above 250 are one, and so are all
        categories of less than five real rows, with those that no real row has.
    is_category : ndarray of shape (n_columns,), bool
    """
    columns = [column for column in rows.columns if column.name not in without]
    matrix = np.empty((len(rows), len(columns)))
    for place, column in enumerate(columns):
        values = rows[column.name].astype("float64")
        if not column.is_number:
            values = places(column, rows[column.name], MAX_TREE_LEVELS).astype("float64")
            values[values < 0] = np.nan
        matrix[:, place] = values
    return matrix, np.array([not column.is_number for column in columns], dtype=bool)


class Bins:
    """Rows as small whole numbers: numbers in bins at the fitted quantiles, categories as codes.

    Parameters
    ----------
    rows : Rows
        The rows whose quantiles are taken.
    n_bins : int, default 10
        Number of bins of a number; less where it has fewer distinct values.
    max_levels : int or None, default None
        Most categories with a code of their own; the rest share two codes as in `Space`. None
        gives each its own.
    """

    def __init__(self, rows: Rows, n_bins: int = 10, max_levels: int | None = None) -> None:
        self.columns, self.max_levels = rows.columns, max_levels
        steps = np.linspace(0, 1, n_bins + 1)[1:-1]
        self._edges = {
            column.name: _quantiles(rows[column.name], steps)
            for column in self.columns
            if column.is_number
        }

    def codes(self, rows: Rows) -> dict[Any, np.ndarray]:
        """Return codes by column name, shape (n_rows,), int64; 0 is missing."""
        return {column.name: self._codes(column, rows[column.name]) for column in self.columns}

    def _codes(self, column: Column, values: np.ndarray) -> np.ndarray:
        if not column.is_number:
            folds = self.max_levels is not None
            return 1 + (places(column, values, self.max_levels) if folds else values)
        bins = np.searchsorted(self._edges[column.name], values, side="left") + 1
        return np.where(np.isnan(values), 0, bins)


def _quantiles(values: np.ndarray, steps: np.ndarray) -> np.ndarray:
    present = values[~np.isnan(values)]
    return np.unique(np.quantile(present, steps)) if len(present) else np.empty(0)


def _centre_and_scale(values: np.ndarray) -> tuple[float, float]:
    present = values[~np.isnan(values)]
    if not len(present):
        return 0.0, 1.0
    scale = float(present.std())
    return float(present.mean()), scale if scale > 0 else 1.0


def places(column: Column, codes: np.ndarray, limit: int) -> np.ndarray:
    """Return codes with one place for all common categories beyond the limit, and one for others.

    Those others, of less than five real rows or of none, are not told apart: real rows that were
    never seen have some that no real row has, too. Missing cells stay -1.
    """
    n_own = min(column.n_common_levels, limit)
    folded = np.minimum(codes, n_own)
    return np.where(codes >= column.n_common_levels, n_own + 1, folded)


def _one_hot(column: Column, codes: np.ndarray) -> np.ndarray:
    n_own = min(column.n_common_levels, MAX_ONE_HOT)
    one_hot = np.zeros((len(codes), n_own + 3))
    # The place of a missing cell, -1, is the last one.
    one_hot[np.arange(len(codes)), places(column, codes, MAX_ONE_HOT)] = np.sqrt(0.5)
    return one_hot
