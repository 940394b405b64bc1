"""Frames of any library go in, and come out as they were."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
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


def table() -> pa.Table:
    return pa.table(
        {
            "n": pa.array([3, None, 2**62 + 1, 5], pa.int64()),
            "word": pa.array(["a", "b", None, "b"]).dictionary_encode(),
            "at": pa.array([DAY, None, DAY, DAY], pa.timestamp("us", "Europe/Oslo")),
            "yes": [True, None, False, True],
        }
    )


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


ARROW: dict[Any, list[Any]] = {
    **{kind: [1, None, 3] for kind in (pa.int8(), pa.int64(), pa.uint16(), pa.uint64())},
    **{kind: [1.5, None, 3.0] for kind in (pa.float32(), pa.float64())},
    **{kind: ["a", None, "b"] for kind in (pa.string(), pa.large_string())},
    **{kind: [DAY.time(), None, dt.time(1)] for kind in (pa.time32("s"), pa.time64("ns"))},
    **{kind: [DAY.date(), None, dt.date(1, 1, 1)] for kind in (pa.date32(), pa.date64())},
    **{kind: [DAY, None, DAY] for kind in (pa.timestamp("s"), pa.timestamp("ns", "+02:00"))},
    pa.duration("ms"): [dt.timedelta(1), None, dt.timedelta(2)],
    pa.decimal128(12, 3): [decimal.Decimal("1.250"), None, decimal.Decimal("2.000")],
    pa.bool_(): [True, None, False],
    pa.null(): [None, None, None],
    pa.dictionary(pa.int8(), pa.string()): ["b", None, "a"],
    pa.dictionary(pa.uint16(), pa.large_string(), ordered=True): ["b", None, "a"],
    pa.dictionary(pa.int32(), pa.int64()): [5, None, 4],
}


def round_trip(X: Any) -> Any:
    """What a transformer, written and read again, makes of what it encoded."""
    kinds = dict.fromkeys(["string", "large_string"], "categorical")
    names = X.columns if isinstance(X, pl.DataFrame) else X.column_names
    own = {name: kind for name, kind in kinds.items() if name in names}
    fitted = TableTransformer(column_kinds=own).fit(X)
    read = TableTransformer.from_dict(json.loads(json.dumps(fitted.to_dict())))
    return read.decode(read.encode(X))


# Every dtype


def test_every_dtype_of_polars_comes_back() -> None:
    X = every_polars_dtype()
    decoded = round_trip(X)
    assert decoded.schema == X.schema
    assert decoded.equals(X)


def test_every_type_of_arrow_comes_back() -> None:
    arrays = {str(kind): pa.array(cells, kind) for kind, cells in ARROW.items()}
    # In what order the labels stand is part of what an ordered dictionary says.
    ordered = next(kind for kind in ARROW if pa.types.is_dictionary(kind) and kind.ordered)
    codes = pa.array([0, None, 2], ordered.index_type)
    labels = pa.array(["b", "c", "a"], ordered.value_type)
    arrays[str(ordered)] = pa.DictionaryArray.from_arrays(codes, labels, ordered=True)
    whole = pa.array([1, 2, 3], pa.int16())
    X = pa.table(arrays).append_column(pa.field("whole", whole.type, nullable=False), [whole])
    decoded = round_trip(X)
    assert decoded.schema.equals(X.schema)
    assert decoded.to_pylist() == X.to_pylist()
    assert decoded[str(ordered)].combine_chunks().dictionary.equals(labels)


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


# Every source


class Stream:
    """What any library may be: a stream of Arrow, and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def _dataset(folder: Path) -> ds.Dataset:
    ds.write_dataset(table(), folder, format="parquet")
    return ds.dataset(folder, format="parquet")


def _duckdb(folder: Path) -> Any:
    duckdb = pytest.importorskip("duckdb")
    return duckdb.connect().from_arrow(table())


def _narwhals(folder: Path) -> Any:
    import narwhals as nw

    return nw.from_native(table())


ARROW_SOURCES: dict[str, Callable[[Path], Any]] = {
    "Table": lambda folder: table(),
    "RecordBatch": lambda folder: table().to_batches()[0],
    "RecordBatchReader": lambda folder: table().to_reader(),
    "Dataset": _dataset,
    "Scanner": lambda folder: _dataset(folder).scanner(),
    "stream": lambda folder: Stream(table()),
    "relation of DuckDB": _duckdb,
    "narwhals": _narwhals,
}


@pytest.mark.parametrize("source", ARROW_SOURCES)
def test_what_arrow_holds_is_read_from_anywhere(source: str, tmp_path: Path) -> None:
    frame, form = take(ARROW_SOURCES[source](tmp_path))
    expected, _ = take(table())
    assert form.kind == "arrow"
    if "DuckDB" not in source:  # It has no dictionaries.
        assert_frame_equal(frame, expected)
    assert form.dress(frame).to_pylist() == table().to_pylist()


def test_lazy_frames_are_read_into_memory() -> None:
    X = every_polars_dtype()
    fitted = TableTransformer().fit(X.lazy())
    assert fitted.decode(fitted.encode(X.lazy())).schema == X.schema


def test_frames_of_dask_are_frames_of_pandas() -> None:
    dask = pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame({"a": [1, 2, 3], "b": pd.Categorical(["x", "y", "x"])})
    X = dask.from_pandas(frame, npartitions=2)
    fitted = TableTransformer().fit(X)
    assert_frame_equal(fitted.decode(fitted.encode(X)), frame)
    assert_frame_equal(take_column(X["b"])[0].to_frame(), frame[["b"]])


