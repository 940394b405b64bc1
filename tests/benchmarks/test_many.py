"""The page about many machines shows the results, from which follows what to expect of more."""

from __future__ import annotations

import shutil

import pytest

from benchmarks import many
from benchmarks.cell import RESULTS, read
from benchmarks.page import read_part


def test_the_page_shows_the_results():
    path = RESULTS / many.FILE
    shown = many.table_of(read(path)) if path.exists() else "Not measured yet."
    assert read_part(many.PAGE, "many") == shown


def test_the_table_says_how_two_processes_compare_with_one():
    fits = [
        {"kind": kind, "seed": seed, "wall": wall, "cpu": cpu, "mean": 0.002, "bytes": 1_700_000}
        | {"held_out_auc": 0.7, "apart": 0.0015, "means": 0.0022}
        for seed in range(2)
        for kind, wall, cpu in [(many.ONE, 0.05, 0.08), (many.TWO, 0.04, 0.1)]
    ]
    computer = {"cpu": "a processor", "cores": 2}
    shown = many.table_of({"steps": 9, "fits": fits, "date": "2026-01-01", "machine": computer})
    assert "| 2 processes of 1 thread | 40 | 100 | 0.700, 0.700 |" in shown
    assert "0.80 times the seconds" in shown and "1.25 times the CPU seconds" in shown
    assert "1.7 MB of gradients takes 2.0 ms" in shown
    assert "waits 1.5 ms for the other to come to a mean, and 2.2 ms" in shown


def test_waiting_for_each_other_is_told_from_the_means():
    """Two means in one step: the second process comes 4 ms later, then 1 ms earlier."""
    first = [(0.000, 0.006), (0.021, 0.023)]
    second = [(0.004, 0.006), (0.020, 0.023)]
    found = many.waited([first, second], 1)
    assert found == pytest.approx({"apart": 0.0025, "means": 0.004})
    assert many.waited([[]], 1) == {"apart": 0.0, "means": 0.0}


def test_what_is_expected_of_more_processes():
    """Steps of 20 ms that each does, 80 ms on rows, and 10 ms for the mean between two."""
    assert many._expected(2, 0.02, 0.08, 0.01, 0) == ("2", "1.4 times", "1.7 times", "2.0 times")
    # Messages as long as a step: nothing is gained.
    *_, grown = many._expected(4, 0.0, 0.1, 0.0, int(0.1 * many.BYTES_PER_SECOND / 1.5))
    assert grown == "2.0 times"


def test_processes_that_fail_are_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(many.sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="ended with an error"):
        many.start(many.TWO, 0, 1, tmp_path / "fit")
