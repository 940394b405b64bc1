"""What all kinds of rules share: their columns, checking, errors and JSON."""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

import numpy as np
import pandas as pd

from synthwgan.table.checks import COUNT, SHARE, check_state
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.registry import form_from_dict
from synthwgan.table.rules.columns import Column, Table, as_table
from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable

# Columns, in which rows a cell of each follows, and these cells.
Implied: TypeAlias = "Iterator[tuple[Hashable, np.ndarray, pd.Series]]"
_SHOWN_ROWS, _SHOWN_NAMES = 3, 6
_SUPPORT = {"rows": COUNT, "broken": COUNT, "permuted": SHARE}
_IS_A = {"number": "numbers", "time": "dates", "text": "text", "label": "labels"}


@dataclass(frozen=True)
class Support:
    """What speaks for a rule.

    Parameters
    ----------
    rows : int
        Rows of which the rule says something: those that fill the cells it needs.
    broken : int
        Rows that break it.
    permuted : float
        Share of rows that would break it if the columns had nothing to do with each other.
    """

    rows: int
    broken: int
    permuted: float

    @property
    def share(self) -> float:
        """Share of the rows that keep the rule."""
        return 1.0 - self.broken / self.rows if self.rows else 1.0

    def __str__(self) -> str:
        rows = f"{self.rows:,} row{'s' if self.rows != 1 else ''}"
        if self.broken:
            rows = f"{_percent(self.share)} of {rows}"
        return f"{rows}, permuted columns break it in {_percent(self.permuted)}"


def _percent(share: float) -> str:
    text = f"{100 * share:.3g}" if share < 0.99 else f"{100 * share:.5g}"
    return f"{'100' if text == '1e+02' else text} %"


