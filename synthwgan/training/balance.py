"""Rows drawn so that rare states come more often than they occur."""

from __future__ import annotations

import torch
from torch import Tensor

from synthwgan.training.data import TableBatches

# Of a very large table, rows of a state that has no more are all known; of others, those that are
# among so many random rows.
MAX_RARE_ROWS, MAX_KNOWN_ROWS = 2**12, 2**20


class BalancedRows:
    """Draws, for a column, a state by the logarithm of its frequency, and a row with it.

    Xu et al. 2019, "Modeling Tabular Data using Conditional GAN", section 4.3
    (training-by-sampling).

    Parameters
    ----------
    batches : TableBatches
        The table. The numbers of its rows by their states are kept, in int32, or of a very large
        table those of some rows of each state.
    """

    def __init__(self, batches: TableBatches) -> None:
        device, layout = batches.device, batches.head.layout
        self.n_rows = len(batches)
        self.column_blocks = torch.tensor(layout.column_blocks, device=device)
        counts = torch.zeros(layout.n_blocks, max(layout.block_sizes, default=1), device=device)
        for block, of_block in enumerate(batches.counts()):
            counts[block, : len(of_block)] = of_block
        self.weights = torch.log1p(counts)
        self.counts = counts.long()
        by_state = _some_by_state(batches, self.counts) if batches.is_large else _by_state(batches)
        self.rows_by_state = by_state
        self.first = self.counts.cumsum(1) - self.counts

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


def _by_state(batches: TableBatches) -> Tensor:
    """The numbers of all rows, sorted by their states, shape (n_blocks, n_rows), int32."""
    codes = batches.codes.to(batches.device)
    by_state = torch.empty(codes.T.shape, dtype=torch.int32, device=batches.device)
    for block in range(len(by_state)):
        by_state[block] = codes[:, block].argsort()
    return by_state


def _some_by_state(batches: TableBatches, counts: Tensor) -> Tensor:
    """The numbers of some rows of each state, sorted by it; `counts` become theirs."""
    are_rare = counts <= MAX_RARE_ROWS
    numbers = batches.some(MAX_KNOWN_ROWS)
    known = [[numbers] for _ in counts]
    states = [[own] for own in batches.rows(numbers)[0].T]
    for block, of_block in enumerate(known):
        common = ~are_rare[block][states[block][0].long()]
        of_block[0], states[block][0] = of_block[0][common], states[block][0][common]
    for start, chunk in batches.chunks():
        for block in range(len(counts)):
            codes = chunk[:, block]
            rows = are_rare[block][codes.long()].nonzero().squeeze(1)
            known[block].append(rows + start)
            states[block].append(codes[rows])
    n_most = max(sum(map(len, parts)) for parts in known)
    by_state = torch.zeros(len(counts), n_most, dtype=torch.int32, device=batches.device)
    counts.zero_()
    for block, parts in enumerate(known):
        codes = torch.cat(states[block]).int()
        order = codes.argsort()
        by_state[block, : len(order)] = torch.cat(parts)[order]
        counts[block] = torch.bincount(codes, minlength=counts.shape[1])
    return by_state


def draw_one(weights: Tensor, rng: torch.Generator) -> Tensor:
    """Draw an index for each row of weights, shape (n_rows, n) to (n_rows,), int64.

    What `torch.multinomial` does, down to the numbers it draws, but for its checks, for which
    the host waits for the device.
    """
    return (weights / torch.empty_like(weights).exponential_(generator=rng)).argmax(1)
