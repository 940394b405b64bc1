"""Rules on drawn rows: which of them must not leave."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.identifier import IdentifierTransformer
from synthwgan.table.given import GivenRows
from synthwgan.table.reduction import Reduction
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.rules.unique import Unique

_SHOWN_ROWS = 3


class Law:
    """What rules demand of rows that are drawn one after another.

    Parameters
    ----------
    reduction : Reduction
        Knows the rules, and which columns they compute.
    """

    def __init__(self, reduction: Reduction) -> None:
        self.reduction, self.place_of = reduction, reduction.place_of
        self.keys = [rule for rule in reduction.enforced if isinstance(rule, Unique)]
        self._seen: list[pd.DataFrame] = []
        # Those that could compute columns which networks learned as well.
        self._computing = [
            rule
            for rule in RuleSet(reduction.enforced).builders()
            if isinstance(rule, ComputedRule) and self.column_of(rule.target).in_features
        ]

    def check_room(self, n_rows: int) -> None:
        """Raise a ValueError if so many rows cannot all have keys of their own.

        Both those that are made anew and those that a rule says are unique.
        """
        for name, column in zip(self.reduction.names, self.reduction.columns, strict=True):
            if isinstance(column, IdentifierTransformer):
                needed = column.n_needed(n_rows)
                room = column.n_possible(needed)
                if room < needed:
                    raise ValueError(
                        f"column {name!r}: {n_rows} rows need {needed} new identifiers, and only "
                        f"{int(room)} of {column.physical.name} are free: ask for fewer rows, or "
                        "fit the column in a wider dtype, such as 'int64'"
                    )
        computed = {name for rule in self.reduction.builders for name in rule.dependent}
        for rule in self.keys:
            columns = [self.column_of(name) for name in rule.columns]
            # Of rows in which a part of the key is missing, any number may agree.
            if not computed.intersection(rule.columns) and not any(c.missing_rate for c in columns):
                self._check_key(rule, columns, n_rows)

    @staticmethod
    def _check_key(rule: Unique, columns: Sequence[ColumnTransformer], n_rows: int) -> None:
        counts = [column.n_possible(n_rows) for column in columns]
        if math.prod(counts) < n_rows:
            shown = " x ".join(
                f"{int(count)} of {name!r}"
                for count, name in zip(counts, rule.columns, strict=True)
            )
            raise ValueError(
                f"rule '{rule}': {n_rows} rows need as many different keys, and only "
                f"{int(math.prod(counts))} are possible ({shown}): ask for fewer rows, or fit "
                "without the rule"
            )

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

    def breaks_by_itself(self, rows: pd.DataFrame, given: np.ndarray | None = None) -> np.ndarray:
        """Return which rows break a rule, or have computed cells that are none of the table's.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_columns)
        given : ndarray of shape (n_rows, n_columns), bool, optional
            Cells that a user gave, and what they imply: these may lie beyond the table's.

        Returns
        -------
        broken : ndarray of shape (n_rows,), bool
            Whatever the other rows are.
        """
        reduction, broken = self.reduction, np.zeros(len(rows), dtype=bool)
        table = Table(rows)
        for rule in reduction.enforced:
            if not isinstance(rule, Unique):
                broken |= ~rule.check(table)
        for rule in reduction.builders:
            out = self.is_out(rule, table, rows)
            if given is not None:
                out &= ~given[:, [self.place_of[name] for name in rule.dependent]].all(axis=1)
            broken |= out
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
        for rule in self._computing:
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

    def unmended(self, rows: pd.DataFrame, n_rows: int) -> str:
        """Say what is wrong with filled rows, of `n_rows`, for which no better cells were found."""
        those = f"{len(rows)} of {n_rows} rows"
        if not self.reduction.breaks(rows).any():
            return (
                f"{those} have computed cells beyond those of the table, for no others were found "
                "beside the given ones"
            )
        return (
            f"{those} break a rule, for no cells were found that keep it beside the given ones: "
            f"{self.most_broken(rows)}"
        )

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

    def is_out(self, rule: Rule, table: Table, drawn: pd.DataFrame) -> np.ndarray:
        """Return where a computed cell is beyond those of the table, or is none."""
        out = self.reduction.is_beyond(drawn, [self.place_of[name] for name in rule.dependent])
        if isinstance(rule, ComputedRule):
            is_never_missing = self.column_of(rule.target).missing_rate == 0
            if is_never_missing:
                out |= table[rule.target].missing
            elif not rule.keeps_states_:
                out |= table[rule.target].missing & self._have_all(table, rule)
        return out

    def column_of(self, name: Hashable) -> ColumnTransformer:
        """Return a column of the table."""
        return self.reduction.columns[self.place_of[name]]
