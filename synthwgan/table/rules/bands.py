"""One column is a step function of a number, a date or a difference."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.checks import expect
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.edges import as_number, shown_edges
from synthwgan.table.rules.units import ticks_per


class Bands(ComputedRule):
    """Each value of a column belongs to one range of another, as age groups to ages.

    `fit` learns the edges: halfway between the ranges that the table has.

    Parameters
    ----------
    target : column name
    of : column name
        A column of numbers or dates.
    minus : column name, optional
        A column that is subtracted from `of`; of dates the difference is in days.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Bands
    >>> groups = ["child", "child", "adult", "adult"]
    >>> people = pd.DataFrame({"age": [15, 17, 21, 40], "group": groups})
    >>> rule = Bands("group", of="age").fit(people)
    >>> print(rule)
    group by age: child up to 19, adult above
    >>> rule.check(pd.DataFrame({"age": [30], "group": ["child"]}))
    array([False])
    """

    edges_: list[float]
    values_: list[Any]
    shown_: list[str]
    remembers: ClassVar[bool] = True
    _learned: ClassVar[tuple[str, ...]] = (*ComputedRule._learned, "edges_", "values_", "shown_")

    def __init__(
        self,
        target: Hashable,
        of: Hashable,
        minus: Hashable | None = None,
        *,
        tolerate: float = 0.0,
    ) -> None:
        self.target_name = target
        self.of = of
        self.minus = minus
        self.tolerate = tolerate

    @property
    def target(self) -> Hashable:
        return self.target_name

    @property
    def sources(self) -> list[Hashable]:
        return [self.of] if self.minus is None else [self.of, self.minus]

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        if hasattr(self, "values_"):
            fits = len(self.edges_) == max(len(self.values_) - 1, 0)
            expect(fits, "bands need an edge between each two of them")
            shown = getattr(self, "shown_", [])
            fits = len(shown) in (0, len(self.edges_)) and all(isinstance(s, str) for s in shown)
            expect(fits, "bands need a text for each of their edges")
            if hasattr(self, "form_"):
                self._check_labels(self.values_)

    def _measure(self, table: Table) -> np.ndarray:
        """Return what the bands are of, NaN where unknown."""
        columns = [self._column(table, name, "number", "time") for name in self.sources]
        if len(columns) == 2 and all(column.present.any() for column in columns):
            self._column(table, self.minus, columns[0].kind)
        return difference(*columns)

    def _learn(self, table: Table) -> None:
        super()._learn(table)
        is_difference = self.minus is not None
        measure = self._measure(table)
        self.shown_ = shown_edges(self.edges_, table[self.of], measure, is_difference)

    def _learn_how(self, table: Table) -> None:
        target = table[self.target]
        measure = self._measure(table)
        rows = target.present & ~np.isnan(measure)
        order, self.edges_ = find_edges(measure[rows], target.codes[rows], target.n_distinct)
        self.values_ = [target.labels[code] for code in order]

    def _compute(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        if not hasattr(self, "edges_"):
            self._learn_how(table)
            try:
                return self._compute(table)
            finally:
                del self.edges_, self.values_
        measure = self._measure(table)
        known = ~np.isnan(measure) & (len(self.values_) > 0)
        if not self.values_:
            return np.zeros(len(table), dtype=np.int64), known
        values = self._form(table).values_of(self.values_)
        bands = np.searchsorted(self.edges_, np.where(known, measure, 0.0), side="left")
        return values[bands], known

    def __str__(self) -> str:
        of = str(self.of) if self.minus is None else f"{self.of} - {self.minus}"
        if not hasattr(self, "edges_"):
            return f"{self.target} by {of}"
        # A rule that was written down by hand need not say how its edges are shown.
        shown = getattr(self, "shown_", None) or [as_number(edge) for edge in self.edges_]
        steps = [
            f"{value} up to {edge}" for value, edge in zip(self.values_[:-1], shown, strict=True)
        ]
        if len(steps) > 6:
            steps = [*steps[:3], "...", *steps[-2:]]
        text = ", ".join([*steps, f"{self.values_[-1]} above"]) if self.values_ else "nothing"
        return f"{self.target} by {of}: {text}"


def difference(column: Any, minus: Any = None) -> np.ndarray:
    """Return a column, or a difference of two, as floats: days of dates, NaN where missing."""
    measure = _as_floats(column)
    return measure if minus is None else measure - _as_floats(minus)


def _as_floats(column: Any) -> np.ndarray:
    if column.kind != "time":
        return column.floats
    return column.floats / ticks_per("D", column.unit)


def find_edges(
    measure: np.ndarray, codes: np.ndarray, n_codes: int
) -> tuple[np.ndarray, list[float]]:
    """Return codes in the order of their ranges, and the edges between neighbours."""
    counts = np.bincount(codes, minlength=n_codes)
    used = np.flatnonzero(counts)
    order = np.argsort(measure, kind="stable")
    measure, codes = measure[order], codes[order]
    medians = [np.median(measure[codes == code]) for code in used]
    used = used[np.argsort(medians, kind="stable")]
    edges = [
        _edge(measure[codes == below], measure[codes == above])
        for below, above in zip(used[:-1], used[1:], strict=True)
    ]
    return used, [float(edge) for edge in np.maximum.accumulate(edges)]


def _edge(below: np.ndarray, above: np.ndarray) -> float:
    """Return the edge that parts two sorted samples with the fewest errors."""
    low, high = below[-1], above[0]
    if low >= high:
        candidates = np.unique(np.concatenate([below, above]))
        errors = (len(below) - np.searchsorted(below, candidates, side="right")) + np.searchsorted(
            above, candidates, side="right"
        )
        best = int(np.argmin(errors))
        low = candidates[best]
        high = candidates[min(best + 1, len(candidates) - 1)]
    middle = low + (high - low) / 2
    return low if middle >= high else middle
