"""Tables in files of DuckDB, whose own package speaks Arrow."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthwgan.io.base import extra_explained
from synthwgan.io.sql.address import Address, Result, located
from synthwgan.io.sql.columns import column_type
from synthwgan.io.sql.lossless import loss_explained, lossless
from synthwgan.io.sql.read import Columns, missing_table, refuse_new_file, refuse_twins
from synthwgan.io.sql.types import MAX_DIGITS, SqlType, sql_types_of, types_of_frame
from synthwgan.io.sql.write import arrow_of, refuse_existing

_NO_CELLS = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
_ROWS, _MAIN = "synthwgan_rows", "main"
_EPOCH = datetime.date(1970, 1, 1).toordinal()
# What DuckDB calls types, where Arrow does not tell it.
_NAMED = {"UUID": ["uuid"], "SMALLINT": ["smallint"], "INTEGER": ["integer"], "BIGINT": ["bigint"]}
# What it has a type of its own for, and PostgreSQL has none.
_OWN = {
    pa.int8(): "TINYINT",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.timestamp("s"): "TIMESTAMP_S",
    pa.timestamp("ms"): "TIMESTAMP_MS",
    pa.timestamp("ns"): "TIMESTAMP_NS",
}
_YEARS = range(datetime.date.min.toordinal() - _EPOCH, datetime.date.max.toordinal() - _EPOCH + 1)
_INFINITE = 2**63 - 1


def _connect(address: Address, read_only: bool) -> Any:
    with extra_explained("DuckDB files need", "duckdb", "duckdb"):
        import duckdb
    path = address.url.database or ":memory:"
    return _guarded(address, lambda: duckdb.connect(path, read_only=read_only))


def _guarded(address: Address, call: Callable[[], Result]) -> Result:
    """Return what a call returns; what DuckDB says against it is an error of one line."""
    import duckdb

    try:
        return call()
    except duckdb.IOException as error:
        failure: Exception = ConnectionError(f"{address.shown}: {_line(error)}")
    except duckdb.Error as error:
        failure = ValueError(f"{address.shown}: {_line(error)}")
    raise failure


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _quoted(address: Address) -> str:
    """The table's name as SQLAlchemy quotes it."""
    return _dialect().identifier_preparer.format_table(_table(address, {}))


def _dialect() -> Any:
    # DuckDB reads PostgreSQL's language.
    from sqlalchemy.dialects.postgresql import dialect

    return dialect()


def _table(address: Address, types: dict[str, Any]) -> Any:
    import sqlalchemy as sa

    def quoted(name: str | None) -> Any:
        # Its reserved words are not all of PostgreSQL's.
        return name and sa.sql.quoted_name(name, quote=True)

    columns = (sa.Column(quoted(name), kind) for name, kind in types.items())
    return sa.Table(quoted(address.table), sa.MetaData(), *columns, schema=quoted(address.schema))


def _types(frame: pd.DataFrame, schema: pa.Schema) -> dict[str, Any]:
    """The types of a new table's columns."""
    remembered, types = sql_types_of(frame), types_of_frame(frame, schema)
    found = {}
    for name, state in types.items():
        kind = schema.field(name).type
        if name not in remembered and kind in _OWN:
            found[name] = _named(_OWN[kind])
        elif state == ["numeric"] and pa.types.is_decimal(kind):
            # DuckDB alone would keep three decimals.
            found[name] = _named(f"DECIMAL({MAX_DIGITS}, {kind.scale})")
        else:
            found[name] = _column_type(state)
    return found


def _column_type(state: SqlType) -> Any:
    """As in PostgreSQL, but labels stand in the type itself."""
    import sqlalchemy as sa

    if state[0] != "enum":
        return column_type(state[:1] if state[0].startswith("time") else state, "postgresql")
    quote = sa.String().literal_processor(_dialect())
    labels = ", ".join(quote(label).replace("%%", "%") for label in state[2])
    return _named(f"ENUM({labels})")


def _named(words: str) -> Any:
    import sqlalchemy as sa

    class Named(sa.types.UserDefinedType):
        cache_ok = False

        def get_col_spec(self, **_: Any) -> str:
            return words

    return Named()


