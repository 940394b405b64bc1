"""Cells of a column that are all written in one form: what they mean, and the way back."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.digits import DigitMoments
from synthwgan.table.forms.registry import find_form
from synthwgan.table.forms.seconds import Seconds

# In place of a form: look for one.
FIND = object()


def unit_of(written: Form) -> str:
    """Return the unit of ticks; months are read as their first days."""
    return "D" if written.unit == "M" else required(written.unit)


def form_of(cells: np.ndarray, written: Any) -> Form | None:
    """Return the form in which all cells are written, that of the fitted table first, or None."""
    if written is None or not len(cells):
        return None
    is_text = cells.dtype == object
    if isinstance(written, DigitMoments):
        # The same digits may be numbers in one file and text in another.
        written = type(written)(written.pattern, str(cells.dtype))
    if written is not FIND and (is_text or isinstance(written, DigitMoments)):
        if written.parse(cells)[1].all():
            return written
    found = find_form(cells)
    if found is None or not found.parse(cells)[1].all():
        return None
    # Numbers that could be clock times are such only where a rule says so.
    return found if is_text or found.meaning == "datetime" else None


def seconds_of(ticks: np.ndarray, written: Any, microseconds: Fraction) -> Form | None:
    """Return the form that reads ticks of durations as seconds, that of the fitted table first."""
    found = None if written is None else Seconds.of_ticks(ticks, microseconds)
    if found is None or not isinstance(written, Seconds) or written.digits != found.digits:
        return found
    return written if written.n_decimals >= found.n_decimals else found


def numbers_of(form: Form, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what cells mean, months as their first days, and which are of the form."""
    numbers, fits = form.parse(cells)
    if form.unit == "M":
        numbers = numbers.astype("M8[M]").astype("M8[D]").astype(np.int64)
    return numbers, fits


def cells_of(form: Form, numbers: np.ndarray) -> np.ndarray:
    """Return numbers, or ticks, as cells of a form: the way back from `numbers_of`."""
    if form.unit == "M":
        numbers = numbers.astype(np.int64).view("M8[D]").astype("M8[M]").astype(np.int64)
    elif form.unit is not None:
        numbers = numbers.astype(np.int64)
    else:
        dtype = number_dtype(form)
        is_rounded = dtype.kind == "i" and numbers.dtype.kind == "f"
        numbers = (np.rint(numbers) if is_rounded else numbers).astype(dtype)
    return form.write(numbers)


def number_dtype(form: Form) -> np.dtype:
    """Return the dtype of the numbers that a form of text means."""
    return form.parse(np.empty(0, dtype=object))[0].dtype
