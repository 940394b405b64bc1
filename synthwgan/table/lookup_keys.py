"""Keys of look-ups: one that goes with the row, where networks do not draw each by itself."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.given import with_cells
from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.lookup import positions

_NEIGHBOURS = 16
# Where a column of rows is given, by its name.
Given = Mapping[Hashable, np.ndarray]


class LookupKeys:
    """Draws cells that determine others so that they go with what was drawn of these.

    Thousands of tail numbers share one state, and each belongs to one carrier. A carrier is learned
    with all that depends on it, so of a row in that state the carrier stands, and the tail number
    is one of the carrier's, by how often each occurred. Nor do networks draw each number by itself,
    but about as large: of a row whose weekday does not go with its date, the weekday stands, and
    the date becomes one of the two nearest that have it.

    Parameters
    ----------
    lookups : sequence of Determines
        Fitted rules of which all columns are learned.
    columns : mapping of name to ColumnTransformer
        The fitted columns.
    """

    def __init__(
        self, lookups: Sequence[Determines], columns: Mapping[Hashable, ColumnTransformer]
    ) -> None:
        self.lookups, self.columns = list(lookups), columns
        keys = dict.fromkeys(name for rule in self.lookups for name in rule.sources)
        order = _sources_first(self.lookups)
        self.lookups.sort(key=lambda rule: order[rule.target])
        self._menus = {
            name: _Menu(name, columns[name], [one for one in self.lookups if name in one.sources])
            for name in sorted(keys, key=lambda name: -order[name])
            if len(columns[name].loose_cells()[1])
        }

    def suit(self, rows: pd.DataFrame, given: Given, rng: np.random.Generator) -> pd.DataFrame:
        """Return rows in which keys suit the cells that they determine.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_learned)
            The learned columns, named.
        given : mapping of column name to ndarray of shape (n_rows,), bool
            Cells that stay as they are.
        rng : Generator
            Draws the keys.
        """
        for name, menu in self._menus.items():
            fresh = menu.suited(rows, given.get(name), rng)
            if fresh is not None:
                rows = rows.copy(deep=False)
                rows[name] = fresh
        return self._with_told(rows, given) if self._menus else rows

    def _with_told(self, rows: pd.DataFrame, given: Given) -> pd.DataFrame:
        """Return rows in which a key tells the other cell where none suited what was drawn."""
        for rule in self.lookups:
            if not rule.is_full or self._menus.keys().isdisjoint(rule.sources):
                continue
            broken = ~rule.check(rows) & ~given.get(rule.target, np.zeros(len(rows), dtype=bool))
            if broken.any():
                column = self.columns[rule.target]
                told = column.read(rule.computed(rows[rule.columns].loc[broken]))
                cells = with_cells(column.read(rows[rule.target]), broken, told)
                rows = rows.copy(deep=False)
                rows[rule.target] = column.physical.write(cells).set_axis(rows.index)
        return rows


def _sources_first(lookups: Sequence[Determines]) -> dict[Hashable, int]:
    """Return places of the columns, each behind those that determine it."""
    names = dict.fromkeys(name for rule in lookups for name in rule.columns)
    found = {name: set().union(*(r.sources for r in lookups if r.target == name)) for name in names}
    # Columns that determine each other have no order; any will do.
    with suppress(CycleError):
        names = list(TopologicalSorter(found).static_order())
    return {name: place for place, name in enumerate(names)}


class _Menu:
    """The cells of one column of which another may stand, and what each of them goes with."""

    def __init__(
        self, name: Hashable, column: ColumnTransformer, rules: Sequence[Determines]
    ) -> None:
        self.name, self.column, self.rules = name, column, rules
        self.cells, counts = column.loose_cells()
        self.are_ordered = column.has_value
        # All read the cells in the form in which they were written when the rules were fitted.
        self.written = {name: form for rule in rules for name, form in rule.written_.items()}
        own = Table(pd.DataFrame({0: column.physical.write(self.cells)}).set_axis([name], axis=1))
        own = own.written_as(self.written)[name]
        self.place_of = {own.labels[code]: place for place, code in enumerate(own.codes)}
        self.weights = counts / counts.sum()
        alone = [rule for rule in rules if len(rule.sources) == 1]
        # All that one key determines, then less of it, and what it determines beside others.
        self.choices = [alone[:n] for n in range(len(alone), 0, -1)]
        self.choices += [[rule] for rule in rules if len(rule.sources) > 1]

    def suited(
        self, rows: pd.DataFrame, given: np.ndarray | None, rng: np.random.Generator
    ) -> pd.Series | None:
        """Return the column with other cells where they break a rule; None if none does."""
        table = Table(rows).written_as(self.written)
        # Some break a rule with exceptions, as real rows do.
        share = min(1.0 if rule.support_ is None else rule.support_.share for rule in self.rules)
        keeps = rng.random(len(rows)) < share
        kept = np.logical_and.reduce([rule.check(table) for rule in self.rules])
        own = self._places(table[self.name])
        todo = keeps & ~kept & (own >= 0)
        if given is not None:
            todo &= ~given
        chosen = np.full(len(rows), -1)
        for rules in self.choices:
            left = np.flatnonzero(todo & (chosen < 0))
            if len(left):
                chosen[left] = self._drawn(Table(rows.iloc[left]), own[left], rules, rng)
        if not (chosen >= 0).any():
            return None
        fresh = self.cells.take(chosen[chosen >= 0])
        cells = with_cells(self.column.read(rows[self.name]), chosen >= 0, fresh)
        return self.column.physical.write(cells).set_axis(rows.index)

    def _places(self, column: Column) -> np.ndarray:
        """Return which of the cells each row has, -1 for none of them."""
        places = [self.place_of.get(label, -1) for label in column.labels]
        return np.array([*places, -1])[column.codes]

    def _drawn(
        self,
        table: Table,
        own: np.ndarray,
        rules: Sequence[Determines],
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return for each row which cell goes with the others by some rules, -1 for none."""
        names, going, places = self._going(rules)
        found, _ = positions(table.written_as(self.written), names, going)
        chosen = np.full(len(table), -1)
        order = np.argsort(found, kind="stable")
        for group in np.unique(found[found >= 0]):
            start, end = np.searchsorted(found[order], [group, group + 1])
            choose = self._about_as_large if self.are_ordered else self._any
            chosen[order[start:end]] = choose(places[group], own[order[start:end]], rng)
        return chosen

    def _any(self, places: np.ndarray, own: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw cells by how often each occurred."""
        weights = self.weights[places]
        return rng.choice(places, size=len(own), p=weights / weights.sum())

    def _about_as_large(
        self, places: np.ndarray, own: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw numbers near each row's own.

        A few neighbours share the rows between them in order, the smallest the smallest, so that
        each comes as often as it did beside the others. Of too few rows, one of the two nearest.
        """
        places = np.sort(places)
        right = np.searchsorted(places, own)
        below, above = (np.clip(at, 0, len(places) - 1) for at in (right - 1, right))
        weights = self.weights[places]
        share = weights[below] / (weights[below] + weights[above])
        chosen = places[np.where(rng.random(len(own)) < share, below, above)]
        middles = (
            places[_NEIGHBOURS - 1 : -1 : _NEIGHBOURS] + places[_NEIGHBOURS::_NEIGHBOURS]
        ) / 2
        blocks = np.searchsorted(middles, own)
        for block in np.flatnonzero(np.bincount(blocks) >= _NEIGHBOURS):
            rows = np.flatnonzero(blocks == block)
            among = slice(block * _NEIGHBOURS, (block + 1) * _NEIGHBOURS)
            chosen[rows] = _in_order(places[among], weights[among], own[rows], rng)
        return chosen

    def _going(
        self, rules: Sequence[Determines]
    ) -> tuple[list[Hashable], list[tuple[Any, ...]], list[np.ndarray]]:
        """Return other columns, what occurs in them together, and which cells go with each."""
        frames = []
        for rule in rules:
            learned = [(*key, value) for key, value in rule.map_.items()]
            frames.append(pd.DataFrame(learned, columns=[*rule.sources, rule.target], dtype=object))
        joined = reduce(lambda one, other: one.merge(other, on=self.name), frames)
        joined = joined[joined[self.name].isin(list(self.place_of))]
        places = joined.pop(self.name).map(self.place_of).to_numpy()
        names = list(joined.columns)
        codes, going = pd.factorize(pd.MultiIndex.from_frame(joined))
        order = np.argsort(codes, kind="stable")
        members = np.split(places[order], np.cumsum(np.bincount(codes))[:-1])
        return names, list(going), members


def _in_order(
    places: np.ndarray, weights: np.ndarray, own: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return numbers by their shares, in the order of each row's own; equal ones at random."""
    order = np.lexsort((rng.random(len(own)), own))
    levels = (np.arange(len(own)) + rng.random(len(own))) / len(own)
    shares = np.cumsum(weights)
    chosen = np.empty_like(own)
    chosen[order] = places[np.searchsorted(shares[:-1] / shares[-1], levels, side="right")]
    return chosen
