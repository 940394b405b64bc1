"""The figures of the benchmarks: each compares a synthetic table with real rows.

Every metric takes ``(train, test, synthetic, dataset)`` and returns a dict of figures, so that
``METRICS`` can be run as one list. Errors are percentages; the other figures are shares or areas
under the ROC curve.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neighbors import NearestNeighbors

from benchmarks.data import Dataset
from synthwgan.evaluation.quality import forked_numpy_seed, quality_score
from synthwgan.evaluation.sections import manifold

MAX_DETECTION_ROWS = 20_000
MAX_XGB_ROWS = 100_000
MAX_ALPHA_BETA_ROWS = 5_000
MAX_REFERENCE_ROWS = 20_000
MAX_CATEGORIES = 200
DCR_ROWS = 3_000
TIE = 1e-6
N_LGBM_TREES = range(20, 201, 20)
SEED = 0
# Early stopping on a random tenth moves a booster's AUC by 0.003; the mean of some is steadier.
N_BOOSTERS = 5

Metric = Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame, Dataset], dict[str, float]]


def plain(dataset: Dataset, synthetic: pd.DataFrame) -> tuple[Dataset, pd.DataFrame]:
    """Return the data set and the rows in the form that every figure can take.

    Whatever dtypes a model returns, numbers become floats and categories objects. Dates become
    days as numbers, and of a column with more than 200 categories all but the 200 commonest
    become one: boosted trees take no more than 255.
    """
    common = {
        name: dataset.train[name].value_counts().index[:MAX_CATEGORIES]
        for name in dataset.categorical
        if dataset.train[name].nunique() > MAX_CATEGORIES
    }
    train, test, synthetic = (
        _plain_rows(frame, dataset, common) for frame in (dataset.train, dataset.test, synthetic)
    )
    numeric = (*dataset.numeric, *dataset.dates)
    return replace(dataset, train=train, test=test, numeric=numeric, dates=()), synthetic


def quality_errors(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """Shape and trend error in per cent: 100 x (1 - score) of sdmetrics' QualityReport."""
    score = quality_score(train, synthetic, metadata=dataset.sdmetrics_metadata)
    return {
        "shape_err": 100 * (1 - score.column_shapes),
        "trend_err": 100 * (1 - score.column_pair_trends),
    }


