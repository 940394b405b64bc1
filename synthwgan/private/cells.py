"""Cells of a number's range: fixed before any look, and split further where noisy counts allow."""

from __future__ import annotations

import numpy as np

# A range of so many values has a cell for each.
MAX_POINTS = 256
N_PARTS = 8
# Exponents of the smallest and the largest cell of numbers of unknown range; below the bounds,
# the smallest cell is the largest bound's times 2 to the power of minus this.
_LOWEST, _HIGHEST, _DEPTH = -30, 53, 20


def first_edges(bounds: tuple[float, float] | None, is_grid: bool) -> np.ndarray:
    """Return the edges of cells that double in width, about zero or the bound next to it.

    Parameters
    ----------
    bounds : pair of float or None
        Public bounds, in steps if there is a grid.
    is_grid : bool
        Whether numbers are whole.

    Returns
    -------
    ndarray of shape (n_cells + 1,), float64
        Cell ``c`` is from edge ``c``, included, to edge ``c + 1``, excluded. Zero and both bounds
        have cells of their own.
    """
    if bounds is None:
        low, high = -(2.0**_HIGHEST), 2.0**_HIGHEST
    else:
        low, high = bounds
    if is_grid:
        low, high = np.ceil(low), np.floor(high)
        if high - low < MAX_POINTS:
            return np.arange(low, max(high, low) + 2)
    pivot = min(max(0.0, low), high)
    reach = max(high - pivot, pivot - low)
    if is_grid:
        widths = 2.0 ** np.arange(0, np.ceil(np.log2(reach)) + 1)
    elif bounds is None:
        widths = 2.0 ** np.arange(_LOWEST, _HIGHEST + 1)
    else:
        widths = reach * 2.0 ** np.arange(-_DEPTH, 1) if reach > 0 else np.array([])
    # On the left of the pivot cells are closed on the right: whole numbers are moved by one.
    shift = 1.0 if is_grid else 0.0
    edges = [pivot - widths + shift, [pivot], pivot + widths]
    points = np.array([pivot, low, high])
    edges += [points, next_of(points, is_grid)]
    found = np.unique(np.concatenate(edges))
    return found[(found >= low) & (found <= next_of(np.array([high]), is_grid)[0])]


def next_of(points: np.ndarray, is_grid: bool) -> np.ndarray:
    """Return the next number that there is after each."""
    return points + 1 if is_grid else np.nextafter(points, np.inf)


def is_point(edges: np.ndarray, is_grid: bool) -> np.ndarray:
    """Whether each cell holds one number only."""
    return edges[1:] <= next_of(edges[:-1], is_grid)


def split(low: float, high: float, is_grid: bool, n_parts: int = N_PARTS) -> np.ndarray:
    """Return the edges of a cell's equal parts, the last one left out."""
    parts = np.linspace(low, high, n_parts + 1)
    return np.unique(np.ceil(parts) if is_grid else parts)[:-1]


def cells_of(steps: np.ndarray, edges: np.ndarray, is_grid: bool) -> np.ndarray:
    """Return the cell of each number, -1 for those outside and for no number."""
    steps = np.rint(steps) if is_grid else steps
    inside = (steps >= edges[0]) & (steps < edges[-1])
    cells = np.searchsorted(edges, np.where(inside, steps, edges[0]), side="right") - 1
    return np.where(inside, cells, -1)
