"""A column's cells become plain values and come back as they were, in their dtype."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.radial.columns.values import (
    read_values,
    sort_of,
    write_values,
)
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.schema import fit_column

# float64 tells whole numbers apart up to here.
EXACT = 2**53
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NULLABLE = ("Int8", "Int64", "UInt16", "UInt64")
# pandas takes texts that differ behind a NUL for the same.
WORDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=4
)
INSTANTS = st.integers(-(10**9), 4 * 10**9)


def fitted(series: pd.Series, kind: str | None = None) -> ColumnTransformer:
    return fit_column("column", series, kind, ColumnOptions(), np.random.default_rng(0))


def check_there_and_back(series: pd.Series, kind: str | None = None) -> np.ndarray:
    column = fitted(series, kind)
    plain = read_values(column, series)
    assert len(plain) == len(series)
    assert plain.dtype == ("float64" if column.kind in ("numeric", "datetime") else object)
    assert pd.isna(plain).tolist() == series.isna().tolist()
    written = write_values(column, plain)
    assert written.dtype == series.dtype
    assert written.isna().tolist() == series.isna().tolist()
    assert written.dropna().tolist() == series.dropna().tolist()
    assert {type(gap) for gap in written[written.isna()]} == {
        type(gap) for gap in series[series.isna()]
    }
    return plain


def whole(dtype: str) -> st.SearchStrategy[int]:
    limits = np.iinfo(dtype.lower())
    return st.integers(max(int(limits.min), -EXACT), min(int(limits.max), EXACT))


# Fewer than 20 cells are never identifiers, and one at least is there.
def cells(values: st.SearchStrategy, min_size: int = 1) -> st.SearchStrategy[list]:
    return st.lists(values, min_size=min_size, max_size=15)


def with_gaps(values: st.SearchStrategy) -> st.SearchStrategy[list]:
    present = st.tuples(values, cells(st.none() | values))
    return present.map(lambda parts: [parts[0], *parts[1]])


@settings(max_examples=60, deadline=None)
@given(dtype=st.sampled_from(WHOLE), data=st.data())
def test_whole_numbers(dtype, data):
    series = pd.Series(data.draw(cells(whole(dtype))), dtype=dtype)
    assert check_there_and_back(series).tolist() == series.tolist()


@settings(max_examples=40, deadline=None)
@given(dtype=st.sampled_from(NULLABLE), data=st.data())
def test_nullable_whole_numbers(dtype, data):
    check_there_and_back(pd.Series(data.draw(with_gaps(whole(dtype))), dtype=dtype))


@settings(max_examples=60, deadline=None)
@given(
    dtype=st.sampled_from(["float32", "float64", "Float32", "Float64"]),
    decimals=st.none() | st.integers(0, 4),
    data=st.data(),
)
def test_floats(dtype, decimals, data):
    numbers = data.draw(with_gaps(st.floats(-1e6, 1e6, width=32)))
    if decimals is not None:
        numbers = [None if number is None else round(number, decimals) for number in numbers]
    series = pd.Series(numbers, dtype="float64").astype(dtype)
    check_there_and_back(series)


@settings(max_examples=30, deadline=None)
@given(numbers=with_gaps(st.floats(allow_nan=False, allow_infinity=False)))
def test_any_floats(numbers):
    check_there_and_back(pd.Series(numbers, dtype="float64"))


@settings(max_examples=30, deadline=None)
@given(flags=cells(st.booleans()), gaps=with_gaps(st.booleans()))
def test_booleans(flags, gaps):
    plain = check_there_and_back(pd.Series(flags, dtype=bool))
    assert plain.tolist() == [str(flag) for flag in flags]
    check_there_and_back(pd.Series(gaps, dtype="boolean"))


@settings(max_examples=40, deadline=None)
@given(words=with_gaps(WORDS), dtype=st.sampled_from(["string", "str", "object"]))
def test_text(words, dtype):
    series = pd.Series(words, dtype=object if dtype == "str" else dtype)
    assert check_there_and_back(series, "categorical").tolist() == words


@settings(max_examples=40, deadline=None)
@given(words=with_gaps(WORDS), ordered=st.booleans(), unused=st.sets(WORDS, max_size=2))
def test_pandas_categories(words, ordered, unused):
    categories = sorted({word for word in words if word is not None} | unused, reverse=True)
    series = pd.Series(pd.Categorical(words, categories, ordered))
    check_there_and_back(series)


@settings(max_examples=60, deadline=None)
@given(
    seconds=with_gaps(INSTANTS),
    unit=st.sampled_from(["s", "ms", "us", "ns"]),
    zone=st.sampled_from([None, "UTC", "Europe/Berlin"]),
)
def test_instants(seconds, unit, zone):
    stamps = pd.Series(pd.to_datetime(seconds, unit="s")).astype(f"datetime64[{unit}]")
    series = stamps if zone is None else stamps.dt.tz_localize("UTC").dt.tz_convert(zone)
    check_there_and_back(series)


HOLED = {
    "object of float": pd.Series([1.5, None, 2.25], dtype=object),
    "object of int": pd.Series([1, None, 2], dtype=object),
    "object of bool": pd.Series([True, None, False], dtype=object),
    "decimals": pd.Series([decimal.Decimal("1.50"), None, decimal.Decimal("-7.25")], dtype=object),
    "durations": pd.Series(pd.to_timedelta([90, None, 3600], unit="s")),
    "durations in seconds": pd.Series(pd.to_timedelta([90, 7], unit="s")).astype("m8[s]"),
    "days": pd.Series([datetime.date(2020, 2, 29), None, datetime.date(1950, 1, 1)], dtype=object),
    "periods": pd.Series(pd.PeriodIndex(["2020-01", None, "2021-07"], freq="M")),
    "text dates": pd.Series(["31.12.2020", None, "01.01.1999"], dtype=object),
    "text months": pd.Series(["2020-12", None, "1999-01"], dtype=object),
    "numbers as categories": pd.Series(pd.Categorical([3, None, 1])),
}


@pytest.mark.parametrize("series", HOLED.values(), ids=HOLED)
def test_other_cells(series):
    check_there_and_back(series)


def test_rare_categories_come_back():
    letters = pd.Series(list("aaabbc"))
    column = fit_column(
        "c", letters, None, ColumnOptions(max_categories=1), np.random.default_rng(0)
    )
    assert write_values(column, read_values(column, letters)).tolist() == letters.tolist()


def plain_of(values: Any, kind: str | None = None) -> list[Any]:
    series = pd.Series(values)
    column = fitted(series, kind)
    return [sort_of(column), *read_values(column, series)]


def test_one_instant_is_one_number_however_it_is_stored():
    stamps = pd.Series(pd.to_datetime(["2020-05-01", "2021-07-03"]))
    expected = plain_of(stamps)
    assert expected == ["date", 1588291200e6, 1625270400e6]
    assert plain_of(stamps.astype("datetime64[s]")) == expected
    assert plain_of(stamps.dt.tz_localize("UTC")) == expected
    assert plain_of(stamps.dt.strftime("%d.%m.%Y")) == expected
    assert plain_of(stamps.dt.strftime("%Y-%m-%d %H:%M:%S")) == expected
    assert plain_of(stamps.dt.date) == expected


def test_one_amount_is_one_number_however_it_is_stored():
    spans = pd.Series(pd.to_timedelta([90, 7], unit="s"))
    assert plain_of(spans) == plain_of(spans.astype("m8[s]")) == ["duration", 90e6, 7e6]
    prices = [decimal.Decimal("0.57"), decimal.Decimal("12.30")]
    assert plain_of(pd.Series(prices, dtype=object)) == ["number", 0.57, 12.3]


def test_a_code_is_the_same_label_in_a_column_with_gaps():
    assert plain_of([1, 2, 2], "categorical") == ["category", "1", "2", "2"]
    assert plain_of([1.0, np.nan, 2.0], "categorical") == ["category", "1", None, "2"]
    assert plain_of([0.5, 1.0], "categorical") == ["category", "0.5", "1"]
    column = fitted(pd.Series([1.0, np.nan, 2.0]), "categorical")
    assert write_values(column, np.array(["2", "1"], dtype=object)).tolist() == [2.0, 1.0]


def test_identifiers_and_empty_columns_have_no_values():
    assert sort_of(fitted(pd.Series([f"k{number}" for number in range(30)]))) is None
    assert sort_of(fitted(pd.Series([None, None], dtype=object))) is None
    assert sort_of(fitted(pd.Series([np.nan, np.nan]))) is None


def test_a_gap_in_a_dtype_without_gaps_gives_one_with_gaps():
    numbers = write_values(fitted(pd.Series([1, 2], dtype="int16")), np.array([2.0, np.nan]))
    assert numbers.dtype == "Int16"
    assert numbers[0] == 2
    assert numbers.isna().tolist() == [False, True]
    flags = write_values(fitted(pd.Series([True, False])), np.array(["False", None], dtype=object))
    assert flags[0] is False
    assert flags.isna().tolist() == [False, True]


def test_numbers_are_rounded_to_the_columns_decimals():
    column = fitted(pd.Series([1.25, 3.5]))
    assert write_values(column, np.array([2.3456, 1e5 / 3])).tolist() == [2.35, 33333.33]
    column = fitted(pd.Series([1, 5]))
    assert write_values(column, np.array([1.6, -2.4])).tolist() == [2, -2]


@pytest.mark.parametrize("dtype", [*WHOLE, "Int8"])
def test_numbers_beyond_the_dtype_do_not_wrap_around(dtype):
    limits, wild = np.iinfo(dtype.lower()), np.array([1e30, -1e30])
    column = fitted(pd.Series([1, 2], dtype=dtype))
    written = write_values(column, wild)
    assert written.dtype == dtype
    # The largest float64 below 2 ** 64 is 2048 less.
    assert 0 <= int(limits.max) - int(written[0]) <= (2048 if "64" in dtype else 0)
    assert int(written[1]) == limits.min
    assert column.plain.can_hold(np.array([1e30, -1e30, 1.0, np.nan])).tolist() == [False] * 2 + [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("cells", "possible", "too_late"),
    [
        (["5:34 PM", "11:20 AM"], 20 * 60, 25 * 60),
        (["31.12.20", "01.01.99"], 1e15, 5e15),
    ],
)
def test_what_begins_anew_does_not_hold_what_would_become_another(cells, possible, too_late):
    """A clock of twelve hours, years of two digits."""
    column = fitted(pd.Series(cells), "numeric" if "PM" in cells[0] else "datetime")
    assert column.plain.can_hold(np.array([possible, too_late])).tolist() == [True, False]


def test_labels_that_a_dtype_cannot_hold_are_missing():
    column = fitted(pd.Series(pd.Categorical(["a", "b"])))
    plain = np.array(["b", "c", None, "a"], dtype=object)
    written = write_values(column, plain)
    assert written.dtype == column.physical.dtype
    assert written.astype(object).where(written.notna(), None).tolist() == ["b", None, None, "a"]
    assert column.plain.can_hold(plain).tolist() == [True, False, False, True]
    text = fitted(pd.Series(["a", "b", "a"]))
    assert text.plain.can_hold(plain).tolist() == [True, True, False, True]
    assert write_values(text, plain[:2]).tolist() == ["b", "c"]


def test_bounds_and_labels():
    days = pd.Series(pd.to_datetime(["2020-05-01", "2021-07-03"])).astype("datetime64[s]")
    assert fitted(days).plain.bounds() == (1588291200e6, 1625270400e6)
    assert fitted(pd.Series([3, 1, 2])).plain.bounds() == (1.0, 3.0)
    assert fitted(pd.Series(["a", "b", "a"])).plain.bounds() == (-np.inf, np.inf)
    assert fitted(pd.Series(["b", None, "a", "a"], dtype=object)).plain.labels() == ["a", "b"]
    assert fitted(pd.Series([True, False])).plain.labels() == ["False", "True"]
    assert fitted(pd.Series([3, 1, 2])).plain.labels() == []
