"""Rows of a domain keep what they are given and have only states that the domain had."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from synthwgan import MLP, Residual
from synthwgan.networks.critics import CriticChoice
from synthwgan.networks.generators import GeneratorChoice
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.radial.networks import DomainContexts, build_domain_networks
from synthwgan.radial.sampler import DomainSampler, states_seen
from synthwgan.sampling.slices import SliceTargets
from synthwgan.table.layout import EncodedTable, Layout, PartialRows
from synthwgan.training.data import TableBatches

Rows = tuple[PartialRows, np.ndarray]
# Blocks of domain_layout.
FIRST, DOMAIN, GATE, TARGET = range(4)


@dataclass(frozen=True)
class Sizes:
    generator: GeneratorChoice = field(
        default_factory=lambda: Residual(latent_dim=6, width=12, layers=1)
    )
    critic: CriticChoice = field(default_factory=lambda: MLP(width=14))


def sampler_of(
    layout: Layout, has: np.ndarray, rows: Rows, with_targets: bool = True
) -> DomainSampler:
    """Networks that have not been trained: what holds, holds for bad ones too."""
    head = OutputHead(layout)
    batches = TableBatches(rows[0].encoded, head)
    networks = build_domain_networks(head, batches.marginals(), Sizes(), 0)
    for weights in networks["generator"].parameters():
        torch.nn.init.normal_(weights, std=0.5, generator=torch.Generator().manual_seed(4))
    contexts = DomainContexts(layout, torch.from_numpy(has))
    moments = PairwiseMoments(head).fit(batches.in_order)
    targets = SliceTargets.of(moments) if with_targets else None
    seen = states_seen(*rows, contexts)
    return DomainSampler(networks, contexts, batches.marginals(), seen, targets)


@pytest.fixture
def sampler(domain_layout: Layout, domain_has: np.ndarray, domain_rows: Rows) -> DomainSampler:
    return sampler_of(domain_layout, domain_has, domain_rows)


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def as_domain(rows: PartialRows, domain: int, kept: list[int]) -> PartialRows:
    """Rows of which a domain keeps some columns."""
    codes, given = rows.encoded.codes.copy(), np.zeros_like(rows.given)
    codes[:, DOMAIN] = domain
    given[:, kept] = rows.given[:, kept]
    return PartialRows(EncodedTable(codes, rows.encoded.values), given)


def test_states_seen_are_those_of_each_domain(sampler, domain_layout):
    assert sampler.seen[:, :4].tolist() == [[True] * 4, [True] * 3 + [False], [False] * 4]
    assert sampler.seen[:, 4:8].tolist() == np.eye(3, 4).astype(bool).tolist()
    assert sampler.seen[:, 8:10].all(1).tolist() == [True, False, True]
    assert sampler.seen[:, 10:12].all()


@pytest.mark.parametrize("domain", [0, 1, 2])
def test_new_rows_are_of_the_domain_and_have_its_states_only(sampler, domain_has, domain):
    drawn = sampler.new_rows(domain, 3000, rng())
    assert len(drawn) == 3000
    assert (drawn.codes[:, DOMAIN] == domain).all()
    starts = sampler.head.layout.block_starts
    for column, block in ((1, FIRST), (2, GATE), (4, TARGET)):
        if domain_has[domain, column]:
            assert sampler.seen[domain, starts[block] + drawn.codes[:, block]].all()


def test_new_rows_have_the_distributions_of_the_domain(sampler, domain_rows):
    encoded, domains = domain_rows[0].encoded, domain_rows[1]
    for domain, blocks in enumerate([[FIRST, GATE, TARGET], [FIRST, TARGET], [GATE, TARGET]]):
        own = encoded.take(domains == domain)
        drawn = sampler.new_rows(domain, 8000, rng())
        for block in blocks:
            of_own, of_drawn = (
                np.bincount(rows.codes[:, block], minlength=4) / len(rows) for rows in (own, drawn)
            )
            # Standard error 0.0056 here and as much in calibration; five of both.
            np.testing.assert_allclose(of_drawn, of_own, atol=0.04)
    free = sampler_of(sampler.head.layout, sampler.contexts.has.numpy(), domain_rows, False)
    # Without targets they are far off: the check above can fail.
    drawn = free.new_rows(1, 8000, rng())
    shares = np.bincount(drawn.codes[:, FIRST], minlength=4) / 8000
    own = encoded.take(domains == 1).codes[:, FIRST]
    assert abs(shares - np.bincount(own, minlength=4) / len(own)).max() > 0.1


def test_a_domain_of_few_rows_is_drawn_without_calibration(domain_layout, domain_has, domain_rows):
    rows, domains = domain_rows
    few = np.flatnonzero((domains != 2) | (np.arange(len(domains)) >= len(domains) - 20))
    sampler = sampler_of(domain_layout, domain_has, (rows.take(few), domains[few]))
    drawn = sampler.new_rows(2, 100, rng())
    assert (drawn.codes[:, DOMAIN] == 2).all()
    assert not sampler._calibrations


def test_translated_rows_keep_what_is_kept(sampler, domain_rows):
    rows = domain_rows[0].take(np.arange(50, 450))
    kept = as_domain(rows, 1, [TARGET_COLUMN, 3])
    drawn = sampler.translate(rows, kept, 1, rng())
    assert (drawn.codes[:, DOMAIN] == 1).all()
    assert np.array_equal(drawn.codes[:, TARGET], rows.encoded.codes[:, TARGET])
    assert np.array_equal(drawn.values[:, 1], rows.encoded.values[:, 1])
    # What is not kept is drawn, from what the domain had.
    assert not np.array_equal(drawn.codes[:, FIRST], rows.encoded.codes[:, FIRST])
    assert set(drawn.codes[:, FIRST]) <= {0, 1, 2}


TARGET_COLUMN = 4


def test_a_cell_that_is_not_given_is_drawn(sampler, domain_rows):
    rows = domain_rows[0].take(np.arange(400))
    kept = as_domain(rows, 1, [TARGET_COLUMN])
    kept.given[::2, TARGET_COLUMN] = False
    drawn = sampler.translate(rows, kept, 1, rng()).codes[:, TARGET]
    of_rows = rows.encoded.codes[:, TARGET]
    assert np.array_equal(drawn[1::2], of_rows[1::2])
    assert not np.array_equal(drawn[::2], of_rows[::2])


def test_what_is_drawn_depends_on_the_rows_and_the_noise(sampler, domain_rows):
    rows = domain_rows[0].take(np.arange(400))
    kept = as_domain(rows, 2, [])
    first, again, other = (sampler.translate(rows, kept, 2, rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.codes, again.codes)
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)
    others = sampler.translate(domain_rows[0].take(np.arange(400, 800)), kept, 2, rng(1))
    assert not np.array_equal(first.values, others.values)


def test_a_latent_vector_is_that_of_the_row(sampler, domain_rows):
    rows = domain_rows[0].take(np.arange(1100, 1580))
    latents = sampler.encode(rows)
    assert latents.shape == (480, Sizes().generator.latent_dim)
    assert torch.allclose(sampler.encode(rows.take(np.arange(7, 9))), latents[7:9], atol=1e-6)
    # It does not know the domain.
    renamed = PartialRows(as_domain(rows, 0, []).encoded, rows.given)
    assert torch.equal(sampler.encode(renamed), latents)


def test_rows_that_come_in_chunks_are_the_same_rows(sampler, domain_rows, monkeypatch):
    rows = domain_rows[0].take(np.arange(100))
    kept = as_domain(rows, 1, list(range(1, 5)))
    latents = sampler.encode(rows)
    monkeypatch.setattr(type(sampler), "chunk_rows", 33)
    assert torch.allclose(sampler.encode(rows), latents, atol=1e-6)
    drawn = sampler.translate(rows, kept, 1, rng())
    assert len(drawn) == 100
    assert np.array_equal(drawn.codes[:, TARGET], rows.encoded.codes[:, TARGET])
    assert len(sampler.new_rows(0, 100, rng())) == 100


def test_no_rows(sampler, domain_rows):
    none = domain_rows[0].take(np.arange(0))
    assert sampler.encode(none).shape == (0, Sizes().generator.latent_dim)
    assert len(sampler.translate(none, none, 1, rng())) == 0
