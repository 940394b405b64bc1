"""A table in parts that can be read again and again, for those who cannot hold all of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset

from synthwgan.io.parquet import open_parts
from synthwgan.io.places import is_database, parts_of
from synthwgan.io.tables import check_readable, read_table

BATCH_ROWS = 2**16
# Of a database, more are not held.
MEMORY_ROWS = 2**20


@dataclass(frozen=True)
class Batches:
    """The rows of a table as Arrow batches; each iteration reads them anew, in the same order.

    Parameters
    ----------
    schema : pyarrow.Schema
        Columns and types, the same in each batch.
    n_rows : int or None
        How many rows there are, where that is known without reading them.
    sql_types : mapping of str to list
        Types of the columns of a database, as ``attrs["sql_types"]`` of `read_table`.
    """

    schema: pa.Schema
    n_rows: int | None
    _read: Callable[[], Iterator[pa.RecordBatch]] = field(repr=False)
    sql_types: Mapping[str, list] = field(default_factory=dict, repr=False)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield batches that have rows."""
        for batch in self._read():
            if batch.num_rows:
                yield batch


def batches(
    source: str | os.PathLike[str], *, batch_rows: int = BATCH_ROWS, **options: Any
) -> Batches:
    """Return a table in batches that can be read more than once.

    A database, a file or a folder of Parquet are read in constant memory. Other files are read
    once and held, as `read_table` reads them: what a column of text is, only all of its cells tell.

    Parameters
    ----------
    source : path or URL
        What `read_table` takes.
    batch_rows : int, default 65536
        Rows of a batch at most.
    **options
        Those of `read_table`: ``table`` or ``query`` of a database, ``sep`` and so on.

    Returns
    -------
    Batches
        Iterate over it as often as you like: it yields a ``pyarrow.RecordBatch`` at a time, all of
        the same ``schema``, in the same order of rows each time as long as nobody writes to the
        source. `frame_of_arrow` makes of ``pyarrow.Table.from_batches([batch])`` the frame that
        `read_table` makes of such rows.

    Raises
    ------
    ValueError, OSError, ImportError
        As `read_table`.

    Examples
    --------
    >>> import pandas as pd, tempfile, pathlib
    >>> from synthwgan.io import batches, write_table
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.parquet"
    >>> write_table(pd.DataFrame({"age": range(5)}), path)
    >>> found = batches(path, batch_rows=2)
    >>> [batch.num_rows for batch in found], [batch.num_rows for batch in found]
    ([2, 2, 1], [2, 2, 1])
    >>> found.n_rows, found.schema.names
    (5, ['age'])
    """
    if is_database(source):
        return _of_database(str(source), batch_rows, **options)
    dataset = parquet_of(source)
    if dataset is None:
        return _of_table(pa.Table.from_pandas(read_table(source, **options)), batch_rows)
    return _of_dataset(dataset, batch_rows)


def parquet_of(place: str | os.PathLike[str]) -> pyarrow.dataset.Dataset | None:
    """Return a file, a folder or a pattern of Parquet as a dataset, None for any other place."""
    if is_database(place):
        return None
    name, parts = os.fspath(place), parts_of(place)
    if parts is None and name.lower().endswith(".parquet"):
        check_readable(Path(name))
        parts = [Path(name)], Path(name).parent
    return None if parts is None else open_parts(*parts, name)


def _of_table(table: pa.Table, batch_rows: int) -> Batches:
    return Batches(
        table.schema, len(table), lambda: iter(table.to_batches(max_chunksize=batch_rows))
    )


def _of_dataset(dataset: Any, batch_rows: int) -> Batches:
    def read() -> Iterator[pa.RecordBatch]:
        # One file after another, and little ahead: the order is kept, and memory too.
        for part in dataset.get_fragments():
            yield from part.to_batches(
                schema=dataset.schema, batch_size=batch_rows, batch_readahead=2
            )

    return Batches(dataset.schema, dataset.count_rows(), read)


def _of_database(
    place: str, batch_rows: int, table: str | None = None, query: str | None = None, **_: Any
) -> Batches:
    from synthwgan.io.sql.database import stream_of
    from synthwgan.io.sql.read import fitting

    stream = stream_of(place, table, query, batch_rows)
    schema = stream.schema()
    return Batches(schema, None, lambda: fitting(stream, schema), stream.columns.known)


def read_or_batches(place: str, **options: Any) -> pd.DataFrame | Batches:
    """Return what a database has: in memory if that is a million rows, in batches if it is more.

    Parameters
    ----------
    place : str
        The database's URL.
    **options
        ``table`` or ``query``, see `read_table`.
    """
    from synthwgan.io.sql.database import read_up_to

    options = {"table": None, "query": None, **options}
    frame = read_up_to(MEMORY_ROWS, place, **options)
    return batches(place, **options) if frame is None else frame
