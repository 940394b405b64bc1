"""Columns that are missing together."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from synthwgan.table.rules.base import Implied, Rule, in_words, names_of
from synthwgan.table.rules.columns import Table


class MissingTogether(Rule):
    """The cells of some columns are all filled or all missing.

    Parameters
    ----------
    names : list of column names
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import MissingTogether
    >>> visits = pd.DataFrame({"came": [1.0, None, 3.0], "left": [2.0, None, None]})
    >>> MissingTogether(["came", "left"]).check(visits)
    array([ True,  True, False])
    """

    def __init__(self, names: Sequence[Hashable], *, tolerate: float = 0.0) -> None:
        self.names = names
        self.tolerate = tolerate

    @property
    def columns(self) -> list[Hashable]:
        return names_of(self.names)

    @property
    def of_cells(self) -> list[Hashable]:
        return []

    def in_pairs(self) -> list[Rule]:
        return [MissingTogether(list(pair)) for pair in combinations(self.columns, 2)]

    def breach(self, table: Table) -> str:
        return f"only some of {in_words(self.columns)} are missing"

    def _keeps(self, table: Table) -> np.ndarray:
        first, *others = (table[name].missing for name in self.columns)
        kept = np.ones(len(table), dtype=bool)
        for missing in others:
            kept &= missing == first
        return kept

    def _applies(self, table: Table) -> np.ndarray:
        return np.ones(len(table), dtype=bool)

    def implies(self, frame: pd.DataFrame, given: pd.DataFrame) -> Implied:
        """All missing, where one is known to be."""
        table = self._read(frame)
        empty = np.zeros(len(frame), dtype=bool)
        for name in self.columns:
            empty |= given[name].to_numpy() & table[name].missing
        for name in self.columns:
            yield name, empty, pd.Series([None] * int(empty.sum()), dtype=object)

    def __str__(self) -> str:
        return f"{', '.join(str(name) for name in self.columns)} missing together"
