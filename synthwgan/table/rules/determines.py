"""Some columns determine another: functional dependency."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.rules.base import names_of
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.lookup import joint_codes, positions


class Determines(ComputedRule):
    """Rows that agree in some columns agree in another, as cities determine countries.

    `fit` learns what goes with what. Of combinations that the table does not have the rule says
    nothing.

    Parameters
    ----------
    by : column name or list of column names
    target : column name
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`; they differ from the commonest cell.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Determines
    >>> offices = pd.DataFrame({"city": ["Rome", "Oslo"], "country": ["Italy", "Norway"]})
    >>> rule = Determines("city", "country").fit(offices)
    >>> rule.map_
    {('Rome',): 'Italy', ('Oslo',): 'Norway'}
    >>> rule.check(pd.DataFrame({"city": ["Oslo"], "country": ["Italy"]}))
    array([False])
    """

    map_: dict[tuple[Any, ...], Any]
    remembers: ClassVar[bool] = True
    _learned: ClassVar[tuple[str, ...]] = (*ComputedRule._learned, "map_")

    def __init__(
        self, by: Hashable | Sequence[Hashable], target: Hashable, *, tolerate: float = 0.0
    ) -> None:
        self.by = by
        self.target_name = target
        self.tolerate = tolerate

    @property
    def target(self) -> Hashable:
        return self.target_name

    @property
    def sources(self) -> list[Hashable]:
        return names_of(self.by)

    def _learn_how(self, table: Table) -> None:
        self.map_ = self._commonest(table)

    def _commonest(self, table: Table) -> dict[tuple[Any, ...], Any]:
        columns = [table[name] for name in self.sources]
        target = table[self.target]
        codes, present = joint_codes(columns)
        rows = np.flatnonzero(present & target.present)
        first, winners = commonest(codes[rows], target.codes[rows])
        first = rows[first]
        # In the order of the table, as a reader would look for them.
        order = np.argsort(first, kind="stable")
        labels = [
            [column.labels[code] for code in column.codes[first[order]]] for column in columns
        ]
        values = [target.labels[code] for code in winners[order]]
        return dict(zip(zip(*labels, strict=True), values, strict=True))

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        if hasattr(self, "map_") and hasattr(self, "form_"):
            self._check_labels(list(self.map_.values()))

    def _applies(self, table: Table) -> np.ndarray:
        return super()._applies(table) & self._compute(table)[1]

    def _compute(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        learned = self.map_ if hasattr(self, "map_") else self._commonest(table)
        found, _ = positions(table, self.sources, list(learned))
        values = self._form(table).values_of([*learned.values(), *list(learned.values())[:1]])
        if not len(values):
            return np.zeros(len(table), dtype=np.int64), np.zeros(len(table), dtype=bool)
        return values[found], found >= 0

    def __str__(self) -> str:
        names = ", ".join(str(name) for name in self.sources)
        return f"{names} {'determines' if len(self.sources) == 1 else 'determine'} {self.target}"


def commonest(groups: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each group the position of its first row and its commonest code."""
    n_codes = int(codes.max(initial=0)) + 1
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    pairs, counts = np.unique(inverse.astype(np.int64) * n_codes + codes, return_counts=True)
    owner = pairs // n_codes
    order = np.lexsort((-counts, owner))
    starts = np.searchsorted(owner[order], np.arange(len(first)))
    return first, pairs[order][starts] % n_codes
