"""Keys of look-ups that share a state: one that is drawn goes with its row."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare

from synthwgan.rules import Determines, RuleSet
from synthwgan.table import TableTransformer
from synthwgan.table.given import GivenRows

N_ROWS = 4000
N_OWN = 10


def fleet(exceptions: int = 0, n_keys: int = 120) -> pd.DataFrame:
    """Aircraft, the first of them frequent, with a carrier each, and what their model is."""
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, n_keys + 1)
    keys = rng.choice(n_keys, N_ROWS, p=weights / weights.sum())
    keys[:n_keys] = np.arange(n_keys)
    carrier = np.array(list("abcde"))[keys % 5]
    carrier[rng.choice(N_ROWS, exceptions, replace=False)] = "a"
    return pd.DataFrame(
        {
            "tail": np.array([f"N{key:03d}x" for key in range(n_keys)])[keys],
            "carrier": carrier,
            "seats": 20 + 10 * (keys // 5 % 4),
            "x": rng.normal(size=N_ROWS),
        }
    )


def fitted(frame: pd.DataFrame, rules: list, **parameters) -> TableTransformer:
    return TableTransformer(rules=rules, max_categories=N_OWN, random_state=0, **parameters).fit(
        frame
    )


def learned(transformer: TableTransformer) -> list:
    return [name for name, _ in transformer.reduction_.learned]


def shuffled(transformer: TableTransformer, frame: pd.DataFrame):
    """Rows of a table whose states have nothing to do with each other: the worst of networks."""
    encoded = transformer.encode(frame)
    rng = np.random.default_rng(1)
    for cells in (*encoded.codes.T, *encoded.values.T):
        rng.shuffle(cells)
    return encoded


@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_rare_keys_go_with_the_cell_that_was_drawn_beside_them(dtype):
    frame = fleet().astype({"tail": dtype})
    rule = Determines("tail", "carrier")
    transformer = fitted(frame, [rule])
    assert "carrier" in learned(transformer)
    rows = transformer.decode(shuffled(transformer, frame), random_state=2)
    assert rows.dtypes.equals(frame.dtypes)
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
    # The rare keys of a carrier come as often as they did, and so do carriers among them.
    own = frame["tail"].value_counts().index[:N_OWN]
    before, after = (one[~one["tail"].isin(own)] for one in (frame, rows))
    for carrier, group in before.groupby("carrier"):
        drawn = after.loc[after["carrier"] == carrier, "tail"].astype(object).value_counts()
        shares = group["tail"].astype(object).value_counts(normalize=True)
        drawn = drawn.reindex(shares.index, fill_value=0)
        assert chisquare(drawn, shares * drawn.sum()).pvalue > 1e-6


def test_what_rare_keys_determine_is_as_before_where_rows_are_as_before():
    frame = fleet()
    transformer = fitted(frame, [Determines("tail", "carrier")])
    rows = transformer.decode(transformer.encode(frame), random_state=0)
    pd.testing.assert_frame_equal(rows.drop(columns="tail"), frame.drop(columns="tail"))


def test_a_rule_with_exceptions_keeps_as_many():
    frame = fleet(exceptions=200)
    rule = Determines("tail", "carrier", tolerate=0.1)
    transformer = fitted(frame, [rule])
    share = transformer.rules_[0].support_.share
    rows = transformer.decode(transformer.encode(frame), random_state=0)
    own = frame["tail"].value_counts().index[:N_OWN]
    is_rare = ~rows["tail"].isin(own)
    kept = transformer.rules_[0].check(rows[is_rare])
    # An exception may keep the rule by chance, with one of the 5 carriers; four standard errors.
    error = 4 * np.sqrt(share * (1 - share) / len(kept))
    assert share - error < kept.mean() < share + (1 - share) * 0.5 + error


def test_one_key_suits_all_that_it_determines():
    frame = fleet()
    rules = [Determines("tail", "carrier"), Determines("tail", "seats")]
    transformer = fitted(frame, rules)
    assert {"carrier", "seats"} <= set(learned(transformer))
    rows = transformer.decode(shuffled(transformer, frame), random_state=0)
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
    rows = transformer.decode(transformer.encode(frame), random_state=0)
    pd.testing.assert_frame_equal(rows.drop(columns="tail"), frame.drop(columns="tail"))


def test_keys_of_several_columns_are_suited_one_by_one():
    frame = fleet()
    rng = np.random.default_rng(3)
    frame["base"] = rng.choice(["north", "south"], N_ROWS)
    codes = frame["tail"].str[1:4].astype(int) + 3 * (frame["base"] == "north")
    frame["crew"] = np.array(list("pqrs"))[codes % 4]
    transformer = fitted(frame, [Determines(["tail", "base"], "crew")])
    assert "crew" in learned(transformer)
    # Of what never occurred together the rule says nothing, so all that is told is kept.
    rows = transformer.decode(shuffled(transformer, frame), random_state=0)
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
    rows = transformer.decode(transformer.encode(frame), random_state=0)
    pd.testing.assert_frame_equal(rows.drop(columns="tail"), frame.drop(columns="tail"))


def test_keys_are_read_as_they_were_when_the_rule_was_fitted():
    frame = fleet()
    frame["tail"] = "$1," + frame["tail"].str[1:4] + ".50"
    transformer = fitted(
        frame, [Determines("tail", "carrier")], column_kinds={"tail": "categorical"}
    )
    rows = transformer.decode(shuffled(transformer, frame), random_state=0)
    assert rows["tail"].isin(frame["tail"]).all()
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0


def test_given_cells_stay():
    frame = fleet()
    transformer = fitted(frame, [Determines("tail", "carrier")])
    encoded = shuffled(transformer, frame)
    column = transformer.columns_[0]
    given = GivenRows.of_columns(N_ROWS, 4, {0: column.read(frame["tail"])})
    rows = transformer.decode(encoded, random_state=0, given=given)
    assert (rows["tail"] == frame["tail"]).all()
    # What a given key determines is told by it.
    assert (rows["carrier"] == frame["carrier"]).all()
    given = GivenRows.of_columns(N_ROWS, 4, {1: transformer.columns_[1].read(frame["carrier"])})
    rows = transformer.decode(encoded, random_state=0, given=given)
    assert (rows["carrier"] == frame["carrier"]).all()
    is_rare = ~rows["tail"].isin(frame["tail"].value_counts().index[:N_OWN])
    assert transformer.rules_[0].check(rows[is_rare]).all()


def test_what_is_as_large_as_its_key_is_computed_and_not_learned():
    frame = fleet()
    frame["owner"] = "of " + frame["tail"]
    transformer = fitted(frame, [Determines("tail", "owner")])
    assert "owner" not in learned(transformer)
    rows = transformer.decode(transformer.encode(frame), random_state=0)
    assert (rows["owner"] == "of " + rows["tail"]).all()


def test_a_file_draws_the_same_keys():
    frame = fleet(exceptions=20)
    rules = [Determines("tail", "carrier", tolerate=0.1), Determines("tail", "seats")]
    transformer = fitted(frame, rules)
    again = TableTransformer.from_state(*transformer.to_state())
    encoded = shuffled(transformer, frame)
    pd.testing.assert_frame_equal(
        transformer.decode(encoded, random_state=0), again.decode(encoded, random_state=0)
    )
    assert RuleSet(again.rules_) == RuleSet(transformer.rules_)


def shops(store: Callable[[np.ndarray], Any], exceptions: int = 0) -> pd.DataFrame:
    """Numbers of 150 days or places, too many for states, with a height each, and that a town."""
    rng = np.random.default_rng(5)
    heights = np.sort(rng.choice(9000, 100, replace=False)) / 10
    weights = rng.dirichlet(np.full(150, 20))
    keys = rng.choice(150, N_ROWS, p=weights)
    height = heights[rng.integers(0, 100, 150)]
    town = np.array(list("abcdefg"))[(height[keys] * 10).astype(int) % 7]
    town[rng.choice(N_ROWS, exceptions, replace=False)] = "a"
    frame = pd.DataFrame({"key": store(keys), "height": height[keys], "town": town})
    return frame.assign(x=rng.normal(size=N_ROWS))


NUMBERS = {
    "codes": lambda keys: 10_000 + 37 * keys,
    "dates": lambda keys: pd.Timestamp("2024-01-01") + pd.to_timedelta(keys, unit="D"),
    "text": lambda keys: (pd.Timestamp("2024-01-01") + pd.to_timedelta(keys, unit="D")).strftime(
        "%d.%m.%Y"
    ),
    "amounts": lambda keys: pd.Series(10_000 + 37 * keys).map("{:,}".format),
}


@pytest.mark.parametrize("store", NUMBERS.values(), ids=list(NUMBERS))
def test_numbers_go_with_what_they_determine_as_often_as_they_did(store):
    frame = shops(store)
    rules = [Determines("key", "height"), Determines("height", "town")]
    transformer = fitted(frame, rules)
    assert set(frame) == set(learned(transformer))
    encoded = shuffled(transformer, frame)
    rows = transformer.decode(encoded, random_state=2)
    assert rows.dtypes.equals(frame.dtypes)
    assert transformer.rules_.check(rows)["n_broken"].sum() == 0
    # The town stands, as it is learned with all that depends on it.
    towns = rows["town"].value_counts() - frame["town"].value_counts()
    assert towns.abs().sum() / 2 < 0.1 * N_ROWS
    for town, group in frame.groupby("town"):
        shares = group["key"].value_counts(normalize=True)
        drawn = rows.loc[rows["town"] == town, "key"].value_counts().reindex(shares.index)
        # Strata are drawn better than by chance, but for the heights between.
        assert np.abs(drawn.fillna(0) / drawn.sum() - shares).sum() / 2 < 0.1
    few = transformer.decode(shuffled(transformer, frame.head(5)), random_state=2)
    assert transformer.rules_.check(few)["n_broken"].sum() == 0


def test_a_date_is_moved_to_a_near_one_with_the_weekday_of_the_row():
    rng = np.random.default_rng(0)
    dates = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 364, N_ROWS), unit="D")
    frame = pd.DataFrame({"date": dates, "day": dates.day_name()})
    transformer = fitted(frame, [Determines("date", "day")])
    moved = frame.assign(date=frame["date"] + pd.to_timedelta(rng.integers(0, 3, N_ROWS), "D"))
    moved["date"] = moved["date"].clip(upper=frame["date"].max())
    for n_rows in (N_ROWS, 5):
        encoded = transformer.encode(moved.head(n_rows))
        rows = transformer.decode(encoded, random_state=0)
        assert (rows["day"] == rows["date"].dt.day_name()).all()
        assert (rows["day"] == frame["day"].head(n_rows)).all()
        far = (rows["date"] - frame["date"].head(n_rows)).abs()
        assert (far <= pd.Timedelta("21D")).all()


def test_numbers_keep_a_look_up_with_exceptions_in_its_share():
    rule = Determines("key", "town", tolerate=0.1)
    frame = shops(NUMBERS["codes"], exceptions=200)
    transformer = fitted(frame, [rule])
    share = transformer.rules_[0].support_.share
    rows = transformer.decode(shuffled(transformer, frame), random_state=0)
    kept = transformer.rules_[0].check(rows).mean()
    error = 4 * np.sqrt(share * (1 - share) / N_ROWS)
    # Of those that may break it some keep it by chance, with one of 7 towns.
    assert share - error < kept < share + (1 - share) * 0.5 + error
