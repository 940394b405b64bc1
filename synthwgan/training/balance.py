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
        rows = torch.randint(self.n_rows, columns.shape, device=columns.device, generator=rng)
        if not len(self.counts):
            return rows
        blocks = self.column_blocks[columns]
        # Columns without states draw from the first block too, and the result is not used: to leave
        # them out, the host would have to wait for the device.
        of_block = blocks.clamp_min(0)
        states = draw_one(self.weights[of_block], rng)
        place = self.first[of_block, states] + rows % self.counts[of_block, states]
        return torch.where(blocks >= 0, self.rows_by_state[of_block, place].long(), rows)


def draw_one(weights: Tensor, rng: torch.Generator) -> Tensor:
    """Draw an index for each row of weights, shape (n_rows, n) to (n_rows,), int64.

    What `torch.multinomial` does, down to the numbers it draws, but for its checks, for which
    the host waits for the device.
    """
    return (weights / torch.empty_like(weights).exponential_(generator=rng)).argmax(1)
