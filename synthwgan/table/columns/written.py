"""Numbers and moments that a column writes in a form: which one, and what its cells mean."""

from __future__ import annotations

import numpy as np

from synthwgan.table.columns.lookalikes import why_no_form
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.distinct import distinct_cells
from synthwgan.table.forms.registry import find_form
from synthwgan.table.storage.dtypes import NumberType, PhysicalType

# What cells are that need no form, by kind.
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


def form_for(kind: str, physical: PhysicalType, present: np.ndarray) -> Form | None:
    """Return the form of a column that is to be of a kind, None if its cells need none.

    Raises
    ------
    ValueError
        If they need one and are written in none; the message names a cell and the remedy.
    """
    form = form_of(physical, present, kind)
    if form is None and len(present) and physical.domain != _NATIVE[kind]:
        raise ValueError(why_no_form(kind, present))
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


def write_cells(form: Form, numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return numbers as cells of a form and a dtype."""
    distinct, places = np.unique(numbers, return_inverse=True)
    return form.write(distinct)[places].astype(dtype, copy=False)


def _are_whole(values: np.ndarray) -> np.ndarray:
    """Where numbers are whole and float64 has them exactly; integers are."""
    if values.dtype.kind != "f":
        return np.ones(len(values), dtype=bool)
    return (np.mod(values, 1) == 0) & (np.abs(values) < 2**53)
