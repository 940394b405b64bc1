"""Rows drawn so that rare states come more often than they occur."""

from __future__ import annotations

import torch
from torch import Tensor

from synthwgan.table.layout import Layout


class BalancedRows:
    """Draws, for a column, a state by the logarithm of its frequency, and a row with it.

    Xu et al. 2019, "Modeling Tabular Data using Conditional GAN", section 4.3
    (training-by-sampling).

    Parameters
    ----------
    layout : Layout
        The row vector's layout.
    codes : Tensor of shape (n_rows, n_blocks), integer
        States of the table's rows. Another array of this shape, in int32, is kept.
    """

    def __init__(self, layout: Layout, codes: Tensor) -> None:
        device = codes.device
        self.n_rows = len(codes)
        self.column_blocks = torch.tensor(layout.column_blocks, device=device)
        counts = torch.zeros(layout.n_blocks, max(layout.block_sizes, default=1), device=device)
        for block, size in enumerate(layout.block_sizes):
            counts[block, :size] = torch.bincount(codes[:, block].int(), minlength=size)
        self.counts = counts.long()
        self.first = self.counts.cumsum(1) - self.counts
        self.weights = torch.log1p(counts)
        self.rows_by_state = torch.empty(codes.T.shape, dtype=torch.int32, device=device)
        for block in range(layout.n_blocks):
            self.rows_by_state[block] = codes[:, block].argsort()

    def draw(self, columns: Tensor, rng: torch.Generator) -> Tensor:
        """Draw a row for each of the columns, any row for one without states, int64."""
        blocks, device = self.column_blocks[columns], columns.device
        rows = torch.randint(self.n_rows, columns.shape, device=device, generator=rng)
        of_states = (blocks >= 0).nonzero().squeeze(1)
        if len(of_states):
            blocks = blocks[of_states]
            states = self.weights[blocks].multinomial(1, generator=rng).squeeze(1)
            place = self.first[blocks, states] + rows[of_states] % self.counts[blocks, states]
            rows[of_states] = self.rows_by_state[blocks, place].long()
        return rows
