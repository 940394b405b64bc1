"""Attribute disclosure: guessing what is not known of a person from what is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Rows
from synthwgan.evaluation.measures import Measure
from synthwgan.evaluation.sections.features import Bins
from synthwgan.evaluation.sections.intervals import mean_interval
from synthwgan.evaluation.sections.yardsticks import Pair

N_KNOWN = 6
_MAX_CODES = 50


@dataclass(frozen=True)
class Disclosure:
    """A measure, and what it does and does not promise."""

    measure: Measure
    note: str


def disclosure_measure(
    own: Pair, unseen: Pair, rng: np.random.Generator, target: Any = None
) -> Disclosure | None:
    """Let an attacker who knows six columns of a real row guess a seventh from a table.

    The known columns are those that tell most about the other one in the real table: the worst
    case. Numbers are known and guessed in ten bins.

    Parameters
    ----------
    own, unseen : Pair
        The synthetic table, and real rows that no model saw, with the real rows of each.
    rng : Generator
        Draws the interval.
    target : column name, default None
        What is guessed; by default the category that the others tell most about.

    Returns
    -------
    Disclosure or None
        None for a table of one column.
    """
    real = own.reference
    sensitive, known = _roles(real, target)
    if not known:
        return None
    bins = Bins(real)
    # More rows tell more: all tables publish as many.
    n_rows = min(len(rows) for pair in (own, unseen) for rows in (pair.reference, pair.candidate))
    copied = real.sample(n_rows, rng)

    def protected(pair: Pair) -> np.ndarray:
        rows = pair.reference, pair.candidate.sample(n_rows, rng)
        return 1 - guessed(*map(bins.codes, rows), known, sensitive)

    kept = protected(own)
    measure = Measure(
        "disclosure_protection",
        "Attribute disclosure",
        float(kept.mean()),
        floor=float(protected(Pair(copied, copied)).mean()),
        ceiling=float(protected(unseen).mean()),
        interval=mean_interval(kept, rng),
        question="Does what is unknown of a person stay unknown?",
        meaning="How often a cell stays unknown to an attacker who knows the most telling others.",
        higher=True,
    )
    note = (
        f"Attribute disclosure: who knows {', '.join(repr(str(name)) for name in known)} guesses "
        f"{str(sensitive)!r}. What follows from how columns depend on each other in general can "
        "be guessed from any useful table, test rows too: only more than that is a leak."
    )
    return Disclosure(measure, note)


def guessed(
    real: dict[Any, np.ndarray], published: dict[Any, np.ndarray], known: list[Any], sensitive: Any
) -> np.ndarray:
    """Return how likely an attacker guesses each real row's sensitive cell.

    The attacker takes the published rows that equal a real one in the known columns, and guesses
    as often as they say. Where there is none, nothing is guessed.

    Parameters
    ----------
    real, published : dict of column name to ndarray of shape (n_rows,)
        Codes from 0.
    known : list of column names
    sensitive : column name

    Returns
    -------
    ndarray of shape (n_real,)
        Probabilities. One minus their mean is the figure that sdmetrics calls ``zero_cap``
        protection, which visits rows one by one and is too slow for whole tables.

    References
    ----------
    Elliot, "Final Report on the Disclosure Risk Associated with the Synthetic Data Produced by
    the SYLLS Team", 2014; Taub, Elliot, Pampaka and Smith, "Differential Correct Attribution
    Probability for Synthetic Data: An Exploration", PSD 2018.
    """
    keys = _numbered([np.concatenate([real[name], published[name]]) for name in known])
    both = _numbered([keys, np.concatenate([real[sensitive], published[sensitive]])])
    n_real = len(real[sensitive])
    alike = np.bincount(keys[n_real:], minlength=keys.max() + 1)[keys[:n_real]]
    right = np.bincount(both[n_real:], minlength=both.max() + 1)[both[:n_real]]
    return right / np.maximum(alike, 1)


def _numbered(columns: list[np.ndarray]) -> np.ndarray:
    """Return one whole number for each distinct row."""
    numbers = np.zeros(len(columns[0]), dtype="int64")
    for column in columns:
        numbers = pd.factorize(numbers * (int(column.max()) + 1) + column)[0]
    return numbers


def _roles(real: Rows, target: Any) -> tuple[Any, list[Any]]:
    """Return the sensitive column and the known ones, most telling first."""
    codes = Bins(real).codes(real)
    few = [name for name in codes if 1 < len(np.unique(codes[name])) <= _MAX_CODES]
    if target is None:
        categories = [column.name for column in real.columns if not column.is_number]
        candidates = [name for name in few if name in categories] or few
    else:
        candidates = [target]
    best: tuple[float, Any, list[Any]] = (-1.0, None, [])
    for name in candidates:
        told = {other: _told(codes[name], codes[other]) for other in few if other != name}
        known = sorted(told, key=lambda other: -told[other])[:N_KNOWN]
        strength = sum(told[other] for other in known)
        if strength > best[0]:
            best = strength, name, known
    return best[1], best[2]


def _told(sensitive: np.ndarray, other: np.ndarray) -> float:
    """Return the share of a column's information that another one tells."""
    from sklearn.metrics import mutual_info_score

    own = mutual_info_score(sensitive, sensitive)
    return mutual_info_score(sensitive, other) / own if own > 0 else 0.0
