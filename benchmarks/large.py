"""Tables of more rows than memory: what encoding, training and sampling take.

Run from the repository root::

    python -m benchmarks.large --rows 1000000 10000000 100000000 --folder /path/with/room

Adult's training rows are drawn again and again, with noise on their numbers, and written once as
Parquet to a folder inside ``--folder``, which is removed in the end: 10**8 rows need about 4 GB,
and as much again for the encoded rows and for the synthetic ones. Each measurement has a process of
its own. The figures go to ``benchmarks/results/large`` and to the page about large tables.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.scaling import peak_memory_mb
from synthwgan import Conditional, TableTransformer, WGANGPSynthesizer
from synthwgan.io import TableWriter
from synthwgan.io.batches import parquet_of
from synthwgan.table.cache import cached

FOLDER = RESULTS / "large"
PAGE = REPOSITORY / "docs" / "benchmarks" / "large.md"
PACKAGES = ("synthwgan", "torch", "numpy", "pandas", "pyarrow")
DEFAULT_ROWS = (1_000_000,)
ROWS_PER_FILE, ROWS_PER_BATCH = 2_000_000, 200_000
N_STEPS, STEPS_BASE_ROWS = 30, 10_000
ONE_CHUNK = 50_000
TITLES = (
    "rows",
    "Parquet MB",
    "encoded bytes/cell",
    "encoding rows/s",
    "encoding peak MB",
    "fit peak MB",
    "step ms",
    "step ms of 10,000 rows",
    "rank error, points",
    "sampling rows/s",
    "rows/s of one chunk",
    "sampling peak MB",
)


def some_rows(train: pd.DataFrame, n_rows: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return random rows of Adult whose weights, gains and losses are not seen twice so often."""
    rows = train.iloc[rng.integers(len(train), size=n_rows)].reset_index(drop=True)
    weight = rows["fnlwgt"] * rng.lognormal(0, 0.05, n_rows)
    rows["fnlwgt"] = np.rint(weight).astype(np.int64)
    for name in ("capital.gain", "capital.loss"):
        moved = rng.random(n_rows) < 0.2
        noise = np.where(moved, rng.integers(-50, 51, n_rows), 0)
        rows[name] = np.where(rows[name] > 0, np.maximum(rows[name] + noise, 1), 0)
    return rows


def write_table(folder: Path, n_rows: int) -> None:
    """Write a table of so many rows, as several files."""
    train, rng = load("adult").train, np.random.default_rng(0)
    folder.mkdir()
    for part, start in enumerate(range(0, n_rows, ROWS_PER_FILE)):
        left = min(ROWS_PER_FILE, n_rows - start)
        with TableWriter(folder / f"adult-{part:04d}.parquet") as writer:
            for first in range(0, left, ROWS_PER_BATCH):
                writer.write(some_rows(train, min(ROWS_PER_BATCH, left - first), rng))


def size_mb(folder: Path) -> float:
    """Size of the files in a folder, in MB."""
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def measure_encoding(folder: Path, cache: Path) -> dict[str, float]:
    """Learn the encoders, encode all rows, and compare ranks with those of the whole column."""
    dataset = parquet_of(folder)
    started = time.perf_counter()
    transformer = TableTransformer(rules="auto", random_state=0).fit(dataset)
    learned = time.perf_counter()
    parts = transformer.encode_batches(dataset, random_state=0)
    encoded = cached(parts, transformer.layout_, cache)
    seconds = time.perf_counter() - started
    figures = {
        "learning_seconds": learned - started,
        "encoding_seconds": seconds,
        "bytes_per_cell": encoded.nbytes / len(encoded) / len(transformer.columns_),
        "encoding_peak_mb": peak_memory_mb(),
    }
    # After the peak was read: here a whole column is in memory.
    return {**figures, "rank_error_points": rank_error(transformer, folder)}


