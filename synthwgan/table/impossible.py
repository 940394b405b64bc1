"""Pairs of states that rules forbid, whatever their columns' other cells are."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import RARE, ColumnTransformer
from synthwgan.table.encoding import part_places
from synthwgan.table.layout import Layout
from synthwgan.table.reduction import Reduction
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.combinations import Combinations
from synthwgan.table.rules.missing_together import MissingTogether
from synthwgan.table.rules.missing_where import MissingWhere

# Pairs of states of two columns that are looked at, at most.
_MAX_PAIRS = 2**18


def impossible_pairs(reduction: Reduction, layout: Layout) -> np.ndarray:
    """Return which pairs of states no row may have, so that they need not be drawn in vain.

    Counts see only states that are frequent one by one. A rule knows more: where nobody was placed,
    no amount of a salary is possible, however rare each is.

    Parameters
    ----------
    reduction : Reduction
        Knows the rules, and which columns are learned.
    layout : Layout
        Of the learned columns.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), int64
        State slots of the layout.
    """
    block_of = _blocks(reduction, layout)
    found = [np.empty((0, 2), dtype=np.int64)]
    for rule in reduction.enforced:
        for part in _parts_of(rule):
            names = list(part.columns)
            if len(names) == 2 and all(name in block_of for name in names):
                found.append(_forbidden(part, [block_of[name] for name in names]))
    return np.concatenate(found)


Block = tuple[ColumnTransformer, int]


def _blocks(reduction: Reduction, layout: Layout) -> dict[Hashable, Block]:
    """Return the columns of the table that are learned as one block, and where it starts."""
    blocks = {}
    places = part_places(column for _, column in reduction.learned)
    for (name, column), own, place in zip(reduction.learned, places, reduction.places, strict=True):
        if place >= 0 and len(own) == 1 and layout.column_blocks[own[0]] >= 0:
            start = int(layout.block_starts[layout.column_blocks[own[0]]])
            blocks[name] = column, start
    return blocks


def _parts_of(rule: Rule) -> Iterator[Rule]:
    """Return what a rule says of two columns each."""
    if isinstance(rule, MissingTogether):
        for pair in combinations(rule.columns, 2):
            yield MissingTogether(list(pair))
    elif isinstance(rule, Combinations):
        for first, second in combinations(range(len(rule.columns)), 2):
            part = Combinations([rule.columns[first], rule.columns[second]])
            part.seen_ = list({(cells[first], cells[second]) for cells in rule.seen_})
            part.written_ = rule.written_
            yield part
    else:
        yield rule


def _forbidden(rule: Rule, blocks: list[Block]) -> np.ndarray:
    """Return the pairs of slots of two blocks that a rule forbids."""
    none = np.empty((0, 2), dtype=np.int64)
    about_missing = isinstance(rule, MissingTogether | MissingWhere)
    for (column, _), name in zip(blocks, rule.columns, strict=True):
        only_missing = isinstance(rule, MissingTogether) or name == getattr(rule, "column", None)
        # A state that stands for many numbers says only that the cell is filled.
        if column.has_value and not (about_missing and only_missing):
            return none
    sizes = [column.n_states for column, _ in blocks]
    if np.prod(sizes) > _MAX_PAIRS:
        return none
    codes = [states.ravel() for states in np.indices(sizes)]
    frame = pd.DataFrame(
        {
            place: _cells(column, own)
            for place, ((column, _), own) in enumerate(zip(blocks, codes, strict=True))
        }
    ).set_axis(pd.Index(rule.columns, tupleize_cols=False), axis=1)
    broken = ~rule.check(frame)
    for (column, _), own in zip(blocks, codes, strict=True):
        broken &= ~_is_open(column)[own]
    starts = [start for _, start in blocks]
    return np.stack([start + own[broken] for start, own in zip(starts, codes, strict=True)], axis=1)


def _cells(column: ColumnTransformer, codes: np.ndarray) -> pd.Series:
    """Return a column's cells in some states."""
    part, rng = column.parts[0], np.random.default_rng(0)
    cells = part.decode_cells(len(codes), codes, np.zeros(len(codes)), rng)
    return column.physical.write(column.join([cells]))


def _is_open(column: ColumnTransformer) -> np.ndarray:
    """Whether each state is one that rare categories share, which may be any of them."""
    return np.array([label == RARE for label in column.parts[0].state_labels()], dtype=bool)
