"""What is found in tables with rules, and what is not found where there are none."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from benchmarks.rules_planted import draw, is_found, make_plan
from synthwgan.rules import (
    Bands,
    MissingTogether,
    MissingWhere,
    Order,
    RuleSet,
    Sum,
    ValueWhere,
    find_rules,
)
from synthwgan.table.rules.base import Support
from synthwgan.table.rules.find.search import _is_far_above_chance

N = 600


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def texts(rules: RuleSet) -> list[str]:
    return [str(rule) for rule in rules]


@pytest.mark.parametrize("seed", range(8))
def test_planted_rules_are_found_and_hold_in_fresh_rows(seed: int) -> None:
    plan, _ = make_plan(seed, with_rules=True)
    found = find_rules(draw(plan, N, seed))
    missed = [str(rule) for rule in plan.rules if not is_found(rule, list(found))]
    assert not missed
    fresh = draw(plan, 2000, 1000 + seed)
    for rule in found:
        broken = 1 - rule.support_.share
        slack = 0.02 if isinstance(rule, Bands) else 0.004
        assert (~rule.check(fresh)).mean() <= 1.5 * broken + slack, str(rule)


@pytest.mark.parametrize("prices", [[9, 19], [9, 19, 49], [9.9, 19.0, 49.5]])
def test_a_product_is_found_though_a_factor_has_few_values(rng, prices: list[float]) -> None:
    price, seats = rng.choice(prices, N), rng.integers(1, 12, N)
    frame = pd.DataFrame({"price": price, "seats": seats, "total": (price * seats).round(2)})
    assert "total = price * seats" in texts(find_rules(frame))


def test_a_product_is_that_of_the_column_which_others_are_computed_from(rng) -> None:
    """A total of it, a multiple, is finer, but then nothing would compute what it is a total of."""
    frame = pd.DataFrame({"pieces": rng.integers(2, 9, N), "price": rng.gamma(3, 40, N).round(2)})
    frame["net"] = (frame["pieces"] * frame["price"]).round(2)
    frame["tax"] = (0.2 * frame["net"]).round(2)
    frame["total"] = (frame["net"] + frame["tax"]).round(2)
    found = texts(find_rules(frame))
    assert {"net = pieces * price", "tax = 0.2 net", "total = net + tax"} <= set(found)
    assert not any("1.2" in text for text in found)


@pytest.mark.parametrize("spread", [1, 1e-3])
def test_what_hardly_differs_is_no_factor(rng, spread: float) -> None:
    """Times a number near a million, over a million, any product holds as well."""
    pieces, price = rng.integers(1, 12, N), rng.gamma(2, 20, N).round(2)
    frame = pd.DataFrame({"key": 1e6 + rng.integers(0, 9, N) * spread, "pieces": pieces})
    frame = frame.assign(price=price, amount=(pieces * price).round(2))
    assert texts(find_rules(frame)) == ["amount = pieces * price"]


def halstead(rng: np.random.Generator) -> pd.DataFrame:
    """Return measures of programs, computed of counts and of each other before rounding."""
    operators, operands = rng.integers(3, 30, N), rng.integers(2, 60, N)
    used = operands + rng.integers(0, 90, N)
    volume = used * rng.uniform(2, 8, N)
    difficulty = operators * used / (2 * operands)
    frame = pd.DataFrame({"operators": operators, "operands": operands, "used": used})
    return frame.assign(
        volume=volume.round(2),
        difficulty=difficulty.round(2),
        effort=(volume * difficulty).round(2),
        seconds=(volume * difficulty / 18).round(2),
    )


def test_products_of_rounded_parts_and_of_four_columns_are_found(rng) -> None:
    frame = halstead(rng)
    # A few faulty records.
    frame.loc[:3, "difficulty"] += 1
    found = texts(find_rules(frame))
    assert "difficulty = 0.5 * operators * used / operands" in found
    assert "effort = volume * difficulty, before volume and difficulty were rounded" in found
    # That is not said again of what is a multiple of it.
    assert [text for text in found if "seconds" in text and "=" in text and ">" not in text] == [
        "seconds = 1/18 effort"
    ]
    assert sum(" * " in text or " / " in text for text in found) == 2


@pytest.mark.parametrize(
    ("weight", "decimals", "text"),
    [
        (0.621371, 1, "b = 0.621371 a"),
        (2.20462, 1, "b = 2.20462 a"),
        (2.54, 2, "b = 2.54 a"),
        (1.08, 2, "b = 1.08 a"),
        (0.85, 2, "b = 0.85 a"),
        (1 / 3, 2, "b = 1/3 a"),
    ],
)
def test_units_are_found_with_all_digits_and_the_way_that_tells_more(
    rng, weight: float, decimals: int, text: str
) -> None:
    frame = pd.DataFrame({"a": rng.uniform(1, 500, N).round(decimals), "z": rng.normal(size=N)})
    frame["b"] = (frame["a"] * weight).round(decimals)
    assert texts(find_rules(frame)) == [text]


def test_two_columns_that_are_computed_of_a_third_are_no_units_of_each_other(rng) -> None:
    net = rng.integers(100, 10_000, N) / 100
    bills = pd.DataFrame({"net": net, "tax": (net * 0.19).round(2)})
    bills["total"] = (bills["net"] + bills["tax"]).round(2)
    assert texts(find_rules(bills)) == ["tax = 0.19 net", "total = net + tax"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floats_are_compared_at_their_own_precision(rng, dtype: str) -> None:
    frame = pd.DataFrame({name: rng.uniform(0, 100, N) for name in "ab"}).astype(dtype)
    frame = frame.assign(total=frame["a"] + frame["b"], area=frame["a"] * frame["b"])
    found = find_rules(frame)
    assert {"total = a + b", "area = a * b"} <= set(texts(found))
    assert not found.check(frame)["n_broken"].any()
    off = frame.assign(total=frame["total"] * 1.00001)
    assert Sum("total", ["a", "b"]).check(off).mean() < 0.01


def test_numbers_near_the_end_of_floats_are_searched_without_a_warning(rng) -> None:
    frame = pd.DataFrame({"a": rng.uniform(0, 1e200, N), "b": rng.uniform(0, 1e100, N)})
    frame = frame.assign(c=frame["a"] * frame["b"], top=rng.uniform(0, 1e308, N))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "c = a * b" in texts(find_rules(frame))


def test_squares_are_found(rng) -> None:
    cm, kg = rng.normal(170, 9, N).round(), rng.normal(70, 12, N).round(1)
    side = rng.integers(2, 90, N)
    frame = pd.DataFrame({"cm": cm, "kg": kg, "side": side, "area": side**2})
    frame["bmi"] = (10_000 * kg / cm**2).round(1)
    assert {"area = side * side", "bmi = 10000 * kg / cm / cm"} <= set(texts(find_rules(frame)))


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_found_where_nothing_is(seed: int) -> None:
    plan, _ = make_plan(9000 + seed, with_rules=False)
    assert texts(find_rules(draw(plan, N, seed))) == []


def test_permuted_columns_keep_no_rule() -> None:
    plan, _ = make_plan(3, with_rules=True)
    frame = draw(plan, N, 0)
    assert len(find_rules(frame)) > 0
    rng = np.random.default_rng(1)
    mixed = pd.DataFrame({n: frame[n].to_numpy()[rng.permutation(N)] for n in frame})
    assert texts(find_rules(mixed)) == []


def sessions(rng: np.random.Generator, n_rows: int = N) -> pd.DataFrame:
    """Return visits of which some have no page, and so no seconds, and members' fees."""
    pages = rng.poisson(1, n_rows)
    member = rng.random(n_rows) < 0.5
    seconds = rng.gamma(2, 30, n_rows).round(1) * (pages > 0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, n_rows),
            "pages": pages,
            "seconds": seconds * (rng.random(n_rows) < 0.8),
            "cost": [f"${value:,.2f}" for value in seconds * rng.gamma(2, 1, n_rows)],
            "member": member,
            "fee": np.where(member, rng.gamma(2, 1, n_rows).round(2), 1.5),
            "points": rng.gamma(2, 90, n_rows).round(1) * (member & (rng.random(n_rows) < 0.8)),
        }
    )


