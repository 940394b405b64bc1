"""What a column of a database is, as a small list that a model file can hold.

Such a list is the type's name and its numbers, as ``["numeric", 10, 2]``, ``["varchar", 40]`` or
``["enum", "mood", ["sad", "ok"]]``. It becomes a type of SQLAlchemy again only if it is one of
these, and SQLAlchemy writes it into statements: no text of a file ever is one.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa
from pandas.api.types import is_object_dtype

SqlType = list
# Where a frame's ``attrs`` have the types of its columns, by name.
SQL_TYPES = "sql_types"

_ARROW: dict[str, pa.DataType] = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "interval": pa.duration("us"),
    "uuid": pa.string(),
    "char": pa.string(),
    "varchar": pa.string(),
    "text": pa.string(),
}
# How many numbers may follow the name.
_NUMBERS = {"numeric": 2, "char": 1, "varchar": 1, "time": 1, "timestamp": 1, "timestamptz": 1}
MAX_DIGITS = 38
# Decimals of seconds, as Arrow calls them.
_UNITS = {(0,): "s", (3,): "ms"}
# PostgreSQL's own numbers of types, by which results of queries name theirs.
OIDS: dict[int, SqlType] = {
    16: ["boolean"],
    18: ["text"],
    19: ["text"],
    20: ["bigint"],
    21: ["smallint"],
    23: ["integer"],
    25: ["text"],
    700: ["real"],
    701: ["double"],
    1042: ["text"],
    1043: ["text"],
    1082: ["date"],
    1083: ["time"],
    1114: ["timestamp"],
    1184: ["timestamptz"],
    1186: ["interval"],
    1700: ["numeric"],
    2950: ["uuid"],
}


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
    if name != "numeric" and name not in _ARROW:
        return False
    are_numbers = all(type(number) is int and 0 <= number < 2**31 for number in rest)
    return are_numbers and len(rest) <= _NUMBERS.get(name, 0)


def _are_labels(labels: Any) -> bool:
    is_list = isinstance(labels, list | tuple) and len(labels) > 0
    return is_list and all(isinstance(label, str) for label in labels)


def described(kind: Any, dialect: str) -> SqlType | None:
    """Return a type of SQLAlchemy as a list, or None if it is none of those we know.

    Parameters
    ----------
    kind : sqlalchemy type
        As reflected.
    dialect : str
        The database's name in SQLAlchemy.
    """
    import sqlalchemy as sa

    if isinstance(kind, sa.Enum):
        return ["enum", kind.name or "enum", list(kind.enums)] if kind.enums else None
    if isinstance(kind, sa.Float):
        # Only where it is short by name; in SQLite all are double.
        return ["real"] if isinstance(kind, sa.REAL) and dialect != "sqlite" else ["double"]
    if isinstance(kind, sa.Numeric):
        return ["numeric", *_given(kind.precision, kind.scale)]
    if isinstance(kind, sa.DateTime):
        name = "timestamptz" if kind.timezone else "timestamp"
        return [name, *_given(getattr(kind, "precision", None))]
    if isinstance(kind, sa.Time):
        return None if kind.timezone else ["time", *_given(getattr(kind, "precision", None))]
    for known, name in _plain():
        if isinstance(kind, known):
            # SQLite has whole numbers of one width.
            is_wide = name == "integer" and dialect == "sqlite"
            return ["bigint"] if is_wide else [name]
    if isinstance(kind, sa.String) and type(kind).__module__.startswith("sqlalchemy.sql"):
        if isinstance(kind, sa.Text) or kind.length is None:
            return ["text"]
        return ["char" if isinstance(kind, sa.CHAR) else "varchar", kind.length]
    return None


def _plain() -> list[tuple[Any, str]]:
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql as pg

    return [
        (sa.Uuid, "uuid"),
        (sa.Boolean, "boolean"),
        (sa.SmallInteger, "smallint"),
        (sa.BigInteger, "bigint"),
        (sa.Integer, "integer"),
        (sa.Date, "date"),
        ((sa.Interval, pg.INTERVAL), "interval"),
    ]


def _given(*numbers: int | None) -> list[int]:
    return [number for number in numbers if number is not None]


def is_bytes(kind: Any) -> bool:
    """Whether a type of SQLAlchemy holds bytes."""
    import sqlalchemy as sa

    return isinstance(kind, sa.LargeBinary | sa.BINARY | sa.VARBINARY)


def column_type(state: SqlType, dialect: str) -> Any:
    """Return a type of SQLAlchemy, as a database has it, for a list that is checked."""
    import sqlalchemy as sa
    from sqlalchemy.dialects import postgresql as pg

    name, *rest = state
    is_postgres = dialect == "postgresql"
    text = sa.Text()
    if name == "enum":
        return pg.ENUM(*rest[1], name=rest[0], create_type=False) if is_postgres else text
    built = {
        "smallint": sa.SmallInteger,
        "integer": sa.Integer,
        "bigint": sa.Integer if dialect == "sqlite" else sa.BigInteger,
        "real": sa.REAL,
        "double": sa.REAL if dialect == "sqlite" else sa.Double,
        "numeric": sa.Numeric,
        "boolean": sa.Boolean,
        "date": sa.Date,
        "char": sa.CHAR,
        "varchar": sa.String,
        "text": sa.Text,
    }
    if name in built:
        return built[name](*rest) if rest or name != "varchar" else text
    if name in ("timestamp", "time"):
        precise = pg.TIMESTAMP if name == "timestamp" else pg.TIME
        plain = sa.DateTime if name == "timestamp" else sa.Time
        return precise(precision=rest[0]) if rest and is_postgres else plain()
    if not is_postgres:
        # What it has no type for is its text, as in CSV.
        return text
    if name == "timestamptz":
        return pg.TIMESTAMP(timezone=True, precision=rest[0] if rest else None)
    return sa.Uuid(as_uuid=False) if name == "uuid" else pg.INTERVAL()


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
    return _ARROW[name]


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
        found[each.name] = remembered.get(each.name) or _type_of_arrow(each.type, is_object)
    return found


def _type_of_arrow(kind: pa.DataType, is_object: bool) -> SqlType:
    types = pa.types
    if types.is_dictionary(kind):
        return _type_of_arrow(kind.value_type, is_object)
    if types.is_decimal(kind):
        # Of objects, the first rows do not tell how many digits the others have.
        return ["numeric"] if is_object else ["numeric", kind.precision, kind.scale]
    if types.is_timestamp(kind):
        return ["timestamp"] if kind.tz is None else ["timestamptz"]
    widths = {
        **dict.fromkeys((pa.int8(), pa.uint8(), pa.int16()), "smallint"),
        **dict.fromkeys((pa.uint16(), pa.int32()), "integer"),
        **dict.fromkeys((pa.uint32(), pa.int64()), "bigint"),
        **dict.fromkeys((pa.float16(), pa.float32()), "real"),
        pa.float64(): "double",
        pa.bool_(): "boolean",
    }
    if kind in widths:
        return [widths[kind]]
    if kind == pa.uint64():
        return ["numeric", 20, 0]
    tests = ((types.is_date, "date"), (types.is_time, "time"), (types.is_duration, "interval"))
    return [next((name for test, name in tests if test(kind)), "text")]


def python_cells(array: pa.ChunkedArray, state: SqlType, dialect: str) -> list[Any]:
    """Return a column as the objects that drivers take.

    Raises
    ------
    ValueError
        If a number has more decimals than the column, or a moment or a duration is finer than it.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        kind = array.type
    if state[0] == "numeric" and len(state) == 3 and pa.types.is_decimal(kind):
        array = array.cast(pa.decimal128(MAX_DIGITS, state[2]))
    if pa.types.is_timestamp(kind):
        array = array.cast(pa.timestamp(_UNITS.get(tuple(state[1:]), "us"), kind.tz))
    elif pa.types.is_duration(kind):
        array = array.cast(pa.duration("us"))
    cells = array.to_pylist()
    if dialect != "postgresql" and state[0] in ("interval", "timestamptz"):
        return [None if cell is None else _text(cell) for cell in cells]
    return cells


def _text(cell: Any) -> str:
    if isinstance(cell, datetime.timedelta):
        return str(pd.Timedelta(cell))
    return cell.isoformat(sep=" ") if isinstance(cell, datetime.datetime) else str(cell)
