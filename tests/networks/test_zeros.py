"""Pairs of states that chance would make meet, counted the slow way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from synthwgan.networks import zeros
from synthwgan.networks.zeros import structural_zeros
from synthwgan.table.layout import EncodedTable, Layout


def encoded(*columns: np.ndarray) -> EncodedTable:
    codes = np.stack(columns, axis=1).astype(np.int16)
    return EncodedTable(codes, np.zeros((len(codes), 0), dtype=np.float32))


def slow_zeros(table: EncodedTable, layout: Layout, min_expected: float) -> list[list[int]]:
    """The same, pair by pair."""
    found = []
    states = [
        (block, state) for block, size in enumerate(layout.block_sizes) for state in range(size)
    ]
    for (one, i), (other, j) in itertools.combinations(states, 2):
        has_i, has_j = table.codes[:, one] == i, table.codes[:, other] == j
        is_expected = has_i.sum() * has_j.sum() / len(table) >= min_expected
        if one != other and is_expected and not (has_i & has_j).any():
            slots = layout.block_starts[[one, other]] + [i, j]
            found.append(slots.tolist())
    return found


@pytest.mark.parametrize("chunk_rows", [7, 4096])
def test_pairs_are_those_of_the_slow_way(chunk_rows, monkeypatch):
    monkeypatch.setattr(zeros, "CHUNK_ROWS", chunk_rows)
    rng = np.random.default_rng(0)
    first, second = rng.choice(5, 300, p=[0.5, 0.3, 0.1, 0.07, 0.03]), rng.integers(0, 4, 300)
    third = (first == 0) & (second > 1)
    table, layout = encoded(first, second, third), Layout((5, 4, 2), (), (0, 1, 2), (-1,) * 3)
    for min_expected in (8, 30, 1e-9):
        pairs = structural_zeros(table, layout, min_expected=min_expected)
        assert pairs.dtype == np.int64
        assert pairs.tolist() == slow_zeros(table, layout, min_expected)
    assert [0, 11] not in structural_zeros(table, layout).tolist()
    assert {(1, 11), (5, 11), (6, 11)} <= set(map(tuple, structural_zeros(table, layout).tolist()))


def test_a_pair_counts_from_eight_expected_rows_on():
    # 80 and 10 of 100 rows: they are expected to meet in exactly eight; then in 7.9.
    layout = Layout((2, 2), (), (0, 1), (-1, -1))
    for n_first, n_pairs in ((80, 1), (79, 0)):
        first = np.arange(100) < n_first
        table = encoded(first, np.arange(100) >= 90)
        assert structural_zeros(table, layout).tolist() == [[1, 3]] * n_pairs


def test_doubtful_pairs_are_zeros_unless_they_meet():
    # Ten and ten of 100 rows would meet in one of them, which says nothing by itself.
    first, second = np.arange(100) < 10, np.arange(100) >= 90
    layout = Layout((2, 2), (), (0, 1), (-1, -1))
    doubtful = np.array([[3, 1], [0, 2], [1, 2]])
    assert structural_zeros(encoded(first, second), layout).tolist() == []
    assert structural_zeros(encoded(first, second), layout, doubtful).tolist() == [[1, 3]]
    second[0] = True
    assert structural_zeros(encoded(first, second), layout, doubtful).tolist() == []
    # A state of seven rows is too rare to judge, as before.
    rare = np.arange(100) < 7
    assert structural_zeros(encoded(rare, np.arange(100) >= 90), layout, doubtful).tolist() == []


def test_of_wide_tables_only_coupled_states_are_counted():
    codes = np.arange(2000) % 2
    layout = Layout((5000, 2, 2), (), (0, 1, 2), (-1,) * 3)
    pairs = structural_zeros(encoded(codes, codes, codes), layout)
    assert pairs.tolist() == [[5000, 5003], [5001, 5002]]


@pytest.mark.parametrize("n_rows", [0, 1])
def test_few_rows_have_none(layout, n_rows):
    codes = np.zeros((n_rows, layout.n_blocks), dtype=np.uint8)
    values = np.zeros((n_rows, layout.n_values), dtype=np.float32)
    assert structural_zeros(EncodedTable(codes, values), layout).shape == (0, 2)
