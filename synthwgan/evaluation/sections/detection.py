"""Classifiers that tell synthetic rows from real ones, and what they go by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Rows
from synthwgan.evaluation.sections.features import tree_matrix
from synthwgan.evaluation.sections.intervals import WeightedAUC

MAX_ROWS = 10_000
N_FOLDS = 3
N_SUSPECTS = 5
N_TREES = 100
_MAX_PERMUTED_ROWS = 2_000
_SEED = 0


@dataclass(frozen=True)
class Detection:
    """What a classifier reaches that has to tell two samples of rows apart.

    Parameters
    ----------
    auc : float
        Area under the ROC curve on rows that it was not trained on; 0.5 is chance, and less
        than chance counts as that.
    interval : tuple of two floats or None
        Its 95 % bootstrap interval.
    importances : DataFrame
        One row a column, the most telling first: ``column``, ``importance`` (how much area is
        lost when the column is permuted) and, of the first five, ``alone``: the area that the
        column reaches by itself.
    pairs : DataFrame
        Of the pairs of those five: ``column``, ``other``, ``auc`` of the two alone, and ``gain``
        over the better one of them. A gain means that their relation is off.
    """

    auc: float
    interval: tuple[float, float] | None
    importances: pd.DataFrame
    pairs: pd.DataFrame


def detect(reference: Rows, candidate: Rows, rng: np.random.Generator) -> Detection:
    """Let boosted trees tell two samples of rows apart, and find out what they go by.

    A classifier two-sample test on equally many rows of both, at most 10,000, in three folds.

    Parameters
    ----------
    reference, candidate : Rows
    rng : Generator
        Draws and permutes rows.

    Returns
    -------
    Detection

    References
    ----------
    Lopez-Paz and Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017. Permutation
    importance: Breiman, "Random Forests", Machine Learning 45, 2001, section 10.
    """
    matrix, is_real, is_category = _labelled(reference, candidate, rng)
    models, folds, scores = _out_of_fold(matrix, is_real, is_category)
    area = WeightedAUC(is_real, scores)
    importance = _permutation_importance(models, folds, matrix, is_real, rng)
    importances = pd.DataFrame(
        {"column": [column.name for column in reference.columns], "importance": importance}
    )
    importances = importances.sort_values("importance", ascending=False, kind="stable")
    suspects = importances.index[:N_SUSPECTS].to_list()
    alone = {place: _auc(matrix, is_real, is_category, [place]) for place in suspects}
    importances["alone"] = importances.index.map(alone)
    pairs = [
        {
            "column": reference.columns[first].name,
            "other": reference.columns[second].name,
            "auc": (auc := _auc(matrix, is_real, is_category, [first, second])),
            "gain": auc - max(alone[first], alone[second]),
        }
        for first, second in combinations(suspects, 2)
    ]
    return Detection(
        area.above_chance,
        area.interval(rng),
        importances.reset_index(drop=True),
        _sorted_pairs(pairs),
    )


def boosting_auc(
    reference: Rows, candidate: Rows, rng: np.random.Generator, n_judged: int = N_FOLDS
) -> float:
    """Return only the area of `detect`, or what it is on the first folds of the three."""
    matrix, is_real, is_category = _labelled(reference, candidate, rng)
    _, folds, scores = _out_of_fold(matrix, is_real, is_category, n_judged=n_judged)
    judged = np.concatenate(folds)
    return WeightedAUC(is_real[judged], scores[judged]).above_chance


def held_out_area(
    real: Rows, candidate: Rows, unseen: Rows, rng: np.random.Generator
) -> WeightedAUC:
    """Return the area that boosted trees reach on rows that nobody learnt from.

    They learn to tell one half of the candidate from as many real rows, and are judged on the
    other half and on real rows that were not seen. So nothing is gained by rows that lie close to
    real ones, which a classifier in folds takes for these.

    Parameters
    ----------
    real : Rows
        Rows that the candidate was made from.
    candidate : Rows
        Rows that are to be told from real ones.
    unseen : Rows
        Real rows that it was not made from.
    rng : Generator
        Draws rows.
    """
    order = rng.permutation(len(candidate))
    learnt, fresh = candidate.take(order[::2]), candidate.take(order[1::2])
    n_rows = min(MAX_ROWS, len(learnt), len(real))
    parts = [rows.sample(n_rows, rng) for rows in (real, learnt)]
    parts += [rows.sample(MAX_ROWS, rng) for rows in (unseen, fresh)]
    matrices = [tree_matrix(rows)[0] for rows in parts]
    seen, judged = np.vstack(matrices[:2]), np.vstack(matrices[2:])
    is_real = np.repeat([True, False], [n_rows, n_rows])
    is_category = tree_matrix(parts[0])[1]
    constant = _has_none(seen)
    model = _trees(len(seen), is_category).fit(np.where(constant, 0.0, seen), is_real)
    scores = model.predict_proba(np.where(constant, 0.0, judged))[:, 1]
    return WeightedAUC(np.repeat([True, False], [len(parts[2]), len(parts[3])]), scores)


def logistic_area(reference: np.ndarray, candidate: np.ndarray) -> WeightedAUC:
    """Return the area that a logistic regression reaches on points it was not trained on."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    points = np.vstack([reference, candidate])
    is_real = np.repeat([True, False], [len(reference), len(candidate)])
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=_SEED)
    model = LogisticRegression(max_iter=200)
    scores = cross_val_predict(model, points, is_real, cv=folds, method="predict_proba")
    return WeightedAUC(is_real, scores[:, 1])


