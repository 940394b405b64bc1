"""A column's cells as plain numbers or labels, whatever they are stored as, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthwgan.table.column import ColumnTransformer
from synthwgan.table.datetime import DatetimeTransformer
from synthwgan.table.dtypes import Cells, TimeType
from synthwgan.table.identifier import IdentifierTransformer
from synthwgan.table.numeric import NumericTransformer

# Plain numbers of instants are microseconds, which float64 holds exactly for 285 years.
_MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0, "ns": 1e-3}


def sort_of(column: ColumnTransformer) -> str | None:
    """Say what a fitted column's plain values are; columns of different sorts cannot be the same.

    None stands for a column without plain values: an identifier, or one that is all missing.
    """
    if isinstance(column, IdentifierTransformer) or column.missing_rate == 1:
        return None
    if not isinstance(column, NumericTransformer):
        return "category"
    if not isinstance(column, DatetimeTransformer):
        return "number"
    return "instant" if isinstance(column.physical, TimeType) else f"date {column.physical.name}"


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
        Of numbers and dates float64, with NaN for a missing cell; of categories object: str, and
        None for a missing cell.
    """
    cells = column.read(series)
    if isinstance(column, NumericTransformer):
        numbers = np.full(len(series), np.nan)
        numbers[~cells.missing] = column.to_numbers(cells.present) * _unit(column)
        return numbers
    values = np.full(len(series), None, dtype=object)
    codes, distinct = pd.factorize(cells.present)
    values[~cells.missing] = _texts(column, distinct)[codes]
    return values


def write_values(column: ColumnTransformer, values: np.ndarray) -> pd.Series:
    """Return plain values as a series of the column's dtype, the way back from `read_values`.

    Numbers are rounded to the column's decimals. A label that the column does not know becomes
    missing if its dtype cannot hold it. If the dtype cannot say that a cell is missing, the
    series has the dtype that pandas gives it then (whole numbers become floats).
    """
    missing = pd.isna(values)
    present = values[~missing]
    if isinstance(column, NumericTransformer):
        numbers = present.astype(np.float64) / _unit(column)
        cells = column.from_numbers(_rounded(column, numbers))
    else:
        cells, unknown = _categories(column, present)
        missing[np.flatnonzero(~missing)[unknown]] = True
        cells = cells[~unknown]
    written = column.physical.write(Cells(cells, np.zeros(len(cells), dtype=bool)))
    if not missing.any():
        return written
    full = written.set_axis(np.flatnonzero(~missing)).reindex(range(len(values)))
    if column.physical.holds_missing:
        return full.astype(written.dtype)
    return full


def bounds(column: ColumnTransformer) -> tuple[float, float]:
    """Smallest and largest number of a fitted column; of categories, no bounds."""
    if not isinstance(column, NumericTransformer) or column.grid is None:
        return -np.inf, np.inf
    low, high = column.ends() * _unit(column)
    return float(low), float(high)


def labels(column: ColumnTransformer) -> list[str]:
    """Categories of a fitted column, as `read_values` gives them; of numbers, none."""
    if isinstance(column, NumericTransformer):
        return []
    return list(_texts(column, column.menu().present))


def _unit(column: NumericTransformer) -> float:
    return _MICROSECONDS[column.physical.unit] if sort_of(column) == "instant" else 1.0


def _texts(column: ColumnTransformer, values: np.ndarray) -> np.ndarray:
    return np.array([str(label) for label in column.physical.labels(values)], dtype=object)


def _rounded(column: NumericTransformer, numbers: np.ndarray) -> np.ndarray:
    grid = column.grid
    if grid is None or grid.step == 0:
        return numbers
    if grid.decimals is not None:
        return np.round(numbers, grid.decimals)
    # The nearest floats inside the range of int64 and uint64.
    bounds = (-(2.0**63), 2.0**63 - 1024) if grid.high < 2**63 else (0.0, 2.0**64 - 2048)
    return np.clip(np.rint(numbers), *bounds).astype(np.int64 if grid.high < 2**63 else np.uint64)


def _categories(column: ColumnTransformer, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Canonical values of labels, and which of them the column cannot hold."""
    menu = column.menu()
    known = dict(zip(_texts(column, menu.present), menu.present, strict=True))
    if column.physical.domain == "text":
        return present, np.zeros(len(present), dtype=bool)
    unknown = np.array([label not in known for label in present], dtype=bool)
    cells = np.zeros(len(present), dtype=menu.values.dtype)
    cells[~unknown] = [known[label] for label in present[~unknown]]
    return cells, unknown
