"""Identifiers: not learned, but made anew: of the observed form, never a real one."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import pandas as pd

from synthwgan.parameters import Number, required
from synthwgan.table.checks import (
    FLAG,
    STATE,
    TEXT,
    Array,
    ListOf,
    MappingOf,
    Matching,
    check_state,
    expect,
    optional,
)
from synthwgan.table.columns.base import MISSING, PartTransformer
from synthwgan.table.columns.lookalikes import warn_of_lookalikes
from synthwgan.table.columns.patterns import (
    FEW,
    WHOLE,
    IntegerSource,
    Share,
    SharedValues,
    TextSource,
    learn_templates,
)
from synthwgan.table.columns.realfilter import GrowingFilter, RealFilter
from synthwgan.table.storage.dtypes import Cells, NumberType

if TYPE_CHECKING:
    from synthwgan.table.columns.evidence import Evidence

# Fewer cells may all differ by chance.
_MIN_KEYS = 20
_ID_NAME = re.compile(r"(^|.*[_\s.-])(id|uuid|guid|key)$|.*[a-z](Id|ID|Key|Uuid|UUID)$")
_DIGIT = re.compile(r"\d")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MIN_EMAILS = 0.9
_MAX_LEARNED = 100_000
_MAX_COUNTED = 2**16
_NO_DOMAIN = {"example.com": 1}
_POSITIVE = Number(1, 2**63 - 1, integer=True)
_TEXT_FORM = {
    "templates": ListOf(ListOf(TEXT, min_length=1), min_length=1),
    "counts": ListOf(_POSITIVE),
    "domains": MappingOf(_POSITIVE),
}
_WHOLE = Number(-(2**63), 2**64 - 1, integer=True)
_REAL = {"words": Array(("uint64",)), "salt": Matching(r"[0-9a-f]{32}")}
_INTEGER_FORM = {"low": _WHOLE, "high": _WHOLE, "dense": FLAG}


TemplateLearner = Callable[[list[str], int], tuple[list[list[str]], list[int]]]


class Source(Protocol):
    """Anything that gives up to n new identifiers at a time."""

    def take(self, n: int) -> np.ndarray:
        """Return at most `n` identifiers, at least one."""
        ...


class UnseenSource:
    """A source without the real identifiers.

    Parameters
    ----------
    source : Source
    may_be_real : callable
        Says which of some identifiers may not be used.
    """

    def __init__(self, source: Source, may_be_real: Callable[[np.ndarray], np.ndarray]) -> None:
        self._source = source
        self._may_be_real = may_be_real

    def take(self, n: int) -> np.ndarray:
        """Return `n` identifiers, shape (n,), object."""
        parts: list[np.ndarray] = []
        wanted = n
        while wanted:
            drawn = self._source.take(wanted)
            parts.append(drawn[~self._may_be_real(drawn)])
            wanted -= len(parts[-1])
        return np.concatenate(parts) if parts else np.empty(0, dtype=object)


class IdentifierTransformer(PartTransformer):
    """A column whose cells name rows or people: keys, UUIDs, e-mail addresses, names.

    Nothing of it is learned but its form, how many rows share a value, and the share of
    missing cells, which is a block {present, missing} if there are any. It gives no features.

    Attributes
    ----------
    form : dict
        Templates, counts and domains of text; range and density of integers.
    real : RealFilter or None
        What new identifiers must not be; None where the form sees to it.
    sizes, counts : ndarray of shape (n_sizes,), int64
        Numbers of rows that share a value, and how many values have so many.
    partition : int
        Equal in columns of which the same rows share a value.
    """

    kind: ClassVar[str] = "identifier"
    in_features: ClassVar[bool] = False
    domains = ("number", "text")
    remedy = "convert the column to text or leave its kind out"
    sdtype = "id"
    state_fields = {
        "with_missing": FLAG,
        "form": STATE,
        "real": optional(STATE),
        "sizes": Array(("int64",), low=1, strictly=True),
        "counts": Array(("int64",), low=1),
        "partition": Number(0, 2**62, integer=True),
    }
    has_value = False

    form: dict[str, Any]
    real: RealFilter | None
    sizes: np.ndarray
    counts: np.ndarray
    partition: int
    _growing: GrowingFilter | None = None

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        if evidence.is_personal:
            return True
        if evidence.form is not None:
            return False
        if evidence.domain == "number":
            return _are_integer_keys(evidence)
        return evidence.domain == "text" and _are_text_keys(evidence)

    @property
    def plain(self) -> None:
        """None: nothing of its cells is learned."""
        return None

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        self._with_missing = cells.missing_rate > 0
        present, tally = cells.present, cells.tally
        self._check_fits(present)
        integers = self.physical.domain == "number"
        self.sizes, self.counts = tally.shared()
        # With missing cells, drawn columns are not present in the same rows.
        self.partition = int(rng.integers(2**62)) if self._with_missing else _digest(present)
        self.form = self._learn_form(cells)
        beyond = self.form.get("dense", False)
        self.real = None if beyond else RealFilter.of(_whole(tally.values).tolist(), rng)
        if not beyond and not tally.is_exact:
            self._growing = GrowingFilter(tally.n_distinct, rng)
        if integers:
            self._check_room(tally.n_distinct)

    @property
    def is_open(self) -> bool:
        return self._growing is not None

    def glean(self, cells: Cells) -> np.ndarray:
        return required(self._growing).places(pd.unique(_whole(cells.present)).tolist())

    def see(self, gleaned: np.ndarray) -> None:
        required(self._growing).mark(gleaned)

    def close(self) -> None:
        self.real, self._growing = required(self._growing).closed(), None

    def _learn_form(self, cells: Cells) -> dict[str, Any]:
        """Return what is known of the cells, of which new ones are made."""
        if self.physical.domain == "number":
            return _integer_form(cells)
        return text_form(cells.tally.values, self.options.min_category_rows)

    def _check_fits(self, present: np.ndarray) -> None:
        plain = hasattr(self.physical, "plain_dtype")
        whole = plain and bool((np.mod(present, 1) == 0).all())
        if self.physical.domain != "text" and not whole:
            raise ValueError(
                f"an identifier is text or a whole number, not {self.physical.name}: "
                "give the column another kind"
            )
        if not len(present):
            raise ValueError("all cells are missing: an identifier needs some to imitate")

    def _check_room(self, n_distinct: int) -> None:
        """Raise if a table of as many rows could not be made."""
        room = self.n_possible(n_distinct)
        if room < n_distinct:
            raise ValueError(
                f"{n_distinct} new identifiers are needed to make as many rows, and only {room} "
                f"of {self.physical.name} are free: use a wider dtype or another kind "
                "('numeric' or 'categorical')"
            )

    def n_possible(self, wanted: int) -> float:
        if "low" not in self.form:
            # New texts are made longer when the short ones are used up.
            return math.inf
        low, high = self.form["low"], self.form["high"]
        room = self._limit() - high
        if room < wanted and self.real is not None:
            if high - low < _MAX_COUNTED:
                within = np.array(range(low, high + 1), dtype=object)
                room += int((~self.may_be_real(within)).sum())
            else:
                room += int((1 - self.real.marked_share) * (high - low))
        return room

    def n_needed(self, n_rows: int) -> int:
        """Return how many different cells so many rows have, at least."""
        # The number of missing cells is random: six standard deviations above its mean is safe.
        rate = self.missing_rate
        n_filled = max(n_rows * (1 - rate) - 6 * math.sqrt(n_rows * rate * (1 - rate)), 0)
        if not self.repeats:
            return int(n_filled)
        # Counted in whole multiples of the fitted table: the last, incomplete one may need fewer.
        return int(n_filled // int(self.sizes @ self.counts)) * int(self.counts.sum())

    @property
    def repeats(self) -> bool:
        """Whether rows share a value."""
        return bool((self.sizes > 1).any())

    @property
    def n_states(self) -> int:
        return 2 if self._with_missing else 0

    def encode_cells(
        self, cells: Cells, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        return (cells.missing.astype(np.int32) if self._with_missing else None), None

    def source(self, rng: np.random.Generator, seed: int = 0, share: Share = WHOLE) -> Source:
        """Return a fresh source of identifiers, one for each row.

        Parameters
        ----------
        rng : Generator
            Draws the identifiers.
        seed : int, default=0
            With the same one, columns of the same partition share values in the same rows.
        share : pair of int, default=(0, 1)
            Which of how many shares of the identifiers: those of equally seeded sources have
            none in common.
        """
        if "templates" in self.form:
            source: Source = TextSource(**self.form, rng=rng, share=share)
        else:
            source = IntegerSource(**self.form, limit=self._limit(), rng=rng, share=share)
        source = UnseenSource(source, self.may_be_real)
        if not self.repeats:
            return source
        dealer = np.random.default_rng([seed, self.partition, share[0]])
        return SharedValues(source, self.sizes, self.counts, dealer)

    def may_be_real(self, identifiers: np.ndarray) -> np.ndarray:
        """Which of some new cells may be real ones, shape (n,), bool; False is certain."""
        if self.real is None:
            return np.zeros(len(identifiers), dtype=bool)
        # A number above the largest real one is certainly new.
        within = np.ones(len(identifiers), dtype=bool)
        if "high" in self.form:
            within = (identifiers <= self.form["high"]).astype(bool)
        within[within] = self.real.may_hold(identifiers[within].tolist())
        return within

    def draw_codes(self, n_rows: int, rng: np.random.Generator) -> np.ndarray | None:
        if not self._with_missing:
            return None
        return (rng.random(n_rows) < self.missing_rate).astype(np.int32)

    def _limit(self) -> int:
        dtype = self.physical.plain_dtype
        if dtype.kind == "f":
            return 2 ** (np.finfo(dtype).nmant + 1)
        return int(np.iinfo(dtype).max)

    def decode_cells(
        self,
        n_rows: int,
        codes: np.ndarray | None,
        values: np.ndarray | None,
        rng: np.random.Generator,
        source: Any = None,
    ) -> Cells:
        missing = np.zeros(n_rows, dtype=bool) if codes is None else codes == 1
        source = self.source(rng) if source is None else source
        text = self.physical.domain == "text"
        values = np.zeros(n_rows, dtype=object if text else self.physical.canonical)
        values[~missing] = source.take(int((~missing).sum()))
        return Cells(values, missing)

    def menu(self) -> Cells:
        return self.missing_cells(int(self._with_missing))

    def holds(self, cells: Cells) -> np.ndarray:
        return ~cells.missing | self._with_missing

    def shares(self, cells: Cells, state_shares: np.ndarray) -> np.ndarray:
        return np.zeros(len(cells.missing))

    def state_labels(self) -> list[str]:
        return ["<present>", MISSING] if self._with_missing else []

    def describe_encoding(self) -> str:
        meaningless = ", meaningless" * self.is_meaningless
        shared = ", shared by rows" * self.repeats
        return f"made anew{meaningless}{shared}" + " + missing" * self._with_missing

    @property
    def is_meaningless(self) -> bool:
        """Whether its cells are words whose letters are drawn, as of names and sentences."""
        return "templates" in self.form and _are_words(self.form)

    def _state(self) -> dict[str, Any]:
        real = (
            None if self.real is None else {"words": self.real.words, "salt": self.real.salt.hex()}
        )
        return {
            "with_missing": self._with_missing,
            "form": self.form,
            "real": real,
            "sizes": self.sizes.astype(np.int64),
            "counts": self.counts.astype(np.int64),
            "partition": self.partition,
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        self._with_missing = state["with_missing"]
        self.form = self._checked_form(state["form"])
        self.real = None
        if state["real"] is not None:
            real = check_state("the filter of real identifiers", state["real"], _REAL)
            self.real = RealFilter(real["words"], bytes.fromhex(real["salt"]))
        self.sizes, self.counts = state["sizes"], state["counts"]
        one_each = 0 < len(self.sizes) == len(self.counts)
        expect(one_each, "each number of rows that share an identifier needs a count")
        self.partition = state["partition"]

    def _checked_form(self, form: dict[str, Any]) -> dict[str, Any]:
        """Return the form of a file if it is one of this column's identifiers."""
        if self.physical.domain == "text":
            return checked_text_form(form)
        check_state("the form of whole numbers", form, _INTEGER_FORM)
        expect(hasattr(self.physical, "plain_dtype"), "identifiers are text or whole numbers")
        expect(form["low"] <= form["high"] <= self._limit(), "the range of identifiers is none")
        return form


