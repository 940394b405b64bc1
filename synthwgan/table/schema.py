"""What a column is: its kind, inferred or given, and the fitted table described in words."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.categorical import CategoricalTransformer
from synthwgan.table.column import ColumnTransformer
from synthwgan.table.datetime import DatetimeTransformer
from synthwgan.table.door import naming_column
from synthwgan.table.dtypes import Cells, NumberType, PhysicalType
from synthwgan.table.identifier import IdentifierTransformer
from synthwgan.table.lookalikes import warn_of_lookalikes
from synthwgan.table.numeric import NumericTransformer
from synthwgan.table.options import ColumnOptions
from synthwgan.table.physical import physical_type, read_cells
from synthwgan.table.textdates import find_format

COLUMN_CLASSES: dict[str, type[ColumnTransformer]] = {
    column_class.kind: column_class
    for column_class in (
        NumericTransformer,
        CategoricalTransformer,
        DatetimeTransformer,
        IdentifierTransformer,
    )
}
_MIN_IDENTIFIERS = 20
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
    Text is a date if every cell is one in the same format, an identifier if no cell occurs
    twice (in at least 20 rows), else categorical. Whole numbers are identifiers if none
    occurs twice and the name says so, or if they number the rows from 0 or 1.
    """
    if physical.domain == "label":
        return "categorical"
    if physical.domain == "time":
        return "datetime"
    if physical.domain == "text":
        return _text_kind(name, cells.present)
    return "identifier" if _is_integer_key(name, physical, cells.present) else "numeric"


def _text_kind(name: Any, present: np.ndarray) -> str:
    if len(present) and find_format(present) is not None:
        return "datetime"
    distinct = pd.unique(present)
    if len(distinct) >= _MIN_IDENTIFIERS and warn_of_lookalikes(name, distinct):
        return "categorical"
    return "identifier" if _all_distinct(present) else "categorical"


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
        With the first cell that does not fit, and the remedy. Text that is no date and
        identifiers that repeat are found when the column is fitted.
    """
    allowed = _ALLOWED_DOMAINS[kind]
    if physical.domain in allowed:
        return
    if kind == "numeric" and physical.domain == "text":
        raise ValueError(_not_a_number(cells.present))
    raise ValueError(
        f"kind {kind!r} does not fit dtype {physical.name}: it needs "
        f"{' or '.join(_DOMAIN_WORDS[domain] for domain in allowed)}; {_REMEDIES[kind]}"
    )


_ALLOWED_DOMAINS: dict[str, tuple[str, ...]] = {
    "numeric": ("number",),
    "categorical": ("number", "time", "text", "label"),
    "datetime": ("time", "text"),
    "identifier": ("number", "text"),
}
_DOMAIN_WORDS = {"number": "numbers", "time": "dates", "text": "text", "label": "categories"}
_REMEDIES = {
    "numeric": "convert the column with pd.to_numeric or leave its kind out",
    "datetime": "convert the column with pd.to_datetime or leave its kind out",
    "identifier": "convert the column to text or leave its kind out",
}


def _not_a_number(texts: np.ndarray) -> str:
    numbers = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
    failing = texts[numbers.isna().to_numpy()]
    if len(failing):
        return f"{failing[0]!r} is no number: correct it or use the kind 'categorical'"
    return "its numbers are written as text: convert the column with pd.to_numeric"


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
        )

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
