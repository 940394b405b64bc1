"""Finding products and quotients through logarithms."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.rules.base import names_of
from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.find.linear import snap
from synthwgan.table.rules.find.log_relations import LogTable, Relation
from synthwgan.table.rules.find.search import NEARLY, Search
from synthwgan.table.rules.one_hot import is_binary
from synthwgan.table.rules.product import Product
from synthwgan.table.rules.rounding import agrees
from synthwgan.table.rules.sum import Sum, as_fraction, as_weight

_MAX_COLUMNS = 100
_MIN_ROWS = 20
# Of a product; its factors may be as few as the prices of two plans.
_MIN_DISTINCT = 5
# Of the logarithms of sizes: what varies less is a constant, for a product that is rounded.
_MIN_RANGE = 1e-4
# Of the rows; the others are faulty records, or were computed in another way.
_MIN_SHARE = 0.97
# Of a product of rounded parts: if they may have been anything, so may it.
_MAX_ERROR = 0.02


@dataclass(frozen=True)
class _Found:
    """A product with what tells how natural it is.

    Parameters
    ----------
    rule : Product
    share : float
        Of the sample's rows, those that keep it.
    step : float
        Of the result's grid, as a share of its size; 0 if nothing had to be rounded.
    relation : Relation
    """

    rule: Product
    share: float
    step: float
    relation: Relation

    @property
    def rank(self) -> tuple[float, ...]:
        """Return what tells which of the ways to solve a product is the one that was computed.

        It has the fewest parts, and has them as they stand; it holds in most rows; it needs no
        rounding, as amounts of whole pieces; or what is rounded is fine for its size, as a quota is
        that was computed of two counts. Coarse numbers hide the faulty rows that fine ones show,
        unless their parts have room.
        """
        is_near = self.rule.is_near
        share = round(self.share, 3 if is_near else 2)
        n_divisors = len(self.rule.sources) - len(names_of(self.rule.factors))
        return len(self.rule.sources), is_near, -share, self.step, n_divisors


def find_products(search: Search) -> None:
    """Find columns that are the product or the quotient of two or three others."""
    sizes = {c: _sizes(c) for c in search.of_kind("number") if not is_binary(c)}
    columns = [column for column, logs in sizes.items() if logs is not None]
    columns = search.bounded(columns, _MAX_COLUMNS, "products")
    multiples = _multiples(search)
    columns = [column for column in columns if column.name not in multiples]
    if len(columns) < 2:
        return
    logs = LogTable(columns, np.column_stack([sizes[column] for column in columns]), search.rng)
    logs = logs.without_multiples({rule.target for rule in search.rules if isinstance(rule, Sum)})
    columns = logs.columns
    known, products = np.zeros((1, len(columns))), {}
    for relations in (logs.of_three, logs.of_more):
        found = [own for relation in relations() for own in _solutions(search, columns, relation)]
        found.sort(key=lambda own: own.rank)
        # Two rounded products for one column, or two in a circle, would leave another without.
        for may_be_left in (False, True):
            for own in found:
                # Solved for another column, or with what is known put in, it says nothing new.
                if _follows(own.relation, known) or not (may_be_left or _is_built(own, products)):
                    continue
                if search.accept(
                    own.rule,
                    tried=len(columns) ** len(own.relation.places),
                    min_share=_MIN_SHARE,
                    min_rows=_MIN_ROWS,
                ):
                    products.setdefault(own.rule.result, own.rule.sources)
                    known = np.vstack([known, own.relation.exponents(len(columns))])


def _is_built(own: _Found, products: Mapping[Hashable, list[Hashable]]) -> bool:
    """Whether a product can be computed beside others, given by the parts of each result."""
    if own.rule.result in products:
        return not own.step
    ahead, seen = list(own.rule.sources), set()
    while ahead:
        name = ahead.pop()
        if name == own.rule.result:
            return False
        if name not in seen:
            seen.add(name)
            ahead += products.get(name, [])
    return True


def _sizes(column: Column) -> np.ndarray | None:
    """Return logarithms of what is not zero, or None of few and of such as hardly differ."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(column.floats))
    logs[~np.isfinite(logs)] = np.nan
    known = logs[~np.isnan(logs)]
    return logs if len(known) >= 2 * _MIN_ROWS and np.ptp(known) >= _MIN_RANGE else None


def _multiples(search: Search) -> set[Hashable]:
    """Return columns of which a rule says already that they are a multiple of another."""
    return {rule.target for rule in search.rules if isinstance(rule, Sum) and rule.is_multiple}


