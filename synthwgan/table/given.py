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

    def also(self, cells: Mapping[int, tuple[np.ndarray, Cells]]) -> GivenRows:
        """Return the rows with more cells given; those that are given already stay.

        Parameters
        ----------
        cells : mapping of int to (where, Cells)
            By the place of a column, in which rows, shape (n_rows,), bool, and the cells of these.
        """
        given, known = self.given.copy(), dict(self.cells)
        for place, (where, own) in cells.items():
            new = where & ~given[:, place]
            known[place] = with_cells(known.get(place), new, own.take(new[where]))
            given[new, place] = True
        return GivenRows(given, known)

    def instead(self, others: GivenRows, where: np.ndarray) -> GivenRows:
        """Return the rows with others in the place of some, in which both are as long."""
        given = np.where(where[:, None], others.given, self.given)
        cells = dict(self.cells)
        for place, own in others.cells.items():
            cells[place] = with_cells(cells.get(place), where, own.take(where))
        return GivenRows(given, cells)


def with_cells(before: Cells | None, where: np.ndarray, cells: Cells) -> Cells:
    """Return a column with other cells in some rows; missing elsewhere if there was none."""
    if before is None:
        values = np.zeros(len(where), dtype=cells.values.dtype)
        before = Cells(values, np.ones(len(where), dtype=bool))
    values, missing = before.values.copy(), before.missing.copy()
    values[where], missing[where] = cells.values, cells.missing
    return Cells(values, missing)
