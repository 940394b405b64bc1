"""What every column transformer is: the verbs, and the frame of its block and value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.parameters import Constraint
from synthwgan.table.checks import SHARE, STATE, TEXT, check_state
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.storage.dtypes import Cells, PhysicalType
from synthwgan.table.storage.physical import physical_from_dict, physical_to_dict, read_cells

UNKNOWN = -1
# The middle and both ends of what values may be.
_PROBES = np.array([-9.0, 0.0, 9.0])
_FIELDS = {"kind": TEXT, "physical": STATE, "missing_rate": SHARE}
REGULAR, MISSING, RARE, OFF_GRID = "<regular>", "<missing>", "<rare>", "<off grid>"


class ColumnTransformer(ABC):
    """One column of a table.

    Parameters
    ----------
    physical : PhysicalType
        How the column is stored.
    options : ColumnOptions
        Limits of the encoding.

    Attributes
    ----------
    n_states : int
        States of its parts; 0 for none.
    has_value : bool
        Whether a part has a value.
    missing_rate : float
        Share of missing cells when fitted.
    state_fields : mapping of str to Constraint
        What a kind of column has in its state beside what all have, and what each may be.
    """

    kind: ClassVar[str]
    state_fields: ClassVar[Mapping[str, Constraint]]
    in_features: ClassVar[bool] = True

    n_states: int
    has_value: bool
    missing_rate: float

    def __init__(self, physical: PhysicalType, options: ColumnOptions | None = None) -> None:
        self.physical = physical
        self.options = options if options is not None else ColumnOptions()

    def read(self, series: pd.Series) -> Cells:
        """Return the cells of a series, converted to the fitted dtype where it differs."""
        return read_cells(self.physical, series)

    def fit(self, series: pd.Series, rng: np.random.Generator | None = None) -> ColumnTransformer:
        """Learn the column."""
        return self.fit_cells(self.read(series), np.random.default_rng(rng))

    def fit_cells(self, cells: Cells, rng: np.random.Generator) -> ColumnTransformer:
        """Learn the column from its cells."""
        self.missing_rate = float(cells.missing.mean())
        self._fit(cells, rng)
        return self

    @abstractmethod
    def _fit(self, cells: Cells, rng: np.random.Generator) -> None: ...

    @property
    @abstractmethod
    def parts(self) -> tuple[PartTransformer, ...]:
        """What takes a place in the layout each: the column, or the numbers in its cells."""

    def split(self, cells: Cells, rng: np.random.Generator | None = None) -> list[Cells]:
        """Return the cells of the parts."""
        return [cells]

    def tells(self, cells: Cells) -> list[np.ndarray]:
        """Where a cell says what each part is, arrays of shape (n,), bool."""
        return [np.ones(len(cells.missing), dtype=bool)]

    def join(self, cells: Sequence[Cells]) -> Cells:
        """Return the column's cells, the way back from `split`."""
        return cells[0]

    def source(self, rng: np.random.Generator, seed: int = 0) -> Any:
        """Return where decoded cells come from if not from codes and values, or None.

        Parameters
        ----------
        rng : Generator
        seed : int, default=0
            The same for all columns of a table, so that they can go together.
        """
        return None

    @abstractmethod
    def describe_encoding(self) -> str:
        """Return in a few words how the column is encoded."""

    def bounds(self) -> tuple[Any, Any] | None:
        """Return the smallest and largest cell, or None where there is no order."""
        return None

    @abstractmethod
    def menu(self) -> Cells:
        """Return the distinct cells that need no value, a missing one last."""

    @abstractmethod
    def holds(self, cells: Cells) -> np.ndarray:
        """Whether each cell could have occurred when fitted, shape (n,), bool."""

    @abstractmethod
    def shares(self, cells: Cells, state_shares: np.ndarray) -> np.ndarray:
        """Return the share of the fitted rows with each of some cells that it `holds`.

        Parameters
        ----------
        cells : Cells
        state_shares : ndarray of shape (n_states,), float64
            Share of rows in each state.
        """

    def missing_cells(self, n: int) -> Cells:
        """Return cells that are all missing."""
        return self.physical.convert(pd.Series([None] * n, dtype=np.dtype(object)))

    @abstractmethod
    def feature_names(self, name: Any) -> list[str]:
        """Return for each part the names of its one-hot states, then of its value."""

    def _text(self, values: np.ndarray) -> list[str]:
        return [str(label) for label in self.physical.labels(values)]

    @abstractmethod
    def _state(self) -> dict[str, Any]: ...

    @abstractmethod
    def _set_state(self, state: dict[str, Any]) -> None: ...

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted state: JSON-able but for arrays of int64, uint64 and float64."""
        return {
            "kind": self.kind,
            "physical": physical_to_dict(self.physical),
            "missing_rate": self.missing_rate,
            **self._state(),
        }

    @classmethod
    def from_dict(
        cls, state: dict[str, Any], options: ColumnOptions | None = None
    ) -> ColumnTransformer:
        """Rebuild a fitted column from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no such column.
        """
        check_state(f"the {cls.kind} column", state, {**_FIELDS, **cls.state_fields})
        column = cls(physical_from_dict(state["physical"]), options)
        column.missing_rate = state["missing_rate"]
        column._set_state(state)
        column._check_cells()
        return column

    def _check_cells(self) -> None:
        """Raise unless each state, and the ends of the values, become cells of the dtype."""
        n_states = max(part.n_states for part in self.parts)
        values, rng = np.resize(_PROBES, len(_PROBES) + n_states), np.random.default_rng(0)
        decoded = []
        for part in self.parts:
            states = np.arange(n_states, dtype=np.int32) % max(part.n_states, 1)
            codes = np.concatenate([np.zeros(len(_PROBES), np.int32), states])
            decoded.append(
                part.decode_cells(
                    len(codes),
                    codes if part.n_states else None,
                    values if part.has_value else None,
                    rng,
                )
            )
        self._check_written(self.join(decoded))
        self._check_written(self.menu())

    def _check_written(self, cells: Cells) -> None:
        again = self.physical.read(self.physical.write(cells))
        same = cells.values == again.values
        if again.values.dtype.kind == "f":
            precision = float(np.finfo(self.physical.float_type).resolution)
            same |= np.isclose(cells.values, again.values, rtol=2 * precision, atol=0)
        if not (same | cells.missing).all() or (cells.missing != again.missing).any():
            raise ValueError(f"it has cells that dtype {self.physical.name} cannot hold")


class PartTransformer(ColumnTransformer):
    """What takes one place in the layout: at most one block of states and at most one value.

    Most columns are their own only part.

    Attributes
    ----------
    n_states : int
        Size of the block; 0 for none.
    has_value : bool
        Whether there is a value.
    """

    @property
    def parts(self) -> tuple[PartTransformer, ...]:
        return (self,)

    @property
    def gated(self) -> bool:
        """Whether state 0 of the block switches the value on."""
        return self.has_value and self.n_states > 0

    def encode(
        self, series: pd.Series, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return codes and values.

        Parameters
        ----------
        series : Series of shape (n,)
        rng : Generator, default=None
            Draws where in its rank span a repeated number falls; None takes the middle.

        Returns
        -------
        codes : ndarray of shape (n,), int32, or None
            States; -1 where the cell has no state: a category that was not seen, or a
            missing cell in a column that had none.
        values : ndarray of shape (n,), float64, or None
            Normal scores; 0 where the gate is not in its regular state.
        """
        return self.encode_cells(self.read(series), rng)

    @abstractmethod
    def encode_cells(
        self, cells: Cells, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Do what `encode` does, from cells."""

    def decode(
        self,
        n_rows: int,
        codes: np.ndarray | None,
        values: np.ndarray | None,
        rng: np.random.Generator,
        source: Any = None,
    ) -> pd.Series:
        """Return the column of codes and values, in the fitted dtype.

        Parameters
        ----------
        n_rows : int
            Number of rows, for columns without block and value.
        codes : ndarray of shape (n,), integer, or None
        values : ndarray of shape (n,), float, or None
        rng : Generator
            Draws what the codes leave open, for instance which rare category.
        source : object, default=None
            Where identifiers come from; other kinds ignore it.
        """
        return self.physical.write(self.decode_cells(n_rows, codes, values, rng, source))

    @abstractmethod
    def decode_cells(
        self,
        n_rows: int,
        codes: np.ndarray | None,
        values: np.ndarray | None,
        rng: np.random.Generator,
        source: Any = None,
    ) -> Cells:
        """Do what `decode` does, to cells."""

    def draw_codes(self, n_rows: int, rng: np.random.Generator) -> np.ndarray | None:
        """Return random states for a column whose states are no features."""
        return None

    @abstractmethod
    def state_labels(self) -> list[str]:
        """Return the names of the states, in the order of their codes."""

    def feature_names(self, name: Any) -> list[str]:
        if not self.in_features:
            return []
        states = [f"{name}={label}" for label in self.state_labels()]
        return states + [str(name)] * self.has_value
