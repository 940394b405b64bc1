"""Dates: whole days stay whole days, local midnights local midnights, whatever the clocks do."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from synthwgan.table.columns.base import ColumnOptions
from synthwgan.table.columns.datetime import DatetimeTransformer
from synthwgan.table.storage.physical import physical_type

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]


def _fitted(series: pd.Series, max_discrete: int = 1) -> DatetimeTransformer:
    options = ColumnOptions(max_discrete=max_discrete, spike_share=1.0)
    return DatetimeTransformer(physical_type(series), options).fit(series)


def _draw(column: DatetimeTransformer, n_rows: int = 3000) -> pd.Series:
    rng = np.random.default_rng(0)
    codes = np.zeros(n_rows, dtype=int) if column.n_states else None
    return column.decode(n_rows, codes, rng.normal(size=n_rows), rng)


def test_whole_days_stay_whole_days() -> None:
    days = pd.Timestamp("1950-01-01") + pd.to_timedelta(np.arange(0, 9000, 31), unit="D")
    made = _draw(_fitted(pd.Series(days)))
    assert (made == made.dt.normalize()).all()


def test_local_midnights_stay_local_midnights() -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=300, freq="3D", tz="Europe/Berlin"))
    column = _fitted(days)
    assert column.local
    made = _draw(column)
    assert made.dtype == days.dtype
    assert (made == made.dt.normalize()).all()
    assert made.between(days.min(), days.max()).all()


def test_hours_need_no_local_time() -> None:
    hours = pd.Series(pd.date_range("2020-01-01", periods=9000, freq="h", tz="Europe/Berlin"))
    column = _fitted(hours)
    assert not column.local
    _, values = column.encode(hours)
    rng = np.random.default_rng(0)
    assert_series_equal(column.decode(9000, None, values, rng), hours, check_freq=False)


def test_midnight_that_does_not_exist() -> None:
    days = pd.date_range("2018-06-01", "2019-06-01", freq="2D")
    days = days[days != "2018-11-04"].tz_localize("America/Sao_Paulo")
    days = pd.Series(days)
    made = _draw(_fitted(days))
    assert made.between(days.min(), days.max()).all()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2035, 1, 1)), min_size=2
    ),
    st.sampled_from(ZONES),
    st.sampled_from(["s", "us", "ns"]),
    st.sampled_from(["s", "h", "D"]),
)
def test_zones_there_and_back_and_draws(stamps: list, zone: str, unit: str, precision: str) -> None:
    index = pd.DatetimeIndex(np.array(stamps, dtype="M8[us]").astype(f"M8[{precision}]"))
    index = index.as_unit(unit).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    series = pd.Series(index[~index.isna()])
    if not len(series):
        return
    column = _fitted(series)
    codes, values = column.encode(series)
    back = column.decode(len(series), codes, values, np.random.default_rng(0))
    assert_series_equal(back, series, check_exact=True)
    if column.has_value:
        made = _draw(column, 200)
        assert made.dtype == series.dtype
        assert made.between(series.min(), series.max()).all()


def test_months_stay_months() -> None:
    months = pd.Series(pd.period_range("1990-01", periods=200, freq="2M")).astype("period[M]")
    made = _draw(_fitted(months))
    assert made.dtype == "period[M]"
    assert (made.dt.month % 2 == 0).all()


def test_few_dates_are_states() -> None:
    days = pd.Series(pd.to_datetime(["2020-01-01", None, "2021-01-01"]))
    column = _fitted(days, max_discrete=40)
    assert column.state_labels() == ["2020-01-01 00:00:00", "2021-01-01 00:00:00", "<missing>"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_another_unit_is_converted(unit: str) -> None:
    days = pd.Series(pd.date_range("2020-01-01", periods=100)).astype("M8[ns]")
    column = _fitted(days)
    assert np.array_equal(column.encode(days.astype(f"M8[{unit}]"))[1], column.encode(days)[1])
