"""Every figure in the documentation is that of a committed result."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from benchmarks.fidelity import RESULTS, markdown_table

REPOSITORY = Path(__file__).resolve().parents[2]
SHOWN = [
    ("README.md", "figures", RESULTS),
    ("docs/benchmarks.md", "figures", RESULTS),
    ("docs/guide/training.md", "ablation", RESULTS / "ablation"),
]


@pytest.mark.parametrize(("page", "marker", "folder"), SHOWN)
def test_the_table_is_that_of_the_results(page: str, marker: str, folder: Path) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    pattern = rf"<!-- {marker}: start -->\n+(.*?)\n*<!-- {marker}: end -->"
    shown = re.search(pattern, text, re.S)
    results = [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]
    assert results
    assert shown is not None
    assert shown[1] == markdown_table(results).strip()
