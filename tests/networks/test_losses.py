"""Objectives and penalties against numbers worked by hand."""

from __future__ import annotations

import pytest
import torch

from synthwgan.networks.losses import gradient_penalty, interpolate, wasserstein_estimate


def test_wasserstein_estimate_is_the_difference_of_means():
    estimate = wasserstein_estimate(torch.tensor([1.0, 3.0]), torch.tensor([0.5, -0.5, 0.0]))
    assert estimate.item() == 2.0


def test_gradient_penalty_by_hand():
    # Norms 5 and 1: ((5 - 1) ** 2 + 0) / 2 = 8, and the mean norm is 3.
    penalty, norm = gradient_penalty(torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    assert penalty.item() == pytest.approx(8.0)
    assert norm.item() == pytest.approx(3.0)


def test_gradient_penalty_is_two_sided():
    low, _ = gradient_penalty(torch.tensor([[0.5, 0.0]]))
    high, _ = gradient_penalty(torch.tensor([[1.5, 0.0]]))
    assert low.item() == pytest.approx(0.25)
    assert high.item() == pytest.approx(0.25)


def test_gradient_penalty_of_a_flat_critic_has_a_finite_gradient():
    gradients = torch.zeros(3, 2, requires_grad=True)
    penalty, norm = gradient_penalty(gradients)
    penalty.backward()
    assert penalty.item() == pytest.approx(1.0, abs=1e-4)
    assert torch.isfinite(gradients.grad).all()
    assert not norm.requires_grad


def test_interpolate_lies_on_the_lines_with_one_weight_a_row():
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(500, 4, generator=rng), torch.randn(500, 4, generator=rng)
    weights = (interpolate(real, fake, rng) - real) / (fake - real)
    assert weights.std(dim=1).max() < 1e-3
    assert weights.min() > -1e-3
    assert weights.max() < 1 + 1e-3
    # Uniform weights: mean 1/2 with standard error 0.013, so 0.07 is five of them.
    assert abs(weights.mean().item() - 0.5) < 0.07
    assert weights[:, 0].std() > 0.2


def test_interpolate_repeats_with_its_generator_only():
    real, fake = torch.zeros(5, 2), torch.ones(5, 2)
    first, again, other = (
        interpolate(real, fake, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
