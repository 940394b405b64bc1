"""Keys of look-ups that share the state of rare categories: one that goes with the row."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.given import with_cells
from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.lookup import positions

# Where a column of rows is given, by its name.
Given = Mapping[Hashable, np.ndarray]


class RareKeys:
    """Draws rare cells that determine others so that they go with what was drawn of these.

    Thousands of tail numbers share one state, and each belongs to one carrier. A carrier is learned
    with all that depends on it, so of a row in that state the carrier stands, and the tail number
    is one of the carrier's, by how often each occurred.

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
        self._menus = {
            name: _Menu(name, columns[name], [one for one in self.lookups if name in one.sources])
            for name in keys
            if has_rare_cells(columns[name])
        }

    def suit(self, rows: pd.DataFrame, given: Given, rng: np.random.Generator) -> pd.DataFrame:
        """Return rows in which rare keys suit the cells that they determine.

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


class _Menu:
    """The rare cells of one column, and what each of them goes with."""

    def __init__(
        self, name: Hashable, column: ColumnTransformer, rules: Sequence[Determines]
    ) -> None:
        self.name, self.column, self.rules = name, column, rules
        self.cells, counts = column.rare_cells()
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
        """Return the column with other rare cells where they break a rule; None if none does."""
        table = Table(rows).written_as(self.written)
        # Some break a rule with exceptions, as real rows do.
        share = min(1.0 if rule.support_ is None else rule.support_.share for rule in self.rules)
        keeps = rng.random(len(rows)) < share
        kept = np.logical_and.reduce([rule.check(table) for rule in self.rules])
        todo = keeps & ~kept & self._is_rare(table[self.name])
        if given is not None:
            todo &= ~given
        chosen = np.full(len(rows), -1)
        for rules in self.choices:
            left = np.flatnonzero(todo & (chosen < 0))
            if len(left):
                chosen[left] = self._drawn(Table(rows.iloc[left]), rules, rng)
        if not (chosen >= 0).any():
            return None
        fresh = self.cells.take(chosen[chosen >= 0])
        cells = with_cells(self.column.read(rows[self.name]), chosen >= 0, fresh)
        return self.column.physical.write(cells).set_axis(rows.index)

    def _is_rare(self, column: Column) -> np.ndarray:
        known = [label in self.place_of for label in column.labels]
        return np.array([*known, False])[column.codes]

    def _drawn(
        self, table: Table, rules: Sequence[Determines], rng: np.random.Generator
    ) -> np.ndarray:
        """Return for each row which rare cell goes with the others by some rules, -1 for none."""
        names, going, places = self._going(rules)
        found, _ = positions(table.written_as(self.written), names, going)
        chosen = np.full(len(table), -1)
        order = np.argsort(found, kind="stable")
        for group in np.unique(found[found >= 0]):
            start, end = np.searchsorted(found[order], [group, group + 1])
            weights = self.weights[places[group]]
            drawn = rng.choice(places[group], size=end - start, p=weights / weights.sum())
            chosen[order[start:end]] = drawn
        return chosen

    def _going(
        self, rules: Sequence[Determines]
    ) -> tuple[list[Hashable], list[tuple[Any, ...]], list[np.ndarray]]:
        """Return other columns, what occurs in them together, and which rare cells go with each."""
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


def has_rare_cells(column: ColumnTransformer) -> bool:
    """Whether some cells of a column share a state, and any of them may be drawn for it."""
    return len(column.rare_cells()[1]) > 0
