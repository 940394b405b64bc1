"""Arrow's tables as frames of pandas, so that neither an index nor a digit is lost."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa


def frame_of_arrow(table: pa.Table) -> pd.DataFrame:
    """Make a frame of an Arrow table; an index of pandas gets the name of a column.

    Parameters
    ----------
    table : pyarrow.Table
        Whole numbers with missing cells become nullable (``Int64``): floats would round them.
    """
    frame = _with_index(table.to_pandas())
    fields = table.schema
    attrs = json.loads((fields.metadata or {}).get(b"PANDAS_ATTRS", b"{}"))
    if attrs and not frame.attrs:
        frame.attrs = attrs
    index = (fields.pandas_metadata or {}).get("index_columns", [])
    names = [*index, *(name for name in fields.names if name not in index)]
    # From the last column on: a RangeIndex is listed among the names, but has no column.
    for place, name in zip(reversed(range(frame.shape[1])), reversed(names), strict=False):
        # (Its entry in the list is a dict with start and stop, and no text.)
        if isinstance(name, str) and pa.types.is_integer(fields.field(name).type):
            # If cells are missing, pandas turns whole numbers into floats, which rounds them.
            if frame.dtypes.iloc[place].kind == "f":
                frame.isetitem(place, _nullable(table.column(name)))
    return frame


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    """Make columns of the index, unless it is pandas' own numbering of the rows."""
    is_numbering = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    return frame if is_numbering else frame.reset_index(allow_duplicates=True)


def _nullable(column: pa.ChunkedArray) -> pd.Series:
    numbers = column.fill_null(0).to_numpy()
    return pd.Series(pd.arrays.IntegerArray(numbers, column.is_null().to_numpy()))
