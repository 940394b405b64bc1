"""What must hold for every dtype: exact round trips, states saved, draws in range and on grid."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.columns.base import ColumnTransformer


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


def test_rows_come_back_exactly(flavour: pd.Series) -> None:
    table = _table(flavour)
    before = table.copy(deep=True)
    transformer = TableTransformer(random_state=0).fit(table)
    features = transformer.transform(table)
    assert np.isfinite(features).all()
    assert len(transformer.get_feature_names_out()) == features.shape[1]
    assert_frame_equal(transformer.inverse_transform(features), table, check_exact=True)
    decoded = transformer.decode(transformer.encode(table))
    assert_frame_equal(decoded, table, check_exact=True)
    assert [type(cell) for cell in decoded["column"]] == [type(cell) for cell in flavour]
    assert_frame_equal(table, before)
    assert "column" in str(transformer.schema_)
    assert transformer.schema_.to_frame().shape == (2, 11)


@pytest.mark.parametrize("max_discrete", [1, 40])
def test_drawn_rows_are_of_the_kind(flavour: pd.Series, max_discrete: int) -> None:
    table = _table(flavour)
    transformer = TableTransformer(random_state=0, max_discrete=max_discrete).fit(table)
    assert_frame_equal(transformer.decode(transformer.encode(table)), table, check_exact=True)
    rows = _random_rows(transformer)
    expected = transformer.decode(rows)
    _check_cells(expected["column"], flavour, transformer)
    assert_frame_equal(_reloaded(transformer).decode(rows), expected, check_exact=True)
    as_lists = json.loads(json.dumps(transformer.to_dict(), allow_nan=False))
    from_lists = TableTransformer.from_dict(as_lists)
    assert_frame_equal(from_lists.decode(rows), expected, check_exact=True)
    assert np.array_equal(from_lists.transform(table), transformer.transform(table))


def _check_cells(drawn: pd.Series, flavour: pd.Series, transformer: TableTransformer) -> None:
    """The dtype, missing cells where there are any, and nothing out of range."""
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
    form = getattr(column, "form", None)
    return cells if form is None else form.parse(np.array(cells, object))[0].tolist()


def test_one_cell_over_and_over(flavour: pd.Series) -> None:
    """A column of one value, and one that is all missing, have nothing to learn."""
    for of_one in (flavour[flavour.notna()], flavour[flavour.isna()]):
        if of_one.empty:
            continue
        table = _table(of_one.iloc[[0] * 50].reset_index(drop=True))
        transformer = TableTransformer(random_state=0).fit(table)
        layout = transformer.layout_
        assert layout.column_blocks[0] == layout.column_values[0] == -1
        assert_frame_equal(transformer.decode(transformer.encode(table)), table)
        assert_frame_equal(transformer.inverse_transform(transformer.transform(table)), table)


def test_texts_of_numpy_come_back_as_text():
    cells = pd.Series([np.str_("a"), np.str_("b"), None] * 10, dtype=object)
    table = pd.DataFrame({"x": cells})
    transformer = TableTransformer().fit(table)
    decoded = transformer.decode(transformer.encode(table))["x"]
    assert decoded.equals(cells)
    assert {type(cell) for cell in decoded} == {str, type(None)}


@pytest.mark.parametrize("kinds", [None, {"old": "categorical"}])
def test_moments_of_the_first_year_in_a_time_zone(kinds: dict[str, str] | None) -> None:
    """To iterate over them ends the process, so they are compared as numbers."""
    days = np.array(["0001-01-01", "1500-06-01", "2020-01-01"] * 20, dtype="M8[s]")
    old = pd.Series(days).dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    table = pd.DataFrame({"old": old, "label": old.astype("category"), "x": np.arange(60) % 7})
    transformer = _reloaded(TableTransformer(random_state=0, column_kinds=kinds).fit(table))
    back = transformer.decode(transformer.encode(table))
    assert back["old"].dtype == old.dtype
    assert pd.DatetimeIndex(back["old"]).asi8.tolist() == pd.DatetimeIndex(old).asi8.tolist()
    assert back["label"].cat.codes.tolist() == table["label"].cat.codes.tolist()
    assert "0001-01-01" in " ".join(map(str, transformer.get_feature_names_out()))
    if kinds is None:
        assert "0001-01-01" in str(transformer.schema_)
