"""Which columns are computed, and what is learned in their place."""

import numpy as np
import pandas as pd
import pytest

from synthwgan.rules import Product, Sum
from synthwgan.table import TableTransformer
from synthwgan.table.law import Law

N = 1500


def rides() -> pd.DataFrame:
    """Rides of a taxi with what can be told of them, as exports have it."""
    rng = np.random.default_rng(0)
    start = pd.Series(
        pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 31536000, N), "s")
    )
    seconds = rng.gamma(2, 400, N).astype(int) + 60
    end = start + pd.to_timedelta(seconds, unit="s")
    return pd.DataFrame(
        {
            "pickup": start,
            "dropoff": end,
            "pickup_date": start.dt.normalize(),
            "pickup_time": start.dt.strftime("%H:%M:%S"),
            "hour": start.dt.hour,
            "minutes": (seconds / 60).round(2),
            "fare": (3 + seconds / 100).round(1),
        }
    )


def first_drawn(frame: pd.DataFrame, rules="auto") -> tuple[TableTransformer, pd.DataFrame]:
    """Rows whose learned columns have nothing to do with each other: the worst of networks."""
    transformer = TableTransformer(rules=rules, random_state=0).fit(frame)
    encoded = transformer.encode(frame)
    rng = np.random.default_rng(1)
    for cells in (*encoded.codes.T, *encoded.values.T):
        rng.shuffle(cells)
    return transformer, transformer.decode_frame(encoded, random_state=0)


def learned(transformer: TableTransformer) -> list:
    return [name for name, _ in transformer.reduction_.learned]


def test_an_end_whose_rounded_duration_does_not_tell_it_is_learned_as_a_gap():
    real = rides()[["pickup", "dropoff", "minutes"]]
    transformer, rows = first_drawn(real)
    assert "minutes = dropoff - pickup" in [str(rule) for rule in transformer.rules_]
    assert "dropoff >= pickup" in [str(rule) for rule in transformer.reduction_.builders]
    assert learned(transformer) == ["pickup", "dropoff"]
    # By themselves, hardly an end would be within an hour of its start; now a few lie behind the
    # last one of the table.
    assert Law(transformer.reduction_).breaks_by_itself(rows).mean() < 0.01
    pd.testing.assert_frame_equal(transformer.decode(transformer.encode(real)), real)
    again = TableTransformer.from_state(*transformer.to_state())
    pd.testing.assert_frame_equal(again.decode(again.encode(real)), real)


def test_an_end_that_may_lie_before_its_start_is_no_gap():
    real = rides()[["pickup", "dropoff"]]
    early = real["pickup"] - pd.Timedelta("90s")
    real.loc[::7, "dropoff"] = early[::7]
    real["minutes"] = ((real["dropoff"] - real["pickup"]).dt.total_seconds() / 60).round(1)
    transformer = TableTransformer(rules="auto", random_state=0).fit(real)
    assert [str(rule) for rule in transformer.reduction_.builders] == ["minutes = dropoff - pickup"]


def test_hardly_a_row_is_drawn_again_however_often_a_table_says_the_same():
    real = rides()
    transformer, rows = first_drawn(real)
    assert set(learned(transformer)) <= {"pickup", "dropoff", "fare", "fare by rule"}
    assert Law(transformer.reduction_).breaks_by_itself(rows).mean() < 0.1
    assert (rows["pickup_time"] == rows["pickup"].dt.strftime("%H:%M:%S")).all()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("time", lambda at: at.dt.strftime("%H:%M:%S")),
        ("time_in_minutes", lambda at: at.dt.strftime("%H:%M")),
        ("time_in_minutes", lambda at: at.dt.hour * 60 + at.dt.minute),
        ("hhmm", lambda at: at.dt.hour * 100 + at.dt.minute),
        ("unix_seconds", lambda at: at.astype("datetime64[s]").astype("int64")),
        ("unix_milliseconds", lambda at: at.astype("datetime64[ms]").astype("int64")),
    ],
)
def test_what_a_clock_shows_is_a_part_of_a_date(name, told):
    at = rides()["pickup"]
    real = pd.DataFrame({"at": at, "told": told(at)})
    transformer = TableTransformer(rules="auto", random_state=0).fit(real)
    assert f"told = {name} of at" in [str(rule) for rule in transformer.rules_]
    pd.testing.assert_frame_equal(transformer.decode(transformer.encode(real)), real)


