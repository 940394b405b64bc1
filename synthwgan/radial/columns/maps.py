"""How the cells of a domain's column become those of the column that all domains share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.parameters import Number
from synthwgan.table.checks import TEXT, MappingOf, check_state, expect


@dataclass(frozen=True)
class NumberMap:
    """Numbers in other units: ``shared = slope * own + intercept``.

    Parameters
    ----------
    slope, intercept : float
        The straight line.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __str__(self) -> str:
        scaled = "" if self.slope == 1 else f"x {self.slope:.3g}"
        moved = f"{self.intercept:+.3g}".replace("+", "+ ").replace("-", "- ")
        return f"{scaled} {moved if self.intercept else ''}".strip() or "same"

    def to_shared(self, own: np.ndarray) -> np.ndarray:
        """Return a domain's numbers in the shared units."""
        return self.slope * own + self.intercept

    def to_own(self, shared: np.ndarray) -> np.ndarray:
        """Return shared numbers in the domain's units."""
        return (shared - self.intercept) / self.slope

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"slope": float(self.slope), "intercept": float(self.intercept)}


@dataclass(frozen=True)
class StateMap:
    """Categories under other names.

    Parameters
    ----------
    shared_of : mapping of str to str
        The shared category of each of the domain's. If empty, all are called the same.
    """

    shared_of: Mapping[str, str]

    def __str__(self) -> str:
        n_renamed = sum(own != shared for own, shared in self.shared_of.items())
        return f"{len(self.shared_of)} categories" if n_renamed else "same"

    def to_shared(self, own: np.ndarray) -> np.ndarray:
        """Return the shared names of a domain's categories."""
        if not self.shared_of:
            return own
        return _renamed(own, self.shared_of)

    def to_own(self, shared: np.ndarray) -> np.ndarray:
        """Return the domain's names of shared categories, None where it has no such category."""
        if not self.shared_of:
            return shared
        own_of = {shared: own for own, shared in self.shared_of.items()}
        return _renamed(shared, own_of)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"shared_of": dict(self.shared_of)}


_LINE = {"slope": Number(), "intercept": Number()}
ColumnMap = NumberMap | StateMap
SAME_CATEGORIES = StateMap({})


def map_from_dict(state: Mapping[str, Any]) -> ColumnMap:
    """Rebuild a map from its `to_dict`.

    Raises
    ------
    ValueError
        If it gives no such map.
    """
    if "shared_of" in state:
        check_state("a map of categories", state, {"shared_of": MappingOf(TEXT)})
        return StateMap(state["shared_of"])
    check_state("a map of numbers", state, _LINE)
    expect(state["slope"] != 0, "a map of numbers has no slope")
    return NumberMap(state["slope"], state["intercept"])


def _renamed(labels: np.ndarray, names: Mapping[str, str]) -> np.ndarray:
    codes, distinct = pd.factorize(labels)
    return np.array([*(names.get(label) for label in distinct), None], dtype=object)[codes]
