"""The noise is the discrete Gaussian, exactly, and whole numbers are all that it is made of."""

from __future__ import annotations

import ast
import inspect

import numpy as np
import pytest
from scipy import stats

from synthwgan.private import noise
from synthwgan.private.noise import Bits, Scale, discrete_gaussian

N_DRAWS = 60_000
SCALES = [0.3, 2.0, 30.0**2, 50.0**2, 700.0**2]


def p_value(drawn: np.ndarray, variance: float) -> float:
    """Of a chi-square test of the draws against the discrete Gaussian."""
    reach = int(np.ceil(12 * np.sqrt(variance))) + 1
    support = np.arange(-reach, reach + 1)
    chances = np.exp(-(support**2) / (2 * variance))
    chances /= chances.sum()
    counts = np.bincount(drawn + reach, minlength=len(support))
    # Neighbours together, so that each cell expects some draws.
    cells = np.minimum((np.cumsum(chances) * N_DRAWS / 200).astype(int), N_DRAWS // 200 - 1)
    expected = np.bincount(cells, chances) * N_DRAWS
    found = np.bincount(cells, counts)
    kept = expected > 0
    return float(stats.chisquare(found[kept], expected[kept]).pvalue)


@pytest.mark.parametrize("variance", SCALES)
def test_draws_are_of_the_discrete_gaussian(variance: float) -> None:
    scale = Scale.at_least(variance)
    drawn = discrete_gaussian(scale, N_DRAWS, Bits(1))
    assert drawn.dtype == np.int64
    assert p_value(drawn, scale.variance) > 1e-3
    # The test sees a deviation that is wrong by three per cent.
    assert p_value(drawn, scale.variance * 1.06) < 1e-3 or variance < 1


@pytest.mark.parametrize("variance", [1e-6, *SCALES, 9e12])
def test_the_scale_is_never_below_what_was_bought(variance: float) -> None:
    scale = Scale.at_least(variance)
    assert scale.variance >= variance
    assert scale.deviation <= np.sqrt(variance) * 1.01 + 0.05


def test_noise_above_any_table_is_refused() -> None:
    with pytest.raises(ValueError, match="raise epsilon"):
        Scale.at_least(1e15)


def test_noise_comes_from_the_operating_system_unless_seeded() -> None:
    scale = Scale(100)
    fresh = [discrete_gaussian(scale, 50, Bits()).tolist() for _ in range(2)]
    seeded = [discrete_gaussian(scale, 50, Bits(3)).tolist() for _ in range(2)]
    assert fresh[0] != fresh[1]
    assert seeded[0] == seeded[1]


def test_whole_numbers_below_a_bound_are_equally_likely() -> None:
    for bound in (1, 2, 3, 1000, 2**62 + 1):
        drawn = Bits(0).below(bound, 5000)
        assert drawn.min() >= 0
        assert drawn.max() < bound
    assert stats.chisquare(np.bincount(Bits(0).below(7, 7000))).pvalue > 1e-3


def test_no_float_is_drawn_or_compared() -> None:
    for function in (discrete_gaussian, noise._discrete_laplace, noise._bernoulli_exp):
        tree = ast.parse(inspect.getsource(function))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Div)]
        constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert not [value for value in constants if isinstance(value, float)]
