"""The cycle's loss is the likelihood of a row under the head's own draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from synthwgan.networks.heads import OutputHead
from synthwgan.radial.cycles import RowReconstruction, normality_loss
from synthwgan.table.layout import Layout

ALL = torch.ones(1, 5, dtype=torch.bool)
# A row of domain_layout: codes 2, 1, 0 (regular) and 1, values 0.5 and -1.
CODES = torch.tensor([[2, 1, 0, 1]])
VALUES = torch.tensor([[0.5, -1.0]])


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def head(domain_layout: Layout) -> OutputHead:
    head = OutputHead(domain_layout)
    torch.nn.init.normal_(head.coupling.weight, generator=rng(3))
    return head


def row_of(head: OutputHead, codes: Tensor = CODES, values: Tensor = VALUES) -> Tensor:
    return torch.cat([head.one_hot(codes), values], dim=1)


def cost(head: OutputHead, raw: Tensor, row: Tensor, has: Tensor = ALL) -> float:
    return RowReconstruction(head)(raw, row, has).item()


def only(*columns: int) -> Tensor:
    has = torch.zeros(1, 5, dtype=torch.bool)
    has[:, list(columns)] = True
    return has


def test_the_loss_of_states_is_how_rarely_the_head_draws_them(head):
    raw = 0.5 * torch.randn(1, head.layout.n_slots, generator=rng(1))
    # With a closed gate the value behind it costs nothing, but counts: five parts.
    wanted = torch.tensor([[2, 1, 1, 1]])
    expected = np.exp(-5 * cost(head, raw, row_of(head, wanted), only(0, 1, 2, 4)))
    codes, _ = head.sample(raw.expand(200_000, -1), rng(2))
    share = (codes == wanted).all(1).double().mean()
    assert 0.002 < share < 0.5
    # The standard error of a share is at most sqrt(share / 200_000): five of them.
    assert abs(share - expected) < 5 * (share / 200_000).sqrt()


def test_without_coupling_it_is_cross_entropy_and_squared_error(domain_layout):
    head = OutputHead(domain_layout, couple_columns=False)
    raw = torch.randn(1, domain_layout.n_slots, generator=rng(1))
    log_odds = [raw[0, first : first + size].log_softmax(0) for first, size in ((0, 4), (4, 3))]
    log_odds += [raw[0, first : first + 2].log_softmax(0) for first in (8, 10)]
    entropies = [-odds[code] for odds, code in zip(log_odds, CODES[0], strict=True)]
    errors = (raw[0, 12:] - VALUES[0]).square() / 2
    row = row_of(head)
    assert cost(head, raw, row, only(1)) == pytest.approx(float(entropies[0]), rel=1e-5)
    assert cost(head, raw, row, only(3)) == pytest.approx(float(errors[1]), rel=1e-5)
    every = sum(entropies) + errors.sum()
    # Six parts: the third column has a block and a value.
    assert cost(head, raw, row) == pytest.approx(float(every / 6), rel=1e-5)


def test_cells_that_do_not_count_change_nothing(head):
    has = only(1, 4)
    raw = torch.randn(1, head.layout.n_slots, generator=rng(1))
    # A block that is drawn before others may matter to them; the free value matters to none.
    values = VALUES + torch.tensor([[0.0, 7.0]])
    assert cost(head, raw, row_of(head), has) == cost(head, raw, row_of(head, values=values), has)
    gate = only(2)
    assert cost(head, raw, row_of(head), gate) != cost(
        head, raw, row_of(head, values=VALUES + 7), gate
    )


def test_a_value_behind_a_closed_gate_does_not_count(head):
    raw = torch.randn(1, head.layout.n_slots, generator=rng(1))
    moved = raw.clone()
    moved[:, 12] += 5
    closed = row_of(head, torch.tensor([[2, 1, 1, 1]]))
    assert cost(head, raw, closed) == cost(head, moved, closed)
    assert cost(head, raw, row_of(head)) != cost(head, moved, row_of(head), ALL)


def test_sure_and_right_outputs_cost_nothing(head):
    raw = torch.cat([60 * head.one_hot(CODES), VALUES], dim=1)
    coupled = head.coupling.matrix @ head.one_hot(CODES)[0]
    raw[0] -= coupled.detach()
    assert cost(head, raw, row_of(head)) == pytest.approx(0, abs=1e-6)


def test_gradients_reach_outputs_and_coupling(head):
    raw = torch.randn(1, head.layout.n_slots, generator=rng(1), requires_grad=True)
    RowReconstruction(head)(raw, row_of(head), ALL).backward()
    assert (raw.grad[0] != 0).tolist() == [True] * 7 + [False] + [True] * 6
    assert head.coupling.weight.grad.abs().max() > 0


def test_normal_latents_cost_little_and_others_more():
    latents = torch.randn(4, 5000, 3, generator=rng())
    # Means of 5000 are off by 0.014, covariances by up to 0.02: squares below 0.001.
    assert normality_loss(latents) < 0.002
    assert normality_loss(latents + 0.5) == pytest.approx(0.25, abs=0.05)
    # Covariances 4 instead of 1 on three of nine places.
    assert normality_loss(2 * latents) == pytest.approx(3.0, abs=0.3)
    same = latents[..., :1].expand(-1, -1, 3)
    # Covariances 1 instead of 0 on six of nine.
    assert normality_loss(same) == pytest.approx(6 / 9, abs=0.1)


def test_normality_is_that_of_each_group():
    """Groups that are normal only together are not overlapping domains."""
    latents = torch.randn(2, 5000, 3, generator=rng())
    latents[0, :, 0] += 1
    latents[1, :, 0] -= 1
    # Means 1 in one of three dimensions; a covariance of 2 among nine would be 0.11.
    assert normality_loss(latents) == pytest.approx(1 / 3, abs=0.05)
