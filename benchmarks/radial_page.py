"""The page about several tables: what the records say, and how it stands against the bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cell import read


def read_records(folder: Path) -> list[dict[str, Any]]:
    """Return all records of a folder."""
    return [record for path in sorted(folder.glob("*.json")) for record in read(path)["results"]]


def tables(records: Sequence[dict[str, Any]]) -> str:
    return "Not measured yet."
