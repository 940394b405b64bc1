"""The output head draws exact one-hot states with the softmax's gradient."""

from __future__ import annotations

import pytest
import torch

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


def plain_soft_states(head: OutputHead, logits: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Gumbel-softmax block by block with torch's own softmax; padding is 0."""
    soft = torch.zeros_like(logits)
    perturbed = (logits - noise.log()) / head.temperature
    for start, size in zip(head.layout.block_starts, head.layout.block_sizes, strict=True):
        soft[:, start : start + size] = perturbed[:, start : start + size].softmax(-1)
    return soft


def test_states_are_exactly_one_hot_in_every_block(layout):
    head = OutputHead(layout, 1.0)
    slots = head(raw_outputs(layout), rng())
    assert slots.shape == (300, layout.n_slots)
    assert slots.dtype == torch.float32
    states = slots[:, : layout.n_state_slots]
    assert torch.isin(states, torch.tensor([0.0, 1.0])).all()
    for block in blocks_of(layout, states):
        assert torch.equal(block.sum(1), torch.ones(300))
    assert states.sum() == 300 * layout.n_blocks


def test_padding_is_never_chosen_however_large_its_raw_output(mixed_layout):
    head = OutputHead(mixed_layout, 1.0)
    padding = ~torch.from_numpy(mixed_layout.state_mask)
    assert padding.sum() == 1
    raw = raw_outputs(mixed_layout, 2000)
    raw[:, : mixed_layout.n_state_slots][:, padding] = 1e6
    logits = head.logits(raw)
    assert head(raw, rng())[:, : mixed_layout.n_state_slots][:, padding].sum() == 0
    assert head.probabilities(logits)[:, padding].sum() == 0
    sizes = torch.tensor(mixed_layout.block_sizes)
    assert (head.sample_codes(logits, rng()) < sizes).all()


def test_extreme_logits_leave_a_finite_choice(mixed_layout):
    head = OutputHead(mixed_layout, 1.0)
    raw = raw_outputs(mixed_layout, 50, scale=1e4).requires_grad_()
    slots = head(raw, rng())
    (slots * torch.randn(slots.shape, generator=rng(3))).sum().backward()
    assert slots[:, : mixed_layout.n_state_slots].sum() == 50 * 3
    assert torch.isfinite(raw.grad).all()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_straight_through_gradient_is_the_softmaxs(layout, temperature):
    if not layout.n_blocks:
        pytest.skip("no states")
    head = OutputHead(layout, temperature)
    raw = raw_outputs(layout).requires_grad_()
    weights = torch.randn(len(raw), layout.n_state_slots, generator=rng(2))
    (head(raw, rng(4))[:, : layout.n_state_slots] * weights).sum().backward()
    plain = raw.detach().clone().requires_grad_()
    soft = plain_soft_states(head, head.logits(plain), noise_of(layout, len(raw), 4))
    (soft * weights).sum().backward()
    torch.testing.assert_close(raw.grad, plain.grad, rtol=1e-3, atol=1e-5)
    assert raw.grad.abs().max() > 0.01


def test_drawn_state_is_the_largest_of_the_perturbed_logits(mixed_layout):
    head = OutputHead(mixed_layout, 0.5)
    raw = raw_outputs(mixed_layout)
    noise = noise_of(mixed_layout, len(raw), 4)
    expected = head.codes(plain_soft_states(head, head.logits(raw), noise))
    assert torch.equal(head.codes(head(raw, rng(4))), expected)
    assert torch.equal(head.sample_codes(head.logits(raw), rng(4)), expected)


@pytest.mark.parametrize("in_training", [True, False])
def test_frequencies_are_the_softmax_probabilities(mixed_layout, in_training):
    head = OutputHead(mixed_layout, 0.7)
    raw = raw_outputs(mixed_layout, 1).expand(40_000, -1)
    logits = head.logits(raw)
    if in_training:
        states = head(raw, rng())[:, : mixed_layout.n_state_slots]
    else:
        states = head.one_hot(head.sample_codes(logits, rng()))
    expected = head.probabilities(logits[:1])[0]
    # The standard error is at most 0.5 / sqrt(40_000) = 0.0025; six of them.
    assert (states.mean(0) - expected).abs().max() < 0.015
    # The check can fail: the tempered softmax has other probabilities.
    tempered = head.probabilities(logits[:1] / 0.7)[0]
    assert (states.mean(0) - tempered).abs().max() > 0.03


def test_probabilities_are_torchs_softmax_of_each_block(layout):
    head = OutputHead(layout, 1.0)
    logits = head.logits(raw_outputs(layout))
    probabilities = head.probabilities(logits)
    assert probabilities.shape == logits.shape
    for ours, block in zip(
        blocks_of(layout, probabilities), blocks_of(layout, logits), strict=True
    ):
        torch.testing.assert_close(ours, block.softmax(-1))


def test_one_hot_and_codes_are_inverse(layout):
    head = OutputHead(layout, 1.0)
    uniform = torch.rand(200, layout.n_blocks, generator=rng())
    codes = (uniform * torch.tensor(layout.block_sizes)).long()
    states = head.one_hot(codes.to(torch.uint8))
    assert states.shape == (200, layout.n_state_slots)
    assert torch.equal(head.codes(states), codes)
    assert torch.equal(head.one_hot(head.codes(states)), states)


def test_gated_values_are_on_in_the_regular_state_only(mixed_layout):
    head = OutputHead(mixed_layout, 1.0)
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
    head = OutputHead(mixed_layout, 1.0)
    raw = raw_outputs(mixed_layout).requires_grad_()
    head(raw, rng())[:, mixed_layout.n_state_slots].sum().backward()
    gate = int(mixed_layout.block_starts[2])
    assert raw.grad[:, gate : gate + 2].abs().max() > 0.01
    assert raw.grad[:, :gate].abs().max() == 0


def test_is_regular_for_every_layout(layout):
    codes = torch.zeros(4, layout.n_blocks, dtype=torch.long)
    regular = OutputHead(layout, 1.0).is_regular(codes)
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
    slots = OutputHead(mixed_layout, 1.0)(raw_outputs(mixed_layout).bfloat16(), rng())
    assert slots.dtype == torch.float32


@pytest.mark.parametrize("temperature", [0.05, 0.5, 20.0])
def test_no_temperature_overflows(temperature):
    head = OutputHead(Layout((3,), (), (0,), ()), temperature)
    raw = torch.zeros(200_000, 3, requires_grad=True)
    states = head(raw, rng())
    (states * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert states.sum(1).eq(1).all()
    assert raw.grad.isfinite().all()
