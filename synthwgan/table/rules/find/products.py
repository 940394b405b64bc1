"""Finding products and quotients through logarithms."""

from __future__ import annotations

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.linear import snap
from synthwgan.table.rules.find.search import NEARLY, Search
from synthwgan.table.rules.one_hot import is_binary
from synthwgan.table.rules.product import Product
from synthwgan.table.rules.rounding import agrees
from synthwgan.table.rules.sum import as_weight

_MAX_COLUMNS = 100
_PROBED, _FIRST = 40, 32
_MIN_ROWS = 20
# Of a product; its factors may be as few as the prices of two plans.
_MIN_DISTINCT = 5
_SLACK = 0.02


def find_products(search: Search) -> None:
    """Find columns that are the product or the quotient of two or three others."""
    columns = [c for c in search.of_kind("number") if not is_binary(c)]
    columns = [c for c in columns if _sizes(c) is not None]
    columns = search.bounded(columns, _MAX_COLUMNS, "products")
    if len(columns) < 3:
        return
    linked = {frozenset(rule.columns) for rule in search.rules}
    logs = np.column_stack([_sizes(column) for column in columns])
    found = []
    for target in np.flatnonzero([c.n_distinct >= _MIN_DISTINCT for c in columns]).tolist():
        for factors, over in _candidates(search, columns, logs, target):
            names = frozenset(columns[place].name for place in (target, *factors, *over))
            kept = None if names in linked else _rule(search, columns, target, factors, over)
            if kept is not None:
                found.append(
                    (*_rank(columns[target], *kept), len(over), len(found), names, kept[0])
                )
    # Solved for another column the same product is rounded worse: coarse numbers hide the faulty
    # rows that fine ones show, and drawn parts do not tell them.
    for *_, names, rule in sorted(found, key=lambda item: item[:-2]):
        if names not in linked and search.accept(
            rule, tried=len(columns) ** 3, min_share=NEARLY, min_rows=_MIN_ROWS
        ):
            linked.add(names)


def _sizes(column: Column) -> np.ndarray | None:
    """Return logarithms of what is not zero, or None if too little is left."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(column.floats))
    logs[~np.isfinite(logs)] = np.nan
    return logs if (~np.isnan(logs)).sum() >= 2 * _MIN_ROWS else None


def _probe(column: Column, logs: np.ndarray) -> np.ndarray:
    """Return the rows in which rounding matters least: those with the largest numbers."""
    rows = np.flatnonzero(~np.isnan(logs))
    order = rows[np.argsort(-logs[rows], kind="stable")]
    return order[: max(len(order) // 2, _PROBED)]


def _candidates(
    search: Search, columns: list[Column], logs: np.ndarray, target: int
) -> list[tuple[list[int], list[int]]]:
    """Return factors and divisors whose logarithms add up to the target's, up to a constant."""
    rows = _probe(columns[target], logs[:, target])
    if len(rows) > 4 * _PROBED:
        rows = search.rng.choice(rows, 4 * _PROBED, replace=False)
    part = logs[rows]
    own = part[:, [target]]
    slack = _slack(columns[target], own)
    found = []
    for first in range(len(columns)):
        if first == target:
            continue
        rest = own - part[:, [first]]
        for sign in (1, -1):
            # Subtracting a factor's logarithm, or adding a divisor's, must leave a constant.
            left = rest - sign * part
            places = _constant_columns(left, slack)
            for second in places:
                if second in (target, first) or (sign > 0 and second < first):
                    continue
                found.append(([first, int(second)], []) if sign > 0 else ([first], [int(second)]))
    found += _longer(columns, logs, target)
    return found


def _slack(column: Column, logs: np.ndarray) -> float:
    if column.decimals is None:
        return 1e-7
    smallest = float(np.exp(np.nanmin(logs)))
    return min(0.6 * 10.0**-column.decimals / smallest + 1e-9, _SLACK)


