"""What a user asks of columns: sets, ranges and frequencies, checked against the fitted table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.door import warn_of_unseen
from synthwgan.table.storage.dtypes import Cells
from synthwgan.warn import warn

SETS = (list, set, frozenset, np.ndarray, pd.Series, pd.Index)


@dataclass(frozen=True)
class AnyOf:
    """One of some cells; of a single one, it is fixed.

    Parameters
    ----------
    column : ColumnTransformer
        The column.
    cells : Cells
        The allowed cells, distinct.
    shares : ndarray of shape (n_cells,), float64
        Share of the table's rows with each.
    """

    column: ColumnTransformer
    cells: Cells
    shares: np.ndarray

    @property
    def is_fixed(self) -> bool:
        """Whether only one cell is allowed."""
        return len(self.shares) == 1

    @property
    def share(self) -> float:
        """Share of the table's rows that are allowed."""
        return float(self.shares.sum())

    def draw(self, n_rows: int, rng: np.random.Generator) -> Cells:
        """Draw allowed cells, as frequent as in the table."""
        weights = self.shares if self.share else np.ones(len(self.shares))
        return self.cells.take(rng.choice(len(weights), n_rows, p=weights / weights.sum()))

    def accepts(self, cells: Cells) -> np.ndarray:
        """Whether each cell of the column is allowed, shape (n_rows,), bool."""
        present = pd.Index(cells.values).isin(self.cells.present) & ~cells.missing
        return present | (cells.missing & self.cells.missing.any())


@dataclass(frozen=True)
class Between:
    """A number or date from one bound to another, both allowed.

    Parameters
    ----------
    column : ColumnTransformer
        The column; it has an order and values.
    low, high : number or None
        Bounds among its numbers; None where there is none.
    states : AnyOf
        The numbers within that have a state of their own, if any.
    ranks : pair of float
        Ranks within of the column's value.
    value_share : float
        Share of the table's rows with such a value.
    """

    column: ColumnTransformer
    low: Any
    high: Any
    states: AnyOf
    ranks: tuple[float, float]
    value_share: float

    is_fixed = False

    @property
    def share(self) -> float:
        """Share of the table's rows that are within."""
        return self.states.share + self.value_share

    def draw(self, n_rows: int, rng: np.random.Generator) -> Cells:
        """Draw cells within, as frequent as in the table."""
        ranks = rng.uniform(*self.ranks, n_rows)
        cells = self.column.cells_at_ranks(ranks, self.low, self.high)
        of_state = rng.random(n_rows) * self.share >= self.value_share
        if self.states.share and of_state.any():
            cells.values[of_state] = self.states.draw(int(of_state.sum()), rng).values
        return cells

    def accepts(self, cells: Cells) -> np.ndarray:
        """Whether each cell of the column is within, shape (n_rows,), bool."""
        accepted = ~cells.missing
        numbers, are_numbers = self.column.read_numbers(cells.present)
        accepted[accepted] = are_numbers & _is_within(numbers, self.low, self.high)
        return accepted


Condition = AnyOf | Between


def target_shares(wanted: Mapping) -> dict[Any, float]:
    """Return wanted frequencies of values.

    Raises
    ------
    ValueError
        If they are not shares that add up to 1.
    """
    shares = dict(wanted)
    are_numbers = all(
        isinstance(share, int | float | np.number) and share >= 0 for share in shares.values()
    )
    if not are_numbers or not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise ValueError(
            f"frequencies must be numbers >= 0 that add up to 1, got {shares!r}; some values, each "
            "as frequent as in the table, are a list, and a range is a pair (low, high)"
        )
    return {value: share for value, share in shares.items() if share}


def read_condition(column: ColumnTransformer, wanted: Any, state_shares: np.ndarray) -> Condition:
    """Read what is wanted of one column.

    Parameters
    ----------
    column : ColumnTransformer
        The fitted column.
    wanted : scalar, list or pair
        A value, some values, or as a tuple the bounds of a range of numbers, dates or ordered
        categories.
    state_shares : ndarray of shape (n_states,)
        Share of the table's rows in each of the column's states.

    Raises
    ------
    ValueError, TypeError
        If no row of the table could be so; the message says what is possible.
    """
    if not column.in_features:
        raise ValueError(
            "identifiers are made anew, so nothing can be asked of them; to keep given ones, "
            "pass them in a DataFrame"
        )
    if isinstance(wanted, tuple):
        return _in_range(column, wanted, state_shares)
    values = listed(wanted) if isinstance(wanted, SETS) else [wanted]
    if not values:
        raise ValueError("an empty list allows nothing; leave the column out to allow everything")
    return _any_of(column, [_possible_cell(column, value) for value in values], state_shares)


