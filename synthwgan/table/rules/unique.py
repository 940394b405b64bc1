"""No two rows agree in some columns."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from synthwgan.table.rules.base import Rule, in_words, names_of
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.lookup import joint_codes


class Unique(Rule):
    """A key: no two rows agree in all of its columns.

    Parameters
    ----------
    names : list of column names
    tolerate : float, default=0.0
        Share of rows that may repeat an earlier one in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Unique
    >>> lines = pd.DataFrame({"order": [1, 1, 1], "line": [1, 2, 2]})
    >>> Unique(["order", "line"]).check(lines)
    array([ True,  True, False])
    """

    def __init__(self, names: Sequence[Hashable], *, tolerate: float = 0.0) -> None:
        self.names = names
        self.tolerate = tolerate

    @property
    def columns(self) -> list[Hashable]:
        return names_of(self.names)

    def holds_for_new(self, name: Hashable) -> bool:
        return True

    def breach(self, table: Table) -> str:
        return f"{in_words(self.columns)} repeat an earlier row"

    def _keeps(self, table: Table) -> np.ndarray:
        codes, present = joint_codes([table[name] for name in self.columns])
        rows = np.flatnonzero(present)
        kept = np.ones(len(table), dtype=bool)
        first = np.unique(codes[rows], return_index=True)[1]
        repeated = np.ones(len(rows), dtype=bool)
        repeated[first] = False
        kept[rows[repeated]] = False
        return kept

    def __str__(self) -> str:
        return f"{', '.join(str(name) for name in self.columns)} unique"
