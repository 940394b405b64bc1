"""The kinds of rules that a file may name; a new kind is a line here and a file of its own."""

from __future__ import annotations

from typing import Any

from synthwgan.table.rules.bands import Bands
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.combinations import Combinations
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.function import Function
from synthwgan.table.rules.missing_together import MissingTogether
from synthwgan.table.rules.missing_where import MissingWhere
from synthwgan.table.rules.one_hot import OneHot
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.product import Product
from synthwgan.table.rules.rejoined import Rejoined
from synthwgan.table.rules.sum import Sum
from synthwgan.table.rules.unique import Unique
from synthwgan.table.rules.value_where import ValueWhere

KINDS: dict[str, type[Rule]] = {
    kind.__name__: kind
    for kind in (
        Order,
        Sum,
        Product,
        Function,
        Bands,
        Determines,
        Combinations,
        MissingTogether,
        MissingWhere,
        ValueWhere,
        OneHot,
        Unique,
    )
}


def builder_from_dict(state: dict[str, Any]) -> Rule:
    """Rebuild from its `to_dict` a rule that may have been made of others to rebuild a column."""
    is_made = isinstance(state, dict) and state.get("kind") == Rejoined.__name__
    return Rejoined.from_dict(state) if is_made else rule_from_dict(state)


def rule_from_dict(state: dict[str, Any]) -> Rule:
    """Rebuild a rule from its `to_dict`.

    Raises
    ------
    ValueError
        If the kind is unknown, or a parameter.
    """
    kind = state.get("kind") if isinstance(state, dict) else None
    if kind not in KINDS:
        raise ValueError(f"unknown kind of rule {kind!r}: known are {', '.join(KINDS)}")
    return KINDS[kind].from_dict(state)
