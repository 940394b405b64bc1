"""The benchmark of large tables measures what it says, and its page shows it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import large
from benchmarks.cell import read
from benchmarks.page import read_part


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """2500 rows of Adult's columns in three files."""
    monkeypatch.setattr(large, "ROWS_PER_FILE", 1000)
    monkeypatch.setattr(large, "ROWS_PER_BATCH", 600)
    large.write_table(tmp_path / "table", 2500)
    return tmp_path / "table"


def test_rows_are_those_of_adult_with_noise(folder: Path) -> None:
    files = sorted(folder.iterdir())
    assert [len(pd.read_parquet(file)) for file in files] == [1000, 1000, 500]
    rows = pd.concat(map(pd.read_parquet, files))
    adult = large.load("adult").train
    assert list(rows.columns) == list(adult.columns)
    assert rows.dtypes.equals(adult.dtypes)
    # Hardly a weight comes twice, so that the column is a long one.
    assert rows["fnlwgt"].nunique() > 0.98 * len(rows)
    assert (rows["capital.gain"] == 0).mean() == pytest.approx(0.92, abs=0.03)


def test_encoding_is_measured(folder: Path, tmp_path: Path) -> None:
    figures = large.measure_encoding(folder, tmp_path)
    assert 0 < figures["learning_seconds"] < figures["encoding_seconds"]
    assert 1 < figures["bytes_per_cell"] < 3
    # Exact: the rank of a number that occurs once is the middle of its row.
    assert figures["rank_error_points"] < 1e-6


def test_a_wrong_rank_is_found(folder: Path) -> None:
    transformer = large.TableTransformer(random_state=0).fit(large.parquet_of(folder))
    ranks = transformer.columns_[list(transformer.column_index_).index("fnlwgt")].ranks
    ranks.lower, ranks.upper = (np.minimum(ends + 0.01, 1.0) for ends in (ranks.lower, ranks.upper))
    assert large.rank_error(transformer, folder) == pytest.approx(1.0, abs=0.1)


def test_the_page_shows_the_results() -> None:
    results = [read(path) for path in large.FOLDER.glob("*.json")]
    assert results
    assert read_part(large.PAGE, "large") == large.table(results)
