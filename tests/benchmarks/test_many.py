"""The page about many machines shows the results, from which follows what to expect of more."""

from __future__ import annotations

import shutil

import pytest

from benchmarks import many
from benchmarks.cell import RESULTS, read
from benchmarks.page import read_part


def test_the_page_shows_the_results():
    assert read_part(many.PAGE, "many") == many.table_of(read(RESULTS / many.FILE))


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
