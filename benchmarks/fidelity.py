"""How good are the rows? One model, one data set, all figures.

Run from the repository root, for example::

    python -m benchmarks.fidelity adult --max-seconds 170
    python -m benchmarks.fidelity shoppers --seeds 0 1 2 --params max_steps=4000
    python -m benchmarks.fidelity adult --model real
    python -m benchmarks.fidelity --table

A run prints its figures and writes them, with the machine and the parameters, to a JSON file in
``benchmarks/results``; ``--table`` turns all these files into one Markdown table. Tables below
3000 rows are judged on 3000 synthetic rows, so that the figures are the model's and not the
sampling noise of a few rows; larger ones on as many rows as they have training rows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.data import DATA_SETS, Dataset, load
from benchmarks.metrics import METRICS

RESULTS = Path(__file__).resolve().parent / "results"
MIN_SYNTHETIC_ROWS = 3_000
# Test rows judged against themselves say nothing.
UNDEFINED_FOR_REAL = ("mle", "dcr_share", "copies")
PACKAGES = ("synthwgan", "torch", "numpy", "pandas", "scikit-learn", "sdmetrics", "xgboost-cpu")
FIGURES = {
    "shape_err": ("shape err", ".2f"),
    "trend_err": ("trend err", ".2f"),
    "c2st_lr": ("C2ST-LR", ".3f"),
    "c2st_gb": ("C2ST-GB", ".3f"),
    "c2st_xgb": ("C2ST-XGB", ".3f"),
    "mle": ("MLE", ".3f"),
    "mle_real": ("MLE of real rows", ".3f"),
    "dcr_share": ("DCR share", ".3f"),
    "copies": ("copies", ".4f"),
    "copies_test": ("copies in test rows", ".4f"),
}


@dataclass(frozen=True)
class Rows:
    """Synthetic rows and what they cost."""

    frame: pd.DataFrame
    fit_seconds: float
    sample_seconds: float


Model = Callable[[Dataset, int, dict[str, Any]], Rows]


def synthwgan_rows(dataset: Dataset, seed: int, params: dict[str, Any]) -> Rows:
    """Fit this project's synthesizer on the training rows and sample from it."""
    from synthwgan import WGANGPSynthesizer

    started = time.perf_counter()
    model = WGANGPSynthesizer(random_state=seed, **params).fit(dataset.train)
    fitted = time.perf_counter()
    frame = model.sample(_n_synthetic(dataset), random_state=seed + 1)
    return Rows(frame, fitted - started, time.perf_counter() - fitted)


def real_rows(dataset: Dataset, seed: int, params: dict[str, Any]) -> Rows:
    """Give the real test rows: what a perfect model would reach."""
    return Rows(dataset.test, 0.0, 0.0)


def bootstrap_rows(dataset: Dataset, seed: int, params: dict[str, Any]) -> Rows:
    """Give training rows drawn with replacement: perfect fidelity, no privacy."""
    frame = dataset.train.sample(_n_synthetic(dataset), replace=True, random_state=seed)
    return Rows(frame.reset_index(drop=True), 0.0, 0.0)


MODELS: dict[str, Model] = {
    "synthwgan": synthwgan_rows,
    "real": real_rows,
    "bootstrap": bootstrap_rows,
}


def measure(
    model: str, data_set: str, seed: int, params: dict[str, Any], metrics: Sequence[str]
) -> dict[str, Any]:
    """Return one result: figures, times, parameters and machine."""
    dataset = load(data_set, seed=seed)
    rows = MODELS[model](dataset, seed, params)
    figures: dict[str, float] = {}
    for name in metrics:
        figures |= METRICS[name](dataset.train, dataset.test, rows.frame, dataset)
    if model == "real":
        figures = {name: v for name, v in figures.items() if name not in UNDEFINED_FOR_REAL}
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "model": model,
        "data_set": data_set,
        "seed": seed,
        "params": params,
        "n_train": len(dataset.train),
        "n_synthetic": len(rows.frame),
        "fit_seconds": round(rows.fit_seconds, 2),
        "sample_seconds": round(rows.sample_seconds, 2),
        "figures": figures,
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """Describe what the figures were measured on."""
    import torch

    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in PACKAGES},
    }


