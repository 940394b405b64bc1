"""Fidelity and diversity told apart on clouds of points whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from synthwgan.evaluation import manifold_scores
from synthwgan.evaluation.sections.manifold import alpha_beta, manifold_intervals, nearest_distances


def cloud(seed: int, n_points: int = 800, n_dimensions: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_points, n_dimensions))


def test_fresh_points_reach_what_theory_says() -> None:
    k = 5
    scores = manifold_scores(cloud(0), cloud(1), k=k)
    assert scores.density == pytest.approx(1, abs=0.1)
    # Naeem 2020, equation 8, for as many points of both.
    assert scores.coverage == pytest.approx(1 - 2.0**-k, abs=0.02)
    assert scores.precision > 0.9 and scores.recall > 0.9
    assert scores.alpha_precision > 0.93
    assert scores.beta_recall == pytest.approx(0.5, abs=0.06)


def test_identical_points() -> None:
    scores = manifold_scores(cloud(0), cloud(0))
    assert (scores.precision, scores.recall, scores.coverage) == (1, 1, 1)
    assert scores.alpha_precision == pytest.approx(1, abs=0.01)
    assert scores.beta_recall == pytest.approx(1, abs=0.01)


def test_one_good_point_again_and_again_has_fidelity_and_no_diversity() -> None:
    scores = manifold_scores(cloud(0), np.repeat(cloud(0)[:1], 800, axis=0))
    assert scores.precision == 1
    assert scores.recall < 0.01 and scores.coverage < 0.02 and scores.beta_recall < 0.1


def test_points_far_away_have_nothing() -> None:
    scores = manifold_scores(cloud(0), cloud(1) + 20)
    assert (scores.precision, scores.recall, scores.density, scores.coverage) == (0, 0, 0, 0)
    assert scores.alpha_precision == pytest.approx(0, abs=0.05)


def test_half_of_the_modes_has_half_of_the_recall() -> None:
    real = np.vstack([cloud(0, 400), cloud(1, 400) + 20])
    scores = manifold_scores(real, cloud(2))
    assert scores.precision > 0.9
    assert scores.coverage == pytest.approx(0.5, abs=0.03)
    assert scores.recall == pytest.approx(0.5, abs=0.05)


def test_alpha_precision_sees_a_spread_that_is_too_small() -> None:
    assert alpha_beta(cloud(0), cloud(1) / 5)[0] < 0.4


def test_intervals_hold_the_scores() -> None:
    pair = cloud(0, 300), cloud(1, 300)
    scores = vars(manifold_scores(*pair))
    for name, (low, high) in manifold_intervals(*pair, np.random.default_rng(0)).items():
        assert low - 0.02 <= scores[name] <= high + 0.02
        assert high - low < 0.25


def test_few_points() -> None:
    assert manifold_scores(cloud(0, 3), cloud(1, 3)).recall >= 0
    with pytest.raises(ValueError, match="need at least 3 of each"):
        manifold_scores(cloud(0, 2), cloud(1, 5))


def test_nearest_distances() -> None:
    distances = nearest_distances(np.array([[0.0], [3.0]]), np.array([[1.0], [3.0]]), 2)
    assert distances.tolist() == [[1, 2], [0, 3]]
