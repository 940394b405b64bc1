"""How conditions on a fitted table are read: by name, and with a user's own values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.conditions.wishes import Condition, check_known, read_condition, target_shares
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.door import known_places, naming_column, select, with_fitted_names
from synthwgan.table.encoding import part_places
from synthwgan.table.given import GivenRows
from synthwgan.table.storage.dtypes import Cells
from synthwgan.table.storage.meant import meant
from synthwgan.table.storage.physical import check_exact
from synthwgan.table.transformer import TableTransformer

MAX_GROUPS = 10_000


@dataclass(frozen=True)
class Group:
    """Rows under the same conditions.

    Parameters
    ----------
    conditions : mapping of int to Condition
        What each column may be, by its place.
    share : float
        Share of the rows that are wanted.
    """

    conditions: Mapping[int, Condition]
    share: float


class ConditionReader:
    """Reads the conditions and the half-known rows that a user gives for a fitted table.

    Parameters
    ----------
    transformer : TableTransformer
        Fitted.
    state_shares : ndarray of shape (n_state_slots,)
        Share of the fitted rows in each state slot of the layout.
    """

    def __init__(self, transformer: TableTransformer, state_shares: np.ndarray) -> None:
        self.transformer = transformer
        self.columns, self.layout = transformer.columns_, transformer.layout_
        self.reduction = transformer.reduction_
        self.learned = {place: at for at, place in enumerate(self.reduction.places) if place >= 0}
        self.names = transformer.column_index_
        self.state_shares = state_shares.astype(np.float64)
        # Of the rows that were read last: where cells say nothing, and what they are.
        self.unseen: dict[int, tuple[np.ndarray, pd.Series]] = {}

    @property
    def n_columns(self) -> int:
        """Number of columns of the table."""
        return len(self.columns)

    def groups(self, conditions: Mapping[Any, Any]) -> list[Group]:
        """Read conditions; each value of a column with target shares makes a group of rows.

        Parameters
        ----------
        conditions : mapping of column name to what is wanted of it
            See `WGANGPSynthesizer.sample`.

        Raises
        ------
        ValueError, TypeError
            If a column is not known, or no row of the table could be so.
        """
        if not conditions:
            raise ValueError("conditions are empty; leave them out to draw rows of all kinds")
        places = known_places(self.names, list(conditions), "conditions")
        wanted = [
            self._alternatives(place, what)
            for place, what in zip(places, conditions.values(), strict=True)
        ]
        n_groups = int(np.prod([len(alternatives) for alternatives in wanted]))
        if n_groups > MAX_GROUPS:
            raise ValueError(f"target frequencies make {n_groups} groups, more than {MAX_GROUPS}")
        return [
            Group(
                dict(zip(places, (condition for condition, _ in choice), strict=True)),
                float(np.prod([share for _, share in choice])),
            )
            for choice in product(*wanted)
        ]

    def _alternatives(self, place: int, wanted: Any) -> list[tuple[Condition, float]]:
        """What a column may be, each with the share of the rows that are to be so."""
        column, shares = self.columns[place], self.shares_of(place)
        with naming_column(self.names[place]):
            is_mix = isinstance(wanted, Mapping)
            asked = target_shares(wanted).items() if is_mix else [(wanted, 1.0)]
            try:
                return [(read_condition(column, value, shares), part) for value, part in asked]
            except ValueError as error:
                remedy = meant(
                    self.names[place],
                    wanted,
                    column.has_order,
                    column.reads,
                    partial(_is_cell, column),
                )
                raise ValueError(f"{error}{remedy}") from error

    def shares_of(self, place: int) -> np.ndarray:
        """Share of the rows in each state of a column; of a pair, one part after the other."""
        if place not in self.learned:
            return self.reduction.shares[place]
        shares = [np.empty(0)]
        learned = [column for _, column in self.reduction.learned]
        for own in part_places(learned)[self.learned[place]]:
            block = self.layout.column_blocks[own]
            if block >= 0:
                start = int(self.layout.block_starts[block])
                shares.append(self.state_shares[start : start + self.layout.block_sizes[block]])
        return np.concatenate(shares)

    def given_rows(self, X: Any, *, strict: bool) -> GivenRows:
        """Read a table of which all cells that are not missing are given.

        Parameters
        ----------
        X : DataFrame or array-like
            Some or all of the fitted columns, found by name; of an array, all columns.
        strict : bool
            Whether every cell must have been possible when fitted. If not, a number takes the place
            of the nearest, a category that did not occur is not given, and the user is warned.

        Raises
        ------
        ValueError, TypeError
            If a column is not known, or a cell does not fit the column's dtype.
        """
        frame = with_fitted_names(self.transformer, X)
        places = known_places(self.names, list(frame.columns), "the given rows")
        given = np.zeros((len(frame), self.n_columns), dtype=bool)
        cells: dict[int, Cells] = {}
        self.unseen = {}
        for position, place in enumerate(places):
            with naming_column(self.names[place]):
                series = frame.iloc[:, position]
                cells[place] = self.columns[place].read(series)
                check_exact(self.columns[place].physical, series, cells[place])
                unseen = check_known(self.columns[place], series, cells[place], strict)
                if unseen.any():
                    self.unseen[place] = unseen, series[unseen]
                    nothing = self.columns[place].missing_cells(len(series))
                    cells[place] = cells[place].replace(unseen, nothing)
                given[:, place] = ~cells[place].missing
        return GivenRows(given, cells)

    def gaps(self, rows: GivenRows) -> np.ndarray:
        """Return which cells of the rows that were read last are missing, as `GivenRows.given`."""
        gaps = ~rows.given
        for place, (unseen, _) in self.unseen.items():
            gaps[unseen, place] = False
        return gaps

    def check_all_columns(self, X: Any) -> None:
        """Raise a ValueError if a table does not have all columns."""
        select(X, self.names, self.n_columns)

    @property
    def missing_slots(self) -> np.ndarray:
        """Whether each state slot stands for a missing cell, shape (n_state_slots,), bool."""
        missing = np.zeros(self.layout.n_state_slots, dtype=bool)
        rng = np.random.default_rng(0)
        learned = [column for _, column in self.reduction.learned]
        for position, places in enumerate(part_places(learned)):
            for part, place in zip(learned[position].parts, places, strict=True):
                block = self.layout.column_blocks[place]
                if block >= 0:
                    # The state of masked rare categories may be decoded to a missing cell, too.
                    codes = np.arange(part.n_states)
                    cells = part.decode_cells(len(codes), codes, np.zeros(len(codes)), rng)
                    empty = self.reduction.are_missing(position, cells)
                    missing[self.layout.block_starts[block] + codes] = empty
        return missing


def _is_cell(column: ColumnTransformer, text: str) -> bool:
    """Whether a text is a cell that a column can have."""
    return column.reads(text) and bool(column.holds(column.read_value(text))[0])
