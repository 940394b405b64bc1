"""Tables of more rows than memory, on their way to training."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from synthwgan.io.batches import Batches, batches, parquet_of
from synthwgan.io.sql.database import frame_of_rows
from synthwgan.io.sql.types import SQL_TYPES
from synthwgan.table import TableTransformer, batched
from synthwgan.table.batched import BatchedTable, read_dataset
from synthwgan.table.cache import cached
from synthwgan.table.frames import TableForm
from synthwgan.table.layout import EncodedTable
from synthwgan.table.target import DEFAULT_NAME


def opened(X: Any, y: Any = None) -> tuple[Any, TableForm]:
    """Return a table in batches as such, any other as a frame in memory; and its form.

    Raises
    ------
    ValueError
        If a table in batches has a target apart.
    """
    if isinstance(X, os.PathLike | str):
        X = _of_place(X)
    if isinstance(X, Batches):
        X = _of_batches(X)
    table, form = batched.opened(X)
    if isinstance(table, BatchedTable) and y is not None:
        raise ValueError(
            "the target of a table in batches is one of its columns: leave y out, and put it "
            f"there, for instance as {DEFAULT_NAME!r}"
        )
    return table, form


def _of_place(place: str | os.PathLike[str]) -> BatchedTable | Batches:
    """Return the table of a folder, a pattern, a file or a database, to be read in batches."""
    dataset = parquet_of(place)
    if dataset is None:
        return batches(place)
    return BatchedTable(lambda names: read_dataset(dataset, names))


def _of_batches(found: Batches) -> BatchedTable:
    """Return batches as a table; those of a database as the frames that `read_table` makes."""
    if not found.sql_types:
        return BatchedTable(lambda names: iter(found))

    def read(names: Any) -> Iterator[pd.DataFrame]:
        for batch in found:
            yield frame_of_rows(pa.Table.from_batches([batch]))

    return BatchedTable(read, attrs={SQL_TYPES: found.sql_types})


def encoded_rows(
    transformer: TableTransformer,
    table: Any,
    cache_dir: str | os.PathLike[str] | None,
    *,
    random_state: int,
) -> EncodedTable:
    """Return a table as the networks learn it: in memory if it is, else on the disk."""
    if not isinstance(table, BatchedTable):
        return transformer.encode(table, random_state=random_state)
    parts = transformer.encode_batches(table, random_state=random_state)
    return cached(parts, transformer.layout_, cache_dir)
