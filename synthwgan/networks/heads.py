"""Raw generator outputs to slots: all blocks at once.

Rows of slots have the shape (n_rows, n_slots) for everyone, but lie in memory slot by slot:
what is done within a block then runs along neighbouring numbers, several times as fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.coupling import MAX_COUPLED_SLOTS, Coupling
from synthwgan.table.layout import BlockGroup, Layout

BeforeDraw = Callable[[BlockGroup, Tensor], None] | None


class _DrawSlots(torch.autograd.Function):
    """One-hot states and gated values forward, the softmax's gradient backward.

    Dividing ``exp(logits)`` by standard exponential noise is the Gumbel perturbation:
    ``-log(Exp(1))`` is a Gumbel variable. Raw outputs and slots have the shape
    (n_slots, n_rows), the noise (n_state_slots, n_rows); it is overwritten.
    """

    @staticmethod
    def forward(
        ctx: Any,
        raw: Tensor,
        matrix: Tensor,
        noise: Tensor,
        head: OutputHead,
        context: Context | None,
    ) -> Tensor:
        slots = torch.empty_like(raw, dtype=torch.float32, memory_format=torch.contiguous_format)
        coupling, sizes = head.coupling, [head.layout.n_state_slots, head.layout.n_values]
        (states, values), (raw_states, raw_values) = slots.split(sizes), raw.split(sizes)
        # Written over the noise: allocating memory costs more than the arithmetic here.
        logits = noise.log_().neg_().add_(raw_states).add_(head.logit_bias.unsqueeze(1))
        shift = head.shift_by_given(context)
        for stage in coupling.stages:
            coupling.add_to(logits[stage.start : stage.stop], stage, matrix, states, shift)
            of_stage = blocks_of(logits, stage)
            torch.eq(of_stage, of_stage.amax(1, keepdim=True), out=blocks_of(states, stage))
            if context is not None:
                _put_given(states, context, stage)
        soft = _softmax(logits, head)
        values.copy_(raw_values).addmm_(coupling.to_values(matrix), states[coupling.first :])
        gates = states.index_select(0, head.gate_slots)
        ungated = values.index_select(0, head.gated_values)
        values.index_copy_(0, head.gated_values, ungated * gates)
        if context is not None:
            is_given, given = context.is_given.T, context.slots.T[len(states) :]
            soft.masked_fill_(is_given[: len(states)], 0)
            values.copy_(torch.where(is_given[len(states) :], given, values))
        ctx.save_for_backward(slots, soft, matrix, gates, ungated)
        ctx.head, ctx.context = head, context
        return slots

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        slots, soft, matrix, gates, ungated = ctx.saved_tensors
        head, coupling, by_raw = ctx.head, ctx.head.coupling, gradient.clone()
        n_states = len(soft)
        by_states, by_values = by_raw.split([n_states, head.layout.n_values])
        if ctx.context is not None:
            by_values.masked_fill_(ctx.context.is_given.T[n_states:], 0)
        by_gated = by_values.index_select(0, head.gated_values)
        by_states.index_add_(0, head.gate_slots, by_gated * ungated)
        by_values.index_copy_(0, head.gated_values, by_gated * gates)
        slopes = coupling.slopes(matrix)
        for stage in reversed(coupling.stages):
            of_stage, of_soft = blocks_of(by_states, stage), blocks_of(soft, stage)
            if coupling.holds(stage):
                by_states[stage.start : stage.stop].addmm_(
                    coupling.to_children(slopes, stage).T, by_raw[stage.stop :]
                )
            of_stage *= of_soft
            of_stage.addcmul_(of_soft, of_stage.sum(1, keepdim=True), value=-1)
        by_matrix = by_raw[coupling.first :] @ slots[coupling.first : n_states].T
        return by_raw, by_matrix, None, None, None


def blocks_of(slots: Tensor, group: BlockGroup) -> Tensor:
    """View a group's slots, of shape (n_slots, n_rows), as (n_blocks, width, n_rows)."""
    return slots[group.start : group.stop].unflatten(0, (group.n_blocks, group.width))


