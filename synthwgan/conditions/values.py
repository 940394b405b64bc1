"""A value that a user writes for a column, read as a cell of it."""

from __future__ import annotations

import datetime
import decimal
import math
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.forms.base import Form
from synthwgan.table.storage.dtypes import (
    CategoryType,
    Cells,
    DurationType,
    NumberType,
    PhysicalType,
    TimeType,
)
from synthwgan.table.storage.objects import ObjectDate, ObjectDatetime, ObjectDuration
from synthwgan.table.storage.physical import physical_type

_TICKS = (TimeType, DurationType, ObjectDatetime, ObjectDuration)
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False}
_BOOLEANS |= {"1": True, "0": False, "1.0": True, "0.0": False}


def is_missing(value: Any) -> bool:
    """Whether a value stands for a missing cell: None, NaN, NaT or pandas' NA."""
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def read_value(column: ColumnTransformer, value: Any) -> Cells:
    """Return a value as one cell of a column, just as the column stores it.

    Text stands for numbers, dates and booleans too, as on a command line.

    Raises
    ------
    ValueError, TypeError
        If it cannot be a cell of the column.
    """
    if isinstance(value, np.generic) and value.dtype.kind not in "mM":
        # Of an array, text is `np.str_`, which no cell of a table is.
        value = value.item()
    if is_missing(value):
        return column.missing_cells(1)
    if not pd.api.types.is_scalar(value):
        raise TypeError(f"a cell must be one value, got {value!r}")
    try:
        cells = column.read(pd.Series([_in_kind(column, value)]))
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(f"{value!r} is no value of {_what_it_holds(column)}") from error
    if column.kind != "numeric" or cells.values.dtype.kind != "f":
        return cells
    return column.read(column.physical.write(cells))


def _what_it_holds(column: ColumnTransformer) -> str:
    form = getattr(column, "form", None)
    if isinstance(form, Form):
        return f"a column that is written as {form.sample}"
    return f"dtype {column.physical.name}"


def read_bound(column: ColumnTransformer, bound: Any, round_to: Any) -> Any:
    """Return the bound of a range among a column's numbers, or None for no bound.

    Parameters
    ----------
    column : ColumnTransformer
        Its numbers have an order.
    bound : scalar or None
        What the user wrote; None and infinity are no bound.
    round_to : callable
        ``math.ceil`` or ``math.floor``: how a bound between two whole numbers is taken.
    """
    if is_missing(bound) or _is_infinite(bound):
        return None
    if column.form is not None:
        return _written_bound(column, bound)
    if _is_whole(column.physical) and isinstance(bound, float | np.floating | str):
        try:
            bound = round_to(_number(bound))
        except ValueError as error:
            raise ValueError(f"{bound!r} is no number") from error
    exponent = getattr(column.physical, "exponent", None)
    if exponent is not None:
        bound = _rounded_decimal(bound, exponent, round_to)
    cell = read_value(column, bound)
    if cell.missing[0]:
        raise ValueError(f"a range has no bound {bound!r}; None is no bound")
    return column.to_numbers(cell.values)[0]


def _written_bound(column: Any, bound: Any) -> Any:
    """A bound of a column that is written in a form: as a cell, or plainly."""
    cell = _as_cell(column, bound)
    if cell is not None and column.read_numbers(cell)[1][0]:
        return column.read_numbers(cell)[0][0]
    try:
        return _plain_number(column, bound)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{bound!r} is no value of {_what_it_holds(column)}") from error


def has_ordered_categories(column: ColumnTransformer) -> bool:
    """Whether a column's cells are categories in an order."""
    physical = column.physical
    return isinstance(physical, CategoryType) and bool(physical.dtype.ordered)


def category_place(column: ColumnTransformer, category: Any) -> int | None:
    """Return the place of a category in the order of a column's categories, None if it is none.

    It need not have occurred.
    """
    place = int(read_value(column, category).values[0])
    return place if place < len(column.physical.dtype.categories) else None


def check_exact(column: ColumnTransformer, series: pd.Series, cells: Cells) -> None:
    """Check that given numbers and moments stay what they are in the column's dtype.

    Parameters
    ----------
    column : ColumnTransformer
        Fitted.
    series : Series of shape (n,)
        The cells as they are given.
    cells : Cells
        What the column read of them.

    Raises
    ------
    ValueError
        If one is changed: given cells stay as they are.
    """
    physical = column.physical
    if physical.matches(series):
        return
    if isinstance(physical, _TICKS) and series.dtype.kind in "mM":
        present = series[~cells.missing]
        back = physical.write(cells.take(~cells.missing)).set_axis(present.index)
        _check_kept(physical, present, back != present)
    if not isinstance(physical, NumberType):
        return
    given = physical_type(series)
    if not isinstance(given, NumberType) or given.canonical == cells.values.dtype:
        return
    # As objects, whole numbers and floats are compared exactly.
    before = pd.Series(given.read(series).present.astype(object))
    _check_kept(physical, before, before != cells.present.astype(object))


