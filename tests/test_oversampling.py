"""Rare classes are filled up: counts, form, errors, and rows that belong to the class."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from synthwgan import MLP, Conditional, GANOverSampler, Residual, WGANGPSynthesizer
from synthwgan.oversampling import _rows_to_draw

N_ROWS = 60
CODES = np.repeat([0, 1, 2], [40, 14, 6])
LETTERS = np.array(["u", "v", "w"])[CODES]
TWO = np.repeat(["no", "yes"], [45, 15])
QUICK = {
    "generator": Residual(latent_dim=8, width=16, layers=1),
    "critic": MLP(width=16),
    "batch_size": 32,
    "max_steps": 3,
    "calibrate": False,
    "rejection": None,
    "device": "cpu",
    "precision": "float32",
}


def sampler(strategy: Any = "auto", **params: Any) -> GANOverSampler:
    synthesizer = WGANGPSynthesizer(**(QUICK | params))
    return GANOverSampler(sampling_strategy=strategy, synthesizer=synthesizer, random_state=0)


@pytest.fixture
def X() -> pd.DataFrame:
    """Numbers, texts, categories and dates with missing cells, in a shuffled index."""
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "number": rng.normal(size=N_ROWS),
            "city": rng.choice(["Bonn", "Ulm"], N_ROWS),
            "count": rng.integers(0, 9, N_ROWS).astype("int8"),
            "grade": pd.Categorical(rng.choice(["low", "high"], N_ROWS), ["low", "high"], True),
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, N_ROWS), "D"),
        }
    )
    table.loc[rng.random(N_ROWS) < 0.2, "number"] = np.nan
    table.loc[rng.random(N_ROWS) < 0.1, "city"] = None
    return table.set_axis(rng.permutation(N_ROWS))


@parametrize_with_checks([sampler()])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_init_only_stores():
    given = {name: object() for name in inspect.signature(GANOverSampler).parameters}
    made = GANOverSampler(**given)
    assert vars(made) == given
    assert {"sampling_strategy", "synthesizer", "max_steps", "random_state"} < set(given)


def test_the_synthesizer_is_cloned_and_its_parameters_are_reached(X):
    made = sampler().set_params(synthesizer__max_steps=2)
    before = made.get_params()
    copy = clone(made)
    copy.fit_resample(X, LETTERS)
    assert copy.synthesizer_.n_iter_ == 2
    assert copy.synthesizer is not made.synthesizer
    assert not hasattr(copy.synthesizer, "transformer_")
    assert made.get_params() == before


def test_the_same_seed_gives_the_same_rows(X):
    first, second = (sampler().fit_resample(X, LETTERS) for _ in range(2))
    pd.testing.assert_frame_equal(first[0], second[0])
    other = sampler().set_params(random_state=1).fit_resample(X, LETTERS)[0]
    assert not other.equals(first[0])
    again = sampler()
    again.fit_resample(X, LETTERS)
    pd.testing.assert_frame_equal(again.fit_resample(X, LETTERS)[0], first[0])


def test_without_a_seed_the_synthesizer_keeps_its_own(X):
    made = sampler(random_state=7).set_params(random_state=None)
    made.fit_resample(X, LETTERS)
    assert made.synthesizer_.random_state == 7


STRATEGIES = [
    ("auto", {"v": 26, "w": 34}),
    ("not majority", {"v": 26, "w": 34}),
    ("minority", {"w": 34}),
    ("not minority", {"u": 0, "v": 26}),
    ("all", {"u": 0, "v": 26, "w": 34}),
    ({"w": 10}, {"w": 4}),
    ({"w": 6, "u": 41}, {"u": 1, "w": 0}),
    (lambda y: {label: count + 1 for label, count in Counter(y).items()}, {"u": 1, "v": 1, "w": 1}),
]


@pytest.mark.parametrize(("strategy", "expected"), STRATEGIES)
def test_strategies_by_hand(strategy, expected, X):
    made = sampler(strategy).fit(X, LETTERS)
    assert made.sampling_strategy_ == expected
    assert list(made.sampling_strategy_) == sorted(expected)


@pytest.mark.parametrize(("ratio", "n_new"), [(1.0, 30), (1, 30), (0.5, 7), (0.7, 16)])
def test_a_ratio_by_hand(ratio, n_new, X):
    assert sampler(ratio).fit(X, TWO).sampling_strategy_ == {"yes": n_new}


@pytest.mark.parametrize("strategy", [strategy for strategy, _ in STRATEGIES])
@pytest.mark.parametrize("y", [LETTERS, LETTERS[::-1], np.repeat(["u", "v", "w"], 20)])
def test_strategies_are_those_of_imbalanced_learn(strategy, y):
    check = pytest.importorskip("imblearn.utils").check_sampling_strategy
    if isinstance(strategy, dict):
        strategy = {label: count + 40 for label, count in strategy.items()}
    labels, counts = np.unique(y, return_counts=True)
    counts = dict(zip(labels.tolist(), counts.tolist(), strict=True))
    assert _rows_to_draw(strategy, counts, y) == dict(check(strategy, y, "over-sampling"))


@pytest.mark.parametrize("ratio", [0.4, 0.5, 0.7, 0.9, 1.0])
def test_ratios_are_those_of_imbalanced_learn(ratio):
    check = pytest.importorskip("imblearn.utils").check_sampling_strategy
    counts = {"no": 45, "yes": 15}
    assert _rows_to_draw(ratio, counts, TWO) == dict(check(ratio, TWO, "over-sampling"))


def test_real_rows_come_first_and_unchanged(X):
    y, before = pd.Series(LETTERS, name="kind", index=X.index), X.copy()
    X_resampled, y_resampled = sampler().fit_resample(X, y)
    pd.testing.assert_frame_equal(X, before)
    pd.testing.assert_frame_equal(X_resampled.iloc[:N_ROWS], X.reset_index(drop=True))
    assert y_resampled[:N_ROWS].tolist() == LETTERS.tolist()
    assert y_resampled[N_ROWS:].tolist() == ["v"] * 26 + ["w"] * 34
    assert y_resampled.name == "kind"
    assert X_resampled.dtypes.equals(X.dtypes)
    assert X_resampled.index.equals(pd.RangeIndex(120))
    assert X_resampled.index.equals(y_resampled.index)


def test_what_is_found(X):
    made = sampler()
    made.fit_resample(X, LETTERS)
    assert made.n_features_in_ == 5
    assert list(made.feature_names_in_) == list(X.columns)
    assert list(made.get_feature_names_out()) == list(X.columns)
    assert made.synthesizer_.target_name_ == "target"
    drawn = made.synthesizer_.sample(5, conditions={"target": "w"})
    assert set(drawn["target"]) == {"w"}


@pytest.mark.parametrize(
    "make",
    [
        lambda table: table[["number", "count"]].to_numpy(),
        lambda table: table[["number"]].to_numpy(dtype="float32"),
        lambda table: table[["count"]].to_numpy(),
        lambda table: table[["count"]].to_numpy() > 4,
        lambda table: table[["number", "city", "count"]].to_numpy(dtype=object),
        lambda table: table[["grade"]].to_numpy(dtype="U4"),
    ],
)
def test_arrays_stay_arrays(make, X):
    array = make(X)
    X_resampled, y_resampled = sampler().fit_resample(array, CODES)
    assert isinstance(X_resampled, np.ndarray)
    assert X_resampled.dtype == array.dtype
    assert X_resampled.shape == (120, array.shape[1])
    pd.testing.assert_frame_equal(pd.DataFrame(X_resampled[:N_ROWS]), pd.DataFrame(array))
    assert np.bincount(y_resampled).tolist() == [40, 40, 40]


def test_lists_stay_lists_of_what_they_held():
    rows = [[number % 7, "ab"[number % 2], number / 2] for number in range(N_ROWS)]
    X_resampled, y_resampled = sampler().fit_resample(rows, LETTERS.tolist())
    assert X_resampled[:N_ROWS] == rows
    assert {tuple(map(type, row)) for row in X_resampled} == {(int, str, float)}
    assert y_resampled == LETTERS.tolist() + ["v"] * 26 + ["w"] * 34


TARGETS = {
    "int": CODES,
    "uint8": CODES.astype("uint8"),
    "float": CODES.astype(float),
    "text": LETTERS,
    "object": LETTERS.astype(object),
    "bool": CODES > 0,
    "Categorical": pd.Categorical(LETTERS, ["w", "v", "u", "unused"]),
    "category": pd.Series(CODES, dtype="category"),
    "Int64": pd.Series(CODES, dtype="Int64"),
    "boolean": pd.Series(CODES > 0, dtype="boolean"),
    "string": pd.Series(LETTERS, dtype="string"),
    "interval": pd.cut(pd.Series(CODES + 0.5), [0, 1, 2, 3]),
    "text of dates": np.array(["2020-01-01", "2020-01-02", "2020-01-03"])[CODES],
    "frame": pd.DataFrame({"kind": LETTERS}),
    "column": CODES[:, np.newaxis],
}


@pytest.mark.parametrize("y", TARGETS.values(), ids=list(TARGETS))
def test_targets_keep_their_type(y, X):
    _, resampled = sampler().fit_resample(X, y)
    assert type(resampled) is type(y)
    if isinstance(y, pd.DataFrame):
        y, resampled = y["kind"], resampled["kind"]
    assert resampled.dtype == y.dtype
    y, resampled = pd.Series(np.ravel(y)), pd.Series(np.ravel(resampled))
    assert resampled[:N_ROWS].tolist() == y.tolist()
    assert set(resampled.value_counts()[lambda counts: counts > 0]) == {y.value_counts().max()}


def test_many_whole_numbers_are_classes(X):
    y = np.r_[np.arange(0, 200, 10).repeat(2), np.full(20, 1000)]
    made = sampler({10: 5})
    y_resampled = made.fit_resample(X, y)[1]
    assert y_resampled[N_ROWS:].tolist() == [10] * 3
    assert made.synthesizer_.schema_[-1].kind == "categorical"


def test_a_column_called_target_stays(X):
    made = sampler()
    renamed = X.rename(columns={"city": "target"})
    X_resampled, _ = made.fit_resample(renamed, LETTERS)
    assert list(X_resampled.columns) == list(renamed.columns)
    assert made.synthesizer_.target_name_ == "target_"


def test_kinds_of_the_other_columns_are_kept(X):
    made = sampler(column_kinds={"count": "categorical"})
    made.fit_resample(X, CODES)
    kinds = {column.name: column.kind for column in made.synthesizer_.schema_}
    assert (kinds["count"], kinds["target"]) == ("categorical", "categorical")
    assert made.synthesizer.column_kinds == {"count": "categorical"}


def test_identifiers_differ_between_classes(X):
    keyed = X.assign(key=[f"k{number:03d}" for number in range(N_ROWS)])
    X_resampled, _ = sampler().fit_resample(keyed, LETTERS)
    assert X_resampled["key"][N_ROWS:].is_unique


@pytest.mark.parametrize("strategy", ["auto", {"v": 20}])
def test_nothing_lacking_trains_nothing(strategy, X):
    y = np.repeat(["u", "v", "w"], 20)
    made = sampler(strategy)
    X_resampled, y_resampled = made.fit_resample(X, y)
    pd.testing.assert_frame_equal(X_resampled, X.reset_index(drop=True))
    assert y_resampled.tolist() == y.tolist()
    assert made.synthesizer_ is None


def test_it_works_in_the_pipeline_of_imbalanced_learn(X):
    pipeline = pytest.importorskip("imblearn.pipeline")
    steps = [("fill", sampler()), ("tree", DecisionTreeClassifier(max_depth=2))]
    made = clone(pipeline.Pipeline(steps)).set_params(fill__synthesizer__max_steps=2)
    numbers = X[["count"]]
    assert len(made.fit(numbers, LETTERS).predict(numbers)) == N_ROWS
    # All classes are as frequent in what the tree got.
    assert made[-1].tree_.value[0].ravel() == pytest.approx([1 / 3] * 3)


ERRORS = [
    ("auto", np.linspace(0, 1, N_ROWS), ValueError, r"y holds 0\.0169.*continuous target.*pd\.cut"),
    ("auto", np.full(N_ROWS, "u"), ValueError, r"more than one class.*'u'"),
    ("auto", LETTERS[:-1], ValueError, "X has 60 rows, but y has 59"),
    ("auto", None, ValueError, "requires y to be passed, but the target y is None"),
    ("auto", np.zeros((N_ROWS, 2)), ValueError, r"one column of classes, got shape \(60, 2\)"),
    ("auto", np.r_[CODES[:-2].astype(float), np.nan, 0], ValueError, "y is missing in 1 rows"),
    ("auto", np.r_[["u\0v", "u\0w"], LETTERS[2:]].astype(object), ValueError, "a NUL character"),
    ({"z": 50}, LETTERS, ValueError, r"has the class 'z', which y has not.*\['u', 'v', 'w'\]"),
    ({"0": 50}, CODES, ValueError, r"the class '0', which y has not.*\[0, 1, 2\]"),
    ({"v": 13}, LETTERS, ValueError, "wants 13 rows of class 'v', which has 14"),
    ({"v": 20.5}, LETTERS, TypeError, r"whole number of rows for class 'v', got 20\.5"),
    (lambda y: 3, LETTERS, TypeError, "must return a dict of rows by class: 3"),
    ("majority", LETTERS, ValueError, "must be one of .*'minority'.* got 'majority'"),
    (0.5, LETTERS, ValueError, "0.5 is a ratio of two classes, but y has 3"),
    (1.5, TWO, ValueError, r"> 0 and <= 1 if it is a float, got 1\.5"),
    (0.2, TWO, ValueError, "adds no row: class 'yes' has 15 rows to the 45 of 'no'"),
    (True, TWO, TypeError, "must be a float, a str, a dict or a callable, got True"),
    (["yes"], TWO, TypeError, r"must be a float, a str, a dict or a callable, got \['yes'\]"),
]


@pytest.mark.parametrize(("strategy", "y", "error", "match"), ERRORS)
def test_what_cannot_be_is_said_before_training(strategy, y, error, match, X, monkeypatch):
    monkeypatch.setattr(WGANGPSynthesizer, "fit", None)
    with pytest.raises(error, match=match):
        sampler(strategy).fit_resample(X, y)
    with pytest.raises(error, match=match):
        sampler(strategy).fit(X, y)


def test_a_class_of_one_row_cannot_be_learnt(X, monkeypatch):
    y = np.r_[LETTERS[:-1], ["lonely"]]
    with monkeypatch.context() as patch:
        patch.setattr(WGANGPSynthesizer, "fit", None)
        with pytest.raises(ValueError, match="class 'lonely' has 1 row, and 39 like it"):
            sampler().fit_resample(X, y)
    assert len(sampler({"v": 20}).fit_resample(X, y)[0]) == N_ROWS + 6


@pytest.mark.parametrize(
    ("synthesizer", "error", "match"),
    [
        (WGANGPSynthesizer(conditional=False), ValueError, "conditional=False, so it cannot"),
        (WGANGPSynthesizer(max_steps=0), ValueError, "max_steps must be"),
        (WGANGPSynthesizer(max_categories=2), ValueError, r"3 classes.*max_categories=3"),
        (WGANGPSynthesizer(min_category_rows=90), ValueError, r"fewer than .*min_category_rows=90"),
        (WGANGPSynthesizer, TypeError, "must be a WGANGPSynthesizer or None"),
        (DecisionTreeClassifier(), TypeError, r"got DecisionTreeClassifier\(\)"),
    ],
)
def test_synthesizers_that_do_not_serve_are_refused(synthesizer, error, match, X, monkeypatch):
    monkeypatch.setattr(WGANGPSynthesizer, "fit", None)
    with pytest.raises(error, match=match):
        GANOverSampler(synthesizer=synthesizer).fit_resample(X, LETTERS)


def test_tables_that_are_none_are_refused(X):
    with pytest.raises(TypeError, match="toarray"):
        sampler().fit(sparse.csr_matrix(np.eye(N_ROWS)), LETTERS)
    with pytest.raises(ValueError, match="occur more than once"):
        sampler().fit(X.set_axis(list("aabcd"), axis=1), LETTERS)
    with pytest.raises(ValueError, match="random_state must be"):
        sampler().set_params(random_state=-1).fit(X, LETTERS)


def energy_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Distance of two samples' distributions (Szekely and Rizzo 2013): 0 if they are equal."""
    between, within = cdist(first, second).mean(), (cdist(first, first), cdist(second, second))
    return float(2 * between - within[0].mean() - within[1].mean())


