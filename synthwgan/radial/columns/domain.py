"""A table among others: its columns, and where they stand among those of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwgan.radial.columns.maps import ColumnMap
from synthwgan.table import TableTransformer
from synthwgan.table.columns.base import ColumnTransformer


@dataclass(frozen=True)
class OwnColumn:
    """A domain's column, and where it stands in the union.

    Parameters
    ----------
    place : int
        Its place among the union's columns; -1 for one that has no values to learn from
        (identifiers, nothing but missing cells).
    map : ColumnMap or None
        From own cells to the union's.
    how : {"name", "data", "new", "unused"}
        How the place was found: by name, by what the data say, or because no other column is the
        same.
    score : float
        Nats per row by which the data say so; NaN else.
    """

    place: int
    map: ColumnMap | None = None
    how: str = "unused"
    score: float = np.nan


@dataclass(frozen=True)
class Domain:
    """A table among others.

    Parameters
    ----------
    name : str
        Its name.
    transformer : TableTransformer
        Fitted to it: its columns, kinds and dtypes.
    columns : tuple of OwnColumn
        Its columns in order.
    n_rows : int
        Its rows when fitted.
    """

    name: str
    transformer: TableTransformer
    columns: tuple[OwnColumn, ...]
    n_rows: int

    @property
    def places(self) -> list[int]:
        """Places of its columns in the union."""
        return [column.place for column in self.columns if column.place >= 0]

    def named(self) -> list[tuple[Any, ColumnTransformer, OwnColumn]]:
        """Name, fitted column and place of each column."""
        fitted = self.transformer
        return list(zip(fitted.column_index_, fitted.columns_, self.columns, strict=True))


def check_shared(domain: str, transformer: TableTransformer) -> None:
    """Raise a ValueError if a column cannot be learned across tables; it says what to do."""
    for name, column in zip(transformer.column_index_, transformer.columns_, strict=True):
        if why := column.why_not_shared(name):
            raise ValueError(f"column {name!r} of domain {domain!r} {why}")
