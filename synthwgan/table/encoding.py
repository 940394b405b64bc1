"""The columns of a table together: their layout, and one array for all and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer, PartTransformer
from synthwgan.table.columns.stream import IdentifierStream
from synthwgan.table.door import naming_column, warn_of_unseen
from synthwgan.table.given import GivenRows
from synthwgan.table.layout import EncodedTable, Layout, PartialRows
from synthwgan.table.storage.dtypes import Cells
from synthwgan.table.storage.physical import read_distinct

# Codes and values of a part of a column.
Encoded = tuple[np.ndarray | None, np.ndarray | None]
# Those of the part at a place, for decoding.
Parts = Callable[[int], Encoded]
NamedColumns = Sequence[tuple[Any, ColumnTransformer]]
# Where a column draws from to be encoded, see `draws_of`.
Draws = Sequence[np.random.Generator]


def parts_of(columns: Iterable[ColumnTransformer]) -> list[PartTransformer]:
    """Return the parts of all columns, in order: what the layout knows as its columns."""
    return [part for column in columns for part in column.parts]


def part_places(columns: Iterable[ColumnTransformer]) -> list[range]:
    """Return for each column the places of its parts among those of all."""
    ends = np.cumsum([0, *(len(column.parts) for column in columns)]).tolist()
    return [range(start, end) for start, end in pairwise(ends)]


def layout_of(columns: list[PartTransformer]) -> Layout:
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
    draws: Sequence[Draws],
    on_unknown: str,
) -> EncodedTable:
    """Return a frame with the fitted columns in order as compact arrays."""
    codes = np.zeros((len(frame), layout.n_blocks), dtype=layout.code_dtype)
    values = np.zeros((len(frame), layout.n_values), dtype=np.float32)
    places = part_places(column for _, column in columns)
    for position, (name, column) in enumerate(columns):
        with naming_column(name):
            encoded = _encode_known(column, frame.iloc[:, position], draws[position], on_unknown)
        for place, (own_codes, own_values) in zip(places[position], encoded, strict=True):
            if own_codes is not None:
                codes[:, layout.column_blocks[place]] = own_codes
            if own_values is not None:
                values[:, layout.column_values[place]] = own_values
    return EncodedTable(codes, values)


def seeds_of(columns: NamedColumns, rng: np.random.Generator) -> list[list[int]]:
    """Return the seeds of all columns: one for its cells, and one for each of its parts."""
    sizes = [1 + len(column.parts) for _, column in columns]
    seeds = iter(rng.integers(2**63, size=sum(sizes)).tolist())
    return [[next(seeds) for _ in range(size)] for size in sizes]


def draws_of(seeds: list[list[int]], first: int = 0) -> list[Draws]:
    """Return the generators of all columns for the rows from the first of some on.

    Each row has one draw of each, so what is drawn for a cell depends on the number of its row
    only: rows that are encoded in batches, anywhere, are encoded as they are all at once.
    """
    return [[_from_row(seed, first) for seed in own] for own in seeds]


def _from_row(seed: int, first: int) -> np.random.Generator:
    source = np.random.PCG64(seed)
    source.advance(first)
    return np.random.Generator(source)


def encode_given(
    columns: NamedColumns, layout: Layout, rows: GivenRows, rng: np.random.Generator
) -> PartialRows:
    """Return rows of given cells as compact arrays, 0 where nothing is given.

    Raises
    ------
    ValueError
        If a given cell has no state.
    """
    codes = np.zeros((len(rows), layout.n_blocks), dtype=layout.code_dtype)
    values = np.zeros((len(rows), layout.n_values), dtype=np.float32)
    places = part_places(column for _, column in columns)
    are_given = np.repeat(rows.given, [len(own) for own in places], axis=1)
    for position, cells in rows.cells.items():
        name, column = columns[position]
        given = rows.given[:, position]
        with naming_column(name):
            encoded = _encode_given(column, cells.take(given), [rng] * (1 + len(column.parts)))
        are_given[given, places[position].start : places[position].stop] = np.stack(
            column.tells(cells.take(given)), axis=1
        )
        for place, (own_codes, own_values) in zip(places[position], encoded, strict=True):
            if own_codes is not None:
                codes[given, layout.column_blocks[place]] = own_codes
            if own_values is not None:
                values[given, layout.column_values[place]] = own_values
    return PartialRows(EncodedTable(codes, values), are_given)


def _encode_given(column: ColumnTransformer, cells: Cells, draws: Draws) -> list[Encoded]:
    encoded, unknown = _encode_parts(column, cells, draws)
    if unknown.any():
        cell = column.physical.labels(cells.values[unknown][:1])[0]
        raise ValueError(f"{cell!r} did not occur when fitted, so nothing can be drawn for it")
    return encoded


def _encode_known(
    column: ColumnTransformer, series: pd.Series, draws: Draws, on_unknown: str
) -> list[Encoded]:
    """Return the codes and values of a column's parts; without a state it is an error or 0."""
    encoded, unknown = _encode_series(column, series, draws)
    if not unknown.any():
        return encoded
    if on_unknown == "error":
        cell = series.iloc[int(np.argmax(unknown))]
        raise ValueError(
            f"{cell!r} did not occur when fitted: correct it, or pass on_unknown='ignore'"
        )
    return [(None if codes is None else np.maximum(codes, 0), values) for codes, values in encoded]


