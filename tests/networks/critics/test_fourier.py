"""Fourier features follow a number's rank, and let a critic see what is narrow in it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from synthwgan.networks.critics import MLP
from synthwgan.networks.critics.fourier import FourierFeatures

N_ROWS = 1000


def test_they_are_waves_of_the_rank_by_frequency_and_value():
    features = FourierFeatures(np.array([1, 2]), n_frequencies=3)
    slots = torch.tensor([[9.0, 0.0, -1.0], [9.0, 2.0, 5.0]]).T
    found = features(slots).view(2, 3, 2, 2)
    for wave, function in enumerate((math.sin, math.cos)):
        for place in range(2):
            for row in range(2):
                rank = 0.5 * (1 + math.erf(float(slots[1 + place, row]) / math.sqrt(2)))
                wanted = [function(math.pi * k * rank) / k for k in (1, 2, 3)]
                torch.testing.assert_close(found[wave, :, place, row], torch.tensor(wanted))


def test_the_gradient_by_the_rows_is_autograds():
    features, rng = FourierFeatures(np.array([0, 3]), 4).double(), torch.Generator().manual_seed(0)
    slots = torch.randn(5, 9, dtype=torch.float64, generator=rng).requires_grad_()
    by_features = torch.randn(features.n_features, 9, dtype=torch.float64, generator=rng)
    (wanted,) = torch.autograd.grad((features(slots) * by_features).sum(), slots)
    found = features.pull_back(slots.detach(), by_features)
    torch.testing.assert_close(found, wanted[[0, 3]], rtol=1e-5, atol=1e-6)
    assert not wanted[[1, 2, 4]].any()


def test_beyond_all_numbers_nothing_moves():
    features = FourierFeatures(np.array([0]), 2)
    slots = torch.tensor([[1e30, -1e30, math.inf]])
    assert features(slots).isfinite().all()
    assert not features.pull_back(slots, torch.ones(4, 3)).any()


@pytest.mark.parametrize(("values", "frequencies"), [([], 8), ([3], 0)])
def test_a_critic_without_numbers_or_frequencies_has_none(values, frequencies):
    critic = MLP(frequencies=frequencies).build(4, np.array(values, int), 0, torch.Generator())
    assert critic.fine is None and not any("fine" in name for name, _ in critic.named_parameters())


def separation(frequencies: int) -> float:
    """Area that a critic reaches in 150 steps on combs: numbers whose odd sixteenths are empty."""
    rng = torch.Generator().manual_seed(0)
    critic = MLP(width=32, frequencies=frequencies).build(1, np.array([0]), 0, rng)
    optimizer = torch.optim.Adam(critic.parameters(), 3e-3)

    def rows(is_real: bool) -> torch.Tensor:
        ranks = torch.rand(N_ROWS, 1, generator=rng)
        if is_real:
            ranks = (2 * (8 * ranks).floor() + (8 * ranks).frac()) / 16
        return torch.special.ndtri(ranks.clamp(1e-4, 1 - 1e-4))

    for _ in range(150):
        loss = torch.nn.functional.softplus(-critic(rows(True))).mean()
        loss = loss + torch.nn.functional.softplus(critic(rows(False))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        real, fake = critic(rows(True)), critic(rows(False))
    return float((real.unsqueeze(1) > fake).float().mean())


def test_a_critic_sees_a_comb_that_plain_layers_do_not():
    # The best there is tells the empty half of the fakes for sure, and the rest by chance: 0.75.
    with torch.random.fork_rng(devices=[]):
        assert separation(0) < 0.6
        assert separation(16) > 0.7
