"""The commands around a model of several tables, on tables written as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from synthwgan import RadialGANSynthesizer
from synthwgan.cli import app
from synthwgan.io.tables import read_table
from synthwgan.radial.columns.maps import NumberMap, StateMap
from synthwgan.radial.step import RadialStep

COMMANDS = ["fit", "translate", "augment", "sample", "info"]
SOUTH = ["months", "sex", "zip", "ill"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["radial", *(str(argument) for argument in arguments)])


def assert_one_line_error(result: Result, *parts: str) -> None:
    assert result.exit_code == 1
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("Error: ")
    assert not any("Traceback" in line for line in lines)
    for part in parts:
        assert part in lines[-1]


def people(n_rows: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    age, sex = rng.integers(30, 80, n_rows), rng.choice(["f", "m"], n_rows)
    ill = age + 15 * (sex == "m") + rng.normal(0, 8, n_rows) > 65
    return pd.DataFrame({"age": age, "sex": sex, "ill": np.where(ill, "yes", "no")})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three tables and a hastily fitted model of two of them."""
    folder = tmp_path_factory.mktemp("radial")
    people(200, 0).to_csv(folder / "north.csv", index=False)
    south = people(90, 1).rename(columns={"age": "months"})
    south["months"] *= 12
    south["zip"] = np.where(np.arange(90) % 2, "01067", "20095")
    south[SOUTH].to_parquet(folder / "south.parquet")
    people(60, 2).to_csv(folder / "west.csv.gz", index=False)
    arguments = ["--target", "ill", "--max-steps", 3, "--seed", 1]
    tables = [folder / "north.csv", folder / "south.parquet"]
    result = run("fit", *tables, "-o", folder / "model", *arguments)
    assert result.exit_code == 0, result.stderr
    (folder / "fit.out").write_text(result.output)
    return folder


class TestHelp:
    @pytest.mark.parametrize("command", ["", *COMMANDS])
    def test_every_command_has_help_with_an_example(self, command: str) -> None:
        result = run(*command.split(), "--help")
        assert result.exit_code == 0
        assert "Example: synthwgan radial" in result.stdout

    def test_no_command_shows_the_help(self) -> None:
        output = run().output
        assert all(command in output for command in COMMANDS)


