"""Reading a table, or what a query selects, through a cursor of the server."""

from __future__ import annotations

import difflib
import os
import re
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any

import pyarrow as pa

from synthwgan.io.sql.address import Address, engine_of, guarded, located
from synthwgan.io.sql.columns import described, is_bytes
from synthwgan.io.sql.sqlite import array_of_cells
from synthwgan.io.sql.types import MAX_DIGITS, OIDS, SqlType, array_of, arrow_type
from synthwgan.warn import warn

_SHOWN = 10
# Words by which SQLite's columns are declared as numbers.
_NUMBERS = re.compile(r"\b((TINY|SMALL|MEDIUM|BIG)?INT(EGER)?\d*|NUMERIC|DECIMAL|NUMBER)\b")


class Columns:
    """The columns of a result: names, and their types where they are known before any row."""

    def __init__(self, names: list[str], types: list[SqlType | None]) -> None:
        self.names, self.types = names, types

    @property
    def known(self) -> dict[str, SqlType]:
        """Types by name, of columns that have one."""
        return {n: t for n, t in zip(self.names, self.types, strict=True) if t is not None}


class RowStream:
    """The rows of a table or a query, a batch at a time; each iteration reads them anew.

    Parameters
    ----------
    address : Address
        Where they are.
    batch_rows : int
        Rows in memory at once.

    Attributes
    ----------
    columns : Columns
        Set when a first batch was read.
    """

    columns: Columns

    def __init__(self, address: Address, batch_rows: int) -> None:
        self._address, self._batch_rows = address, batch_rows

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        address = self._address
        refuse_new_file(address)
        engine = engine_of(address)
        connection = guarded(address, engine.connect)
        with closing(_Quiet(connection)):
            if connection.dialect.name == "postgresql":
                # Else PostgreSQL may begin a large table where another reader is: in another order.
                once = "SET LOCAL synchronize_seqscans = off"
                guarded(address, lambda: connection.exec_driver_sql(once))
            make = array_of_cells if connection.dialect.name == "sqlite" else array_of
            connection = connection.execution_options(
                stream_results=True, max_row_buffer=self._batch_rows
            )
            result = guarded(address, lambda: self._execute(connection))
            is_first = True
            while True:
                rows = guarded(address, lambda: self._fetch(result))
                if rows or is_first:
                    yield self._batch(rows, make)
                if not rows:
                    return
                is_first = False

    @property
    def shown(self) -> str:
        """What messages call the database."""
        return self._address.shown

    def schema(self) -> pa.Schema:
        """Return what all batches are to be, by the first one where no type is known before."""
        with closing(iter(self)) as rows:
            first = next(rows)
        return pa.schema(
            (name, arrow_type(kind) or _wide(first.schema.field(name).type))
            for name, kind in zip(self.columns.names, self.columns.types, strict=True)
        )

    def _execute(self, connection: Any) -> Any:
        if self._address.query is not None:
            result = connection.exec_driver_sql(self._address.query)
            # Before any row is read: afterwards there is no cursor to ask.
            self.columns = _of_query(result, self._address)
            return result
        statement, self.columns = _selection(self._address, connection)
        return connection.execute(statement)

    def _fetch(self, result: Any) -> Any:
        try:
            return result.fetchmany(self._batch_rows)
        except (ValueError, TypeError, ArithmeticError) as error:
            raise ValueError(
                f"{self._address.shown}: a cell of {self._address.name or 'the query'} cannot be "
                f"read ({error}); cast its column to text in a query"
            ) from None

    def _batch(self, rows: Any, make: Callable[..., pa.Array]) -> pa.RecordBatch:
        cells = list(zip(*rows, strict=True)) or [()] * len(self.columns.names)
        arrays = []
        for name, kind, column in zip(self.columns.names, self.columns.types, cells, strict=True):
            try:
                arrays.append(make(list(column), kind))
            except (pa.ArrowException, ValueError, TypeError, KeyError, ArithmeticError) as error:
                reason = str(error).splitlines()[0].rstrip(".")
                raise ValueError(
                    f"{self._address.shown}: column {name!r} cannot be read as "
                    f"{kind[0] if kind else 'one type'} ({reason}); cast it in a query, as "
                    "CAST(... AS TEXT), or leave it out"
                ) from None
        return pa.RecordBatch.from_arrays(arrays, self.columns.names)


