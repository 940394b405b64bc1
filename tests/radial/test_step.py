"""Batches of several domains tell networks what they may know, and training learns the cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from synthwgan import MLP, WGANGP, Optimizer, Residual
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.networks.state import module_arrays
from synthwgan.radial.batches import (
    N_GROUPS,
    N_KNOWN,
    N_NEW,
    N_TRANSLATED,
    DomainBatch,
    DomainBatches,
    DomainTable,
)
from synthwgan.radial.networks import DomainContexts, build_domain_networks
from synthwgan.radial.step import RadialConfig, RadialStep, TrainedDomains, train_domains
from synthwgan.radial.synthesizer import RADIAL_PARAMETERS
from synthwgan.synthesizer import WGANGPSynthesizer
from synthwgan.table.layout import Layout, PartialRows
from synthwgan.training.data import TableBatches

Rows = tuple[PartialRows, np.ndarray]
Train = Callable[..., TrainedDomains]
SIZE = 10
BATCH_SIZE = N_GROUPS * SIZE
KNOWN, TRANSLATED = N_NEW * SIZE, (N_NEW + N_KNOWN) * SIZE
DOMAIN_SLOTS, TARGET_SLOTS, TARGET = slice(4, 7), slice(10, 12), 4
ALWAYS = np.array([False, False, False, False, True])
PARAMETERS = {
    "generator": Residual(latent_dim=6, width=24, layers=1),
    "critic": MLP(width=24),
    "batch_size": BATCH_SIZE,
    "max_steps": 6,
    "cycle_weight": 1.0,
    "latent_weight": 1.0,
}
CONFIG = RadialConfig.resolve(WGANGPSynthesizer().get_params(deep=False) | PARAMETERS, n_rows=1580)


def batches_of(
    layout: Layout, has: np.ndarray, rows: Rows, only: int | None = None
) -> tuple[DomainBatches, OutputHead]:
    head = OutputHead(layout)
    drawer = DomainBatches(
        TableBatches(rows[0].encoded, head),
        torch.from_numpy(rows[1]),
        torch.from_numpy(rows[0].given),
        DomainContexts(layout, torch.from_numpy(has)),
        torch.from_numpy(ALWAYS),
        BATCH_SIZE,
        only,
    )
    return drawer, head


@pytest.fixture
def drawer(domain_layout: Layout, domain_has: np.ndarray, domain_rows: Rows) -> DomainBatches:
    return batches_of(domain_layout, domain_has, domain_rows)[0]


@pytest.fixture
def drawn(drawer: DomainBatches) -> list[DomainBatch]:
    rng = torch.Generator().manual_seed(0)
    return [drawer.draw(rng) for _ in range(40)]


def domains_of(context_slots: Tensor) -> Tensor:
    """The domain of each row, from its slots."""
    assert (context_slots[:, DOMAIN_SLOTS].sum(1) == 1).all()
    return context_slots[:, DOMAIN_SLOTS].argmax(1)


def in_groups(values: Tensor) -> Tensor:
    return values.unflatten(0, (N_GROUPS, SIZE))


def given_cells(batch: DomainBatch) -> Tensor:
    """Cells that generated rows are given, but the domain and what their domain lacks."""
    cells = (batch.given.columns > 0) & batch.has
    cells[:, 0] = False
    return cells


# Batches


def test_groups_are_of_one_domain_and_real_rows_of_the_table(drawn, domain_rows, domain_layout):
    head = OutputHead(domain_layout)
    table = next(TableBatches(domain_rows[0].encoded, head).in_order())
    # What a domain lacks has the code 0 in the table, and no slot in a batch.
    table[:, :4] *= torch.from_numpy(domain_rows[0].given[:, [1]])
    table[:, 8:10] *= torch.from_numpy(domain_rows[0].given[:, [2]])
    there = {tuple(row) for row in table.tolist()}
    for batch in drawn:
        domains = in_groups(domains_of(batch.real))
        assert (domains == domains[:, :1]).all()
        assert len(batch.real) == BATCH_SIZE
        assert {tuple(row) for row in batch.real.tolist()} <= there


def test_lacking_columns_have_no_slots(drawn, domain_has, domain_layout):
    has = torch.from_numpy(domain_has)
    for batch in drawn:
        domains = domains_of(batch.real)
        assert torch.equal(batch.has, has[domains])
        lacking = ~batch.has[:, domain_layout.slot_columns]
        for slots in (batch.real, batch.given.slots, batch.whole.slots):
            assert (slots[lacking] == 0).all()
        assert batch.given.is_given[lacking].all()


def test_generated_rows_are_of_the_domain_of_the_real_ones(drawn):
    for batch in drawn:
        assert torch.equal(domains_of(batch.given.slots), domains_of(batch.real))
        assert torch.equal(domains_of(batch.whole.slots), domains_of(batch.real))


def test_new_rows_are_given_nothing_and_the_whole_is_never_given(drawn):
    for batch in drawn:
        assert not given_cells(batch)[:KNOWN].any()
        whole = (batch.whole.columns > 0) & batch.has
        assert not whole[:, 1:].any()


def test_known_rows_are_given_what_another_domain_would_know(drawn, domain_has, domain_layout):
    own = slice(KNOWN, TRANSLATED)
    all_shared, some = 0, 0
    for batch in drawn:
        cells = given_cells(batch)[own]
        slots = cells[:, domain_layout.slot_columns]
        assert torch.equal(batch.given.slots[own][slots], batch.real[own][slots])
        # The encoder knows the same, and nothing else.
        assert torch.equal(batch.known.columns[: N_KNOWN * SIZE] > 0, cells)
        domains = domains_of(batch.real[own])
        for group in range(N_KNOWN):
            rows = slice(group * SIZE, (group + 1) * SIZE)
            kept = set(torch.where(cells[rows].any(0))[0].tolist())
            shared = [
                set(np.flatnonzero(domain_has[domains[rows][0]] & has)) - {0}
                for other, has in enumerate(domain_has)
                if other != domains[rows][0]
            ]
            assert any(kept <= one for one in shared)
            all_shared += kept in shared
            some += kept not in shared
    # Half of the groups know all, and of few columns all is often all by chance.
    assert all_shared > some > 10


def test_translated_rows_keep_the_target_and_sometimes_all_that_is_shared(
    drawn, domain_has, domain_layout
):
    by_has = {tuple(has[1:]): domain for domain, has in enumerate(domain_has.tolist())}
    for batch in drawn:
        cells, known = given_cells(batch)[TRANSLATED:], batch.known.columns[N_KNOWN * SIZE :] > 0
        targets = domains_of(batch.real[TRANSLATED:])
        for group in range(N_TRANSLATED):
            rows = slice(group * SIZE, (group + 1) * SIZE)
            # The encoder knows the whole row of another domain, but not which it is.
            (columns,) = {tuple(row) for row in known[rows].tolist()}
            source, target = by_has[columns[1:]], int(targets[rows][0])
            assert not columns[0]
            assert source != target
            shared = domain_has[source] & domain_has[target]
            shared[0] = False
            expected = shared & ALWAYS if group % 2 == 0 else shared
            assert (cells[rows] == torch.from_numpy(expected)).all()
            assert cells[rows][:, TARGET].all()
        slots = cells[:, domain_layout.slot_columns]
        of_source = batch.known.slots[N_KNOWN * SIZE :]
        assert torch.equal(batch.given.slots[TRANSLATED:][slots], of_source[slots])


def test_cells_without_a_state_are_never_given(domain_layout, domain_has, domain_rows):
    rows, domains = domain_rows
    holed = PartialRows(rows.encoded, rows.given.copy())
    holed.given[:, [2, TARGET]] = False
    drawer, _ = batches_of(domain_layout, domain_has, (holed, domains))
    rng = torch.Generator().manual_seed(0)
    for _ in range(20):
        batch = drawer.draw(rng)
        assert not given_cells(batch)[:, [2, TARGET]].any()
        assert not batch.known.columns[:, [2, TARGET]].any()
        assert given_cells(batch)[:, 1].any()


def test_domains_are_drawn_by_the_root_of_their_rows(drawer):
    rng = torch.Generator().manual_seed(0)
    drawn = [domains_of(drawer.draw(rng).real)[::SIZE] for _ in range(400)]
    shares = torch.cat(drawn).bincount(minlength=3) / (400 * N_GROUPS)
    expected = np.sqrt([1200, 300, 80])
    # Standard errors are 0.007 at most; four of them.
    np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.03)


def test_all_rows_can_be_for_one_domain(domain_layout, domain_has, domain_rows):
    drawer, _ = batches_of(domain_layout, domain_has, domain_rows, only=1)
    batch = drawer.draw(torch.Generator().manual_seed(0))
    assert (domains_of(batch.real) == 1).all()
    assert (domains_of(batch.given.slots) == 1).all()


def test_batches_repeat_with_their_generator(drawer):
    first, again, other = (drawer.draw(torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.real, again.real)
    assert torch.equal(first.given.slots, again.given.slots)
    assert not torch.equal(first.real, other.real)


# Training


@pytest.fixture
def step(domain_layout: Layout, domain_has: np.ndarray, domain_rows: Rows) -> RadialStep:
    drawer, head = batches_of(domain_layout, domain_has, domain_rows)
    networks = build_domain_networks(head, drawer.batches.marginals(), CONFIG, 0)
    moments = PairwiseMoments(head).fit(drawer.batches.in_order)
    return RadialStep(networks, moments, drawer.batches, drawer, CONFIG, "float32", 0)


def test_generated_rows_hold_what_they_are_given(step):
    real, fake, columns = step._draw_batch()
    given = step.batch.given
    assert torch.equal(fake[given.is_given], given.slots[given.is_given])
    assert torch.equal(columns, given.columns)
    assert torch.equal(real, step.batch.real)
    translated = fake[TRANSLATED:, TARGET_SLOTS]
    assert torch.equal(translated, step.batch.known.slots[N_KNOWN * SIZE :, TARGET_SLOTS])
    assert not torch.equal(fake[:KNOWN], real[:KNOWN])


def test_a_step_moves_all_networks(step):
    def arrays() -> dict[str, np.ndarray]:
        return {name: one.copy() for name, one in module_arrays(dict(step.networks)).items()}

    before = arrays()
    losses = step(0.0)
    moved = {name for name, one in arrays().items() if not np.array_equal(one, before[name])}
    for network in ("generator", "critic", "encoder", "head"):
        assert any(name.startswith(network) for name in moved)
    assert {"row_cycle", "latent_cycle", "latent_distance"} <= set(losses)


@pytest.fixture(scope="module")
def train(domain_layout: Layout, domain_has: np.ndarray, domain_rows: Rows) -> Train:
    def trained(seed: int = 0, **changes: Any) -> TrainedDomains:
        return train_domains(
            DomainTable(*domain_rows, domain_layout, domain_has, ALWAYS),
            replace(CONFIG, **changes),
            device=torch.device("cpu"),
            precision="float32",
            seed=seed,
            verbose=0,
        )

    return trained


@pytest.fixture(scope="module")
def plain(train: Train) -> TrainedDomains:
    """What nothing was changed for."""
    return train()


def arrays_of(trained: TrainedDomains) -> dict[str, np.ndarray]:
    return module_arrays(dict(trained.networks))


def test_training_repeats_with_its_seed(train):
    before = torch.random.get_rng_state()
    first, again, other = (arrays_of(train(seed)) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize(
    "change",
    [
        {"cycle_weight": 2.0},
        {"latent_weight": 2.0},
        {"moment_weight": 0.5},
        {"objective": WGANGP(gradient_penalty=5.0)},
        {"batch_size": 2 * BATCH_SIZE},
        {"optimizer": Optimizer(ema_decay=0.05)},
        {"optimizer": Optimizer(critic_lr=1e-3)},
        {"optimizer": Optimizer(generator_lr=1e-3)},
    ],
)
def test_every_weight_takes_effect(train, plain, change):
    other = arrays_of(train(**change))["encoder.input.weight"]
    assert not np.array_equal(arrays_of(plain)["encoder.input.weight"], other)


def last(trained: TrainedDomains, name: str) -> float:
    """Mean of the last records: a single one is a batch."""
    return float(np.mean([record[name] for record in trained.history[-5:]]))


def test_the_cycles_are_learnt(train):
    long = {"max_steps": 150, "log_every": 10}
    with_cycle, without = train(**long), train(cycle_weight=0.0, latent_weight=0.0, **long)
    for name in ("row_cycle", "latent_cycle", "latent_distance"):
        # Measured 0.79, 0.57 and 0.2; noise of a mean of 300 rows is some hundredths.
        assert last(with_cycle, name) < 0.9 * last(without, name)


def test_what_training_leaves_behind(plain, domain_rows):
    assert set(plain.networks) == {"generator", "critic", "head", "encoder"}
    assert plain.outcome.n_steps == 6
    domains = np.bincount(domain_rows[1]) / len(domain_rows[1])
    np.testing.assert_allclose(plain.marginals[DOMAIN_SLOTS], domains, atol=1e-6)


def test_the_configuration_has_the_parameters():
    assert {"cycle_weight", "latent_weight"} <= set(RADIAL_PARAMETERS)
    assert (CONFIG.cycle_weight, CONFIG.batch_size) == (1.0, BATCH_SIZE)
