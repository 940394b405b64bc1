"""Patterns of identifiers, and unlimited unique draws from them in constant memory."""

from __future__ import annotations

import math
import re
import string
from collections import defaultdict
from typing import Any

import numpy as np

# Identifiers may be split into shares that have none in common: which share, and of how many.
Share = tuple[int, int]
WHOLE: Share = (0, 1)
MAX_TEMPLATES = 50
MAX_DEALT = 2**20
# A value that so many of the rows share counts as common.
_COMMON = 100
_MAX_COUNTER = 2**31
FEW = 5
# Digits of an area, of a country or of a network.
_AREA = 3
# The digits left free must allow this many times as many numbers as the table has.
_ROOM = 10
_MIN_COMMON = 0.9
_MAX_CHANCE = 0.05
_ALPHANUMERIC = re.compile(r"[^\W_]")
_KINDS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
_CLASSES = (
    string.digits,
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.digits + "abcdef",
    string.digits + "ABCDEF",
    string.digits + string.ascii_lowercase,
    string.digits + string.ascii_uppercase,
    string.ascii_letters,
    string.digits + string.ascii_letters,
)


def shape_of(text: str) -> str:
    """Return a text with every letter and digit replaced by ``x``."""
    return _ALPHANUMERIC.sub("x", text)


def _alphabet(letters: set[str]) -> str:
    for alphabet in _CLASSES:
        if letters <= set(alphabet):
            return alphabet
    return "".join(sorted(letters))


def _kind(letter: str) -> int:
    return next((i for i, kind in enumerate(_KINDS) if letter in kind), len(_KINDS))


def learn_alphabets(texts: list[str], few: int = FEW) -> list[str]:
    """Return for each position of texts of one shape which letters may stand there.

    A position that is the same in all of `few` texts or more is literal, as are
    separators. Within a run of letters and digits, every position keeps its own class
    (digits, lower or upper case) if it has only one, else the run shares one class.
    """
    observed = [set(letters) for letters in zip(*texts, strict=True)]
    literal = [
        len(letters) == 1 and (len(texts) >= few or not _ALPHANUMERIC.match(min(letters)))
        for letters in observed
    ]
    alphabets = [
        min(letters) if fixed else "" for letters, fixed in zip(observed, literal, strict=True)
    ]
    for run in re.finditer("x+", shape_of(texts[0])):
        free = [place for place in range(*run.span()) if not literal[place]]
        pure = all(len({_kind(letter) for letter in observed[place]}) == 1 for place in free)
        union = set().union(*(observed[place] for place in free))
        for place in free:
            alphabets[place] = _alphabet(observed[place] if pure else union)
    return alphabets


def learn_templates(texts: list[str], few: int = FEW) -> tuple[list[list[str]], list[int]]:
    """Return the most frequent templates (alphabets by position) and their counts."""
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        groups[shape_of(text)].append(text)
    ordered = sorted(groups, key=lambda shape: (-len(groups[shape]), shape))[:MAX_TEMPLATES]
    return [learn_alphabets(groups[shape], few) for shape in ordered], [
        len(groups[shape]) for shape in ordered
    ]


