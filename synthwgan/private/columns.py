"""A column as it is known after its noisy counts: its cells, their shares, and coarser slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.private.cells import cells_of, is_point
from synthwgan.private.storage import Stored

_MAX_CATEGORY_SLOTS = 64
# Half of a slot's width is equal mass, half of it distance: tails carry correlations.
_TAIL_WEIGHT = 0.5


@dataclass(frozen=True)
class Column:
    """What was bought of one column.

    Parameters
    ----------
    name : hashable
        Its name.
    stored : Stored
        How it is stored.
    kind : {"number", "category"}
        What its cells are.
    can_miss : bool
        Whether the last cell is the missing one.
    labels : list, optional
        A category for each other cell.
    edges : ndarray of shape (n_cells + 1,), optional
        Of the other cells of a number, in steps.
    step : float
        The number that one step is.
    is_grid : bool
        Whether numbers are whole steps.
    leaves_out : bool
        Whether labels that it does not know are left out, and not counted as missing.
    shares : ndarray of shape (n_cells,)
        How often each cell occurs, estimated from noisy counts.
    slots : ndarray of shape (n_cells,), int
        The coarse cell that each belongs to.
    """

    name: Any
    stored: Stored
    kind: str
    can_miss: bool
    # None for the other kind, and until shares and slots are known; whoever asks knows which.
    labels: Any = None
    edges: Any = None
    step: float = 1.0
    is_grid: bool = False
    leaves_out: bool = False
    shares: Any = None
    slots: Any = None

    @property
    def n_values(self) -> int:
        """Number of cells that are not the missing one."""
        return len(self.labels) if self.edges is None else len(self.edges) - 1

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.n_values + self.can_miss

    @property
    def n_slots(self) -> int:
        """Number of slots."""
        return int(self.slots.max()) + 1

    @property
    def slot_shares(self) -> np.ndarray:
        """How often each slot occurs."""
        return np.bincount(self.slots, self.shares, self.n_slots)

    @property
    def missing_slot(self) -> Any:
        """The slot of missing cells, or None."""
        return int(self.slots[-1]) if self.can_miss else None

    def value(self, step: float) -> Any:
        """Return the number or the moment of so many steps, as a cell has it."""
        return self.stored.write_numbers(np.array([step]), self.step, np.array([False])).iloc[0]

    def encode(self, series: pd.Series) -> np.ndarray:
        """Return the cell of each value; -1 for one that fits nowhere, missing or not."""
        if self.edges is None:
            labels = self.stored.labels(series)
            cells = codes_of(labels, self.labels)
            if self.leaves_out and self.can_miss:
                return np.where(pd.isna(labels), self.n_values, cells)
        else:
            cells = cells_of(self.stored.numbers(series, self.step), self.edges, self.is_grid)
        return np.where(cells < 0, self.n_values, cells) if self.can_miss else cells

    def decode(self, cells: np.ndarray, places: np.ndarray) -> pd.Series:
        """Return values of cells; `places`, from 0 to 1, say where in its cell a number lies."""
        missing = cells >= self.n_values
        if self.edges is None:
            return self.stored.write_labels(self.labels, np.where(missing, -1, cells))
        cells = np.where(missing, 0, cells)
        low, high = self.edges[cells], self.edges[cells + 1]
        steps = low + places * (high - low)
        steps = np.minimum(np.floor(steps) if self.is_grid else steps, np.nextafter(high, low))
        if self.is_grid:
            steps = np.floor(steps)
        return self.stored.write_numbers(steps, self.step, missing)


def codes_of(labels: np.ndarray, known: list[Any]) -> np.ndarray:
    """Return the number of each label among the known ones, -1 for others."""
    codes = {label: code for code, label in enumerate(known)}
    found, distinct = pd.factorize(labels)
    table = np.array([codes.get(label, -1) for label in distinct] + [-1], dtype=np.int64)
    return table[found]


def project(counts: np.ndarray, total: float) -> np.ndarray:
    """Return the nearest counts that are not negative and have a given sum.

    What is small beside the noise becomes zero, and the rest is lowered by as much; where counts
    are to be raised, zeros stay.
    """
    positive = np.maximum(counts, 0.0)
    if 0 < positive.sum() <= total:
        return positive * (total / positive.sum())
    ordered = np.sort(counts)[::-1]
    surplus = (np.cumsum(ordered) - total) / np.arange(1, len(counts) + 1)
    last = np.flatnonzero(ordered > surplus)
    level = surplus[last[-1]] if len(last) else surplus[0]
    return np.maximum(counts - level, 0.0)


def choose_slots(column: Column, n_bins: int, min_share: float) -> np.ndarray:
    """Return the slot of each cell, from noisy shares alone.

    Parameters
    ----------
    column : Column
        With its shares.
    n_bins : int
        Slots of a number at most, without the missing one.
    min_share : float
        Smaller slots are drowned by the noise on pairs.
    """
    shares = column.shares[: column.n_values]
    if column.edges is None:
        slots = _category_slots(shares, min_share)
    else:
        slots = _number_slots(column, shares, n_bins, min_share)
    return np.append(slots, slots.max() + 1) if column.can_miss else slots


def _category_slots(shares: np.ndarray, min_share: float) -> np.ndarray:
    order = np.argsort(-shares, kind="stable")
    n_own = int((shares >= min_share).sum())
    n_own = min(max(n_own, 1), _MAX_CATEGORY_SLOTS)
    slots = np.empty(len(shares), dtype=np.int64)
    # All that is too rare for a slot of its own is in one.
    slots[order] = np.minimum(np.arange(len(shares)), n_own)
    return slots


def _number_slots(column: Column, shares: np.ndarray, n_bins: int, min_share: float) -> np.ndarray:
    spikes = is_point(column.edges, column.is_grid) & (shares > max(1 / n_bins, min_share))
    n_rest = max(1, n_bins - int(spikes.sum()))
    rest = np.where(spikes, 0.0, shares)
    middle = (column.edges[1:] + column.edges[:-1]) / 2
    cumulated = np.cumsum(shares)
    center = middle[min(np.searchsorted(cumulated, cumulated[-1] / 2), len(middle) - 1)]
    away = rest * np.abs(middle - center)
    weights = (1 - _TAIL_WEIGHT) * rest / max(rest.sum(), 1e-300)
    weights = weights + _TAIL_WEIGHT * away / max(away.sum(), 1e-300)
    groups = _groups(weights, rest, n_rest, min_share)
    # Slots are numbered from the smallest number to the largest, spikes among them.
    keys = np.where(spikes, len(shares) + np.arange(len(shares)), groups)
    _, first, slots = np.unique(keys, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[slots]


def _groups(weights: np.ndarray, masses: np.ndarray, n_groups: int, min_mass: float) -> np.ndarray:
    """Cut cells in their order into groups of about equal weight, none too small."""
    before = np.cumsum(weights) - weights / 2
    wanted = np.minimum((before * n_groups / max(weights.sum(), 1e-300)).astype(int), n_groups - 1)
    groups = np.zeros(len(weights), dtype=np.int64)
    left, mass, group = masses.sum(), 0.0, 0
    for cell in range(1, len(weights)):
        mass += masses[cell - 1]
        if wanted[cell] != wanted[cell - 1] and mass >= min_mass and left - mass >= min_mass:
            group, left, mass = group + 1, left - mass, 0.0
        groups[cell] = group
    return groups
