"""Exactly one of several columns is true."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np
import pandas as pd

from synthwgan.table.rules.base import Implied, Rule, in_words, names_of
from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.form import ColumnForm

_NONE = "none"


class OneHot(Rule):
    """Exactly one of some columns of 0 and 1, or of booleans, is set.

    Parameters
    ----------
    names : list of column names
    at_most : bool, default=False
        Whether rows in which none is set keep the rule as well.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import OneHot
    >>> paid = pd.DataFrame({"cash": [1, 0, 0], "card": [0, 1, 0]})
    >>> OneHot(["cash", "card"]).check(paid)
    array([ True,  True, False])
    """

    forms_: list[ColumnForm]
    reduces_: bool
    # Which columns are ever set.
    remembers: ClassVar[bool] = True
    _learned: ClassVar[tuple[str, ...]] = ("forms_", "reduces_")

    def __init__(
        self, names: Sequence[Hashable], *, at_most: bool = False, tolerate: float = 0.0
    ) -> None:
        self.names = names
        self.at_most = at_most
        self.tolerate = tolerate

    @property
    def columns(self) -> list[Hashable]:
        return names_of(self.names)

    @property
    def dependent(self) -> list[Hashable]:
        return self.columns

    @property
    def told(self) -> list[Hashable]:
        return [] if self.at_most else self.columns

    @property
    def builds(self) -> bool:
        return self.reduces_

    def breach(self, table: Table) -> str:
        return "" if self.at_most else f"not exactly one of {in_words(self.columns)} is set"

    @property
    def state_column(self) -> str:
        """Name of the column that says, in a reduced table, which of the columns is set."""
        return f"one of {', '.join(str(name) for name in self.columns[:4])}"

    def _set(self, table: Table) -> np.ndarray:
        """Return which are set, shape (n_rows, n_columns)."""
        return np.column_stack([self._is_set(table, table[name]) for name in self.columns])

    def _is_set(self, table: Table, column: Column) -> np.ndarray:
        if not column.present.any():
            # Cells of which none is known have no kind: none is set yet.
            return column.present
        if not is_binary(column):
            other = column.present
            if column.kind == "number":
                other = other & (column.values != 0) & (column.values != 1)
            row = int(np.argmax(other))
            raise ValueError(
                f"rule '{self}': column {column.name!r} holds more than 0 and 1 "
                f"({table.row_label(row)}: {column.shown(row)}): name columns of 0 and 1 or of "
                "booleans, or drop the rule"
            )
        return column.present & column.values.astype(bool)

    def _keeps(self, table: Table) -> np.ndarray:
        n_set = self._set(table).sum(axis=1)
        kept = n_set <= 1 if self.at_most else n_set == 1
        # A missing cell may be the one that is set, but two are too many already.
        return np.where(self._applies(table), kept, n_set <= 1)

    def _learn(self, table: Table) -> None:
        self.forms_ = [table[name].form for name in self.columns]
        self.reduces_ = bool((self._applies(table) & self._keeps(table)).all())

    def reduce(self, frame: pd.DataFrame | Table) -> pd.DataFrame:
        """Return the table with one column that says which is set in place of the columns.

        Rows that break the rule, or lack a cell, leave the table as it is.
        """
        table = self._read(frame)
        if not self.reduces_:
            return table.frame
        chosen = self._set(table)
        labels = np.array([*self._labels(), _NONE], dtype=object)
        which = np.where(chosen.any(axis=1), chosen.argmax(axis=1), len(labels) - 1)
        return table.frame.drop(columns=self.columns).assign(**{self.state_column: labels[which]})

    def rebuild(self, frame: pd.DataFrame, columns: list[Hashable] | None = None) -> pd.DataFrame:
        """Return a reduced table with its columns back, each in its own dtype."""
        if not self.reduces_:
            return frame
        which = frame[self.state_column].to_numpy(dtype=object)
        rebuilt = frame.drop(columns=[self.state_column])
        none = np.zeros(len(frame), dtype=bool)
        parts = [
            form.write((which == label).astype(np.int64), none, frame.index).rename(name)
            for name, label, form in zip(self.columns, self._labels(), self.forms_, strict=True)
        ]
        rebuilt = pd.concat([rebuilt, *parts], axis=1)
        return rebuilt if columns is None else rebuilt.loc[:, columns]

    def implies(self, frame: pd.DataFrame, given: pd.DataFrame) -> Implied:
        """The other columns, where one is set; the last one, where no other can be."""
        if not self.reduces_:
            return
        table = self._read(frame)
        chosen = self._set(table)
        known = np.column_stack([table[name].present for name in self.columns])
        for place, (name, form) in enumerate(zip(self.columns, self.forms_, strict=True)):
            others = np.delete(known, place, axis=1).all(axis=1)
            is_last = others & ~np.delete(chosen, place, axis=1).any(axis=1) & (not self.at_most)
            is_other = chosen.any(axis=1) & ~chosen[:, place]
            where = (is_last | is_other) & ~known[:, place]
            none = np.zeros(int(where.sum()), dtype=bool)
            yield name, where, form.write(is_last[where].astype(np.int64), none, frame.index[where])

    def _labels(self) -> list[str]:
        return [str(name) for name in self.columns]

    def __str__(self) -> str:
        names = [str(name) for name in self.columns]
        if len(names) > 8:
            names = [*names[:4], "...", *names[-2:]]
        return f"{'at most' if self.at_most else 'exactly'} one of {', '.join(names)}"


def is_binary(column: Column) -> bool:
    """Whether a column holds booleans, or only the numbers 0 and 1."""
    if column.kind == "label":
        return column.values.dtype == bool
    if column.kind != "number":
        return False
    present = column.values[column.present]
    return bool(((present == 0) | (present == 1)).all())
