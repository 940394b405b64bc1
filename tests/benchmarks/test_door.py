"""The commands that are timed at the door work, and the page shows what was measured."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks import door
from benchmarks.cell import read
from benchmarks.page import read_part


def test_a_command_that_fails_is_not_timed(tmp_path: Path) -> None:
    assert door.seconds_of(door.COMMANDS["synthwgan --version"], tmp_path) > 0
    with pytest.raises(subprocess.CalledProcessError):
        door.seconds_of(door.COMMANDS["synthwgan rules placements.csv"], tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        door.seconds_of_call("1 / 0", tmp_path)


def test_of_a_call_only_its_own_seconds_count(tmp_path: Path) -> None:
    assert door.seconds_of_call("import json\nprint(0.25)", tmp_path) == 0.25


def test_the_page_shows_the_result() -> None:
    result = read(door.FILE)
    assert [one["command"] for one in result["commands"]] == [*door.COMMANDS, door.EVALUATE]
    assert read_part(door.PAGE, "door") == door.table(result)
