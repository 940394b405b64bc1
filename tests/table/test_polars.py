"""Frames of polars go in, and come out as they were."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sklearn import config_context
from sklearn.base import clone

from synthwgan.table import TableTransformer
from synthwgan.table.frames import TableForm, as_frame, take, take_column

pl = pytest.importorskip("polars")

DAY = dt.datetime(2024, 2, 29, 12, 30)


def every_polars_dtype() -> Any:
    numbers = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]
    numbers += [pl.Float32, pl.Float64, pl.Int128]
    numbers += [vars(pl)[name] for name in ("UInt128", "Float16") if name in vars(pl)]
    columns = {str(dtype): pl.Series([1, None, 3], dtype=dtype) for dtype in numbers}
    columns |= {
        "boolean": pl.Series([True, None, False]),
        "string": pl.Series(["a", None, "b"]),
        "categorical": pl.Series(["b", None, "a"], dtype=pl.Categorical),
        "enum": pl.Series(["small", None, "big"], dtype=pl.Enum(["small", "medium", "big"])),
        "date": pl.Series([DAY.date(), None, DAY.date()]),
        "time": pl.Series([DAY.time(), None, dt.time(1)]),
        "decimal": pl.Series(["1.25", None, "2.50"]).cast(pl.Decimal(10, 2)),
        "null": pl.Series([None, None, None], dtype=pl.Null),
    }
    for unit in ("ms", "us", "ns"):
        moments = pl.Series([DAY, None, DAY], dtype=pl.Datetime(unit))
        columns[f"datetime {unit}"] = moments
        columns[f"zoned {unit}"] = moments.dt.replace_time_zone("Asia/Tokyo")
        columns[f"duration {unit}"] = pl.Series([dt.timedelta(1), None, dt.timedelta(3)]).cast(
            pl.Duration(unit)
        )
    if hasattr(pl, "Categories"):
        own = pl.Categories("sizes", namespace="shop", physical=pl.UInt8)
        columns["own categories"] = pl.Series(["b", None, "a"], dtype=pl.Categorical(own))
    return pl.DataFrame(columns)


def round_trip(X: Any) -> Any:
    """What a transformer, written and read again, makes of what it encoded."""
    kinds = {"string": "categorical"} if "string" in X.columns else None
    fitted = TableTransformer(column_kinds=kinds).fit(X)
    read = TableTransformer.from_dict(json.loads(json.dumps(fitted.to_dict())))
    return read.decode(read.encode(X))


def test_every_dtype_of_polars_comes_back() -> None:
    X = every_polars_dtype()
    decoded = round_trip(X)
    assert decoded.schema == X.schema
    assert decoded.equals(X)


def cells_of(dtype: Any) -> st.SearchStrategy[Any]:
    if dtype.is_integer():
        bits = min(int(str(dtype).lstrip("UInt")), 64)
        low, high = (0, 2**bits - 1) if str(dtype).startswith("U") else (-(2 ** (bits - 1)), None)
        return st.integers(low, 2 ** (bits - 1) - 1 if high is None else high)
    by_word = {
        "Float64": st.floats(allow_nan=False, allow_infinity=False),
        "Boolean": st.booleans(),
        "String": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3),
        "Date": st.dates(dt.date(1700, 1, 1), dt.date(2200, 1, 1)),
        "Datetime": st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),
        "Duration": st.timedeltas(dt.timedelta(-9999), dt.timedelta(9999)),
        "Time": st.times(),
        "Categorical": st.sampled_from("abc"),
        "Enum": st.sampled_from("abc"),
        "Decimal": st.decimals(-(10**9), 10**9, places=2),
    }
    return by_word[str(dtype).partition("(")[0]]


DTYPES = [
    *(pl.Int8(), pl.Int64(), pl.UInt64(), pl.Int128(), pl.Float64(), pl.Boolean(), pl.String()),
    *(pl.Date(), pl.Time(), pl.Duration("us"), pl.Duration("ns"), pl.Datetime("us")),
    *(pl.Datetime("ns", "America/New_York"), pl.Categorical(), pl.Enum(["c", "a", "b"])),
    pl.Decimal(18, 2),
]


@settings(max_examples=40)
@given(data=st.data())
def test_any_column_of_polars_goes_through_pandas_unchanged(data: Any) -> None:
    dtype = data.draw(st.sampled_from(DTYPES))
    zone = getattr(dtype, "time_zone", None)
    cells = data.draw(st.lists(st.none() | cells_of(dtype), min_size=2, max_size=8))
    series = pl.Series("x", cells, dtype=pl.Datetime(dtype.time_unit) if zone else dtype)
    series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(zone) if zone else series
    X = pl.DataFrame([series, pl.Series("row", range(len(cells)))])
    frame, form = take(X)
    back = form.dress(frame)
    assert back.schema == X.schema
    assert back.equals(X)
    decoded = round_trip(X)
    assert decoded.schema == X.schema
    if str(dtype) != "String":
        assert decoded.equals(X)


def test_codes_are_those_of_the_same_frame_of_pandas(mixed_table: pd.DataFrame) -> None:
    names = [name for name, dtype in mixed_table.dtypes.items() if not _is_pandas_only(dtype)]
    frame = mixed_table[names].reset_index(drop=True)
    for name in frame.select_dtypes("category"):
        # Without an order, labels are sorted: the order in a dictionary is one of chance.
        if not frame[name].cat.ordered:
            labels = sorted(frame[name].cat.categories)
            frame[name] = frame[name].cat.set_categories(labels)
    X = TableForm().dress(frame, "polars")
    ours, theirs = (TableTransformer(random_state=0).fit(one) for one in (X, frame))
    assert [one.kind for one in ours.schema_] == [one.kind for one in theirs.schema_]
    encoded, expected = ours.encode(X, 1), theirs.encode(frame, 1)
    assert len(names) > 5
    np.testing.assert_array_equal(encoded.codes, expected.codes)
    np.testing.assert_allclose(encoded.values, expected.values)
    # A model of the one takes rows of the other.
    np.testing.assert_array_equal(theirs.encode(X, 1).codes, expected.codes)
    np.testing.assert_array_equal(ours.encode(frame, 1).codes, expected.codes)


def _is_pandas_only(dtype: Any) -> bool:
    return isinstance(dtype, pd.PeriodDtype | pd.ArrowDtype) or pd.api.types.is_object_dtype(dtype)


def test_lazy_frames_are_read_into_memory() -> None:
    X = every_polars_dtype()
    fitted = TableTransformer().fit(X.lazy())
    assert fitted.decode(fitted.encode(X.lazy())).schema == X.schema


def test_categories_are_those_that_occur_unless_they_are_ordered() -> None:
    many = pl.Series("x", ["z", "b", "a"], dtype=pl.Categorical).slice(1).to_frame()
    assert as_frame(many)["x"].cat.categories.tolist() == ["a", "b"]
    enum = pl.Series("x", ["z", "b", "a"], dtype=pl.Enum(["z", "b", "a"])).slice(1).to_frame()
    assert as_frame(enum)["x"].cat.categories.tolist() == ["z", "b", "a"]
    assert as_frame(enum)["x"].cat.ordered


def test_a_series_comes_back_too() -> None:
    given = pl.Series("y", ["a", "b"], dtype=pl.Enum(["b", "a"]))
    cells, form = take_column(given)
    assert cells.tolist() == ["a", "b"]
    assert form.dress_column(cells).equals(given, check_dtypes=True, check_names=True)
    assert take_column(given.rename(""))[0].name is None


# What cannot be taken


NESTED = {
    "List": pl.Series("x", [[1, 2], None]),
    "Array": pl.Series("x", [[1, 2], None], dtype=pl.Array(pl.Int64, 2)),
    "Struct": pl.Series("x", [{"a": 1}, {"a": 2}]),
    "Binary": pl.Series("x", [b"\x00", None]),
    "Object": pl.Series("x", [{1}, {2}], dtype=pl.Object),
}


@pytest.mark.filterwarnings("ignore::polars.exceptions.PolarsInefficientMapWarning")
@pytest.mark.parametrize("word", NESTED)
def test_the_conversion_in_a_refusal_of_polars_works(word: str) -> None:
    df = pl.DataFrame([NESTED[word], pl.Series("n", [1, 2])])
    with pytest.raises(TypeError, match=f"column 'x' of polars dtype {word}.*convert it") as raised:
        TableTransformer().fit(df)
    text = str(raised.value)
    conversion, left_out = text.split("convert it, ")[1].split(", or leave it out, ")
    for code in (conversion, left_out):
        converted = eval(code, {"df": df, "pl": pl})  # noqa: S307 - as a user would paste it.
        assert len(TableTransformer().fit(converted).columns_) in (1, 2)


def test_numbers_of_more_than_64_bits_are_refused() -> None:
    X = pl.DataFrame({"x": pl.Series([1, 2**70], dtype=pl.Int128)})
    with pytest.raises(ValueError, match="column 'x' of polars dtype Int128 has numbers of more"):
        TableTransformer().fit(X)


def test_a_series_is_no_table() -> None:
    with pytest.raises(TypeError, match="Series is no table of columns"):
        TableTransformer().fit(pl.Series([1, 2, 3]))


# Another form


def test_set_output_says_what_comes_out() -> None:
    X = pl.DataFrame({"n": [1, 2, 3], "size": pl.Series(["S", "L", "S"], dtype=pl.Enum("SML"))})
    fitted = TableTransformer().fit(X)
    encoded = fitted.encode(X)
    assert fitted.set_output(transform="pandas") is fitted
    pandas = fitted.decode(encoded)
    assert pandas["size"].dtype == pd.CategoricalDtype(list("SML"), ordered=True)
    assert isinstance(fitted.transform(X), pd.DataFrame)
    arrow = fitted.set_output(transform="arrow").decode(encoded)
    assert arrow.schema.field("size").type.ordered
    assert {"size=S", "size=L"} < set(fitted.transform(X).column_names)
    assert fitted.set_output(transform="polars").transform(X).columns[0] == "n=1"
    fitted.set_output(transform=None)
    assert isinstance(fitted.transform(X), pl.DataFrame)
    fitted.set_output(transform="default")
    assert fitted.decode(encoded).equals(X)
    assert isinstance(fitted.transform(X), np.ndarray)
    with pytest.raises(ValueError, match="transform must be one of .*'arrow'.*, got 'table'"):
        fitted.set_output(transform="table")


def test_clone_keeps_the_output() -> None:
    fitted = clone(TableTransformer().set_output(transform="polars")).fit(np.eye(3))
    decoded = fitted.decode(fitted.encode(np.eye(3)))
    assert decoded.columns == ["x0", "x1", "x2"]
    assert decoded.to_numpy().tolist() == np.eye(3).tolist()


def test_the_configuration_of_scikit_learn_counts_unless_something_else_was_said() -> None:
    X = pd.DataFrame({"n": [1, 2, 3]})
    fitted = TableTransformer().fit(X)
    with config_context(transform_output="polars"):
        assert isinstance(fitted.decode(fitted.encode(X)), pl.DataFrame)
        assert isinstance(fitted.inverse_transform(np.eye(3)), pl.DataFrame)
        fitted.set_output(transform="default")
        assert_frame_equal(fitted.decode(fitted.encode(X)), X)
    with config_context(transform_output="feather"), pytest.raises(ValueError, match="feather"):
        clone(TableTransformer()).fit(X).transform(X)


def test_a_frame_of_pandas_becomes_any_other(mixed_table: pd.DataFrame) -> None:
    names = [name for name, dtype in mixed_table.dtypes.items() if not _is_pandas_only(dtype)]
    frame = mixed_table[names]
    polars = TableForm().dress(frame, "polars")
    assert polars.columns == names
    for name in names:
        assert polars[name].null_count() == frame[name].isna().sum()


def test_ordered_categories_become_an_enum_and_others_categoricals() -> None:
    frame = pd.DataFrame({"a": pd.Categorical(["x"], ["y", "x"], ordered=True), "b": ["z"]})
    frame["b"] = frame["b"].astype("category")
    polars = TableForm().dress(frame, "polars")
    assert polars.schema == {"a": pl.Enum(["y", "x"]), "b": pl.Categorical()}


def test_without_polars_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    X = pl.DataFrame({"n": [1, 2, 3]})
    state = TableTransformer().fit(X).to_dict()
    monkeypatch.setitem(sys.modules, "polars", None)
    read = TableTransformer.from_dict(state)
    encoded = read.encode(pd.DataFrame({"n": [1, 2, 3]}))
    with pytest.raises(ImportError, match=r"pip install polars, or .*transform='pandas'"):
        read.decode(encoded)
    assert read.set_output(transform="pandas").decode(encoded)["n"].tolist() == [1, 2, 3]
