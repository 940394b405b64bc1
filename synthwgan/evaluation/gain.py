"""Whether added rows help: cross-validation on real rows, with and without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from synthwgan.evaluation.sections.intervals import bootstrap
from synthwgan.evaluation.sections.learners import scorer
from synthwgan.table.door import SHOWN
from synthwgan.warn import warn

MAX_CLASSES = 20
N_REPEATS = 2
N_BOOTSTRAPS = 500
# Of more rows, so many are drawn: a gain on them is seen as well, in seconds.
MAX_REAL, MAX_ADDED = 20_000, 20_000


class GainNotMeasurable(ValueError):
    """There are too few real rows to tell a gain by."""


@dataclass(frozen=True)
class Gain:
    """What added rows do for the prediction of a target, on real rows that were held out.

    Parameters
    ----------
    measure : {"ROC AUC", "R2"}
        What is scored.
    without, with_added : float
        Score after training on real rows alone, and on real and added rows.
    low, high : float
        Interval, of level 0.95, of the difference, by the bootstrap over held-out rows.
    n_rows : int
        Real rows.
    """

    measure: str
    without: float
    with_added: float
    low: float
    high: float
    n_rows: int

    @property
    def difference(self) -> float:
        """What was gained."""
        return self.with_added - self.without

    @property
    def helps(self) -> bool:
        """Whether anything was gained."""
        return self.difference > 0

    def __str__(self) -> str:
        return (
            f"{self.measure} {self.without:.3f} -> {self.with_added:.3f}: gain "
            f"{self.difference:+.3f} (95 % interval {self.low:+.3f} to {self.high:+.3f}, "
            f"cross-validated on {self.n_rows} real rows)"
        )


def measure_gain(
    real: pd.DataFrame,
    added: pd.DataFrame,
    target: Any,
    estimator: Any,
    n_folds: int,
    rng: np.random.Generator,
) -> Gain:
    """Cross-validate an estimator on real rows, with rows added to its training folds and without.

    Parameters
    ----------
    real : DataFrame
        Real rows.
    added : DataFrame
        Rows with the same columns.
    target : column name
        What is predicted.
    estimator : estimator or None
        Classifier with ``predict_proba``, or regressor, that takes a DataFrame with gaps; None
        for gradient boosting.
    n_folds : int
        Folds; at most the rows of the rarest class.
    rng : Generator
        Shuffles the folds, and draws the bootstrap.

    Raises
    ------
    GainNotMeasurable
        If the target does not vary among the real rows, or too few have it or one of its classes.
    """
    if estimator is not None and not hasattr(estimator, "fit"):
        raise TypeError(f"estimator must be one of scikit-learn's, got {estimator!r}")
    real, added = (
        _some(rows[rows[target].notna()], most, rng)
        for rows, most in ((real, MAX_REAL), (added, MAX_ADDED))
    )
    # Gaps may have made floats of whole numbers, and 1.0 is another class than 1.
    added = added.astype({target: real[target].dtype})
    is_class = _are_classes(real[target])
    truth = real[target].astype(str).to_numpy() if is_class else real[target].to_numpy(np.float64)
    if is_class:
        added = added.loc[added[target].astype(str).isin(set(truth))]
        classes, counts = np.unique(truth, return_counts=True)
        n_folds = min(n_folds, int(counts.min()))
        if len(classes) < 2 or n_folds < 2:
            some = dict(zip(classes[:SHOWN].tolist(), counts[:SHOWN].tolist(), strict=True))
            more = f" and {len(classes) - SHOWN} more" if len(classes) > SHOWN else ""
            raise GainNotMeasurable(
                f"the gain cannot be cross-validated: of {target!r} the real rows hold "
                f"{some}{more}, and two classes, each of two rows at least, are needed"
            )
    elif len(real) < n_folds:
        raise GainNotMeasurable(
            f"the gain cannot be cross-validated: {len(real)} rows have a {target!r}, and there "
            f"are {n_folds} folds"
        )
    elif np.ptp(truth) == 0:
        raise GainNotMeasurable(
            f"the gain cannot be cross-validated: {target!r} is {truth[0]:g} in all real rows"
        )
    estimator = default_estimator(is_class) if estimator is None else estimator
    predictions: dict[bool, list[np.ndarray]] = {False: [], True: []}
    for _ in range(N_REPEATS):
        seed = int(rng.integers(2**31 - 1))
        for with_added in predictions:
            learnt = added if with_added else added.iloc[:0]
            predictions[with_added].append(
                _out_of_fold(estimator, real, learnt, target, truth, is_class, n_folds, seed)
            )
    return _gain(truth, predictions, is_class, rng)


def _are_classes(cells: pd.Series) -> bool:
    """Whether a target is of classes, and not of numbers."""
    if not pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_bool_dtype(cells):
        return True
    return cells.nunique() <= min(MAX_CLASSES, len(cells) // 10)


def _some(rows: pd.DataFrame, most: int, rng: np.random.Generator) -> pd.DataFrame:
    """At most so many rows, drawn at random."""
    if len(rows) > most:
        rows = rows.iloc[np.sort(rng.choice(len(rows), most, replace=False))]
    return rows.reset_index(drop=True)


def _out_of_fold(
    estimator: Any,
    real: pd.DataFrame,
    added: pd.DataFrame,
    target: Any,
    truth: np.ndarray,
    is_class: bool,
    n_folds: int,
    seed: int,
) -> np.ndarray:
    """Predictions of each real row by an estimator that has not seen it."""
    from sklearn.model_selection import KFold, StratifiedKFold

    folds = StratifiedKFold if is_class else KFold
    tests, predicted = [], []
    for train, test in folds(n_folds, shuffle=True, random_state=seed).split(truth, truth):
        rows = pd.concat([real.iloc[train], added]) if len(added) else real.iloc[train]
        scores = _predict(estimator, rows, real.iloc[test], target, is_class, np.unique(truth))
        tests.append(test)
        predicted.append(scores.astype(np.float64))
    # Each row is in one test set: sorted by row, these are predictions of all.
    return np.concatenate(predicted)[np.argsort(np.concatenate(tests))]


def default_estimator(is_class: bool) -> Any:
    """Return gradient boosting for floats, and objects with NaN for missing.

    Parameters
    ----------
    is_class : bool
        Whether classes are predicted, or numbers.
    """
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    boosting = HistGradientBoostingClassifier if is_class else HistGradientBoostingRegressor
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
    )
    columns = make_column_transformer((codes, _objects), ("passthrough", _numbers))
    return make_pipeline(columns, boosting(random_state=0))


def _numbers(features: pd.DataFrame) -> list[Any]:
    """Names of numeric columns. The booster's binning fails on one without any number."""
    return _with_cells(features.select_dtypes("number"))