def test_zero_where_zero(rng: np.random.Generator) -> None:
    frame = sessions(rng)
    found = [rule for rule in find_rules(frame) if isinstance(rule, ValueWhere)]
    assert set(map(str, found)) == {
        "seconds = 0 where pages = 0",
        "cost = 0 exactly where pages = 0",
        "fee = 1.5 where member = False",
        "points = 0 where member = False",
    }
    assert all(rule.check(sessions(rng)).all() for rule in found)
    mixed = pd.DataFrame({name: rng.permutation(frame[name].to_numpy()) for name in frame})
    assert texts(find_rules(mixed)) == []
    # A tendency is no rule, be it as strong as here.
    frame.loc[frame.index[frame["pages"] == 0][0], ["seconds", "cost"]] = 3.5, "$1.00"
    found = texts(find_rules(frame))
    assert not [text for text in found if "where pages" in text]


def test_the_demo_table() -> None:
    demos = pytest.importorskip("sdmetrics.demos")
    tables = demos.load_demo(modality="single_table")[0]
    frame = next(iter(tables.values())) if isinstance(tables, dict) else tables
    rules = find_rules(frame)
    # All six relations of the table, the two joint missings as one.
    assert set(rules) == {
        Order("start_date", "<=", "end_date"),
        Bands("duration", of="end_date", minus="start_date"),
        Bands("work_experience", of="experience_years"),
        MissingWhere("salary", "placed", [False]),
        MissingTogether(["salary", "start_date", "end_date", "duration"]),
    }
    assert rules.check(frame)["n_broken"].tolist() == [0] * 5
    pd.testing.assert_frame_equal(rules.rebuild(rules.reduce(frame), list(frame)), frame)


