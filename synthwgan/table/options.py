"""The parameters of a table transformer: their limits, and what a column needs of them."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from synthwgan.table.jsonable import from_jsonable, to_jsonable


@dataclass(frozen=True)
class ColumnOptions:
    """The parameters of `TableTransformer` that a column needs; see there."""

    max_categories: int = 256
    rare: str = "resample"
    max_discrete: int = 40
    spike_share: float = 0.05


def is_whole(value: Any) -> bool:
    """Whether a parameter is an integer and no bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


PARAMETER_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "column_kinds": (lambda v: v is None or isinstance(v, dict), "None or a dict"),
    "max_categories": (lambda v: is_whole(v) and v >= 1, "an integer of at least 1"),
    "rare": (lambda v: v in ("resample", "mask"), "'resample' or 'mask'"),
    "max_discrete": (lambda v: is_whole(v) and v >= 1, "an integer of at least 1"),
    "spike_share": (
        lambda v: isinstance(v, numbers.Real) and 0 < v <= 1,
        "a number above 0 and at most 1",
    ),
    "random_state": (
        lambda v: (
            v is None
            or (is_whole(v) and v >= 0)
            or isinstance(v, np.random.Generator | np.random.RandomState)
        ),
        "None, a non-negative integer, a Generator or a RandomState",
    ),
}


def check_parameters(given: dict[str, Any]) -> None:
    """Raise a ValueError that names every parameter outside its limits."""
    problems = [
        f"{name} must be {words}, got {given[name]!r}"
        for name, (holds, words) in PARAMETER_RULES.items()
        if not holds(given[name])
    ]
    if problems:
        raise ValueError("; ".join(problems))


def as_generator(random_state: Any) -> np.random.Generator:
    """Return a Generator of a seed, a RandomState (which it advances), or a Generator."""
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**31 - 1)
    return np.random.default_rng(random_state)


def parameters_to_dict(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as a JSON-able dict; a generator cannot be saved and becomes None."""
    kinds, seed = parameters["column_kinds"], parameters["random_state"]
    pairs = None if kinds is None else [[to_jsonable(name), kinds[name]] for name in kinds]
    return {
        **{name: to_jsonable(parameters[name]) for name in asdict(ColumnOptions())},
        "column_kinds": pairs,
        "random_state": int(seed) if is_whole(seed) else None,
    }


def parameters_from_dict(state: dict[str, Any]) -> dict[str, Any]:
    """Rebuild parameters from `parameters_to_dict`."""
    pairs = state["column_kinds"]
    kinds = None if pairs is None else {from_jsonable(name): kind for name, kind in pairs}
    plain = {name: from_jsonable(state[name]) for name in asdict(ColumnOptions())}
    return {**plain, "column_kinds": kinds, "random_state": state["random_state"]}
