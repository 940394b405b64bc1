"""Finding equal columns, and sums of two, that hold in all rows or in a share of them."""

from __future__ import annotations

import itertools

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.search import NEARLY, Search
from synthwgan.table.rules.one_hot import is_binary
from synthwgan.table.rules.sum import Sum

_MIN_DISTINCT = 50
_MIN_SHARE, _MIN_ROWS = 0.02, 20
_SPIKE = 0.02
_RISE = 8.0
_NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
_MAX_COLUMNS, _MAX_IN_TRIPLES = 400, 60
_FEW_ROWS = 3000
_STAGES = (600, _FEW_ROWS)
_ON_GRID = 0.98


def find_equal(search: Search) -> None:
    """Find columns that are equal in nearly all rows, whatever they hold."""
    columns = search.of_kind("number", "time")
    columns = [column for column in columns if not is_binary(column)]
    columns = search.bounded(columns, _MAX_COLUMNS, "equal columns")
    numbers = [column for column in columns if column.kind == "number"]
    values = [column.floats[:_FEW_ROWS] for column in numbers]
    tried = max(len(numbers) ** 2, 1)
    copies: set[object] = set()
    for (first, left), (second, right) in itertools.combinations(
        zip(numbers, values, strict=True), 2
    ):
        if second.name in copies:
            continue
        both = ~(np.isnan(left) | np.isnan(right))
        if both.any() and (left == right)[both].mean() >= NEARLY - 0.002:
            rule = Sum(second.name, [first.name])
            if search.accept(rule, tried=tried, min_share=NEARLY, min_rows=20):
                copies.add(second.name)


def find_ties(search: Search) -> None:
    """Find equations of two and three columns that hold in a share of the rows.

    A tie stands out from its neighbourhood: where columns go together smoothly, being one step
    apart is as frequent as being equal.
    """
    columns = [c for c in search.of_kind("number") if _is_fine(c)]
    columns = search.bounded(columns, _MAX_IN_TRIPLES, "ties")
    # In the finest steps of all the largest numbers must still be exact.
    decimals = max((column.decimals for column in columns), default=0)
    columns = [column for column in columns if _is_exact(column, decimals)]
    if len(columns) < 2:
        return
    whole = np.column_stack([whole_steps(column, decimals) for column in columns])
    usable = np.column_stack([_usable(column) for column in columns])
    steps = [grid_step(column, decimals) for column in columns]
    tried = len(columns) ** 3
    linked = {frozenset(rule.columns) for rule in search.rules if isinstance(rule, Sum)}
    for first, second in itertools.combinations(range(len(columns)), 2):
        gap = whole[:, second] - whole[:, first]
        if frozenset((columns[first].name, columns[second].name)) in linked:
            continue
        rows = usable[:, first] & usable[:, second]
        # Of two grids the coarser one counts.
        step = max(steps[first], steps[second])
        if stands_out(gap[rows], step, whole[rows][:, [first, second]]):
            rule = Sum(columns[second].name, [columns[first].name])
            search.accept(rule, tried=tried, min_share=_MIN_SHARE)
    _find_triples(search, columns, whole, usable, linked, steps)


def _find_triples(
    search: Search,
    columns: list[Column],
    whole: np.ndarray,
    usable: np.ndarray,
    linked: set[frozenset[object]],
    steps: list[int],
) -> None:
    tried = len(columns) ** 3
    stages = [slice(0, n_rows) for n_rows in _STAGES]
    for first, second in itertools.permutations(range(len(columns)), 2):
        for sign in (1, -1) if first < second else (-1,):
            targets = np.arange(len(columns))
            for few in stages:
                value = whole[few, first] + sign * whole[few, second]
                both = usable[few, first] & usable[few, second]
                hits = (whole[few][:, targets] == value[:, None]) & both[:, None]
                hits = (hits & usable[few][:, targets]).sum(axis=0)
                targets = targets[hits >= 0.5 * _MIN_SHARE * max(both.sum(), 1)]
            for target in targets:
                if target in (first, second):
                    continue
                names = [columns[place].name for place in (first, second, target)]
                # Of one equation in three columns the last column is the result.
                if max(first, second) > target and sign < 0 or frozenset(names) in linked:
                    continue
                rows = usable[:, [first, second, target]].all(axis=1)
                gap = whole[:, target] - whole[:, first] - sign * whole[:, second]
                step = max(steps[first], steps[target])
                if not stands_out(gap[rows], step, whole[rows][:, [first, second, target]]):
                    continue
                rule = Sum(names[2], names[:2], None if sign > 0 else [1, -1])
                if search.accept(rule, tried=tried, min_share=_MIN_SHARE):
                    linked.add(frozenset(names))


def _is_fine(column: Column) -> bool:
    return (
        column.n_distinct >= _MIN_DISTINCT
        and column.decimals is not None
        and _is_exact(column, column.decimals)
    )


def _is_exact(column: Column, decimals: int) -> bool:
    return float(np.abs(column.values[column.present]).max()) * 10.0**decimals < 2**50


def whole_steps(column: Column, decimals: int) -> np.ndarray:
    """Return numbers in units of the last decimal."""
    values = np.where(column.missing, 0, column.values).astype(np.float64)
    return np.rint(values * 10.0**decimals).astype(np.int64)


def _usable(column: Column) -> np.ndarray:
    """Return where a cell is filled and no common value, which columns share without a rule."""
    codes = np.maximum(column.codes, 0)
    common = np.bincount(codes, minlength=1) > _SPIKE * len(codes)
    return column.present & ~common[codes] & (column.floats != 0)


def grid_step(column: Column, decimals: int) -> int:
    """Return the step, in units of the last decimal, on which nearly all numbers lie."""
    values = whole_steps(column, decimals)[column.present]
    step = 1
    # A few faulty records must not make the grid of all others finer.
    for power in range(decimals, 0, -1):
        if (values % 10**power == 0).mean() >= _ON_GRID:
            step = 10**power
            break
    values = np.unique(values[values % step == 0])
    return max(int(np.gcd.reduce(np.diff(values))) if len(values) > 1 else step, 1)


def stands_out(
    gap: np.ndarray, step: int, cells: np.ndarray, min_share: float = _MIN_SHARE
) -> bool:
    """Whether a gap of zero is far more frequent than one of a few steps.

    Parameters
    ----------
    gap : ndarray of shape (n_rows,), int64
    step : int
    cells : ndarray of shape (n_rows, n_columns)
        The cells between which the gap lies. Rows that agree in all of them count once: copies of
        a few rows would look like a rule.
    min_share : float
    """
    if (gap == 0).sum() < max(_MIN_ROWS, min_share * len(gap)):
        return False
    first = np.unique(cells, axis=0, return_index=True)[1]
    gap = gap[first]
    hits = int((gap == 0).sum())
    near = np.mean([(gap == step * place).sum() for place in _NEIGHBOURS])
    enough = max(_MIN_ROWS, 0.5 * min_share * len(gap), _RISE * (near + 1))
    return bool(hits >= enough)