def test_clock_times_and_zones(rng: np.random.Generator) -> None:
    minutes = rng.integers(0, 1440, N)
    local = pd.to_datetime("2023-01-01") + pd.to_timedelta(rng.integers(0, 364, N), unit="D")
    local = pd.Series(local + pd.to_timedelta(minutes, unit="min"))
    zoned = local.dt.tz_localize("America/New_York", ambiguous=True, nonexistent="shift_forward")
    delay = rng.integers(-20, 200, N)
    later = (minutes + delay) % 1440
    frame = pd.DataFrame(
        {
            "utc": zoned.dt.tz_convert("UTC").dt.tz_localize(None),
            "hour": zoned.dt.hour,
            "month": zoned.dt.month,
            "plan": minutes // 60 * 100 + minutes % 60,
            "delay": delay,
            "at": later // 60 * 100 + later % 60,
        }
    )
    found = texts(find_rules(frame))
    assert "month = month of utc in America/New_York" in found
    assert "hour = hour of utc in America/New_York" in found
    assert "at = plan + delay as clock times" in found


def test_ties_and_faulty_rows(rng: np.random.Generator) -> None:
    bill = np.round(np.exp(rng.normal(6, 1, N)), 2)
    paid = np.where(rng.random(N) < 0.3, bill, np.round(bill * rng.uniform(0.2, 1.8, N), 2))
    frame = pd.DataFrame({"bill": bill, "paid": paid})
    (tie,) = find_rules(frame)
    assert tie == Sum("paid", ["bill"], tolerate=tie.tolerate)
    assert 0.2 < tie.support_.share < 0.4
    pd.testing.assert_frame_equal(tie.rebuild(tie.reduce(frame), ["bill", "paid"]), frame)


