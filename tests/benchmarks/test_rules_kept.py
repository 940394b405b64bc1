"""What the benchmark of kept rules counts as broken, and what its page says of it."""

from __future__ import annotations

import pandas as pd
import pytest

from benchmarks import rules, rules_kept_page
from benchmarks.page import read_part
from benchmarks.rules_kept import PLACEMENTS, broken_shares, flight_relations, judged
from benchmarks.rules_peers import ORDERS, kinds_of, make_orders
from synthwgan.datasets import make_placements
from synthwgan.rules import Order, Sum


def test_real_tables_break_nothing_and_shuffled_ones_do() -> None:
    for real, relations in ((make_placements(), PLACEMENTS), (make_orders(), ORDERS)):
        assert set(broken_shares(real, relations).values()) == {0.0}
        mixed = pd.DataFrame(
            {
                name: real[name].sample(frac=1, random_state=k).to_numpy()
                for k, name in enumerate(real)
            }
        )
        assert min(broken_shares(mixed, relations).values()) > 0


def test_flights_wrap_at_midnight() -> None:
    real = pd.DataFrame(
        {
            "carrier": ["UA", "AA"],
            "origin": ["EWR", "JFK"],
            "dest": ["IAH", "MIA"],
            "distance": [1400, 1089],
            "sched_dep_time": [2350, 540],
            "dep_time": [10.0, None],
            "dep_delay": [20.0, None],
            "sched_arr_time": [300, 850],
            "arr_time": [255.0, None],
            "arr_delay": [-5.0, None],
            "hour": [23, 5],
            "minute": [50, 40],
            "month": [1, 7],
            "day": [1, 2],
            "time_hour": pd.to_datetime(["2013-01-02 04:00", "2013-07-02 09:00"]),
        }
    )
    relations = flight_relations(real)
    assert set(broken_shares(real, relations).values()) == {0.0}
    swapped = real.assign(dest=["MIA", "IAH"], dep_delay=[19.0, None], minute=[51, 40])
    broken = broken_shares(swapped, relations)
    assert broken["the route exists"] == broken["the carrier flies the route"] == 1
    assert broken["departure = schedule + delay"] == broken["`minute` of the schedule"] == 0.5
    assert broken["arrival = schedule + delay"] == 0


def test_shares_of_partial_rules_are_judged_by_their_standard_error() -> None:
    real = pd.DataFrame({"a": range(100), "b": [*range(80), *range(81, 101)], "c": range(1, 101)})
    found = [Sum("b", ["a"], tolerate=0.5).fit(real), Order("a", "<=", "c").fit(real)]
    assert judged(found, real)["broken"] == []
    [partial] = judged(found, real)["partial"]
    assert partial["real"] == partial["drawn"] == 0.8
    assert rules_kept_page.is_near(partial)
    assert partial["standard_error"] == pytest.approx(0.0566, abs=1e-4)
    worse = judged(found, real.assign(b=range(100, 200), c=0))
    assert worse["broken"] == [{"rule": "c >= a", "rows": 99}]
    assert not rules_kept_page.is_near(worse["partial"][0])


def test_kinds_are_named_as_sdv_names_them() -> None:
    kinds = kinds_of(make_orders(20))
    assert kinds["ordered"] == "datetime"
    assert kinds["member"] == "boolean"
    assert (kinds["city"], kinds["price"]) == ("categorical", "numerical")


def test_the_page_has_a_place_for_each_part() -> None:
    for name in [*rules_kept_page.TEXTS, "planted", "real", "time"]:
        assert read_part(rules.PAGE, name)
        assert name in rules.PARTS


def test_nearly_all_is_not_all() -> None:
    shares = {0.0: "0 %", 1.0: "100 %", 0.9995: "99.95 %", 0.955: "95.5 %", 0.42: "42 %"}
    assert {share: rules_kept_page.percent(share) for share in shares} == shares


def test_a_part_says_what_was_missed() -> None:
    part = {
        "n_tables": 2,
        "steps": 20,
        "n_drawn": 100,
        "draw_seconds": 1.0,
        "n_full": 5,
        "broken": [{"rule": "b >= a", "rows": 3}],
        "partial": [{"rule": "b = a", "real": 0.5, "drawn": 0.1, "standard_error": 0.05}],
        "faults": ["seed 1: dtypes differ"],
        "date": "2026-01-01",
        "machine": {"cpu": "x", "cores": 2},
    }
    text = rules_kept_page.kept_text(part)
    for shown in ("broke **1**", "`b >= a` in 3 rows", "50 % of real rows, 10 %", "dtypes differ"):
        assert shown in text