def verdict(detection: Detection, ceiling: float) -> str:
    """Say in words what gave a table away.

    Parameters
    ----------
    detection : Detection
    ceiling : float
        The area that real rows reach.
    """
    low = detection.auc if detection.interval is None else detection.interval[0]
    if low < max(0.5, ceiling) + 0.01:
        return "The classifier does hardly better than with real rows: nothing stands out."
    telling = detection.importances[detection.importances["importance"] > 0.002].head(3)
    names = ", ".join(
        f"{str(row.column)!r} (area lost without it: {row.importance:.3f})"
        for row in telling.itertuples()
    )
    text = f"What gives the table away: {names}." if names else "No single column stands out."
    if len(detection.pairs):
        pair = detection.pairs.iloc[0]
        if pair["gain"] > 0.01:
            text += (
                f" The relation of {str(pair['column'])!r} and {str(pair['other'])!r} is off: the "
                f"two alone reach {pair['auc']:.3f}, {pair['gain']:.3f} more than one of them."
            )
    return text


def _labelled(
    reference: Rows, candidate: Rows, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    n_rows = min(MAX_ROWS, len(reference), len(candidate))
    if n_rows < 2 * N_FOLDS:
        raise ValueError(
            f"a classifier needs {2 * N_FOLDS} rows of each table, and there are {n_rows}"
        )
    parts = [tree_matrix(rows.sample(n_rows, rng)) for rows in (reference, candidate)]
    matrix = np.vstack([part[0] for part in parts])
    return matrix, np.repeat([True, False], n_rows), parts[0][1]


def _out_of_fold(
    matrix: np.ndarray,
    is_real: np.ndarray,
    is_category: np.ndarray,
    *,
    small: bool = False,
    n_judged: int = N_FOLDS,
) -> tuple[list[Any], list[np.ndarray], np.ndarray]:
    """Return a model for each fold that is judged, its rows, and scores of all rows of these."""
    from sklearn.model_selection import StratifiedKFold

    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=_SEED).split(matrix, is_real)
    models, held_out, scores = [], [], np.empty(len(matrix))
    for fitted, held in islice(folds, n_judged):
        # Trees cannot bin a column of fewer than two numbers; a constant one they never split on.
        train = np.where(_has_none(matrix[fitted]), 0.0, matrix)
        trees = _trees(len(fitted), is_category, small=small)
        model = trees.fit(train[fitted], is_real[fitted])
        scores[held] = model.predict_proba(train[held])[:, 1]
        models.append(model)
        held_out.append(held)
    return models, held_out, scores


def _trees(n_rows: int, is_category: np.ndarray, *, small: bool = False) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=min(30, N_TREES) if small else N_TREES,
        max_leaf_nodes=8 if small else 31,
        # In leaves of at least 20 rows, few rows would not be split at all.
        min_samples_leaf=int(np.clip(n_rows // 25, 3, 20)),
        categorical_features=is_category,
        early_stopping=False,
        random_state=_SEED,
    )


def _has_none(matrix: np.ndarray) -> np.ndarray:
    return np.all(np.isnan(matrix), axis=0)


def _auc(
    matrix: np.ndarray, is_real: np.ndarray, is_category: np.ndarray, places: list[int]
) -> float:
    """Return the area that some columns reach alone."""
    scores = _out_of_fold(matrix[:, places], is_real, is_category[places], small=True)[2]
    return WeightedAUC(is_real, scores).above_chance


def _permutation_importance(
    models: list[Any],
    folds: list[np.ndarray],
    matrix: np.ndarray,
    is_real: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return how much area each column is worth, mean of the folds, shape (n_columns,)."""
    losses = np.zeros((len(models), matrix.shape[1]))
    for model, held, loss in zip(models, folds, losses, strict=True):
        rows = rng.permutation(held)[:_MAX_PERMUTED_ROWS]
        points, ones = matrix[rows], np.ones(len(rows))
        whole = WeightedAUC(is_real[rows], model.predict_proba(points)[:, 1])(ones)
        for place in range(matrix.shape[1]):
            permuted = points.copy()
            permuted[:, place] = rng.permutation(points[:, place])
            scores = model.predict_proba(permuted)[:, 1]
            loss[place] = whole - WeightedAUC(is_real[rows], scores)(ones)
    return losses.mean(axis=0)


def _sorted_pairs(pairs: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(pairs, columns=["column", "other", "auc", "gain"])
    return table.sort_values("gain", ascending=False, ignore_index=True)
