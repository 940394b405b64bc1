"""Enlarge a small table by rows of other populations: `RadialGANSynthesizer` and its relatives.

One of the work classes of Adult keeps 100 or 300 rows, one of the hospitals of the heart tables 60;
the others keep theirs. Two learners are fitted to what each method makes of all tables, and scored
on held-out rows of the small one's population. Run from the repository root::

    python -m benchmarks.radial
    python -m benchmarks.radial --cases adult --regimes renamed --targets gov --seeds 0 1
    python -m benchmarks.radial --rows-with-gaps-only --seeds 0 1 2 3 4 5 6 7 8 9
    python -m benchmarks.radial --max-steps 50 --seeds 0 --results trial
    python -m benchmarks.radial --publish

Each method of each cell is a record in ``benchmarks/results/radial``; what is there is skipped, and
``--force`` measures it again. ``--publish`` only rewrites the page from the records.
"""

from __future__ import annotations

import argparse
import fcntl
import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from benchmarks import cell
from benchmarks.common import kept
from benchmarks.data import HOSPITALS, REPOSITORY
from benchmarks.domains import REGIMES, WORK_CLASSES, Domains, adult_domains, heart_domains
from benchmarks.page import write_part
from benchmarks.radial_figures import read_records
from benchmarks.radial_measures import areas
from benchmarks.radial_methods import MAKERS, METHODS, WITHOUT_FIT, WITHOUT_NETWORKS, Fits
from benchmarks.radial_page import tables

RESULTS = cell.RESULTS / "radial"
PAGE = REPOSITORY / "docs" / "benchmarks" / "radial.md"
TARGETS = {"adult": tuple(WORK_CLASSES), "heart": HOSPITALS}
N_SEEDS = {"adult": 10, "heart": 20}
HEART_ROWS = 60
PACKAGES = ("synthwgan", "torch", "scikit-learn")


@dataclass(frozen=True)
class Cell:
    """Tables of several populations, of which one is small.

    Parameters
    ----------
    case : {"adult", "heart"}
        Whose tables.
    regime : str
        What the tables share; all columns of the heart tables have the same names.
    target : str
        The domain that is small.
    rows : int
        Its rows at most.
    seed : int
        Draws them, and is that of the models.
    """

    case: str
    regime: str
    target: str
    rows: int
    seed: int

    def load(self) -> Domains:
        """Return the tables."""
        if self.case == "heart":
            return heart_domains(self.target, self.seed, self.rows)
        return adult_domains(self.target, self.rows, self.seed, self.regime)

    def path(self, folder: Path) -> Path:
        """Where the records of all seeds are kept."""
        regime = self.regime.replace(" ", "-")
        return folder / f"{self.case}-{self.target}-{self.rows}-{regime}.json"

    def has(self, method: str) -> bool:
        """Whether a method is possible."""
        if method == "as-is":
            return self.regime != "no shared names"
        return method != "all" or self.case == "adult"


def cells(options: argparse.Namespace) -> list[Cell]:
    """Return the cells asked for, seed after seed."""
    asked = [one for case in options.cases for one in _cells_of(case, options)]
    return sorted(asked, key=lambda one: one.seed)


def _cells_of(case: str, options: argparse.Namespace) -> Iterator[Cell]:
    regimes = options.regimes if case == "adult" else REGIMES[:1]
    targets = [name for name in TARGETS[case] if options.targets is None or name in options.targets]
    rows = options.rows if case == "adult" else [HEART_ROWS]
    seeds = options.seeds or range(N_SEEDS[case])
    for arguments in itertools.product(regimes, targets, rows, seeds):
        yield Cell(case, *arguments)


def measure(
    one: Cell, methods: Sequence[str], max_steps: int | None, threads: int
) -> Iterator[dict[str, Any]]:
    """Yield the record of each method."""
    domains = one.load()
    fits = Fits(domains, one.seed, max_steps)
    for method in methods:
        made = MAKERS[method](fits)
        yield {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            **asdict(one),
            "method": method,
            "max_steps": None if method in WITHOUT_FIT else max_steps,
            "n_own": len(fits.own),
            "n_added": len(made.rows) - len(fits.own),
            "auc": areas(made.rows, domains),
            **{name: figure for name, figure in made.figures.items() if figure is not None},
            "threads": threads,
            "machine": cell.machine(PACKAGES),
        }


def run(one: Cell, options: argparse.Namespace) -> None:
    """Measure what a cell lacks."""
    path = one.path(options.results)
    done = {record["method"] for record in kept(path) if record["seed"] == one.seed}
    wanted = [
        method
        for method in options.methods
        if one.has(method) and (options.force or method not in done)
    ]
    if not wanted:
        return
    for record in measure(one, wanted, options.max_steps, options.threads):
        add(record, path)
        print(describe(record), file=sys.stderr, flush=True)


def add(record: dict[str, Any], path: Path) -> None:
    """Write a record among those of a file; other processes may do so, too."""
    order = list(METHODS)

    def place(own: dict[str, Any]) -> tuple[int, int]:
        return own["seed"], order.index(own["method"])

    with locked(path.parent):
        others = [old for old in kept(path) if place(old) != place(record)]
        cell.write({"results": sorted([*others, record], key=place)}, path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let no other process write to a folder that asks here, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def describe(record: dict[str, Any]) -> str:
    """Return a record as one line for the terminal."""
    place = ", ".join(str(record[name]) for name in ("case", "regime", "target", "rows"))
    scores = ", ".join(f"{name} {value:.3f}" for name, value in record["auc"].items())
    cost = f", fit {record['fit_seconds']:.0f} s" if "fit_seconds" in record else ""
    return f"{place}, seed {record['seed']}: {METHODS[record['method']]}: {scores}{cost}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what lacks, and rewrite the page."""
    options = _parser().parse_args(arguments)
    if options.rows_with_gaps_only:
        options.methods = [method for method in options.methods if method in WITHOUT_NETWORKS]
        options.max_steps = 1
    if not options.publish:
        options.results.mkdir(parents=True, exist_ok=True)
        torch.set_num_threads(options.threads)
        with threadpool_limits(options.threads):
            for one in cells(options):
                run(one, options)
    if options.results == RESULTS:
        write_part(PAGE, "radial", tables(read_records(RESULTS)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.radial",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    every_target = [target for targets in TARGETS.values() for target in targets]
    option = parser.add_argument
    option("--cases", nargs="+", choices=TARGETS, default=list(TARGETS))
    option("--regimes", nargs="+", choices=REGIMES, default=list(REGIMES), help="of Adult")
    option("--targets", nargs="+", choices=every_target, help="small domains; by default all")
    option("--rows", type=int, nargs="+", default=[100, 300], help="rows of Adult's small domains")
    option("--seeds", type=int, nargs="+", help="by default 10 of Adult and 20 of the heart tables")
    option("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    option("--max-steps", type=int, help="shorten the fits; such rows do not come on the page")
    option(
        "--rows-with-gaps-only",
        action="store_true",
        help="only what needs no trained networks, with fits of one step",
    )
    option("--threads", type=int, default=1)
    option("--force", action="store_true", help="measure again what is there")
    option("--publish", action="store_true", help="measure nothing, only rewrite the page")
    option("--results", type=Path, default=RESULTS, help="another folder of records")
    return parser


if __name__ == "__main__":
    main()
