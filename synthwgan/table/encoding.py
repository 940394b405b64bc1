"""The columns of a table together: their layout, and one array for all and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.column import ColumnTransformer
from synthwgan.table.door import naming_column
from synthwgan.table.dtypes import Cells
from synthwgan.table.given import GivenRows
from synthwgan.table.identifier import IdentifierStream
from synthwgan.table.layout import EncodedTable, Layout, PartialRows

# The codes and values of the column at a place, for decoding.
Parts = Callable[[int], tuple[np.ndarray | None, np.ndarray | None]]
NamedColumns = Sequence[tuple[Any, ColumnTransformer]]


def layout_of(columns: list[ColumnTransformer]) -> Layout:
    """Order the blocks by size and name each column's block and value."""
    with_block = [place for place, column in enumerate(columns) if column.n_states]
    with_block.sort(key=lambda place: -columns[place].n_states)
    with_value = [place for place, column in enumerate(columns) if column.has_value]
    block_of = {place: block for block, place in enumerate(with_block)}
    value_of = {place: value for value, place in enumerate(with_value)}
    return Layout(
        block_sizes=tuple(columns[place].n_states for place in with_block),
        value_gates=tuple(block_of.get(place, -1) for place in with_value),
        column_blocks=tuple(block_of.get(place, -1) for place in range(len(columns))),
        column_values=tuple(value_of.get(place, -1) for place in range(len(columns))),
    )


def encode_table(
    columns: NamedColumns,
    layout: Layout,
    frame: pd.DataFrame,
    rng: np.random.Generator,
    on_unknown: str,
) -> EncodedTable:
    """Return a frame with the fitted columns in order as compact arrays."""
    codes = np.zeros((len(frame), layout.n_blocks), dtype=_code_dtype(layout))
    values = np.zeros((len(frame), layout.n_values), dtype=np.float32)
    for place, (name, column) in enumerate(columns):
        with naming_column(name):
            series = frame.iloc[:, place]
            own_codes, own_values = _encode_known(column, series, rng, on_unknown)
        if own_codes is not None:
            codes[:, layout.column_blocks[place]] = own_codes
        if own_values is not None:
            values[:, layout.column_values[place]] = own_values
    return EncodedTable(codes, values)


def encode_given(
    columns: NamedColumns, layout: Layout, rows: GivenRows, rng: np.random.Generator
) -> PartialRows:
    """Return rows of given cells as compact arrays, 0 where nothing is given.

    Raises
    ------
    ValueError
        If a given cell has no state.
    """
    codes = np.zeros((len(rows), layout.n_blocks), dtype=_code_dtype(layout))
    values = np.zeros((len(rows), layout.n_values), dtype=np.float32)
    for place, cells in rows.cells.items():
        name, column = columns[place]
        given = rows.given[:, place]
        with naming_column(name):
            own_codes, own_values = _encode_given(column, cells.take(given), rng)
        if own_codes is not None:
            codes[given, layout.column_blocks[place]] = own_codes
        if own_values is not None:
            values[given, layout.column_values[place]] = own_values
    return PartialRows(EncodedTable(codes, values), rows.given)


def _encode_given(
    column: ColumnTransformer, cells: Cells, rng: np.random.Generator
) -> tuple[np.ndarray | None, np.ndarray | None]:
    codes, values = column.encode_cells(cells, rng)
    if codes is None and values is None:
        return None, None
    unknown = cells.missing if codes is None else codes < 0
    if unknown.any():
        cell = column.physical.labels(cells.values[unknown][:1])[0]
        raise ValueError(f"{cell!r} did not occur when fitted, so nothing can be drawn for it")
    return codes, values


