"""Which states a block sees: blocks are drawn one after another."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.table.layout import BlockGroup, Layout

MAX_STAGES = 32
MAX_COUPLED_SLOTS = 1024
# Adam moves every weight alike, but a coupling weight acts on a logit directly.
STEP_SCALE = 0.5


class Coupling(nn.Module):
    """A linear term in the states drawn before, added to logits and values.

    With noise drawn for every block by itself, columns would be independent given the latent
    vector, and all their dependence would have to pass through it. So blocks are drawn in
    *stages*, the largest blocks first and values last, and what was drawn adds to the logits of
    what follows: an autoregressive output layer, as in NADE (Larochelle & Murray 2011, "The
    Neural Autoregressive Distribution Estimator") without its hidden layer, given the
    generator's output.

    Tables of many states are coupled among their smaller blocks only, and neighbouring small
    blocks share a stage where there are many, so that the cost stays that of a layer.

    Parameters
    ----------
    layout : Layout
        The row vector's layout.
    max_coupled_slots : int, default 1024
        Largest number of state slots that are coupled; 0 for none.
    """

    scale: Tensor

    def __init__(self, layout: Layout, max_coupled_slots: int = MAX_COUPLED_SLOTS) -> None:
        super().__init__()
        self.n_states = layout.n_state_slots
        starts = [*layout.block_starts.tolist(), self.n_states]
        self.first = next(start for start in starts if self.n_states - start <= max_coupled_slots)
        self.stages = _stages(layout)
        n_coupled = self.n_states - self.first
        self.weight = nn.Parameter(torch.zeros(n_coupled + layout.n_values, n_coupled))
        self.register_buffer("scale", STEP_SCALE * self._is_later(), persistent=False)

    @property
    def matrix(self) -> Tensor:
        """The coupling weights, state by later slot, shape (n_coupled + n_values, n_coupled)."""
        return self.weight * self.scale

    def holds(self, stage: BlockGroup) -> bool:
        """Whether a stage's blocks are coupled to others."""
        return stage.start >= self.first

    def from_parents(self, matrix: Tensor, stage: BlockGroup) -> Tensor:
        """Weights from states drawn before a stage to the stage, shape (stage slots, n_before)."""
        start, stop = stage.start - self.first, stage.stop - self.first
        return matrix[start:stop, :start]

    def to_children(self, matrix: Tensor, stage: BlockGroup) -> Tensor:
        """Weights from a stage's states to all later slots, shape (n_after, stage slots)."""
        start, stop = stage.start - self.first, stage.stop - self.first
        return matrix[stop:, start:stop]

    def to_values(self, matrix: Tensor) -> Tensor:
        """Weights from all states to the values, shape (n_values, n_coupled)."""
        return matrix[self.n_states - self.first :]

    def _is_later(self) -> Tensor:
        """1 where a slot is drawn after a state, else 0; of the shape of the weight."""
        is_later = torch.zeros_like(self.weight, requires_grad=False)
        for stage in filter(self.holds, self.stages):
            self.to_children(is_later, stage).fill_(1.0)
        return is_later


def _stages(layout: Layout) -> list[BlockGroup]:
    """Runs of neighbouring blocks of one width, about ``MAX_STAGES`` in all."""
    n_together = math.ceil(layout.n_blocks / MAX_STAGES)
    return [
        BlockGroup(
            group.first_block + first,
            min(n_together, group.n_blocks - first),
            group.start + first * group.width,
            group.width,
        )
        for group in layout.groups
        for first in np.arange(0, group.n_blocks, max(1, n_together)).tolist()
    ]
