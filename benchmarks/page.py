"""The generated parts of the documentation's pages: tables between two markers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def read_part(page: Path, marker: str) -> str:
    """Return what a page shows between the markers."""
    found = _pattern(marker).search(page.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{page.name} has no markers for {marker!r}")
    return found[0].strip()


def write_part(page: Path, marker: str, content: str) -> None:
    """Put the content between a page's markers."""
    read_part(page, marker)
    text = page.read_text(encoding="utf-8")
    page.write_text(_pattern(marker).sub(lambda _: f"\n{content}\n\n", text), encoding="utf-8")


def _pattern(marker: str) -> re.Pattern[str]:
    start, end = (f"<!-- {marker}: {edge} -->" for edge in ("start", "end"))
    return re.compile(rf"(?<={start}\n).*?(?={end})", re.S)


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as a Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def measured(results: Iterable[dict[str, Any]]) -> str:
    """Say when and on which machines the results were measured."""
    results = list(results)
    days = sorted({result["date"][:10] for result in results})
    machines = sorted(
        {f"{result['machine']['cpu']}, {result['machine']['cores']} cores" for result in results}
    )
    return f"Measured {' to '.join(sorted({days[0], days[-1]}))} on {'; '.join(machines)}."
