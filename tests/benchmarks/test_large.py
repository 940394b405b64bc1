"""The benchmark of large tables measures what it says, and its page shows it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import large, large_peers
from benchmarks.cell import read
from benchmarks.page import read_part
from synthwgan.training.config import auto_max_steps


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


def test_a_wrong_rank_is_found(folder: Path) -> None:
    transformer = large.TableTransformer(random_state=0).fit(large.parquet_of(folder))
    # Exact: the rank of a number that occurs once is the middle of its row.
    assert large.rank_error(transformer, folder) < 1e-6
    ranks = transformer.columns_[list(transformer.column_index_).index("fnlwgt")].ranks
    ranks.lower, ranks.upper = (np.minimum(ends + 0.01, 1.0) for ends in (ranks.lower, ranks.upper))
    assert large.rank_error(transformer, folder) == pytest.approx(1.0, abs=0.1)


def test_files_that_are_there_are_not_written_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, last = sorted(folder.iterdir())
    rows = pd.read_parquet(second)
    first.write_bytes(b"")
    second.unlink()
    large.write_table(folder, 2500)
    assert first.read_bytes() == b"" and pd.read_parquet(second).equals(rows)
    # Half of a file is none.
    second.unlink()
    monkeypatch.setattr(large, "some_rows", lambda *_: time.sleep(60))
    with large.ending_after(0.2):
        large.write_table(folder, 2500)
    assert sorted(folder.iterdir()) == [first, last]


def test_a_measurement_goes_on_where_it_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Phase by phase; drawing takes as many calls as it needs, and its seconds add up."""
    figures = {"bytes_per_cell": 2.0, "encoding_peak_mb": 1.0, "encoding_seconds": 2.0}
    figures |= {"fit_peak_mb": 1.0, "step_milliseconds": 1.0, "rank_error_points": 0.0}
    figures |= {"base_step_milliseconds": 1.0}
    drawn, done = [], []
    monkeypatch.setattr(large, "write_table", lambda folder, n_rows: {"parquet_mb": 1.0})

    def alone(work: Any, *arguments: Any) -> dict[str, float]:
        done.append(getattr(work, "__name__", ""))
        if work is large._within:
            return work(*arguments)
        if work is not large.measure_sampling:
            return dict(figures)
        drawn.append(arguments)
        peak = 5.0 if len(drawn) == 1 else 3.0
        found = {"sampled": 50 * len(drawn), "sample_seconds": 2.0, "sampling_peak_mb": peak}
        return {**found, "jobs": 1, "chunk_rows_per_second": 1, "drawn_chunk_rows_per_second": 1}

    monkeypatch.setattr(large, "_alone", alone)
    lines: list[str] = []
    assert not large.Measurement(1000, 100, 1, tmp_path).run(0.0, lines.append)
    assert not done and "'write' is left" in lines[-1]
    measurement = large.Measurement(1000, 100, 1, tmp_path)
    assert measurement.run(60.0, lines.append)
    assert len(drawn) == 2 and len(done) == len(large.PHASES) + 1
    again = large.Measurement(1000, 100, 1, tmp_path)
    assert again.run(60.0, lines.append) and len(drawn) == 2
    result = again.result()
    assert result["sampling_rows_per_second"] == 25 and result["sampling_peak_mb"] == 5
    assert large.table([result]).count("| 1,000 |") == 2


def test_a_phase_may_start_processes() -> None:
    # A process of a multiprocessing.Pool refuses. What is imported for this one is cheap.
    start = "__import__('multiprocessing').Process(target=abs, args=(-3,)).start()"
    assert large._alone(eval, start) is None


def test_the_page_shows_the_results() -> None:
    results = [read(path) for path in large.FOLDER.glob("rows-*.json")]
    assert results
    assert read_part(large.PAGE, "large") == large.table(results)
    peers = read(large_peers.FILE)["results"]
    assert read_part(large.PAGE, "peers") == large_peers.table(peers)


def test_our_half_of_the_comparison_is_measured(folder: Path) -> None:
    figures = large_peers.fit_folder(folder)
    # 2.5 batches an epoch, and as many steps as a default fit has.
    assert figures["epochs"] == pytest.approx(auto_max_steps(2500) / 2.5)
    assert all(figures[name] > 0 for name in ("before", "epoch", "peak_mb"))
