"""Cells of drawn rows that are changed, where no draw keeps a rule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.private.columns import Column
from synthwgan.private.storage import Stored
from synthwgan.private.written import WrittenDates
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.one_hot import OneHot
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.units import UNITS, ticks_per

# Noise of floats in numbers of steps.
_NOISE = 1e-6
Limits = Mapping[Hashable, tuple[float, float]]


class OrderMender:
    """Moves cells as little as need be, until they are in order.

    Each cell becomes the nearest value of its column that lies above all that must lie below it,
    and leaves room for all that must lie above it.

    Parameters
    ----------
    orders : sequence of Order
    columns : mapping of column name to Column
        The measured columns.
    limits : mapping of column name to (float, float)
        Lowest and highest value of each ordered column, in its own unit.
    """

    def __init__(
        self, orders: Sequence[Order], columns: Mapping[Hashable, Column], limits: Limits
    ) -> None:
        self._steps: list[tuple[Hashable, Hashable, bool]] = []
        self._columns = columns
        names = list(limits)
        units = {name: unit for name in names if (unit := _unit(columns[name].stored))}
        finest = max(units.values(), key=UNITS.index, default=None)
        # What one of a column's own ticks is in the finest unit of all.
        self._scale = {
            name: float(ticks_per(units[name], finest)) if name in units and finest else 1.0
            for name in names
        }
        self._bounds = {
            name: [low * self._scale[name], high * self._scale[name]]
            for name, (low, high) in limits.items()
        }
        for pair in (pair for order in orders for pair in order.pairs()):
            self._add(pair, finest)
        graph: dict[Hashable, set[Hashable]] = {name: set() for name in names}
        for low, high, _ in self._steps:
            graph[high].add(low)
        self._order = list(TopologicalSorter(graph).static_order())

    def _add(self, pair: Order, finest: str | None) -> None:
        left, sign, right = pair.terms
        if sign in (">", ">="):
            left, right = right, left
        is_strict = "=" not in sign
        named = set(pair.columns)
        if left in named and right in named:
            self._steps.append((left, right, is_strict))
        elif left in named:
            ends = self._bounds[left]
            ends[1] = min(ends[1], float(self._down(left, _constant(right, finest), is_strict)))
        else:
            ends = self._bounds[right]
            ends[0] = max(ends[0], float(self._up(right, _constant(left, finest), is_strict)))

    def mend(self, frame: pd.DataFrame, fixed: Mapping[Hashable, np.ndarray]) -> pd.DataFrame:
        """Return rows that keep the orders, as far as limits and cells that are fixed allow it."""
        none = np.zeros(len(frame), dtype=bool)
        values, present, highest = {}, {}, {}
        for name in self._order:
            column = self._columns[name]
            steps = column.stored.numbers(frame[name], column.step)
            present[name] = ~np.isnan(steps)
            values[name] = steps * self._size(name)
        for name in reversed(self._order):
            high = np.full(len(frame), self._bounds[name][1])
            for low, above, is_strict in self._steps:
                if low == name:
                    room = self._down(name, highest[above], is_strict)
                    high = np.where(present[above], np.minimum(high, room), high)
            highest[name] = np.where(fixed.get(name, none), values[name], high)
        moved = {}
        for name in self._order:
            least_of_all = self._bounds[name][0]
            low = np.full(len(frame), least_of_all)
            for below, high, is_strict in self._steps:
                if high == name:
                    least = self._up(name, values[below], is_strict)
                    low = np.where(present[below], np.maximum(low, least), low)
            # Where there is no room, the rule is broken and not the limits: that is noticed.
            room = np.maximum(highest[name], least_of_all)
            new = np.minimum(np.maximum(values[name], low), room)
            change = present[name] & ~fixed.get(name, none) & (new != values[name])
            values[name] = np.where(change, new, values[name])
            if change.any():
                moved[name] = self._written(name, frame[name], values[name], change)
        return _with_columns(frame, moved)

    def without_room(self) -> Hashable | None:
        """Return a column of which no value keeps the orders within all limits; often None."""
        highest: dict[Hashable, float] = {}
        for name in reversed(self._order):
            above = [(high, strict) for low, high, strict in self._steps if low == name]
            rooms = [self._down(name, highest[high], strict) for high, strict in above]
            highest[name] = float(min([self._bounds[name][1], *rooms]))
        lowest: dict[Hashable, float] = {}
        for name in self._order:
            below = [(low, strict) for low, high, strict in self._steps if high == name]
            leasts = [self._up(name, lowest[low], strict) for low, strict in below]
            lowest[name] = float(max([self._bounds[name][0], *leasts]))
        return next((name for name in self._order if lowest[name] > highest[name]), None)

    def _written(
        self, name: Hashable, series: pd.Series, values: np.ndarray, where: np.ndarray
    ) -> pd.Series:
        column = self._columns[name]
        steps = values[where] / self._size(name)
        if column.is_grid:
            steps = np.rint(steps)
        cells = column.stored.write_numbers(steps, column.step, np.zeros(len(steps), dtype=bool))
        order = np.arange(len(series))
        order[where] = len(series) + np.arange(len(steps))
        both = pd.concat([series, cells.astype(series.dtype)], ignore_index=True)
        return both.iloc[order].set_axis(series.index)

    def _size(self, name: Hashable) -> float:
        """Return what one step of a column is in the unit of all."""
        return self._columns[name].step * self._scale[name]

    def _up(self, name: Hashable, value: Any, is_strict: bool) -> np.ndarray:
        """Return the lowest values of a column that are not below others, or above them."""
        if not self._columns[name].is_grid:
            if not is_strict:
                return value
            # As 32-bit floats tell apart; an end that is open stays so.
            more = _NOISE * np.maximum(np.abs(value), 1.0)
            return np.where(np.isfinite(value), value + more, value)
        size = self._size(name)
        steps = np.asarray(value) / size
        return size * (np.floor(steps + _NOISE) + 1 if is_strict else np.ceil(steps - _NOISE))

    def _down(self, name: Hashable, value: Any, is_strict: bool) -> np.ndarray:
        return -self._up(name, -np.asarray(value), is_strict)


def _with_columns(frame: pd.DataFrame, columns: Mapping[Hashable, pd.Series]) -> pd.DataFrame:
    parts = [columns.get(name, frame[name]) for name in frame.columns]
    return pd.concat(parts, axis=1).set_axis(frame.columns, axis=1)


def _unit(stored: Stored) -> str | None:
    """Return the unit of a column's ticks, None for numbers."""
    if isinstance(stored, WrittenDates):
        return stored.form.unit
    return stored.physical.unit if stored.holds == "time" else None


