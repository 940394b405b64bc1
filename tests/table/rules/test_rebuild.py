"""Reduced tables give back every cell, on its own grid and dtype."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis.extra.numpy import arrays

from synthwgan.rules import Bands, Determines, Function, OneHot, Order, Product, Rule, RuleSet, Sum
from synthwgan.table.rules.kinds import rule_from_dict

N = 12
WHOLE = arrays(np.int64, N, elements=st.integers(-(10**6), 10**6))
HOLES = arrays(bool, N)
SETTINGS = settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
STARTS = pd.to_datetime("2020-01-01")


def comes_back(rule: Rule | RuleSet, frame: pd.DataFrame) -> pd.DataFrame:
    rule.fit(frame)
    if isinstance(rule, Rule):
        rule = rule_from_dict(rule.to_dict())
    reduced = rule.reduce(frame)
    rebuilt = rule.rebuild(reduced.copy(), list(frame.columns))
    pd.testing.assert_frame_equal(rebuilt, frame)
    return reduced


def as_dtype(numbers: np.ndarray, holes: np.ndarray, dtype: str) -> pd.Series:
    """Return whole numbers as some kind of column, with missing cells where it has them."""
    series = pd.Series(numbers)
    if dtype == "int64":
        return series
    if dtype == "money":
        return (series / 100).mask(holes)
    if dtype == "Int64":
        return series.astype("Int64").mask(holes)
    if dtype == "text":
        times = STARTS + pd.to_timedelta(series % 20_000, unit="D")
        return times.dt.strftime("%Y-%m-%d").astype(object).mask(holes, None)
    times = (STARTS + pd.to_timedelta(series % 10**6, unit="min")).mask(holes)
    return (
        times.dt.tz_localize("Europe/Berlin", ambiguous=True, nonexistent="shift_forward")
        if dtype == "zoned"
        else times
    )


@pytest.mark.parametrize("dtype", ["int64", "money", "Int64", "text", "moment", "zoned"])
@SETTINGS
@given(WHOLE, WHOLE, HOLES, HOLES)
def test_order(
    dtype: str, low: np.ndarray, high: np.ndarray, holes: np.ndarray, others: np.ndarray
) -> None:
    frame = pd.DataFrame(
        {"low": as_dtype(low, holes, dtype), "high": as_dtype(high, others, dtype)}
    )
    rule = Order("low", "<=", "high", tolerate=1.0)
    reduced = comes_back(rule, frame)
    if holes.all() or others.all():
        return
    kept = rule.check(frame)
    gaps = reduced["high"].to_numpy(dtype=float, na_value=0.0)
    assert (gaps[kept] >= 0).all()


@SETTINGS
@given(WHOLE, WHOLE, WHOLE, HOLES, HOLES)
def test_sum(
    a: np.ndarray, b: np.ndarray, other: np.ndarray, holes: np.ndarray, ties: np.ndarray
) -> None:
    frame = pd.DataFrame({"a": a / 100, "b": pd.Series(b).astype("Int64").mask(holes)})
    total = frame["a"] + frame["b"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    frame["t"] = np.where(ties, other / 100, total.round(2))
    reduced = comes_back(Sum("t", ["a", "b"], tolerate=1.0), frame)
    assert "t" not in reduced or len(reduced.columns) == 4


@SETTINGS
@given(arrays(np.int64, N, elements=st.integers(0, 50)), WHOLE, HOLES)
def test_product(n: np.ndarray, price: np.ndarray, holes: np.ndarray) -> None:
    frame = pd.DataFrame({"n": n, "price": price / 1000})
    frame["amount"] = (frame["n"] * frame["price"]).round(2).mask(holes)
    reduced = comes_back(Product("amount", ["n", "price"], tolerate=1.0), frame)
    assert ("amount" in reduced) <= holes.any() or len(reduced.columns) >= 3


def test_what_was_computed_before_rounding_needs_no_states() -> None:
    rng = np.random.default_rng(0)
    v, d = rng.uniform(20, 500, 100), rng.uniform(2, 9, 100)
    frame = pd.DataFrame({"v": v.round(2), "d": d.round(2), "e": (v * d).round(2)})
    rule = Product("e", ["v", "d"], rounded=["v", "d"]).fit(frame)
    reduced = rule.reduce(frame)
    assert list(reduced) == ["v", "d"]
    back = rule.rebuild(reduced)
    assert (back["e"] == (frame["v"] * frame["d"]).round(2)).all()
    assert rule.check(back).all()
    assert not rule.is_news(frame).any()


@pytest.mark.parametrize(
    "dtype", ["int8", "Int16", "float64", "category", "string", "object", "bool"]
)
def test_looked_up_columns_keep_their_dtype(dtype: str) -> None:
    by = pd.Series(["x", "y", "z", "x", None, "y"], dtype=object)
    codes = by.map({"x": 1, "y": 0, "z": 1})
    if dtype in ("category", "string", "object"):
        target = codes.map({1.0: "one", 0.0: "none"}).astype(dtype)
    elif dtype in ("int8", "bool"):
        target = codes.fillna(0).astype(dtype)
    else:
        target = codes.astype(dtype)
    frame = pd.DataFrame({"by": by, "target": target})
    if dtype == "object":
        frame["target"] = frame["target"].where(frame["target"].notna(), None)
    reduced = comes_back(Determines("by", "target"), frame)
    assert "target by rule" in reduced or "target" not in reduced


def test_parts_of_dates_and_bands() -> None:
    times = pd.Series(pd.to_datetime(["2024-01-31", "2024-02-01", None, "2024-12-31"]))
    frame = pd.DataFrame({"t": times, "month": times.dt.month})
    assert list(comes_back(Function("month", of="t"), frame)) == ["t"]
    frame["late"] = pd.Series([False, False, None, True], dtype="boolean")
    assert list(comes_back(Bands("late", of="t"), frame[["t", "late"]])) == ["t"]


def test_dates_from_dates_and_days() -> None:
    frame = pd.DataFrame({"start": ["2024-02-28", "2023-02-28", None], "days": [2, 2, 5]})
    frame["end"] = ["2024-03-01", "2023-03-02", None]
    assert list(comes_back(Sum("end", ["start", "days"]), frame)) == ["start", "days"]


def test_clock_times_wrap_and_write_midnight_as_the_table_does() -> None:
    frame = pd.DataFrame({"plan": [2350, 15, 2300], "delay": [15, -16, 60], "at": [5, 2359, 2400]})
    assert list(comes_back(Sum("at", ["plan", "delay"], clock=["plan", "at"]), frame)) == [
        "plan",
        "delay",
    ]


def test_one_hot_becomes_one_column() -> None:
    frame = pd.DataFrame({"a": [1, 0, 0], "b": [False, True, False], "c": [0.0, 0.0, 1.0]})
    reduced = comes_back(OneHot(["a", "b", "c"]), frame)
    assert reduced["one of a, b, c"].tolist() == ["a", "b", "c"]


def test_several_rules_on_one_table_are_rebuilt_in_order() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.integers(0, 99, 50), "b": rng.integers(0, 99, 50)})
    frame["sum"] = frame["a"] + frame["b"]
    frame["twice"] = 2 * frame["sum"]
    frame["group"] = np.where(frame["twice"] > 150, "high", "low")
    frame["top"] = frame["twice"] + rng.integers(0, 5, 50)
    rules = RuleSet(
        [
            Bands("group", of="twice"),
            Order("twice", "<=", "top"),
            Sum("twice", ["sum"], [2]),
            Sum("sum", ["a", "b"]),
        ]
    )
    reduced = comes_back(rules, frame)
    assert sorted(reduced) == ["a", "b", "top"]
    assert reduced["top"].max() < 5


def test_a_row_is_judged_alone_as_it_is_among_others() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"pieces": rng.integers(1, 9, 60), "price": rng.integers(1, 9999, 60) / 100}
    )
    frame["net"] = (frame["pieces"] * frame["price"]).round(2)
    frame["share"] = rng.normal(size=60)
    frame["rest"] = (frame["net"] + frame["share"]).round(2)
    frame["total"] = (frame["net"] + frame["price"]).round(2)
    rules = [
        Product("net", ["pieces", "price"]),
        Sum("total", ["net", "price"]),
        Sum("rest", ["net", "share"]),
        Determines("net", "total"),
    ]
    # One such row has fewer decimals than the table, and is no better for it.
    coarse = frame.assign(**{name: frame[name].round(1) for name in ("net", "rest", "total")})
    for rule in rules:
        rule.fit(frame)
        among = rule.check(coarse)
        assert 0 < among.mean() < 0.7 or isinstance(rule, Determines)
        assert [rule.check(coarse.iloc[[row]])[0] for row in range(60)] == among.tolist()
