"""Conditions on columns that rules look up, as conditions on what determines them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthwgan.conditions.reader import ConditionReader
from synthwgan.conditions.wishes import AnyOf, Condition
from synthwgan.table.rules.computed import ComputedRule


def through_rules(
    conditions: Mapping[int, Condition], reader: ConditionReader
) -> dict[int, Condition]:
    """Return conditions, those on looked-up columns turned into ones on what determines them.

    A wish on a country becomes a wish on its cities, if a rule computes countries of cities. What
    is computed of numbers, or of several columns, stays a wish that drawn rows meet or not.

    Parameters
    ----------
    conditions : mapping of int to Condition
        By the place of the column.
    reader : ConditionReader
    """
    turned = dict(conditions)
    places = {name: place for place, name in enumerate(reader.names)}
    for rule in reversed(reader.reduction.builders):
        if not isinstance(rule, ComputedRule) or rule.keeps_states_ or len(rule.sources) > 1:
            continue
        target, source = places.get(rule.target), places.get(rule.sources[0])
        if target not in turned or source is None:
            continue
        wish = _wish_of_source(rule, source, turned[target], reader)
        if wish is not None and source in turned:
            accepted = np.flatnonzero(turned[source].accepts(wish.cells))
            wish = AnyOf(wish.column, wish.cells.take(accepted), wish.shares[accepted])
        # Where nothing is left, drawn rows tell which conditions do not go together.
        if wish is not None and len(wish.shares):
            turned[source] = wish
            del turned[target]
    return turned


def _wish_of_source(
    rule: ComputedRule, source: int, wanted: Condition, reader: ConditionReader
) -> AnyOf | None:
    """Return which cells of a source give wanted cells; None if it has too many to list."""
    column = reader.columns[source]
    if column.has_value or not column.in_features:
        return None
    cells = column.menu()
    frame = pd.DataFrame({0: column.physical.write(cells)}).set_axis([reader.names[source]], axis=1)
    computed = rule.rebuild(frame)[rule.target]
    accepted = wanted.accepts(wanted.column.read(computed))
    chosen = cells.take(np.flatnonzero(accepted))
    return AnyOf(column, chosen, column.shares(chosen, reader.shares_of(source)))
