"""Who plays in the synthetic rows: lifelike columns of one subject, drawn together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from synthwgan.table.columns.inventor import Inventor, as_texts
from synthwgan.table.columns.patterns import WHOLE, Share, SharedValues
from synthwgan.table.columns.subjects import Few, Parts, Subject

# So often a cell is drawn anew that is real, or there already; then it is made longer.
_MAX_DRAWN = 12
_MAX_ROUNDS = 200
# Digits behind an address, if no more are needed.
_N_DIGITS = 4


class Role(Protocol):
    """What a cast asks of a column, see `LifelikeTransformer`."""

    kind: ClassVar[str]
    redrawn: ClassVar[str | None]
    subject: ClassVar[type[Subject]]
    locale: str
    sizes: np.ndarray
    counts: np.ndarray
    partition: int

    @property
    def n_values(self) -> int: ...

    @property
    def repeats(self) -> bool: ...

    @property
    def grows(self) -> str: ...

    @property
    def parts_of_cells(self) -> tuple[str, ...]: ...

    def few(self) -> dict[str, Few]: ...

    def written(self, parts: Parts, inventor: Inventor, rng: np.random.Generator) -> np.ndarray: ...

    def may_be_real(self, identifiers: np.ndarray) -> np.ndarray: ...

    def parts_in(self, texts: np.ndarray) -> Parts: ...


# By the place of a column in the cast: in which of the next rows its cell is given, and the cells.
Given = Mapping[int, tuple[np.ndarray, np.ndarray]]


class Cast:
    """Cells of lifelike columns that fit together in a row, row after row.

    Rows share a cast member as the rows of the table shared the cells of its column of most
    values. No cell is one that the table may have, and none comes twice in a column of as many
    values as there are members.

    Parameters
    ----------
    columns : sequence of Role
        Of one subject, each of another kind.
    rng : Generator
    seed : int
        With the same one, casts and identifiers of the same partition go together.
    share : pair of int, default (0, 1)
        Which of how many parts of a table: those of equal seeds have other members, of whom some
        may be called alike. What is made for a machine ends in digits of the part, and so differs.
    """

    def __init__(
        self,
        columns: Sequence[Role],
        rng: np.random.Generator,
        seed: int,
        share: Share = WHOLE,
    ) -> None:
        if share != WHOLE:
            rng = np.random.default_rng([int(rng.integers(2**62)), share[0]])
        finest = max(columns, key=lambda column: column.n_values)
        self._members = _Members(columns, finest.n_values, rng, _mark_of(share))
        source: Any = self._members
        if finest.repeats:
            dealer = np.random.default_rng([seed, finest.partition, share[0]])
            source = SharedValues(source, finest.sizes, finest.counts, dealer)
        self._source, self.n_columns = source, len(columns)
        self._taken = [0] * len(columns)
        # Rows that some columns have taken and others have not, and how many came before.
        self._rows, self._before = np.empty(0, dtype=object), 0
        self._given: Given = {}

    def give(self, given: Given) -> None:
        """Say which cells of the rows that are taken next are given, so that others fit them."""
        self._given = given

    def take(self, place: int, n: int) -> np.ndarray:
        """Return the cells of a column in its next `n` rows, shape (n,), object."""
        start = self._taken[place] - self._before
        lacking = start + n - len(self._rows)
        if lacking > 0:
            fresh = self._source.take(lacking)
            if self._given:
                fresh = self._members.fitting(fresh, self._given)
                self._given = {}
            self._rows = np.concatenate([self._rows, fresh])
        cells = as_texts([row[place] for row in self._rows[start : start + n]])
        self._taken[place] += n
        gone = min(self._taken) - self._before
        self._rows, self._before = self._rows[gone:], self._before + gone
        return cells


class CastView:
    """The cells of one column of a cast."""

    def __init__(self, cast: Cast, place: int) -> None:
        self._cast, self._place = cast, place

    def take(self, n: int) -> np.ndarray:
        """Return the cells of the next `n` rows, shape (n,), object."""
        return self._cast.take(self._place, n)

    def take_where(self, present: np.ndarray) -> np.ndarray:
        """Return the cells of the next rows, empty text where there is to be none."""
        cells = np.full(len(present), "", dtype=object)
        if self._cast.n_columns == 1:
            cells[present] = self.take(int(present.sum()))
        else:
            # All rows are taken, so that other columns go on fitting this one.
            cells[present] = self.take(len(present))[present]
        return cells


class _Members:
    """New members of a cast: a tuple each, of the cells of all columns."""

    def __init__(
        self, columns: Sequence[Role], n_members: int, rng: np.random.Generator, mark: str
    ) -> None:
        self._columns, self._rng = columns, rng
        few = {}
        for column in columns:
            # Half as many values as members or fewer are a choice, others a coincidence.
            if 2 * column.n_values <= n_members:
                few |= column.few()
        self._wanted = {part for column in columns for part in column.parts_of_cells}
        inventor = Inventor(columns[0].locale, rng)
        self._subject = columns[0].subject(inventor, few, rng, mark)
        self._seen: dict[int, np.ndarray] = {
            place: np.empty(0, dtype=np.uint64)
            for place, column in enumerate(columns)
            if column.n_values == n_members
        }

    def take(self, n: int) -> np.ndarray:
        parts = self._subject.draw(n, self._wanted)
        cells = [self._written(column, parts) for column in self._columns]
        real = np.array([column.may_be_real(own) for column, own in self._pairs(cells)])
        rounds = 0
        while (faulty := real | self._repeated(cells)).any():
            rounds += 1
            if rounds > _MAX_ROUNDS:
                kinds = [
                    own.kind for own, are in zip(self._columns, faulty, strict=True) if are.any()
                ]
                raise ValueError(
                    f"no new cells were found for columns of the kinds {kinds}: use 'identifier'"
                )
            self._mend(parts, faulty, rounds)
            rows = np.flatnonzero(faulty.any(axis=0))
            changed = {name: part[rows] for name, part in parts.items()}
            for place, column in enumerate(self._columns):
                cells[place][rows] = self._written(column, changed)
                real[place, rows] = column.may_be_real(cells[place][rows])
        for place in self._seen:
            self._seen[place] = np.union1d(self._seen[place], _hashes(cells[place]))
        return as_texts(list(zip(*cells, strict=True)))

    def fitting(self, members: np.ndarray, given: Given) -> np.ndarray:
        """Return members with other cells in rows of which the names are given: those that fit."""
        known: Parts = {}
        for place, (where, texts) in given.items():
            for part, own in self._columns[place].parts_in(texts).items():
                known.setdefault(part, np.full(len(members), None, dtype=object))[where] = own
        told_by = self._subject.told_by
        if not told_by or not known.keys() >= set(told_by):
            return members
        whole = np.all([np.not_equal(known[part], None) for part in told_by], axis=0)
        parts = self._subject.draw(int(whole.sum()), self._wanted)
        parts |= {part: known[part][whole] for part in told_by}
        cells = [self._written(column, parts) for column in self._columns]
        for place, column in enumerate(self._columns):
            if column.grows == "extra":
                cells[place] = self._unreal(column, parts, cells[place])
        members = members.copy()
        members[whole] = as_texts(list(zip(*cells, strict=True)))
        return members

    def _unreal(self, column: Role, parts: Parts, cells: np.ndarray) -> np.ndarray:
        """Return cells with digits behind those that may be real."""
        for rounds in range(1, _MAX_ROUNDS):
            real = column.may_be_real(cells)
            if not real.any():
                break
            parts["extra"][real] = self._subject.digits(min(rounds, _N_DIGITS), int(real.sum()))
            cells[real] = self._written(column, {name: own[real] for name, own in parts.items()})
        return cells

    def _pairs(self, cells: list[np.ndarray]) -> Iterator[tuple[Role, np.ndarray]]:
        return zip(self._columns, cells, strict=True)

    def _written(self, column: Role, parts: Parts) -> np.ndarray:
        return column.written(parts, self._subject.inventor, self._rng)

    def _repeated(self, cells: list[np.ndarray]) -> np.ndarray:
        """Which cells come twice in a column in which none may, shape (n_columns, n)."""
        repeated = np.zeros((len(cells), len(cells[0])), dtype=bool)
        for place, seen in self._seen.items():
            repeated[place] = pd.Series(cells[place]).duplicated().to_numpy()
            repeated[place] |= np.isin(_hashes(cells[place]), seen)
        return repeated

    def _mend(self, parts: Parts, faulty: np.ndarray, rounds: int) -> None:
        """Draw anew what is faulty of rows, or once that has not helped make it longer."""
        for column, own in zip(self._columns, faulty, strict=True):
            redrawn = column.grows if column.redrawn is None else column.redrawn
            if own.any() and redrawn and rounds <= _MAX_DRAWN:
                self._subject.redraw(parts, redrawn, own)
            elif own.any() and column.grows == "extra":
                tried = rounds - _MAX_DRAWN if redrawn else rounds
                n_digits = min(tried, _N_DIGITS) + max(tried - _MAX_DRAWN, 0)
                parts["extra"][own] = self._subject.digits(n_digits, int(own.sum()))
            elif own.any():
                self._subject.grow(parts, column.grows, own)


def _mark_of(share: Share) -> str:
    """Return the digits of a part of a table, as many for each; none for a whole table."""
    return "" if share == WHOLE else f"{share[0]:0{len(str(share[1] - 1))}d}"


def _hashes(texts: np.ndarray) -> np.ndarray:
    return pd.util.hash_array(texts, categorize=False)
