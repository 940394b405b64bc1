"""Time training and sampling on a GPU.

The training step of the default model on Adult; a whole default fit; and drawing rows, none of
them rejected, as arrays and as a DataFrame. Run from the repository root, on a machine with a CUDA
device::

    python -m benchmarks.gpu

writes the figures to ``benchmarks/results/gpu`` and to the page about speed.
"""

from __future__ import annotations

import argparse
import copy
import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import torch

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.page import markdown_table, measured, write_part
from benchmarks.step import make_step
from synthwgan import WGANGPSynthesizer
from synthwgan.training.device import resolve_precision
from synthwgan.training.trainer import Step

DATA_SET = "adult"
FOLDER = RESULTS / "gpu"
PAGE = REPOSITORY / "docs" / "benchmarks" / "speed.md"
N_WARM_UP, N_TURNS, STEPS_A_TURN = 8, 15, 100
N_ENCODED, N_ROWS = 1_000_000, 200_000
TITLES = (
    *("GPU", "precision", "step ms"),
    *("fit s", "rows/s as arrays", "rows/s as a DataFrame"),
)


def seconds_a_step(step: Step, n_steps: int) -> float:
    """Time steps until the device has done them: to read a figure is to wait for it."""
    start = time.perf_counter()
    for _ in range(n_steps):
        figures = step(0.0)
    float(figures["wasserstein"])
    return (time.perf_counter() - start) / n_steps


def measure_steps(data_set: str, precision: str, device: str) -> dict[str, float]:
    """Time the step; the median of several turns, in milliseconds."""
    step = make_step(data_set, precision, device)
    seconds_a_step(step, N_WARM_UP)
    turns = [seconds_a_step(step, STEPS_A_TURN) for _ in range(N_TURNS)]
    return {"step_ms": 1e3 * statistics.median(turns)}


def measure_model(data_set: str, device: str, **parameters: Any) -> dict[str, float]:
    """Time a fit, and rows that are drawn and not rejected."""
    train = load(data_set).train
    model = WGANGPSynthesizer(device=device, random_state=0, **parameters)
    fit_seconds = seconds_of(lambda: model.fit(train))
    model.sampler_ = sampler = copy.copy(model.sampler_)
    sampler.rejection = None

    def encoded(n_rows: int) -> None:
        for _ in sampler.chunks(n_rows, sampler.noise(0)):
            pass

    encoded(sampler.chunk_rows)
    return {
        "fit_seconds": fit_seconds,
        "encoded_per_s": N_ENCODED / seconds_of(lambda: encoded(N_ENCODED)),
        "rows_per_s": N_ROWS / seconds_of(lambda: model.sample(N_ROWS, random_state=0)),
    }


def seconds_of(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def measure(data_set: str, device: str, **parameters: Any) -> dict[str, Any]:
    """Measure steps, a fit and sampling, in the precision that a fit has there."""
    precision = resolve_precision("auto", torch.device(device))
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "data_set": data_set,
        "precision": precision,
        **measure_steps(data_set, precision, device),
        **measure_model(data_set, device, **parameters),
        "machine": machine(["synthwgan", "torch"]),
    }


def table(results: Iterable[dict[str, Any]]) -> str:
    """Return the results as a Markdown table, a row for each GPU."""
    results = sorted(results, key=lambda result: result["machine"]["gpu"])
    if not results:
        return "Not measured yet."
    rows = [
        [
            result["machine"]["gpu"],
            result["precision"],
            f"{result['step_ms']:.2f}",
            f"{result['fit_seconds']:.1f}",
            f"{result['encoded_per_s']:,.0f}",
            f"{result['rows_per_s']:,.0f}",
        ]
        for result in results
    ]
    return f"{markdown_table(TITLES, rows)}\n\n{measured(results)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure on the machine's GPU, and rewrite the page."""
    argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)
    if not torch.cuda.is_available():
        print("there is no CUDA device here, so nothing is measured")
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    result = measure(DATA_SET, "cuda")
    name = re.sub(r"\W+", "-", result["machine"]["gpu"].lower()).strip("-")
    write(result, FOLDER / f"{name}.json")
    write_part(PAGE, "gpu", table(map(read, sorted(FOLDER.glob("*.json")))))
    print(f"a step takes {result['step_ms']:.2f} ms")


if __name__ == "__main__":
    main()
