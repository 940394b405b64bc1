"""Early stopping beside shorter and longer fits, judged by rows that none of them saw.

Small tables are fitted with so many steps at most. Early stopping ends some of these fits before,
by a tenth of the rows that is held out; the others learn from all rows, and their learning rate
decays. 30 % of each table are the judge. Run from the repository root::

    python -m benchmarks.stopping
    python -m benchmarks.stopping --data phoneme --seeds 0

writes ``benchmarks/results/stopping.json`` and the table in the guide. What is there is skipped.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks.cell import RESULTS, machine, read, write
from benchmarks.data import REPOSITORY, load
from benchmarks.page import markdown_table, measured, write_part

FILE = RESULTS / "stopping.json"
PAGE = REPOSITORY / "docs" / "guide" / "training.md"
DATA = ("wine", "breast_cancer", "phoneme")
N_ROWS, MAX_STEPS = 2_900, 400
# Steps at most, and the patience of early stopping, if there is one.
FITS = {
    "all steps": (MAX_STEPS, None),
    "`EarlyStopping()`": (MAX_STEPS, 10),
    "`EarlyStopping(patience=3)`": (MAX_STEPS, 3),
    "a quarter of the steps": (MAX_STEPS // 4, None),
}
FIGURES = ("steps", "detection", "pairs")


def measure(name: str, fit: str, seed: int) -> dict[str, Any]:
    """Fit once, without conditions and rejection, and judge."""
    from synthwgan import EarlyStopping, WGANGPSynthesizer
    from synthwgan.evaluation import make_scorer

    dataset = load(name)
    rows = pd.concat([dataset.train, dataset.test], ignore_index=True)
    rows = rows.sample(min(N_ROWS, len(rows)), random_state=seed)
    train, unseen = train_test_split(rows, test_size=0.3, random_state=seed)
    max_steps, patience = FITS[fit]
    model = WGANGPSynthesizer(
        max_steps=max_steps,
        early_stopping=False if patience is None else EarlyStopping(patience=patience),
        conditional=False,
        rejection=None,
        random_state=seed,
    ).fit(train)
    return {
        "data_set": name,
        "fit": fit,
        "seed": seed,
        "steps": int(model.n_iter_),
        **{metric: make_scorer(metric)(model, unseen) for metric in ("detection", "pairs")},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(["synthwgan", "torch", "scikit-learn"]),
    }


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the means over the seeds as a Markdown table."""
    rows = []
    for name in DATA:
        for fit in FITS:
            own = [one for one in results if (one["data_set"], one["fit"]) == (name, fit)]
            if own:
                steps, detection, pairs = (
                    statistics.mean(one[figure] for one in own) for figure in FIGURES
                )
                rows.append([name, fit, f"{steps:.0f}", f"{detection:.2f}", f"{pairs:.2f}"])
    titles = ["data set", "fit", "steps", "detection", "pairs"]
    return f"{markdown_table(titles, rows)}\n\n{measured(results)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what lacks, and rewrite the page's table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stopping",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=DATA)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args(arguments)
    results = read(FILE)["results"] if FILE.exists() else []
    known = {(one["data_set"], one["fit"], one["seed"]) for one in results}
    for seed in options.seeds:
        for name in options.data:
            for fit in FITS:
                if (name, fit, seed) not in known:
                    results.append(measure(name, fit, seed))
                    write({"results": results}, FILE)
    content = table(results)
    write_part(PAGE, "stopping", content)
    print(content)


if __name__ == "__main__":
    main()