class _Quiet:
    """Closes a connection without an error: if it was lost, reading has already said so."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def close(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        with suppress(SQLAlchemyError, OSError, struct.error):
            self._connection.close()


def _wide(kind: pa.DataType) -> pa.DataType:
    """A type that later batches may outgrow, as wide as it gets."""
    if pa.types.is_decimal(kind):
        return pa.decimal128(MAX_DIGITS, kind.scale)
    return pa.string() if pa.types.is_null(kind) else kind


def refuse_new_file(address: Address) -> None:
    """Raise an error for a file that is not there: an empty one would be made of it."""
    path = address.url.database
    is_file = address.url.get_backend_name() in ("sqlite", "duckdb") and path
    if is_file and path != ":memory:" and not path.startswith("file:") and not os.path.exists(path):
        raise FileNotFoundError(f"{path} does not exist; check the name and the folder.")


def _selection(address: Address, connection: Any) -> tuple[Any, Columns]:
    """The statement that reads a table, and its columns."""
    import sqlalchemy as sa

    table = reflected(address, connection)
    dialect = connection.dialect.name
    if not len(table.columns):
        raise ValueError(f"{address.shown}: table {address.name!r} has no columns")
    asked, types = [], []
    for column in table.columns:
        if is_bytes(column.type):
            raise ValueError(
                f"{address.shown}: column {column.name!r} holds bytes ({column.type}), which are "
                "not learned; leave it out, with query='SELECT ...' of the other columns"
            )
        state = described(column.type, dialect)
        is_plain = state is not None or isinstance(column.type, sa.types.NullType)
        if dialect == "sqlite" and is_plain:
            # The cells as they are: SQLAlchemy would cut them to the type.
            asked.append(sa.type_coerce(column, sa.types.NullType()))
        elif state is None:
            warn(
                f"{address.shown}: column {column.name!r} is of type {_type_in_words(column)}, "
                "and is read as text"
            )
            asked.append(sa.cast(column, sa.Text()).label(column.name))
            state = ["text"]
        else:
            asked.append(column)
        types.append(state)
    names = [column.name for column in table.columns]
    return sa.select(*asked), Columns(names, types)


def _type_in_words(column: Any) -> str:
    try:
        return str(column.type)
    except Exception:  # noqa: BLE001
        return type(column.type).__name__


def reflected(address: Address, connection: Any) -> Any:
    """Return a table of a database with its columns.

    Raises
    ------
    ValueError
        If there is no such table.
    """
    import sqlalchemy as sa
    from sqlalchemy.exc import SAWarning

    inspector = sa.inspect(connection)
    address = located(address, inspector.has_table)
    if not inspector.has_table(address.table, schema=address.schema):
        raise missing_table(address, _tables(address, inspector))
    with warnings.catch_warnings():
        # Of a type that is unknown, _selection warns in plain words.
        warnings.simplefilter("ignore", SAWarning)
        table = sa.Table(
            address.table,
            sa.MetaData(),
            schema=address.schema,
            autoload_with=connection,
            resolve_fks=False,
        )
    if connection.dialect.name == "sqlite":
        _forget_guesses(table, connection)
    return table


def _tables(address: Address, inspector: Any) -> list[str]:
    """The tables of the usual schema, and those of the one that is named."""
    schema, names = address.schema, inspector.get_table_names()
    if schema in inspector.get_schema_names():
        names += [f"{schema}.{name}" for name in inspector.get_table_names(schema=schema)]
    return names


def _forget_guesses(table: Any, connection: Any) -> None:
    """Take the type from columns of SQLite that are declared as nothing that SQLAlchemy knows.

    It takes what has INT in it, such as POINT, for whole numbers, and other words for numbers.
    """
    import sqlalchemy as sa

    declared = connection.exec_driver_sql(
        "SELECT name, type FROM pragma_table_xinfo(?, ?)", (table.name, table.schema)
    )
    words = {name: kind.upper() for name, kind in declared}
    for column in table.columns:
        is_number = isinstance(column.type, sa.INTEGER | sa.NUMERIC)
        if is_number and not _NUMBERS.search(words[column.name]):
            column.type = sa.types.NullType()


def missing_table(address: Address, known: list[str]) -> ValueError:
    """Return an error that says which tables there are."""
    near = difflib.get_close_matches(address.name, known, n=1)
    if near:
        hint = f"did you mean {near[0]!r}?"
    else:
        hint = f"its tables are {sorted(known)[:_SHOWN]}" if known else "it has none"
    return ValueError(f"{address.shown} has no table {address.name!r}; {hint}")


def _of_query(result: Any, address: Address) -> Columns:
    """The columns that a query gives; PostgreSQL names their types."""
    if not result.returns_rows:
        raise ValueError(f"{address.shown}: the query selects nothing")
    names = list(result.keys())
    refuse_twins(names, address)
    types: list[SqlType | None] = [None] * len(names)
    if address.url.get_backend_name() == "postgresql" and result.cursor is not None:
        types = [OIDS.get(column[1]) for column in result.cursor.description]
    return Columns(names, types)


def refuse_twins(names: list[str], address: Address) -> None:
    """Raise a ValueError if two columns of a query have one name."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(
                f"{address.shown}: two columns of the query are called {name!r}; name one "
                "otherwise with AS"
            )


def fitting(stream: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a stream, each of one schema.

    Raises
    ------
    ValueError
        If later cells do not fit what the first ones were.
    """
    for batch in stream:
        try:
            yield batch.cast(schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            names = (n for n in schema.names if batch.schema.field(n).type != schema.field(n).type)
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{stream.shown}: column {next(names, '?')!r} changes its type ({reason}); cast it "
                "in a query, as to numeric(12, 2)"
            ) from None


def unified(batches: list[pa.RecordBatch]) -> pa.Table:
    """Put batches under each other, of which some may have columns without any value."""
    return pa.concat_tables(
        [pa.Table.from_batches([batch]) for batch in batches], promote_options="permissive"
    )