def _located(address: Address, connection: Any) -> tuple[Address, bool]:
    """Where the table is, and whether it is there."""
    known = _tables(connection)
    address = located(address, lambda table, schema: (schema or _MAIN, table) in known)
    return address, (address.schema or _MAIN, address.table) in known


def _tables(connection: Any) -> list[tuple[str, str]]:
    """Tables and views, each after its schema."""
    asked = "SELECT table_schema, table_name FROM information_schema.tables"
    return connection.execute(asked).fetchall()


class DuckStream:
    """The rows of a table or a query; see `synthwgan.io.sql.read.RowStream`."""

    columns: Columns

    def __init__(self, address: Address, batch_rows: int) -> None:
        self._address, self._batch_rows = address, batch_rows

    @property
    def shown(self) -> str:
        """What messages call the database."""
        return self._address.shown

    def schema(self) -> pa.Schema:
        """Return what all batches are."""
        with closing(iter(self)) as rows:
            return next(rows).schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        address = self._address
        refuse_new_file(address)
        connection = _connect(address, read_only=True)
        try:
            query = address.query or self._selection(connection)
            result = _guarded(address, lambda: connection.sql(query))
            if result is None:
                raise ValueError(f"{address.shown}: the query selects nothing")
            refuse_twins(result.columns, address)
            self._refuse_zoned_times(result)
            self.columns = Columns(result.columns, [_described(kind) for kind in result.types])
            reader = _guarded(address, lambda: _reader(result, self._batch_rows))
            schema = self._plain(reader.schema)
            is_first = True
            while (batch := _guarded(address, lambda: next(reader, None))) is not None:
                yield self._cast(batch, schema)
                is_first = False
            if is_first:
                yield pa.RecordBatch.from_pylist([], schema)
        finally:
            connection.close()

    def _selection(self, connection: Any) -> str:
        address, is_there = _located(self._address, connection)
        if not is_there:
            known = _tables(connection)
            names = [table if schema == _MAIN else f"{schema}.{table}" for schema, table in known]
            raise missing_table(address, names)
        return f"SELECT * FROM {_quoted(address)}"

    def _refuse_zoned_times(self, result: Any) -> None:
        for name, kind in zip(result.columns, result.types, strict=True):
            if kind.id == "time with time zone":
                raise ValueError(
                    f"{self.shown}: column {name!r} is of type {kind}, of which the zone would be "
                    "lost; cast it in a query, as CAST(... AS TEXT), or leave it out"
                )

    def _plain(self, schema: pa.Schema) -> pa.Schema:
        """The schema with durations for intervals, and without what is no cell of a table."""
        for index, each in enumerate(schema):
            kind = each.type
            if any(is_one(kind) for is_one in _NO_CELLS):
                raise ValueError(
                    f"{self.shown}: column {each.name!r} is of type {kind}, which is no cell of a "
                    "table; leave it out, with query='SELECT ...' of the other columns"
                )
            if kind == pa.month_day_nano_interval():
                schema = schema.set(index, each.with_type(pa.duration("us")))
            elif pa.types.is_dictionary(kind):
                ordered = pa.dictionary(kind.index_type, kind.value_type, ordered=True)
                schema = schema.set(index, each.with_type(ordered))
        return schema

    def _cast(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        arrays = []
        for array, each in zip(batch.columns, schema, strict=True):
            if pa.types.is_dictionary(each.type):
                array = pa.DictionaryArray.from_arrays(
                    array.indices, array.dictionary, ordered=True
                )
            elif each.type != array.type:
                array = self._durations(array, each.name)
            self._refuse_unbounded(array, each.name)
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def _refuse_unbounded(self, array: pa.Array, name: str) -> None:
        """Refuse infinite moments, which Arrow has as the last ones, and dates beyond Python's."""
        is_date = pa.types.is_date32(array.type)
        if not is_date and not pa.types.is_timestamp(array.type):
            return
        numbers = array.cast(pa.int32() if is_date else pa.int64()).cast(pa.int64())
        first, last = pc.min_max(numbers).as_py().values()
        limits = _YEARS if is_date else range(1 - _INFINITE, _INFINITE)
        if first is not None and not (first in limits and last in limits):
            which = "infinite or not of the years 1 to 9999" if is_date else "infinite"
            raise ValueError(
                f"{self.shown}: column {name!r} holds a {'date' if is_date else 'moment'} that is "
                f"{which}; cast it in a query, as CAST(... AS TEXT), or leave it out"
            )

    def _durations(self, array: pa.Array, name: str) -> pa.Array:
        cells = []
        for cell in array.to_pylist():
            if cell is not None and cell.months:
                raise ValueError(
                    f"{self.shown}: column {name!r} holds an interval of months, which have no one "
                    "length; cast it in a query, or leave it out"
                )
            cells.append(
                None if cell is None else cell.days * 86_400_000_000 + cell.nanoseconds // 1000
            )
        return pa.array(cells, pa.int64()).cast(pa.duration("us"))


def _reader(result: Any, batch_rows: int) -> Any:
    # Its name before DuckDB 1.4 was fetch_arrow_reader.
    if hasattr(result, "to_arrow_reader"):
        return result.to_arrow_reader(batch_rows)
    return result.fetch_arrow_reader(batch_rows)


def _described(kind: Any) -> SqlType | None:
    if kind.id == "enum":
        return ["enum", "enum", list(dict(kind.children)["values"])]
    if kind.id == "decimal":
        return ["numeric", *(number for _, number in kind.children)]
    return _NAMED.get(str(kind))


class DuckSink:
    """Writes frames into a table, in a transaction; see `synthwgan.io.sql.write.SqlSink`."""

    def __init__(self, address: Address, if_exists: str) -> None:
        self._address, self._if_exists = address, if_exists
        path = address.url.database
        self._new_file = path if path and not os.path.exists(path) else None
        self._connection = _connect(address, read_only=False)
        self._is_made = False
        try:
            self._connection.begin()
            self._address, self._exists = _located(address, self._connection)
            refuse_existing(self._address, self._exists, if_exists)
        except BaseException:
            self.abandon()
            raise

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of a frame."""
        data = arrow_of(frame, self._address)
        if not self._is_made:
            _guarded(self._address, lambda: self._make(_types(frame, data.schema)))
            self._is_made = True
        _guarded(self._address, lambda: self._insert(data))

    def _make(self, types: dict[str, Any]) -> None:
        from sqlalchemy.schema import CreateTable, DropTable

        address, connection = self._address, self._connection
        table = _table(address, types)
        if self._exists and self._if_exists == "replace":
            connection.execute(str(DropTable(table).compile(dialect=_dialect())))
        if not self._exists or self._if_exists == "replace":
            connection.execute(str(CreateTable(table).compile(dialect=_dialect())))

    def _insert(self, data: pa.Table) -> None:
        address, connection = self._address, self._connection
        # DuckDB itself would round in silence.
        held = _reader(connection.sql(f"SELECT * FROM {_quoted(address)} LIMIT 0"), 1).schema
        kinds = {each.name.lower(): each.type for each in held}
        for index, name in enumerate(data.column_names):
            kind = kinds.get(name.lower(), data.field(name).type)
            if kind == pa.month_day_nano_interval():
                kind = pa.duration("us")
            with loss_explained(address.shown, name, str(kind)):
                data = data.set_column(index, name, lossless(data.column(name), kind))
        connection.register(_ROWS, data)
        connection.execute(f"INSERT INTO {_quoted(address)} BY NAME SELECT * FROM {_ROWS}")
        connection.unregister(_ROWS)

    def close(self) -> None:
        """Let others see what was written."""
        _guarded(self._address, self._connection.commit)
        self._connection.close()

    def abandon(self) -> None:
        """Take back what was written."""
        with suppress(Exception):
            self._connection.rollback()
        with suppress(Exception):
            self._connection.close()
        if self._new_file is not None:
            with suppress(OSError):
                os.unlink(self._new_file)
