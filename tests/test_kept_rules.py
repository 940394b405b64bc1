"""Rules that hold in every row of a table hold in every row that is drawn, whoever draws it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from synthwgan import (
    MLP,
    GANOverSampler,
    RadialGANSynthesizer,
    Residual,
    WGANGPSynthesizer,
)
from synthwgan.rules import (
    Bands,
    Combinations,
    Custom,
    Determines,
    MissingTogether,
    MissingWhere,
    Order,
    Product,
    RuleSet,
    Sum,
    Unique,
    find_rules,
)
from synthwgan.table import TableTransformer

CITIES = {"Bonn": "DE", "Ulm": "DE", "Lyon": "FR", "Nice": "FR", "Bari": "IT"}


def orders(n_rows: int = 400, seed: int = 0) -> pd.DataFrame:
    """Return orders in which nine relations hold in every row."""
    rng = np.random.default_rng(seed)
    quantity = rng.integers(1, 60, n_rows)
    price = (rng.gamma(3, 8, n_rows) + 1).round(2)
    ordered = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n_rows), "D")
    net = (quantity * price).round(2)
    tax = (rng.gamma(2, 5, n_rows)).round(2)
    member = rng.random(n_rows) < 0.5
    city = rng.choice(list(CITIES), n_rows)
    colour = rng.integers(0, 3, n_rows)
    table = pd.DataFrame(
        {
            "number": [f"o-{place:05d}" for place in range(n_rows)],
            "quantity": quantity,
            "price": price,
            "net": net,
            "tax": tax,
            "total": (net + tax).round(2),
            "ordered": ordered,
            "delivered": ordered + pd.to_timedelta(rng.integers(0, 40, n_rows), "D"),
            "month": ordered.month,
            "city": city,
            "country": [CITIES[name] for name in city],
            "member": member,
            "discount": np.where(member, rng.integers(5, 50, n_rows), np.nan),
            "red": (colour == 0).astype(int),
            "green": (colour == 1).astype(int),
            "blue": (colour == 2).astype(int),
        }
    )
    noted = rng.random(n_rows) < 0.6
    table["note"] = np.where(noted, rng.choice(["a", "b"], n_rows), None)
    table["grade"] = pd.array(np.where(noted, rng.integers(1, 90, n_rows), 0), dtype="Int64")
    table.loc[~noted, "grade"] = pd.NA
    return table


REAL = orders()
SEEN_IN_ALL = [
    *("red", "green", "blue"),
    *("net", "total", "delivered", "month", "country", "discount", "note", "grade"),
]


# Small networks: rules are kept by what rows are made of, however little was learnt.
SMALL: dict[str, Any] = {
    "generator": Residual(latent_dim=16, width=64),
    "critic": MLP(width=64, layers=2),
    "random_state": 0,
}


def model_of(table: pd.DataFrame, **parameters: Any) -> WGANGPSynthesizer:
    given = SMALL | {"batch_size": 100, "max_steps": 30, "rejection": None, "device": "cpu"}
    return WGANGPSynthesizer(**{**given, **parameters}).fit(table)


# For tests that ask which rules there are, and not what is drawn.
BARELY: dict[str, Any] = {"max_steps": 1, "conditional": False, "calibrate": False}


@pytest.fixture(autouse=True, scope="module")
def fits_are_hasty(hasty: None) -> None:
    """Let no test wait for a calibration: rules are kept by rows that were hardly calibrated."""


@pytest.fixture(scope="module")
def fitted() -> WGANGPSynthesizer:
    return model_of(REAL)


def check_all_kept(rules: RuleSet, rows: pd.DataFrame) -> None:
    assert len(rows)
    checked = rules.check(rows)
    assert not checked["n_broken"].any(), checked.to_string()
    # By hand, too: what `check` overlooks would pass unseen.
    assert ((rows["quantity"] * rows["price"] - rows["net"]).abs() < 0.006).all()
    assert ((rows["net"] + rows["tax"] - rows["total"]).abs() < 0.001).all()
    assert (rows["delivered"] >= rows["ordered"]).all()
    assert (rows["month"] == rows["ordered"].dt.month).all()
    assert (rows["country"] == rows["city"].map(CITIES)).all()
    assert (rows["discount"].isna() == ~rows["member"]).all()
    assert (rows[["red", "green", "blue"]].sum(axis=1) == 1).all()
    assert (rows["note"].isna() == rows["grade"].isna()).all()


def test_all_relations_are_found_and_shown(fitted):
    involved = {name for rule in fitted.rules_ for name in rule.columns}
    assert involved >= set(SEEN_IN_ALL)
    lines = str(fitted.rules_).splitlines()
    assert "total = net + tax (400 rows, permuted columns break it in" in "\n".join(lines)
    check_all_kept(fitted.rules_, REAL)


def test_a_summary_shows_all_rules_and_what_was_left_out(fitted):
    title = "Rules that every drawn row keeps:\n  "
    shown = fitted.summary().partition(title)[2].partition("\n\n")[0]
    assert shown == "\n  ".join(str(fitted.rules_).splitlines())
    real = orders(200).assign(
        mail=[f"{place}@x.org" for place in range(200)], tie=lambda t: t["tax"]
    )
    real.loc[:99, "tie"] += 0.5
    tied = model_of(
        real,
        rules=[Sum("tie", ["tax"], tolerate=0.6), MissingTogether(["note", "grade"])],
        **BARELY,
    )
    lines = tied.summary().splitlines()
    assert lines[lines.index("Rules with exceptions, which drawn rows have too:") + 1].startswith(
        "  tie = tax (50 % of 200 rows"
    )
    # Nobody wonders that no rule is sought in identifiers.
    assert not any("'number'" in line for line in fitted.rules_.left_out)
    assert "No rules between columns." in model_of(REAL, rules=None, **BARELY).summary()


def test_what_rules_compute_is_not_learned(fitted):
    transformer = fitted.transformer_
    learned = [name for name, _ in transformer.reduction_.learned]
    assert not {"net", "total", "month", "country", "red"} & set(learned)
    back = transformer.decode(transformer.encode(REAL))
    assert_frame_equal(back.drop(columns="number"), REAL.drop(columns="number"))
    whole = TableTransformer(random_state=0).fit(REAL)
    # A gap of few days has a state for each, so that slots say little.
    learned, all_columns = transformer.layout_, whole.layout_
    assert learned.n_blocks + learned.n_values <= all_columns.n_blocks + all_columns.n_values - 6


def test_without_rules_rows_break_them():
    rows = model_of(REAL, rules=None).sample(500, random_state=0)
    broken = find_rules(REAL).check(rows)["share"]
    # Pairs of frequent states that never meet are not drawn, rules or none; the others are.
    assert (broken > 0.02).sum() >= 4


def test_sample(fitted):
    rows = fitted.sample(5000, random_state=1)
    check_all_kept(fitted.rules_, rows)
    assert rows.dtypes.equals(REAL.dtypes)
    assert list(rows.columns) == list(REAL.columns)
    assert rows["number"].is_unique
    # What is computed stays within what was seen.
    for name in ("net", "total", "delivered"):
        assert rows[name].between(REAL[name].min(), REAL[name].max()).all()
    assert_frame_equal(fitted.sample(5000, random_state=1), rows)


def test_chunks(fitted):
    rows = pd.concat(fitted.sample_iter(700, chunk_size=150, random_state=0))
    check_all_kept(fitted.rules_, rows)
    assert rows["number"].is_unique


@pytest.mark.parametrize(
    ("conditions", "is_met"),
    [
        ({"total": (300, None)}, lambda rows: rows["total"] >= 300),
        ({"country": "FR"}, lambda rows: rows["country"] == "FR"),
        ({"country": ["FR", "IT"], "member": True}, lambda rows: rows["member"]),
        ({"city": "Ulm", "total": (100, 900)}, lambda rows: rows["city"] == "Ulm"),
        ({"month": 3}, lambda rows: rows["month"] == 3),
        ({"delivered": ("2024-05-01", "2024-05-31")}, lambda rows: rows["delivered"].dt.month == 5),
        ({"discount": None}, lambda rows: rows["discount"].isna()),
        ({"green": 1}, lambda rows: rows["green"] == 1),
        ({"country": {"DE": 0.25, "IT": 0.75}}, lambda rows: rows["country"] != "FR"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_conditions(fitted, conditions, is_met):
    rows = fitted.sample(120, conditions=conditions, random_state=0)
    check_all_kept(fitted.rules_, rows)
    assert is_met(rows).all()
    assert len(rows) == 120


def test_a_wish_on_a_looked_up_column_keeps_the_shares_of_what_determines_it(fitted):
    rows = fitted.sample(3000, conditions={"country": "DE"}, random_state=0)
    real = REAL.loc[REAL["country"] == "DE", "city"].value_counts(normalize=True)
    # Two standard errors of a share of 3000 rows, and those of 160 real ones.
    assert abs((rows["city"] == "Ulm").mean() - real["Ulm"]) < 0.02


def test_an_exact_total_is_met(fitted):
    total = float(REAL["total"].iloc[7])
    rows = fitted.sample(20, conditions={"total": total}, random_state=0)
    check_all_kept(fitted.rules_, rows)
    assert (rows["total"] == total).all()
    assert rows["tax"].nunique() > 3


@pytest.mark.parametrize("rate", [0.2, None], ids=["1/6 of the total", "rates"])
def test_a_total_of_parts_that_depend_on_each_other_is_met(rate):
    rng = np.random.default_rng(0)
    net = (rng.gamma(2, 50, 600) + 5).round(2)
    rates = rng.choice([7.0, 19.0], 600)
    tax = (net * rates / 100).round(2) if rate is None else (rate * net).round(2)
    table = pd.DataFrame({"net": net, "tax": tax, "total": (net + tax).round(2), "rate": rates})
    model = model_of(table if rate is None else table.drop(columns=["rate"]))
    own = table[list(model.feature_names_in_)]
    assert "total = net + tax" in str(model.rules_)
    for total in table["total"].head(2):
        rows = model.sample(8, conditions={"total": total}, random_state=0)
        assert not model.rules_.check(rows)["n_broken"].any()
        assert (rows["total"] == total).all()
    # What is left of a total is exact; a fifth of a rounded tax is not.
    filled = model.impute(own.head(60).assign(net=np.nan), random_state=0)
    np.testing.assert_allclose(filled["net"], own["net"].head(60), atol=1e-9)


def invoices(n_rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    net, rate = (rng.gamma(2, 60, n_rows) + 5).round(2), rng.choice([5, 7, 19], n_rows)
    table = pd.DataFrame({"net": net, "rate": rate, "tax": (net * rate / 100).round(2)})
    return table.assign(gross=(table["net"] + table["tax"]).round(2))


def lines(n_rows: int = 600) -> pd.DataFrame:
    """Return invoices of two lines each."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "pieces": rng.integers(1, 9, n_rows),
            "price": rng.integers(100, 5000, n_rows) / 100,
            "more": rng.integers(1, 5, n_rows),
            "other": rng.integers(100, 3000, n_rows) / 100,
        }
    )
    table["first"] = (table["pieces"] * table["price"]).round(2)
    table["second"] = (table["more"] * table["other"]).round(2)
    table["freight"] = rng.choice([0, 4.9, 9.9], n_rows)
    return table.assign(total=table[["first", "second", "freight"]].sum(axis=1).round(2))


