"""Reading Parquet files so that neither an index nor a digit of a whole number is lost."""

from __future__ import annotations

from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def parse_parquet(file: BinaryIO) -> pd.DataFrame:
    """Make a table of an open Parquet file; an index may get the name of a column.

    Parameters
    ----------
    file : binary file
        The file, opened: of a path, pyarrow would read folders such as ``year=2020`` as columns.

    Raises
    ------
    ValueError, OSError
        If it is not of Parquet.
    """
    frame = _with_index(pd.read_parquet(file, engine="pyarrow"))
    stored = pq.ParquetFile(file)
    fields = stored.schema_arrow
    index = (fields.pandas_metadata or {}).get("index_columns", [])
    names = [*index, *(name for name in fields.names if name not in index)]
    # From the last: a numbering of the rows is in the index but may be no column.
    for place, name in zip(reversed(range(frame.shape[1])), reversed(names), strict=False):
        # Such a numbering, even with a name, is a dict that says from where to where.
        if isinstance(name, str) and pa.types.is_integer(fields.field(name).type):
            # Beside missing cells, pandas makes floats of whole numbers, which rounds them.
            if frame.dtypes.iloc[place].kind == "f":
                frame.isetitem(place, _nullable(stored.read([name]).column(name)))
    return frame


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Make columns of the index, unless it is pandas' own numbering of the rows."""
    is_numbering = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return frame if is_numbering else frame.reset_index(allow_duplicates=True)


def _nullable(column: pa.ChunkedArray) -> pd.Series:
    numbers = column.fill_null(0).to_numpy()
    return pd.Series(pd.arrays.IntegerArray(numbers, column.is_null().to_numpy()))
