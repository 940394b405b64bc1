"""Cells of several columns as one code: what was seen together, found again in other tables."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.rules.columns import Column, Table


def joint_codes(columns: list[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Return one code a row for the cells of columns, and where none is missing."""
    present = columns[0].present.copy()
    codes = np.maximum(columns[0].codes, 0).astype(np.int64)
    size = max(columns[0].n_distinct, 1)
    for column in columns[1:]:
        present &= column.present
        if size * max(column.n_distinct, 1) >= 2**62:
            codes, _ = pd.factorize(codes)
            size = int(codes.max(initial=0)) + 1
        codes = codes * max(column.n_distinct, 1) + np.maximum(column.codes, 0)
        size *= max(column.n_distinct, 1)
    return codes, present


def seen_together(table: Table, names: list[Hashable]) -> tuple[list[tuple[Any, ...]], np.ndarray]:
    """Return the combinations of cells that a table has, and one row of each."""
    columns = [table[name] for name in names]
    codes, present = joint_codes(columns)
    rows = np.flatnonzero(present)
    first = rows[np.unique(codes[rows], return_index=True)[1]]
    labels = [[column.labels[code] for code in column.codes[first]] for column in columns]
    return list(zip(*labels, strict=True)), first


def positions(
    table: Table, names: list[Hashable], seen: list[tuple[Any, ...]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row the position of its cells among those seen, -1 if they are not.

    Returns
    -------
    positions : ndarray of shape (n_rows,), int64
    present : ndarray of shape (n_rows,), bool
        Where no cell is missing.
    """
    columns = [table[name] for name in names]
    present = np.ones(len(table), dtype=bool)
    codes = np.zeros(len(table), dtype=np.int64)
    known = np.zeros(len(seen), dtype=np.int64)
    unknown = np.zeros(len(table), dtype=bool)
    for place, column in enumerate(columns):
        vocabulary: dict[Any, int] = {}
        ids = [vocabulary.setdefault(key[place], len(vocabulary)) for key in seen]
        of_label = np.array([vocabulary.get(label, -1) for label in column.labels] + [-1])
        cells = of_label[column.codes]
        present &= column.present
        unknown |= cells < 0
        size = max(len(vocabulary), 1)
        both = np.concatenate([known * size + np.array(ids, dtype=np.int64), codes * size + cells])
        # Factorized at each step, so that the codes of many columns stay small.
        both = pd.factorize(both)[0]
        known, codes = both[: len(seen)], both[len(seen) :]
    where = np.full(int(max(known.max(initial=-1), codes.max(initial=-1))) + 1, -1)
    where[known] = np.arange(len(seen))
    found = where[codes] if len(codes) else codes
    return np.where(unknown | ~present, -1, found), present
