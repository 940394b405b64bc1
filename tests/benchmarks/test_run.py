"""Cells are run in processes of their own, kept, and gone on with."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import judge, run
from benchmarks.cell import Cell, cell_of, cell_parser, read, write
from benchmarks.data import REPOSITORY
from benchmarks.models import MODELS, PEERS

PEERS_FILE = REPOSITORY / "benchmarks" / "requirements-peers.txt"
CELL = Cell("bootstrap", "heart-va", seed=1)


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "heart").mkdir()
    lines = [f"{30 + i},{i % 3}.0,{i % 2}" for i in range(40)]
    (folder / "heart" / "va.csv").write_text("\n".join(["age,cp,disease", *lines]))
    return folder


@pytest.fixture(autouse=True)
def small_data(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHWGAN_DATA", str(data_folder))


def arguments(folder: Path, *more: str) -> list[str]:
    return [
        *("--models", "bootstrap", "--data", "heart-va", "--seeds", "1"),
        *("--results", str(folder), *more),
    ]


def test_a_cell_is_run_kept_and_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sdmetrics")
    path = CELL.result_path(tmp_path)
    assert run.main(arguments(tmp_path, "--metrics", "copies")) == 0
    first = read(path)
    assert first["figures"]["copies"] == 1.0
    assert (first["model"], first["data_set"], first["seed"]) == ("bootstrap", "heart-va", 1)
    # Four fresh rows for each of 20 test rows.
    assert (first["threads"], first["n_train"], first["n_synthetic"]) == (1, 20, 3080)
    assert first["sample_seconds"] > 0
    assert 10 < first["peak_memory_mb"] < 5000
    assert first["machine"]["cores"]
    assert first["machine"]["versions"]["pandas"]

    # It is judged further as in a process of its own, but in this one, which has all imports.
    def judged(command: list[str], **_: Any) -> None:
        assert command[:3] == [sys.executable, "-m", "benchmarks.judge"]
        assert command[-2:] == ["--metrics", "dcr"]
        judge.main(command[3:])

    monkeypatch.setattr(run.subprocess, "run", judged)
    assert run.main(arguments(tmp_path, "--metrics", "copies", "dcr")) == 0
    second = read(path)
    assert second["metrics"] == ["copies", "dcr"]
    assert second["date"] == first["date"]

    before = path.stat().st_mtime_ns
    assert run.main(arguments(tmp_path, "--metrics", "dcr")) == 0
    assert path.stat().st_mtime_ns == before
    assert capsys.readouterr().out.endswith("heart-va-bootstrap-s1-t1: is there\n")


def test_a_cell_that_fails_leaves_its_log_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write({"metrics": ["copies"]}, CELL.result_path(tmp_path))
    call = arguments(tmp_path, "--metrics", "copies")
    call[3:4] = ["heart-hungarian", "heart-va"]
    assert run.main(call) == 1
    failed = Cell("bootstrap", "heart-hungarian", seed=1)
    out = capsys.readouterr().out
    assert f"FAILED, see {run.log_path(failed, tmp_path)}" in out
    assert out.endswith("heart-va-bootstrap-s1-t1: is there\n")
    assert "FileNotFoundError" in run.log_path(failed, tmp_path).read_text()


def test_peers_without_their_environment_are_said_to_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(run, "PEERS_PYTHON", tmp_path / "python")
    assert run.main(["--models", "tvae", "--data", "heart-va", "--results", str(tmp_path)]) == 1
    assert "make bench-peers" in capsys.readouterr().out


def test_budgets_are_for_synthwgan_alone() -> None:
    options = run._parser().parse_args(
        ["--models", "synthwgan", "tvae", "--data", "adult", "--budgets", "20", "none"]
    )
    assert [(cell.model, cell.params) for cell in run.cells(options)] == [
        ("synthwgan", {"max_seconds": 20}),
        ("synthwgan", {}),
        ("tvae", {}),
    ]


def test_a_cell_has_a_name_of_its_own_settings() -> None:
    options = cell_parser("").parse_args(
        ["synthwgan", "adult", "--threads", "2", "--params", "epochs=3", "precision=float32"]
    )
    cell = cell_of(options)
    assert cell.params == {"epochs": 3, "precision": "float32"}
    assert cell.name == "adult-synthwgan-epochs=3-precision=float32-s0-t2"


def test_parameters_are_key_and_value() -> None:
    with pytest.raises(SystemExit):
        cell_parser("").parse_args(["synthwgan", "adult", "--params", "epochs"])


def test_a_result_is_never_half_written(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    write({"a": 1}, path)
    assert read(path) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["result.json"]


def test_the_package_imports_no_peer() -> None:
    peers = re.findall(r"^([a-z-]+)[=<>]", PEERS_FILE.read_text(), re.M)
    names = {"arfpy", "copulas", "ctgan", "imblearn", "mostlyai", "rdt", "sdv"}
    assert {"arfpy", "ctgan", "sdv"} <= set(peers)
    for file in (REPOSITORY / "synthwgan").rglob("*.py"):
        imported = re.findall(r"^\s*(?:import|from) (\w+)", file.read_text(encoding="utf-8"), re.M)
        assert not names & set(imported), file


def test_the_versions_of_every_peer_are_pinned() -> None:
    text = PEERS_FILE.read_text()
    for model in PEERS.values():
        assert f"{model.requires[0]}==" in text


def test_every_model_can_be_shown() -> None:
    from benchmarks.tables import MODEL_NAMES

    assert set(MODEL_NAMES) == set(MODELS)