class Rule:
    """A relation between the columns of a table that its rows keep.

    Subclasses store their parameters, scikit-learn's way; what `fit` learns ends in ``_``.

    Attributes
    ----------
    support_ : Support or None
        How many rows speak for the rule, after `fit` or if it was found.
    written_ : mapping of column name to Form or None
        How cells of text, and dates in whole numbers, were written when the rule was fitted: a
        few rows of another table may not tell.
    """

    support_: Support | None = None
    written_: Mapping[Hashable, Form | None] = MappingProxyType({})
    tolerate: float = 0.0
    # Whether a fitted rule knows cells of the table.
    remembers: ClassVar[bool] = False
    _learned: ClassVar[tuple[str, ...]] = ()

    @property
    def columns(self) -> list[Hashable]:
        """Names of the columns that the rule is about."""
        raise NotImplementedError

    @property
    def dependent(self) -> list[Hashable]:
        """Names of the columns that the rule computes from the others; often none."""
        return []

    @property
    def told(self) -> list[Hashable]:
        """Names of the columns that the others tell, in all rows or for certain in some."""
        return []

    @property
    def of_cells(self) -> list[Hashable]:
        """Columns of whose cells the rule speaks, and not only of whether they are missing."""
        return self.columns

    @property
    def is_full(self) -> bool:
        """Whether the rule has no exceptions: whether it holds wherever it says something."""
        return self.support_ is None or not self.support_.broken

    @property
    def builds(self) -> bool:
        """Whether the rule, as it is fitted, can rebuild the columns that it computes."""
        return False

    @property
    def state_column(self) -> str | None:
        """Name of the column of states that a reduced table may have, None if it has none."""
        return None

    @property
    def can_turn(self) -> bool:
        """Whether the rule can be solved for each of its parts."""
        return False

    def holds_for_new(self, name: Hashable) -> bool:
        """Whether the rule can hold though the cells of one of its columns are made anew."""
        return name not in self.of_cells

    def in_pairs(self) -> list[Rule]:
        """Return what the rule says of two columns each; by default the rule."""
        return [self]

    def breach(self, table: Table) -> str:
        """Say in a few words what is wrong in a row that breaks the rule; empty: just that.

        Parameters
        ----------
        table : Table
            Which the row is of; its columns need not be such as the rule expects.
        """
        return ""

    def check(self, frame: pd.DataFrame | Table) -> np.ndarray:
        """Return whether each row keeps the rule.

        Parameters
        ----------
        frame : DataFrame
            A table with the rule's columns.

        Returns
        -------
        kept : ndarray of shape (n_rows,), bool
            True as well where the rule says nothing because a cell is missing.

        Raises
        ------
        ValueError
            If the table lacks a column, or columns cannot be compared, such as a text with a
            number.
        """
        return self._keeps(self._read(frame))

    def judge(self, frame: pd.DataFrame | Table) -> tuple[np.ndarray, np.ndarray]:
        """Return whether each row keeps the rule, and of which rows it says something."""
        table = self._read(frame)
        kept = self._keeps(table)
        # Some rules are broken by some cells, whatever the missing ones would be.
        return kept, self._applies(table) | ~kept

    def is_news(self, frame: pd.DataFrame | Table) -> np.ndarray:
        """Return which rows say something that the rule did not know when it was fitted."""
        return ~self.check(frame)

    def reduce(self, frame: pd.DataFrame | Table) -> pd.DataFrame:
        """Return a table without what the rule computes; by default the table."""
        return as_table(frame).frame

    def rebuild(self, frame: pd.DataFrame, columns: list[Hashable] | None = None) -> pd.DataFrame:
        """Return a reduced table with its columns back, in their order if it is given."""
        return frame if columns is None else frame.loc[:, columns]

    def implies(self, frame: pd.DataFrame, given: pd.DataFrame) -> Implied:
        """Say which cells follow from others; by default none.

        Parameters
        ----------
        frame : DataFrame of shape (n_rows, n_columns)
            Rows of which some cells are unknown, which are missing here.
        given : DataFrame of shape (n_rows, n_columns), bool
            Which cells are known, though it be that they are missing.

        Yields
        ------
        name : column name
        where : ndarray of shape (n_rows,), bool
            In which rows a cell of the column follows.
        cells : Series of shape (where.sum(),)
            These cells; a missing one follows to be missing.
        """
        yield from ()

    def fit(self, frame: pd.DataFrame | Table) -> Rule:
        """Learn from a table what the rule has to know, and count the rows that speak for it.

        Raises
        ------
        ValueError
            If more rows than `tolerate` allows break the rule; the first are named. Or if columns
            cannot be compared.
        """
        self.written_ = {}
        table = self._read(frame)
        self.written_ = {
            name: table[name].written for name in self.columns if table[name].may_be_written
        }
        self._learn(table)
        kept = self._keeps(table)
        broken = int((~kept).sum())
        if broken > self.tolerate * len(table):
            raise ValueError(self._complaint(table, kept))
        rows = int(self._applies(table).sum())
        permuted = 0.0 if self.support_ is None else self.support_.permuted
        self.support_ = Support(rows, broken, permuted)
        return self

    def _read(self, frame: pd.DataFrame | Table) -> Table:
        """Return a table with the rule's columns, read as those of the fitted table."""
        table = as_table(frame)
        self._require(table)
        return table.written_as(self.written_)

    def _learn(self, table: Table) -> None:
        """Learn what the rule needs; most need nothing."""

    def _keeps(self, table: Table) -> np.ndarray:
        raise NotImplementedError

    def _applies(self, table: Table) -> np.ndarray:
        """Return of which rows the rule says something: by default, where no cell is missing."""
        applies = np.ones(len(table), dtype=bool)
        for name in self.columns:
            applies &= table[name].present
        return applies

    def _require(self, table: Table) -> None:
        lacking = [name for name in self.columns if name not in table.frame.columns]
        if lacking:
            known = ", ".join(repr(name) for name in table.names[:10])
            raise ValueError(
                f"rule '{self}': the table has no column {lacking[0]!r}; it has {known}"
                f"{', ...' if len(table.names) > 10 else ''}. {self._instead(lacking[0])}"
            )

    def _instead(self, name: Hashable) -> str:
        """Say what to do about a column that is not there."""
        return "Drop the rule or name another column"

    def _column(self, table: Table, name: Hashable, *kinds: str) -> Column:
        """Return a column that must be of some kinds."""
        column = table[name]
        if column.kind not in kinds and column.present.any():
            raise ValueError(
                f"rule '{self}': column {name!r} holds {self._what(table, column)}, and the rule "
                f"needs {' or '.join(_IS_A[kind] for kind in kinds)}: {_remedy(column, kinds)}"
            )
        return column

    @staticmethod
    def _what(table: Table, column: Column) -> str:
        """Say what a column holds, with a cell: of text the first that is not as most are."""
        row, sample = column.exception()
        others = "" if sample is None else f", not written as {sample!r} is"
        cell = f"{table.row_label(row)}: {column.shown(row)}{others}"
        return f"{_IS_A[column.kind]} ({cell})"

    def _complaint(self, table: Table, kept: np.ndarray) -> str:
        rows = np.flatnonzero(~kept)
        share = len(rows) / len(table)
        shown = "; ".join(
            f"{table.row_label(row)}: "
            + ", ".join(f"{name} = {table[name].shown(row)}" for name in self.columns[:6])
            for row in rows[:_SHOWN_ROWS]
        )
        enough = np.ceil(share * 1000) / 1000
        return (
            f"rule '{self}' is broken in {len(rows)} of {len(table)} rows ({shown}): mend these "
            f"rows, drop the rule, or accept them with tolerate={enough:g}"
        )

    def _parameters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def __repr__(self) -> str:
        shown = []
        for name, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, name)
            if parameter.default is inspect.Parameter.empty:
                is_first = parameter.kind is not inspect.Parameter.KEYWORD_ONLY
                shown.append(repr(value) if is_first else f"{name}={value!r}")
            elif value != parameter.default:
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __str__(self) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._parameters() == other._parameters()

    def __hash__(self) -> int:
        return hash(repr(self))

    def to_dict(self) -> dict[str, Any]:
        """Return the rule, and what it learnt, as a JSON-able dict."""
        state: dict[str, Any] = {"kind": type(self).__name__}
        for name, value in self._parameters().items():
            if value != inspect.signature(type(self)).parameters[name].default:
                state[name] = pack(value)
        learned = {name: pack(getattr(self, name)) for name in self._learned if hasattr(self, name)}
        if learned:
            state["learned"] = learned
        if self.written_:
            state["written"] = [
                [to_jsonable(name), None if form is None else form.to_dict()]
                for name, form in self.written_.items()
            ]
        if self.support_ is not None:
            state["support"] = asdict(self.support_)
        return state

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Rule:
        """Rebuild a rule of this kind from `to_dict`.

        Raises
        ------
        ValueError
            If a parameter is unknown or lacks.
        """
        state = {name: value for name, value in state.items() if name != "kind"}
        remembered = {
            name: state.pop(name) for name in ("learned", "written", "support") if name in state
        }
        try:
            rule = cls(**cls._unpacked(state))
        except TypeError as error:
            raise ValueError(f"rule of kind {cls.__name__}: {error}") from None
        rule._restore(remembered)
        return rule

    @staticmethod
    def _unpacked(packed: Any) -> Any:
        if isinstance(packed, dict):
            return {name: unpack(value) for name, value in packed.items()}
        return [unpack(value) for value in packed]

    def _restore(self, state: dict[str, Any]) -> None:
        """Take what was learnt from a dict of `to_dict`."""
        learned = state.get("learned", {})
        for name in set(learned) & set(self._learned):
            setattr(self, name, unpack(learned[name]))
        if state.get("written"):
            self.written_ = {
                from_jsonable(name): None if form is None else form_from_dict(form)
                for name, form in state["written"]
            }
        if state.get("support") is not None:
            check_state("the support of a rule", state["support"], _SUPPORT)
            self.support_ = Support(**state["support"])


