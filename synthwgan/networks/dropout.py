"""Hiding columns from the critic, so that it cannot learn a small table by heart."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from synthwgan.table.layout import Layout


class ColumnDropout(nn.Module):
    """Hides each column of each row from the critic with some probability.

    A critic that sees whole rows of a small table learns them by heart and drags the
    generator onto them. One that sees random subsets of the columns, of real and generated
    rows alike, has to compare the distributions of these subsets instead. As all columns are
    visible with positive probability, the only generator that no subset tells from the table
    is still the table's distribution (Karras et al. 2020, "Training Generative Adversarial
    Networks with Limited Data", section 2.2, on augmentations that do not leak).

    Parameters
    ----------
    layout : Layout
        Knows which slots are a column's.
    rate : float
        Probability that a column is hidden.
    """

    def __init__(self, layout: Layout, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.n_columns = len(layout.column_blocks)
        slot_columns = torch.from_numpy(layout.slot_columns)
        self.register_buffer("slot_columns", slot_columns, persistent=False)

    def forward(self, *rows: Tensor, generator: torch.Generator | None = None) -> list[Tensor]:
        """Hide the same columns in each of the given batches, shape (n_rows, n_slots)."""
        if not self.rate:
            return list(rows)
        shape = (len(rows[0]), self.n_columns)
        visible = torch.rand(shape, device=rows[0].device, generator=generator) >= self.rate
        mask = visible[:, self.slot_columns]
        return [slots * mask for slots in rows]
