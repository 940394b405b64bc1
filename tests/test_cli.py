"""The command line does its work, and says in one line what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from synthwgan import WGANGPSynthesizer, __version__
from synthwgan.cli import app
from synthwgan.io import read_table

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
    result = run("fit", folder / "table.csv", "-o", folder / "model", "--max-steps", 3, "--seed", 1)
    assert result.exit_code == 0, result.stderr
    (folder / "fit.out").write_text(result.output)
    return folder


class TestHelp:
    @pytest.mark.parametrize("command", ["", "demo", "fit", "sample", "info"])
    def test_every_command_has_help_with_an_example(self, command: str) -> None:
        result = run(*command.split(), "--help")
        assert result.exit_code == 0
        assert "Example: synthwgan" in result.stdout

    def test_version(self) -> None:
        assert run("--version").stdout == f"synthwgan {__version__}\n"

    def test_no_command_shows_the_help(self) -> None:
        assert "fit" in run().output


def peak_memory(*arguments: object) -> int:
    """Peak memory in bytes of the command, in a process of its own."""
    program = (
        "import resource, sys; from synthwgan.cli import app; "
        "app(sys.argv[1:], standalone_mode=False); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    command = [sys.executable, "-c", program, *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(result.stdout)


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
        monkeypatch.setattr("synthwgan.io.read_table", lambda path: pytest.fail("too late"))
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

    @pytest.mark.parametrize("suffix", [".csv", ".parquet"])
    def test_memory_does_not_grow_with_the_rows(
        self, folder: Path, tmp_path: Path, suffix: str
    ) -> None:
        few, many = (
            peak_memory("sample", folder / "model", "-n", n_rows, "-o", tmp_path / f"rows{suffix}")
            for n_rows in (100_000, 600_000)
        )
        # 500,000 rows of these columns are 50 MB as a frame; a chunk is 5 MB.
        assert many - few < 25 * 2**20

    def test_an_unknown_suffix(self, folder: Path) -> None:
        result = run("sample", folder / "model", "-n", 5, "-o", folder / "rows.xlsx")
        assert_one_line_error(result, "supported are .csv, .csv.gz, .parquet")

    def test_a_file_that_is_no_model(self, folder: Path) -> None:
        assert_one_line_error(run("sample", folder / "table.csv", "-n", 5), "table.csv")
        assert_one_line_error(run("sample", folder / "absent", "-n", 5), "absent")

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


def test_info_describes_the_model(folder: Path) -> None:
    result = run("info", folder / "model")
    assert result.exit_code == 0, result.stderr
    assert all(name in result.stdout for name in COLUMNS)


class TestDemo:
    def test_it_writes_and_scores_as_many_rows(self, tmp_path: Path) -> None:
        pytest.importorskip("sdmetrics")
        output = tmp_path / "synthetic.csv"
        result = run("demo", "-o", output, "--max-seconds", 1)
        assert result.exit_code == 0, result.stderr
        assert read_table(output).shape == (215, 17)
        assert "salary" in result.stdout
        assert "sdmetrics quality" in result.stdout

    def test_without_sdmetrics(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "sdmetrics.demos", None)
        result = run("demo", "-o", tmp_path / "synthetic.csv")
        assert_one_line_error(result, 'pip install "synthwgan[report]"')


def test_a_closed_pipe_ends_quietly(folder: Path) -> None:
    command = f"{sys.executable} -c 'from synthwgan.cli import app; app()' sample {folder}/model"
    finished = subprocess.run(
        ["bash", "-c", f"{command} -n 200000 --chunk-size 1000 -q | head -n 1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.stdout == ",".join(COLUMNS) + "\n"
    assert finished.stderr == ""
