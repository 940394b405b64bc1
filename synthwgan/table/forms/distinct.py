"""Each distinct cell once: columns are long, and forms read cell by cell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def distinct_cells(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct cells, in order of appearance, and the place of each cell among them.

    Parameters
    ----------
    cells : ndarray of shape (n,), object (str) or a number

    Returns
    -------
    distinct : ndarray of shape (n_distinct,), dtype of the cells
    places : ndarray of shape (n,), int64
    """
    if cells.dtype.kind in "iu":
        places, distinct = pd.factorize(cells)
        return np.asarray(distinct), places.astype(np.int64, copy=False)
    # pandas takes texts that differ only behind a NUL for the same.
    place_of: dict[Any, int] = {}
    places = [place_of.setdefault(cell, len(place_of)) for cell in cells.tolist()]
    return as_cells(list(place_of), cells.dtype), np.array(places, dtype=np.int64)


def as_cells(cells: list[Any], dtype: Any = object) -> np.ndarray:
    """Return a list of cells as an array of one dimension, whatever they are."""
    array = np.empty(len(cells), dtype=dtype)
    array[:] = cells
    return array
