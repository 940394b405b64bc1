"""Tables in files of DuckDB, whose own package speaks Arrow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pandas as pd
import pyarrow as pa

from synthwgan.io.base import extra_explained
from synthwgan.io.sql.address import Address, Result
from synthwgan.io.sql.columns import column_type
from synthwgan.io.sql.read import Columns, missing_table, refuse_new_file
from synthwgan.io.sql.types import SqlType, types_of_frame
from synthwgan.io.sql.write import arrow_of, refuse_existing

_NO_CELLS = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary)
_ROWS = "synthwgan_rows"
# What DuckDB calls types, where Arrow does not tell it.
_NAMED = {"UUID": ["uuid"], "SMALLINT": ["smallint"], "INTEGER": ["integer"], "BIGINT": ["bigint"]}


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


def _table(address: Address, types: dict[str, SqlType]) -> Any:
    import sqlalchemy as sa

    def quoted(name: str | None) -> Any:
        # Its reserved words are not all of PostgreSQL's.
        return name and sa.sql.quoted_name(name, quote=True)

    columns = (sa.Column(quoted(name), _column_type(kind)) for name, kind in types.items())
    return sa.Table(quoted(address.table), sa.MetaData(), *columns, schema=quoted(address.schema))


def _column_type(state: SqlType) -> Any:
    """As in PostgreSQL, but labels stand in the type itself."""
    import sqlalchemy as sa

    if state[0] != "enum":
        return column_type(state[:1] if state[0].startswith("time") else state, "postgresql")
    quote = sa.String().literal_processor(_dialect())
    labels = ", ".join(quote(label).replace("%%", "%") for label in state[2])

    class Labels(sa.types.UserDefinedType):
        cache_ok = False

        def get_col_spec(self, **_: Any) -> str:
            return f"ENUM({labels})"

    return Labels()


def _exists(address: Address, connection: Any) -> bool:
    return address.table in _tables(address, connection)


def _tables(address: Address, connection: Any) -> list[str]:
    schema = address.schema or "main"
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [schema]
    )
    return [name for (name,) in found.fetchall()]


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
            if address.query is None and not _exists(address, connection):
                raise missing_table(address, _tables(address, connection))
            query = address.query or f"SELECT * FROM {_quoted(address)}"
            result = _guarded(address, lambda: connection.sql(query))
            if result is None:
                raise ValueError(f"{address.shown}: the query selects nothing")
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
            arrays.append(array)
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

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
            self._exists = _exists(address, self._connection)
            refuse_existing(address, self._exists, if_exists)
        except BaseException:
            self.abandon()
            raise

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of a frame."""
        data = arrow_of(frame, self._address)
        _guarded(self._address, lambda: self._insert(frame, data))

    def _insert(self, frame: pd.DataFrame, data: pa.Table) -> None:
        from sqlalchemy.schema import CreateTable, DropTable

        address, connection = self._address, self._connection
        if not self._is_made:
            table = _table(address, types_of_frame(frame, data.schema))
            if self._exists and self._if_exists == "replace":
                connection.execute(str(DropTable(table).compile(dialect=_dialect())))
            if not self._exists or self._if_exists == "replace":
                connection.execute(str(CreateTable(table).compile(dialect=_dialect())))
            self._is_made = True
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