def test_smooth_dependence_is_no_tie(rng: np.random.Generator) -> None:
    first = rng.poisson(60, 5000)
    frame = pd.DataFrame({"a": first, "b": first + rng.integers(-2, 3, 5000)})
    assert (frame["a"] == frame["b"]).mean() > 0.15
    assert texts(find_rules(frame)) == []


def test_what_follows_is_not_reported(rng: np.random.Generator) -> None:
    low = rng.integers(0, 1000, N)
    middle = low + rng.integers(0, 500, N)
    frame = pd.DataFrame({"low": low, "middle": middle, "high": middle + rng.integers(0, 500, N)})
    assert texts(find_rules(frame)) == ["middle >= low", "high >= middle"]
    city = rng.integers(0, 12, N)
    frame = pd.DataFrame({"city": city, "country": city % 6, "continent": city % 6 % 2})
    frame = frame.astype(str).radd("x")
    assert texts(find_rules(frame)) == ["city determines country", "country determines continent"]


def test_a_part_that_totals_tell_is_not_looked_up(rng: np.random.Generator) -> None:
    base = 1000 * rng.integers(25, 60, 2000)
    bonus = (base * rng.choice([0, 0.05, 0.1], 2000)).astype(int)
    frame = pd.DataFrame({"base": base, "bonus": bonus, "pay": base + bonus})
    assert [str(rule) for rule in find_rules(frame)] == ["pay = base + bonus"]


def test_ties_are_found_beside_numbers_too_large_for_fine_steps(rng: np.random.Generator) -> None:
    price = rng.integers(0, 10**6, N) / 100
    frame = pd.DataFrame(
        {
            "waited": pd.to_timedelta(rng.integers(0, 10**5, N), unit="s"),
            "noise": rng.normal(size=N).astype("float32"),
            "price": price,
            "paid": np.where(rng.random(N) < 0.4, price, rng.integers(0, 10**6, N) / 100),
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert texts(find_rules(frame)) == ["paid = price"]


def test_few_rows_are_not_believed(rng: np.random.Generator) -> None:
    a, b = rng.integers(0, 10**6, 60), rng.integers(0, 10**6, 60)
    frame = pd.DataFrame({"a": a, "b": b, "sum": a + b, "copy": a})
    assert texts(find_rules(frame)) == ["copy = a"]
    # What follows from a sum that is not believed is still reported.
    start, pause = rng.integers(0, 500, 60) / 10, rng.integers(0, 10**6, 60) / 10**5
    frame = pd.DataFrame({"start": start, "pause": pause, "end": start + pause})
    assert "end >= start" in texts(find_rules(frame))


@pytest.mark.parametrize(
    "frame", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": [1], "b": [1]})]
)
def test_tables_without_anything_to_find(frame: pd.DataFrame) -> None:
    assert len(find_rules(frame)) == 0


def test_odd_columns_do_no_harm(rng: np.random.Generator) -> None:
    frame = pd.DataFrame(
        {
            "complex": rng.normal(size=N) + 1j,
            "list": [[1]] * N,
            "nothing": [None] * N,
            "constant": 1,
            "inf": np.where(rng.random(N) < 0.1, np.inf, rng.normal(size=N)),
            "period": pd.period_range("2020-01", periods=N, freq="M"),
            "big": rng.integers(0, 2**63, N).astype("uint64") * 2,
            5: rng.normal(size=N),
        }
    )
    rules = find_rules(frame)
    assert len(rules) == 0
    assert any("'complex'" in what for what in rules.left_out)


@pytest.mark.parametrize(
    ("share", "permuted", "is_rule"),
    [
        # A multiple that rounds to the number that most rows have says nothing of the others.
        (0.73, 0.36, False),
        (0.13, 0.999, True),
        (0.97, 0.63, True),
        (0.99, 0.3, True),
    ],
)
def test_exceptions_are_allowed_far_above_chance(share, permuted, is_rule) -> None:
    support = Support(1000, round(1000 * (1 - share)), permuted)
    assert _is_far_above_chance(support, permuted) == is_rule
