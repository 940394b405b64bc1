"""Results become tables: seeds averaged, rows in order, published figures marked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import pictures, report, tables
from benchmarks.page import measured
from benchmarks.tables import Run


def result(model: str, seed: int = 0, threads: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "date": f"2026-01-0{1 + seed}T00:00:00+00:00",
        "model": model,
        "data_set": "adult",
        "seed": seed,
        "threads": threads,
        "params": {},
        "n_train": 100,
        "n_synthetic": 100,
        "fit_seconds": 10.0 + seed,
        "sample_seconds": 0.5,
        "fit_cpu_seconds": 9.0,
        "peak_memory_mb": 300,
        "machine": {"cpu": "abacus", "cores": 2},
        "figures": {"trend_err": 1.0 + seed, "c2st_gb": 0.6, "dcr_share": 0.5},
    } | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    results = [
        result("real", figures={"trend_err": 1.0, "c2st_gb": 0.5}),
        result("tvae", fit_seconds=100.0),
        result("synthwgan", seed=1),
        result("synthwgan"),
        result("synthwgan", threads=2, fit_seconds=6.0),
        result("synthwgan", params={"max_seconds": 5.0}, fit_seconds=5.0),
        result("bootstrap", data_set="wine"),
    ]
    for number, one in enumerate(results):
        (tmp_path / f"{number}.json").write_text(json.dumps(one))
    return tmp_path


def cells(table: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in table.splitlines()]


def test_seeds_are_one_run_and_runs_are_in_order(folder: Path) -> None:
    runs = tables.load_runs(folder)
    assert [(run.label, run.threads, len(run.results)) for run in runs] == [
        ("**synthwgan**, 5 s", 1, 1),
        ("**synthwgan**", 1, 2),
        ("**synthwgan**", 2, 1),
        ("TVAE", 1, 1),
        ("*real test rows*", 1, 1),
        ("*bootstrap*", 1, 1),
    ]


def test_fidelity_shows_the_fewest_threads_and_the_published_rows(folder: Path) -> None:
    titles, _, *rows = cells(tables.fidelity_table(tables.load_runs(folder), "adult"))
    trend = titles.index("trend err")
    assert [row[0] for row in rows[:4]] == [
        "**synthwgan**, 5 s",
        "**synthwgan**",
        "TVAE",
        "*real test rows*",
    ]
    assert rows[1][trend] == "1.50 ± 0.71"
    assert rows[2][trend] == "1.00"
    assert rows[2][titles.index("shape err")] == "–"
    assert ["TabDiff (2025), *published*", "5"] in [row[:2] for row in rows[4:]]


def test_costs_show_every_number_of_threads(folder: Path) -> None:
    titles, _, *rows = cells(tables.cost_table(tables.load_runs(folder), "adult"))
    assert [row[1] for row in rows[:4]] == ["1", "1", "2", "1"]
    assert rows[2][titles.index("fit s")] == "6"
    assert rows[2][titles.index("rows/s")] == "200"
    assert rows[4][titles.index("fit s")] == "–"
    assert rows[-1][1] == "GPU"


def test_the_headline_shows_defaults_on_one_thread(folder: Path) -> None:
    _, _, *rows = cells(tables.headline_table(tables.load_runs(folder), ["adult"]))
    assert [row[1] for row in rows] == ["**synthwgan**", "TVAE", "*real test rows*"]


def test_other_tables_are_the_small_ones(folder: Path) -> None:
    _, _, *rows = cells(tables.small_table(tables.load_runs(folder), ["adult"]))
    assert [row[:2] for row in rows] == [["wine", "*bootstrap*"]]


def test_the_days_and_the_machine_are_named(folder: Path) -> None:
    runs = tables.load_runs(folder)
    text = measured(result for run in runs for result in run.results)
    assert text == "Measured 2026-01-01 to 2026-01-02 on abacus, 2 cores."


def test_settings_are_in_the_label() -> None:
    assert Run((result("ctgan", params={"epochs": 3}),)).label == "CTGAN, epochs=3"


def test_a_block_is_rewritten_between_its_markers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "REPOSITORY", tmp_path)
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- x: start -->\n\n<!-- x: end -->\nbelow\n")
    block = report.Block("page.md", "x", lambda runs: f"{len(runs)} runs", folder)
    for _ in range(2):
        block.write()
        assert block.shown() == block.content()
    assert page.read_text().startswith("above\n<!-- x: start -->\n\n6 runs\n\nMeasured")
    assert page.read_text().endswith("cores.\n\n<!-- x: end -->\nbelow\n")
    with pytest.raises(ValueError, match="no markers for 'y'"):
        report.Block("page.md", "y", lambda runs: "", folder).shown()


def test_the_picture_labels_every_point(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    runs = tables.load_runs(folder)
    drawn = []
    for _ in range(2):
        pictures.draw(runs, "adult", tmp_path / "adult.svg")
        drawn.append((tmp_path / "adult.svg").read_text())
    assert drawn[0] == drawn[1]
    for label in ("synthwgan", "5 s", "TVAE", "real test rows", "C2ST-GB"):
        assert f">{label}</text>" in drawn[0]
