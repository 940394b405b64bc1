"""The estimator: what comes out is as what went in, and what it says of itself is true."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from typer.testing import CliRunner

from synthwgan import Domain, PrivateSynthesizer, WGANGPSynthesizer
from synthwgan.cli import app
from synthwgan.private.particles import Effort
from synthwgan.private.patterns import Identifiers, check_pattern
from synthwgan.private.storage import Stored

CHEAP: dict[str, Any] = {"n_particles": 60, "max_steps": 60}
RICH = 50.0
DOMAIN: dict[str, Any] = {
    "age": (18, 90),
    "pay": Domain(bounds=(0, 10_000), decimals=2),
    "job": ["cook", "smith", "clerk"],
    "day": Domain(bounds=("2020-01-01", "2023-12-31")),
    "old": ["no", "yes"],
}


def table(n_rows: int = 2000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 80, n_rows)
    return pd.DataFrame(
        {
            "age": age.astype("int16"),
            "pay": np.where(rng.random(n_rows) < 0.2, np.nan, (age * 40.25).round(2)),
            "job": pd.Series(rng.choice(["cook", "smith", "clerk"], n_rows), dtype="string"),
            "day": pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 500, n_rows), "D"),
            "flag": pd.array(rng.random(n_rows) < 0.3, dtype="boolean"),
            "visits": pd.array(rng.poisson(3, n_rows), dtype="Int64"),
            "old": pd.Categorical(np.where(age > 50, "yes", "no"), ["no", "yes"], ordered=True),
        }
    )


@pytest.fixture(scope="module")
def model() -> PrivateSynthesizer:
    synthesizer = PrivateSynthesizer(
        RICH, 1e-5, target="old", domain=DOMAIN, random_state=0, n_particles=300, max_steps=250
    )
    return synthesizer.fit(table())


def test_rows_are_like_the_table(model: PrivateSynthesizer) -> None:
    real, rows = table(), model.sample(2000, random_state=0)
    pd.testing.assert_series_equal(rows.dtypes, real.dtypes)
    assert list(rows.columns) == list(real.columns)
    assert abs(rows["age"].mean() - real["age"].mean()) < 1.5
    assert abs(rows["pay"].isna().mean() - 0.2) < 0.04
    assert rows["age"].between(18, 90).all()
    assert rows["pay"].dropna().between(0, 10_000).all()
    assert np.allclose(rows["pay"].dropna() * 100, (rows["pay"].dropna() * 100).round())
    assert (rows["day"] == rows["day"].dt.floor("D")).all()
    both = rows["age"].corr(rows["pay"])
    assert both > 0.85
    assert (rows["age"] > 50).eq(rows["old"] == "yes").mean() > 0.95


def test_several_processes_are_told_that_each_spends_the_budget(monkeypatch) -> None:
    told = {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    with pytest.warns(UserWarning, match="each of the 2 .* each spends the budget"):
        PrivateSynthesizer(RICH, 1e-5, random_state=0, **CHEAP).fit(table(50)[["age", "old"]])


def test_so_are_those_of_a_process_group_that_the_program_made(monkeypatch) -> None:
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 3)
    with pytest.warns(UserWarning, match="each of the 3 .* each spends the budget"):
        PrivateSynthesizer(RICH, 1e-5, random_state=0, **CHEAP).fit(table(50)[["age", "old"]])


def test_without_noise_worth_having_dependence_is_lost() -> None:
    """The check above can fail: a tiny budget does not learn that pay depends on age."""
    with pytest.warns(UserWarning, match="noise on each"):
        poor = PrivateSynthesizer(0.02, domain=DOMAIN, random_state=0, **CHEAP).fit(table())
    rows = poor.sample(2000, random_state=0)
    is_old = rows["age"] > 50
    assert abs((rows["old"] == "yes")[is_old].mean() - (rows["old"] == "yes").mean()) < 0.3


def test_the_same_seed_draws_the_same_rows(model: PrivateSynthesizer) -> None:
    first, second = (model.sample(50, random_state=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert not first.equals(model.sample(50, random_state=4))
    chunks = list(model.sample_iter(50, chunk_size=20, random_state=3))
    assert [len(chunk) for chunk in chunks] == [20, 20, 10]


def test_conditions_are_met(model: PrivateSynthesizer) -> None:
    rows = model.sample(
        300,
        conditions={"old": "yes", "age": (60, 70), "job": ["cook", "clerk"], "pay": (None, 4000)},
    )
    assert set(rows["old"]) == {"yes"}
    assert rows["age"].between(60, 70).all()
    assert set(rows["job"]) == {"cook", "clerk"}
    assert (rows["pay"] <= 4000).all()
    shares = model.sample(300, conditions={"job": {"cook": 0.9, "smith": 0.1}})
    assert shares["job"].value_counts().to_dict() == {"cook": 270, "smith": 30}
    assert model.sample(20, conditions={"pay": None})["pay"].isna().all()
    assert set(model.sample(20, conditions={"age": 44})["age"]) == {44}
    assert set(model.sample(40, conditions={"visits": [2, 3]})["visits"]) == {2, 3}
    days = model.sample(40, conditions={"day": ("2021-03-01", "2021-03-31")})["day"]
    assert days.between("2021-03-01", "2021-03-31").all()


def test_posteriors_are_exact(model: PrivateSynthesizer) -> None:
    """Shares under a condition are those among unconditioned rows that meet it."""
    rows = model.sample(40_000, random_state=1)
    asked = model.sample(10_000, conditions={"age": (30, 40)}, random_state=2)
    free = rows[rows["age"].between(30, 40)]
    for name in ("job", "flag", "old"):
        shares = [frame[name].value_counts(normalize=True) for frame in (asked, free)]
        assert shares[0].sub(shares[1], fill_value=0).abs().max() < 0.03
    assert abs(asked["pay"].mean() - free["pay"].mean()) < 40


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"agee": 3}, "agee"),
        ({"job": "pope"}, "'pope' is none of its categories"),
        ({"age": (200, 300)}, "outside of its range, 18 to 90"),
        ({"day": ("2030-01-01", None)}, "outside of its range, 2020-01-01 to 2023-12-31"),
        ({"age": (40, 30)}, "no value lies in the range"),
        ({"day": (3, None)}, "3 is no date"),
        ({"age": 30.5}, "between two values"),
        ({"job": ("cook", "smith")}, "no order"),
        ({"job": {"cook": 0.5}}, "add up to 1"),
        ({"old": None}, "never missing"),
    ],
)
def test_conditions_that_cannot_be(
    model: PrivateSynthesizer, conditions: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        model.sample(5, conditions=conditions)


def test_gaps_are_filled_and_given_cells_stay(model: PrivateSynthesizer) -> None:
    real = table(200)
    holes = real.copy()
    holes.loc[::3, "pay"] = np.nan
    holes["visits"] = holes["visits"].mask(np.arange(200) % 5 == 0)
    holes.index = range(1000, 1200)
    filled = model.impute(holes, n_draws=2, random_state=0)
    assert len(filled) == 400
    assert list(filled.index[:2]) == [1000, 1000]
    assert not filled.isna().any().any()
    pd.testing.assert_series_equal(filled.dtypes, real.dtypes)
    known = holes["pay"].notna()
    assert (filled["pay"].iloc[::2][known] == holes["pay"][known]).all()
    hidden = ~known
    error = (filled["pay"].iloc[::2][hidden] - holes["age"][hidden] * 40.25).abs().median()
    assert error < 300
    some = model.impute(holes.drop(columns="job"), columns=["visits"], random_state=0)
    assert some[["visits", "job"]].notna().all(axis=None)
    assert some["pay"].isna().equals(hidden)
    with pytest.raises(ValueError, match="columns name 'vists', .* did you mean 'visits'"):
        model.impute(holes, columns=["vists"])
    half = model.sample(conditions=pd.DataFrame({"age": [20, 70]}), n_draws=20, random_state=0)
    assert (half["old"].iloc[:20] == "no").mean() > 0.8
    assert (half["old"].iloc[20:] == "yes").mean() > 0.8


def test_a_model_is_the_same_after_a_file(model: PrivateSynthesizer, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model.save(path)
    loaded = PrivateSynthesizer.load(path)
    pd.testing.assert_frame_equal(
        loaded.sample(100, random_state=1), model.sample(100, random_state=1)
    )
    assert loaded.privacy_ == model.privacy_
    assert loaded.card() == model.card()
    assert loaded.random_state is None
    with pytest.raises(ValueError, match=r"PrivateSynthesizer\.load"):
        WGANGPSynthesizer.load(path)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="model"):
        PrivateSynthesizer.load(path)


def test_a_seed_is_no_privacy(model: PrivateSynthesizer, tmp_path: Path) -> None:
    assert model.privacy_["noise"] == "not private: seeded"
    assert model.card().startswith("Not private: seeded")
    model.save(tmp_path / "model.safetensors")
    assert b"not private: seeded" in (tmp_path / "model.safetensors").read_bytes()
    fresh = PrivateSynthesizer(1.0, domain=DOMAIN, **CHEAP).fit(table())
    assert fresh.privacy_["is_private"]
    assert "(1, 1e-06)-differentially private" in fresh.card()


def test_what_is_written_down(model: PrivateSynthesizer) -> None:
    privacy = model.privacy_
    assert privacy["spent_epsilon"] <= privacy["epsilon"] == RICH
    assert sum(one["rho"] for one in privacy["ledger"]) == pytest.approx(privacy["rho"])
    assert privacy["public"]["age"] == ["bounds", "decimals", "missing or not"]
    assert privacy["bought"]["visits"] == ["bounds", "missing or not"]
    assert privacy["neighbours"] == "add or remove one row"
    assert "One row counts as one person" in model.card()
    assert abs(model.n_rows_ - 2000) < 50


def test_persons_and_identifiers() -> None:
    frame = table(900).assign(who=np.repeat(np.arange(300), 3), key="x", number=7)
    domain = DOMAIN | {"key": Domain(pattern="K-####"), "number": Domain(pattern="1#####")}
    model = PrivateSynthesizer(
        5.0, domain=domain, unit="who", max_rows_per_unit=2, random_state=0, **CHEAP
    ).fit(frame)
    rows = model.sample(500)
    assert "who" not in rows
    assert list(rows.columns) == [name for name in frame.columns if name != "who"]
    assert rows["key"].is_unique
    assert rows["key"].str.fullmatch(r"K-\d{4}").all()
    assert rows["number"].is_unique and rows["number"].between(100_000, 199_999).all()
    assert abs(model.n_rows_ - 600) < 100
    assert all(one["sensitivity"] == 2 for one in model.privacy_["ledger"])
    assert model.privacy_["neighbours"] == "add or remove one person ('who')"
    few = "column 'key': 10001 rows need as many new identifiers, and only 10000 of the pattern"
    with pytest.raises(ValueError, match=few):
        model.sample(10_001)
    # At the call, not once ten chunks are written.
    with pytest.raises(ValueError, match=few):
        model.sample_iter(10_001, chunk_size=1000)
    with pytest.raises(ValueError, match=few):
        model.impute(frame.drop(columns=["who", "key"])[:1], n_draws=10_001)


@pytest.mark.parametrize(
    ("dtype", "pattern"),
    [
        ("int16", "3###"),
        ("uint64", "10" + 18 * "#"),
        ("float32", "1####"),
        ("Int64", "-1###"),
        ("int64[pyarrow]", "7###"),
    ],
)
def test_numbers_may_be_identifiers_to_the_digit(dtype: str, pattern: str) -> None:
    stored = Stored.of(pd.Series([], dtype=dtype).dtype)
    check_pattern(pattern, stored)
    cells = Identifiers("key", pattern, stored).make(0, 500, 123_456)
    assert cells.dtype == dtype and cells.is_unique
    texts = cells.astype(object).map(int).map(str)
    assert texts.str.fullmatch(pattern.replace("#", r"\d")).all()


@pytest.mark.filterwarnings("ignore:the noise on each")
@pytest.mark.parametrize(
    "frame",
    [
        table(0),
        table(1),
        table(60),
        pd.DataFrame({"x": [3.5] * 500}),
        pd.DataFrame({"x": [np.nan] * 500, "y": pd.Series([None] * 500, dtype=object)}),
        pd.DataFrame({"x": [[1], {2}, 3, "a"] * 50, "y": range(200)}),
        pd.DataFrame({"x": np.repeat(2**62, 300), "y": [1e-300, np.inf, -np.inf] * 100}),
        pd.DataFrame({"x": [f"c{n}" for n in range(100_000)]}),
        pd.DataFrame({f"c{n}": range(50) for n in range(40)}),
        pd.DataFrame(
            {
                "x": pd.to_timedelta(range(200), "s"),
                "y": pd.period_range("2020", periods=200, freq="M"),
            }
        ),
    ],
    ids=["none", "one", "few", "constant", "missing", "odd", "far", "many", "wide", "times"],
)
def test_edges(frame: pd.DataFrame) -> None:
    model = PrivateSynthesizer(0.1, n_particles=20, max_steps=3).fit(frame)
    rows = model.sample(30)
    assert list(rows.columns) == list(frame.columns)
    assert [str(dtype) for dtype in rows.dtypes] == [str(dtype) for dtype in frame.dtypes]
    assert model.n_rows_ >= 1
    assert model.privacy_["spent_epsilon"] <= 0.1


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"epsilon": 0}, ValueError, "epsilon must be"),
        ({"target": "nothing"}, ValueError, "target 'nothing' is no column"),
        ({"unit": "nobody"}, ValueError, "unit 'nobody' is no column"),
        ({"max_rows_per_unit": 3}, ValueError, "needs unit"),
        ({"domain": {"agee": (1, 2)}}, ValueError, "agee"),
        ({"domain": {"age": (5, 1)}}, ValueError, "column 'age': bounds must be finite"),
        ({"domain": {"age": (0, 1, 2)}}, TypeError, "column 'age': a tuple is a pair"),
        ({"domain": {"job": ["a", 2]}}, TypeError, "dtype string.* holds text, .* 2 is none"),
        ({"domain": {"old": [0, 1]}}, TypeError, "category.* holds text, .* 0 is none"),
        ({"domain": {"age": ["a", "b"]}}, TypeError, "int16 holds no text, .* 'a' is text"),
        ({"domain": {"job": (5, 10)}}, TypeError, "column 'job': dtype string.* no numbers"),
        ({"domain": {"job": []}}, ValueError, "there are none"),
        ({"domain": {"job": ["a", "a"]}}, ValueError, "twice"),
        ({"domain": "public"}, TypeError, "domain must be a mapping"),
        ({"domain": {"job": Domain(pattern="abc")}}, ValueError, "pattern"),
        ({"domain": {"flag": ["True", "False"]}}, TypeError, "'flag': .* and False, .* is neither"),
        ({"domain": {"job": Domain(categories="heart")}}, TypeError, "'job': .* list .* 'heart'"),
        ({"domain": {"job": {"categories": [["a"]]}}}, TypeError, r"'job': .* list .* \[\['a'\]\]"),
        ({"domain": {"pay": Domain(decimals=1.5)}}, TypeError, "'pay': decimals .* integer, .*1.5"),
        ({"domain": {"pay": Domain(decimals=16)}}, ValueError, "'pay': decimals .* <= 15, got 16"),
        ({"domain": {"pay": Domain(missing="no")}}, TypeError, "'pay': missing .* True or .*'no'"),
        ({"domain": {"pay": Domain(kind="text")}}, ValueError, "'pay': kind .* 'category', got"),
        (
            {"domain": {"pay": {"bound": (0, 1)}}},
            ValueError,
            r"'pay': .*'bounds', .* no \['bound'\]",
        ),
        ({"domain": {"age": (None, 5)}}, TypeError, "'age': bounds .* pair, each a number"),
        (
            {"domain": {"age": ("a", "b")}},
            ValueError,
            "'age': .* numbers that dtype int16 can hold",
        ),
        ({"domain": {"day": (0, 10)}}, ValueError, "'day': .* dates that dtype .* can hold"),
        ({"domain": {"age": [5, None]}}, ValueError, "'age': a missing cell is no category"),
        # In whole numbers zeros in front are lost, and 40,000 is too large for 16 bits.
        *(
            ({"domain": {name: Domain(pattern=pattern)}}, TypeError, f"'{name}': .* make.*{remedy}")
            for name, pattern, remedy in (
                ("age", "K-####", "a pattern of digits"),
                ("age", "####", "begins with none of # and 0"),
                ("age", "4####", "and fits"),
                ("pay", 21 * "1" + "#", "and fits"),
                ("day", "2024-0#", "convert the column to text"),
                ("old", "K-#", "convert the column to text"),
            )
        ),
    ],
)
def test_mistakes_are_named_before_anything_is_read(
    parameters: dict[str, Any],
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = table(50)
    # Who counts finds no table.
    monkeypatch.setattr("synthwgan.private.synthesizer.Census", None)
    with pytest.raises(error, match=message) as caught:
        PrivateSynthesizer(**({"epsilon": 1.0} | parameters)).fit(frame)
    shown = str(caught.value)
    assert not [cell for cell in ("cook", "smith", "2021") if cell in shown]


def test_who_gives_no_epsilon_learns_how_to_choose_one() -> None:
    for missing in ({}, {"delta": 1e-9}):
        with pytest.raises(TypeError, match=r"needs epsilon, the budget: 1 is a strong guarantee"):
            PrivateSynthesizer(**missing)
    model = PrivateSynthesizer(2.0)
    copies = [clone(model), copy.copy(model), copy.deepcopy(model)]
    assert [each.epsilon for each in copies] == [2.0] * 3


@pytest.mark.filterwarnings("ignore:the noise on each")
def test_conditions_that_cannot_be_read_are_answered_with_those_that_can() -> None:
    model = PrivateSynthesizer(1.0, domain=DOMAIN, **CHEAP).fit(table())
    with pytest.raises(
        ValueError, match=r"'>30' is no number; .* conditions={'age': \(30, None\)}"
    ):
        model.sample(3, conditions={"age": ">30"})
    with pytest.raises(ValueError, match=r"a point before decimals.*: 30.5"):
        model.sample(3, conditions={"age": "30,5"})


@pytest.mark.filterwarnings("ignore:the noise on each")
def test_a_delta_that_fails_for_somebody_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="above 1 over the number of rows"):
        PrivateSynthesizer(1.0, 0.01, domain=DOMAIN, **CHEAP).fit(table())


@pytest.mark.parametrize("unit", ["s", "ns", "arrow"])
def test_whole_days_of_a_zone_are_its_own(unit: str) -> None:
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(1500) % 300, "D")
    zoned = pd.Series(days).dt.tz_localize("Europe/Oslo")
    if unit == "arrow":
        dtype: Any = pd.ArrowDtype(pa.timestamp("us", "Europe/Oslo"))
    else:
        dtype = f"datetime64[{unit}, Europe/Oslo]"
    bounds = ("2024-01-01", "2024-12-31")
    model = PrivateSynthesizer(RICH, 1e-5, domain={"day": bounds}, random_state=0, **CHEAP)
    rows = model.fit(pd.DataFrame({"day": zoned.astype(dtype)})).sample(500, random_state=0)
    assert rows["day"].dtype == dtype
    assert (rows["day"].dt.hour == 0).all()
    # Of both halves of the year, in which its clocks differ.
    assert rows["day"].dt.month.nunique() > 8


def test_hours_of_a_zone_come_back_when_its_clocks_are_changed() -> None:
    hours = pd.date_range("2024-03-30", "2024-11-01", freq="h", tz="Europe/Oslo").to_series()
    stored = Stored.of(hours.dtype)
    back = stored.write_numbers(stored.numbers(hours, 1), 1, np.zeros(len(hours), dtype=bool))
    # One of the 5,000 hours is shown twice: it comes back as the first of the two.
    differs = np.flatnonzero(back.to_numpy() != hours.to_numpy())
    assert len(differs) == 1
    assert hours.iloc[differs[0]] - back.iloc[differs[0]] == pd.Timedelta("1h")


def test_categories_of_a_dtype_are_public_only_if_one_says_so() -> None:
    dtype = pd.CategoricalDtype(["b", "a", "never"], ordered=True)
    frame = pd.DataFrame({"x": pd.Series(["a", "b"] * 300, dtype=dtype)})
    bought = PrivateSynthesizer(1.0, **CHEAP).fit(frame)
    assert bought.sample(10)["x"].dtype == pd.CategoricalDtype(["a", "b"])
    public = PrivateSynthesizer(1.0, domain="dtype", **CHEAP).fit(frame)
    assert public.sample(10)["x"].dtype == dtype
    assert clone(public).get_params()["domain"] == "dtype"


def test_labels_of_an_arrow_dictionary_are_no_flags() -> None:
    cells = pa.array([3, 4] * 300).dictionary_encode()
    frame = pd.DataFrame({"x": pd.arrays.ArrowExtensionArray(cells)})
    rows = PrivateSynthesizer(5.0, random_state=0, **CHEAP).fit(frame).sample(50)
    assert set(rows["x"]) == {3, 4}
    assert rows["x"].dtype == frame["x"].dtype


def test_numbers_as_targets_and_codes() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=3000), "code": rng.choice([3, 5, 9], 3000)})
    frame["y"] = frame["x"] * 2 + (frame["code"] == 5) * 3 + rng.normal(size=3000) / 2
    domain = {"code": Domain(kind="category"), "x": (-5, 5), "y": (-15, 15)}
    model = PrivateSynthesizer(
        20.0, target="y", domain=domain, n_particles=200, max_steps=200, random_state=0
    ).fit(frame)
    rows = model.sample(3000, random_state=0)
    assert set(rows["code"]) == {3, 5, 9}
    assert rows["x"].corr(rows["y"]) > 0.7
    assert rows.groupby("code")["y"].mean()[5] > 2


def test_the_report_is_stamped(model: PrivateSynthesizer) -> None:
    report = model.report(table(200), n_samples=150, quick=True, random_state=0)
    assert "Not for release" in str(report.to_dict())
    assert "not private: seeded" in str(report.to_dict())
    assert report.left_out and report.origin.model["epsilon"] == repr(model.epsilon)


def test_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # How well the rows are learned is asked above.
    monkeypatch.setattr("synthwgan.private.synthesizer.Effort", lambda *_: Effort(60, 60))
    data, domain, file = tmp_path / "t.csv", tmp_path / "d.json", tmp_path / "m.safetensors"
    table(500)[["age", "job"]].to_csv(data, index=False)
    domain.write_text(json.dumps({"age": {"bounds": [18, 90]}, "job": ["cook", "smith", "clerk"]}))
    arguments = ["private", "fit", data, "--epsilon", "3", "--domain", domain, "-o", file]
    runner = CliRunner()
    found = runner.invoke(app, list(map(str, arguments)))
    assert found.exit_code == 0, found.output
    assert "differentially private" in found.output
    for command in (["private", "info", str(file)], ["info", str(file)]):
        found = runner.invoke(app, command)
        assert "(3, 1e-06)-differentially private" in found.output
    rows = tmp_path / "rows.csv"
    arguments = ["private", "sample", file, "-n", 20, "--where", "age>=60", "-o", rows]
    found = runner.invoke(app, list(map(str, arguments)))
    assert found.exit_code == 0, found.output
    assert (pd.read_csv(rows)["age"] >= 60).all()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"cost": {"bounds": [0, 9], "decimals": "2"}}', "'cost': decimals must be .* integer"),
        (b'{"age": {"bounds": 5}}', "'age': bounds must be .* a pair, each a number"),
        (b'{"when": {"bounds": ["2020-01-01", null]}}', "'when': bounds must be .* a pair"),
        (b'{"ward": {"categories": [["a"], ["b"]]}}', "'ward': categories must be .* a list"),
        (b'{"ward": "heart"}', "'ward': write a list of categories, or an object"),
        (b'{"age": {"missing": true, "missing": false}}', "the name 'missing' stands twice"),
        (b'{"age": [1], "age": [2]}', "the name 'age' stands twice"),
        (b"[1]", "must be a JSON object of column names"),
        (b'{"age": {"bounds": [0, 120]},}', "holds no JSON"),
        (b"", "holds no JSON"),
        (b"\x80\x81", "holds no JSON"),
        (None, "cannot be read .No such file"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, content: bytes | None, told: str) -> None:
    data, domain = tmp_path / "t.csv", tmp_path / "d.json"
    data.write_text("age\n1\n")
    if content is not None:
        domain.write_bytes(content)
    arguments = ["private", "fit", data, "--epsilon", "3", "--domain", domain, "-o", tmp_path / "m"]
    found = CliRunner().invoke(app, list(map(str, arguments)))
    assert found.exit_code == 1
    (line,) = found.output.splitlines()
    assert re.search(rf"d\.json .*{told}.*; a domain is such as", line), line


def test_a_column_of_which_nothing_can_be_told_is_named() -> None:
    frame = pd.DataFrame({"day": [f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(300)]})
    with pytest.warns(UserWarning, match="column 'day': no category stands out.* declare"):
        model = PrivateSynthesizer(0.5, random_state=0, **CHEAP).fit(frame)
    assert set(model.sample(20)["day"]) == {"other"}


def _sampled(file: Path, where: list[str], output: Path) -> pd.DataFrame:
    wanted = [word for one in where for word in ("--where", one)]
    arguments = ["private", "sample", str(file), "-n", "60", *wanted, "-o", str(output), "-q"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    return pd.read_csv(output)


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y %H:%M"])
def test_dates_in_text_are_dates_where_their_bounds_are_declared(tmp_path: Path, form: str) -> None:
    data, domain = tmp_path / "data.csv", tmp_path / "domain.json"
    days = table(800)["day"]
    days[::9] = pd.NaT
    days.dt.strftime(form).rename("joined").to_frame().to_csv(data, index=False)
    bounds = [pd.Timestamp(bound).strftime(form) for bound in ("2021-01-01", "2022-12-31 23:59")]
    domain.write_text(json.dumps({"joined": {"bounds": bounds}}))
    model = PrivateSynthesizer(
        RICH, domain=json.loads(domain.read_text()), random_state=0, **CHEAP
    ).fit(pd.read_csv(data))
    file = tmp_path / "model.safetensors"
    model.save(file)
    loaded = PrivateSynthesizer.load(file)
    assert loaded.summary() == model.summary()
    rows = loaded.sample(400, random_state=0)
    pd.testing.assert_frame_equal(rows, model.sample(400, random_state=0))
    read = pd.to_datetime(rows["joined"], format=form, errors="raise")
    assert abs(read.isna().mean() - 1 / 9) < 0.06
    # Half of the days lie in the year's second half and after; midnights stay midnights.
    assert abs((read > days.median()).mean() - (days > days.median()).mean()) < 0.1
    assert (read.dropna() == read.dropna().dt.floor("D")).all()
    middle = pd.Timestamp("2021-06-01").strftime(form)
    later = _sampled(file, [f"joined>{middle}"], tmp_path / "rows.csv")["joined"]
    assert (pd.to_datetime(later, format=form) > pd.Timestamp("2021-06-01")).all()
    filled = loaded.impute(pd.DataFrame({"joined": [middle, None]}))
    assert filled["joined"][0] == middle
    assert filled["joined"].notna().all()


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (["01/02/2020", "03/04/2021"], "do not tell day from month"),
        (["2020-01-31", "31.12.2021"], "no dates of one form"),
        (["2021-01-31", "2020-01-31"], "finite and in order"),
        (["0", "120"], "Bounds of numbers have no quotes"),
    ],
)
def test_bounds_of_text_that_are_no_dates_are_refused(bounds: list[str], told: str) -> None:
    frame = pd.DataFrame({"joined": ["2020-05-05", "2020-07-07"]})
    with pytest.raises(ValueError, match=f"'joined'.*{told}"):
        PrivateSynthesizer(1.0, domain={"joined": tuple(bounds)}, **CHEAP).fit(frame)


def test_bounds_on_the_command_line_may_leave_themselves_out(
    model: PrivateSynthesizer, tmp_path: Path
) -> None:
    file, output = tmp_path / "model.safetensors", tmp_path / "rows.csv"
    model.save(file)
    rows = _sampled(file, ["age>30", "age<33", "day>2021-06-01", "old<yes", "pay<2000.5"], output)
    assert set(rows["age"]) <= {31, 32}
    assert (pd.to_datetime(rows["day"]) > pd.Timestamp("2021-06-01")).all()
    assert set(rows["old"]) == {"no"}
    assert (rows["pay"].dropna() < 2000.5).all()
    for where, told in (("age>200", "no value lies above"), ("old>yes", "no category lies above")):
        arguments = ["private", "sample", str(file), "-n", "5", "--where", where]
        found = CliRunner().invoke(app, arguments)
        assert found.exit_code == 1
        assert told in found.output


def test_rows_say_that_they_are_synthetic_and_what_is_promised(
    model: PrivateSynthesizer, tmp_path: Path
) -> None:
    gaps = table(5).assign(age=None)
    ways = {
        "drawn": [
            model.sample(2, random_state=5),
            model.sample(2, conditions={"age": (30, 40)}, random_state=5),
            *model.sample_iter(3, chunk_size=2, random_state=5),
        ],
        "completed": [
            model.impute(gaps, random_state=5),
            model.sample(conditions=gaps, random_state=5),
        ],
    }
    model.save(tmp_path / "model.safetensors")
    digest = PrivateSynthesizer.load(tmp_path / "model.safetensors").digest_
    for origin, frames in ways.items():
        for frame in frames:
            told = frame.attrs["synthetic"]
            assert (told["rows"], told["model"], told["seed"]) == (origin, digest, 5)
            assert told["privacy"] == "not private: seeded"
    own = PrivateSynthesizer(2.0, 1e-5, unit="id", **CHEAP)
    own.fit(pd.DataFrame({"id": [1, 2, 3] * 100, "x": [True, False] * 150}))
    told = own.sample(1).attrs["synthetic"]
    assert told["privacy"] == (
        "(2, 1e-05)-differential privacy, neighbours: add or remove one person ('id')"
    )
    # The true number of rows is nowhere in it.
    assert "300" not in json.dumps({**told, "model": "", "date": ""})


@pytest.mark.parametrize("said", [[0, 120], [120, 0]])
def test_bounds_in_a_list_are_no_two_categories(said: list[int]) -> None:
    table = pd.DataFrame({"age": np.arange(20, 80), "flag": [0, 1] * 30})
    with pytest.raises(
        ValueError, match=r"(?s)column 'age'.*for bounds write \(.*\{\"bounds\": \["
    ):
        PrivateSynthesizer(epsilon=1, domain={"age": said, "flag": [0, 1]}).fit(table)
