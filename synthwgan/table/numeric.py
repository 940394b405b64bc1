"""Numbers: few become states; others a normal score, with states for spikes and missing."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from synthwgan.table.checks import FLAG, STATE, Array, expect, optional
from synthwgan.table.column import MISSING, REGULAR, UNKNOWN, ColumnTransformer
from synthwgan.table.dtypes import Cells
from synthwgan.table.grid import Grid
from synthwgan.table.quantiles import RankTransform, rank_to_score, score_to_rank

# Rows that a spike holds at least, unless its share of all rows is enough.
MIN_SPIKE_ROWS = 30
MIN_SPIKE_SHARE = 0.001


class NumericTransformer(ColumnTransformer):
    """A column of integers, floats, decimals or durations.

    Fitted, it is one of three: *constant* (no block, no value), *discrete* (one state per
    number, at most ``max_discrete``) or *continuous* (a value, with a block of regular,
    missing and spikes where it needs one).

    Attributes
    ----------
    grid : Grid or None
        Where the column's numbers lie; None if all cells were missing.
    levels : ndarray of shape (n_levels,), uint64 or float64
        Grid keys of the states: every number if discrete, the spikes if continuous.
    ranks : RankTransform or None
        Distribution of the numbers that are no spikes; None if not continuous.
    """

    kind: ClassVar[str] = "numeric"
    state_fields = {
        "with_missing": FLAG,
        "grid": optional(STATE),
        "levels": Array(("uint64", "float64"), strictly=True),
        "ranks": optional(STATE),
    }

    grid: Grid | None
    levels: np.ndarray
    ranks: RankTransform | None

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        self.grid, self.ranks = None, None
        self.levels = np.empty(0)
        self._with_missing = bool(cells.missing.any())
        if cells.missing.all():
            return
        numbers = self.to_numbers(cells.present)
        self.grid = Grid.fit(numbers, self.physical.float_type)
        keys, counts = np.unique(self.grid.to_keys(numbers), return_counts=True)
        spikes = _are_spikes(counts, self.options.spike_share)
        if len(keys) <= self.options.max_discrete or spikes.all():
            self.levels = keys
            return
        self.levels = keys[spikes]
        self.ranks = RankTransform.from_counts(keys[~spikes], counts[~spikes])

    def to_numbers(self, values: np.ndarray) -> np.ndarray:
        """Return canonical values as the numbers that have an order."""
        return values

    def from_numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Return canonical values of numbers, the way back from `to_numbers`."""
        return numbers

    @property
    def has_value(self) -> bool:
        return self.ranks is not None

    @property
    def _gate_states(self) -> int:
        """Number of states that stand before the levels."""
        return 1 + self._with_missing if self.has_value else 0

    @property
    def _missing_code(self) -> int | None:
        if not self._with_missing:
            return None
        return 1 if self.has_value else len(self.levels)

    @property
    def n_states(self) -> int:
        n_states = len(self.levels) + self._with_missing + self.has_value
        return 0 if n_states == 1 else n_states

    def encode_cells(
        self, cells: Cells, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        codes = np.full(len(cells.missing), UNKNOWN, dtype=np.int32)
        if self._missing_code is not None:
            codes[cells.missing] = self._missing_code
        values = np.zeros(len(codes)) if self.has_value else None
        present = np.flatnonzero(~cells.missing)
        if self.grid is not None and len(present):
            keys = self.grid.to_keys(self.to_numbers(cells.values[present]))
            codes[present] = self._level_codes(keys)
            if values is not None:
                regular = codes[present] == 0
                values[present[regular]] = self._scores(keys[regular], rng)
        return (codes if self.n_states else None), values

    def _level_codes(self, keys: np.ndarray) -> np.ndarray:
        """Return the code of each key: its spike or regular, or the nearest discrete level."""
        if not len(self.levels):
            return np.zeros(len(keys), dtype=np.int32)
        right = np.minimum(np.searchsorted(self.levels, keys), len(self.levels) - 1)
        if self.has_value:
            return np.where(self.levels[right] == keys, right + self._gate_states, 0)
        left = np.maximum(right - 1, 0)
        nearer_left = (keys < self.levels[right]) & (
            keys - self.levels[left] < self.levels[right] - keys
        )
        return np.where(nearer_left, left, right)

    def _scores(self, keys: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
        uniform = None if rng is None else rng.random(len(keys))
        return rank_to_score(self.ranks.to_ranks(keys, uniform))

    def decode_cells(
        self,
        n_rows: int,
        codes: np.ndarray | None,
        values: np.ndarray | None,
        rng: np.random.Generator,
        source: Any = None,
    ) -> Cells:
        missing = np.zeros(n_rows, dtype=bool)
        if self.grid is None:
            return Cells(np.zeros(n_rows, dtype=np.int64), ~missing)
        if codes is None:
            codes = np.zeros(n_rows, dtype=np.int32)
        if self._missing_code is not None:
            missing = codes == self._missing_code
        numbers = self.grid.from_keys(self._keys(codes, values, missing))
        return Cells(self.from_numbers(numbers), missing)

    def _keys(
        self, codes: np.ndarray, values: np.ndarray | None, missing: np.ndarray
    ) -> np.ndarray:
        filler = (self.levels if self.ranks is None else self.ranks.knots)[:1]
        keys = np.repeat(filler, len(codes))
        leveled = (codes >= self._gate_states) & ~missing
        if self.ranks is None or not len(self.levels):
            leveled &= self.ranks is None
        keys[leveled] = self.levels[codes[leveled].astype(np.int64) - self._gate_states]
        if self.ranks is not None:
            regular = ~leveled & ~missing
            keys[regular] = self.ranks.from_ranks(score_to_rank(values[regular]))
        return keys

    def menu(self) -> Cells:
        numbers = self.levels[:0] if self.grid is None else self._stored(self.levels)
        cells = Cells(self.from_numbers(numbers), np.zeros(len(numbers), dtype=bool))
        if not self._with_missing:
            return cells
        return Cells.concatenate([cells, self.missing_cells(1)])

    def holds(self, cells: Cells) -> np.ndarray:
        held = np.full(len(cells.missing), self._with_missing)
        held[~cells.missing] = self._are_known(self.to_numbers(cells.present))
        return held

    def _are_known(self, numbers: np.ndarray) -> np.ndarray:
        if self.grid is None:
            return np.zeros(len(numbers), dtype=bool)
        if not self.has_value:
            return np.isin(numbers, self._stored(self.levels))
        low, high = self.ends()
        return (numbers >= low) & (numbers <= high)

    def _stored(self, keys: np.ndarray) -> np.ndarray:
        """Return the numbers of keys, with the precision that they have in the table."""
        numbers = self.grid.from_keys(keys)
        if numbers.dtype.kind != "f":
            return numbers
        return numbers.astype(self.physical.float_type).astype(np.float64)

    def shares(self, cells: Cells, state_shares: np.ndarray) -> np.ndarray:
        codes, values = self.encode_cells(cells)
        shares = np.ones(len(cells.missing)) if codes is None else state_shares[codes]
        if values is not None:
            regular = np.ones(len(shares), dtype=bool) if codes is None else codes == 0
            keys = self.grid.to_keys(self.to_numbers(cells.values[regular]))
            shares[regular] *= self.ranks.shares(keys)
        return shares

    def rank_span(
        self, low: Any, high: Any, state_shares: np.ndarray
    ) -> tuple[tuple[float, float] | None, float]:
        """Return the ranks of the value between two numbers, and the share of rows there.

        Parameters
        ----------
        low, high : number or None
            Bounds among the column's numbers, both included; None for none.
        state_shares : ndarray of shape (n_states,)
            Share of rows in each state.

        Returns
        -------
        ranks : pair of float or None
            None if there are no values there.
        share : float
        """
        if not self.has_value:
            return None, 0.0
        knots = self._stored(self.ranks.knots)
        first = 0 if low is None else int(np.searchsorted(knots, low, side="left"))
        last = len(knots) - 1 if high is None else int(np.searchsorted(knots, high, "right")) - 1
        if first > last:
            return None, 0.0
        ranks = float(self.ranks.lower[first]), float(self.ranks.upper[last])
        share = state_shares[0] if self.n_states else 1.0
        return ranks, float(share * (ranks[1] - ranks[0] + self.ranks.point_share))

    def cells_at_ranks(self, ranks: np.ndarray) -> Cells:
        """Return the cells of the column's value at ranks in [0, 1]."""
        numbers = self._stored(self.ranks.from_ranks(ranks))
        return Cells(self.from_numbers(numbers), np.zeros(len(ranks), dtype=bool))

    def state_labels(self) -> list[str]:
        if not self.n_states:
            return []
        levels = self._labels(self.levels)
        if self.has_value:
            return [REGULAR] + [MISSING] * self._with_missing + levels
        return levels + [MISSING] * self._with_missing

    def _labels(self, keys: np.ndarray) -> list[str]:
        if not len(keys):
            return []
        return self._text(self.from_numbers(self.grid.from_keys(keys)))

    def bounds(self) -> tuple[Any, Any] | None:
        if self.grid is None:
            return None
        return tuple(self.physical.labels(self.from_numbers(self.ends())))

    def ends(self) -> np.ndarray:
        """Smallest and largest number."""
        parts = [self.levels] if self.ranks is None else [self.levels, self.ranks.knots[[0, -1]]]
        keys = np.concatenate([part for part in parts if len(part)])
        return self._stored(np.array([keys.min(), keys.max()]))

    def describe_encoding(self) -> str:
        if not self.n_states and not self.has_value:
            return "constant"
        if not self.has_value:
            return f"{self.n_states} states"
        spikes = len(self.levels)
        parts = ["value"] + ["missing"] * self._with_missing
        return " + ".join(parts + [f"{spikes} spike{'s' * (spikes > 1)}"] * bool(spikes))

    def _state(self) -> dict[str, Any]:
        return {
            "with_missing": self._with_missing,
            "grid": None if self.grid is None else self.grid.to_dict(),
            "levels": self.levels,
            "ranks": None if self.ranks is None else self.ranks.to_dict(),
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        self._with_missing = state["with_missing"]
        self.grid = None if state["grid"] is None else Grid.from_dict(state["grid"])
        self.levels = state["levels"]
        self.ranks = None if state["ranks"] is None else RankTransform.from_dict(state["ranks"])
        keys = [self.levels] if self.ranks is None else [self.levels, self.ranks.knots]
        if self.grid is None:
            expect(not any(map(len, keys)), "numbers without a grid")
        else:
            expect(any(map(len, keys)), "a grid without numbers")
            expect(all(map(self.grid.holds_keys, keys)), "its numbers are not on its grid")


def _are_spikes(counts: np.ndarray, share: float) -> np.ndarray:
    """Whether each number holds more than a share of the rows that commoner ones leave."""
    order = np.argsort(-counts, kind="stable")
    ordered, n_rows = counts[order], counts.sum()
    left = n_rows - np.cumsum(ordered) + ordered
    n_least = min(share * n_rows, max(MIN_SPIKE_ROWS, MIN_SPIKE_SHARE * n_rows))
    is_spike = (ordered > share * left) & (ordered >= n_least)
    spikes = np.zeros(len(counts), dtype=bool)
    spikes[order] = np.logical_and.accumulate(is_spike)
    return spikes