def _softmax(logits: Tensor, head: OutputHead) -> Tensor:
    """Softmax of each block, shape (n_state_slots, n_rows)."""
    soft = torch.empty_like(logits)
    for group in head.layout.groups:
        of_group = blocks_of(logits, group)
        torch.softmax(of_group, 1, out=blocks_of(soft, group))
    return soft


def _put_given(states: Tensor, context: Context, stage: BlockGroup) -> None:
    """Overwrite a stage's drawn states with those that are given."""
    rows = slice(stage.start, stage.stop)
    of_stage = states[rows]
    of_stage.copy_(torch.where(context.is_given.T[rows], context.slots.T[rows], of_stage))


def _exponential_noise(
    n_slots: int, n_rows: int, device: torch.device, generator: torch.Generator | None
) -> Tensor:
    """Standard exponential noise, shape (n_slots, n_rows) (faster than ``exponential_``)."""
    noise = torch.rand(n_slots, n_rows, dtype=torch.float32, device=device, generator=generator)
    # 1 - u lies in (0, 1], so the logarithm is finite; the floor keeps noise above zero.
    return noise.neg_().add_(1).log_().neg_().clamp_min_(1e-20)


class OutputHead(nn.Module):
    """Turns raw outputs into slots: sampled one-hot states and gated values.

    States are drawn with the straight-through Gumbel-softmax (Jang et al. 2017,
    "Categorical Reparameterization with Gumbel-Softmax", section 2.2), block after block, each
    knowing the states drawn before (`Coupling`). The head is trained with the generator.

    Parameters
    ----------
    layout : Layout
        The row vector's layout.
    couple_columns : bool, default True
        Whether each block knows the states drawn before it.
    """

    logit_bias: Tensor
    gates: Tensor
    gated_values: Tensor
    gate_slots: Tensor
    block_starts: Tensor

    def __init__(self, layout: Layout, couple_columns: bool = True) -> None:
        super().__init__()
        self.layout = layout
        self.coupling = Coupling(layout, MAX_COUPLED_SLOTS if couple_columns else 0)
        # Padding has such a low bias that it is never drawn. Calibration moves that of real states.
        logit_bias = torch.zeros(layout.n_state_slots)
        logit_bias[~torch.from_numpy(layout.state_mask)] = -1e9
        self.register_buffer("logit_bias", logit_bias)
        gates = torch.tensor(layout.value_gates, dtype=torch.long)
        gated = (gates >= 0).nonzero().squeeze(1)
        starts = torch.from_numpy(layout.block_starts)
        for name, tensor in {
            "gates": gates,
            "gated_values": gated,
            "gate_slots": starts[gates[gated]],
            "block_starts": starts,
        }.items():
            self.register_buffer(name, tensor, persistent=False)

    @property
    def device(self) -> torch.device:
        """The device of the head and of the slots that it makes."""
        return self.logit_bias.device

    def forward(
        self,
        raw: Tensor,
        generator: torch.Generator | None = None,
        context: Context | None = None,
    ) -> Tensor:
        """Draw slots, shape (n_rows, n_slots), float32, from raw outputs of that shape.

        Each block's states become one drawn state, one-hot, with a straight-through gradient;
        a value is multiplied by its gate's regular state.
        """
        n_states = self.layout.n_state_slots
        noise = _exponential_noise(n_states, len(raw), raw.device, generator)
        return _DrawSlots.apply(raw.T, self.coupling.matrix, noise, self, context).T

    @torch.no_grad()
    def sample(
        self,
        raw: Tensor,
        generator: torch.Generator | None = None,
        before_draw: BeforeDraw = None,
        context: Context | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Draw codes and values for sampling, without gradient.

        Parameters
        ----------
        raw : Tensor of shape (n_rows, n_slots), float32
            Raw outputs.
        generator : torch.Generator, optional
            Source of noise.
        before_draw : callable, optional
            Gets each stage and its logits, shape (n_blocks, width, n_rows), without the head's
            bias, before its states are drawn; may change the bias.

        Returns
        -------
        codes : Tensor of shape (n_rows, n_blocks), int64
            The drawn state of each block.
        values : Tensor of shape (n_rows, n_values), float32
            Values, whether their gate is regular or not.
        """
        raw = raw.T.float()
        noise = _exponential_noise(self.layout.n_state_slots, raw.shape[1], raw.device, generator)
        matrix, coupling = self.coupling.matrix, self.coupling
        shift = self.shift_by_given(context)
        states, codes = torch.zeros_like(noise), [noise.new_empty(0, raw.shape[1]).long()]
        for stage in coupling.stages:
            of_stage = raw[stage.start : stage.stop].clone()
            coupling.add_to(of_stage, stage, matrix, states, shift)
            logits = of_stage.view(stage.n_blocks, stage.width, -1)
            if before_draw is not None:
                before_draw(stage, logits)
            logits += self.logit_bias[stage.start : stage.stop].view(stage.n_blocks, stage.width, 1)
            # The Gumbel-max trick; max(1).indices is several times as fast as argmax(1).
            codes.append((logits - blocks_of(noise, stage).log()).max(1).indices)
            blocks_of(states, stage).scatter_(1, codes[-1].unsqueeze(1), 1.0)
            if context is not None:
                _put_given(states, context, stage)
                codes[-1] = blocks_of(states, stage).max(1).indices
        values = raw[self.layout.n_state_slots :]
        values = values + coupling.to_values(matrix) @ states[coupling.first :]
        return torch.cat(codes).T, values.T

    def shift_by_given(self, context: Context | None) -> Tensor | None:
        """What given states add to logits, see `Coupling.shift_by_given`; None for nothing."""
        if context is None:
            return None
        return self.coupling.shift_by_given(context.slots.T[: self.layout.n_state_slots])

    def has_forbidden(self, codes: Tensor, is_given: Tensor | None = None) -> Tensor:
        """Whether rows have a forbidden pair of states, shape (n_rows,), bool.

        Parameters
        ----------
        codes : Tensor of shape (n_rows, n_blocks)
            The states.
        is_given : Tensor of shape (n_rows, n_slots), bool, optional
            Slots that are given; a pair of two given states does not count.
        """
        states = self._with_states(codes, self.layout.n_state_slots)
        found = self.coupling.n_forbidden(states)
        if is_given is not None:
            found -= self.coupling.n_forbidden(states * is_given.T[: len(states)])
        return found > 0

    def is_regular(self, codes: Tensor) -> Tensor:
        """Whether each value is switched on, shape (n_rows, n_values), bool."""
        regular = torch.ones(
            len(codes), self.layout.n_values, dtype=torch.bool, device=codes.device
        )
        regular[:, self.gated_values] = codes[:, self.gates[self.gated_values]] == 0
        return regular

    def codes(self, states: Tensor) -> Tensor:
        """State number of each block, shape (n_rows, n_blocks), int64."""
        codes = [blocks_of(states.T, group).max(1).indices for group in self.layout.groups]
        return torch.cat(codes).T if codes else states.new_empty(len(states), 0).long()

    def one_hot(self, codes: Tensor) -> Tensor:
        """State slots of the given codes, shape (n_rows, n_state_slots), float32."""
        return self._with_states(codes, self.layout.n_state_slots).T

    def slots(self, codes: Tensor, values: Tensor) -> Tensor:
        """Slots of the given codes and values, shape (n_rows, n_slots), float32."""
        slots = self._with_states(codes, self.layout.n_slots)
        slots[self.layout.n_state_slots :] = values.T
        return slots.T

    def _with_states(self, codes: Tensor, n_slots: int) -> Tensor:
        """One-hot states of the codes, zero elsewhere, shape (n_slots, n_rows)."""
        slots = torch.zeros(n_slots, len(codes), dtype=torch.float32, device=codes.device)
        return slots.scatter_(0, codes.T.long() + self.block_starts.unsqueeze(1), 1.0)