def learn_phone_templates(texts: list[str], few: int) -> tuple[list[list[str]], list[int]]:
    """Return templates of numbers that begin as the table's do, and their counts.

    Of each shape, the first digits that differ, as those of an area, are kept as far as `few`
    numbers or more begin so, and leave room for many others. Other places have no 0 or 1 where
    none of the numbers has one there.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        groups[shape_of(text)].append(text)
    ordered = sorted(groups, key=lambda shape: (-len(groups[shape]), shape))[:MAX_TEMPLATES]
    most = MAX_TEMPLATES // len(ordered)
    areas = [own for shape in ordered for own in _by_area(groups[shape], few, most)]
    return [_phone_alphabets(own, few) for own in areas], [len(own) for own in areas]


def _by_area(texts: list[str], few: int, most: int) -> list[list[str]]:
    """Part numbers of one shape by as many first digits as are common, into so many at most."""
    free = [
        place
        for place, letters in enumerate(zip(*texts, strict=True))
        if len(set(letters)) > 1 and set(letters) <= set(string.digits)
    ]
    for n_digits in range(min(_AREA, len(free)), 0, -1):
        areas: dict[str, list[str]] = defaultdict(list)
        for text in texts:
            areas["".join(text[place] for place in free[:n_digits])].append(text)
        common = [own for _, own in sorted(areas.items()) if len(own) >= few]
        sizes = list(map(len, common))
        is_roomy = max(sizes, default=0) * _ROOM <= 10 ** (len(free) - n_digits)
        if is_roomy and len(common) <= most and sum(sizes) >= _MIN_COMMON * len(texts):
            return common
    return [texts]


def _phone_alphabets(texts: list[str], few: int) -> list[str]:
    alphabets = learn_alphabets(texts, few)
    for place, letters in enumerate(zip(*texts, strict=True)):
        for digits in (string.digits[2:], string.digits[1:]):
            # A digit that is absent by chance alone is no rule: leave it possible.
            is_chance = (len(digits) / 10) ** len(texts) > _MAX_CHANCE
            if alphabets[place] == string.digits and set(letters) <= set(digits) and not is_chance:
                alphabets[place] = digits
    return alphabets


class Counter:
    """Each integer below ``size`` once, in a scrambled order, in constant memory.

    Parameters
    ----------
    size : int
        At most ``2 ** 31``.
    rng : Generator
        Draws the order: the affine map ``i -> (factor * i + shift) mod size``.
    share : pair of int, default (0, 1)
        Which of how many shares to deal; those of one order have no integer in common.
    """

    def __init__(self, size: int, rng: np.random.Generator, share: Share = WHOLE) -> None:
        place, n_shares = share
        self._place, self._n_shares, self._modulus = place, n_shares, size
        # How many of the integers are in this share.
        self.size = max((size - place + n_shares - 1) // n_shares, 0)
        self.used = 0
        self._shift = int(rng.integers(size))
        self._factor = int(rng.integers(1, max(size, 2)))
        while math.gcd(self._factor, size) != 1:
            self._factor += 1

    def take(self, n: int) -> np.ndarray:
        """Return the next `n` integers, fewer where they run out; shape (m,), int64."""
        steps = np.arange(self.used, min(self.used + n, self.size), dtype=np.uint64)
        self.used += len(steps)
        steps = steps * np.uint64(self._n_shares) + np.uint64(self._place)
        mixed = steps * np.uint64(self._factor % self._modulus) + np.uint64(self._shift)
        return (mixed % np.uint64(self._modulus)).astype(np.int64)


class TemplateSource:
    """Unique texts of one template; longer ones when it is used up.

    Parameters
    ----------
    alphabets : list of str
        The letters of each position.
    shapes : set of str
        Shapes that other templates use, shared; a longer template keeps away from them.
    rng : Generator
    share : pair of int, default (0, 1)
        Which of how many shares of the texts to deal.
    """

    def __init__(
        self,
        alphabets: list[str],
        shapes: set[str],
        rng: np.random.Generator,
        share: Share = WHOLE,
    ) -> None:
        self._alphabets = list(alphabets)
        self._shapes = shapes
        self._rng, self._share = rng, share
        # All shares must draw the same orders, so they get a generator of their own.
        self._orders = np.random.default_rng(int(rng.integers(2**62)))
        self._restart()

    def _restart(self) -> None:
        sizes = [len(alphabet) for alphabet in self._alphabets]
        size, first = 1, len(sizes)
        while first > 0 and size * sizes[first - 1] <= _MAX_COUNTER:
            first -= 1
            size *= sizes[first]
        self._first = first
        self._counter = Counter(size, self._orders, self._share)

    def take(self, n: int) -> np.ndarray:
        """Return at most `n` new texts, at least one; shape (m,), object."""
        while self._counter.used == self._counter.size:
            self._lengthen()
        numbers = self._counter.take(n)
        letters = np.empty((len(numbers), len(self._alphabets)), dtype="U1")
        for place in reversed(range(len(self._alphabets))):
            alphabet = np.array(list(self._alphabets[place]))
            if place >= self._first:
                numbers, chosen = np.divmod(numbers, len(alphabet))
            else:
                chosen = self._rng.integers(len(alphabet), size=len(letters))
            letters[:, place] = alphabet[chosen]
        return letters.view(f"U{letters.shape[1]}").ravel().astype(object)

    def _lengthen(self) -> None:
        free = [place for place, letters in enumerate(self._alphabets) if len(letters) > 1]
        place = free[-1] if free else len(self._alphabets) - 1
        extra = self._alphabets[place] if free else string.digits
        while self._shape() in self._shapes:
            self._alphabets.insert(place + 1, extra)
        self._shapes.add(self._shape())
        self._restart()

    def _shape(self) -> str:
        return shape_of("".join(letters[0] for letters in self._alphabets))


class IntegerSource:
    """Unique integers: the range seen, scrambled, and then upwards from its end.

    Parameters
    ----------
    low, high : int
        The observed range.
    limit : int
        The largest integer that the dtype holds.
    dense : bool
        Start beyond the range at once, for sequences without gaps.
    rng : Generator
    share : pair of int, default (0, 1)
        Which of how many shares of the integers to deal.
    """

    def __init__(
        self,
        low: int,
        high: int,
        limit: int,
        dense: bool,
        rng: np.random.Generator,
        share: Share = WHOLE,
    ) -> None:
        span = high - low + 1
        place, self._step = share
        self._low, self._next, self._limit = low, high + 1 + place, limit
        self._stride = max(span // _MAX_COUNTER, 1)
        self._rng = rng
        self._counter = Counter(min(span // self._stride, _MAX_COUNTER), rng, share)
        if dense:
            self._counter.used = self._counter.size

    def take(self, n: int) -> np.ndarray:
        """Return at most `n` new integers, at least one, as Python ints; shape (m,), object.

        Raises
        ------
        ValueError
            If the dtype holds no more.
        """
        if self._counter.used < self._counter.size:
            cells = self._counter.take(n).astype(object) * self._stride + self._low
            return cells + self._rng.integers(self._stride, size=len(cells)).astype(object)
        if self._next > self._limit:
            raise ValueError(
                f"no integer up to {self._limit} is left for a new identifier: use a wider dtype"
            )
        stop = min(self._next + n * self._step, self._limit + 1)
        numbers = np.array(range(self._next, stop, self._step), dtype=object)
        self._next += len(numbers) * self._step
        return numbers


class SharedValues:
    """Values that several rows share, as many rows each as in the table.

    Rows are dealt like cards from a shuffled table that has as many values as the real one,
    each for as many rows. When all its rows are dealt, another follows, with new values. So
    the first rows share values as seldom as so many real rows, and twice the rows have twice
    the values. A table of more than `MAX_DEALT` rows is dealt as if it had no more.

    Parameters
    ----------
    source : object with `take`
        Gives new values.
    sizes, counts : ndarray of shape (n_sizes,), int64
        Numbers of rows that share a value, and how many values have so many.
    rng : Generator
        Shuffles. Sources with equal sizes and equally seeded generators deal alike.
    """

    def __init__(
        self, source: Any, sizes: np.ndarray, counts: np.ndarray, rng: np.random.Generator
    ) -> None:
        self._source = source
        self._rows_of = np.repeat(*_thinned(sizes, counts, rng))
        self._rng = rng
        self._dealt = 0
        self._deck = np.empty(0, dtype=np.int64)
        self._values = np.empty(0, dtype=object)

    def take(self, n: int) -> np.ndarray:
        """Return the values of the next `n` rows, shape (n,), object."""
        parts = [np.empty(0, dtype=object)]
        while n:
            if self._dealt == len(self._deck):
                self._shuffle()
            dealt = self._deck[self._dealt : self._dealt + n]
            self._dealt += len(dealt)
            n -= len(dealt)
            parts.append(self._values_of(dealt))
        return np.concatenate(parts)

    def _shuffle(self) -> None:
        places = np.arange(len(self._rows_of))
        self._deck = self._rng.permutation(np.repeat(places, self._rows_of))
        self._dealt = 0
        self._values = np.full(len(places), None, dtype=object)

    def _values_of(self, dealt: np.ndarray) -> np.ndarray:
        unnamed = dealt[np.equal(self._values[dealt], None)]
        places, first = np.unique(unnamed, return_index=True)
        # In order of appearance, so that the value says nothing of how many rows share it.
        self._values[places[np.argsort(first)]] = self._source.take(len(places))
        return self._values[dealt]


def _thinned(
    sizes: np.ndarray, counts: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes and counts of a table of about `MAX_DEALT` rows at most.

    It has fewer values, of as many rows; only values of very many rows have fewer.
    """
    kept = MAX_DEALT / float(sizes.astype(np.float64) @ counts.astype(np.float64))
    if kept >= 1:
        return sizes, counts
    common = sizes * kept >= _COMMON
    sizes = np.where(common, np.rint(sizes * kept).astype(np.int64), sizes)
    return sizes, np.where(common, counts, np.maximum(rng.binomial(counts, kept), 1))


