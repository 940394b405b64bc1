"""Parts of totals that a user gave: of sums, products, and chains of these."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.given import GivenRows
from synthwgan.table.law import Law
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.form import ColumnForm, write_cells
from synthwgan.table.search import search_part

# How many parts are tried in search of those that make a given total.
_ATTEMPTS = 8


class TotalSolver:
    """Finds the parts of totals that a user gave.

    A rule is solved for one of its parts, if each has columns of its own. Where parts depend on
    each other, as a net price and its tax, or one is there twice, a column of which they are
    computed is searched for.

    Parameters
    ----------
    law : Law
        The rules.
    rng : Generator
        Draws which part gives way.
    """

    def __init__(self, law: Law, rng: np.random.Generator) -> None:
        self.law, self.rng = law, rng
        self.reduction, self.place_of = law.reduction, law.place_of

    def solved(self, rows: GivenRows, drawn: pd.DataFrame) -> GivenRows:
        """Return given rows with one more part of a sum or product, so that it is as given.

        Parameters
        ----------
        rows : GivenRows
        drawn : DataFrame of shape (n_rows, n_columns)
            The rows with drawn cells in place of what is not given.
        """
        for _ in range(_ATTEMPTS):
            trial = self._solved_once(rows, drawn)
            for rule in self._solvable:
                rows = self._with_solution(rule, rows, trial)
            if not any(self._is_open(rule, rows).any() for rule in self._solvable):
                break
            drawn = self._with_others(drawn, rows)
        return rows

    def _with_solution(self, rule: ComputedRule, rows: GivenRows, trial: GivenRows) -> GivenRows:
        """Return given rows with all that makes a given total, where a trial has all of it."""
        where = self._is_open(rule, rows)
        names = self._roots(rule.sources, rule.target)
        for other in self._solvable:
            if other is rule or other.target in names:
                where &= ~self._is_open(other, trial)
        added = {}
        for place in sorted({self.place_of[name] for name in names} & trial.cells.keys()):
            new = where & trial.given[:, place]
            added[place] = new, trial.cells[place].take(new)
        return rows.also(added)

    @cached_property
    def _solvable(self) -> list[ComputedRule]:
        """Return the rules without exceptions that numbers, or what they turn to, are solved for.

        Totals come before the parts that are computed themselves, and are given by then.
        """
        return [
            rule
            for rule in reversed(self.reduction.builders)
            if isinstance(rule, ComputedRule)
            and rule.is_full
            and (rule.can_turn or self._part_forms.keys() & set(rule.sources))
        ]

    def _is_open(self, rule: ComputedRule, rows: GivenRows) -> np.ndarray:
        """Return in which rows a total is given, and not all that it is computed from."""
        target = self.place_of[rule.target]
        is_open = rows.given[:, target].copy()
        if target in rows.cells:
            is_open &= ~rows.cells[target].missing
        return is_open & ~rows.given[:, [self.place_of[name] for name in rule.sources]].all(axis=1)

    def _with_others(self, drawn: pd.DataFrame, rows: GivenRows) -> pd.DataFrame:
        """Return rows in which the parts of totals are drawn anew, each by itself."""
        drawn = drawn.copy()
        # Not a set, whose order is another in each process.
        for name in dict.fromkeys(name for rule in self._solvable for name in rule.columns):
            place = self.place_of[name]
            column = self.reduction.columns[place]
            if place in self.reduction.places:
                kept = column.read(drawn.iloc[:, place])
                if column.has_value:
                    cells = column.cells_at_ranks(self.rng.random(len(drawn)))
                else:
                    cells = kept.take(self.rng.permutation(len(drawn)))
                cells = cells.replace(rows.given[:, place], kept)
                drawn.isetitem(place, write_cells(column.physical, cells))
        return self.law.computed(drawn, rows.given)

    def _solved_once(self, rows: GivenRows, drawn: pd.DataFrame) -> GivenRows:
        for rule in self._solvable:
            if not self._is_entangled(rule):
                for turned in self._shuffled(rule.all_turned()):
                    rows = self._solved_for(rule, turned, rows, drawn)
                continue
            roots = self._roots(rule.sources, rule.target)
            for part in self._shuffled(name for name in self._part_forms if name in roots):
                rows = self._searched_for(rule, part, rows, drawn)
        return rows

    def _shuffled(self, items: Iterable[Any]) -> list[Any]:
        items = list(items)
        return [items[place] for place in self.rng.permutation(len(items))]

    def _solved_for(
        self, rule: ComputedRule, turned: ComputedRule, rows: GivenRows, drawn: pd.DataFrame
    ) -> GivenRows:
        """Return given rows with a part that is what the others leave of a given total."""
        place = self.place_of[turned.target]
        where = self._is_open(rule, rows) & ~rows.given[:, place]
        if not where.any():
            return rows
        column, frame = self.reduction.columns[place], self._at_hand(rule, where, rows, drawn)
        solved = turned.rebuild(frame, list(drawn.columns))
        found = column.read(solved[turned.target])
        fits = ~found.missing & column.holds(found) & rule.check(solved)
        where[where] = fits
        rows = self._with_roots(rule, turned.target, where, rows, frame[fits])
        return rows.also({place: (where, found.take(fits))})

    def _at_hand(
        self, rule: ComputedRule, where: np.ndarray, rows: GivenRows, drawn: pd.DataFrame
    ) -> pd.DataFrame:
        """Return some drawn rows, with all cells given by now that a total is computed from."""
        names = {rule.target, *self._roots(rule.sources, rule.target)}
        some = drawn.iloc[where].reset_index(drop=True)
        return self.reduction.with_given(
            some, rows.take(where), [self.place_of[name] for name in names]
        )

    def _with_roots(
        self,
        rule: ComputedRule,
        part: Hashable,
        where: np.ndarray,
        rows: GivenRows,
        frame: pd.DataFrame,
    ) -> GivenRows:
        """Return given rows in which all that a total is computed from, but a part, is as drawn.

        What a given part is computed from is another question.
        """
        asked_of: dict[Hashable, np.ndarray] = {}
        todo = [(name, where) for name in rule.sources if name != part]
        computed = {own.dependent[0]: own.columns for own in self.reduction.builders}
        while todo:
            name, asked = todo.pop()
            before = asked_of.get(name, np.zeros_like(where))
            asked = asked & ~rows.given[:, self.place_of[name]] & ~before
            if asked.any():
                asked_of[name] = before | asked
                todo += [(other, asked) for other in computed.get(name, []) if other != name]
        added = {}
        for name, asked in asked_of.items():
            cells = self.law.column_of(name).read(frame[name])
            added[self.place_of[name]] = asked, cells.take(asked[where])
        return rows.also(added)

    def _is_entangled(self, rule: ComputedRule) -> bool:
        """Whether parts of a total are computed of the same column, or are one column."""
        seen: set[Hashable] = set()
        for name in rule.sources:
            roots = {name, *self._roots([name], rule.target)}
            if seen & roots:
                return True
            seen |= roots
        return False

    def _searched_for(
        self, rule: ComputedRule, part: Hashable, rows: GivenRows, drawn: pd.DataFrame
    ) -> GivenRows:
        """Return given rows with a root of a total that is such that the total is as given."""
        place = self.place_of[part]
        where = self._is_open(rule, rows) & ~rows.given[:, place]
        if not where.any() or not rule.form_.is_number:
            return rows
        frame, given = self._at_hand(rule, where, rows, drawn), rows.given[where]
        recomputed = partial(self._recomputed, rule, frame, given)
        cells, is_found = search_part(
            frame[part],
            self._part_forms[part],
            frame[rule.target],
            lambda trial: recomputed(trial)[rule.target],
            rule.form_,
        )
        solved = recomputed(cells)
        for name in self._roots(rule.sources, rule.target):
            column, own = self.law.column_of(name), solved[name]
            found = column.read(own)
            is_found &= given[:, self.place_of[name]] | (~found.missing & column.holds(found))
        where[where] = is_found
        rows = self._with_roots(rule, part, where, rows, solved[is_found])
        return rows.also(
            {place: (where, self.law.column_of(part).read(solved[part]).take(is_found))}
        )

    @cached_property
    def _part_forms(self) -> dict[Hashable, ColumnForm]:
        """Return how numbers are written of which others are computed, none by a rule itself."""
        computed = self.reduction.computed()
        return {
            name: form
            for rule in self.reduction.builders
            if isinstance(rule, ComputedRule) and rule.is_full
            for name, form in zip(rule.sources, getattr(rule, "part_forms_", ()), strict=False)
            if name not in computed and form.is_number
        }

    def _recomputed(
        self, total: ComputedRule, rows: pd.DataFrame, given: np.ndarray, part: pd.Series
    ) -> pd.DataFrame:
        """Return rows with other cells in a part, and what is computed on the way to a total."""
        on_way = {total.target, *self._roots(total.sources, total.target)}
        rows = rows.copy(deep=False)
        rows[part.name] = part
        for rule in self.reduction.builders:
            if isinstance(rule, ComputedRule) and rule.is_full and rule.target in on_way:
                fresh, is_kept = rule.computed(rows), given[:, self.place_of[rule.target]]
                is_kept = is_kept & (rule is not total)
                rows[rule.target] = fresh.where(~is_kept, rows[rule.target])
        return rows

    def _roots(self, names: Iterable[Hashable], but: Hashable) -> set[Hashable]:
        """Return some columns, and those from which they are computed, without one of them."""
        computed = {rule.dependent[0]: rule.columns for rule in self.reduction.builders}
        found, todo = set(), [name for name in names if name != but]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += computed.get(name, [])
        return found - {but}
