"""How time and memory grow with rows, columns and categories.

Run from the repository root::

    python -m benchmarks.scaling
    python -m benchmarks.scaling --cases rows-1000000 levels-10000

Each case is a table made here, fitted for a few steps in a process of its own. The figures go to
``benchmarks/results/scaling`` and to the table of the page about scaling.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.special import ndtr

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.pictures import OWN_COLOUR, STYLE
from synthwgan import TableTransformer, WGANGPSynthesizer
from synthwgan.training.config import auto_max_steps

FOLDER = RESULTS / "scaling"
PAGE = REPOSITORY / "docs" / "benchmarks" / "scaling.md"
PICTURE = PAGE.with_suffix(".svg")
N_STEPS = 20
N_SAMPLED = 20_000
N_FACTORS = 3
PACKAGES = ("synthwgan", "torch", "numpy", "pandas")
TITLES = (
    "case",
    "rows",
    "columns",
    "levels",
    "max_categories",
    "slots",
    "encode s",
    "step ms",
    "other s",
    "memory before MB",
    "peak memory MB",
    "rows/s",
)


@dataclass(frozen=True)
class Case:
    """One table and how it is fitted.

    Parameters
    ----------
    n_rows : int
        Rows of the table.
    n_columns : int
        Columns, half of them numbers.
    n_levels : int
        Categories of the first column; of the others, two or eight.
    max_categories : int
        Parameter of the synthesizer.
    tiled : str or None
        A data set whose training rows are repeated, in place of a table made here.
    """

    n_rows: int = 10_000
    n_columns: int = 10
    n_levels: int = 10
    max_categories: int = 256
    tiled: str | None = None


CASES = {
    **{f"rows-{n}": Case(n_rows=n) for n in (10_000, 100_000, 1_000_000, 10_000_000)},
    "adult-10000000": Case(n_rows=10_000_000, n_columns=15, n_levels=42, tiled="adult"),
    **{f"columns-{n}": Case(n_columns=n) for n in (50, 200, 1000)},
    **{
        f"levels-{n}": Case(n_rows=100_000, n_levels=n, max_categories=n)
        for n in (2, 100, 1000, 10_000, 100_000)
    },
    "levels-100000-capped": Case(n_rows=100_000, n_levels=100_000),
}

# Of each panel of the picture: what grows, its title, and the cases.
AXES = {
    "n_rows": ("rows", [f"rows-{10**power}" for power in (4, 5, 6, 7)]),
    "n_columns": ("columns", ["rows-10000", "columns-50", "columns-200", "columns-1000"]),
    "n_levels": (
        "categories of a column",
        ["levels-2", "rows-100000", *(f"levels-{10**power}" for power in (2, 3, 4, 5))],
    ),
}


def make_table(case: Case, seed: int = 0) -> pd.DataFrame:
    """Make a table of mixed columns that depend on each other through a few factors."""
    if case.tiled is not None:
        train = load(case.tiled).train
        return train.iloc[np.arange(case.n_rows) % len(train)].reset_index(drop=True)
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(case.n_rows, N_FACTORS))
    kinds = (_whole_number, _flag, _amount, _category)
    columns = {"level": _levels(_signal(factors, rng), case.n_levels)}
    for place in range(1, case.n_columns):
        kind = kinds[place % len(kinds)]
        columns[f"{kind.__name__.strip('_')}_{place}"] = kind(_signal(factors, rng))
    return pd.DataFrame(columns)


def _signal(factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A standard normal column, three quarters of it explained by the factors."""
    weights = rng.normal(size=N_FACTORS)
    weights *= np.sqrt(0.75) / np.linalg.norm(weights)
    return factors @ weights + 0.5 * rng.normal(size=len(factors))


def _levels(signal: np.ndarray, n_levels: int) -> np.ndarray:
    """Categories of unequal size, the first ones most frequent."""
    names = np.array([f"level {number}" for number in range(n_levels)], dtype=object)
    return names[(n_levels * ndtr(signal) ** 2).astype(np.int64)]


def _category(signal: np.ndarray) -> np.ndarray:
    return _levels(signal, 8)


def _flag(signal: np.ndarray) -> np.ndarray:
    return signal > 1


def _whole_number(signal: np.ndarray) -> np.ndarray:
    return np.rint(40 + 12 * signal).astype(np.int64)


def _amount(signal: np.ndarray) -> np.ndarray:
    """Positive amounts, missing where the signal is lowest."""
    return np.where(signal < -1.5, np.nan, np.exp(signal))


