"""Categories: one state each, the rare ones sharing one."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.parameters import OneOf
from synthwgan.table.checks import COUNT, FLAG, LIST, Array, expect
from synthwgan.table.columns.base import MISSING, RARE, UNKNOWN, PartTransformer
from synthwgan.table.storage.dtypes import CategoryType, Cells
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
from synthwgan.table.storage.scalars import is_missing

if TYPE_CHECKING:
    from synthwgan.table.columns.evidence import Evidence

_LEVEL_TYPES = {"object": str, "bool": bool, "int64": int, "uint64": int, "float64": float | int}


class CategoricalTransformer(PartTransformer):
    """A column of text, booleans, pandas categories, or anything declared categorical.

    The ``max_categories`` most frequent categories with ``min_category_rows`` rows or more get
    a state each, in natural order (text sorted, pandas categories in their own order); the
    others share the state *rare*; missing comes last. The rare state is decoded by drawing from
    the observed frequencies of the rare categories (``rare="resample"``), or to a placeholder
    (``rare="mask"``): ``"<rare>"`` for text, a missing cell for other dtypes.

    Attributes
    ----------
    levels : ndarray of shape (n_levels,)
        Canonical values of the states.
    rare_levels, rare_counts : ndarray of shape (n_rare,)
        Canonical values that share the rare state, and how often each occurred; empty if
        they are masked.
    n_masked, n_masked_rows : int
        How many categories are masked, and how many rows had one of them.
    """

    kind: ClassVar[str] = "categorical"
    unseen_are_missing: ClassVar[bool] = True
    state_fields = {
        "with_missing": FLAG,
        "with_rare": FLAG,
        "masked": FLAG,
        "n_masked": COUNT,
        "n_masked_rows": COUNT,
        "dtype": OneOf(tuple(_LEVEL_TYPES)),
        "levels": LIST,
        "rare_levels": LIST,
        "rare_counts": Array(("int64",), low=1),
    }
    has_value = False

    levels: np.ndarray
    rare_levels: np.ndarray
    rare_counts: np.ndarray
    n_masked: int
    n_masked_rows: int

    @classmethod
    def infers(cls, evidence: Evidence) -> bool:
        return evidence.domain == "label" or (evidence.domain == "text" and evidence.form is None)

    @property
    def has_order(self) -> bool:
        return isinstance(self.physical, CategoryType) and bool(self.physical.dtype.ordered)

    def read_numbers(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return canonical values, which are places in the order of the categories."""
        if not self.has_order:
            return super().read_numbers(values)
        return values, np.ones(len(values), dtype=bool)

    def read_bound(self, bound: Any, round_to: Callable[[Any], int]) -> Any:
        """Return the place of a category in their order; it need not have occurred."""
        if not self.has_order:
            return super().read_bound(bound, round_to)
        if is_missing(bound):
            return None
        place = int(self.read_value(bound).values[0])
        if place >= len(self.physical.dtype.categories):
            raise ValueError(f"{bound!r} is no category; {self.possible(bound)}")
        return place

    def beyond(self, bound: Any, *, above: bool) -> Any:
        if not self.has_order:
            return super().beyond(bound, above=above)
        categories = self.physical.dtype.categories
        place = self.read_bound(bound, int) + (1 if above else -1)
        if not 0 <= place < len(categories):
            raise ValueError(f"no category lies {'above' if above else 'below'} {bound!r}")
        return categories[place]

    def possible(self, value: Any) -> str:
        return super().possible(value) + self.why_unseen

    @property
    def why_unseen(self) -> str:
        if not self.is_masked or not isinstance(self.physical, CategoryType):
            return ""
        return (
            ". It may be one of the rare categories that were masked, which dtype category lists "
            "no longer: convert the column to str before the model is fitted"
        )

    def taken_for(self, values: np.ndarray) -> str:
        if not self.is_masked or isinstance(self.physical, CategoryType):
            return ""
        return "a rare category that was masked"

    def _fit(self, cells: Cells, rng: np.random.Generator) -> None:
        self._with_missing = cells.missing_rate > 0
        tally = cells.tally
        levels, counts = tally.values, tally.counts
        own, rare = self._part(levels, counts)
        self.levels = levels[own]
        # Of more categories than are counted, the others are rare, and some of them are known.
        self._with_rare = bool(len(rare)) or not tally.is_exact
        self._masked = self.options.rare == "mask"
        self.n_masked, self.n_masked_rows = 0, 0
        if self._with_rare and self._masked:
            self._check_placeholder()
            self.n_masked = tally.n_distinct - len(own)
            self.n_masked_rows = tally.n_rows - int(counts[own].sum())
            self._forget(levels[rare])
            rare = rare[:0]
        self.rare_levels, self.rare_counts = levels[rare], counts[rare].astype(np.int64)

    def _part(self, levels: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the places of the categories with a state of their own, and of the others."""
        order = np.argsort(-counts, kind="stable")
        # That one of two truth values is rare gives away no value.
        least = 1 if levels.dtype.kind == "b" else self.options.min_category_rows
        n_own = min(self.options.max_categories, int((counts >= least).sum()))
        return np.sort(order[:n_own]), np.sort(order[n_own:])

    def _forget(self, masked: np.ndarray) -> None:
        """Take masked categories out of a `category` dtype, which would list them by name."""
        if isinstance(self.physical, CategoryType):
            self.levels = self.levels - np.searchsorted(masked, self.levels)
            self.physical = self.physical.without(masked)

    def _check_placeholder(self) -> None:
        if self.physical.domain != "text" and not self.physical.holds_missing:
            raise ValueError(
                f"rare='mask' turns rare categories into missing cells, which dtype "
                f"{self.physical.name} does not have: use rare='resample' or a nullable dtype"
            )

    @property
    def n_states(self) -> int:
        n_states = len(self.levels) + self._with_rare + self._with_missing
        return 0 if n_states == 1 else n_states

    @property
    def is_masked(self) -> bool:
        """Whether some categories were forgotten, so that an unknown one may be one of them."""
        return self._with_rare and self._masked

    @property
    def _rare_code(self) -> int:
        return len(self.levels) if self._with_rare else UNKNOWN

    @property
    def _missing_code(self) -> int:
        return len(self.levels) + self._with_rare if self._with_missing else UNKNOWN

    def encode_cells(
        self, cells: Cells, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray | None, np.ndarray | None]:
        if not self.n_states:
            return None, None
        codes = _index(self.levels).get_indexer(_index(cells.values)).astype(np.int32)
        codes[codes < 0] = self._rare_code
        codes[cells.missing] = self._missing_code
        return codes, None

    def decode_cells(
        self,
        n_rows: int,
        codes: np.ndarray | None,
        values: np.ndarray | None,
        rng: np.random.Generator,
        source: Any = None,
    ) -> Cells:
        if codes is None:
            codes = np.zeros(n_rows, dtype=np.int32)
        if not len(self.levels) and not self._with_rare:
            return Cells(np.zeros(n_rows, dtype=np.int64), np.ones(n_rows, dtype=bool))
        missing = (codes == self._missing_code) & self._with_missing
        rare = (codes == self._rare_code) & self._with_rare
        own = ~(missing | rare)
        decoded = np.full(n_rows, self._filler(), dtype=self.levels.dtype)
        decoded[own] = self.levels[codes[own]]
        if rare.any():
            decoded, missing = self._decode_rare(decoded, missing, rare, rng)
        return Cells(decoded, missing)

    def _filler(self) -> Any:
        """Return any value of the levels' dtype, for cells that have none of their own."""
        return "" if self.levels.dtype == object else 0

    def _decode_rare(
        self, decoded: np.ndarray, missing: np.ndarray, rare: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        if not self._masked:
            share = self.rare_counts / self.rare_counts.sum()
            decoded[rare] = rng.choice(self.rare_levels, size=int(rare.sum()), p=share)
        elif self.physical.domain == "text":
            decoded[rare] = RARE
        else:
            missing = missing | rare
        return decoded, missing

    def menu(self) -> Cells:
        present = np.concatenate([self.levels, self.rare_levels])
        cells = Cells(present, np.zeros(len(present), dtype=bool))
        if not self._with_missing:
            return cells
        return Cells.concatenate([cells, self.missing_cells(1)])

    def loose_cells(self) -> tuple[Cells, np.ndarray]:
        none = np.zeros(len(self.rare_levels), dtype=bool)
        return Cells(self.rare_levels, none), self.rare_counts

    def holds(self, cells: Cells) -> np.ndarray:
        known = _index(cells.values).isin(self.menu().present)
        if self._with_rare and self._masked and self.physical.domain == "text":
            known |= cells.values == RARE
        return np.where(cells.missing, self._with_missing, known)

    def shares(self, cells: Cells, state_shares: np.ndarray) -> np.ndarray:
        if not self.n_states:
            return np.ones(len(cells.missing))
        shares = state_shares[self.encode_cells(cells)[0]]
        if len(self.rare_levels):
            place = _index(self.rare_levels).get_indexer(_index(cells.values))
            is_rare = (place >= 0) & ~cells.missing
            shares[is_rare] *= self.rare_counts[place[is_rare]] / self.rare_counts.sum()
        return shares

    def state_labels(self) -> list[str]:
        if not self.n_states:
            return []
        labels = self._text(self.levels) if len(self.levels) else []
        return labels + [RARE] * self._with_rare + [MISSING] * self._with_missing

    def describe_encoding(self) -> str:
        masked = masked_in_words(self.n_masked, self.n_masked_rows)
        masked = f" ({masked})" if masked else ""
        if not self.n_states:
            return f"constant{masked}"
        rare = f", one for {RARE}" if self._with_rare else ""
        return f"{self.n_states} states{rare}{masked}"

    def _state(self) -> dict[str, Any]:
        return {
            "with_missing": self._with_missing,
            "with_rare": self._with_rare,
            "masked": self._masked,
            "n_masked": self.n_masked,
            "n_masked_rows": self.n_masked_rows,
            "dtype": str(self.levels.dtype),
            "levels": [to_jsonable(level) for level in self.levels.tolist()],
            "rare_levels": [to_jsonable(level) for level in self.rare_levels.tolist()],
            "rare_counts": self.rare_counts,
        }

    def _set_state(self, state: dict[str, Any]) -> None:
        self._with_missing, self._with_rare = state["with_missing"], state["with_rare"]
        self._masked = state["masked"]
        self.n_masked, self.n_masked_rows = state["n_masked"], state["n_masked_rows"]
        self.levels, self.rare_levels = (
            _levels(state[key], state["dtype"]) for key in ("levels", "rare_levels")
        )
        self.rare_counts = state["rare_counts"]
        every = np.concatenate([self.levels, self.rare_levels])
        expect(_index(every).is_unique, "a category twice")
        expect(len(self.rare_counts) == len(self.rare_levels), "each rare category needs a count")
        has_rare = self._with_rare and not self._masked
        expect(bool(len(self.rare_levels)) == has_rare, "rare categories without their state")


def _levels(items: list[Any], dtype: str) -> np.ndarray:
    """Return the categories of a file as an array, if they are of its dtype."""
    levels = [from_jsonable(item) for item in items]
    is_bool, kinds = dtype == "bool", _LEVEL_TYPES[dtype]
    right = [isinstance(one, kinds) and isinstance(one, bool) == is_bool for one in levels]
    expect(all(right), f"{reprlib.repr(items)} are no categories of {dtype}")
    return np.array(levels, dtype=dtype)


def masked_in_words(n_categories: int, n_rows: int) -> str:
    """Say how many categories are masked and how many rows had them; nothing for none."""
    categories = "category" if n_categories == 1 else "categories"
    rows = "row" if n_rows == 1 else "rows"
    return f"{n_categories:,} {categories} in {n_rows:,} {rows} masked" if n_categories else ""


def _index(values: np.ndarray) -> pd.Index:
    return pd.Index(values, dtype=values.dtype)
