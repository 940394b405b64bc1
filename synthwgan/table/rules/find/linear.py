"""Finding linear relations of any length from the null space of the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.search import NEARLY, Search
from synthwgan.table.rules.one_hot import OneHot, is_binary
from synthwgan.table.rules.sum import Sum, as_weight, tick_in

_MAX_COLUMNS = 200
_MAX_PARTS = 40
_N_SUBSETS = 6
_EXACT = 1e-7
_MIN_STEPS = 20
_SMALL_DENOMINATOR = 12
_MAX_DIGITS, _MAX_DIGITS_OF_MANY = 6, 4


def find_linear(search: Search) -> None:
    """Find columns that are a weighted sum of others in nearly all rows."""
    columns = [c for c in search.of_kind("number", "time") if _takes_part(search, c)]
    plain = [column for column in columns if not column.is_duration]
    _find_among(search, plain, "days")
    if len(plain) < len(columns):
        _find_among(search, columns, "seconds")


def _find_among(search: Search, columns: list[Column], unit: str) -> None:
    """Find sums of numbers, and of dates in one unit."""
    columns = search.bounded(columns, _MAX_COLUMNS, "linear relations")
    if len(columns) < 2:
        return
    values = np.column_stack([_as_numbers(column, unit) for column in columns])
    seen = {_key(rule) for rule in search.rules if isinstance(rule, Sum)}
    for group in _groups(columns, values):
        for relation in _relations(search, [columns[p] for p in group], values[:, group], unit):
            if _key(relation) not in seen and search.accept(
                relation, tried=len(columns) ** 2, min_share=NEARLY, min_rows=20
            ):
                seen.add(_key(relation))


def _key(rule: Sum) -> frozenset[object]:
    return frozenset(rule.columns)


def _takes_part(search: Search, column: Column) -> bool:
    if is_binary(column):
        return False
    return not any(isinstance(r, OneHot) and column.name in r.columns for r in search.rules)


def _as_numbers(column: Column, unit: str) -> np.ndarray:
    """Return numbers, or days or seconds since the first date."""
    if column.kind == "number":
        return column.floats
    first = column.values[column.present].min()
    since = (column.values - first) * float(tick_in(column.unit, unit))
    return np.where(column.missing, np.nan, since)


def _groups(columns: list[Column], values: np.ndarray) -> list[np.ndarray]:
    """Return sets of columns that enough rows fill together."""
    filled = ~np.isnan(values)
    enough = max(5 * len(columns), 60)
    chosen = np.argsort(-filled.mean(axis=0), kind="stable")
    while len(chosen) > 2 and filled[:, chosen].all(axis=1).sum() < enough:
        chosen = chosen[:-1]
    groups = [np.sort(chosen)]
    for place in np.setdiff1d(np.arange(len(columns)), chosen):
        rows = filled[:, place]
        if rows.sum() < 20:
            continue
        group = np.flatnonzero(filled[rows].mean(axis=0) >= 0.98)
        if len(group) > 1 and not any(set(group) <= set(other) for other in groups):
            groups.append(group)
    return groups


def _relations(search: Search, columns: list[Column], values: np.ndarray, unit: str) -> list[Sum]:
    rows = np.flatnonzero(~np.isnan(values).any(axis=1))
    n_few = max(60, 3 * len(columns))
    subsets = [rows]
    if len(rows) > 1.5 * n_few:
        # A few faulty rows spoil a fit of all rows, but not of each small part of them.
        subsets += [search.rng.choice(rows, n_few, replace=False) for _ in range(_N_SUBSETS)]
    found: dict[frozenset[object], Sum] = {}
    for subset in subsets:
        for relation in _solve(columns, values[subset[: max(4000, n_few)]], values[rows], unit):
            found.setdefault(frozenset(relation.columns), relation)
    return sorted(found.values(), key=lambda rule: len(rule.columns))


def _solve(columns: list[Column], values: np.ndarray, check: np.ndarray, unit: str) -> list[Sum]:
    """Return the exact relations among columns, then those that hold after rounding."""
    if len(values) < len(columns) + 5:
        return []
    middle, spread = values.mean(axis=0), values.std(axis=0)
    # Of numbers near the end of floats, squares are beyond it.
    usable = np.flatnonzero((spread > 0) & np.isfinite(spread))
    if len(usable) < 2:
        return []
    scaled = (values[:, usable] - middle[usable]) / spread[usable]
    # Columns of few bits are sums up to these only.
    exact = max(_EXACT, 4 * max(columns[place].precision for place in usable))
    found, basis = [], []
    for place in range(len(usable)):
        parts = scaled[:, basis]
        weights, rest = _regress(parts, scaled[:, place])
        if len(basis) and np.abs(rest).max() < exact:
            real = weights * spread[usable[place]] / spread[usable[basis]]
            chosen = np.flatnonzero(np.abs(weights) > 1e3 * exact)
            found.append((usable[place], [usable[basis[k]] for k in chosen], real[chosen]))
        else:
            basis.append(place)
    found = [_turned(columns, *relation) for relation in found]
    found += _rounded(columns, scaled[:, basis], usable[basis], spread)
    relations = [_as_sum(columns, check, unit, *relation) for relation in found]
    return [relation for relation in relations if relation is not None]


def _turned(
    columns: list[Column], target: int, parts: list[int], weights: np.ndarray
) -> tuple[int, list[int], np.ndarray]:
    """Solve an exact relation for the column that is most naturally the result of the others."""
    places, signed = [target, *parts], np.array([-1.0, *weights])
    options = []
    for own, place in enumerate(places):
        others = np.delete(np.arange(len(places)), own)
        turned = -signed[others] / signed[own]
        simple = [snap(weight, 1e-6 * abs(weight)) for weight in turned]
        digits = sum(2 * _MAX_DIGITS if w is None else n_digits(w) for w in simple)
        fractions = sum(w is None or w.denominator > 1 for w in simple)
        n_negative = int((turned < 0).sum())
        key = (columns[place].decimals is None, digits, fractions, n_negative, -place)
        options.append((key, place, [places[k] for k in others], turned))
    return min(options, key=lambda option: option[0])[1:]


def _regress(parts: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not parts.shape[1]:
        return np.zeros(0), target
    weights, *_ = np.linalg.lstsq(parts, target, rcond=1e-12)
    return weights, target - parts @ weights


def _rounded(
    columns: list[Column], scaled: np.ndarray, places: np.ndarray, spread: np.ndarray
) -> list[tuple[int, list[int], np.ndarray]]:
    """Return columns that the others give up to the rounding of the column itself."""
    found, active = [], list(range(len(places)))
    while len(active) > 1:
        solved = _solve_one(columns, scaled, places, spread, active)
        if solved is None:
            break
        own, chosen, weights = solved
        real = weights * spread[places[own]] / spread[places[chosen]]
        found.append((places[own], [places[k] for k in chosen], real))
        # What is known of a column must not stand in for it in other sums.
        active = [k for k in active if k != own]
    return found


def _solve_one(
    columns: list[Column],
    scaled: np.ndarray,
    places: np.ndarray,
    spread: np.ndarray,
    active: list[int],
) -> tuple[int, list[int], np.ndarray] | None:
    """Return the column that the others explain best, if up to its rounding, and its parts."""
    part = scaled[:, active]
    inverse = np.linalg.pinv(part.T @ part / len(part), rcond=1e-14, hermitian=True)
    unexplained = 1 / np.maximum(np.diag(inverse), 1e-300)
    for k in np.argsort(unexplained, kind="stable"):
        own, column = active[k], columns[places[active[k]]]
        if column.kind != "number" or column.decimals is None or column.n_distinct < _MIN_STEPS:
            continue
        step = 10.0**-column.decimals / spread[places[own]]
        # The residual's spread must be that of a uniform error of one step.
        if unexplained[k] > (0.4 * step) ** 2 + 1e-16:
            continue
        others = [other for other in active if other != own]
        weights, _ = _regress(scaled[:, others], scaled[:, own])
        # What moves the sum by less than a step is noise.
        chosen = [o for o, weight in zip(others, weights, strict=True) if abs(weight) > 0.5 * step]
        weights, rest = _regress(scaled[:, chosen], scaled[:, own])
        if chosen and np.abs(rest).max() <= 0.75 * step:
            return own, chosen, weights
    return None


def _as_sum(
    columns: list[Column],
    values: np.ndarray,
    unit: str,
    target: int,
    parts: list[int],
    weights: np.ndarray,
) -> Sum | None:
    """Return the relation with exact weights, or None if it has none that fit."""
    if not parts or len(parts) > _MAX_PARTS:
        return None
    column = columns[target]
    step = 0.0 if column.decimals is None or column.kind == "time" else 10.0**-column.decimals
    sizes = values[:, parts].std(axis=0)
    slack = 4 * step / np.sqrt(len(values)) / np.maximum(sizes, 1e-300)
    exact = [
        snap(weight, tolerance)
        for weight, tolerance in zip(weights, slack + 1e-6 * np.abs(weights), strict=True)
    ]
    if any(weight is None for weight in exact):
        return None
    if not all(exact):
        pairs = [(part, weight) for part, weight in zip(parts, exact, strict=True) if weight]
        parts, exact = [part for part, _ in pairs], [weight for _, weight in pairs]
    # Long decimals in a sum of several parts only follow the noise.
    if len(parts) > 1 and any(n_digits(weight) > _MAX_DIGITS_OF_MANY for weight in exact):
        return None
    if not parts or not _dates_cancel(columns, target, parts, exact):
        return None
    rest = values[:, target] - values[:, parts] @ np.array([float(weight) for weight in exact])
    constant = _constant(columns, unit, target, parts, exact, rest, step)
    if constant is None:
        return None
    return Sum(
        column.name,
        [columns[part].name for part in parts],
        None if all(weight == 1 for weight in exact) else [as_weight(weight) for weight in exact],
        as_weight(constant),
        unit=unit,
    )


def snap(weight: float, tolerance: float, max_digits: int = _MAX_DIGITS) -> Fraction | None:
    """Return the simplest number near another: a fraction, few digits, or one by few digits."""
    if not np.isfinite(weight):
        return None
    if abs(weight) <= tolerance:
        return Fraction(0)
    for near in _simple_numbers(weight, max_digits):
        if near and abs(float(near) - weight) <= tolerance:
            return near
    return None


def n_digits(weight: Fraction) -> int:
    """Return how many digits one writes for a weight, at least."""
    ratio = str(abs(weight.numerator)).rstrip("0") + str(weight.denominator).lstrip("1").rstrip("0")
    decimal = f"{abs(float(weight)):.12g}".replace(".", "").strip("0")
    return min(len(ratio), len(decimal))


def _simple_numbers(weight: float, max_digits: int) -> Iterator[Fraction]:
    yield Fraction(round(weight))
    yield Fraction(weight).limit_denominator(_SMALL_DENOMINATOR)
    for digits in range(1, max_digits + 1):
        yield Fraction(f"{weight:.{digits - 1}e}")
        yield 1 / Fraction(f"{1 / weight:.{digits - 1}e}")


def _dates_cancel(
    columns: list[Column], target: int, parts: list[int], weights: list[Fraction]
) -> bool:
    total = sum(
        (
            weight
            for part, weight in zip(parts, weights, strict=True)
            if columns[part].kind == "time"
        ),
        Fraction(0),
    )
    return total == (1 if columns[target].kind == "time" else 0)


def _constant(
    columns: list[Column],
    unit: str,
    target: int,
    parts: list[int],
    weights: list[Fraction],
    rest: np.ndarray,
    step: float,
) -> Fraction | None:
    """Return the constant that is left, on the target's grid."""
    # Numbers were counted from zero, dates from their first: what lies between these comes back.
    offset = Fraction(0)
    for place, weight in [
        (target, Fraction(1)),
        *((p, -w) for p, w in zip(parts, weights, strict=True)),
    ]:
        column = columns[place]
        if column.kind == "time":
            first = int(column.values[column.present].min())
            offset += weight * first * tick_in(column.unit, unit)
    left = float(np.median(rest)) + float(offset)
    size = max(float(np.abs(rest).max()), 1e-300)
    if abs(left) <= 0.55 * step + 1e-7 * size:
        return Fraction(0)
    return snap(left, 0.55 * step + 1e-7 * size)
