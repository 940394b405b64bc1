"""Pairs of states that must not meet: in what is drawn, in gradients and in the stages."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from synthwgan.networks.context import Context
from synthwgan.networks.coupling import (
    FORBIDDEN_PAIR,
    FORBIDDEN_SLOPE,
    Coupling,
    first_coupled_slot,
)
from synthwgan.networks.heads import OutputHead, _exponential_noise
from synthwgan.table.layout import Layout

N_ROWS = 20_000
# Blocks start at 0, 5 and 10; 9 is padding.
PAIRS = np.array([[0, 5], [6, 0], [1, 11], [7, 11]])


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_head(layout: Layout, pairs: np.ndarray = PAIRS, couple_columns: bool = True) -> OutputHead:
    """A head with random weights that forbids pairs."""
    head = OutputHead(layout, couple_columns)
    weight = head.coupling.weight
    with torch.no_grad():
        weight.copy_(2 * torch.randn(weight.shape, generator=rng(7)))
    head.coupling.forbid(pairs)
    return head


def raw_outputs(layout: Layout, n_rows: int = N_ROWS, scale: float = 2.0) -> torch.Tensor:
    return scale * torch.randn(n_rows, layout.n_slots, generator=rng(1))


def n_meetings(head: OutputHead, codes: torch.Tensor, pairs: np.ndarray = PAIRS) -> int:
    states = head.one_hot(codes)
    return int((states[:, pairs[:, 0]] * states[:, pairs[:, 1]]).sum())


def test_forbidden_pairs_are_never_drawn(mixed_layout):
    raw = raw_outputs(mixed_layout)
    free, head = make_head(mixed_layout, PAIRS[:0]), make_head(mixed_layout)
    assert n_meetings(free, free.sample(raw, rng())[0]) > 1000
    codes, _ = head.sample(raw, rng())
    assert n_meetings(head, codes) == 0
    assert n_meetings(head, head.codes(head(raw, rng()))) == 0
    # All states are there still, and both ways of drawing draw the same.
    assert (head.one_hot(codes).sum(0)[torch.from_numpy(mixed_layout.state_mask)] > 50).all()
    assert torch.equal(head.codes(head(raw, rng())), codes)


def test_calibration_cannot_lift_a_forbidden_pair(mixed_layout):
    """A bias moves by 2 in each of 20 rounds at most."""
    head = make_head(mixed_layout)
    head.logit_bias[5:7] += 40
    codes, _ = head.sample(raw_outputs(mixed_layout), rng())
    assert n_meetings(head, codes) == 0


def test_without_pairs_the_matrix_is_the_weights(mixed_layout):
    head = make_head(mixed_layout, PAIRS[:0])
    coupling = head.coupling
    assert not coupling.forbids
    assert torch.equal(coupling.matrix, coupling.weight * coupling.scale)
    assert coupling.slopes(coupling.matrix).data_ptr() != 0
    assert coupling.shift_by_given(torch.ones(12, 3)) is None


def test_the_constant_is_not_trained(mixed_layout):
    head = make_head(mixed_layout)
    raw = raw_outputs(mixed_layout, 500)
    (head(raw, rng()) * torch.randn(raw.shape, generator=rng(2))).sum().backward()
    matrix, gradient = head.coupling.matrix, head.coupling.weight.grad
    for early, late in np.sort(PAIRS, axis=1):
        assert matrix[late, early] == FORBIDDEN_PAIR
        assert gradient[late, early] == 0
    assert (matrix == FORBIDDEN_PAIR).sum() == len(PAIRS)
    assert (gradient != 0).sum() > 30


def plain_slots(head: OutputHead, raw: torch.Tensor, seed: int) -> torch.Tensor:
    """Straight-through Gumbel-softmax, the constants and their slopes written out."""
    layout, coupling = head.layout, head.coupling
    noise = _exponential_noise(layout.n_state_slots, len(raw), raw.device, rng(seed)).T
    weights = coupling.weight * coupling.scale
    barred = torch.zeros_like(weights)
    for early, late in np.sort(PAIRS, axis=1):
        barred[late, early] = 1
    weights = weights * (1 - barred)
    slots = [torch.zeros(len(raw), 0)]
    for block, start in enumerate(layout.block_starts.tolist()):
        own, seen = slice(start, start + layout.block_sizes[block]), torch.cat(slots, dim=1)
        n_barred = seen @ barred[own, : seen.shape[1]].T
        logits = raw[:, own] + seen @ weights[own, : seen.shape[1]].T
        logits = logits + FORBIDDEN_SLOPE * n_barred
        logits = logits + (FORBIDDEN_PAIR - FORBIDDEN_SLOPE) * n_barred.detach()
        soft = (logits - noise[:, own].log()).softmax(1)
        hard = nn.functional.one_hot(soft.argmax(1), soft.shape[1])
        width = 5 if block < 2 else 2
        slots += [
            hard + soft - soft.detach(),
            torch.zeros(len(raw), width - layout.block_sizes[block]),
        ]
    states = torch.cat(slots, dim=1)
    values = raw[:, layout.n_state_slots :] + states @ weights[layout.n_state_slots :].T
    values = torch.stack([values[:, 0] * states[:, 10], values[:, 1]], dim=1)
    return torch.cat([states, values], dim=1)


def test_slots_and_gradients_are_those_of_the_plain_computation(mixed_layout):
    ours, theirs = make_head(mixed_layout), make_head(mixed_layout)
    raw, plain = (raw_outputs(mixed_layout, 300).requires_grad_() for _ in range(2))
    weights = torch.randn(raw.shape, generator=rng(2))
    slots, expected = ours(raw, rng(4)), plain_slots(theirs, plain, 4)
    torch.testing.assert_close(slots, expected, rtol=1e-4, atol=1e-5)
    (slots * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(raw.grad, plain.grad, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        ours.coupling.weight.grad, theirs.coupling.weight.grad, rtol=1e-3, atol=1e-3
    )


def test_pairs_add_up_and_have_no_order(mixed_layout):
    one, other = make_head(mixed_layout), make_head(mixed_layout, PAIRS[:2])
    other.coupling.forbid(PAIRS[:, ::-1].astype(np.uint16))
    assert torch.equal(one.coupling.forbidden, other.coupling.forbidden)
    assert torch.equal(one.coupling.matrix, other.coupling.matrix)
    assert torch.equal(one.coupling.forbidden, one.coupling.forbidden.T)


@pytest.mark.parametrize(
    ("pair", "message"),
    [((0, 4), "one block"), ((5, 9), "of states"), ((0, 12), "of states"), ((-1, 5), "of states")],
)
def test_what_is_no_pair_is_refused(mixed_layout, pair, message):
    with pytest.raises(ValueError, match=message):
        OutputHead(mixed_layout).coupling.forbid(np.array([pair]))


def test_slots_that_are_not_coupled_are_left_out(mixed_layout):
    assert not make_head(mixed_layout, couple_columns=False).coupling.forbids
    layout = Layout((5000, 4, 3), (), (0, 1, 2), (-1,) * 3)
    assert first_coupled_slot(layout) == 5000
    pairs = np.array([[0, 5000], [5003, 5004]])
    head = make_head(layout, pairs)
    assert head.coupling.forbidden.sum() == 2
    codes, _ = head.sample(raw_outputs(layout, 2000), rng())
    assert n_meetings(head, codes, pairs[1:]) == 0


def test_loaded_copied_and_pickled_heads_forbid_the_same(mixed_layout):
    head, raw = make_head(mixed_layout), raw_outputs(mixed_layout, 2000)
    loaded = OutputHead(mixed_layout)
    loaded.load_state_dict(head.state_dict())
    codes, _ = head.sample(raw, rng())
    for other in (loaded, copy.deepcopy(head), pickle.loads(pickle.dumps(head))):
        assert other.coupling.forbids
        assert torch.equal(other.coupling.matrix, head.coupling.matrix)
        assert torch.equal(other.sample(raw, rng())[0], codes)
    head.load_state_dict(OutputHead(mixed_layout).state_dict())
    assert not head.coupling.forbids


# Stages


def many_blocks(pairs: list[tuple[int, int]]) -> tuple[Coupling, set[int]]:
    """Coupling of 100 blocks of two states, of which pairs of blocks have a forbidden pair."""
    coupling = Coupling(Layout((2,) * 100, (), tuple(range(100)), (-1,) * 100))
    coupling.forbid(2 * np.array(pairs).reshape(-1, 2))
    return coupling, {stage.first_block for stage in coupling.stages}


def test_blocks_with_a_forbidden_pair_get_stages_of_their_own():
    plain, firsts = many_blocks([])
    assert firsts == set(range(0, 100, 4))
    coupling, split = many_blocks([(4, 5), (8, 11), (9, 10), (3, 4), (50, 90)])
    assert split - firsts == {5, 10}
    assert coupling.stages[-1].stop == 200
    assert sum(stage.n_blocks for stage in coupling.stages) == 100
    for stage in coupling.stages:
        assert stage.start == 2 * stage.first_block
    # What was of one stage is now coupled.
    assert coupling.scale[10, 8] > plain.scale[10, 8] == 0


def test_as_many_stages_as_it_takes():
    coupling, _ = many_blocks([(block, block + 1) for block in range(99)])
    assert len(coupling.stages) == 100
    barred = coupling.barred[:200]
    assert torch.equal(barred | barred.T, coupling.forbidden)


def test_a_stage_of_which_a_part_is_coupled_is_split():
    layout = Layout((8,) * 200, (), tuple(range(200)), (-1,) * 200)
    pair = np.array([[73 * 8, 150 * 8]])
    plain, head = OutputHead(layout), make_head(layout, pair)
    assert head.coupling.first == 72 * 8
    assert 72 not in {stage.first_block for stage in plain.coupling.stages}
    assert 72 in {stage.first_block for stage in head.coupling.stages}
    assert head.coupling.matrix[78 * 8, 8] == FORBIDDEN_PAIR
    codes, _ = head.sample(raw_outputs(layout, 3000), rng())
    assert n_meetings(head, codes, pair) == 0
    context = context_of(layout, {150: 0}, 300)
    codes, _ = head.sample(raw_outputs(layout, 300), rng(), context=context)
    assert n_meetings(head, codes, pair) == 0


# Given columns


def context_of(layout: Layout, states: dict[int, int], n_rows: int = N_ROWS) -> Context:
    """Rows of which some blocks are given, by column."""
    codes = torch.zeros(n_rows, layout.n_blocks, dtype=torch.long)
    columns = torch.zeros(n_rows, len(layout.column_blocks), dtype=torch.bool)
    for block, state in states.items():
        codes[:, block] = state
        columns[:, block] = True
    values = torch.zeros(n_rows, layout.n_values)
    return Context.of(layout, OutputHead(layout).slots(codes, values), columns)


@pytest.mark.parametrize("given", [{0: 0}, {1: 1}, {2: 1}, {2: 0}, {0: 1, 1: 2}])
def test_given_states_forbid_earlier_ones_too(mixed_layout, given):
    head, raw = make_head(mixed_layout), raw_outputs(mixed_layout)
    context = context_of(mixed_layout, given)
    codes, _ = head.sample(raw, rng(), context=context)
    for block, state in given.items():
        assert (codes[:, block] == state).all()
    assert n_meetings(head, codes) == 0
    assert torch.equal(head.codes(head(raw, rng(), context)), codes)


def test_a_given_pair_wins(mixed_layout):
    head, raw = make_head(mixed_layout), raw_outputs(mixed_layout)
    context = context_of(mixed_layout, {0: 0, 1: 1})
    codes, _ = head.sample(raw, rng(), context=context)
    assert (codes[:, :2] == torch.tensor([0, 1])).all()
    assert n_meetings(head, codes) == N_ROWS
    assert head.has_forbidden(codes).all()
    assert not head.has_forbidden(codes, context.is_given).any()


def test_where_all_states_are_forbidden_one_is_drawn():
    layout = Layout((3, 2), (), (0, 1), (-1, -1))
    head = make_head(layout, np.array([[0, 3], [0, 4]]))
    raw = raw_outputs(layout, 5000).requires_grad_()
    slots = head(raw, rng())
    assert (slots[:, :3].sum(1) == 1).all() and (slots[:, 3:].sum(1) == 1).all()
    slots.sum().backward()
    assert torch.isfinite(raw.grad).all()
    codes, _ = head.sample(raw.detach(), rng())
    of_first = codes[codes[:, 0] == 0, 1]
    assert 100 < (of_first == 1).sum() < len(of_first) - 100
    assert torch.equal(head.has_forbidden(codes), codes[:, 0] == 0)
