"""What is publicly known of columns, as a user declares it; everything else has to be bought."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.parameters import Number, OneOf, PairOf, check_parameters, problems_of
from synthwgan.private.patterns import check_pattern
from synthwgan.private.storage import Stored
from synthwgan.private.written import WrittenDates
from synthwgan.table.checks import FLAG, TEXT, optional
from synthwgan.table.door import column_hint, naming_column
from synthwgan.table.storage.scalars import UnclearMoment, is_missing

FROM_DTYPE = "dtype"


class _Bound:
    """One end of a range, which is never open."""

    def allows(self, value: Any) -> bool:
        """Whether ``value`` may be a number, a moment or a duration, also as text."""
        is_plain = pd.api.types.is_scalar(value) and not isinstance(value, bool | np.bool_)
        return is_plain and not is_missing(value)

    def __str__(self) -> str:
        return "a number or a moment"


class _Listing:
    """Several values; a text is one, and no list of its letters."""

    def allows(self, value: Any) -> bool:
        """Whether ``value`` lists what can be cells."""
        is_list = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
        return is_list and all(isinstance(one, Hashable) for one in value)

    def __str__(self) -> str:
        return "a list of values"


_TYPES = {
    "bounds": optional(PairOf(_Bound())),
    "categories": optional(_Listing()),
    "decimals": optional(Number(integer=True)),
    "missing": optional(FLAG),
    "pattern": optional(TEXT),
    "kind": optional(TEXT),
}
# A finer step is lost in floats around 1.
_VALUES = {
    "decimals": optional(Number(0, 15, integer=True)),
    "kind": optional(OneOf(("number", "category"))),
}


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
        All values that a cell may have, written as the cells are: what the cells of dtype object
        are, numbers or texts, is not looked up.
    decimals : int, optional
        Decimals of numbers, from 0 to 15.
    missing : bool, optional
        Whether cells can be missing. Where it is not given, the share of missing cells is bought.
    pattern : str, optional
        Of an identifier, which is made anew: each ``#`` becomes a digit, each ``@`` a capital
        letter. The column is never read. It is one of text, or of numbers if the pattern has
        digits alone, does not begin with ``0`` or ``#``, and fits the dtype.
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
    TypeError, ValueError
        If it has another form.
    """
    if not isinstance(content, dict):
        raise TypeError("the domain must be a JSON object of column names")
    for name, said in content.items():
        with naming_column(name):
            if not isinstance(said, list | dict):
                raise TypeError(
                    "write a list of categories, or an object such as "
                    '{"bounds": [0, 100], "decimals": 0, "missing": false}'
                )
            _as_domain(said)
    return content


def _declare(name: Any, stored: Stored, said: Any) -> Declared:
    public_categories = stored.is_category and isinstance(said, str) and said == FROM_DTYPE
    _refuse_bounds_in_a_list(stored, said)
    said = _as_domain(None if isinstance(said, str) and said == FROM_DTYPE else said)
    if said.pattern is not None:
        check_pattern(said.pattern, stored)
        return Declared(name, stored, "pattern", pattern=said.pattern)
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
    are_numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if stored.holds == "time" or (are_numbers and abs(high - low) > 1):
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
    """Return a declaration as a `Domain` whose arguments are what they should be."""
    domain = _of_short_form(said)
    if problems := problems_of(vars(domain), _TYPES):
        raise TypeError("; ".join(problems))
    check_parameters(vars(domain), _VALUES)
    return domain


def _of_short_form(said: Any) -> Domain:
    if said is None:
        return Domain()
    if isinstance(said, Domain):
        return said
    if isinstance(said, Mapping):
        unknown = set(said) - set(_TYPES)
        if unknown:
            raise ValueError(f"a domain has {list(_TYPES)}, and no {sorted(map(str, unknown))}")
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
    if said.kind == "category" or said.categories is not None:
        return "category"
    by_dtype = "number" if stored.holds in ("number", "time") else "category"
    kind = said.kind or ("number" if is_number else by_dtype)
    if kind == "number" and stored.holds in ("text", "label"):
        raise TypeError(
            f"dtype {stored.name} holds no numbers; declare categories instead, or convert the "
            "column, pd.to_numeric(...)"
        )
    return kind


def _bounds(stored: Stored, bounds: Sequence[Any]) -> tuple[float, float]:
    try:
        low, high = stored.moments(bounds) if stored.ticks else map(float, bounds)
    except UnclearMoment as error:
        raise ValueError(str(error)) from error
    except (TypeError, ValueError, ArithmeticError) as error:
        what = "numbers" if not stored.ticks else "dates" if stored.holds == "time" else "durations"
        raise ValueError(
            f"bounds must be {what} that dtype {stored.name} can hold, got "
            f"{bounds[0]!r}, {bounds[1]!r}"
        ) from error
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
    """Refuse categories that no cell can have: all cells would count as missing.

    What the cells of dtype object are is not public.
    """
    holds_texts = _holds_texts(stored)
    for label in labels or []:
        is_text = isinstance(label, str)
        if stored.is_flag and label not in (False, True):
            what, is_what = "True and False", "neither"
        elif holds_texts is not None and is_text != holds_texts:
            what, is_what = ("no text", "text") if is_text else ("text", "none")
        else:
            continue
        raise TypeError(
            f"dtype {stored.name} holds {what}, and the category {label!r} is {is_what}: "
            "write it as the cells are"
        )


def _holds_texts(stored: Stored) -> bool | None:
    """Whether the cells of a dtype are texts; None where the dtype does not say it."""
    if stored.is_category:
        # Of both kinds, or there are none yet.
        kinds = {isinstance(own, str) for own in stored.categories}
        return kinds.pop() if len(kinds) == 1 else None
    says_it = stored.holds in ("text", "number") and not stored.ticks
    return stored.holds == "text" if says_it else None
