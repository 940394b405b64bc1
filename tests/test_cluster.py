"""A Dask cluster: rows are drawn and tables are read on its workers, and come out the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.dataset as arrow_dataset
import pytest

from synthwgan import WGANGPSynthesizer

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster of two workers on this machine."""
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        distributed.LocalCluster(**options, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Numbers with spikes and gaps, categories of which one is rare, and keys."""
    rng, n_rows = np.random.default_rng(1), 1200
    return pd.DataFrame(
        {
            "key": [f"C-{place:05d}" for place in rng.permutation(90_000)[:n_rows]],
            "age": rng.integers(17, 91, n_rows),
            "gain": np.where(rng.random(n_rows) < 0.7, 0, rng.integers(1, 9000, n_rows)),
            "size": np.where(rng.random(n_rows) < 0.1, np.nan, rng.normal(170, 9, n_rows).round(1)),
            "job": rng.choice(["a", "b", "c", "d"], n_rows, p=[0.5, 0.3, 0.19, 0.01]),
        }
    )


@pytest.fixture(scope="module")
def model(table: pd.DataFrame, quick: dict[str, Any]) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(**quick | {"max_steps": 5, "conditional": False}).fit(table)


def read(folder: Path) -> pd.DataFrame:
    return arrow_dataset.dataset(folder).to_table().to_pandas()


# Rows that workers draw


def test_workers_draw_the_rows_that_one_process_draws(
    client: Any, model: WGANGPSynthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model.sample_to("here", 500, rows_per_part=150, random_state=4)
    # Begun on the cluster, interrupted, and gone on with there.
    model.sample_to("there", 500, rows_per_part=150, random_state=4, client=client)
    whole, times = read(tmp_path / "there"), {}
    for file in sorted(Path("there").glob("*.parquet"))[1:]:
        times[file] = file.stat().st_mtime_ns
    Path("there/part-00000.parquet").unlink()
    model.sample_to("there", 500, rows_per_part=150, client=client)
    pd.testing.assert_frame_equal(whole, read(tmp_path / "here"))
    pd.testing.assert_frame_equal(read(tmp_path / "there"), whole)
    assert times == {file: file.stat().st_mtime_ns for file in times}
    assert whole["key"].is_unique


def test_a_folder_that_workers_do_not_see_is_an_error(
    client: Any, model: WGANGPSynthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of another machine: there is a folder of that name, which others rows were begun in.
    model.sample_to(tmp_path / "theirs", 20, rows_per_part=10, random_state=5)
    begun = Path.absolute
    monkeypatch.setattr(
        Path,
        "absolute",
        lambda path: begun(path.with_name("theirs") if path.name == "ours" else path),
    )
    with pytest.raises(RuntimeError, match="does not see what is in .*: name a folder that all"):
        model.sample_to(tmp_path / "ours", 40, rows_per_part=10, random_state=4, client=client)
    assert [file.name for file in (tmp_path / "ours").iterdir()] == ["_synthetic.json"]


def test_what_is_no_client_is_refused(
    client: Any, model: WGANGPSynthesizer, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match=r"must be a dask\.distributed\.Client .*, got 'tcp://x'"):
        model.sample_to(tmp_path / "rows", 20, client="tcp://x")
    with pytest.raises(ValueError, match="n_jobs=2 are processes of this machine"):
        model.sample_to(tmp_path / "rows", 20, client=client, n_jobs=2)
    assert not (tmp_path / "rows").exists()
