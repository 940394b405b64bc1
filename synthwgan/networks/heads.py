"""Raw generator outputs to slots: all blocks at once."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from synthwgan.table.layout import BlockGroup, Layout


class _StraightThroughGumbel(torch.autograd.Function):
    """One-hot samples forward, the gradient of the tempered softmax backward.

    Dividing ``exp(logits)`` by standard exponential noise is the Gumbel perturbation:
    ``-log(Exp(1))`` is a Gumbel variable.
    """

    @staticmethod
    def forward(ctx, logits, noise, groups, temperature):  # noqa: ANN001, ANN205
        states, soft = torch.empty_like(logits), torch.empty_like(logits)
        for group in groups:
            view = _blocks(logits, group)
            odds = (view - view.amax(-1, keepdim=True)).exp_().div_(_blocks(noise, group))
            if temperature != 1:
                # Odds reach 1e20: their powers would overflow unless the largest is 1.
                odds.div_(odds.amax(-1, keepdim=True)).pow_(1 / temperature)
            torch.div(odds, odds.sum(-1, keepdim=True), out=_blocks(soft, group))
            _blocks(states, group).copy_(odds == odds.amax(-1, keepdim=True))
        ctx.save_for_backward(soft)
        ctx.groups, ctx.temperature = groups, temperature
        return states

    @staticmethod
    def backward(ctx, gradient):  # noqa: ANN001, ANN205
        (soft,) = ctx.saved_tensors
        weighted = gradient * soft
        for group in ctx.groups:
            view = _blocks(weighted, group)
            view.sub_(_blocks(soft, group) * view.sum(-1, keepdim=True))
        return weighted.div_(ctx.temperature), None, None, None


def _blocks(slots: Tensor, group: BlockGroup) -> Tensor:
    """View a group's slots as (n_rows, n_blocks, width)."""
    return slots[:, group.start : group.stop].unflatten(1, (group.n_blocks, group.width))


def _exponential_noise(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Standard exponential noise of a tensor's shape (faster than ``exponential_``)."""
    noise = torch.rand(like.shape, device=like.device, generator=generator)
    # 1 - u lies in (0, 1], so the logarithm is finite; the floor keeps noise above zero.
    return noise.neg_().add_(1).log_().neg_().clamp_min_(1e-20)


class OutputHead(nn.Module):
    """Turns raw outputs into slots: sampled one-hot states and gated values.

    States are drawn with the straight-through Gumbel-softmax (Jang et al. 2017,
    "Categorical Reparameterization with Gumbel-Softmax", section 2.2).

    Parameters
    ----------
    layout : Layout
        The row vector's layout.
    temperature : float
        Temperature of the softmax whose gradient is used.
    """

    def __init__(self, layout: Layout, temperature: float) -> None:
        super().__init__()
        self.layout = layout
        self.temperature = temperature
        # Padding never wins; calibration after training moves the bias of real states.
        logit_bias = torch.zeros(layout.n_state_slots)
        logit_bias[~torch.from_numpy(layout.state_mask)] = -1e9
        self.register_buffer("logit_bias", logit_bias)
        starts = torch.from_numpy(layout.block_starts)
        self.register_buffer("block_starts", starts, persistent=False)
        # Values that are always on read the slot appended after the states, which is 1.
        gates = [
            int(layout.block_starts[gate]) if gate >= 0 else layout.n_state_slots
            for gate in layout.value_gates
        ]
        self.register_buffer("gate_slots", torch.tensor(gates, dtype=torch.long), persistent=False)
        gate_blocks = torch.tensor(layout.value_gates, dtype=torch.long)
        self.register_buffer("gates", gate_blocks, persistent=False)
        self.is_gated = any(gate >= 0 for gate in layout.value_gates)

    def logits(self, raw: Tensor) -> Tensor:
        """State logits, shape (n_rows, n_state_slots), float32; padding far below all."""
        return raw[:, : self.layout.n_state_slots].float() + self.logit_bias

    def forward(self, raw: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw slots, shape (n_rows, n_slots), float32, from raw outputs of that shape."""
        states = self.draw_states(self.logits(raw), generator)
        values = raw[:, self.layout.n_state_slots :].float()
        return torch.cat([states, self.gate(values, states)], dim=1)

    def draw_states(self, logits: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One-hot states, shape (n_rows, n_state_slots), with straight-through gradient."""
        if not self.layout.n_blocks:
            return logits
        noise = _exponential_noise(logits, generator)
        return _StraightThroughGumbel.apply(logits, noise, self.layout.groups, self.temperature)

    def sample_codes(self, logits: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw each block's state, shape (n_rows, n_blocks), int64; without gradient."""
        # argmax(logits - log(Exp(1))) is the Gumbel-max trick.
        return self.codes(logits - _exponential_noise(logits, generator).log_())

    def probabilities(self, logits: Tensor) -> Tensor:
        """Softmax within each block, shape (n_rows, n_state_slots)."""
        parts = [_blocks(logits, group).softmax(-1).flatten(1) for group in self.layout.groups]
        return torch.cat(parts, dim=1) if parts else logits

    def is_regular(self, codes: Tensor) -> Tensor:
        """Whether each value is switched on, shape (n_rows, n_values), bool."""
        always = self.gates < 0
        if not self.layout.n_blocks:
            return always.expand(len(codes), -1)
        return (codes[:, self.gates.clamp_min(0)] == 0) | always

    def gate(self, values: Tensor, states: Tensor) -> Tensor:
        """Values times their gates' regular states, shape (n_rows, n_values)."""
        if not self.is_gated:
            return values
        return values * nn.functional.pad(states, (0, 1), value=1.0)[:, self.gate_slots]

    def codes(self, states: Tensor) -> Tensor:
        """State number of each block, shape (n_rows, n_blocks), int64."""
        codes = [_blocks(states, group).argmax(-1) for group in self.layout.groups]
        return torch.cat(codes, dim=1) if codes else states.new_empty(len(states), 0).long()

    def one_hot(self, codes: Tensor) -> Tensor:
        """State slots of the given codes, shape (n_rows, n_state_slots), float32."""
        states = torch.zeros(len(codes), self.layout.n_state_slots, device=codes.device)
        return states.scatter_(1, codes.long() + self.block_starts, 1.0)
