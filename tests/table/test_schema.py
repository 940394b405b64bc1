"""Kinds: inferred, given, and the fitted table in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.table import TableTransformer
from synthwgan.table.schema import COLUMN_CLASSES


def test_one_class_per_kind() -> None:
    learned = [kind for kind, column in COLUMN_CLASSES.items() if column.in_features]
    assert learned == ["numeric", "categorical", "datetime", "pair"]
    # What is made anew, and asked before the identifier that is the last resort.
    assert list(COLUMN_CLASSES)[3] == "identifier"
    assert {"name", "email", "street", "phone", "text"} < set(COLUMN_CLASSES)
    assert all(kind == column.kind for kind, column in COLUMN_CLASSES.items())


def test_kinds_are_inferred(mixed: pd.DataFrame) -> None:
    schema = TableTransformer().fit(mixed).schema_
    assert [column.kind for column in schema] == [
        "identifier",
        "numeric",
        "numeric",
        "categorical",
        "datetime",
        "categorical",
    ]


def test_schema_in_words(mixed: pd.DataFrame) -> None:
    transformer = TableTransformer().fit(mixed)
    income = transformer.schema_[2]
    assert (income.name, income.decimals) == ("income", 2)
    assert (income.low, income.high) == (0.0, mixed["income"].max())
    assert income.missing_rate == mixed["income"].isna().mean()
    assert income.encoding == "value + missing + 1 spike"
    lines = str(transformer.schema_).splitlines()
    assert len(lines) == 7
    assert "made anew" in lines[1]
    assert "value + missing + 1 spike" in lines[3]


def test_schema_as_frame(mixed: pd.DataFrame) -> None:
    frame = TableTransformer().fit(mixed).schema_.to_frame()
    assert frame["name"].tolist() == list(mixed)
    assert {"kind", "dtype", "low", "high", "n_states", "missing_rate"} <= set(frame.columns)


@pytest.mark.parametrize("kind", ["numeric", "categorical", "identifier"])
def test_a_given_kind_wins(kind: str) -> None:
    table = pd.DataFrame({"n": np.arange(100), "x": np.arange(100) % 2})
    transformer = TableTransformer(column_kinds={"n": kind}).fit(table)
    assert transformer.schema_[0].kind == kind


def test_a_given_kind_in_a_multiindex() -> None:
    table = pd.DataFrame({("a", 1): np.arange(100) % 7, ("a", 2): np.arange(100) % 3})
    transformer = TableTransformer(column_kinds={("a", 2): "categorical"}).fit(table)
    assert [column.kind for column in transformer.schema_] == ["numeric", "categorical"]


def test_text_that_looks_like_numbers_stays_text() -> None:
    table = pd.DataFrame({"zip": ["01067", "10115", "01067"]})
    transformer = TableTransformer().fit(table)
    assert transformer.schema_[0].kind == "categorical"
    assert transformer.decode(transformer.encode(table))["zip"].tolist() == list(table["zip"])


def test_whole_days_are_shown_without_hours():
    days = pd.date_range("2020-01-03", periods=60)
    table = pd.DataFrame({"day": days, "moment": days + pd.Timedelta("1h"), "here": days})
    table["here"] = table["here"].dt.tz_localize("Europe/Rome")
    day, moment, here = (column.range for column in TableTransformer().fit(table).schema_)
    assert day == here == "2020-01-03 to 2020-03-02"
    assert moment == "2020-01-03 01:00:00 to 2020-03-02 01:00:00"
