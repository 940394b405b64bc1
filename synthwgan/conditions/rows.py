"""Sampling, under conditions or none: from what a user gives or wants to finished rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.conditions.reader import ConditionReader
from synthwgan.conditions.wishes import Condition
from synthwgan.randomness import as_generator
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.sampler import Sampler
from synthwgan.table import TableTransformer
from synthwgan.table.columns.identifier import IdentifierStream
from synthwgan.table.given import GivenRows
from synthwgan.table.layout import EncodedTable
from synthwgan.table.target import with_target

# Conditions count as rare after so many drawn rows for each that is wanted.
MAX_TRIES = 100
MIN_TRIED = 20_000
SURPLUS = 1.1
MIN_DRAWN = 64

Table = pd.DataFrame | np.ndarray
Conditions = Mapping[int, Condition]


class TableRows:
    """Draws rows, in the form of the table that was fitted.

    Every row of a synthesizer of one table is drawn here, and decoded in `_decode`.

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
    """

    def __init__(
        self,
        transformer: TableTransformer,
        sampler: Sampler,
        conditional: ConditionalSampler | None,
        seeds: Sequence[int],
    ) -> None:
        self.transformer, self.sampler, self.conditional = transformer, sampler, conditional
        self.reader = ConditionReader(transformer, sampler.marginals.cpu().numpy())
        self.noise, self.rng = sampler.noise(seeds[0]), as_generator(seeds[1])
        self.identifiers = transformer.identifier_stream(seeds[1])

    def of_all_kinds(self, n_rows: int) -> Table:
        """Draw rows under no condition."""
        # They are a table by themselves, and so are their identifiers.
        return self._decode(self._drawn(n_rows), identifiers=None)

    def in_chunks(self, n_rows: int, chunk_size: int) -> Iterator[Table]:
        """Draw rows under no condition, in chunks."""
        for start in range(0, n_rows, chunk_size):
            encoded = self._drawn(min(chunk_size, n_rows - start))
            yield self._decode(encoded, identifiers=self.identifiers)

    def where(
        self, conditions: Mapping[Any, Any], n_rows: int, chunk_size: int, on_rare: str
    ) -> Iterator[Table]:
        """Draw rows that meet conditions, in chunks; see `WGANGPSynthesizer.sample`."""
        groups = self.reader.groups(conditions)
        counts = _apportion([group.share for group in groups], n_rows)
        of_rows = self.rng.permutation(np.repeat(np.arange(len(groups)), counts))
        return (
            self._chunk(
                [group.conditions for group in groups], of_rows[start:][:chunk_size], on_rare
            )
            for start in range(0, n_rows, chunk_size)
        )

    def _chunk(self, groups: list[Conditions], of_rows: np.ndarray, on_rare: str) -> Table:
        """Rows of several groups, in random order."""
        wanted = np.bincount(of_rows, minlength=len(groups))
        parts = []
        for group in np.flatnonzero(wanted):
            parts.append(self._rows_of_group(groups[group], int(wanted[group]), on_rare))
        if len(parts) == 1:
            return parts[0]
        rows = _stack(parts)
        return _take(rows, self.rng.permutation(len(rows)))

    def _rows_of_group(self, conditions: Conditions, n_wanted: int, on_rare: str) -> Table:
        """Rows that meet the same conditions."""
        pinned, checked = self._split(conditions)
        if not checked:
            return self._draw(pinned, n_wanted)
        kept, n_kept, n_drawn = [], 0, 0
        expected = float(np.prod([condition.share for condition in checked.values()]))
        # The loop ends: either rows are found often enough, or the limit on drawn rows is reached.
        while n_kept < n_wanted and n_drawn < max(MAX_TRIES * n_kept, MIN_TRIED):
            rate = max((n_kept + expected) / (n_drawn + 1), 1 / MAX_TRIES)
            n_next = int((n_wanted - n_kept) * SURPLUS / rate) + MIN_DRAWN
            rows = self._draw(pinned, min(n_next, self.sampler.chunk_rows))
            n_drawn += len(rows)
            kept.append(_take(rows, self._are_met(rows, checked)))
            n_kept += len(kept[-1])
        if n_kept < n_wanted:
            kept.append(self._rare(conditions, n_wanted - n_kept, n_drawn, on_rare))
        return _take(_stack(kept), slice(n_wanted))

    def _split(self, conditions: Conditions) -> tuple[Conditions, Conditions]:
        """Split conditions into those given to the generator and those checked on its rows.

        What is fixed can be given. If nothing is, the rarest column can be: its distribution
        under its own condition is known from the table.
        """
        if self.conditional is None:
            return {}, conditions
        pinned = {place: one for place, one in conditions.items() if one.is_fixed}
        if not pinned:
            rarest = min(conditions, key=lambda place: conditions[place].share)
            pinned = {rarest: conditions[rarest]}
        return pinned, {place: one for place, one in conditions.items() if place not in pinned}

    def _draw(self, pinned: Conditions, n_rows: int) -> Table:
        """Rows that meet the pinned conditions."""
        if not pinned:
            return self._decode(self._drawn(n_rows), identifiers=self.identifiers)
        cells = {place: condition.draw(n_rows, self.rng) for place, condition in pinned.items()}
        return self._filled(GivenRows.of_columns(n_rows, self.reader.n_columns, cells), None)

    def _drawn(self, n_rows: int) -> EncodedTable:
        return EncodedTable.concatenate(list(self.sampler.chunks(n_rows, self.noise)))

    def _filled(self, rows: GivenRows, forbidden: np.ndarray | None) -> Table:
        """Rows of which some cells are given, the others drawn, but for forbidden states."""
        partial = self.reader.encode(rows, self.rng)
        assert self.conditional is not None  # Callers refuse a model without one.
        encoded = self.conditional.complete(partial, self.noise, forbidden)
        return self._decode(encoded, self.identifiers, rows)

    def _decode(
        self,
        encoded: EncodedTable,
        identifiers: IdentifierStream | None,
        given: GivenRows | None = None,
    ) -> Table:
        """Finish rows: the one way out, see `TableTransformer.finish`."""
        return self.transformer.decode(encoded, self.rng, identifiers, given)

    def _are_met(self, rows: Table, checked: Conditions) -> np.ndarray:
        met = np.ones(len(rows), dtype=bool)
        for place, condition in checked.items():
            met &= condition.accepts(self.reader.columns[place].read(_column(rows, place)))
        return met

    def _rare(self, conditions: Conditions, n_rows: int, n_drawn: int, on_rare: str) -> Table:
        """Rows in place of those that were too rare: none, or drawn column by column.

        With ``on_rare="error"`` it raises a ValueError.
        """
        names = [self.reader.names[place] for place in conditions]
        found = f"{n_drawn} drawn rows had {n_rows} too few that meet the conditions on {names}"
        if on_rare == "restrict" and self.conditional is None:
            raise ValueError(
                f"{found}; fit with conditional=True, or pass on_rare='fewer' for those found"
            )
        if on_rare == "error":
            raise ValueError(f"{found}; loosen one, or pass on_rare='restrict' or 'fewer'")
        if on_rare == "fewer":
            warnings.warn(f"{found}; those found are returned", UserWarning, stacklevel=6)
            return _take(self._draw({}, 1), slice(0))
        warnings.warn(
            f"{found}; in the others each of these columns is drawn by its own distribution, "
            "as if it did not depend on the others",
            UserWarning,
            stacklevel=6,
        )
        return self._draw(conditions, n_rows)

    def completed(self, X: Any, n_draws: int) -> Table:
        """Draw the missing cells of given rows; see `WGANGPSynthesizer.sample`."""
        return self._complete(X, self.reader.given_rows(X, strict=True), n_draws, None)

    def imputed(self, X: Any, n_draws: int, target: Any) -> Table:
        """Fill the missing cells of a table; see `WGANGPSynthesizer.impute`."""
        without_target = target is not None and _lacks_target(X, target, self.reader.n_columns)
        table = with_target(X, np.full(len(X), None), target) if without_target else X
        self.reader.check_all_columns(table)
        rows = self.reader.given_rows(table, strict=False)
        filled = self._complete(table, rows, n_draws, self.reader.missing_slots)
        return _without_last(filled) if without_target else filled

    def _complete(
        self, X: Any, rows: GivenRows, n_draws: int, forbidden: np.ndarray | None
    ) -> Table:
        if self.conditional is None:
            raise ValueError(
                "completing rows needs a model that was fitted with conditional=True, to the end"
            )
        rows = rows.take(np.repeat(np.arange(len(rows)), n_draws))
        table = self._filled(rows, forbidden)
        if isinstance(table, pd.DataFrame) and isinstance(X, pd.DataFrame):
            table.index = X.index.repeat(n_draws)
        return table


def _lacks_target(X: Any, target: Any, n_columns: int) -> bool:
    if isinstance(X, pd.DataFrame):
        return target not in X.columns
    return np.asarray(X).shape[1] == n_columns - 1


def _without_last(rows: Table) -> Table:
    return rows[:, :-1] if isinstance(rows, np.ndarray) else rows.iloc[:, :-1]


def _apportion(shares: Sequence[float], n_rows: int) -> np.ndarray:
    """Whole numbers of rows that are nearest to the shares and add up (largest remainders)."""
    exact = np.array(shares) / sum(shares) * n_rows
    counts = np.floor(exact + 1e-9).astype(np.int64)
    largest = np.argsort(counts - exact, kind="stable")
    counts[largest[: n_rows - counts.sum()]] += 1
    return counts


def _column(rows: Table, place: int) -> pd.Series:
    return rows.iloc[:, place] if isinstance(rows, pd.DataFrame) else pd.Series(rows[:, place])


def _take(rows: Table, chosen: np.ndarray | slice) -> Table:
    if isinstance(rows, np.ndarray):
        return rows[chosen]
    return rows.iloc[chosen].reset_index(drop=True)


def _stack(parts: list[Table]) -> Table:
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    return pd.concat(parts, ignore_index=True)
