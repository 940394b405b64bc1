"""What is timed on a GPU runs anywhere; without one nothing is written."""

from __future__ import annotations

import pytest
import torch

from benchmarks import gpu
from benchmarks.cell import read
from benchmarks.page import read_part

RESULT = {
    "date": "2027-01-02T03:04:05+00:00",
    "data_set": "adult",
    "precision": "bfloat16",
    "step_ms": 5.678,
    "fit_seconds": 21.04,
    "encoded_per_s": 3_456_789.4,
    "rows_per_s": 234_567.8,
    "machine": {"cpu": "Some CPU", "cores": 16, "gpu": "Some GPU"},
}


def test_without_a_gpu_it_says_so_and_writes_nothing(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(gpu, "FOLDER", tmp_path / "gpu")
    monkeypatch.setattr(gpu, "write_part", lambda *given: pytest.fail("the page was written"))
    gpu.main([])
    assert capsys.readouterr().out == "there is no CUDA device here, so nothing is measured\n"
    assert not list(tmp_path.iterdir())


def test_what_is_measured_is_written(monkeypatch, capsys, tmp_path):
    written = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(gpu, "FOLDER", tmp_path / "gpu")
    monkeypatch.setattr(gpu, "measure", lambda data_set, device: RESULT)
    monkeypatch.setattr(gpu, "write_part", lambda *given: written.append(given))
    gpu.main([])
    assert read(tmp_path / "gpu" / "some-gpu.json") == RESULT
    assert written == [(gpu.PAGE, "gpu", gpu.table([RESULT]))]
    assert "a step takes 5.68 ms" in capsys.readouterr().out


def test_the_table():
    assert gpu.table([RESULT]).splitlines()[2:] == [
        "| Some GPU | bfloat16 | 5.68 | 21.0 | 3,456,789 | 234,568 |",
        "",
        "Measured 2027-01-02 on Some CPU, 16 cores.",
    ]


def test_what_is_timed_runs(monkeypatch):
    sizes = {"N_WARM_UP": 1, "N_TURNS": 2, "STEPS_A_TURN": 2, "N_ENCODED": 9000, "N_ROWS": 100}
    for name, size in sizes.items():
        monkeypatch.setattr(gpu, name, size)
    result = gpu.measure(
        "breast_cancer", "cpu", max_steps=4, conditional=False, calibrate=False, rejection=None
    )
    assert set(result) == set(RESULT)
    assert min(value for value in result.values() if isinstance(value, float)) > 0


def test_the_page_shows_the_results():
    results = [read(path) for path in sorted(gpu.FOLDER.glob("*.json"))]
    assert read_part(gpu.PAGE, "gpu") == gpu.table(results)
