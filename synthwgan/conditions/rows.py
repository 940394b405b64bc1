"""Sampling, under conditions or none: from what a user gives or wants to finished rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.conditions.lookups import through_rules
from synthwgan.conditions.reader import ConditionReader
from synthwgan.conditions.wishes import Condition
from synthwgan.randomness import as_generator
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.sampler import Sampler
from synthwgan.table import TableTransformer
from synthwgan.table.door import chosen_places
from synthwgan.table.given import GivenRows
from synthwgan.table.law import Law
from synthwgan.table.layout import EncodedTable
from synthwgan.table.solver import Solver
from synthwgan.table.storage.dtypes import blank
from synthwgan.table.target import with_target
from synthwgan.table.totals import TotalSolver
from synthwgan.warn import warn

# Conditions count as rare after so many drawn rows for each that is wanted.
MAX_TRIES = 100
MIN_TRIED = 20_000
SURPLUS = 1.1
MIN_DRAWN = 64
# So often rows are drawn anew that have their missing cells where those had that they replace.
MAX_MATCHED_ROUNDS = 20
# How often the cells of a given row are drawn again if they break a rule with the given ones.
MAX_ROUNDS = 40
# So many rows are drawn at once in place of those that break a rule: the fewer are left, the more
# copies of each, of which one may keep all rules.
N_COPIES = 256
# Of so many rounds one draws all of them again, the others those that have a part in a broken rule.
FULL_ROUNDS = 4

# In the form of the fitted table, or the one that the user chose.
Table = Any
Conditions = Mapping[int, Condition]


class TableRows:
    """Draws rows, in the form of the table that was fitted.

    Every row of a synthesizer of one table is drawn here, and leaves only if it keeps the rules.

    Parameters
    ----------
    transformer : TableTransformer
        Decodes rows.
    sampler : Sampler
        Draws encoded rows of all kinds.
    conditional : ConditionalSampler or None
        Draws what is not given of encoded rows; None if the model has not learnt it.
    seeds : sequence of int
        Seed of the sampler's noise, and of all else.
    output : {"default", "pandas", "polars", "arrow"}, default "default"
        Form of the rows, see `TableTransformer.as_given`.
    """

    def __init__(
        self,
        transformer: TableTransformer,
        sampler: Sampler,
        conditional: ConditionalSampler | None,
        seeds: Sequence[int],
        output: str = "default",
    ) -> None:
        self.transformer, self.sampler, self.conditional = transformer, sampler, conditional
        self.output = output
        self.reader = ConditionReader(transformer, sampler.marginals.cpu().numpy())
        self.noise, self.rng = sampler.noise(seeds[0]), as_generator(seeds[1])
        self.law = Law(transformer.reduction_)
        self.solver = Solver(self.law)
        self.totals = TotalSolver(self.law, self.rng)
        self.identifiers = transformer.identifier_stream(seeds[1])

    def of_all_kinds(self, n_rows: int) -> Table:
        """Draw rows under no condition."""
        self.law.check_room(n_rows)
        # They are a table by themselves, and so are their identifiers.
        self.identifiers = self.transformer.identifier_stream(self.rng)
        return self._out(self._without_conditions(n_rows))

    def in_chunks(self, n_rows: int, chunk_size: int) -> Iterator[Table]:
        """Draw rows under no condition, in chunks."""
        self.law.check_room(n_rows)
        return (
            self._out(self._without_conditions(min(chunk_size, n_rows - start)))
            for start in range(0, n_rows, chunk_size)
        )

    def _out(self, rows: pd.DataFrame, n_columns: int | None = None) -> Table:
        return self.transformer.as_given(rows, self.output, n_columns)

    def _without_conditions(self, n_rows: int) -> pd.DataFrame:
        rows = self._decode(self._drawn(n_rows))
        unlawful = self.law.is_broken(rows)
        if unlawful.any():
            rows = self.law.replaced(rows, unlawful, self._instead(rows, unlawful))
        self.law.remember(rows)
        return rows

    def _instead(self, rows: pd.DataFrame, unlawful: np.ndarray) -> pd.DataFrame:
        """Return lawful rows in place of those that are not, of the same patterns as far as can be.

        Only what is computed can be beyond the table. If any row took the place of such ones, cells
        that are missing, or as no rule computes them, would become more frequent.
        """
        before, lost = [_take(rows, ~unlawful)], self.law.patterns(_take(rows, unlawful))
        rate, n_drawn = 1 - unlawful.mean(), 0
        for _ in range(MAX_MATCHED_ROUNDS):
            if not lost:
                break
            n_left = sum(lost.values())
            n_next = min(int(n_left * SURPLUS / max(rate, 1 / MAX_TRIES)) + MIN_DRAWN, MIN_TRIED)
            fresh = self._draw({}, n_next)
            fresh = _take(fresh, ~self.law.is_broken(fresh, before))
            n_drawn, rate = n_drawn + n_next, len(fresh) / n_next
            before.append(_take(fresh, self.law.matching(fresh, lost)))
        n_left = sum(lost.values())
        if n_left:
            others, n_tried = self._accepted({}, {}, n_left, rate, before)
            if len(others) < n_left:
                raise ValueError(self._why_none(n_drawn + n_tried, n_left - len(others)))
            before.append(others)
        return pd.concat(before[1:], ignore_index=True)

    def where(
        self, conditions: Mapping[Any, Any], n_rows: int, chunk_size: int, on_rare: str
    ) -> Iterator[Table]:
        """Draw rows that meet conditions, in chunks; see `WGANGPSynthesizer.sample`."""
        self.law.check_room(n_rows)
        groups = self.reader.groups(conditions)
        counts = _apportion([group.share for group in groups], n_rows)
        of_rows = self.rng.permutation(np.repeat(np.arange(len(groups)), counts))
        return (
            self._out(
                self._chunk(
                    [group.conditions for group in groups], of_rows[start:][:chunk_size], on_rare
                )
            )
            for start in range(0, n_rows, chunk_size)
        )

    def _chunk(self, groups: list[Conditions], of_rows: np.ndarray, on_rare: str) -> pd.DataFrame:
        """Rows of several groups, in random order."""
        wanted = np.bincount(of_rows, minlength=len(groups))
        parts = []
        for group in np.flatnonzero(wanted):
            parts.append(self._rows_of_group(groups[group], int(wanted[group]), on_rare))
            self.law.remember(parts[-1])
        if len(parts) == 1:
            return parts[0]
        rows = pd.concat(parts, ignore_index=True)
        return _take(rows, self.rng.permutation(len(rows)))

    def _rows_of_group(self, conditions: Conditions, n_wanted: int, on_rare: str) -> pd.DataFrame:
        """Rows that meet the same conditions."""
        conditions = through_rules(conditions, self.reader)
        pinned, checked = self._split(conditions)
        expected = float(np.prod([condition.share for condition in checked.values()]))
        rows, n_drawn = self._accepted(pinned, checked, n_wanted, expected)
        if len(rows) == n_wanted:
            return rows
        rest = self._rare(conditions, n_wanted, len(rows), n_drawn, on_rare)
        return pd.concat([rows, rest], ignore_index=True)

    def _accepted(
        self,
        pinned: Conditions,
        checked: Conditions,
        n_wanted: int,
        expected: float,
        before: Sequence[pd.DataFrame] = (),
    ) -> tuple[pd.DataFrame, int]:
        """Return rows that meet the conditions and keep the rules, and how many were drawn.

        They keep them together with the rows before.

        The loop ends: either rows are found often enough, or the limit on drawn rows is reached.
        """
        kept: list[pd.DataFrame] = []
        n_kept, n_drawn = 0, 0
        while n_kept < n_wanted and n_drawn < max(MAX_TRIES * n_kept, MIN_TRIED):
            n_next = n_wanted - n_kept
            if checked or before or n_drawn:
                rate = max((n_kept + expected) / (n_drawn + 1), 1 / MAX_TRIES)
                n_next = int(n_next * SURPLUS / rate) + MIN_DRAWN
                n_next = min(n_next, self.sampler.chunk_rows)
            rows = self._draw(pinned, n_next)
            n_drawn += len(rows)
            met = self._are_met(rows, checked)
            met[met] = ~self.law.is_broken(_take(rows, met), [*before, *kept])
            kept.append(_take(rows, met))
            n_kept += len(kept[-1])
        return _take(pd.concat(kept, ignore_index=True), slice(n_wanted)), n_drawn

    def _split(self, conditions: Conditions) -> tuple[Conditions, Conditions]:
        """Split conditions into those given to the generator and those checked on its rows.

        What is fixed can be given, in a column that is learned. If nothing is, the rarest column
        can be: its distribution under its own condition is known from the table.
        """
        if self.conditional is None:
            return {}, conditions
        learned = [place for place in conditions if place in self.reader.learned]
        pinned = {place: conditions[place] for place in learned if conditions[place].is_fixed}
        if learned and not pinned:
            rarest = min(learned, key=lambda place: conditions[place].share)
            pinned = {rarest: conditions[rarest]}
        return pinned, {place: one for place, one in conditions.items() if place not in pinned}

    def _draw(self, pinned: Conditions, n_rows: int) -> pd.DataFrame:
        """Rows that meet the pinned conditions."""
        if not pinned:
            return self._decode(self._drawn(n_rows))
        cells = {place: condition.draw(n_rows, self.rng) for place, condition in pinned.items()}
        return self._filled(GivenRows.of_columns(n_rows, self.reader.n_columns, cells), None)

    def _drawn(self, n_rows: int) -> EncodedTable:
        return EncodedTable.concatenate(list(self.sampler.chunks(n_rows, self.noise)))

    def _filled(self, rows: GivenRows, forbidden: np.ndarray | None) -> pd.DataFrame:
        """Rows of which some cells are given, the others drawn, but for forbidden states."""
        partial = self.transformer.encode_given(rows, self.rng)
        assert self.conditional is not None  # Callers refuse a model without one.
        encoded = self.conditional.complete(partial, self.noise, forbidden)
        return self._decode(encoded, rows)

    def _decode(self, encoded: EncodedTable, given: GivenRows | None = None) -> pd.DataFrame:
        """Make rows of what was drawn: the one way out, where rules rebuild columns."""
        return self.transformer.decode_frame(encoded, self.rng, self.identifiers, given)

    def _are_met(self, rows: pd.DataFrame, checked: Conditions) -> np.ndarray:
        met = np.ones(len(rows), dtype=bool)
        for place, condition in checked.items():
            met &= condition.accepts(self.reader.columns[place].read(rows.iloc[:, place]))
        return met

    def _rare(
        self, conditions: Conditions, n_wanted: int, n_found: int, n_drawn: int, on_rare: str
    ) -> pd.DataFrame:
        """Rows in place of those that were too rare: none, or drawn column by column.

        With ``on_rare="error"`` it raises a ValueError.
        """
        names = [self.reader.names[place] for place in conditions]
        found = (
            f"{n_found} of the {n_wanted} rows asked for were found among {n_drawn} drawn ones: "
            f"too few meet the conditions on {names}"
        )
        if on_rare == "restrict" and self.conditional is None:
            raise ValueError(
                f"{found}; loosen one, fit with conditional=True, or pass on_rare='fewer' to get "
                "those found"
            )
        if on_rare == "error":
            raise ValueError(
                f"{found}; loosen one, or pass on_rare='fewer' to get those found, or "
                "on_rare='restrict' for rows in which these columns do not depend on each other"
            )
        if on_rare == "fewer":
            warn(f"{found}; those found are returned")
            return _take(self._draw({}, 1), slice(0))
        return self._restricted(conditions, n_wanted - n_found, found)

    def _restricted(self, conditions: Conditions, n_rows: int, found: str) -> pd.DataFrame:
        """Rows in which each column under a condition is drawn by its own distribution."""
        learned = {place: one for place, one in conditions.items() if place in self.reader.learned}
        computed = {place: one for place, one in conditions.items() if place not in learned}
        if len(learned) > 1:
            warn(
                f"{found}; in the other {n_rows} each of these columns is drawn by itself, as if "
                "it did not depend on the others; for the rows found alone, pass on_rare='fewer'"
            )
        rows, n_drawn = self._accepted(learned, computed, n_rows, 1.0)
        if len(rows) < n_rows and computed:
            solved = self._solved(learned, computed, n_rows - len(rows))
            rows = pd.concat([rows, solved], ignore_index=True)
        if len(rows) < n_rows:
            raise ValueError(self._why_none(n_drawn, n_rows - len(rows), conditions))
        return rows

    def _solved(self, learned: Conditions, computed: Conditions, n_rows: int) -> pd.DataFrame:
        """Rows in which a part of each sum is what the other parts leave of the wanted total."""
        kept: list[pd.DataFrame] = []
        n_kept = 0
        for _ in range(MAX_ROUNDS):
            n_next = min(SURPLUS * (n_rows - n_kept) + MIN_DRAWN, self.sampler.chunk_rows)
            cells = {
                place: one.draw(int(n_next), self.rng)
                for place, one in {**learned, **computed}.items()
            }
            given = GivenRows.of_columns(int(n_next), self.reader.n_columns, cells)
            told = self.solver.implied(given)
            is_possible = self.solver.are_held(told, but=given.given)
            given = self.solver.below(told, lambda own: self._filled(own, None))
            rows = self._filled(self.totals.solved(given, self._filled(given, None)), None)
            met = is_possible & self._are_met(rows, {**learned, **computed})
            met[met] = ~self.law.is_broken(_take(rows, met), kept)
            kept.append(_take(rows, met))
            n_kept += len(kept[-1])
            if n_kept >= n_rows:
                break
        return _take(pd.concat(kept, ignore_index=True), slice(n_rows))

    def _why_none(self, n_drawn: int, n_lacking: int, conditions: Conditions | None = None) -> str:
        """Say which rule keeps rows from being found, and what to do."""
        n_rows = min(1000, self.sampler.chunk_rows)
        if conditions is None:
            rows, asked, where = self._draw({}, n_rows), "that", ""
            remedy = "train longer"
        else:
            cells = {place: one.draw(n_rows, self.rng) for place, one in conditions.items()}
            given = GivenRows.of_columns(n_rows, self.reader.n_columns, cells)
            rows, where = self._filled(given, None), "under these conditions "
            names = [self.reader.names[place] for place in cells]
            asked = f"that meet the conditions on {names} and"
            remedy = "loosen a condition"
        return (
            f"{n_lacking} rows {asked} keep the rules were not found among {n_drawn} drawn ones; "
            f"{where}{self.law.most_broken(rows)}: {remedy}, or fit without the rule, for instance "
            "with rules=None"
        )

    def completed(self, X: Any, n_draws: int, on_broken: str) -> Table:
        """Draw the missing cells of given rows; see `WGANGPSynthesizer.sample`."""
        rows = self.reader.given_rows(X, strict=True)
        return self._out(self._complete(X, rows, n_draws, None, on_broken))

    def imputed(
        self, X: Any, n_draws: int, target: Any, on_broken: str, columns: Any = None
    ) -> Table:
        """Fill the missing cells of a table; see `WGANGPSynthesizer.impute`."""
        filled = range(self.reader.n_columns)
        if columns is not None:
            filled = chosen_places(self.reader.names, columns)
        without_target = target is not None and _lacks_target(X, target, self.reader.n_columns)
        table = with_target(X, np.full(len(X), None), target) if without_target else X
        self.reader.check_all_columns(table)
        rows = self.reader.given_rows(table, strict=False)
        kept = self.reader.gaps(rows)
        kept[:, filled] = False
        if without_target:
            kept[:, -1] = False
        complete = self._complete(table, rows, n_draws, self.reader.missing_slots, on_broken, kept)
        return self._out(complete, self.reader.n_columns - 1 if without_target else None)

    def _complete(
        self,
        X: Any,
        rows: GivenRows,
        n_draws: int,
        forbidden: np.ndarray | None,
        on_broken: str,
        kept: np.ndarray | None = None,
    ) -> pd.DataFrame:
        """Draw what is not given of rows, in several draws; `kept` are gaps that stay."""
        if self.conditional is None:
            raise ValueError(
                "completing rows needs a model that was fitted with conditional=True, to the end"
            )
        index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(rows))
        if kept is not None and kept.any():
            rows = self.solver.beside_gaps(rows, kept)
        # What imputes forbids missing cells.
        rows = self.solver.implied(rows, is_filled=forbidden is not None)
        is_faulty = self.law.given_broken(rows, index, on_broken)
        repeated = np.repeat(np.arange(len(rows)), n_draws)
        table = self._lawfully_filled(rows.take(repeated), forbidden, is_faulty[repeated])
        for place, (where, cells) in self.reader.unseen.items():
            table = _with_cells(table, place, where[repeated], cells.repeat(n_draws))
        if kept is not None:
            table = table.copy(deep=False)
            for place in np.flatnonzero(kept.any(axis=0)):
                table.isetitem(place, blank(table.iloc[:, place], kept[repeated, place]))
        if isinstance(X, pd.DataFrame) and self.transformer.array_dtype_ is None:
            table.index = X.index.repeat(n_draws)
        return table

    def _lawfully_filled(
        self, rows: GivenRows, forbidden: np.ndarray | None, is_faulty: np.ndarray
    ) -> pd.DataFrame:
        """Fill rows, again where they break a rule; given cells that break one stay."""
        told = self.solver.below(rows, lambda own: self._filled(own, forbidden))
        table = self._filled(told, forbidden)
        unlawful = self.law.breaks_by_itself(table, rows.given) & ~is_faulty
        for tried in range(MAX_ROUNDS):
            if not unlawful.any():
                return table
            open_rows = np.flatnonzero(unlawful)
            n_copies = max(1, N_COPIES // len(open_rows))
            copies = np.repeat(open_rows, n_copies)
            # Cells that were told to suit others may be what leaves no way.
            again = (rows if tried % FULL_ROUNDS else told).take(copies)
            before = _take(table, copies)
            if tried % FULL_ROUNDS:
                again = self.solver.but_broken(again, before)
            drawn = self._filled(self.totals.solved(again, before), forbidden)
            is_lawful = ~self.law.breaks_by_itself(drawn, rows.given[copies]).reshape(-1, n_copies)
            best = np.arange(len(open_rows)) * n_copies + is_lawful.argmax(axis=1)
            table = _with_rows(table, unlawful, _take(drawn, best))
            unlawful[open_rows] = ~is_lawful.any(axis=1)
        if unlawful.any():
            warn(self.law.unmended(_take(table, unlawful), len(rows)))
        return table


def _lacks_target(X: Any, target: Any, n_columns: int) -> bool:
    if isinstance(X, pd.DataFrame):
        return target not in X.columns
    return np.asarray(X).shape[1] == n_columns - 1


def _apportion(shares: Sequence[float], n_rows: int) -> np.ndarray:
    """Whole numbers of rows that are nearest to the shares and add up (largest remainders)."""
    exact = np.array(shares) / sum(shares) * n_rows
    counts = np.floor(exact + 1e-9).astype(np.int64)
    largest = np.argsort(counts - exact, kind="stable")
    counts[largest[: n_rows - counts.sum()]] += 1
    return counts


def _take(rows: pd.DataFrame, chosen: np.ndarray | slice) -> pd.DataFrame:
    return rows.iloc[chosen].reset_index(drop=True)


def _with_cells(
    rows: pd.DataFrame, place: int, where: np.ndarray, cells: pd.Series
) -> pd.DataFrame:
    """Return rows with other cells in some rows of a column, also such as its dtype lists not."""
    column = rows.iloc[:, place].copy()
    if isinstance(column.dtype, pd.CategoricalDtype):
        unlisted = pd.Index(cells.unique()).difference(column.cat.categories, sort=False)
        column = column.cat.add_categories(unlisted)
    column.iloc[where] = cells.to_list()
    rows = rows.copy(deep=False)
    rows.isetitem(place, column)
    return rows


def _with_rows(rows: pd.DataFrame, chosen: np.ndarray, others: pd.DataFrame) -> pd.DataFrame:
    """Return rows with others in the place of some."""
    order = np.arange(len(rows))
    order[chosen] = len(rows) + np.arange(len(others))
    return _take(pd.concat([rows, others], ignore_index=True), order)