def bodies(n_rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    kg, m = rng.normal(75, 12, n_rows).round(1), rng.normal(1.72, 0.09, n_rows).round(2)
    return pd.DataFrame({"kg": kg, "m": m, "bmi": (kg / m**2).round(1)})


@pytest.mark.parametrize(
    ("table", "known"),
    [
        (invoices(), [["tax"], ["rate", "tax"], ["net", "tax"], ["net", "gross"], ["gross"]]),
        (lines(), [["total", "first"], ["total"], ["pieces", "first"]]),
        (bodies(), [["bmi", "m"], ["bmi", "kg"], ["bmi"]]),
    ],
    ids=["a tax", "two lines", "a square"],
)
def test_parts_of_known_totals_are_found(table, known):
    model = model_of(table)
    assert any(rule.is_full for rule in model.rules_)
    for names in known:
        rows = model.sample(conditions=table[names].head(30), random_state=0)
        assert len(model.rules_.broken_rows(rows)) == 0
        pd.testing.assert_frame_equal(rows[names], table[names].head(30))
    gaps = table.astype(float).mask(np.random.default_rng(1).random(table.shape) < 0.3)
    filled = model.impute(gaps.head(40), random_state=0)
    assert len(model.rules_.broken_rows(filled)) == 0


def test_a_rate_that_two_amounts_tell_is_computed():
    table = invoices()
    filled = model_of(table).impute(table.assign(rate=np.nan, gross=np.nan), random_state=0)
    assert filled["rate"].tolist() == table["rate"].tolist()


def test_conditions_that_no_row_can_meet_are_refused(fitted, monkeypatch):
    monkeypatch.setattr("synthwgan.conditions.rows.MIN_TRIED", 500)
    wanted = {"city": "Lyon", "country": "DE"}
    message = (
        "5 rows that meet .*keep the rules were not found.*'city determines country' is broken"
    )
    with pytest.raises(ValueError, match=message):
        fitted.sample(5, conditions=wanted, random_state=0)


def test_given_rows(fitted):
    given = REAL[["city", "total", "ordered"]].head(12)
    rows = fitted.sample(conditions=given, random_state=0)
    check_all_kept(fitted.rules_, rows)
    for name in given:
        assert (rows[name] == given[name]).all()


def test_impute_computes_before_it_draws(fitted):
    hidden = REAL.head(60).copy()
    hidden.loc[:19, "total"] = np.nan
    hidden.loc[20:39, "tax"] = np.nan
    hidden.loc[40:, ["country", "month", "green"]] = None
    filled = fitted.impute(hidden.astype(REAL.dtypes, errors="ignore"), random_state=0)
    for name in ("total", "tax", "country", "month", "green"):
        np.testing.assert_array_equal(filled[name], REAL[name].head(60))
    check_all_kept(fitted.rules_, filled)


def test_impute_draws_the_rest_within_the_rules(fitted):
    rng = np.random.default_rng(3)
    mask = pd.DataFrame(rng.random((80, REAL.shape[1])) < 0.25, columns=REAL.columns)
    mask["number"] = False
    hidden = REAL.head(80).astype(object).mask(mask)
    filled = fitted.impute(hidden, random_state=0)
    check_all_kept(fitted.rules_, filled)
    # What is missing by rule stays missing, and nothing else.
    needed = [name for name in REAL if name not in ("discount", "note", "grade")]
    assert not filled[needed].isna().any().any()


def test_impute_says_of_given_cells_that_lie_beyond_no_more_than_is_true():
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"unit": rng.integers(1, 11, 200), "q": rng.integers(1, 10, 200)})
    real["total"] = real["unit"] * real["q"]
    model = model_of(real, rules=[Product("total", ["unit", "q"])], max_steps=10)
    for cells, told in (
        ((1000, 5, 5000), None),
        ((1000, 5, None), None),
        ((1000, None, None), "1 of 1 rows have computed cells beyond those of the table"),
        ((None, 5, 5000), "1 of 1 rows break a rule"),
    ):
        rows = pd.DataFrame([cells], columns=["unit", "q", "total"]).astype("Int64")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            filled = model.impute(rows, random_state=0)
        assert filled.notna().all(axis=None)
        said = [str(one.message) for one in caught if "did not occur" not in str(one.message)]
        assert len(said) == (told is not None)
        assert all(one.startswith(told) for one in said)


