"""The tables whose worth is known are what their names say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks import reports
from benchmarks.data import load


def test_candidates_are_what_they_are_called(tmp_path):
    dataset = load("breast_cancer")
    rows = dataset.train.head(10)
    rows.to_parquet(tmp_path / "breast_cancer-synthwgan-s0-t1.parquet")
    tables, test = reports.candidates(dataset, 0, tmp_path)
    assert list(tables) == ["real", "synthwgan", "shuffled", "copies"]
    halves = pd.concat([tables["real"], test]).sort_index()
    pd.testing.assert_frame_equal(halves, dataset.test.sort_index())
    pd.testing.assert_frame_equal(tables["synthwgan"], rows)
    shuffled, first, second = tables["shuffled"], *dataset.train.columns[:2]
    for name in (first, second):
        assert sorted(shuffled[name]) == sorted(dataset.train[name])
    correlations = [frame[first].corr(frame[second]) for frame in (dataset.train, shuffled)]
    assert abs(correlations[0]) > abs(correlations[1]) + 0.1


def test_the_table_has_a_row_a_model_in_hundredths():
    figures = dict.fromkeys(("score", *reports.SECTIONS), 0.5) | {"privacy": np.nan}
    results = [
        reports.result_of(name, load("breast_cancer"), 0, (), figures=figures, seconds=3.0)
        for name in ("shuffled", "real")
    ]
    lines = reports.table(results).splitlines()
    assert "real rows, never seen | 50 | 50 | 50 | 50 | 50 | 50 | – | 3 |" in lines[2]
    assert "shuffled" in lines[3]
