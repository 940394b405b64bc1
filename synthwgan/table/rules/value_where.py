"""A column has one certain value where another says so."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.table.checks import expect
from synthwgan.table.rules.base import Implied, Rule
from synthwgan.table.rules.columns import MOMENTS, SPANS, Column, Table
from synthwgan.table.rules.written import cells_of, unit_of


class ValueWhere(Rule):
    """A column has one value wherever another has a certain one: zero minutes of zero calls.

    Parameters
    ----------
    column : column name
    value : number, label, datetime or timedelta
    where : column name
    other : number, label, datetime or timedelta
        Value of `where`.
    exactly : bool, default=False
        Whether the column has the value nowhere else.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import ValueWhere
    >>> phones = pd.DataFrame({"calls": [0, 2, 0], "minutes": [0.0, 3.5, 1.0]})
    >>> rule = ValueWhere("minutes", 0, "calls", 0)
    >>> print(rule)
    minutes = 0 where calls = 0
    >>> rule.check(phones)
    array([ True,  True, False])
    """

    remembers: ClassVar[bool] = True

    def __init__(
        self,
        column: Hashable,
        value: Any,
        where: Hashable,
        other: Any,
        *,
        exactly: bool = False,
        tolerate: float = 0.0,
    ) -> None:
        self.column = column
        self.value = value
        self.where = where
        self.other = other
        self.exactly = exactly
        self.tolerate = tolerate

    @property
    def columns(self) -> list[Hashable]:
        return [self.column, self.where]

    @property
    def told(self) -> list[Hashable]:
        return self.columns if self.exactly else []

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        for value in (self.value, self.other):
            is_cell = value is not None and not isinstance(value, list | dict)
            expect(is_cell, f"rule of kind ValueWhere: {value!r} is no value")

    def _keeps(self, table: Table) -> np.ndarray:
        there = has_value(table[self.where], self.other)
        own = has_value(table[self.column], self.value)
        kept = (own == there) if self.exactly else (own | ~there)
        return kept | ~self._applies(table)

    def implies(self, frame: pd.DataFrame, given: pd.DataFrame) -> Implied:
        """The value, where the other column says so."""
        where = has_value(self._read(frame)[self.where], self.other)
        form = self.written_.get(self.column)
        value = self.value
        if form is not None and form.meaning == "datetime" and isinstance(value, MOMENTS):
            value = pd.Timestamp(value).asm8.astype(f"M8[{unit_of(form)}]").view(np.int64)
        if form is not None and _is_number(value):
            value = cells_of(form, np.array([value])).tolist()[0]
        yield self.column, where, pd.Series([value] * int(where.sum()), dtype=object)

    def __str__(self) -> str:
        how = "exactly where" if self.exactly else "where"
        return f"{self.column} = {self.value} {how} {self.where} = {self.other}"


def has_value(column: Column, value: Any) -> np.ndarray:
    """Return where a column has a value, written as the table shows it or as what it means."""
    value = column.label_of(value)
    # Beyond, floats are not exact.
    if column.kind == "number" and _is_number(value) and abs(value) < 2**53:
        return column.floats == float(value)
    labels = zip(column.labels, column.stored.labels, strict=True)
    return np.array([value in pair for pair in labels] + [False])[column.codes]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, (bool, *SPANS))