def describe(result: dict[str, Any]) -> str:
    """Return a result as a small table for the terminal."""
    lines = [
        f"{result['data_set']}, {result['model']}, seed {result['seed']}: "
        f"fit {result['fit_seconds']} s, sample {result['sample_seconds']} s, "
        f"{result['n_synthetic']} rows"
    ]
    for name, value in result["figures"].items():
        title, form = FIGURES[name]
        lines.append(f"  {title:<20}{value:{form}}")
    return "\n".join(lines)


def markdown_table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown; seeds of the same run are averaged."""
    shown = [name for name in FIGURES if any(name in result["figures"] for result in results)]
    runs: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for result in sorted(results, key=lambda result: (result["data_set"], result["date"])):
        settings = ", ".join(f"{key}={value}" for key, value in result["params"].items())
        runs.setdefault((result["data_set"], result["model"], settings), []).append(result)
    titles = [
        "data set",
        "model",
        "settings",
        "seeds",
        "fit s",
        *(FIGURES[name][0] for name in shown),
    ]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += [_markdown_row(key, group, shown) for key, group in runs.items()]
    return "\n".join([*lines, "", _measured(results)])


def _measured(results: Sequence[dict[str, Any]]) -> str:
    """Say when and on which machines the results were measured."""
    dates = sorted({result["date"][:10] for result in results})
    machines = sorted(
        {
            f"{machine['cpu']}, {machine['cores']} cores, {machine['torch_threads']} torch threads"
            for machine in (result["machine"] for result in results)
        }
    )
    days = " to ".join(sorted({dates[0], dates[-1]}))
    return f"Measured {days} on {'; '.join(machines)}."


def save(result: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write a result to its own JSON file."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.fromisoformat(result["date"]).strftime("%Y%m%dT%H%M%S")
    path = folder / f"{result['data_set']}-{result['model']}-{result['seed']}-{stamp}.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.table:
        files = sorted(options.results.glob("*.json"))
        print(markdown_table([json.loads(file.read_text(encoding="utf-8")) for file in files]))
        return
    if options.data_set is None:
        parser.error("give a data set, or --table")
    params = dict(options.params)
    if options.max_seconds is not None:
        params["max_seconds"] = options.max_seconds
    for seed in options.seeds:
        result = measure(options.model, options.data_set, seed, params, options.metrics)
        print(describe(result))
        print(f"  written to {save(result, options.results)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fidelity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data_set", nargs="?", choices=DATA_SETS)
    parser.add_argument("--model", choices=MODELS, default="synthwgan")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--max-seconds", type=float)
    parser.add_argument(
        "--params", type=_param, nargs="+", default=[], metavar="KEY=VALUE", help="value as JSON"
    )
    parser.add_argument("--metrics", nargs="+", choices=METRICS, default=list(METRICS))
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of JSON results")
    parser.add_argument("--table", action="store_true", help="print all results as Markdown")
    return parser


def _param(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value


def _n_synthetic(dataset: Dataset) -> int:
    return max(len(dataset.train), MIN_SYNTHETIC_ROWS)


def _markdown_row(key: tuple[str, str, str], group: list[dict[str, Any]], shown: list[str]) -> str:
    times = [result["fit_seconds"] for result in group]
    cells = [*key, str(len(group)), f"{sum(times) / len(times):.0f}"]
    for name in shown:
        values = [result["figures"][name] for result in group if name in result["figures"]]
        cells.append(f"{sum(values) / len(values):{FIGURES[name][1]}}" if values else "")
    return "| " + " | ".join(cells) + " |"


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
