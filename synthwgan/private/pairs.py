"""Which pairs of columns are measured, at what price, and what their noisy counts say."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from synthwgan.private.association import smooth
from synthwgan.private.columns import Column
from synthwgan.private.measure import Census, Noisy

MAX_CLASSES = 4
# Above so many pairs, splitting each by classes would leave too little in each cell.
MAX_SPLIT_PAIRS = 600
_FIRST_PHASE = 0.3
_EVIDENCE = 2.0


@dataclass(frozen=True)
class Table:
    """A table of two columns, split by the target's classes if there are any.

    Parameters
    ----------
    places : tuple of int
        Numbers of the two columns.
    split : bool
        Whether it is split by classes.
    noisy : Noisy
        Shares of rows, of shape (slots, slots, classes or 1), and the variance of each.
    measured : bool
        Whether its dependence stood out; else it has what independent columns would have.
    """

    places: tuple[int, int]
    split: bool
    noisy: Noisy
    measured: bool = True


@dataclass(frozen=True)
class Classes:
    """Classes of the target, made of its slots.

    Parameters
    ----------
    place : int
        Number of the target.
    of_slot : ndarray of int
        The class of each slot.
    """

    place: int
    of_slot: np.ndarray

    @property
    def number(self) -> int:
        """How many there are."""
        return int(self.of_slot.max()) + 1


def choose_classes(columns: Sequence[Column], place: int | None) -> Classes | None:
    """Return at most four classes of the target: its commonest slots, or quantiles of a number."""
    if place is None:
        return None
    column = columns[place]
    shares = column.slot_shares
    if len(shares) <= MAX_CLASSES:
        return Classes(place, np.arange(len(shares)))
    if column.kind == "number":
        before = np.cumsum(shares) - shares / 2
        return Classes(place, np.minimum((before * MAX_CLASSES).astype(int), MAX_CLASSES - 1))
    order = np.argsort(-shares, kind="stable")
    of_slot = np.empty(len(shares), dtype=np.int64)
    of_slot[order] = np.minimum(np.arange(len(shares)), MAX_CLASSES - 1)
    return Classes(place, of_slot)


def list_pairs(n_columns: int, classes: Classes | None) -> list[tuple[tuple[int, int], bool]]:
    """Return all pairs of columns, the target's first, and whether each is split by classes."""
    pairs = list(itertools.combinations(range(n_columns), 2))
    if classes is None:
        return [(pair, False) for pair in pairs]
    split = len(pairs) <= MAX_SPLIT_PAIRS
    with_target = [pair for pair in pairs if classes.place in pair]
    others = [pair for pair in pairs if classes.place not in pair]
    return [(pair, False) for pair in with_target] + [(pair, split) for pair in others]


def measure_pairs(
    census: Census, columns: Sequence[Column], classes: Classes | None, rho: float, n_rows: float
) -> list[Table]:
    """Buy the tables of all pairs, and once more those whose dependence stands out.

    Parameters
    ----------
    census : Census
        The table, prepared.
    columns : sequence of Column
        With their slots.
    classes : Classes or None
        Of the target.
    rho : float
        All that may be spent.
    n_rows : float
        Noisy number of rows.
    """
    listed = list_pairs(len(columns), classes)
    if not listed:
        return []
    price = rho * _FIRST_PHASE / len(listed)
    tables = [
        Table(pair, split, _buy(census, columns, classes, pair, split, price, n_rows))
        for pair, split in listed
    ]
    chosen = [
        evidence(table, columns, classes, tables) > _EVIDENCE or _has_target(table, classes)
        for table in tables
    ]
    if not any(chosen):
        chosen = [True] * len(tables)
    price = rho * (1 - _FIRST_PHASE) / sum(chosen)
    for number in np.flatnonzero(chosen):
        table = tables[number]
        again = _buy(census, columns, classes, table.places, table.split, price, n_rows)
        tables[number] = replace(table, noisy=merge(table.noisy, again))
    return [
        _denoised(table, columns, classes, tables)
        if is_chosen
        else _independent(table, columns, classes, tables)
        for table, is_chosen in zip(tables, chosen, strict=True)
    ]