def _remedy(column: Column, kinds: tuple[str, ...]) -> str:
    """Say how a column becomes one of some kinds."""
    if column.exception()[1] is not None:
        return "correct or empty such cells, or drop the rule"
    if isinstance(column.physical.dtype, pd.PeriodDtype):
        return "convert the column with .dt.to_timestamp(), name another column, or drop the rule"
    how = {"number": "pd.to_numeric", "time": "pd.to_datetime", "text": ".astype(str)"}
    ways = " or ".join(how[kind] for kind in kinds if kind in how)
    return f"convert the column with {ways}, name another column, or drop the rule"


def pack(value: Any) -> Any:
    """Turn parameters, and what was learnt, into JSON."""
    if isinstance(value, ColumnForm):
        return {"type": "Form", "value": value.to_dict()}
    if isinstance(value, dict):
        return {
            "type": "map",
            "value": [[_pack_key(key), pack(item)] for key, item in value.items()],
        }
    if isinstance(value, list):
        return [pack(item) for item in value]
    return to_jsonable(value)


def unpack(packed: Any) -> Any:
    """Rebuild from `pack`."""
    if isinstance(packed, list):
        return [unpack(item) for item in packed]
    kind = packed.get("type") if isinstance(packed, dict) else None
    if kind == "Form":
        return ColumnForm.from_dict(packed["value"])
    if kind == "map":
        return {_unpack_key(key): unpack(item) for key, item in packed["value"]}
    return from_jsonable(packed)


def _pack_key(key: Any) -> Any:
    return [to_jsonable(part) for part in key] if isinstance(key, tuple) else to_jsonable(key)


def _unpack_key(packed: Any) -> Any:
    if isinstance(packed, list):
        return tuple(from_jsonable(part) for part in packed)
    return from_jsonable(packed)


def in_words(names: Sequence[Hashable]) -> str:
    """Return names as one would list them."""
    shown = [str(name) for name in names[:_SHOWN_NAMES]]
    if len(names) > _SHOWN_NAMES:
        return f"{', '.join(shown)} and {len(names) - _SHOWN_NAMES} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def names_of(value: Any) -> list[Hashable]:
    """Return one name, or several, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]
