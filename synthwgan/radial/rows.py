"""Rows of domains: from tables through the latent space to tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.radial.columns.domain import OwnColumn
from synthwgan.radial.columns.union import DomainUnion, Values
from synthwgan.radial.columns.values import are_copied
from synthwgan.radial.sampler import DomainSampler
from synthwgan.randomness import as_generator
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.law import Law
from synthwgan.table.storage.dtypes import listed
from synthwgan.warn import warn

# How often rows that break a rule of their domain are drawn again.
_MAX_ROUNDS = 100


@dataclass(frozen=True)
class _Crossing:
    """Rows of one domain on their way to another.

    Parameters
    ----------
    rows : DataFrame of shape (n_rows, n_columns)
        As they are in the source.
    source, target : str
        Domains.
    known : mapping of place to ndarray of shape (n_rows,)
        Their values in columns that may be shared.
    kept : mapping of place to ndarray of shape (n_rows,), bool
        Which of these stay as they are.
    """

    rows: pd.DataFrame
    source: str
    target: str
    known: Values
    kept: Mapping[int, np.ndarray]

    def of(self, rows: np.ndarray) -> _Crossing:
        """Return some of the rows."""
        known, kept = (
            {place: cells[rows] for place, cells in each.items()}
            for each in (self.known, self.kept)
        )
        return replace(self, rows=self.rows.iloc[rows], known=known, kept=kept)


class DomainRows:
    """Translates, draws and encodes rows, in the form of the tables that were fitted.

    Parameters
    ----------
    union : DomainUnion
        The columns of all domains.
    sampler : DomainSampler
        Draws encoded rows.
    target : column name or None
        The column that rows keep in every translation.
    seeds : sequence of int
        Seed of the sampler's noise, and of all else.
    """

    def __init__(
        self, union: DomainUnion, sampler: DomainSampler, target: object, seeds: Sequence[int]
    ) -> None:
        self.union, self.sampler, self.target = union, sampler, target
        self.noise, self.rng = sampler.noise(seeds[0]), as_generator(seeds[1])
        self.laws = {
            name: Law(domain.transformer.reduction_) for name, domain in union.domains.items()
        }

    def translate(
        self, X: pd.DataFrame, source: str, target: str, *, keep_shared: bool, fill: bool
    ) -> pd.DataFrame:
        """Return rows of one domain as rows of another; see `RadialGANSynthesizer.translate`."""
        known = self.union.read(source, X)
        crossing = _Crossing(X, source, target, known, self._kept(known, target, keep_shared))
        self._warn_of_lost(crossing, "drawn" if fill else "missing")
        if not fill:
            return self._unfilled(crossing)

        def again(rows: np.ndarray) -> pd.DataFrame:
            return self._filled(crossing.of(rows))

        return self._lawful(target, self._filled(crossing), again)

    def _lawful(
        self, domain: str, rows: pd.DataFrame, again: Callable[[np.ndarray], pd.DataFrame]
    ) -> pd.DataFrame:
        """Draw rows that break a rule of their domain again; cells that are kept may break one."""
        law, index = self.laws[domain], rows.index
        rows = rows.reset_index(drop=True)
        broken = np.flatnonzero(law.is_broken(rows))
        for _ in range(_MAX_ROUNDS):
            if not len(broken):
                return rows.set_axis(index, axis=0)
            fresh = again(broken)
            rows = law.replaced(rows, np.isin(np.arange(len(rows)), broken), fresh)
            broken = np.flatnonzero(law.is_broken(rows))
        warn(
            f"{len(broken)} of {len(rows)} rows of domain {domain!r} break a rule, for no cells "
            f"were found that keep it: {law.most_broken(rows)}"
        )
        return rows.set_axis(index, axis=0)

    def _unfilled(self, crossing: _Crossing) -> pd.DataFrame:
        """Return rows of the target with what they bring along, and gaps elsewhere."""
        known = crossing.known
        values = {
            place: np.where(held, known[place], _none(known[place]))
            for place, held in crossing.kept.items()
        }
        return self._written(crossing, values)

    def _filled(self, crossing: _Crossing) -> pd.DataFrame:
        """Return rows of the target, whether they keep its rules or not."""
        union, n_rows, target = self.union, len(crossing.rows), crossing.target
        known, kept = crossing.known, crossing.kept
        rows = union.encode(crossing.source, known, n_rows, self.rng)
        of_target = union.encode(target, {place: known[place] for place in kept}, n_rows, self.rng)
        for place, held in kept.items():
            of_target.given[:, place] &= held
        drawn = self.sampler.translate(rows, of_target, union.code_of(target), self.noise)
        values = union.decode(target, drawn, self.rng)
        for place, held in kept.items():
            values[place] = np.where(held, known[place], values[place])
        return self._written(crossing, values)

    def _kept(self, known: Values, target: str, keep_shared: bool) -> dict[int, np.ndarray]:
        """Which cells stay as they are, by place."""
        places = (
            self.union.domains[target].places if keep_shared else self.union.places_of(self.target)
        )
        return {
            place: self.union.can_hold(target, place, known[place])
            for place in places
            if place in known
        }

    def _warn_of_lost(self, crossing: _Crossing, instead: str) -> None:
        """Say how many known cells the target's columns cannot hold, and what they are instead."""
        rows, source, target, kept = crossing.rows, crossing.source, crossing.target, crossing.kept
        own_names = {own.place: name for name, _, own in self._named(source)}
        for name, _, own in self._named(target):
            if own.place not in kept:
                continue
            lost = np.flatnonzero(~pd.isna(crossing.known[own.place]) & ~kept[own.place])
            if len(lost):
                example = listed(rows[own_names[own.place]].iloc[lost[:1]])[0]
                warn(
                    f"column {name!r} of domain {target!r} cannot hold {len(lost)} of {len(rows)} "
                    f"cells from {source!r}, such as {example!r}: they are {instead} instead. "
                    "Before fit, give it a dtype or a way of writing that holds them, or both "
                    "columns the same words"
                )

    def _written(self, crossing: _Crossing, values: Values) -> pd.DataFrame:
        """Write values as a table; kept cells that are written alike in both are taken as they are.

        Copied cells stay exact: plain values are floats, which round large whole numbers and
        nanoseconds.
        """
        source, target, kept = crossing.source, crossing.target, crossing.kept
        table = self.union.write(target, values, len(crossing.rows), self.rng)
        of_source = {own.place: (name, column, own) for name, column, own in self._named(source)}
        for name, column, own in self._named(target):
            if own.place in kept:
                own_name, own_column, of_own = of_source[own.place]
                cells = crossing.rows[own_name].reset_index(drop=True)
                if of_own.map == own.map and are_copied(own_column, column, cells):
                    written, held = table[name].copy(), kept[own.place]
                    written[held] = cells[held].astype(written.dtype).array
                    table[name] = written
        # Units that were found in the data are estimates: what rules compute is more exact.
        estimated = {
            own.place
            for name in (source, target)
            for _, _, own in self._named(name)
            if own.how == "data"
        }
        exact = {place: held for place, held in kept.items() if place not in estimated}
        return self._finished(target, table, exact).set_axis(crossing.rows.index, axis=0)

    def _finished(
        self, domain: str, table: pd.DataFrame, kept: Mapping[int, np.ndarray]
    ) -> pd.DataFrame:
        """Return rows of a domain with what its rules compute; kept cells stay."""
        given = np.zeros(table.shape, dtype=bool)
        for column, (_, _, own) in enumerate(self._named(domain)):
            given[:, column] = kept.get(own.place, False)
        return self.laws[domain].computed(table, given)

    def _named(self, domain: str) -> list[tuple[Any, ColumnTransformer, OwnColumn]]:
        return self.union.domains[domain].named()

    def new(self, n_rows: int, domain: str) -> pd.DataFrame:
        """Return new rows of a domain.

        Raises
        ------
        ValueError
            If so many rows cannot all have keys of their own.
        """
        self.laws[domain].check_room(n_rows)

        def again(rows: np.ndarray) -> pd.DataFrame:
            return self.drawn(len(rows), domain)

        return self._lawful(domain, self.drawn(n_rows, domain), again)

    def drawn(self, n_rows: int, domain: str) -> pd.DataFrame:
        """Return drawn rows of a domain, whether they keep its rules or not."""
        encoded = self.sampler.new_rows(self.union.code_of(domain), n_rows, self.noise)
        values = self.union.decode(domain, encoded, self.rng)
        table = self.union.write(domain, values, n_rows, self.rng)
        return self._finished(domain, table, {})

    def encode(self, X: pd.DataFrame, domain: str) -> np.ndarray:
        """Return the latent vectors of rows."""
        known = self.union.read(domain, X, absent=self.target)
        return self.sampler.encode(self.union.encode(domain, known, len(X))).cpu().numpy()

    def from_others(
        self, tables: Mapping[str, pd.DataFrame], domain: str, n_rows: int | None, fill: bool
    ) -> tuple[pd.DataFrame, list[str]]:
        """Return rows of all other domains as rows of one, and the domain that each is from.

        Parameters
        ----------
        tables : mapping of str to DataFrame
            Rows by domain.
        domain : str
            The domain that they come to.
        n_rows : int or None
            How many, drawn from all of them, again and again if there are fewer; None takes each
            row once.
        fill : bool
            Whether cells that a row does not tell are drawn.
        """
        others = [name for name in tables if name != domain]
        ends = np.cumsum([len(tables[name]) for name in others])
        chosen = np.arange(ends[-1]) if n_rows is None else _spread(n_rows, ends[-1], self.rng)
        parts, origins = [], []
        for name, start, stop in zip(others, [0, *ends[:-1]], ends, strict=True):
            own = chosen[(chosen >= start) & (chosen < stop)] - start
            rows = tables[name].iloc[own].reset_index(drop=True)
            parts.append(self.translate(rows, name, domain, keep_shared=True, fill=fill))
            origins += [name] * len(rows)
        return pd.concat([part for part in parts if len(part)], ignore_index=True), origins


def _none(values: np.ndarray) -> object:
    return np.nan if values.dtype.kind == "f" else None


def _spread(n_rows: int, n_there: int, rng: np.random.Generator) -> np.ndarray:
    """Draw row numbers, each as often as any other, or once more."""
    rounds = [rng.permutation(n_there) for _ in range(-(-n_rows // n_there))]
    return np.sort(np.concatenate(rounds)[:n_rows])