def _has_target(table: Table, classes: Classes | None) -> bool:
    return classes is not None and classes.place in table.places


def _buy(
    census: Census,
    columns: Sequence[Column],
    classes: Classes | None,
    pair: tuple[int, int],
    split: bool,
    rho: float,
    n_rows: float,
) -> Noisy:
    places = list(pair)
    shape = [columns[place].n_slots for place in pair]
    maps: list[np.ndarray | None] = [None, None]
    if split and classes is not None:
        places.append(classes.place)
        shape.append(classes.number)
        maps.append(classes.of_slot)
    noisy = census.joint(places, shape, maps, rho)
    counts = noisy.counts if split else noisy.counts[:, :, None]
    return Noisy(counts / n_rows, noisy.variance / n_rows**2)


def merge(first: Noisy, second: Noisy) -> Noisy:
    """Return the mean of two measurements, weighted by their precision."""
    total = 1 / first.variance + 1 / second.variance
    counts = (first.counts / first.variance + second.counts / second.variance) / total
    return Noisy(counts, 1 / total)


def evidence(
    table: Table, columns: Sequence[Column], classes: Classes | None, tables: Sequence[Table]
) -> float:
    """Return by how many standard deviations a table is off from independence in each class."""
    expected = _expected(table, columns, classes, tables)
    squares = (table.noisy.counts - expected) ** 2 / table.noisy.variance
    return float((squares.sum() - squares.size) / np.sqrt(2 * squares.size))


def _independent(
    table: Table, columns: Sequence[Column], classes: Classes | None, tables: Sequence[Table]
) -> Table:
    expected = _expected(table, columns, classes, tables)
    return replace(table, noisy=Noisy(expected, table.noisy.variance), measured=False)


def _denoised(
    table: Table, columns: Sequence[Column], classes: Classes | None, tables: Sequence[Table]
) -> Table:
    """Return a table of two numbers as far as it is smooth, and any other as it is."""
    own = [columns[place] for place in table.places]
    if _has_target(table, classes) or any(column.edges is None for column in own):
        return table
    expected = _expected(table, columns, classes, tables)
    margins = [expected.sum(axis=1), expected.sum(axis=0)]
    return replace(table, noisy=smooth(table.noisy, margins, own))


def _expected(
    table: Table, columns: Sequence[Column], classes: Classes | None, tables: Sequence[Table]
) -> np.ndarray:
    """Return what a table would be if its columns were independent, in each class."""
    shares = [columns[place].slot_shares for place in table.places]
    if not table.split or classes is None:
        return np.outer(*shares)[:, :, None]
    by_class = np.bincount(classes.of_slot, columns[classes.place].slot_shares, classes.number)
    own = [_given_class(place, columns, classes, tables, by_class) for place in table.places]
    return own[0][:, None, :] * own[1][None, :, :] * by_class


def _given_class(
    place: int,
    columns: Sequence[Column],
    classes: Classes,
    tables: Sequence[Table],
    by_class: np.ndarray,
) -> np.ndarray:
    """Return the shares of a column's slots in each class, of shape (slots, classes)."""
    pair = tuple(sorted((place, classes.place)))
    counts = next(one for one in tables if one.places == pair).noisy.counts[:, :, 0]
    if pair[0] == classes.place:
        counts = counts.T
    joint = np.zeros((len(counts), classes.number))
    np.add.at(joint.T, classes.of_slot, counts.T)
    joint = np.maximum(joint, 0) + 1e-9
    shares = columns[place].slot_shares + 1e-12
    for _ in range(20):
        joint *= (shares / joint.sum(axis=1))[:, None]
        joint *= np.maximum(by_class, 1e-9) / joint.sum(axis=0)
    return joint / joint.sum(axis=0)
