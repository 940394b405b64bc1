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

from synthwgan.table import TableTransformer
from synthwgan.table.frames import TableForm, as_frame, take, take_column

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


def array_of(cells: list[Any], kind: pa.DataType) -> pa.Array:
    if not pa.types.is_dictionary(kind):
        return pa.array(cells, kind)
    plain = pa.array(cells, kind.value_type).dictionary_encode()
    codes = plain.indices.cast(kind.index_type)
    return pa.DictionaryArray.from_arrays(codes, plain.dictionary, ordered=kind.ordered)


def round_trip(X: pa.Table) -> Any:
    """What a transformer, written and read again, makes of what it encoded."""
    texts = [one.name for one in X.schema if one.type in (pa.string(), pa.large_string())]
    fitted = TableTransformer(column_kinds=dict.fromkeys(texts, "categorical")).fit(X)
    read = TableTransformer.from_dict(json.loads(json.dumps(fitted.to_dict())))
    return read.decode(read.encode(X))


# Every dtype


def test_every_type_of_arrow_comes_back() -> None:
    arrays = {str(kind): array_of(cells, kind) for kind, cells in ARROW.items()}
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


@settings(max_examples=30)
@given(data=st.data())
def test_any_column_of_arrow_comes_back(data: Any) -> None:
    kind = data.draw(st.sampled_from([kind for kind in ARROW if not pa.types.is_null(kind)]))
    cells = data.draw(st.lists(st.sampled_from(ARROW[kind]), min_size=2, max_size=8))
    parts = data.draw(st.integers(1, len(cells)))
    chunks = pa.chunked_array([array_of(own, kind) for own in (cells[:parts], cells[parts:])])
    X = pa.table({"x": chunks, "row": range(len(cells))})
    decoded = round_trip(X)
    assert decoded.schema.equals(X.schema)
    assert decoded.to_pylist() == X.to_pylist()


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


def test_frames_of_dask_are_frames_of_pandas() -> None:
    dask = pytest.importorskip("dask.dataframe")
    frame = pd.DataFrame({"a": [1, 2, 3], "b": pd.Categorical(["x", "y", "x"])})
    X = dask.from_pandas(frame, npartitions=2)
    fitted = TableTransformer().fit(X)
    assert_frame_equal(fitted.decode(fitted.encode(X)), frame)
    assert_frame_equal(take_column(X["b"])[0].to_frame(), frame[["b"]])


def test_chunks_with_other_dictionaries_are_one_column() -> None:
    parts = [pa.array(words).dictionary_encode() for words in (["b", None], ["a", "b"])]
    X = pa.table({"x": pa.chunked_array(parts)})
    assert as_frame(X)["x"].astype(object).fillna("none").tolist() == ["b", "none", "a", "b"]


@pytest.mark.parametrize("column", [pa.chunked_array([["a"], ["b"]]), pa.array(["a", "b"])])
def test_columns_come_back_too(column: Any) -> None:
    cells, form = take_column(column)
    assert cells.tolist() == ["a", "b"]
    assert form.dress_column(cells).type == column.type


# What cannot be taken


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


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(TypeError, match="ChunkedArray is no table of columns"):
        TableTransformer().fit(pa.chunked_array([[1, 2, 3]]))


def test_two_columns_of_one_name_are_refused() -> None:
    X = pa.table([pa.array([1, 2]), pa.array([3, 4])], names=["a", "a"])
    with pytest.raises(ValueError, match="more than once: \\['a'\\]"):
        TableTransformer().fit(X)


# Another form


def test_set_output_says_what_comes_out() -> None:
    fitted = TableTransformer().fit(table())
    encoded = fitted.encode(table())
    assert fitted.set_output(transform="pandas") is fitted
    assert_frame_equal(fitted.decode(encoded), as_frame(table()))
    array = TableTransformer().set_output(transform="arrow").fit(np.eye(3))
    assert array.decode(array.encode(np.eye(3))).column_names == ["x0", "x1", "x2"]
    features = array.fit_transform(table().select(["word"]).to_reader())
    assert features.column_names == ["word=a", "word=b", "word=<missing>"]


def test_what_pandas_alone_has_stays_in_pandas() -> None:
    months = pd.Series(pd.period_range("2024-01", periods=2, freq="M"), name="month").to_frame()
    with pytest.raises(TypeError, match="column 'month' of dtype period.*transform='pandas'"):
        TableForm().dress(months, "arrow")


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
    X = pa.table({"n": [1, 2, 3]})
    state = TableTransformer().fit(X).to_dict()
    change(state["state"]["form"])
    with pytest.raises(ValueError, match=r"form|type"):
        TableTransformer.from_dict(state)


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
