"""The tables of domains as plain values, whatever they are stored as, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.parameters import required
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.shared import Plain
from synthwgan.table.storage.dtypes import Cells
from synthwgan.warn import warn


def plain_of(column: ColumnTransformer) -> Plain | None:
    """Return the way to a fitted column's plain values.

    None stands for a column without: an identifier, or one that is all missing.
    """
    return None if column.missing_rate == 1 else column.plain


def sort_of(column: ColumnTransformer) -> str | None:
    """Say what a fitted column's plain values are; None if it has none.

    Columns of different sorts cannot be the same.
    """
    plain = plain_of(column)
    return None if plain is None else plain.sort


def read_values(column: ColumnTransformer, series: pd.Series) -> np.ndarray:
    """Return a column's cells as plain values.

    Parameters
    ----------
    column : ColumnTransformer
        Fitted.
    series : Series of shape (n,)
        Of its dtype, or convertible to it.

    Returns
    -------
    ndarray of shape (n,)
        Of numbers and dates float64, with NaN for a missing cell and one that is none; of
        categories object: str, and None for a missing cell.
    """
    return required(column.plain).read(column.read(series))


def write_values(column: ColumnTransformer, values: np.ndarray) -> pd.Series:
    """Return plain values as a series of the column's dtype, the way back from `read_values`.

    Numbers are rounded to the column's decimals. A label that the column does not know becomes
    missing if its dtype cannot hold it. If the dtype cannot say that a cell is missing, the
    series has one that can: whole numbers become nullable (``Int64``), others what pandas makes
    of them.
    """
    missing = pd.isna(values)
    cells, unknown = required(column.plain).write(values[~missing])
    missing[np.flatnonzero(~missing)[unknown]] = True
    cells = cells[~unknown]
    if column.physical.holds_missing:
        filled = np.full(len(values), "" if cells.dtype == object else 0, dtype=cells.dtype)
        filled[~missing] = cells
        return column.physical.write(Cells(filled, missing))
    written = column.physical.write(Cells(cells, np.zeros(len(cells), dtype=bool)))
    if not missing.any():
        return written
    if written.dtype.kind in "iu":
        # Floats would round them.
        written = pd.Series(pd.array(written.to_numpy()))
    return written.set_axis(np.flatnonzero(~missing)).reindex(range(len(values)))


def no_values(column: ColumnTransformer, n_rows: int) -> np.ndarray:
    """Return plain values of a column that are all missing."""
    none = required(column.plain).none
    return np.full(n_rows, none, dtype=object if none is None else np.float64)


def unlearned(
    column: ColumnTransformer, n_rows: int, rng: np.random.Generator, source: Any
) -> pd.Series:
    """Return cells of a column without plain values: new identifiers, or all missing."""
    if column.missing_rate == 1:
        return column.physical.write(column.missing_cells(n_rows))
    codes = column.draw_codes(n_rows, rng)
    return column.decode(n_rows, codes, None, rng, source)


def warn_if_disjoint(
    domain: str, name: Any, reference: np.ndarray, own: np.ndarray, map: Any
) -> None:
    """Warn if a domain's categories of a shared column are none of the others'.

    Parameters
    ----------
    domain, name : str
        The domain and the column.
    reference, own : ndarray of shape (n,)
        Plain values of the others and of the domain.
    map : ColumnMap
        From own cells to the others'.
    """
    if own.dtype.kind == "f" or reference.dtype.kind == "f":
        return
    shared = map.to_shared(own)
    known, mine = (set(values[~pd.isna(values)]) for values in (reference, shared))
    if known and mine and not known & mine:
        warn(
            f"column {name!r}: domain {domain!r} has the categories {sorted(mine)[:5]} and others "
            f"{sorted(known)[:5]}, none in common, so that rows cannot carry it over: give "
            "them the same words first, or the column another name, so that it is compared"
        )
