"""One cell of the comparison: fit one model, draw rows, write the rows and what they cost.

This half runs in the model's own environment; the figures come later, in ours::

    python -m benchmarks.cell bootstrap heart-cleveland --seed 0 --threads 1
    python -m benchmarks.cell synthwgan adult --threads 2 --params max_seconds=40

``python -m benchmarks.run`` does both halves for many cells.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
MIN_SYNTHETIC_ROWS = 3_000
# Rows drawn beside the synthetic table, for each test row: a detective is judged on them.
FRESH_ROWS = 4
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
PACKAGES = ("numpy", "pandas")


@dataclass(frozen=True)
class Cell:
    """One fit: a model with parameters, a data set, a seed and a number of threads."""

    model: str
    data_set: str
    seed: int = 0
    threads: int = 1
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the cell's files."""
        settings = [f"{key}={value}" for key, value in self.params.items()]
        parts = [self.data_set, self.model, *settings, f"s{self.seed}", f"t{self.threads}"]
        return "-".join(parts)

    def result_path(self, folder: Path) -> Path:
        """Where the costs and the figures are kept."""
        return folder / f"{self.name}.json"

    def rows_path(self, folder: Path) -> Path:
        """Where the synthetic rows are kept, for figures to come."""
        return folder / "rows" / f"{self.name}.parquet"


def limit_threads(threads: int) -> None:
    """Give this process `threads` threads; call it before NumPy and torch are imported."""
    os.environ |= dict.fromkeys(THREAD_VARIABLES, str(threads))


def fit_and_sample(cell: Cell, folder: Path) -> dict[str, Any]:
    """Fit the cell's model, write its rows, and return what they cost."""
    from benchmarks.data import load
    from benchmarks.models import MODELS

    dataset = load(cell.data_set, seed=cell.seed)
    model = MODELS[cell.model](**cell.params)
    _set_up_torch(cell.threads)
    started, cpu_started = time.perf_counter(), time.process_time()
    model.fit(dataset, cell.seed)
    fitted, cpu_fitted = time.perf_counter(), time.process_time()
    n_rows = n_synthetic(len(dataset.train)) + FRESH_ROWS * len(dataset.test)
    rows = model.sample(n_rows).reset_index(drop=True)
    sample_seconds = time.perf_counter() - fitted
    peak_memory = _peak_memory_mb()
    cell.rows_path(folder).parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(cell.rows_path(folder))
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": cell.model,
        "data_set": cell.data_set,
        "seed": cell.seed,
        "threads": cell.threads,
        "params": cell.params,
        "n_train": len(dataset.train),
        "n_synthetic": len(rows),
        "fit_seconds": round(fitted - started, 4),
        "fit_cpu_seconds": round(cpu_fitted - cpu_started, 4),
        "sample_seconds": round(sample_seconds, 4),
        "peak_memory_mb": round(peak_memory),
        "machine": machine([*MODELS[cell.model].requires, *PACKAGES]),
        "metrics": [],
        "figures": {},
    }


def n_synthetic(n_train: int) -> int:
    """Rows of a synthetic table: as many as training rows, or more of a small one."""
    return max(n_train, MIN_SYNTHETIC_ROWS)


def machine(packages: Sequence[str]) -> dict[str, Any]:
    """Describe what was measured on, with the versions of `packages`."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "gpu": _gpu(),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in packages},
    }


def read(path: Path) -> dict[str, Any]:
    """Return one result."""
    return json.loads(path.read_text(encoding="utf-8"))


def write(result: dict[str, Any], path: Path) -> None:
    """Write one result; a reader never sees half of it."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def cell_parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the arguments that make a cell."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("data_set")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--params", type=_param, nargs="+", default=[], metavar="KEY=VALUE", help="value as JSON"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
    return parser


def cell_of(options: argparse.Namespace) -> Cell:
    """Return the cell that the options of `cell_parser` describe."""
    return Cell(
        options.model, options.data_set, options.seed, options.threads, dict(options.params)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one cell from the command line."""
    options = cell_parser(__doc__).parse_args(arguments)
    cell = cell_of(options)
    limit_threads(cell.threads)
    write(fit_and_sample(cell, options.results), cell.result_path(options.results))


def _param(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


def _set_up_torch(threads: int) -> None:
    """Set up torch where the model has imported it; to import it here would cost memory.

    Numbers next to zero are flushed to zero: on a CPU they slow TVAE down fourfold, for nothing.
    """
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
        sys.modules["torch"].set_flush_denormal(True)


def _gpu() -> str | None:
    torch = sys.modules.get("torch")
    return torch.cuda.get_device_name() if torch and torch.cuda.is_available() else None


def _peak_memory_mb() -> float:
    """Return the largest resident memory of this process or of one of its children."""
    peaks = [resource.getrusage(who).ru_maxrss for who in _SELF_AND_CHILDREN]
    # Linux counts kilobytes, macOS bytes.
    return max(peaks) / (2**20 if sys.platform == "darwin" else 2**10)


_SELF_AND_CHILDREN = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