def listed(values: Any) -> list[Any]:
    """Return some values as a list, in an order that is the same in each process.

    That of a set is not, and rows that are drawn from the same seed would differ.
    """
    return sorted(values, key=repr) if isinstance(values, set | frozenset) else list(values)


def check_known(
    column: ColumnTransformer, series: pd.Series, cells: Cells, strict: bool
) -> np.ndarray:
    """Check that the cells of a given series could have occurred when its column was fitted.

    Returns
    -------
    unseen : ndarray of shape (n,), bool
        Which cells say nothing, as categories that did not occur; there is a warning. There is
        none of decimals between others, which count as the nearest.

    Raises
    ------
    ValueError
        If a cell could not have occurred, and nothing else can stand for it; if ``strict``,
        nothing can.
    """
    unknown = ~cells.missing & ~column.holds(cells)
    if not unknown.any():
        return unknown
    told = unknown.copy()
    if not strict:
        told[unknown] = ~column.lie_between(cells.values[unknown])
        if not told.any():
            return told
    # As it was given: a category that is not known cannot be written in the fitted dtype.
    cell = series[told].iloc[0]
    cell = cell.item() if isinstance(cell, np.generic) else cell
    shown = repr(cell) if isinstance(cell, str) else str(cell)
    found = f"{shown} did not occur when fitted; {column.possible(cell)}"
    taken_for = "" if strict else column.taken_for(cells.values[unknown])
    if not strict and not taken_for and column.unseen_are_missing:
        what = f"kept, and taken for missing ones when others are drawn{column.why_unseen}"
        warn_of_unseen(series.name, series[unknown], what)
        return unknown
    if not taken_for:
        raise ValueError(found)
    warn(
        f"column {series.name!r}: {found}; such cells ({int(told.sum())}) are kept, and taken for "
        f"{taken_for} when others are drawn"
    )
    return np.zeros_like(unknown)


def _possible_cell(column: ColumnTransformer, value: Any) -> Cells:
    cell = column.read_value(value)
    if column.holds(cell)[0]:
        return cell
    if cell.missing[0]:
        raise ValueError("no cell was missing when fitted, so none can be asked to be")
    raise ValueError(f"{value!r} did not occur when fitted; {column.possible(value)}")


def _any_of(column: ColumnTransformer, cells: list[Cells], state_shares: np.ndarray) -> AnyOf:
    distinct = {(bool(cell.missing[0]), cell.values[0]): cell for cell in cells}.values()
    joined = Cells.concatenate([column.missing_cells(0), *distinct])
    return AnyOf(column, joined, column.shares(joined, state_shares))


def _in_range(column: ColumnTransformer, wanted: tuple, state_shares: np.ndarray) -> Condition:
    column.check_range(wanted)
    if len(wanted) != 2:
        raise ValueError(f"a range is a pair (low, high), got {wanted!r}; for values give a list")
    low, high = (
        column.read_bound(bound, round_to)
        for bound, round_to in zip(wanted, (math.ceil, math.floor), strict=True)
    )
    menu = column.menu()
    numbers, are_numbers = column.read_numbers(menu.present)
    within = np.flatnonzero(~menu.missing)[are_numbers & _is_within(numbers, low, high)]
    states = AnyOf(column, menu.take(within), column.shares(menu.take(within), state_shares))
    ranks, value_share = column.rank_span(low, high, state_shares)
    if ranks is not None:
        return Between(column, low, high, states, ranks, value_share)
    if not len(within):
        raise ValueError(f"nothing lies within {wanted!r}; {column.possible(wanted)}")
    return states


def _is_within(numbers: np.ndarray, low: Any, high: Any) -> np.ndarray:
    within = np.ones(len(numbers), dtype=bool)
    if low is not None:
        within &= numbers >= low
    if high is not None:
        within &= numbers <= high
    return within