def measure(name: str) -> dict[str, Any]:
    """Measure one case on one thread; the process should do nothing else."""
    torch.set_num_threads(1)
    case = CASES[name]
    frame = make_table(case)
    memory_before = peak_memory_mb()
    kinds = {"level": "categorical"} if case.tiled is None else None
    settings = {"column_kinds": kinds, "max_categories": case.max_categories}
    bounds = {"max_steps": N_STEPS, "conditional": False, "rejection": None}
    model = WGANGPSynthesizer(random_state=0, **bounds, **settings)
    _, fit_seconds = _timed(lambda: model.fit(frame))
    memory = peak_memory_mb()
    _, sample_seconds = _timed(lambda: model.sample(N_SAMPLED, random_state=0))
    transformer = TableTransformer(random_state=0, **settings)
    _, encode_seconds = _timed(lambda: transformer.fit(frame).encode(frame))
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "case": name,
        **asdict(case),
        "n_slots": model.cost_.n_slots,
        "encode_seconds": encode_seconds,
        "step_milliseconds": 1000 * model.fit_seconds_ / model.n_iter_,
        "other_seconds": fit_seconds - encode_seconds - model.fit_seconds_,
        "memory_before_mb": memory_before,
        "peak_memory_mb": memory,
        "rows_per_second": N_SAMPLED / sample_seconds,
        "machine": machine(PACKAGES),
    }


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Do the work; return what it gives and the seconds that it takes."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def peak_memory_mb() -> float:
    """Return the largest memory that this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts kilobytes, macOS bytes.
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def table(results: Iterable[dict[str, Any]]) -> str:
    """Return the results as Markdown, with day and machine below."""
    by_case = {result["case"]: result for result in results}
    rows = [_cells(by_case[name]) for name in CASES if name in by_case]
    return f"{markdown_table(TITLES, rows)}\n\n{measured(by_case.values())} One thread."


def _cells(result: dict[str, Any]) -> list[str]:
    return [
        result["case"],
        *(f"{result[size]:,}" for size in ("n_rows", "n_columns", "n_levels", "max_categories")),
        f"{result['n_slots']:,}",
        f"{result['encode_seconds']:.2f}",
        f"{result['step_milliseconds']:.0f}",
        f"{result['other_seconds']:.1f}",
        f"{result['memory_before_mb']:,.0f}",
        f"{result['peak_memory_mb']:,.0f}",
        f"{result['rows_per_second']:,.0f}",
    ]


def fit_seconds(result: dict[str, Any]) -> float:
    """Seconds of a whole fit with the default number of steps, without rejection."""
    seconds = result["encode_seconds"] + result["other_seconds"]
    return seconds + auto_max_steps(result["n_rows"]) * result["step_milliseconds"] / 1000


def draw(results: Iterable[dict[str, Any]], path: Path) -> None:
    """Write the picture: what a fit takes over rows, columns and categories, as SVG."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    by_case = {result["case"]: result for result in results}
    with pyplot.rc_context(STYLE):
        figure, panels = pyplot.subplots(
            2, len(AXES), figsize=(10, 5), sharex="col", sharey="row", layout="constrained"
        )
        for column, (size, (title, cases)) in zip(panels.T, AXES.items(), strict=True):
            shown = [by_case[case] for case in cases if case in by_case]
            sizes = [result[size] for result in shown]
            column[0].plot(sizes, [fit_seconds(result) for result in shown], "o-", color=OWN_COLOUR)
            memory = [result["peak_memory_mb"] for result in shown]
            column[1].plot(sizes, memory, "o-", color=OWN_COLOUR)
            column[1].set(xlabel=title, xscale="log")
            for axes in column:
                axes.set_yscale("log")
        panels[0, 0].set_ylabel("seconds of a fit")
        panels[1, 0].set_ylabel("MiB of memory, table included")
        figure.savefig(path, metadata={"Date": None})
        pyplot.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    options = _parser().parse_args(arguments)
    # A fresh process a case: the peak of memory never falls again.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for result in pool.imap(measure, options.cases, chunksize=1):
            write(result, FOLDER / f"{result['case']}.json")
            print(" | ".join(_cells(result)), flush=True)
    results = [read(path) for path in FOLDER.glob("*.json")]
    write_part(PAGE, "scaling", table(results))
    draw(results, PICTURE)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scaling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    return parser


if __name__ == "__main__":
    main()
