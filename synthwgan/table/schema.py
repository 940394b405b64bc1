"""What a column is: its kind, inferred or given, and the fitted table described in words."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.categorical import CategoricalTransformer, masked_in_words
from synthwgan.table.columns.datetime import DatetimeTransformer
from synthwgan.table.columns.identifier import IdentifierTransformer
from synthwgan.table.columns.lookalikes import warn_of_lookalikes
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.columns.pair import PairTransformer, find_frame, frame_of_all
from synthwgan.table.columns.people import is_personal
from synthwgan.table.columns.written import form_for, form_of
from synthwgan.table.door import naming_column
from synthwgan.table.forms.distinct import distinct_cells
from synthwgan.table.storage.dtypes import Cells, NumberType, PhysicalType
from synthwgan.table.storage.physical import physical_type, read_cells

COLUMN_CLASSES: dict[str, type[ColumnTransformer]] = {
    column_class.kind: column_class
    for column_class in (
        NumericTransformer,
        CategoricalTransformer,
        DatetimeTransformer,
        IdentifierTransformer,
        PairTransformer,
    )
}
_MIN_IDENTIFIERS = 20
# Pairs that are fewer, such as the places of shops, are categories: each stays a place.
_MAX_STATES = 256
_FEW = 50
_ID_NAME = re.compile(r"(^|.*[_\s.-])(id|uuid|guid|key)$|.*[a-z](Id|ID|Key|Uuid|UUID)$")


def looks_like_id(name: Any) -> bool:
    """Whether a column name says that its cells are keys: id, user_id, userId, UUID, key."""
    if not isinstance(name, str):
        return False
    return bool(_ID_NAME.match(name) or _ID_NAME.match(name.lower()))


def infer_kind(name: Any, physical: PhysicalType, cells: Cells) -> str:
    """Return the kind of a column: a key of `COLUMN_CLASSES`.

    Parameters
    ----------
    name : hashable
        The column's name; whole numbers called ``id`` or the like are identifiers.
    physical : PhysicalType
    cells : Cells

    Notes
    -----
    Personal data are identifiers, see `is_personal`. Text, and whole numbers, in which numbers or
    dates are written in one and the same form are what they mean. Text in which two numbers are
    written is a pair, if it has more than 256 cells or none twice. Other text is an identifier if
    no cell occurs twice (in at least 20 rows), else categorical. Whole numbers are identifiers if
    none occurs twice and the name says so, or if they number the rows from 0 or 1.
    """
    if physical.domain == "label":
        return "categorical"
    if physical.domain == "time":
        return "datetime"
    if is_personal(name, physical, cells.present):
        return "identifier"
    form = form_of(physical, cells.present)
    if form is not None:
        return form.meaning
    if physical.domain == "text":
        return _text_kind(name, cells.present)
    return "identifier" if _is_integer_key(name, physical, cells.present) else "numeric"


def _text_kind(name: Any, present: np.ndarray) -> str:
    if _are_pairs(present):
        return "pair"
    distinct = pd.unique(present)
    if len(distinct) >= _MIN_IDENTIFIERS and warn_of_lookalikes(name, distinct):
        return "categorical"
    return "identifier" if _all_distinct(present) else "categorical"


def _are_pairs(present: np.ndarray) -> bool:
    """Whether cells are pairs of numbers, and too many of them to be states."""
    # A few cells say at once that most text is something else.
    if find_frame(present[:: 1 + len(present) // _FEW]) is None:
        return False
    distinct, _ = distinct_cells(present)
    are_many = _all_distinct(present) or len(distinct) > _MAX_STATES
    return are_many and find_frame(distinct) is not None


def _is_integer_key(name: Any, physical: PhysicalType, present: np.ndarray) -> bool:
    if not isinstance(physical, NumberType) or len(present) < _MIN_IDENTIFIERS:
        return False
    if present.dtype.kind == "f":
        whole = (np.mod(present, 1) == 0).all() and np.abs(present).max() < 2**53
        return bool(whole) and looks_like_id(name) and _all_distinct(present)
    # Rows numbered from 0 or 1; consecutive years, say, are numbers and no keys.
    counts_up = present[0] in (0, 1) and bool((present[1:] == present[:-1] + 1).all())
    return counts_up or (looks_like_id(name) and _all_distinct(present))


def _all_distinct(present: np.ndarray) -> bool:
    return len(present) >= _MIN_IDENTIFIERS and len(pd.unique(present)) == len(present)


def check_kind(kind: str, physical: PhysicalType, cells: Cells) -> None:
    """Raise if a column cannot be of the given kind.

    Raises
    ------
    ValueError
        With a cell that does not fit, and the remedy. Identifiers that repeat are found when the
        column is fitted.
    """
    allowed = _ALLOWED_DOMAINS[kind]
    if physical.domain not in allowed:
        raise ValueError(
            f"kind {kind!r} does not fit dtype {physical.name}: it needs "
            f"{' or '.join(_DOMAIN_WORDS[domain] for domain in allowed)}; {_REMEDIES[kind]}"
        )
    if kind in ("numeric", "datetime"):
        form_for(kind, physical, cells.present)
    if kind == "pair" and len(cells.present):
        frame_of_all(cells.present)


_ALLOWED_DOMAINS: dict[str, tuple[str, ...]] = {
    "numeric": ("number", "text"),
    "categorical": ("number", "time", "text", "label"),
    "datetime": ("time", "text", "number"),
    "identifier": ("number", "text"),
    "pair": ("text",),
}
_DOMAIN_WORDS = {"number": "numbers", "time": "dates", "text": "text", "label": "categories"}
_REMEDIES = {
    "numeric": "convert the column with pd.to_numeric or leave its kind out",
    "datetime": "convert the column with pd.to_datetime or leave its kind out",
    "identifier": "convert the column to text or leave its kind out",
    "pair": "write two numbers into each cell or leave its kind out",
}


def fit_column(
    name: Any,
    series: pd.Series,
    kind: str | None,
    options: ColumnOptions,
    rng: np.random.Generator,
) -> ColumnTransformer:
    """Fit one column, of the given kind or, if it is None, of the inferred one."""
    with naming_column(name):
        physical = physical_type(series)
        cells = read_cells(physical, series)
        if kind is None:
            kind = infer_kind(name, physical, cells)
        else:
            check_kind(kind, physical, cells)
        return COLUMN_CLASSES[kind](physical, options).fit_cells(cells, rng)


def column_from_dict(state: Any, options: ColumnOptions) -> ColumnTransformer:
    """Rebuild a fitted column of any kind from its `to_dict`.

    Raises
    ------
    ValueError
        If it gives no such column.
    """
    kind = state.get("kind") if isinstance(state, dict) else None
    if not isinstance(kind, str) or kind not in COLUMN_CLASSES:
        raise ValueError(f"{reprlib.repr(kind)} is no kind of a column")
    return COLUMN_CLASSES[kind].from_dict(state, options)


@dataclass(frozen=True)
class ColumnSchema:
    """One fitted column in words.

    Parameters
    ----------
    name : hashable
    kind : str
    dtype : str
    low, high : object or None
        Range of the cells, None where there is none.
    n_states : int
        Size of the block, 0 for none.
    missing_rate : float
        Share of missing cells.
    decimals : int or None
        Decimals of a column of floats that has few.
    encoding : str
        How the column is encoded.
    n_masked, n_masked_rows : int
        Categories that ``rare="mask"`` hides, and the rows that had one of them.
    """

    name: Any
    kind: str
    dtype: str
    low: Any
    high: Any
    n_states: int
    missing_rate: float
    decimals: int | None
    encoding: str
    n_masked: int
    n_masked_rows: int

    @classmethod
    def of(cls, name: Any, column: ColumnTransformer) -> ColumnSchema:
        """Describe a fitted column."""
        low, high = column.bounds() or (None, None)
        return cls(
            name=name,
            kind=column.kind,
            dtype=column.physical.name,
            low=low,
            high=high,
            n_states=column.n_states,
            missing_rate=column.missing_rate,
            decimals=getattr(getattr(column, "grid", None), "decimals", None),
            encoding=column.describe_encoding(),
            n_masked=getattr(column, "n_masked", 0),
            n_masked_rows=getattr(column, "n_masked_rows", 0),
        )

    @property
    def masked(self) -> str:
        """What is masked in words, empty where nothing is."""
        return masked_in_words(self.n_masked, self.n_masked_rows)

    @property
    def range(self) -> str:
        """The range in words, empty where there is none."""
        return "" if self.low is None else f"{self.low} to {self.high}"


class Schema(tuple[ColumnSchema, ...]):
    """The columns of a fitted table; ``str()`` is a readable listing.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.table import TableTransformer
    >>> table = pd.DataFrame({"size": [1, 2, 2], "price": [0.5, None, 2.25]})
    >>> print(TableTransformer().fit(table).schema_)
     name    kind   dtype       range missing encoding
     size numeric   int64      1 to 2      0% 2 states
    price numeric float64 0.5 to 2.25     33% 3 states
    """

    @classmethod
    def of(cls, names: Iterable[Any], columns: Iterable[ColumnTransformer]) -> Schema:
        """Describe fitted columns."""
        return cls(map(ColumnSchema.of, names, columns))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column."""
        return pd.DataFrame([asdict(column) for column in self], dtype=object)

    def __str__(self) -> str:
        rows = [
            {
                "name": str(column.name),
                "kind": column.kind,
                "dtype": column.dtype,
                "range": column.range,
                "missing": f"{column.missing_rate:.0%}",
                "encoding": column.encoding,
            }
            for column in self
        ]
        return pd.DataFrame(rows).to_string(index=False)
