"""Accuracy of one, two and three columns, on tables whose distances are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables
from synthwgan.evaluation.sections import accuracy as module
from synthwgan.evaluation.sections.accuracy import accuracy, accuracy_measures, column_sets
from synthwgan.evaluation.sections.yardsticks import Yardsticks

N_ROWS = 1_000


def parity(seed: int, n_rows: int = N_ROWS) -> pd.DataFrame:
    """Three columns of which any two are independent, and the third follows from the others."""
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 2, (2, n_rows))
    cells = {"a": first, "b": second, "c": first ^ second}
    return pd.DataFrame({name: np.where(bits, "yes", "no") for name, bits in cells.items()})


def measures(synthetic: pd.DataFrame, test: pd.DataFrame | None, n_columns: int) -> list:
    rng = np.random.default_rng(0)
    tables = Tables.of(parity(0), synthetic, test)
    return accuracy_measures(Yardsticks.of(tables, rng), n_columns, rng)


def test_shares_that_moved_by_hand() -> None:
    real = pd.DataFrame({"kind": ["x"] * 60 + ["y"] * 40, "size": np.arange(100.0)})
    made = real.assign(kind=["x"] * 90 + ["y"] * 10)
    tables = Tables.of(real, made)
    assert accuracy(tables.real, tables.synthetic, [("kind",)]) == pytest.approx(0.7)
    assert accuracy(tables.real, tables.synthetic, [("size",)]) == 1.0
    assert accuracy(tables.real, tables.synthetic, [("kind",), ("size",)]) == pytest.approx(0.85)
    # The thirty rows that moved lie in other cells of the pair, and no others do.
    assert accuracy(tables.real, tables.synthetic, [("kind", "size")]) == pytest.approx(0.7)


def test_numbers_in_deciles_of_the_real_rows_and_missing_cells_as_a_value() -> None:
    real = pd.DataFrame({"size": np.arange(200.0)})
    made = pd.DataFrame({"size": np.r_[np.full(100, np.nan), np.arange(100.0, 200.0)]})
    tables = Tables.of(real, made)
    assert accuracy(tables.real, tables.synthetic, [("size",)]) == pytest.approx(0.5, abs=0.01)
    wider = Tables.of(real, real + 0.4)
    assert accuracy(wider.real, wider.synthetic, [("size",)]) > 0.95


def test_only_three_columns_at_a_time_see_a_parity() -> None:
    independent = parity(1).apply(lambda cells: np.random.default_rng(4).permutation(cells))
    independent["b"] = np.random.default_rng(5).permutation(independent["b"])
    for n_columns in (1, 2):
        [measure] = measures(independent, parity(2), n_columns)
        assert measure.value > 0.93
    [measure] = measures(independent, parity(2), 3)
    assert measure.value == pytest.approx(0.5, abs=0.05)
    assert measure.floor == pytest.approx(0.5, abs=0.05)
    assert measure.ceiling > 0.95
    assert measure.score < 0.1
    [measure] = measures(parity(3), parity(2), 3)
    assert measure.score > 0.95


def test_the_ceiling_is_a_holdout_of_the_same_size() -> None:
    [few] = measures(parity(1, 60), parity(2), 3)
    [many] = measures(parity(1), parity(2), 3)
    assert few.ceiling < many.ceiling
    assert "as many rows of the test rows" in many.meaning
    assert not many.counts and many.aside


def test_without_test_rows_it_says_what_it_needs() -> None:
    [measure] = measures(parity(1), None, 2)
    assert "held-out ones need test rows" in measure.meaning


def test_a_table_of_two_columns_has_no_triples() -> None:
    rng = np.random.default_rng(0)
    tables = Tables.of(parity(0)[["a", "b"]], parity(1)[["a", "b"]])
    assert accuracy_measures(Yardsticks.of(tables, rng), 3, rng) == []


def test_of_many_sets_some_are_drawn(monkeypatch) -> None:
    names = list("abcdefg")
    rng = np.random.default_rng(0)
    assert column_sets(names, 3, rng) == list(combinations(names, 3))
    monkeypatch.setattr(module, "MAX_SETS", 6)
    drawn = column_sets(names, 3, rng)
    assert len(set(drawn)) == 6
    assert set(drawn) < set(combinations(names, 3))
