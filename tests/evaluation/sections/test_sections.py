"""Validity, columns and the joint figures on tables whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Section, Tables, quality_score
from synthwgan.evaluation.sections import detection, pairs
from synthwgan.evaluation.sections.columns import column_table, columns_section, shape
from synthwgan.evaluation.sections.joint import joint_section
from synthwgan.evaluation.sections.pairs import Crossing, pairs_section
from synthwgan.evaluation.sections.validity import unique_share, valid_share, validity_section
from synthwgan.evaluation.sections.yardsticks import Yardsticks

N_ROWS = 500
SECTIONS = {
    "validity": validity_section,
    "columns": columns_section,
    "pairs": pairs_section,
    "joint": joint_section,
}
RELATIONS = ("pairs", "joint")


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    # What is planted here is told from chance by few trees, and given away by one column.
    monkeypatch.setattr(detection, "N_SUSPECTS", 1)
    monkeypatch.setattr(detection, "N_TREES", 15)


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
    tables = Tables.of(frame(0), synthetic, test)
    rng = np.random.default_rng(0)
    return SECTIONS[key](tables, Yardsticks.of(tables, rng), rng)


def figures(section: Section) -> dict[str, float]:
    return {measure.key: measure.value for measure in section.measures}


@pytest.mark.parametrize("key", RELATIONS)
def test_fresh_rows_come_before_noisy_ones_and_those_before_shuffled_ones(
    key: str,
) -> None:
    sections = [made(key, table(3), frame(9)) for table in (frame, noisy, shuffled)]
    scores = [section.score for section in sections]
    assert scores[0] > 0.93
    assert scores[0] > scores[1] + 0.03 > scores[2] + 0.06
    assert scores[2] < 0.05
    if key == "joint":
        areas = [figures(section)["held_out_boosting"] for section in sections]
        assert areas == sorted(areas) and areas[0] < 0.56


def test_only_test_rows_make_rows_unseen() -> None:
    assert "held_out_boosting" not in figures(made("joint", noisy(3)))


@pytest.mark.parametrize("key", ["validity", "columns"])
def test_sections_of_single_columns_claim_nothing_of_relations(key: str) -> None:
    section = made(key, shuffled(3), frame(9))
    assert section.score > 0.97
    assert "rows" not in section.title and "pairs" not in section.title


@pytest.mark.parametrize("key", RELATIONS)
def test_one_column_has_no_relations(key: str) -> None:
    tables = Tables.of(frame(0)[["size"]], frame(1)[["size"]])
    rng = np.random.default_rng(0)
    section = SECTIONS[key](tables, Yardsticks.of(tables, rng), rng)
    assert section.skipped and section.notes[0].startswith("Skipped")


class TestValidity:
    def test_impossible_cells(self) -> None:
        section = made("validity", frame(1).assign(code="N", city="nowhere", size=99.0), frame(2))
        values = figures(section)
        assert values["valid_cells"] == pytest.approx(0.6, abs=0.01)
        assert section.score < 0.3
        assert values["same_dtypes"] == 1

    def test_cells_of_a_column_by_hand(self) -> None:
        real = pd.DataFrame({"a": [1.0, 5.0, 3.0], "b": ["x", "y", None]})
        tables = Tables.of(real, pd.DataFrame({"a": [0.9, 5.0, None], "b": ["x", "z", None]}))
        shares = [valid_share(column, tables.real, tables.synthetic) for column in tables.columns]
        assert shares == pytest.approx([1 / 3, 2 / 3])

    def test_cells_are_judged_as_by_sdmetrics(self) -> None:
        pytest.importorskip("sdmetrics")
        from sdmetrics.single_column import BoundaryAdherence, CategoryAdherence

        real, synthetic = frame(0), noisy(1).assign(city=["north", "west"] * (N_ROWS // 2))
        tables = Tables.of(real, synthetic)
        for column in tables.columns:
            metric = BoundaryAdherence if column.is_number else CategoryAdherence
            expected = metric.compute(real[column.name], synthetic[column.name])
            share = valid_share(column, tables.real, tables.synthetic)
            # Boundaries are judged by sdmetrics without the missing cells, if real ones have some.
            if not real[column.name].isna().any():
                assert share == pytest.approx(expected), column.name

    def test_keys_that_repeat(self) -> None:
        real = frame(0).assign(order_id=range(500, 500 + N_ROWS))
        synthetic = frame(1).assign(order_id=[1, 2] * (N_ROWS // 2))
        tables = Tables.of(real, synthetic)
        rng = np.random.default_rng(0)
        section = validity_section(tables, Yardsticks.of(tables, rng), rng)
        assert figures(section)["unique_keys"] < 0.01

    def test_personal_data_may_repeat(self) -> None:
        mails = [f"user{k // 2:04d}@mail.org" for k in range(N_ROWS)]
        tables = Tables.of(frame(0).assign(mail=mails), frame(1).assign(mail=mails))
        assert list(tables.keys) == ["mail"]
        rng = np.random.default_rng(0)
        section = validity_section(tables, Yardsticks.of(tables, rng), rng)
        assert "unique_keys" not in figures(section)

    def test_missing_keys_are_no_repeated_ones(self) -> None:
        keys = np.array(["a", "b", None, None, "c"], dtype=object)
        assert unique_share(keys, keys) == 1
        assert unique_share(keys[:2], keys) == 0.6
        assert unique_share(keys, keys[2:4]) == 0

    def test_another_dtype_is_said(self) -> None:
        section = made("validity", frame(1).assign(city=lambda f: f["city"].astype("category")))
        # pandas 3 calls it str.
        was = frame(1)["city"].dtype
        assert f"Column 'city' is category, and {was} in the real table." in section.notes
        assert figures(section)["same_dtypes"] == 0.8


class TestColumns:
    def test_shapes_are_those_of_quality_score(self) -> None:
        tables = Tables.of(frame(0), noisy(1))
        shapes = [shape(column, tables.real, tables.synthetic) for column in tables.columns]
        pytest.importorskip("sdmetrics")
        expected = quality_score(frame(0), noisy(1)).column_shapes
        assert np.mean(shapes) == pytest.approx(expected)

    def test_an_identical_table(self) -> None:
        section = made("columns", frame(0), frame(0))
        values = figures(section)
        assert values["column_shapes"] == values["missing"] == 1
        assert values["kl"] == values["js"] == values["wasserstein"] == 0
        assert section.score == 1

    def test_a_column_that_lost_all_cells_is_not_left_out(self) -> None:
        tables = Tables.of(frame(0), frame(1).assign(size=np.nan, city=None))
        assert [shape(column, tables.real, tables.synthetic) for column in tables.columns[:3]][
            ::2
        ] == [0, 0]

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
        for key in ("columns", "pairs"):
            measure = made(key, noisy(1)).measures[0]
            low, high = measure.interval
            assert low < measure.value < high < low + 0.1


class TestPairs:
    def test_shuffled_columns_keep_no_trends(self) -> None:
        scores = {measure.key: measure.score for measure in made("pairs", shuffled(0)).measures}
        assert scores["pair_trends"] < 0.05
        assert scores["possible_rows"] < 0.1

    def test_dependence_without_correlation_is_seen(self) -> None:
        def bent(seed: int) -> pd.DataFrame:
            x = np.random.default_rng(seed).normal(size=N_ROWS)
            return pd.DataFrame({"x": x, "square": x**2})

        tables = Tables.of(bent(0), bent(1), bent(2))
        rng = np.random.default_rng(0)
        yardsticks = Yardsticks.of(tables, rng)
        trends = pairs_section(tables, yardsticks, rng).measures[0]
        assert trends.floor < 0.1 < 0.9 < trends.value
        assert trends.score > 0.97

    def test_dependence_that_is_not_there_in_real_rows_counts_against_a_table(self) -> None:
        made_up = frame(1).assign(load=lambda rows: rows["size"].abs())
        section = made("pairs", made_up, frame(2))
        assert section.measures[0].score < 0.9
        assert set(section.details["Pairs"].iloc[0][["column", "other"]]) & {"load"}

    def test_possible_rows_by_hand(self) -> None:
        real = pd.DataFrame({"a": ["x", "x", "y"] * 9, "b": ["u", "v", "v"] * 9})
        tables = Tables.of(real, pd.DataFrame({"a": ["x", "y", "y"], "b": ["u", "u", "v"]}))
        crossing = Crossing(tables.real, ["a", "b"], len(real))
        assert crossing.possible(tables.synthetic).tolist() == [1, 0, 1]

    def test_trends_by_hand(self) -> None:
        real = pd.DataFrame({"a": ["x", "y"] * 50, "b": ["u", "v"] * 50})
        crossed = pd.DataFrame({"a": ["x", "x", "y", "y"] * 25, "b": ["u", "v"] * 50})
        opposite = real.assign(b=["v", "u"] * 50)
        for table, trends in ((real, 1), (crossed, 0), (opposite, -1)):
            tables = Tables.of(real, table)
            crossing = Crossing(tables.real, ["a", "b"], len(real))
            assert crossing.trends(tables.synthetic) == pytest.approx(trends)

    def test_of_many_columns_some_pairs_are_compared_and_it_says_so(self, monkeypatch) -> None:
        monkeypatch.setattr(pairs, "MAX_CROSSED", 3)
        section = made("pairs", frame(0))
        assert "3 of 5 columns are crossed" in section.notes[1]
        assert len(section.details["Pairs"]) == 3


class TestJoint:
    def test_what_gave_the_table_away_is_named_in_the_first_note(self) -> None:
        section = made("joint", noisy(1), frame(2))
        assert section.notes[0].startswith("What gives the table away: '")
        assert set(section.details) == {"What gave it away", "Pairs"}


@pytest.mark.parametrize(("n_gaps", "whole_columns"), [(0, 1), (1, 0), (4, 1)])
def test_a_table_with_hardly_a_gap_has_a_score_of_its_columns(
    n_gaps: int, whole_columns: int
) -> None:
    def gapped(seed: int, share: float = 0.0) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        table = frame(seed).drop(columns="load")
        gaps = (rng.permutation(N_ROWS) < n_gaps) | (rng.random(N_ROWS) < share)
        table["size"] = table["size"].mask(gaps)
        return table.assign(**{f"empty_{k}": np.nan for k in range(whole_columns)})

    def judged(synthetic: pd.DataFrame) -> Section:
        tables = Tables.of(gapped(0), synthetic, gapped(1))
        rng = np.random.default_rng(0)
        return columns_section(tables, Yardsticks.of(tables, rng), rng)

    like, unlike = judged(gapped(2)), judged(gapped(2, share=0.5))
    assert like.score > 0.97 > 0.9 > unlike.score
