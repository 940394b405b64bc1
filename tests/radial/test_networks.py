"""Networks are told the domain, what is kept, and that a domain's lacking columns hold nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from torch import Tensor

from synthwgan import MLP, Residual
from synthwgan.networks.critics import CriticChoice
from synthwgan.networks.generators import GeneratorChoice
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import module_arrays
from synthwgan.radial.networks import NOISE_DIM, DomainContexts, build_domain_networks
from synthwgan.table.layout import Layout

N_ROWS = 60
DOMAIN_SLOTS = slice(4, 7)


@pytest.fixture
def contexts(domain_layout: Layout, domain_has: np.ndarray) -> DomainContexts:
    return DomainContexts(domain_layout, torch.from_numpy(domain_has))


@pytest.fixture
def slots(domain_layout: Layout) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    slots = torch.rand(N_ROWS, domain_layout.n_slots, generator=rng) + 1
    slots[:, 7] = 0  # Padding.
    return slots


DOMAINS = torch.arange(N_ROWS) % 3


def test_the_domain_is_always_given(contexts, slots):
    kept = torch.zeros(N_ROWS, 5, dtype=torch.bool)
    given = contexts.given(slots, DOMAINS, kept)
    assert contexts.domain_slots == DOMAIN_SLOTS
    assert torch.equal(given.slots[:, DOMAIN_SLOTS], torch.eye(3)[DOMAINS])
    assert given.is_given[:, DOMAIN_SLOTS].all()
    # It is the one that rows are for, not the one that they are of.
    assert not torch.equal(given.slots[:, DOMAIN_SLOTS], slots[:, DOMAIN_SLOTS])
    assert not kept.any()


def test_lacking_columns_are_given_as_nothing(contexts, slots):
    given = contexts.given(slots, DOMAINS, torch.zeros(N_ROWS, 5, dtype=torch.bool))
    lacking = ~contexts.has[DOMAINS]
    assert torch.equal(given.columns[:, 1:] > 0, lacking[:, 1:])
    others = [slot for slot in range(14) if slot not in (4, 5, 6)]
    assert (given.slots[:, others] == 0).all()


def test_kept_cells_are_given_where_the_domain_has_them(contexts, slots):
    rng = torch.Generator().manual_seed(2)
    kept = torch.rand(N_ROWS, 5, generator=rng) < 0.5
    given = contexts.given(slots, DOMAINS, kept)
    has = contexts.has[DOMAINS]
    assert torch.equal(given.columns[:, 1:] > 0, (kept | ~has)[:, 1:])
    for slot, column in enumerate(contexts.layout.slot_columns):
        if column == 0:
            continue
        held = (kept & has)[:, column]
        assert torch.equal(given.slots[held, slot], slots[held, slot])
        assert (given.slots[~held, slot] == 0).all()
        assert torch.equal(given.is_given[:, slot], held | ~has[:, column])


def test_the_encoder_is_never_told_the_domain(contexts, slots):
    columns = torch.ones(N_ROWS, 5, dtype=torch.bool)
    known = contexts.known(slots, columns)
    assert (known.columns[:, 0] == 0).all()
    assert (known.slots[:, 4:8] == 0).all()
    assert (known.columns[:, 1:] == 1).all()
    assert torch.equal(known.slots[:, 8:], slots[:, 8:])
    assert columns.all()


@dataclass(frozen=True)
class Sizes:
    generator: GeneratorChoice = field(
        default_factory=lambda: Residual(latent_dim=6, width=12, layers=1)
    )
    critic: CriticChoice = field(default_factory=lambda: MLP(width=14))


def arrays_of(layout: Layout, seed: int) -> dict[str, np.ndarray]:
    head = OutputHead(layout)
    marginals = torch.full((layout.n_state_slots,), 0.25)
    return module_arrays(dict(build_domain_networks(head, marginals, Sizes(), seed)))


def test_networks_repeat_with_their_seed_and_leave_the_global_state(domain_layout):
    before = torch.random.get_rng_state()
    first, again, other = (arrays_of(domain_layout, seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    for network in ("encoder", "generator", "critic"):
        names = [name for name in first if name.startswith(network)]
        assert any(not np.array_equal(first[name], other[name]) for name in names)


def test_the_generator_takes_a_latent_vector_and_noise(domain_layout, contexts, slots):
    head = OutputHead(domain_layout)
    networks = build_domain_networks(head, torch.full((12,), 0.25), Sizes(), 0)
    assert set(networks) == {"generator", "critic", "head", "encoder"}
    columns = torch.ones(N_ROWS, 5, dtype=torch.bool)
    latents = networks["encoder"](contexts.known(slots, columns))
    assert latents.shape == (N_ROWS, Sizes().generator.latent_dim)
    given = contexts.given(slots, DOMAINS, columns)
    raw = networks["generator"](torch.cat([latents, torch.randn(N_ROWS, NOISE_DIM)], 1), given)
    assert raw.shape == (N_ROWS, domain_layout.n_slots)
