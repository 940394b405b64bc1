"""Estimators give back the form that they were given, or the one that was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn import config_context
from sklearn.base import clone
from typer.testing import CliRunner

from synthwgan import (
    GANOverSampler,
    PrivateSynthesizer,
    RadialGANSynthesizer,
    WGANGPImputer,
    WGANGPSynthesizer,
)
from synthwgan.cli import app
from synthwgan.evaluation import Tables, compare, evaluate, make_scorer, quality_score
from synthwgan.io import TableWriter, read_table, write_croissant, write_table
from synthwgan.rules import Order, RuleSet, find_rules
from synthwgan.table.frames import as_frame

pl = pytest.importorskip("polars")

N_ROWS = 120


@pytest.fixture(autouse=True, scope="module")
def all_is_hasty(hasty: None, hasty_reports: None, small_networks: None) -> None:
    """Let no test wait for what is learnt, or for how it is judged."""


@pytest.fixture(scope="module")
def people() -> Any:
    rng = np.random.default_rng(0)
    age = rng.integers(20, 70, N_ROWS)
    income = [None if one % 7 == 0 else float(one) for one in rng.integers(0, 9999, N_ROWS)]
    size = rng.choice(["S", "M", "L"], N_ROWS)
    return pl.DataFrame(
        {
            "age": pl.Series(age, dtype=pl.UInt8),
            "income": pl.Series(income, dtype=pl.Float32),
            "size": pl.Series(size, dtype=pl.Enum(["S", "M", "L", "XL"])),
            "city": pl.Series(rng.choice(["Bonn", "Ulm"], N_ROWS), dtype=pl.Categorical),
            "end": pl.Series(age + rng.integers(1, 9, N_ROWS), dtype=pl.Int64),
        }
    )


@pytest.fixture(scope="module")
def fitted(people: Any, quick: dict[str, Any]) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(**{**quick, "rules": None}).fit(people)


@pytest.fixture(autouse=True)
def as_it_was(request: pytest.FixtureRequest) -> None:
    if "fitted" in request.fixturenames:
        request.getfixturevalue("fitted").set_output(transform="default")


def as_pandas(people: Any) -> pd.DataFrame:
    """The frame that a user of pandas would have."""
    labels = {"size": ["S", "M", "L", "XL"], "city": ["Bonn", "Ulm"]}
    dtypes = {name: pd.CategoricalDtype(own, name == "size") for name, own in labels.items()}
    # As texts first: pandas leaves categories in their order where only that differs.
    return people.to_pandas().astype(dict.fromkeys(labels, object)).astype(dtypes)


def test_rows_are_what_was_fitted(fitted: WGANGPSynthesizer, people: Any) -> None:
    assert fitted.sample(5, random_state=0).schema == people.schema
    assert fitted.sample(5, conditions={"age": (30, None)}).schema == people.schema
    assert [one.schema for one in fitted.sample_iter(5, chunk_size=3)] == [people.schema] * 2
    assert fitted.feature_names_in_.tolist() == people.columns
    filled = fitted.impute(people.lazy(), random_state=0)
    assert filled.schema == people.schema
    assert filled["income"].null_count() == 0
    assert filled.drop("income").equals(people.drop("income"))


def test_an_enum_has_an_order_that_conditions_know(fitted: WGANGPSynthesizer) -> None:
    rows = fitted.sample(30, conditions={"size": ("M", "L")}, random_state=0)
    assert set(rows["size"]) <= {"M", "L"}


def test_half_known_rows_may_be_of_any_library(fitted: WGANGPSynthesizer) -> None:
    cells = {"age": [35, 62], "size": ["M", None]}
    for conditions in (pl.DataFrame(cells), pa.table(cells), pd.DataFrame(cells)):
        rows = fitted.sample(conditions=conditions, random_state=0)
        assert rows["age"].to_list() == [35, 62]
        assert rows["size"][0] == "M"


def test_set_output(fitted: WGANGPSynthesizer, people: Any) -> None:
    assert fitted.set_output(transform="arrow") is fitted
    table = fitted.sample(4, random_state=0)
    assert json.loads(table.schema.metadata[b"synthetic"])["model"] == fitted.digest_
    assert pl.from_arrow(table)["age"].dtype == pl.UInt8
    frame = fitted.set_output(transform="pandas").sample(4, random_state=0)
    assert frame.attrs["synthetic"]["model"] == fitted.digest_
    assert frame["age"].tolist() == table["age"].to_pylist()
    copy = clone(fitted)
    assert copy.set_output(transform=None)._sklearn_output_config == {"transform": "pandas"}
    with pytest.raises(ValueError, match="transform must be one of .*, got 'Polars'"):
        copy.set_output(transform="Polars")


def test_the_configuration_of_scikit_learn_counts(quick: dict[str, Any]) -> None:
    array = np.random.default_rng(0).normal(size=(40, 2))
    model = WGANGPSynthesizer(**quick).fit(array)
    assert isinstance(model.sample(3), np.ndarray)
    with config_context(transform_output="polars"):
        assert model.sample(3).columns == ["x0", "x1"]
        # What is computed does not depend on what rows are shown as.
        assert model.score(array) == pytest.approx(_score(model, array))


def _score(model: WGANGPSynthesizer, array: np.ndarray) -> float:
    with config_context(transform_output="default"):
        return model.score(array)


def test_a_model_is_the_same_whatever_its_table_is_of(
    fitted: WGANGPSynthesizer, people: Any, quick: dict[str, Any]
) -> None:
    frame = as_pandas(people)
    model = WGANGPSynthesizer(**{**quick, "rules": None}).fit(frame)
    assert model.digest_ == fitted.digest_
    np.testing.assert_array_equal(model.score_samples(people), fitted.score_samples(frame))
    assert model.score(people.lazy()) == pytest.approx(fitted.score(people), abs=1e-9)
    assert isinstance(model.sample(2), pd.DataFrame)


def test_a_target_has_its_own_dtype(people: Any, quick: dict[str, Any], tmp_path: Path) -> None:
    X, y = people.select("age", "income"), people["size"]
    model = WGANGPSynthesizer(**quick).fit(X, y)
    assert model.target_name_ == "size"
    assert model.sample(3).schema == people.select("age", "income", "size").schema
    assert model.impute(X).schema == X.schema
    assert model.score_samples(X, y).shape == (N_ROWS,)
    path = tmp_path / "model.safetensors"
    model.save(path)
    read = WGANGPSynthesizer.load(path, device="cpu")
    assert read.sample(5, random_state=0).equals(model.sample(5, random_state=0))
    table = WGANGPSynthesizer(**quick).fit(X.to_arrow().to_reader(), y.rename("")).sample(2)
    assert table.column_names == ["age", "income", "target"]


def test_the_command_line_writes_rows_of_a_polars_model(
    fitted: WGANGPSynthesizer, tmp_path: Path
) -> None:
    model, rows = str(tmp_path / "model.safetensors"), tmp_path / "rows.parquet"
    fitted.save(model)
    run = CliRunner().invoke(app, ["sample", model, "-n", "5", "-o", str(rows)])
    assert run.exit_code == 0, run.output
    assert pl.read_parquet(rows).shape == (5, 5)


@pytest.mark.parametrize("library", ["polars", "arrow"])
def test_parts_have_the_columns_and_dtypes_that_were_fitted(
    library: str, quick: dict[str, Any], tmp_path: Path
) -> None:
    large = [2**61 + one for one in range(N_ROWS)]
    orders = pl.DataFrame(
        {
            "number": pl.Series(large, dtype=pl.Int64),
            "price": pl.Series([float(one % 17) for one in range(N_ROWS)], dtype=pl.Float32),
            "cost": pl.Series(["0.50", "1.25"] * (N_ROWS // 2)).cast(pl.Decimal(10, 2)),
            "day": pl.Series(range(N_ROWS), dtype=pl.Int32).cast(pl.Date),
            "size": pl.Series(["S", "M", None] * (N_ROWS // 3), dtype=pl.Categorical),
        }
    )
    # Parquet has no whole numbers of 128 bits.
    wide = orders.with_columns(pl.col("number").cast(pl.Int128))
    table = orders.to_arrow() if library == "arrow" else wide
    model = WGANGPSynthesizer(**{**quick, "rules": None}).fit(table)
    wish = {"rows_per_part": 30, "conditions": {"price": (None, 9.0)}, "random_state": 0}
    model.sample_to(tmp_path / "rows", 50, **wish)
    rows = pl.read_parquet(tmp_path / "rows/*.parquet")
    assert rows.schema == orders.schema
    assert rows["number"].min() >= 2**61
    assert len(rows) == 50
    # As the command line writes them, and whatever rows in memory are to be.
    model.set_output(transform="pandas").sample_to(tmp_path / "same", 50, **wish)
    assert pl.read_parquet(tmp_path / "same/*.parquet").equals(rows)


@pytest.mark.parametrize("library", ["polars", "arrow"])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.feather", "a.xlsx"])
def test_chunks_of_any_library_are_written(
    name: str, library: str, fitted: WGANGPSynthesizer, tmp_path: Path
) -> None:
    if name == "a.xlsx":
        pytest.importorskip("openpyxl")
    wish = {"chunk_size": 40, "random_state": 0}
    for form, folder in ((library, tmp_path / "own"), ("pandas", tmp_path / "pandas")):
        folder.mkdir()
        fitted.set_output(transform=form)
        with TableWriter(folder / name) as writer:
            for chunk in fitted.sample_iter(100, **wish):
                writer.write(chunk)
    # Categories may be listed in another order.
    own, expected = (read_table(tmp_path / form / name) for form in ("own", "pandas"))
    dtypes = {"city": str} if name in ("a.parquet", "a.feather") else {}
    pd.testing.assert_frame_equal(own.astype(dtypes), expected.astype(dtypes))


def test_any_library_goes_to_a_database(people: Any, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    url = f"sqlite:///{tmp_path / 'people.db'}"
    write_table(people, url, table="people")
    write_table(people.to_arrow(), url, table="people", if_exists="append")
    found = read_table(url, table="people")
    assert found["end"].tolist() == people["end"].to_list() * 2
    assert found["city"].tolist() == people["city"].to_list() * 2


def test_later_chunks_may_have_other_categories(tmp_path: Path) -> None:
    cells = [[None, None], ["a", None], [str(one) for one in range(300)]]
    chunks = [pl.DataFrame({"c": pl.Series(one, dtype=pl.Categorical)}) for one in cells]
    with TableWriter(tmp_path / "a.parquet") as writer:
        for chunk in chunks:
            writer.write(chunk)
    read = pl.read_parquet(tmp_path / "a.parquet")["c"]
    assert read.dtype == pl.Categorical
    assert read.to_list() == sum(cells, [])
    with (
        pytest.raises(ValueError, match=r"Feather takes no category .* write \.parquet"),
        TableWriter(tmp_path / "a.feather") as writer,
    ):
        for chunk in chunks[1:]:
            writer.write(chunk)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.feather"])
def test_a_dictionary_of_numbers_is_written_as_numbers(name: str, tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([7, 9, 7]).dictionary_encode()})
    write_table(table, tmp_path / name)
    assert read_table(tmp_path / name)["n"].tolist() == [7, 9, 7]


def test_what_is_no_table_is_not_written(tmp_path: Path) -> None:
    write_table(np.zeros((2, 2)), tmp_path / "a.csv")
    assert read_table(tmp_path / "a.csv").columns.tolist() == ["0", "1"]
    for cells in ([1.0], np.zeros(3), {"a": [1]}):
        with pytest.raises(TypeError, match=r"must be a frame of any library.*pass pd\.DataFrame"):
            write_table(cells, tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()


def test_arrow_rows_say_that_they_are_synthetic(
    fitted: WGANGPSynthesizer, people: Any, tmp_path: Path
) -> None:
    rows = fitted.set_output(transform="arrow").sample(5, random_state=0)
    write_table(rows, tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").attrs["synthetic"]["model"] == fitted.digest_
    content = json.loads(write_croissant(tmp_path / "a.parquet", rows).read_text())
    assert fitted.digest_ in content["description"]
    others = people.to_arrow().replace_schema_metadata({"synthetic": "leather"})
    for unmarked in (people, others):
        with pytest.raises(ValueError, match=r"do not say .*set_output\(transform='pandas'\)"):
            write_croissant(tmp_path / "a.parquet", unmarked)


def test_parts_of_an_array_have_numbered_columns(quick: dict[str, Any], tmp_path: Path) -> None:
    model = WGANGPSynthesizer(**quick).fit(np.random.default_rng(0).normal(size=(40, 2)))
    with config_context(transform_output="polars"):
        model.sample_to(tmp_path, 5)
    assert pl.read_parquet(tmp_path / "part-00000.parquet").columns == ["0", "1"]


def test_resampled_rows_are_what_was_given(people: Any, quick: dict[str, Any]) -> None:
    classes = pl.Series("ill", ["no"] * 100 + ["yes"] * 20, dtype=pl.Enum(["yes", "no"]))
    model = GANOverSampler(synthesizer=WGANGPSynthesizer(**quick))
    X, y = model.fit_resample(people.lazy(), classes)
    assert X.schema == people.schema
    assert X.head(N_ROWS).equals(people)
    assert (y.dtype, y.name, len(y)) == (classes.dtype, "ill", 200)
    assert model.synthesizer_.sample(2).columns == [*people.columns, "ill"]
    kept = model.set_params(sampling_strategy={"yes": 20})
    X, y = kept.fit_resample(people.to_arrow(), classes.to_arrow())
    assert X.schema.equals(people.to_arrow().schema)
    assert X.to_pylist() == people.to_dicts()
    assert isinstance(y, pa.ChunkedArray)
    kept.set_params(sampling_strategy=lambda y: {"yes": y.to_list().count("yes")})
    assert kept.fit(people, classes).sampling_strategy_ == {"yes": 0}


@pytest.mark.filterwarnings("ignore:rows from other domains")
def test_domains_have_forms_of_their_own(tmp_path: Path) -> None:
    age = np.random.default_rng(0).integers(30, 80, 60)
    north = pl.DataFrame({"age": age, "smokes": age % 2 > 0, "ill": age > 60})
    south = pa.table({"age": age[:40], "weight": age[:40] + 10, "ill": age[:40] > 55})
    model = RadialGANSynthesizer(max_steps=2, rules=None, device="cpu", random_state=0)
    model.fit({"north": north, "south": south}, target="ill")
    assert model.sample(2, "north").schema == north.schema
    assert model.translate(north, "north", "south").schema.equals(south.schema)
    assert model.encode(south, "south").shape == (40, 8)
    tables = {"north": north, "south": south}
    added = model.augment("north", tables, provenance="of", random_state=0)
    assert added.schema == {**north.schema, "of": pl.String}
    assert added.head(60).drop("of").equals(north)
    model.save(tmp_path / "model.safetensors")
    read = RadialGANSynthesizer.load(tmp_path / "model.safetensors", device="cpu")
    assert read.sample(2, "south").schema.equals(south.schema)
    assert isinstance(read.set_output(transform="pandas").sample(2, "north"), pd.DataFrame)


def test_one_table_of_domains_is_split(people: Any) -> None:
    parts = [people.select("age", "income").with_columns(domain=pl.lit(name)) for name in "ab"]
    model = RadialGANSynthesizer(max_steps=1, rules=None, device="cpu", random_state=0)
    assert (
        model.fit(pl.concat(parts)).sample(1, "b").schema == people.select("age", "income").schema
    )


@pytest.mark.filterwarnings("ignore:.*pairs of columns", "ignore:.*seeded")
def test_private_rows_are_what_was_measured(people: Any, tmp_path: Path) -> None:
    table = pl.concat([people.select("age", "size", "city")] * 20)
    model = PrivateSynthesizer(5.0, domain="dtype", max_steps=20, random_state=0).fit(table)
    # The labels of a Categorical are cells, and no part of its dtype.
    assert model.privacy_["public"]["size"] == ["categories"]
    assert "categories" in model.privacy_["bought"]["city"]
    assert model.sample(3).schema == table.schema
    assert next(model.sample_iter(3)).schema == table.schema
    assert model.impute(table.head(2).with_columns(age=None)).schema == table.schema
    assert model.sample(conditions=pa.table({"age": [30]}))["age"].to_list() == [30]
    model.save(tmp_path / "model.safetensors")
    read = PrivateSynthesizer.load(tmp_path / "model.safetensors")
    assert read.sample(3).schema == table.schema
    assert isinstance(read.set_output(transform="arrow").sample(3), pa.Table)


@pytest.mark.filterwarnings("ignore:.*pairs of columns", "ignore:.*seeded")
def test_private_rows_of_an_array_are_an_array(tmp_path: Path) -> None:
    X = np.random.default_rng(0).integers(0, 5, (300, 2)).astype("int16")
    model = PrivateSynthesizer(5.0, max_steps=20, random_state=0).fit(X)
    model.save(tmp_path / "model.safetensors")
    for each in (model, PrivateSynthesizer.load(tmp_path / "model.safetensors")):
        rows = each.sample(20, random_state=0)
        assert isinstance(rows, np.ndarray)
        assert (rows.shape, rows.dtype) == ((20, 2), X.dtype)
    assert next(model.sample_iter(3)).dtype == X.dtype
    holes = np.array([[1, np.nan], [np.nan, 2]])
    filled = model.impute(holes, random_state=0)
    assert filled.dtype == X.dtype
    assert (filled[0, 0], filled[1, 1]) == (1, 2)
    assert np.isnan(model.impute(holes, columns=[1])).tolist() == [[False, False], [True, False]]
    with pytest.raises(ValueError, match="all 2 columns"):
        model.impute(holes[:, :1])
    assert model.report(X, test=X, quick=True, random_state=0)["columns"].score > 0.5
    assert isinstance(model.set_output(transform="pandas").sample(2), pd.DataFrame)


def test_reports_take_any_form(people: Any) -> None:
    frame = as_pandas(people)
    other = people.sample(fraction=1, with_replacement=True, seed=1)
    for given in ((frame, other), (other.lazy(), frame), (people.to_arrow(), other.to_arrow())):
        tables = Tables.of(*given)
        expected = Tables.of(*(as_pandas(pl.DataFrame(as_frame(one))) for one in given))
        assert_frame_equal(tables.frame("real"), expected.frame("real"))
        assert_frame_equal(tables.frame("synthetic"), expected.frame("synthetic"))
    few = people.select("age", "city").head(40)
    report = evaluate(few.to_arrow(), few.lazy(), few.to_pandas(), rules=None, random_state=0)
    assert report["columns"].score > 0.9
    both = compare({"same": few.lazy()}, few.to_arrow().to_reader(), rules=None)
    assert list(both.reports) == ["same"]


def test_the_score_of_sdmetrics_takes_any_form(people: Any) -> None:
    pytest.importorskip("sdmetrics")
    scores = [quality_score(as_pandas(people), one) for one in (people, as_pandas(people))]
    assert scores[0].overall == pytest.approx(scores[1].overall)


def test_a_model_draws_its_report(fitted: WGANGPSynthesizer, people: Any) -> None:
    report = fitted.report(people, n_samples=40, rules=None, random_state=0)
    assert report["columns"].measures
    assert make_scorer("columns")(fitted, people) == pytest.approx(
        make_scorer("columns")(fitted, as_pandas(people))
    )


def test_rules_are_found_in_any_form(people: Any) -> None:
    frame = people.select("age", "end")
    assert list(map(str, find_rules(frame.lazy()))) == ["end > age"]
    rules = RuleSet([Order("age", "<=", "end")]).fit(frame.to_arrow().to_reader())
    assert_series_equal(rules.check(frame)["n_broken"], pd.Series([0], name="n_broken"))
    wrong = frame.with_columns(end=pl.lit(1, pl.Int64)).head(2)
    broken = rules.broken_rows(wrong)
    assert broken.drop("broken_rules").equals(wrong)
    assert broken["broken_rules"].to_list() == [["end >= age"]] * 2
    assert_frame_equal(rules.broken_rows(wrong.to_pandas()).iloc[:, :2], wrong.to_pandas())


def test_gaps_are_filled_in_the_form_of_the_rows(people: Any, quick: dict[str, Any]) -> None:
    model = WGANGPImputer(synthesizer=WGANGPSynthesizer(**{**quick, "rules": None}), n_draws=2)
    filled = model.fit_transform(people.lazy())
    assert filled.schema == people.schema
    assert filled["income"].null_count() == 0
    assert filled.drop("income").equals(people.drop("income"))
    assert model.transform(people.to_arrow()).schema.equals(people.to_arrow().schema)
    assert isinstance(model.set_output(transform="pandas").transform(people), pd.DataFrame)
    array = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0], [1.0, 2.0]] * 9)
    assert isinstance(clone(model).set_output(transform="default").fit_transform(array), np.ndarray)
    assert clone(model).set_output(transform="arrow").fit_transform(array).num_columns == 2
