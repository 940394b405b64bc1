"""Buying what is not public of a column, and how often its cells occur."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthwgan.private.cells import MAX_POINTS, N_PARTS, first_edges, is_point, split
from synthwgan.private.columns import Column, project
from synthwgan.private.domain import Declared
from synthwgan.private.measure import Census, Noisy
from synthwgan.private.tails import tidy
from synthwgan.warn import warn

_MAX_DECIMALS = 8
# Parts of a column's price: for its decimals, and for its first cells. Half of what is left goes
# to each level of finer cells in turn.
_DECIMALS_SHARE = 0.05
_FIRST_SHARE = 0.3
_N_LEVELS = 4
# A cell that still holds so much after these levels has a value of its own, such as the mean that
# stands for what is unknown: it is split on, so that the value comes out and not a range.
_MAX_LEVELS = 16
# Cells are split where their count stands out so far from the noise on the parts.
_SPLIT_DEVIATIONS = 6.0
_SPLIT_SHARE = 1 / 64
_END_DEVIATIONS = 3.0
_FOUND_DEVIATIONS = 4.0
_NEXT_DEVIATIONS = 2.5
_MISSING_DEVIATIONS = 3.0
# What a cell behind a tail's end has at most of the one before: among single values, and among
# cells of twice the width.
_NEXT_POINT, _NEXT_DOUBLE = 0.6, 0.2
# Where no bounds say that a tail goes on, counts behind its end have to: less than half of what is
# expected there, as most tails fall ever faster.
_SEEN = 0.3
_OFF_GRID = 0.02
_OTHER = "other"


@dataclass(frozen=True)
class Look:
    """What was released of one column.

    Parameters
    ----------
    column : Column
        Its cells, without shares.
    first : Noisy
        Counts of cells that hold all rows between them, or fewer where `is_all` is not set.
    counts : ndarray of shape (n_cells,)
        Counts of the column's cells, refined.
    is_all : bool
        Whether every row was counted.
    """

    column: Column
    first: Noisy
    counts: np.ndarray
    is_all: bool


def look(census: Census, place: int, declared: Declared, rho: float, delta: float) -> Look:
    """Buy what is not public of a column, and how often its cells occur.

    Parameters
    ----------
    census : Census
        The table.
    place : int
        Number of the column.
    declared : Declared
        What is known of it.
    rho : float
        The most that may be spent; what is left can be spent on pairs.
    delta : float
        Chance to keep a category that only one person has.
    """
    if declared.kind == "number":
        return _look_at_numbers(census, place, declared, rho)
    if declared.labels is None:
        return _look_for_labels(census, place, declared, rho, delta)
    column = Column(
        declared.name, declared.stored, "category", declared.missing is not False, declared.labels
    )
    noisy = census.cells(place, column.encode, column.n_cells, "categories", rho)
    return _without_missing(column, noisy, noisy.counts, noisy.variance, declared)


def shares_of(looked: Look, n_rows: float) -> np.ndarray:
    """Return how often each cell occurs, from its counts and the noisy number of rows."""
    total = float(looked.counts.sum())
    total = n_rows if looked.is_all else min(max(total, 1.0), n_rows)
    if looked.column.edges is None or looked.counts.max() <= 0:
        return project(looked.counts, total) / total
    # Counts along a range are tidy already; a further threshold would cut off their tails.
    positive = np.maximum(looked.counts, 0.0)
    return positive / positive.sum()


def counted_rows(looks: list[Look]) -> float:
    """Return the number of rows, from all noisy counts together, at least 1."""
    # Where rows were left out, there are at least as many as were counted.
    least = [float(one.counts.sum()) for one in looks if not one.is_all]
    whole = [one for one in looks if one.is_all]
    found = max([1.0, *least])
    if whole:
        sums = np.array([one.first.counts.sum() for one in whole])
        weights = np.array([1 / (one.first.variance * len(one.first.counts)) for one in whole])
        found = max(found, float((sums * weights).sum() / weights.sum()))
    return found


def _look_for_labels(
    census: Census, place: int, declared: Declared, rho: float, delta: float
) -> Look:
    labels, noisy = census.labels(place, declared.stored, rho, delta)
    counts = noisy.counts
    if not labels:
        # Nothing is common enough to be told; the column has one value that tells nothing.
        warn(
            f"column {declared.name!r}: no category stands out from the noise, so all rows get one "
            "value; declare its categories or a pattern, give numbers and dates as such and not as "
            "text, or raise epsilon"
        )
        labels, stored = [_OTHER], declared.stored
        if stored.physical is not None and not stored.is_category and stored.holds != "text":
            labels = [stored.physical.labels(np.zeros(1, dtype=np.int64))[0]]
        counts = np.array([0.0, counts[-1]])
    stored = declared.stored.with_categories(labels, ordered=False)
    column = Column(
        declared.name, stored, "category", declared.missing is not False, labels, leaves_out=True
    )
    if not column.can_miss:
        counts = counts[:-1]
    return replace(
        _without_missing(column, Noisy(counts, noisy.variance), counts, noisy.variance, declared),
        is_all=False,
    )


def _look_at_numbers(census: Census, place: int, declared: Declared, rho: float) -> Look:
    step, spent = _step(census, place, declared, rho * _DECIMALS_SHARE)
    is_grid = step is not None
    step = 1.0 if step is None else step
    bounds = declared.bounds
    if bounds is None and declared.stored.is_whole and not declared.stored.ticks:
        limits = declared.stored.physical.limits()
        bounds = limits if limits[1] < 2**16 else None
    if bounds is not None:
        bounds = (bounds[0] / step, bounds[1] / step)
    edges = first_edges(bounds, is_grid)
    column = Column(
        declared.name,
        declared.stored,
        "number",
        declared.missing is not False,
        edges=edges,
        step=step,
        is_grid=is_grid,
    )
    left = rho - spent
    whole = bool(is_point(edges, is_grid).all())
    price = left if whole else left * _FIRST_SHARE
    noisy = census.cells(place, column.encode, column.n_cells, "range", price)
    values = noisy.counts[: column.n_values]
    deviations = np.full(len(values), noisy.deviation)
    if declared.bounds is None and not whole:
        values = _only_found(values, noisy.deviation)
    elif whole:
        values = tidy(values, deviations, 0.0 if declared.bounds is None else _NEXT_POINT)
    else:
        # The bounds themselves may be as common as they like, or not at all.
        values[1:-1] = tidy(values[1:-1], deviations[1:-1], _NEXT_DOUBLE)
        values[[0, -1]] *= values[[0, -1]] > _FOUND_DEVIATIONS * noisy.deviation
    if not whole:
        state = _Refined(column, values, deviations, np.full(len(values), True))
        state = _refine(census, place, state, left - price, noisy)
        column, values = state.column, state.counts
    counts = np.append(values, noisy.counts[len(edges) - 1 :])
    found = _without_missing(column, noisy, counts, noisy.variance, declared)
    # Over all cells of an unknown range there is more noise than there are rows.
    return replace(found, is_all=declared.bounds is not None or whole)


def _only_found(values: np.ndarray, deviation: float) -> np.ndarray:
    """Return counts without those that may be noise: what lies far out would change everything."""
    found = values > _FOUND_DEVIATIONS * deviation
    if not found.any():
        found[np.argmax(values)] = True
    beside = np.convolve(found, [1, 1, 1], mode="same") > 0
    return np.where(found | (beside & (values > _NEXT_DEVIATIONS * deviation)), values, 0.0)


@dataclass
class _Refined:
    column: Column
    counts: np.ndarray
    deviations: np.ndarray
    # Cells of the newest level, which can be split again.
    newest: np.ndarray


def _refine(census: Census, place: int, state: _Refined, rho: float, first: Noisy) -> _Refined:
    """Split cells that hold much, and those at both ends, as long as parts stand out."""
    n_rows = max(first.counts.sum(), 1.0)
    points = _points(state)
    if points is not None:
        return _count_points(census, place, state, points, rho, first)
    for level in range(_MAX_LEVELS):
        price = rho / 2
        deviation = np.sqrt(1 / (2 * price))
        big = state.counts > max(_SPLIT_DEVIATIONS * deviation, _SPLIT_SHARE * n_rows)
        if level < _N_LEVELS:
            found = np.flatnonzero(state.counts > _END_DEVIATIONS * deviation)
            # Where a range ends is told to within a part of its outermost cells.
            big[found[[0, -1]] if len(found) else []] = True
        chosen = big & state.newest & ~is_point(state.column.edges, state.column.is_grid)
        if not chosen.any():
            break
        rho -= price
        state = _split_cells(census, place, state, chosen, price, level)
    return state


def _points(state: _Refined) -> np.ndarray | None:
    """Return the cells of all whole numbers that seem to occur, if they are few, else None.

    The cells beside the outermost full ones are among them: what noise hides of a tail lies there.
    """
    edges, full = state.column.edges, np.flatnonzero(state.counts)
    if not state.column.is_grid or not len(full):
        return None
    cells = np.arange(max(full[0] - 1, 0), min(full[-1] + 2, len(state.counts)))
    return cells if edges[cells[-1] + 1] - edges[cells[0]] < MAX_POINTS else None


def _count_points(
    census: Census, place: int, state: _Refined, cells: np.ndarray, rho: float, first: Noisy
) -> _Refined:
    """Count the whole numbers of cells one by one."""
    edges = state.column.edges
    chosen = np.isin(np.arange(len(state.counts)), cells)
    state = replace(state, counts=np.where(chosen, first.counts[: len(chosen)], 0.0))
    state = _split_cells(census, place, state, chosen, rho, 0, to_points=True)
    ends = np.searchsorted(state.column.edges, [edges[cells[0]], edges[cells[-1] + 1]])
    between = slice(*ends)
    state.counts[between] = tidy(
        state.counts[between], state.deviations[between], _NEXT_POINT, _SEEN
    )
    return state


def _split_cells(
    census: Census,
    place: int,
    state: _Refined,
    chosen: np.ndarray,
    rho: float,
    level: int,
    *,
    to_points: bool = False,
) -> _Refined:
    """Count the parts of chosen cells; those of parts that are points may be below zero."""
    old, n_parts = state.column.edges, MAX_POINTS if to_points else N_PARTS
    parts = [
        split(old[cell], old[cell + 1], state.column.is_grid, n_parts)
        if chosen[cell]
        else old[[cell]]
        for cell in range(len(old) - 1)
    ]
    parent = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    edges = np.append(np.concatenate(parts), old[-1])
    column = replace(state.column, edges=edges)
    new = chosen[parent]
    number = np.cumsum(new) - 1

    def encode(series: pd.Series) -> np.ndarray:
        cells = column.encode(series)
        counted = (cells >= 0) & (cells < column.n_values)
        cells = np.where(counted, cells, 0)
        return np.where(counted & new[cells], number[cells], -1)

    what = f"range, {level + 2}. level,"
    noisy = census.cells(place, encode, int(new.sum()), what, rho)
    counts, deviations = state.counts[parent], state.deviations[parent]
    for cell in np.flatnonzero(chosen):
        own = np.flatnonzero(parent == cell)
        children = noisy.counts[number[own]]
        # Both the parent's count and the sum of its parts say how many there are.
        weight, own_weight = 1 / state.deviations[cell] ** 2, 1 / (noisy.variance * len(own))
        total = state.counts[cell] * weight + children.sum() * own_weight
        total = max(total / (weight + own_weight), 0.0)
        children = children + (total - children.sum()) / len(own)
        counts[own] = children if to_points else project(children, total)
        # A cell that is its only part was counted twice.
        alone = 1 / np.sqrt(weight + own_weight)
        deviations[own] = alone if len(own) == 1 else noisy.deviation
    return _Refined(column, counts, deviations, new)


def _without_missing(
    column: Column, first: Noisy, counts: np.ndarray, variance: float, declared: Declared
) -> Look:
    """Return the look without a cell for missing values, if none can be seen through the noise."""
    if not column.can_miss or declared.missing:
        return Look(column, first, counts, is_all=True)
    if counts[-1] > _MISSING_DEVIATIONS * np.sqrt(variance):
        return Look(column, first, counts, is_all=True)
    return Look(replace(column, can_miss=False), first, counts[:-1], is_all=True)


def _step(census: Census, place: int, declared: Declared, rho: float) -> tuple[float | None, float]:
    """Return the step that numbers lie on, None if on none, and what it cost."""
    if declared.decimals is not None:
        return float(10.0**-declared.decimals), 0.0
    stored = declared.stored
    steps = stored.steps if stored.ticks else [10.0**-n for n in range(_MAX_DECIMALS + 1)]
    if len(steps) == 1:
        return steps[0], 0.0

    def encode(series: pd.Series) -> np.ndarray:
        numbers = stored.numbers(series, 1)
        found = np.full(len(numbers), len(steps))
        for number in reversed(range(len(steps))):
            found[_is_on(numbers, steps[number])] = number
        return np.where(np.isnan(numbers), -1, found)

    noisy = census.cells(place, encode, len(steps) + 1, "decimals", rho)
    total = max(noisy.counts.sum(), 0.0)
    for number, step in enumerate(steps):
        finer = noisy.counts[number + 1 :]
        slack = _FOUND_DEVIATIONS * noisy.deviation * np.sqrt(len(finer))
        if finer.sum() <= max(_OFF_GRID * total, slack):
            return step, rho
    return (steps[-1] if stored.ticks else None), rho


def _is_on(numbers: np.ndarray, step: float) -> np.ndarray:
    if step >= 1:
        return np.mod(numbers, step) == 0
    scale = np.rint(1 / step)
    return np.rint(numbers * scale) / scale == numbers
