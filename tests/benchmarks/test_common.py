"""What several benchmarks share: their command line, results and pages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import common


def result(model: str, figure: float, data_set: str = "adult") -> dict[str, Any]:
    return {"data_set": data_set, "model": model, "seed": 0, "figure": figure}


def test_results_are_kept_once(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert common.kept(path) == []
    common.keep([result("synthwgan", 9.5), result("ctgan", 7.5)], path)
    everything = common.keep([result("synthwgan", 3.5)], path)
    assert everything == [result("ctgan", 7.5), result("synthwgan", 3.5)]
    assert common.kept(path) == everything


def test_results_are_grouped_in_the_order_of_the_models() -> None:
    results = [result("b", 1, "shoppers"), result("a", 2), result("b", 3), result("a", 4)]
    groups = common.grouped(results, ["b", "a"])
    assert list(groups) == [("adult", "b"), ("adult", "a"), ("shoppers", "b")]
    assert groups["adult", "a"] == [results[1], results[3]]


def test_a_page_is_begun_once_and_its_part_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    common.publish(page, "# Title", "conditional", "old")
    common.publish(page, "# Another", "conditional", "new")
    text = page.read_text()
    assert text.startswith("# Title\n\n<!-- conditional: start -->\n")
    assert "new" in text
    assert "old" not in text


def test_one_model_is_not_of_two_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    parser = common.measure_parser("conditional", None)
    common.check_model_file(parser, parser.parse_args(["--model-file", "m", "--seeds", "3"]))
    common.check_model_file(parser, parser.parse_args(["--seeds", "3", "4"]))
    with pytest.raises(SystemExit):
        common.check_model_file(
            parser, parser.parse_args(["--model-file", "m", "--seeds", "3", "4"])
        )
    assert "--model-file takes one data set" in capsys.readouterr().err


def test_peers_run_a_module_of_the_benchmarks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = []
    monkeypatch.setattr(common.subprocess, "run", lambda command, **_: commands.append(command))
    monkeypatch.setattr(common, "PEERS_PYTHON", Path(sys.executable))
    common.run_peer("cell", "ctgan")
    assert commands == [[sys.executable, "-m", "benchmarks.cell", "ctgan"]]
    monkeypatch.setattr(common, "PEERS_PYTHON", tmp_path / "python")
    with pytest.raises(FileNotFoundError, match="run `make bench-peers`"):
        common.run_peer("cell", "ctgan")
