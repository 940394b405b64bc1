"""All forms, which of them a column is written in, and forms from a model file."""

from __future__ import annotations

from typing import Any

import numpy as np

from synthwgan.table.forms.abbreviated import AbbreviatedNumber
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.clock import ClockText
from synthwgan.table.forms.clockdigits import ClockDigits
from synthwgan.table.forms.digits import AskedMoments, DigitMoments
from synthwgan.table.forms.distinct import distinct_cells
from synthwgan.table.forms.durations import Components, Counted, DaysAndClock
from synthwgan.table.forms.ipv4 import IPv4
from synthwgan.table.forms.numbers import PlainNumber, TextNumber
from synthwgan.table.forms.scientific import ScientificNumber
from synthwgan.table.forms.textdates import TextDate
from synthwgan.table.forms.writtendates import WrittenDate
from synthwgan.table.forms.zoned import ZonedMoment

# In order of preference, where several fit as many cells.
FORMS: tuple[type[Form], ...] = (
    *(TextDate, DigitMoments, WrittenDate, ZonedMoment),
    *(ClockText, ClockDigits, DaysAndClock, Counted, Components),
    *(IPv4, AbbreviatedNumber, TextNumber, ScientificNumber),
)
# Forms of what could mean something else, if the user says what it means.
ASKED_FORMS: tuple[type[Form], ...] = (PlainNumber, AskedMoments)

# Cells of another form are exceptions: signs for what is unknown, bounds of a measurement, slips
# of the pen. They become states, so there may be few of them only. One in ten is what tables
# with holes have; with more, or more of them than of the others, the column is no column of
# numbers.
MIN_FITTING = 0.9
MAX_ODD = 20


def find_form(cells: np.ndarray, meaning: str | None = None) -> Form | None:
    """Return the form in which the cells of a column are written, but for few odd ones.

    Parameters
    ----------
    cells : ndarray of shape (n,), object (str), int64 or uint64
        Cells of a column, none missing.
    meaning : {"numeric", "datetime"}, default=None
        What the cells must mean; None leaves it open.

    Returns
    -------
    form : Form or None
        That in which most cells are written. None if no form holds for nine cells of ten, or
        there are more than 20 odd ones, or as many as others, each counted once.
    """
    if not len(cells):
        return None
    distinct, places = distinct_cells(cells)
    counts = np.bincount(places)
    best, n_best = None, 0
    for form_class in FORMS if meaning is None else FORMS + ASKED_FORMS:
        if form_class.meaning != (meaning or form_class.meaning):
            continue
        form = form_class.find(distinct)
        if form is None:
            continue
        fits = form.parse(distinct)[1]
        n_odd, n_fitting = int((~fits).sum()), int(counts[fits].sum())
        # Whole numbers are judged by chance, and their signs for no date may be common.
        share = n_fitting / len(cells) if cells.dtype == object else fits.mean()
        if share < MIN_FITTING or n_odd > min(MAX_ODD, fits.sum() - 1):
            continue
        if n_fitting > n_best:
            best, n_best = form, n_fitting
    return best


def form_from_dict(state: dict[str, Any]) -> Form:
    """Rebuild a form from `Form.to_dict`.

    Raises
    ------
    ValueError
        If there is no such form.
    """
    state = dict(state)
    name = state.pop("name", None)
    classes = {form_class.name: form_class for form_class in FORMS + ASKED_FORMS}
    if name not in classes:
        raise ValueError(f"{name!r} is no form in which cells are written")
    try:
        return classes[name].from_dict(state)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"cells are written in no form {name!r} of {state}") from error