def _encode_known(
    column: ColumnTransformer, series: pd.Series, rng: np.random.Generator, on_unknown: str
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return a column's codes and values; a cell without a state is an error or becomes 0."""
    cells = column.read(series)
    codes, values = column.encode_cells(cells, rng)
    if codes is None and values is None:
        return None, None
    unknown = cells.missing if codes is None else codes < 0
    if unknown.any():
        if on_unknown == "error":
            cell = series.iloc[int(np.argmax(unknown))]
            raise ValueError(
                f"{cell!r} did not occur when fitted: correct it, or pass on_unknown='ignore'"
            )
        codes = None if codes is None else np.maximum(codes, 0)
    return codes, values


def _code_dtype(layout: Layout) -> type[np.integer]:
    """Return the smallest integer type that holds every code."""
    largest = max(layout.block_sizes, default=0)
    if largest <= 2**8:
        return np.uint8
    return np.int16 if largest <= 2**15 else np.int32


def encoded_parts(encoded: EncodedTable, layout: Layout) -> Parts:
    """Return where `decode_table` finds each column's codes and values."""

    def parts(place: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        block, value = layout.column_blocks[place], layout.column_values[place]
        codes = None if block < 0 else encoded.codes[:, block]
        return codes, None if value < 0 else encoded.values[:, value]

    return parts


def decode_table(
    columns: NamedColumns,
    n_rows: int,
    parts: Parts,
    rng: np.random.Generator,
    identifiers: IdentifierStream,
    rows: GivenRows | None,
) -> pd.DataFrame:
    """Return the decoded columns as a frame, named by their places; given cells as they are."""
    decoded = {}
    given_cells = {} if rows is None else rows.cells
    for place, (name, column) in enumerate(columns):
        codes, values = parts(place)
        with naming_column(name):
            source = identifiers.sources[place]
            cells = column.decode_cells(n_rows, codes, values, rng, source)
            if place in given_cells:
                cells = cells.replace(rows.given[:, place], given_cells[place])
            decoded[place] = column.physical.write(cells)
    return pd.DataFrame(decoded, index=pd.RangeIndex(n_rows))


def feature_width(column: ColumnTransformer) -> int:
    """Return how many features a column has."""
    return column.n_states + column.has_value if column.in_features else 0


def to_features(columns: NamedColumns, frame: pd.DataFrame) -> np.ndarray:
    """Return a frame as one matrix: per column one-hot states, then its value."""
    return _matrix(columns, frame, [feature_width(column) for _, column in columns])


def to_slots(columns: NamedColumns, layout: Layout, frame: pd.DataFrame) -> np.ndarray:
    """Return a frame as rows of slots: also which identifiers are missing, which is no feature."""
    slots = np.zeros((len(frame), layout.n_slots))
    widths = [column.n_states + column.has_value for _, column in columns]
    slots[:, layout.feature_slots] = _matrix(columns, frame, widths)
    return slots


def _matrix(columns: NamedColumns, frame: pd.DataFrame, widths: list[int]) -> np.ndarray:
    features = np.zeros((len(frame), sum(widths)))
    start = 0
    for place, (name, column) in enumerate(columns):
        if not widths[place]:
            continue
        with naming_column(name):
            codes, values = column.encode(frame.iloc[:, place])
        if codes is not None:
            known = np.flatnonzero(codes >= 0)
            features[known, start + codes[known]] = 1.0
        start += widths[place]
        if values is not None:
            features[:, start - 1] = values
    return features


def feature_parts(
    features: np.ndarray, columns: Sequence[ColumnTransformer], rng: np.random.Generator
) -> Parts:
    """Return where `decode_table` finds each column's codes and values in a matrix."""
    starts = np.cumsum([0, *map(feature_width, columns)])

    def parts(place: int) -> tuple[np.ndarray | None, np.ndarray | None]:
        column = columns[place]
        if not column.in_features:
            return column.draw_codes(len(features), rng), None
        own = features[:, starts[place] : starts[place + 1]]
        codes = own[:, : column.n_states].argmax(axis=1) if column.n_states else None
        return codes, own[:, -1] if column.has_value else None

    return parts
