"""Rules of columns whose dates and numbers are written as text, or dates as whole numbers."""

from __future__ import annotations

import json
from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis.extra.numpy import arrays

from synthwgan.rules import (
    Bands,
    Determines,
    Function,
    MissingWhere,
    Order,
    Rule,
    RuleSet,
    Sum,
    ValueWhere,
    find_rules,
)
from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.kinds import rule_from_dict

N = 40
SETTINGS = settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.generate])
DAYS = arrays(np.int64, N, elements=st.integers(0, 9_000), unique=True)
CENTS = arrays(np.int64, N, elements=st.integers(-(10**7), 10**7), unique=True)
# Digits alone are dates only if there are enough of them.
HOLES = arrays(bool, N // 2).map(lambda holes: np.concatenate([holes, np.zeros(N - N // 2, bool)]))
DATES = ["%d-%b-%y", "%Y%m%d%H%M%S", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S+02:00", "%b %d, %Y", "%Y%m%d"]


def as_dates(days: np.ndarray, pattern: str) -> pd.Series:
    moments = pd.Series(pd.Timestamp("1998-03-01 04:05:06") + pd.to_timedelta(days, unit="D"))
    return moments.dt.strftime(pattern)


def in_parentheses(amount: float) -> str:
    return f"({-amount:,.2f})" if amount < 0 else f"{amount:,.2f}"


NUMBERS = {
    "grouped": "{:,.2f}".format,
    "accounting": in_parentheses,
    "dollars": lambda amount: f"-${-amount:.2f}" if amount < 0 else f"${amount:.2f}",
    "percent": "{:.2f}%".format,
    "unit": "{:.2f} kg".format,
    "german": lambda amount: f"{amount:,.2f}".translate(str.maketrans(",.", ".,")),
}


def comes_back(rule: Rule, frame: pd.DataFrame) -> None:
    rule.fit(frame)
    back = rule_from_dict(json.loads(json.dumps(rule.to_dict())))
    assert back.check(frame).tolist() == rule.check(frame).tolist()
    rebuilt = back.rebuild(back.reduce(frame).copy(), list(frame.columns))
    pd.testing.assert_frame_equal(rebuilt, frame)


@pytest.mark.parametrize(
    ("pattern", "dtype"), list(zip(DATES, [object, "string"] * 3, strict=True))
)
@SETTINGS
@given(DAYS, DAYS, HOLES)
def test_orders_of_written_dates_come_back(
    pattern: str, dtype: object, low: np.ndarray, high: np.ndarray, holes: np.ndarray
) -> None:
    frame = pd.DataFrame({"low": as_dates(low, pattern), "high": as_dates(high, pattern)})
    frame = frame.astype(dtype)
    frame["high"] = frame["high"].mask(holes, None if dtype is object else pd.NA)
    rule = Order("low", "<=", "high", tolerate=1.0)
    comes_back(rule, frame)
    if not holes.all():
        assert rule.check(frame).tolist() == (holes | (low <= high)).tolist()


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", "float64"])
def test_dates_in_whole_numbers_are_times(dtype: str) -> None:
    days = np.arange(0, 9_000, 97)
    frame = pd.DataFrame({"start": as_dates(days, "%Y%m%d"), "end": as_dates(days + 5, "%Y%m%d")})
    frame = frame.astype("int64").astype(dtype)
    frame["days"] = 5
    if dtype == "float64":
        frame.loc[3, "end"] = np.nan
    comes_back(Order("start", "<=", "end"), frame)
    comes_back(Sum("end", ["start", "days"]), frame)
    rule = Sum("end", ["start", "days"]).fit(frame)
    # Three numbers alone would be no dates.
    few = frame.head(3).copy()
    few.loc[1, "end"] += 1
    assert rule.check(few).tolist() == [True, False, True]
    assert rule.check(few.astype({"start": "int64"}).astype({"start": str})).tolist() == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("style", NUMBERS)
@SETTINGS
@given(CENTS, CENTS, HOLES, HOLES)
def test_sums_of_written_numbers_come_back(
    style: str, net: np.ndarray, tax: np.ndarray, holes: np.ndarray, faults: np.ndarray
) -> None:
    cells = {"net": net, "tax": tax, "total": net + tax + faults}
    frame = pd.DataFrame(
        {name: [NUMBERS[style](cent / 100) for cent in cents] for name, cents in cells.items()}
    ).astype(object)
    frame["tax"] = frame["tax"].mask(holes, None)
    rule = Sum("total", ["net", "tax"], tolerate=1.0)
    comes_back(rule, frame)
    if not holes.all():
        assert rule.check(frame).tolist() == (holes | ~faults).tolist()


def as_timedeltas(spans: pd.Series) -> pd.Series:
    objects = [pd.NaT if pd.isna(span) else span.to_pytimedelta() for span in spans]
    return pd.Series(objects, dtype=object)


DURATIONS = {
    "ns": lambda spans: spans.astype("timedelta64[ns]"),
    "seconds": lambda spans: spans.astype("timedelta64[s]"),
    "objects": as_timedeltas,
    "arrow": lambda spans: spans.astype(pd.ArrowDtype(pa.duration("ms"))),
}


@pytest.mark.parametrize("store", DURATIONS.values(), ids=list(DURATIONS))
def test_durations_are_as_long_as_they_are_beside_dates(
    store: Callable[[pd.Series], pd.Series],
) -> None:
    rng = np.random.default_rng(0)
    spans = [pd.Series(pd.to_timedelta(rng.integers(1, 9999, 200), unit="s")) for _ in range(3)]
    spans[1] = spans[0].mask(rng.random(200) < 0.1) + spans[1]
    start = pd.Timestamp("2024-02-28") + spans[2]
    frame = pd.DataFrame({"start": start, "ride": store(spans[0]), "till": store(spans[1])})
    frame["end"] = start + spans[0]
    frame["fare"] = spans[0].dt.total_seconds() * 0.05 + 2
    for rule in (
        Sum("end", ["start", "ride"]),
        Sum("end", ["start", "ride"], unit="hours"),
        Sum("ride", ["end", "start"], [1, -1]),
        Sum("fare", ["ride"], [0.05], 2),
        Sum("ride", ["fare"], [20], -40),
        Order("ride", "<=", "till"),
    ):
        comes_back(rule, frame)
        assert rule.check(frame).all()
    late = frame.assign(end=frame["end"] + pd.Timedelta("1s"))
    assert not Sum("end", ["start", "ride"]).check(late).any()
    found = find_rules(frame)
    assert {"ride = end - start", "till >= ride"} <= set(map(str, found))
    pd.testing.assert_frame_equal(found.rebuild(found.reduce(frame))[list(frame)], frame)


def test_a_date_and_several_durations() -> None:
    rng = np.random.default_rng(1)
    ride, wait = (pd.to_timedelta(rng.integers(1, 9999, 300), unit="s") for _ in range(2))
    start = pd.Timestamp("2024-02-28") + pd.to_timedelta(rng.integers(0, 10**7, 300), unit="s")
    frame = pd.DataFrame({"start": start, "ride": ride, "wait": wait})
    frame["end"] = frame["start"] + ride + wait
    (rule,) = find_rules(frame)
    assert set(rule.columns) == set(frame)
    comes_back(rule, frame)


def test_a_moment_or_a_duration_where_another_column_says_so() -> None:
    end = pd.Series(pd.to_datetime(["2099-12-31", "2020-05-01", "2099-12-31"]))
    frame = pd.DataFrame({"open": ["yes", "no", "yes"], "end": end})
    frame["written"] = end.dt.strftime("%d.%m.%Y")
    frame["zoned"] = end.dt.tz_localize("UTC")
    frame["left"] = pd.to_timedelta([90, 4, 90], unit="s")
    never = pd.Timestamp("2099-12-31")
    values = {"end": never, "written": never, "zoned": never.tz_localize("UTC")}
    for name, value in {**values, "left": pd.Timedelta("90s")}.items():
        rule = ValueWhere(name, value, "open", "yes", exactly=True)
        comes_back(rule, frame)
        assert rule.check(frame.iloc[::-1].assign(open="yes")).tolist() == [True, False, True]
        implied, where, cells = next(iter(rule.implies(frame, frame)))
        shown = frame[implied][where].iloc[0]
        assert (where.tolist(), cells.tolist()) == ([True, False, True], [shown, shown])


def test_parts_of_seconds_and_durations_too_long_for_them() -> None:
    spans = pd.Series(pd.to_timedelta([1, 2_500_000, 2**53 + 1], unit="ns"))
    column = Column("a", spans[:2])
    assert (column.values.tolist(), column.decimals) == ([1e-9, 0.0025], 9)
    assert [column.shown(row) for row in range(2)] == [
        "0 days 00:00:00.000000001",
        "0 days 00:00:00.002500",
    ]
    # As floats these seconds would be another tick.
    frame = pd.DataFrame({"a": spans, "b": spans + pd.Timedelta(1, "ns"), "c": spans.dt.floor("s")})
    comes_back(Order("a", "<", "b"), frame)
    comes_back(Sum("b", ["a"], constant=1), frame)
    with pytest.raises(ValueError, match="count in different units"):
        Order("c", "<=", "a").fit(frame)


def test_whole_amounts_keep_the_decimals_of_their_form() -> None:
    frame = pd.DataFrame({"a": ["$12.00", "$13.00"], "b": ["$1.00", "$2.00"]})
    frame["t"] = ["$13.00", "$15.00"]
    rule = Sum("t", ["a", "b"]).fit(frame)
    new = pd.DataFrame({"a": ["$1.25"], "b": ["$0.50"]})
    assert rule.rebuild(new)["t"].tolist() == ["$1.75"]
    assert Column("a", frame["a"]).decimals == 2


def test_looked_up_and_banded_columns_in_a_form_come_back() -> None:
    keys = np.resize(["x", "y", "z"], N)
    frame = pd.DataFrame({"key": keys, "size": np.resize(np.arange(3), N)})
    frame["rate"] = np.resize(["12.50%", "28.40%", "7.25%"], N)
    frame["since"] = np.resize(["03-Jan-21", "14-Feb-21", "28-Mar-22"], N)
    frame["month"] = np.resize(["2021-01", "2021-02", "2022-03"], N)
    frame["yyyymm"] = pd.Series(as_dates(np.arange(N) * 40, "%Y%m")).astype(int)
    frame["when"] = as_dates(np.arange(N) * 40, "%d-%b-%y")
    comes_back(Determines("key", "rate"), frame[["key", "rate"]])
    comes_back(Determines("rate", "since"), frame[["rate", "since"]])
    comes_back(Bands("rate", of="size"), frame[["size", "rate"]])
    comes_back(Function("month", of="since"), frame[["since", "month"]])
    comes_back(Function("yyyymm", of="when", part="yyyymm"), frame[["when", "yyyymm"]])
    gaps = frame.assign(key=frame["key"].where(frame["since"] != "03-Jan-21"))
    for value in ("03-Jan-21", "2021-01-03T00:00:00"):
        assert MissingWhere("key", "since", [value]).check(gaps).all()
        assert not MissingWhere("key", "since", [value]).check(frame).all()


def test_pieces_of_text_that_could_be_numbers() -> None:
    minutes = np.arange(N) * 31 % 1440
    frame = pd.DataFrame({"at": [f"{m // 60:02d}:{m % 60:02d}" for m in minutes]})
    frame["hour"] = frame["at"].str[:2]
    comes_back(Function("hour", of="at", part="before :"), frame)
    assert str(Function("hour", of="at").fit(frame)).startswith("hour = first 2 letters of at")


def test_a_few_rows_are_read_as_the_fitted_table_was() -> None:
    days = np.arange(0, 600, 11)
    frame = pd.DataFrame({"a": as_dates(days, "%d/%m/%Y"), "b": as_dates(days + 1, "%d/%m/%Y")})
    rule = rule_from_dict(json.loads(json.dumps(Order("a", "<=", "b").fit(frame).to_dict())))
    ambiguous = pd.DataFrame({"a": ["03/04/2001"], "b": ["02/05/2001"]})
    assert rule.check(ambiguous).tolist() == [True]
    assert rule.check(ambiguous.rename(columns={"a": "b", "b": "a"})).tolist() == [False]
    # A table of another tool may write its dates otherwise.
    assert rule.check(frame.apply(pd.to_datetime, dayfirst=True)).all()


def accounts(rng: np.random.Generator, n: int = 400) -> pd.DataFrame:
    """Return invented invoices, all of them text."""
    net, tax = rng.integers(-90_000, 900_000, n), rng.integers(100, 90_000, n)
    ts = pd.Series(pd.Timestamp("2021-01-04") + pd.to_timedelta(rng.integers(0, 10**7, n), "s"))
    received = ts + pd.to_timedelta(rng.integers(0, 10**6, n), "s")
    return pd.DataFrame(
        {
            "Net": [in_parentheses(cents / 100) for cents in net],
            "Tax": [in_parentheses(cents / 100) for cents in tax],
            "Total": [in_parentheses(cents / 100) for cents in net + tax],
            "ts": ts.dt.strftime("%Y%m%d%H%M%S"),
            "received": received.dt.strftime("%Y%m%d%H%M%S"),
            "booked": ts.dt.strftime("%Y%m%d").astype(int),
        }
    )


def test_rules_of_text_are_found() -> None:
    frame = accounts(np.random.default_rng(0))
    rules = find_rules(frame)
    found = [str(rule) for rule in rules]
    assert "Total = Net + Tax" in found
    assert "received >= ts" in found
    assert "booked = yyyymmdd of ts" in found
    back = RuleSet.from_json(rules.to_json())
    assert back.check(accounts(np.random.default_rng(1), 50))["n_broken"].tolist() == [0] * len(
        rules
    )
    reduced = back.reduce(frame)
    assert len(reduced.columns) == 4
    pd.testing.assert_frame_equal(back.rebuild(reduced, list(frame)), frame)


def test_columns_in_which_nothing_can_be_sought_are_named() -> None:
    frame = accounts(np.random.default_rng(0))
    frame.loc[7, "Net"] = "unknown"
    frame["note"] = [f"note {'abcdefghij'[k % 10] * (k % 37 + 1)} {k}x" for k in range(len(frame))]
    frame["nothing"], frame["currency"] = None, "EUR"
    left_out = find_rules(frame).left_out
    assert any("'Net'" in why and "'unknown' in row 7" in why for why in left_out)
    assert any("'note'" in why and "in no form" in why for why in left_out)
    assert "column 'nothing': no cell is filled" in left_out
    assert "column 'currency': all cells are the same" in left_out
    assert not any("'Tax'" in why or "'ts'" in why for why in left_out)


def test_shares_of_all_rows_and_of_those_that_rules_speak_about() -> None:
    frame = pd.DataFrame({"a": [1.0, 5.0, np.nan, np.nan], "b": [2.0, 3.0, 3.0, 4.0]})
    rules = RuleSet(
        [
            Order("a", "<=", "b"),
            Order("a", "<=", "b", "<=", 3.0),
            Determines("a", "b").fit(frame.head(1)),
        ]
    )
    checked = rules.check(frame)
    assert checked["share"].tolist() == [0.25, 0.5, 0.0]
    assert checked["share_applying"].tolist() == [0.5, 0.5, 0.0]
    silent = RuleSet([Order("a", "<=", "b")]).check(frame.tail(2))
    assert np.isnan(silent.loc[0, "share_applying"])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Order("text", "<=", "n"), r"column 'text' holds text \(row 3: 'unknown', not written as"),
        (Order("day", "<=", "n"), r"'day' holds dates \(row 0: '03-Jan-21'\).*'n' numbers"),
        (Order("day", "<=", 5), r"'day' holds dates .*compare it with a pandas.Timestamp, not"),
        (Order("n", "<=", pd.Timedelta("1h")), r"'n' holds numbers .*no durations: .*a number"),
        (Order("day", "<=", pd.Timedelta("1h")), r"'day' .*no durations: .*a pandas.Timestamp"),
        (Order("n", "<=", pd.Timestamp("2021-01-01")), r"'n' holds numbers .*with a number, not"),
        (Sum("text", ["n"]), "column 'text' holds text"),
        (Sum("n", ["name"]), r"column 'name' holds text \(row 0: 'Ann'\).*pd.to_numeric"),
        (Bands("name", of="n", minus="day"), r"column 'day' holds dates .*needs numbers"),
        (
            Order("clock", "<=", "n"),
            r"column 'clock' \(row 0: '05:30'\) and column 'n' \(0\) count",
        ),
        (Order("name", "<=", "text"), r"rule 'text >= name': column 'name' holds text"),
    ],
    ids=lambda item: str(item)[:30],
)
def test_unlike_columns_are_refused(rule: Rule, message: str) -> None:
    frame = pd.DataFrame(
        {
            "n": np.arange(12),
            "day": as_dates(np.arange(12), "%d-%b-%y"),
            "clock": [f"05:{30 + k}" for k in range(12)],
            "name": ["Ann", "Bob", "Cid"] * 4,
            "text": [f"{k}.50" for k in range(12)],
        }
    )
    frame["day"] = frame["day"].str.replace("01-Mar-98", "03-Jan-21")
    frame.loc[3, "text"] = "unknown"
    for method in (rule.check, rule.fit):
        with pytest.raises(ValueError, match=message):
            method(frame)


def test_a_target_that_became_another_kind_is_refused() -> None:
    frame = pd.DataFrame({"a": [1, 2], "t": [1, 2]})
    rule = Sum("t", ["a"]).fit(frame)
    with pytest.raises(ValueError, match=r"'t' holds text \(row 0: 'x'\).*needs numbers"):
        rule.check(frame.assign(t="x"))
    with pytest.raises(ValueError, match=r"'t' holds dates.*needs numbers"):
        rule.check(frame.assign(t=pd.Timestamp("2021-01-01")))
