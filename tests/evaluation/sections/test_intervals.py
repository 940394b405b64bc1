"""Intervals cover what they should, and areas count ties and repeats."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from synthwgan.evaluation.sections.intervals import (
    WeightedAUC,
    bootstrap,
    interval_of,
    mean_interval,
)


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(0).normal(size=2000)
    low, high = mean_interval(values, np.random.default_rng(1))
    assert high - low == pytest.approx(2 * 1.96 / math.sqrt(2000), rel=0.3)
    assert low < values.mean() < high


def test_groups_keep_their_sizes() -> None:
    groups = np.array([0] * 9 + [1])
    low, high = bootstrap(lambda counts: counts[9], 10, np.random.default_rng(0), groups=groups)
    assert (low, high) == (1, 1)
    assert bootstrap(lambda counts: counts[9], 10, np.random.default_rng(0)) != (1, 1)


def test_one_repeat_has_no_interval() -> None:
    assert interval_of([0.5]) is None
    assert interval_of([0.5, math.nan]) is None


def test_areas_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.random(500) < 0.3, rng.integers(0, 20, 500)
    counts = rng.integers(0, 4, 500)
    expected = roc_auc_score(truth, scores, sample_weight=counts)
    assert WeightedAUC(truth, scores)(counts) == pytest.approx(expected)
    low, high = WeightedAUC(truth, scores).interval(rng)
    assert low < roc_auc_score(truth, scores) < high


def test_one_class_has_no_area() -> None:
    assert math.isnan(WeightedAUC(np.array([True, True]), np.array([0, 1]))(np.ones(2)))
