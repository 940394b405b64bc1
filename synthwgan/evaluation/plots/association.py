"""How strongly columns depend on each other, and a map of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Column, Rows, Tables
from synthwgan.evaluation.sections.features import Space

_MAX_ROWS = 10_000
_MAX_MAPPED = 4000
_MAX_LEVELS = 20
_MAX_EXACT = 200


@dataclass(frozen=True)
class Associations:
    """Dependence between columns, in both tables.

    Parameters
    ----------
    columns : tuple of Column
        The columns.
    real, synthetic : ndarray of shape (n_columns, n_columns)
        Spearman's correlation of two numbers, the correlation ratio of a number and a category,
        Cramér's V of two categories; NaN where a column is constant.
    """

    columns: tuple[Column, ...]
    real: np.ndarray
    synthetic: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        """Synthetic less real."""
        return self.synthetic - self.real

    def telling_pairs(self, limit: int) -> list[tuple[Any, Any]]:
        """Return pairs of names: the most changed and the most dependent, by turns."""
        upper = np.triu_indices(len(self.columns), 1)
        changed = np.nan_to_num(np.abs(self.difference[upper]))
        strong = np.nan_to_num(np.abs(self.real[upper]))
        orders = [np.argsort(-values, kind="stable") for values in (changed, strong)]
        by_turns = [at for both in zip(*orders, strict=True) for at in both]
        chosen = list(dict.fromkeys(by_turns))[:limit]
        names = [column.name for column in self.columns]
        return [(names[upper[0][at]], names[upper[1][at]]) for at in chosen]


def associations(tables: Tables, names: list[Any] | None = None) -> Associations:
    """Measure the dependence between columns in both tables.

    Parameters
    ----------
    tables : Tables
        Real and synthetic rows; at most 10,000 of each are looked at.
    names : list of column names or None, default None
        The columns; None for all.

    Returns
    -------
    Associations
        Matrices in the order of the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> from synthwgan.evaluation.plots.association import associations
    >>> frame = pd.DataFrame({"a": [0.5 * at for at in range(50)], "b": ["x", "y"] * 25})
    >>> associations(Tables.of(frame, frame.sort_values("b"))).real.round(2).tolist()
    [[1.0, 0.03], [0.03, 1.0]]
    """
    names = [column.name for column in tables.columns] if names is None else names
    matrices = []
    for rows in (tables.real, tables.synthetic):
        rows = rows.select(names).sample(_MAX_ROWS, np.random.default_rng(0))
        matrices.append(_matrix(rows))
    return Associations(rows.columns, *matrices)


def embedding(
    tables: Tables, names: list[Any] | None, n_points: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place rows of both tables on the two principal components of the real one.

    Parameters
    ----------
    tables : Tables
        Real and synthetic rows.
    names : list of column names or None
        The columns to look at; None for all.
    n_points : int
        Most rows shown of each table.

    Returns
    -------
    real, synthetic : ndarray of shape (at most n_points, 2)
        Places of the rows drawn.
    explained : ndarray of shape (2,)
        Share of the real rows' variance along each axis.

    Raises
    ------
    ValueError
        If there are fewer than two dimensions or three rows.
    """
    # scikit-learn's models draw a random number when they are loaded: only when they are used.
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(0)
    parts = [rows.sample(_MAX_MAPPED, rng) for rows in (tables.real, tables.synthetic)]
    if names is not None:
        parts = [rows.select(names) for rows in parts]
    space = Space(parts[0])
    real, synthetic = (space.points(rows) for rows in parts)
    if real.shape[1] < 2 or len(real) < 3:
        raise ValueError("A map of the rows needs two columns and three rows.")
    solver = "covariance_eigh" if real.shape[1] <= _MAX_EXACT else "randomized"
    pca = PCA(2, svd_solver=solver, random_state=0).fit(real)
    points = [
        pca.transform(rows[rng.permutation(len(rows))[:n_points]]) for rows in (real, synthetic)
    ]
    return *points, pca.explained_variance_ratio_


def _matrix(rows: Rows) -> np.ndarray:
    """Return the dependence of all pairs from one product of the standardised columns.

    The squared norm of the block of two categories is their phi squared, that of a number and
    a category the squared correlation ratio; the cell of two numbers is their correlation.
    """
    parts = [
        _ranks(rows[column.name]) if column.is_number else _centred(rows[column.name])
        for column in rows.columns
    ]
    stacked = np.hstack(parts)
    owner = np.repeat(np.arange(len(parts)), [part.shape[1] for part in parts])
    product = stacked.T @ stacked / len(stacked)
    squares = _summed_by(_summed_by(np.square(product), owner).T, owner)
    is_number = np.array([column.is_number for column in rows.columns])
    freedom = np.array([max(1, part.shape[1] - 1) for part in parts])
    shared = np.where(is_number[:, None] | is_number, 1, np.minimum(freedom[:, None], freedom))
    strength = np.sqrt(np.clip(squares / shared, 0.0, 1.0))
    signs = np.sign(_summed_by(_summed_by(product, owner).T, owner))
    result = np.where(is_number[:, None] & is_number, signs * strength, strength)
    constant = np.diag(squares) < 1e-9
    result[constant, :] = np.nan
    result[:, constant] = np.nan
    return result


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks of mean 0 and variance 1, missing cells at the mean."""
    ranks = pd.Series(values).rank().to_numpy()
    if np.isnan(ranks).all():
        return np.zeros((len(values), 1))
    centred = np.nan_to_num(ranks - np.nanmean(ranks))
    deviation = centred.std()
    return (centred / deviation if deviation > 0 else centred)[:, None]


def _centred(codes: np.ndarray) -> np.ndarray:
    """Return one-hot categories less their shares, by the roots of the shares."""
    kept = np.where(codes < 0, _MAX_LEVELS + 1, np.minimum(codes, _MAX_LEVELS))
    distinct, places = np.unique(kept, return_inverse=True)
    one_hot = np.eye(len(distinct))[places]
    shares = one_hot.mean(axis=0)
    return one_hot / np.sqrt(shares) - np.sqrt(shares)


def _summed_by(matrix: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Sum the rows of each owner."""
    starts = np.flatnonzero(np.r_[True, np.diff(owner) > 0])
    return np.add.reduceat(matrix, starts, axis=0)
