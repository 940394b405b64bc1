"""The page shows what was measured of early stopping."""

from __future__ import annotations

from benchmarks import stopping
from benchmarks.cell import read
from benchmarks.page import read_part


def test_the_page_shows_the_result() -> None:
    results = read(stopping.FILE)["results"]
    assert read_part(stopping.PAGE, "stopping") == stopping.table(results)


def test_the_table_has_the_means_over_seeds() -> None:
    one = {"data_set": "wine", "fit": "all steps", "date": "2026-01-01", "detection": 0.5}
    one |= {"steps": 400, "pairs": 0.25, "machine": read(stopping.FILE)["results"][0]["machine"]}
    results = [one, one | {"detection": 1.0, "pairs": 0.75}]
    assert "| wine | all steps | 400 | 0.75 | 0.50 |" in stopping.table(results)
