"""Chunks have the right sizes, and values become ranks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from synthwgan.networks.heads import OutputHead
from synthwgan.sampling import base
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.scoring import CHUNK_ROWS, score_rows
from synthwgan.table.layout import EncodedTable, Layout


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_sampler(layout: Layout, seed: int = 0) -> Sampler:
    """A sampler around a fixed random linear generator."""
    weights = torch.randn(layout.n_slots, 3, generator=rng(seed))
    generator = nn.Linear(3, layout.n_slots, bias=False)
    generator.weight = nn.Parameter(weights)
    marginals = torch.full((layout.n_state_slots,), 0.25)
    return Sampler(generator, OutputHead(layout), 3, marginals)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_draw_gives_compact_rows(layout):
    encoded = make_sampler(layout).draw(200, rng())
    assert encoded.codes.shape == (200, layout.n_blocks)
    assert encoded.codes.dtype == np.uint8
    assert encoded.values.shape == (200, layout.n_values)
    assert encoded.values.dtype == np.float32
    assert (encoded.codes < np.array(layout.block_sizes, dtype=int)).all()


def test_values_are_zero_where_the_gate_is_off(mixed_layout):
    encoded = make_sampler(mixed_layout).draw(500, rng())
    off = encoded.codes[:, 2] == 1
    assert 50 < off.sum() < 450
    assert (encoded.values[off, 0] == 0).all()
    assert (encoded.values[~off, 0] != 0).all()
    assert (encoded.values[:, 1] != 0).all()


@pytest.mark.parametrize(("size", "dtype"), [(256, "uint8"), (257, "int16"), (40_000, "int32")])
def test_codes_fit_their_type(size, dtype):
    sampler = make_sampler(Layout((size,), (), (0,), (-1,)))
    codes = sampler.draw(300, rng()).codes
    assert codes.dtype == dtype
    assert codes.min() >= 0
    # Of 300 draws among random logits some lie in the upper half of the states.
    assert codes.max() > size // 2


def test_chunks_have_exact_sizes(mixed_layout, monkeypatch):
    monkeypatch.setattr(base, "MAX_CHUNK_ROWS", 256)
    sampler = make_sampler(mixed_layout)
    assert [len(chunk) for chunk in sampler.chunks(600, rng())] == [256, 256, 88]
    assert [len(chunk) for chunk in sampler.chunks(512, rng())] == [256, 256]
    assert [len(chunk) for chunk in sampler.chunks(1, rng())] == [1]


def test_chunks_differ_and_repeat_with_their_generator(mixed_layout, monkeypatch):
    monkeypatch.setattr(base, "MAX_CHUNK_ROWS", 256)
    sampler = make_sampler(mixed_layout)
    first, second = sampler.chunks(512, rng())
    assert not np.array_equal(first.values, second.values)
    again = EncodedTable.concatenate(list(sampler.chunks(512, rng())))
    np.testing.assert_array_equal(again.values[:256], first.values)
    np.testing.assert_array_equal(again.codes[256:], second.codes)


def test_wide_tables_have_smaller_chunks(mixed_layout):
    narrow = make_sampler(mixed_layout).chunk_rows
    wide = make_sampler(Layout((2,) * 2000, (), tuple(range(2000)), (-1,) * 2000)).chunk_rows
    assert wide < narrow / 4
    assert wide >= 256


def test_drawing_leaves_the_generator_in_eval_mode_without_gradients(mixed_layout):
    sampler = make_sampler(mixed_layout)
    sampler.generator.train()
    assert not sampler.raw(5, rng()).requires_grad
    assert not sampler.generator.training


def test_scores_are_the_critics_in_chunks():
    critic = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
    slots = torch.randn(CHUNK_ROWS + 5, 3, generator=rng(), dtype=torch.float64)
    scores = score_rows(critic, slots.numpy(), torch.device("cpu"))
    linear = critic[0]
    expected = slots @ linear.weight[0].double() + linear.bias.double()
    np.testing.assert_allclose(scores, expected.detach().numpy(), rtol=1e-12, atol=1e-12)
    assert linear.weight.dtype == torch.float32


def test_a_rows_score_does_not_depend_on_the_others():
    critic = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 1), nn.Flatten(0))
    slots = torch.randn(333, 40, generator=rng(), dtype=torch.float64).numpy()
    device = torch.device("cpu")
    whole = score_rows(critic, slots, device)
    np.testing.assert_allclose(whole[17:18], score_rows(critic, slots[17:18], device), rtol=1e-12)


def test_no_rows_have_no_scores():
    critic = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
    assert score_rows(critic, np.zeros((0, 3)), torch.device("cpu")).shape == (0,)
