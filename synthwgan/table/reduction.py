"""What is learned of a table in which rules hold: less than its columns, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.checks import LIST, STATE, Array, ListOf, MappingOf, check_state, expect
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.door import naming_column
from synthwgan.table.given import GivenRows, with_cells
from synthwgan.table.lookup_keys import LookupKeys
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import as_table
from synthwgan.table.rules.computed import MISSING, ComputedRule
from synthwgan.table.rules.custom import Custom
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.form import write_cells
from synthwgan.table.rules.kinds import builder_from_dict
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.schema import column_from_dict, fit_column
from synthwgan.table.storage.dtypes import Cells, SampledCells, blank
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
from synthwgan.table.survey import ColumnSurvey, ColumnSurveys

NamedColumns = list[tuple[Any, ColumnTransformer]]

_FIELDS = {
    "rules": STATE,
    "builders": LIST,
    "columns": ListOf(LIST),
    "shares": MappingOf(Array(("float64",), low=0.0)),
}


class Reduction:
    """The columns that are learned of a table, and how the table's own come back.

    Columns that rules compute are not learned. Others take their place: a gap, or states that say
    whether a rule holds. Without rules, all columns are learned just as they are.

    Parameters
    ----------
    names : Index of shape (n_columns,)
        Names of the table's columns.
    columns : list of ColumnTransformer
        The table's fitted columns.
    rules : RuleSet, optional
        Fitted rules that rows have to keep.
    builders : sequence of rules, optional
        Fitted rules that rebuild columns, each before those that need its column.

    Attributes
    ----------
    learned : list of (name, ColumnTransformer)
        The columns that are encoded, in order.
    places : list of int
        The place of each in the table, -1 where the table has no such column.
    shares : dict of int to ndarray of shape (n_states,)
        Of a column that is not learned, by place, the share of the rows in each of its states.
    """

    def __init__(
        self,
        names: pd.Index,
        columns: Sequence[ColumnTransformer],
        rules: RuleSet | None = None,
        builders: Sequence[Rule] = (),
    ) -> None:
        self.names, self.columns = names, list(columns)
        self.rules = RuleSet() if rules is None else rules
        self.builders = list(builders)
        self.learned: NamedColumns = list(zip(names, self.columns, strict=True))
        self.places = list(range(len(self.columns)))
        self.shares: dict[int, np.ndarray] = {}
        self.place_of = {name: place for place, name in enumerate(names)}

    @property
    def is_whole(self) -> bool:
        """Whether the columns are learned as they are."""
        return not self.builders

    @property
    def enforced(self) -> list[Rule]:
        """The rules that held in every row, and so must hold in every drawn one."""
        return [rule for rule in self.rules if rule.is_full]

    def fit(
        self,
        frame: pd.DataFrame,
        options: ColumnOptions,
        rng: np.random.Generator,
        surveys: Mapping[Hashable, ColumnSurvey] = MappingProxyType({}),
    ) -> Reduction:
        """Learn the columns that take the place of those which rules compute.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            The fitted table.
        options : ColumnOptions
        rng : Generator
        surveys : mapping of column name to ColumnSurvey, optional
            If the frame is a sample, what is known of all cells: of the columns that take others'
            place, and of those that are computed.
        """
        if self.is_whole:
            return self
        reduced, computed = self.reduce(frame), self.computed()
        place_of = self.place_of
        self.learned, self.places = [], []
        for name in reduced.columns:
            if name in place_of and name not in computed:
                self.places.append(place_of[name])
                self.learned.append((name, self.columns[place_of[name]]))
            else:
                self.places.append(-1)
                own, kind = reduced[name], self._kind(name)
                fitted = fit_column(name, own, kind, options, rng, surveys.get(name))
                self.learned.append((name, fitted))
        for name in sorted(computed, key=place_of.__getitem__):
            place = place_of[name]
            with naming_column(name):
                column = self.columns[place]
                cells = column.read(frame.iloc[:, place])
                if surveys:
                    cells = surveys[self.in_table(name)].of_all(cells)
                self.shares[place] = _state_shares(column, cells, rng)
        return self

    @staticmethod
    def in_table(name: Hashable) -> Hashable:
        """Return what the survey of a computed column of the table itself is called."""
        return ("in the table", name)

    def survey(
        self,
        sample: pd.DataFrame,
        columns: Mapping[Hashable, ColumnSurvey],
        reduced: Callable[[Any, list[Hashable]], ColumnSurveys],
    ) -> dict[Hashable, ColumnSurvey]:
        """Return what `fit` must know of all rows of a table, of which it sees a sample.

        Parameters
        ----------
        sample : DataFrame
        columns : mapping of column name to ColumnSurvey
            What is known of the table's own columns.
        reduced : callable
            Puts together what comes of all batches, see `BatchedTable.reduce`; it is asked only if
            others take the place of the table's own.
        """
        computed = self.computed()
        surveys = {self.in_table(name): columns[name] for name in computed}
        names = self.reduce(sample.iloc[:0]).columns
        others = [name for name in names if name not in self.place_of or name in computed]
        if not others:
            return surveys
        needed = {name: None for rule in self.builders for name in rule.columns}
        return surveys | reduced(partial(self._surveyed, others), list(needed))

    def _surveyed(self, names: list[Hashable], frame: pd.DataFrame, first: int) -> ColumnSurveys:
        surveys = ColumnSurveys()
        surveys.add(self.reduce(frame)[names])
        return surveys

    def computed(self) -> set[Hashable]:
        """Return the names of the columns that rules compute."""
        return {name for rule in self.builders for name in rule.dependent}

    def _kind(self, name: Hashable) -> str:
        """Return the kind of a column that is learned in place of one of the table's."""
        if name in [rule.state_column for rule in self.builders]:
            return "categorical"
        is_gap = any(isinstance(rule, Order) and name in rule.dependent for rule in self.builders)
        if is_gap:
            return "numeric"
        return self.columns[self.place_of[name]].kind

    def reduce(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the table of what is learned."""
        for rule in reversed(self.builders):
            frame = rule.reduce(frame)
        return frame

    def rebuild(self, reduced: pd.DataFrame, given: GivenRows | None = None) -> pd.DataFrame:
        """Return rows with the table's columns; cells that a user gave stay as they are.

        Parameters
        ----------
        reduced : DataFrame of shape (n_rows, n_learned)
            The learned columns, named.
        given : GivenRows, optional
            Cells of the table's columns.
        """
        rows = reduced
        for rule in self.builders:
            rows = self._by_others(rule, rule.rebuild(rows))
        if self.builders:
            rows = self.with_given(rows.loc[:, list(self.names)], given, self.shares)
        for rule in self.rules:
            if isinstance(rule, Custom) and rule.repair is not None:
                everywhere = range(len(self.columns))
                rows = self.with_given(rule.repaired(rows), given, everywhere)
        return rows

    def with_suited_keys(
        self, rows: pd.DataFrame, given: GivenRows | None, rng: np.random.Generator
    ) -> pd.DataFrame:
        """Return decoded rows of the learned columns, in which keys of look-ups go with the others.

        Parameters
        ----------
        rows : DataFrame of shape (n_rows, n_learned)
        given : GivenRows, optional
            Cells of the learned columns, which stay.
        rng : Generator
        """
        if given is None:
            return self._lookup_keys.suit(rows, {}, rng)
        of_name = {
            name: given.given[:, position] for position, (name, _) in enumerate(self.learned)
        }
        return self._lookup_keys.suit(rows, of_name, rng)

    @cached_property
    def _lookup_keys(self) -> LookupKeys:
        known = {
            name: column
            for (name, column), place in zip(self.learned, self.places, strict=True)
            if place >= 0
        }
        lookups = [
            rule
            for rule in self.rules
            if isinstance(rule, Determines)
            and rule not in self.builders
            and known.keys() >= set(rule.columns)
        ]
        return LookupKeys(lookups, known)

    def _by_others(self, rule: Rule, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows in which cells that a rule cannot compute are computed by others that can."""
        if not isinstance(rule, ComputedRule) or not rule.keeps_values_:
            return rows
        unknown = rule.computed(rows).isna()
        for other in self.enforced:
            is_other = isinstance(other, ComputedRule) and other not in self.builders
            if not is_other or other.target != rule.target or not set(other.sources) <= set(rows):
                continue
            own, fresh = rows[rule.target], other.computed(rows)
            new = unknown & own.notna() & fresh.notna()
            if new.any():
                told = own.copy()
                told[new] = fresh[new].astype(own.dtype)
                rows = rows.copy(deep=False)
                rows[rule.target] = told
        return rows

    def with_given(
        self, rows: pd.DataFrame, given: GivenRows | None, places: Container[int]
    ) -> pd.DataFrame:
        """Put back given cells of columns at some places."""
        of_all = {} if given is None else given.cells
        cells_of = {place: cells for place, cells in of_all.items() if place in places}
        if given is None or not cells_of:
            return rows
        columns = {}
        for place, name in enumerate(self.names):
            columns[place] = rows[name]
            if place in cells_of:
                column = self.columns[place]
                cells = column.read(rows[name]).replace(given.given[:, place], cells_of[place])
                columns[place] = write_cells(column.physical, cells)
        return pd.DataFrame(columns, index=rows.index).set_axis(rows.columns, axis=1)

    def with_dtypes(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows with the table's own dtypes, where a rule found no cell in rows now gone."""
        for place in self.shares:
            physical, series = self.columns[place].physical, rows.iloc[:, place]
            is_other = series.dtype != physical.dtype
            if is_other and not physical.holds_missing and not series.isna().any():
                fresh = physical.write(self.columns[place].read(series)).set_axis(rows.index)
                rows = rows.copy(deep=False)
                rows.isetitem(place, fresh)
        return rows

    def given(self, rows: GivenRows) -> GivenRows:
        """Return which cells of the learned columns are given, if these of the table's are.

        A cell that stands for several columns, such as a gap, is given where all these are.
        """
        if self.is_whole:
            return rows
        given = np.zeros((len(rows), len(self.learned)), dtype=bool)
        cells: dict[int, Cells] = {}
        for position, place in enumerate(self.places):
            if place in rows.cells:
                given[:, position], cells[position] = rows.given[:, place], rows.cells[place]
        for rule in self.builders:
            places = [self.place_of[name] for name in rule.columns]
            known = rows.given[:, places].all(axis=1) | self._tells_missing(rule, rows)
            if known.any():
                self._give_helpers(rule, rows.take(known), known, given, cells)
        return GivenRows(given, cells)

    def _tells_missing(self, rule: Rule, rows: GivenRows) -> np.ndarray:
        """Return where a rule's one column is given as missing, whatever the others are."""
        place = self.place_of[rule.dependent[0]]
        if len(rule.dependent) > 1 or place not in rows.cells:
            return np.zeros(len(rows), dtype=bool)
        return rows.given[:, place] & rows.cells[place].missing

    def _give_helpers(
        self,
        rule: Rule,
        rows: GivenRows,
        known: np.ndarray,
        given: np.ndarray,
        cells: dict[int, Cells],
    ) -> None:
        """Give the cells of a rule's own columns in rows that tell them."""
        frame = self.frame_of(rows, rule.columns)
        reduced = rule.reduce(frame)
        for position, (name, column) in enumerate(self.learned):
            if self.places[position] < 0 and name in reduced.columns and self._is_of(rule, name):
                own = column.read(reduced[name])
                cells[position] = with_cells(cells.get(position), known, own)
                given[known, position] = True

    @staticmethod
    def _is_of(rule: Rule, name: Hashable) -> bool:
        return name in rule.dependent or name == rule.state_column

    def frame_of(self, rows: GivenRows, names: Iterable[Hashable] | None = None) -> pd.DataFrame:
        """Return given cells as a frame, missing where nothing is given; by default all columns."""
        columns = {}
        for name in self.names if names is None else names:
            place = self.place_of[name]
            column = self.columns[place]
            cells = rows.cells.get(place)
            if cells is None:
                columns[place] = pd.Series([None] * len(rows), dtype=object)
                continue
            is_there = rows.given[:, place] & ~cells.missing
            filled = Cells(cells.values, np.zeros(len(rows), dtype=bool))
            if not is_there.all():
                # What lies under a cell that is not there need not be a cell of the dtype.
                values = cells.values.copy()
                values[~is_there] = values[is_there][0] if is_there.any() else 0
                filled = Cells(values, np.zeros(len(rows), dtype=bool))
            series = (
                column.physical.write(filled)
                if is_there.any()
                else pd.Series([None] * len(rows), dtype=object)
            )
            columns[place] = blank(series, ~is_there)
        named = pd.Index([self.names[place] for place in columns], tupleize_cols=False)
        return pd.DataFrame(columns, index=pd.RangeIndex(len(rows))).set_axis(named, axis=1)

    def are_empty(self, position: int, cells: Cells) -> np.ndarray:
        """Whether each cell of a learned column makes a cell of the table missing."""
        computed = [rule for rule in self.builders if isinstance(rule, ComputedRule)]
        if self.learned[position][0] in [rule.state_column for rule in computed]:
            return cells.missing | (cells.values == MISSING)
        return cells.missing

    def are_missing(self, position: int, cells: Cells) -> np.ndarray:
        """Whether each cell of a learned column leaves a cell of the table missing for certain.

        What a rule with exceptions does not compute has a column of its own, blank where it does.
        """
        name = self.learned[position][0]
        for rule in self.builders:
            if isinstance(rule, ComputedRule) and rule.target == name and not rule.is_full:
                return np.zeros(len(cells.missing), dtype=bool)
        return self.are_empty(position, cells)

    def breaks(self, rows: pd.DataFrame) -> np.ndarray:
        """Return how many rules each row breaks, of those that all rows must keep."""
        table, broken = as_table(rows), np.zeros(len(rows), dtype=np.int64)
        for rule in self.enforced:
            broken += ~rule.check(table)
        return broken

    def is_beyond(self, rows: pd.DataFrame, places: Iterable[int]) -> np.ndarray:
        """Return which rows have in some columns a number or date beyond those of the table."""
        beyond = np.zeros(len(rows), dtype=bool)
        for place in places:
            column = self.columns[place]
            ends = column.ends()
            if ends is not None:
                cells = column.read(rows.iloc[:, place])
                numbers, are_numbers = column.read_numbers(cells.present)
                beyond[~cells.missing] |= are_numbers & ((numbers < ends[0]) | (numbers > ends[1]))
        return beyond

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted state: JSON-able but for arrays."""
        return {
            "rules": self._packed_rules(),
            "builders": [self._packed_builder(rule) for rule in self.builders],
            "columns": [
                [to_jsonable(name), place, None if place >= 0 else column.to_dict()]
                for (name, column), place in zip(self.learned, self.places, strict=True)
            ]
            if self.builders
            else [],
            "shares": {str(place): shares for place, shares in self.shares.items()},
        }

    def _packed_rules(self) -> dict[str, Any]:
        """Return the rules that a file can hold: all but functions of a user's own."""
        return RuleSet(self._written(), self.rules.left_out).to_dict()

    def _written(self) -> list[Rule]:
        return [rule for rule in self.rules if not isinstance(rule, Custom)]

    def _packed_builder(self, rule: Rule) -> Any:
        """Return the place of a rule among all, or the rule where it was made of one."""
        places = [place for place, other in enumerate(self._written()) if other is rule]
        return places[0] if places else rule.to_dict()

    @classmethod
    def from_dict(
        cls,
        state: Any,
        names: pd.Index,
        columns: Sequence[ColumnTransformer],
        options: ColumnOptions,
    ) -> Reduction:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no such state.
        """
        check_state("the rules of a table", state, _FIELDS)
        rules = RuleSet.from_dict(state["rules"])
        builders = []
        for item in state["builders"]:
            is_place = type(item) is int and 0 <= item < len(rules)
            builders.append(rules[item] if is_place else builder_from_dict(item))
        reduction = cls(names, columns, rules, builders)
        known = set(names)
        for rule in [*reduction.rules, *reduction.builders]:
            expect(known.issuperset(rule.columns), f"rule '{rule}' names no column of the table")
        if reduction.is_whole:
            return reduction
        reduction.learned, reduction.places = [], []
        for item in state["columns"]:
            expect(len(item) == 3, "a learned column has a name, a place and a state")
            name, place, own = from_jsonable(item[0]), item[1], item[2]
            expect(type(place) is int and -1 <= place < len(columns), "a column without a place")
            learned = columns[place] if place >= 0 else column_from_dict(own, options)
            reduction.learned.append((name, learned))
            reduction.places.append(place)
        for place, shares in state["shares"].items():
            expect(place.isdecimal() and int(place) < len(columns), "shares of no column")
            reduction.shares[int(place)] = shares
        return reduction


def _state_shares(column: ColumnTransformer, cells: Cells, rng: np.random.Generator) -> np.ndarray:
    """Share of the rows in each state of a column; of a pair, one part after the other."""
    weights = np.ones(len(cells.missing), dtype=np.int64)
    if cells.tally.is_exact and isinstance(cells, SampledCells):
        none = Cells(cells.tally.values, np.zeros(len(cells.tally.values), dtype=bool))
        weights = np.append(cells.tally.counts, cells.n_missing)
        cells = Cells.concatenate([none, column.missing_cells(1)])
    shares = [np.empty(0)]
    for part, own in zip(column.parts, column.split(cells, rng), strict=True):
        if part.n_states:
            codes, _ = part.encode_cells(own, rng)
            counts = np.bincount(np.maximum(codes, 0), weights, minlength=part.n_states)
            shares.append(counts / weights.sum())
    return np.concatenate(shares)
