"""From Arrow's tables to pandas and back, so that neither an index nor a digit is lost."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa

from synthwgan.io.base import PROVENANCE

_DECIMAL_DIGITS = 38


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


class ArrowRows:
    """Frames as Arrow tables of one schema: that of the first frame, which others must fit.

    Parameters
    ----------
    shown : str
        What messages call the place that they go to.
    what : str
        What the format is called.
    """

    def __init__(self, shown: str, what: str) -> None:
        self._shown, self._what = shown, what
        self.schema: pa.Schema | None = None

    def table(self, frame: pd.DataFrame) -> pa.Table:
        """Return the rows of a frame; a column that does not fit is a ValueError."""
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        try:
            table = _with_provenance(pa.Table.from_pandas(frame, preserve_index=False), frame)
            if self.schema is None:
                self.schema = _lasting(table.schema)
            return table.cast(self.schema)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{self._shown}: a column does not fit into {self._what} ({reason}); write .csv "
                "instead, or give the column one type."
            ) from error


def _with_provenance(table: pa.Table, frame: pd.DataFrame) -> pa.Table:
    """Keep what a frame says of where its rows come from, for pandas and for other readers."""
    if PROVENANCE not in frame.attrs:
        return table
    told = {PROVENANCE: frame.attrs[PROVENANCE]}
    added = {PROVENANCE: json.dumps(told[PROVENANCE]), "PANDAS_ATTRS": json.dumps(told)}
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **added})


def _lasting(schema: pa.Schema) -> Any:
    """Widen the first chunk's types that later chunks may outgrow."""
    for index, field in enumerate(schema):
        if pa.types.is_null(field.type):
            schema = schema.set(index, field.with_type(pa.string()))
        elif pa.types.is_decimal128(field.type):
            widest = pa.decimal128(_DECIMAL_DIGITS, field.type.scale)
            schema = schema.set(index, field.with_type(widest))
    return schema
