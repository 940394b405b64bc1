"""Numbers and moments that a column writes in a form: which one, and what its cells mean."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.lookalikes import why_no_form
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.distinct import distinct_cells
from synthwgan.table.forms.registry import find_form
from synthwgan.table.storage.dtypes import NumberType, PhysicalType
from synthwgan.table.storage.scalars import as_number, as_whole

# What cells are that need no form, by what forms mean.
_NATIVE = {"numeric": "number", "datetime": "time"}


def form_of(physical: PhysicalType, present: np.ndarray, meaning: str | None = None) -> Form | None:
    """Return the form in which the cells of a column are written, None if there is none.

    Parameters
    ----------
    physical : PhysicalType
        Text, and numbers that are whole, may be written in a form.
    present : ndarray of shape (n,)
        Canonical values, none missing.
    meaning : {"numeric", "datetime"}, default=None
        What the cells must mean; None leaves it open.
    """
    if physical.domain == "text":
        return find_form(present, meaning)
    if not isinstance(physical, NumberType) or not _are_whole(present).all():
        return None
    return find_form(present.astype(np.int64) if present.dtype.kind == "f" else present, meaning)


def form_for(meaning: str, physical: PhysicalType, present: np.ndarray) -> Form | None:
    """Return the form of a column whose cells are to mean numbers or dates, None if they need none.

    Raises
    ------
    ValueError
        If they need one and are written in none; the message names a cell and the remedy.
    """
    form = form_of(physical, present, meaning)
    if form is None and len(present) and physical.domain != _NATIVE[meaning]:
        raise ValueError(why_no_form(meaning, present))
    return form


def parse_cells(form: Form, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what cells mean and where they are of a form, see `Form.parse`.

    Whole numbers may be floats, for the sake of gaps.
    """
    distinct, places = distinct_cells(cells)
    if distinct.dtype.kind != "f":
        numbers, fits = form.parse(distinct)
        return numbers[places], fits[places]
    fits = _are_whole(distinct)
    parsed, are_fitting = form.parse(distinct[fits].astype(np.int64))
    numbers = np.zeros(len(distinct), dtype=parsed.dtype)
    numbers[fits], fits[fits] = parsed, are_fitting
    return numbers[places], fits[places]


def as_written(physical: PhysicalType, value: Any) -> np.ndarray | None:
    """Return a user's value as one canonical cell, None if none that is written can be meant."""
    if physical.domain == "text":
        return np.array([value], dtype=object) if isinstance(value, str) else None
    try:
        return np.array([as_whole(value)], dtype=physical.canonical)
    except (TypeError, ValueError, OverflowError):
        return None


def plain_number(form: Form, physical: PhysicalType, value: Any) -> float | int:
    """Return what a plain number or date is among the numbers of a form.

    Raises
    ------
    ValueError, TypeError, OverflowError
        If it is none.
    """
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if form.unit is not None:
        # A number would be taken for nanoseconds since 1970.
        if is_number:
            raise ValueError(f"{value!r} is no date")
        stamp = pd.Timestamp(value).to_datetime64()
        return int(stamp.astype(f"M8[{form.unit}]").astype(np.int64))
    if physical.domain != "text" or not (is_number or isinstance(value, str)):
        raise ValueError(f"{value!r} is not written as {form.sample}")
    number = as_number(value)
    return int(number) if number == int(number) else float(number)


def write_cells(form: Form, numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return numbers as cells of a form and a dtype."""
    distinct, places = np.unique(numbers, return_inverse=True)
    return form.write(distinct)[places].astype(dtype, copy=False)


def _are_whole(values: np.ndarray) -> np.ndarray:
    """Where numbers are whole and float64 has them exactly; integers are."""
    if values.dtype.kind != "f":
        return np.ones(len(values), dtype=bool)
    return (np.mod(values, 1) == 0) & (np.abs(values) < 2**53)
