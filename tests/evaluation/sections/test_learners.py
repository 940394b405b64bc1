"""Predictions are scored as scikit-learn scores them, however often each row counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from synthwgan.evaluation.sections.learners import scorer


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_are_scored_by_the_area_under_the_curve(n_classes: int) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(n_classes, size=90)
    # Many are tied.
    predicted = rng.integers(1, 5, (90, n_classes)).astype(float)
    predicted /= predicted.sum(axis=1, keepdims=True)
    counts = rng.integers(4, size=90)
    score = scorer(truth, predicted, is_classes=True)
    for weights in (np.ones(90), counts):
        rows = np.repeat(np.arange(90), weights.astype(int))
        scores = predicted[rows, 1] if n_classes == 2 else predicted[rows]
        expected = roc_auc_score(truth[rows], scores, multi_class="ovr")
        assert score(weights) == pytest.approx(expected)


def test_numbers_are_scored_by_the_variance_explained() -> None:
    rng = np.random.default_rng(0)
    truth, guesses = rng.normal(size=(2, 50))
    counts = rng.integers(4, size=50)
    score = scorer(truth, guesses, is_classes=False)
    assert score(np.ones(50)) == pytest.approx(r2_score(truth, guesses))
    assert score(counts) == pytest.approx(r2_score(truth, guesses, sample_weight=counts))
    assert math.isnan(scorer(np.ones(5), np.ones(5), is_classes=False)(np.ones(5)))
