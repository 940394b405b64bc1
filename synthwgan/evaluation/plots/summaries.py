"""Columns and pairs in few numbers: what the plots show, binned here and not in the browser."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwgan.evaluation.inputs import Column, Rows, Tables

MAX_BINS = 40
MAX_CATEGORIES = 10
OTHER = "(other)"
UNSEEN = "(not in the real table)"
MISSING = "(missing)"
_TAIL = 0.005
_PAIR_BINS = 24
_PAIR_CATEGORIES = 8
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Histogram:
    """Shares of rows in common bins of one number or date.

    Parameters
    ----------
    edges : ndarray of shape (n_bins + 1,)
        Limits of the bins; seconds since 1970 for dates.
    real, synthetic : ndarray of shape (n_bins,)
        Shares of all rows, missing ones included.
    missing : tuple of two floats
        Shares of missing cells, real and synthetic.
    outside : tuple of two floats
        Shares of rows beyond the bins, real and synthetic.
    """

    edges: np.ndarray
    real: np.ndarray
    synthetic: np.ndarray
    missing: tuple[float, float]
    outside: tuple[float, float]


@dataclass(frozen=True)
class Counts:
    """Shares of rows in the commonest categories of one column.

    Parameters
    ----------
    labels : list of str
        Categories, the commonest real one first; then what is summed up, and missing cells.
    real, synthetic : ndarray of shape (n_labels,)
        Shares of all rows.
    """

    labels: list[str]
    real: np.ndarray
    synthetic: np.ndarray


@dataclass(frozen=True)
class Pair:
    """Two columns seen together, in both tables.

    Parameters
    ----------
    x, y : Column
        The columns; one of categories comes first.
    across, along : ndarray or list of str
        Bin limits or categories of x and of y; of a number within categories (a mixed pair)
        ``along`` names the quantiles 5, 25, 50, 75 and 95 %.
    real, synthetic : ndarray of shape (n_along, n_across)
        Shares of rows for two numbers, shares within each category of x for two categories,
        quantiles for a mixed pair.
    """

    x: Column
    y: Column
    across: np.ndarray | list[str]
    along: np.ndarray | list[str]
    real: np.ndarray
    synthetic: np.ndarray

    @property
    def is_mixed(self) -> bool:
        """Whether it is a number within categories."""
        return self.y.is_number and not self.x.is_number


def histogram(real: np.ndarray, synthetic: np.ndarray) -> Histogram:
    """Bin numbers of two samples in common bins.

    Parameters
    ----------
    real, synthetic : ndarray
        Numbers, NaN where missing.

    Returns
    -------
    Histogram
        Shares of rows; whole numbers have bins of whole numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from synthwgan.evaluation.plots.summaries import histogram
    >>> histogram(np.array([1.0, 1.0, 2.0, 3.0]), np.array([1.0, 2.0, np.nan, 3.0])).real
    array([0.5 , 0.25, 0.25])
    """
    samples = real, synthetic
    edges = bin_edges(real, synthetic, max_bins=MAX_BINS)
    shares = [np.histogram(_present(sample), edges)[0] / len(sample) for sample in samples]
    missing = tuple(float(np.isnan(sample).mean()) for sample in samples)
    outside = tuple(
        max(0.0, round(1 - lost - share.sum(), 12))
        for lost, share in zip(missing, shares, strict=True)
    )
    return Histogram(edges, *shares, missing=missing, outside=outside)


def bin_edges(real: np.ndarray, synthetic: np.ndarray, max_bins: int) -> np.ndarray:
    """Return common bin limits of two samples; far tails of few rows are left out.

    Parameters
    ----------
    real, synthetic : ndarray
        Numbers, NaN where missing.
    max_bins : int
        Most bins there may be.

    Returns
    -------
    ndarray of shape (n_bins + 1,)
        Ascending limits.
    """
    samples = [sample for sample in (_present(real), _present(synthetic)) if len(sample)]
    if not samples:
        return np.array([0.0, 1.0])
    low, high = _range(samples)
    if all((sample == np.round(sample)).all() for sample in samples) and high - low < 2**52:
        low, high = math.floor(low), math.ceil(high)
        width = math.ceil((high - low + 1) / max_bins)
        return low - 0.5 + width * np.arange(math.ceil((high - low + 1) / width) + 1)
    if not high > low:
        margin = max(abs(low), 1.0) / 2
        low, high = low - margin, high + margin
    n_rows = min(len(sample) for sample in samples)
    return np.linspace(low, high, int(np.clip(2 * n_rows ** (1 / 3), 8, max_bins)) + 1)


def counts(
    column: Column, real: np.ndarray, synthetic: np.ndarray, limit: int = MAX_CATEGORIES
) -> Counts:
    """Count the categories of a column in both tables.

    Parameters
    ----------
    column : Column
        What the codes mean.
    real, synthetic : ndarray of int
        Codes, -1 where missing.
    limit : int, default 10
        How many categories stand alone; the others are summed up.

    Returns
    -------
    Counts
        Shares of rows.
    """
    groups, labels = grouped(column, limit)
    shares = [
        np.bincount(groups[codes], minlength=len(labels)) / len(codes)
        for codes in (real, synthetic)
    ]
    kept = [
        at for at in range(len(labels)) if at < len(labels) - 3 or shares[0][at] + shares[1][at]
    ]
    return Counts([labels[at] for at in kept], shares[0][kept], shares[1][kept])


def grouped(column: Column, limit: int) -> tuple[np.ndarray, list[str]]:
    """Sum up rare categories.

    Parameters
    ----------
    column : Column
        A column of categories.
    limit : int
        How many categories stand alone; one more where only that one would be left.

    Returns
    -------
    groups : ndarray of shape (n_levels + 1,), int
        Position in `labels` of each code; of missing cells, -1, at the end.
    labels : list of str
        Categories of their own, then the other real ones, unseen ones, and missing.
    """
    n_real = column.n_real_levels
    n_own = n_real if n_real <= limit + 1 else limit
    groups = np.arange(len(column.levels) + 1)
    groups[n_own:] = n_own
    groups[n_real:] = n_own + 1
    groups[-1] = n_own + 2
    return groups, [*column.levels[:n_own], OTHER, UNSEEN, MISSING]


def pair(tables: Tables, x: Any, y: Any) -> Pair:
    """Summarise two columns together.

    Parameters
    ----------
    tables : Tables
        Real and synthetic rows.
    x, y : hashable
        Names of the columns, in any order.

    Returns
    -------
    Pair
        What a plot of both needs.
    """
    first, second = tables.by_name[x], tables.by_name[y]
    if first.is_number and not second.is_number:
        first, second = second, first
    if first.is_number:
        return _number_pair(tables, first, second)
    if second.is_number:
        return _mixed_pair(tables, first, second)
    return _category_pair(tables, first, second)


def _number_pair(tables: Tables, x: Column, y: Column) -> Pair:
    parts = tables.real, tables.synthetic
    across, along = (
        bin_edges(*(rows[column.name] for rows in parts), max_bins=_PAIR_BINS) for column in (x, y)
    )
    grids = [
        np.histogram2d(rows[y.name], rows[x.name], bins=(along, across))[0] / len(rows)
        for rows in parts
    ]
    return Pair(x, y, across, along, *grids)


def _mixed_pair(tables: Tables, x: Column, y: Column) -> Pair:
    groups, labels = grouped(x, _PAIR_CATEGORIES)
    names = labels[:-3]
    cells = []
    for rows in (tables.real, tables.synthetic):
        found = np.full((len(_QUANTILES), len(names)), np.nan)
        group = groups[rows[x.name]]
        for at in range(len(names)):
            values = _present(rows[y.name][group == at])
            if len(values):
                found[:, at] = np.quantile(values, _QUANTILES)
        cells.append(found)
    return Pair(x, y, names, [f"{level:.0%}" for level in _QUANTILES], *cells)


def _category_pair(tables: Tables, x: Column, y: Column) -> Pair:
    groups, labels = zip(*(grouped(column, _PAIR_CATEGORIES) for column in (x, y)), strict=True)
    grids = [_crossed(rows, (x, y), groups, labels) for rows in (tables.real, tables.synthetic)]
    filled = grids[0] + grids[1] > 0
    along, across = (filled.any(axis=axis) for axis in (1, 0))
    cells = [grid[along][:, across] for grid in grids]
    totals = [grid.sum(axis=0) for grid in cells]
    cells = [
        grid / np.where(total > 0, total, np.nan) for grid, total in zip(cells, totals, strict=True)
    ]
    names = [
        [label for label, kept in zip(texts, mask, strict=True) if kept]
        for texts, mask in zip(labels, (across, along), strict=True)
    ]
    return Pair(x, y, *names, *cells)


def _crossed(
    rows: Rows,
    columns: tuple[Column, Column],
    groups: tuple[np.ndarray, ...],
    labels: tuple[list[str], ...],
) -> np.ndarray:
    """Count the rows of each category of y (rows) and x (columns)."""
    grid = np.zeros((len(labels[1]), len(labels[0])))
    codes = [group[rows[column.name]] for group, column in zip(groups, columns, strict=True)]
    np.add.at(grid, (codes[1], codes[0]), 1.0)
    return grid


def _present(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def _range(samples: list[np.ndarray]) -> tuple[float, float]:
    low, high = min(s.min() for s in samples), max(s.max() for s in samples)
    tails = [np.quantile(sample, [_TAIL, 1 - _TAIL]) for sample in samples]
    inner_low, inner_high = min(tail[0] for tail in tails), max(tail[1] for tail in tails)
    span = inner_high - inner_low
    return (low, high) if not span or high - low <= 2 * span else (inner_low, inner_high)
