"""The parameters of a table transformer: their limits, and what a column needs of them."""

from __future__ import annotations

import numbers
import reprlib
from dataclasses import asdict, dataclass
from typing import Any

from synthwgan.parameters import (
    RANDOM_STATE,
    Constraint,
    Either,
    Instance,
    Number,
    OneOf,
    PairOf,
    check_parameters,
)
from synthwgan.table.checks import Anything, ListOf, check_state, expect
from synthwgan.table.columns.locales import LOCALES
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable


@dataclass(frozen=True)
class ColumnOptions:
    """The parameters of `TableTransformer` that a column needs; see there."""

    max_categories: int = 256
    min_category_rows: int = 1
    rare: str = "resample"
    max_discrete: int = 40
    spike_share: float = 0.05
    protect_extremes: int = 0
    locale: str | None = None


LOCALE = OneOf((None, *LOCALES))
COLUMN_PARAMETERS: dict[str, Constraint] = {
    "column_kinds": Either((OneOf((None,)), Instance((dict,)))),
    "max_categories": Number(1, integer=True),
    "min_category_rows": Number(1, integer=True),
    "rare": OneOf(("resample", "mask")),
    "max_discrete": Number(1, integer=True),
    "spike_share": Number(0, 1, open_low=True),
    "protect_extremes": Number(0, integer=True),
    "locale": LOCALE,
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
    """Rebuild parameters from `parameters_to_dict`.

    Raises
    ------
    ValueError
        If it gives no such parameters.
    """
    check_state("the table's parameters", state, dict.fromkeys(COLUMN_PARAMETERS, Anything()))
    parameters = {name: from_jsonable(state[name]) for name in asdict(ColumnOptions())}
    parameters |= {
        "column_kinds": pairs_to_dict(state["column_kinds"]),
        "random_state": state["random_state"],
    }
    check_parameters(parameters, COLUMN_PARAMETERS)
    return parameters


def pairs_to_dict(pairs: list[list[Any]] | None) -> dict[Any, Any] | None:
    """Rebuild a mapping of any keys from pairs of a saved key and a value, or None from None."""
    if pairs is None:
        return None
    expect(ListOf(PairOf(Anything())).allows(pairs), f"{reprlib.repr(pairs)} are no pairs")
    return {from_jsonable(key): value for key, value in pairs}


def options_from_dict(state: dict[str, Any]) -> ColumnOptions:
    """Rebuild options from their fields.

    Raises
    ------
    ValueError
        If these are no options.
    """
    fields = {name: COLUMN_PARAMETERS[name] for name in asdict(ColumnOptions())}
    check_state("the options of columns", state, fields)
    return ColumnOptions(*(state[name] for name in fields))