@pytest.mark.slow
def test_new_rows_are_like_held_out_rows_of_their_class():
    """Tumours, of which only 40 malignant ones are left to learn from."""
    X, y = load_breast_cancer(as_frame=True, return_X_y=True)
    malignant = np.random.default_rng(0).permutation(np.flatnonzero(y == 0))
    benign = np.flatnonzero(y == 1)
    seen = np.r_[benign, malignant[:40]]
    synthesizer = WGANGPSynthesizer(
        **{"generator": Residual(latent_dim=32, width=64), "critic": MLP(width=64)},
        **{"max_steps": 100, "conditional": Conditional(training_by_sampling=True)},
        **{"device": "cpu", "precision": "float32"},
    )
    made = GANOverSampler(synthesizer=synthesizer, random_state=0)
    X_resampled, y_resampled = made.fit_resample(X.iloc[seen], y.iloc[seen])
    assert set(y_resampled[len(seen) :]) == {0}

    def distances(rows: pd.DataFrame) -> list[float]:
        others = (X.iloc[malignant[40:]], X.iloc[benign])
        scaled = [((part - X.mean()) / X.std()).to_numpy() for part in (rows, *others)]
        return [energy_distance(scaled[0], other) for other in scaled[1:]]

    # The two classes are 4.7 apart, and the 40 rows themselves 0.1 from the held-out ones.
    # Measured: 0.2 and about 4; a factor of 2 leaves room for other machines.
    to_malignant, to_benign = distances(X_resampled.iloc[len(seen) :])
    assert to_malignant < to_benign / 2
    # Rows drawn without the class are like the common one: the comparison can fail.
    to_malignant, to_benign = distances(made.synthesizer_.sample(300).iloc[:, :-1])
    assert to_malignant > 2 * to_benign