def _constant_columns(left: np.ndarray, slack: float) -> np.ndarray:
    """Return the columns whose filled cells are nearly all the same."""
    ordered = np.sort(left[:_FIRST], axis=0)
    counts = (~np.isnan(ordered)).sum(axis=0)
    low, high = (
        np.take_along_axis(ordered, (counts * part // 4)[None].clip(0, len(ordered) - 1), 0)[0]
        for part in (1, 3)
    )
    with np.errstate(invalid="ignore"):
        alive = np.flatnonzero((high - low <= 4 * slack) & (counts >= _FIRST // 4))
    found = []
    for place in alive:
        cells = left[:, place]
        cells = cells[~np.isnan(cells)]
        near = np.abs(cells - np.median(cells)) <= 2 * slack
        if len(cells) >= _MIN_ROWS and near.mean() >= 0.97:
            found.append(int(place))
    return np.array(found, dtype=int)


def _longer(
    columns: list[Column], logs: np.ndarray, target: int
) -> list[tuple[list[int], list[int]]]:
    """Return a product of three and more from a regression of the logarithms."""
    rows = _probe(columns[target], logs[:, target])
    share = (~np.isnan(logs[rows])).mean(axis=0)
    others = [p for p in range(len(columns)) if p != target and share[p] >= 0.9]
    rows = rows[~np.isnan(logs[np.ix_(rows, others)]).any(axis=1)] if others else rows[:0]
    if len(others) < 3 or len(rows) < 3 * len(others) + _MIN_ROWS:
        return []
    rows = rows[:2000]
    parts = logs[np.ix_(rows, others)]
    parts = parts - parts.mean(axis=0)
    own = logs[rows, target] - logs[rows, target].mean()
    weights, *_ = np.linalg.lstsq(parts, own, rcond=1e-10)
    whole = np.rint(weights)
    chosen = np.flatnonzero(whole)
    if not 3 <= len(chosen) <= 5 or np.abs(weights - whole).max() > 0.05:
        return []
    if np.abs(whole).max() > 1:
        return []
    return [
        (
            [others[k] for k in chosen if whole[k] > 0],
            [others[k] for k in chosen if whole[k] < 0],
        )
    ]


def _rank(column: Column, rule: Product, share: float, is_exact: bool) -> tuple[float, ...]:
    """Return what tells which of the ways to solve a product is the one that was computed.

    It holds in most rows; it needs no rounding, as amounts of whole pieces; or what is rounded is
    fine for its size, as a quota is that was computed of two counts.
    """
    size = float(np.median(np.abs(column.floats[column.present])))
    step = 0.0 if column.decimals is None or is_exact else 10.0**-column.decimals
    return -round(share, 2), step / size if size else np.inf


def _rule(
    search: Search, columns: list[Column], target: int, factors: list[int], over: list[int]
) -> tuple[Product, float, bool] | None:
    """Return a product with its constant, the share of the sample that keeps it, and if exactly."""
    names = [columns[place].name for place in factors]
    divisors = [columns[place].name for place in over] or None
    if not names:
        return None
    rule = Product(columns[target].name, names, divisors)
    products, known = rule._products(search.sample)
    column = columns[target]
    rows = np.flatnonzero(known & column.present & (products != 0) & (column.floats != 0))
    if len(rows) < _MIN_ROWS:
        return None
    order = rows[np.argsort(-np.abs(column.floats[rows]), kind="stable")][: len(rows) // 2 + 1]
    ratios = column.floats[order] / products[order]
    ratio = float(np.median(ratios))
    step = 0.0 if column.decimals is None else 10.0**-column.decimals
    best = float(np.abs(column.floats[order]).max())
    constant = snap(ratio, max(2 * step / best, 1e-6) * abs(ratio))
    if constant is None or not constant:
        return None
    rule.constant = as_weight(constant)
    products, known = rule._products(search.sample)
    kept = [
        agrees(column.floats[rows], products[rows], column.decimals, way).mean()
        for way in ("nearest", "floor", "ceil")
    ]
    if max(kept) < NEARLY - 0.002:
        return None
    is_exact = np.isclose(column.floats[rows], products[rows], rtol=1e-9).mean() >= NEARLY
    return rule, float(max(kept)), bool(is_exact)
