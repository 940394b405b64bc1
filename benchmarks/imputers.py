"""scikit-learn's imputers, for tables with numbers and categories.

Each takes a data set, whose training rows it learns from, and rows with missing cells, and returns
the rows filled.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.data import Dataset

N_ITERATIONS = 10
MAX_ONE_HOT_ROWS = 10_000


def fill_simple(dataset: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Fill by the training rows' means and commonest categories (scikit-learn SimpleImputer)."""
    from sklearn.impute import SimpleImputer

    filled = rows.copy()
    for names, strategy in ((dataset.numeric, "mean"), (dataset.categorical, "most_frequent")):
        if not names:
            continue
        imputer = SimpleImputer(missing_values=np.nan, strategy=strategy)
        imputer.fit(dataset.train[list(names)])
        given = rows[list(names)].astype(object).where(rows[list(names)].notna(), np.nan)
        given = given.astype("float64") if strategy == "mean" else given
        filled[list(names)] = imputer.transform(given)
    return filled


def fill_ordinal(dataset: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Fill by scikit-learn's IterativeImputer as it is, categories as whole numbers.

    The numbers follow the categories' frequency and are rounded back. See `_iterate`.
    """
    codes = [_ordinal(frame, dataset) for frame in (dataset.train, rows)]
    return _from_ordinal(_iterate(_imputer()(), *codes), dataset, rows)


def draw_ordinal(dataset: Dataset, rows: pd.DataFrame, n_draws: int) -> pd.DataFrame:
    """Draw by IterativeImputer with ``sample_posterior=True``, categories as whole numbers.

    It is fitted once, and each transform draws again. The draws of a row are one after another.
    """
    codes = [_ordinal(frame, dataset) for frame in (dataset.train, rows)]
    imputer = _imputer()(sample_posterior=True)
    draws = [_iterate(imputer, *codes)]
    while len(draws) < n_draws:
        draws.append(_iterate(imputer, *codes, again=True))
    together = np.stack(draws, axis=1).reshape(-1, rows.shape[1])
    return _from_ordinal(together, dataset, rows.loc[rows.index.repeat(n_draws)])


def _from_ordinal(values: np.ndarray, dataset: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with these numbers, and the categories that are nearest to them."""
    filled = rows.reset_index(drop=True)
    for place, name in enumerate(rows.columns):
        if name in dataset.numeric:
            filled[name] = values[:, place]
        else:
            categories = _categories(dataset, name)
            nearest = np.rint(values[:, place]).clip(0, len(categories) - 1).astype(int)
            filled[name] = categories[nearest]
    return filled


def fill_one_hot(dataset: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """Fill by IterativeImputer with categories one-hot; the largest of a column's slots wins.

    A slot is predicted from the slots of the other columns only: as the slots of a column add up
    to one, it would otherwise stay for ever what it was at first. Ridge regression takes the
    place of the Bayesian one, which needs twenty times as long, and at most 10,000 training rows.
    """
    from sklearn.linear_model import Ridge

    train = dataset.train
    if len(train) > MAX_ONE_HOT_ROWS:
        train = train.sample(MAX_ONE_HOT_ROWS, random_state=0)
    widths = [
        1 if name in dataset.numeric else len(_categories(dataset, name)) for name in train.columns
    ]
    owner = np.repeat(np.arange(len(widths)), widths)

    class BetweenColumns(_imputer()):
        """Predicts a feature from those of other columns."""

        def _get_neighbor_feat_idx(self, n_features: int, feat_idx: int, _: Any) -> np.ndarray:
            return np.flatnonzero(owner != owner[feat_idx])

    imputer = BetweenColumns(Ridge(), keep_empty_features=True)
    values = _iterate(imputer, *(_one_hot(frame, dataset) for frame in (train, rows)))
    filled = rows.copy()
    for place, name in enumerate(rows.columns):
        slots = values[:, owner == place]
        if name in dataset.numeric:
            filled[name] = slots[:, 0]
        else:
            filled[name] = _categories(dataset, name)[slots.argmax(axis=1)]
    return filled


def _imputer() -> type:
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer

    return IterativeImputer


def _iterate(imputer: Any, train: np.ndarray, rows: np.ndarray, again: bool = False) -> np.ndarray:
    """Return the rows filled, in their own units; `again` by an imputer that is fitted.

    The imputer is fitted to the training rows and the rows to be filled together: fitted to
    complete rows alone, it would stop after one round and fill in one round as well. Features
    are standardised for its stopping rule.
    """
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1.0
    if again:
        return imputer.transform((rows - mean) / deviation) * deviation + mean
    together = (np.concatenate([train, rows]) - mean) / deviation
    imputer.set_params(max_iter=N_ITERATIONS, random_state=0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Early stopping criterion not reached")
        return imputer.fit_transform(together)[len(train) :] * deviation + mean


def _categories(dataset: Dataset, name: str) -> np.ndarray:
    """The categories of the training rows, the commonest first."""
    return dataset.train[name].value_counts().index.to_numpy(dtype=object)


def _ordinal(frame: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    columns = []
    for name in frame.columns:
        if name in dataset.numeric:
            columns.append(frame[name].to_numpy(dtype="float64", na_value=np.nan))
        else:
            codes = pd.Categorical(frame[name], categories=_categories(dataset, name)).codes
            columns.append(np.where(codes < 0, np.nan, codes))
    return np.column_stack(columns)


def _one_hot(frame: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    """Numbers, and a slot a category; all slots of a missing cell are missing."""
    parts = []
    for place, name in enumerate(frame.columns):
        codes = _ordinal(frame, dataset)[:, [place]]
        if name in dataset.numeric:
            parts.append(codes)
        else:
            slots = (codes == np.arange(len(_categories(dataset, name)))).astype("float64")
            parts.append(np.where(np.isnan(codes), np.nan, slots))
    return np.hstack(parts)


IMPUTERS: dict[str, Callable[[Dataset, pd.DataFrame], pd.DataFrame]] = {
    "simple": fill_simple,
    "iterative ordinal": fill_ordinal,
    "iterative one-hot": fill_one_hot,
}
# Those that draw, each with its spread.
DRAWERS: dict[str, Callable[[Dataset, pd.DataFrame, int], pd.DataFrame]] = {
    "iterative posterior": draw_ordinal,
}
