"""What is given of each row: the condition that generator and critic get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from synthwgan.table.layout import Layout


@dataclass(frozen=True)
class Context:
    """The given columns of a batch of rows.

    Parameters
    ----------
    columns : Tensor of shape (n_rows, n_columns), float32
        1 where a column is given, else 0.
    is_given : Tensor of shape (n_rows, n_slots), bool
        The same for slots.
    slots : Tensor of shape (n_rows, n_slots), float32
        The given slots; 0 elsewhere.
    """

    columns: Tensor
    is_given: Tensor
    slots: Tensor

    @classmethod
    def of(cls, layout: Layout, slots: Tensor, columns: Tensor) -> Context:
        """Make the context of rows of slots, given the columns that are taken from them.

        Parameters
        ----------
        layout : Layout
            The row vector's layout.
        slots : Tensor of shape (n_rows, n_slots), float32
            Rows; what is not given of them plays no part.
        columns : Tensor of shape (n_rows, n_columns), bool
            Which columns are given.
        """
        return cls.of_slots(torch.from_numpy(layout.slot_columns).to(slots.device), slots, columns)

    @classmethod
    def of_slots(cls, slot_columns: Tensor, slots: Tensor, columns: Tensor) -> Context:
        """Make the context of rows, as `of`, without a copy from host to device.

        Parameters
        ----------
        slot_columns : Tensor of shape (n_slots,), int64
            Column of each slot, on the device.
        slots, columns
            As for `of`.
        """
        is_given = columns.T[slot_columns]
        return cls(columns.float(), is_given.T, torch.where(is_given, slots.T, 0.0).T)

    @classmethod
    def concatenate(cls, parts: Sequence[Context]) -> Context:
        """Stack the contexts of several batches."""
        return cls(
            torch.cat([part.columns for part in parts]),
            torch.cat([part.is_given for part in parts]),
            torch.cat([part.slots for part in parts]),
        )

    def take(self, rows: slice | Tensor) -> Context:
        """Return the contexts of some of the rows."""
        return Context(self.columns[rows], self.is_given[rows], self.slots[rows])

    @staticmethod
    def n_features(layout: Layout) -> int:
        """Number of `features` in a layout."""
        return len(layout.column_blocks) + layout.n_slots

    @property
    def features(self) -> Tensor:
        """The mask of given columns and the given slots side by side: what networks take as input.

        Its shape is (n_rows, n_columns + n_slots).
        """
        return torch.cat([self.columns.T, self.slots.T]).T
