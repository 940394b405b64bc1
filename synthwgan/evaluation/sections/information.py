"""How much columns tell about each other: the weighted error of normalised mutual information."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from synthwgan.evaluation.inputs import Rows
from synthwgan.evaluation.measures import Measure
from synthwgan.evaluation.sections.features import Bins
from synthwgan.evaluation.sections.yardsticks import Yardsticks

N_BINS = MAX_LEVELS = 10
_WIDTH = MAX_LEVELS + 3


def information_measure(yardsticks: Yardsticks, names: list[Any]) -> Measure:
    """Return the weighted error of normalised mutual information, over pairs of columns.

    Parameters
    ----------
    yardsticks : Yardsticks
    names : list of column names
        The columns whose pairs are looked at, two or more.
    """

    def figures(reference: Rows, candidate: Rows) -> dict[str, float]:
        return {"nmi_error": information_error(reference, candidate, names)}

    return yardsticks.measure(figures).measure(
        "nmi_error",
        "Weighted NMI error",
        higher=False,
        question="Do columns tell as much about each other?",
        meaning="Mean difference of the pairs' normalised mutual information, strong pairs first.",
        counts=False,
        aside="pair trends sees more: which values go together, and not only how closely",
    )


def information_error(reference: Rows, candidate: Rows, names: list[Any]) -> float:
    """Return how much the normalised mutual information of pairs differs, strong ones before weak.

    That is the mean of ``|a - b|`` over pairs, for the information ``2 I(X; Y) / (H(X) + H(Y))``
    of the reference, a, and of the candidate, b. Most pairs of a table hardly depend on each
    other, and any table gets these right: so a pair weighs as much as the larger of a and b.
    Numbers are in ten bins at the quantiles of the reference, and missing cells are a value.

    Parameters
    ----------
    reference, candidate : Rows
    names : list of column names

    References
    ----------
    After Scassola, Ponsford, Javaloy, Saccani, Bortolussi, Gouk and Vergari, "A Sobering Look at
    Tabular Data Generation via Probabilistic Circuits", 2026, who compare pairs by a weighted
    normalised mutual information. Bins and weights are ours.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> from synthwgan.evaluation.sections.information import information_error
    >>> real = pd.DataFrame({"a": ["x", "x", "y", "y"] * 5, "b": ["u", "u", "v", "v"] * 5})
    >>> tables = Tables.of(real, real.assign(b=["u", "v"] * 10), real.assign(a=real["b"]))
    >>> round(information_error(tables.real, tables.synthetic, ["a", "b"]), 6)
    1.0
    >>> information_error(tables.real, tables.real, ["a", "b"])
    0.0
    """
    bins = Bins(reference, N_BINS, MAX_LEVELS)
    known, made = (_information(bins.codes(rows), names) for rows in (reference, candidate))
    weights = np.maximum(known, made)
    if not weights.sum() > 0:
        return 0.0
    return float(weights @ np.abs(known - made) / weights.sum())


def _information(codes: dict[Any, np.ndarray], names: list[Any]) -> np.ndarray:
    """Return the normalised mutual information of each pair, 0 of a constant column."""
    alone = {name: _entropy(codes[name]) for name in names}
    found = []
    for first, second in combinations(names, 2):
        both = alone[first] + alone[second]
        shared = both - _entropy(codes[first] * _WIDTH + codes[second])
        found.append(max(0.0, 2 * shared / both) if both > 0 else 0.0)
    return np.array(found)


def _entropy(codes: np.ndarray) -> float:
    counts = np.bincount(codes)
    shares = counts[counts > 0] / len(codes)
    return float(-(shares * np.log(shares)).sum())
