"""Dropping rules that follow from others."""

from __future__ import annotations

import itertools
from collections.abc import Hashable

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.rules.bands import Bands
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.combinations import Combinations
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.find.search import Search, is_computed
from synthwgan.table.rules.function import Function
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.product import Product
from synthwgan.table.rules.sum import Sum

_EXACT = (Sum, Product, Function)
_MAX_TERMS = 12


def prune(search: Search) -> None:
    """Drop the rules of a search that others imply."""
    for step in (
        _sums_of_functions,
        _ties_of_full_sums,
        _bands,
        _dependencies,
        _orders_of_sums,
        _transitive_orders,
    ):
        step(search)


def _drop(search: Search, rules: list[Rule]) -> None:
    search.rules = [rule for rule in search.rules if not any(rule is other for other in rules)]


def _sums_of_functions(search: Search) -> None:
    """Drop a sum or a product among columns of which one is a function of another already."""
    functions = [set(rule.columns) for rule in search.rules if isinstance(rule, Function)]
    dropped = [
        rule
        for rule in search.rules
        if isinstance(rule, Sum | Product)
        and any(columns <= set(rule.columns) for columns in functions)
    ]
    _drop(search, dropped)


def _ties_of_full_sums(search: Search) -> None:
    """Drop an equation that holds sometimes among columns of one that always does."""
    full = [set(rule.columns) for rule in search.rules if is_computed(rule)]
    partial = [
        rule
        for rule in search.rules
        if isinstance(rule, Sum)
        and not is_computed(rule)
        and any(set(rule.columns) <= columns or columns <= set(rule.columns) for columns in full)
    ]
    _drop(search, partial)


def _bands(search: Search) -> None:
    """Of several bands of one column keep those whose column is not computed from another's."""
    exact = [rule for rule in search.rules if isinstance(rule, _EXACT) and is_computed(rule)]
    closed = {rule.target for rule in exact}
    bands = [rule for rule in search.rules if isinstance(rule, Bands)]
    dropped: list[Rule] = []
    for rule in bands:
        others = [other for other in bands if other is not rule and other.target == rule.target]
        others = [other for other in others if not any(other is gone for gone in dropped)]
        linked = any(
            set(rule.sources) | set(other.sources) <= set(link.columns)
            for other in others
            for link in exact
            if len(link.sources) == 1 or len(other.sources) + len(rule.sources) > 2
        )
        is_wider = rule.minus is not None and any(other.minus is None for other in others)
        is_equation = any(set(rule.columns) == set(link.columns) for link in exact)
        if rule.target in closed or linked or is_wider or is_equation:
            dropped.append(rule)
    _drop(search, dropped)


def _dependencies(search: Search) -> None:
    """Drop what a sum, a function or bands say more exactly, and what follows by steps."""
    computing = [
        rule for rule in search.rules if is_computed(rule) and not isinstance(rule, Determines)
    ]
    dropped: list[Rule] = []
    for rule in search.rules:
        if not isinstance(rule, Determines):
            continue
        known = closure(set(rule.sources), computing)
        derived = roots({rule.target}, computing)
        # What is computed from a column cannot tell more of it than it knows.
        is_inverse = all(
            any(o.target == name and o.sources == [rule.target] for o in computing)
            for name in rule.sources
        )
        follows = (
            is_inverse
            or rule.target in known
            or _is_part(rule.target, known, computing)
            or (
                derived
                and rule.target not in derived
                and roots(set(rule.sources), computing) <= derived
            )
        )
        if follows:
            dropped.append(rule)
    _drop(search, dropped)
    singles = [rule for rule in search.rules if isinstance(rule, Determines)]
    gone: list[Rule] = []
    for rule in singles:
        others = [
            o for o in [*singles, *computing] if o is not rule and not any(o is g for g in gone)
        ]
        if rule.target in closure(set(rule.sources), others):
            gone.append(rule)
    _drop(search, gone)
    _combinations(search)


