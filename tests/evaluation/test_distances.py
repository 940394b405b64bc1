"""Distances between samples against what analysis says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from synthwgan.evaluation import jensen_shannon, kl_divergence, wasserstein

N_ROWS = 20_000


def normals(shift: float, shape: tuple[int, ...] = (N_ROWS,)) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=shape), shift + rng.normal(size=shape)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_kl_of_shifted_normals(shift: float) -> None:
    assert kl_divergence(*normals(shift)) == pytest.approx(shift**2 / 2, abs=0.02)


def test_kl_of_scaled_normals_knows_its_direction() -> None:
    narrow, wide = normals(0)[0], 2 * normals(0)[1]
    assert kl_divergence(narrow, wide) == pytest.approx(math.log(2) - 3 / 8, abs=0.02)
    assert kl_divergence(wide, narrow) == pytest.approx(3 / 2 - math.log(2), abs=0.1)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_kl_in_more_dimensions(shift: float) -> None:
    real, synthetic = normals(shift, (5000, 3))
    assert kl_divergence(real, synthetic) == pytest.approx(3 * shift**2 / 2, abs=0.06)


def test_js_of_shifted_normals() -> None:
    grid = np.linspace(-8, 9, 20_001)
    p, q = stats.norm.pdf(grid), stats.norm.pdf(grid, 1)
    middle = (p + q) / 2
    expected = np.trapezoid(p * np.log2(p / middle) + q * np.log2(q / middle), grid) / 2
    assert jensen_shannon(*normals(1)) == pytest.approx(expected, abs=0.01)


def test_divergences_of_categories() -> None:
    real, synthetic = ["a"] * 6000 + ["b"] * 2000, ["a"] * 4000 + ["b"] * 4000
    expected = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert kl_divergence(real, synthetic) == pytest.approx(expected, abs=1e-3)
    middle = (0.625, 0.375)
    expected = (
        stats.entropy((0.75, 0.25), middle, base=2) + stats.entropy((0.5, 0.5), middle, base=2)
    ) / 2
    assert jensen_shannon(real, synthetic) == pytest.approx(expected, abs=1e-9)


def test_atoms_are_bins_of_their_own() -> None:
    rng = np.random.default_rng(0)
    real = np.where(rng.random(N_ROWS) < 0.9, 0.0, rng.lognormal(size=N_ROWS))
    other = np.where(rng.random(N_ROWS) < 0.5, 0.0, rng.lognormal(size=N_ROWS))
    expected = stats.entropy((0.9, 0.1), (0.5, 0.5))
    assert kl_divergence(real, other) == pytest.approx(expected, abs=0.01)


def test_equal_samples_are_at_no_distance() -> None:
    for sample in (normals(0)[0], [1, 1, 2], ["a", "b"]):
        assert kl_divergence(sample, sample) == 0
        assert jensen_shannon(sample, sample) == 0
    assert wasserstein([1, 2, 2], [2, 1, 2]) == 0


def test_disjoint_samples() -> None:
    assert jensen_shannon([0.0] * 50, [1.0] * 50) == 1
    assert math.isfinite(kl_divergence([0.0] * 50, [1.0] * 50))


def test_wasserstein_of_shifted_normals() -> None:
    assert wasserstein(*normals(0.7)) == pytest.approx(0.7, abs=0.02)


def test_sliced_wasserstein_of_a_shift() -> None:
    # Along each direction the distance is exact of however few points: what is averaged are they.
    points = normals(0, (100, 4))[0]
    shift = np.array([3.0, 0.0, 4.0, 0.0])
    mean_of_direction = math.gamma(2) / (math.sqrt(math.pi) * math.gamma(2.5))
    measured = wasserstein(points, points + shift, n_directions=2000)
    assert measured == pytest.approx(5 * mean_of_direction, rel=0.03)
    few = [wasserstein(points, points + shift, random_state=seed) for seed in (0, 0, 1)]
    assert few[0] == few[1] != few[2]


@pytest.mark.parametrize("distance", [kl_divergence, jensen_shannon, wasserstein])
@pytest.mark.parametrize(
    ("real", "synthetic", "message"),
    [
        ([], [1.0], "first sample must be a column of at least one cell"),
        ([1.0, np.nan], [1.0], "first sample has missing cells"),
        ([1.0], [[1.0, 2.0]], "same number of columns"),
    ],
)
def test_samples_that_do_not_fit_are_refused(distance, real, synthetic, message) -> None:
    with pytest.raises(ValueError, match=message):
        distance(real, synthetic)


def test_what_has_no_distance_is_refused() -> None:
    with pytest.raises(TypeError, match="categories have no distances"):
        wasserstein(["a"], ["b"])
    with pytest.raises(TypeError, match="one sample holds numbers"):
        kl_divergence([1.0], ["b"])
    with pytest.raises(ValueError, match="one dimension"):
        jensen_shannon([[1.0, 2.0]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match="lower k"):
        kl_divergence([[1.0], [2.0]], [[1.0], [2.0]])
