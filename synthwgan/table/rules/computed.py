"""Rules that compute one column from others: how a table is reduced by it and rebuilt."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.table.rules.base import Implied, Rule
from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.storage.dtypes import blank

COMPUTED, OWN, MISSING = "computed", "own", "missing"


class ComputedRule(Rule):
    """A rule that gives the cells of one column, where those that it needs are filled.

    `reduce` drops that column. Where some rows break the rule, or miss a cell that could be
    computed, a column of states says so, and another holds the cells of rows that break it.
    """

    form_: ColumnForm
    keeps_states_: bool
    keeps_values_: bool
    part_forms_: list[ColumnForm]
    _learned: ClassVar[tuple[str, ...]] = ("form_", "keeps_states_", "keeps_values_", "part_forms_")

    @property
    def target(self) -> Hashable:
        """Name of the column that is computed."""
        raise NotImplementedError

    @property
    def sources(self) -> list[Hashable]:
        """Names of the columns that it is computed from."""
        raise NotImplementedError

    @property
    def columns(self) -> list[Hashable]:
        # A square has a part twice.
        return list(dict.fromkeys([self.target, *self.sources]))

    @property
    def dependent(self) -> list[Hashable]:
        return [self.target]

    @property
    def told(self) -> list[Hashable]:
        return self.columns if self.can_turn else self.dependent

    @property
    def state_column(self) -> str:
        return f"{self.target} by rule"

    @property
    def builds(self) -> bool:
        return True

    @property
    def is_near(self) -> bool:
        """Whether a row keeps the rule whose target lies near to what is computed."""
        return False

    def turned(self, part: Hashable) -> ComputedRule:
        """Return the rule solved for one of its parts, not fitted; `fit` tells if it is exact."""
        raise TypeError(f"rule '{self}' cannot be solved for {part!r}")

    def all_turned(self) -> list[ComputedRule]:
        """Return the fitted rule solved for each of its parts, ready to rebuild them."""
        rules = []
        for part, form in zip(self.sources, self.part_forms_, strict=True) if self.can_turn else ():
            turned = self.turned(part)
            turned.form_, turned.part_forms_, turned.written_ = form, [], self.written_
            turned.keeps_states_ = turned.keeps_values_ = False
            rules.append(turned)
        return rules

    def _compute(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """Return the target's values as its column has them, and where they are known."""
        raise NotImplementedError

    def _learn(self, table: Table) -> None:
        target = table[self.target]
        self.form_ = target.form
        if self.can_turn:
            self.part_forms_ = [table[name].form for name in self.sources]
        self._learn_how(table)
        states = self._states(table)
        known = self._compute(table)[1]
        self.keeps_states_ = bool((states != np.where(known, COMPUTED, MISSING)).any())
        self.keeps_values_ = bool((states == OWN).any())

    def _form(self, table: Table) -> ColumnForm:
        """Return how the target is written, as fitted or as the table has it."""
        return self.form_ if hasattr(self, "form_") else table[self.target].form

    def _decimals(self, table: Table) -> int | None:
        """Return the decimals to compare at: the fitted column's, or a table's finer ones.

        A few rows may lie on a coarser grid than all do.
        """
        target, form = table[self.target], self._form(table)
        if form.is_time or target.kind != "number":
            return 0
        if target.decimals is None or form.decimals is None:
            return None
        return max(target.decimals, form.decimals)

    def _learn_how(self, table: Table) -> None:
        """Learn the way of rounding, a map or edges."""

    def _keeps(self, table: Table) -> np.ndarray:
        values, known = self._compute(table)
        target = self._checked_target(table)
        return ~(known & target.present) | same_cells(target, values, self._decimals(table))

    def _checked_target(self, table: Table) -> Column:
        """Return the target's column, which must hold what it held in the fitted table."""
        column, kind = table[self.target], self._form(table).kind
        return column if "label" in (kind, column.kind) else self._column(table, self.target, kind)

    def _rounds_to(self, table: Table) -> np.ndarray:
        """Return where the target is what is computed but for the way of rounding a half."""
        return np.zeros(len(table), dtype=bool)

    def states(self, frame: pd.DataFrame | Table) -> np.ndarray:
        """Return of each row whether the cell is computed, missing, or of its own."""
        return self._states(self._read(frame))

    def is_news(self, frame: pd.DataFrame | Table) -> np.ndarray:
        table = self._read(frame)
        known, states = self._compute(table)[1], self._states(table)
        news = (states == OWN) & (self.is_full or not self.keeps_values_)
        if not self.keeps_states_:
            news |= states != np.where(known, COMPUTED, MISSING)
        if self.remembers:
            # What it has not seen to go with anything.
            news |= ComputedRule._applies(self, table) & ~known
        return news

    def _states(self, table: Table) -> np.ndarray:
        target = self._checked_target(table)
        values, known = self._compute(table)
        exact = known & target.present & same_cells(target, values, self._decimals(table))
        if self.is_near or not self.is_full or self._decimals(table) is None:
            # A half that was rounded the other way is no exception, nor is the noise of floats.
            exact |= known & target.present & self._rounds_to(table)
        return np.where(exact, COMPUTED, np.where(target.missing, MISSING, OWN)).astype(object)

    def _check_labels(self, labels: list[Any]) -> None:
        """Raise a ValueError if remembered cells are none that the column can hold."""
        none = np.zeros(len(labels), dtype=bool)
        try:
            cells = self.form_.write(self.form_.values_of(labels), none, pd.RangeIndex(len(labels)))
            self.form_.physical.read(cells)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"rule of kind {type(self).__name__}: {error}") from None

    def implies(self, frame: pd.DataFrame, given: pd.DataFrame) -> Implied:
        """Computed cells, where all that they need are known; none if the rule has exceptions.

        They may be missing instead where the rule `keeps_states_`.
        """
        if self.is_full:
            values, known = self._values(frame)
            none = np.zeros(int(known.sum()), dtype=bool)
            yield self.target, known, self.form_.write(values[known], none, frame.index[known])

    def _values(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return what `_compute` does, of a table that may lack the target."""
        inputs = frame.drop(columns=[self.target], errors="ignore")
        return self._compute(Table(inputs).written_as(self.written_))

    def computed(self, frame: pd.DataFrame) -> pd.Series:
        """Return the column as it is computed, missing where it cannot be."""
        values, known = self._values(frame)
        return self.form_.write(values, ~known, frame.index)

    def reduce(self, frame: pd.DataFrame | Table) -> pd.DataFrame:
        """Return the table without the column that the rule computes.

        A column named as `state_column` replaces it where not all cells can be computed.
        """
        table = self._read(frame)
        reduced = table.frame
        if not self.keeps_states_:
            return reduced.drop(columns=[self.target])
        states = self._states(table)
        # Cells that lack a part are like all others, of which there are more to learn from.
        own = reduced[self.target]
        own = own if self.is_full else blank(own, states != OWN)
        reduced = reduced.drop(columns=[self.target])
        if self.keeps_values_:
            reduced = pd.concat([reduced, own.rename(self.target)], axis=1)
        return reduced.assign(**{self.state_column: states})

    def rebuild(self, frame: pd.DataFrame, columns: list[Hashable] | None = None) -> pd.DataFrame:
        """Return a reduced table with the column back, on its own grid and dtype.

        Parameters
        ----------
        frame : DataFrame
            As `reduce` returns it.
        columns : list, optional
            Order of the columns; by default the column comes last.
        """
        inputs = frame.drop(columns=[self.target], errors="ignore")
        values, known = self._values(inputs)
        missing = ~known
        if self.keeps_states_:
            states = frame[self.state_column].to_numpy(dtype=object)
            missing = missing | (states == MISSING)
            if self.keeps_values_:
                # Where all is known, a rule that always holds knows better than a state.
                own = (states == OWN) & ~(known & self.is_full)
                held, absent = self.form_.read(frame[self.target])
                values, missing = np.where(own, held, values), np.where(own, absent, missing)
        rebuilt = inputs.drop(columns=[self.state_column], errors="ignore").copy()
        rebuilt[self.target] = self.form_.write(values, missing, frame.index)
        return rebuilt if columns is None else rebuilt.loc[:, columns]


def same_cells(column: Column, values: np.ndarray, decimals: int | None) -> np.ndarray:
    """Return where a column's values are these, floats to some decimals; a gap may be anything."""
    if column.values.dtype.kind == "f" and decimals is not None:
        unit = 10.0**decimals
        with np.errstate(invalid="ignore"):
            return np.rint(column.values * unit) == np.rint(values.astype(np.float64) * unit)
    if column.values.dtype.kind == "f" and values.dtype.kind == "f":
        with np.errstate(invalid="ignore", over="ignore"):
            sizes = np.maximum(np.abs(column.values), np.abs(values))
            return np.abs(column.values - values) <= column.precision * sizes
    return np.asarray(column.values == values, dtype=bool)
