"""The critic's closed-form input gradient is autograd's, and so is the penalty's gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from synthwgan.networks.critics.fourier import FourierFeatures
from synthwgan.networks.critics.network import Critic
from synthwgan.networks.objectives.penalties import gradient_norms, two_sided


def make_critic(n_layers: int, fine: bool = False) -> tuple[Critic, torch.Tensor]:
    torch.manual_seed(0)
    features = FourierFeatures(np.array([4, 6]), 3) if fine else None
    critic = Critic(n_slots=7, width=12, n_layers=n_layers, fine=features).double()
    return critic, torch.randn(20, 7, dtype=torch.float64)


def autograd_gradient(critic: Critic, slots: torch.Tensor) -> torch.Tensor:
    slots = slots.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(slots).sum(), slots, create_graph=True)
    return gradient


def penalty(gradients: torch.Tensor) -> torch.Tensor:
    return two_sided(gradient_norms(gradients))


@pytest.fixture(autouse=True)
def _own_torch_seed():
    with torch.random.fork_rng(devices=[]):
        yield


def test_scores_are_one_number_a_row():
    critic, slots = make_critic(2)
    assert critic(slots).shape == (20,)
    assert critic(slots[:1]).shape == (1,)
    torch.testing.assert_close(critic(slots)[3:4], critic(slots[3:4]))


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_input_gradient_is_autograds(n_layers, fine):
    critic, slots = make_critic(n_layers, fine)
    torch.testing.assert_close(critic.input_gradient(slots), autograd_gradient(critic, slots))


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_penalty_moves_the_weights_as_a_double_backward_would(n_layers, fine):
    critic, slots = make_critic(n_layers, fine)
    weights = [weight for name, weight in critic.named_parameters() if "weight" in name]
    ours = torch.autograd.grad(penalty(critic.input_gradient(slots)), weights)
    double = torch.autograd.grad(penalty(autograd_gradient(critic, slots)), weights)
    for one, other in zip(ours, double, strict=True):
        assert other.abs().max() > 1e-4
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


def test_input_gradient_is_the_slope_of_the_score():
    critic, slots = make_critic(2)
    shift = 1e-7 * torch.randn(20, 7, dtype=torch.float64)
    rise = critic(slots + shift) - critic(slots)
    predicted = (critic.input_gradient(slots) * shift).sum(1)
    torch.testing.assert_close(rise, predicted, rtol=1e-4, atol=1e-12)


def test_gradient_under_bfloat16_is_near_the_exact_one():
    critic, slots = make_critic(2)
    critic, slots = critic.float(), slots.float()
    exact = critic.input_gradient(slots)
    with torch.autocast("cpu", torch.bfloat16):
        rounded = critic.input_gradient(slots).float()
    # bfloat16 has 8 bits; a unit on the other side of its kink moves a row by more.
    error = (rounded - exact).norm(dim=1) / exact.norm(dim=1)
    assert error.median() < 0.03


def make_told_critic(n_layers: int) -> tuple[Critic, torch.Tensor, torch.Tensor]:
    """A critic that is told which of three columns are given."""
    torch.manual_seed(0)
    critic = Critic(n_slots=7, width=12, n_layers=n_layers, n_columns=3).double()
    torch.nn.init.normal_(critic.given.weight)
    given = (torch.rand(20, 3) < 0.5).double()
    return critic, torch.randn(20, 7, dtype=torch.float64), given


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_input_gradient_with_given_columns_is_autograds(n_layers):
    critic, slots, given = make_told_critic(n_layers)
    wanted = slots.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(wanted, given).sum(), wanted, create_graph=True)
    ours = critic.input_gradient(slots, given)
    torch.testing.assert_close(ours, gradient)
    assert (ours - critic.input_gradient(slots)).abs().max() > 1e-3
    weights = [layer.weight for layer in critic.layers]
    one, other = (torch.autograd.grad(penalty(found), weights) for found in (ours, gradient))
    for weight, expected in zip(one, other, strict=True):
        torch.testing.assert_close(weight, expected, rtol=1e-5, atol=1e-7)


def test_a_critic_that_is_told_that_nothing_is_given_scores_as_if_not_told():
    critic, slots, given = make_told_critic(2)
    torch.testing.assert_close(critic(slots, torch.zeros_like(given)), critic(slots))
    assert (critic(slots, given) - critic(slots)).abs()[given.any(1)].min() > 1e-6


def test_what_is_given_of_a_row_counts_for_its_score_only():
    critic, slots, given = make_told_critic(2)
    torch.testing.assert_close(critic(slots[3:4], given[3:4]), critic(slots, given)[3:4])
    critic(slots, given).sum().backward()
    assert critic.given.weight.grad.abs().max() > 1e-3
