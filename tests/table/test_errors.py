"""What cannot be learned is refused with the column, the cell and the remedy."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from synthwgan.table import TableTransformer

NESTED = pd.Series([[1], [2]], dtype=pd.ArrowDtype(pa.list_(pa.int64())))


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
    ("kinds", "message"),
    [
        ({"jbo": "numeric"}, "column_kinds names 'jbo', .*did you mean 'job'"),
        ({"job": "text"}, "column_kinds says 'text' for column 'job'; the kinds are"),
        ({"job": "numeric"}, "column 'job': '(cook|smith|clerk)' is no number"),
        ({"job": "datetime"}, "column 'job': '(cook|smith|clerk)' is not a date"),
        ({"age": "datetime"}, "column 'age': kind 'datetime' does not fit.*pd.to_datetime"),
        ({"happy": "numeric"}, "column 'happy': kind 'numeric' does not fit.*pd.to_numeric"),
        ({"since": "numeric"}, "column 'since': kind 'numeric' does not fit"),
        ({"since": "identifier"}, "column 'since': kind 'identifier' does not fit"),
        ({"income": "identifier"}, "column 'income': an identifier is text or a whole number"),
    ],
)
def test_kinds(mixed: pd.DataFrame, kinds: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableTransformer(column_kinds=kinds).fit(mixed)


def test_numbers_written_as_text() -> None:
    with pytest.raises(ValueError, match="column 'bad': its numbers are written as text"):
        TableTransformer(column_kinds={"bad": "numeric"}).fit(_table(["1", "2"]))


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
