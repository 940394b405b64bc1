"""What a table of many rows takes of the peers and of ours: seconds of an epoch, and memory.

A part of `benchmarks.large`, with ``--peers``. Each fit is a program of its own with one thread;
the peers' run in their environment (``make bench-peers``). They train for one epoch, ours for a few
steps, and what comes before training is timed apart: from both follows what a whole fit takes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.cell import RESULTS, limit_threads, machine, read, write
from benchmarks.page import markdown_table, measured

FILE = RESULTS / "large" / "peers.json"
N_STEPS, BATCH_SIZE = 30, 1000
TITLES = (
    "rows",
    "model",
    "peak MB",
    "CPU s before training",
    "CPU s an epoch",
    "epochs of a whole fit",
    "CPU hours of a whole fit",
)


def fit_ctgan(folder: Path) -> dict[str, float]:
    """Fit CTGAN for one epoch."""
    import pandas as pd
    from ctgan import CTGAN

    rows, n_epochs = pd.read_parquet(folder), CTGAN()._epochs
    # What it draws batches with is the last that it makes before the first step.
    with _ends_of(import_module("ctgan.synthesizers.ctgan"), "DataSampler") as ends:
        started = _seconds()
        CTGAN(epochs=1).fit(rows, _words(rows))
    return _figures(started, ends[0], _seconds() - ends[0], n_epochs)


def fit_argn(folder: Path) -> dict[str, float]:
    """Fit TabularARGN for one epoch."""
    import pandas as pd
    from mostlyai.engine import TabularARGN

    rows, n_epochs = pd.read_parquet(folder), TabularARGN().max_epochs
    kinds = dict.fromkeys(_words(rows), "TABULAR_CATEGORICAL")
    with _ends_of(import_module("mostlyai.engine._tabular.interface"), "encode") as ends:
        started = _seconds()
        TabularARGN(max_epochs=1, random_state=0, tgt_encoding_types=kinds).fit(rows)
    return _figures(started, ends[0], _seconds() - ends[0], n_epochs)


def fit_frame(folder: Path) -> dict[str, float]:
    """Fit ours to a frame in memory."""
    import pandas as pd

    return _fit_own(pd.read_parquet(folder), folder)


def fit_folder(folder: Path) -> dict[str, float]:
    """Fit ours to the folder, in batches."""
    return _fit_own(folder, folder)


def _fit_own(table: Any, folder: Path) -> dict[str, float]:
    import pyarrow.dataset as ds

    from synthwgan import WGANGPSynthesizer
    from synthwgan.training.config import auto_max_steps

    few = {"max_steps": N_STEPS, "conditional": False, "rejection": None, "calibrate": False}
    model = WGANGPSynthesizer(**few, batch_size=BATCH_SIZE, random_state=0)
    trainer = import_module("synthwgan.training.trainer").Trainer
    # The loop of steps is made last of what comes before it.
    with _ends_of(trainer, "__init__") as begins, _ends_of(trainer, "run") as ends:
        started = _seconds()
        model.fit(table)
    n_rows = ds.dataset(folder).count_rows()
    per_epoch = n_rows / BATCH_SIZE
    step = (ends[0] - begins[0]) / N_STEPS
    return _figures(started, begins[0], step * per_epoch, auto_max_steps(n_rows) / per_epoch)


@contextmanager
def _ends_of(owner: Any, name: str) -> Iterator[list[float]]:
    """Note when a function of a module or class has ended."""
    ends, plain = [], getattr(owner, name)

    def timed(*arguments: Any, **options: Any) -> Any:
        found = plain(*arguments, **options)
        ends.append(_seconds())
        return found

    setattr(owner, name, timed)
    try:
        yield ends
    finally:
        setattr(owner, name, plain)


def _seconds() -> float:
    """CPU seconds so far: with one thread they are the seconds where nothing else runs."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _words(rows: Any) -> list[str]:
    return [name for name in rows if rows[name].dtype.kind not in "if"]


def _figures(started: float, began: float, epoch: float, n_epochs: float) -> dict[str, float]:
    peaks = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    peak = sum(resource.getrusage(which).ru_maxrss for which in peaks) / 1024
    return {"before": began - started, "epoch": epoch, "epochs": n_epochs, "peak_mb": peak}


# Name on the page, what fits it, and the packages whose versions matter.
MODELS: dict[str, tuple[str, Callable[[Path], dict[str, float]], tuple[str, ...]]] = {
    "ctgan": ("CTGAN", fit_ctgan, ("ctgan", "torch")),
    "argn": ("TabularARGN", fit_argn, ("mostlyai-engine", "torch")),
    "frame": ("synthwgan, of a frame", fit_frame, ("synthwgan", "torch")),
    "folder": ("synthwgan, of a folder", fit_folder, ("synthwgan", "torch")),
}


def compare(
    models: Sequence[str],
    sizes: Iterable[int],
    folder: Path,
    write_table: Callable[[Path, int], Any],
) -> None:
    """Fit models to tables of so many rows, and add what they take to the results."""
    from benchmarks.data import REPOSITORY
    from benchmarks.models import PEERS
    from benchmarks.run import PEERS_PYTHON

    for n_rows in sizes:
        with tempfile.TemporaryDirectory(dir=folder, prefix="peers-") as name:
            table, out = Path(name) / "table", Path(name) / "figures.json"
            write_table(table, n_rows)
            for model in models:
                python = PEERS_PYTHON if model in PEERS else sys.executable
                words = [python, "-m", "benchmarks.large_peers", model, table, out]
                subprocess.run(list(map(str, words)), cwd=REPOSITORY, check=True)
                _keep({"rows": n_rows, **read(out)})


def _keep(result: dict[str, Any]) -> None:
    """Put a result in the place of an older one of the same model and rows."""
    found = read(FILE)["results"] if FILE.exists() else []
    by_key = {(each["rows"], each["model"]): each for each in [*found, result]}
    order = list(MODELS)
    keys = sorted(by_key, key=lambda key: (key[0], order.index(key[1])))
    write({"results": [by_key[key] for key in keys]}, FILE)
    print(" | ".join(_cells(result)), flush=True)


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown, with day and machine below."""
    return f"{markdown_table(TITLES, map(_cells, results))}\n\n{measured(results)}"


def _cells(result: dict[str, Any]) -> list[str]:
    hours = (result["before"] + result["epoch"] * result["epochs"]) / 3600
    return [
        f"{result['rows']:,}",
        MODELS[result["model"]][0],
        f"{result['peak_mb']:,.0f}",
        f"{result['before']:,.0f}",
        f"{result['epoch']:,.1f}",
        f"{result['epochs']:,.0f}",
        f"{hours:,.1f}",
    ]


def main() -> None:
    """Fit one model, in this process."""
    model, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    limit_threads(1)
    _, fit, packages = MODELS[model]
    figures = fit(folder)
    today = datetime.now(UTC).isoformat(timespec="seconds")
    result = {"model": model, **figures, "machine": machine(packages), "date": today}
    write(result, out)


if __name__ == "__main__":
    main()
