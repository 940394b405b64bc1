"""Writing a table to a database: in batches, and in one transaction."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import Any

import pandas as pd
import pyarrow as pa

from synthwgan.io.sql.address import Address, engine_of, guarded, located
from synthwgan.io.sql.columns import column_type, described
from synthwgan.io.sql.lossless import loss_explained, python_cells
from synthwgan.io.sql.read import reflected
from synthwgan.io.sql.types import SqlType, types_of_frame, without_length

IF_EXISTS = ("fail", "append", "replace")
_BATCH_ROWS = 10_000
# All other databases commit with every CREATE TABLE and DROP TABLE.
_TRANSACTIONAL = ("postgresql", "sqlite")


def check_if_exists(given: str) -> None:
    """Raise a ValueError if it is no way to deal with a table that exists."""
    if given not in IF_EXISTS:
        raise ValueError(f"if_exists must be one of {list(IF_EXISTS)}, got {given!r}")


class SqlSink:
    """Writes frames into a table, in a transaction that ends when it is closed.

    Parameters
    ----------
    address : Address
        The table.
    if_exists : {"fail", "append", "replace"}
        What to do with a table of that name.

    Raises
    ------
    ConnectionError
        If the database cannot be reached.
    ValueError
        If there is such a table and `if_exists` is "fail".
    """

    def __init__(self, address: Address, if_exists: str) -> None:
        self._address, self._if_exists = address, if_exists
        path = address.url.database
        is_file = address.url.get_backend_name() == "sqlite" and path
        self._new_file = path if is_file and not os.path.exists(path) else None
        self._connection = guarded(address, engine_of(address).connect)
        self._dialect: str = self._connection.dialect.name
        self._table: Any = None
        self._types: dict[str, SqlType] = {}
        try:
            guarded(address, self._begin)
        except BaseException:
            self.abandon()
            raise

    def _begin(self) -> None:
        import sqlalchemy as sa

        self._transaction = self._connection.begin()
        has_table = sa.inspect(self._connection).has_table
        self._address = address = located(self._address, has_table)
        exists = has_table(address.table, schema=address.schema)
        refuse_existing(address, exists, self._if_exists)
        self._drops = exists and self._if_exists == "replace"
        self._appends = exists and self._if_exists == "append"
        if self._drops and self._dialect not in _TRANSACTIONAL:
            raise ValueError(
                f"{address.shown}: {self._dialect} drops a table at once and for good, so that a "
                "failure would lose it; write to a new table, and rename it"
            )

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of a frame."""
        data = arrow_of(frame, self._address)
        if self._table is None:
            self._types = types_of_frame(frame, data.schema)
            self._table = guarded(self._address, lambda: self._make(frame))
        for start in range(0, len(data), _BATCH_ROWS):
            self._insert(data.slice(start, _BATCH_ROWS))

    def _insert(self, data: pa.Table) -> None:
        columns = {}
        for name, kind in self._types.items():
            with loss_explained(self._address.shown, name, kind[0]):
                columns[name] = python_cells(data.column(name), kind, self._dialect)
        if len(data):
            guarded(self._address, lambda: self._send(columns))

    def _send(self, columns: dict[str, list[Any]]) -> None:
        import sqlalchemy as sa

        insert = sa.insert(self._table)
        if self._dialect == "postgresql":
            # A list for each column: thirty times as fast as a statement for each row.
            self._connection.execute(_from_lists(insert, self._types), columns)
            return
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        self._connection.execute(insert, rows)

    def _make(self, frame: pd.DataFrame) -> Any:
        """The table that rows go to: one that is there, or a new one."""
        import sqlalchemy as sa
        from sqlalchemy.schema import CreateTable

        address = self._address
        if self._appends:
            return self._existing(frame)
        # The old table can be read until all rows of the new one are there.
        name = f"new_{secrets.token_hex(6)}" if self._drops else address.table
        table = sa.Table(
            name,
            sa.MetaData(),
            *(
                sa.Column(name, column_type(kind, self._dialect))
                for name, kind in self._types.items()
            ),
            schema=address.schema,
        )
        for column in table.columns:
            if self._dialect == "postgresql" and isinstance(column.type, sa.Enum):
                column.type.create(self._connection, checkfirst=True)
        self._connection.execute(CreateTable(table))
        return table

    def _existing(self, frame: pd.DataFrame) -> Any:
        import sqlalchemy as sa

        table = reflected(self._address, self._connection)
        for name in map(str, frame.columns):
            if name not in table.columns:
                raise ValueError(
                    f"{self._address.shown}: table {self._address.name!r} has no column {name!r}, "
                    "which the rows have; its columns are "
                    f"{[column.name for column in table.columns]}"
                )
        for name in self._types:
            # The types of the existing table, not those that the rows were read with.
            self._types[name] = (
                described(table.columns[name].type, self._dialect) or self._types[name]
            )
        columns = (
            sa.Column(name, column_type(kind, self._dialect)) for name, kind in self._types.items()
        )
        return sa.Table(self._address.table, sa.MetaData(), *columns, schema=self._address.schema)

    def close(self) -> None:
        """Let others see what was written."""
        try:
            guarded(self._address, self._end)
        except BaseException:
            self.abandon()
            raise
        self._connection.close()

    def _end(self) -> None:
        if self._drops and self._table is not None:
            old = reflected(self._address, self._connection)
            for statement in replacing(old, self._table):
                self._connection.execute(statement)
        self._transaction.commit()

    def abandon(self) -> None:
        """Take back what was written."""
        with suppress(Exception):
            self._connection.rollback()
            if self._table is not None and self._dialect not in _TRANSACTIONAL:
                self._drop_new()
        with suppress(Exception):
            self._connection.close()
        if self._new_file is not None:
            with suppress(OSError):
                os.unlink(self._new_file)

    def _drop_new(self) -> None:
        from sqlalchemy.schema import DropTable

        if not self._appends:
            self._connection.execute(DropTable(self._table))
            self._connection.commit()


