"""Finding columns that determine others, alone or in pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.find.search import (
    MIN_BROKEN,
    MIN_ROWS_PER_VALUE,
    NEARLY,
    Search,
    is_computed,
)
from synthwgan.table.rules.lookup import joint_codes
from synthwgan.table.rules.one_hot import OneHot

_STAGES, _EARLY = (300, 3000), 0.02
_MAX_COLUMNS, _MAX_IN_PAIRS = 400, 60


def find_dependencies(search: Search) -> None:
    """Find single columns, and then pairs, that determine another column."""
    columns = [c for c in search.columns if 2 <= c.n_distinct]
    columns = search.bounded(columns, _MAX_COLUMNS, "dependencies")
    if len(columns) < 2:
        return
    rows = _distinct_rows(columns)
    codes = np.column_stack([column.codes for column in columns])[rows]
    sizes = [_n_used(codes[:, place]) for place in range(len(columns))]
    bys = [
        place
        for place, size in enumerate(sizes)
        if size * MIN_ROWS_PER_VALUE <= (codes[:, place] >= 0).sum() and size >= 2
    ]
    known = _find_single(search, columns, codes, sizes, bys)
    _find_pairs(search, columns, codes, sizes, bys, known)


def _distinct_rows(columns: list[Column]) -> np.ndarray:
    """Return one of each kind of row: copies agree in everything without a rule.

    Where most rows are copies they are no accident: a narrow table of few values has them.
    """
    codes, _ = joint_codes(columns)
    missing = np.column_stack([column.missing for column in columns])
    _, packed = np.unique(np.packbits(missing, axis=1), axis=0, return_inverse=True)
    both = np.column_stack([codes, packed.ravel()])
    first = np.sort(np.unique(both, axis=0, return_index=True)[1])
    return first if 2 * len(first) >= len(codes) else np.arange(len(codes))


def _n_used(codes: np.ndarray) -> int:
    return int((np.bincount(codes[codes >= 0], minlength=1) > 0).sum())


def _find_single(
    search: Search, columns: list[Column], codes: np.ndarray, sizes: list[int], bys: list[int]
) -> set[tuple[int, int]]:
    """Accept dependencies on one column; return all that hold, as pairs of places."""
    found = []
    for by in bys:
        group = np.where(codes[:, by] >= 0, codes[:, by], -1)
        targets = np.array([place for place in range(len(columns)) if place != by])
        held = targets[_few_conflicts(group, codes[:, targets])]
        found += [(by, int(target)) for target in held if sizes[target] <= sizes[by] * 1.01 + 1]
    # Of columns that determine each other, texts come first: numbers are what one computes.
    found.sort(key=lambda pair: (_rank(columns[pair[0]]), pair))
    accepted: set[tuple[int, int]] = set()
    tried = len(bys) * len(columns)
    for by, target in found:
        if (target, by) in accepted or _reaches(accepted, by, target):
            accepted.discard((by, target))
            continue
        if _is_one_hot(search, columns[by], columns[target]):
            continue
        name = columns[by].name
        # A tuple would be read as several names.
        rule = Determines([name] if isinstance(name, tuple) else name, columns[target].name)
        if _accept(search, rule, codes[:, by], codes[:, target], tried):
            accepted.add((by, target))
    # The reverse of a dependency among equals holds as well, if it is not reported.
    return set(found)


def _rank(column: Column) -> int:
    return {"text": 0, "label": 1, "time": 2, "number": 3}[column.kind]


def _reaches(edges: set[tuple[int, int]], start: int, end: int) -> bool:
    """Whether accepted dependencies lead from one column to another."""
    seen, ahead = {start}, [start]
    while ahead:
        here = ahead.pop()
        for left, right in edges:
            if left == here and right not in seen:
                if right == end:
                    return True
                seen.add(right)
                ahead.append(right)
    return False


def _is_one_hot(search: Search, *columns: Column) -> bool:
    names = {column.name for column in columns}
    return any(isinstance(rule, OneHot) and names <= set(rule.columns) for rule in search.rules)


def _few_conflicts(group: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return for each column of codes whether rows of one group hardly differ in it."""
    order = np.argsort(group, kind="stable")[int((group < 0).sum()) :]
    alive = np.arange(codes.shape[1])
    # Whole groups, as neighbours: of random rows few would share one.
    for n_rows in (*_STAGES, len(order)):
        part = order[:n_rows]
        conflicts = _conflicts(group[part], codes[np.ix_(part, alive)])
        # Exceptions come in groups, so the first rows may have many of them.
        allowed = 3 * (1 - NEARLY) if len(part) == len(order) else _EARLY
        alive = alive[conflicts <= allowed * len(part) + 1]
        if len(order) <= n_rows or not len(alive):
            break
    held = np.zeros(codes.shape[1], dtype=bool)
    held[alive] = True
    return held


