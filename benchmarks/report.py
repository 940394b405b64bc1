"""Write the results into the pages: the tables between their markers, and the pictures.

Run from the repository root::

    python -m benchmarks.report
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cell import RESULTS
from benchmarks.data import REPOSITORY
from benchmarks.page import measured, read_part, write_part
from benchmarks.pictures import draw
from benchmarks.tables import (
    Run,
    cost_table,
    fidelity_table,
    headline_table,
    home_table,
    load_runs,
    small_table,
)

LARGE = ("adult", "shoppers", "flights", "electricity", "phoneme", "kc1")
HEADLINE = ("adult", "shoppers")
PICTURES = REPOSITORY / "docs" / "benchmarks"


@dataclass(frozen=True)
class Block:
    """One generated part of a page: its markers and what stands between them."""

    page: str
    marker: str
    table: Callable[[Sequence[Run]], str]
    folder: Path = RESULTS

    @property
    def path(self) -> Path:
        return REPOSITORY / self.page

    def content(self) -> str:
        """Return what the results say, with the day and the machine below."""
        runs = load_runs(self.folder)
        return f"{self.table(runs)}\n\n{measured(result for run in runs for result in run.results)}"

    def shown(self) -> str:
        """Return what the page shows between the markers."""
        return read_part(self.path, self.marker)

    def write(self) -> None:
        """Put the content between the page's markers."""
        write_part(self.path, self.marker, self.content())


def _data_set_blocks(page: str, data_set: str) -> list[Block]:
    return [
        Block(page, f"{data_set} fidelity", lambda runs: fidelity_table(runs, data_set)),
        Block(page, f"{data_set} costs", lambda runs: cost_table(runs, data_set)),
    ]


BLOCKS = [
    Block("docs/index.md", "figure", lambda runs: home_table(runs, HEADLINE, "c2st_gb")),
    Block("README.md", "figures", lambda runs: headline_table(runs, HEADLINE)),
    *(
        block
        for data_set in LARGE
        for block in _data_set_blocks("docs/benchmarks/index.md", data_set)
    ),
    Block("docs/benchmarks/index.md", "small", lambda runs: small_table(runs, LARGE)),
]


def main() -> None:
    """Rewrite every generated part and picture."""
    for block in BLOCKS:
        block.write()
        print(f"{block.page}: {block.marker}")
    runs = load_runs(RESULTS)
    for data_set in HEADLINE:
        draw(runs, data_set, PICTURES / f"{data_set}.svg")
        print(PICTURES / f"{data_set}.svg")


if __name__ == "__main__":
    main()
