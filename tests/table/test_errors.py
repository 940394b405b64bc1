"""What cannot be learned is refused with the column, the cell and the remedy."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from synthwgan.table import TableTransformer
from synthwgan.table.door import column_hint

NESTED = pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))


def _objects(*cells: Any) -> pd.Series:
    return pd.Series(cells, dtype=object)


def _table(cells: Any) -> pd.DataFrame:
    return pd.DataFrame({"bad": cells, "good": [1, 2]})


@pytest.mark.parametrize(
    ("cells", "error", "message"),
    [
        ([1.0, np.inf], ValueError, "column 'bad': holds infinity: replace"),
        ([1j, 2j], ValueError, "column 'bad': Complex data not supported"),
        ([1, "a"], TypeError, "column 'bad': mixes types, as in 1 \\(int\\) and 'a' \\(str\\)"),
        ([[1], [2]], TypeError, "column 'bad': holds \\[1\\] of type list"),
        ([{"a": 1}, {}], TypeError, "column 'bad': holds {'a': 1} of type dict"),
        ([{1}, {2}], TypeError, "column 'bad': holds \\{1\\} of type set"),
        ([b"a", b"b"], TypeError, "column 'bad': holds b'a' of type bytes"),
        ([2**70, 1], ValueError, "column 'bad': the integer .* needs more than 64 bits"),
        ([datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 2)], TypeError, "mixes types"),
        (_objects(np.datetime64("2020-01-01"), None), TypeError, "'bad': .* with pd.to_datetime"),
        (_objects(np.timedelta64(1, "ns"), None), TypeError, "'bad': .* with pd.to_timedelta"),
        ([Decimal("sNaN"), Decimal(1)], ValueError, "'bad': holds Decimal\\('sNaN'\\): replace it"),
        (
            _objects(2**53 + 1, 0.5),
            ValueError,
            "'bad': the integer 9007199254740993 stands among floats",
        ),
        (["a\0b", "a\0c"], ValueError, r"'bad': 'a\\x00b' holds a NUL character"),
        (pd.Series(["a\0b", "a"], dtype="string"), ValueError, "'bad': .* holds a NUL character"),
        (pd.Categorical(["a\0b", "a"]), ValueError, "'bad': .* holds a NUL character"),
        (
            _objects(pd.Timestamp("0001-01-01"), pd.Timestamp("2020-01-01")),
            ValueError,
            r"'bad': .* convert the column with .astype\('datetime64\[us\]'\)",
        ),
        (
            _objects(datetime.datetime(2020, 1, 1), pd.Timestamp("2020-01-02 00:00:00.000000001")),
            ValueError,
            "'bad': mixes Timestamp and datetime .* with pd.to_datetime",
        ),
        (
            _objects(datetime.timedelta(1), pd.Timedelta(1)),
            ValueError,
            "'bad': mixes Timedelta and timedelta .* with pd.to_timedelta",
        ),
        (NESTED, TypeError, "column 'bad': pyarrow type list.* is not supported"),
        (pd.arrays.SparseArray([0, 1]), TypeError, "column 'bad': sparse column.*to_dense"),
        (
            pd.IntervalIndex.from_breaks([0, 1, 2]),
            TypeError,
            "convert the column to str or category",
        ),
    ],
)
def test_cells(cells: Any, error: type[Exception], message: str) -> None:
    if isinstance(cells, list) and any(isinstance(cell, list | dict | set) for cell in cells):
        cells = pd.Series(cells, dtype=object)
    with pytest.raises(error, match=message):
        TableTransformer().fit(_table(cells))


def test_infinity_when_transforming() -> None:
    transformer = TableTransformer().fit(_table([1.0, 2.0]))
    with pytest.raises(ValueError, match="column 'bad': holds infinity"):
        transformer.transform(_table([1.0, -np.inf]))


def test_a_column_name_with_a_nul_character() -> None:
    with pytest.raises(ValueError, match="'a\\\\x00b' holds a NUL character"):
        TableTransformer().fit(pd.DataFrame({"a\0b": [1, 2], "a\0c": [3, 4]}))


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        (pd.Timestamp(1), datetime.datetime(2020, 1, 1)),
        (pd.Timedelta(1), datetime.timedelta(1)),
    ],
)
def test_nanoseconds_among_objects_are_kept_or_refused(fine: Any, coarse: Any) -> None:
    table = _table(_objects(fine, type(fine)(coarse)))
    transformer = TableTransformer().fit(table)
    back = transformer.decode(transformer.encode(table))
    assert back["bad"].tolist() == [fine, coarse]
    without = TableTransformer().fit(_table(_objects(coarse, coarse + datetime.timedelta(1))))
    with pytest.raises(ValueError, match="column 'bad': .* has nanoseconds"):
        without.transform(table)


def test_mixed_time_zones() -> None:
    stamps = [pd.Timestamp("2020-01-01", tz="UTC"), pd.Timestamp("2020-01-01", tz="Asia/Tokyo")]
    with pytest.raises(ValueError, match="column 'bad': mixes time zones"):
        TableTransformer().fit(_table(pd.Series(stamps, dtype=object)))


def test_other_dtype_when_transforming() -> None:
    transformer = TableTransformer().fit(_table([1.5, 2.0]))
    with pytest.raises(TypeError, match="column 'bad': was float64 when fitted and is"):
        transformer.transform(_table(["x", "y"]))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame(), "0 feature\\(s\\)"),
        (pd.DataFrame({"a": []}), "0 sample\\(s\\)"),
        (pd.DataFrame({"a": [1]}), "1 sample\\(s\\)"),
        (pd.DataFrame({"a": [1, 1], "b": ["x", "x"]}), "all rows are the same"),
        (pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]), "more than once: \\['a'\\]; rename"),
        (np.array([1, 2, 3]), "Expected 2D array"),
    ],
)
def test_tables(table: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableTransformer().fit(table)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, "got NoneType: build one with pd.DataFrame"),
        ({"a": [1, 2]}, "got dict: build one with pd.DataFrame"),
        ([{"name": "Ada"}, {"name": "Bo"}], "got a list of dicts: build one with pd.DataFrame$"),
        ([], "got an empty list: build one with pd.DataFrame"),
        ("rows.csv", "got 'rows.csv': read a file or a database with synthwgan.io.read_table"),
        (Path("rows.csv"), "got .*Path.'rows.csv'.*: read a file or a database"),
    ],
)
def test_what_is_no_table(table: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        TableTransformer().fit(table)


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"jbo": "numeric"}, "column_kinds names 'jbo', .*did you mean 'job'"),
        ({"JOB": "numeric"}, "column_kinds names 'JOB', .*did you mean 'job'"),
        ({"job": "words"}, "column_kinds says 'words' for column 'job'; the kinds are"),
        ({"job": "numeric"}, "column 'job': '(cook|smith|clerk)' is no number"),
        ({"job": "datetime"}, "column 'job': '(cook|smith|clerk)' is not a date"),
        ({"age": "datetime"}, "column 'age': numbers such as .* are no dates.*pd.to_datetime"),
        ({"happy": "numeric"}, "column 'happy': kind 'numeric' does not fit.*pd.to_numeric"),
        ({"since": "numeric"}, "column 'since': kind 'numeric' does not fit"),
        ({"since": "identifier"}, "column 'since': kind 'identifier' does not fit"),
        ({"income": "identifier"}, "column 'income': an identifier is text or a whole number"),
    ],
)
def test_kinds(mixed: pd.DataFrame, kinds: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableTransformer(column_kinds=kinds).fit(mixed)


def test_numbers_written_as_text_in_several_ways() -> None:
    with pytest.raises(
        ValueError,
        match="column 'bad': numbers such as '1' .* as '02' is not written as 1234: convert",
    ):
        TableTransformer(column_kinds={"bad": "numeric"}).fit(_table(["1", "02"]))


def test_dates_in_several_formats() -> None:
    with pytest.raises(ValueError, match="column 'bad': dates .* not all in one known format"):
        TableTransformer(column_kinds={"bad": "datetime"}).fit(_table(["2020-01-01", "1 May 2020"]))


@pytest.mark.parametrize(
    "parameter",
    [
        {"max_categories": 0},
        {"max_categories": 2.5},
        {"rare": "drop"},
        {"min_category_rows": 0},
        {"protect_extremes": -1},
        {"locale": "de_XX"},
        {"max_discrete": 0},
        {"spike_share": 0.0},
        {"spike_share": 1.5},
        {"random_state": -1},
        {"column_kinds": ["a"]},
    ],
)
def test_parameters(parameter: dict[str, Any]) -> None:
    name = next(iter(parameter))
    with pytest.raises(ValueError, match=f"{name} must be"):
        TableTransformer(**parameter).fit(_table([1, 2]))


def test_all_wrong_parameters_in_one_message() -> None:
    with pytest.raises(ValueError, match="max_categories must be.*; rare must be"):
        TableTransformer(max_categories=0, rare="x").fit(_table([1, 2]))


def test_masking_needs_a_missing_value() -> None:
    transformer = TableTransformer(
        column_kinds={"bad": "categorical"}, max_categories=1, rare="mask"
    )
    with pytest.raises(ValueError, match="column 'bad': rare='mask' .* dtype int64 does not have"):
        transformer.fit(_table([1, 2]))


def test_of_many_columns_some_are_named_and_the_rest_counted() -> None:
    columns = pd.Index([f"{letter}{letter}" for letter in "abcdefghijkl"])
    assert column_hint("xyz", columns).endswith("'ii', 'jj'] and 2 more")
    assert column_hint("xyz", columns[:10]).endswith("'ii', 'jj']")