def _conflicts(group: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Return how often neighbours of one group differ; missing cells agree with all."""
    filled = codes >= 0
    if filled.all():
        same = (group[1:] == group[:-1])[:, None]
        return ((codes[1:] != codes[:-1]) & same).sum(axis=0)
    last = np.maximum.accumulate(np.where(filled, np.arange(len(codes))[:, None], -1), axis=0)
    before = np.maximum(last[:-1], 0)
    same = (group[before] == group[1:][:, None]) & (last[:-1] >= 0) & filled[1:]
    previous = np.take_along_axis(codes, before, axis=0)
    return ((previous != codes[1:]) & same).sum(axis=0)


def _accept(
    search: Search, rule: Determines, group: np.ndarray, target: np.ndarray, tried: int
) -> bool:
    rows = (group >= 0) & (target >= 0)
    n_groups = _n_used(group[rows])
    counts = np.bincount(target[rows], minlength=1) / max(rows.sum(), 1)
    informative = rows.sum() - n_groups
    if n_groups * MIN_ROWS_PER_VALUE > rows.sum() or informative * (1 - counts.max()) < MIN_BROKEN:
        return False
    agree = float((counts**2).sum())
    log_chance = float(informative * math.log(max(min(agree, 1 - 1e-12), 1e-6)))
    permuted = (1 - float(counts.max())) * informative / rows.sum()
    if log_chance + math.log(tried) > math.log(1e-4):
        return False
    # Numbers that nearly identify something do so by accident; exceptions among labels are errors.
    is_labelled = all(search.sample[name].kind != "number" for name in rule.sources)
    accepted = search.accept(
        rule,
        tried=tried,
        log_chance=log_chance,
        permuted=permuted,
        min_share=NEARLY if is_labelled else 1.0,
    )
    # Exceptions must be rare beside what chance would do, and not just beside all rows.
    support = required(rule.support_)
    if accepted and support.broken > 0.02 * support.rows * permuted:
        search.rules.remove(rule)
        return False
    return accepted


def _find_pairs(
    search: Search,
    columns: list[Column],
    codes: np.ndarray,
    sizes: list[int],
    bys: list[int],
    single: set[tuple[int, int]],
) -> None:
    computed = {rule.target for rule in search.rules if is_computed(rule)}
    determined = {target for _, target in single}
    open_ = [
        place
        for place, column in enumerate(columns)
        if column.name not in computed and place not in determined
    ]
    bys = sorted(bys, key=lambda place: sizes[place])
    if len(bys) > _MAX_IN_PAIRS:
        search.left_out.append(
            f"dependencies on pairs of more than {_MAX_IN_PAIRS} columns: the pairs of "
            f"{len(bys) - _MAX_IN_PAIRS} columns with most values"
        )
        bys = bys[:_MAX_IN_PAIRS]
    pairs = [
        (left, right)
        for left, right in itertools.combinations(bys, 2)
        if (left, right) not in single and (right, left) not in single
    ]
    tried = max(len(pairs) * len(open_), 1)
    found = []
    for left, right in pairs:
        present = (codes[:, left] >= 0) & (codes[:, right] >= 0)
        group = codes[:, left] * (int(codes[:, right].max()) + 1) + codes[:, right]
        group = np.where(present, group, -1)
        targets = np.array([place for place in open_ if place not in (left, right)], dtype=int)
        if len(np.unique(group)) * MIN_ROWS_PER_VALUE > present.sum() or not len(targets):
            continue
        held = targets[_few_conflicts(group, codes[:, targets])]
        found += [((left, right), int(target), group) for target in held]
    _accept_pairs(search, columns, codes, found, tried)


def _accept_pairs(
    search: Search, columns: list[Column], codes: np.ndarray, found: list, tried: int
) -> None:
    """Accept one dependency among each three columns: texts determine numbers if any do."""
    found.sort(key=lambda item: (-_rank(columns[item[1]]), sum(_rank(columns[p]) for p in item[0])))
    taken: set[frozenset[int]] = set()
    targets: set[int] = set()
    for pair, target, group in found:
        three = frozenset((*pair, target))
        if three in taken or target in targets:
            continue
        if _is_one_hot(search, *(columns[place] for place in three)):
            continue
        rule = Determines([columns[place].name for place in pair], columns[target].name)
        if _accept(search, rule, group, codes[:, target], tried):
            taken.add(three)
            targets.add(target)
