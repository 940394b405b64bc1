"""What must hold for every dtype: exact round trips, states saved, draws in range and on grid."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.column import ColumnTransformer


def _table(column: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"column": column, "other": np.arange(len(column)) % 2 == 0})


def _reloaded(transformer: TableTransformer) -> TableTransformer:
    state, arrays = transformer.to_state()
    return TableTransformer.from_state(json.loads(json.dumps(state, allow_nan=False)), arrays)


def _random_rows(transformer: TableTransformer, n_rows: int = 500) -> EncodedTable:
    rng = np.random.default_rng(1)
    layout = transformer.layout_
    codes = rng.integers(0, layout.block_sizes or 1, size=(n_rows, layout.n_blocks))
    return EncodedTable(codes, rng.normal(size=(n_rows, layout.n_values)).astype(np.float32))


def test_transform_and_back_is_exact(flavour: pd.Series) -> None:
    table = _table(flavour)
    transformer = TableTransformer().fit(table)
    features = transformer.transform(table)
    assert np.isfinite(features).all()
    assert len(transformer.get_feature_names_out()) == features.shape[1]
    assert_frame_equal(transformer.inverse_transform(features), table, check_exact=True)


def test_encode_and_back_is_exact(flavour: pd.Series) -> None:
    table = _table(flavour)
    transformer = TableTransformer(random_state=0).fit(table)
    assert_frame_equal(transformer.decode(transformer.encode(table)), table, check_exact=True)


def test_continuous_encoding_and_back_is_exact(flavour: pd.Series) -> None:
    table = _table(flavour)
    transformer = TableTransformer(random_state=0, max_discrete=1).fit(table)
    assert_frame_equal(transformer.decode(transformer.encode(table)), table, check_exact=True)


def test_objects_come_back_with_their_type(flavour: pd.Series) -> None:
    table = _table(flavour)
    transformer = TableTransformer(random_state=0).fit(table)
    back = transformer.decode(transformer.encode(table))["column"]
    assert [type(cell) for cell in back] == [type(cell) for cell in flavour]


def test_saved_state_decodes_alike(flavour: pd.Series) -> None:
    table = _table(flavour)
    transformer = TableTransformer(random_state=0, max_discrete=20).fit(table)
    rows = _random_rows(transformer)
    expected = transformer.decode(rows)
    assert_frame_equal(_reloaded(transformer).decode(rows), expected, check_exact=True)
    as_lists = json.loads(json.dumps(transformer.to_dict(), allow_nan=False))
    from_lists = TableTransformer.from_dict(as_lists)
    assert_frame_equal(from_lists.decode(rows), expected, check_exact=True)
    assert np.array_equal(from_lists.transform(table), transformer.transform(table))


@pytest.mark.parametrize("max_discrete", [1, 40])
def test_random_rows_keep_dtype_and_range(flavour: pd.Series, max_discrete: int) -> None:
    table = _table(flavour)
    transformer = TableTransformer(random_state=0, max_discrete=max_discrete).fit(table)
    drawn = transformer.decode(_random_rows(transformer))["column"]
    assert drawn.dtype == flavour.dtype
    assert drawn.isna().any() == flavour.isna().any()
    schema = transformer.schema_[0]
    if schema.low is None:
        assert set(drawn.dropna()) <= set(flavour.dropna())
    else:
        ordered = _comparable(transformer.columns_[0], list(drawn.dropna()))
        low, high = _comparable(transformer.columns_[0], [schema.low, schema.high])
        assert min(ordered) >= low
        assert max(ordered) <= high


def _comparable(column: ColumnTransformer, cells: list) -> list:
    """Return cells as what can be compared: dates written as text as ticks."""
    text_format = getattr(column, "text_format", None)
    return cells if text_format is None else text_format.parse(np.array(cells, object)).tolist()


def test_all_cells_missing(flavour: pd.Series) -> None:
    if not flavour.isna().any():
        pytest.skip("the dtype holds no missing value")
    empty = flavour[flavour.isna()].iloc[[0] * 50].reset_index(drop=True)
    table = _table(empty)
    transformer = TableTransformer().fit(table)
    assert transformer.layout_.column_blocks[0] == transformer.layout_.column_values[0] == -1
    assert_frame_equal(transformer.decode(transformer.encode(table)), table)


def test_constant_column(flavour: pd.Series) -> None:
    cell = flavour[flavour.notna()].iloc[[0] * 50].reset_index(drop=True)
    table = _table(cell)
    transformer = TableTransformer().fit(table)
    assert transformer.layout_.column_blocks[0] == transformer.layout_.column_values[0] == -1
    assert_frame_equal(transformer.inverse_transform(transformer.transform(table)), table)


def test_frame_is_not_written_to(flavour: pd.Series) -> None:
    table = _table(flavour)
    before = table.copy(deep=True)
    transformer = TableTransformer(random_state=0).fit(table)
    transformer.transform(table)
    transformer.encode(table)
    assert_frame_equal(table, before)


def test_schema_is_readable(flavour: pd.Series) -> None:
    schema = TableTransformer().fit(_table(flavour)).schema_
    assert "column" in str(schema)
    assert schema.to_frame().shape == (2, 11)