@pytest.mark.parametrize("hidden", ["ordered", "delivered", "total", "tax", "city", "member"])
def test_impute_draws_a_column_of_which_no_cell_is_given(fitted, hidden):
    filled = fitted.impute(REAL.head(40).assign(**{hidden: None}), random_state=0)
    check_all_kept(fitted.rules_, filled)
    assert not filled[hidden].isna().any()


def test_a_one_hot_column_of_which_no_cell_is_given(fitted):
    rows = fitted.sample(conditions=pd.DataFrame({"red": [1, 0]}), random_state=0)
    assert rows["red"].tolist() == [1, 0]
    assert (rows[["red", "green", "blue"]].sum(axis=1) == 1).all()
    filled = fitted.impute(REAL.head(40).assign(green=np.nan), random_state=0)
    assert filled["green"].tolist() == REAL["green"].head(40).tolist()


def test_impute_draws_dates_of_text_of_which_no_cell_is_given():
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, 300), "D")
    days = rng.integers(1, 60, 300)
    real = pd.DataFrame({"start": start, "end": start + pd.to_timedelta(days, "D"), "days": days})
    real[["start", "end"]] = real[["start", "end"]].apply(lambda column: column.dt.strftime("%F"))
    model = model_of(real)
    for hidden in ("start", "end", "days"):
        filled = model.impute(real.head(30).assign(**{hidden: None}), random_state=0)
        assert filled[hidden].tolist() == real[hidden].head(30).tolist()


