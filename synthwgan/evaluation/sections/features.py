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
        # scikit-learn's models draw a random number when they are loaded: only when they are used.
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import MissingIndicator, SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        self.columns = [column for column in rows.columns if column.name not in without]
        numbers = np.array([column.is_number for column in self.columns], dtype=bool)
        # Given, as the fitted rows need not hold all of them.
        sizes = [n_places(column, MAX_ONE_HOT) for column in self.columns if not column.is_number]
        all_places = [np.arange(size) for size in sizes]
        zeros = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
        self._encoder = ColumnTransformer(
            [
                ("numbers", make_pipeline(StandardScaler(), zeros), numbers),
                ("missing", MissingIndicator(features="all"), numbers),
                ("categories", OneHotEncoder(categories=all_places, sparse_output=False), ~numbers),
            ],
            transformer_weights={"categories": np.sqrt(0.5)},
        ).set_output(transform="default")
        # Dimensions stand in the order of the columns, and not numbers first.
        at_numbers, at_others = np.flatnonzero(numbers), np.flatnonzero(~numbers)
        owners = [at_numbers, at_numbers, at_others.repeat(sizes)]
        self._order = np.argsort(np.concatenate(owners), kind="stable")
        # A column without any number has no mean, and all of its cells lie at 0.
        with np.errstate(invalid="ignore"):
            self._encoder.fit(self._matrix(rows))

    def points(self, rows: Rows) -> np.ndarray:
        """Return rows as points, shape (n_rows, n_dimensions), float32."""
        points = self._encoder.transform(self._matrix(rows))[:, self._order]
        return np.ascontiguousarray(points, dtype="float32")

    def _matrix(self, rows: Rows) -> np.ndarray:
        """Return numbers as they are and places of categories, the last one of missing cells."""
        matrix = np.empty((len(rows), len(self.columns)))
        for at, column in enumerate(self.columns):
            values = rows[column.name]
            if not column.is_number:
                found = places(column, values, MAX_ONE_HOT)
                values = np.where(found < 0, n_places(column, MAX_ONE_HOT) - 1, found)
            matrix[:, at] = values
        return matrix


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
        # Not KBinsDiscretizer: it takes no missing cells, and where one value fills most bins, as
        # 0 often does, it makes them one with the next instead of a bin of that value alone.
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


def places(column: Column, codes: np.ndarray, limit: int) -> np.ndarray:
    """Return codes with one place for all common categories beyond the limit, and one for others.

    Those others, of less than five real rows or of none, are not told apart: real rows that were
    never seen have some that no real row has, too. Missing cells stay -1.
    """
    n_own = min(column.n_common_levels, limit)
    folded = np.minimum(codes, n_own)
    return np.where(codes >= column.n_common_levels, n_own + 1, folded)


def n_places(column: Column, limit: int) -> int:
    """Return how many places there are, with those of others and of missing cells."""
    return min(column.n_common_levels, limit) + 3
