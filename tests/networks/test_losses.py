"""Objectives against numbers worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from synthwgan.networks.losses import (
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
    make_objective,
    wasserstein_estimate,
)

REAL, FAKE = torch.tensor([1.0, 3.0]), torch.tensor([0.5, -0.5])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def not_asked() -> torch.Tensor:
    raise AssertionError("real scores are not needed")


def test_wasserstein_estimate_is_the_difference_of_means():
    estimate = wasserstein_estimate(torch.tensor([1.0, 3.0]), torch.tensor([0.5, -0.5, 0.0]))
    assert estimate.item() == 2.0


def test_wasserstein_losses_by_hand():
    assert Wasserstein().critic_loss(REAL, FAKE).item() == -2.0
    assert Wasserstein().generator_loss(FAKE + 1, not_asked).item() == -1.0


def test_cross_entropy_by_hand():
    expected = (softplus(-1) + softplus(-3)) / 2 + (softplus(0.5) + softplus(-0.5)) / 2
    for objective in (NonSaturating(), Minimax()):
        assert objective.critic_loss(REAL, FAKE).item() == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_is_of_real_labels_only():
    real, fake = 1.0, 0.5
    # -(0.9 log D(real) + 0.1 log(1 - D(real))) - log(1 - D(fake))
    expected = 0.9 * softplus(-real) + 0.1 * softplus(real) + softplus(fake)
    loss = NonSaturating(0.1).critic_loss(torch.tensor([real]), torch.tensor([fake]))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_the_best_critic_of_smoothed_labels_is_less_sure(smoothing):
    """Where all rows are real, the loss is least at D = 1 - s."""
    scores = torch.linspace(-6, 12, 20_001)
    losses = torch.stack(
        [NonSaturating(smoothing).critic_loss(score, torch.tensor(-99.0)) for score in scores]
    )
    best = torch.sigmoid(scores[losses.argmin()]).item()
    assert best == pytest.approx(1 - smoothing, abs=1e-3)


def test_generator_losses_by_hand():
    fake = torch.tensor([2.0, 0.0])
    expected = (softplus(-2) + softplus(0)) / 2
    assert NonSaturating(0.2).generator_loss(fake, not_asked).item() == pytest.approx(expected)
    expected = -(softplus(2) + softplus(0)) / 2
    assert Minimax().generator_loss(fake, not_asked).item() == pytest.approx(expected)


def test_only_the_original_game_is_flat_where_the_critic_is_sure():
    slopes = []
    for objective in (NonSaturating(), Minimax(), Wasserstein()):
        fake = torch.tensor([-12.0], requires_grad=True)
        objective.generator_loss(fake, not_asked).backward()
        slopes.append(abs(fake.grad.item()))
    assert slopes[0] > 0.99
    assert slopes[1] < 1e-4
    assert slopes[2] == 1


def test_relativistic_losses_by_hand():
    expected = (softplus(0.5 - 1) + softplus(-0.5 - 3)) / 2
    assert Relativistic().critic_loss(REAL, FAKE).item() == pytest.approx(expected)
    expected = (softplus(1 - 0.5) + softplus(3 + 0.5)) / 2
    assert Relativistic().generator_loss(FAKE, lambda: REAL).item() == pytest.approx(expected)


def test_a_relativistic_loss_does_not_move_with_all_scores():
    shifted = Relativistic().critic_loss(REAL + 7, FAKE + 7)
    torch.testing.assert_close(shifted, Relativistic().critic_loss(REAL, FAKE))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("wgan-gp", Wasserstein),
        ("wgan", Wasserstein),
        ("gan", NonSaturating),
        ("gan-minimax", Minimax),
        ("relativistic", Relativistic),
    ],
)
def test_objectives_by_name(name, kind):
    assert type(make_objective(name, 0.1)) is kind
