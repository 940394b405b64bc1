"""Columns of cells that have types of their own, each cell by itself: in JSON lines and Excel."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

_INT64, _UINT64 = np.iinfo(np.int64), np.iinfo(np.uint64)


def frame_of_cells(
    columns: dict[str, list[Any]], texts: Collection[str], na: Collection[str] | None
) -> pd.DataFrame:
    """Make a table of lists of Python objects.

    Parameters
    ----------
    columns : dict of str to list
        The cells of each column; None is a missing one.
    texts : collection of str
        Columns that are text, whatever the types of their cells.
    na : collection of str or None
        Texts that stand for a missing cell, if there are any.

    Returns
    -------
    DataFrame
        As `read_table` makes it of CSV: whole numbers are exact, and nullable beside missing
        cells; where numbers stand beside texts, all of them are text.
    """
    missing = frozenset(na or ())
    made = {}
    for place, (name, cells) in enumerate(columns.items()):
        cells = [None if _is_in(cell, missing) else cell for cell in cells]
        made[place] = _series(cells, name in texts)
    return pd.DataFrame(made).set_axis(list(columns), axis=1)


def _is_in(cell: Any, texts: frozenset[str]) -> bool:
    return isinstance(cell, str) and cell in texts


def _series(cells: list[Any], as_text: bool) -> pd.Series:
    types = {type(cell) for cell in cells if cell is not None}
    if not types:
        return pd.Series(np.full(len(cells), np.nan))
    if types == {int} and not as_text:
        return _whole([0 if cell is None else cell for cell in cells], [c is None for c in cells])
    if types <= {int, float} and not as_text and not _rounds(cells):
        return pd.Series([np.nan if cell is None else float(cell) for cell in cells])
    if len(types) == 1 and not as_text and types & {bool, datetime.datetime, datetime.timedelta}:
        return pd.Series(cells)
    if types == {datetime.date} and not as_text:
        return pd.Series(cells, dtype=object)
    text = [np.nan if cell is None else cell if type(cell) is str else str(cell) for cell in cells]
    return pd.Series(text, dtype=pd.Series([""]).dtype)


def _whole(cells: list[int], missing: list[bool]) -> pd.Series:
    low, high = min(cells), max(cells)
    dtype = np.int64 if high <= _INT64.max else np.uint64
    if low < _INT64.min or high > _UINT64.max or (low < 0 and dtype is np.uint64):
        return pd.Series([np.nan if no else str(n) for n, no in zip(cells, missing, strict=True)])
    values = np.array(cells, dtype=dtype)
    return (
        pd.Series(pd.arrays.IntegerArray(values, np.array(missing)))
        if any(missing)
        else (pd.Series(values))
    )


def _rounds(cells: list[Any]) -> bool:
    """Whether a whole number among fractions is none that a float holds."""
    return any(type(cell) is int and int(float(cell)) != cell for cell in cells)
