"""Global utility: every column in turn is what a model predicts from the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Rows
from synthwgan.evaluation.measures import Measure
from synthwgan.evaluation.sections.learners import Learner, Target
from synthwgan.evaluation.sections.yardsticks import independent_columns, n_floors

MAX_TARGETS = 20
MAX_ROWS = 5_000
MIN_ROWS = 20
_LEAF = 10
_SEED = 0
_DAY = 86_400.0
# A tree of synthetic rows that is more than twice as good as one of real ones has been lucky.
_MOST = 2.0


@dataclass(frozen=True)
class EveryColumn:
    """A measure, and one row a column that was predicted."""

    measure: Measure
    table: pd.DataFrame


def every_column(
    real: Rows, synthetic: Rows, test: Rows, rng: np.random.Generator, *, has_test: bool
) -> EveryColumn | None:
    """Train a tree for each column on synthetic rows, and score it on real ones beside one of real.

    A column's utility is the score of the tree of synthetic rows by that of the tree of as many
    real ones: of balanced accuracy for classes, and of one over the root of the squared error for
    numbers. So the ceiling is 1, and the floor what trees of independent columns reach.

    Parameters
    ----------
    real, synthetic : Rows
        What the trees are trained on; 5,000 rows of each at most.
    test : Rows
        Real rows that they are scored on.
    rng : Generator
        Draws rows, and 20 columns where there are more.
    has_test : bool
        Whether those are real test rows, and not a part of the training rows held out.

    Returns
    -------
    EveryColumn or None
        None where there are fewer than two columns to predict, or 20 rows.

    References
    ----------
    After Jiang, Simidjievski and Jamnik, "TabStruct: Measuring Structural Fidelity of Tabular
    Data", ICLR 2026, who call it global utility and use an ensemble of learners. One tree is less
    sharp, and takes seconds.
    """
    n_rows = min(MAX_ROWS, len(real), len(synthetic))
    targets = _targets(real, rng)
    if len(targets) < 2 or min(n_rows, len(test)) < MIN_ROWS:
        return None
    test = test.sample(MAX_ROWS, rng)
    floors = [independent_columns(real, rng) for _ in range(n_floors(n_rows))]
    tables = {"real": real, "synthetic": synthetic, **dict(enumerate(floors))}
    scores = {
        name: np.array([_score(target, rows, test) for target in targets])
        for name, rows in ((name, rows.sample(n_rows, rng)) for name, rows in tables.items())
    }
    is_classes = np.array([target.is_classes for target in targets])
    relative = {name: _utility(found, scores["real"], is_classes) for name, found in scores.items()}
    held_out = "" if has_test else " Without test rows, real ones that were held out judge both."
    measure = Measure(
        "global_utility",
        "Global utility",
        float(np.nanmean(relative["synthetic"])),
        floor=max(float(np.nanmean(relative[at])) for at in range(len(floors))),
        ceiling=1.0,
        higher=True,
        question="Can every column be predicted from the others as well?",
        meaning="Scores of trees that learnt from synthetic rows by those of trees that learnt "
        f"from real ones, each column the target in turn.{held_out}",
        counts=False,
        aside="the target that one would predict counts, and not every column",
    )
    table = pd.DataFrame(
        {
            "column": [target.column.name for target in targets],
            "score": [_score_name(target) for target in targets],
            "train real, test real": scores["real"],
            "train synthetic, test real": scores["synthetic"],
            "utility": relative["synthetic"],
        }
    )
    return EveryColumn(measure, table.sort_values("utility", kind="stable", ignore_index=True))


def _targets(real: Rows, rng: np.random.Generator) -> list[Target]:
    """Return the columns that can be predicted: those of two common values or more."""
    names: list[Any] = [
        column.name
        for column in real.columns
        if (column.is_number and len(np.unique(real[column.name][~real.missing(column.name)])) > 1)
        or column.n_common_levels > 1
    ]
    if len(names) > MAX_TARGETS:
        names = [names[at] for at in sorted(rng.choice(len(names), MAX_TARGETS, replace=False))]
    return [Target.of(real, name) for name in names]


def _score(target: Target, rows: Rows, test: Rows) -> float:
    """Return the balanced accuracy, or the error, of a tree of some rows on others."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    rows, test = target.usable(rows), target.usable(test)
    if not len(rows) or not len(test):
        return np.nan
    tree = DecisionTreeClassifier if target.is_classes else DecisionTreeRegressor
    learner = Learner(tree(min_samples_leaf=_LEAF, random_state=_SEED), target, rows, linear=False)
    truth, predicted = target.truth(test), learner.predict(test)
    if target.is_classes:
        right = predicted.argmax(axis=1) == truth
        return float(np.mean([right[truth == one].mean() for one in np.unique(truth)]))
    return float(np.sqrt(np.mean((truth - predicted) ** 2))) / _unit(target)


def _score_name(target: Target) -> str:
    if target.is_classes:
        return "balanced accuracy"
    return "root mean squared error" + (", days" if _unit(target) > 1 else "")


def _unit(target: Target) -> float:
    """Return in what errors are told: those of dates and durations, which are seconds, in days."""
    return 1.0 if target.column.content.form == "number" else _DAY


def _utility(scores: np.ndarray, real: np.ndarray, is_classes: np.ndarray) -> np.ndarray:
    """Return scores by those of real rows, at most twice as good: 1 is as good."""
    least = np.finfo(float).tiny
    ratio = np.where(is_classes, scores / np.maximum(real, least), real / np.maximum(scores, least))
    return np.where((scores == 0) & (real == 0), 1.0, np.minimum(ratio, _MOST))
