"""Where what is made anew comes from, for all columns of one synthetic table together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.cast import Cast, CastView
from synthwgan.table.columns.lifelike import LifelikeTransformer
from synthwgan.table.columns.patterns import WHOLE, Share
from synthwgan.table.given import GivenRows


class IdentifierStream:
    """Where the identifiers of one synthetic table come from, however many chunks it has.

    Parameters
    ----------
    columns : sequence of ColumnTransformer
        The fitted columns of the table.
    rng : Generator
    share : pair of int, default (0, 1)
        Which of how many parts of the table; with equally seeded generators, identifiers of
        different parts differ.
    """

    def __init__(
        self,
        columns: Sequence[ColumnTransformer],
        rng: np.random.Generator,
        share: Share = WHOLE,
    ) -> None:
        seed = int(rng.integers(2**62))
        self.sources: list[Any] = [None] * len(columns)
        groups = _casts(columns)
        self._casts: list[tuple[list[int], Cast]] = []
        together = {place for places in groups for place in places}
        for place, column in enumerate(columns):
            if place not in together:
                self.sources[place] = column.source(rng, seed, share)
        for places in groups:
            cast = Cast([columns[place] for place in places], rng, seed, share)
            self._casts.append((places, cast))
            for own, place in enumerate(places):
                self.sources[place] = CastView(cast, own)

    def give(self, rows: GivenRows) -> None:
        """Say which cells of the next rows are given: an address is made to fit a given name."""
        for places, cast in self._casts:
            if len(places) > 1:
                given = {}
                for own, place in enumerate(places):
                    if place in rows.cells:
                        where = rows.given[:, place] & ~rows.cells[place].missing
                        given[own] = where, rows.cells[place].values[where]
                cast.give(given)


def _casts(columns: Sequence[ColumnTransformer]) -> list[list[int]]:
    """Return the places of columns that go together.

    A second column of one kind, such as the name of a doctor beside that of a patient, is
    another person's, and so is what follows it.
    """
    casts: dict[Any, list[list[int]]] = {}
    for place, column in enumerate(columns):
        if not isinstance(column, LifelikeTransformer):
            continue
        known = casts.setdefault(column.subject, [])
        for cast in known:
            if column.kind not in [columns[other].kind for other in cast]:
                cast.append(place)
                break
        else:
            known.append([place])
    return [cast for known in casts.values() for cast in known]
