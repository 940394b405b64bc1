"""A column is missing exactly, or only, where another says so."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.table.checks import expect
from synthwgan.table.rules.base import Implied, Rule
from synthwgan.table.rules.columns import Table


class MissingWhere(Rule):
    """A column is missing exactly where another has certain values.

    Parameters
    ----------
    column : column name
    where : column name
    values : list
        Values of `where`; None stands for a missing cell.
    exactly : bool, default=True
        If False, the column is missing only there, but not always.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import MissingWhere
    >>> people = pd.DataFrame({"placed": [True, False, False], "salary": [10.0, None, 20.0]})
    >>> rule = MissingWhere("salary", "placed", [False])
    >>> print(rule)
    salary missing exactly where placed is False
    >>> rule.check(people)
    array([ True,  True, False])
    """

    remembers: ClassVar[bool] = True

    def __init__(
        self,
        column: Hashable,
        where: Hashable,
        values: Sequence[Any],
        *,
        exactly: bool = True,
        tolerate: float = 0.0,
    ) -> None:
        self.column = column
        self.where = where
        self.values = values
        self.exactly = exactly
        self.tolerate = tolerate

    @property
    def columns(self) -> list[Hashable]:
        return [self.column, self.where]

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        is_list = isinstance(self.values, list | tuple)
        are_cells = is_list and not any(isinstance(value, list | dict) for value in self.values)
        expect(are_cells, f"rule of kind MissingWhere: {self.values!r} are no values")

    @property
    def told(self) -> list[Hashable]:
        return [self.where] if self.exactly else []

    @property
    def of_cells(self) -> list[Hashable]:
        return [self.where]

    def _there(self, table: Table) -> np.ndarray:
        """Return where the other column has one of the values."""
        other = table[self.where]
        wanted = {value for value in self.values if value is not None}
        # A user may name a cell as the table shows it, or what it means.
        labels = zip(other.labels, other.stored.labels, strict=True)
        is_wanted = np.array([bool(wanted & {*pair}) for pair in labels] + [False])
        return np.where(other.missing, None in self.values, is_wanted[other.codes])

    def _applies(self, table: Table) -> np.ndarray:
        if None in self.values:
            return np.ones(len(table), dtype=bool)
        return table[self.where].present

    def _keeps(self, table: Table) -> np.ndarray:
        there, missing = self._there(table), table[self.column].missing
        kept = (missing == there) if self.exactly else (~missing | there)
        return kept | ~self._applies(table)

    def implies(self, frame: pd.DataFrame, given: pd.DataFrame) -> Implied:
        """Missing cells, where the other column says so."""
        table = self._read(frame)
        if self.exactly and None not in self.values:
            there = self._there(table) & table[self.where].present
            nothing = pd.Series([None] * int(there.sum()), dtype=object)
            yield self.column, there, nothing

    def __str__(self) -> str:
        how = "exactly" if self.exactly else "only"
        shown = ["missing" if value is None else str(value) for value in self.values[:5]]
        shown += ["..."] if len(self.values) > 5 else []
        return f"{self.column} missing {how} where {self.where} is {' or '.join(shown)}"
