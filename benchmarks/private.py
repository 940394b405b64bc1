"""Differential privacy: what a table is worth for which epsilon.

``PrivateSynthesizer`` is fitted to the training rows with the target declared, for several
epsilons, with public domains or with domains that are bought from the budget; the figures are those
of the other benchmarks. Run from the repository root::

    python -m benchmarks.private --data adult shoppers --epsilons 1 3 --seeds 0 1
    python -m benchmarks.private --data adult --epsilons 1 --bought

The figures go to ``benchmarks/results/private.json`` and to the page about privacy; with
``--max-steps`` they are only printed.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.cell import limit_threads
from benchmarks.common import keep, measure_parser, publish, result_of
from benchmarks.data import REPOSITORY, Dataset, load
from benchmarks.page import markdown_table, measured

FILE = "private.json"
PAGE = REPOSITORY / "docs" / "benchmarks" / "private.md"
DELTA = 1e-5
EPSILONS = (0.5, 1.0, 3.0, 10.0)
MAX_DECIMALS = 6
PACKAGES = ("synthwgan", "torch", "scikit-learn", "sdmetrics")

TEXT = """
# Differential privacy

`PrivateSynthesizer` with delta 1e-5, fitted to the training rows; the figures are those of the
[comparison](index.md): errors of single columns and of pairs in per cent, the area under the curve
of boosted trees that learn from synthetic rows and are asked about real ones (*MLE*; beside it the
same for real rows), and how well boosted trees are deceived (*C2ST-XGB*, 1 is ideal).

*Public* means that categories, bounds, decimals and missing cells were declared; here they were
read from the tables, as nobody declared them for these. *Bought* means that nothing but names and
dtypes was known, and all else was paid for from the budget. Settings of the mechanism were chosen
on 15 % of the training rows that were kept back, and never on test rows. The noise was seeded, so
that the figures can be measured again; a model for use is not.

What falls short: bought domains in the trend error, since ends of ranges are found only as far as
noise allows, and a trend is judged on a range cut into ten from end to end; and correlations of
heavy-tailed numbers in small tables (shoppers).

Run `python -m benchmarks.private --data adult shoppers` to measure it again.
"""

TITLES = (
    *("data set", "domains", "epsilon", "seeds", "shape error", "trend error", "MLE", "real"),
    *("C2ST-XGB", "seconds"),
)
FORMS = {"shape_err": ".2f", "trend_err": ".2f", "mle": ".3f", "mle_real": ".3f", "c2st_xgb": ".3f"}


def public_domain(dataset: Dataset) -> dict[Any, Any]:
    """Return what stands in for public knowledge of a data set's columns."""
    from synthwgan import Domain

    rows = pd.concat([dataset.train, dataset.test])
    domain: dict[Any, Any] = {
        name: Domain(
            bounds=(rows[name].min(), rows[name].max()),
            decimals=_decimals(rows[name].dropna()),
            missing=bool(rows[name].isna().any()),
        )
        for name in dataset.numeric
    }
    for name in dataset.categorical:
        domain[name] = Domain(
            categories=sorted(rows[name].dropna().unique()), missing=bool(rows[name].isna().any())
        )
    return domain


def _decimals(values: pd.Series) -> int | None:
    fits = (n for n in range(MAX_DECIMALS + 1) if np.allclose(values.round(n), values, rtol=0))
    return next(fits, None)


def measure(
    dataset: Dataset, seed: int, epsilon: float, is_public: bool, max_steps: int | None
) -> dict[str, Any]:
    """Fit, draw as many rows as there are, and return the figures."""
    from benchmarks.metrics import c2st_xgb, mle, quality_errors
    from synthwgan import PrivateSynthesizer

    settings = {} if max_steps is None else {"max_steps": max_steps}
    domain = public_domain(dataset) if is_public else None
    started = time.perf_counter()
    model = PrivateSynthesizer(
        epsilon, DELTA, target=dataset.target, domain=domain, random_state=seed, **settings
    ).fit(dataset.train)
    seconds = time.perf_counter() - started
    rows = model.sample(len(dataset.train), random_state=seed)
    figures: dict[str, float] = {}
    for metric in (quality_errors, mle, c2st_xgb):
        figures |= metric(dataset.train, dataset.test, rows, dataset)
    domains = "public" if is_public else "bought"
    return result_of(
        f"{domains}, epsilon {epsilon:g}",
        dataset,
        seed,
        PACKAGES,
        epsilon=epsilon,
        delta=DELTA,
        domains=domains,
        figures=figures,
        seconds=round(seconds, 2),
    )


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown, means over the seeds, with day and machine below."""
    groups: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for one in results:
        key = (one["data_set"], one["domains"], one["epsilon"])
        groups.setdefault(key, []).append(one)
    order = sorted(groups, key=lambda key: (key[0], key[1] != "public", key[2]))
    rows = [_cells(*key, groups[key]) for key in order]
    return f"{markdown_table(TITLES, rows)}\n\n{measured(results)} One thread."


def _cells(
    data_set: str, domains: str, epsilon: float, results: Sequence[dict[str, Any]]
) -> list[str]:
    texts = [
        f"{statistics.fmean(one['figures'][figure] for one in results):{form}}"
        for figure, form in FORMS.items()
    ]
    seconds = statistics.fmean(one["seconds"] for one in results)
    return [data_set, domains, f"{epsilon:g}", str(len(results)), *texts, f"{seconds:.0f}"]


def describe(result: dict[str, Any]) -> str:
    """Return a result as one line for the terminal."""
    figures = ", ".join(f"{name} {value:.4f}" for name, value in result["figures"].items())
    place = f"{result['data_set']}, {result['model']}, seed {result['seed']}"
    return f"{place}: {figures}, {result['seconds']} s"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every epsilon on every data set with every seed, and rewrite the page."""
    parser = measure_parser("private", __doc__)
    parser.add_argument("--epsilons", type=float, nargs="+", default=list(EPSILONS))
    parser.add_argument("--bought", action="store_true", help="declare nothing, buy all domains")
    options = parser.parse_args(arguments)
    limit_threads(1)
    for seed, data_set, epsilon in itertools.product(options.seeds, options.data, options.epsilons):
        dataset = load(data_set, seed=seed)
        result = measure(dataset, seed, epsilon, not options.bought, options.max_steps)
        print(describe(result), flush=True)
        if options.max_steps is None:
            everything = keep([result], options.results / FILE)
            publish(PAGE, TEXT, "private", table(everything))


if __name__ == "__main__":
    main()
