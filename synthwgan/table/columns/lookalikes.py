"""Text that looks like dates or numbers, but is in no form: what is to blame, and a remedy."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from synthwgan.parameters import required
from synthwgan.table.forms.affixes import Anatomy, dissect, is_unit
from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.numerals import Numerals, find_numerals
from synthwgan.table.forms.registry import nearest_form
from synthwgan.warn import warn

_MONTHS = (
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|"
    "oct(ober)?|nov(ember)?|dec(ember)?"
)
_DATE = re.compile(
    r"(?<![\d.])(?P<first>\d{1,4})[/.-](?P<second>\d{1,2})[/.-](?P<third>\d{1,4})(?![\d.])|"
    rf"\b({_MONTHS})\b.*\d",
    re.IGNORECASE,
)
_DATE_START = re.compile(rf"\d|({_MONTHS}|(mon|tue|wed|thu|fri|sat|sun)[a-z]*)\b", re.IGNORECASE)
_DAY_AND_MONTH = re.compile(r"\b(\d{1,2})[/.-](\d{1,2})[/.-]\d{2,4}\b")
_YEAR_FIRST = re.compile(r"\s*\d{4}\D")
_DAY_FIRST = r"^\s*(\d+)[/.-](\d+)[/.-](\d\d\d\d)"
_OFFSET = re.compile(r"([+-]\d{2}:?\d{2}|Z)$")
_CLOCK = re.compile(r"[0-9]{1,3}:[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?")
# Codes: digits only, or with letters right behind them, zeros in front, points as in 192.168.0.1.
_CODE = re.compile(r"[+]?[0-9 ]+|[0-9]+[A-Za-z]+|0[0-9].*|.*[0-9]\.[0-9]*\.[0-9].*")
_MIN_SHARE = 0.9
_MAX_LOOKED_AT = 1000


class _Remedy(NamedTuple):
    """A line of code that converts a column, and the function that it is."""

    code: str
    convert: Callable[[pd.Series], pd.Series]


class _Look(NamedTuple):
    """What texts may look like, and the remedies that give what they mean.

    Texts that look so tell what a column is; some that tell nothing, codes, may be so too.
    """

    what: str
    meaning: str | None
    looks_so: Callable[[str], bool]
    may_be_so: Callable[[str], bool]
    remedies: Callable[[pd.Series], list[_Remedy]]


def warn_of_lookalikes(name: Any, texts: np.ndarray) -> bool:
    """Warn if nearly all of the texts look like dates or numbers; say whether they do.

    Such a column can be neither learnt as what it means nor made anew as a key.

    Parameters
    ----------
    name : hashable
        The column's name.
    texts : ndarray of shape (n,), object
        Distinct texts.

    Warns
    -----
    UserWarning
        With a cell that is to blame, and a remedy that was tried on the texts.
    """
    some = texts[:: max(1, len(texts) // _MAX_LOOKED_AT)]
    for look in _LOOKS:
        if _which(some, look.looks_so).mean() >= _MIN_SHARE:
            are_so = _which(some, look.may_be_so)
            example, blamed, remedy = _explain(look, texts, some[are_so], some[~are_so], name)
            warn(
                f"column {name!r}: its texts look like {look.what} ({example!r}), but {blamed}, so "
                f"that they are taken for categories; {remedy}, or set "
                f"column_kinds={{{name!r}: 'categorical'}}"
            )
            return True
    return False


def why_no_form(kind: str, present: np.ndarray) -> str:
    """Say why the cells of a column are no numbers or no dates, and what to do.

    Parameters
    ----------
    kind : {"numeric", "datetime"}
        What the column is to be.
    present : ndarray of shape (n,)
        Its cells, written in no form.
    """
    if present.dtype != object:
        return (
            f"numbers such as {present.tolist()[0]!r} are no dates: convert the column with "
            "pd.to_datetime or leave its kind out"
        )
    look = next(look for look in _LOOKS if look.meaning == kind)
    texts = as_cells(list(dict.fromkeys(present.tolist())))
    are_so = _which(texts, look.may_be_so)
    if not are_so.all():
        word = "is no number" if kind == "numeric" else "is not a date"
        return f"{texts[~are_so][0]!r} {word}: correct it or use the kind 'categorical'"
    example, blamed, remedy = _explain(look, texts, texts, texts[:0])
    return (
        f"{look.what} such as {example!r} are not all in one known format, as {blamed}: {remedy}, "
        "or use the kind 'categorical'"
    )


def _which(texts: np.ndarray, are_so: Callable[[str], bool]) -> np.ndarray:
    return np.array([are_so(text) for text in texts], dtype=bool)


def _explain(
    look: _Look, texts: np.ndarray, fitting: np.ndarray, others: np.ndarray, name: Any = None
) -> tuple[str, str, str]:
    """Say what of a column is to blame, and what to do.

    Parameters
    ----------
    look : _Look
    texts, fitting, others : ndarray
        The column's texts, and of those that were looked at the ones that look so and do not.
    name : hashable, default=None
        The column's name.

    Returns
    -------
    example, blame, remedy : str
        A text, what keeps it from being read, and lines of code of which one makes of the
        column what it means, if there are.
    """
    remedies = look.remedies(pd.Series(fitting, dtype=object))
    if remedies and not len(others):
        others = texts[remedies[0].convert(pd.Series(texts, dtype=object)).isna().to_numpy()]
    column, more = "column" if name is None else f"df[{name!r}]", _COERCE if len(others) else ""
    codes = [
        f"{column} = {one.code.format(column=column, more=more)}"
        for one in remedies
        if one.convert(pd.Series(others, dtype=object)).isna().all()
    ]
    remedy = f"convert the column, {' or '.join(codes)}" if codes else "write its cells alike"
    if len(others):
        are_none = f" and {len(others) - 1} others are none" if len(others) > 1 else " is none"
        return fitting[0], repr(others[0]) + are_none, remedy
    form, odd = nearest_form(texts, look.meaning)
    if len(remedies) > 1:
        return texts[0], "its day and its month may be swapped", remedy
    if form is None or not len(odd):
        return texts[0], "that is in no form that is known", remedy
    example = next((text for text in texts if text not in odd), texts[0])
    return example, f"{odd[0]!r} is not written as {form.sample}", remedy


_COERCE = ", errors='coerce'"


def _looks_like_date(text: str) -> bool:
    found = _DATE.search(text)
    if not (found and _DATE_START.match(text)) or len(text) > 40:
        return False
    numbers = [int(part) for part in found.group("first", "second", "third") if part]
    # Two of three numbers are a month and a day; a month's name says enough.
    return not numbers or any(
        1 <= month <= 12 and 1 <= day <= 31 for month, day in permutations(numbers, 2)
    )


def _remedies_of_dates(cells: pd.Series) -> list[_Remedy]:
    """Return to_datetime, for either order where no date tells whether its day comes first."""
    pairs = cells.str.extract(_DAY_AND_MONTH).dropna().astype(int)
    day_first, month_first = (pairs[0] > 12).any(), (pairs[1] > 12).any()
    if day_first and month_first:
        return []
    # Offsets that differ have no other moments in common.
    in_utc = {"utc": True} if cells.str.extract(_OFFSET)[0].nunique(dropna=False) > 1 else {}
    are_open = len(pairs) and not day_first and not month_first
    remedies = []
    for first in (True, False) if are_open else (day_first,):
        order = {"dayfirst": True} if first else {}
        column = "{column}"
        if first and cells.str.match(_YEAR_FIRST).any():
            # With dayfirst=True, pandas 3.1 takes 2021-03-01 for the third of January.
            if not (cells.str.match(_YEAR_FIRST) | cells.str.match(_DAY_FIRST)).all():
                return []
            order = {}
            column = f"{{column}}.str.replace(r'{_DAY_FIRST}', r'\\3-\\2-\\1', regex=True)"
        options = {"format": "mixed", **in_utc, **order}
        words = ", ".join(f"{key}={value!r}" for key, value in options.items())
        code = f"pd.to_datetime({column}, {words}{{more}})"
        remedy = _Remedy(code, partial(_to_datetime, options=options, swap=column != "{column}"))
        if _converts(remedy, cells):
            remedies.append(remedy)
    return remedies


def _to_datetime(cells: pd.Series, options: dict[str, Any], swap: bool) -> pd.Series:
    """Do as a remedy does."""
    if swap:
        cells = cells.str.replace(_DAY_FIRST, r"\3-\2-\1", regex=True)
    return pd.to_datetime(cells, errors="coerce", **options)


def _remedies_of_times(cells: pd.Series) -> list[_Remedy]:
    """Return to_timedelta, which wants seconds."""
    remedies = [
        _Remedy("pd.to_timedelta({column}{more})", partial(pd.to_timedelta, errors="coerce")),
        _Remedy(
            "pd.to_timedelta({column} + ':00'{more})",
            lambda cells: pd.to_timedelta(cells + ":00", errors="coerce"),
        ),
    ]
    return [one for one in remedies if _converts(one, cells)][:1]


def _converts(remedy: _Remedy, cells: pd.Series) -> bool:
    try:
        converted = remedy.convert(cells)
    except (TypeError, ValueError):
        # Time zones that differ.
        return False
    return converted.dtype != object and bool(converted.notna().all())


def _looks_like_number(text: str) -> bool:
    return not _CODE.fullmatch(text) and _may_be_number(text)


def _may_be_number(text: str) -> bool:
    anatomy = dissect(text)
    return anatomy is not None and is_unit(anatomy.unsigned[1])


def _is_clock(text: str) -> bool:
    return bool(_CLOCK.fullmatch(text))


def _remedies_of_numbers(cells: pd.Series) -> list[_Remedy]:
    """Return to_numeric, on texts without what surrounds their digits."""
    anatomies = [required(dissect(text)) for text in cells]
    numerals, _ = find_numerals([one.core for one in anatomies])
    units = {tuple(part.strip(" +") for part in one.unsigned) for one in anatomies}
    # In several units, the same digits do not mean the same.
    if numerals is None or len(units - {("", "")}) > 1:
        return []
    meant = [_number_of(one, numerals) for one in anatomies]
    return [one for one in _OF_NUMBERS if np.allclose(one.convert(cells), meant)][:1]


def _number_of(anatomy: Anatomy, numerals: Numerals) -> float:
    digits = anatomy.core
    if numerals.thousands:
        digits = digits.replace(numerals.thousands, "")
    try:
        return float(digits.replace(numerals.mark, ".")) * (-1) ** anatomy.is_negative
    except ValueError:
        return np.nan


def _stripped(cells: pd.Series, mark: str) -> pd.Series:
    return cells.str.replace(f"[^0-9{mark}-]", "", regex=True).str.replace(mark, ".")


_OF_NUMBERS = (
    _Remedy("pd.to_numeric({column}{more})", partial(pd.to_numeric, errors="coerce")),
    _Remedy(
        "pd.to_numeric({column}.str.replace('[^0-9.-]', '', regex=True){more})",
        lambda cells: pd.to_numeric(_stripped(cells, "."), errors="coerce"),
    ),
    _Remedy(
        "pd.to_numeric({column}.str.replace('[^0-9,-]', '', regex=True).str.replace(',', '.')"
        "{more})",
        lambda cells: pd.to_numeric(_stripped(cells, ","), errors="coerce"),
    ),
)
_LOOKS = (
    _Look("dates", "datetime", _looks_like_date, _looks_like_date, _remedies_of_dates),
    _Look("times", None, _is_clock, _is_clock, _remedies_of_times),
    _Look("numbers", "numeric", _looks_like_number, _may_be_number, _remedies_of_numbers),
)