def rank_error(transformer: TableTransformer, folder: Path) -> float:
    """Return by how many hundredths the rank of a number is off, at most, over all columns."""
    worst = 0.0
    for name, column in zip(transformer.column_index_, transformer.columns_, strict=True):
        if not column.has_value:
            continue
        batches = parquet_of(folder).to_batches(columns=[name])
        numbers = np.sort(np.concatenate([batch.column(0).to_numpy() for batch in batches]))
        keys = column.grid.to_keys(numbers)
        keys = keys[~np.isin(keys, column.levels)]
        some = keys[:: max(1, len(keys) // 100_000)]
        first, last = (np.searchsorted(keys, some, side) / len(keys) for side in ("left", "right"))
        found = column.ranks.to_ranks(some)
        off = np.maximum(np.maximum(first - found, found - last), 0)
        worst = max(worst, 100 * float(off.max()))
    return worst


def measure_fit(folder: Path, cache: Path, model_file: Path) -> dict[str, float]:
    """Fit for a few steps, and save the model."""
    few = {"max_steps": N_STEPS, "conditional": Conditional(max_steps=N_STEPS)}
    model = WGANGPSynthesizer(**few, rejection=1, random_state=0)
    model.fit(folder, cache_dir=cache)
    model.save(model_file)
    steps = model.history_["phase"] == "whole rows"
    return {
        "fit_peak_mb": peak_memory_mb(),
        "step_milliseconds": 1000 * float(model.history_["seconds"][steps].max()) / N_STEPS,
    }


def measure_base() -> dict[str, float]:
    """Milliseconds of a step of few rows in memory."""
    rows = load("adult").train.iloc[:STEPS_BASE_ROWS]
    model = WGANGPSynthesizer(
        max_steps=N_STEPS, conditional=False, rejection=None, batch_size=1000, random_state=0
    ).fit(rows)
    return {"base_step_milliseconds": 1000 * model.fit_seconds_ / model.n_iter_}


def measure_sampling(model_file: Path, folder: Path, n_rows: int) -> dict[str, float]:
    """Draw rows into a folder, after one chunk in memory."""
    torch.set_num_threads(1)
    model = WGANGPSynthesizer.load(model_file)
    model.sample(1000)
    started = time.perf_counter()
    model.sample(ONE_CHUNK, random_state=0)
    of_chunk = ONE_CHUNK / (time.perf_counter() - started)
    started = time.perf_counter()
    model.sample_to(folder, n_rows, random_state=0)
    return {
        "sampling_rows_per_second": n_rows / (time.perf_counter() - started),
        "chunk_rows_per_second": of_chunk,
        "sampling_peak_mb": peak_memory_mb(),
    }


def measure(n_rows: int, n_sampled: int, folder: Path) -> dict[str, Any]:
    """Measure one size, each part of it in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder, prefix="large-") as name:
        own = Path(name)
        table, model_file = own / "table", own / "model.safetensors"
        _alone(write_table, table, n_rows)
        figures = {"parquet_mb": size_mb(table)}
        figures |= _alone(measure_encoding, table, own)
        figures |= _alone(measure_fit, table, own, model_file)
        figures |= _alone(measure_base)
        figures |= _alone(measure_sampling, model_file, own / "rows", n_sampled)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": n_rows,
        "sampled": n_sampled,
        **figures,
        "machine": machine(PACKAGES),
    }


def _alone(work: Any, *arguments: Any) -> Any:
    """Do some work in a fresh process, whose peak of memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def table(results: Iterable[dict[str, Any]]) -> str:
    """Return the results as Markdown, with day and machine below."""
    results = sorted(results, key=lambda result: result["rows"])
    cells = [_cells(result) for result in results]
    sampled = ", ".join(f"{result['sampled']:,}" for result in results)
    return (
        f"{markdown_table(TITLES, cells)}\n\n{measured(results)} Rows drawn into Parquet, by one "
        f"process: {sampled}."
    )


def _cells(result: dict[str, Any]) -> list[str]:
    return [
        f"{result['rows']:,}",
        f"{result['parquet_mb']:,.0f}",
        f"{result['bytes_per_cell']:.2f}",
        f"{result['rows'] / result['encoding_seconds']:,.0f}",
        f"{result['encoding_peak_mb']:,.0f}",
        f"{result['fit_peak_mb']:,.0f}",
        f"{result['step_milliseconds']:.0f}",
        f"{result['base_step_milliseconds']:.0f}",
        f"{result['rank_error_points']:.4f}",
        f"{result['sampling_rows_per_second']:,.0f}",
        f"{result['chunk_rows_per_second']:,.0f}",
        f"{result['sampling_peak_mb']:,.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = _parser().parse_args(arguments)
    for n_rows in options.rows:
        result = measure(n_rows, options.sampled or n_rows, options.folder)
        write(result, FOLDER / f"rows-{n_rows}.json")
        print(" | ".join(_cells(result)), flush=True)
    write_part(PAGE, "large", table(read(path) for path in FOLDER.glob("*.json")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, nargs="+", default=list(DEFAULT_ROWS))
    parser.add_argument("--sampled", type=int, help="rows to draw; by default as many")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    return parser


if __name__ == "__main__":
    main()
