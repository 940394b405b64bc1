"""CTGAN's rows of every slice, drawn in its own environment, and what they cost.

``python -m benchmarks.conditional`` calls this half there, where synthwgan is not::

    python -m benchmarks.ctgan_conditions rows.parquet --data adult --seed 1

The rows go to the Parquet file, the costs to the JSON file beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.cell import limit_threads, read, write
from benchmarks.common import run_peer
from benchmarks.data import DATA_SETS, Dataset, load
from benchmarks.slices import Draw, redraw, slices, throughput, turns

# Key of the tables of rows of all kinds among those of the slices.
ALL = "all"


def rows_and_costs(
    data_set: str, seed: int, max_steps: int | None, folder: Path, force: bool
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return CTGAN's rows of every slice and what they cost, drawn if they are not there.

    Parameters
    ----------
    data_set : str
        Name of the data set.
    seed : int
        Seed of its split and of the fit.
    max_steps : int or None
        Steps of training, rounded up to whole epochs; None for CTGAN's default.
    folder : Path
        Where the rows are kept.
    force : bool
        Fit and draw anew.

    Returns
    -------
    rows : DataFrame
        The rows, with the columns ``variant`` and ``drawn_for`` (``"column=state"``), both
        `ALL` for rows of all kinds.
    costs : dict of str to dict
        For each of `VARIANTS`, ``hit_shares`` of the slices, in their order, and ``speed``.
    """
    path = folder / f"conditional-{data_set}-ctgan-s{seed}.parquet"
    if max_steps is not None:
        path = path.with_stem(f"{path.stem}-max_steps={max_steps}")
    if force or not path.with_suffix(".json").exists():
        run_peer("ctgan_conditions", *_arguments(data_set, seed, max_steps, path))
    return pd.read_parquet(path), read(path.with_suffix(".json"))


def _arguments(data_set: str, seed: int, max_steps: int | None, path: Path) -> list[str]:
    arguments = [str(path), "--data", data_set, "--seed", str(seed)]
    return arguments + ([] if max_steps is None else ["--max-steps", str(max_steps)])


def draw_ctgan(dataset: Dataset, seed: int, max_steps: int | None, path: Path) -> None:
    """Fit CTGAN and write its rows of every slice, and what they cost; in its environment."""
    from benchmarks.models import CTGAN

    n_epochs = {} if max_steps is None else {"epochs": -(-max_steps // (len(dataset.train) // 500))}
    wrapper = CTGAN(**n_epochs)
    wrapper.fit(dataset, seed)
    parts, costs = [wrapper.sample(len(dataset.train)).assign(variant=ALL, drawn_for=ALL)], {}
    wanted = list(slices(dataset.train, dataset.categorical))
    for variant in VARIANTS:
        draw = VARIANTS[variant](wrapper._model)
        hit_shares = []
        for one in wanted:
            rows, hit_share = redraw(draw, one.column, one.state, one.n_compared)
            hit_shares.append(hit_share)
            parts.append(rows.assign(variant=variant, drawn_for=f"{one.column}={one.state}"))
        kept = lambda *wanted, draw=draw: redraw(draw, *wanted)[0]  # noqa: E731
        speed = throughput(wrapper.sample, kept, turns(dataset))
        costs[variant] = {"hit_shares": hit_shares, "speed": speed}
    pd.concat(parts, ignore_index=True).to_parquet(path)
    write(costs, path.with_suffix(".json"))


def _as_shipped(model: Any) -> Draw:
    return lambda column, state, n_rows: model.sample(n_rows, column, state)


def _corrected(model: Any) -> Draw:
    """Undo two slips of ctgan 0.12.1 (its issues 169 and 235), for what its paper describes.

    Every condition goes to the states of the first categorical column, whatever its column; and
    batch normalisation by the batch at hand takes away what all of its rows have in common.
    """
    sampler = model._data_sampler
    sampler._discrete_column_matrix_st = sampler._discrete_column_cond_st
    model._generator.eval()
    return _as_shipped(model)


# In this order: the second changes the model.
VARIANTS = {"ctgan": _as_shipped, "ctgan corrected": _corrected}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit CTGAN to one data set and write its rows."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ctgan_conditions",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, help="the file of the rows")
    parser.add_argument("--data", choices=DATA_SETS, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--max-steps", type=int, help="shorten the fit")
    options = parser.parse_args(arguments)
    limit_threads(1)
    options.path.parent.mkdir(parents=True, exist_ok=True)
    dataset = load(options.data, seed=options.seed)
    draw_ctgan(dataset, options.seed, options.max_steps, options.path)


if __name__ == "__main__":
    main()
