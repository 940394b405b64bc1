"""Cells to write, as the columns that they go to hold them: nothing rounded, cut off or made up."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthwgan.io.sql.sqlite import number_of
from synthwgan.io.sql.types import MAX_DIGITS, SqlType, arrow_type, is_text

# Decimals of seconds, as Arrow calls them.
_UNITS = {(0,): "s", (3,): "ms"}
_SORTS = {
    "number": (
        pa.types.is_boolean,
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_decimal,
    ),
    "moment": (pa.types.is_timestamp, pa.types.is_date),
    "duration": (pa.types.is_duration,),
    "time": (pa.types.is_time,),
}


def lossless(array: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Return a column as another type; as it is where that is for the database to convert.

    Floats may go into narrower ones, as they are approximations.

    Parameters
    ----------
    array : pyarrow.ChunkedArray
        Cells to write.
    kind : pyarrow.DataType
        What the column that they go to holds.

    Raises
    ------
    pyarrow.ArrowException
        If a cell, read again, would be another one.
    """
    given, wanted = _sort(array.type), _sort(kind)
    if is_text(array.type) and wanted == "number":
        return array.cast(kind)
    if array.type == kind or given is None or wanted is None:
        return array
    if given != wanted:
        raise pa.ArrowInvalid(f"{array.type} is not {kind}")
    if given == "moment" and _is_zoned(array.type) != _is_zoned(kind):
        raise pa.ArrowInvalid(
            f"{array.type} is not {kind}: a time zone is neither lost nor made up"
        )
    cast = _cast(array, kind)
    if not _is_same(cast, array):
        raise pa.ArrowInvalid(f"Casting from {array.type} to {kind} would lose data")
    return cast


def _sort(kind: pa.DataType) -> str | None:
    """Which cells a type has, of those that Arrow converts into each other; None of others."""
    return next((sort for sort, are in _SORTS.items() if any(is_one(kind) for is_one in are)), None)


def _is_zoned(kind: pa.DataType) -> bool:
    return pa.types.is_timestamp(kind) and kind.tz is not None


def _cast(array: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    decimals = [pa.types.is_decimal(each) for each in (array.type, kind)]
    if any(decimals) and any(pa.types.is_floating(each) for each in (array.type, kind)):
        # By what is written: 0.1 is one tenth, and no binary fraction near it.
        array = array.cast(pa.string())
    elif decimals == [False, True]:
        # Else Arrow wants room for all numbers that the type might hold.
        array = array.cast(pa.decimal128(MAX_DIGITS, 0))
    return array.cast(kind)


def _is_same(cast: pa.ChunkedArray, array: pa.ChunkedArray) -> bool:
    if pa.types.is_floating(cast.type) and pa.types.is_floating(array.type):
        is_wider = cast.type.bit_width >= array.type.bit_width
        return is_wider or pc.is_inf(cast).equals(pc.is_inf(array))
    return _cast(cast, array.type).equals(array)


def python_cells(array: pa.ChunkedArray, state: SqlType, dialect: str) -> list[Any]:
    """Return a column as the objects that drivers take.

    Raises
    ------
    pyarrow.ArrowException, ValueError
        If a cell does not go into a column of the type as it is.
    """
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    kind = _held(state)
    if kind is not None:
        array = lossless(array, kind)
    cells = array.to_pylist()
    is_written = dialect != "postgresql" and state[0] in ("interval", "timestamptz")
    if is_written or (kind == pa.string() and _sort(array.type) is not None):
        return [None if cell is None else _text(cell) for cell in cells]
    if dialect == "sqlite" and state[0] == "numeric":
        return [number_of(cell) for cell in cells]
    return cells


def _held(state: SqlType) -> pa.DataType | None:
    """How Arrow holds what may be written to a column; how many digits, the database checks."""
    name, *rest = state
    if name == "numeric":
        return pa.decimal128(MAX_DIGITS, rest[1]) if len(rest) == 2 else None
    if name == "timestamp" or name == "timestamptz":
        zone = "UTC" if name == "timestamptz" else None
        return pa.timestamp(_UNITS.get(tuple(rest), "us"), zone)
    return None if name == "enum" else arrow_type(state)


def _text(cell: Any) -> str:
    if isinstance(cell, datetime.timedelta):
        return str(pd.Timedelta(cell))
    return cell.isoformat(sep=" ") if isinstance(cell, datetime.datetime) else str(cell)


@contextmanager
def loss_explained(shown: str, name: str, kind: str) -> Iterator[None]:
    """Name the column, and say what to do, if a cell cannot be written as it is."""
    try:
        yield
    except (pa.ArrowException, ValueError, ArithmeticError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(
            f"{shown}: column {name!r} cannot be written as {kind} ({reason}); round it, or "
            "convert it to text, first"
        ) from error
