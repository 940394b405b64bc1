"""Calibration makes marginals and ranks right where an uncalibrated generator's are wrong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import nn

from synthwgan.networks.generators.residual import Generator
from synthwgan.networks.heads import OutputHead
from synthwgan.sampling import calibration
from synthwgan.sampling.calibration import calibrate
from synthwgan.sampling.sampler import Sampler
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.batchnorm import measure_batch_norm

N_ROWS = 20_000
MARGINALS = [0.5, 0.2, 0.15, 0.1, 0.05] + [0.25, 0.35, 0.395, 0.005, 0.0] + [0.7, 0.3]


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def sampler(mixed_layout: Layout) -> Sampler:
    """A generator with wrong marginals and values that are far from normal."""
    weights = torch.randn(mixed_layout.n_slots, 3, generator=rng(2))
    linear = nn.Linear(3, mixed_layout.n_slots)
    linear.weight = nn.Parameter(weights)
    linear.bias = nn.Parameter(torch.randn(mixed_layout.n_slots, generator=rng(3)))
    skewed = nn.Sequential(linear, nn.ELU())
    return Sampler(skewed, OutputHead(mixed_layout), 3, torch.tensor(MARGINALS))


def state_error(sampler: Sampler, encoded: EncodedTable) -> float:
    """Largest error of a state's share."""
    states = sampler.head.one_hot(torch.from_numpy(encoded.codes))
    return float((states.mean(0) - torch.tensor(MARGINALS)).abs().max())


def rank_errors(encoded: EncodedTable) -> list[float]:
    """Kolmogorov-Smirnov distance of the regular values to the standard normal."""
    regular = encoded.codes[:, 2] == 0
    columns = encoded.values[regular, 0], encoded.values[:, 1]
    return [kstest(column, "norm").statistic for column in columns]


def test_calibration_makes_marginals_and_ranks_right(sampler):
    before = sampler.draw(N_ROWS, rng(1))
    assert state_error(sampler, before) > 0.1
    assert min(rank_errors(before)) > 0.1
    calibrate(sampler, rng(4))
    after = sampler.draw(N_ROWS, rng(1))
    # A share's standard error is at most 0.5 / sqrt(20_000) = 0.0035 for the rows drawn here,
    # and as much for those of the calibration: 0.02 is four of both.
    assert state_error(sampler, after) < 0.02
    # A KS distance above 1.95 / sqrt(n) has a probability of 0.1 %: 0.014 and 0.0165 here.
    assert max(rank_errors(after)) < 0.025


def test_a_rare_state_is_kept_rare_but_drawn(sampler):
    calibrate(sampler, rng(4))
    codes = sampler.draw(N_ROWS, rng(1)).codes[:, 1]
    share = float((codes == 3).mean())
    assert 0.002 < share < 0.01
    assert codes.max() == 3


def test_values_keep_their_order(sampler):
    """Calibration changes the distribution of a value, never which row has more of it."""
    before = sampler.draw(2000, rng(1)).values[:, 1]
    calibration.calibrate_values(sampler, rng(4))
    after = sampler.draw(2000, rng(1)).values[:, 1]
    assert (np.diff(after[np.argsort(before)]) >= 0).all()


def test_calibration_repeats_with_its_generator(sampler, mixed_layout):
    other = Sampler(sampler.generator, OutputHead(mixed_layout), 3, sampler.marginals)
    for one in (sampler, other):
        calibrate(one, rng(4))
    assert torch.equal(sampler.value_knots, other.value_knots)
    assert torch.equal(sampler.head.logit_bias, other.head.logit_bias)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_every_layout_calibrates(layout):
    weights = torch.randn(layout.n_slots, 3, generator=rng(2))
    linear = nn.Linear(3, layout.n_slots, bias=False)
    linear.weight = nn.Parameter(weights)
    marginals = torch.zeros(layout.n_state_slots)
    for start, size in zip(layout.block_starts, layout.block_sizes, strict=True):
        marginals[start : start + size] = 1 / size
    sampler = Sampler(linear, OutputHead(layout), 3, marginals)
    calibrate(sampler, rng())
    encoded = sampler.draw(4000, rng(1))
    assert np.isfinite(encoded.values).all()
    for column, size in zip(encoded.codes.T, layout.block_sizes, strict=True):
        shares = np.bincount(column, minlength=size) / 4000
        # Standard error 0.008 at most; five of them.
        np.testing.assert_allclose(shares, 1 / size, atol=0.04)


def test_a_value_that_is_never_regular_still_gets_knots():
    layout = Layout((2,), (0,), (0,), (0,))
    linear = nn.Linear(3, 3)
    with torch.no_grad():
        linear.bias.copy_(torch.tensor([-1e4, 1e4, 0.0]))
    sampler = Sampler(linear, OutputHead(layout), 3, torch.tensor([0.0, 1.0]))
    calibration.calibrate_values(sampler, rng())
    assert torch.isfinite(sampler.value_knots).all()
    assert (sampler.value_knots.diff() >= 0).all()


def test_batch_norm_statistics_are_those_of_the_present_weights():
    generator = Generator(4, 3, width=16, n_layers=1, output_bias=torch.zeros(3))
    with torch.no_grad():
        # Statistics of other weights, as after averaging.
        generator.blocks[0].norm.running_mean.add_(5.0)
    generator.eval()
    latent = torch.randn(5000, 4, generator=rng(1))

    def spread_of_normalised() -> tuple[float, float]:
        with torch.no_grad():
            hidden = generator.blocks[0].norm(generator.input(latent))
        return float(hidden.mean(0).abs().max()), float((hidden.std(0) - 1).abs().max())

    assert spread_of_normalised()[0] > 3
    measure_batch_norm(generator, torch.randn(20_000, 4, generator=rng(2)), None)
    assert not generator.training
    # Standard errors 0.014 here and 0.007 of the measured mean; the spread's are smaller.
    mean, spread = spread_of_normalised()
    assert mean < 0.08
    assert spread < 0.08
