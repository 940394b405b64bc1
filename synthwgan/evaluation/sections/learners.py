"""Learners that predict a target, and how well they do on rows that they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthwgan.evaluation.inputs import Column, Rows
from synthwgan.evaluation.sections.features import Space, tree_matrix
from synthwgan.evaluation.sections.intervals import WeightedAUC

MAX_CLASSES = 20
MAX_NUMBERS_AS_CLASSES = 10
# Trees of a quick report: of its few rows more of them learn no more. Each class has trees of its
# own, so of many classes they are fewer.
QUICK_TREES, MIN_QUICK_ROUNDS = 100, 15
_SEED = 0


@dataclass(frozen=True)
class Target:
    """The column that is predicted.

    Parameters
    ----------
    column : Column
    values : ndarray or None
        The classes: codes of categories, or numbers of a column with at most ten. None for
        regression.
    """

    column: Column
    values: np.ndarray | None

    @classmethod
    def of(cls, rows: Rows, name: Any) -> Target:
        """Decide by the real rows whether a column is one of classes or of numbers."""
        column = next(column for column in rows.columns if column.name == name)
        present = rows[name][~rows.missing(name)]
        distinct, counts = np.unique(present, return_counts=True)
        if len(distinct) < 2:
            raise ValueError(
                f"the target {str(name)!r} holds one value only: choose a column that varies"
            )
        if column.is_number and len(distinct) > MAX_NUMBERS_AS_CLASSES:
            return cls(column, None)
        return cls(column, np.sort(distinct[np.argsort(-counts, kind="stable")[:MAX_CLASSES]]))

    @property
    def is_classes(self) -> bool:
        """Whether classes are predicted, and not numbers."""
        return self.values is not None

    @property
    def chance(self) -> float:
        """Score of guessing: half the area under the ROC curve, or no variance explained."""
        return 0.5 if self.is_classes else 0.0

    @property
    def score_name(self) -> str:
        """What the figures are."""
        if not self.is_classes:
            return "R2"
        return "ROC AUC" if len(self.values) == 2 else "ROC AUC, mean of the classes"

    def usable(self, rows: Rows) -> Rows:
        """Return the rows with a known value, of a class that is predicted."""
        values = rows[self.column.name]
        if self.is_classes and not self.column.is_number:
            return rows.take(np.isin(values, self.values))
        return rows.take(~rows.missing(self.column.name))

    def truth(self, rows: Rows) -> np.ndarray:
        """Return what is predicted: a class's place, of numbers the nearest one's, or numbers."""
        values = rows[self.column.name]
        if not self.is_classes:
            return values
        return np.abs(values[:, None] - self.values).argmin(axis=1)


class Learner:
    """One learner, fitted to rows.

    Parameters
    ----------
    model : estimator
        Of scikit-learn, not fitted.
    target : Target
    rows : Rows
        Training rows, all usable.
    linear : bool
        Whether it takes points, and not numbers and codes as they are.
    """

    def __init__(self, model: Any, target: Target, rows: Rows, linear: bool) -> None:
        self.target = target
        self._space = Space(rows, (target.column.name,)) if linear else None
        matrix, truth = self._matrix(rows), target.truth(rows)
        # Trees cannot bin a column that is all NaN.
        self._kept = ~np.isnan(matrix).all(axis=0)
        self._model = None
        if self._kept.any() and len(np.unique(truth)) > 1:
            self._model = model.fit(matrix[:, self._kept], truth)
        self._mean = float(truth.mean())

    def predict(self, rows: Rows) -> np.ndarray:
        """Return probabilities, shape (n_rows, n_classes), or numbers, shape (n_rows,)."""
        if not self.target.is_classes:
            return self._numbers(rows)
        probabilities = np.zeros((len(rows), len(self.target.values)))
        if self._model is not None:
            matrix = self._matrix(rows)[:, self._kept]
            probabilities[:, self._model.classes_] = self._model.predict_proba(matrix)
        return probabilities

    def _numbers(self, rows: Rows) -> np.ndarray:
        if self._model is None:
            return np.full(len(rows), self._mean)
        return self._model.predict(self._matrix(rows)[:, self._kept])

    def _matrix(self, rows: Rows) -> np.ndarray:
        if self._space is not None:
            return self._space.points(rows)
        return tree_matrix(rows, (self.target.column.name,))[0]


def fit_learners(target: Target, rows: Rows, quick: bool = False) -> dict[str, Learner]:
    """Return a linear model, a random forest and boosted trees, or a few trees only, fitted."""
    from sklearn import ensemble, linear_model

    is_category = tree_matrix(rows.take(np.arange(1)), (target.column.name,))[1]
    kept = [not rows.missing(name).all() for name in rows.arrays if name != target.column.name]
    boosted = {"categorical_features": is_category[kept], "random_state": _SEED}
    if quick:
        n_classes = len(target.values) if target.is_classes else 2
        boosted["max_iter"] = max(MIN_QUICK_ROUNDS, QUICK_TREES // n_classes)
    forest = {"n_estimators": 50, "min_samples_leaf": 5, "random_state": _SEED}
    if target.is_classes:
        models = {
            "logistic regression": linear_model.LogisticRegression(max_iter=200),
            "random forest": ensemble.RandomForestClassifier(**forest),
            "boosted trees": ensemble.HistGradientBoostingClassifier(**boosted),
        }
    else:
        models = {
            "ridge regression": linear_model.Ridge(),
            "random forest": ensemble.RandomForestRegressor(**forest, max_features=0.5),
            "boosted trees": ensemble.HistGradientBoostingRegressor(**boosted),
        }
    return {
        name: Learner(model, target, rows, linear=name.endswith("regression"))
        for name, model in models.items()
        if not quick or name == "boosted trees"
    }


def scorer(
    truth: np.ndarray, predicted: np.ndarray, *, is_classes: bool
) -> Callable[[np.ndarray], float]:
    """Return a function that scores predictions, given how often each row counts.

    Parameters
    ----------
    truth : ndarray of shape (n_rows,)
        Numbers, or places of classes.
    predicted : ndarray of shape (n_rows,) or (n_rows, n_classes)
        Numbers, or a probability of each class.
    is_classes : bool
        Whether it is classes that are predicted.

    Returns
    -------
    callable
        Of numbers it returns R2; of classes the area under the ROC curve, of more than two the
        mean of one against the others. NaN where the rows that count are all alike.
    """
    if not is_classes:
        return lambda counts: _r2(truth, predicted, counts)
    n_classes = predicted.shape[1]
    # Of two classes, one says it all.
    places = range(1, 2) if n_classes == 2 else range(n_classes)
    areas = [WeightedAUC(truth == place, predicted[:, place]) for place in places]

    def mean_area(counts: np.ndarray) -> float:
        values = np.array([area(counts) for area in areas])
        known = np.isfinite(values)
        return float(values[known].mean()) if known.any() else float("nan")

    return mean_area


def _r2(truth: np.ndarray, predicted: np.ndarray, counts: np.ndarray) -> float:
    mean = np.average(truth, weights=counts)
    spread = counts @ (truth - mean) ** 2
    return float(1 - counts @ (truth - predicted) ** 2 / spread) if spread > 0 else float("nan")
