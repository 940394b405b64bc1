"""Pairs of states that rules forbid, whatever their columns' other cells are."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import RARE, ColumnTransformer
from synthwgan.table.encoding import part_places
from synthwgan.table.layout import Layout
from synthwgan.table.reduction import Reduction
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.computed import COMPUTED, OWN, ComputedRule
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.product import Product

FILLED = "<filled>"
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
        for part in rule.in_pairs():
            names = list(part.columns)
            if len(names) == 2 and all(name in block_of for name in names):
                found.append(_forbidden(part, [block_of[name] for name in names]))
    found += _uncomputable(reduction, layout)
    found += _contradicting(reduction, block_of)
    return np.concatenate(found)


def doubtful_pairs(reduction: Reduction, layout: Layout) -> np.ndarray:
    """Return which pairs of states few rows have, by look-ups with exceptions.

    Those that no row of the table has need not be drawn either, though chance alone might explain
    why none has them.

    Parameters
    ----------
    reduction, layout
        As for `impossible_pairs`.

    Returns
    -------
    pairs : ndarray of shape (n_pairs, 2), int64
        State slots of the layout.
    """
    block_of = _blocks(reduction, layout)
    found = [
        _forbidden(rule, [block_of[name] for name in rule.columns])
        for rule in reduction.rules
        if isinstance(rule, Determines)
        and not rule.is_full
        and len(rule.columns) == 2
        and all(name in block_of for name in rule.columns)
    ]
    return np.concatenate([np.empty((0, 2), dtype=np.int64), *found])


def _uncomputable(reduction: Reduction, layout: Layout) -> list[np.ndarray]:
    """Return pairs of a state that says how a cell is made and a cell that it needs, but lacks."""
    states = _states(reduction, layout)
    rules = [
        rule
        for rule in reduction.builders
        if isinstance(rule, ComputedRule) and rule.state_column in states
    ]
    state_of: dict[Hashable, Hashable] = {rule.target: rule.state_column for rule in rules}
    pairs = []
    for rule in rules:
        for name in rule.sources:
            # A column that is computed itself is missing where its own states say so.
            empty = states.get(state_of.get(name, name), {}).get(None)
            pairs.append(_all_pairs(states[rule.state_column].get(COMPUTED), empty))
        own = states[rule.state_column].get(OWN)
        pairs.append(_all_pairs(own, states.get(rule.target, {}).get(None)))
        may_be_missing = [
            name
            for name in rule.sources
            if reduction.columns[reduction.place_of[name]].missing_rate
        ]
        # A product may be unknown for another reason: its divisor is 0.
        if rule.is_full and len(may_be_missing) == 1 and not isinstance(rule, Product):
            source = may_be_missing[0]
            pairs.append(_all_pairs(own, states.get(state_of.get(source, source), {}).get(FILLED)))
    return pairs


def _all_pairs(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray:
    if first is None or second is None:
        return np.empty((0, 2), dtype=np.int64)
    return np.stack([slots.ravel() for slots in np.meshgrid(first, second)], axis=1)


def _states(reduction: Reduction, layout: Layout) -> dict[Hashable, dict[Any, np.ndarray]]:
    """Return slots of each learned column: of missing cells (None), filled ones, and some states.

    Slots that only may make a cell missing, as of rare categories, are not among them.
    """
    helpers = [rule.state_column for rule in reduction.builders]
    states, places = {}, part_places(column for _, column in reduction.learned)
    for position, ((name, column), own) in enumerate(zip(reduction.learned, places, strict=True)):
        block = int(layout.column_blocks[own[0]]) if len(own) == 1 else -1
        if block < 0:
            continue
        start, codes = int(layout.block_starts[block]), np.arange(column.n_states)
        cells = column.parts[0].decode_cells(
            len(codes), codes, np.zeros(len(codes)), np.random.default_rng(0)
        )
        empty = reduction.are_empty(position, cells) & ~_is_open(column)
        is_filled = ~reduction.are_empty(position, cells) & ~_is_open(column)
        states[name] = {None: start + codes[empty], FILLED: start + codes[is_filled]}
        for state in (COMPUTED, OWN) if name in helpers else ():
            states[name][state] = start + codes[cells.values == state]
    return states


Block = tuple[ColumnTransformer, int]


def _contradicting(reduction: Reduction, block_of: dict[Hashable, Block]) -> list[np.ndarray]:
    """Return pairs of states of two columns that would compute different cells of a third."""
    told: dict[Hashable, list[tuple[int, pd.Series]]] = {}
    for rule in reduction.enforced:
        if not isinstance(rule, ComputedRule) or rule.keeps_states_ or rule.target in block_of:
            continue
        block = block_of.get(rule.sources[0])
        if len(rule.sources) == 1 and block is not None and not block[0].has_value:
            column, start = block
            states = _cells(column, np.arange(column.n_states)).to_frame()
            cells = rule.computed(states.set_axis(rule.sources, axis=1))
            told.setdefault(rule.target, []).append((start, cells.mask(_is_open(column))))
    pairs = []
    for (start, cells), (other_start, others) in (
        pair for of_target in told.values() for pair in combinations(of_target, 2)
    ):
        if len(cells) * len(others) <= _MAX_PAIRS:
            codes, _ = pd.factorize(pd.concat([cells, others], ignore_index=True))
            own, other = codes[: len(cells), None], codes[None, len(cells) :]
            places = np.argwhere((own >= 0) & (other >= 0) & (own != other))
            pairs.append(places + [start, other_start])
    return pairs


def _blocks(reduction: Reduction, layout: Layout) -> dict[Hashable, Block]:
    """Return the columns of the table that are learned as one block, and where it starts."""
    blocks = {}
    places = part_places(column for _, column in reduction.learned)
    for (name, column), own, place in zip(reduction.learned, places, reduction.places, strict=True):
        if place >= 0 and len(own) == 1 and layout.column_blocks[own[0]] >= 0:
            start = int(layout.block_starts[layout.column_blocks[own[0]]])
            blocks[name] = column, start
    return blocks


def _forbidden(rule: Rule, blocks: list[Block]) -> np.ndarray:
    """Return the pairs of slots of two blocks that a rule forbids."""
    none = np.empty((0, 2), dtype=np.int64)
    # A state that stands for many numbers says only that the cell is filled.
    unknown = [
        name for (column, _), name in zip(blocks, rule.columns, strict=True) if column.has_value
    ]
    if set(unknown).intersection(rule.of_cells):
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
