"""Finding sets of columns of which one is set."""

from __future__ import annotations

import math

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.search import Search
from synthwgan.table.rules.one_hot import OneHot, is_binary

_MIN_TOGETHER = 20.0


def find_one_hots(search: Search) -> None:
    """Find columns of 0 and 1 of which exactly one, or at most one, is set in each row."""
    columns = [c for c in search.columns if is_binary(c) and not c.missing.any()]
    columns = [c for c in columns if c.n_distinct == 2]
    if len(columns) < 2:
        return
    cells = np.column_stack([column.values.astype(np.float32) for column in columns])
    together = cells.T @ cells
    counts = np.diag(together).copy()
    free = set(range(len(columns)))
    for start in np.argsort(-counts, kind="stable"):
        if start not in free:
            continue
        group = _grow(int(start), free, together, cells, columns)
        if len(group) > 1 and _accept(
            search, [columns[place] for place in sorted(group)], cells[:, sorted(group)]
        ):
            free -= set(group)


def _grow(
    start: int, free: set[int], together: np.ndarray, cells: np.ndarray, columns: list[Column]
) -> list[int]:
    """Add columns that never meet those of the group, neighbours and namesakes first."""
    stem = str(columns[start].name)
    order = sorted(
        (place for place in free if place != start and not together[start, place]),
        key=lambda place: (-_common(stem, str(columns[place].name)), abs(place - start)),
    )
    group, covered = [start], cells[:, start].copy()
    for place in order:
        if covered.all():
            break
        if not together[place, group].any():
            group.append(place)
            covered += cells[:, place]
    return group


def _common(first: str, second: str) -> int:
    """Return the length of what two names begin with."""
    length = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        length += 1
    return length


def _accept(search: Search, group: list[Column], cells: np.ndarray) -> bool:
    n_rows = len(cells)
    shares = cells.mean(axis=0)
    names = [column.name for column in group]
    is_full = bool((cells.sum(axis=1) == 1).all())
    exactly_one = sum(
        share * math.prod(1 - other for k, other in enumerate(shares) if k != place)
        for place, share in enumerate(shares)
    )
    none = math.prod(1 - share for share in shares)
    tried = 2 ** min(len(group), 30)
    if is_full:
        return search.accept(OneHot(names), tried=tried, permuted=float(1 - exactly_one))
    # Rare columns never meet without any rule: each pair should have met.
    expected = np.outer(shares, shares) * n_rows
    np.fill_diagonal(expected, np.inf)
    keep = expected.min(axis=0) >= _MIN_TOGETHER
    if keep.sum() < 3 or not keep.all():
        return False
    permuted = float(1 - exactly_one - none)
    return search.accept(OneHot(names, at_most=True), tried=tried, permuted=permuted)
