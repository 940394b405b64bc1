"""The benchmark of outliers: which way its areas point, and its table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import outliers
from benchmarks.cell import RESULTS, read
from benchmarks.data import Dataset
from benchmarks.page import read_part
from benchmarks.planting import PLANTERS

N_ROWS = 600


@pytest.fixture
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    group = rng.choice(["a", "b", "c"], N_ROWS, p=[0.6, 0.39, 0.01]).astype(object)
    # The colour follows from the group, and the number from both.
    colour = np.where(group == "a", "red", "blue").astype(object)
    number = np.where(group == "a", -1.0, 1.0) * rng.integers(5, 11, N_ROWS)
    table = pd.DataFrame({"number": number, "group": group, "colour": colour})
    return Dataset("table", table[:300], table[300:], ("number",), ("group", "colour"), "group")


def test_inliers_and_planted_rows_share_no_row(dataset: Dataset) -> None:
    inliers, others = outliers.split(dataset.test, seed=3)
    assert (len(inliers), len(others)) == (270, 30)
    assert sorted([*inliers["number"], *others["number"]]) == sorted(dataset.test["number"])


def test_a_perfect_detector_has_area_one_and_its_opposite_zero(dataset: Dataset) -> None:
    def score(rows: pd.DataFrame) -> np.ndarray:
        """High where all is as in the training rows."""
        low, high = dataset.train["number"].min(), dataset.train["number"].max()
        expected = np.where(rows["group"] == "a", "red", "blue")
        sign = np.where(rows["group"] == "a", -1, 1)
        fits = (rows["colour"] == expected) & (np.sign(rows["number"]) == sign)
        return (fits & rows["number"].between(low, high)).to_numpy(dtype=float)

    found = outliers.areas(dataset, score, 2)
    worst = outliers.areas(dataset, lambda rows: -score(rows), 2)
    assert found["unseen pair"] == [1.0, 1.0]
    assert found["out of range"] == [1.0, 1.0]
    for kind in PLANTERS:
        assert worst[kind] == pytest.approx([1 - area for area in found[kind]], abs=2e-4)


def test_constant_scores_have_area_a_half(dataset: Dataset) -> None:
    found = outliers.areas(dataset, lambda rows: np.zeros(len(rows)), 1)
    assert found == {kind: [0.5] for kind in PLANTERS}


@pytest.mark.parametrize("name", ["isolation forest", "local outlier factor"])
def test_peers_see_what_is_out_of_range(name: str, dataset: Dataset) -> None:
    detector = outliers.peers(dataset, seed=0)[name].fit(dataset.train)
    assert outliers.areas(dataset, detector.score_samples, 1)["out of range"][0] > 0.7


def test_every_detector_is_measured_the_same_way(dataset: Dataset, monkeypatch) -> None:
    monkeypatch.setattr(outliers, "N_PLANTINGS", 2)
    monkeypatch.setitem(outliers.BRIEF, "max_steps", 5)

    class Model:
        fit_seconds_ = 1.0

        def score_samples(self, rows: pd.DataFrame) -> np.ndarray:
            return np.zeros(len(rows))

    results = outliers.measure(dataset, 0, Model())
    assert [result["model"] for result in results] == list(outliers.NAMES)
    assert results[0]["figures"] == {kind: [0.5, 0.5] for kind in PLANTERS}
    assert results[1]["figures"] != results[0]["figures"]


def test_the_table_has_a_row_a_detector() -> None:
    result = {
        "date": "2026-01-01T00:00:00+00:00",
        "data_set": "adult",
        "seed": 1,
        "fit_seconds": 2.0,
        "score_seconds": 0.25,
        "machine": {"cpu": "a CPU", "cores": 2},
    }
    figures = {"shuffled": [0.9, 0.8], "out of range": [0.7, 0.7], "unseen pair": [0.6, 0.8]}
    results = [
        {**result, "model": "isolation forest", "figures": figures},
        {**result, "model": "synthwgan", "figures": figures},
    ]
    lines = outliers.table(results).splitlines()
    cells = "0.850 ± 0.071 | 0.700 ± 0.000 | 0.700 ± 0.141 | 2.0 | 0.2 |"
    assert lines[2] == f"| adult | **synthwgan**, defaults | {cells}"
    assert lines[3] == f"| adult | IsolationForest | {cells}"


def test_the_page_shows_the_results() -> None:
    path: Path = RESULTS / outliers.FILE
    assert read_part(outliers.PAGE, "outliers") == outliers.table(read(path)["results"])
