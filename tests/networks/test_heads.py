"""The output head draws exact one-hot states with the softmax's gradient."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from synthwgan.networks.context import Context
from synthwgan.networks.heads import OutputHead, _exponential_noise
from synthwgan.table.layout import Layout


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def raw_outputs(layout: Layout, n_rows: int = 300, scale: float = 2.0) -> torch.Tensor:
    return scale * torch.randn(n_rows, layout.n_slots, generator=rng(1))


def blocks_of(layout: Layout, slots: torch.Tensor) -> list[torch.Tensor]:
    """The real slots of each block, without padding, found the slow way."""
    return [
        slots[:, start : start + size]
        for start, size in zip(layout.block_starts, layout.block_sizes, strict=True)
    ]


def noise_of(layout: Layout, n_rows: int, seed: int) -> torch.Tensor:
    """The noise that the head draws for a batch."""
    return _exponential_noise(layout.n_state_slots, n_rows, torch.device("cpu"), rng(seed)).T


def coupled_head(layout: Layout) -> OutputHead:
    """A head whose blocks depend on each other."""
    head = OutputHead(layout)
    weight = head.coupling.weight
    with torch.no_grad():
        weight.copy_(2 * torch.randn(weight.shape, generator=rng(7)))
    return head


def plain_slots(head: OutputHead, raw: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Straight-through Gumbel-softmax, block after block, with torch's own softmax."""
    layout, matrix = head.layout, head.coupling.matrix
    assert head.coupling.first == 0
    n_states = layout.n_state_slots
    slots = [torch.zeros(len(raw), 0)]
    for group in layout.groups:
        for index in range(group.n_blocks):
            block = group.first_block + index
            start, size = group.start + index * group.width, layout.block_sizes[block]
            seen = torch.cat(slots, dim=1)
            logits = raw[:, start : start + size] + seen @ matrix[start : start + size, :start].T
            soft = (logits - noise[:, start : start + size].log()).softmax(1)
            hard = nn.functional.one_hot(soft.argmax(1), size)
            padding = torch.zeros(len(raw), group.width - size)
            slots += [hard + soft - soft.detach(), padding]
    states = torch.cat(slots, dim=1)
    values = raw[:, n_states:] + states @ matrix[n_states:].T
    gates = [
        states[:, int(layout.block_starts[gate])] if gate >= 0 else torch.ones(len(raw))
        for gate in layout.value_gates
    ]
    gated = [value * gate for value, gate in zip(values.T, gates, strict=True)]
    return torch.cat([states, *(value.unsqueeze(1) for value in gated)], dim=1)


def test_states_are_exactly_one_hot_in_every_block(layout):
    head = OutputHead(layout)
    slots = head(raw_outputs(layout), rng())
    assert slots.shape == (300, layout.n_slots)
    assert slots.dtype == torch.float32
    states = slots[:, : layout.n_state_slots]
    assert torch.isin(states, torch.tensor([0.0, 1.0])).all()
    for block in blocks_of(layout, states):
        assert torch.equal(block.sum(1), torch.ones(300))
    assert states.sum() == 300 * layout.n_blocks


def test_padding_is_never_chosen_however_large_its_raw_output(mixed_layout):
    head = OutputHead(mixed_layout)
    padding = ~torch.from_numpy(mixed_layout.state_mask)
    assert padding.sum() == 1
    raw = raw_outputs(mixed_layout, 2000)
    raw[:, : mixed_layout.n_state_slots][:, padding] = 1e6
    assert head(raw, rng())[:, : mixed_layout.n_state_slots][:, padding].sum() == 0
    sizes = torch.tensor(mixed_layout.block_sizes)
    assert (head.sample(raw, rng())[0] < sizes).all()


def test_extreme_logits_leave_a_finite_choice(mixed_layout):
    head = OutputHead(mixed_layout)
    raw = raw_outputs(mixed_layout, 50, scale=1e4).requires_grad_()
    slots = head(raw, rng())
    (slots * torch.randn(slots.shape, generator=rng(3))).sum().backward()
    assert slots[:, : mixed_layout.n_state_slots].sum() == 50 * 3
    assert torch.isfinite(raw.grad).all()


