"""The detective tells false rows from real ones, and is not fooled by copies of training rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.data import TableBatches
from synthwgan.training.detective import Detective

N_ROWS = 1500


def encoded(n_rows: int, rng: np.random.Generator) -> EncodedTable:
    """A state that goes with nothing, and one that follows from a value."""
    values = rng.normal(size=(n_rows, 2)).astype(np.float32)
    codes = np.stack([rng.integers(0, 3, n_rows), (values[:, 0] > 0).astype(int)], axis=1)
    return EncodedTable(codes.astype(np.uint8), values)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def detective(rng: np.random.Generator) -> Detective:
    head = OutputHead(Layout((3, 2), (-1, -1), (0, 1, -1, -1), (-1, -1, 0, 1)))
    learnt, held_out = (TableBatches(encoded(n_rows, rng), head) for n_rows in (N_ROWS, 700))
    detective = Detective(learnt, held_out, torch.Generator().manual_seed(0))
    assert detective.n_drawn == N_ROWS + 4 * 700
    return detective


def found(detective: Detective, rows: EncodedTable) -> tuple[float, float, float]:
    drawn = torch.from_numpy(rows.codes).long(), torch.from_numpy(rows.values)
    return detective.area(*drawn), *detective.nearer(*drawn)


def test_real_rows_are_not_told_from_real_ones(detective, rng):
    area, nearer, error = found(detective, encoded(detective.n_drawn, rng))
    # The area of 700 rows among 2800 has a standard error of 0.012.
    assert area == pytest.approx(0.5, abs=0.04)
    assert nearer == pytest.approx(0.5, abs=3 * error)
    # 2000 drawn rows are asked, and the 800 learnt ones that the others are not compared with.
    assert error == pytest.approx(0.5 * np.sqrt(1 / 2000 + 1 / 800))


def test_rows_whose_columns_do_not_go_together_are_told(detective, rng):
    rows = encoded(detective.n_drawn, rng)
    area, _, _ = found(detective, EncodedTable(rng.permuted(rows.codes, axis=0), rows.values))
    # Half of them contradict themselves, and the others cannot be told.
    assert area == pytest.approx(0.75, abs=0.04)


def test_copies_of_training_rows_are_found_and_do_not_help(detective, rng):
    codes, values = detective._learnt
    rows = rng.integers(0, N_ROWS, detective.n_drawn)
    copies = EncodedTable(codes.numpy()[rows].astype(np.uint8), values.numpy()[rows])
    area, nearer, error = found(detective, copies)
    # 700 of the 1500 rows are looked at, so that 47 % of the copies are found, and half the rest.
    assert nearer == pytest.approx(0.73, abs=2 * error)
    assert area > 0.47


def test_rows_that_attract_others_by_chance_are_no_memorising(rng):
    """Held-out rows that lie far out are nearest to few rows, drawn or real."""
    head = OutputHead(Layout((3, 2), (-1, -1), (0, 1, -1, -1), (-1, -1, 0, 1)))
    rows = encoded(700, rng)
    apart = EncodedTable(rows.codes, rows.values * 5)
    learnt, held_out = TableBatches(encoded(N_ROWS, rng), head), TableBatches(apart, head)
    detective = Detective(learnt, held_out, torch.Generator().manual_seed(0))
    _, nearer, error = found(detective, encoded(detective.n_drawn, rng))
    assert nearer == pytest.approx(0.5, abs=3 * error)


def test_it_says_the_same_of_the_same_rows(detective, rng):
    rows = encoded(detective.n_drawn, rng)
    assert found(detective, rows) == found(detective, rows)


def test_a_number_that_no_row_looked_at_has_does_no_harm(rng):
    """A column that is nearly always missing: its value counts where the state is regular."""
    head = OutputHead(Layout((3, 2), (1, -1), (0, 1, -1), (-1, 0, 1)))

    def all_missing(n_rows: int) -> EncodedTable:
        rows = encoded(n_rows, rng)
        return EncodedTable(
            np.stack([rows.codes[:, 0], np.ones_like(rows.codes[:, 1])], 1), rows.values
        )

    learnt, held_out = (TableBatches(all_missing(n_rows), head) for n_rows in (N_ROWS, 700))
    detective = Detective(learnt, held_out, torch.Generator().manual_seed(0))
    assert found(detective, all_missing(detective.n_drawn))[0] == pytest.approx(0.5, abs=0.04)
    assert np.isnan(detective._features(*detective._learnt)).all(axis=0).any()
