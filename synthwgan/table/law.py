"""Rules on drawn rows: which break one, and what given cells imply of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

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


class Law:
    """What rules demand of rows that are drawn one after another.

    Parameters
    ----------
    reduction : Reduction
        Knows the rules, and which columns they compute.
    """

    def __init__(self, reduction: Reduction) -> None:
        self.reduction = reduction
        self.place_of = {name: place for place, name in enumerate(reduction.names)}
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
            if isinstance(rule, ComputedRule) and not rule.keeps_states_:
                broken |= table[rule.target].missing & self._have_all(table, rule)
        return broken | reduction.is_beyond(rows)

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

        Identifiers stay: they number the rows of the table.
        """
        order = np.arange(len(rows))
        order[unlawful] = len(rows) + np.arange(len(others))
        mended = pd.concat([rows, others], ignore_index=True).iloc[order].reset_index(drop=True)
        for place, column in enumerate(self.reduction.columns):
            if not column.in_features:
                mended.isetitem(place, rows.iloc[:, place])
        return mended

    def computed(self, rows: pd.DataFrame, given: np.ndarray) -> pd.DataFrame:
        """Return rows in which full rules compute their columns anew; given cells stay.

        For rows of networks that learned those columns as well.
        """
        table = rows
        for rule in RuleSet(self.reduction.enforced).builders():
            if not isinstance(rule, ComputedRule) or rule.keeps_states_:
                continue
            place = self.place_of[rule.target]
            if not self.reduction.columns[place].in_features:
                continue
            fresh = rule.rebuild(table, list(rows.columns))[rule.target]
            kept = given[:, place] | fresh.isna().to_numpy()
            table = table.copy()
            table[rule.target] = rows[rule.target].where(kept, fresh).astype(fresh.dtype)
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
        return f"'{rules[worst]}' is broken in {counts[worst]} of {len(rows)}"

    def implied(self, rows: GivenRows) -> GivenRows:
        """Return given rows with the cells that rules imply: totals of parts, and what is missing.

        Parameters
        ----------
        rows : GivenRows
            Cells of the table's columns.
        """
        rules = [*self.reduction.enforced, *self._turned()]
        for _ in range(len(rules)):
            n_before = int(rows.given.sum())
            for rule in rules:
                rows = self._with_implied(rule, rows)
            if int(rows.given.sum()) == n_before:
                break
        return rows

    def _turned(self) -> list[Sum]:
        """Return full sums solved for each of their parts."""
        return [
            turned
            for rule in self.reduction.enforced
            if isinstance(rule, Sum) and not rule.keeps_states_
            for turned in rule.all_turned()
        ]

    def _with_implied(self, rule: Rule, rows: GivenRows) -> GivenRows:
        given, cells = rows.given, dict(rows.cells)
        places = [self.place_of[name] for name in rule.columns]
        open_rows = ~given[:, places].all(axis=1) & given[:, places].any(axis=1)
        if not open_rows.any():
            return rows
        frame = self.reduction.frame_of(rows)
        known = pd.DataFrame(given, columns=self.reduction.names)
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
        """Return given rows with one more part of each sum, so that it gives its given total.

        Parameters
        ----------
        rows : GivenRows
        drawn : DataFrame of shape (n_rows, n_columns)
            The rows with drawn cells in place of what is not given.
        """
        for rule in self.reduction.builders:
            if not isinstance(rule, Sum) or rule.keeps_states_:
                continue
            target = self.place_of[rule.target]
            for turned in rule.all_turned():
                part = self.place_of[turned.target]
                column = self.reduction.columns[part]
                where = rows.given[:, target] & ~rows.given[:, part]
                if not where.any() or not column.has_value:
                    continue
                frame = drawn.copy()
                frame[rule.target] = self.reduction.frame_of(rows)[rule.target]
                found = column.read(turned.rebuild(frame)[turned.target])
                where &= ~found.missing & column.holds(found)
                # The other parts must stay what they were drawn to be.
                rows = self._also_given(rows, where, {part: found}, drawn, turned)
        return rows

    def _also_given(
        self,
        rows: GivenRows,
        where: np.ndarray,
        found: Mapping[int, Cells],
        drawn: pd.DataFrame,
        turned: Sum,
    ) -> GivenRows:
        given, cells = rows.given.copy(), dict(rows.cells)
        added = dict(found)
        for name in turned.sources:
            place = self.place_of[name]
            if place not in added:
                added[place] = self.reduction.columns[place].read(drawn[name])
        for place, own in added.items():
            new = where & ~given[:, place]
            cells[place] = _with_cells(cells.get(place), new, own.take(new))
            given[new, place] = True
        return GivenRows(given, cells)


def _with_cells(before: Cells | None, where: np.ndarray, cells: Cells) -> Cells:
    """Return a column with other cells in some rows; missing elsewhere if there was none."""
    if before is None:
        values = np.zeros(len(where), dtype=cells.values.dtype)
        before = Cells(values, np.ones(len(where), dtype=bool))
    values, missing = before.values.copy(), before.missing.copy()
    values[where], missing[where] = cells.values, cells.missing
    return Cells(values, missing)
