"""Samplers draw rows with a forbidden pair again, and let given cells be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.heads import OutputHead
from synthwgan.sampling import base
from synthwgan.sampling.calibration import calibrate
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.scoring import score_pairs
from synthwgan.table.layout import EncodedTable, Layout, PartialRows

N_ROWS = 20_000
# Both states of the second block are forbidden with state 0 of the first.
LAYOUT = Layout((5, 2, 2), (), (0, 1, 2), (-1,) * 3)
PAIRS = np.array([[0, 5], [0, 6], [1, 7], [5, 7]])


class Linear(nn.Module):
    """A fixed random generator that makes nothing of what is given."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.weights = nn.Parameter(torch.randn(3, layout.n_slots, generator=rng))
        self.n_drawn: list[int] = []

    def forward(self, latent: Tensor, context: Context | None = None) -> Tensor:
        self.n_drawn.append(len(latent))
        return latent @ self.weights


def make_sampler(kind: type, layout: Layout = LAYOUT, pairs: np.ndarray = PAIRS):
    head = OutputHead(layout)
    head.coupling.forbid(pairs)
    return kind(Linear(layout), head, 3, torch.from_numpy(layout.state_mask).float())


def meetings(sampler: base.BaseSampler, drawn: EncodedTable, pairs: np.ndarray = PAIRS) -> Tensor:
    """Rows that have each pair."""
    states = sampler.head.one_hot(torch.from_numpy(drawn.codes.astype(np.int64)))
    return (states[:, pairs[:, 0]] * states[:, pairs[:, 1]]).sum(0)


def partial(n_rows: int, given: dict[int, int]) -> PartialRows:
    codes = np.zeros((n_rows, 3), dtype=np.uint8)
    columns = np.zeros((n_rows, 3), dtype=bool)
    for block, state in given.items():
        codes[:, block], columns[:, block] = state, True
    return PartialRows(EncodedTable(codes, np.zeros((n_rows, 0), dtype=np.float32)), columns)


def test_rows_without_a_way_out_are_drawn_again():
    sampler = make_sampler(Sampler)
    drawn = sampler.draw(N_ROWS, sampler.noise(0))
    assert len(drawn) == N_ROWS
    assert meetings(sampler, drawn).sum() == 0
    assert not (drawn.codes[:, 0] == 0).any()
    counts = sampler.generator.n_drawn
    assert counts[0] == N_ROWS and counts[1] > 1000
    assert sorted(counts, reverse=True) == counts


def test_drawing_again_ends(monkeypatch):
    monkeypatch.setattr(base, "MAX_REDRAWS", 3)
    pairs = np.array([[state, other] for state in range(5) for other in (5, 6)])
    sampler = make_sampler(Sampler, pairs=pairs)
    drawn = sampler.draw(100, sampler.noise(0))
    assert sampler.generator.n_drawn == [100] * 4
    assert (drawn.codes < LAYOUT.block_sizes).all()


def test_without_pairs_rows_are_drawn_once():
    sampler = make_sampler(Sampler, pairs=PAIRS[:0])
    assert meetings(sampler, sampler.draw(N_ROWS, sampler.noise(0))).min() > 100
    assert sampler.generator.n_drawn == [N_ROWS]


def test_calibration_keeps_marginals_and_pairs_apart():
    layout, pairs = Layout((3, 2), (), (0, 1), (-1, -1)), np.array([[0, 3]])
    sampler = make_sampler(Sampler, layout, pairs)
    # Softer logits: the rounds of calibration need some rows that are undecided.
    sampler.generator.weights.data *= 0.3
    sampler.marginals = torch.tensor([0.2, 0.5, 0.3, 0.6, 0.4, 0.0])
    calibrate(sampler, sampler.noise(0))
    drawn = sampler.draw(N_ROWS, sampler.noise(1))
    assert meetings(sampler, drawn, pairs).sum() == 0
    shares = sampler.head.one_hot(torch.from_numpy(drawn.codes.astype(np.int64))).mean(0)
    # The standard error of a share is 0.0035; six of them.
    assert (shares - sampler.marginals).abs().max() < 0.021


@pytest.mark.parametrize("given", [{}, {0: 1}, {1: 0}, {1: 1}, {2: 0}, {0: 2, 2: 1}])
def test_conditional_rows_keep_pairs_apart(given):
    sampler = make_sampler(ConditionalSampler)
    drawn = sampler.complete(partial(N_ROWS, given), sampler.noise(0))
    for block, state in given.items():
        assert (drawn.codes[:, block] == state).all()
    assert meetings(sampler, drawn).sum() == 0


def test_given_pairs_stay_and_are_not_drawn_again():
    sampler = make_sampler(ConditionalSampler)
    drawn = sampler.complete(partial(1000, {0: 1, 2: 0}), sampler.noise(0))
    assert (drawn.codes[:, [0, 2]] == [1, 0]).all()
    # The third pair is given; the fourth is not, and must not be drawn.
    assert meetings(sampler, drawn).tolist() == [0, 0, 1000, 0]
    assert sampler.generator.n_drawn == [1000]


def test_a_dead_end_of_given_cells_gives_rows_all_the_same():
    sampler = make_sampler(ConditionalSampler)
    drawn = sampler.complete(partial(500, {0: 0}), sampler.noise(0))
    assert (drawn.codes[:, 0] == 0).all()
    assert set(np.unique(drawn.codes[:, 1])) == {0, 1}
    assert sampler.generator.n_drawn == [500] * (1 + base.MAX_REDRAWS)


def test_states_that_must_not_be_drawn_are_stronger():
    """State 1 of the third block is all that goes with state 1 of the first."""
    sampler = make_sampler(ConditionalSampler)
    never = np.arange(9) == 8
    drawn = sampler.complete(partial(500, {0: 1}), sampler.noise(0), never)
    assert (drawn.codes[:, 2] == 0).all()


def test_pairs_take_from_scores(monkeypatch):
    monkeypatch.setattr("synthwgan.sampling.scoring.CHUNK_ROWS", 2)
    head = make_sampler(Sampler).head
    codes = torch.tensor([[0, 0, 0], [0, 0, 1], [2, 0, 1], [1, 1, 0], [3, 1, 0]])
    slots = head.one_hot(codes).double().numpy()
    assert score_pairs(head, slots).tolist() == [-200, -100, 0, -100, 0]
    assert score_pairs(OutputHead(LAYOUT), slots).tolist() == [0] * 5
    assert score_pairs(head, slots[:0]).shape == (0,)
