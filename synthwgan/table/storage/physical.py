"""Which physical type a series has, and reading it through one fitted earlier."""

from __future__ import annotations

import datetime
import reprlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.checks import expect
from synthwgan.table.storage.dtypes import (
    BooleanType,
    CategoryType,
    Cells,
    DurationType,
    NullableNumber,
    NumberType,
    NumpyNumber,
    PeriodType,
    PhysicalType,
    StringType,
    TimeType,
    listed,
)
from synthwgan.table.storage.objects import OBJECT_TYPES, ObjectType, missing_objects, object_type

_TYPES = (
    BooleanType,
    CategoryType,
    DurationType,
    NullableNumber,
    NumpyNumber,
    PeriodType,
    StringType,
    TimeType,
)


def _numpy_type(series: pd.Series) -> PhysicalType:
    kind = series.dtype.kind
    if kind == "c":
        raise ValueError("Complex data not supported: split it into real and imaginary parts")
    if kind == "f" and series.dtype.itemsize > 8:
        raise ValueError(f"dtype {series.dtype} is not supported: convert it to float64")
    if kind == "O":
        return object_type(series)
    by_kind = {
        "b": BooleanType,
        "i": NumpyNumber,
        "u": NumpyNumber,
        "f": NumpyNumber,
        "M": TimeType,
        "m": DurationType,
    }
    return by_kind[kind](series.dtype)


def _arrow_type(series: pd.Series) -> PhysicalType:
    from synthwgan.table.storage.arrow import arrow_type

    return arrow_type(series.dtype)


def _refuse_sparse(series: pd.Series) -> PhysicalType:
    raise TypeError(f"sparse column of dtype {series.dtype}: make it dense with .sparse.to_dense()")


_BY_DTYPE: dict[type, Callable[[pd.Series], PhysicalType]] = {
    np.dtype: _numpy_type,
    pd.BooleanDtype: lambda series: BooleanType(series.dtype),
    pd.StringDtype: lambda series: StringType(series.dtype),
    pd.CategoricalDtype: lambda series: CategoryType(series.dtype),
    pd.DatetimeTZDtype: lambda series: TimeType(series.dtype),
    pd.PeriodDtype: lambda series: PeriodType(series.dtype),
    pd.SparseDtype: _refuse_sparse,
    pd.ArrowDtype: _arrow_type,
}


def physical_type(series: pd.Series) -> PhysicalType:
    """Return how a series is stored.

    Raises
    ------
    TypeError, ValueError
        If its dtype, or the objects in it, are not supported.
    """
    for dtype_class, build in _BY_DTYPE.items():
        if isinstance(series.dtype, dtype_class):
            return build(series)
    if hasattr(series.dtype, "numpy_dtype"):
        return NullableNumber(series.dtype)
    raise TypeError(f"dtype {series.dtype} is not supported: convert the column to str or category")


def read_cells(physical: PhysicalType, series: pd.Series) -> Cells:
    """Read a series, converting it where its dtype is not the fitted one.

    Raises
    ------
    ValueError
        If a number is infinite, or a text holds a NUL character.
    TypeError
        If the series does not fit the type.
    """
    if series.dtype == object:
        missing_objects(series.to_numpy())
    cells = _read(physical, series)
    if cells.values.dtype == object and "\0" in "".join(cells.present.tolist()):
        refuse_nul(cells.present)
    refuse_nul(listed(getattr(series.dtype, "categories", pd.Index([]))))
    if cells.values.dtype.kind == "f" and np.isinf(cells.values).any():
        raise ValueError("holds infinity: replace inf by a number or a missing value")
    return cells


