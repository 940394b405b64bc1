"""Numbers: which become states, where gates are needed, and that draws stay on the grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from synthwgan.table.columns.base import ColumnOptions
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.storage.physical import physical_type

DTYPES = ["int8", "uint64", "int64", "float32", "float64", "Int16", "Float32", "int32[pyarrow]"]


def _fitted(series: pd.Series, **options: Any) -> NumericTransformer:
    return NumericTransformer(physical_type(series), ColumnOptions(**options)).fit(series)


def _draw(column: NumericTransformer, n_rows: int = 2000, seed: int = 0) -> pd.Series:
    rng = np.random.default_rng(seed)
    codes = rng.integers(column.n_states, size=n_rows) if column.n_states else None
    values = rng.normal(size=n_rows) if column.has_value else None
    return column.decode(n_rows, codes, values, rng)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 120), min_size=2, max_size=80),
    st.sampled_from(DTYPES),
    st.sampled_from([1, 40]),
    st.sampled_from([0.05, 1.0]),
    st.integers(0, 100),
)
def test_there_and_back(
    drawn: list[int], dtype: str, max_discrete: int, spike_share: float, seed: int
) -> None:
    series = pd.Series(drawn).astype(dtype)
    column = _fitted(series, max_discrete=max_discrete, spike_share=spike_share)
    for rng in (None, np.random.default_rng(seed)):
        codes, values = column.encode(series, rng)
        if values is not None:
            values = values.astype(np.float32)
        back = column.decode(len(series), codes, values, np.random.default_rng(0))
        assert_series_equal(back, series, check_exact=True)
    made = _draw(column, 100)
    assert made.dtype == series.dtype
    assert made.min() >= series.min()
    assert made.max() <= series.max()


def test_few_numbers_are_states() -> None:
    column = _fitted(pd.Series([3.0, 1.0, np.nan, 3.0]))
    assert (column.n_states, column.has_value, column.gated) == (3, False, False)
    assert column.state_labels() == ["1.0", "3.0", "<missing>"]
    assert column.feature_names("x") == ["x=1.0", "x=3.0", "x=<missing>"]


def test_many_numbers_are_a_value_without_block() -> None:
    column = _fitted(pd.Series(np.arange(100.0)))
    assert (column.n_states, column.has_value, column.gated) == (0, True, False)
    assert column.feature_names("x") == ["x"]
    assert column.describe_encoding() == "value"


def test_missing_and_spikes_are_states_after_regular() -> None:
    cells = np.concatenate([np.arange(1.0, 101.0), np.zeros(30), np.full(10, 500.0), [np.nan] * 5])
    column = _fitted(pd.Series(cells))
    assert column.state_labels() == ["<regular>", "<missing>", "0.0", "500.0"]
    codes, values = column.encode(pd.Series([7.0, np.nan, 0.0, 500.0]))
    assert codes.tolist() == [0, 1, 2, 3]
    assert values[0] != 0
    assert values[1:].tolist() == [0, 0, 0]
    assert column.describe_encoding() == "value + missing + 2 spikes"


def test_a_spike_holds_more_than_its_share() -> None:
    cells = pd.Series([0] * 10 + list(range(1, 91)))
    assert _fitted(cells, spike_share=0.1).n_states == 0
    assert _fitted(cells, spike_share=0.099).n_states == 2


def test_what_commoner_numbers_leave_has_spikes_of_its_own() -> None:
    """Zero leaves 100 rows of 1000: 7 and 9 hold enough of them, 5 too little."""
    cells = np.concatenate(
        [np.zeros(900), np.full(35, 7), np.full(30, 9), np.full(29, 5), [1, 2, 3, 4, 6, 8]]
    )
    column = _fitted(pd.Series(cells), max_discrete=3)
    assert column.state_labels() == ["<regular>", "0.0", "7.0", "9.0"]


def test_a_spike_of_a_large_table_holds_a_thousandth() -> None:
    cells = np.concatenate([np.zeros(99_000), np.full(99, 7), np.full(100, 8), np.full(801, 9)])
    column = _fitted(pd.Series(cells), max_discrete=3)
    assert column.state_labels() == ["<regular>", "0.0", "8.0", "9.0"]


def test_numbers_of_equal_shares_are_no_spikes() -> None:
    cells = pd.Series(np.repeat(np.arange(50), 100))
    assert _fitted(cells).n_states == 0


def test_only_spikes_need_no_value() -> None:
    cells = pd.Series(np.repeat(np.arange(10), 10))
    column = _fitted(cells, max_discrete=3, spike_share=0.01)
    assert (column.n_states, column.has_value) == (10, False)


def test_shares_of_states_come_back() -> None:
    series = pd.Series([1, 1, 1, 2])
    column = _fitted(series)
    codes, _ = column.encode(series)
    assert np.bincount(codes).tolist() == [3, 1]


def test_unseen_discrete_number_takes_the_nearest_state() -> None:
    column = _fitted(pd.Series([0, 10, 20]))
    assert column.encode(pd.Series([-5, 4, 6, 19, 99]))[0].tolist() == [0, 0, 1, 2, 2]


@pytest.mark.parametrize("n_rows", [500, 50_000])
def test_draws_lie_on_the_grid(n_rows: int) -> None:
    rng = np.random.default_rng(0)
    fives = _draw(_fitted(pd.Series(rng.integers(0, 10**6, n_rows) * 5 + 2)))
    assert (fives % 5 == 2).all()
    cents = _draw(_fitted(pd.Series(rng.integers(0, 10**6, n_rows) / 100)))
    assert (cents == cents.round(2)).all()
    assert cents.nunique() > 1000


def test_draws_follow_the_column() -> None:
    rng = np.random.default_rng(0)
    series = pd.Series(rng.lognormal(size=30_000))
    made = _draw(_fitted(series), 30_000, seed=1)
    # 99 % of Kolmogorov-Smirnov distances of two such samples are below 0.0133.
    both = np.concatenate([series, made])
    gap = np.searchsorted(np.sort(series), both) - np.searchsorted(np.sort(made), both)
    assert np.abs(gap).max() / 30_000 < 0.0133


def test_novel_values_between_single_ones() -> None:
    series = pd.Series(np.random.default_rng(0).normal(size=300))
    assert not _draw(_fitted(series)).isin(series).all()


def test_nanosecond_sized_integers_are_exact() -> None:
    series = pd.Series(1_600_000_000_123_456_789 + np.arange(500) * 7)
    column = _fitted(series)
    _, values = column.encode(series, np.random.default_rng(0))
    back = column.decode(500, None, values.astype(np.float32), np.random.default_rng(0))
    assert_series_equal(back, series)


def test_extreme_floats() -> None:
    series = pd.Series([-1.7e308, -1e-308, 5e-324, 1.7e308, 0.0] * 2 + [np.nan])
    made = _draw(_fitted(series, max_discrete=1, spike_share=1.0))
    assert np.isfinite(made.dropna()).all()
    assert made.isna().any()


@pytest.mark.parametrize(
    ("fitted", "given"),
    [
        ("int64", "float64"),
        ("float64", "int64"),
        ("int8", "Int64"),
        ("Int64", "int32[pyarrow]"),
        ("uint64", "int64"),
        ("float32", "object"),
    ],
)
def test_another_number_dtype_is_converted(fitted: str, given: str) -> None:
    series = pd.Series(np.arange(100))
    column = _fitted(series.astype(fitted))
    expected = column.encode(series.astype(fitted))[1]
    assert np.allclose(column.encode(series.astype(given))[1], expected)


def test_another_integer_width_does_not_wrap() -> None:
    column = _fitted(pd.Series(np.arange(100), dtype="uint8"))
    top = column.encode(pd.Series([99], dtype="uint8"))[1]
    assert column.encode(pd.Series([300]))[1] == top
    assert column.encode(pd.Series([-1]))[1] == column.encode(pd.Series([0]))[1]
