"""What given cells imply of others by the rules, and what may be drawn beside them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
import pandas as pd

from synthwgan.table.given import GivenRows
from synthwgan.table.law import Law
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.sum import Sum
from synthwgan.table.rules.unique import Unique
from synthwgan.table.storage.dtypes import Cells

# Of how many drawn pairs the one is taken that suits a given upper end best.
_N_COPIES = 16
# So many rows are asked for at a time, for all copies are held.
_BLOCK = 10_000


class Solver:
    """Finds cells that keep rules beside those that a user gave.

    Parameters
    ----------
    law : Law
        The rules.
    """

    def __init__(self, law: Law) -> None:
        self.law = law
        self.reduction, self.place_of = law.reduction, law.place_of

    def implied(self, rows: GivenRows, is_filled: bool = False) -> GivenRows:
        """Return given rows with the cells that rules imply: totals of parts, and what is missing.

        Parameters
        ----------
        rows : GivenRows
            Cells of the table's columns.
        is_filled : bool, default=False
            Whether cells are filled wherever they can be. Otherwise one that may be missing is not
            implied by those from which it could be computed.
        """
        rules = [*self.reduction.enforced, *self._turned()]
        # What must be missing is not computed.
        rules.sort(key=lambda rule: isinstance(rule, ComputedRule))
        if not is_filled:
            rules = [rule for rule in rules if not self._may_be_missing(rule)]
        return self._closed(rules, rows)

    def are_held(self, rows: GivenRows, but: np.ndarray) -> np.ndarray:
        """Return in which rows all given cells, but for some, are such as their columns hold."""
        held = np.ones(len(rows), dtype=bool)
        for place, cells in rows.cells.items():
            is_free = ~rows.given[:, place] | but[:, place] | cells.missing
            held &= is_free | self.reduction.columns[place].holds(cells)
        return held

    def _closed(self, rules: Sequence[Rule], rows: GivenRows) -> GivenRows:
        """Return given rows with all that rules imply, one after another."""
        for _ in range(len(rules)):
            n_before = int(rows.given.sum())
            for rule in rules:
                rows = self._with_implied(rule, rows)
            if int(rows.given.sum()) == n_before:
                break
        return rows

    def beside_gaps(self, rows: GivenRows, gaps: np.ndarray) -> GivenRows:
        """Return given rows in which gaps that stay are given too, so that drawn cells suit them.

        Not given, and so drawn for the sake of the others, are gaps where no cell was missing in
        `fit`, gaps that contradict given cells, and those of cells from which one that is to be
        filled is computed.

        Parameters
        ----------
        rows : GivenRows
            Cells of the table's columns.
        gaps : ndarray of shape (n_rows, n_columns), bool
            Cells that are missing and stay so.
        """
        known = {
            place: (gaps[:, place], column.missing_cells(int(gaps[:, place].sum())))
            for place, column in enumerate(self.reduction.columns)
            if gaps[:, place].any() and column.in_features and column.missing_rate > 0
        }
        rules = [one for one in self.reduction.enforced if not isinstance(one, ComputedRule)]
        told = self._closed(rules, rows.also(known))
        free = np.zeros_like(gaps)
        free[self.law.given_broken(told, pd.RangeIndex(len(rows)), "keep")] = True
        for rule in reversed(self.reduction.builders):
            if isinstance(rule, ComputedRule):
                self._free(rule, told, free)
        return rows.also(
            {
                place: (where & ~free[:, place], cells.take(~free[where, place]))
                for place, (where, cells) in known.items()
            }
        )

    def _free(self, rule: ComputedRule, rows: GivenRows, free: np.ndarray) -> None:
        """Mark the missing cells that must be drawn for one that is computed to be there."""
        target, parts = self.place_of[rule.target], [self.place_of[name] for name in rule.sources]
        there = rows.given & ~free
        missing = np.zeros_like(free)
        for place, cells in rows.cells.items():
            missing[:, place] = there[:, place] & cells.missing
        if not rule.keeps_states_:
            # Then it was missing just where one of its parts was.
            free[:, target] |= missing[:, target] & ~missing[:, parts].any(axis=1)
        is_told = missing[:, target] & ~free[:, target]
        if rule.keeps_states_:
            is_told |= there[:, target]
        free[np.ix_(~is_told, parts)] = True

    def _turned(self) -> list[ComputedRule]:
        """Return full sums solved for each of their parts, but for those that are rounded."""
        return [
            turned
            for rule in self.reduction.enforced
            if isinstance(rule, Sum) and rule.tells_parts
            for turned in rule.all_turned()
        ]

    def _may_be_missing(self, rule: Rule) -> bool:
        """Whether a rule computes a cell that may be missing though it could be computed."""
        if not isinstance(rule, ComputedRule):
            return False
        is_part = rule.support_ is None
        return (rule.keeps_states_ or is_part) and self.law.column_of(rule.target).missing_rate > 0

    def _with_implied(self, rule: Rule, rows: GivenRows) -> GivenRows:
        places = [self.place_of[name] for name in rule.columns]
        known = rows.given[:, places]
        if not (~known.all(axis=1) & known.any(axis=1)).any():
            return rows
        frame = self.reduction.frame_of(rows, rule.columns)
        found = {}
        for name, where, series in rule.implies(frame, pd.DataFrame(known, columns=frame.columns)):
            column = self.law.column_of(name)
            if column.in_features and (where & ~rows.given[:, self.place_of[name]]).any():
                found[self.place_of[name]] = where, column.read(series)
        return rows.also(found)

    def below(self, rows: GivenRows, draw: Callable[[GivenRows], pd.DataFrame]) -> GivenRows:
        """Return given rows with the lower cells of orders of which the upper one is given.

        The upper one is computed of the lower and a gap: networks that know neither know nothing of
        it. So both are drawn several times, and taken from where the upper cell came nearest.

        Parameters
        ----------
        rows : GivenRows
        draw : callable
            Draws rows of which some cells are given.
        """
        # Of a chain the uppermost is built last.
        for rule in reversed(self.reduction.builders):
            if isinstance(rule, Order):
                low, high = (self.place_of[name] for name in rule._ends())
                where = rows.given[:, high] & ~rows.given[:, low]
                where[where] = ~rows.cells[high].missing[where] if where.any() else False
                asked = np.flatnonzero(where)
                for start in range(0, len(asked), _BLOCK):
                    block = np.zeros_like(where)
                    block[asked[start : start + _BLOCK]] = True
                    rows = rows.also({low: self._lowered(rule, rows, block, draw)})
        return rows

    def _lowered(
        self,
        rule: Order,
        rows: GivenRows,
        where: np.ndarray,
        draw: Callable[[GivenRows], pd.DataFrame],
    ) -> tuple[np.ndarray, Cells]:
        """Return in which rows the lower cell of an order is known now, and these cells."""
        low, high = (self.place_of[name] for name in rule._ends())
        column, n_copies = self.reduction.columns[low], _N_COPIES
        copies = rows.take(np.repeat(np.flatnonzero(where), n_copies))
        told = self.reduction.frame_of(copies, [rule._ends()[1]]).iloc[:, 0]
        free = copies.given.copy()
        free[:, high] = False
        drawn = draw(GivenRows(free, copies.cells))
        cells, moved = rule.lowered(drawn, told)
        found = column.read(cells)
        moved[found.missing | ~column.holds(found)] = np.inf
        # A month that is given as well leaves few starts.
        trial = drawn.copy(deep=False)
        trial[cells.name], trial[told.name] = cells, told.set_axis(drawn.index)
        table = Table(trial)
        for other in self.reduction.enforced:
            if cells.name in other.columns and not isinstance(other, Unique):
                moved[~other.check(table)] = np.inf
        moved = moved.reshape(-1, n_copies)
        best = np.arange(len(moved)) * n_copies + moved.argmin(axis=1)
        is_known = np.isfinite(moved.min(axis=1))
        new = where.copy()
        new[where] = is_known
        return new, found.take(best[is_known])

    def but_broken(self, rows: GivenRows, drawn: pd.DataFrame) -> GivenRows:
        """Return given rows with all drawn cells that have no part in a broken rule.

        So a row that broke one of many rules need not meet all the others anew.
        """
        table, free = Table(drawn), np.zeros(rows.given.shape, dtype=bool)
        for rule in self.reduction.enforced:
            if not isinstance(rule, Unique):
                free[np.ix_(~rule.check(table), self._places_of(rule.columns))] = True
        for rule in self.reduction.builders:
            places = self._places_of(rule.columns)
            free[np.ix_(self.law.is_out(rule, table, drawn), places)] = True
        added = {}
        for place, column in enumerate(self.reduction.columns):
            kept = ~free[:, place]
            if column.in_features:
                added[place] = kept, column.read(drawn.iloc[:, place]).take(kept)
        return rows.also(added)

    def _places_of(self, names: Iterable[Hashable]) -> list[int]:
        """Return the places of some columns, and of all that are linked to them by computing."""
        linked, computed = set(names), {rule.dependent[0] for rule in self.reduction.builders}
        for _ in self.reduction.builders:
            for rule in self.reduction.builders:
                if linked & computed & set(rule.columns):
                    linked |= set(rule.columns)
        return [self.place_of[name] for name in linked]
