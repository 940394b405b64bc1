"""Any column as plain numbers or plain texts, and what it is: the schema's kinds, without errors.

A report has to live with tables that no model of ours would take: a column that mixes types, or
a synthetic column of another dtype than the real one. What cannot be read as the real column is
read counts as missing.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.written import form_of, parse_cells
from synthwgan.table.door import given_kinds, naming_column
from synthwgan.table.forms.base import Form
from synthwgan.table.schema import COLUMN_CLASSES, infer_kind
from synthwgan.table.storage.physical import physical_type, refuse_nul

_SNIFFED_ROWS = 10_000
_TRUTHS = {"1": "True", "0": "False", "true": "True", "false": "False"}


@dataclass(frozen=True)
class Content:
    """What a real column holds.

    Parameters
    ----------
    kind : str
        The schema's kind, a key of ``COLUMN_CLASSES``.
    form : {"number", "duration", "date", "text", "truth"}
        How its cells are read.
    written : Form or None
        How numbers and dates are written in text, or in whole numbers.
    """

    kind: str
    form: str
    written: Form | None = None

    @property
    def is_number(self) -> bool:
        """Whether cells are read as numbers, as dates and durations are too."""
        return self.form in ("number", "duration", "date")

    @property
    def is_compared(self) -> bool:
        """Whether its cells say something: identifiers do not."""
        return COLUMN_CLASSES[self.kind].in_features


def contents(
    frame: pd.DataFrame, column_kinds: Mapping[Any, str] | None = None
) -> dict[Any, Content]:
    """Return what each column of a table is.

    Parameters
    ----------
    frame : DataFrame
        The real table.
    column_kinds : mapping of column name to kind, default None
        Kinds that are given and not inferred.

    Returns
    -------
    dict of column name to Content

    Raises
    ------
    ValueError, TypeError
        If a given kind is unknown, or does not fit its column.
    """
    kinds = given_kinds(column_kinds, frame.columns, list(COLUMN_CLASSES))
    return {
        name: content_of(frame[name], kinds.get(place)) for place, name in enumerate(frame.columns)
    }


def content_of(column: pd.Series, kind: str | None = None) -> Content:
    """Return what one column is, of the given kind or of the one the schema infers."""
    sniffed = sniff(column.dropna())
    if kind is not None:
        with naming_column(column.name):
            physical = physical_type(column)
            COLUMN_CLASSES[kind].check_fits(physical, physical.read(column))
    else:
        kind = _inferred(column)
    form = COLUMN_CLASSES[kind].reads_as
    if form == "text":
        return Content(kind, "truth" if sniffed == "boolean" else "text")
    written = _written(column, "datetime" if form == "date" else "numeric")
    is_duration = form == "number" and sniffed == "timedelta"
    return Content(kind, "duration" if is_duration else form, written)


def _written(column: pd.Series, meaning: str) -> Form | None:
    physical = physical_type(column)
    return form_of(physical, physical.read(column).present, meaning)


def sniff(values: pd.Series) -> str:
    """Return what the present values are, whatever dtype holds them."""
    head = _objects(values.head(_SNIFFED_ROWS))
    return pd.api.types.infer_dtype(head, skipna=True).removesuffix("64")


def _objects(column: pd.Series) -> np.ndarray:
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.astype(object).to_numpy()
    # One by one: to turn old moments in a time zone into objects ends the process in pandas 2.
    objects = np.empty(len(column), dtype=object)
    for place in range(len(column)):
        objects[place] = column.array[place]
    return objects


def as_floats(column: pd.Series, content: Content) -> np.ndarray:
    """Return a numeric or date column as floats; dates are seconds since 1970, durations seconds.

    Parameters
    ----------
    column : Series of shape (n,)
    content : Content
        What the real column is.

    Returns
    -------
    ndarray of shape (n,), float64
        NaN where the cell is missing, infinite, or cannot be read.
    """
    if content.written is not None and content.written.unit is None:
        return _read_written(column, content.written)
    if content.form == "date":
        moments = as_moments(column, content.written)
        values = moments.to_numpy("datetime64[us]").astype("int64") / 1e6
        return np.where(moments.isna(), np.nan, values)
    if sniff(column.dropna()) == "timedelta":
        return pd.to_timedelta(column.astype(object)).dt.total_seconds().to_numpy(float)
    if content.form == "duration" and not pd.api.types.is_numeric_dtype(column.dtype):
        durations = pd.to_timedelta(column.astype(object), errors="coerce")
        return durations.dt.total_seconds().to_numpy(float)
    return numbers(column)


def numbers(column: pd.Series) -> np.ndarray:
    """Return cells as float64, NaN where one is missing, infinite or no number."""
    cells: Any = column
    if not pd.api.types.is_numeric_dtype(column.dtype):
        cells = pd.to_numeric(column.astype(object), errors="coerce")
    values = cells.to_numpy(dtype="float64", na_value=np.nan)
    return np.where(np.isinf(values), np.nan, values)


def as_moments(
    column: pd.Series, written: Form | None = None, pattern: str | None = None
) -> pd.Series:
    """Return cells as timestamps without a zone (UTC), NaT where one is no date.

    Parameters
    ----------
    column : Series of shape (n,)
    written : Form or None, default None
        How the real column writes dates in text or whole numbers.
    pattern : str or None, default None
        Format of dates in text, as ``strptime`` knows it, where no form is known.
    """
    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert(None)
    if not isinstance(column.dtype, np.dtype) or column.dtype.kind != "M":
        sniffed = sniff(column.dropna())
        if written is not None and sniffed not in ("date", "datetime", "period"):
            ticks = _read_written(column, written)
            stamps = np.where(np.isnan(ticks), 0, ticks).astype("int64").view(f"M8[{written.unit}]")
            return pd.Series(stamps.astype("M8[us]")).mask(np.isnan(ticks))
        column = column.astype(object)
        pattern = pattern if sniffed == "string" else None
        if sniffed == "period":
            column = column.map(lambda period: period.to_timestamp(), na_action="ignore")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        moments = pd.to_datetime(column, format=pattern, errors="coerce", utc=True)
    return moments.dt.tz_localize(None)


def _read_written(column: pd.Series, form: Form) -> np.ndarray:
    """Return what cells of a form mean, float64, NaN where one is missing or of no form."""
    present = np.flatnonzero(column.notna().to_numpy())
    cells = column.iloc[present].astype(object).to_numpy()
    whole = form.write(np.zeros(1, dtype=np.int64)).dtype.kind in "iu"
    values = np.full(len(column), np.nan)
    if whole:
        cells = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy("float64")
        present, cells = present[~np.isnan(cells)], cells[~np.isnan(cells)]
    else:
        is_text = np.array([isinstance(cell, str) for cell in cells], dtype=bool)
        present, cells = present[is_text], cells[is_text]
    numbers, fits = parse_cells(form, cells)
    values[present[fits]] = numbers[fits]
    return values


def as_texts(column: pd.Series, content: Content) -> np.ndarray:
    """Return a column of categories or keys as texts.

    Parameters
    ----------
    column : Series of shape (n,)
    content : Content
        What the real column is.

    Returns
    -------
    ndarray of shape (n,), object
        None where the cell is missing. Whole floats read like integers, and 0 and 1 like
        truth values where the real column holds those.

    Raises
    ------
    ValueError
        If a text holds a NUL character.
    """
    cells = _objects(column)
    with naming_column(column.name):
        refuse_nul(cells)
    try:
        codes, distinct = pd.factorize(cells)
    except TypeError:
        cells = np.array([None if _is_none(cell) else repr(cell) for cell in cells], dtype=object)
        codes, distinct = pd.factorize(cells)
    texts = [_text(value, content) for value in distinct]
    return np.array([*texts, None], dtype=object)[codes]


def _text(value: Any, content: Content) -> str:
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = str(value)
    return _TRUTHS.get(text.lower(), text) if content.form == "truth" else text


def _is_none(cell: Any) -> bool:
    return bool(pd.api.types.is_scalar(cell) and pd.isna(cell))


def _inferred(column: pd.Series) -> str:
    with warnings.catch_warnings():
        # Text that merely looks like dates: a model's concern.
        warnings.simplefilter("ignore")
        try:
            physical = physical_type(column)
            return infer_kind(column.name, physical, physical.read(column))
        except (TypeError, ValueError, OverflowError):
            # Of no type that the core takes, such as mixed ones.
            return "categorical"
