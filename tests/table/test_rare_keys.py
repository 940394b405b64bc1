"""Keys of look-ups that share a state: one that is drawn goes with its row."""

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
    for codes in encoded.codes.T:
        rng.shuffle(codes)
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
