"""The command line does its work, and says in one line what is wrong."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from synthwgan import WGANGPSynthesizer, __version__
from synthwgan.cli import app
from synthwgan.io.tables import TableWriter, read_table
from synthwgan.parameters import ELSEWHERE
from synthwgan.table.columns.inventor import has_faker

COLUMNS = ["age", "city", "joined"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def assert_one_line_error(result: Result, *parts: str, code: int = 1) -> None:
    assert result.exit_code == code
    lines = result.stderr.strip().splitlines()
    assert lines[-1].startswith("Error: ")
    assert not any("Traceback" in line for line in lines)
    for part in parts:
        assert part in lines[-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a table and a hastily fitted model."""
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 80),
            "city": rng.choice(["Köln", "Rome"], 80),
            "joined": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 80), "D"),
        }
    )
    table.to_csv(folder / "table.csv", index=False)
    fit = "fit", folder / "table.csv", "-o", folder / "model", "--max-steps", 3, "--seed", 1
    result = run(*fit)
    assert result.exit_code == 0, result.stderr
    (folder / "fit.out").write_text(result.output)
    return folder


class TestHelp:
    @pytest.mark.parametrize("command", ["", "demo", "fit", "sample", "impute", "info", "report"])
    def test_every_command_has_help_with_an_example(self, command: str) -> None:
        result = run(*command.split(), "--help")
        assert result.exit_code == 0
        assert "Example: synthwgan" in result.stdout

    def test_version(self) -> None:
        assert run("--version").stdout == f"synthwgan {__version__}\n"

    def test_no_command_shows_the_help(self) -> None:
        assert "fit" in run().output


# Writes few and then many rows to files, noting peak memory, and ends as the command itself does.
PROGRAM = """if True:
    import sys
    from synthwgan.cli import app
    peaks, folder, *last = sys.argv[1:]
    for n_rows in (20_000, 240_000):
        for suffix in (".csv", ".parquet"):
            options = ["-o", f"{peaks}.rows{suffix}", "--chunk-size", "20000", "-n", str(n_rows)]
            app(["sample", f"{folder}/model", "-q", *options], standalone_mode=False)
            # A child's ru_maxrss begins at the memory of its parent; this figure at its own.
            with open("/proc/self/status") as status, open(peaks, "a") as file:
                file.writelines(line for line in status if line.startswith("VmHWM"))
    sys.argv[1:] = ["sample", f"{folder}/model", *last]
    app()
"""


