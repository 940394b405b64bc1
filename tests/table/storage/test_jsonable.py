"""The typed JSON codec."""

from __future__ import annotations

import datetime
import decimal
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table.storage.jsonable import from_jsonable, join_arrays, split_arrays, to_jsonable

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.decimals(allow_nan=False),
)


@given(st.one_of(SCALARS, st.tuples(SCALARS, st.tuples(SCALARS))))
def test_there_and_back(value: object) -> None:
    back = from_jsonable(json.loads(json.dumps(to_jsonable(value), allow_nan=False)))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2020-01-01 12:00:00.123456789"),
        pd.Timestamp("2020-01-01", tz="Europe/Berlin"),
        pd.Timestamp("2020-01-01").as_unit("s"),
        pd.Timedelta("1 days 00:00:00.000000001"),
        pd.Period("2020-02", freq="M"),
        pd.Interval(0, 1.5, closed="left"),
        pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021")),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        decimal.Decimal("1.50"),
        np.int16(7),
        np.float32(0.1),
        np.bool_(True),
        np.datetime64("2020-01-01", "D"),
        frozenset({1, 2}),
    ],
)
def test_pandas_and_numpy(value: object) -> None:
    back = from_jsonable(json.loads(json.dumps(to_jsonable(value), allow_nan=False)))
    assert back == value
    assert type(back) is type(value)
    assert str(back) == str(value)


def test_singletons() -> None:
    assert from_jsonable(to_jsonable(pd.NA)) is pd.NA
    assert from_jsonable(to_jsonable(pd.NaT)) is pd.NaT
    assert math.isnan(from_jsonable(to_jsonable(math.nan)))


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="cannot save .* of type object"):
        to_jsonable(object())


def test_arrays_leave_the_tree_and_come_back() -> None:
    tree = {"a": [{"b": np.array([2**64 - 1], np.uint64)}, "x"], "c": np.array([0.1])}
    split, arrays = split_arrays(tree)
    assert arrays.keys() == {"a.0.b", "c"}
    assert arrays["a.0.b"].dtype == np.int64
    joined = join_arrays(json.loads(json.dumps(split)), arrays)
    assert joined["a"][0]["b"].tolist() == [2**64 - 1]
    assert joined["a"][1] == "x"
    assert joined["c"].tolist() == [0.1]
