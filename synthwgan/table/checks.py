"""What a state that comes from a file may say, checked before anything is made of it.

A state is declared where it is read, as its keys and what each may be; `check_state` compares.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwgan.parameters import Constraint, Either, Instance, Number, OneOf, Text

NOTHING = OneOf((None,))
FLAG = OneOf((True, False))
SHARE = Number(0, 1)
COUNT = Number(0, 2**63 - 1, integer=True)
# A float has no more of them.
DECIMALS = Number(0, 324, integer=True)
STATE = Instance((dict,))
LIST = Instance((list,))
TEXT = Text("a text")


def optional(constraint: Constraint) -> Constraint:
    """Allow None besides."""
    return Either((NOTHING, constraint))


class Anything:
    """Whatever a file holds; its reader checks it."""

    def allows(self, value: Any) -> bool:
        """Always."""
        return True

    def __str__(self) -> str:
        return "anything"


@dataclass(frozen=True)
class Matching:
    """A text that a pattern matches as a whole.

    Parameters
    ----------
    pattern : str
        A regular expression.
    """

    pattern: str

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is such a text."""
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None

    def __str__(self) -> str:
        return f"a text like {self.pattern}"


@dataclass(frozen=True)
class ListOf:
    """A list of allowed items.

    Parameters
    ----------
    constraint : Constraint
        What each item may be.
    min_length : int
        Items at least.
    """

    constraint: Constraint
    min_length: int = 0

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is such a list."""
        is_list = isinstance(value, list) and len(value) >= self.min_length
        return is_list and all(map(self.constraint.allows, value))

    def __str__(self) -> str:
        return f"a list, each item {self.constraint}"


@dataclass(frozen=True)
class MappingOf:
    """A mapping of texts to allowed values.

    Parameters
    ----------
    constraint : Constraint
        What each value may be.
    """

    constraint: Constraint

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is such a mapping."""
        return isinstance(value, dict) and all(map(self.constraint.allows, value.values()))

    def __str__(self) -> str:
        return f"a mapping, each value {self.constraint}"


@dataclass(frozen=True)
class Array:
    """An array of one dimension whose numbers are finite and, if wanted, in order.

    Parameters
    ----------
    dtypes : tuple of str
        Names of the dtypes that it may have.
    low : float
        Smallest number allowed.
    strictly : bool or None
        Whether the numbers must increase, True without ties; None for any order.
    """

    dtypes: tuple[str, ...]
    low: float = -np.inf
    strictly: bool | None = None

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is such an array."""
        is_array = isinstance(value, np.ndarray) and value.ndim == 1
        if not is_array or str(value.dtype) not in self.dtypes:
            return False
        if not np.isfinite(value).all() or (value < self.low).any():
            return False
        before, after = value[:-1], value[1:]
        if self.strictly is None:
            return True
        return bool((before < after).all() if self.strictly else (before <= after).all())

    def __str__(self) -> str:
        order = "" if self.strictly is None else "increasing "
        return f"an array of {order}finite numbers ({' or '.join(self.dtypes)})"


def check_state(what: str, state: Any, fields: Mapping[str, Constraint]) -> dict[str, Any]:
    """Return a state if it has just the declared keys, each with an allowed value.

    Parameters
    ----------
    what : str
        What the state is of, for the message.
    state : dict
        What a file says.
    fields : mapping of str to Constraint
        What it may say.

    Raises
    ------
    ValueError
        With the first thing that is wrong.
    """
    if not isinstance(state, dict):
        raise ValueError(f"no mapping for {what}: got {reprlib.repr(state)}")
    lacking, unknown = fields.keys() - state.keys(), state.keys() - fields.keys()
    if lacking:
        raise ValueError(f"{sorted(lacking)} missing from {what}")
    if unknown:
        raise ValueError(f"{reprlib.repr(sorted(unknown))} not known in {what}")
    for name, constraint in fields.items():
        if not constraint.allows(state[name]):
            got = reprlib.repr(state[name])
            raise ValueError(f"{name} of {what} must be {constraint}, got {got}")
    return state


def expect(holds: Any, problem: str) -> None:
    """Raise a ValueError with the problem unless something holds."""
    if not holds:
        raise ValueError(problem)
