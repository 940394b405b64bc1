"""The parameters of a table transformer: their limits, and what a column needs of them."""

from __future__ import annotations

import numbers
from dataclasses import asdict, dataclass
from typing import Any

from synthwgan.parameters import RANDOM_STATE, Constraint, Either, Instance, Number, OneOf
from synthwgan.table.jsonable import from_jsonable, to_jsonable


@dataclass(frozen=True)
class ColumnOptions:
    """The parameters of `TableTransformer` that a column needs; see there."""

    max_categories: int = 256
    min_category_rows: int = 1
    rare: str = "resample"
    max_discrete: int = 40
    spike_share: float = 0.05
    protect_extremes: int = 0


TABLE_PARAMETERS: dict[str, Constraint] = {
    "column_kinds": Either((OneOf((None,)), Instance((dict,)))),
    "max_categories": Number(1, integer=True),
    "min_category_rows": Number(1, integer=True),
    "rare": OneOf(("resample", "mask")),
    "max_discrete": Number(1, integer=True),
    "spike_share": Number(0, 1, open_low=True),
    "protect_extremes": Number(0, integer=True),
    "random_state": RANDOM_STATE,
}


def parameters_to_dict(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as a JSON-able dict; a generator cannot be saved and becomes None."""
    kinds, seed = parameters["column_kinds"], parameters["random_state"]
    pairs = None if kinds is None else [[to_jsonable(name), kinds[name]] for name in kinds]
    return {
        **{name: to_jsonable(parameters[name]) for name in asdict(ColumnOptions())},
        "column_kinds": pairs,
        "random_state": int(seed) if isinstance(seed, numbers.Integral) else None,
    }


def parameters_from_dict(state: dict[str, Any]) -> dict[str, Any]:
    """Rebuild parameters from `parameters_to_dict`."""
    pairs = state["column_kinds"]
    kinds = None if pairs is None else {from_jsonable(name): kind for name, kind in pairs}
    plain = {name: from_jsonable(state[name]) for name in asdict(ColumnOptions())}
    return {**plain, "column_kinds": kinds, "random_state": state["random_state"]}