def read_distinct(physical: PhysicalType, series: pd.Series) -> tuple[Cells, np.ndarray] | None:
    """Read each distinct text of a series once, which is several times as fast as all cells.

    Returns
    -------
    cells : Cells
        The distinct cells, a missing one last if there is any.
    places : ndarray of shape (n,), int64
        The place of each cell among them. None in place of both where there are other cells.
    """
    import pyarrow as pa

    is_text = series.dtype == object or isinstance(series.dtype, pd.StringDtype | pd.ArrowDtype)
    if physical.domain != "text" or not is_text:
        return None
    try:
        column = pa.array(series, from_pandas=True)
    except (pa.ArrowException, UnicodeEncodeError):
        return None
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not isinstance(column, pa.StringArray | pa.LargeStringArray):
        return None
    coded = column.dictionary_encode()
    texts = coded.dictionary.to_pylist() + [None] * bool(column.null_count)
    places = coded.indices.fill_null(len(texts) - 1).to_numpy().astype(np.int64)
    return read_cells(physical, pd.Series(texts, dtype=series.dtype)), places


def refuse_nul(values: Iterable[Any]) -> None:
    """Raise a ValueError if a text holds a NUL character: pandas tells texts apart up to it."""
    for value in values:
        if isinstance(value, str) and "\0" in value:
            raise ValueError(
                f"{value!r} holds a NUL character, up to which pandas looks at a text: remove it, "
                r"for instance with .str.replace('\0', '')"
            )


def _read(physical: PhysicalType, series: pd.Series) -> Cells:
    if physical.matches(series):
        return physical.read(series)
    if isinstance(physical, NumberType):
        other = physical_type(series)
        if isinstance(other, NumberType):
            return physical.from_other(other.read(series))
    return physical.convert(series)


def check_exact(physical: PhysicalType, series: pd.Series, cells: Cells) -> None:
    """Check that given numbers and moments stay what they are in a column's dtype.

    Parameters
    ----------
    physical : PhysicalType
        How the column is stored.
    series : Series of shape (n,)
        The cells as they are given.
    cells : Cells
        What was read of them.

    Raises
    ------
    ValueError
        If one is changed: given cells stay as they are.
    """
    if physical.matches(series):
        return
    if physical.holds_ticks and series.dtype.kind in "mM":
        present = series[~cells.missing]
        back = physical.write(cells.take(~cells.missing)).set_axis(present.index)
        if isinstance(present.dtype, pd.ArrowDtype):
            # Pandas finds no moment of Arrow equal to one of its own.
            present, back = _moments(present), back.astype(object)
        _check_kept(physical, present, back != present)
    if not isinstance(physical, NumberType):
        return
    given = physical_type(series)
    if not isinstance(given, NumberType) or given.canonical == cells.values.dtype:
        return
    # As objects, whole numbers and floats are compared exactly.
    before = pd.Series(given.read(series).present.astype(object))
    _check_kept(physical, before, before != cells.present.astype(object))


def _moments(series: pd.Series) -> pd.Series:
    """Return moments, dates or durations of Arrow as objects of pandas."""
    if series.dtype.type is datetime.date:
        series = series.astype("timestamp[s][pyarrow]")
    return series.astype(object)


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


def physical_to_dict(physical: PhysicalType) -> dict[str, Any]:
    """Return a JSON-able description of a physical type."""
    return {"class": type(physical).__name__, **physical.to_dict()}


def physical_from_dict(state: dict[str, Any]) -> PhysicalType:
    """Rebuild a physical type from `physical_to_dict`.

    Raises
    ------
    ValueError
        If it gives no such description.
    """
    own = dict(state)
    name = own.pop("class", None)
    known = {physical.__name__: physical for physical in _classes(name)}
    if name not in known:
        raise ValueError(f"{reprlib.repr(name)} is no way to store a column")
    physical = known[name].from_dict(own)
    if not isinstance(physical, ObjectType):
        stored = physical_type(pd.Series([], dtype=physical.dtype))
        expect(type(stored) is type(physical), f"{name} does not store dtype {physical.name}")
    return physical


def _classes(name: Any) -> Iterable[type[PhysicalType]]:
    """All that a file may name."""
    if not isinstance(name, str):
        return ()
    if not name.startswith("Arrow"):
        return _TYPES + OBJECT_TYPES
    from synthwgan.table.storage.arrow import ARROW_TYPES

    return ARROW_TYPES