class TextSource:
    """Unique texts of several templates by frequency, with an optional ``@domain``."""

    def __init__(
        self,
        templates: list[list[str]],
        counts: list[int],
        domains: dict[str, int],
        rng: np.random.Generator,
        share: Share = WHOLE,
    ) -> None:
        shapes = {shape_of("".join(letters[0] for letters in t)) for t in templates}
        self._sources = [TemplateSource(template, shapes, rng, share) for template in templates]
        self._shares = np.array(counts) / sum(counts)
        self._domains = domains
        self._rng = rng

    def take(self, n: int) -> np.ndarray:
        """Return at most `n` new texts, at least one; shape (m,), object."""
        chosen = self._rng.choice(len(self._sources), size=n, p=self._shares)
        texts = np.full(n, None, dtype=object)
        for place, source in enumerate(self._sources):
            rows = np.flatnonzero(chosen == place)
            if len(rows):
                drawn = source.take(len(rows))
                texts[rows[: len(drawn)]] = drawn
        texts = texts[np.not_equal(texts, None)]
        return texts + self._suffixes(len(texts)) if self._domains else texts

    def _suffixes(self, n: int) -> Any:
        names = np.array(list(self._domains), dtype=object)
        counts = np.array(list(self._domains.values()))
        return "@" + self._rng.choice(names, size=n, p=counts / counts.sum())
