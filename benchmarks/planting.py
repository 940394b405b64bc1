"""Outliers made from real rows: shuffled cells, numbers out of range, unseen combinations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.data import Dataset

# How far beyond the training rows' range a planted number lies, in units of that range.
LEAST_EXCESS, LARGEST_EXCESS = 0.1, 1.0


@dataclass(frozen=True)
class Pairs:
    """Pairs of categories that never occur together in the training rows.

    Parameters
    ----------
    places : list of (str, str)
        The two columns of each pair.
    values : list of (object, object)
        The two categories.
    weights : ndarray of shape (n_pairs,)
        How often independent columns would show the pair, in proportion; they add up to 1.
    """

    places: list[tuple[str, str]]
    values: list[tuple[object, object]]
    weights: np.ndarray


def shuffle_cells(rows: pd.DataFrame, dataset: Dataset, rng: np.random.Generator) -> pd.DataFrame:
    """Rows half of whose cells, drawn for each row, are those of other rows."""
    n_rows, n_columns = rows.shape
    swapped = rng.random((n_rows, n_columns)).argsort(axis=1) < n_columns // 2
    changed = {}
    for number, name in enumerate(rows.columns):
        own = rows[name].to_numpy()
        others = np.empty_like(own)
        # Along a random circle through all rows, no cell comes from its own row.
        circle = rng.permutation(n_rows)
        others[circle] = own[np.roll(circle, 1)]
        changed[name] = np.where(swapped[:, number], others, own)
    return pd.DataFrame(changed).astype(rows.dtypes)


def push_out_of_range(
    rows: pd.DataFrame, dataset: Dataset, rng: np.random.Generator
) -> pd.DataFrame:
    """Rows with one number, in a column drawn for each row, beyond the training rows' range."""
    changed = rows.copy()
    chosen = rng.choice(len(dataset.numeric), size=len(rows))
    for number, name in enumerate(dataset.numeric):
        own = np.flatnonzero(chosen == number)
        low, high = dataset.train[name].min(), dataset.train[name].max()
        excess = rng.uniform(LEAST_EXCESS, LARGEST_EXCESS, size=len(own)) * (high - low)
        if pd.api.types.is_integer_dtype(rows[name]):
            excess = np.ceil(excess).astype(np.int64)
        above = rng.random(len(own)) < 0.5
        place = changed.columns.get_loc(name)
        changed.iloc[own, place] = np.where(above, high + excess, low - excess)
    return changed


def combine_unseen(rows: pd.DataFrame, dataset: Dataset, rng: np.random.Generator) -> pd.DataFrame:
    """Rows with two categories that each occur in the training rows, but never together."""
    pairs = unseen_pairs(dataset.train, dataset.categorical)
    changed = rows.copy()
    drawn = rng.choice(len(pairs.weights), size=len(rows), p=pairs.weights)
    columns = {name: rows[name].to_numpy(dtype=object, copy=True) for name in dataset.categorical}
    for row, pair in enumerate(drawn):
        for name, value in zip(pairs.places[pair], pairs.values[pair], strict=True):
            columns[name][row] = value
    return changed.assign(**columns)


def unseen_pairs(train: pd.DataFrame, categorical: tuple[str, ...]) -> Pairs:
    """All pairs of categories that never occur together, the likeliest ones with most weight."""
    places, values, weights = [], [], []
    shares = {name: train[name].value_counts(normalize=True) for name in categorical}
    for first, second in itertools.combinations(categorical, 2):
        counts = pd.crosstab(train[first], train[second])
        for row, column in zip(*np.nonzero(counts.to_numpy() == 0), strict=True):
            pair = counts.index[row], counts.columns[column]
            places.append((first, second))
            values.append(pair)
            weights.append(shares[first][pair[0]] * shares[second][pair[1]])
    if not weights:
        raise ValueError("every pair of categories occurs in the training rows")
    return Pairs(places, values, np.array(weights) / np.sum(weights))


PLANTERS: dict[str, Callable[[pd.DataFrame, Dataset, np.random.Generator], pd.DataFrame]] = {
    "shuffled": shuffle_cells,
    "out of range": push_out_of_range,
    "unseen pair": combine_unseen,
}
