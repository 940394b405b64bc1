"""Train one model in two processes of one thread each, and in one process of two threads.

Each fit of Adult is a program of its own, started as torchrun starts it, the two kinds in turn.
Their rows are judged by a detective on rows that nobody learnt from. What the mean of the gradients
takes is measured between the two processes, and from it follows what to expect of more.

    python -m benchmarks.many

The tables go to ``benchmarks/results/many.json`` and to the page about many machines.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.metrics import held_out
from benchmarks.page import markdown_table, measured, write_part
from synthwgan import WGANGPSynthesizer
from synthwgan.training.ranks import Together, joined
from synthwgan.training.trainer import Trainer, TrainingOutcome

FILE = "many.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "many.md"
# Processes, and threads of each.
KINDS = {"1 process of 2 threads": (1, 2), "2 processes of 1 thread": (2, 1)}
ONE, TWO = KINDS
MAX_STEPS, N_SEEDS = 1000, 3
# The detective learns from as many drawn rows as there are training rows, and judges so many more.
N_JUDGED = 16_000
N_MEANS = 200
N_BEYOND = (2, 4, 8, 16)
BYTES_PER_SECOND = 10e9 / 8


def work(seed: int, n_steps: int, path: Path) -> None:
    """Fit in one of the processes; each writes what it took, and the first draws rows."""
    rank, train = int(os.environ["RANK"]), load("adult").train
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    took: dict[str, Any] = {}
    plain = Trainer.run

    def run(trainer: Trainer, step: Any) -> TrainingOutcome:
        wall, cpu = time.perf_counter(), time.process_time()
        outcome = plain(trainer, step)
        took["wall"] = (time.perf_counter() - wall) / n_steps
        took["cpu"] = (time.process_time() - cpu) / n_steps
        return outcome

    Trainer.run, met = run, _meetings()
    settings = {"conditional": False, "rejection": None, "device": "cpu", "random_state": seed}
    model = WGANGPSynthesizer(max_steps=n_steps, **settings).fit(train)
    took |= {"digest": model.digest_, "bytes": 4 * model.cost_.n_parameters, "met": list(met)}
    took["mean"] = _seconds_of_mean(model.cost_.n_parameters)
    write(took, path.with_suffix(f".{rank}.json"))
    if rank == 0:
        rows = model.sample(len(train) + N_JUDGED, random_state=seed)
        rows.to_parquet(path.with_suffix(".parquet"))


def _meetings() -> list[tuple[float, float]]:
    """When this process comes to each mean of gradients, and when it has it, from now on."""
    met, plain = [], Together.average_gradients

    def average_gradients(ranks: Together, weights: Iterable[Tensor]) -> None:
        came = time.perf_counter()
        plain(ranks, weights)
        met.append((came, time.perf_counter()))

    Together.average_gradients = average_gradients
    return met


def waited(met: Sequence[Sequence[tuple[float, float]]], n_steps: int) -> dict[str, float]:
    """Return seconds of a step that a process waits for the last, and that the means take.

    Parameters
    ----------
    met : sequence
        Of each process, when it came to each mean and when it had it, by one clock.
    n_steps : int
        Steps in which they met.
    """
    times = np.array(met)
    if not times.size:
        return {"apart": 0.0, "means": 0.0}
    came, had = times[..., 0], times[..., 1]
    last = came.max(axis=0)
    apart, means = (last - came).mean(axis=0), had.max(axis=0) - last
    return {"apart": float(apart.sum()) / n_steps, "means": float(means.sum()) / n_steps}


def _seconds_of_mean(n_weights: int) -> float:
    """Seconds of the mean of so many gradients, the median; 0 in one process."""
    weights = torch.zeros(n_weights, requires_grad=True)
    weights.grad = torch.ones(n_weights)
    seconds = []
    with joined(torch.device("cpu"), "") as ranks:
        for _ in range(N_MEANS):
            ranks.meet()
            start = time.perf_counter()
            ranks.average_gradients([weights])
            seconds.append(time.perf_counter() - start)
        return float(np.median(seconds)) if ranks.size > 1 else 0.0


def start(kind: str, seed: int, n_steps: int, path: Path) -> dict[str, Any]:
    """Run the processes of a kind to their end; return what they took together."""
    size, threads = KINDS[kind]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    told |= {"OMP_NUM_THREADS": threads}
    words = [sys.executable, "-m", "benchmarks.many", "--work", path]
    words += ["--first-seed", seed, "--steps", n_steps]
    processes = []
    for rank in range(size):
        environment = {name: str(value) for name, value in {**told, "RANK": rank}.items()}
        command = [str(word) for word in words]
        processes.append(subprocess.Popen(command, env=os.environ | environment, cwd=REPOSITORY))
    ends = [process.wait() for process in processes]
    if any(ends):
        raise RuntimeError(f"{kind} ended with an error")
    found = [read(path.with_suffix(f".{rank}.json")) for rank in range(size)]
    if len({each["digest"] for each in found}) > 1:
        raise RuntimeError("the processes have not the same model")
    together = {name: max(each[name] for each in found) for name in ("wall", "mean", "bytes")}
    together["cpu"] = sum(each["cpu"] for each in found)
    return together | waited([each["met"] for each in found], n_steps)


def measure(seed: int, n_steps: int, report: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """Fit with both kinds, and judge their rows."""
    dataset, found = load("adult"), []
    for kind in KINDS if seed % 2 else reversed(KINDS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "fit"
            took = start(kind, seed, n_steps, path)
            rows = pd.read_parquet(path.with_suffix(".parquet"))
        figures = held_out(dataset.train, dataset.test, rows, dataset)
        found.append({"kind": kind, "seed": seed, **took, **figures})
        report(f"{kind}, seed {seed}: {found[-1]}")
    return found


def table_of(results: dict[str, Any]) -> str:
    """The part of the page."""
    fits = pd.DataFrame(results["fits"])
    rows = []
    for kind in KINDS:
        own = fits[fits["kind"] == kind]
        areas = ", ".join(f"{area:.3f}" for area in own["held_out_auc"])
        milliseconds = (f"{1000 * own[name].median():.0f}" for name in ("wall", "cpu"))
        rows.append((kind, *milliseconds, areas))
    titles = ("Adult, batches of 1000 in all", "ms a step", "CPU ms a step, all", "held-out AUC")
    pairs = fits.pivot(index="seed", columns="kind", values=["wall", "cpu"])
    wall, cpu = (float((pairs[name][TWO] / pairs[name][ONE]).median()) for name in ("wall", "cpu"))
    # Half of the work on rows is each process's; the rest of a step each does for itself.
    of_step = fits.groupby("kind")["cpu"].median()
    fixed = max(0.0, of_step[TWO] - of_step[ONE])
    of_rows, seconds = of_step[ONE] - fixed, fits["mean"].max()
    n_bytes = int(fits["bytes"].max())
    return "\n\n".join(
        [
            markdown_table(titles, rows),
            f"{results['steps']} steps, one fit for each of {fits['seed'].nunique()} seeds. Two "
            f"processes take {wall:.2f} times the seconds of one, and {cpu:.2f} times the CPU "
            f"seconds, medians of pairs. The mean of {n_bytes / 1e6:.1f} MB of gradients takes "
            f"{1000 * seconds:.1f} ms between them.{_waiting(fits)}",
            markdown_table(
                ("processes", "on this machine's cores", "over 10 Gbit/s", "batch of 1000 each"),
                [_expected(size, fixed, of_rows, seconds, n_bytes) for size in N_BEYOND],
            ),
            measured([results]),
        ]
    )


def _waiting(fits: pd.DataFrame) -> str:
    """Where the seconds of a step go that are no work."""
    if "apart" not in fits:
        return ""
    apart, means = (
        1000 * fits.loc[fits["kind"] == TWO, name].median() for name in ("apart", "means")
    )
    return (
        f" In a step each waits {apart:.1f} ms for the other to come to a mean, and {means:.1f} ms "
        "for the means of both networks themselves."
    )


def _expected(
    size: int, fixed: float, of_rows: float, seconds: float, n_bytes: int
) -> tuple[str, ...]:
    """How many times as fast as one process so many are to be expected, by their messages."""
    # In a ring each process sends and receives so many times the gradients.
    share = 2 * (size - 1) / size
    alone, shared = fixed + of_rows, fixed + of_rows / size
    near, far = seconds * share, n_bytes * share / BYTES_PER_SECOND
    times = alone / (shared + near), alone / (shared + far), size * alone / (alone + far)
    return (str(size), *(f"{each:.1f} times" for each in times))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and rewrite the page."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--steps", type=int, default=MAX_STEPS)
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="fits of each kind")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS / FILE)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work is not None:
        work(options.first_seed, options.steps, options.work)
        return
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    fits = [fit for seed in seeds for fit in measure(seed, options.steps)]
    today = datetime.now(UTC).isoformat(timespec="seconds")
    results = {"steps": options.steps, "fits": fits}
    results |= {"machine": machine(["torch", "numpy", "pandas"]), "date": today}
    write(results, options.out)
    print(table_of(results))
    write_part(PAGE, "many", table_of(results))


if __name__ == "__main__":
    main()
