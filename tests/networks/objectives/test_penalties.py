"""Penalties against numbers worked by hand, and on critics whose gradient is known."""

from __future__ import annotations

import pytest
import torch

from synthwgan.networks.critics.network import Critic
from synthwgan.networks.objectives.penalties import (
    MEASURES,
    OWN_POINTS,
    POINTS,
    gradient_norms,
    half_squared,
    interpolate,
    make_penalty,
    one_sided,
    squared,
    two_sided,
)

REAL, FAKE = torch.zeros(4, 3), torch.ones(4, 3)


def linear(*weights: float):
    """The input gradient of a linear critic: its weights, wherever it is taken."""

    def gradient_at(points: torch.Tensor) -> torch.Tensor:
        return torch.tensor(weights).expand(len(points), -1)

    return gradient_at


def test_norms_by_hand():
    gradients = torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    torch.testing.assert_close(gradient_norms(gradients), torch.tensor([5.0, 1.0]))


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-6), (torch.bfloat16, 0.02)])
def test_gradient_of_norms_is_autograds(dtype, error):
    rng = torch.Generator().manual_seed(0)
    rows, weights = torch.randn(6, 9, generator=rng), torch.randn(6, generator=rng)
    rows[2] = 0
    found, plain = (rows.to(dtype).requires_grad_() for _ in range(2))
    (gradient_norms(found) * weights).sum().backward()
    ((plain.float().square().sum(1) + 1e-12).sqrt() * weights).sum().backward()
    torch.testing.assert_close(found.grad, plain.grad, rtol=error, atol=error)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (two_sided, (0.25 + 16 + 4) / 3),
        (one_sided, (0 + 16 + 4) / 3),
        (squared, (0.25 + 25 + 9) / 3),
        (half_squared, (0.25 + 25 + 9) / 6),
    ],
)
def test_measures_by_hand(measure, expected):
    assert measure(torch.tensor([0.5, 5.0, 3.0])).item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("two-sided", 16.0),
        ("one-sided", 16.0),
        ("squared", 25.0),
        ("r1", 12.5),
        ("r1+r2", 25.0),
    ],
)
def test_penalties_of_a_linear_critic(name, expected):
    penalty = make_penalty(name, OWN_POINTS.get(name, "interpolates"))
    value, norm = penalty(linear(3.0, 4.0, 0.0), REAL, FAKE)
    assert value.item() == pytest.approx(expected)
    assert norm.item() == pytest.approx(5.0)
    assert not norm.requires_grad


@pytest.mark.parametrize("name", ["two-sided", "one-sided"])
def test_sides(name):
    penalty = make_penalty(name, "interpolates")
    flat, steep = (penalty(linear(norm, 0.0, 0.0), REAL, FAKE)[0].item() for norm in (0.5, 1.5))
    assert steep == pytest.approx(0.25)
    assert flat == pytest.approx(0.25 if name == "two-sided" else 0.0)


@pytest.mark.parametrize(
    ("at", "expected"), [("real", [REAL]), ("generated", [FAKE]), ("both", [REAL, FAKE])]
)
def test_penalties_are_where_they_should_be(at, expected):
    seen = []

    def gradient_at(points: torch.Tensor) -> torch.Tensor:
        seen.append(points)
        return points

    make_penalty("squared", at)(gradient_at, REAL, FAKE)
    assert all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


def test_penalties_that_say_where_are_known():
    assert set(OWN_POINTS) < set(MEASURES)
    assert set(OWN_POINTS.values()) < set(POINTS)


def test_the_penalty_of_a_critic_moves_its_weights():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        critic = Critic(3, width=8, n_layers=2)
    for name in MEASURES:
        critic.zero_grad()
        make_penalty(name, "real")(critic.input_gradient, 9 + REAL, FAKE)[0].backward()
        moved = critic.layers[0].weight.grad.abs().max()
        # Its norms start below one, where nothing is one-sided.
        assert moved == 0 if name == "one-sided" else moved > 1e-4


def test_a_flat_critic_has_a_finite_gradient():
    gradients = torch.zeros(3, 2, requires_grad=True)
    penalty = two_sided(gradient_norms(gradients))
    penalty.backward()
    assert penalty.item() == pytest.approx(1.0, abs=1e-4)
    assert torch.isfinite(gradients.grad).all()


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
