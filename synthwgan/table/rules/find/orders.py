"""Finding orders: all pairs of columns at once, on more and more rows."""

from __future__ import annotations

import math

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.search import MIN_BROKEN, NEARLY, Search
from synthwgan.table.rules.one_hot import is_binary
from synthwgan.table.rules.order import Order

_MAX_COLUMNS = 1000
_STAGES = (200, 2000)
_QUANTILES = 1000
_SMALL_GAP = 0.25
# Numbers of other scales have an order by their nature, which no row keeps on purpose.
_MIN_PERMUTED, _MIN_PERMUTED_UNLIKE = 0.05, 0.15
_UNLIKE = 50


def find_orders(search: Search) -> None:
    """Find pairs of which one is never below the other."""
    columns = [
        column for column in search.of_kind("number", "time") if isinstance(column.name, str)
    ]
    for same in _comparable(columns):
        same = search.bounded(same, _MAX_COLUMNS, "orders")
        if len(same) < 2:
            continue
        values = np.column_stack([_scaled(column) for column in same])
        pairs = _candidates(search, values, is_time=same[0].kind == "time")
        tried = len(same) * (len(same) - 1)
        for low, high in pairs:
            _try_pair(search, same[low], same[high], values[:, [low, high]], tried)


def _comparable(columns: list[Column]) -> list[list[Column]]:
    numbers = [c for c in columns if c.kind == "number" and not is_binary(c)]
    naive = [c for c in columns if c.kind == "time" and c.zone is None]
    aware = [c for c in columns if c.kind == "time" and c.zone is not None]
    measures = list(dict.fromkeys(column.measure for column in numbers))
    alike = [[c for c in numbers if c.measure == measure] for measure in measures]
    return [*alike, naive, aware]


def _scaled(column: Column) -> np.ndarray:
    if column.kind == "number":
        return column.floats
    stamps = column.values.view(f"M8[{column.unit}]").astype("M8[us]").view(np.int64)
    return np.where(column.missing, np.nan, stamps.astype(np.float64))


def _candidates(search: Search, values: np.ndarray, is_time: bool) -> list[tuple[int, int]]:
    """Return pairs that hold in the sample and whose ranges overlap."""
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    alive = low[None, :] < high[:, None]
    np.fill_diagonal(alive, False)
    order = search.rng.permutation(len(values))
    for n_rows in (*_STAGES, len(values)):
        part = values[order[:n_rows]]
        allowed = (1 - NEARLY) * n_rows if is_time else 0.0
        for left in np.flatnonzero(alive.any(axis=1)):
            rights = np.flatnonzero(alive[left])
            broken = (part[:, [left]] > part[:, rights]).sum(axis=0)
            alive[left, rights[broken > allowed]] = False
    return [(int(left), int(right)) for left, right in np.argwhere(alive)]


def _try_pair(search: Search, low: Column, high: Column, values: np.ndarray, tried: int) -> None:
    both = ~np.isnan(values).any(axis=1)
    if both.sum() < 2 * MIN_BROKEN:
        return
    lower, upper = values[both].T
    gaps = upper - lower
    if not gaps.any():
        return
    # Numbers may lie in well separated clouds that never meet without any rule between them.
    if low.kind == "number" and gaps.min() > _SMALL_GAP * np.median(gaps):
        return
    permuted = _share_broken(lower, upper)
    if low.kind == "number" and permuted < _least_permuted(low, high, lower, upper):
        return
    n_rows = both.mean() * len(search.table)
    if permuted * n_rows < MIN_BROKEN or permuted <= 0:
        return
    rule = Order(low.name, _sign(gaps), high.name)
    log_chance = n_rows * math.log(1 - min(permuted, 0.999))
    share = NEARLY if low.kind == "time" else 1.0
    search.accept(
        rule,
        tried=tried,
        log_chance=log_chance,
        permuted=permuted,
        min_share=share,
        min_rows=2 * MIN_BROKEN,
    )


def _least_permuted(low: Column, high: Column, lower: np.ndarray, upper: np.ndarray) -> float:
    sizes = sorted(float(np.median(np.abs(values))) for values in (lower, upper))
    alike = low.decimals == high.decimals and sizes[1] <= _UNLIKE * max(sizes[0], 1e-300)
    return _MIN_PERMUTED if alike else _MIN_PERMUTED_UNLIKE


def _share_broken(lower: np.ndarray, upper: np.ndarray) -> float:
    """Return how often a random lower number is above a random upper one."""
    quantiles = np.sort(lower)[np.linspace(0, len(lower) - 1, _QUANTILES).astype(int)]
    return float((np.searchsorted(np.sort(upper), quantiles, side="left") / len(upper)).mean())


def _sign(gaps: np.ndarray) -> str:
    """Return "<" where equality would be expected and never occurs."""
    positive = gaps[gaps > 0]
    if len(positive) < len(gaps):
        return "<="
    smallest = positive.min()
    steps = np.unique(positive)[:2]
    is_grid = len(steps) == 2 and np.isclose(steps[1], 2 * steps[0])
    return "<" if is_grid and (positive == smallest).sum() >= MIN_BROKEN else "<="
