"""The stored trees give what scikit-learn's give, and arrays that do not fit are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from synthwgan.sampling import trees as trees_module
from synthwgan.sampling.trees import MAX_LEAVES, TreeEnsemble

N_BINS = np.array([255, 4, 2, 255, 30])
IS_CATEGORICAL = np.array([True, True, True, False, False])


def random_bins(n_rows: int, seed: int, n_bins: np.ndarray = N_BINS) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, n_bins, (n_rows, len(n_bins))).astype(np.uint8)


def fitted(bins: np.ndarray, is_categorical: np.ndarray | None) -> HistGradientBoostingClassifier:
    """A classifier of rows whose class depends on all features, and on pairs of them."""
    first, last = bins[:, 0].astype(int), bins[:, -1].astype(int)
    odds = np.sin(first) + (last > 10) * (bins[:, 1] == 2) + 0.01 * bins[:, -2]
    classes = np.random.default_rng(0).random(len(bins)) < 1 / (1 + np.exp(0.5 - odds))
    return HistGradientBoostingClassifier(
        max_iter=12, min_samples_leaf=5, categorical_features=is_categorical, random_state=0
    ).fit(bins.astype(np.float64), classes)


@pytest.fixture(scope="module")
def classifier() -> HistGradientBoostingClassifier:
    return fitted(random_bins(3000, 1), IS_CATEGORICAL)


@pytest.fixture(scope="module")
def ensemble(classifier: HistGradientBoostingClassifier) -> TreeEnsemble:
    return TreeEnsemble.from_classifier(classifier, N_BINS, 12)


def test_trees_give_the_decision_function(classifier, ensemble):
    bins = random_bins(trees_module.CHUNK_ROWS + 77, 2)
    expected = classifier.decision_function(bins.astype(np.float64))
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(ensemble(bins), expected, rtol=1e-5, atol=1e-5)


def test_splits_of_all_kinds_took_part(ensemble):
    assert set(ensemble.features) == set(range(len(N_BINS)))
    assert (ensemble.leaves[:, 30] != 0).any()


@pytest.mark.parametrize("is_categorical", [None, np.ones(5, bool), np.zeros(5, bool)])
def test_features_of_one_kind(is_categorical):
    classifier = fitted(random_bins(1000, 3), is_categorical)
    bins = random_bins(500, 4)
    trees = TreeEnsemble.from_classifier(classifier, N_BINS, 12)
    expected = classifier.decision_function(bins.astype(np.float64))
    np.testing.assert_allclose(trees(bins), expected, rtol=1e-5, atol=1e-5)


def test_bins_that_were_never_seen_go_scikit_learns_way():
    """A category that was not seen counts as missing, a number falls between its neighbours."""
    seen = random_bins(1000, 5)
    seen[:, 0] = seen[:, 0] // 3 * 3
    seen[:, 1] %= 3
    seen[:, 3] = seen[:, 3] // 10 * 10
    classifier = fitted(seen, IS_CATEGORICAL)
    trees = TreeEnsemble.from_classifier(classifier, N_BINS, 12)
    bins = random_bins(2000, 6)
    expected = classifier.decision_function(bins.astype(np.float64))
    np.testing.assert_allclose(trees(bins), expected, rtol=1e-5, atol=1e-5)


def test_the_first_trees_are_the_stages_and_ensembles_add_up(classifier, ensemble):
    bins = random_bins(300, 7)
    stages = list(classifier.staged_decision_function(bins.astype(np.float64)))
    five = TreeEnsemble.from_classifier(classifier, N_BINS, 5)
    np.testing.assert_allclose(five(bins), stages[4], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose((five + ensemble)(bins), stages[4] + stages[11], atol=1e-5)
    np.testing.assert_array_equal((TreeEnsemble.empty(N_BINS) + five)(bins), five(bins))


def test_no_trees_and_no_rows(ensemble):
    assert (TreeEnsemble.empty(N_BINS)(random_bins(10, 8)) == 0).all()
    assert ensemble(random_bins(0, 8)).shape == (0,)


def test_a_classifier_that_found_nothing_is_a_constant():
    bins = random_bins(100, 9)
    classifier = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=90)
    classifier.fit(bins.astype(np.float64), np.arange(100) < 20)
    trees = TreeEnsemble.from_classifier(classifier, N_BINS, 2)
    np.testing.assert_allclose(trees(bins), np.log(20 / 80), rtol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        lambda trees: {"masks": trees.masks[:-1]},
        lambda trees: {"masks": trees.masks[None]},
        lambda trees: {"features": trees.features + 1},
        lambda trees: {"features": trees.features - 1},
        lambda trees: {"features": trees.features[:-1]},
        lambda trees: {"trees": trees.trees[::-1]},
        lambda trees: {"trees": trees.trees + 1},
        lambda trees: {"leaves": trees.leaves[:, :-1]},
        lambda trees: {"leaves": trees.leaves * np.nan},
        lambda trees: {"leaves": trees.leaves[0]},
    ],
)
def test_arrays_that_do_not_fit_are_refused(ensemble, change):
    with pytest.raises(ValueError, match="do not fit together|same shape"):
        replace(ensemble, **change(ensemble))


def test_tables_without_a_common_leaf_do_no_harm(ensemble):
    """Only a made-up file can hold such tables; the sum stays one of leaves."""
    empty = replace(ensemble, masks=np.zeros_like(ensemble.masks))
    assert np.isfinite(empty(random_bins(50, 10))).all()
    assert MAX_LEAVES == 32
