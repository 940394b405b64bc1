"""Tables of more rows than memory: what encoding, training and sampling take.

Run from the repository root::

    python -m benchmarks.large --rows 1000000 10000000 --folder /path/with/room
    python -m benchmarks.large --rows 100000000 --folder /path/with/room --seconds 500
    python -m benchmarks.large --peers ctgan argn synthwgan --rows 100000

Adult's training rows are drawn again and again, with noise on their numbers, and written once as
Parquet to a folder inside ``--folder``: 10**8 rows need about 2 GB, 4 GB more while they are
encoded, and 2 GB for the synthetic ones. The work has phases, each in a process of its own, whose
figures are kept in that folder. With ``--seconds`` the command ends soon after so many: writing and
drawing stop at once, with the files that are whole, and no other phase begins. Called again it goes
on, and in the end the folder is removed. The figures go to ``benchmarks/results/large`` and to the
page about large tables.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import torch

from benchmarks import large_peers
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
ONE_CHUNK, N_CHUNKS = 50_000, 3
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
    "the same, not written",
    "sampling peak MB",
)
PHASES = ("write", "encode", "fit", "ranks", "base", "sample")
PHASE_TITLES = ("rows", *(f"{phase} s" for phase in PHASES), "processes that draw")


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


def write_table(folder: Path, n_rows: int) -> dict[str, float]:
    """Write the files that lack of a table of so many rows, each whole or not at all."""
    train = load("adult").train
    folder.mkdir(exist_ok=True)
    for part, start in enumerate(range(0, n_rows, ROWS_PER_FILE)):
        file, left = folder / f"adult-{part:04d}.parquet", min(ROWS_PER_FILE, n_rows - start)
        if file.exists():
            continue
        rng = np.random.default_rng([0, part])
        with TableWriter(file) as writer:
            for first in range(0, left, ROWS_PER_BATCH):
                writer.write(some_rows(train, min(ROWS_PER_BATCH, left - first), rng))
    return {"parquet_mb": size_mb(folder)}


def size_mb(folder: Path) -> float:
    """Size of the files in a folder, in MB."""
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def measure_encoding(folder: Path, cache: Path) -> dict[str, float]:
    """Learn the encoders, and encode all rows."""
    dataset = parquet_of(folder)
    started = time.perf_counter()
    transformer = TableTransformer(rules="auto", random_state=0).fit(dataset)
    learned = time.perf_counter()
    parts = transformer.encode_batches(dataset, random_state=0)
    encoded = cached(parts, transformer.layout_, cache)
    seconds = time.perf_counter() - started
    return {
        "learning_seconds": learned - started,
        "encoding_seconds": seconds,
        "bytes_per_cell": encoded.nbytes / len(encoded) / len(transformer.columns_),
        "encoding_peak_mb": peak_memory_mb(),
    }


def measure_ranks(model_file: Path, folder: Path) -> dict[str, float]:
    """Compare the ranks that a model learnt with those of whole columns, one in memory at once."""
    transformer = WGANGPSynthesizer.load(model_file).transformer_
    return {"rank_error_points": rank_error(transformer, folder)}


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


def measure_sampling(
    model_file: Path, folder: Path, n_rows: int, n_jobs: int, seconds: float
) -> dict[str, float]:
    """Draw rows into a folder for at most so many seconds, after some chunks."""
    torch.set_num_threads(1)
    model = WGANGPSynthesizer.load(model_file)
    drawn, written = (_rate_of_chunk(work) for work in _chunks(model))
    before, started = _rows_in(folder), time.time()
    with ending_after(seconds):
        model.sample_to(folder, n_rows, n_jobs=n_jobs, random_state=0)
    # What was begun and not finished is neither counted nor timed.
    ended = max((part.stat().st_mtime for part in folder.glob("*.parquet")), default=started)
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "sampled": _rows_in(folder),
        "sampled_now": _rows_in(folder) - before,
        "sample_seconds": max(0.0, ended - started),
        "chunk_rows_per_second": written,
        "drawn_chunk_rows_per_second": drawn,
        "sampling_peak_mb": max(peak_memory_mb(), of_children),
        "jobs": n_jobs,
    }


def _chunks(model: WGANGPSynthesizer) -> Iterator[Callable[[int], Any]]:
    """What draws one chunk: in memory, and into Parquet."""
    yield lambda seed: model.sample(ONE_CHUNK, random_state=seed)
    with tempfile.TemporaryDirectory() as name:
        yield lambda seed: model.sample_to(f"{name}/{seed}", ONE_CHUNK, random_state=seed)


def _rate_of_chunk(work: Callable[[int], Any]) -> float:
    """Rows a second, the median of some chunks after a first."""
    taken = []
    for seed in range(1 + N_CHUNKS):
        started = time.perf_counter()
        work(seed)
        taken.append(time.perf_counter() - started)
    return ONE_CHUNK / float(np.median(taken[1:]))


def _rows_in(folder: Path) -> int:
    return sum(pq.read_metadata(part).num_rows for part in folder.glob("*.parquet"))


class _Late(BaseException):
    """The seconds are over."""


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """End what is done inside after so many seconds, at the latest, without an error."""

    def end(*_: object) -> None:
        raise _Late

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _Late:
        pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Measurement:
    """One size, measured phase by phase; what is done is kept in its folder.

    Parameters
    ----------
    n_rows, n_sampled : int
        Rows of the table, and rows to draw.
    n_jobs : int
        Processes that draw.
    folder : Path
        Where its own folder is made.
    """

    def __init__(self, n_rows: int, n_sampled: int, n_jobs: int, folder: Path) -> None:
        self.n_rows, self.n_sampled, self.n_jobs = n_rows, n_sampled, n_jobs
        self.own = folder / f"large-{n_rows}"
        self.own.mkdir(parents=True, exist_ok=True)
        self.file = self.own / "figures.json"
        self.figures: dict[str, Any] = read(self.file) if self.file.exists() else {}

    def run(self, seconds: float, report: Callable[[str], None] = print) -> bool:
        """Do what lacks; return whether all is done. No phase begins after so many seconds."""
        until = time.monotonic() + seconds
        for phase in PHASES:
            while not self._is_done(phase):
                left = until - time.monotonic()
                if left <= 0:
                    report(f"the phase {phase!r} is left for another call")
                    return False
                self._do(phase, left)
                write(self.figures, self.file)
                report(f"{phase}: {self.figures[f'{phase}_seconds']:.0f} s")
        return True

    def _is_done(self, phase: str) -> bool:
        if phase == "write":
            return "parquet_mb" in self.figures
        if phase == "sample":
            return self.figures.get("sampled") == self.n_sampled
        return f"{phase}_seconds" in self.figures

    def _do(self, phase: str, left: float) -> None:
        table, model, rows = (self.own / name for name in ("table", "model.safetensors", "rows"))
        before = self.figures
        started = time.perf_counter()
        if phase == "write":
            found = _alone(_within, left, write_table, table, self.n_rows)
        elif phase == "encode":
            found = _alone(measure_encoding, table, self.own)
        elif phase == "fit":
            found = _alone(measure_fit, table, self.own, model)
        elif phase == "ranks":
            found = _alone(measure_ranks, model, table)
        elif phase == "base":
            found = _alone(measure_base)
        else:
            found = _alone(measure_sampling, model, rows, self.n_sampled, self.n_jobs, left)
            peaks = (each.get("sampling_peak_mb", 0) for each in (before, found))
            found["sampling_peak_mb"] = max(peaks)
        spent = found.pop("sample_seconds", time.perf_counter() - started)
        spent += before.get(f"{phase}_seconds", 0)
        self.figures = before | found | {f"{phase}_seconds": spent}

    def result(self) -> dict[str, Any]:
        """All figures, of a measurement that is done."""
        rate = self.figures["sampled"] / self.figures["sample_seconds"] / self.figures["jobs"]
        return {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": self.n_rows,
            **self.figures,
            "sampling_rows_per_second": rate,
            "machine": machine(PACKAGES),
        }


def _within(seconds: float, work: Callable[..., dict[str, float]], *arguments: Any) -> Any:
    """Return what some work finds within so many seconds, or nothing."""
    with ending_after(seconds):
        return work(*arguments)
    return {}


def _alone(work: Any, *arguments: Any) -> Any:
    """Do some work in a fresh process, whose peak of memory is its own."""
    # Processes of a multiprocessing.Pool may start no others, as drawing does.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def table(results: Iterable[dict[str, Any]]) -> str:
    """Return the results as Markdown, with day and machine below."""
    results = sorted(results, key=lambda result: result["rows"])
    sampled = ", ".join(f"{result['sampled']:,}" for result in results)
    parts = [
        markdown_table(TITLES, map(_cells, results)),
        f"{measured(results)} Rows drawn into Parquet: {sampled}.",
    ]
    timed = [result for result in results if "jobs" in result]
    if timed:
        parts.insert(1, markdown_table(PHASE_TITLES, map(_phase_cells, timed)))
    return "\n\n".join(parts)


def _phase_cells(result: dict[str, Any]) -> list[str]:
    seconds = [f"{result[f'{phase}_seconds']:,.0f}" for phase in PHASES]
    return [f"{result['rows']:,}", *seconds, str(result["jobs"])]


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
        f"{result['chunk_rows_per_second']:,.0f}" if "chunk_rows_per_second" in result else "",
        f"{result['drawn_chunk_rows_per_second']:,.0f}",
        f"{result['sampling_peak_mb']:,.0f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = _parser().parse_args(arguments)
    if options.peers:
        large_peers.compare(options.peers, options.rows, options.folder, write_table)
        write_part(PAGE, "peers", large_peers.table(read(large_peers.FILE)["results"]))
        return
    until = time.monotonic() + options.seconds
    for n_rows in options.rows:
        n_sampled = options.sampled or n_rows
        measurement = Measurement(n_rows, n_sampled, options.jobs, options.folder)
        if not measurement.run(until - time.monotonic()):
            break
        result = measurement.result()
        write(result, FOLDER / f"rows-{n_rows}.json")
        print(" | ".join(_cells(result)), flush=True)
        shutil.rmtree(measurement.own)
    write_part(PAGE, "large", table(read(path) for path in FOLDER.glob("rows-*.json")))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rows", type=int, nargs="+", default=list(DEFAULT_ROWS))
    parser.add_argument("--sampled", type=int, help="rows to draw; by default as many")
    parser.add_argument("--jobs", type=int, default=1, help="processes that draw")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--seconds", type=float, default=1e6, help="end soon after so many")
    parser.add_argument("--peers", nargs="+", choices=large_peers.MODELS, help="compare these")
    return parser


if __name__ == "__main__":
    main()
