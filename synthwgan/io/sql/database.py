"""A database as a place of tables, whichever package talks to it."""

from __future__ import annotations

import math
from contextlib import closing
from typing import Any

import pandas as pd
import pyarrow as pa

from synthwgan.io.sql.address import Address, address_of
from synthwgan.io.sql.duck import DuckSink, DuckStream
from synthwgan.io.sql.read import RowStream, unified
from synthwgan.io.sql.types import SQL_TYPES
from synthwgan.io.sql.write import SqlSink, check_if_exists
from synthwgan.parameters import required
from synthwgan.table.storage.frame import frame_of_arrow

_BATCH_ROWS = 10_000


def stream_of(place: str, table: str | None, query: str | None, batch_rows: int) -> Any:
    """Return the rows of a table or a query, which can be read again and again.

    Parameters
    ----------
    place : str
        The database's URL.
    table, query : str or None
        Which rows; see `address_of`.
    batch_rows : int
        Rows of a batch at most.
    """
    address = address_of(place, table, query)
    return (DuckStream if address.is_duckdb else RowStream)(address, batch_rows)


def read_database(place: str, table: str | None, query: str | None) -> pd.DataFrame:
    """Read a table, or what a query selects; ``attrs`` remember the types of its columns.

    Parameters
    ----------
    place : str
        The database's URL.
    table, query : str or None
        Which rows; see `address_of`.

    Raises
    ------
    ConnectionError, ValueError, ImportError, FileNotFoundError
        If the database, or what is to be read, cannot be.
    """
    return required(read_up_to(math.inf, place, table, query))


def read_up_to(
    most_rows: float, place: str, table: str | None, query: str | None
) -> pd.DataFrame | None:
    """Do `read_database`, or return None if there are more than so many rows."""
    stream = stream_of(place, table, query, _BATCH_ROWS)
    found, n_rows = [], 0
    with closing(iter(stream)) as batches:
        for batch in batches:
            n_rows += batch.num_rows
            if n_rows > most_rows:
                return None
            found.append(batch)
    frame = frame_of_rows(unified(found))
    frame.attrs[SQL_TYPES] = stream.columns.known
    return frame


def frame_of_rows(data: pa.Table) -> pd.DataFrame:
    """Make a frame of rows of a database."""
    frame = frame_of_arrow(data)
    for index, each in enumerate(data.schema):
        if pa.types.is_time(each.type):
            # Python's times of day are objects without arithmetic.
            frame.isetitem(index, pd.Series(pd.arrays.ArrowExtensionArray(data.column(index))))
    return frame


def sink_of(place: str, table: str | None, if_exists: str) -> Any:
    """Return what writes frames to a table of a database in one transaction.

    Parameters
    ----------
    place : str
        The database's URL.
    table : str or None
        The table; see `address_of`.
    if_exists : {"fail", "append", "replace"}
        What to do with a table of that name.
    """
    address = target_of(place, table, if_exists)
    return (DuckSink if address.is_duckdb else SqlSink)(address, if_exists)


def check_target(place: str, table: str | None, if_exists: str) -> None:
    """Refuse a table that could not be written, before any work is spent on its rows.

    Raises
    ------
    ConnectionError, ValueError, ImportError
        As `sink_of`.
    """
    sink_of(place, table, if_exists).abandon()


def target_of(place: str, table: str | None, if_exists: str) -> Address:
    """Return where rows go; see `sink_of`."""
    check_if_exists(if_exists)
    return address_of(place, table, may_query=False)