def _encode_seen(column: ColumnTransformer, name: Any, series: pd.Series) -> list[Encoded]:
    """Return the codes and values of a column's parts; an unseen category is a missing cell."""
    cells = column.read(series)
    encoded, unknown = _encode_parts(column, cells, None)
    unseen = unknown & ~cells.missing
    if not unseen.any() or not column.unseen_are_missing:
        return encoded
    warn_of_unseen(name, series[unseen], "taken for missing ones")
    cells = cells.replace(unseen, column.missing_cells(len(series)))
    return _encode_parts(column, cells, None)[0]


def _encode_series(
    column: ColumnTransformer, series: pd.Series, draws: Draws
) -> tuple[list[Encoded], np.ndarray]:
    """Do what `_encode_parts` does, of text without values each distinct cell once."""
    is_simple = len(column.parts) == 1 and not column.has_value
    found = read_distinct(column.physical, series) if is_simple else None
    if found is None:
        return _encode_parts(column, column.read(series), draws)
    cells, places = found
    [(codes, _)], unknown = _encode_parts(column, cells, draws)
    return [(None if codes is None else codes[places], None)], unknown[places]


def _encode_parts(
    column: ColumnTransformer, cells: Cells, draws: Draws | None
) -> tuple[list[Encoded], np.ndarray]:
    """Return the codes and values of a column's parts, and where a cell has no state."""
    encoded, unknown = [], np.zeros(len(cells.missing), dtype=bool)
    of_cells, *of_parts = [None] * (1 + len(column.parts)) if draws is None else draws
    for part, own, rng in zip(column.parts, column.split(cells, of_cells), of_parts, strict=True):
        codes, values = part.encode_cells(own, rng)
        encoded.append((codes, values))
        if codes is not None:
            unknown |= codes < 0
        elif values is not None:
            unknown |= own.missing
    return encoded, unknown


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
    if rows is not None:
        identifiers.give(rows)
    places = part_places(column for _, column in columns)
    for position, (name, column) in enumerate(columns):
        with naming_column(name):
            source = identifiers.sources[position]
            cells = column.join(
                [
                    part.decode_cells(n_rows, *parts(place), rng, source)
                    for place, part in zip(places[position], column.parts, strict=True)
                ]
            )
            if rows is not None and position in rows.cells:
                cells = cells.replace(rows.given[:, position], rows.cells[position])
            decoded[position] = column.physical.write(cells)
    return pd.DataFrame(decoded, index=pd.RangeIndex(n_rows))


def feature_width(column: PartTransformer) -> int:
    """Return how many features a part of a column has."""
    return column.n_states + column.has_value if column.in_features else 0


def to_features(columns: NamedColumns, frame: pd.DataFrame) -> np.ndarray:
    """Return a frame as one matrix: per column one-hot states, then its value."""
    return _matrix(columns, frame, feature_width)


def to_slots(columns: NamedColumns, layout: Layout, frame: pd.DataFrame) -> np.ndarray:
    """Return a frame as rows of slots: also which identifiers are missing, which is no feature."""
    slots = np.zeros((len(frame), layout.n_slots))
    slots[:, layout.feature_slots] = _matrix(columns, frame, _slot_width)
    return slots


def _slot_width(part: PartTransformer) -> int:
    return part.n_states + part.has_value


def _matrix(
    columns: NamedColumns, frame: pd.DataFrame, width: Callable[[PartTransformer], int]
) -> np.ndarray:
    widths = [width(part) for part in parts_of(column for _, column in columns)]
    starts = np.cumsum([0, *widths])
    features = np.zeros((len(frame), starts[-1]))
    places = part_places(column for _, column in columns)
    for position, (name, column) in enumerate(columns):
        if not any(widths[place] for place in places[position]):
            continue
        with naming_column(name):
            encoded = _encode_seen(column, name, frame.iloc[:, position])
        for place, (codes, values) in zip(places[position], encoded, strict=True):
            if codes is not None:
                known = np.flatnonzero(codes >= 0)
                features[known, starts[place] + codes[known]] = 1.0
            if values is not None:
                features[:, starts[place + 1] - 1] = values
    return features


def feature_parts(
    features: np.ndarray, columns: Sequence[PartTransformer], rng: np.random.Generator
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
