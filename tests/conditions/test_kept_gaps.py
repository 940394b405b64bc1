"""Only some columns are filled: gaps of others stay, and what is drawn beside them suits them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from synthwgan import WGANGPSynthesizer
from synthwgan.rules import MissingTogether, MissingWhere, Order, Sum

N_ROWS = 150
RULES = [
    MissingWhere("cancelled", "status", ["active"]),
    MissingTogether(["cancelled", "reason"]),
    Order("since", "<=", "cancelled"),
    Sum("gross", ["net", "tax"]),
]


def customers(n_rows: int = N_ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    left = rng.random(n_rows) < 0.4
    since = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, n_rows), "D")
    table = pd.DataFrame(
        {
            "status": np.where(left, "left", "active"),
            "since": since,
            "cancelled": since + pd.to_timedelta(rng.integers(0, 300, n_rows), "D"),
            "reason": rng.choice(["price", "moved"], n_rows),
            "age": rng.integers(18, 90, n_rows),
            "net": rng.integers(1, 200, n_rows),
            "tax": rng.integers(1, 40, n_rows).astype(float),
        }
    )
    table.loc[~left, ["cancelled", "reason"]] = None
    table.loc[rng.random(n_rows) < 0.1, "tax"] = np.nan
    table["gross"] = table["net"] + table["tax"]
    return table


@pytest.fixture(scope="module")
def model(quick: dict[str, Any]) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(**quick | {"rules": RULES}).fit(customers())


@pytest.fixture(scope="module")
def gappy() -> pd.DataFrame:
    """Rows with more gaps: of everything, also where no cell was missing."""
    table = customers()
    hidden = np.random.default_rng(1).random(table.shape) < 0.25
    return table.astype(object).mask(hidden).set_index(np.arange(N_ROWS) + 7)


def filled_alone(model: Any, rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Fill columns, and see that all others are as they were."""
    filled = model.impute(rows, columns=names, on_broken="keep", random_state=0)
    others = [name for name in rows if name not in names]
    missing = rows[others].isna()
    assert filled[others].isna().equals(missing)
    assert ((filled[others].astype(object) == rows[others]) | missing).all(axis=None)
    return filled


@pytest.mark.parametrize("name", ["status", "since", "cancelled", "reason", "age", "net", "tax"])
def test_one_column_is_filled_and_the_others_stay(model, gappy, name):
    filled = filled_alone(model, gappy, [name])
    there = gappy[name].notna()
    assert (filled.loc[there, name].astype(object) == gappy.loc[there, name]).all()
    if name in ("status", "since", "age", "net"):
        assert filled[name].notna().all()


def test_what_is_drawn_suits_the_gaps_that_stay(model):
    rows = customers().assign(status=None)
    filled = filled_alone(model, rows, ["status"])
    np.testing.assert_array_equal(filled["status"], customers()["status"])


def test_a_gap_by_a_rule_stays_a_gap(model):
    rows = customers().astype(object)
    active = rows["status"] == "active"
    rows.loc[~active, "cancelled"] = None
    filled = filled_alone(model, rows, ["cancelled"])
    assert filled.loc[active, "cancelled"].isna().all()
    assert filled.loc[~active, "cancelled"].notna().all()
    # A reason that stays missing tells that the date is missing too.
    rows = customers().assign(status=None, cancelled=pd.NaT)
    filled = filled_alone(model, rows, ["cancelled"])
    np.testing.assert_array_equal(filled["cancelled"].isna(), rows["reason"].isna())


def test_a_total_is_filled_though_a_part_stays_missing(model):
    rows = customers()
    rows["gross"] = np.nan
    filled = filled_alone(model, rows, ["gross"])
    known = rows["tax"].notna()
    np.testing.assert_array_equal(filled["gross"][known], customers()["gross"][known])
    assert filled["gross"].notna().all()
    assert (filled["gross"] > filled["net"]).all()
    # And a part beside a total that stays missing.
    filled = filled_alone(model, rows.assign(net=None), ["net"])
    assert filled["net"].notna().all()


def test_a_gap_that_contradicts_the_row_is_no_fault_and_stays(model):
    rows = customers().assign(cancelled=pd.NaT, age=None)
    filled = model.impute(rows, columns=["age"], random_state=0)
    assert filled["cancelled"].isna().all()
    assert filled["age"].notna().all()


def test_several_draws_and_a_target_left_out(quick):
    table = customers()[["status", "reason", "age"]]
    model = WGANGPSynthesizer(**quick)
    model.fit(table.drop(columns="status"), table["status"])
    rows = table[["reason", "age"]].astype(object).mask(np.eye(N_ROWS, 2, dtype=bool))
    filled = model.impute(rows, columns=["age"], n_draws=3, random_state=0)
    assert list(filled) == ["reason", "age"]
    assert filled["age"].notna().all()
    np.testing.assert_array_equal(filled["reason"].isna(), np.repeat(rows["reason"].isna(), 3))


def test_arrays_have_gaps_though_none_was_fitted(quick):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (100, 3))
    model = WGANGPSynthesizer(**quick).fit(X)
    rows = X.astype(float)
    rows[::2] = np.nan
    filled = model.impute(rows, columns=[1], random_state=0)
    assert not np.isnan(filled[:, 1]).any()
    np.testing.assert_array_equal(filled[:, [0, 2]], rows[:, [0, 2]])


@pytest.mark.parametrize(
    ("columns", "error", "says"),
    [
        (["agee"], ValueError, "columns name 'agee', which is no column; did you mean 'age'"),
        ("age", TypeError, "columns must be a list of column names, got 'age'"),
        ([], ValueError, "columns lists no column"),
    ],
)
def test_other_names_are_refused(model, gappy, columns, error, says):
    with pytest.raises(error, match=says):
        model.impute(gappy, columns=columns)
