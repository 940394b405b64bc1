"""Frames of pandas as Arrow's tables of one schema."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa

from synthwgan.io.base import PROVENANCE

_DECIMAL_DIGITS = 38


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
        # By the place of a column of categories: no cells, with all labels so far.
        self._labels: dict[int, pa.DictionaryArray] = {}

    def table(self, frame: pd.DataFrame) -> pa.Table:
        """Return the rows of a frame; a column that does not fit is a ValueError."""
        frame = _with_plain_categories(
            frame.set_axis([str(name) for name in frame.columns], axis=1)
        )
        try:
            table = _with_provenance(pa.Table.from_pandas(frame, preserve_index=False), frame)
            if self.schema is None:
                self.schema = _lasting(table.schema, frame)
            return self._with_all_labels(table.cast(self.schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{self._shown}: a column does not fit into {self._what} ({reason}); write .csv "
                "instead, or give the column one type."
            ) from error

    def _with_all_labels(self, table: pa.Table) -> pa.Table:
        """Let each frame have the categories of those before it, and its own behind them.

        Frames of polars and Arrow have only those that occur in them.
        """
        for place, field in enumerate(table.schema):
            if pa.types.is_dictionary(field.type) and not field.type.ordered:
                before = [self._labels[place]] if place in self._labels else []
                column = pa.chunked_array([*before, *table.column(place).chunks], field.type)
                column = column.unify_dictionaries()
                if column.num_chunks:
                    self._labels[place] = column.chunk(0).slice(0, 0)
                table = table.set_column(place, field, column)
        return table


def _with_plain_categories(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn categories that come back from no file of Arrow into text, or into plain values.

    Those are intervals, periods, and dictionaries of Arrow, whose dtype pandas does not know.
    """
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.ArrowDtype) and pa.types.is_dictionary(dtype.pyarrow_dtype):
            plain = frame[name].astype(pd.ArrowDtype(dtype.pyarrow_dtype.value_type))
            frame = frame.assign(**{str(name): plain})
        kinds = pd.IntervalDtype | pd.PeriodDtype
        if isinstance(dtype, pd.CategoricalDtype) and isinstance(dtype.categories.dtype, kinds):
            texts = frame[name].cat.rename_categories(dtype.categories.astype(str))
            frame = frame.assign(**{str(name): texts})
    return frame


def _with_provenance(table: pa.Table, frame: pd.DataFrame) -> pa.Table:
    """Keep what a frame says of where its rows come from, for pandas and for other readers."""
    if PROVENANCE not in frame.attrs:
        return table
    told = {PROVENANCE: frame.attrs[PROVENANCE]}
    added = {PROVENANCE: json.dumps(told[PROVENANCE]), "PANDAS_ATTRS": json.dumps(told)}
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **added})


def _lasting(schema: pa.Schema, frame: pd.DataFrame) -> Any:
    """Widen the first chunk's types that later chunks may outgrow, but not those of a dtype."""
    for index, (field, dtype) in enumerate(zip(schema, frame.dtypes, strict=True)):
        if pa.types.is_null(field.type):
            schema = schema.set(index, field.with_type(pa.string()))
        elif pa.types.is_decimal128(field.type) and not isinstance(dtype, pd.ArrowDtype):
            widest = pa.decimal128(_DECIMAL_DIGITS, field.type.scale)
            schema = schema.set(index, field.with_type(widest))
        elif pa.types.is_dictionary(field.type) and not field.type.ordered:
            labels = field.type.value_type
            labels = pa.string() if pa.types.is_null(labels) else labels
            schema = schema.set(index, field.with_type(pa.dictionary(pa.int32(), labels)))
    return schema
