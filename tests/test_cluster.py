"""A Dask cluster: rows are drawn and tables are read on its workers, and come out the same."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.dataset as arrow_dataset
import pytest

from synthwgan import WGANGPSynthesizer
from synthwgan.parts import PartsPlan, write_parts
from synthwgan.table import survey

dask = pytest.importorskip("dask")
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
def settings(quick: dict[str, Any]) -> dict[str, Any]:
    return quick | {"max_steps": 5, "conditional": False}


@pytest.fixture(scope="module")
def model(table: pd.DataFrame, settings: dict[str, Any]) -> WGANGPSynthesizer:
    return WGANGPSynthesizer(**settings).fit(table)


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
    client: Any, model: WGANGPSynthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TypeError, match=r"must be a dask\.distributed\.Client .*, got 'tcp://x'"):
        model.sample_to(tmp_path / "rows", 20, client="tcp://x")
    with pytest.raises(ValueError, match="n_jobs=2 are processes of this machine"):
        model.sample_to(tmp_path / "rows", 20, client=client, n_jobs=2)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'synthwgan\[cluster\]'"):
        model.sample_to(tmp_path / "rows", 20, client=client)
    assert not (tmp_path / "rows").exists()


# Tables that workers read


def dask_frame(table: pd.DataFrame, sizes: list[int], read: Callable[[pd.DataFrame], Any]) -> Any:
    """A frame of Dask with partitions of these sizes, each of which is read by a function."""
    frames, ends = pytest.importorskip("dask.dataframe"), np.cumsum(sizes)
    parts = [table.iloc[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    pieces = [dask.delayed(read)(dask.delayed(part, traverse=False)) for part in parts]
    with dask.config.set({"dataframe.convert-string": False}):
        return frames.from_delayed(pieces, meta=table, verify_meta=False)


def dying(marker: Path) -> Callable[[Any], Any]:
    """A function that gives back what it is given, but ends its process the first time."""

    def read(part: Any) -> Any:
        if not marker.exists():
            marker.touch()
            os._exit(1)
        return part

    return read


def test_a_frame_is_encoded_where_its_partitions_are(
    client: Any,
    table: pd.DataFrame,
    settings: dict[str, Any],
    model: WGANGPSynthesizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In uneven and empty partitions, though a worker dies: the model is that of one process."""
    monkeypatch.setattr(survey, "SAMPLE_ROWS", 400)
    X = dask_frame(table, [0, 500, 1, 0, 690, 9, 0], dying(tmp_path / "died"))
    with client.as_current():
        found = WGANGPSynthesizer(**settings).fit(X)
    assert (tmp_path / "died").exists()
    assert found.digest_ == model.digest_
    in_batches = WGANGPSynthesizer(**settings).fit([table[:500], table[500:]])
    assert found.digest_ == in_batches.digest_


def test_workers_that_die_over_and_over_are_one_clear_error(
    client: Any,
    table: pd.DataFrame,
    settings: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)
    X = dask_frame(table, [600, 600], dying(tmp_path / "died"))
    model = WGANGPSynthesizer(**settings)
    with (
        client.as_current(),
        pytest.raises(RuntimeError, match=r"workers .* died again and again .*smaller partitions"),
    ):
        model.fit(X)
    assert not hasattr(model, "transformer_")


@pytest.mark.slow
@pytest.mark.parametrize("allowed_failures", [0, 3])
def test_rows_of_a_worker_that_is_killed_are_drawn_by_another(
    allowed_failures: int,
    client: Any,
    model: WGANGPSynthesizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", allowed_failures)
    dies = dying(tmp_path / "died")

    class Deadly:
        """The model, but that the second chunk of rows kills who draws it."""

        transformer_, digest_ = model.transformer_, model.digest_

        def _rows(self, *arguments: Any) -> Any:
            rows, chunks = model._rows(*arguments), model._rows(*arguments).in_chunks

            def in_chunks(n_rows: int, chunk_size: int) -> Iterator[Any]:
                del chunk_size
                for place, chunk in enumerate(chunks(n_rows, 30)):
                    yield dies(chunk) if place else chunk

            rows.in_chunks = in_chunks
            return rows

    plan = PartsPlan(300, 50, {"conditions": None, "on_rare": "restrict", "truncation": None})
    drawn = Deadly(), tmp_path / "there", plan, 1, 4
    if not allowed_failures:
        with pytest.raises(
            RuntimeError, match=r"the parts in .* are whole: call it again to go on"
        ):
            write_parts(*drawn, client=client)
    write_parts(*drawn, client=client)
    assert (tmp_path / "died").exists()
    assert len(read(tmp_path / "there")) == 300
    # Nothing is left of the part that it had begun.
    names = [f"part-0000{part}.parquet" for part in range(6)]
    assert sorted(os.listdir(tmp_path / "there")) == ["_synthetic.json", *names]
