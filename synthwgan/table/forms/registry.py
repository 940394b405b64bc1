"""All forms, which of them a column is written in, and forms from a model file."""

from __future__ import annotations

import re
from collections.abc import Callable
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
from synthwgan.table.forms.seconds import Seconds
from synthwgan.table.forms.textdates import TextDate
from synthwgan.table.forms.writtendates import WrittenDate
from synthwgan.table.forms.zoned import ZonedMoment

# In order of preference, where several fit as many cells.
FORMS: dict[str, type[Form]] = {
    form_class.name: form_class
    for form_class in (
        *(TextDate, DigitMoments, WrittenDate, ZonedMoment),
        *(ClockText, ClockDigits, DaysAndClock, Counted, Components),
        *(IPv4, AbbreviatedNumber, TextNumber, ScientificNumber),
    )
}
# Forms of what could mean something else, if the user says what it means.
ASKED_FORMS: dict[str, type[Form]] = {
    form_class.name: form_class for form_class in (PlainNumber, AskedMoments)
}
# Forms of cells of which the dtype says what they are.
DTYPE_FORMS: dict[str, type[Form]] = {Seconds.name: Seconds}

# Cells of another form are exceptions: signs for what is unknown, bounds of a measurement, slips
# of the pen. Each becomes a state, so there may be few different ones. They may be one cell in
# ten; or, as one sign may stand for many unknown cells, one in ten counted once each and half of
# all. With more, or fewer different cells of the form than others, the column is one of names.
MAX_ODD = 20
MIN_FITTING = 0.9
_MIN_FITTING_OF_ALL = 0.5
# So many different whole numbers beside words are amounts.
_MIN_AMOUNTS = 20
_ZERO_IN_FRONT = re.compile(r"[-+]?0\d")


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
        That in which most cells are written; None if there are too many others in each.
    """
    form = _best_form(cells, meaning, _are_exceptions)[0]
    return _amounts_beside_words(cells) if form is None and meaning is None else form


def _amounts_beside_words(cells: np.ndarray) -> Form | None:
    """Return the form of whole numbers that only a few words ("unknown") make a column of text.

    Digits alone may be codes, which are all of one length or begin with zeros, and are words
    themselves where nothing else is written beside them.
    """
    distinct, places = distinct_cells(cells)
    form = PlainNumber.find(distinct) if distinct.dtype == object else None
    if form is None:
        return None
    fits = form.parse(distinct)[1]
    digits = [str(text) for text in distinct[fits]]
    are_amounts = len(digits) >= _MIN_AMOUNTS and len({len(text) for text in digits}) > 1
    if fits.all() or not are_amounts or any(_ZERO_IN_FRONT.match(text) for text in digits):
        return None
    return form if _are_exceptions(~fits, np.bincount(places)) else None


def nearest_form(cells: np.ndarray, meaning: str | None) -> tuple[Form | None, np.ndarray]:
    """Return the form in which most cells are written, however few, and the distinct others."""
    return _best_form(cells, meaning, lambda are_odd, counts: True)


def _best_form(
    cells: np.ndarray, meaning: str | None, are_exceptions: Callable[[np.ndarray, np.ndarray], bool]
) -> tuple[Form | None, np.ndarray]:
    best, n_best, odd = None, 0, cells[:0]
    if not len(cells):
        return best, odd
    distinct, places = distinct_cells(cells)
    counts = np.bincount(places)
    for form_class in (FORMS if meaning is None else FORMS | ASKED_FORMS).values():
        if form_class.meaning != (meaning or form_class.meaning):
            continue
        form = form_class.find(distinct)
        if form is None:
            continue
        fits = form.parse(distinct)[1]
        n_fitting = int(counts[fits].sum())
        if n_fitting > n_best and are_exceptions(~fits, counts):
            best, n_best, odd = form, n_fitting, distinct[~fits]
    return best, odd


def _are_exceptions(are_odd: np.ndarray, counts: np.ndarray) -> bool:
    """Whether distinct cells, with their counts, are few enough to be exceptions."""
    n_odd, odd_share = int(are_odd.sum()), counts[are_odd].sum() / counts.sum()
    if n_odd > MAX_ODD or n_odd >= len(are_odd) - n_odd:
        return False
    are_few = n_odd <= (1 - MIN_FITTING) * len(are_odd) and odd_share <= 1 - _MIN_FITTING_OF_ALL
    return are_few or odd_share <= 1 - MIN_FITTING


def form_from_dict(state: dict[str, Any]) -> Form:
    """Rebuild a form from `Form.to_dict`.

    Raises
    ------
    ValueError
        If there is no such form.
    """
    classes = FORMS | ASKED_FORMS | DTYPE_FORMS
    try:
        parameters = {key: value for key, value in state.items() if key != "name"}
        return classes[state["name"]].from_dict(parameters)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"cells are written in no such form: {str(state)[:200]}") from error