def test_given_cells_that_break_a_rule_are_refused_or_kept(fitted):
    faulty = REAL.head(10).assign(total=100.0)
    faulty["note"] = None
    with pytest.raises(ValueError, match="break the rule 'total = net . tax' in 10 of 10 rows"):
        fitted.impute(faulty)
    with pytest.raises(ValueError, match="row 0: total = 100.0"):
        fitted.sample(conditions=faulty)
    kept = fitted.impute(faulty, on_broken="keep", random_state=0)
    assert (kept["total"] == 100.0).all()
    assert kept["note"].notna().all()


def test_a_row_that_breaks_a_rule_scores_below_all_others(fitted):
    lawful = fitted.score_samples(REAL)
    swapped = REAL.assign(delivered=REAL["ordered"] - pd.Timedelta(days=3))
    assert fitted.score_samples(swapped).max() < lawful.min()
    twice = fitted.score_samples(swapped.assign(month=13))
    assert twice.max() < fitted.score_samples(swapped).min()


def test_a_saved_model_keeps_its_rules(fitted, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    loaded = WGANGPSynthesizer.load(tmp_path / "model.safetensors", device="cpu")
    assert str(loaded.rules_) == str(fitted.rules_)
    assert loaded.rules == "auto"
    rows = loaded.sample(300, random_state=4)
    assert_frame_equal(rows, fitted.sample(300, random_state=4))
    country = {"country": "IT"}
    assert_frame_equal(
        loaded.sample(30, conditions=country, random_state=4),
        fitted.sample(30, conditions=country, random_state=4),
    )


@pytest.mark.slow
def test_rules_and_rows_are_the_same_in_every_process(fitted, tmp_path):
    """Sets of names have another order in each process, and must decide nothing."""
    fitted.save(tmp_path / "model.safetensors")
    rng = np.random.default_rng(3)
    mask = pd.DataFrame(rng.random((80, REAL.shape[1])) < 0.25, columns=REAL.columns)
    REAL.to_pickle(tmp_path / "real.pkl")
    REAL.head(80).astype(object).mask(mask.assign(number=False)).to_pickle(tmp_path / "holes.pkl")
    code = (
        "import sys, pathlib, pandas as pd\n"
        "from synthwgan import WGANGPSynthesizer as W\nfrom synthwgan.rules import find_rules\n"
        "at, out = map(pathlib.Path, sys.argv[1:])\n"
        "m = W.load(at / 'model.safetensors', device='cpu')\n"
        "frames = [m.sample(200, random_state=0),\n"
        "    m.impute(pd.read_pickle(at / 'holes.pkl'), random_state=0)]\n"
        "rules = str(find_rules(pd.read_pickle(at / 'real.pkl')))\n"
        "out.write_text('\\n'.join([*(frame.to_csv() for frame in frames), rules]))\n"
    )
    outs = [tmp_path / f"{seed}.txt" for seed in (1, 2)]
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, tmp_path, out],
            env=os.environ | {"PYTHONHASHSEED": out.stem},
        )
        for out in outs
    ]
    assert [child.wait(timeout=120) for child in children] == [0, 0]
    first, second = (out.read_text() for out in outs)
    assert first == second
    assert "total = net + tax" in first


def test_an_oversampler(tmp_path):
    target = pd.Series(np.where(np.arange(400) % 5 == 0, "rare", "common"), name="kind")
    more, classes = GANOverSampler(
        synthesizer=WGANGPSynthesizer(**SMALL), max_steps=3
    ).fit_resample(REAL, target)
    assert classes.value_counts().to_dict() == {"common": 320, "rare": 320}
    check_all_kept(find_rules(REAL), more.iloc[400:].reset_index(drop=True))


def test_a_target_is_learned_though_a_rule_computes_it():
    real = REAL[["city", "tax", "member"]]
    model = model_of(real, rules=["auto"]).fit(real, REAL["country"])
    assert "country" in [name for name, _ in model.transformer_.reduction_.learned]
    rows = model.sample(300, conditions={"country": "FR"}, random_state=0)
    assert (rows["city"].map(CITIES) == "FR").all()


