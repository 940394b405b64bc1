"""Rows that help are told from rows that poison, for classes and numbers and any estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from synthwgan.evaluation.gain import Gain, measure_gain, warn_if_useless

# A straight line in the columns, which many rows tell better than few.
WEIGHTS = np.array([1.0, -1.0, 0.7, -0.7, 0.4, -0.4])
LINEAR = LogisticRegression(C=100, max_iter=300)
N_BOOTSTRAPS = 100


def rows(n_rows: int, seed: int, kind: str = "binary") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_rows, 6))
    score = features @ WEIGHTS + rng.normal(size=n_rows)
    table = pd.DataFrame(features, columns=list("abcdef"))
    if kind == "binary":
        table["y"] = np.where(score > 0, "yes", "no")
    elif kind == "classes":
        table["y"] = pd.Categorical(np.array(["low", "mid", "high"])[np.digitize(score, [-1, 1])])
    else:
        table["y"] = score
    return table


@pytest.fixture(autouse=True)
def _fewer_bootstraps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends of intervals are rougher for it, and tests faster."""
    monkeypatch.setattr("synthwgan.evaluation.gain.N_BOOTSTRAPS", N_BOOTSTRAPS)


def gain(real: pd.DataFrame, added: pd.DataFrame, estimator: Any = None, n_folds: int = 4) -> Gain:
    return measure_gain(real, added, "y", estimator, n_folds, np.random.default_rng(0))


def flipped(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(y=table["y"].map({"yes": "no", "no": "yes"}))


def test_rows_of_the_same_kind_help():
    found = gain(rows(60, 0), rows(600, 1), LINEAR)
    assert found.measure == "ROC AUC"
    assert found.n_rows == 60
    assert found.helps
    assert 0 < found.low < found.difference < found.high
    assert found.with_added > found.without + 0.02
    assert found.with_added > 0.85
    assert f"gain {found.difference:+.3f}" in str(found)


def test_poison_is_found_and_warned_of():
    found = gain(rows(60, 0), flipped(rows(600, 1)), LINEAR)
    assert not found.helps
    assert found.low < found.difference < found.high < 0
    with pytest.warns(UserWarning, match="do not help to predict with those of 'gov': ROC AUC"):
        warn_if_useless(found, "gov")


def test_no_warning_where_rows_help(recwarn):
    warn_if_useless(gain(rows(60, 0), rows(600, 1), LINEAR), "gov")
    assert not recwarn


def test_gradient_boosting_is_the_default():
    found = gain(rows(60, 0), rows(500, 1), n_folds=2)
    assert found.low > 0
    assert gain(rows(60, 0), flipped(rows(500, 1)), n_folds=2).high < 0


@pytest.mark.parametrize(
    ("kind", "estimator", "measure"),
    [("classes", LINEAR, "ROC AUC"), ("numbers", LinearRegression(), "R2")],
)
def test_classes_and_numbers(kind, estimator, measure):
    real, added = rows(25, 0, kind), rows(600, 1, kind)
    found = gain(real, added, estimator)
    assert found.measure == measure
    assert found.difference > 0.02
    moved = added.assign(y=np.roll(added["y"], 1) if kind == "classes" else -added["y"])
    assert gain(real, moved, estimator).difference < 0


def test_few_whole_numbers_are_classes():
    real, added = rows(200, 0, "numbers"), rows(200, 1, "numbers")
    assert gain(real, added, LinearRegression()).measure == "R2"
    real, added = (table.assign(y=(table["y"] > 0).astype(int)) for table in (real, added))
    assert gain(real, added, LINEAR).measure == "ROC AUC"


def whole_numbers() -> list[pd.DataFrame]:
    return [
        table.assign(y=(table["y"] == "yes").astype("int64"))
        for table in (rows(60, 0), rows(200, 1))
    ]


@pytest.fixture(scope="module")
def gain_of_whole_numbers() -> Gain:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synthwgan.evaluation.gain.N_BOOTSTRAPS", N_BOOTSTRAPS)
        return gain(*whole_numbers(), LINEAR)


@pytest.mark.parametrize("dtype", ["int64", "bool", "Int8", "string", "category"])
def test_a_target_of_another_dtype_is_the_same_target(dtype, gain_of_whole_numbers):
    """A gap makes floats of whole numbers and objects of booleans."""
    real, added = whole_numbers()
    loose = {"int64": "float64", "bool": "object", "string": "object"}.get(dtype, dtype)
    if dtype in ("string", "category"):
        real["y"], added["y"] = real["y"].astype(str), added["y"].astype(str)
    real["y"] = real["y"].astype(dtype)
    added["y"] = added["y"].astype(dtype).astype(loose)
    gap = added[:1].assign(y=pd.Series([None], dtype=added["y"].dtype))
    added = pd.concat([added, gap], ignore_index=True)
    assert gain(real, added, LINEAR) == gain_of_whole_numbers


def test_columns_of_all_kinds_reach_the_estimator():
    real, added = (
        table.assign(
            day=pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(len(table)) % 50, "D"),
            flag=table["a"] > 0,
            word=pd.Series(np.where(table["b"] > 0, "x", "y")).where(table["c"] > -1),
            whole=pd.array(np.arange(len(table)) % 9, dtype="Int64"),
            nothing=np.nan,
        )
        for table in (rows(60, 0), rows(300, 1))
    )
    real.loc[:5, ["day", "whole"]] = [pd.NaT, pd.NA]
    added["word"] = added["word"].where(added["word"] != "x", "z")
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include=object)),
        remainder="passthrough",
    )
    for estimator in (None, make_pipeline(encode, DecisionTreeClassifier(max_depth=3))):
        found = gain(real, added, estimator, 2)
        assert found.with_added > max(0.75, found.without)


