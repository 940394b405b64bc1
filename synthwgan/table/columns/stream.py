"""Where what is made anew comes from, for all columns of one synthetic table together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.cast import Cast, CastView
from synthwgan.table.columns.lifelike import LifelikeTransformer


class IdentifierStream:
    """Where the identifiers of one synthetic table come from, however many chunks it has.

    Parameters
    ----------
    columns : sequence of ColumnTransformer
        The fitted columns of the table.
    rng : Generator
    """

    def __init__(self, columns: Sequence[ColumnTransformer], rng: np.random.Generator) -> None:
        seed = int(rng.integers(2**62))
        self.sources: list[Any] = [None] * len(columns)
        casts = _casts(columns)
        together = {place for cast in casts for place in cast}
        for place, column in enumerate(columns):
            if place not in together:
                self.sources[place] = column.source(rng, seed)
        for places in casts:
            cast = Cast([columns[place] for place in places], rng, seed)
            for own, place in enumerate(places):
                self.sources[place] = CastView(cast, own)


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
