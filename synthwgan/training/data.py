"""An encoded table on the device, and random batches of its rows as slots."""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import EncodedTable

MAX_BATCH_FLOATS = 2**22


class TableBatches:
    """Draws batches of rows; one-hot states exist only here, one batch at a time.

    Parameters
    ----------
    encoded : EncodedTable
        The training table.
    head : OutputHead
        Knows the layout; its device is the batches' device.
    """

    def __init__(self, encoded: EncodedTable, head: OutputHead) -> None:
        device = head.device
        self.head = head
        self.codes = torch.from_numpy(encoded.codes).to(device)
        self.values = torch.from_numpy(encoded.values).to(device)

    def __len__(self) -> int:
        return len(self.codes)

    def subset(self, rows: Tensor) -> TableBatches:
        """Batches of some rows, by their numbers."""
        part = copy.copy(self)
        part.codes, part.values = self.codes[rows], self.values[rows]
        return part

    def draw(self, n_rows: int, generator: torch.Generator) -> Tensor:
        """Slots of rows drawn with replacement, shape (n_rows, n_slots), float32."""
        return self.take(self.draw_rows(n_rows, generator))

    def draw_rows(self, n_rows: int, generator: torch.Generator) -> Tensor:
        """Numbers of rows drawn with replacement, shape (n_rows,), int64."""
        return torch.randint(len(self), (n_rows,), device=self.codes.device, generator=generator)

    def take(self, rows: Tensor) -> Tensor:
        """Slots of the given rows, shape (n_rows, n_slots), float32."""
        # Several times as fast as indexing.
        return self.head.slots(self.codes.index_select(0, rows), self.values.index_select(0, rows))

    def in_order(self) -> Iterator[Tensor]:
        """Slots of all rows in order, some megabytes at a time."""
        n_rows = max(256, MAX_BATCH_FLOATS // max(1, self.head.layout.n_slots))
        for start in range(0, len(self), n_rows):
            rows = slice(start, start + n_rows)
            yield self.head.slots(self.codes[rows], self.values[rows])

    def marginals(self, given: Tensor | None = None) -> Tensor:
        """Share of rows in each state, shape (n_state_slots,), float32.

        Parameters
        ----------
        given : Tensor of shape (n_rows, n_columns), bool, optional
            Cells that count; None counts all.
        """
        layout = self.head.layout
        shares = torch.zeros(layout.n_state_slots, device=self.codes.device)
        for block, (start, size) in enumerate(
            zip(layout.block_starts, layout.block_sizes, strict=True)
        ):
            codes = self.codes[:, block].int()
            if given is not None:
                codes = codes[given[:, layout.column_blocks.index(block)]]
            counts = torch.bincount(codes, minlength=size).float()
            shares[start : start + size] = counts / max(1, len(codes))
        return shares
