"""Which columns are given in training, and which rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.balance import BalancedRows, draw_one
from synthwgan.training.conditioning import MAX_FEW, ConditionalBatches, draw_masks
from synthwgan.training.data import TableBatches

N_ROWS, BATCH = 5000, 400


@pytest.fixture
def layout() -> Layout:
    """Columns: states with a rare one; a value without a block; two states."""
    return Layout((4, 2), (-1,), (0, -1, 1), (-1, 0, -1))


@pytest.fixture
def batches(layout: Layout) -> TableBatches:
    rng = np.random.default_rng(0)
    codes = np.stack(
        [rng.choice(4, N_ROWS, p=[0.6, 0.3, 0.09, 0.01]), rng.choice(2, N_ROWS)], axis=1
    ).astype(np.uint8)
    values = rng.normal(size=(N_ROWS, 1)).astype(np.float32)
    return TableBatches(EncodedTable(codes, values), OutputHead(layout))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_half_of_the_masks_give_few_columns_and_the_others_any_number():
    masks = draw_masks(4000, 10, torch.device("cpu"), rng())
    few, many = masks[:2000].sum(1), masks[2000:].sum(1)
    assert set(few.tolist()) == set(range(1, MAX_FEW + 1))
    # A uniform probability makes every count from 0 to 10 as likely: 2000 / 11 of each.
    counts = torch.bincount(many, minlength=11)
    assert counts.min() > 120
    assert counts.max() < 250
    # No column is preferred.
    assert (masks.float().mean(0) - masks.float().mean()).abs().max() < 0.05


def test_groups_share_a_mask(batches):
    drawer = ConditionalBatches(batches, BATCH, balanced=False)
    real, context = drawer.draw(drawer.n_groups, rng())
    assert len(real) == BATCH
    groups = context.columns.unflatten(0, (drawer.n_groups, -1))
    assert (groups == groups[:, :1]).all()
    assert drawer.group_size % 2 == 0


def test_given_slots_are_those_of_the_real_rows(batches, layout):
    drawer = ConditionalBatches(batches, BATCH, balanced=True)
    real, context = drawer.draw(drawer.n_groups, rng())
    slot_columns = torch.from_numpy(layout.slot_columns)
    assert torch.equal(context.is_given, context.columns.bool()[:, slot_columns])
    assert torch.equal(context.slots, real * context.is_given)


@pytest.mark.parametrize("batch_size", [2, 3, 4, 5, 32, 1000])
def test_groups_fill_the_batch_and_can_be_halved(batches, batch_size):
    drawer = ConditionalBatches(batches, batch_size, balanced=False)
    real, _ = drawer.draw(drawer.n_groups, rng())
    assert drawer.group_size % 2 == 0
    assert batch_size - 2 * drawer.n_groups < len(real) <= batch_size


def test_balanced_rows_have_states_by_the_logarithm_of_their_frequency(batches, layout):
    balanced = BalancedRows(batches)
    rows = balanced.draw(torch.zeros(40_000, dtype=torch.long), rng())
    drawn = torch.bincount(batches.codes[rows, 0].int(), minlength=4) / len(rows)
    counts = torch.bincount(batches.codes[:, 0].int(), minlength=4)
    expected = torch.log1p(counts.float())
    # The standard error of a share of 40,000 rows is at most 0.0025.
    assert (drawn - expected / expected.sum()).abs().max() < 0.0125
    # Within a state every row is as likely: the rare one has about 50 rows, drawn 6000 times.
    rare = rows[batches.codes[rows, 0] == 3]
    assert len(rare.unique()) == counts[3]


def test_one_is_drawn_as_multinomial_draws_it():
    weights = torch.rand(500, 7, generator=rng()) * (torch.arange(7) != 3)
    source, expected = rng(1), rng(1)
    drawn = draw_one(weights, source)
    assert torch.equal(drawn, weights.multinomial(1, generator=expected).squeeze(1))
    assert torch.equal(source.get_state(), expected.get_state())
    assert 3 not in drawn


def test_rows_of_a_table_without_states_come_as_they_are():
    none = EncodedTable(np.empty((50, 0), dtype=np.uint8), np.zeros((50, 1), dtype=np.float32))
    balanced = BalancedRows(TableBatches(none, OutputHead(Layout((), (-1,), (-1,), (0,)))))
    rows = balanced.draw(torch.zeros(2000, dtype=torch.long), rng())
    assert set(rows.tolist()) == set(range(50))


def test_a_column_without_states_has_rows_as_they_come(batches, layout):
    rows = BalancedRows(batches).draw(torch.ones(20_000, dtype=torch.long), rng())
    share = (batches.codes[rows, 0] == 3).float().mean().item()
    assert share == pytest.approx((batches.codes[:, 0] == 3).float().mean().item(), abs=0.005)


@pytest.mark.parametrize(
    ("batch_size", "packing", "n_groups", "group_size"),
    [(400, 1, 8, 50), (400, 4, 8, 48), (400, 3, 8, 48), (20, 8, 2, 8), (4, 6, 1, 6), (9, 9, 1, 18)],
)
def test_packs_are_within_groups(batches, batch_size, packing, n_groups, group_size):
    drawer = ConditionalBatches(batches, batch_size, balanced=False, packing=packing)
    assert (drawer.n_groups, drawer.group_size) == (n_groups, group_size)
    real, context = drawer.draw(drawer.n_groups, rng())
    assert len(real) == n_groups * group_size
    masks = context.columns.unflatten(0, (-1, packing))
    assert (masks == masks[:, :1]).all()
