"""What never meets in the table never meets in drawn rows, from training to the saved model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from synthwgan import MLP, Conditional, Residual, WGANGPSynthesizer
from synthwgan.networks.zeros import MIN_EXPECTED, structural_zeros
from synthwgan.sampling.calibration import calibrate_states
from synthwgan.sampling.sampler import Sampler
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.config import TrainingConfig
from synthwgan.training.fit import TrainedNetworks, train_networks

N_ROWS, N_DRAWN = 2000, 20_000
# Five towns, three states, a flag and an amount that is there where the flag is 0.
LAYOUT = Layout((5, 3, 2), (2, -1), (0, 1, 2, -1), (-1, -1, 0, 1))


@pytest.fixture(scope="module")
def table() -> EncodedTable:
    """Each town is in one state; the flag depends on the town, in some towns wholly."""
    rng = np.random.default_rng(0)
    town = rng.choice(5, N_ROWS, p=[0.4, 0.3, 0.2, 0.07, 0.03])
    state = np.array([0, 1, 1, 2, 2])[town]
    flag = rng.random(N_ROWS) < np.array([0.0, 0.3, 0.7, 1.0, 0.5])[town]
    amount = np.where(flag, 0.0, rng.normal(size=N_ROWS))
    codes = np.stack([town, state, flag], axis=1).astype(np.uint8)
    values = np.stack([amount, rng.normal(size=N_ROWS)], axis=1).astype(np.float32)
    return EncodedTable(codes, values)


@pytest.fixture(scope="module")
def config() -> TrainingConfig:
    parameters = WGANGPSynthesizer(
        generator=Residual(latent_dim=16, width=48),
        critic=MLP(width=48),
        batch_size=200,
        max_steps=2,
        conditional=Conditional(max_steps=2),
    ).get_params(deep=False)
    return TrainingConfig.resolve(parameters, n_rows=N_ROWS)


def train(
    table: EncodedTable, config: TrainingConfig, forbidden: np.ndarray | None = None
) -> TrainedNetworks:
    return train_networks(
        table,
        LAYOUT,
        config,
        device=torch.device("cpu"),
        precision="float32",
        seed=0,
        verbose=0,
        forbidden=forbidden,
    )


def drawn(trained: TrainedNetworks) -> EncodedTable:
    generator = trained.generator
    sampler = Sampler(generator, trained.head, generator.latent_dim, trained.marginals)
    calibrate_states(sampler, sampler.noise(0))
    return EncodedTable.concatenate(list(sampler.chunks(N_DRAWN, sampler.noise(1))))


def joint(table: EncodedTable, one: int, other: int) -> np.ndarray:
    """Shares of pairs of states of two blocks."""
    shares = np.zeros((LAYOUT.block_sizes[one], LAYOUT.block_sizes[other]))
    np.add.at(shares, (table.codes[:, one], table.codes[:, other]), 1 / len(table))
    return shares


def test_what_never_meets_is_never_drawn_and_the_rest_is_learnt(table, config):
    config = replace(config, max_steps=250, conditional=None)
    rows = drawn(train(table, config))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        wanted, found = joint(table, one, other), joint(rows, one, other)
        expected = wanted.sum(1, keepdims=True) * wanted.sum(0)
        assert found[(wanted == 0) & (expected > MIN_EXPECTED / N_ROWS)].sum() == 0
        assert np.abs(found - wanted).sum() / 2 < 0.06
    # The check can fail.
    free = drawn(train(table, replace(config, couple_columns=False, max_steps=2)))
    assert joint(free, 0, 1)[joint(table, 0, 1) == 0].sum() > 0.1


def test_both_phases_and_callers_forbid(table, config):
    pairs, more = structural_zeros(table, LAYOUT), np.array([[10, 1]])
    assert len(pairs) > 8
    assert joint(table, 0, 2)[1, 0] > 0.15
    for added in (None, more):
        trained = train(table, config, added)
        n_pairs = len(pairs) + (0 if added is None else len(added))
        for head in (trained.head, trained.conditional.head):
            assert head.coupling.forbidden.sum() == 2 * n_pairs
    assert joint(drawn(trained), 0, 2)[1, 0] == 0


def test_without_coupling_none_are_forbidden(table, config):
    config = replace(config, couple_columns=False, conditional=None)
    trained = train(table, config, np.array([[0, 10]]))
    assert not trained.head.coupling.forbids


def test_a_saved_model_forbids_the_same(tmp_path, quick):
    rng = np.random.default_rng(0)
    town = rng.choice(["Bonn", "Köln", "Ulm", "Trier"], 400)
    frame = pd.DataFrame(
        {
            "town": town,
            "river": pd.Series(town).map({"Ulm": "Donau", "Trier": "Mosel"}).fillna("Rhein"),
            "age": rng.integers(18, 90, 400),
        }
    )
    model = WGANGPSynthesizer(**quick, conditional=Conditional(max_steps=2)).fit(frame)
    rows = model.sample(3000, random_state=1)
    assert set(zip(rows["town"], rows["river"], strict=True)) == set(
        zip(frame["town"], frame["river"], strict=True)
    )
    model.save(tmp_path / "model")
    loaded = WGANGPSynthesizer.load(tmp_path / "model", device="cpu")
    pd.testing.assert_frame_equal(loaded.sample(3000, random_state=1), rows)
    where = {"river": "Donau"}
    given = loaded.sample(300, conditions=where, random_state=1)
    assert set(given["town"]) == {"Ulm"}
    pd.testing.assert_frame_equal(model.sample(300, conditions=where, random_state=1), given)