class TestFit:
    def test_it_shows_the_columns_and_the_model(self, folder: Path) -> None:
        shown = (folder / "fit.out").read_text()
        assert "months" in shown and str(folder / "model") in shown
        model = RadialGANSynthesizer.load(folder / "model")
        assert model.domains_ == ["north", "south"]
        assert (model.target_, model.n_iter_, model.random_state) == ("ill", 3, 1)

    def test_every_option_counts_and_quiet_prints_nothing(
        self, folder: Path, tmp_path: Path
    ) -> None:
        arguments = ["--max-steps", 2, "--max-seconds", 60, "--no-align", "--quiet"]
        arguments += ["--kind", "sex=categorical", "--device", "cpu"]
        tables = [folder / "north.csv", folder / "west.csv.gz"]
        result = run("fit", *tables, "-o", tmp_path / "model", *arguments)
        assert (result.exit_code, result.stdout) == (0, ""), result.stderr
        assert "%" not in result.stderr
        model = RadialGANSynthesizer.load(tmp_path / "model")
        assert (model.domains_, model.target_) == (["north", "west"], None)
        assert (model.align_columns, model.max_seconds, model.device) == (False, 60, "cpu")
        assert model.column_kinds == {"sex": "categorical"}

    def test_a_command_that_was_interrupted_goes_on(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(step: RadialStep) -> None:
            raise KeyboardInterrupt

        kept, model = tmp_path / "fit.ckpt", tmp_path / "model"
        tables = [folder / "north.csv", folder / "south.parquet"]
        arguments = ["fit", *tables, "-o", model, "--checkpoint", kept]
        arguments += ["--target", "ill", "--max-steps", 3, "--seed", 1]
        with monkeypatch.context() as patched:
            patched.setattr(RadialStep, "_draw_batch", interrupt)
            result = run(*arguments, "--checkpoint-every", 0)
        assert result.exit_code == 0
        assert "Warning: fit was interrupted; the model is kept" in result.stderr
        assert f"with --checkpoint {kept}, which goes on from there" in result.stderr
        # Before the first step nothing is kept yet, and the command begins anew.
        assert RadialGANSynthesizer.load(model).n_iter_ == 0
        assert run(*arguments).exit_code == 0
        assert not kept.exists()
        expected = RadialGANSynthesizer.load(folder / "model")
        assert RadialGANSynthesizer.load(model).digest_ == expected.digest_

    def test_a_checkpoint_is_neither_table_nor_model(self, folder: Path, tmp_path: Path) -> None:
        tables = [folder / "north.csv", folder / "south.parquet"]
        for kept in (tables[1], tmp_path / "model"):
            result = run("fit", *tables, "-o", tmp_path / "model", "--checkpoint", kept)
            assert_one_line_error(result, "is the table or the model; give the checkpoint a third")

    def test_two_files_of_one_name(self, folder: Path, tmp_path: Path) -> None:
        other = tmp_path / "north.parquet"
        result = run("fit", folder / "north.csv", other, "-o", tmp_path / "model")
        assert_one_line_error(result, "are both called 'north'", "north.parquet", "rename one")

    def test_one_table_is_too_few(self, folder: Path, tmp_path: Path) -> None:
        result = run("fit", folder / "north.csv", "-o", tmp_path / "model")
        assert_one_line_error(result, "there is one domain only")

    def test_a_table_without_the_target(self, folder: Path, tmp_path: Path) -> None:
        tables = [folder / "north.csv", folder / "south.parquet"]
        result = run("fit", *tables, "-o", tmp_path / "model", "--target", "age")
        assert_one_line_error(result, "'south' lacks the target 'age'")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("output", "part"),
        [
            ("north.csv", "is the table itself"),
            ("model.parquet", "is the name of a table"),
            ("absent/model", "does not exist"),
        ],
    )
    def test_the_output_is_checked_before_reading(
        self, folder: Path, output: str, part: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("synthwgan.io.tables.read_table", lambda path: pytest.fail("too late"))
        result = run("fit", folder / "north.csv", folder / "west.csv.gz", "-o", folder / output)
        assert_one_line_error(result, part)

    def test_what_is_no_table(self, folder: Path, tmp_path: Path) -> None:
        for name in ("absent.csv", "rows.docx"):
            result = run("fit", folder / "north.csv", folder / name, "-o", tmp_path / "model")
            assert_one_line_error(result, name)


class TestTranslate:
    def translated(self, folder: Path, *arguments: object) -> pd.DataFrame:
        output = folder / "translated.parquet"
        names = ["--from", "north", "--to", "south"]
        result = run(
            "translate", folder / "model", folder / "north.csv", *names, "-o", output, *arguments
        )
        assert (result.exit_code, result.stdout) == (0, ""), result.stderr
        return read_table(output)

    def test_rows_get_the_columns_of_the_other_domain(self, folder: Path) -> None:
        rows, real = self.translated(folder, "--seed", 1), read_table(folder / "north.csv")
        assert list(rows) == SOUTH
        assert not rows.isna().any().any()
        assert rows["ill"].tolist() == real["ill"].tolist()
        assert rows["sex"].tolist() == real["sex"].tolist()
        assert set(rows["zip"]) <= {"01067", "20095"}
        # Found without a name: years became months.
        assert np.corrcoef(rows["months"], real["age"])[0, 1] > 0.99
        pd.testing.assert_frame_equal(rows, self.translated(folder, "--seed", 1))
        assert not rows.equals(self.translated(folder, "--seed", 2))

    def test_no_fill_leaves_gaps(self, folder: Path) -> None:
        rows = self.translated(folder, "--no-fill")
        assert rows["zip"].isna().all()
        assert rows["sex"].notna().all()

    def test_rows_go_to_stdout(self, folder: Path, tmp_path: Path) -> None:
        south = read_table(folder / "south.parquet").head(3)
        south.to_csv(tmp_path / "some.csv", index=False)
        names = ["--from", "south", "--to", "north"]
        result = run("translate", folder / "model", tmp_path / "some.csv", *names)
        assert result.stdout.splitlines()[0] == "age,sex,ill"
        assert len(result.stdout.splitlines()) == 4

    def test_text_of_the_domain_is_read_as_text(self, folder: Path, tmp_path: Path) -> None:
        south = read_table(folder / "south.parquet").iloc[::2].head(3)
        south.to_csv(tmp_path / "some.csv", index=False)
        names = ["--from", "south", "--to", "south"]
        result = run("translate", folder / "model", tmp_path / "some.csv", *names)
        rows = [line.split(",") for line in result.stdout.splitlines()[1:]]
        assert [row[2] for row in rows] == south["zip"].tolist()

    @pytest.mark.parametrize(
        ("arguments", "part"),
        [
            (["--from", "nord", "--to", "south"], "did you mean 'north'"),
            (["--from", "north", "--to", "mars"], "'mars' is no domain"),
            (["--from", "south", "--to", "north"], "months"),
        ],
    )
    def test_wrong_domains(self, folder: Path, arguments: list[str], part: str) -> None:
        result = run("translate", folder / "model", folder / "north.csv", *arguments)
        assert_one_line_error(result, part)

    def test_a_table_is_not_overwritten(self, folder: Path) -> None:
        names = ["--from", "north", "--to", "south"]
        table = folder / "north.csv"
        result = run("translate", folder / "model", table, *names, "-o", table)
        assert_one_line_error(result, "is a table to be read")

    def test_domains_are_required(self, folder: Path) -> None:
        assert run("translate", folder / "model", folder / "north.csv").exit_code == 2


class TestAugment:
    @pytest.fixture(autouse=True)
    def gains_are_rough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Fit few learners and draw few samples: rows help or harm much here."""
        monkeypatch.setattr("synthwgan.evaluation.gain.N_REPEATS", 1)
        monkeypatch.setattr("synthwgan.evaluation.gain.N_BOOTSTRAPS", 50)

    @staticmethod
    def augment(folder: Path, *arguments: object) -> Result:
        tables = [folder / "north.csv", folder / "south.parquet"]
        return run("augment", folder / "model", *tables, "--seed", 1, *arguments)

    def test_the_table_is_enlarged_and_the_gain_is_said(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "rows.csv"
        options = ["--domain", "south", "--provenance", "from", "-o", output]
        result = self.augment(folder, *options)
        assert result.exit_code == 0, result.stderr
        assert result.stdout.startswith("Gain for south: ROC AUC 0.")
        rows = read_table(output, texts=["zip"])
        assert list(rows) == [*SOUTH, "from"]
        assert rows["from"].tolist() == ["south"] * 90 + ["north"] * 200
        assert rows["zip"].iloc[:90].notna().all() and rows["zip"].iloc[90:].isna().all()

    def test_only_so_many_added_rows_without_gaps(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "rows.parquet"
        options = ["--domain", "south", "-n", 20, "--without-real", "--fill", "-o", output]
        result = self.augment(folder, *options)
        assert result.exit_code == 0, result.stderr
        rows = read_table(output)
        assert rows.shape == (20, len(SOUTH))
        assert rows.notna().all().all()

    def test_rows_on_stdout_are_no_mix(self, folder: Path) -> None:
        result = self.augment(folder, "--domain", "north")
        assert result.exit_code == 0, result.stderr
        assert len(result.stdout.splitlines()) == 291
        assert "Gain for north" in result.stderr

    def test_useless_rows_are_warned_of(self, folder: Path, tmp_path: Path) -> None:
        """Where the other domain's answers are the wrong way round."""
        tables = [folder / "north.csv", tmp_path / "south.csv"]
        wrong = read_table(folder / "south.parquet")
        wrong["ill"] = wrong["ill"].map({"yes": "no", "no": "yes"})
        wrong.to_csv(tables[1], index=False)
        options = ["--domain", "north", "--seed", 1, "-o", tmp_path / "rows.csv"]
        result = run("augment", folder / "model", *tables, *options)
        assert result.exit_code == 0, result.stderr
        assert result.stderr.startswith("Warning: ") and "do not help" in result.stderr
        assert "gain -0." in result.stdout

    def test_a_table_that_is_no_domain(self, folder: Path) -> None:
        tables = [folder / "north.csv", folder / "west.csv.gz"]
        result = run("augment", folder / "model", *tables, "--domain", "north")
        assert_one_line_error(result, "'west' is no domain")

    def test_the_domain_needs_a_file(self, folder: Path) -> None:
        result = run("augment", folder / "model", folder / "north.csv", "--domain", "south")
        assert_one_line_error(result, "rows of 'south' and of another domain are needed")

    def test_without_a_target_there_is_no_gain(self, folder: Path, tmp_path: Path) -> None:
        tables = [folder / "north.csv", folder / "south.parquet"]
        fitted = run("fit", *tables, "-o", tmp_path / "model", "--max-steps", 2, "--quiet")
        assert fitted.exit_code == 0, fitted.stderr
        options = ["--domain", "south", "-o", tmp_path / "rows.csv"]
        result = run("augment", tmp_path / "model", *tables, *options)
        assert result.exit_code == 0, result.stderr
        assert "unknown: the model has no target" in result.stdout


class TestSample:
    def test_new_rows_of_a_domain(self, folder: Path, tmp_path: Path) -> None:
        output = tmp_path / "rows.parquet"
        result = run("sample", folder / "model", "-n", 25, "--domain", "south", "-o", output)
        assert (result.exit_code, result.stdout) == (0, ""), result.stderr
        rows = read_table(output)
        assert rows.shape == (25, len(SOUTH)) and list(rows) == SOUTH

    def test_the_seed_decides_the_rows(self, folder: Path) -> None:
        drawn = [
            run("sample", folder / "model", "-n", 9, "--domain", "north", "--seed", seed).stdout
            for seed in (1, 1, 2)
        ]
        assert drawn[0] == drawn[1] != drawn[2]

    def test_errors(self, folder: Path) -> None:
        arguments = ["sample", folder / "model", "--domain", "south", "-n"]
        assert_one_line_error(run(*arguments, 5, "-o", folder / "rows.docx"), "supported are")
        assert run(*arguments, 0).exit_code == 2
        assert_one_line_error(run("sample", folder / "no", "-n", 5, "--domain", "south"), "no")


class TestInfo:
    def test_domains_and_columns(self, folder: Path) -> None:
        page = run("info", folder / "model", "--card").stdout
        assert "### north\n\nLearned from 200 rows" in page
        told = json.loads(run("info", folder / "model", "--json").stdout)
        assert set(told["data"]["domains"]) == {"north", "south"}
        result = run("info", folder / "model")
        assert result.exit_code == 0, result.stderr
        lines = result.stdout.splitlines()
        assert lines[:3] == [
            "2 domains:",
            "  north  200 rows, 3 columns",
            "  south  90 rows, 4 columns",
        ]
        assert "target: ill" in lines
        months = next(line.split() for line in lines if " months " in line)
        assert months[:3] == ["south", "months", "data"] and months[4:] == ["x", "0.0833"]
        assert any(line.split() == ["age", "north", "age", "new", "same"] for line in lines)
        assert max(map(len, lines)) <= 100

    def test_long_names_are_cut(self, folder: Path, tmp_path: Path) -> None:
        long = "a name so long that no terminal would be wide enough for it"
        for name in ("one", "two"):
            people(40, 3).rename(columns={"age": long}).to_csv(tmp_path / f"{name}.csv")
        tables = [tmp_path / "one.csv", tmp_path / "two.csv"]
        fitted = run("fit", *tables, "-o", tmp_path / "model", "--max-steps", 2, "--quiet")
        assert fitted.exit_code == 0, fitted.stderr
        lines = run("info", tmp_path / "model").stdout.splitlines()
        assert any("a name so long that no…" in line for line in lines)
        assert max(map(len, lines)) <= 100

    def test_a_model_of_one_table(self, folder: Path, tmp_path: Path) -> None:
        arguments = ["-o", str(tmp_path / "model"), "--max-steps", "2", "--quiet"]
        CliRunner().invoke(app, ["fit", str(folder / "north.csv"), *arguments])
        assert_one_line_error(run("info", tmp_path / "model"), "is no model of several domains")
        result = CliRunner().invoke(app, ["info", str(folder / "model")])
        assert_one_line_error(result, "is a model of several domains")


def test_maps_in_short_words() -> None:
    assert [str(NumberMap()), str(NumberMap(2.54))] == ["same", "x 2.54"]
    assert str(NumberMap(5 / 9, -160 / 9)) == "x 0.556 - 17.8"
    assert str(NumberMap(intercept=273.15)) == "+ 273"
    assert [str(StateMap({})), str(StateMap({"a": "a"}))] == ["same", "same"]
    assert str(StateMap({"1": "f", "2": "m"})) == "2 categories"


@pytest.mark.parametrize("command", ["fit", "translate", "augment"])
def test_what_counts_as_missing_can_be_said(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    table = tmp_path / "north.csv"
    table.write_text("age,sex,ill\n31,f,NA\n,m,?\n")
    read = []

    def read_only(path: Path, **options: Any) -> pd.DataFrame:
        read.append(read_table(path, **options))
        raise ValueError("enough")

    monkeypatch.setattr("synthwgan.io.tables.read_table", read_only)
    arguments = {
        "fit": [table, table.with_name("south.csv"), "-o", tmp_path / "model"],
        "translate": [folder / "model", table, "--from", "north", "--to", "south"],
        "augment": [folder / "model", table, "--domain", "north"],
    }
    assert_one_line_error(run(command, *arguments[command], "--na", "?"), "enough")
    assert read[0]["ill"].isna().tolist() == [False, True]
    assert read[0]["age"].isna().tolist() == [False, True]
