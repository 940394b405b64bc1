"""Finding numbers that are zero, or have their commonest value, where another column says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, permutations
from typing import Any

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.search import Search, is_full
from synthwgan.table.rules.one_hot import is_binary
from synthwgan.table.rules.value_where import ValueWhere

_MAX_COLUMNS = 500
_FIRST_ROWS = 2000
# So many rows would break it by accident: where fewer would, a tendency looks like a rule.
_MIN_EXPECTED = 30


@dataclass(frozen=True, eq=False)
class _Mark:
    """One value of a column: where a sampled row has it."""

    column: Column
    value: Any
    there: np.ndarray

    @cached_property
    def elsewhere(self) -> np.ndarray:
        """Where the column has another value."""
        return self.column.present & ~self.there


def find_values(search: Search) -> None:
    """Find numbers that are zero where another is, or have one value where a flag says so."""
    numbers = [column for column in search.of_kind("number") if not is_binary(column)]
    flags = [c for c in search.columns if c.n_distinct == 2 and (c.kind == "label" or is_binary(c))]
    numbers, flags = (
        search.bounded(columns, _MAX_COLUMNS, "values that go together")
        for columns in (numbers, flags)
    )
    told = {
        pair for rule in search.rules if is_full(rule) for pair in permutations(rule.columns, 2)
    }
    zeros = [mark for mark in map(_zeros, numbers) if mark.there.any()]
    raised = [_Mark(c, c.labels[code], c.codes == code) for c in flags for code in (0, 1)]
    special = [*zeros, *(_commonest(column) for column in numbers)] if raised else []
    for wheres, marks in ((zeros, zeros), (raised, special)):
        pairs = [
            (where, mark)
            for where, mark in _candidates(wheres, marks)
            if (where.column.name, mark.column.name) not in told
            and not (where.there & mark.elsewhere).any()
        ]
        for where, mark in _without_detours(pairs):
            _try(search, where, mark, len(wheres) * len(marks))


def _zeros(column: Column) -> _Mark:
    return _Mark(column, 0, column.floats == 0)


def _commonest(column: Column) -> _Mark:
    code = int(np.argmax(np.bincount(column.codes[column.present])))
    return _Mark(column, column.labels[code], column.codes == code)


def _candidates(wheres: list[_Mark], marks: list[_Mark]) -> list[tuple[_Mark, _Mark]]:
    """Return pairs that hold in the first rows, and would hardly hold in all by accident."""
    if not wheres or not marks:
        return []
    first = slice(_FIRST_ROWS)
    there = np.stack([mark.there[first] for mark in wheres], axis=1).astype(np.float32)
    elsewhere = np.stack([mark.elsewhere[first] for mark in marks], axis=1).astype(np.float32)
    n_there = np.array([mark.there.sum() for mark in wheres])
    rates = np.array([mark.elsewhere.mean() for mark in marks])
    hold = (there.T @ elsewhere == 0) & (np.outer(n_there, rates) >= _MIN_EXPECTED)
    return [
        (wheres[one], marks[two])
        for one, two in np.argwhere(hold)
        if wheres[one].column is not marks[two].column
    ]


def _without_detours(pairs: list[tuple[_Mark, _Mark]]) -> list[tuple[_Mark, _Mark]]:
    """Drop pairs that follow from two others; of those that hold both ways, keep one.

    Of marks that are all in the same rows, each but the first goes with the first alone.
    """
    known, first_of = set(pairs), {}
    for mark in dict.fromkeys(chain(*pairs)):
        alike = (one for one in first_of if {(one, mark), (mark, one)} <= known)
        first_of[mark] = next((first_of[one] for one in alike), mark)
    tied = [(first, mark) for mark, first in first_of.items() if first is not mark]
    after: dict[_Mark, list[_Mark]] = {}
    for where, mark in pairs:
        if first_of[where] is where and first_of[mark] is mark:
            after.setdefault(where, []).append(mark)
    direct = [
        (where, mark)
        for where, marks in after.items()
        for mark in marks
        if not any(mark in after.get(other, ()) for other in marks)
    ]
    return tied + direct


def _try(search: Search, where: _Mark, mark: _Mark, tried: int) -> None:
    exactly = not (mark.there & where.elsewhere).any()
    both = where.column.present & mark.column.present
    n_rows, n_where = int(both.sum()), int((where.there & both).sum())
    elsewhere = float((mark.elsewhere & both).sum()) / max(n_rows, 1)
    permuted = n_where / max(n_rows, 1) * elsewhere
    search.accept(
        ValueWhere(mark.column.name, mark.value, where.column.name, where.value, exactly=exactly),
        tried=tried,
        log_chance=n_where * math.log(max(1 - elsewhere, 1e-9)),
        permuted=2 * permuted if exactly else permuted,
        min_rows=_MIN_EXPECTED,
    )