def _follows(relation: Relation, known: np.ndarray) -> bool:
    """Whether known products, multiplied with each other, give this one."""
    both = np.vstack([known, relation.exponents(known.shape[1])])
    return bool(np.linalg.matrix_rank(both) == np.linalg.matrix_rank(known))


def _solutions(search: Search, columns: list[Column], relation: Relation) -> Iterator[_Found]:
    """Yield a relation solved for each column that it can be computed for."""
    names = frozenset(columns[place].name for place in relation.places)
    if any(frozenset(rule.columns) == names for rule in search.rules):
        return
    for target in relation.targets:
        if columns[target].n_distinct >= _MIN_DISTINCT:
            own = _solution(search, columns, relation, target)
            if own is not None:
                yield own


def _solution(
    search: Search, columns: list[Column], relation: Relation, target: int
) -> _Found | None:
    """Return the product of a column, of its parts as they stand or else before rounding."""
    factors, over = relation.solved_for(target)
    if not factors:
        return None
    names = [columns[place].name for place in factors]
    divisors = [columns[place].name for place in over] or None
    column = columns[target]
    step = 0.0 if column.decimals is None else 10.0**-column.decimals
    size = float(np.median(np.abs(column.floats[column.present])))
    rule = Product(column.name, names, divisors)
    rows, products = _rows(search, rule, column)
    if len(rows) < _MIN_ROWS:
        return None
    constant = _constant(column.floats[rows], products[rows], step, 0.0)
    if constant is None:
        return None
    rule.constant = constant
    products = rule._products(search.sample)[0][rows]
    actual = column.floats[rows]
    share = _share(column, actual, products)
    if share >= NEARLY - 0.002:
        is_exact = np.isclose(actual, products, rtol=1e-9).mean() >= NEARLY
        return _Found(rule, share, 0.0 if is_exact else step / size if size else np.inf, relation)
    near = _near(search, rule, rows)
    if near is not None and near[1] > share:
        rule, share = near
    if share < _MIN_SHARE:
        return None
    return _Found(rule, share, step / size if size else np.inf, relation)


def _near(search: Search, rule: Product, rows: np.ndarray) -> tuple[Product, float] | None:
    """Return the product of parts before they were rounded, and the share that keeps it."""
    parts = {name: search.sample[name] for name in rule.sources}
    rounded = [name for name, part in parts.items() if part.decimals]
    if not rounded:
        return None
    errors = [
        0.5 * 10.0 ** -required(parts[name].decimals) / np.abs(parts[name].floats[rows])
        for name in rule.sources
        if name in rounded
    ]
    error = float(np.median(np.sum(errors, axis=0)))
    if error > _MAX_ERROR:
        return None
    actual, products = search.sample[rule.result].floats[rows], rule._products(search.sample)[0]
    constant = _constant(actual, products[rows] / float(as_fraction(rule.constant)), 0.0, error)
    if constant is None:
        return None
    found = _of_rounded(search, rule, constant, rounded)
    for name in rounded:
        others = [other for other in rounded if other != name]
        tighter = _of_rounded(search, rule, constant, others) if others else found
        # What was not rounded leaves no room.
        if tighter[1] >= found[1]:
            found, rounded = tighter, others or rounded
    return found


def _of_rounded(
    search: Search, rule: Product, constant: Any, rounded: list[Hashable]
) -> tuple[Product, float]:
    near = Product(rule.result, rule.factors, rule.over, constant, rounded=rounded)
    kept, applies = near.judge(search.sample)
    return near, float(kept[applies].mean())


def _rows(search: Search, rule: Product, column: Column) -> tuple[np.ndarray, np.ndarray]:
    products, known = rule._products(search.sample)
    return np.flatnonzero(known & column.present & (products != 0) & (column.floats != 0)), products


def _constant(actual: np.ndarray, products: np.ndarray, step: float, error: float) -> Any | None:
    """Return the simplest constant, from the larger numbers, in which rounding matters least."""
    order = np.argsort(-np.abs(actual), kind="stable")[: len(actual) // 2 + 1]
    ratio = float(np.median(actual[order] / products[order]))
    best = float(np.abs(actual[order]).max())
    constant = snap(ratio, max(2 * step / best, 1e-6, error) * abs(ratio))
    return as_weight(constant) if constant else None


def _share(column: Column, actual: np.ndarray, products: np.ndarray) -> float:
    ways = ("nearest", "floor", "ceil")
    return max(
        float(agrees(actual, products, column.decimals, way, column.precision).mean())
        for way in ways
    )