def test_domains():
    north, south = orders(300, 1), orders(250, 2).drop(columns=["discount", "grade"])
    model = RadialGANSynthesizer(**SMALL, max_steps=3).fit({"north": north, "south": south})
    new = model.sample(60, domain="north", random_state=0)
    check_all_kept(model.rules_["north"], new)
    some = south.head(60)
    moved = model.translate(some, "south", "north", random_state=0)
    check_all_kept(model.rules_["north"], moved)
    assert (moved["total"].to_numpy() == some["total"].to_numpy()).all()
    none = RadialGANSynthesizer(**SMALL, max_steps=2, rules=None)
    assert not len(none.fit({"north": north, "south": south}).rules_["north"])
    with pytest.raises(ValueError, match="rules name 'east', which is no domain"):
        RadialGANSynthesizer(rules={"east": "auto"}).fit({"north": north, "south": south})


def test_units_that_were_found_in_the_data_do_not_break_a_rule():
    north, south = orders(300, 1), orders(250, 2).rename(columns={"total": "TOTAL_SUM"})
    model = RadialGANSynthesizer(**SMALL, max_steps=10).fit({"north": north, "south": south})
    matches = model.matches_.set_index(["domain", "own_column"])
    assert matches.loc[("south", "TOTAL_SUM"), "how"] == "data"
    moved = model.translate(south, "south", "north", random_state=0)
    assert ((moved["net"] + moved["tax"] - moved["total"]).abs() < 0.001).all()


def test_arrays_keep_rules_as_well():
    rng = np.random.default_rng(0)
    parts = rng.integers(0, 100, (300, 2)).astype(float)
    real = np.column_stack([parts, parts.sum(axis=1)])
    rows = model_of(real).sample(200, random_state=0)
    assert isinstance(rows, np.ndarray)
    np.testing.assert_array_equal(rows[:, :2].sum(axis=1), rows[:, 2])


def test_exceptions_keep_their_share():
    rng = np.random.default_rng(0)
    bill = rng.gamma(2, 50, 3000).round(2)
    paid = np.where(rng.random(3000) < 0.3, bill, (bill * rng.random(3000)).round(2))
    real = pd.DataFrame({"bill": bill, "paid": paid, "age": rng.integers(18, 90, 3000)})
    model = model_of(real, max_steps=80)
    rows = model.sample(3000, random_state=0)
    is_equal, was_equal = (rows["bill"] == rows["paid"]).mean(), (bill == paid).mean()
    # The share of a state is calibrated: two standard errors of two samples of 3000.
    assert abs(is_equal - was_equal) < 2 * np.sqrt(2 * 0.3 * 0.7 / 3000)
    assert (model_of(real, rules=None).sample(3000).eval("bill == paid")).mean() < 0.05


def test_exceptions_are_filled_in_as_often_as_they_are():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.integers(1, 50, 600) / 2, "q": rng.integers(1, 9, 600)})
    table["t"] = table["x"] * table["q"]
    table.loc[:11, "t"] = 7.5
    model = model_of(table, max_steps=100)
    assert [str(rule) for rule in model.rules_] == ["t = x * q"]
    filled = model.impute(table.assign(t=np.nan), random_state=0)
    exceptions = (filled["t"] != filled["x"] * filled["q"]).mean()
    # 2 % in the table; all of them, when what is computed counted as missing.
    assert exceptions < 0.06


def test_a_lower_cell_goes_with_the_upper_one_that_is_given():
    rng = np.random.default_rng(0)
    bill = rng.gamma(2, 50, 900).round(2)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 31536000, 900), unit="s")
    table = pd.DataFrame(
        {
            "bill": bill,
            "paid": np.where(rng.random(900) < 0.3, bill, (bill * rng.random(900)).round(2)),
            "start": start,
            "end": start + pd.to_timedelta(rng.gamma(2, 20000, 900).astype(int), unit="s"),
        }
    )
    model = model_of(table, max_steps=100)
    assert {"bill >= paid", "end >= start"} <= {str(rule) for rule in model.rules_}
    filled = model.impute(table.assign(paid=np.nan, start=pd.NaT), random_state=0)
    assert (filled[["bill", "end"]] == table[["bill", "end"]]).all().all()
    assert len(model.rules_.broken_rows(filled)) == 0
    # 30 % pay in full, and stays take half a day: drawn beside nothing but an order, none did, and
    # they took months.
    assert 0.2 < (filled["paid"] == filled["bill"]).mean() < 0.4
    hours = (filled["end"] - filled["start"]).dt.total_seconds() / 3600
    real = (table["end"] - table["start"]).dt.total_seconds() / 3600
    assert 0.7 < hours.median() / real.median() < 1.4
    assert filled["bill"].corr(filled["paid"], method="spearman") > 0.5


def test_a_lower_cell_that_goes_with_an_upper_one_stays_on_its_grid():
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(pd.Series(rng.integers(0, 300, 600)), "D")
    table = pd.DataFrame({"day": day, "five": 5 * rng.integers(1, 300, 600)})
    table["at"] = table["day"] + pd.to_timedelta(rng.integers(0, 900_000, 600), "s")
    table["over"] = table["five"] + rng.integers(0, 40, 600)
    model = model_of(table)
    assert {"at >= day", "over >= five"} <= {str(rule) for rule in model.rules_}
    filled = model.impute(table.assign(day=pd.NaT, five=np.nan), random_state=0)
    assert (filled["day"] == filled["day"].dt.normalize()).all()
    assert (filled["five"] % 5 == 0).all()
    # Rounded down, all gaps would be longer: by half a day, and by 2.
    assert abs((filled["over"] - filled["five"]).mean() - 19.5) < 1.5
    assert len(model.rules_.broken_rows(filled)) == 0


