"""Which states a block sees: blocks are drawn one after another."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.table.layout import BlockGroup, Layout

MAX_STAGES = 32
MAX_COUPLED_SLOTS = 1024
# Adam moves every weight alike, but a coupling weight acts on a logit directly.
STEP_SCALE = 0.5
# What a state adds to the logit of one that it never meets; calibration moves it by 40 at most.
FORBIDDEN_PAIR = -100.0
# The same in the gradient, where a large slope would be believed: to forbid a state moves no more
# than its probability to the others, which is what a slope of -1 says.
FORBIDDEN_SLOPE = -1.0


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

    Some pairs of states may be *forbidden*: their weight is a large negative constant, which is not
    trained. Blocks of one stage do not see each other, so blocks with such a pair are never of one
    stage, however many stages that makes.

    Parameters
    ----------
    layout : Layout
        The row vector's layout.
    max_coupled_slots : int, default 1024
        Largest number of state slots that are coupled; 0 for none.

    Attributes
    ----------
    first : int
        First slot that is coupled; all later ones are.
    stages : list of BlockGroup
        Blocks that are drawn at once, in order.
    forbids : bool
        Whether there are forbidden pairs.
    """

    scale: Tensor
    forbidden: Tensor
    barred: Tensor

    def __init__(self, layout: Layout, max_coupled_slots: int = MAX_COUPLED_SLOTS) -> None:
        super().__init__()
        self.layout, self.n_states = layout, layout.n_state_slots
        self.first = first_coupled_slot(layout, max_coupled_slots)
        n_coupled = self.n_states - self.first
        self.weight = nn.Parameter(torch.zeros(n_coupled + layout.n_values, n_coupled))
        shape = self.weight.shape
        self.register_buffer("forbidden", torch.zeros(n_coupled, n_coupled, dtype=torch.bool))
        self.register_buffer("barred", torch.zeros(shape, dtype=torch.bool), persistent=False)
        self.register_buffer("scale", torch.zeros(shape), persistent=False)
        self.register_load_state_dict_post_hook(_arrange_after_loading)
        self._arrange()

    @property
    def matrix(self) -> Tensor:
        """The coupling weights, state by later slot, shape (n_coupled + n_values, n_coupled)."""
        matrix = self.weight * self.scale
        return matrix.masked_fill(self.barred, FORBIDDEN_PAIR) if self.forbids else matrix

    def slopes(self, matrix: Tensor) -> Tensor:
        """The weights that gradients pass through."""
        return matrix.masked_fill(self.barred, FORBIDDEN_SLOPE) if self.forbids else matrix

    def forbid(self, pairs: np.ndarray) -> None:
        """Forbid pairs of states, beside those that already are.

        Parameters
        ----------
        pairs : ndarray of shape (n_pairs, 2), int
            Two state slots of different blocks each, in any order; pairs of slots that are not
            coupled are left out.

        Raises
        ------
        ValueError
            If they are no such slots.
        """
        pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        check_pairs(self.layout, pairs)
        coupled = pairs[(pairs >= self.first).all(1)] - self.first
        one, other = torch.from_numpy(coupled).to(self.forbidden.device).T
        self.forbidden[one, other] = True
        self.forbidden[other, one] = True
        self._arrange()

    def n_forbidden(self, states: Tensor) -> Tensor:
        """Number of forbidden pairs in rows, times two, from states (n_state_slots, n_rows)."""
        slots = self.forbidden.any(1).nonzero().squeeze(1)
        between = self.forbidden[slots][:, slots].float()
        states = states[self.first + slots]
        return (between @ states * states).sum(0)

    def holds(self, stage: BlockGroup) -> bool:
        """Whether a stage's blocks are coupled to others."""
        return stage.start >= self.first

    def add_to(
        self,
        logits: Tensor,
        stage: BlockGroup,
        matrix: Tensor,
        states: Tensor,
        shift: Tensor | None,
    ) -> None:
        """Add to a stage's logits, shape (stage slots, n_rows), what is known of other blocks.

        Parameters
        ----------
        logits : Tensor
            Changed, if the stage is coupled.
        stage : BlockGroup
            Which.
        matrix : Tensor
            See `matrix`.
        states : Tensor of shape (n_state_slots, n_rows)
            States drawn before.
        shift : Tensor or None
            What `shift_by_given` says of cells that are given.
        """
        if not self.holds(stage):
            return
        logits.addmm_(self.from_parents(matrix, stage), states[self.first : stage.start])
        if shift is not None:
            logits += shift[stage.start - self.first : stage.stop - self.first]

    def shift_by_given(self, given: Tensor) -> Tensor | None:
        """What given states add to logits of blocks that are not drawn after them.

        Parameters
        ----------
        given : Tensor of shape (n_state_slots, n_rows)
            Given states, one-hot; 0 elsewhere.

        Returns
        -------
        Tensor of shape (n_coupled, n_rows) or None
            None if there are no forbidden pairs.
        """
        if not self.forbids:
            return None
        not_later = self.forbidden & ~self.barred[: len(self.forbidden)]
        return FORBIDDEN_PAIR * not_later.float() @ given[self.first :]

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

    def _arrange(self) -> None:
        """Set what follows from the forbidden pairs."""
        self.forbids = bool(self.forbidden.any())
        pairs = self.first + self.forbidden.nonzero().cpu().numpy()
        self.stages = _stages(self.layout, _block_of(self.layout, pairs), self.first)
        is_later = self._is_later()
        self.scale.copy_(STEP_SCALE * is_later)
        n_coupled = len(self.forbidden)
        self.barred[:n_coupled] = self.forbidden & (is_later[:n_coupled] > 0)

    def _is_later(self) -> Tensor:
        """1 where a slot is drawn after a state, else 0; of the shape of the weight."""
        is_later = torch.zeros_like(self.weight, requires_grad=False)
        for stage in filter(self.holds, self.stages):
            self.to_children(is_later, stage).fill_(1.0)
        return is_later