def _constant(term: Any, finest: str | None) -> float:
    if not isinstance(term, pd.Timestamp):
        return float(term)
    return term.as_unit("ns").value / ticks_per(finest or "ns", "ns")


def mend_one_hot(
    rule: OneHot,
    frame: pd.DataFrame,
    columns: Mapping[Hashable, Column],
    fixed: Mapping[Hashable, np.ndarray],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return rows in which one column is set, of those that may be: by chance, as common as it is.

    Cells that are fixed stay, and so do missing ones.
    """
    names = rule.columns
    table = Table(frame)
    is_set, may_be = rule._set(table), np.column_stack([table[name].present for name in names])
    held = np.column_stack([fixed.get(name, np.zeros(len(frame), dtype=bool)) for name in names])
    shares = np.array([_share_of_one(columns[name]) for name in names])
    # One that is given wins, then one that is drawn, then any that is not given as unset.
    weights = np.where(held & is_set, 1e12, np.where(is_set, 1e6, 1.0)) * (shares + 1e-6)
    weights = np.where(may_be & ~(held & ~is_set), weights, 0.0)
    totals = weights.cumsum(axis=1)
    chosen = (totals <= rng.random(len(frame))[:, None] * totals[:, -1:]).sum(axis=1)
    broken = ~rule.check(table) & (totals[:, -1] > 0)
    made = {}
    for place, name in enumerate(names):
        wanted = chosen == place
        own = broken & may_be[:, place] & ~held[:, place]
        series = frame[name]
        for value in (0, 1):
            cell = columns[name].stored.write_labels([value], np.array([0])).iloc[0]
            series = series.mask(own & (wanted == bool(value)), cell)
        made[name] = series.astype(frame[name].dtype)
    return _with_columns(frame, made)


def _share_of_one(column: Column) -> float:
    if column.edges is None:
        return float(sum(column.shares[n] for n, label in enumerate(column.labels) if label == 1))
    return float(column.shares[: column.n_values][column.edges[:-1] >= 1].sum())