def test_gaps_beside_a_square_are_filled():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"m": rng.normal(1.7, 0.1, 400).round(2), "kg": rng.normal(75, 12, 400).round(1)}
    )
    table["bmi"] = (table["kg"] / table["m"] ** 2).round(1)
    model = model_of(table)
    gaps = table.head(30).copy()
    gaps.loc[:9, "kg"] = gaps.loc[10:19, "bmi"] = gaps.loc[20:, "m"] = np.nan
    filled = model.impute(gaps, random_state=0)
    assert filled.notna().all().all()
    assert len(model.rules_.broken_rows(filled)) == 0
    assert (filled.loc[10:19, "bmi"] == table.loc[10:19, "bmi"]).all()


def test_what_rare_categories_nearly_determine_is_learned_itself():
    rng = np.random.default_rng(0)
    tails = rng.integers(0, 40, 2000)
    carriers = np.array(list("abcd"))[tails % 4]
    carriers[7] = "d" if carriers[7] != "d" else "a"
    real = pd.DataFrame(
        {"tail": tails.astype(str), "carrier": carriers, "x": rng.normal(size=2000)}
    )
    rules = [Determines("tail", "carrier", tolerate=0.001)]
    for most, learned in ((256, False), (10, True)):
        transformer = TableTransformer(rules=rules, max_categories=most, random_state=0).fit(real)
        names = [name for name, _ in transformer.reduction_.learned]
        assert ("carrier by rule" not in names) == learned


@pytest.mark.parametrize("n_exceptions", [0, 20])
def test_keys_of_which_most_share_a_state_go_with_what_they_determine(n_exceptions):
    rng = np.random.default_rng(0)
    tails = np.minimum(rng.geometric(0.03, 3000), 150)
    carriers = np.array(list("abcd"))[tails % 4]
    carriers[rng.choice(3000, n_exceptions, replace=False)] = "a"
    real = pd.DataFrame(
        {"tail": tails.astype(str), "carrier": carriers, "x": rng.normal(size=3000)}
    )
    rule = Determines("tail", "carrier", tolerate=0.01)
    model = model_of(real, rules=[rule], max_categories=20)
    assert "carrier" in [name for name, _ in model.transformer_.reduction_.learned]
    rows = model.sample(3000, random_state=0)
    kept = rule.fit(real).check(rows)
    if n_exceptions:
        # Which frequent key has which exception takes more steps to learn.
        kept = kept[~rows["tail"].isin(real["tail"].value_counts().index[:20])]
    # Four standard errors; keys by themselves would keep it in a quarter of the rows.
    share = rule.support_.share
    assert kept.mean() >= share - 4 * np.sqrt(share * (1 - share) / len(kept))


# Declared rules.


def test_declared_rules_are_kept_instead_of_found_ones():
    model = model_of(
        REAL, rules=[Order("ordered", "<=", "delivered"), Determines("city", "country")]
    )
    assert [str(rule) for rule in model.rules_] == [
        "delivered >= ordered",
        "city determines country",
    ]
    rows = model.sample(300, random_state=0)
    assert (rows["delivered"] >= rows["ordered"]).all()
    assert not (rows["month"] == rows["ordered"].dt.month).all()


def test_declared_rules_join_found_ones():
    declared = Custom(lambda rows: rows["tax"] < 60, name="tax below 60", columns=["tax"])
    real = REAL[REAL["tax"] < 60].reset_index(drop=True)
    model = model_of(real, rules=["auto", declared])
    assert str(model.rules_[0]) == "tax below 60"
    assert len(model.rules_) > 5
    check_all_kept(model.rules_, model.sample(500, random_state=0))


def test_a_repair_mends_rows_and_leaves_given_cells(tmp_path):
    even = Custom(
        lambda rows: rows["n"] % 2 == 0,
        repair=lambda rows: rows.assign(n=rows["n"] + 1),
        name="n is even",
        columns=["n"],
    )
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"n": 2 * rng.integers(0, 400, 300), "x": rng.normal(size=300)})
    model = model_of(real, rules=[even])
    assert (model.sample(400, random_state=0)["n"] % 2 == 0).all()
    with pytest.raises(ValueError, match="given cells break the rule 'n is even'"):
        model.sample(conditions=pd.DataFrame({"n": [3]}))
    with pytest.warns(UserWarning, match="'n is even'.*is a function, and not saved"):
        model.save(tmp_path / "model.safetensors")
    assert not len(WGANGPSynthesizer.load(tmp_path / "model.safetensors").rules_)


def test_unique_keys_differ_over_all_chunks():
    rng = np.random.default_rng(0)
    real = pd.DataFrame(
        [(order, line) for order in range(80) for line in range(4)], columns=["order", "line"]
    ).assign(price=rng.gamma(2, 3, 320).round(2))
    model = model_of(real, rules=[Unique(["order", "line"])])
    rows = pd.concat(model.sample_iter(200, chunk_size=60, random_state=0))
    assert not rows.duplicated(["order", "line"]).any()
    with pytest.raises(
        ValueError, match="'order, line unique': 5000 rows .* only 320 are possible"
    ):
        model.sample(5000, random_state=0)


