"""The comparison: every model on every data set, each cell in a process of its own.

Run from the repository root::

    python -m benchmarks.run
    python -m benchmarks.run --models synthwgan --data adult shoppers --seeds 0 1 2 --threads 1 2
    python -m benchmarks.run --models synthwgan --budgets 20 40 80 none
    python -m benchmarks.run --metrics alpha_beta

A cell whose result is there is skipped, and only the figures that it lacks are added (the rows
are kept beside it); ``--force`` measures anew. The peers need ``make bench-peers``. A cell that
fails leaves its log in ``benchmarks/results/logs``, and the others go on.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.cell import RESULTS, Cell, read
from benchmarks.data import DATA_SETS, REPOSITORY
from benchmarks.judge import METRIC_NAMES, missing_metrics
from benchmarks.models import MODELS, PEERS

PEERS_PYTHON = Path(os.environ.get("SYNTHWGAN_PEERS", REPOSITORY / ".venv-peers")) / "bin/python"


def cells(options: argparse.Namespace) -> Iterator[Cell]:
    """Yield the cells asked for, seed after seed; only synthwgan takes a budget of seconds."""
    for seed in options.seeds:
        for data_set in options.data:
            for model in options.models:
                for threads in options.threads:
                    for budget in options.budgets if model == "synthwgan" else [None]:
                        params = {} if budget is None else {"max_seconds": budget}
                        yield Cell(model, data_set, seed, threads, params)


def run_cell(cell: Cell, folder: Path, metrics: Sequence[str], force: bool) -> str:
    """Bring one cell up to date and return what was done, in a few words."""
    path = cell.result_path(folder)
    fitted = path.exists() and not force
    if fitted and not missing_metrics(read(path), metrics):
        return "is there"
    if not (fitted and cell.rows_path(folder).exists()):
        _half(cell, folder, "cell", PEERS_PYTHON if cell.model in PEERS else Path(sys.executable))
    wanted = missing_metrics(read(path), metrics)
    _half(cell, folder, "judge", Path(sys.executable), "--metrics", *wanted)
    result = read(path)
    figures = (f"{name} {value:.3f}" for name, value in result["figures"].items())
    return f"fit {result['fit_seconds']:.1f} s, {', '.join(figures)}"


def _half(cell: Cell, folder: Path, module: str, python: Path, *arguments: str) -> None:
    """Run one half of a cell in its own process, its output in the cell's log."""
    if not python.exists():
        raise FileNotFoundError(f"{python} not found: run `make bench-peers`.")
    command = [str(python), "-m", f"benchmarks.{module}", cell.model, cell.data_set]
    command += ["--seed", str(cell.seed), "--threads", str(cell.threads)]
    command += ["--results", str(folder), *arguments]
    if cell.params:
        settings = (f"{key}={json.dumps(value)}" for key, value in cell.params.items())
        command += ["--params", *settings]
    log = log_path(cell, folder)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a" if module == "judge" else "w", encoding="utf-8") as output:
        subprocess.run(command, cwd=REPOSITORY, stdout=output, stderr=subprocess.STDOUT, check=True)


def log_path(cell: Cell, folder: Path) -> Path:
    """Where the output of a cell's processes goes."""
    return folder / "logs" / f"{cell.name}.log"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all cells asked for; return 1 if one of them failed."""
    options = _parser().parse_args(arguments)
    todo = list(cells(options))
    failed = 0
    for number, cell in enumerate(todo, start=1):
        print(f"[{number}/{len(todo)}] {cell.name}: ", end="", flush=True)
        try:
            print(run_cell(cell, options.results, options.metrics, options.force), flush=True)
        except subprocess.CalledProcessError:
            failed += 1
            print(f"FAILED, see {log_path(cell, options.results)}", flush=True)
        except FileNotFoundError as error:
            failed += 1
            print(f"FAILED: {error}", flush=True)
    return int(failed > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--data", nargs="+", choices=DATA_SETS, default=["adult", "shoppers"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1])
    parser.add_argument(
        "--budgets", type=_budget, nargs="+", default=[None], help="seconds of synthwgan, or none"
    )
    parser.add_argument("--metrics", nargs="+", choices=METRIC_NAMES, default=list(METRIC_NAMES))
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--force", action="store_true", help="measure anew what is there")
    return parser


def _budget(text: str) -> float | None:
    """Return the seconds as JSON has them: 20 and 20.0 would be two cells."""
    return None if text == "none" else json.loads(text)


if __name__ == "__main__":
    sys.exit(main())