def first_coupled_slot(layout: Layout, max_coupled_slots: int = MAX_COUPLED_SLOTS) -> int:
    """First of the slots that are coupled: the smaller blocks, as many as there may be."""
    starts = [*layout.block_starts.tolist(), layout.n_state_slots]
    return next(start for start in starts if layout.n_state_slots - start <= max_coupled_slots)


def check_pairs(layout: Layout, pairs: np.ndarray) -> None:
    """Raise unless pairs of slots, of shape (n_pairs, 2), are states of different blocks each."""
    are_slots = bool(((pairs >= 0) & (pairs < layout.n_state_slots)).all())
    if not are_slots or not layout.state_mask[pairs].all():
        raise ValueError("a forbidden pair is not of states")
    if (np.diff(_block_of(layout, pairs)) == 0).any():
        raise ValueError("a forbidden pair is of one block")


def _arrange_after_loading(coupling: Coupling, _: object) -> None:
    coupling._arrange()


def _block_of(layout: Layout, slots: np.ndarray) -> np.ndarray:
    """Block of each slot."""
    return np.searchsorted(layout.block_starts, slots, side="right") - 1


def _stages(layout: Layout, apart: np.ndarray, first_slot: int) -> list[BlockGroup]:
    """Runs of neighbouring blocks of one width, about ``MAX_STAGES`` in all.

    There are more where pairs of blocks that must be ``apart``, of shape (n_pairs, 2), would be of
    one stage. If there are any, the block of the first coupled slot begins a stage, too: what
    is coupled in part is not coupled.
    """
    n_together = max(1, math.ceil(layout.n_blocks / MAX_STAGES))
    partners: dict[int, set[int]] = {}
    for block, other in np.unique(apart, axis=0).tolist():
        partners.setdefault(block, set()).add(other)
    if partners:
        first_coupled = int(_block_of(layout, np.array(first_slot)))
        partners.setdefault(first_coupled, set()).add(first_coupled - 1)
    stages = []
    for group in layout.groups:
        stop = group.first_block + group.n_blocks
        for first in range(group.first_block, stop, n_together):
            run = range(first, min(first + n_together, stop))
            for one, end in itertools.pairwise([*_split(run, partners), run.stop]):
                start = group.start + (one - group.first_block) * group.width
                stages.append(BlockGroup(one, end - one, start, group.width))
    return stages


def _split(run: range, partners: Mapping[int, set[int]]) -> list[int]:
    """First blocks of the parts of a run, so that no block has a partner in its part."""
    firsts = [run.start]
    for block in run:
        if not partners.get(block, set()).isdisjoint(range(firsts[-1], block)):
            firsts.append(block)
    return firsts