def test_chains_and_combinations():
    rng = np.random.default_rng(0)
    steps = rng.gamma(2, 10, (500, 3)).round(1).cumsum(axis=1).round(1)
    real = pd.DataFrame(steps, columns=["low", "middle", "high"])
    real["size"] = rng.choice(["S", "M", "L"], 500)
    real["cut"] = np.where(real["size"] == "S", "slim", rng.choice(["slim", "wide"], 500))
    rules = [Order("low", "<=", "middle", "<=", "high"), Combinations(["size", "cut"])]
    rows = model_of(real, rules=rules).sample(500, random_state=0)
    assert ((rows["low"] <= rows["middle"]) & (rows["middle"] <= rows["high"])).all()
    assert not ((rows["size"] == "S") & (rows["cut"] == "wide")).any()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([Order("delivered", "<=", "ordered")], "'ordered >= delivered' is broken in 3.. of 400"),
        ([Order("city", "<=", "ordered")], "'ordered >= city': column 'city' holds text"),
        ([Sum("total", ["net", "duty"])], "the table has no column 'duty'"),
        ([Sum("total", ["net", "tax"]), Sum("total", ["tax", "net"])], "computed by two rules"),
        ([Sum("total", ["net"]), Sum("net", ["total"])], "from each other in a circle"),
        ([MissingWhere("discount", "member", [True])], "broken in 400 of 400 rows"),
        ([Bands("month", of="price")], "is broken in"),
        (Order("ordered", "<=", "delivered"), "rules must be"),
        (["automatic"], "rules must hold rules or 'auto', got 'automatic'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rules_that_cannot_be_are_refused_before_training(rules, message):
    with pytest.raises((ValueError, TypeError), match=message):
        model_of(REAL, rules=rules)


def test_declared_rules_are_not_changed_by_a_fit():
    rule = Determines("city", "country")
    model = model_of(REAL, rules=[rule], **BARELY)
    assert rule.support_ is None
    assert not hasattr(rule, "map_")
    assert model.rules == [rule]


# Privacy.


def test_rare_cells_are_not_remembered():
    real = orders(500)
    real.loc[3, ["city", "country"]] = ["Male", "MV"]
    model = model_of(real, min_category_rows=5, rare="mask", **BARELY)
    assert "MV" not in str(model.transformer_.to_dict())
    assert any("would keep rare cells" in line for line in model.rules_.left_out)
    assert any("city determines country" in str(rule) for rule in model_of(real, **BARELY).rules_)


def test_zero_where_zero_is_found_kept_and_filled_in(tmp_path):
    rng = np.random.default_rng(0)
    pages = rng.poisson(1, 400)
    real = pd.DataFrame({"pages": pages, "seconds": rng.gamma(2, 30, 400) * (pages > 0)})
    real["cost"] = [f"${value:,.2f}" for value in real["seconds"] * rng.gamma(2, 1, 400)]
    model_of(real, max_steps=5).save(tmp_path / "model")
    model = WGANGPSynthesizer.load(tmp_path / "model")
    assert "seconds = 0 exactly where pages = 0" in str(model.rules_)
    rows = model.sample(3000, random_state=0)
    assert not model.rules_.check(rows)["n_broken"].any()
    assert ((rows["pages"] == 0) == (rows["seconds"] == 0)).all()
    gaps = pd.DataFrame({"pages": [0, 2, None], "seconds": [None, None, 0], "cost": [None] * 3})
    filled = model.impute(gaps, random_state=0)
    assert filled["pages"].tolist()[2] == 0
    assert filled["seconds"].tolist()[0] == 0 < filled["seconds"].tolist()[1]
    assert filled["cost"].tolist()[0] == "$0.00"


def test_that_a_cell_is_missing_is_no_secret():
    real = REAL.drop(columns=["number", "grade"]).assign(late=REAL["discount"])
    model = model_of(real, min_category_rows=5, rare="mask", protect_extremes=5, **BARELY)
    shown = str(model.rules_)
    assert "discount, late missing together" in shown
    assert "discount missing exactly where member is False" in shown
    rows = model.sample(500, random_state=0)
    assert (rows["discount"].isna() == ~rows["member"]).all()


def test_rules_on_identifiers_are_left_out():
    real = orders(300)
    real["initial"] = real["number"].str[:1] + real["city"].str[:1]
    real["twin"] = real["number"].str.upper()
    rows = model_of(real, **BARELY).sample(200, random_state=0)
    assert rows["number"].is_unique
    assert set(rows["number"]).isdisjoint(real["number"])


# Missing cells beside rules.


def sums_with_holes(n_rows: int = 400) -> pd.DataFrame:
    """Return parts and totals of which cells are missing here and there."""
    rng = np.random.default_rng(0)
    real = pd.DataFrame({name: rng.integers(1, 300, n_rows) for name in ("a", "b", "c")})
    real["sub"] = (real["a"] + real["b"]).astype(float)
    real["total"] = real["sub"].astype(int) + real["c"]
    real["b"] = real["b"].astype(float)
    for name in ("b", "sub"):
        real.loc[rng.random(n_rows) < 0.1, name] = np.nan
    return real


@pytest.fixture(scope="module")
def with_holes() -> WGANGPSynthesizer:
    return model_of(sums_with_holes(), max_steps=20)


def test_totals_of_which_some_are_missing_are_computed_for_missing_cells(with_holes):
    real = sums_with_holes().head(100)
    rng = np.random.default_rng(1)
    filled = with_holes.impute(real.astype(object).mask(rng.random(real.shape) < 0.25))
    assert (filled["a"] + filled["b"] == filled["sub"]).all()
    assert (filled["sub"] + filled["c"] == filled["total"]).all()
    hidden = real[real["sub"].notna()].assign(b=np.nan)
    filled = with_holes.impute(hidden, random_state=0)
    np.testing.assert_array_equal(filled["b"], filled["sub"] - filled["a"])


def test_rows_that_are_drawn_again_keep_the_shares_of_missing_cells(with_holes):
    # Sums of parts that hardly know each other are often beyond those that were seen.
    rows = with_holes.sample(5000, random_state=0)
    assert not with_holes.rules_.check(rows)["n_broken"].any()
    real = sums_with_holes()
    for name in ("b", "sub"):
        assert abs(rows[name].isna().mean() - real[name].isna().mean()) < 0.04
    assert rows.dtypes.equals(real.dtypes)


def test_whole_numbers_that_no_seen_pair_determines_are_drawn_again():
    rng = np.random.default_rng(0)
    left, right = rng.choice(list("abcdef"), (2, 300))
    seen = left <= right
    real = pd.DataFrame({"left": left[seen], "right": right[seen]})
    real["rate"] = [ord(a) * 31 + ord(b) * 7 for a, b in zip(*real.to_numpy().T, strict=True)]
    model = model_of(real, rules=[Determines(["left", "right"], "rate")], max_steps=5)
    rows = model.sample(2000, random_state=0)
    assert rows["rate"].dtype == real["rate"].dtype
    assert (rows["left"] <= rows["right"]).all()
    assert not model.rules_.check(rows)["n_broken"].any()


def test_clock_times_are_computed_of_a_schedule_and_a_delay():
    rng = np.random.default_rng(0)
    planned = rng.integers(0, 288, 600) * 5
    late = np.rint(rng.normal(5, 25, 600)).astype(int)
    actual = planned + late

    def as_clock(minutes: np.ndarray) -> np.ndarray:
        return minutes % 1440 // 60 * 100 + minutes % 60

    real = pd.DataFrame({"planned": as_clock(planned), "actual": as_clock(actual), "late": late})
    rule = Sum("late", ["actual", "planned"], [1, -1], clock=["actual", "planned"])
    model = model_of(real, rules=[rule], max_steps=5)
    # Two times that are drawn by themselves would make any delay.
    assert "actual" not in [name for name, _ in model.transformer_.reduction_.learned]
    rows = model.sample(500, random_state=0)
    assert (rows["late"] < 0).any()
    assert abs(rows["late"].mean() - late.mean()) < 6
    assert not model.rules_.check(rows)["n_broken"].any()
    for name in real:
        filled = model.impute(real.head(30).assign(**{name: np.nan}), random_state=0)
        np.testing.assert_array_equal(filled[name], real[name].head(30))


def test_halves_that_were_rounded_the_other_way_are_no_exceptions():
    rng = np.random.default_rng(0)
    effort = rng.integers(1, 40_000, 800) * 1.0
    # Halves are rounded up here and down there; one in a hundred is faulty.
    time = np.where(rng.random(800) < 0.5, np.floor(effort / 4 + 0.5), np.ceil(effort / 4 - 0.5))
    time[::100] += 7
    rule = Sum("time", ["effort"], ["1/4"], tolerate=0.05)
    model = model_of(pd.DataFrame({"effort": effort, "time": time}), rules=[rule])
    broken = model.rules_.check(model.sample(4000, random_state=0))["share"][0]
    assert abs(broken - 0.01) < 0.006


def test_too_few_keys_are_told_before_any_row_is_drawn(tmp_path):
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"order": np.repeat(np.arange(30), 3), "line": np.tile(np.arange(3), 30)})
    real["x"] = rng.normal(size=90)
    kinds = {"order": "categorical", "line": "categorical"}
    model = model_of(
        real, rules=[Unique(["order", "line"])], column_kinds=kinds, conditional=False, max_steps=3
    )
    told = r"'order, line unique': 91 rows .* only 90 are possible \(30 of 'order' x 3 of 'line'\)"
    for draw in (model.sample, model.sample_iter):
        with pytest.raises(ValueError, match=told):
            draw(91)
    with pytest.raises(ValueError, match=told):
        model.sample(91, conditions={"line": [1, 2]})
    assert len(model.sample(20, random_state=0)) == 20