def test_slots_and_gradients_are_those_of_the_plain_computation(layout):
    if not layout.n_slots:
        pytest.skip("no slots")
    head, plain_head = coupled_head(layout), coupled_head(layout)
    raw, plain = (raw_outputs(layout).requires_grad_() for _ in range(2))
    weights = torch.randn(raw.shape, generator=rng(2))
    slots = head(raw, rng(4))
    expected = plain_slots(plain_head, plain, noise_of(layout, len(raw), 4))
    torch.testing.assert_close(slots, expected, rtol=1e-4, atol=1e-5)
    (slots * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(raw.grad, plain.grad, rtol=1e-3, atol=1e-4)
    assert raw.grad.abs().max() > 0.01
    ours, theirs = head.coupling.weight.grad, plain_head.coupling.weight.grad
    if layout.n_blocks > 1:
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
        assert ours.abs().max() > 0.01


def test_training_and_sampling_draw_the_same(layout):
    head = coupled_head(layout)
    raw = raw_outputs(layout)
    slots = head(raw, rng(4))
    codes, values = head.sample(raw, rng(4))
    assert torch.equal(head.codes(slots), codes)
    gated = values * head.is_regular(codes)
    torch.testing.assert_close(gated, slots[:, layout.n_state_slots :], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("in_training", [True, False])
def test_frequencies_are_those_of_conditional_softmaxes(in_training):
    layout = Layout((3, 2), (), (0, 1), ())
    head = coupled_head(layout)
    raw = raw_outputs(layout, 1)
    many = raw.expand(60_000, -1)
    codes = head.codes(head(many, rng())) if in_training else head.sample(many, rng())[0]
    first = raw[0, :3].softmax(0)
    matrix = head.coupling.matrix.detach()
    second = (raw[0, 3:5, None] + matrix[3:5, :3]).softmax(0)
    joint = torch.zeros(3, 2).index_put_(tuple(codes.T), torch.tensor(1 / 60_000), True)
    # The standard error is at most 0.5 / sqrt(60_000) = 0.002; six of them.
    assert (joint - first[:, None] * second.T).abs().max() < 0.012
    # The check can fail: drawn by themselves, the blocks have another joint distribution.
    independent = joint.sum(1, keepdim=True) * joint.sum(0)
    assert (joint - independent).abs().max() > 0.03


def test_wide_tables_are_coupled_among_their_smaller_blocks():
    layout = Layout((5000, 40, 3), (-1,), (0, 1, 2, -1), (-1, -1, -1, 0))
    head = coupled_head(layout)
    assert head.coupling.first == layout.block_starts[1]
    assert head.coupling.weight.shape == (44, 43)
    slots = head(raw_outputs(layout, 20), rng(1))
    assert torch.equal(head.codes(slots), head.sample(raw_outputs(layout, 20), rng(1))[0])
    assert (slots[:, :-1].sum(1) == 3).all()


def test_many_blocks_share_stages():
    layout = Layout((2,) * 300, (), tuple(range(300)), ())
    head = coupled_head(layout)
    assert len(head.coupling.stages) == 30
    assert sum(stage.n_blocks for stage in head.coupling.stages) == 300
    assert head.coupling.stages[-1].stop == layout.n_state_slots
    assert head(raw_outputs(layout, 20), rng(1)).sum() == 20 * 300


def test_one_hot_and_codes_are_inverse(layout):
    head = OutputHead(layout)
    uniform = torch.rand(200, layout.n_blocks, generator=rng())
    codes = (uniform * torch.tensor(layout.block_sizes)).long()
    states = head.one_hot(codes.to(torch.uint8))
    assert states.shape == (200, layout.n_state_slots)
    assert torch.equal(head.codes(states), codes)
    assert torch.equal(head.one_hot(head.codes(states)), states)


def test_gated_values_are_on_in_the_regular_state_only(mixed_layout):
    head = OutputHead(mixed_layout)
    raw = raw_outputs(mixed_layout)
    slots = head(raw, rng())
    states, values = slots[:, : mixed_layout.n_state_slots], slots[:, mixed_layout.n_state_slots :]
    codes = head.codes(states)
    regular = head.is_regular(codes)
    assert torch.equal(regular[:, 0], codes[:, 2] == 0)
    assert regular[:, 1].all()
    assert 0.2 < regular[:, 0].float().mean() < 0.8
    assert torch.equal(values, raw[:, mixed_layout.n_state_slots :] * regular)


def test_the_gate_learns_from_its_value(mixed_layout):
    head = OutputHead(mixed_layout)
    raw = raw_outputs(mixed_layout).requires_grad_()
    head(raw, rng())[:, mixed_layout.n_state_slots].sum().backward()
    gate = int(mixed_layout.block_starts[2])
    assert raw.grad[:, gate : gate + 2].abs().max() > 0.01
    assert raw.grad[:, :gate].abs().max() == 0


def test_is_regular_for_every_layout(layout):
    codes = torch.zeros(4, layout.n_blocks, dtype=torch.long)
    regular = OutputHead(layout).is_regular(codes)
    assert regular.shape == (4, layout.n_values)
    assert regular.dtype == torch.bool
    assert regular.all()


def test_noise_repeats_with_its_generator_and_is_exponential():
    shape = (10, 20_000, torch.device("cpu"))
    noise = _exponential_noise(*shape, rng(1))
    assert torch.equal(noise, _exponential_noise(*shape, rng(1)))
    assert not torch.equal(noise, _exponential_noise(*shape, rng(2)))
    assert noise.min() > 0
    # Mean 1 and standard deviation 1: standard errors 0.0022 and about 0.0032.
    assert abs(noise.mean().item() - 1) < 0.015
    assert abs(noise.std().item() - 1) < 0.02


def test_bfloat16_raw_outputs_give_float32_slots(mixed_layout):
    slots = OutputHead(mixed_layout)(raw_outputs(mixed_layout).bfloat16(), rng())
    assert slots.dtype == torch.float32


def test_without_coupling_blocks_are_independent(mixed_layout):
    head = OutputHead(mixed_layout, couple_columns=False)
    assert head.coupling.weight.numel() == 0
    assert head(raw_outputs(mixed_layout), rng()).shape == (300, mixed_layout.n_slots)
    assert head.sample(raw_outputs(mixed_layout), rng())[1].shape == (300, mixed_layout.n_values)


# Given columns


def context_of(layout: Layout, n_rows: int = 300) -> Context:
    """Rows with random cells, of which each column is given in every other row or so."""
    head = OutputHead(layout)
    uniform = torch.rand(n_rows, layout.n_blocks, generator=rng(11))
    codes = (uniform * torch.tensor(layout.block_sizes)).long()
    values = torch.randn(n_rows, layout.n_values, generator=rng(12)) * head.is_regular(codes)
    slots = torch.cat([head.one_hot(codes), values], dim=1)
    columns = torch.rand(n_rows, len(layout.column_blocks), generator=rng(13)) < 0.5
    return Context.of(layout, slots, columns)


def plain_slots_given(
    head: OutputHead, raw: torch.Tensor, noise: torch.Tensor, context: Context
) -> torch.Tensor:
    """Straight-through Gumbel-softmax in which given blocks and values are constants."""
    layout, matrix = head.layout, head.coupling.matrix
    n_states, slots = layout.n_state_slots, [torch.zeros(len(raw), 0)]
    for group in layout.groups:
        for index in range(group.n_blocks):
            size = layout.block_sizes[group.first_block + index]
            start = group.start + index * group.width
            own = slice(start, start + size)
            logits = raw[:, own] + torch.cat(slots, dim=1) @ matrix[own, :start].T
            soft = (logits - noise[:, own].log()).softmax(1)
            drawn = nn.functional.one_hot(soft.argmax(1), size) + soft - soft.detach()
            drawn = torch.where(context.is_given[:, own], context.slots[:, own], drawn)
            slots += [drawn, torch.zeros(len(raw), group.width - size)]
    states = torch.cat(slots, dim=1)
    values = raw[:, n_states:] + states @ matrix[n_states:].T
    gates = [
        states[:, int(layout.block_starts[gate])] if gate >= 0 else torch.ones(len(raw))
        for gate in layout.value_gates
    ]
    gated = values * torch.stack(gates, dim=1) if gates else values
    own = slice(n_states, layout.n_slots)
    gated = torch.where(context.is_given[:, own], context.slots[:, own], gated)
    return torch.cat([states, gated], dim=1)


def test_given_slots_come_back_exactly(layout):
    head, context = coupled_head(layout), context_of(layout)
    slots = head(raw_outputs(layout), rng(), context)
    assert torch.equal(slots[context.is_given], context.slots[context.is_given])
    for block in blocks_of(layout, slots):
        assert torch.equal(block.sum(1), torch.ones(300))
    codes = head.sample(raw_outputs(layout), rng(), context=context)[0]
    assert torch.equal(head.codes(slots), codes)


def test_nothing_given_changes_nothing(layout):
    head, raw = coupled_head(layout), raw_outputs(layout)
    none = torch.zeros(300, len(layout.column_blocks), dtype=torch.bool)
    empty = Context.of(layout, raw, none)
    assert torch.equal(head(raw, rng(4), empty), head(raw, rng(4)))
    for one, other in zip(
        head.sample(raw, rng(4), context=empty), head.sample(raw, rng(4)), strict=True
    ):
        assert torch.equal(one, other)


def test_slots_and_gradients_with_given_columns_are_those_of_the_plain_computation(layout):
    if not layout.n_slots:
        pytest.skip("no slots")
    head, plain_head = coupled_head(layout), coupled_head(layout)
    raw, plain = (raw_outputs(layout).requires_grad_() for _ in range(2))
    context, weights = context_of(layout), torch.randn(raw.shape, generator=rng(2))
    slots = head(raw, rng(4), context)
    expected = plain_slots_given(plain_head, plain, noise_of(layout, len(raw), 4), context)
    torch.testing.assert_close(slots, expected, rtol=1e-4, atol=1e-5)
    (slots * weights).sum().backward()
    (expected * weights).sum().backward()
    assert (raw.grad[context.is_given] == 0).all()
    assert raw.grad[~context.is_given].abs().max() > 0.01
    torch.testing.assert_close(raw.grad, plain.grad, rtol=1e-3, atol=1e-4)
    if layout.n_blocks > 1:
        ours, theirs = head.coupling.weight.grad, plain_head.coupling.weight.grad
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)
        assert ours.abs().max() > 0.01


def test_what_is_drawn_later_knows_what_is_given(mixed_layout):
    head, raw = coupled_head(mixed_layout), raw_outputs(mixed_layout, 1).expand(20_000, -1)
    codes = torch.zeros(20_000, 3, dtype=torch.long)
    columns = torch.tensor([True, False, False, False]).expand(20_000, -1)
    values = torch.zeros(20_000, 2)
    shares = []
    for given in (0, 1):
        codes[:, 0] = given
        slots = torch.cat([head.one_hot(codes), values], dim=1)
        context = Context.of(mixed_layout, slots, columns)
        drawn = head.sample(raw, rng(1), context=context)[0]
        assert (drawn[:, 0] == given).all()
        shares.append(drawn[:, 1].bincount(minlength=4) / 20_000)
        matrix = head.coupling.matrix.detach()
        expected = (raw[0, 5:9] + matrix[5:9, given]).softmax(0)
        # Standard error 0.0035; five of them.
        assert (shares[-1] - expected).abs().max() < 0.018
    assert (shares[0] - shares[1]).abs().max() > 0.05
