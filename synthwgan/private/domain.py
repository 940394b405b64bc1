"""What is publicly known of columns, as a user declares it; everything else has to be bought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.private.storage import Stored
from synthwgan.private.written import WrittenDates
from synthwgan.table.door import column_hint, naming_column

FROM_DTYPE = "dtype"


@dataclass(frozen=True)
class Domain:
    """What is publicly known of one column, and costs no privacy.

    What is not given is bought from the budget. A cell that does not fit counts as missing.

    Parameters
    ----------
    bounds : pair of numbers or moments, optional
        The smallest and the largest value that a cell may have, known without the table: limits of
        a form or of a law, never the table's own minimum and maximum. Of text, dates that are
        written as the cells are (``("01.01.2020", "31.12.2024")``): the column is one of dates.
    categories : sequence, optional
        All values that a cell may have.
    decimals : int, optional
        Decimals of numbers.
    missing : bool, optional
        Whether cells can be missing. Where it is not given, the share of missing cells is bought.
    pattern : str, optional
        Of an identifier, which is made anew: each ``#`` becomes a digit, each ``@`` a capital
        letter. The column is never read.
    kind : {"number", "category"}, optional
        What the column is, where the dtype does not tell: codes in numbers are a "category".

    Examples
    --------
    >>> from synthwgan import Domain
    >>> Domain(bounds=(0, 1000), decimals=2, missing=False).decimals
    2
    """

    bounds: Sequence[Any] | None = None
    categories: Sequence[Any] | None = None
    decimals: int | None = None
    missing: bool | None = None
    pattern: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Declared:
    """A column as it is known before any look at the data.

    Parameters
    ----------
    name : hashable
        Its name.
    stored : Stored
        How it is stored.
    kind : {"number", "category", "pattern", "computed"}
        How it is measured; the last two are not.
    labels : list or None
        All categories, if they are public.
    bounds : pair of float or None
        Smallest and largest number, in numbers or ticks, if they are public.
    decimals : int or None
        Decimals, if they are public.
    missing : bool or None
        Whether cells can be missing; None if it is not known.
    pattern : str or None
        Of an identifier.
    """

    name: Any
    stored: Stored
    kind: str
    labels: list[Any] | None = None
    bounds: tuple[float, float] | None = None
    decimals: int | None = None
    missing: bool | None = None
    pattern: str | None = None

    @property
    def given(self) -> list[str]:
        """What is publicly known, in words."""
        known = {
            "categories": self.labels is not None,
            "bounds": self.bounds is not None,
            "decimals": self.decimals is not None and self.kind == "number",
            "missing or not": self.missing is not None,
            "pattern": self.pattern is not None,
            "computed by a rule": self.kind == "computed",
        }
        return [word for word, is_known in known.items() if is_known]

    @property
    def bought(self) -> list[str]:
        """What has to be found by noisy counts, in words."""
        if self.kind in ("pattern", "computed"):
            return []
        known = set(self.given)
        wanted = ["categories"] if self.kind == "category" else ["bounds", "decimals"]
        return [word for word in [*wanted, "missing or not"] if word not in known]


def declare(frame: pd.DataFrame, domain: Any) -> list[Declared]:
    """Return what is known of each column, from names, dtypes and the user's word alone.

    Raises
    ------
    TypeError, ValueError
        If a declaration names no column, contradicts the dtype or itself.
    """
    from_dtype = isinstance(domain, str) and domain == FROM_DTYPE
    if not from_dtype and domain is not None and not isinstance(domain, Mapping):
        raise TypeError(
            f"domain must be a mapping of column names, {FROM_DTYPE!r} or None, "
            f"got {type(domain).__name__}"
        )
    given = {} if from_dtype or domain is None else dict(domain)
    # The word "dtype" may also stand for one column: its categories are public.
    for name in given:
        if name not in frame.columns:
            raise ValueError(
                f"domain names {name!r}, which is no column; {column_hint(name, frame.columns)}"
            )
    declared = []
    for name, dtype in zip(frame.columns, frame.dtypes, strict=True):
        with naming_column(name):
            said = given.get(name, FROM_DTYPE if from_dtype else None)
            declared.append(_declare(name, Stored.of(dtype), said))
    return declared


def domain_of_json(content: Any) -> dict[Any, Any]:
    """Return a domain from JSON: a list has categories, a mapping the arguments of `Domain`.

    Raises
    ------
    ValueError
        If it has another form.
    """
    if not isinstance(content, dict):
        raise ValueError("the domain must be a JSON object of column names")
    for name, said in content.items():
        if not isinstance(said, list | dict):
            raise ValueError(
                f"domain of column {name!r}: write a list of categories, or an object such as "
                '{"bounds": [0, 100], "decimals": 0, "missing": false}'
            )
    return content


def _declare(name: Any, stored: Stored, said: Any) -> Declared:
    public_categories = stored.is_category and isinstance(said, str) and said == FROM_DTYPE
    _refuse_bounds_in_a_list(stored, said)
    said = _as_domain(None if isinstance(said, str) and said == FROM_DTYPE else said)
    if said.pattern is not None:
        return Declared(name, stored, "pattern", pattern=_checked_pattern(said.pattern))
    if stored.holds in ("text", "object") and _are_texts(said.bounds):
        stored = WrittenDates.like(stored, said.bounds)
    kind = _kind_of(stored, said)
    missing = said.missing
    if not stored.can_miss:
        missing = False
    if kind == "category":
        labels = None if said.categories is None else list(said.categories)
        if public_categories:
            labels = stored.categories
        if stored.is_flag and labels is None:
            labels = [False, True]
        _check_labels(labels)
        _check_that_the_dtype_holds(stored, labels)
        if labels is not None:
            stored = stored.with_categories(labels, _is_ordered(stored))
        return Declared(name, stored, kind, labels=labels, missing=missing)
    bounds = None if said.bounds is None else _bounds(stored, said.bounds)
    decimals = said.decimals
    if decimals is None and stored.is_whole and not stored.ticks:
        decimals = 0
    return Declared(name, stored, kind, bounds=bounds, decimals=decimals, missing=missing)


def _refuse_bounds_in_a_list(stored: Stored, said: Any) -> None:
    """Refuse two numbers far apart in a list, as JSON writes pairs: all others would be missing."""
    if not isinstance(said, list) or len(said) != 2 or stored.holds not in ("number", "time"):
        return
    low, high = said
    if stored.holds == "time" or (isinstance(low, int | float) and abs(high - low) > 1):
        raise ValueError(
            f"{said!r} is a list of two categories; for bounds write ({low!r}, {high!r}), in JSON "
            f'{{"bounds": [{low}, {high}]}}, and if you mean categories '
            f"Domain(categories={said!r})"
        )


def _are_texts(bounds: Any) -> bool:
    return bounds is not None and all(isinstance(bound, str) for bound in bounds)


def _is_ordered(stored: Stored) -> bool:
    return stored.is_category and bool(stored.physical.dtype.ordered)


def _as_domain(said: Any) -> Domain:
    if said is None:
        return Domain()
    if isinstance(said, Domain):
        return said
    if isinstance(said, Mapping):
        unknown = set(said) - set(Domain.__dataclass_fields__)
        if unknown:
            raise ValueError(f"a domain has no {sorted(map(str, unknown))}")
        return Domain(**said)
    if isinstance(said, tuple):
        if len(said) != 2:
            raise TypeError(
                f"a tuple is a pair (low, high), got {said!r}; write categories as a list"
            )
        return Domain(bounds=said)
    if isinstance(said, list | set | frozenset | pd.Index | np.ndarray):
        return Domain(categories=list(said))
    raise TypeError(
        "a domain is a pair (low, high), a list of categories or a Domain, got "
        f"{type(said).__name__}"
    )


def _kind_of(stored: Stored, said: Domain) -> str:
    is_number = said.bounds is not None or said.decimals is not None
    if is_number and said.categories is not None:
        raise ValueError("has bounds or decimals and categories; declare one of them")
    if said.kind not in (None, "number", "category"):
        raise ValueError(f"kind must be 'number' or 'category', got {said.kind!r}")
    if said.kind == "category" or said.categories is not None:
        return "category"
    by_dtype = "number" if stored.holds in ("number", "time") else "category"
    kind = said.kind or ("number" if is_number else by_dtype)
    if kind == "number" and stored.holds in ("text", "label"):
        raise TypeError(f"dtype {stored.name} holds no numbers; declare categories instead")
    return kind


def _bounds(stored: Stored, bounds: Sequence[Any]) -> tuple[float, float]:
    if len(bounds) != 2:
        raise ValueError("bounds are a pair (low, high)")
    if not stored.ticks:
        low, high = (float(bound) for bound in bounds)
    else:
        low, high = stored.moments(bounds)
    if not (np.isfinite(low) and np.isfinite(high) and low <= high):
        raise ValueError(f"bounds must be finite and in order, got {bounds[0]!r}, {bounds[1]!r}")
    return float(low), float(high)


def _check_labels(labels: list[Any] | None) -> None:
    if labels is None:
        return
    if not labels:
        raise ValueError("categories are declared, and there are none")
    if len(set(labels)) < len(labels):
        raise ValueError("a category is declared twice")
    if any(label is None or pd.isna(label) for label in labels):
        raise ValueError("a missing cell is no category; declare missing=True")


def _check_that_the_dtype_holds(stored: Stored, labels: list[Any] | None) -> None:
    """Refuse categories that no cell can have: all cells would count as missing."""
    if labels is None or stored.holds == "object" or stored.is_flag or stored.ticks:
        return
    # The categories of a dtype may be of both kinds, or there are none yet.
    kinds = {stored.holds == "text"}
    if stored.is_category:
        kinds = {isinstance(own, str) for own in stored.categories}
    if len(kinds) != 1:
        return
    (holds_texts,) = kinds
    for label in labels:
        if isinstance(label, str) != holds_texts:
            what = "text" if holds_texts else "no text"
            raise TypeError(
                f"dtype {stored.name} holds {what}, and the category {label!r} is "
                f"{'text' if isinstance(label, str) else 'none'}: write it as the cells are"
            )


def _checked_pattern(pattern: Any) -> str:
    if not isinstance(pattern, str) or not any(sign in pattern for sign in "#@"):
        raise ValueError(f"a pattern is a text with # for digits and @ for letters: {pattern!r}")
    return pattern