def refuse_existing(address: Address, exists: bool, if_exists: str) -> None:
    """Raise a ValueError if a table exists and may be neither appended to nor replaced."""
    if exists and if_exists == "fail":
        raise ValueError(
            f"{address.shown} has a table {address.name!r} already; say if_exists='replace' or "
            "if_exists='append', or give another name"
        )


def replacing(old: Any, new: Any) -> list[Any]:
    """Return the statements that put a new table in an old one's place."""
    from sqlalchemy.ext.compiler import compiles
    from sqlalchemy.schema import DropTable, ExecutableDDLElement

    class Rename(ExecutableDDLElement):
        pass

    @compiles(Rename)
    def rename(element: Any, compiler: Any, **_: Any) -> str:
        quoted = compiler.preparer.format_table(new)
        return f"ALTER TABLE {quoted} RENAME TO {compiler.preparer.quote(old.name)}"

    return [DropTable(old), Rename()]


def _from_lists(insert: Any, types: dict[str, SqlType]) -> Any:
    import sqlalchemy as sa
    from sqlalchemy.dialects.postgresql import ARRAY

    # Without their lengths: a cast would cut off in silence what the column then refuses.
    lists = [
        sa.func.unnest(
            sa.bindparam(name, type_=ARRAY(column_type(without_length(kind), "postgresql")))
        ).label(name)
        for name, kind in types.items()
    ]
    return insert.from_select(list(types), sa.select(*lists))


def arrow_of(frame: pd.DataFrame, address: Address) -> pa.Table:
    """Return a frame as an Arrow table, in which each column has one type.

    Raises
    ------
    ValueError
        If a column has several, or two columns have one name.
    """
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    if not frame.columns.is_unique:
        twin = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"{address.shown}: two columns are called {twin!r}; rename or drop one")
    arrays = {}
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        if isinstance(column.dtype, pd.PeriodDtype | pd.IntervalDtype):
            column = column.astype(object).map(str, na_action="ignore")
        try:
            arrays[name] = pa.array(column, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{address.shown}: column {name!r} does not fit into a database ({reason}); give "
                "it one type"
            ) from error
    return pa.table(arrays)