@pytest.fixture(scope="module")
def piped(folder: Path, tmp_path_factory) -> tuple[subprocess.CompletedProcess[str], list[int]]:
    """What a process writes to a pipe that is closed early, and its peaks of memory before."""
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    peaks = tmp_path_factory.mktemp("piped") / "peaks"
    command = [sys.executable, "-c", PROGRAM, peaks, folder]
    options = "-n 40000 --chunk-size 100 -q | head -n 1"
    finished = subprocess.run(
        ["bash", "-c", f"{shlex.join(map(str, command))} {options}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return finished, [int(line.split()[1]) * 1024 for line in peaks.read_text().splitlines()]


class TestWordsFromElsewhere:
    @pytest.mark.parametrize(
        ("option", "place"),
        [
            ("--epochs", "here it is --max-steps (a step is one batch) or --max-seconds"),
            ("--discrete-columns", "not needed, since kinds are inferred; --kind NAME=categorical"),
            ("--metadata", "--kind NAME=kind"),
            ("--cuda", "here it is --device cuda or --device cpu"),
            ("--no-cuda", "here it is --device cuda or --device cpu"),
            ("--random-state", "here it is --seed"),
            ("--random-seed", "here it is --seed"),
            (
                "--value-protection",
                "--rare mask with --min-category-rows 10 and --protect-extremes 10",
            ),
            ("--pac", "in Python it is critic=MLP(packing=...)"),
            ("--embedding_dim", "in Python it is generator=Residual(latent_dim=...)"),
            ("--gradient-penalty=1", "in Python it is objective=WGANGP(gradient_penalty=...)"),
            ("--gibbs-steps", "in Python it is sample(conditions=..., gibbs_steps=...)"),
            ("--batch-size", "in Python it is WGANGPSynthesizer(batch_size=...)"),
            ("--temperature", "removed, since no other value"),
        ],
    )
    def test_fit_says_where_to_find_them(self, option: str, place: str) -> None:
        result = run("fit", "table.csv", "-o", "model", option, "3")
        assert_one_line_error(result, option.partition("=")[0], place, code=2)

    def test_the_places_exist(self) -> None:
        options = run("fit", "--help").stdout
        for name in ELSEWHERE:
            result = run("fit", "table.csv", "-o", "model", f"--{name}")
            if f"--{name.replace('_', '-')}" not in options:
                assert_one_line_error(result, "; ", code=2)
                for option in re.findall("--[a-z-]+", result.stderr.partition("; ")[2]):
                    assert option in options

    @pytest.mark.parametrize("word", ["--n-samples", "--count", "--num-rows"])
    def test_rows_are_asked_for_by_one_name(self, word: str) -> None:
        assert_one_line_error(run("sample", "model", word, 3), "here it is --rows", code=2)

    def test_a_model_of_several_tables(self) -> None:
        result = run("radial", "fit", "a.csv", "b.csv", "-o", "model", "--cycle-weight", 2)
        place = "in Python it is RadialGANSynthesizer(cycle_weight=...)"
        assert_one_line_error(result, "--cycle-weight", place, code=2)

    def test_a_slip_of_the_pen_and_other_commands_are_answered_as_ever(self) -> None:
        assert_one_line_error(run("fit", "t.csv", "--max-stps", 3), "--max-steps", code=2)
        assert_one_line_error(run("info", "model", "--epochs", 3), "--epochs", code=2)
        assert "max-steps" not in run("info", "model", "--epochs", 3).stderr


class TestFit:
    def test_it_shows_the_schema_and_the_model(self, folder: Path) -> None:
        shown = (folder / "fit.out").read_text()
        assert all(name in shown for name in COLUMNS)
        assert str(folder / "model") in shown
        assert WGANGPSynthesizer.load(folder / "model").sample(2).columns.tolist() == COLUMNS

    def test_a_given_kind_counts_and_quiet_prints_nothing(
        self, folder: Path, tmp_path: Path
    ) -> None:
        arguments = ["--kind", "age=categorical", "--max-steps", 2, "--quiet"]
        result = run("fit", folder / "table.csv", "-o", tmp_path / "model", *arguments)
        assert (result.exit_code, result.stdout) == (0, ""), result.stderr
        assert "%" not in result.stderr
        loaded = WGANGPSynthesizer.load(tmp_path / "model")
        assert loaded.column_kinds == {"age": "categorical"}

    def test_rejection_can_be_turned_off(self, folder: Path, tmp_path: Path) -> None:
        arguments = ["--no-rejection", "--max-steps", 2, "--quiet"]
        result = run("fit", folder / "table.csv", "-o", tmp_path / "model", *arguments)
        assert result.exit_code == 0, result.stderr
        assert WGANGPSynthesizer.load(tmp_path / "model").rejection is None

    def test_data_of_people(self, folder: Path, tmp_path: Path) -> None:
        table = pd.read_csv(folder / "table.csv")
        table.loc[0, ["age", "city"]] = [108, "Nuuk"]
        table["mail"] = [f"user{k % 70:04d}@mail.org" for k in range(len(table))]
        table.to_csv(tmp_path / "people.csv", index=False)
        arguments = ["--rare", "mask", "--min-category-rows", 10, "--protect-extremes", 5]
        arguments += ["--max-steps", 2, "--no-rejection", "--locale", "de_DE"]
        result = run("fit", tmp_path / "people.csv", "-o", tmp_path / "model", *arguments)
        assert result.exit_code == 0, result.stderr
        shown = run("info", tmp_path / "model").output
        assert "(1 category in 1 row masked)" in shown
        anew = "made anew as e-mail addresses (de_DE), shared by rows"
        assert (anew if has_faker() else "made anew, shared by rows") in shown
        assert "Nuuk" not in shown
        made = WGANGPSynthesizer.load(tmp_path / "model").sample(2000, random_state=0)
        assert set(made["city"]) == {"Köln", "Rome", "<rare>"}
        assert made["age"].max() < 108
        assert not set(made["mail"]) & set(table["mail"])

    def test_a_model_is_not_written_under_a_name_of_a_table(
        self, folder: Path, tmp_path: Path
    ) -> None:
        result = run("fit", folder / "table.csv", "-o", tmp_path / "model.csv")
        assert_one_line_error(result, "is the name of a table")
        assert not (tmp_path / "model.csv").exists()

    def test_a_kind_without_a_name_is_a_usage_error(self, folder: Path) -> None:
        result = run("fit", folder / "table.csv", "-o", "model", "--kind", "categorical")
        assert result.exit_code == 2
        assert "is not NAME=KIND" in result.stderr

    @pytest.mark.parametrize("kind", ["age=nonsense", "absent=categorical"])
    def test_wrong_kinds_are_refused(self, folder: Path, tmp_path: Path, kind: str) -> None:
        result = run("fit", folder / "table.csv", "-o", tmp_path / "model", "--kind", kind)
        assert_one_line_error(result, kind.split("=")[1] if "nonsense" in kind else "absent")

    def test_a_missing_table(self, tmp_path: Path) -> None:
        result = run("fit", tmp_path / "absent.csv", "-o", tmp_path / "model")
        assert_one_line_error(result, "absent.csv", "does not exist")

    def test_the_model_folder_is_checked_before_reading(self, folder: Path, monkeypatch) -> None:
        monkeypatch.setattr("synthwgan.io.tables.read_table", lambda path: pytest.fail("too late"))
        result = run("fit", folder / "table.csv", "-o", folder / "absent" / "model")
        assert_one_line_error(result, "the folder", "does not exist")

    def test_the_table_is_not_overwritten(self, folder: Path) -> None:
        result = run("fit", folder / "table.csv", "-o", folder / "table.csv")
        assert_one_line_error(result, "is the table itself")

    def test_a_missing_option_is_a_usage_error(self, folder: Path) -> None:
        assert run("fit", folder / "table.csv").exit_code == 2

    def test_debug_shows_the_exception(self, tmp_path: Path) -> None:
        result = run("--debug", "fit", tmp_path / "absent.csv", "-o", tmp_path / "model")
        assert isinstance(result.exception, FileNotFoundError)


class TestSample:
    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
    def test_rows_go_to_a_file(self, folder: Path, tmp_path: Path, suffix: str) -> None:
        output = tmp_path / f"rows{suffix}"
        result = run("sample", folder / "model", "-n", 25, "-o", output, "--chunk-size", 10)
        assert result.exit_code == 0, result.stderr
        assert read_table(output).shape == (25, 3)
        assert result.stdout == ""

    def test_rows_go_to_stdout(self, folder: Path) -> None:
        result = run("sample", folder / "model", "-n", 4, "--seed", 1, "--chunk-size", 3)
        lines = result.stdout.splitlines()
        assert lines[0] == ",".join(COLUMNS)
        assert len(lines) == 5

    def test_the_seed_decides_the_rows(self, folder: Path) -> None:
        drawn = [
            run("sample", folder / "model", "-n", 20, "--seed", seed).stdout for seed in (1, 1, 2)
        ]
        assert drawn[0] == drawn[1] != drawn[2]

    def test_memory_does_not_grow_with_the_rows(self, piped) -> None:
        _, after_few, csv, parquet = piped[1]
        # 240,000 rows of these columns are 24 MB as a frame, and twice that where it is put
        # together; a chunk is 2 MB, and the allocator may take 20 MB more at any time.
        assert max(csv, parquet) - after_few < 35 * 2**20

    def test_an_unknown_suffix(self, folder: Path) -> None:
        result = run("sample", folder / "model", "-n", 5, "-o", folder / "rows.docx")
        assert_one_line_error(result, "supported are .csv, .tsv, .jsonl")

    def test_a_file_that_is_no_model(self, folder: Path) -> None:
        assert_one_line_error(run("sample", folder / "table.csv", "-n", 5), "table.csv")
        assert_one_line_error(run("sample", folder / "absent", "-n", 5), "absent")

    @pytest.mark.parametrize("place", ["table.csv", "folder/"])
    def test_what_is_said_of_databases_is_refused_for_files(self, folder: Path, place: str) -> None:
        before = (folder / "table.csv").read_bytes()
        options = "-n", 5, "-o", f"{folder}/{place}", "--if-exists", "append"
        assert_one_line_error(
            run("sample", folder / "model", *options), "--if-exists append speaks"
        )
        assert (folder / "table.csv").read_bytes() == before
        assert not (folder / "folder").exists()

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["-o", "rows/", "--croissant"], "rows/ is a folder"),
            (["-o", "x.csv", "--croissant", "--sep", ";"], "has no word for --sep"),
            (["-o", "x.csv", "--mark", ""], "a column needs a name"),
            (["-o", "x.csv", "--format", "jsonl"], "is not that of x.csv"),
        ],
        ids=lambda given: given[-1] or given[-2] if isinstance(given, list) else "",
    )
    def test_options_that_would_say_nothing_are_refused(
        self, folder: Path, tmp_path: Path, monkeypatch, options: list[str], says: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert_one_line_error(run("sample", folder / "model", "-n", 5, *options), says)
        assert not list(tmp_path.iterdir())

    def test_no_rows_is_a_usage_error(self, folder: Path) -> None:
        assert run("sample", folder / "model", "-n", 0).exit_code == 2

    def test_an_interrupt_leaves_no_file(self, folder: Path, tmp_path: Path, monkeypatch) -> None:
        original = WGANGPSynthesizer.sample_iter

        def interrupted(self, *args, **kwargs):
            yield next(original(self, *args, **kwargs))
            raise KeyboardInterrupt

        monkeypatch.setattr(WGANGPSynthesizer, "sample_iter", interrupted)
        result = run("sample", folder / "model", "-n", 25, "-o", tmp_path / "rows.csv")
        assert result.exit_code == 130
        assert list(tmp_path.iterdir()) == []


class TestWhere:
    def drawn(self, folder: Path, *arguments: object, n_rows: int = 50) -> pd.DataFrame:
        output = folder / "where.csv"
        result = run(
            "sample", folder / "model", "-n", n_rows, "-o", output, "--seed", 1, *arguments
        )
        assert result.exit_code == 0, result.stderr
        return read_table(output)

    def test_rows_meet_all_conditions(self, folder: Path) -> None:
        rows = self.drawn(folder, "--where", "city=Köln", "--where", "age>=40", "--where", "age<80")
        assert len(rows) == 50
        assert set(rows["city"]) == {"Köln"}
        assert rows["age"].between(40, 79).all()
        assert rows["age"].nunique() > 1

    def test_one_of_several_values(self, folder: Path) -> None:
        ages = read_table(folder / "table.csv")["age"].unique()[:2]
        rows = self.drawn(folder, "--where", f"age={ages[0]}|{ages[1]}")
        assert set(rows["age"]) == set(ages)

    def test_dates(self, folder: Path) -> None:
        conditions = ["--where", "joined>2020-06-30", "--where", "joined < 2021-01-01"]
        rows = self.drawn(folder, *conditions, "--chunk-size", 20)
        assert rows["joined"].between("2020-07-01", "2020-12-31").all()
        assert rows["joined"].nunique() > 1

    def test_rows_on_stdout(self, folder: Path) -> None:
        result = run("sample", folder / "model", "-n", 4, "-q", "--where", "city=Rome")
        assert [line.split(",")[1] for line in result.stdout.splitlines()[1:]] == ["Rome"] * 4

    @pytest.mark.parametrize(
        ("condition", "part"),
        [
            ("town=Rome", "which is no column"),
            ("ciity=Rome", "did you mean 'city'"),
            ("city=Roma", "did you mean 'Rome'"),
            ("city", "is no condition: write NAME=VALUE"),
            ("city>=Rome", "has no order"),
            ("age=old", "'old' is no value"),
            ("age>old", "column 'age'"),
            ("age>=200", "nothing lies within"),
            ("age>=", "has no bound"),
            ("age=", "no cell was missing"),
            ("joined>=2020-02-31", "column 'joined'"),
        ],
    )
    def test_what_cannot_be_is_one_line(
        self, folder: Path, tmp_path: Path, condition: str, part: str
    ) -> None:
        output = tmp_path / "rows.csv"
        result = run("sample", folder / "model", "-n", 5, "-o", output, "--where", condition)
        assert_one_line_error(result, part)
        assert not output.exists()

    def test_on_rare(self, folder: Path, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setattr("synthwgan.conditions.rows.MAX_TRIES", 1)
        monkeypatch.setattr("synthwgan.conditions.rows.MIN_TRIED", 1)
        output = tmp_path / "rows.csv"
        arguments = ["sample", folder / "model", "-n", 200, "-o", output, "-q"]
        arguments += ["--where", "age>=85", "--where", "joined<2020-03-01"]
        assert_one_line_error(run(*arguments, "--on-rare", "error"), "meet the conditions")
        assert not output.exists()
        for on_rare, is_whole in (("fewer", False), ("restrict", True)):
            result = run(*arguments, "--on-rare", on_rare)
            assert result.exit_code == 0, result.stderr
            assert result.stderr.count("Warning: ") == 1
            rows = read_table(output)
            assert (len(rows) == 200) is is_whole
            assert (rows["age"] >= 85).all() and (rows["joined"] < "2020-03-01").all()
        assert run(*arguments, "--on-rare", "nonsense").exit_code == 2


class TestModelsOfPython:
    """Models fitted on what no file holds: arrays, and names that are no text."""

    @pytest.mark.parametrize("is_array", [True, False])
    def test_columns_go_by_the_text_of_their_names(
        self, quick: dict[str, Any], tmp_path: Path, is_array: bool
    ) -> None:
        numbers = np.random.default_rng(0).integers(0, 9, (60, 2))
        table = numbers if is_array else pd.DataFrame(numbers, columns=[2020, 2021])
        first, second = ("0", "1") if is_array else ("2020", "2021")
        WGANGPSynthesizer(**quick).fit(table).save(tmp_path / "model")
        output = tmp_path / "rows.csv"
        arguments = ["-n", 20, "-o", output, "--where", f"{second}=7"]
        assert run("sample", tmp_path / "model", *arguments).exit_code == 0
        rows = read_table(output)
        assert list(rows) == [first, second]
        assert set(rows[second]) == {7}
        rows.assign(**{first: None}).to_csv(output, index=False)
        result = run("impute", tmp_path / "model", output, "-o", tmp_path / "filled.csv")
        assert result.exit_code == 0, result.stderr
        filled = read_table(tmp_path / "filled.csv")
        assert list(filled) == [first, second]
        assert filled[first].notna().all() and set(filled[second]) == {7}


@pytest.fixture(scope="module")
def gaps() -> pd.DataFrame:
    """A table of every kind of column; its first half misses a fifth of the cells."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "age": pd.array(rng.integers(18, 90, 80), dtype="Int64"),
            "zip": rng.choice(["01067", "20095", "50667"], 80),
            "version": rng.choice(["1.50", "2", "x"], 80),
            "income": rng.lognormal(8, 1, 80).round(2),
            "member": pd.array(rng.random(80) < 0.5, dtype="boolean"),
            "joined": pd.date_range("2020-01-01", periods=80).strftime("%Y-%m-%d"),
        }
    )
    return table.mask((rng.random(table.shape) < 0.2) & (table.index < 40).reshape(-1, 1))


@pytest.fixture(scope="module")
def gaps_model(gaps: pd.DataFrame, quick: dict[str, Any], tmp_path_factory) -> Path:
    """A model of the rows of `gaps` that are whole, as a CSV file has them."""
    folder = tmp_path_factory.mktemp("impute")
    gaps.iloc[40:].to_csv(folder / "whole.csv", index=False)
    WGANGPSynthesizer(**quick).fit(read_table(folder / "whole.csv")).save(folder / "model")
    return folder / "model"


class TestImpute:
    @staticmethod
    def assert_filled(filled: pd.DataFrame, gaps: pd.DataFrame) -> None:
        assert list(filled) == list(gaps)
        assert len(filled) == len(gaps)
        assert not filled.isna().any().any()
        for name in gaps:
            given = gaps[name].notna().to_numpy()
            assert (filled[name].to_numpy()[given] == gaps[name].to_numpy()[given]).all(), name

    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
    def test_given_cells_come_back_and_the_others_are_filled(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path, suffix: str
    ) -> None:
        source, output = tmp_path / f"gaps{suffix}", tmp_path / f"filled{suffix}"
        with TableWriter(source) as writer:
            writer.write(gaps)
        result = run("impute", gaps_model, source, "-o", output, "--seed", 1)
        assert result.exit_code == 0, result.stderr
        self.assert_filled(read_table(output), read_table(source))

    def test_only_columns_that_are_named(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path
    ) -> None:
        gaps.to_csv(tmp_path / "gaps.csv", index=False)
        arguments = ["impute", gaps_model, tmp_path / "gaps.csv", "-o", tmp_path / "filled.csv"]
        result = run(*arguments, "--column", "age", "--column", "zip")
        assert result.exit_code == 0, result.stderr
        filled = read_table(tmp_path / "filled.csv")
        assert filled[["age", "zip"]].notna().all(axis=None)
        others = gaps.columns.drop(["age", "zip"])
        assert filled[others].isna().equals(read_table(tmp_path / "gaps.csv")[others].isna())
        result = run(*arguments, "--column", "zipp")
        assert result.exit_code != 0
        assert "did you mean 'zip'" in result.stderr

    def test_texts_that_look_like_numbers_stay_as_written(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path
    ) -> None:
        few = gaps[(gaps["zip"] != "01067") & (gaps["version"] != "x")].head(8)
        assert {"1.50", "2"} <= set(few["version"]) and few["zip"].isna().any()
        few.to_csv(tmp_path / "few.csv", index=False)
        result = run("impute", gaps_model, tmp_path / "few.csv", "-o", tmp_path / "filled.csv")
        assert result.exit_code == 0, result.stderr
        texts = pd.read_csv(tmp_path / "filled.csv", dtype=str)
        assert set(texts["version"]) <= {"1.50", "2", "x"}
        given = few["version"].notna().to_numpy()
        assert texts["version"][given].tolist() == few["version"][given].tolist()
        assert texts["age"].str.fullmatch(r"\d+").all()

    def test_long_keys_beside_gaps_stay_as_they_are(
        self, quick: dict[str, Any], tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(0)
        keys = [2**60 + 2 * int(key) + 1 for key in rng.permutation(60)]
        prices = [f"{cents // 100}.{cents % 100:02}" for cents in rng.integers(10**17, 10**18, 60)]
        table = pd.DataFrame({"customer_id": keys, "n": keys[::-1], "price": prices})
        for place, name in enumerate(table):
            table[name] = table[name].astype(object).where(table.index % 4 != place, "")
        table.to_csv(tmp_path / "gaps.csv", index=False)
        fitted = read_table(tmp_path / "gaps.csv", texts=["price"])
        assert [str(dtype) for dtype in fitted.dtypes[:2]] == ["Int64", "Int64"]
        fitted["price"] = [None if pd.isna(text) else Decimal(text) for text in fitted["price"]]
        WGANGPSynthesizer(**quick).fit(fitted).save(tmp_path / "model")
        arguments = [tmp_path / "model", tmp_path / "gaps.csv", "-o", tmp_path / "filled.csv"]
        result = run("impute", *arguments)
        assert result.exit_code == 0, result.stderr
        filled = pd.read_csv(tmp_path / "filled.csv", dtype=str)
        assert filled.notna().all(axis=None)
        for name in table:
            given = table[name] != ""
            assert filled[name][given].tolist() == table[name][given].astype(str).tolist()

    def test_a_row_for_each_draw(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path
    ) -> None:
        gaps.to_csv(tmp_path / "gaps.csv", index=False)
        arguments = ["-o", tmp_path / "filled.csv", "--draws", 3, "--seed", 1]
        assert run("impute", gaps_model, tmp_path / "gaps.csv", *arguments).exit_code == 0
        filled = read_table(tmp_path / "filled.csv")
        assert len(filled) == 3 * len(gaps)
        draws = [filled[start::3].reset_index(drop=True) for start in range(3)]
        for draw in draws:
            self.assert_filled(draw, read_table(tmp_path / "gaps.csv"))
        assert not draws[0].equals(draws[1])

    def test_columns_keep_the_order_of_the_file(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path
    ) -> None:
        turned = gaps[gaps.columns[::-1]]
        turned.to_csv(tmp_path / "gaps.csv", index=False)
        result = run("impute", gaps_model, tmp_path / "gaps.csv", "--seed", 1)
        assert result.exit_code == 0, result.stderr
        (tmp_path / "filled.csv").write_text(result.stdout)
        self.assert_filled(read_table(tmp_path / "filled.csv"), read_table(tmp_path / "gaps.csv"))

    def test_the_seed_decides_the_cells(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path
    ) -> None:
        gaps.to_csv(tmp_path / "gaps.csv", index=False)
        drawn = [
            run("impute", gaps_model, tmp_path / "gaps.csv", "--seed", seed).stdout
            for seed in (1, 1, 2)
        ]
        assert drawn[0] == drawn[1] != drawn[2]

    def test_another_table_is_refused(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path
    ) -> None:
        gaps.drop(columns="age").to_csv(tmp_path / "lacks.csv", index=False)
        assert_one_line_error(run("impute", gaps_model, tmp_path / "lacks.csv"), "- 'age'")
        gaps.assign(more=1).to_csv(tmp_path / "more.csv", index=False)
        assert_one_line_error(run("impute", gaps_model, tmp_path / "more.csv"), "'more'")
        assert_one_line_error(run("impute", gaps_model, tmp_path / "absent.csv"), "does not exist")

    def test_an_unseen_category_is_kept_with_a_warning(
        self, gaps: pd.DataFrame, gaps_model: Path, tmp_path: Path
    ) -> None:
        gaps.assign(zip="99999").to_csv(tmp_path / "zip.csv", index=False)
        result = run("impute", gaps_model, tmp_path / "zip.csv", "-o", tmp_path / "full.csv")
        assert result.exit_code == 0, result.stderr
        assert "column 'zip': '99999' did not occur when fitted" in result.stderr
        filled = pd.read_csv(tmp_path / "full.csv", dtype={"zip": str})
        assert (filled["zip"] == "99999").all()
        assert not filled.isna().any().any()

    def test_the_table_is_not_overwritten(self, gaps_model: Path, tmp_path: Path) -> None:
        result = run("impute", gaps_model, tmp_path / "gaps.csv", "-o", tmp_path / "gaps.csv")
        assert_one_line_error(result, "is the table itself")

    def test_no_draws_is_a_usage_error(self, gaps_model: Path) -> None:
        assert run("impute", gaps_model, "gaps.csv", "--draws", 0).exit_code == 2


class TestMissingTexts:
    @pytest.mark.parametrize(
        ("options", "missing"),
        [
            ([], [False, True, False, True]),
            (["--na", ""], [False, False, False, True]),
            (["--na", "?", "--na", "-"], [False, False, True, True]),
        ],
    )
    @pytest.mark.parametrize("command", ["fit", "impute", "report"])
    def test_they_can_be_said(
        self,
        folder: Path,
        tmp_path: Path,
        monkeypatch,
        command: str,
        options: list[str],
        missing: list[bool],
    ) -> None:
        table = tmp_path / "table.csv"
        table.write_text("country,x\nDE,1\nNA,2\n?,3\n,4\n")
        read = []

        def read_only(path: Path, **options: Any) -> pd.DataFrame:
            read.append(read_table(path, **options))
            raise ValueError("enough")

        monkeypatch.setattr("synthwgan.io.tables.read_table", read_only)
        paths = {"impute": [folder / "model", table], "report": [table, table]}
        result = run(command, *paths.get(command, [table, "-o", tmp_path / "model"]), *options)
        assert_one_line_error(result, "enough")
        assert read[0]["country"].isna().tolist() == missing


def test_info_describes_the_model(folder: Path) -> None:
    result = run("info", folder / "model")
    assert result.exit_code == 0, result.stderr
    assert all(name in result.stdout for name in COLUMNS)


def test_info_prints_the_card(folder: Path) -> None:
    card = run("info", folder / "model", "--card")
    assert card.stdout.startswith("# Model card")
    content = json.loads(run("info", folder / "model", "--json").stdout)
    assert [column["name"] for column in content["data"]["columns"]] == COLUMNS
    assert content["model"]["digest"] in card.stdout


def test_rows_are_marked_on_request(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "rows.parquet"
    result = run("sample", folder / "model", "-n", 5, "-o", output, "--mark", "is synthetic")
    assert result.exit_code == 0, result.stderr
    rows = pd.read_parquet(output)
    assert list(rows.columns) == [*COLUMNS, "is synthetic"]
    assert rows["is synthetic"].all()
    assert rows.attrs["synthetic"]["rows"] == "drawn"
    taken = run("sample", folder / "model", "-n", 5, "--mark", "age")
    assert_one_line_error(taken, "--mark age", "choose another")


class TestDemo:
    def test_it_writes_and_judges_as_many_rows_without_sdmetrics(
        self, tmp_path: Path, monkeypatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "sdmetrics", None)
        output = tmp_path / "synthetic.csv"
        result = run("demo", "-o", output, "--max-seconds", 0.1)
        assert result.exit_code == 0, result.stderr
        assert read_table(output).shape == (400, 17)
        assert "salary" in result.stdout
        assert "Does it keep its rows private?" in result.stdout
        assert "rules found; 0 of 400 synthetic rows break one:" in result.stdout
        assert "    0 break duration = end_date - start_date" in result.stdout


def test_a_closed_pipe_ends_quietly(piped) -> None:
    assert piped[0].stdout == ",".join(COLUMNS) + "\n"
    assert piped[0].stderr == ""
