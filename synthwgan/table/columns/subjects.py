"""What the lifelike columns of a row have in common: one person, one place, one company.

A subject draws the parts that columns are written from, so that what stands in one row fits
together: a first name, a full name and an e-mail address are one person's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.columns.inventor import Inventor, as_texts

Parts = dict[str, np.ndarray]
MAX_DIGITS = 9
_INITIALS = "ABCDEFGHIJKLMNOPRSTUVWZ"
_MAX_TRIES = 20


@dataclass(frozen=True)
class Few:
    """A part of which the table has so few values that rows choose among them.

    Parameters
    ----------
    rows : ndarray of shape (n_values,), int64
        How many rows of the table each of its values has.
    may_be_real : callable
        Says of new values which may not be used.
    """

    rows: np.ndarray
    may_be_real: Callable[[np.ndarray], np.ndarray]


class Subject:
    """Draws the parts of rows.

    Parameters
    ----------
    inventor : Inventor
        Makes up words.
    few : mapping of str to Few
        Parts of which there are only some: a few towns, say, for many streets.
    rng : Generator
    mark : str, default ""
        Digits that belong to this part of a table and to no other.
    """

    # What is put between a part and another like it, where that alone is taken; else digits are.
    joins: ClassVar[Mapping[str, str]] = {}
    # Which parts are drawn anew together; without an entry, a part by itself.
    tied: ClassVar[Mapping[str, frozenset[str]]] = {}
    # Parts that tell all others, where they are given.
    told_by: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        inventor: Inventor,
        few: Mapping[str, Few],
        rng: np.random.Generator,
        mark: str = "",
    ) -> None:
        self.inventor, self._few, self._rng, self._mark = inventor, few, rng, mark
        self._pools: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def draw(self, n: int, wanted: Set[str]) -> Parts:
        """Return some parts of `n` rows, arrays of shape (n,), object."""
        return {part: self._part(part, n) for part in sorted(wanted)}

    def _part(self, part: str, n: int) -> np.ndarray:
        if part == "extra":
            # Digits, where there must be some.
            return np.full(n, "", dtype=object)
        if part == "mark":
            return np.full(n, self._mark, dtype=object)
        return (
            self.digits(MAX_DIGITS, n)
            if part == "number"
            else self._one(part, self._faker(part), n)
        )

    def _faker(self, what: str) -> Callable[[int], np.ndarray]:
        return lambda n: self.inventor.some(what, n)

    def _one(self, part: str, make: Callable[[int], np.ndarray], n: int) -> np.ndarray:
        """Return a part of each row, of the few that there are or each a new one.

        A value is a text, or a tuple of the text and what goes with it.
        """
        if part not in self._few:
            return make(n)
        if part not in self._pools:
            self._pools[part] = _pool(self._few[part], make)
        values, shares = self._pools[part]
        return values[self._rng.choice(len(values), n, p=shares)]

    def redraw(self, parts: Parts, part: str, rows: np.ndarray) -> None:
        """Draw a part of some rows anew, and what goes with it."""
        tied = self.tied.get(part, frozenset((part,))) & parts.keys()
        fresh, rows = self._fresh(parts, tied, rows)
        for name in tied:
            parts[name][rows] = fresh[name]

    def grow(self, parts: Parts, part: str, rows: np.ndarray) -> None:
        """Make a part of some rows longer, where every shorter one is taken."""
        if part in self.joins:
            fresh, rows = self._fresh(parts, frozenset((part,)), rows)
            parts[part][rows] += self.joins[part] + fresh[part]
        else:
            parts[part][rows] += self.digits(1, int(rows.sum()))

    def _fresh(self, parts: Parts, wanted: Set[str], rows: np.ndarray) -> tuple[Parts, np.ndarray]:
        """Return new parts for some rows, and the places of these."""
        return self.draw(int(rows.sum()), wanted), np.flatnonzero(rows)

    def digits(self, n_digits: int, n: int) -> np.ndarray:
        """Return so many random digits for each row, none first that is zero."""
        n_digits = min(n_digits, MAX_DIGITS)
        numbers = self._rng.integers(10 ** (n_digits - 1), 10**n_digits, size=n)
        return numbers.astype(str).astype(object)


class Person(Subject):
    """Names, a title and an initial of one person, and digits for an address."""

    joins: ClassVar[Mapping[str, str]] = {"first": "-", "last": "-"}
    tied: ClassVar[Mapping[str, frozenset[str]]] = {"last": frozenset(("last", "number"))}
    told_by: ClassVar[tuple[str, ...]] = ("first", "last")

    def draw(self, n: int, wanted: Set[str]) -> Parts:
        drawn = self._one("first", self._first, n)
        women = np.array([is_woman for _, is_woman in drawn], dtype=bool)
        parts = {"first": as_texts([name for name, _ in drawn]), "woman": women}
        # In some languages family names have a form for either sex.
        for part, what in (("last", "last_name"), ("title", "prefix")):
            if part in wanted:
                parts[part] = np.empty(n, dtype=object)
                for sex, rows in (("female", women), ("male", ~women)):
                    make = self._faker(f"{what}_{sex}")
                    parts[part][rows] = self._one(f"{part} {sex}", make, int(rows.sum()))
        if "title" in wanted:
            # Of some languages Faker has particles there.
            titles = [one if one.endswith(".") else "Dr." for one in parts["title"]]
            parts["title"] = as_texts(titles)
        if "initial" in wanted:
            parts["initial"] = self._rng.choice(list(_INITIALS), n).astype(object)
        return parts | super().draw(n, wanted & {"number", "extra", "mark"})

    def _fresh(self, parts: Parts, wanted: Set[str], rows: np.ndarray) -> tuple[Parts, np.ndarray]:
        """Return parts only where the new person is of the same sex as the old one."""
        fresh, places = super()._fresh(parts, wanted, rows)
        same = fresh["woman"] == parts["woman"][places]
        return {name: part[same] for name, part in fresh.items()}, places[same]

    def _first(self, n: int) -> np.ndarray:
        women = self._rng.random(n) < 0.5
        names = np.empty(n, dtype=object)
        names[women] = self.inventor.some("first_name_female", int(women.sum()))
        names[~women] = self.inventor.some("first_name_male", int((~women).sum()))
        return as_texts(list(zip(names, women, strict=True)))


class Place(Subject):
    """Street, town and postcode; in the same state where Faker knows the postcodes of states."""

    joins: ClassVar[Mapping[str, str]] = {
        "city": "-",
        "street_address": ", ",
        "street_name": ", ",
    }
    tied: ClassVar[Mapping[str, frozenset[str]]] = {
        "city": frozenset(("city", "postcode")),
        "postcode": frozenset(("city", "postcode")),
        "street_address": frozenset(("street_address", "street_name")),
        "street_name": frozenset(("street_address", "street_name")),
    }

    def draw(self, n: int, wanted: Set[str]) -> Parts:
        parts = super().draw(n, wanted - self.tied["city"])
        if wanted & self.tied["city"]:
            codes = self._one("postcode", self._postcodes, n)
            parts["postcode"] = as_texts([code for code, _ in codes])
            parts["city"] = as_texts([city for _, city in codes])
        return parts

    def _postcodes(self, n: int) -> np.ndarray:
        """Return pairs of a postcode and its town."""
        towns = self._one("city", self._cities, n)
        codes = self.inventor.postcodes(as_texts([state for _, state in towns]))
        return as_texts([(code, city) for code, (city, _) in zip(codes, towns, strict=True)])

    def _cities(self, n: int) -> np.ndarray:
        cities = self.inventor.some("city", n)
        return as_texts(list(zip(cities, self.inventor.states(n), strict=True)))


class Words(Subject):
    """Words, of which sentences and addresses of pages are made."""

    def _faker(self, what: str) -> Callable[[int], np.ndarray]:
        return super()._faker("word")


class Company(Subject):
    """A company by its name."""

    joins: ClassVar[Mapping[str, str]] = {"company": " & "}


class Job(Subject):
    """What people do for a living."""

    joins: ClassVar[Mapping[str, str]] = {"job": " / "}


class Country(Subject):
    """A country by its name."""

    joins: ClassVar[Mapping[str, str]] = {"country": " / "}


def _pool(few: Few, make: Callable[[int], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return as many different values as the table has, as far as there are, and their shares."""
    found: dict[Any, Any] = {}
    for _ in range(_MAX_TRIES):
        lacking = len(few.rows) - len(found)
        if not lacking:
            break
        fresh = {(one if isinstance(one, str) else one[0]): one for one in make(lacking)}
        texts = as_texts(list(fresh))
        for text in texts[~few.may_be_real(texts)]:
            found.setdefault(text, fresh[text])
    # With none of its own, rows are made longer until they are new.
    values = as_texts(list(found.values())) if found else make(1)
    rows = few.rows[: len(values)]
    return values, rows / rows.sum()
