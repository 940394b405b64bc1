"""Any column is read as numbers or texts, and what cannot be read is missing."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation.plain import Content, as_floats, as_texts, content_of, contents
from synthwgan.table.forms.textdates import TextDate

DAY = 86_400.0


@pytest.mark.parametrize(
    ("cells", "kind", "form"),
    [
        ([1, 2, 2], "numeric", "number"),
        ([Decimal("1.5"), None], "numeric", "number"),
        (pd.array([1, None], dtype="Int8"), "numeric", "number"),
        (pd.array([1.5, None], dtype="double[pyarrow]"), "numeric", "number"),
        (pd.to_timedelta([1, 2], unit="h"), "numeric", "duration"),
        ([datetime.timedelta(hours=1)], "numeric", "duration"),
        ([datetime.date(2020, 1, 1)], "datetime", "date"),
        (["01.02.2020", "28.02.2020"], "datetime", "date"),
        (pd.period_range("2020-01", periods=2, freq="M"), "datetime", "date"),
        ([True, False], "categorical", "truth"),
        (pd.array([True, None], dtype="boolean"), "categorical", "truth"),
        (pd.Categorical([1, 2]), "categorical", "text"),
        (["a", None], "categorical", "text"),
        ([1, "a"], "categorical", "text"),
        ([[1], [2]], "categorical", "text"),
        ([f"k{i}" for i in range(30)], "identifier", "text"),
        ([None, None], "categorical", "text"),
    ],
)
def test_what_a_column_holds(cells: Any, kind: str, form: str) -> None:
    content = content_of(pd.Series(cells, name="x"))
    assert (content.kind, content.form) == (kind, form)


def test_given_kinds_count() -> None:
    frame = pd.DataFrame({"code": [1, 2, 2], "size": [1.5, 2.5, 3.5]})
    held = contents(frame, {"code": "categorical"})
    assert held == {"code": Content("categorical", "text"), "size": Content("numeric", "number")}


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        ({"cod": "categorical"}, "did you mean 'code'"),
        ({"code": "ordinal"}, "column_kinds says 'ordinal' for column 'code'"),
        ({"name": "numeric"}, "column 'name': 'a' is no number"),
    ],
)
def test_kinds_that_do_not_fit_are_refused(kinds: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        contents(pd.DataFrame({"code": [1, 2], "name": ["a", "b"]}), kinds)


NUMBER, DATE = Content("numeric", "number"), Content("datetime", "date")


@pytest.mark.parametrize(
    ("cells", "content", "expected"),
    [
        (["1.5", "x", None], NUMBER, [1.5, np.nan, np.nan]),
        ([np.inf, 2.0], NUMBER, [np.nan, 2.0]),
        ([Decimal("0.25"), None], NUMBER, [0.25, np.nan]),
        ([True, False], NUMBER, [1.0, 0.0]),
        (pd.to_timedelta([2, None], unit="s"), Content("numeric", "duration"), [2.0, np.nan]),
        (["0 days 00:00:02", "x"], Content("numeric", "duration"), [2.0, np.nan]),
        ([datetime.date(1970, 1, 2), None], DATE, [DAY, np.nan]),
        (pd.to_datetime(["1970-01-02"]).tz_localize("UTC"), DATE, [DAY]),
        (pd.period_range("1970-02", periods=1, freq="M"), DATE, [31 * DAY]),
        (
            ["02.01.1970", "1970"],
            Content("datetime", "date", TextDate("DD.MM.YYYY")),
            [DAY, np.nan],
        ),
        (
            pd.to_datetime(["1970-01-02"]),
            Content("datetime", "date", TextDate("DD.MM.YYYY")),
            [DAY],
        ),
    ],
)
def test_numbers(cells: Any, content: Content, expected: list[float]) -> None:
    np.testing.assert_array_equal(as_floats(pd.Series(cells), content), expected)


@pytest.mark.parametrize(
    ("cells", "form", "expected"),
    [
        ([1, 2.0, "2", None], "text", ["1", "2", "2", None]),
        ([1, 0, "true", np.nan], "truth", ["True", "False", "True", None]),
        (pd.array([True, None], dtype="bool[pyarrow]"), "truth", ["True", None]),
        (pd.Categorical(["b", None]), "text", ["b", None]),
        ([[1], None], "text", ["[1]", None]),
    ],
)
def test_texts(cells: Any, form: str, expected: list[str | None]) -> None:
    texts = as_texts(pd.Series(cells, dtype=None), Content("categorical", form))
    assert texts.tolist() == expected