def test_the_users_estimator_is_cloned_and_its_rows_are_told_apart():
    seen: list[int] = []

    class Counting(LogisticRegression):
        def fit(self, X: pd.DataFrame, y: pd.Series) -> Counting:
            seen.append(len(X))
            assert list(X.columns) == list("abcdef")
            return super().fit(X, y)

    estimator = Counting()
    gain(rows(60, 0), rows(100, 1), estimator)
    # Two rounds of four folds, without and with the added rows; test rows are real ones only.
    assert sorted(seen) == [45] * 8 + [145] * 8
    assert not hasattr(estimator, "coef_")


def test_added_rows_of_classes_that_are_not_there_are_left_out():
    added = rows(600, 1)
    odd = pd.concat([added, added[:50].assign(y="perhaps")], ignore_index=True)
    assert gain(rows(60, 0), odd, LINEAR) == gain(rows(60, 0), added, LINEAR)


def test_no_added_rows_gain_nothing():
    found = gain(rows(60, 0), rows(10, 1)[:0], LINEAR)
    assert found.difference == 0
    assert (found.low, found.high) == (0, 0)
    assert not found.helps


def test_many_rare_classes_have_an_interval_too():
    """A draw of 24 rows with replacement never holds two of each of twelve classes."""
    real, added = (
        table.assign(y=[f"c{n % 12}" for n in range(24)]) for table in (rows(24, 0),) * 2
    )
    found = gain(real, added, LINEAR)
    assert found.low <= found.difference <= found.high


def test_gains_repeat_with_their_seed():
    assert gain(rows(60, 0), rows(100, 1), LINEAR) == gain(rows(60, 0), rows(100, 1), LINEAR)


@pytest.mark.parametrize(
    "y",
    [["yes"] * 30, ["yes"] * 29 + ["no"], ["yes"] * 20 + [None] * 10, [3.0] * 30],
)
def test_too_few_rows_of_a_class_are_an_error(y):
    real = rows(30, 0).assign(y=y)
    with pytest.raises(ValueError, match="cannot be cross-validated: of 'y' the real rows hold {"):
        gain(real, real)


def test_of_many_classes_some_are_shown():
    real = rows(30, 0).assign(y=[f"name {place:02d}" for place in range(30)])
    with pytest.raises(ValueError, match="'name 09': 1} and 20 more, and two classes"):
        gain(real, real)


@pytest.mark.parametrize("n_rows", [2, 3])
def test_too_few_rows_of_numbers_are_an_error(n_rows):
    real = rows(n_rows, 0, "numbers")
    with pytest.raises(ValueError, match=f"cannot be cross-validated: {n_rows} rows .* 4 folds"):
        gain(real, real, LinearRegression())


def test_numbers_that_are_all_alike_are_an_error():
    real = rows(8, 0).assign(y=3.5)
    with pytest.raises(ValueError, match="cannot be cross-validated: 'y' is 3.5 in all real rows"):
        gain(real, real, LinearRegression())