def looks_like_id(name: Any) -> bool:
    """Whether a column name says that its cells are keys: id, user_id, userId, UUID, key."""
    if not isinstance(name, str):
        return False
    return bool(_ID_NAME.match(name) or _ID_NAME.match(name.lower()))


def _are_text_keys(evidence: Evidence) -> bool:
    distinct = pd.unique(evidence.cells.present)
    if len(distinct) >= _MIN_KEYS and warn_of_lookalikes(evidence.name, distinct):
        return False
    return evidence.all_distinct


def _are_integer_keys(evidence: Evidence) -> bool:
    present = evidence.cells.present
    if not isinstance(evidence.physical, NumberType) or len(present) < _MIN_KEYS:
        return False
    if present.dtype.kind == "f":
        whole = (np.mod(present, 1) == 0).all() and np.abs(present).max() < 2**53
        return bool(whole) and looks_like_id(evidence.name) and evidence.all_distinct
    # Consecutive years, say, are numbers and no keys.
    return evidence.cells.counts_up or (looks_like_id(evidence.name) and evidence.all_distinct)


def _whole(identifiers: np.ndarray) -> np.ndarray:
    """Return identifiers that are floats for the sake of gaps as the whole numbers they are."""
    return identifiers.astype(np.int64) if identifiers.dtype.kind == "f" else identifiers


