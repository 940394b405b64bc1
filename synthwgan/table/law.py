"""Rules on drawn rows: which break one, and what given cells imply of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.given import GivenRows
from synthwgan.table.reduction import Reduction
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.rules.sum import Sum
from synthwgan.table.rules.unique import Unique
from synthwgan.table.storage.dtypes import Cells

_SHOWN_ROWS = 3
_TOLD = "<told>"
# How many parts are tried in search of those that make a given total.
_ATTEMPTS = 8


class Law:
    """What rules demand of rows that are drawn one after another.

    Parameters
    ----------
    reduction : Reduction
        Knows the rules, and which columns they compute.
    rng : Generator
        Draws which part of a sum gives way.
    """

    def __init__(self, reduction: Reduction, rng: np.random.Generator) -> None:
        self.reduction, self.rng = reduction, rng
        self.place_of = reduction.place_of
        self.keys = [rule for rule in reduction.enforced if isinstance(rule, Unique)]
        self._seen: list[pd.DataFrame] = []

    def is_broken(self, rows: pd.DataFrame, before: Sequence[pd.DataFrame] = ()) -> np.ndarray:
        """Return which rows must not leave.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_columns)
        before : sequence of DataFrame, default=()
            Rows that they go with, and must differ from where a key is unique.
        """
        broken = self.breaks_by_itself(rows)
        for rule in self.keys:
            names = list(rule.columns)
            # A row that must not leave anyway takes no other's key.
            earlier = [part[names] for part in [*self._seen, *before]]
            lawful = np.flatnonzero(~broken)
            together = pd.concat([*earlier, rows[names].iloc[lawful]], ignore_index=True)
            broken[lawful] |= ~rule.check(together)[len(together) - len(lawful) :]
        return broken

    def breaks_by_itself(self, rows: pd.DataFrame) -> np.ndarray:
        """Return which rows break a rule, whatever the other rows are."""
        reduction, broken = self.reduction, np.zeros(len(rows), dtype=bool)
        table = Table(rows)
        for rule in reduction.enforced:
            if not isinstance(rule, Unique):
                broken |= ~rule.check(table)
        for rule in reduction.builders:
            broken |= self._is_out(rule, table, rows)
        return broken

    def patterns(self, rows: pd.DataFrame) -> Counter[tuple[str, ...]]:
        """Count rows by what computed cells are: missing, computed, or of their own."""
        return Counter(self._patterns(rows))

    def _patterns(self, rows: pd.DataFrame) -> list[tuple[str, ...]]:
        table = Table(rows)
        states = [
            rule.states(table)
            for rule in self.reduction.builders
            if isinstance(rule, ComputedRule) and rule.keeps_states_
        ]
        return list(zip(*states, strict=True)) if states else [()] * len(rows)

    def matching(self, rows: pd.DataFrame, wanted: Counter[tuple[str, ...]]) -> np.ndarray:
        """Return which rows have patterns that are wanted, and take them off the count."""
        taken = np.zeros(len(rows), dtype=bool)
        for place, pattern in enumerate(self._patterns(rows)):
            if wanted[pattern] > 0:
                wanted[pattern] -= 1
                taken[place] = True
        for pattern in [pattern for pattern, count in wanted.items() if count <= 0]:
            del wanted[pattern]
        return taken

    @staticmethod
    def _have_all(table: Table, rule: ComputedRule) -> np.ndarray:
        """Return where all cells are there from which one is computed."""
        present = np.ones(len(table), dtype=bool)
        for name in rule.sources:
            present &= table[name].present
        return present

    def remember(self, rows: pd.DataFrame) -> None:
        """Take note of rows that leave: later ones must differ from them where keys are unique."""
        names = list({name: None for rule in self.keys for name in rule.columns})
        if names:
            self._seen.append(rows[names])

    def replaced(
        self, rows: pd.DataFrame, unlawful: np.ndarray, others: pd.DataFrame
    ) -> pd.DataFrame:
        """Return rows with others in the place of those that break a rule.

        Identifiers stay, for they number the rows, unless a rule computes other cells of them.
        """
        computing = {name for rule in self.reduction.builders for name in rule.columns}
        order = np.arange(len(rows))
        order[unlawful] = len(rows) + np.arange(len(others))
        mended = pd.concat([rows, others], ignore_index=True).iloc[order].reset_index(drop=True)
        for place, column in enumerate(self.reduction.columns):
            if not column.in_features and self.reduction.names[place] not in computing:
                mended.isetitem(place, rows.iloc[:, place])
        return mended

    def computed(self, rows: pd.DataFrame, given: np.ndarray) -> pd.DataFrame:
        """Return rows in which full rules compute their columns anew; given cells stay.

        For rows of networks that learned those columns as well.
        """
        table = rows
        for rule in RuleSet(self.reduction.enforced).builders():
            if not isinstance(rule, ComputedRule) or not self._column_of(rule.target).in_features:
                continue
            place = self.place_of[rule.target]
            fresh, own = rule.computed(table), rows[rule.target]
            kept = given[:, place] | fresh.isna().to_numpy()
            if rule.keeps_states_:
                kept |= own.isna().to_numpy()
            table = table.copy()
            table[rule.target] = own.where(kept, fresh).astype(own.dtype)
        return table

    def most_broken(self, rows: pd.DataFrame) -> str:
        """Say which rule most rows break."""
        rules, table = self.reduction.enforced, Table(rows)
        if not rules or not len(rows):
            return "no rule is broken by itself"
        counts = [int((~rule.check(table)).sum()) for rule in rules]
        worst = int(np.argmax(counts))
        if not counts[worst]:
            return "computed cells lie beyond those of the table"
        return f"'{rules[worst]}' is broken in {counts[worst]} of {len(rows)} rows"

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
        for _ in range(len(rules)):
            n_before = int(rows.given.sum())
            for rule in rules:
                rows = self._with_implied(rule, rows)
            if int(rows.given.sum()) == n_before:
                break
        return rows

    def _turned(self) -> list[ComputedRule]:
        """Return full sums solved for each of their parts; products are rounded, and tell less."""
        return [
            turned
            for rule in self.reduction.enforced
            if isinstance(rule, Sum)
            for turned in rule.all_turned()
        ]

    def _may_be_missing(self, rule: Rule) -> bool:
        """Whether a rule computes a cell that may be missing though it could be computed."""
        if not isinstance(rule, ComputedRule):
            return False
        is_part = rule.support_ is None
        return (rule.keeps_states_ or is_part) and self._column_of(rule.target).missing_rate > 0

    def _with_implied(self, rule: Rule, rows: GivenRows) -> GivenRows:
        given, cells = rows.given, dict(rows.cells)
        places = [self.place_of[name] for name in rule.columns]
        open_rows = ~given[:, places].all(axis=1) & given[:, places].any(axis=1)
        if not open_rows.any():
            return rows
        frame = self.reduction.frame_of(rows, rule.columns)
        known = pd.DataFrame(given[:, places], columns=frame.columns)
        for name, where, series in rule.implies(frame, known):
            place = self.place_of[name]
            column = self.reduction.columns[place]
            new = where & ~given[:, place]
            if new.any() and column.in_features:
                found = column.read(series).take(new[where])
                cells[place] = _with_cells(cells.get(place), new, found)
                given = given.copy()
                given[new, place] = True
        return GivenRows(given, cells)

    def given_broken(self, rows: GivenRows, index: pd.Index, on_broken: str) -> np.ndarray:
        """Return which rows break a rule by their given cells alone.

        Raises
        ------
        ValueError
            That names the rule and the first rows, unless ``on_broken`` is "keep".
        """
        faulty = np.zeros(len(rows), dtype=bool)
        if not self.reduction.enforced:
            return faulty
        frame = self.reduction.frame_of(rows).set_axis(index, axis=0)
        for rule in self.reduction.enforced:
            places = [self.place_of[name] for name in rule.columns]
            known = np.flatnonzero(rows.given[:, places].all(axis=1))
            if isinstance(rule, Unique) or not len(known) or not places:
                continue
            broken = known[~rule.check(frame.iloc[known])]
            if len(broken) and on_broken == "error":
                raise ValueError(self._complaint(str(rule), frame, places, broken))
            faulty[broken] = True
        return faulty

    @staticmethod
    def _complaint(rule: str, frame: pd.DataFrame, places: list[int], rows: np.ndarray) -> str:
        shown = "; ".join(
            f"row {frame.index[row]!r}: "
            + ", ".join(f"{frame.columns[place]} = {frame.iloc[row, place]}" for place in places)
            for row in rows[:_SHOWN_ROWS]
        )
        return (
            f"given cells break the rule '{rule}' in {len(rows)} of {len(frame)} rows ({shown}): "
            "mend them, empty one of them, or pass on_broken='keep' to keep them as they are"
        )

    def solved(self, rows: GivenRows, drawn: pd.DataFrame) -> GivenRows:
        """Return given rows with one more part of a sum or product, so that it is as given.

        Parameters
        ----------
        rows : GivenRows
        drawn : DataFrame of shape (n_rows, n_columns)
            The rows with drawn cells in place of what is not given.
        """
        solved, is_solved = rows, np.zeros(len(rows), dtype=bool)
        for _ in range(_ATTEMPTS):
            trial = self._solved_once(rows, drawn)
            new = self._hold(trial) & ~is_solved
            solved, is_solved = _with_given(solved, trial, new), is_solved | new
            if is_solved.all():
                break
            drawn = self._with_others(drawn, rows)
        return solved

    def _hold(self, rows: GivenRows) -> np.ndarray:
        """Return in which rows all is given that makes each given total."""
        hold = np.ones(len(rows), dtype=bool)
        for rule in self.reduction.builders:
            if isinstance(rule, ComputedRule) and rule.can_turn and rule.is_full:
                parts = [self.place_of[name] for name in rule.sources]
                target = self.place_of[rule.target]
                is_told = rows.given[:, target].copy()
                if target in rows.cells:
                    is_told &= ~rows.cells[target].missing
                hold &= ~is_told | rows.given[:, parts].all(axis=1)
        return hold

    def _with_others(self, drawn: pd.DataFrame, rows: GivenRows) -> pd.DataFrame:
        """Return rows in which the parts of totals are drawn anew, each by itself."""
        drawn = drawn.copy()
        turning = [rule for rule in self.reduction.builders if getattr(rule, "can_turn", False)]
        for name in {name for rule in turning for name in rule.columns}:
            place = self.place_of[name]
            column = self.reduction.columns[place]
            if column.has_value and place in self.reduction.places:
                cells = column.cells_at_ranks(self.rng.random(len(drawn)))
                kept = column.read(drawn.iloc[:, place])
                cells = cells.replace(rows.given[:, place], kept)
                drawn.isetitem(place, column.physical.write(cells))
        return self.computed(drawn, rows.given)

    def _solved_once(self, rows: GivenRows, drawn: pd.DataFrame) -> GivenRows:
        # Totals come before the parts that are computed themselves, and are given by then.
        for rule in reversed(self.reduction.builders):
            if isinstance(rule, ComputedRule) and rule.is_full:
                for turned in self.rng.permutation(np.array(rule.all_turned(), dtype=object)):
                    rows = self._solved_for(rule, turned, rows, drawn)
        return rows

    def _solved_for(
        self, rule: ComputedRule, turned: ComputedRule, rows: GivenRows, drawn: pd.DataFrame
    ) -> GivenRows:
        target, part = self.place_of[rule.target], self.place_of[turned.target]
        column = self.reduction.columns[part]
        where = rows.given[:, target] & ~rows.given[:, part]
        if not where.any():
            return rows
        frame, names = drawn.iloc[where].reset_index(drop=True), list(drawn.columns)
        told = self.reduction.frame_of(rows.take(where), [rule.target])
        frame = frame.assign(**{_TOLD: told[rule.target]})
        frame = frame.drop(columns=[rule.target]).rename(columns={_TOLD: rule.target})
        solved = turned.rebuild(frame, names)
        found = column.read(solved[turned.target])
        fits = ~found.missing & column.holds(found) & rule.check(solved)
        where[where] = fits
        added = {part: found.take(fits)}
        # What the total was computed from must stay what it was drawn to be.
        for name in self._roots(turned.sources, rule.target):
            place = self.place_of[name]
            added[place] = self.reduction.columns[place].read(drawn[name]).take(where)
        return self._also_given(rows, where, added)

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
            free[np.ix_(self._is_out(rule, table, drawn), places)] = True
        added = {
            place: self.reduction.columns[place].read(drawn.iloc[:, place])
            for place in range(len(self.reduction.columns))
            if self.reduction.columns[place].in_features
        }
        given, cells = rows.given.copy(), dict(rows.cells)
        for place, own in added.items():
            new = ~free[:, place] & ~given[:, place]
            cells[place] = _with_cells(cells.get(place), new, own.take(new))
            given[new, place] = True
        return GivenRows(given, cells)

    def _places_of(self, names: Iterable[Hashable]) -> list[int]:
        """Return the places of some columns, and of all that are linked to them by computing."""
        linked, computed = set(names), {rule.dependent[0] for rule in self.reduction.builders}
        for _ in self.reduction.builders:
            for rule in self.reduction.builders:
                if linked & computed & set(rule.columns):
                    linked |= set(rule.columns)
        return [self.place_of[name] for name in linked]

    def _is_out(self, rule: Rule, table: Table, drawn: pd.DataFrame) -> np.ndarray:
        """Return where a computed cell is beyond those of the table, or is none."""
        out = self.reduction.is_beyond(drawn, [self.place_of[name] for name in rule.dependent])
        if isinstance(rule, ComputedRule):
            is_never_missing = self._column_of(rule.target).missing_rate == 0
            if is_never_missing:
                out |= table[rule.target].missing
            elif not rule.keeps_states_:
                out |= table[rule.target].missing & self._have_all(table, rule)
        return out

    def _column_of(self, name: Hashable) -> ColumnTransformer:
        return self.reduction.columns[self.place_of[name]]

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

    @staticmethod
    def _also_given(rows: GivenRows, where: np.ndarray, added: Mapping[int, Cells]) -> GivenRows:
        given, cells = rows.given.copy(), dict(rows.cells)
        for place, own in added.items():
            new = where & ~given[:, place]
            cells[place] = _with_cells(cells.get(place), new, own.take(new[where]))
            given[new, place] = True
        return GivenRows(given, cells)


def _with_given(rows: GivenRows, others: GivenRows, where: np.ndarray) -> GivenRows:
    """Return given rows with what is given of others in the place of some."""
    given = np.where(where[:, None], others.given, rows.given)
    cells = dict(rows.cells)
    for place, own in others.cells.items():
        cells[place] = _with_cells(cells.get(place), where, own.take(where))
    return GivenRows(given, cells)


def _with_cells(before: Cells | None, where: np.ndarray, cells: Cells) -> Cells:
    """Return a column with other cells in some rows; missing elsewhere if there was none."""
    if before is None:
        values = np.zeros(len(where), dtype=cells.values.dtype)
        before = Cells(values, np.ones(len(where), dtype=bool))
    values, missing = before.values.copy(), before.missing.copy()
    values[where], missing[where] = cells.values, cells.missing
    return Cells(values, missing)