def _check_kept(physical: PhysicalType, given: pd.Series, changed: pd.Series) -> None:
    if not changed.any():
        return
    cell = given[changed].iloc[0]
    if isinstance(cell, float) and cell % 1:
        raise ValueError(
            f"{cell} is no whole number, and the column's dtype when fitted, {physical.name}, "
            "holds no other"
        )
    raise ValueError(
        f"the column's dtype when fitted, {physical.name}, does not hold {cell} exactly"
    )


def _rounded_decimal(bound: Any, exponent: int, round_to: Any) -> decimal.Decimal:
    """The next multiple of a power of ten."""
    with decimal.localcontext(decimal.Context(prec=80)):
        try:
            scaled = decimal.Decimal(str(bound)).scaleb(-exponent)
        except decimal.InvalidOperation as error:
            raise ValueError(f"{bound!r} is no number") from error
        return decimal.Decimal(round_to(scaled)).scaleb(exponent)


def _is_infinite(bound: Any) -> bool:
    if isinstance(bound, str):
        return bound.strip().lower().lstrip("+-") in {"inf", "infinity"}
    return isinstance(bound, float | np.floating) and math.isinf(bound)


def _in_kind(column: ColumnTransformer, value: Any) -> Any:
    """The value as one of the column's kind."""
    physical = column.physical
    if isinstance(getattr(column, "form", None), Form):
        return _written(column, value)
    if column.kind == "datetime":
        return _date(column, value)
    if _is_whole(physical) and isinstance(value, float | np.floating | str):
        return _whole(_number(value))
    if column.menu().values.dtype == bool:
        return _boolean(value)
    if isinstance(value, str):
        return _of_text(physical, value)
    return value


def _of_text(physical: PhysicalType, text: str) -> Any:
    """Text as a category, a duration or a float; of a Decimal it stays text, to be exact."""
    categories = getattr(physical.dtype, "categories", None)
    if categories is not None:
        matching = [category for category in categories if str(category) == text]
        return matching[0] if matching else text
    if physical.domain == "number" and isinstance(_example(physical), datetime.timedelta):
        return pd.Timedelta(text)
    return float(text) if hasattr(physical, "canonical") else text


def _example(physical: PhysicalType) -> Any:
    return physical.labels(np.zeros(1, dtype=np.int64))[0]


def _date(column: Any, value: Any) -> Any:
    stamp = value if isinstance(value, pd.Period) else pd.Timestamp(value)
    if isinstance(column.physical, ObjectDate):
        return stamp.date()
    return _in_zone(stamp, getattr(column.physical, "tz", None))


def _written(column: Any, value: Any) -> Any:
    """A value as a cell of a column that is written in a form: such a cell, or a plain value."""
    cell = _as_cell(column, value)
    if cell is not None and (column.read_numbers(cell)[1][0] or cell[0] in column.odd.tolist()):
        return cell.tolist()[0]
    number = _plain_number(column, value)
    cell = column.from_numbers(np.array([number]))
    if column.to_numbers(cell)[0] != number:
        raise ValueError(f"{value!r} cannot be written as {column.form.sample}")
    return cell.tolist()[0]


def _as_cell(column: Any, value: Any) -> np.ndarray | None:
    """A value as one canonical cell of a column that is written in a form, if it may be one."""
    if column.physical.domain == "text":
        return np.array([value], dtype=object) if isinstance(value, str) else None
    try:
        return np.array([_whole(_number(value))], dtype=column.physical.canonical)
    except (TypeError, ValueError, OverflowError):
        return None


def _plain_number(column: Any, value: Any) -> float | int:
    """What a plain number or date is among the numbers of a column that is written in a form."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if column.form.unit is not None:
        # A number would be taken for nanoseconds since 1970.
        if is_number:
            raise ValueError(f"{value!r} is no date")
        stamp = pd.Timestamp(value).to_datetime64()
        return int(stamp.astype(f"M8[{column.form.unit}]").astype(np.int64))
    if column.physical.domain != "text" or not (is_number or isinstance(value, str)):
        raise ValueError(f"{value!r} is not written as {column.form.sample}")
    number = _number(value)
    return int(number) if number == int(number) else float(number)


def _in_zone(stamp: Any, zone: Any) -> Any:
    """A time without a zone is taken as one of the column's clock."""
    if zone is not None and isinstance(stamp, pd.Timestamp) and stamp.tz is None:
        return stamp.tz_localize(zone)
    return stamp


def _is_whole(physical: PhysicalType) -> bool:
    canonical = getattr(physical, "canonical", None)
    return canonical is not None and canonical.kind in "iu"


def _number(value: Any) -> float | decimal.Decimal:
    """A number, of text exactly that which is written."""
    if not isinstance(value, str):
        return value
    try:
        return decimal.Decimal(value)
    except decimal.InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None


def _whole(value: float | decimal.Decimal) -> int:
    if value != int(value):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


def _boolean(value: Any) -> bool:
    text = str(value).lower()
    if text not in _BOOLEANS:
        raise ValueError(f"{value!r} is neither true nor false")
    return _BOOLEANS[text]
