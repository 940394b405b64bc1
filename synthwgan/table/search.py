"""Finds the number of which a total is computed along more than one way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.rules.rounding import agrees, round_to

# Along sums and products the way is all but straight; what is left is rounding.
_N_STEPS = 6
_BESIDE = (0, -1, 1, -2, 2)


def search_part(
    part: pd.Series,
    form: ColumnForm,
    wanted: pd.Series,
    compute: Callable[[pd.Series], pd.Series],
    total: ColumnForm,
) -> tuple[pd.Series, np.ndarray]:
    """Return cells of a part of which wanted totals are computed, by the secant method.

    A gross price is a net price and the tax on it: no single rule can be solved for the net price.

    Parameters
    ----------
    part : Series of shape (n_rows,)
        Cells to begin with.
    form : ColumnForm
        How the part is written, a number.
    wanted : Series of shape (n_rows,)
    compute : callable
        Returns the totals of cells of the part.
    total : ColumnForm
        How the total is written, a number as well.

    Returns
    -------
    cells : Series of shape (n_rows,)
    is_found : ndarray of shape (n_rows,), bool
        Where these cells make the total.
    """
    goal = _floats(wanted, total)

    def written(numbers: np.ndarray) -> pd.Series:
        filled = np.where(np.isfinite(numbers), numbers, 0.0)
        none = np.zeros(len(part), dtype=bool)
        return form.write(round_to(filled, form.decimals, "nearest"), none, part.index).rename(
            part.name
        )

    def total_at(numbers: np.ndarray) -> np.ndarray:
        return _floats(compute(written(numbers)), total)

    with np.errstate(all="ignore"):
        before = _floats(part, form)
        sums = total_at(before)
        now = np.where(sums != 0, before * goal / sums, before + goal)
        for _ in range(_N_STEPS):
            new = total_at(now)
            step = (goal - new) * (now - before) / (new - sums)
            before, sums, now = now, new, now + np.where(np.isfinite(step), step, 0.0)
    width = 0.0 if form.decimals is None else 10.0**-form.decimals
    found, is_found = now, np.zeros(len(part), dtype=bool)
    for beside in _BESIDE:
        trial = now + beside * width
        is_hit = agrees(total_at(trial), goal, total.decimals) & ~is_found
        found, is_found = np.where(is_hit, trial, found), is_found | is_hit
    return written(found), is_found


def _floats(cells: pd.Series, form: ColumnForm) -> np.ndarray:
    values, missing = form.read(cells)
    return np.where(missing, np.nan, values.astype(np.float64))
