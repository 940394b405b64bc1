"""What a column is: its kind, inferred or given, and the fitted table described in words."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.categorical import CategoricalTransformer, masked_in_words
from synthwgan.table.columns.datetime import DatetimeTransformer
from synthwgan.table.columns.evidence import Evidence
from synthwgan.table.columns.identifier import IdentifierTransformer
from synthwgan.table.columns.lifelike import LIFELIKE
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.columns.pair import PairTransformer
from synthwgan.table.door import naming_column
from synthwgan.table.storage.dtypes import Cells, PhysicalType
from synthwgan.table.storage.physical import physical_type, read_cells
from synthwgan.table.storage.scalars import span_in_words
from synthwgan.table.survey import ColumnSurvey

# All kinds of columns: a class with its verbs each, and its line here.
COLUMN_CLASSES: dict[str, type[ColumnTransformer]] = {
    column_class.kind: column_class
    for column_class in (
        NumericTransformer,
        CategoricalTransformer,
        DatetimeTransformer,
        IdentifierTransformer,
        *LIFELIKE,
        PairTransformer,
    )
}


def infer_kind(name: Any, physical: PhysicalType, cells: Cells) -> str:
    """Return the kind of a column: a key of `COLUMN_CLASSES`.

    Each class is asked, the last one first: a kind that is added is asked before all others.

    Parameters
    ----------
    name : hashable
        The column's name; whole numbers called ``id`` or the like are identifiers.
    physical : PhysicalType
    cells : Cells

    Notes
    -----
    Personal data, and text in which no cell occurs twice (in at least 20 rows), are made anew: as
    texts of their kind if they are of one, see `look_of`, and Faker is installed, else as
    identifiers. But text, and whole numbers, in which numbers or dates are written in one and the
    same form are what they mean, and text in which two numbers are written is a pair, if it has
    more than 256 cells or none twice. Other text is categorical. Whole numbers are identifiers if
    none occurs twice and the name says so, or if they number the rows from 0 or 1.
    """
    evidence = Evidence(name, physical, cells)
    for kind, column_class in reversed(COLUMN_CLASSES.items()):
        if column_class.infers(evidence):
            return kind
    raise ValueError(f"dtype {physical.name} is of no kind: say one with column_kinds")


def fit_column(
    name: Any,
    series: pd.Series,
    kind: str | None,
    options: ColumnOptions,
    rng: np.random.Generator,
    survey: ColumnSurvey | None = None,
) -> ColumnTransformer:
    """Fit one column, of the given kind or, if it is None, of the inferred one.

    With a survey, the series is a sample of the column's cells.
    """
    with naming_column(name):
        physical = physical_type(series)
        cells = read_cells(physical, series)
        if survey is not None:
            cells = survey.of_all(cells)
        if kind is None:
            kind = infer_kind(name, physical, cells)
        else:
            COLUMN_CLASSES[kind].check_fits(physical, cells)
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
            decimals=column.decimals,
            encoding=column.describe_encoding(),
            n_masked=column.n_masked,
            n_masked_rows=column.n_masked_rows,
        )

    @property
    def is_made_anew(self) -> bool:
        """Whether its cells are not learned, but made anew."""
        return not COLUMN_CLASSES[self.kind].in_features

    @property
    def masked(self) -> str:
        """What is masked in words, empty where nothing is."""
        return masked_in_words(self.n_masked, self.n_masked_rows)

    @property
    def range(self) -> str:
        """The range in words, empty where there is none."""
        return "" if self.low is None else span_in_words(self.low, self.high)


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
