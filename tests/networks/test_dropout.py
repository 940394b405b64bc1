"""Column dropout hides whole columns, the same ones in both batches."""

from __future__ import annotations

import torch

from synthwgan.networks.dropout import ColumnDropout
from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import Layout


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_rate_of_zero_hides_nothing(mixed_layout):
    real, fake = torch.ones(5, mixed_layout.n_slots), torch.zeros(5, mixed_layout.n_slots)
    state = rng()
    before = state.get_state()
    one, other = ColumnDropout(mixed_layout, 0.0)(real, fake, generator=state)
    assert one is real
    assert other is fake
    assert torch.equal(state.get_state(), before)


def test_columns_are_hidden_whole_and_in_both_batches(mixed_layout):
    ones = torch.ones(4000, mixed_layout.n_slots)
    real, fake = ColumnDropout(mixed_layout, 0.3)(ones, 2 * ones, generator=rng())
    assert torch.equal(2 * real, fake)
    # The slots of each column by hand: two blocks, a block with its gated value, a value.
    columns = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, 12], [13]]
    shown = torch.stack([real[:, slots[0]] for slots in columns], dim=1)
    for place, slots in enumerate(columns):
        assert all(torch.equal(real[:, slot], shown[:, place]) for slot in slots)
    # The standard error of a share is 0.007, that of a correlation 0.016: five of each.
    assert (shown.mean(0) - 0.7).abs().max() < 0.036
    assert (torch.corrcoef(shown.T) - torch.eye(4)).abs().max() < 0.08


def test_rows_hide_other_columns(mixed_layout):
    (rows,) = ColumnDropout(mixed_layout, 0.5)(torch.ones(50, 14), generator=rng())
    assert len(rows.unique(dim=0)) > 10


def test_gradients_flow_through_what_is_visible(mixed_layout):
    rows = torch.ones(50, mixed_layout.n_slots, requires_grad=True)
    (visible,) = ColumnDropout(mixed_layout, 0.5)(rows, generator=rng())
    visible.sum().backward()
    assert torch.equal(rows.grad, visible.detach())


def test_every_layout(layout: Layout):
    slots = torch.zeros(8, layout.n_slots)
    (hidden,) = ColumnDropout(layout, 0.9)(slots, generator=rng())
    assert hidden.shape == slots.shape
    assert OutputHead(layout, 1.0).layout is layout
