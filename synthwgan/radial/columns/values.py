"""The tables of domains as plain values, whatever they are stored as, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_integer_dtype

from synthwgan.parameters import required
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.shared import Plain, text_of
from synthwgan.table.storage.dtypes import Cells, listed
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
    values = required(column.plain).read(column.read(series))
    if values.dtype == object:
        # Codes of pandas' categories have none for one that the fit did not see; its name has.
        unseen = np.flatnonzero(pd.isna(values) & series.notna().to_numpy())
        values[unseen] = [text_of(label) for label in listed(series.iloc[unseen])]
    return values


def are_copied(column: ColumnTransformer, target: ColumnTransformer, cells: pd.Series) -> bool:
    """Whether a column's cells are another's as they are, and not only mean the same.

    Parameters
    ----------
    column, target : ColumnTransformer
        Fitted, of plain values of the same sort.
    cells : Series
        Cells of the first.
    """
    dtypes = cells.dtype, target.physical.dtype
    alike = target.physical.matches(cells) or all(map(is_integer_dtype, dtypes))
    return alike and required(column.plain).written == required(target.plain).written


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


def have_nothing_in_common(categories: set[str], others: set[str]) -> bool:
    """Whether categories, of which there are some, are none of others, of which there are too."""
    return bool(categories and others) and not categories & others


def warn_of_words(domain: str, name: Any, categories: set[str], others: set[str]) -> None:
    """Warn that a domain's categories of a column are none of the others'."""
    warn(
        f"column {name!r}: domain {domain!r} has the categories {sorted(categories)[:5]} and "
        f"others {sorted(others)[:5]}, none in common, so that rows do not carry it over: give "
        "them the same words first, or the column another name, so that it is compared"
    )


def warn_of_units(
    domain: str, name: Any, column: ColumnTransformer, others: Iterable[ColumnTransformer]
) -> None:
    """Warn if cells of columns that are taken for one say that they are in unlike units."""
    own = required(column.plain)
    for other in others:
        if own.said and required(other.plain).said not in ("", own.said):
            warn(
                f"column {name!r} is in {own.said!r} in domain {domain!r} and in "
                f"{required(other.plain).said!r} in another, and rows carry its number over as it "
                "is: convert one first, or give it another name, so that they are compared"
            )
            return
