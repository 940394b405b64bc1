"""The context holds the given slots and nothing else, and the generator hears it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from synthwgan.networks.context import Context
from synthwgan.networks.generators.residual import Generator
from synthwgan.table.layout import Layout


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_context(layout: Layout, n_rows: int = 50) -> tuple[Context, torch.Tensor, torch.Tensor]:
    slots = torch.randn(n_rows, layout.n_slots, generator=rng(1))
    columns = torch.rand(n_rows, len(layout.column_blocks), generator=rng(2)) < 0.5
    return Context.of(layout, slots, columns), slots, columns


def columns_of_slots(layout: Layout) -> list[int]:
    """The column of each slot, found the slow way."""
    owners = []
    for group in layout.groups:
        for block in range(group.first_block, group.first_block + group.n_blocks):
            owners += [layout.column_blocks.index(block)] * group.width
    return owners + [layout.column_values.index(value) for value in range(layout.n_values)]


def test_slot_columns_are_those_of_blocks_and_values(layout):
    if layout.n_blocks == 3 and layout.n_values == 2:
        assert layout.slot_columns.tolist() == [0] * 5 + [1] * 5 + [2] * 2 + [2, 3]
    padded = Layout(layout.block_sizes, layout.value_gates, *_padded(layout))
    assert padded.slot_columns.tolist() == columns_of_slots(padded)
    assert padded.slot_columns.dtype == np.int64


def _padded(layout: Layout) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Blocks and values of columns, with a column that has neither in front."""
    n_columns = max(len(layout.column_blocks), len(layout.column_values))
    blocks = [*layout.column_blocks] + [-1] * (n_columns - len(layout.column_blocks))
    values = [*layout.column_values] + [-1] * (n_columns - len(layout.column_values))
    return (-1, *blocks), (-1, *values)


def test_a_context_has_the_given_slots_and_zero_elsewhere(layout):
    context, slots, columns = random_context(layout)
    for slot, column in enumerate(layout.slot_columns):
        given = columns[:, column]
        assert torch.equal(context.is_given[:, slot], given)
        assert torch.equal(context.slots[given, slot], slots[given, slot])
        assert (context.slots[~given, slot] == 0).all()
    assert torch.equal(context.columns, columns.float())
    assert context.features.shape == (50, Context.n_features(layout))
    assert context.features.dtype == torch.float32
    assert torch.equal(context.features, torch.cat([context.columns, context.slots], dim=1))


def test_what_is_not_given_plays_no_part_even_if_it_is_not_finite(mixed_layout):
    context, slots, columns = random_context(mixed_layout)
    not_given = ~columns[:, torch.from_numpy(mixed_layout.slot_columns)]
    spoilt = Context.of(mixed_layout, slots.masked_fill(not_given, torch.nan), columns)
    assert torch.equal(spoilt.features, context.features)


def make_generator(layout: Layout) -> Generator:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bias = torch.zeros(layout.n_slots)
        generator = Generator(6, layout.n_slots, 16, 2, bias, Context.n_features(layout)).eval()
        torch.nn.init.normal_(generator.context.weight, std=0.3)
        return generator


def test_the_generator_hears_what_is_given(mixed_layout):
    generator, latent = make_generator(mixed_layout), torch.randn(50, 6, generator=rng())
    context, slots, columns = random_context(mixed_layout)
    nothing = generator(latent, Context.of(mixed_layout, slots, torch.zeros_like(columns)))
    raw = generator(latent, context)
    assert (raw - nothing).abs().amax(1)[columns.any(1)].min() > 1e-4
    # Which columns are given counts as well as what is given of them.
    zeros = Context.of(mixed_layout, torch.zeros_like(slots), columns)
    assert (generator(latent, zeros) - nothing).abs().max() > 1e-3
    assert (generator(latent, zeros) - raw).abs().max() > 1e-3


def test_a_row_hears_its_own_context_only(mixed_layout):
    generator, latent = make_generator(mixed_layout), torch.randn(50, 6, generator=rng())
    context, slots, columns = random_context(mixed_layout)
    changed = columns.clone()
    changed[7] = ~changed[7]
    other = generator(latent, Context.of(mixed_layout, slots, changed))
    others = torch.arange(50) != 7
    torch.testing.assert_close(other[others], generator(latent, context)[others])
    assert (other[7] - generator(latent, context)[7]).abs().max() > 1e-4


@pytest.mark.parametrize("n_context", [0, 18])
def test_a_generator_without_context_has_no_weights_for_it(n_context):
    with torch.random.fork_rng(devices=[]):
        generator = Generator(6, 14, 16, 1, torch.zeros(14), n_context)
    assert (generator.context is None) == (n_context == 0)
