"""Numbers: few become states; others a normal score, with states for spikes and exceptions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.checks import FLAG, LIST, STATE, Array, expect, optional
from synthwgan.table.columns.base import (
    ALL_MISSING,
    MISSING,
    OFF_GRID,
    REGULAR,
    UNKNOWN,
    PartTransformer,
    shown,
)
from synthwgan.table.columns.extremes import without_extremes
from synthwgan.table.columns.grid import Grid
from synthwgan.table.columns.quantiles import RankTransform, rank_to_score, score_to_rank
from synthwgan.table.columns.shared import Plain, PlainNumbers
from synthwgan.table.columns.written import (
    as_written,
    form_for,
    parse_cells,
    plain_number,
    write_cells,
)
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.registry import form_from_dict
from synthwgan.table.storage.dtypes import Cells, PhysicalType
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
from synthwgan.table.storage.scalars import is_infinite, is_missing
from synthwgan.table.storage.sketch import GrowingTally
from synthwgan.table.storage.tally import Tally, add_up, count

if TYPE_CHECKING:
    from synthwgan.table.columns.evidence import Evidence

_NO_COUNTS = np.empty(0, dtype=np.int64)
# A spike needs so many rows, or such a share of them if that is more; but no more rows than
# `spike_share` of the whole column.
MIN_SPIKE_ROWS = 30
MIN_SPIKE_SHARE = 0.001
# In a table in batches, at most so many distinct cells may be written in another form.
MAX_ODD = 1000


@dataclass
class _Growing:
    """Cells of a table in batches, while they are counted."""

    tally: GrowingTally
    odd: set[Any]
    rng: np.random.Generator


class NumericTransformer(PartTransformer):
    """A column of integers, floats, decimals or durations, or of text in which numbers are written.

    Fitted, it is one of three: *constant* (no block, no value), *discrete* (one state per
    number, at most ``max_discrete``) or *continuous* (a value, with a block of regular,
    missing and spikes where it needs one). Exceptions are states of either: cells that are
    not written as the others, and numbers that do not lie where the others do.

    Attributes
    ----------
    form : Form or None
        How numbers are written; None for a column of numbers.
    grid : Grid or None
        Where the column's numbers lie; None if all cells were missing.
    levels : ndarray of shape (n_levels,), uint64 or float64
        Grid keys of the states: every number if discrete, the spikes if continuous.
    strays, stray_counts : ndarray of shape (n_strays,)
        Numbers off the grid, which share a state, and how often each occurred.
    odd : ndarray of shape (n_odd,)
        Cells in another form, each a state: ``"?"``, ``"N/A"``.
    ranks : RankTransform or None
        Distribution of the numbers that are no spikes; None if not continuous.
    """

    kind: ClassVar[str] = "numeric"
    # What forms of its cells mean, see `Form`.
    meaning: ClassVar[str] = "numeric"
    domains = ("number", "text")
    remedy = "convert the column with pd.to_numeric or leave its kind out"
    sdtype = "numerical"
    reads_as = "number"
    _word: ClassVar[str] = "number"
    state_fields = {
        "form": optional(STATE),
        "with_missing": FLAG,
        "grid": optional(STATE),
        "levels": Array(("uint64", "float64"), strictly=True),
        "strays": Array(("int64", "uint64", "float64"), strictly=True),
        "stray_counts": Array(("int64",), low=1),
        "odd": LIST,
        "ranks": optional(STATE),
    }

    form: Form | None
    grid: Grid | None
    levels: np.ndarray
    strays: np.ndarray
    stray_counts: np.ndarray
    odd: np.ndarray
    ranks: RankTransform | None
    _growing: _Growing | None = None

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        if evidence.form is not None:
            return evidence.form.meaning == cls.meaning
        return evidence.domain == "number"

    @classmethod
    def check_fits(cls, physical: PhysicalType, cells: Cells) -> None:
        super().check_fits(physical, cells)
        form_for(cls.meaning, physical, cells.present)

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        self.form = form_for(self.meaning, self.physical, cells.present)
        self.grid, self.ranks = None, None
        self.levels, self.strays, self.stray_counts = np.empty(0), np.empty(0), _NO_COUNTS
        self.odd = cells.values[:0]
        self._with_missing = cells.missing_rate > 0
        if cells.missing_rate == 1:
            return
        tally = cells.tally
        if not tally.is_exact and (self.form is not None or tally.gaps is None):
            # What is not known of written cells has no place in the order of their numbers: these
            # are counted apart, and until then those of the sample stand for them.
            self._growing, tally = _Growing(GrowingTally(), set(), rng), Tally.of(cells.present)
        numbers, fits = self.read_numbers(tally.values)
        self.odd = tally.values[~fits]
        self._fit_numbers(tally.where(fits).mapped(numbers[fits]), rng)

    @property
    def is_open(self) -> bool:
        return self._growing is not None

    def glean(self, cells: Cells) -> tuple[np.ndarray, np.ndarray, set[Any]]:
        numbers, fits = self.read_numbers(cells.present)
        return *count(numbers[fits]), set(cells.present[~fits].tolist())

    def see(self, gleaned: tuple[np.ndarray, np.ndarray, set[Any]]) -> None:
        growing, (numbers, counts, odd) = required(self._growing), gleaned
        growing.tally.add_counted(numbers, counts)
        growing.odd.update(odd)
        if len(growing.odd) > MAX_ODD:
            raise ValueError(
                f"more than {MAX_ODD} cells, such as {min(growing.odd)!r}, are no {self._word} in "
                f"the format {required(self.form).sample}: correct them or use the kind "
                "'categorical'"
            )

    def close(self) -> None:
        growing, self._growing = required(self._growing), None
        self.odd = as_cells(sorted(growing.odd), self.odd.dtype)
        self.grid, self.ranks = None, None
        self._fit_numbers(growing.tally.result(), growing.rng)

    def _fit_numbers(self, tally: Tally, rng: np.random.Generator) -> None:
        if self.options.protect_extremes:
            tally = self._without_extremes(tally, rng)
        self.grid = Grid.of_tally(tally, self.physical.float_type)
        on_grid = self.grid.holds(tally.values, self.physical.float_type)
        strays = tally.where(~on_grid)
        self.strays, self.stray_counts = strays.values, strays.counts
        tally = tally.where(on_grid)
        tally = tally.mapped(self.grid.to_keys(tally.values))
        keys = tally.values
        spikes = _are_spikes(tally.counts, tally.n_rows, self.options.spike_share)
        if len(keys) <= self.options.max_discrete or spikes.all():
            self.levels = keys
            return
        self.levels = keys[spikes]
        self.ranks = RankTransform.from_tally(tally.where(~spikes))

    def read_numbers(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self.form is None:
            return values, np.ones(len(values), dtype=bool)
        return parse_cells(self.form, values)

    def _parse(self, value: Any) -> Any:
        """Return a value as a cell: where a form writes it, it is such a cell or a plain value."""
        if self.form is None:
            return super()._parse(value)
        cell = as_written(self.physical, value)
        if cell is not None and (self.read_numbers(cell)[1][0] or cell[0] in self.odd.tolist()):
            return cell.tolist()[0]
        number = plain_number(self.form, self.physical, value)
        cell = self.from_numbers(np.array([number]))
        if self.to_numbers(cell)[0] != number:
            raise ValueError(f"{value!r} cannot be written as {self.form.sample}")
        return cell.tolist()[0]

    @property
    def _what_it_holds(self) -> str:
        if self.form is None:
            return super()._what_it_holds
        return f"a column that is written as {self.form.sample}"

    def read_bound(self, bound: Any, round_to: Callable[[Any], int]) -> Any:
        if is_missing(bound) or is_infinite(bound):
            return None
        if self.form is not None:
            return self._written_bound(bound)
        cell = self.read_value(self.physical.next_cell(bound, round_to))
        if cell.missing[0]:
            raise ValueError(f"a range has no bound {bound!r}; None is no bound")
        return self.to_numbers(cell.values)[0]

    def _written_bound(self, bound: Any) -> Any:
        """Return a bound of a column that is written in a form: given as a cell, or plainly."""
        cell = as_written(self.physical, bound)
        if cell is not None and self.read_numbers(cell)[1][0]:
            return self.read_numbers(cell)[0][0]
        try:
            return plain_number(self.form, self.physical, bound)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{bound!r} is no value of {self._what_it_holds}") from error

    def beyond(self, bound: Any, *, above: bool) -> Any:
        limit = self.read_bound(bound, math.floor if above else math.ceil)
        # In arrays, numbers pass their largest without a warning, and are found out below.
        numbers = np.array([limit])
        if numbers.dtype.kind == "f":
            end = np.array([np.inf if above else -np.inf], self.physical.float_type)
            with np.errstate(over="ignore"):
                numbers = np.nextafter(numbers.astype(end.dtype), end).astype(np.float64)
        else:
            numbers = numbers + 1 if above else numbers - 1
        if self.form is not None and numbers.dtype.kind == "f":
            return numbers.tolist()[0]
        nearest = self.physical.labels(self.from_numbers(numbers))[0]
        reached = self.read_bound(nearest, math.floor)
        if reached is None or not (reached > limit if above else reached < limit):
            where = "above" if above else "below"
            raise ValueError(f"no {self.physical.name} lies {where} {bound}")
        return nearest

    def possible(self, value: Any) -> str:
        if self.has_value:
            return super().possible(value)
        texts = self._text(self.menu().present)
        return f"possible are {shown(texts)}" if texts else ALL_MISSING

    def lie_between(self, values: np.ndarray) -> np.ndarray:
        ends = self.ends()
        numbers, are_numbers = self.read_numbers(values)
        if ends is None or numbers.dtype.kind != "f":
            return super().lie_between(values)
        return are_numbers & (numbers >= ends[0]) & (numbers <= ends[1])

    def taken_for(self, values: np.ndarray) -> str:
        if self.physical.overflows(values):
            return ""
        # Odd cells that were never seen are no numbers, and refused by their form.
        self.to_numbers(values)
        return "the nearest"

    @property
    def plain(self) -> Plain | None:
        return PlainNumbers(self)

    @property
    def decimals(self) -> int | None:
        return None if self.grid is None else self.grid.decimals

    def _without_extremes(self, tally: Tally, rng: np.random.Generator) -> Tally:
        """Return the numbers with others in the place of the outermost, on the same grid."""
        self.grid = Grid.of_tally(tally, self.physical.float_type)
        n_outer = self.options.protect_extremes
        # A number repeated more than n_outer times need not be repeated more often than that here.
        rows = np.repeat(np.arange(len(tally.values)), np.minimum(tally.counts, n_outer + 1))
        numbers = tally.values[rows]
        keys = self.grid.to_keys(numbers)
        are_states = len(np.unique(keys)) <= self.options.max_discrete
        made = without_extremes(keys, n_outer, not are_states, rng, tally.n_rows)
        stored = self._stored(made)
        made = np.clip(np.where(made != keys, stored, numbers), stored.min(), stored.max())
        moved = made != numbers
        stays = np.ones(len(tally.values), dtype=bool)
        stays[rows[moved]] = False
        kept, drawn = tally.where(stays), Tally.of(made[moved])
        values, counts = add_up([(kept.values, kept.counts), (drawn.values, drawn.counts)])
        if kept.gaps is None:
            return Tally(values, counts)
        gaps = np.zeros(len(values), dtype=np.int64)
        gaps[np.searchsorted(values, kept.values)] = kept.gaps
        return Tally(values, counts, gaps, 0, max(len(values), tally.n_distinct))

    def to_numbers(self, values: np.ndarray) -> np.ndarray:
        """Return canonical values as the numbers that have an order.

        Raises
        ------
        ValueError
            If one is written in another form than the fitted one.
        """
        numbers, fits = self.read_numbers(values)
        if not fits.all():
            raise ValueError(
                f"{values[~fits].tolist()[0]!r} is no {self._word} in the fitted format "
                f"{required(self.form).sample}"
            )
        return numbers

    def from_numbers(self, numbers: np.ndarray) -> np.ndarray:
        """Return canonical values of numbers, the way back from `to_numbers`."""
        return numbers if self.form is None else write_cells(self.form, numbers, self._canonical)

    @property
    def _canonical(self) -> np.dtype:
        """The dtype of the canonical values of a column that is written in a form."""
        return getattr(self.physical, "canonical", np.dtype(object))

    @property
    def has_order(self) -> bool:
        """See `ColumnTransformer.has_order`."""
        return True

    @property
    def has_value(self) -> bool:
        return self.ranks is not None

    @property
    def _gate_states(self) -> int:
        """Number of states that stand before the levels."""
        return 1 + self._with_missing if self.has_value else 0

    @property
    def stray_code(self) -> int:
        """Code of the strays, which stand behind the levels."""
        return self._gate_states + len(self.levels)

    @property
    def _first_odd(self) -> int:
        """Code of the first odd cell."""
        return self.stray_code + bool(len(self.strays))

    @property
    def _missing_code(self) -> int | None:
        if not self._with_missing:
            return None
        return 1 if self.has_value else self._first_odd + len(self.odd)

    @property
    def n_states(self) -> int:
        n_states = self._first_odd + len(self.odd) + (self._with_missing and not self.has_value)
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
            present, numbers = self._encode_odd(cells.values[present], present, codes)
            keys = self.grid.to_keys(numbers)
            codes[present] = self._level_codes(keys)
            if len(self.strays):
                codes[present[np.isin(numbers, self.strays)]] = self.stray_code
            if values is not None:
                regular = codes[present] == 0
                # Each row has a draw, so that rows need not be encoded one after another.
                uniform = None if rng is None else rng.random(len(codes))[present[regular]]
                scores = rank_to_score(required(self.ranks).to_ranks(keys[regular], uniform))
                values[present[regular]] = scores
        return (codes if self.n_states else None), values

    def _encode_odd(
        self, values: np.ndarray, rows: np.ndarray, codes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Write the codes of odd cells, and return the rows of numbers with these."""
        numbers, fits = self.read_numbers(values)
        if fits.all():
            return rows, numbers
        places = {cell: place for place, cell in enumerate(self.odd.tolist())}
        odd = [places.get(cell, UNKNOWN) for cell in values[~fits].tolist()]
        if UNKNOWN in odd:
            self.to_numbers(values[~fits][[odd.index(UNKNOWN)]])
        codes[rows[~fits]] = self._first_odd + np.array(odd, dtype=np.int32)
        return rows[fits], numbers[fits]

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
        cells = self.from_numbers(self._numbers(codes, values, missing, rng))
        if len(self.odd):
            odd = (codes >= self._first_odd) & ~missing
            cells[odd] = self.odd[codes[odd].astype(np.int64) - self._first_odd]
        return Cells(cells, missing)

    def _numbers(
        self,
        codes: np.ndarray,
        values: np.ndarray | None,
        missing: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return the numbers of states and scores, any number where there is none."""
        numbers = required(self.grid).from_keys(self._keys(codes, values, missing))
        if len(self.strays):
            stray = (codes == self.stray_code) & ~missing
            share = self.stray_counts / self.stray_counts.sum()
            numbers = numbers.astype(self.strays.dtype, copy=False)
            numbers[stray] = rng.choice(self.strays, size=int(stray.sum()), p=share)
        return numbers

    def _keys(
        self, codes: np.ndarray, values: np.ndarray | None, missing: np.ndarray
    ) -> np.ndarray:
        filler = (self.levels if self.ranks is None else self.ranks.knots)[:1]
        keys = np.repeat(filler, len(codes))
        behind = codes >= self._gate_states
        leveled = behind & (codes < self.stray_code) & ~missing
        keys[leveled] = self.levels[codes[leveled].astype(np.int64) - self._gate_states]
        if self.ranks is not None:
            regular = ~behind & ~missing
            keys[regular] = self.ranks.from_ranks(score_to_rank(required(values)[regular]))
        return keys

    def menu(self) -> Cells:
        numbers = self.levels[:0] if self.grid is None else self._menu_numbers()
        cells = self.from_numbers(numbers)
        if len(self.odd):
            cells = np.concatenate([cells, self.odd])
        menu = Cells(cells, np.zeros(len(cells), dtype=bool))
        if not self._with_missing:
            return menu
        return Cells.concatenate([menu, self.missing_cells(1)])

    def loose_cells(self) -> tuple[Cells, np.ndarray]:
        if self.ranks is None or not self.ranks.are_steps:
            return super().loose_cells()
        cells = self.from_numbers(self._stored(self.ranks.knots))
        shares = self.ranks.upper - self.ranks.lower
        return Cells(cells, np.zeros(len(cells), dtype=bool)), shares

    def n_possible(self, wanted: int) -> float:
        if not self.has_value:
            return super().n_possible(wanted)
        if self.grid is None or not self.grid.step:
            return math.inf
        low, high = self._end_keys()
        return float(high - low) + 1 + len(self.strays) + len(self.odd)

    def _menu_numbers(self) -> np.ndarray:
        return self._with_strays(self._stored(self.levels))

    def _with_strays(self, numbers: np.ndarray) -> np.ndarray:
        if not len(self.strays):
            return numbers
        return np.concatenate([numbers.astype(self.strays.dtype), self.strays])

    def holds(self, cells: Cells) -> np.ndarray:
        held = np.full(len(cells.missing), self._with_missing)
        numbers, fits = self.read_numbers(cells.present)
        known = np.isin(cells.present, self.odd) if len(self.odd) else np.zeros(len(fits), bool)
        known[fits] = self._are_known(numbers[fits])
        held[~cells.missing] = known
        return held

    def _are_known(self, numbers: np.ndarray) -> np.ndarray:
        if self.grid is None:
            return np.zeros(len(numbers), dtype=bool)
        if not self.has_value:
            return np.isin(numbers, self._menu_numbers())
        low, high = required(self.ends())
        return (numbers >= low) & (numbers <= high)

    def _stored(self, keys: np.ndarray) -> np.ndarray:
        """Return the numbers of keys, with the precision that they have in the table."""
        numbers = required(self.grid).from_keys(keys)
        if numbers.dtype.kind != "f":
            return numbers
        return numbers.astype(self.physical.float_type).astype(np.float64)

    def shares(self, cells: Cells, state_shares: np.ndarray) -> np.ndarray:
        codes, values = self.encode_cells(cells)
        shares = np.ones(len(cells.missing)) if codes is None else state_shares[codes]
        if len(self.strays):
            stray = (codes == self.stray_code) & ~cells.missing
            place = np.searchsorted(self.strays, self.to_numbers(cells.values[stray]))
            shares[stray] *= self.stray_counts[place] / self.stray_counts.sum()
        if values is not None:
            regular = np.ones(len(shares), dtype=bool) if codes is None else codes == 0
            keys = required(self.grid).to_keys(self.to_numbers(cells.values[regular]))
            shares[regular] *= required(self.ranks).shares(keys)
        return shares

    def rank_span(
        self, low: Any, high: Any, state_shares: np.ndarray
    ) -> tuple[tuple[float, float] | None, float]:
        span = None if not self.has_value else self._key_span(low, high)
        found = None if span is None else required(self.ranks).span(*span)
        if found is None:
            return None, 0.0
        ranks, share = found
        return ranks, float(share * (state_shares[0] if self.n_states else 1.0))

    def _key_span(self, low: Any, high: Any) -> tuple[Any, Any] | None:
        """Return the first and last key of a value from one number to another, None if none is."""
        knots = required(self.ranks).knots
        smallest, largest = self._stored(knots[[0, -1]])
        if (low is not None and low > largest) or (high is not None and high < smallest):
            return None
        first = knots[0] if low is None else max(self._key_beside(low, above=True), knots[0])
        last = knots[-1] if high is None else min(self._key_beside(high, above=False), knots[-1])
        return (first, last) if first <= last else None

    def _key_beside(self, number: Any, *, above: bool) -> Any:
        """Return the key of a number, or of the next one on the grid above or below."""
        key = required(self.grid).to_keys(np.array([number]))
        stored = self._stored(key)[0]
        if above:
            return key[0] + 1 if stored < number else key[0]
        return key[0] - 1 if stored > number else key[0]

    def cells_at_ranks(self, ranks: np.ndarray, low: Any = None, high: Any = None) -> Cells:
        """Return the cells of the column's value at ranks in [0, 1], from one number to another."""
        keys = np.clip(required(self.ranks).from_ranks(ranks), *required(self._key_span(low, high)))
        return Cells(self.from_numbers(self._stored(keys)), np.zeros(len(ranks), dtype=bool))

    def state_labels(self) -> list[str]:
        if not self.n_states:
            return []
        levels = self._labels(self.levels) + [OFF_GRID] * bool(len(self.strays))
        levels += self._text(self.odd) if len(self.odd) else []
        if self.has_value:
            return [REGULAR] + [MISSING] * self._with_missing + levels
        return levels + [MISSING] * self._with_missing

    def _labels(self, keys: np.ndarray) -> list[str]:
        if not len(keys):
            return []
        return self._text(self.from_numbers(required(self.grid).from_keys(keys)))

    def bounds(self) -> tuple[Any, Any] | None:
        ends = self.ends()
        return None if ends is None else tuple(self.physical.labels(self.from_numbers(ends)))

    def ends(self) -> np.ndarray | None:
        if self.grid is None:
            return None
        numbers = self._with_strays(self._stored(self._end_keys()))
        return np.array([numbers.min(), numbers.max()])

    def _end_keys(self) -> np.ndarray:
        parts = [self.levels] if self.ranks is None else [self.levels, self.ranks.knots[[0, -1]]]
        keys = np.concatenate([part for part in parts if len(part)])
        return np.array([keys.min(), keys.max()])

    def describe_encoding(self) -> str:
        written = "" if self.form is None else f", written as {required(self.form).sample}"
        return self._describe_states() + written

    def _describe_states(self) -> str:
        if not self.n_states and not self.has_value:
            return "constant"
        if not self.has_value:
            return f"{self.n_states} states"
        parts = ["value"] + ["missing"] * self._with_missing
        counts = {"spike": len(self.levels), "odd cell": len(self.odd)}
        parts += [f"{n} {what}{'s' * (n > 1)}" for what, n in counts.items() if n]
        return " + ".join(parts + ["off grid"] * bool(len(self.strays)))

    def _state(self) -> dict[str, Any]:
        return {
            "form": None if self.form is None else self.form.to_dict(),
            "with_missing": self._with_missing,
            "grid": None if self.grid is None else self.grid.to_dict(),
            "levels": self.levels,
            "strays": self.strays,
            "stray_counts": self.stray_counts,
            "odd": [to_jsonable(cell) for cell in self.odd.tolist()],
            "ranks": None if self.ranks is None else self.ranks.to_dict(),
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        self.form = None if state["form"] is None else form_from_dict(state["form"])
        self._with_missing = state["with_missing"]
        self.grid = None if state["grid"] is None else Grid.from_dict(state["grid"])
        self.levels = state["levels"]
        self.strays, self.stray_counts = state["strays"], state["stray_counts"]
        expect(len(self.strays) == len(self.stray_counts), "each number off the grid needs a count")
        odd = [from_jsonable(cell) for cell in state["odd"]]
        is_text = self.physical.domain == "text"
        kinds = str if is_text else int | float
        expect(all(isinstance(cell, kinds) for cell in odd), "odd cells of another column")
        self.odd = as_cells(odd, self._canonical)
        self.ranks = None if state["ranks"] is None else RankTransform.from_dict(state["ranks"])
        keys = [self.levels] if self.ranks is None else [self.levels, self.ranks.knots]
        expect(self.form is not None or not is_text or self.grid is None, "text needs a form")
        if self.grid is None:
            expect(not any(map(len, keys)), "numbers without a grid")
        else:
            expect(any(map(len, keys)), "a grid without numbers")
            expect(all(map(self.grid.holds_keys, keys)), "its numbers are not on its grid")


def _are_spikes(counts: np.ndarray, n_rows: int, share: float) -> np.ndarray:
    """Whether each number holds more than a share of the rows that commoner ones leave."""
    order = np.argsort(-counts, kind="stable")
    ordered = counts[order]
    left = n_rows - np.cumsum(ordered) + ordered
    n_least = min(share * n_rows, max(MIN_SPIKE_ROWS, MIN_SPIKE_SHARE * n_rows))
    is_spike = (ordered > share * left) & (ordered >= n_least)
    spikes = np.zeros(len(counts), dtype=bool)
    spikes[order] = np.logical_and.accumulate(is_spike)
    return spikes
