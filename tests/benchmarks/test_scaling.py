"""The tables of the scaling benchmark are what they claim to be, and so is its page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks import scaling
from benchmarks.cell import read
from benchmarks.page import read_part
from synthwgan import TableTransformer

SMALL = scaling.Case(n_rows=3000, n_columns=9, n_levels=20)


def test_tables_are_mixed_and_repeatable() -> None:
    frame = scaling.make_table(SMALL)
    assert frame.shape == (3000, 9)
    assert frame["level"].nunique() == 20
    assert frame.filter(like="amount").isna().any().all()
    schema = TableTransformer(random_state=0).fit(frame).schema_
    assert {column.kind for column in schema} == {"numeric", "categorical"}
    pd.testing.assert_frame_equal(frame, scaling.make_table(SMALL))


def test_columns_depend_on_each_other() -> None:
    frame = scaling.make_table(replace(SMALL, n_columns=30))
    correlation = frame.select_dtypes("number").corr(method="spearman").abs().to_numpy()
    others = correlation[~np.eye(len(correlation), dtype=bool)]
    # Of pairs of independent columns 0.6 % would be above 0.05.
    assert (others > 0.05).mean() > 0.7
    assert frame["flag_1"].groupby(frame["level"]).mean().std() > 0.02


def test_levels_are_of_unequal_size() -> None:
    counts = scaling.make_table(SMALL)["level"].value_counts()
    assert counts.idxmax() == "level 0"
    assert counts.max() > 4 * counts.min()


def test_memory_grows_with_what_is_held() -> None:
    before = scaling.peak_memory_mb()
    held = np.ones(2**25)
    assert scaling.peak_memory_mb() >= before
    assert scaling.peak_memory_mb() > held.nbytes / 2**20


def test_a_case_is_measured(monkeypatch) -> None:
    monkeypatch.setattr(scaling, "CASES", {"small": SMALL})
    monkeypatch.setattr(scaling, "N_STEPS", 3)
    monkeypatch.setattr(scaling, "N_SAMPLED", 100)
    result = scaling.measure("small")
    assert result["n_slots"] >= 20
    assert result["peak_memory_mb"] >= result["memory_before_mb"] > 0
    times = ("encode_seconds", "step_milliseconds", "other_seconds", "rows_per_second")
    assert all(result[name] > 0 for name in times)
    assert scaling.table([result]).splitlines()[2].startswith("| small | 3,000 | 9 | 20 | 256 |")


def test_the_table_is_that_of_the_results() -> None:
    results = [read(path) for path in scaling.FOLDER.glob("*.json")]
    assert {result["case"] for result in results} == set(scaling.CASES)
    assert read_part(scaling.PAGE, "scaling") == scaling.table(results)


def test_a_table_that_lacks_a_case_is_another_one() -> None:
    results = [read(path) for path in scaling.FOLDER.glob("*.json")]
    assert read_part(scaling.PAGE, "scaling") != scaling.table(results[1:])


def test_a_tiled_table_repeats_a_data_set(monkeypatch) -> None:
    rows = pd.DataFrame({"a": [1, 2, 3]})
    monkeypatch.setattr(scaling, "load", lambda name: SimpleNamespace(train=rows))
    frame = scaling.make_table(scaling.Case(n_rows=7, tiled="mine"))
    assert frame["a"].tolist() == [1, 2, 3, 1, 2, 3, 1]


def test_the_picture_has_a_point_for_each_result(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = [f"rows-{10**power}" for power in (4, 5)]
    results = [
        {**read(scaling.FOLDER / "rows-10000.json"), "case": name, "n_rows": n_rows}
        for name, n_rows in zip(names, (10_000, 100_000), strict=True)
    ]
    scaling.draw(results, tmp_path / "scaling.svg")
    assert "categories of a column" in (tmp_path / "scaling.svg").read_text(encoding="utf-8")
    assert scaling.fit_seconds(results[1]) > scaling.fit_seconds(results[0])


def test_the_panels_name_cases() -> None:
    assert {case for _, cases in scaling.AXES.values() for case in cases} <= set(scaling.CASES)
