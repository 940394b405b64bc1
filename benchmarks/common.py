"""What the benchmarks of conditional rows, of imputation and of rare classes share."""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import DATA_SETS, REPOSITORY, Dataset
from benchmarks.page import write_part
from benchmarks.run import PEERS_PYTHON


def measure_parser(module: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser of what the benchmarks of one fitted synthesizer have in common."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{module}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", nargs="+", choices=DATA_SETS, default=["adult"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--max-steps", type=int, help="shorten the fits; nothing is written")
    parser.add_argument("--model-file", type=Path, help="fitted synthesizer, in place of a fit")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
    return parser


def check_model_file(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse to label one model as fitted to several tables or with several seeds."""
    if options.model_file is not None and len(options.data) * len(options.seeds) > 1:
        parser.error("--model-file takes one data set, and one seed: that of the model")


def fitted(dataset: Dataset, seed: int, max_steps: int | None, model_file: Path | None) -> Any:
    """Return the synthesizer, read from a file or fitted to the training rows."""
    # The peers' environment has this module, but not synthwgan.
    from synthwgan import WGANGPSynthesizer

    if model_file is not None:
        return WGANGPSynthesizer.load(model_file)
    settings = {} if max_steps is None else {"max_steps": max_steps}
    return WGANGPSynthesizer(random_state=seed, **settings).fit(dataset.train)


def run_peer(module: str, *arguments: str) -> None:
    """Run a module of the benchmarks in the environment of the peers."""
    if not PEERS_PYTHON.exists():
        raise FileNotFoundError(f"{PEERS_PYTHON} not found: run `make bench-peers`.")
    command = [str(PEERS_PYTHON), "-m", f"benchmarks.{module}", *arguments]
    subprocess.run(command, cwd=REPOSITORY, check=True)


def result_of(
    model: str, dataset: Dataset, seed: int, packages: Sequence[str], **measured: Any
) -> dict[str, Any]:
    """Return what was measured, with what it was measured of, when and on which machine."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": model,
        "data_set": dataset.name,
        "seed": seed,
        **measured,
        "machine": machine(packages),
    }


def merged(old: Iterable[dict[str, Any]], new: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results with the new ones in the place of old ones of the same model, data and seed."""
    by_key = {tuple(one[key] for key in ("data_set", "model", "seed")): one for one in [*old, *new]}
    return [by_key[key] for key in sorted(by_key)]


def kept(path: Path) -> list[dict[str, Any]]:
    """Return the results of a file; none if it is not there."""
    return read(path)["results"] if path.exists() else []


def keep(results: Iterable[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """Add the results to those of a file; return all."""
    everything = merged(kept(path), results)
    write({"results": everything}, path)
    return everything


def grouped(
    results: Iterable[dict[str, Any]], models: Iterable[str]
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the results by data set and model, the models in the order given."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for result in results:
        groups.setdefault((result["data_set"], result["model"]), []).append(result)
    order = list(models)
    return {
        key: groups[key] for key in sorted(groups, key=lambda key: (key[0], order.index(key[1])))
    }


def publish(page: Path, text: str, marker: str, content: str) -> None:
    """Put the content between a page's markers; a page that is not there begins as the text."""
    if not page.exists():
        edges = "\n".join(f"<!-- {marker}: {edge} -->" for edge in ("start", "end"))
        page.write_text(f"{text.strip()}\n\n{edges}\n", encoding="utf-8")
    write_part(page, marker, content)