def _digest(present: np.ndarray) -> int:
    """Return a number that is the same for columns of which the same rows share a value."""
    owners, _ = pd.factorize(_whole(present))
    digest = hashlib.blake2b(owners.astype("<i8").tobytes(), digest_size=7).digest()
    return int.from_bytes(digest, "little")


def _integer_form(cells: Cells) -> dict[str, Any]:
    """Return the range of the numbers, and whether all that lie in it are there."""
    tally = cells.tally
    low, high = int(tally.values[0]), int(tally.values[-1])
    n_distinct = tally.n_rows if cells.counts_up else tally.n_distinct
    is_known = tally.is_exact or cells.counts_up
    return {"low": low, "high": high, "dense": is_known and high - low + 1 == n_distinct}


def _are_words(form: dict[str, Any]) -> bool:
    """Whether most of what is drawn, in most templates, are letters."""
    n_words = 0
    for template, count in zip(form["templates"], form["counts"], strict=True):
        drawn = [letters for letters in template if len(letters) > 1]
        n_letters = sum(not _DIGIT.search(letters) for letters in drawn)
        n_words += count * (n_letters > len(drawn) / 2)
    return n_words > sum(form["counts"]) / 2


def checked_text_form(form: dict[str, Any]) -> dict[str, Any]:
    """Return the form of a file if it is one of texts."""
    check_state("the form of text", form, _TEXT_FORM)
    templates = form["templates"]
    expect(len(templates) == len(form["counts"]), "each template needs a count")
    distinct = all(len(set(letters)) == len(letters) > 0 for t in templates for letters in t)
    expect(distinct, "a place of a template needs letters, each once")
    return form


def text_form(
    identifiers: np.ndarray, least: int, learn: TemplateLearner = learn_templates
) -> dict[str, Any]:
    """Templates of distinct texts; of e-mail addresses, and their domains.

    Letters that all texts of one shape have, and domains, are kept where at least so many have
    them that they are nobody's own.
    """
    step = max(len(identifiers) // _MAX_LEARNED, 1)
    texts = [text for text in identifiers[::step] if text] or ["0"]
    domains: dict[str, int] = {}
    addresses = [text for text in texts if _EMAIL.fullmatch(text)]
    if len(addresses) >= _MIN_EMAILS * len(texts):
        found = Counter(text.split("@")[1] for text in addresses)
        domains = {name: count for name, count in sorted(found.items()) if count >= max(least, 2)}
        domains = domains or _NO_DOMAIN
        texts = [text.split("@")[0] for text in addresses]
    templates, counts = learn(texts, max(least, FEW))
    return {"templates": templates, "counts": counts, "domains": domains}
