"""Validity, columns and the joint figures on tables whose answers are known."""

from __future__ import annotations

import math
import sys

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Section, Tables, quality_score
from synthwgan.evaluation.sections import columns, detection
from synthwgan.evaluation.sections.columns import column_table, columns_section
from synthwgan.evaluation.sections.joint import joint_section
from synthwgan.evaluation.sections.validity import possible_rows, validity_section
from synthwgan.evaluation.sections.yardsticks import Yardsticks

N_ROWS = 500
SECTIONS = {"validity": validity_section, "columns": columns_section, "joint": joint_section}


@pytest.fixture(autouse=True)
def _few_suspects(monkeypatch) -> None:
    monkeypatch.setattr(detection, "N_SUSPECTS", 2)


def frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    # Bounded, because sdmetrics bins each table by its own extremes.
    size = rng.uniform(-math.sqrt(3), math.sqrt(3), size=N_ROWS)
    table = pd.DataFrame(
        {
            "size": size,
            "weight": 2 * size + rng.normal(scale=0.3, size=N_ROWS),
            "city": np.where(size > 0, "north", "south"),
            "load": np.where(rng.random(N_ROWS) < 0.3, np.nan, rng.exponential(size=N_ROWS)),
        }
    )
    table["code"] = table["city"].map({"north": "N", "south": "S"})
    return table


def shuffled(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return frame(seed).apply(lambda column: rng.permutation(column.to_numpy()))


def noisy(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return frame(seed).assign(
        size=lambda rows: rows["size"] + rng.normal(scale=0.5, size=N_ROWS),
        code=lambda rows: rows["code"].where(rng.random(N_ROWS) < 0.9, "N"),
    )


def made(key: str, synthetic: pd.DataFrame, test: pd.DataFrame | None = None) -> Section:
    if key != "joint":
        pytest.importorskip("sdmetrics")
    tables = Tables.of(frame(0), synthetic, test)
    rng = np.random.default_rng(0)
    return SECTIONS[key](tables, Yardsticks.of(tables, rng), rng)


def figures(section: Section) -> dict[str, float]:
    return {measure.key: measure.value for measure in section.measures}


@pytest.mark.parametrize("key", list(SECTIONS))
def test_fresh_rows_come_before_noisy_ones_and_those_before_shuffled_ones(
    key: str, monkeypatch
) -> None:
    monkeypatch.setattr(detection, "N_SUSPECTS", 1)
    scores = [made(key, table(3), frame(9)).score for table in (frame, noisy, shuffled)]
    assert scores[0] > 0.93
    assert scores[0] > scores[1] + 0.03 > scores[2] + 0.06


class TestValidity:
    def test_impossible_cells_and_rows(self) -> None:
        pytest.importorskip("sdmetrics")
        broken = frame(1).assign(code="N", city="nowhere", size=99.0)
        values = figures(made("validity", broken))
        assert values["valid_cells"] < 0.7
        assert values["possible_rows"] == 0
        assert values["same_dtypes"] == 1

    def test_possible_rows_by_hand(self) -> None:
        real = pd.DataFrame({"a": ["x", "x", "y"] * 9, "b": ["u", "v", "v"] * 9})
        tables = Tables.of(real, pd.DataFrame({"a": ["x", "y", "y"], "b": ["u", "u", "v"]}))
        assert possible_rows(tables.real, tables.synthetic)["possible_rows"] == 2 / 3

    def test_keys_that_repeat(self) -> None:
        real = frame(0).assign(order_id=range(500, 500 + N_ROWS))
        synthetic = frame(1).assign(order_id=[1, 2] * (N_ROWS // 2))
        pytest.importorskip("sdmetrics")
        tables = Tables.of(real, synthetic)
        rng = np.random.default_rng(0)
        section = validity_section(tables, Yardsticks.of(tables, rng), rng)
        assert figures(section)["unique_keys"] < 0.01

    def test_personal_data_may_repeat(self) -> None:
        pytest.importorskip("sdmetrics")
        mails = [f"user{k // 2:04d}@mail.org" for k in range(N_ROWS)]
        tables = Tables.of(frame(0).assign(mail=mails), frame(1).assign(mail=mails))
        assert list(tables.keys) == ["mail"]
        rng = np.random.default_rng(0)
        section = validity_section(tables, Yardsticks.of(tables, rng), rng)
        assert "unique_keys" not in figures(section)

    def test_another_dtype_is_said(self) -> None:
        section = made("validity", frame(1).assign(city=lambda f: f["city"].astype("category")))
        assert "Column 'city' is category, and object in the real table." in section.notes
        assert figures(section)["same_dtypes"] == 0.8


class TestColumns:
    def test_scores_are_those_of_quality_score(self) -> None:
        values = figures(made("columns", noisy(1)))
        expected = quality_score(frame(0), noisy(1))
        assert values["column_shapes"] == pytest.approx(expected.column_shapes)
        assert values["pair_trends"] == pytest.approx(expected.column_pair_trends)

    def test_an_identical_table(self) -> None:
        section = made("columns", frame(0))
        values = figures(section)
        assert values["column_shapes"] == values["pair_trends"] == values["missing"] == 1
        assert values["kl"] == values["js"] == values["wasserstein"] == 0
        assert section.score == 1

    def test_shuffled_columns_keep_shapes_and_lose_trends(self) -> None:
        section = made("columns", shuffled(0))
        scores = {measure.key: measure.score for measure in section.measures}
        assert scores["column_shapes"] > 0.98
        assert scores["pair_trends"] < 0.1

    def test_missing_cells_that_were_filled_count(self) -> None:
        section = made("columns", frame(1).fillna({"load": 1.0}), frame(2))
        scores = {measure.key: measure.score for measure in section.measures}
        assert scores["missing"] < 0.05

    def test_the_table_of_columns(self) -> None:
        synthetic = frame(1).assign(
            size=lambda rows: rows["size"] + 1,
            city=["north", "west"] * (N_ROWS // 2),
        )
        table = column_table(Tables.of(frame(0), synthetic)).set_index("column")
        assert table.index[0] == "city"
        assert table.loc["size", "wasserstein"] == pytest.approx(1, abs=0.15)
        assert table.loc["city", ["coverage", "unseen"]].tolist() == [0.5, 0.5]
        assert table.loc["load", "missing_real"] == pytest.approx(0.3, abs=0.05)

    def test_intervals_hold_the_values(self) -> None:
        for measure in made("columns", noisy(1)).measures[:2]:
            low, high = measure.interval
            assert low < measure.value < high < low + 0.1

    def test_of_many_columns_some_pairs_are_compared_and_it_says_so(self, monkeypatch) -> None:
        monkeypatch.setattr(columns, "MAX_CROSSED", 3)
        section = made("columns", frame(0))
        assert "Pairs of 3 columns, drawn at random, are compared." in section.notes
        assert section.details["Columns"]["shape"].tolist() == [1.0] * 5
        assert len(section.details["Pairs"]) == 3


class TestJoint:
    def test_without_sdmetrics_the_other_figures_are_there(self, monkeypatch) -> None:
        monkeypatch.setitem(sys.modules, "sdmetrics", None)
        section = made("joint", frame(1))
        assert "c2st_logistic" not in figures(section)
        assert len(section.measures) == 7
        assert 'pip install "synthwgan[report]"' in section.notes[-1]

    def test_what_gave_the_table_away_is_named_in_the_first_note(self) -> None:
        section = made("joint", noisy(1), frame(2))
        assert section.notes[0].startswith("What gives the table away: '")
        assert set(section.details) == {"What gave it away", "Pairs"}
