"""Versions of the documentation are listed, and the newest release is where one arrives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "versions.py"


def publish(folder: Path, *versions: str) -> subprocess.CompletedProcess[str]:
    for version in versions:
        (folder / version).mkdir()
        (folder / version / "index.html").write_text("<html></html>")
    (folder / "notes").mkdir()
    command = [sys.executable, str(SCRIPT), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (["0.2", "dev", "0.10", "0.9.1"], ["0.10", "0.9.1", "0.2", "dev"]),
        (["dev"], ["dev"]),
    ],
)
def test_the_newest_release_comes_first(tmp_path, versions, expected):
    assert publish(tmp_path, *versions).returncode == 0
    listed = json.loads((tmp_path / "versions.json").read_text())
    assert [one["version"] for one in listed] == expected
    assert f'url={expected[0]}/"' in (tmp_path / "index.html").read_text()


def test_without_a_version_there_is_nothing_to_publish(tmp_path):
    found = publish(tmp_path)
    assert found.returncode != 0
    assert "no folder" in found.stderr