def c2st_lr(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """Sdmetrics' LogisticDetection on at most 20,000 rows of each; 1 is ideal."""
    from sdmetrics.single_table import LogisticDetection

    real, fake = _at_most(train, MAX_DETECTION_ROWS), _at_most(synthetic, MAX_DETECTION_ROWS)
    return {"c2st_lr": _detection(LogisticDetection, real, fake, dataset)}


def c2st_xgb(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """The published detection score: sdmetrics with XGBoost; 1 is ideal.

    On the whole tables, or on 100,000 rows of each where they are larger.
    """
    from sdmetrics.single_table.detection.sklearn import ScikitLearnClassifierDetectionMetric
    from xgboost import XGBClassifier

    class XGBDetection(ScikitLearnClassifierDetectionMetric):
        """Detection by boosted trees, as in the published tables."""

        @staticmethod
        def _get_classifier() -> XGBClassifier:
            return XGBClassifier(eval_metric="logloss", enable_categorical=True, random_state=SEED)

    real, fake = _at_most(train, MAX_XGB_ROWS), _at_most(synthetic, MAX_XGB_ROWS)
    return {"c2st_xgb": _detection(XGBDetection, real, fake, dataset)}


def c2st_gb(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """ROC AUC of boosted trees telling real from synthetic, 3 folds; 0.5 is ideal."""
    real, fake = _at_most(train, MAX_DETECTION_ROWS), _at_most(synthetic, MAX_DETECTION_ROWS)
    rows = _features(pd.concat([real, fake], ignore_index=True), dataset)
    is_real = np.r_[np.ones(len(real)), np.zeros(len(fake))]
    folds = StratifiedKFold(n_splits=3, shuffle=True, random_state=SEED)
    scores = cross_val_score(_classifier(), rows, is_real, cv=folds, scoring="roc_auc")
    return {"c2st_gb": float(scores.mean())}


def c2st_lgbm(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """LightGBM detection as TabCascade has it (ICML 2026, arXiv 2601.22816); 1 is ideal.

    Trees of depth 5, at most 200 of them, in five folds: 1 - 2 (a - 0.5), where a is the largest
    mean area under the ROC curve over numbers of trees.
    """
    from lightgbm import LGBMClassifier

    real, fake = _at_most(train, MAX_XGB_ROWS), _at_most(synthetic, MAX_XGB_ROWS)
    rows = _features(pd.concat([real, fake], ignore_index=True), dataset)
    # LightGBM takes no names with brackets or quotes.
    rows.columns = [f"column_{place}" for place in range(rows.shape[1])]
    is_real = np.repeat([1, 0], [len(real), len(fake)])
    areas = []
    for fitted, judged in StratifiedKFold(5, shuffle=True, random_state=SEED).split(rows, is_real):
        trees = LGBMClassifier(
            n_estimators=max(N_LGBM_TREES), max_depth=5, random_state=SEED, n_jobs=1, verbose=-1
        ).fit(rows.iloc[fitted], is_real[fitted])
        scores = [
            trees.predict(rows.iloc[judged], raw_score=True, num_iteration=n_trees)
            for n_trees in N_LGBM_TREES
        ]
        areas.append([roc_auc_score(is_real[judged], score) for score in scores])
    return {"c2st_lgbm": float(1 - 2 * max(0.0, np.mean(areas, axis=0).max() - 0.5))}


def held_out(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """ROC AUC of XGBoost at its defaults on rows new to everyone; 0.5 is ideal.

    It learns from the training rows and as many synthetic ones, and is judged on the test rows
    and all other synthetic rows. A cross-validated detective is confused by synthetic rows that
    lie close to training rows, so that learning these by heart looks like quality; this one is not.
    """
    from xgboost import XGBClassifier

    n_rows = len(train)
    if len(synthetic) <= n_rows:
        raise ValueError("there are no fresh synthetic rows: measure the cell anew with --force")
    together = pd.concat([train, synthetic, test], ignore_index=True)
    rows = _features(together, dataset)
    is_real = np.repeat([1, 0, 1], [n_rows, len(synthetic), len(test)])
    detective = XGBClassifier(enable_categorical=True, random_state=SEED)
    detective.fit(rows.iloc[: 2 * n_rows], is_real[: 2 * n_rows])
    scores = detective.predict_proba(rows.iloc[2 * n_rows :])[:, 1]
    return {"held_out_auc": float(roc_auc_score(is_real[2 * n_rows :], scores))}


def mle(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """Machine-learning efficacy: train on synthetic rows, score on the real test rows.

    The score is the ROC AUC (mean of five boosters that differ in their seed), or R2 for
    regression, beside the same trained on real rows.
    """
    return {
        "mle": _efficacy(synthetic, test, dataset),
        "mle_real": _efficacy(train, test, dataset),
    }


def dcr_share(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """Share of synthetic rows that lie nearer to a training row than to a test row.

    3000 synthetic rows against equal-sized samples of training and test rows; a tie counts half.
    0.5 is ideal: more means that the model repeats its training rows.
    """
    n_reference = min(len(train), len(test), MAX_REFERENCE_ROWS)
    samples = (
        _at_most(train, n_reference),
        _at_most(test, n_reference),
        _at_most(synthetic, DCR_ROWS),
    )
    encoded = _distance_features(samples, dataset)
    to_train, to_test = (_nearest(reference, encoded[2]) for reference in encoded[:2])
    nearer = (to_train < to_test - TIE) + 0.5 * (np.abs(to_train - to_test) <= TIE)
    return {"dcr_share": float(nearer.mean())}


def exact_copies(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """Share of synthetic rows found among the training rows, beside the same of test rows."""
    known = set(_row_hashes(train, dataset))
    return {
        "copies": float(np.mean([row in known for row in _row_hashes(synthetic, dataset)])),
        "copies_test": float(np.mean([row in known for row in _row_hashes(test, dataset)])),
    }


def alpha_beta(
    train: pd.DataFrame, test: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset
) -> dict[str, float]:
    """Alpha precision and beta recall on the encoded rows themselves; see `manifold.alpha_beta`.

    Equal-sized samples of at most 5000 rows, no more than there are test rows, so that the
    figures of the test rows say what a perfect model would reach.
    """
    n_rows = min(MAX_ALPHA_BETA_ROWS, len(train), len(test))
    samples = (_at_most(train, n_rows), _at_most(synthetic, n_rows))
    alpha_precision, beta_recall = manifold.alpha_beta(*_distance_features(samples, dataset))
    return {"alpha_precision": alpha_precision, "beta_recall": beta_recall}


# These also look at the rows that were drawn beside the synthetic table.
WITH_FRESH_ROWS = ("held_out",)
METRICS: dict[str, Metric] = {
    "quality": quality_errors,
    "c2st_lr": c2st_lr,
    "c2st_gb": c2st_gb,
    "c2st_xgb": c2st_xgb,
    "c2st_lgbm": c2st_lgbm,
    "held_out": held_out,
    "mle": mle,
    "alpha_beta": alpha_beta,
    "dcr": dcr_share,
    "copies": exact_copies,
}


def _plain_rows(frame: pd.DataFrame, dataset: Dataset, common: dict[str, pd.Index]) -> pd.DataFrame:
    columns = {name: frame[name].astype(object) for name in dataset.train.columns}
    columns |= {name: frame[name].astype("float64") for name in dataset.numeric}
    for name in dataset.dates:
        columns[name] = (frame[name] - dataset.train[name].min()) / pd.Timedelta(days=1)
    for name, categories in common.items():
        known = columns[name].isin(categories) | columns[name].isna()
        columns[name] = columns[name].where(known, "<other>")
    return pd.DataFrame(columns)


def _detection(metric: Any, real: pd.DataFrame, synthetic: pd.DataFrame, dataset: Dataset) -> float:
    """Run an sdmetrics detection metric on numbers and texts."""
    real, synthetic = real.copy(), synthetic[list(real.columns)].copy()
    for name in dataset.categorical:
        real[name] = _texts(real[name])
        synthetic[name] = _texts(synthetic[name])
        unknown = ~synthetic[name].isin(real[name].unique())
        # sdmetrics' encoder refuses unknown categories; the commonest one stands in.
        synthetic.loc[unknown, name] = real[name].mode().iloc[0]
    with forked_numpy_seed(SEED), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(metric.compute(real, synthetic, dataset.sdmetrics_metadata))


def _efficacy(rows: pd.DataFrame, test: pd.DataFrame, dataset: Dataset) -> float:
    rows, test = (frame[frame[dataset.target].notna()] for frame in (rows, test))
    both = _features(pd.concat([rows, test], ignore_index=True), dataset)
    # The booster's binning fails on a column of less than two numbers; it would learn nothing.
    constant = [name for name in both if both[name].iloc[: len(rows)].nunique() < 2]
    both = both.drop(columns=[dataset.target, *constant])
    fitted, held_out = both.iloc[: len(rows)], both.iloc[len(rows) :]
    if dataset.task == "regression":
        regressor = HistGradientBoostingRegressor(
            categorical_features="from_dtype", random_state=SEED
        )
        regressor.fit(fitted, rows[dataset.target])
        return float(regressor.score(held_out, test[dataset.target]))
    labels = _texts(rows[dataset.target])
    if labels.nunique() < 2:
        return 0.5
    truth = _texts(test[dataset.target])
    classifiers = [_classifier(seed).fit(fitted, labels) for seed in range(N_BOOSTERS)]
    aucs = [_auc(truth, model.predict_proba(held_out), model) for model in classifiers]
    return float(np.mean(aucs))


def _auc(truth: pd.Series, probabilities: np.ndarray, classifier: Any) -> float:
    if len(classifier.classes_) == 2:
        return float(roc_auc_score(truth == classifier.classes_[1], probabilities[:, 1]))
    return float(roc_auc_score(truth, probabilities, multi_class="ovr", labels=classifier.classes_))


def _classifier(seed: int = SEED) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=100, categorical_features="from_dtype", random_state=seed
    )


def _features(frame: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Return numbers as float64 and categories as pandas categories."""
    features = {name: frame[name].astype("float64") for name in dataset.numeric}
    features |= {name: _texts(frame[name]).astype("category") for name in dataset.categorical}
    return pd.DataFrame(features)


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(object).map(str, na_action="ignore").where(column.notna(), "<missing>")


def _at_most(frame: pd.DataFrame, n_rows: int) -> pd.DataFrame:
    if len(frame) <= n_rows:
        return frame.reset_index(drop=True)
    return frame.sample(n_rows, random_state=SEED).reset_index(drop=True)


def _distance_features(frames: tuple[pd.DataFrame, ...], dataset: Dataset) -> list[np.ndarray]:
    """Encode for distances: numbers by their range in the training rows, categories one-hot.

    A one-hot difference is scaled to 1, the difference of a number's two ends, and so is a
    missing number's difference to a present one.
    """
    together = pd.concat(frames, ignore_index=True)
    parts = []
    for name in dataset.numeric:
        values = together[name].to_numpy(dtype="float64", na_value=np.nan)
        low, high = dataset.train[name].min(), dataset.train[name].max()
        scaled = (values - low) / (high - low if high > low else 1.0)
        parts += [np.nan_to_num(scaled)[:, None], np.isnan(scaled)[:, None]]
    for name in dataset.categorical:
        parts.append(pd.get_dummies(_texts(together[name])).to_numpy() / np.sqrt(2))
    encoded = np.hstack(parts).astype("float32")
    return np.split(encoded, np.cumsum([len(frame) for frame in frames])[:-1])


def _nearest(reference: np.ndarray, rows: np.ndarray) -> np.ndarray:
    neighbours = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(reference)
    return neighbours.kneighbors(rows)[0][:, 0]


def _row_hashes(frame: pd.DataFrame, dataset: Dataset) -> np.ndarray:
    features = _features(frame, dataset)
    features = features.astype(dict.fromkeys(dataset.categorical, object))
    return pd.util.hash_pandas_object(features, index=False).to_numpy()