def test_categories_are_those_that_occur_unless_they_are_ordered() -> None:
    many = pl.Series("x", ["z", "b", "a"], dtype=pl.Categorical).slice(1).to_frame()
    assert as_frame(many)["x"].cat.categories.tolist() == ["a", "b"]
    enum = pl.Series("x", ["z", "b", "a"], dtype=pl.Enum(["z", "b", "a"])).slice(1).to_frame()
    assert as_frame(enum)["x"].cat.categories.tolist() == ["z", "b", "a"]
    assert as_frame(enum)["x"].cat.ordered


def test_chunks_with_other_dictionaries_are_one_column() -> None:
    parts = [pa.array(words).dictionary_encode() for words in (["b", None], ["a", "b"])]
    X = pa.table({"x": pa.chunked_array(parts)})
    assert as_frame(X)["x"].astype(object).fillna("none").tolist() == ["b", "none", "a", "b"]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (lambda: pl.Series("y", ["a", "b"], dtype=pl.Enum(["b", "a"])), "polars"),
        (lambda: pa.chunked_array([["a"], ["b"]]), "arrow"),
        (lambda: pa.array(["a", "b"]), "arrow"),
        (lambda: pd.Series(["a", "b"]), "pandas"),
    ],
)
def test_columns_come_back_too(column: Callable[[], Any], kind: str) -> None:
    given = column()
    cells, form = take_column(given)
    back = form.dress_column(cells)
    assert form.kind == kind
    assert cells.tolist() == ["a", "b"]
    if kind == "polars":
        assert back.dtype == given.dtype and back.name == "y"
    elif kind == "arrow":
        assert back.type == given.type


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


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([[1], None], pa.list_(pa.int64())),
        ([{"a": 1}, {"a": 2}], pa.struct({"a": pa.int64()})),
        ([b"x", None], pa.binary()),
        ([[("a", 1)], []], pa.map_(pa.string(), pa.int64())),
        ([(1, 2, 3), None], pa.month_day_nano_interval()),
    ],
)
def test_the_conversion_in_a_refusal_of_arrow_works(cells: list[Any], kind: Any) -> None:
    X = pa.table({"n": [1, 2], "x": pa.array(cells, kind)})
    with pytest.raises(TypeError, match="column 'x' of Arrow dtype .*convert it") as raised:
        TableTransformer().fit(X)
    text = str(raised.value)
    conversion, left_out = text.split("convert it, ")[1].split(", or leave it out, ")
    for code in (conversion.split(", or in SQL")[0], left_out):
        converted = eval(code, {"table": X, "pa": pa})  # noqa: S307
        assert len(TableTransformer().fit(converted).columns_) in (1, 2)


def test_numbers_of_more_than_64_bits_are_refused() -> None:
    X = pl.DataFrame({"x": pl.Series([1, 2**70], dtype=pl.Int128)})
    with pytest.raises(ValueError, match="column 'x' of polars dtype Int128 has numbers of more"):
        TableTransformer().fit(X)


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(TypeError, match="Series is no table of columns"):
        TableTransformer().fit(pl.Series([1, 2, 3]))


def test_two_columns_of_one_name_are_refused() -> None:
    X = pa.table([pa.array([1, 2]), pa.array([3, 4])], names=["a", "a"])
    with pytest.raises(ValueError, match="more than once: \\['a'\\]"):
        TableTransformer().fit(X)


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
    with pytest.raises(TypeError, match="column 'month' of dtype period.*transform='pandas'"):
        months = pd.Series(pd.period_range("2024-01", periods=2, freq="M"), name="month")
        TableForm().dress(months.to_frame(), "arrow")


def test_ordered_categories_become_an_enum_and_others_categoricals() -> None:
    frame = pd.DataFrame({"a": pd.Categorical(["x"], ["y", "x"], ordered=True), "b": ["z"]})
    frame["b"] = frame["b"].astype("category")
    polars = TableForm().dress(frame, "polars")
    assert polars.schema == {"a": pl.Enum(["y", "x"]), "b": pl.Categorical()}


# Files and packages


@pytest.mark.parametrize(
    "change",
    [
        lambda form: form.update(kind="pickle"),
        lambda form: form["fields"][0].update(wide="Object"),
        lambda form: form["fields"][0].update(type={"alias": "extension<evil>"}),
        lambda form: form["fields"][0].update(call="os.system"),
        lambda form: form["fields"][0].update(categories=["one"]),
        lambda form: form.update(fields=[3]),
    ],
)
def test_a_form_that_a_file_makes_up_is_refused(change: Callable[[dict], None]) -> None:
    X = pl.DataFrame({"n": [1, 2, 3]})
    state = TableTransformer().fit(X).to_dict()
    change(state["state"]["form"])
    with pytest.raises(ValueError, match=r"form|type"):
        TableTransformer.from_dict(state)


def test_without_polars_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    X = pl.DataFrame({"n": [1, 2, 3]})
    state = TableTransformer().fit(X).to_dict()
    monkeypatch.setitem(sys.modules, "polars", None)
    read = TableTransformer.from_dict(state)
    encoded = read.encode(pd.DataFrame({"n": [1, 2, 3]}))
    with pytest.raises(ImportError, match=r"pip install polars, or .*transform='pandas'"):
        read.decode(encoded)
    assert read.set_output(transform="pandas").decode(encoded)["n"].tolist() == [1, 2, 3]


def test_no_library_is_imported_that_the_user_does_not_bring() -> None:
    code = """
import sys
import pyarrow as pa
from synthwgan.table import TableTransformer

fitted = TableTransformer().fit(pa.table({"a": [1, 2, 3]}))
fitted.decode(fitted.encode(pa.table({"a": [1, 2, 3]})))
print([name for name in ("polars", "duckdb", "dask", "modin", "ibis") if name in sys.modules])
"""
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "[]"