def test_too_few_numbers_for_new_keys_are_told_before_any_row_is_drawn(tmp_path):
    rng = np.random.default_rng(0)
    real = pd.DataFrame({"id": rng.permutation(2**15)[:60].astype("int16")})
    real["x"] = rng.normal(size=60)
    model = model_of(real, conditional=False, max_steps=3)
    told = r"column 'id': 40000 rows need 40000 new .* only (\d+) of int16 are free: ask for fewer"
    with pytest.raises(ValueError, match=told) as caught:
        model.sample(40_000)
    with pytest.raises(ValueError, match=told):
        model.sample_to(tmp_path / "rows", 40_000, rows_per_part=1000)
    assert not (tmp_path / "rows").exists()
    # It is as many as there are.
    n_free = int(re.search(told, str(caught.value))[1])
    assert model.sample(n_free, random_state=0)["id"].is_unique
    with pytest.raises(ValueError, match=f"only {n_free} of int16"):
        model.sample(n_free + 1)
    shared = pd.DataFrame({"id": np.repeat(real["id"].to_numpy(), 3), "x": rng.normal(size=180)})
    model = model_of(shared, column_kinds={"id": "identifier"}, conditional=False, max_steps=3)
    assert len(model.sample(40_000, random_state=0)) == 40_000
    with pytest.raises(ValueError, match="120000 rows need 39960 new identifiers"):
        model.sample(120_000)
