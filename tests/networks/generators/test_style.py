"""The style generator: its norms by hand, and what noise and truncation do."""

from __future__ import annotations

import pytest
import torch

from synthwgan.networks.generators.style import AdaptiveNorm, StyleGenerator


@pytest.fixture(autouse=True)
def _own_torch_seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def generator() -> StyleGenerator:
    return StyleGenerator(5, n_slots=7, width=32, n_layers=3, output_bias=torch.zeros(7))


def test_adaptive_norm_sets_mean_and_standard_deviation():
    norm = AdaptiveNorm(n_style=2, width=6)
    with torch.no_grad():
        norm.style.weight.zero_()
        norm.style.weight[:6, 0] = 1.0
        norm.style.weight[6:, 1] = 1.0
    hidden = 4 + 3 * torch.randn(5, 6)
    # The scale is one and the first style, the shift the second.
    style = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 5.0], [-1.0, 1.0], [0.5, -2.0]])
    rows = norm(hidden, style)
    torch.testing.assert_close(rows.mean(1), style[:, 1], atol=1e-5, rtol=0)
    expected = (1 + style[:, 0]).abs()
    torch.testing.assert_close(rows.std(1, correction=0), expected, atol=1e-4, rtol=0)


def test_adaptive_norm_by_hand():
    norm = AdaptiveNorm(n_style=1, width=2)
    with torch.no_grad():
        norm.style.weight.zero_()
        norm.style.bias.copy_(torch.tensor([2.0, 3.0, 10.0, 20.0]))
    # 1 and 5 are -1 and 1 when normalised: 2 * -1 + 10 and 3 * 1 + 20.
    found = norm(torch.tensor([[1.0, 5.0]]), torch.zeros(1, 1))
    torch.testing.assert_close(found, torch.tensor([[8.0, 23.0]]), atol=1e-4, rtol=0)


def test_the_latent_has_the_noise_of_the_layers(generator):
    assert generator.latent_dim == 5 + 3
    latent = torch.randn(40, 8)
    assert generator(latent).shape == (40, 7)
    other_noise = torch.cat([latent[:, :5], torch.randn(40, 3)], dim=1)
    torch.testing.assert_close(generator(latent), generator(other_noise))
    with torch.no_grad():
        generator.layers[1].strength.fill_(0.5)
    assert (generator(latent) - generator(other_noise)).abs().max() > 1e-3


def test_the_size_of_a_latent_does_not_matter(generator):
    latent = torch.cat([torch.randn(10, 5), torch.zeros(10, 3)], dim=1)
    torch.testing.assert_close(generator(latent), generator(3 * latent), atol=1e-5, rtol=1e-4)


def test_truncation_draws_styles_to_their_mean(generator):
    latent = torch.randn(500, 8)
    whole = generator(latent)
    generator.eval()
    torch.testing.assert_close(generator(latent, truncation=1.0), whole)
    spreads = [generator(latent, truncation=psi).std(0).mean().item() for psi in (1.0, 0.5, 0.0)]
    assert 0.3 * spreads[0] < spreads[1] < 0.8 * spreads[0]
    assert spreads[2] < 1e-5


def test_the_mean_style_is_that_of_the_last_batch_in_training_only(generator):
    latent = torch.randn(300, 8)
    generator(latent)
    mean = generator.mean_style.clone()
    torch.testing.assert_close(mean, generator._style(latent[:, :5]).mean(0))
    generator.eval()
    generator(torch.randn(300, 8))
    assert torch.equal(generator.mean_style, mean)
