"""A column's cells as plain numbers or labels, whatever they are stored as, and back."""

from __future__ import annotations

import datetime
import decimal
import warnings
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.datetime import DatetimeTransformer
from synthwgan.table.columns.identifier import IdentifierTransformer
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.storage.dtypes import Cells, NumberType

# Plain numbers of dates and durations are microseconds, which float64 holds exactly for 285 years.
_MICROSECONDS = {
    "D": Fraction(86_400_000_000),
    "h": Fraction(3_600_000_000),
    "m": Fraction(60_000_000),
    "s": Fraction(1_000_000),
    "ms": Fraction(1000),
    "us": Fraction(1),
    "ns": Fraction(1, 1000),
}


def sort_of(column: ColumnTransformer) -> str | None:
    """Say what a fitted column's plain values are; columns of different sorts cannot be the same.

    None stands for a column without plain values: an identifier, or one that is all missing.
    """
    if isinstance(column, IdentifierTransformer) or column.missing_rate == 1:
        return None
    if not isinstance(column, NumericTransformer):
        return "category"
    return _sort_and_unit(column)[0]


def _sort_and_unit(column: NumericTransformer) -> tuple[str, Fraction]:
    """Sort of a column of numbers or dates, and how many plain numbers its 1 is."""
    physical = column.physical
    if column.form is not None and column.form.unit is None:
        return (
            ("number", Fraction(1))
            if column.kind == "numeric"
            else (column.form.sample, Fraction(1))
        )
    if isinstance(column, DatetimeTransformer):
        unit = physical.unit if column.form is None else column.form.unit
        # Months and other periods are not all of one length.
        if unit not in _MICROSECONDS:
            return f"date ({physical.name})", Fraction(1)
        return "date", _MICROSECONDS[unit]
    if isinstance(physical, NumberType):
        return "number", Fraction(1)
    one = physical.labels(np.ones(1, dtype=np.int64))[0]
    if isinstance(one, decimal.Decimal):
        return "number", Fraction(one)
    if isinstance(one, datetime.timedelta):
        return "duration", Fraction(pd.Timedelta(one).value, 1000)
    return physical.name, Fraction(1)


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
    cells = column.read(series)
    if isinstance(column, NumericTransformer):
        present, are_numbers = column.read_numbers(cells.present)
        numbers = np.full(len(series), np.nan)
        numbers[~cells.missing] = np.where(are_numbers, _times(present, _unit(column)), np.nan)
        return numbers
    values = np.full(len(series), None, dtype=object)
    codes, distinct = pd.factorize(cells.present)
    values[~cells.missing] = _texts(column, distinct)[codes]
    return values


def write_values(column: ColumnTransformer, values: np.ndarray) -> pd.Series:
    """Return plain values as a series of the column's dtype, the way back from `read_values`.

    Numbers are rounded to the column's decimals. A label that the column does not know becomes
    missing if its dtype cannot hold it. If the dtype cannot say that a cell is missing, the
    series has one that can: whole numbers become nullable (``Int64``), others what pandas makes
    of them.
    """
    missing = pd.isna(values)
    present = values[~missing]
    if isinstance(column, NumericTransformer):
        numbers = _times(present.astype(np.float64), 1 / _unit(column))
        cells = column.from_numbers(_rounded(column, numbers))
    else:
        cells, unknown = _categories(column, present)
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
    if sort_of(column) == "category":
        return np.full(n_rows, None, dtype=object)
    return np.full(n_rows, np.nan)


def unlearned(
    column: ColumnTransformer, n_rows: int, rng: np.random.Generator, source: Any
) -> pd.Series:
    """Return cells of a column without plain values: new identifiers, or all missing."""
    if column.missing_rate == 1:
        return column.physical.write(column.missing_cells(n_rows))
    codes = column.draw_codes(n_rows, rng)
    return column.decode(n_rows, codes, None, rng, source)


def can_hold(column: ColumnTransformer, values: np.ndarray) -> np.ndarray:
    """Whether a column's dtype can hold each plain value, shape (n,), bool; none is missing."""
    held = ~pd.isna(values)
    if isinstance(column, NumericTransformer):
        low, high = _limits(column)
        numbers = _times(values[held].astype(np.float64), 1 / _unit(column))
        held[held] = (numbers >= low) & (numbers <= high) & _can_be_written(column, numbers)
    elif column.physical.domain != "text":
        held &= np.isin(values.astype(str), labels(column))
    return held


def _can_be_written(column: NumericTransformer, numbers: np.ndarray) -> np.ndarray:
    """Whether the form of a column, if it has one, has a cell for each number."""
    return column.read_numbers(column.from_numbers(_rounded(column, numbers)))[1]


def on_grid(column: ColumnTransformer, values: np.ndarray) -> np.ndarray:
    """Return plain values with numbers moved to the nearest step of a fitted column's grid."""
    if not isinstance(column, NumericTransformer) or column.grid is None or not column.grid.step:
        return values
    unit = _unit(column) / 10.0 ** (column.grid.decimals or 0)
    low, step = column.grid.low * unit, column.grid.step * unit
    return low + np.round((values - low) / step) * step


def bounds(column: ColumnTransformer) -> tuple[float, float]:
    """Smallest and largest number of a fitted column; of categories, no bounds."""
    if not isinstance(column, NumericTransformer) or column.grid is None:
        return -np.inf, np.inf
    low, high = _times(column.ends(), _unit(column))
    return float(low), float(high)


def labels(column: ColumnTransformer) -> list[str]:
    """Categories of a fitted column, as `read_values` gives them; of numbers, none."""
    if isinstance(column, NumericTransformer):
        return []
    return list(_texts(column, column.menu().present))


def _unit(column: NumericTransformer) -> Fraction:
    return _sort_and_unit(column)[1]


def _times(numbers: np.ndarray, factor: Fraction) -> np.ndarray:
    """Numbers times a fraction, float64; hundredths are divided by 100 and so rounded rightly."""
    return numbers * float(factor.numerator) / float(factor.denominator)


def _texts(column: ColumnTransformer, values: np.ndarray) -> np.ndarray:
    return np.array([_text(label) for label in column.physical.labels(values)], dtype=object)


def _text(label: object) -> str:
    """A label as text; a code is 1 also in a column that gaps made one of floats."""
    return str(int(label) if isinstance(label, float) and label.is_integer() else label)


def _rounded(column: NumericTransformer, numbers: np.ndarray) -> np.ndarray:
    grid = column.grid
    if grid is None or grid.step == 0:
        return numbers
    if grid.decimals is not None:
        return np.round(numbers, grid.decimals)
    low, high = _limits(column)
    return np.clip(np.rint(numbers), low, high).astype(np.uint64 if high > 2**63 else np.int64)


def _limits(column: NumericTransformer) -> tuple[float, float]:
    """Smallest and largest whole number of a column's dtype that float64 has too."""
    plain = getattr(column.physical, "plain_dtype", np.dtype(np.int64))
    if plain.kind == "f":
        return -np.inf, np.inf
    limits = np.iinfo(plain)
    high = float(limits.max)
    return float(limits.min), high if high < 2**53 else np.nextafter(high, 0.0)


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
        warnings.warn(
            f"column {name!r}: domain {domain!r} has the categories {sorted(mine)[:5]} and others "
            f"{sorted(known)[:5]}, none in common, so that rows cannot carry it over: give "
            "them the same words first, or the column another name, so that it is compared",
            UserWarning,
            stacklevel=2,
        )
