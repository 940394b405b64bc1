"""A row's latent vector is made of what is known of it, and of nothing else."""

from __future__ import annotations

import pytest
import torch

from synthwgan.networks.context import Context
from synthwgan.radial.encoder import Encoder
from synthwgan.table.layout import Layout

LATENT_DIM = 5


@pytest.fixture
def encoder(domain_layout: Layout) -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Encoder(Context.n_features(domain_layout), LATENT_DIM, 16, 2)


def known_of(layout: Layout, columns: list[bool], seed: int = 0, n_rows: int = 30) -> Context:
    slots = torch.randn(n_rows, layout.n_slots, generator=torch.Generator().manual_seed(seed))
    return Context.of(layout, slots, torch.tensor(columns).repeat(n_rows, 1))


def test_a_row_has_its_latent_vector_whatever_comes_with_it(encoder, domain_layout):
    known = known_of(domain_layout, [False, True, True, True, True])
    latents = encoder(known)
    assert latents.shape == (30, LATENT_DIM)
    assert torch.allclose(encoder(known.take(slice(7, 8))), latents[7:8], atol=1e-6)
    assert latents.std(0).min() > 0.01


def test_what_is_not_known_plays_no_part(encoder, domain_layout):
    columns = [False, True, False, True, False]
    slots = torch.randn(30, domain_layout.n_slots, generator=torch.Generator().manual_seed(0))
    other = slots.clone()
    # Slots of the columns that are not known.
    other[:, [4, 5, 6, 8, 9, 10, 11, 12]] += 9
    given = torch.tensor(columns).repeat(30, 1)
    latents = encoder(Context.of(domain_layout, slots, given))
    assert torch.equal(encoder(Context.of(domain_layout, other, given)), latents)
    other[:, 13] += 1
    assert not torch.allclose(encoder(Context.of(domain_layout, other, given)), latents)


def test_it_hears_whether_a_column_is_known(encoder, domain_layout):
    """A number of 0 is not the same as none."""
    zeros = torch.zeros(1, domain_layout.n_slots)
    given = torch.tensor([[False, False, False, True, False]])
    with_zero = encoder(Context.of(domain_layout, zeros, given))
    assert not torch.allclose(with_zero, encoder(Context.of(domain_layout, zeros, ~given & False)))


@pytest.mark.parametrize("n_layers", [0, 1, 3])
def test_every_layer_takes_part(domain_layout, n_layers):
    encoder = Encoder(Context.n_features(domain_layout), LATENT_DIM, 16, n_layers)
    encoder(known_of(domain_layout, [True] * 5)).square().sum().backward()
    assert len(encoder.layers) == n_layers
    assert all(weights.grad.abs().max() > 0 for weights in encoder.parameters())
