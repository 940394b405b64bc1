"""What every column transformer is: the verbs, and the frame of its block and value."""

from __future__ import annotations

import difflib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.parameters import Constraint, required
from synthwgan.table.checks import SHARE, STATE, TEXT, check_state
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.columns.shared import Plain, PlainLabels
from synthwgan.table.door import SHOWN
from synthwgan.table.storage.dtypes import Cells, PhysicalType
from synthwgan.table.storage.physical import physical_from_dict, physical_to_dict, read_cells
from synthwgan.table.storage.scalars import UnclearMoment, is_missing, span_in_words

if TYPE_CHECKING:
    from synthwgan.table.columns.evidence import Evidence

UNKNOWN = -1
# What is said of a column of which nothing is possible.
ALL_MISSING = "none is possible, for all its cells were missing"
# The middle and both ends of what values may be.
_PROBES = np.array([-9.0, 0.0, 9.0])
_DOMAIN_WORDS = {"number": "numbers", "time": "dates", "text": "text", "label": "categories"}
_FIELDS = {"kind": TEXT, "physical": STATE, "missing_rate": SHARE}
REGULAR, MISSING, RARE, OFF_GRID = "<regular>", "<missing>", "<rare>", "<off grid>"


class ColumnTransformer(ABC):
    """One column of a table: a kind of column is a subclass with all its verbs.

    It takes part everywhere once it is in ``COLUMN_CLASSES`` of `synthwgan.table.schema`: in the
    inference of kinds, in conditions, across tables, in reports and in files. Verbs that a kind
    does not speak of are those of categories without an order.

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
    in_features : bool
        Whether the column is learned; where not, as of identifiers, its cells are made anew.
    domains : tuple of str
        What canonical values the kind takes, see `PhysicalType`.
    remedy : str
        What to do with a column that a user calls of this kind, and is not.
    sdtype : str
        What sdmetrics calls the kind.
    reads_as : {"text", "number", "date"}
        How a report reads cells of any table as those of this kind.
    unseen_are_missing : bool
        Whether a cell that did not occur when fitted says as little as a missing one.
    n_numbers : int
        How many numbers a report compares instead of each cell; 0 for the cell itself.
    """

    kind: ClassVar[str]
    state_fields: ClassVar[Mapping[str, Constraint]]
    in_features: ClassVar[bool] = True
    domains: ClassVar[tuple[str, ...]] = ("number", "time", "text", "label")
    remedy: ClassVar[str] = "leave its kind out"
    sdtype: ClassVar[str] = "categorical"
    reads_as: ClassVar[str] = "text"
    unseen_are_missing: ClassVar[bool] = False
    n_numbers: ClassVar[int] = 0

    n_states: int
    has_value: bool
    missing_rate: float
    n_masked: int = 0
    n_masked_rows: int = 0

    def __init__(self, physical: PhysicalType, options: ColumnOptions | None = None) -> None:
        self.physical = physical
        self.options = options if options is not None else ColumnOptions()

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        """Whether a column of which nobody said the kind is of this one.

        Kinds that were registered later are asked before this one.
        """
        return False

    @classmethod
    def check_fits(cls, physical: PhysicalType, cells: Cells) -> None:
        """Raise if a column cannot be of this kind, though a user says so.

        Raises
        ------
        ValueError
            With a cell that does not fit, and the remedy.
        """
        if physical.domain not in cls.domains:
            needed = " or ".join(_DOMAIN_WORDS[domain] for domain in cls.domains)
            raise ValueError(
                f"kind {cls.kind!r} does not fit dtype {physical.name}: it needs {needed}; "
                f"{cls.remedy}"
            )

    @classmethod
    def numbers_within(cls, texts: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        """Return how a report reads the numbers in each cell, if there are `n_numbers`.

        Parameters
        ----------
        texts : ndarray of shape (n,), object
            Distinct cells of the real column.

        Returns
        -------
        callable
            From texts, shape (n,), to numbers, shape (n, n_numbers), NaN where there is none.
        """
        raise TypeError(f"a {cls.kind} column has no numbers within its cells")

    def read(self, series: pd.Series) -> Cells:
        """Return the cells of a series, converted to the fitted dtype where it differs."""
        return read_cells(self.physical, series)

    def read_value(self, value: Any) -> Cells:
        """Return a value that a user writes as one cell, just as the column stores it.

        Text stands for numbers, dates and booleans too, as on a command line.

        Raises
        ------
        ValueError, TypeError
            If it cannot be a cell of the column.
        """
        if isinstance(value, np.generic) and value.dtype.kind not in "mM":
            # Text taken from a numpy array is an `np.str_`; cells of tables are str.
            value = value.item()
        if is_missing(value):
            return self.missing_cells(1)
        if not pd.api.types.is_scalar(value):
            raise TypeError(
                f"a cell must be one value, got {value!r}; several are a list, and a range is a "
                "pair (low, high), with None for no bound"
            )
        try:
            cells = self.read(pd.Series([self._parse(value)]))
        except UnclearMoment:
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            raise ValueError(f"{value!r} is no value of {self._what_it_holds}") from error
        # Floats are rounded to the precision that they have in the table.
        return self.read(self.physical.write(cells)) if cells.values.dtype.kind == "f" else cells

    def reads(self, value: Any) -> bool:
        """Whether what a user writes can be read as a cell, which need not have occurred."""
        try:
            self.read_value(value)
        except (TypeError, ValueError):
            return False
        return True

    def _parse(self, value: Any) -> Any:
        """Return a value that a user writes as an object that can be a cell."""
        return self.physical.parse(value)

    @property
    def _what_it_holds(self) -> str:
        return f"dtype {self.physical.name}"

    @property
    def has_order(self) -> bool:
        """Whether its cells have an order, so that they have ranges."""
        return False

    def check_range(self, wanted: tuple[Any, ...]) -> None:
        """Raise a ValueError that says what to do if a user wants a range where there is none."""
        if not self.has_order:
            raise ValueError(
                f"a pair is a range, but a {self.kind} column has no order; for some values give "
                f"a list: {list(wanted)!r}"
            )

    def read_numbers(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return canonical values as the numbers that have an order, and where they are any.

        Returns
        -------
        numbers : ndarray of shape (n,), int64, uint64 or float64
        are_numbers : ndarray of shape (n,), bool
            False where a cell is written in another form.
        """
        raise TypeError(f"a {self.kind} column has no order")

    def read_bound(self, bound: Any, round_to: Callable[[Any], int]) -> Any:
        """Return the bound of a range among the numbers of `read_numbers`, None for no bound.

        Parameters
        ----------
        bound : scalar or None
            What the user wrote; None and infinity are no bound.
        round_to : callable
            ``math.ceil`` or ``math.floor``: how a bound between two whole numbers is taken.
        """
        raise TypeError(f"a {self.kind} column has no order")

    def ends(self) -> np.ndarray | None:
        """Return the smallest and largest of the numbers of `read_numbers`, None without any."""
        return None

    def beyond(self, bound: Any, *, above: bool) -> Any:
        """Return the nearest cell above or below a bound, as a user would write it."""
        raise TypeError(f"a {self.kind} column has no order")

    def rank_span(
        self, low: Any, high: Any, state_shares: np.ndarray
    ) -> tuple[tuple[float, float] | None, float]:
        """Return the ranks of the value between two numbers, and the share of rows there.

        Parameters
        ----------
        low, high : number or None
            Bounds among the column's numbers, both included; None for none.
        state_shares : ndarray of shape (n_states,)
            Share of rows in each state.

        Returns
        -------
        ranks : pair of float or None
            None if there are no values there.
        share : float
        """
        return None, 0.0

    def possible(self, value: Any) -> str:
        """Say in a few words which cells the column can have, where a user wants another."""
        if self.has_value:
            low, high = required(self.bounds())
            return f"possible are {span_in_words(low, high)}"
        cells = self.physical.labels(self.menu().present)
        if not cells:
            return ALL_MISSING
        # A number is shown as one: '1' is no 1.
        labels = {
            str(cell): str(cell) if isinstance(cell, int | float) else repr(str(cell))
            for cell in cells
        }
        near = difflib.get_close_matches(str(value), labels, n=1)
        hint = f"did you mean {labels[near[0]]}? " if near else ""
        return f"{hint}possible are {shown(list(labels.values()))}"

    @property
    def why_unseen(self) -> str:
        """Why a cell may not have been seen although the table had it, and what to do; or empty."""
        return ""

    def lie_between(self, values: np.ndarray) -> np.ndarray:
        """Which decimals that did not occur lie between those that did, shape (n,), bool."""
        return np.zeros(len(values), dtype=bool)

    def taken_for(self, values: np.ndarray) -> str:
        """Say what given cells count as that did not occur when fitted; empty if they may not.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Canonical values that the column does not hold.
        """
        return ""

    @property
    def plain(self) -> Plain | None:
        """The way to plain values that columns of several tables share; None if there is none."""
        return PlainLabels(self)

    def why_not_shared(self, name: Any) -> str:
        """Say why a column is not learned across tables, and what to do; empty if it can be."""
        return ""

    @property
    def decimals(self) -> int | None:
        """Decimals of a column of floats that has few; else None."""
        return None

    def fit(self, series: pd.Series, rng: np.random.Generator | None = None) -> ColumnTransformer:
        """Learn the column."""
        return self.fit_cells(self.read(series), np.random.default_rng(rng))

    def fit_cells(self, cells: Cells, rng: np.random.Generator) -> ColumnTransformer:
        """Learn the column from its cells."""
        self.missing_rate = cells.missing_rate
        self._fit(cells, rng)
        return self

    @abstractmethod
    def _fit(self, cells: Cells, rng: np.random.Generator) -> None: ...

    @property
    def is_open(self) -> bool:
        """Whether a column that was learned from a sample of its cells has yet to see them all."""
        return False

    def glean(self, cells: Cells) -> Any:
        """Return what a column that `is_open` has to know of some cells, and change nothing."""
        raise TypeError(f"a {self.kind} column has been fitted to all cells")

    def see(self, gleaned: Any) -> None:
        """Take note of what was gleaned from cells, all of which come in parts."""
        raise TypeError(f"a {self.kind} column has been fitted to all cells")

    def close(self) -> None:
        """End what `see` began."""
        raise TypeError(f"a {self.kind} column has been fitted to all cells")

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

    def source(
        self, rng: np.random.Generator, seed: int = 0, share: tuple[int, int] = (0, 1)
    ) -> Any:
        """Return where decoded cells come from if not from codes and values, or None.

        Parameters
        ----------
        rng : Generator
        seed : int, default=0
            The same for all columns of a table, so that they can go together.
        share : pair of int, default=(0, 1)
            Which of how many parts of a table: what must be unique is so in all of them.
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

    def loose_cells(self) -> tuple[Cells, np.ndarray]:
        """Return cells of which one may stand for another, and how often each occurred.

        Networks do not draw each by itself: rare categories share a state, and numbers, which come
        in their order, are drawn by their ranks. The others are none of them.
        """
        return self.missing_cells(0), np.empty(0, dtype=np.int64)

    def n_possible(self, wanted: int) -> float:
        """Return how many different cells it can make at most; infinity if nobody can tell.

        Parameters
        ----------
        wanted : int
            If there are so many, any number as large will do.
        """
        if self.has_value or not self.in_features:
            return math.inf
        # Rare categories may share one more.
        return len(self.menu().present) + bool(self.n_masked)

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


def shown(labels: Sequence[str]) -> str:
    """Return the first labels of a list in words, and how many more there are."""
    more = f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else ""
    return f"{', '.join(labels[:SHOWN])}{more}"


# The fitted columns of a table, by name.
Columns = Mapping[Hashable, ColumnTransformer]