def _is_part(target: Hashable, known: set[Hashable], computing: list[ComputedRule]) -> bool:
    """Whether known columns give a total, and all of its parts but one."""
    return any(
        set(rule.columns) - known == {target}
        for rule in computing
        if isinstance(rule, Sum | Product)
    )


def _combinations(search: Search) -> None:
    wide = [rule for rule in search.rules if isinstance(rule, ComputedRule) and is_computed(rule)]
    _drop(
        search,
        [
            rule
            for rule in search.rules
            if isinstance(rule, Combinations)
            and any(set(other.columns) <= set(rule.columns) for other in wide)
        ],
    )


def closure(names: set[Hashable], rules: list[ComputedRule]) -> set[Hashable]:
    """Return all columns that some columns give."""
    known = set(names)
    grown = True
    while grown:
        new = {rule.target for rule in rules if set(rule.sources) <= known} - known
        known |= new
        grown = bool(new)
    return known


def roots(names: set[Hashable], rules: list[ComputedRule]) -> set[Hashable]:
    """Return the columns from which some columns are computed in the end."""
    by_target = {rule.target: rule for rule in reversed(rules)}
    roots, ahead, seen = set(), list(names), set(names)
    while ahead:
        name = ahead.pop()
        if name not in by_target:
            roots.add(name)
            continue
        for source in by_target[name].sources:
            if source not in seen:
                seen.add(source)
                ahead.append(source)
    return roots


def _orders_of_sums(search: Search) -> None:
    """Drop an order of columns that sums without negative parts imply, in one step or several."""
    exact = [rule for rule in search.rules if isinstance(rule, _EXACT) and is_computed(rule)]
    above: dict[Hashable, set[Hashable]] = {}
    for rule in exact:
        names = rule.columns if len(rule.columns) <= _MAX_TERMS else []
        for low, high in itertools.permutations(names, 2):
            if not isinstance(rule, Sum) or _has_one_sign(search, rule, low, high):
                above.setdefault(low, set()).add(high)
    implied = [
        rule for rule in search.rules if isinstance(rule, Order) and _is_above(above, *rule._ends())
    ]
    _drop(search, implied)


def _is_above(above: dict[Hashable, set[Hashable]], low: Hashable, high: Hashable) -> bool:
    reached, ahead = {low}, [low]
    while ahead:
        new = above.get(ahead.pop(), set()) - reached
        reached |= new
        ahead += new
    return high in reached


def _has_one_sign(search: Search, rule: Sum, low: Hashable, high: Hashable) -> bool:
    """Whether a sum gives high minus low as a sum of terms none of which is ever negative."""
    if len(rule.columns) == 2:
        return True
    weights = dict(zip(rule.sources, rule.fractions, strict=True))
    weights[rule.target] = -1 + weights.get(rule.target, 0)
    scale = weights[high]
    if not scale or weights[low] / scale != -1:
        return False
    for name, weight in weights.items():
        if name in (low, high):
            continue
        column = search.sample[name]
        if column.kind == "time":
            return False
        values = -float(weight / scale) * column.values[column.present].astype(np.float64)
        if len(values) and values.min() < 0:
            return False
    return True


def _transitive_orders(search: Search) -> None:
    """Drop an order that two others imply in all rows of which it says something."""
    orders = [rule for rule in search.rules if isinstance(rule, Order)]
    orders.sort(key=lambda rule: required(rule.support_).permuted)
    ends = {rule._ends(): rule for rule in orders}
    dropped: list[Rule] = []
    for low, high in list(ends):
        middles = [
            middle
            for (first, middle) in ends
            if first == low and middle != high and (middle, high) in ends
        ]
        if any(_covers(search, low, middle, high) for middle in middles):
            dropped.append(ends.pop((low, high)))
    _drop(search, dropped)


def _covers(search: Search, low: Hashable, middle: Hashable, high: Hashable) -> bool:
    between = search.sample[middle].missing
    return not (between & search.sample[low].present & search.sample[high].present).any()
