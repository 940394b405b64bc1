"""What a column of a database is, as a small list that a model file can hold.

Such a list is the type's name and its numbers, as ``["numeric", 10, 2]``, ``["varchar", 40]`` or
``["enum", "mood", ["sad", "ok"]]``. It becomes a type of SQLAlchemy again only if it is one of
these, and SQLAlchemy writes it into statements: no text of a file ever is one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from pandas.api.types import is_object_dtype

SqlType = list
# Where a frame's ``attrs`` have the types of its columns, by name.
SQL_TYPES = "sql_types"

MAX_DIGITS = 38


class _Type(NamedTuple):
    """What a type is besides its name.

    Parameters
    ----------
    arrow : pyarrow.DataType or None
        How Arrow holds such a column; None if its numbers tell.
    n_numbers : int
        How many numbers may follow the name.
    oids : tuple of int
        PostgreSQL's own numbers of it, by which results of queries name their types.
    written : tuple of pyarrow.DataType
        Columns of Arrow that are written as this type.
    """

    arrow: pa.DataType | None
    n_numbers: int = 0
    oids: tuple[int, ...] = ()
    written: tuple[pa.DataType, ...] = ()


# Each has a row in `synthwgan.io.sql.columns`, too, which says what it is in SQLAlchemy.
TYPES = {
    "smallint": _Type(pa.int16(), 0, (21,), (pa.int8(), pa.uint8(), pa.int16())),
    "integer": _Type(pa.int32(), 0, (23,), (pa.uint16(), pa.int32())),
    "bigint": _Type(pa.int64(), 0, (20,), (pa.uint32(), pa.int64())),
    "real": _Type(pa.float32(), 0, (700,), (pa.float16(), pa.float32())),
    "double": _Type(pa.float64(), 0, (701,), (pa.float64(),)),
    "numeric": _Type(None, 2, (1700,)),
    "boolean": _Type(pa.bool_(), 0, (16,), (pa.bool_(),)),
    "date": _Type(pa.date32(), 0, (1082,), (pa.date32(), pa.date64())),
    "time": _Type(
        pa.time64("us"),
        1,
        (1083,),
        (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
    ),
    "timestamp": _Type(pa.timestamp("us"), 1, (1114,)),
    "timestamptz": _Type(pa.timestamp("us", tz="UTC"), 1, (1184,)),
    "interval": _Type(
        pa.duration("us"), 0, (1186,), tuple(map(pa.duration, ("s", "ms", "us", "ns")))
    ),
    "uuid": _Type(pa.string(), 0, (2950,)),
    "char": _Type(pa.string(), 1),
    "varchar": _Type(pa.string(), 1),
    # A result names char and varchar too, but not how long they are.
    "text": _Type(pa.string(), 0, (18, 19, 25, 1042, 1043)),
}
OIDS: dict[int, SqlType] = {oid: [name] for name, type_ in TYPES.items() for oid in type_.oids}
_WRITTEN: dict[pa.DataType, SqlType] = {
    arrow: [name] for name, type_ in TYPES.items() for arrow in type_.written
}
_WRITTEN[pa.uint64()] = ["numeric", 20, 0]


def checked_types(types: Any) -> dict[str, SqlType]:
    """Return types by column as they are, if they are such.

    Raises
    ------
    ValueError
        If they are not.
    """
    if not isinstance(types, dict) or not all(
        isinstance(name, str) and _is_type(state) for name, state in types.items()
    ):
        raise ValueError("the types of a database's columns are none that are known")
    return types


def sql_types_of(table: Any) -> dict[str, SqlType]:
    """Return the types of the columns that a table was read with from a database, if it was.

    Parameters
    ----------
    table : DataFrame or other table
        ``attrs`` of a DataFrame, or of a table in batches, remember them.
    """
    attrs = getattr(table, "attrs", None)
    if not isinstance(attrs, Mapping):
        return {}
    types = checked_types(attrs.get(SQL_TYPES, {}))
    names = table.columns if isinstance(table, pd.DataFrame) else types
    return {name: list(types[name]) for name in names if name in types}


def _is_type(state: Any) -> bool:
    if not isinstance(state, list | tuple) or not state or not isinstance(state[0], str):
        return False
    name, *rest = state
    if name == "enum":
        return len(rest) == 2 and isinstance(rest[0], str) and _are_labels(rest[1])
    if name not in TYPES:
        return False
    are_numbers = all(type(number) is int and 0 <= number < 2**31 for number in rest)
    return are_numbers and len(rest) <= TYPES[name].n_numbers


def _are_labels(labels: Any) -> bool:
    is_list = isinstance(labels, list | tuple) and len(labels) > 0
    return is_list and all(isinstance(label, str) for label in labels)


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of Arrow are texts."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def without_length(state: SqlType) -> SqlType:
    """Return a type without the numbers that bound its cells."""
    if state[0] == "char":
        return ["text"]
    return state if state[0] == "enum" else state[:1]


def arrow_type(state: SqlType | None) -> pa.DataType | None:
    """Return how Arrow holds such a column; None if only the cells tell."""
    if state is None:
        return None
    name, *rest = state
    if name == "enum":
        return pa.dictionary(pa.int32(), pa.string(), ordered=True)
    if name == "numeric":
        is_known = len(rest) == 2 and rest[0] <= MAX_DIGITS
        return pa.decimal128(*rest) if is_known else None
    return TYPES[name].arrow


def array_of(values: list[Any], state: SqlType | None) -> pa.Array:
    """Return cells that a driver gave as an Arrow array.

    Raises
    ------
    ValueError, TypeError
        If one does not fit the type, or is none of a table.
    """
    for cell in values:
        if isinstance(cell, bytes | bytearray | memoryview | dict | list | tuple):
            raise ValueError(f"{cell!r:.40} is no cell of a table")
    if state is not None and state[0] == "enum":
        places = {label: place for place, label in enumerate(state[2])}
        codes = pa.array([None if cell is None else places[cell] for cell in values], pa.int32())
        return pa.DictionaryArray.from_arrays(codes, pa.array(state[2], pa.string()), ordered=True)
    kind = arrow_type(state)
    if kind is not None and pa.types.is_decimal(kind):
        values = [_decimal(cell) for cell in values]
    if kind == pa.string() or any(isinstance(cell, uuid.UUID) for cell in values):
        values = [str(cell) if isinstance(cell, uuid.UUID) else cell for cell in values]
    if state is not None and kind is None:
        values = [_decimal(cell) for cell in values]
    return pa.array(values, kind, from_pandas=False)


def _decimal(cell: Any) -> Any:
    """A number as a Decimal; SQLite has floats, of which the text is what was written."""
    return Decimal(str(cell)) if isinstance(cell, int | float) else cell


def types_of_frame(frame: pd.DataFrame, schema: pa.Schema) -> dict[str, SqlType]:
    """Return the types of a frame's columns: those that it was read with, or those of its dtypes.

    A column that has become text since is text: as a number, say, it would lose what text keeps.

    Parameters
    ----------
    frame : DataFrame
        Rows to write; ``attrs`` may have the types.
    schema : pyarrow.Schema
        What Arrow makes of it.
    """
    remembered = sql_types_of(frame)
    found = {}
    for place, each in enumerate(schema):
        is_object = is_object_dtype(frame.dtypes.iloc[place])
        state = remembered.get(each.name)
        if state is None or (is_text(each.type) and not _holds_text(state)):
            state = _type_of_arrow(each.type, is_object)
        found[each.name] = state
    return found


def _holds_text(state: SqlType) -> bool:
    return state[0] == "enum" or arrow_type(state) == pa.string()


def _type_of_arrow(kind: pa.DataType, is_object: bool) -> SqlType:
    types = pa.types
    if types.is_dictionary(kind):
        return _type_of_arrow(kind.value_type, is_object)
    if types.is_decimal(kind):
        # Of objects, the first rows do not tell how many digits the others have.
        return ["numeric"] if is_object else ["numeric", kind.precision, kind.scale]
    if types.is_timestamp(kind):
        return ["timestamp"] if kind.tz is None else ["timestamptz"]
    return _WRITTEN.get(kind, ["text"])
