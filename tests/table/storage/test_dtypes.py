"""Cells as plain arrays."""

from __future__ import annotations

import numpy as np

from synthwgan.table.storage.dtypes import Cells


def test_given_integers_replace_drawn_ones_exactly() -> None:
    """Signed and unsigned ones have only floats in common."""
    none = np.zeros(2, dtype=bool)
    for given, drawn in ((np.int64, np.uint64), (np.uint64, np.int64)):
        cells = Cells(np.array([1, 2**62 + 1], dtype=drawn), none)
        others = Cells(np.array([2**53 + 1, 7], dtype=given), none)
        values = cells.replace(np.array([True, False]), others).values
        assert values.tolist() == [2**53 + 1, 2**62 + 1]
