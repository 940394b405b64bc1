"""Each kind of rule: what it checks, what it refuses, and JSON there and back."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from synthwgan.rules import (
    Bands,
    Combinations,
    Custom,
    Determines,
    Function,
    MissingTogether,
    MissingWhere,
    OneHot,
    Order,
    Product,
    Rule,
    RuleSet,
    Sum,
    Unique,
    ValueWhere,
)
from synthwgan.table.rules.kinds import rule_from_dict

NA = np.nan
HOURS = [pd.Timedelta("1h"), pd.Timedelta("3h"), pd.NaT]
CASES: list[tuple[Rule, dict[str, list[object]], list[bool]]] = [
    (Order("a", "<=", "b"), {"a": [1, 2, NA, 4], "b": [1, 1, 0, NA]}, [True, False, True, True]),
    (Order("a", "<", "b"), {"a": [1, 2], "b": [1, 3]}, [False, True]),
    (Order("a", ">=", 0), {"a": [1.0, -1.0, NA]}, [True, False, True]),
    (Order("a", "<=", pd.Timedelta("2h")), {"a": HOURS}, [True, False, True]),
    (Order("a", ">", np.timedelta64(1, "h")), {"a": HOURS}, [False, True, True]),
    (Order("a", "<=", "b", "<", "c"), {"a": [1, 1], "b": [1, 1], "c": [2, 1]}, [True, False]),
    (Order("a", "<=", "b"), {"a": ["2024-01-31"], "b": ["2024-02-01"]}, [True]),
    (Sum("t", ["a", "b"]), {"t": [0.3, 0.4], "a": [0.1, 0.1], "b": [0.2, 0.2]}, [True, False]),
    (Sum("t", ["a"], [0.19]), {"t": [0.19, 0.2], "a": [1.0, 1.0]}, [True, False]),
    (Sum("t", ["a"], ["1/3"]), {"t": [0.33, 0.34], "a": [1.0, 1.0]}, [True, False]),
    (Sum("b", ["a"], [2], -1), {"b": [5, 6], "a": [3, 3]}, [True, False]),
    (
        Sum("end", ["start", "days"]),
        {"end": ["2024-03-01", "2024-03-02"], "start": ["2024-02-28"] * 2, "days": [2, 2]},
        [True, False],
    ),
    (
        Sum("age", ["now", "born"], [1, -1], unit="years"),
        {
            "age": [23, 24, 24],
            "now": ["2024-02-28", "2024-02-28", "2024-03-01"],
            "born": ["2000-02-29"] * 3,
        },
        [True, False, True],
    ),
    (
        Sum("late", ["plan", "delay"], clock=["plan", "late"]),
        {"late": [5, 2359, 630], "plan": [2350, 15, 600], "delay": [15, -16, 31]},
        [True, True, False],
    ),
    (Product("p", ["n", "x"]), {"p": [1.05, 1.0], "n": [3, 3], "x": [0.35, 0.35]}, [True, False]),
    (
        Product("q", ["a"], ["b"], 100),
        {"q": [33.3, 50.1, 7.0], "a": [1, 1, 1], "b": [3, 2, 0]},
        [True, False, True],
    ),
    (
        Product("bmi", ["kg"], ["cm", "cm"], 10_000),
        {"bmi": [24.2, 24.4], "kg": [70.0, 70.0], "cm": [170, 170]},
        [True, False],
    ),
    (
        # 445.884 times 12.9996, before both were rounded, and more than 445.885 times 13.005.
        Product("e", ["v", "d"], rounded=["v", "d"]),
        {"e": [5796.31, 5798.8, 1.27], "v": [445.88, 445.88, 22.46], "d": [13.0, 13.0, 0.05]},
        [True, False, False],
    ),
    (
        Product("q", ["a"], "b", rounded="b"),
        {"q": [40.0, 36.0, 1000.0, 9.1], "a": [2.0] * 4, "b": [0.05, 0.06, 0.0, 0.24]},
        [True, True, True, False],
    ),
    (
        Function("m", of="d", part="month"),
        {"m": [1, 3], "d": ["2024-01-31", "2024-02-01"]},
        [True, False],
    ),
    (Function("h", of="t", part="// 100"), {"h": [5, 6], "t": [517, 517]}, [True, False]),
    (Function("s", of="t", part="first 2"), {"s": ["ab", "b"], "t": ["abc", "bcd"]}, [True, False]),
    (
        MissingTogether(["a", "b"]),
        {"a": [1, NA, NA], "b": [1, NA, 2]},
        [True, True, False],
    ),
    (
        MissingWhere("a", "w", ["no"]),
        {"a": [NA, 1, NA, NA], "w": ["no", "no", "yes", None]},
        [True, False, False, True],
    ),
    (
        MissingWhere("a", "b", [None], exactly=False),
        {"a": [NA, 1, NA], "b": [NA, NA, 1]},
        [True, True, False],
    ),
    (
        ValueWhere("a", 0, "b", 0),
        {"a": [0.0, 1.5, 0.0, NA, 2.0], "b": [0, 0, 3, 0, NA]},
        [True, False, True, True, True],
    ),
    (
        ValueWhere("a", 0, "w", "no", exactly=True),
        {"a": ["$0.00", "$3.10", "$0.00", "$1.20"], "w": ["no", "no", "yes", "yes"]},
        [True, False, False, True],
    ),
    (
        ValueWhere("a", "none", "b", True),
        {"a": ["none", "some"], "b": [True, True]},
        [True, False],
    ),
    (OneHot(["a", "b"]), {"a": [1, 1, 0], "b": [0, 1, 0]}, [True, False, False]),
    (OneHot(["a", "b"], at_most=True), {"a": [True, False], "b": [True, False]}, [False, True]),
    (Unique(["a", "b"]), {"a": [1, 1, 1, NA], "b": [1, 2, 1, NA]}, [True, True, False, True]),
]


@pytest.mark.parametrize(("rule", "cells", "kept"), CASES, ids=lambda item: str(item)[:40])
def test_check(rule: Rule, cells: dict[str, list[object]], kept: list[bool]) -> None:
    frame = pd.DataFrame(cells)
    before = frame.copy(deep=True)
    assert rule.check(frame).tolist() == kept
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(("rule", "cells", "kept"), CASES, ids=lambda item: str(item)[:40])
def test_json_brings_back_the_rule(
    rule: Rule, cells: dict[str, list[object]], kept: list[bool]
) -> None:
    rule = rule_from_dict(rule.to_dict())
    rule.tolerate = 1.0
    rule.fit(pd.DataFrame(cells))
    back = rule_from_dict(json.loads(json.dumps(rule.to_dict())))
    assert back == rule
    assert str(back) == str(rule)
    assert back.support_ == rule.support_
    assert back.check(pd.DataFrame(cells)).tolist() == kept


LEARNING: list[tuple[Rule, dict[str, list[object]], dict[str, list[object]], list[bool]]] = [
    (
        Bands("g", of="x"),
        {"x": [1, 2, 8, 9], "g": ["lo", "lo", "hi", "hi"]},
        {"x": [4, 4, 6], "g": ["lo", "hi", "hi"]},
        [True, False, True],
    ),
    (
        Bands("g", of="e", minus="s"),
        {
            "s": ["2024-01-01"] * 4,
            "e": ["2024-01-02", "2024-01-03", "2024-02-01", "2024-02-02"],
            "g": [3, 3, 6, 6],
        },
        {"s": ["2025-01-01"] * 2, "e": ["2025-01-02", "2025-01-02"], "g": [3, 6]},
        [True, False],
    ),
    (
        Determines(["a", "b"], "c"),
        {"a": ["x", "x", "y"], "b": [1, 2, 1], "c": [0.5, 1.5, 2.5]},
        {"a": ["x", "x", "z", "y"], "b": [1, 2, 1, NA], "c": [0.5, 0.5, 9, 9]},
        [True, False, True, True],
    ),
    (
        Combinations(["a", "b"]),
        {"a": ["x", "y"], "b": [1, 2]},
        {"a": ["x", "x", None], "b": [1, 2, 2]},
        [True, False, True],
    ),
]


@pytest.mark.parametrize(("rule", "seen", "new", "kept"), LEARNING, ids=lambda item: str(item)[:40])
def test_learnt_rules_check_other_tables(
    rule: Rule,
    seen: dict[str, list[object]],
    new: dict[str, list[object]],
    kept: list[bool],
) -> None:
    rule.fit(pd.DataFrame(seen))
    assert rule.check(pd.DataFrame(seen)).all()
    assert rule.check(pd.DataFrame(new)).tolist() == kept
    back = rule_from_dict(json.loads(json.dumps(rule.to_dict())))
    assert back.check(pd.DataFrame(new)).tolist() == kept


def test_errors_name_rule_column_rows_and_the_way_out() -> None:
    frame = pd.DataFrame({"a": [1, 5, 6], "b": [2, 3, 4], "t": ["x", "y", "z"]})
    with pytest.raises(
        ValueError, match=r"'b >= a' is broken in 2 of 3 rows \(row 1: a = 5, b = 3"
    ):
        Order("a", "<=", "b").fit(frame)
    assert Order("a", "<=", "b", tolerate=0.667).fit(frame).support_.broken == 2
    with pytest.raises(ValueError, match=r"no column 'c'; it has 'a', 'b', 't'"):
        Order("a", "<=", "c").check(frame)
    for unlike in (Order("a", "<=", "t"), Sum("a", ["t"])):
        for method in (unlike.check, unlike.fit):
            with pytest.raises(
                ValueError, match=r"column 't' holds text \(row 0: 'x'\).*pd.to_numeric"
            ):
                method(frame)
    with pytest.raises(ValueError, match=r"takes columns and signs"):
        Order("a", "=", "b")
    with pytest.raises(ValueError, match=r"unknown part 'moon'"):
        Function("a", of="b", part="moon")


@pytest.mark.parametrize(
    ("constant", "remedy"),
    [
        ("2024-01-01", r"for the moment write pd\.Timestamp\('2024-01-01'\)"),
        ("18", "for the number write 18"),
        ("b", "Drop the rule or name another column"),
    ],
)
def test_a_constant_in_quotes_is_told_from_a_column(constant: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=remedy):
        Order("a", ">=", constant).fit(pd.DataFrame({"a": [1, 2]}))


def test_a_part_that_is_none_cannot_have_been_rounded() -> None:
    rule = Product("e", ["v", "d"], rounded=["v", "i"])
    with pytest.raises(ValueError, match="'i', which is no factor .* name some of 'v', 'd'"):
        rule.fit(pd.DataFrame({"e": [2.0], "v": [1.0], "d": [2.0], "i": [0.5]}))


def test_a_product_is_solved_for_no_root() -> None:
    square = Product("area", ["side", "side"])
    frame = pd.DataFrame({"area": [4.0, 9.0], "side": [2.0, 3.0]})
    assert not square.can_turn
    assert square.fit(frame).all_turned() == []
    assert Product("area", ["long", "wide"]).can_turn


@pytest.mark.parametrize("part", ["v", "d"])
def test_solved_for_a_part_a_product_of_rounded_ones_holds_as_well(part: str) -> None:
    rng = np.random.default_rng(0)
    v, d = rng.uniform(20, 500, 200), rng.uniform(2, 9, 200)
    frame = pd.DataFrame({"e": (v * d).round(2), "v": v.round(2), "d": d.round(2)})
    rule = Product("e", ["v", "d"], rounded=["v", "d"]).fit(frame)
    assert (~Product("e", ["v", "d"]).check(frame)).mean() > 0.5
    turned = next(own for own in rule.all_turned() if own.target == part)
    assert turned.check(frame).all()
    # One row lies on a coarser grid than all do.
    alone = pd.DataFrame({"e": [rule.computed(frame)[0] + 0.4], "v": [100.0], "d": [4.0]})
    alone["e"] = 400.4
    assert turned.check(alone).all()


def test_dates_and_numbers_have_no_order_nor_have_zones_and_none() -> None:
    frame = pd.DataFrame({"n": [1], "d": pd.to_datetime(["2024-01-01"])})
    frame["z"] = frame["d"].dt.tz_localize("UTC")
    with pytest.raises(ValueError, match=r"'n' holds numbers \(row 0: 1\).*have no order"):
        Order("n", "<=", "d").check(frame)
    with pytest.raises(ValueError, match=r"'z' has a time zone and column 'd' holds dates"):
        Order("z", "<=", "d").check(frame)
    assert Order("d", "<=", pd.Timestamp("2024-01-02")).check(frame).all()


def test_large_integers_do_not_overflow() -> None:
    big = 2**62
    frame = pd.DataFrame({"a": [big, big], "b": [big, big], "t": [2**63, 2**63 - 1]}, dtype=object)
    frame = frame.astype({"a": "int64", "b": "int64", "t": "uint64"})
    assert Sum("t", ["a", "b"]).check(frame).tolist() == [True, False]


@pytest.mark.parametrize("dtype", ["int64", "Int64"])
def test_products_of_whole_numbers_are_exact(dtype: str) -> None:
    a, b = (np.random.default_rng(seed).integers(10**8, 10**9, 50) for seed in (0, 1))
    frame = pd.DataFrame({"a": a, "b": b, "c": a * b}).astype(dtype)
    rule = Product("c", ["a", "b"]).fit(frame)
    assert (rule.computed(frame) == frame["c"]).all()
    assert not rule.check(frame.assign(c=frame["c"] + 1)).any()


def test_dates_and_timestamps_compare() -> None:
    frame = pd.DataFrame({"day": ["2024-01-01", "2024-01-02"]})
    frame["moment"] = pd.to_datetime(["2024-01-01 08:00:00", "2024-01-01 23:59:59"])
    assert Order("day", "<=", "moment").check(frame).tolist() == [True, False]


def test_a_custom_rule_is_never_written() -> None:
    rule = Custom(lambda frame: (frame["a"] > 0).to_numpy(), name="a is positive")
    assert rule.check(pd.DataFrame({"a": [1, -1]})).tolist() == [True, False]
    with pytest.raises(TypeError, match="cannot be written"):
        RuleSet([rule]).to_json()
    with pytest.raises(ValueError, match="unknown kind"):
        rule_from_dict({"kind": "Custom", "function": "os.system"})


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'t' is computed by two rules"):
        RuleSet([Sum("t", ["a"]), Product("t", ["a", "b"])]).check_consistent()
    with pytest.raises(ValueError, match="in a circle"):
        RuleSet([Sum("a", ["b"]), Sum("b", ["a"])]).check_consistent()
    with pytest.raises(ValueError, match="orders go round"):
        RuleSet([Order("a", "<=", "b"), Order("b", "<=", "c", "<=", "a")]).check_consistent()
    with pytest.raises(ValueError, match="no column 'b'"):
        RuleSet([Sum("a", ["b"])]).check_consistent(pd.DataFrame({"a": [1]}))


def test_rule_set_check_and_broken_rows() -> None:
    frame = pd.DataFrame({"a": [1, 5, 3], "b": [2, 3, 3]}, index=["p", "q", "r"])
    rules = RuleSet([Order("a", "<=", "b"), Unique(["b"])])
    checked = rules.check(frame)
    assert checked["n_broken"].tolist() == [1, 1]
    assert checked["first_rows"].tolist() == [["q"], ["r"]]
    broken = rules.broken_rows(frame)
    assert broken.index.tolist() == ["q", "r"]
    assert broken["broken_rules"].tolist() == [["b >= a"], ["b unique"]]
    assert RuleSet.from_json(rules.to_json()) == rules
    with pytest.raises(ValueError, match="no JSON"):
        RuleSet.from_json("{")


def test_cells_are_shown_as_they_are_and_periods_get_a_remedy_that_works() -> None:
    months = pd.Series(pd.period_range("2024-01", periods=3, freq="M"))
    frame = pd.DataFrame({"month": months, "end": months + 1, "waited": HOURS})
    with pytest.raises(ValueError, match=r"row 0: 2024-01\), .*\.dt\.to_timestamp\(\)"):
        Order("month", "<=", "end").check(frame)
    dates = frame.assign(month=months.dt.to_timestamp(), end=(months + 1).dt.to_timestamp())
    assert Order("month", "<=", "end").check(dates).all()
    with pytest.raises(ValueError, match="row 1: waited = 0 days 03:00:00"):
        Order("waited", "<=", pd.Timedelta("2h")).fit(frame)


def _banded(cells: pd.Series) -> str:
    """Return how the edge is shown between the lower and the upper half of increasing cells."""
    group = np.where(np.arange(len(cells)) < len(cells) // 2, "low", "high")
    rule = Bands("group", of="of").fit(pd.DataFrame({"of": cells, "group": group}))
    assert str(rule_from_dict(json.loads(json.dumps(rule.to_dict())))) == str(rule)
    return str(rule).removeprefix("group by of: low up to ").removesuffix(", high above")


_MINUTES = pd.Series(pd.to_timedelta([0, 7, 2041, 2043, 9999, 10_000], unit="min"))
_MOMENTS = pd.Timestamp("2024-07-30 11:55") + _MINUTES


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (_MOMENTS, "2024-07-31 21:57"),
        (_MOMENTS.dt.tz_localize("Europe/Berlin"), "2024-07-31 21:57+02:00"),
        (_MOMENTS.dt.strftime("%d.%m.%Y %H:%M"), "2024-07-31 21:57"),
        (pd.Series(pd.date_range("2024-01-30", periods=6)), "2024-02-01"),
        (pd.Series(pd.date_range("2024-01-30", periods=6, tz="Asia/Tokyo")), "2024-02-01"),
        (pd.Series(pd.date_range("2024-01-30", periods=6).strftime("%d-%b-%y")), "2024-02-01"),
        (
            pd.Series(pd.date_range("2024-01-30", periods=6, freq="4us")),
            "2024-01-30 00:00:00.000010",
        ),
        (_MINUTES, "1 days 10:02:00"),
        (pd.Series(pd.to_timedelta(range(6), unit="D")), "2 days 00:00:00"),
        (pd.Series(pd.to_timedelta(range(6), unit="us")), "0 days 00:00:00.000002"),
        (pd.Series([f"{hour:02}:30" for hour in range(6)]), "03:00"),
        (pd.Series(12_345_678_900 + np.arange(6)), "12345678902.5"),
        (pd.Series([1, 2, 3, 8, 9, 10]) / 3, "1.833333333"),
    ],
)
def test_the_edges_of_bands_are_shown_as_cells_are(cells: pd.Series, shown: str) -> None:
    assert _banded(cells) == shown


def test_bands_of_differences_of_dates_are_in_days():
    days = pd.Series(pd.date_range("2024-01-30", periods=6))
    frame = pd.DataFrame({"end": days + _MINUTES, "start": days, "g": [1, 1, 1, 2, 2, 2]})
    rule = Bands("g", of="end", minus="start").fit(frame)
    assert str(rule) == "g by end - start: 1 up to 1.418055556, 2 above"


def test_bands_whose_edges_have_no_text_are_refused():
    state = Bands("g", of="x").fit(pd.DataFrame({"x": [1, 2, 8], "g": [0, 0, 1]})).to_dict()
    state["learned"]["shown_"] = ["5", "6"]
    with pytest.raises(ValueError, match="bands need a text for each of their edges"):
        rule_from_dict(state)
    del state["learned"]["shown_"]
    assert str(rule_from_dict(state)) == "g by x: 0 up to 5, 1 above"
