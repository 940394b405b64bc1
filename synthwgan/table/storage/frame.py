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
    # From the last: a numbering of the rows is in the index but may be no column.
    for place, name in zip(reversed(range(frame.shape[1])), reversed(names), strict=False):
        # Such a numbering, even with a name, is a dict that says from where to where.
        if isinstance(name, str) and pa.types.is_integer(fields.field(name).type):
            # Beside missing cells, pandas makes floats of whole numbers, which rounds them.
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
