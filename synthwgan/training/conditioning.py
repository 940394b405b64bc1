"""Which rows and which of their columns are given in training."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from synthwgan.networks.context import Context
from synthwgan.training.balance import BalancedRows, draw_one
from synthwgan.training.data import TableBatches

N_GROUPS = 8
MAX_FEW = 3


class ConditionalBatches:
    """Draws batches of rows of which some columns are given.

    They come in groups that share a mask, so that the moments of a group can be compared for
    that very mask. In half of the groups one to three columns are given, as in conditions. In
    the others each column is given with a probability that is drawn for the group, as in rows
    with gaps.

    Parameters
    ----------
    batches : TableBatches
        The training table.
    batch_size : int
        Rows of a batch, at most.
    balanced : bool
        Whether, where few columns are given, the rare states of one of them come more often.
    packing : int, default 1
        Rows that the critic sees at once; they are of one group.

    Attributes
    ----------
    n_groups, group_size : int
        Groups of a batch, and rows of each, an even number and a multiple of `packing`.
    """

    def __init__(
        self, batches: TableBatches, batch_size: int, balanced: bool, packing: int = 1
    ) -> None:
        self.batches, self.layout = batches, batches.head.layout
        unit = math.lcm(2, packing)
        self.n_groups = max(1, min(N_GROUPS, batch_size // unit))
        self.group_size = max(unit, batch_size // self.n_groups // unit * unit)
        device = batches.device
        self._slot_columns = torch.from_numpy(self.layout.slot_columns).to(device)
        self._balanced = BalancedRows(batches) if balanced else None

    def draw(self, n_groups: int, rng: torch.Generator) -> tuple[Tensor, Context]:
        """Draw real rows in groups, and what is given of them.

        Parameters
        ----------
        n_groups : int
            Groups of rows that share a mask.
        rng : torch.Generator
            Source of it.
        """
        device, n_columns = self.batches.device, len(self.layout.column_blocks)
        masks = draw_masks(n_groups, n_columns, device, rng)
        rows = self.batches.draw_rows(n_groups * self.group_size, rng)
        n_few = n_groups // 2
        if self._balanced is not None and n_few:
            columns = draw_one(masks[:n_few].float(), rng)
            columns = columns.repeat_interleave(self.group_size)
            rows[: len(columns)] = self._balanced.draw(columns, rng)
        real, given = self.batches.take(rows), masks.repeat_interleave(self.group_size, 0)
        return real, Context.of_slots(self._slot_columns, real, given)


def draw_masks(n_groups: int, n_columns: int, device: torch.device, rng: torch.Generator) -> Tensor:
    """Draw which columns are given in each group, shape (n_groups, n_columns), bool."""
    uniform = torch.rand(n_groups, n_columns, device=device, generator=rng)
    n_few = torch.randint(1, MAX_FEW + 1, (n_groups, 1), device=device, generator=rng)
    few = uniform.argsort(1).argsort(1) < n_few
    many = uniform < torch.rand(n_groups, 1, device=device, generator=rng)
    is_first_half = torch.arange(n_groups, device=device).unsqueeze(1) < n_groups // 2
    return torch.where(is_first_half, few, many)
