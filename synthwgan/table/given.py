"""Rows of which a user gives some cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthwgan.table.storage.dtypes import Cells


@dataclass(frozen=True)
class GivenRows:
    """Rows of which some cells are given and the others are to be drawn.

    Parameters
    ----------
    given : ndarray of shape (n_rows, n_columns), bool
        Which cells are given.
    cells : mapping of int to Cells
        The columns with a given cell, by their place in the table; arbitrary elsewhere.
    """

    given: np.ndarray
    cells: Mapping[int, Cells]

    def __len__(self) -> int:
        return len(self.given)

    @classmethod
    def of_columns(cls, n_rows: int, n_columns: int, cells: Mapping[int, Cells]) -> GivenRows:
        """Rows of which whole columns are given."""
        given = np.zeros((n_rows, n_columns), dtype=bool)
        given[:, list(cells)] = True
        return cls(given, cells)

    def take(self, rows: np.ndarray | slice) -> GivenRows:
        """Return some of the rows."""
        return GivenRows(
            self.given[rows], {place: cells.take(rows) for place, cells in self.cells.items()}
        )
