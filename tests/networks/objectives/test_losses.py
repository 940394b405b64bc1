"""Objectives against numbers worked by hand."""

from __future__ import annotations

import math

import pytest
import torch

from synthwgan.networks.objectives import (
    GAN,
    OBJECTIVES,
    WGAN,
    WGANGP,
    MinimaxGAN,
    Relativistic,
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
    assert WGANGP().critic_loss(REAL, FAKE).item() == -2.0
    assert WGANGP().generator_loss(FAKE + 1, not_asked).item() == -1.0
    assert WGAN().critic_loss(REAL, FAKE).item() == -2.0
    assert WGAN().generator_loss(FAKE + 1, not_asked).item() == -1.0


def test_cross_entropy_by_hand():
    expected = (softplus(-1) + softplus(-3)) / 2 + (softplus(0.5) + softplus(-0.5)) / 2
    for objective in (GAN(), MinimaxGAN()):
        assert objective.critic_loss(REAL, FAKE).item() == pytest.approx(expected, rel=1e-6)


def test_label_smoothing_is_of_real_labels_only():
    real, fake = 1.0, 0.5
    # -(0.9 log D(real) + 0.1 log(1 - D(real))) - log(1 - D(fake))
    expected = 0.9 * softplus(-real) + 0.1 * softplus(real) + softplus(fake)
    loss = GAN(label_smoothing=0.1).critic_loss(torch.tensor([real]), torch.tensor([fake]))
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_the_best_critic_of_smoothed_labels_is_less_sure(smoothing):
    """Where all rows are real, the loss is least at D = 1 - s."""
    scores = torch.linspace(-6, 12, 4_001)
    losses = torch.stack(
        [GAN(label_smoothing=smoothing).critic_loss(score, torch.tensor(-99.0)) for score in scores]
    )
    best = torch.sigmoid(scores[losses.argmin()]).item()
    assert best == pytest.approx(1 - smoothing, abs=1e-3)


def test_generator_losses_by_hand():
    fake = torch.tensor([2.0, 0.0])
    expected = (softplus(-2) + softplus(0)) / 2
    assert GAN(label_smoothing=0.2).generator_loss(fake, not_asked).item() == pytest.approx(
        expected
    )
    expected = -(softplus(2) + softplus(0)) / 2
    assert MinimaxGAN().generator_loss(fake, not_asked).item() == pytest.approx(expected)


def test_only_the_original_game_is_flat_where_the_critic_is_sure():
    slopes = []
    for objective in (GAN(), MinimaxGAN(), WGANGP()):
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
    ("name", "optimizer", "clip", "penalty", "at"),
    [
        ("wgan-gp", "adam", None, "two-sided", ["interpolate"]),
        ("wgan", "rmsprop", 0.01, None, None),
        ("gan", "adam", None, None, None),
        ("gan-minimax", "adam", None, None, None),
        ("relativistic", "adam", None, "r1+r2", ["_real", "_generated"]),
    ],
)
def test_what_an_objective_has_by_default_is_its_papers(name, optimizer, clip, penalty, at):
    objective = OBJECTIVES[name]()
    assert (objective.optimizer, objective.clip, objective.penalty) == (optimizer, clip, penalty)
    made = objective.make_penalty()
    assert (made and [points.__name__ for points in made.points]) == at


def test_where_a_penalty_is_evaluated_goes_by_what_it_measures():
    def places(objective):
        return [points.__name__ for points in objective.make_penalty().points]

    assert places(GAN(penalty="r1")) == ["_real"]
    assert places(WGANGP(penalty="squared", penalty_at="both")) == ["_real", "_generated"]
    assert WGANGP(gradient_penalty=0).make_penalty() is None
