"""Identifiers: not learned, but made anew: unique, of the observed form, never a real one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Any, ClassVar, Protocol

import numpy as np

from synthwgan.parameters import Number
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
)
from synthwgan.table.column import MISSING, ColumnTransformer
from synthwgan.table.dtypes import Cells
from synthwgan.table.patterns import IntegerSource, TextSource, learn_templates

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MAX_LEARNED = 100_000
_NO_DOMAIN = {"example.com": 1}
_POSITIVE = Number(1, 2**63 - 1, integer=True)
_TEXT_FORM = {
    "templates": ListOf(ListOf(TEXT, min_length=1), min_length=1),
    "counts": ListOf(_POSITIVE),
    "domains": MappingOf(_POSITIVE),
}
_WHOLE = Number(-(2**63), 2**64 - 1, integer=True)
_INTEGER_FORM = {"low": _WHOLE, "high": _WHOLE, "dense": FLAG}


class Source(Protocol):
    """Anything that gives up to n new identifiers at a time."""

    def take(self, n: int) -> np.ndarray:
        """Return at most `n` identifiers, at least one."""


class UnseenSource:
    """A source without the real identifiers.

    Parameters
    ----------
    source : Source
    hashes : ndarray of shape (n_real,), uint64
        Salted hashes of the real identifiers, sorted.
    salt : bytes
    """

    def __init__(self, source: Source, hashes: np.ndarray, salt: bytes) -> None:
        self._source = source
        self._hashes = hashes
        self._salt = salt

    def take(self, n: int) -> np.ndarray:
        """Return `n` identifiers, shape (n,), object."""
        parts: list[np.ndarray] = []
        wanted = n
        while wanted:
            drawn = self._source.take(wanted)
            parts.append(drawn[~self._is_real(drawn)])
            wanted -= len(parts[-1])
        return np.concatenate(parts) if parts else np.empty(0, dtype=object)

    def _is_real(self, identifiers: np.ndarray) -> np.ndarray:
        hashes = salted_hashes(identifiers, self._salt)
        place = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        return self._hashes[place] == hashes


def salted_hashes(identifiers: np.ndarray, salt: bytes) -> np.ndarray:
    """Return 64-bit BLAKE2b hashes of the identifiers' text, shape (n,), uint64."""
    digests = (
        hashlib.blake2b(
            str(identifier).encode("utf-8", "surrogatepass"), digest_size=8, key=salt
        ).digest()
        for identifier in identifiers
    )
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


class IdentifierTransformer(ColumnTransformer):
    """A column whose cells name rows: keys, UUIDs, e-mail addresses.

    Nothing of it is learned but its form and the share of missing cells, which is a block
    {present, missing} if there are any. It gives no features.

    Attributes
    ----------
    hashes : ndarray of shape (n_real,), uint64
        Salted hashes of the real identifiers, sorted: all that is kept of them.
    form : dict
        Templates, counts and domains of text; range and density of integers.
    """

    kind: ClassVar[str] = "identifier"
    in_features: ClassVar[bool] = False
    state_fields = {
        "with_missing": FLAG,
        "form": STATE,
        "salt": Matching(r"[0-9a-f]{32}"),
        "hashes": Array(("uint64",), strictly=False),
    }
    has_value = False

    hashes: np.ndarray
    form: dict[str, Any]

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        self._with_missing = bool(cells.missing.any())
        present = cells.present
        self._check_fits(present)
        integers = self.physical.domain == "number"
        identifiers = present.astype(np.int64) if present.dtype.kind == "f" else present
        self.form = _integer_form(identifiers) if integers else _text_form(identifiers)
        self._salt = rng.bytes(16)
        self.hashes = np.sort(salted_hashes(identifiers.tolist(), self._salt))

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
        distinct, counts = np.unique(present, return_counts=True)
        if len(distinct) < len(present):
            repeated = distinct.tolist()[np.argmax(counts > 1)]
            raise ValueError(
                f"{repeated!r} occurs more than once, so this is no identifier: "
                "use the kind 'categorical'"
            )

    @property
    def n_states(self) -> int:
        return 2 if self._with_missing else 0

    def encode_cells(
        self, cells: Cells, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        return (cells.missing.astype(np.int32) if self._with_missing else None), None

    def source(self, rng: np.random.Generator) -> UnseenSource:
        """Return a fresh source of identifiers."""
        if "templates" in self.form:
            source: Source = TextSource(**self.form, rng=rng)
        else:
            source = IntegerSource(**self.form, limit=self._limit(), rng=rng)
        return UnseenSource(source, self.hashes, self._salt)

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
        return "made anew" + " + missing" * self._with_missing

    def _state(self) -> dict[str, Any]:
        return {
            "with_missing": self._with_missing,
            "form": self.form,
            "salt": self._salt.hex(),
            "hashes": self.hashes,
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        self._with_missing = state["with_missing"]
        self.form = self._checked_form(state["form"])
        self._salt = bytes.fromhex(state["salt"])
        self.hashes = state["hashes"]
        expect(len(self.hashes), "identifiers need the hashes of the real ones")

    def _checked_form(self, form: dict[str, Any]) -> dict[str, Any]:
        """Return the form of a file if it is one of this column's identifiers."""
        if self.physical.domain == "text":
            check_state("the form of text", form, _TEXT_FORM)
            templates = form["templates"]
            expect(len(templates) == len(form["counts"]), "each template needs a count")
            distinct = all(
                len(set(letters)) == len(letters) > 0 for t in templates for letters in t
            )
            expect(distinct, "a place of a template needs letters, each once")
            return form
        check_state("the form of whole numbers", form, _INTEGER_FORM)
        expect(hasattr(self.physical, "plain_dtype"), "identifiers are text or whole numbers")
        expect(form["low"] <= form["high"] <= self._limit(), "the range of identifiers is none")
        return form


class IdentifierStream:
    """Where the identifiers of one synthetic table come from, however many chunks it has.

    Parameters
    ----------
    columns : list of ColumnTransformer
        The fitted columns of the table.
    rng : Generator
    """

    def __init__(self, columns: list[ColumnTransformer], rng: np.random.Generator) -> None:
        self.sources = [column.source(rng) for column in columns]


def _integer_form(identifiers: np.ndarray) -> dict[str, Any]:
    low, high = int(identifiers.min()), int(identifiers.max())
    return {"low": low, "high": high, "dense": high - low + 1 == len(identifiers)}


def _text_form(identifiers: np.ndarray) -> dict[str, Any]:
    step = max(len(identifiers) // _MAX_LEARNED, 1)
    texts = [text for text in identifiers[::step] if text] or ["0"]
    domains: dict[str, int] = {}
    if all(_EMAIL.fullmatch(text) for text in texts):
        found = Counter(text.split("@")[1] for text in texts)
        domains = {name: count for name, count in sorted(found.items()) if count >= 2}
        domains = domains or _NO_DOMAIN
        texts = [text.split("@")[0] for text in texts]
    templates, counts = learn_templates(texts)
    return {"templates": templates, "counts": counts, "domains": domains}
