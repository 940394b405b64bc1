"""Finding what is missing together, or exactly where another column says so."""

from __future__ import annotations

import math

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.search import MIN_BROKEN, Search
from synthwgan.table.rules.missing_together import MissingTogether
from synthwgan.table.rules.missing_where import MissingWhere

_MAX_VALUES = 50
_MAX_SHARE, _MIN_SEEN = 0.2, 12
_MIN_ROWS = 20


def find_missing(search: Search) -> None:
    """Find joint missingness, chains of it, and values that go with it."""
    holed = [column for column in search.columns if column.missing.any()]
    groups: dict[bytes, list[Column]] = {}
    for column in holed:
        groups.setdefault(np.packbits(column.missing).tobytes(), []).append(column)
    n_rows = len(search.sample)
    n_pairs = max(len(holed) ** 2, 1)
    for group in groups.values():
        if len(group) > 1:
            share = float(group[0].missing.mean())
            search.accept(
                MissingTogether([column.name for column in group]),
                tried=n_pairs,
                log_chance=-_log_choose(n_rows, int(share * n_rows)),
                permuted=2 * share * (1 - share),
                min_rows=_MIN_ROWS,
            )
    firsts = [group[0] for group in groups.values()]
    explained = _find_values(search, firsts)
    _find_chains(search, [column for column in firsts if column.name not in explained])


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _find_values(search: Search, holed: list[Column]) -> set[object]:
    """Find columns that are missing exactly, or only, where another has some values."""
    markers = [c for c in search.columns if 2 <= c.n_distinct + c.missing.any() <= _MAX_VALUES]
    markers.sort(key=lambda column: column.n_distinct)
    tried = max(len(holed) * len(markers), 1)
    explained = set()
    for column in holed:
        rules = [
            rule
            for marker in markers
            if marker is not column and marker.n_distinct > 1
            for rule in [_values_rule(column, marker)]
            if rule is not None
        ]
        # Exact rules say more than partial ones, and few values more than many.
        rules.sort(key=lambda rule: not rule.exactly)
        for rule in rules:
            share = float(column.missing.mean())
            n_rows = len(column)
            log_chance = -_log_choose(n_rows, int(share * n_rows))
            permuted = 2 * share * (1 - share)
            if not rule.exactly:
                elsewhere = float((~rule._there(search.sample)).mean())
                log_chance = share * n_rows * math.log(max(1 - elsewhere, 1e-9))
                permuted = share * elsewhere
            if search.accept(
                rule, tried=tried, log_chance=log_chance, permuted=permuted, min_rows=_MIN_ROWS
            ):
                explained.add(column.name)
                break
    return explained


def _values_rule(column: Column, marker: Column) -> MissingWhere | None:
    codes = np.where(marker.missing, marker.n_distinct, marker.codes)
    seen = np.bincount(codes, minlength=marker.n_distinct + 1)
    gaps = np.bincount(codes, weights=column.missing, minlength=marker.n_distinct + 1)
    used = seen > 0
    share = column.missing.mean()
    labels = np.array([*marker.labels, None], dtype=object)
    all_missing, none_missing = used & (gaps == seen), used & (gaps == 0)
    if not none_missing.any():
        return None
    if (all_missing | none_missing)[used].all():
        if not all_missing[:-1].any():
            return None
        return MissingWhere(column.name, marker.name, labels[all_missing].tolist())
    some = used & ~none_missing
    # A value with few rows may lack missing cells by accident.
    certain = seen * share >= _MIN_SEEN
    rates = gaps[some] / seen[some]
    if not (certain[none_missing].all() and (rates >= _MAX_SHARE).all()) or not some[:-1].any():
        return None
    return MissingWhere(column.name, marker.name, labels[some].tolist(), exactly=False)


def _find_chains(search: Search, holed: list[Column]) -> None:
    """Find columns that are missing only where another is."""
    holed = sorted(holed, key=lambda column: column.missing.sum())
    tried = max(len(holed) ** 2, 1)
    masks = [column.missing for column in holed]
    for inner, column in enumerate(holed):
        for outer in range(inner + 1, len(holed)):
            n_inner, n_outer = masks[inner].sum(), masks[outer].sum()
            if n_inner == n_outer or (masks[inner] & ~masks[outer]).any():
                continue
            elsewhere = 1 - n_outer / len(column)
            accepted = search.accept(
                MissingWhere(column.name, holed[outer].name, [None], exactly=False),
                tried=tried,
                log_chance=float(n_inner * math.log(max(1 - elsewhere, 1e-9))),
                permuted=float(n_inner / len(column) * elsewhere),
                min_rows=MIN_BROKEN,
            )
            # The next in the chain says the rest.
            if accepted:
                break
