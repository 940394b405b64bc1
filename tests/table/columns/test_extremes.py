"""The outermost numbers are drawn anew: inside the column's range, on its grid, never the real."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table import EncodedTable, TableTransformer
from synthwgan.table.columns.extremes import without_extremes

N_ROWS = 2000
_RNG = np.random.default_rng(0)
_DAYS = pd.to_datetime("2010-01-01") + pd.to_timedelta(
    np.sort(_RNG.choice(4000, N_ROWS, replace=False)), unit="D"
)
COLUMNS = {
    "pay": np.r_[_RNG.lognormal(10, 0.6, N_ROWS - 1).round(2), 9.9e8],
    "float": _RNG.normal(size=N_ROWS),
    "float32": _RNG.normal(size=N_ROWS).astype("float32"),
    "age": np.r_[11, _RNG.integers(18, 90, N_ROWS - 2), 107],
    "small": np.r_[-100, _RNG.integers(-60, 100, N_ROWS - 2), 127].astype("int8"),
    "unsigned": _RNG.integers(0, 2**64 - 1, N_ROWS, dtype=np.uint64),
    "nullable": pd.array(_RNG.choice(10**6, N_ROWS, replace=False), dtype="Int32"),
    "day": _DAYS,
    "text": _DAYS.strftime("%d.%m.%Y"),
    "zoned": _DAYS.tz_localize("Europe/Berlin"),
    "duration": pd.to_timedelta(_RNG.choice(10**6, N_ROWS, replace=False), unit="s"),
}


def _drawn(transformer: TableTransformer, n_rows: int = 50_000) -> pd.Series:
    """Cells of the column as a perfect generator would draw them."""
    values = np.random.default_rng(1).normal(size=(n_rows, transformer.layout_.n_values))
    codes = np.zeros((n_rows, transformer.layout_.n_blocks), dtype=np.uint8)
    return transformer.decode(EncodedTable(codes, values)).iloc[:, 0]


@pytest.mark.parametrize("name", list(COLUMNS))
def test_the_extremes_do_not_come_back(name: str) -> None:
    table = pd.DataFrame({name: COLUMNS[name], "x": np.arange(N_ROWS) % 3})
    series = table[name]
    in_order = pd.to_datetime(series, format="%d.%m.%Y") if name == "text" else series
    ends = [series[in_order.argmin()], series[in_order.argmax()]]
    # The test can fail: unprotected, the ends come back.
    unprotected = _drawn(TableTransformer(random_state=0).fit(table))
    assert unprotected.isin(ends).any()

    transformer = TableTransformer(protect_extremes=10, random_state=0).fit(table)
    drawn = _drawn(transformer)
    assert drawn.dtype == series.dtype
    assert not drawn.isin(ends).any()
    made = pd.to_datetime(drawn, format="%d.%m.%Y") if name == "text" else drawn
    assert in_order.min() < made.min()
    assert made.max() < in_order.max()
    # All but twenty rows are as they were.
    back = transformer.decode(transformer.encode(table, random_state=0), random_state=0)
    assert (back[name] == series).mean() >= 1 - 20 / N_ROWS


@pytest.mark.parametrize("name", ["pay", "float", "unsigned", "nullable", "text"])
def test_the_file_does_not_hold_them(name: str) -> None:
    table = pd.DataFrame({name: COLUMNS[name], "x": np.arange(N_ROWS) % 3})
    transformer = TableTransformer(protect_extremes=10, random_state=0).fit(table)
    state, arrays = transformer.to_state()
    low, high = transformer.schema_[0].low, transformer.schema_[0].high
    knots = transformer.columns_[0]._stored(transformer.columns_[0].ranks.knots)
    real = np.sort(
        transformer.columns_[0].to_numbers(transformer.columns_[0].read(table[name]).values)
    )
    assert real[0] < knots[0] <= real[10]
    assert real[-11] <= knots[-1] < real[-1]
    assert not {str(real[0]), str(real[-1])} & {str(low), str(high)}
    text = json.dumps(state)
    grid = transformer.columns_[0].grid
    assert grid.step == 0 or str(int(real[-1] * 10 ** (grid.decimals or 0))) not in text
    assert not any(np.isin(array, real[[0, -1]]).any() for array in arrays.values())


def test_one_outlier_does_not_stretch_the_rest() -> None:
    pay = pd.DataFrame({"pay": COLUMNS["pay"]})
    highest = TableTransformer(protect_extremes=10, random_state=0).fit(pay).schema_[0].high
    rows = np.sort(COLUMNS["pay"])
    # Ten rows with a median of m beyond the next one: ten times m is beyond reach.
    assert highest < rows[-11] + 10 * (np.median(rows[-10:]) - rows[-11])


def test_what_many_rows_have_stays() -> None:
    hours = np.r_[np.zeros(50), _RNG.uniform(1, 99, 900).round(1), np.full(50, 100.0)]
    schema = TableTransformer(protect_extremes=10).fit(pd.DataFrame({"hours": hours})).schema_
    assert (schema[0].low, schema[0].high) == (0.0, 100.0)


def test_states_become_the_next_one() -> None:
    children = np.repeat([0, 1, 2, 3, 4, 7, 12], [300, 200, 100, 50, 20, 3, 1])
    table = pd.DataFrame({"children": children, "flag": children == 12, "sick": children // 12})
    transformer = TableTransformer(protect_extremes=10, random_state=0).fit(table)
    assert transformer.columns_[0].state_labels() == ["0", "1", "2", "3", "4"]
    back = transformer.decode(transformer.encode(table))
    assert back["children"].tolist() == np.minimum(children, 4).tolist()
    # A column of two numbers is a flag, and a rare flag is no extreme.
    assert back["sick"].equals(table["sick"])


@given(
    st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 50), min_size=1, max_size=40),
    st.integers(1, 15),
    st.booleans(),
    st.booleans(),
)
def test_it_stays_inside(numbers: list[int], n_outer: int, between: bool, floats: bool) -> None:
    keys = np.array(numbers, dtype=np.uint64)
    keys = keys.astype(np.float64) * 9e288 if floats else keys
    made = without_extremes(keys, n_outer, between, np.random.default_rng(0))
    assert made.dtype == keys.dtype
    assert made.min() >= keys.min()
    assert made.max() <= keys.max()
    assert (made != keys).sum() <= 2 * min(n_outer, len(keys) // 4)
    distinct, counts = np.unique(keys, return_counts=True)
    if len(distinct) > 2 and min(n_outer, len(keys) // 4) >= max(counts[0], counts[-1]):
        assert made.min() > keys.min()
        assert made.max() < keys.max()
    if not between:
        assert np.isin(made, keys).all()
