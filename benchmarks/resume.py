"""Kill fits at random moments, let them go on from their checkpoints, and compare the models.

Each fit is a process of its own, which writes a checkpoint after every logged step. It is ended by
SIGKILL, which nothing can catch, at a random moment in a phase of the fit; then the same fit runs
to its end. The model, its history and its rows must be those of a fit that was never ended. A kill
that found the fit in another phase is counted as too late, and another one is tried. What a
checkpoint costs is measured on Adult, with the networks of a default fit.

    python -m benchmarks.resume --cost
    python -m benchmarks.resume --phases encoding saving

Each phase is written as it is done. The tables go to ``benchmarks/results/resume.json`` and to the
page about robustness.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.digests import digest
from benchmarks.page import markdown_table, measured, write_part
from synthwgan import MLP, Checkpoint, Residual, WGANGPSynthesizer
from synthwgan.training.checkpoint import Checkpoints, PhaseCheckpoint

FILE = "resume.json"
MODEL, CHECKPOINT = "model.safetensors", "fit.ckpt"
PAGE = REPOSITORY / "docs" / "benchmarks" / "robustness.md"
N_KILLS = 50
PHASES = ("encoding", "whole rows", "conditions", "calibration", "rejection", "saving")
TITLES = ("killed while", "fits", "with a checkpoint", "the same model", "too late, not counted")
COUNTS = ("killed", "kept", "same", "late")
# A phase may end before the kill: so many moments are tried for each one that is wanted.
MAX_TRIES = 20
PATIENCE = 300
# What the package's logger says when a phase begins.
BEGINNINGS = {
    "encoding the table": "encoding",
    "training: whole rows": "whole rows",
    "training: conditions": "conditions",
    "calibration: making the distribution of each column exact": "calibration",
    "rejection: learning which drawn rows to keep": "rejection",
}
SETTINGS = {
    "generator": Residual(latent_dim=8, width=16, layers=1),
    "critic": MLP(width=16),
    "batch_size": 32,
    "max_steps": 12,
    "rejection": 1,
    "device": "cpu",
    "precision": "float32",
    "random_state": 0,
}
MEASURED_STEPS, STEPS_BETWEEN_LOGS, SECONDS_BETWEEN_WRITES = 100, 100, 60


def make_table(n_rows: int = 1000) -> pd.DataFrame:
    """Return an invented table of numbers, categories, dates and keys, with a rule."""
    rng = np.random.default_rng(0)
    size = rng.lognormal(size=n_rows).round(2)
    table = pd.DataFrame(
        {
            "key": [f"k{number:05d}" for number in rng.permutation(n_rows)],
            "size": size,
            "price": (3 * size + rng.normal(size=n_rows)).round(2),
            "kind": np.where(size > 1, "large", rng.choice(["small", "tiny"], n_rows)),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, n_rows), "D"),
        }
    )
    return table.assign(total=table["size"] + table["price"])


class _Phases(logging.Handler):
    """Sends the beginnings of phases."""

    def __init__(self, pipe: Connection) -> None:
        super().__init__()
        self.pipe = pipe

    def emit(self, record: logging.LogRecord) -> None:
        phase = BEGINNINGS.get(record.getMessage())
        if phase is not None:
            self.pipe.send((phase, time.perf_counter()))


def _fit(table: pd.DataFrame, folder: Path, pipe: Connection) -> None:
    """Fit and save a model; send the phases, and in the end what the model is."""
    logger = logging.getLogger("synthwgan")
    logger.addHandler(_Phases(pipe))
    logger.setLevel(logging.INFO)
    checkpoint = Checkpoint(folder / CHECKPOINT, every=0)
    model = WGANGPSynthesizer(**SETTINGS).fit(table, checkpoint=checkpoint)
    pipe.send(("saving", time.perf_counter()))
    path = folder / MODEL
    model.save(path)
    pipe.send(("saved", time.perf_counter()))
    loaded = WGANGPSynthesizer.load(path, device="cpu")
    rows = loaded.sample(100, random_state=0)
    history = model.history_.drop(columns="seconds")
    pipe.send(("done", digest(loaded.digest_, history, rows, loaded.acceptance_rate_)))


@contextmanager
def _process(table: pd.DataFrame, folder: Path) -> Iterator[tuple[Any, Connection]]:
    """A fit in a process of its own, and the end of a pipe in which it says where it is."""
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_fit, args=(table, folder, sending))
    process.start()
    sending.close()
    try:
        yield process, receiving
    finally:
        process.kill()
        process.join()


def run(table: pd.DataFrame, folder: Path) -> tuple[str, dict[str, float]]:
    """Let a fit run to its end; return its digest, and the seconds of its phases."""
    began: dict[str, float] = {}
    with _process(table, folder) as (_, pipe):
        while True:
            phase, said = _receive(pipe)
            if phase == "done":
                break
            began[phase] = said
    starts = list(began.items())
    return said, {
        phase: end - start for (phase, start), (_, end) in zip(starts, starts[1:], strict=False)
    }


def _receive(pipe: Connection) -> Any:
    if not pipe.poll(PATIENCE):
        raise TimeoutError("a fit says nothing")
    return pipe.recv()


def kill(table: pd.DataFrame, folder: Path, phase: str, after: float) -> str:
    """Kill a fit so many seconds after a phase began; return in which one it was."""
    with _process(table, folder) as (process, pipe):
        found = ""
        while found != phase:
            found, _ = _receive(pipe)
        time.sleep(after)
        process.kill()
        process.join()
        try:
            while pipe.poll():
                found, _ = pipe.recv()
        except EOFError:
            pass
    return found


def kill_in(
    table: pd.DataFrame, phase: str, moments: Iterator[float], expected: str, n_kills: int
) -> dict[str, int]:
    """Kill so many fits in a phase, let them go on, and count.

    Returns
    -------
    dict
        ``killed`` in this phase; ``late`` those that had left it, which are not among them; of
        the killed, ``kept`` those that left a checkpoint, and ``same`` those with the same model.
    """
    counts = dict.fromkeys(COUNTS, 0)
    for after in islice(moments, MAX_TRIES * n_kills):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            if kill(table, folder, phase, after) != phase:
                counts["late"] += 1
                continue
            counts["killed"] += 1
            counts["kept"] += (folder / CHECKPOINT).exists()
            if (folder / MODEL).exists():
                # Whole or not at all: half of a model would be an error here.
                WGANGPSynthesizer.load(folder / MODEL, device="cpu")
            counts["same"] += run(table, folder)[0] == expected
        if counts["killed"] == n_kills:
            break
    return counts


def kills(
    table: pd.DataFrame, phases: Iterable[str], n_kills: int, seed: int
) -> Iterator[tuple[str, dict[str, int]]]:
    """Kill fits in each phase, let them go on, and count the models that are the same."""
    with tempfile.TemporaryDirectory() as folder:
        expected, _ = run(table, Path(folder))
    for phase in phases:
        # Anew for each phase: the first fit of all is slower, and other programs come and go.
        with tempfile.TemporaryDirectory() as folder:
            _, seconds = run(table, Path(folder))
        rng = random.Random(f"{phase} {seed}")
        moments = iter(partial(rng.uniform, 0, seconds[phase]), None)
        yield phase, kill_in(table, phase, moments, expected, n_kills)


def cost(n_steps: int = MEASURED_STEPS) -> dict[str, float]:
    """Measure copies and writes of a default fit's state, in seconds, and bytes of the file."""
    seconds: dict[str, list[float]] = {"copy": [], "write": []}
    plain = PhaseCheckpoint._copy, Checkpoints.write

    def timed(name: str, function: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            started = time.perf_counter()
            function(*arguments)
            seconds[name].append(time.perf_counter() - started)

        return call

    PhaseCheckpoint._copy, Checkpoints.write = timed("copy", plain[0]), timed("write", plain[1])
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fit.ckpt"
            model = WGANGPSynthesizer(
                max_steps=n_steps, conditional=False, rejection=None, device="cpu", random_state=0
            ).fit(load("adult").train, checkpoint=Checkpoint(path, every=0))
            n_bytes = path.stat().st_size
    finally:
        PhaseCheckpoint._copy, Checkpoints.write = plain
    copying, writing = (float(np.median(seconds[name])) for name in ("copy", "write"))
    step = (model.fit_seconds_ - sum(map(sum, seconds.values()))) / n_steps
    between_logs = max(STEPS_BETWEEN_LOGS * step, 1e-9)
    share = copying / between_logs + writing / max(SECONDS_BETWEEN_WRITES, between_logs)
    return {"copy": copying, "write": writing, "step": step, "bytes": n_bytes, "share": share}


def table_of(results: dict[str, Any]) -> str:
    """The part of the page."""
    rows = [
        (phase, *(str(results["kills"][phase][name]) for name in COUNTS))
        for phase in PHASES
        if phase in results["kills"]
    ]
    cost = results["cost"]
    return "\n\n".join(
        [
            markdown_table(TITLES, rows),
            f"Adult, default networks, one core: a step takes {1000 * cost['step']:.0f} ms. The "
            f"state is copied in memory after each logged step, every {STEPS_BETWEEN_LOGS}, in "
            f"{1000 * cost['copy']:.0f} ms, and written every {SECONDS_BETWEEN_WRITES} s in "
            f"{1000 * cost['write']:.0f} ms, {cost['bytes'] / 1e6:.1f} MB: together "
            f"{cost['share']:.2%} of the time.",
            measured([results]),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Kill, compare, measure, and rewrite the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.resume",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=N_KILLS, help="in each phase")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--phases", nargs="*", choices=PHASES, default=PHASES, metavar="PHASE")
    parser.add_argument("--cost", action="store_true", help="measure what a checkpoint takes, too")
    parser.add_argument("--out", type=Path, default=RESULTS / FILE)
    options = parser.parse_args(arguments)
    # Threads do not survive a fork; nor is what torch imports late to be imported by each fit.
    torch.set_num_threads(1)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])
    results = read(options.out)
    for phase, counts in kills(make_table(), options.phases, options.kills, options.seed):
        print(f"{phase}: {counts}", flush=True)
        results["kills"][phase] = counts
        _write(results, options.out)
    if options.cost:
        results["cost"] = cost()
        _write(results, options.out)
    write_part(PAGE, "resume", table_of(results))


def _write(results: dict[str, Any], path: Path) -> None:
    today = datetime.now(UTC).isoformat(timespec="seconds")
    write(results | {"machine": machine(["torch", "numpy", "pandas"]), "date": today}, path)


if __name__ == "__main__":
    main()