def _objects(features: pd.DataFrame) -> list[Any]:
    """Names of all others."""
    return _with_cells(features.select_dtypes(exclude="number"))


def _with_cells(features: pd.DataFrame) -> list[Any]:
    return features.columns[features.notna().any()].tolist()


def _predict(
    estimator: Any,
    train: pd.DataFrame,
    test: pd.DataFrame,
    target: Any,
    is_class: bool,
    classes: np.ndarray,
) -> np.ndarray:
    """Numbers, shape (n_rows,), or probabilities of all classes, shape (n_rows, n_classes)."""
    truth = train[target].astype(str) if is_class else train[target].astype(np.float64)
    # Boosted trees cannot bin a column that is all missing.
    features = _plain(train.drop(columns=target)).dropna(axis=1, how="all")
    if not features.shape[1]:
        raise GainNotMeasurable(f"there is nothing but {target!r} to learn from")
    wanted = _plain(test.drop(columns=target))[features.columns]
    try:
        model = clone(estimator).fit(features, truth)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"the estimator could not be fitted to the table: {error}. It gets a DataFrame with "
            "text and missing cells; pass a pipeline that encodes and fills them"
        ) from error
    if not is_class:
        return model.predict(wanted)
    probabilities = np.zeros((len(test), len(classes)))
    probabilities[:, np.searchsorted(classes, model.classes_)] = model.predict_proba(wanted)
    return probabilities


def _plain(features: pd.DataFrame) -> pd.DataFrame:
    """Features that scikit-learn takes: floats, and objects with NaN for missing."""
    plain = {}
    for name in features:
        column = features[name]
        if pd.api.types.is_datetime64_any_dtype(column):
            column = column.astype("int64").where(column.notna()).astype(np.float64)
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            column = column.astype(np.float64)
        else:
            column = column.astype(object).where(column.notna(), np.nan)
        # scikit-learn takes no names of several types.
        plain[str(name)] = column
    return pd.DataFrame(plain)


def _gain(
    truth: np.ndarray,
    predictions: dict[bool, list[np.ndarray]],
    is_class: bool,
    rng: np.random.Generator,
) -> Gain:
    if is_class:
        truth = np.unique(truth, return_inverse=True)[1]
    scorers = {
        with_added: [scorer(truth, one, is_classes=is_class) for one in repeats]
        for with_added, repeats in predictions.items()
    }

    def score(with_added: bool, counts: np.ndarray) -> float:
        return float(np.mean([score_one(counts) for score_one in scorers[with_added]]))

    # Each class is drawn by itself: a score needs all of them.
    interval = bootstrap(
        lambda counts: score(True, counts) - score(False, counts),
        len(truth),
        rng,
        N_BOOTSTRAPS,
        truth if is_class else None,
    )
    ones = np.ones(len(truth))
    low, high = (np.nan, np.nan) if interval is None else interval
    return Gain(
        "ROC AUC" if is_class else "R2",
        score(False, ones),
        score(True, ones),
        low,
        high,
        len(truth),
    )


def warn_if_useless(gain: Gain, domain: str) -> None:
    """Warn if added rows do not help."""
    if not gain.helps:
        warn(
            f"rows from other domains do not help to predict with those of {domain!r}: {gain}; "
            "leave them out, or try fill=True, another estimator or other domains"
        )
