"""Only combinations of cells that were seen."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import combinations
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.rules.base import Rule, names_of
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.lookup import positions, seen_together


class Combinations(Rule):
    """The cells of some columns occur only in combinations that the table has.

    Parameters
    ----------
    names : list of column names
    tolerate : float, default=0.0
        Share of rows that may break the rule; `fit` itself takes every combination as possible.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Combinations
    >>> shirts = pd.DataFrame({"size": ["S", "M", "M"], "colour": ["red", "red", "blue"]})
    >>> rule = Combinations(["size", "colour"]).fit(shirts)
    >>> rule.check(pd.DataFrame({"size": ["S"], "colour": ["blue"]}))
    array([False])
    """

    seen_: list[tuple[Any, ...]]
    remembers: ClassVar[bool] = True
    _learned: ClassVar[tuple[str, ...]] = ("seen_",)

    def __init__(self, names: Sequence[Hashable], *, tolerate: float = 0.0) -> None:
        self.names = names
        self.tolerate = tolerate

    @property
    def columns(self) -> list[Hashable]:
        return names_of(self.names)

    def in_pairs(self) -> list[Rule]:
        pairs = []
        for places in combinations(range(len(self.columns)), 2):
            pair = Combinations([self.columns[place] for place in places])
            pair.seen_ = list({tuple(cells[place] for place in places) for cells in self.seen_})
            pair.written_ = self.written_
            pairs.append(pair)
        return pairs

    def _learn(self, table: Table) -> None:
        self.seen_ = seen_together(table, self.columns)[0]

    def _keeps(self, table: Table) -> np.ndarray:
        if not hasattr(self, "seen_"):
            return np.ones(len(table), dtype=bool)
        found, present = positions(table, self.columns, self.seen_)
        return ~present | (found >= 0)

    def to_dict(self) -> dict[str, Any]:
        state = super().to_dict()
        if hasattr(self, "seen_"):
            # A row a combination, not a tagged tuple, so that the file can be read.
            state["learned"]["seen_"] = [packed["value"] for packed in state["learned"]["seen_"]]
        return state

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        if hasattr(self, "seen_"):
            self.seen_ = [tuple(cells) for cells in self.seen_]

    def __str__(self) -> str:
        text = " x ".join(str(name) for name in self.columns)
        if not hasattr(self, "seen_"):
            return f"only known combinations of {text}"
        possible = 1
        for place in range(len(self.columns)):
            possible *= len({key[place] for key in self.seen_})
        return f"only {len(self.seen_):,} of {possible:,} combinations of {text}"