def test_a_quota_is_computed_of_the_counts_and_not_a_count_of_the_quota():
    rng = np.random.default_rng(0)
    played = rng.poisson(40, N) + 1
    won = rng.binomial(played, 0.4)
    drawn = rng.binomial(played - won, 0.3)
    real = pd.DataFrame(
        {
            "played": played,
            "won": won,
            "drawn": drawn,
            "lost": played - won - drawn,
            "quota": (won / played).round(3),
        }
    )
    transformer, rows = first_drawn(real)
    words = [str(rule) for rule in transformer.reduction_.builders]
    assert "quota = won / played" in words
    assert sum("played =" in word for word in words) == 1
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
    pd.testing.assert_frame_equal(transformer.decode(transformer.encode(real)), real)


def test_a_sum_whose_total_is_computed_otherwise_computes_a_part():
    rng = np.random.default_rng(0)
    pieces, price = rng.integers(1, 90, N), rng.integers(5, 800, N)
    amount = pieces * price
    paid = (amount * rng.random(N)).astype(int)
    real = pd.DataFrame(
        {"pieces": pieces, "price": price, "amount": amount, "paid": paid, "owed": amount - paid}
    )
    transformer, rows = first_drawn(real)
    words = {str(rule) for rule in transformer.rules_}
    assert {"amount = pieces * price", "amount = owed + paid"} <= words
    assert len(transformer.reduction_.builders) == 2
    # None of a thousand would hold by accident.
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
    pd.testing.assert_frame_equal(transformer.decode(transformer.encode(real)), real)


def bills(discounts: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Bills with a discount; all of their sums and products are exact."""
    price, pieces = rng.uniform(1, 500, N).round(2), rng.integers(1, 9, N)
    gross = (price * pieces).round(2)
    discount = (gross * discounts / 100).round(2)
    real = pd.DataFrame({"price": price, "pieces": pieces, "gross": gross, "percent": discounts})
    return real.assign(discount=discount, net=(gross - discount).round(2))


@pytest.mark.parametrize(
    ("columns", "rules"),
    [
        # Net is never below the discount, and could be learned as a gap; then no part is free.
        (["gross", "percent", "discount", "net"], "auto"),
        (["price", "pieces", "gross", "discount", "net"], "auto"),
        (
            ["price", "pieces", "gross", "discount", "net"],
            ["auto", Product("gross", ["price", "pieces"])],
        ),
    ],
)
def test_all_equations_of_a_bill_are_built(columns, rules):
    rng = np.random.default_rng(0)
    percent = rng.choice([0, 5, 10, 20], N) if "percent" in columns else rng.uniform(0, 30, N)
    real = bills(percent, rng)[columns]
    transformer, rows = first_drawn(real, rules)
    true = [Sum("net", ["gross", "discount"], [1, -1])]
    if "price" in columns:
        true.append(Product("gross", ["price", "pieces"]))
    if "percent" in columns:
        true.append(Product("discount", ["gross", "percent"], constant=0.01))
    for rule in true:
        assert rule.check(real).all()
        assert rule.check(rows).all(), str(rule)
    assert len(transformer.reduction_.builders) == len(true)


def test_products_make_no_circle():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"U": rng.uniform(1, 2000, N).round(2), "R": rng.integers(1, 9, N)})
    real = real.assign(I=(real["U"] / real["R"]).round(3), P=(real["U"] ** 2 / real["R"]).round(2))
    transformer, rows = first_drawn(real)
    words = [str(rule) for rule in transformer.reduction_.builders]
    assert words == ["I = U / R", "P = U * I, before I was rounded"]
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
