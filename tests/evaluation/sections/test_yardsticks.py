"""Worthless and perfect tables made from the data itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables
from synthwgan.evaluation.sections.yardsticks import (
    N_FLOORS,
    Readings,
    Yardsticks,
    flat_columns,
)

N_ROWS = 400


def frame(seed: int, n_rows: int = N_ROWS) -> pd.DataFrame:
    size = np.random.default_rng(seed).uniform(size=n_rows)
    return pd.DataFrame({"size": size, "double": 2 * size, "big": np.where(size > 0.5, "y", "n")})


def drawn(test: pd.DataFrame | None) -> tuple[Tables, Yardsticks]:
    tables = Tables.of(frame(0), frame(1), test)
    return tables, Yardsticks.of(tables, np.random.default_rng(0))


def test_independent_columns_keep_columns_and_lose_relations() -> None:
    tables, yardsticks = drawn(frame(2))
    assert len(yardsticks.independent) == N_FLOORS
    mixed = yardsticks.independent[0].candidate
    for name in ("size", "double", "big"):
        assert sorted(mixed[name]) == sorted(tables.real[name])
    assert abs(np.corrcoef(mixed["size"], mixed["double"])[0, 1]) < 0.2


def test_a_flat_table_is_wrong_in_every_column() -> None:
    _, yardsticks = drawn(frame(2))
    flat = yardsticks.flat.candidate
    assert flat["size"].min() < -0.2 and flat["size"].max() > 1.2
    shares = np.bincount(flat["big"]) / N_ROWS
    assert shares == pytest.approx([0.25] * 4, abs=0.1)
    assert set(flat.texts(flat.columns[2])) == {"y", "n", "<unreal 0>", "<unreal 1>"}


def test_flat_codes_pass_over_what_only_the_synthetic_table_has() -> None:
    real = pd.DataFrame({"c": ["a", "b"] * 20})
    tables = Tables.of(real, real.assign(c="new"))
    flat = flat_columns(tables.real, np.random.default_rng(0))
    assert set(flat.texts(flat.columns[0])) == {"a", "b", "<unreal 0>", "<unreal 1>"}


def test_columns_without_cells_stay_so() -> None:
    real = pd.DataFrame({"a": [np.nan] * 3, "c": [None] * 3, "d": [1.0, 2.0, 3.0]})
    flat = flat_columns(Tables.of(real, real).real, np.random.default_rng(0))
    assert np.isnan(flat["a"]).all() and (flat["c"] == -1).all()


def test_the_ceiling_is_the_test_rows() -> None:
    tables, yardsticks = drawn(frame(2, 50))
    assert yardsticks.ceiling.candidate is tables.test
    assert yardsticks.ceiling.reference is tables.real
    assert "test rows" in yardsticks.note


def test_without_test_rows_the_ceiling_is_one_half_against_the_other() -> None:
    tables, yardsticks = drawn(None)
    halves = yardsticks.ceiling
    both = np.concatenate([halves.reference["size"], halves.candidate["size"]])
    assert sorted(both) == sorted(tables.real["size"])
    assert len(halves.candidate) == N_ROWS // 2
    assert yardsticks.synthetic.reference is halves.reference
    assert "no test rows" in yardsticks.note


def test_all_tables_have_one_length_and_one_reference() -> None:
    for test in (None, frame(2, 50)):
        _, yardsticks = drawn(test)
        pairs = [yardsticks.synthetic, *yardsticks.independent, yardsticks.flat, yardsticks.ceiling]
        assert {len(pair.candidate) for pair in pairs} == {yardsticks.n_common}
        assert all(pair.reference is pairs[0].reference for pair in pairs)
        assert yardsticks.n_common == (200 if test is None else 50)


def test_every_table_is_measured_by_the_same_function() -> None:
    _, yardsticks = drawn(frame(2))

    def mean_double(reference, candidate) -> dict[str, float]:
        return {"mean": float(candidate["size"].mean())}

    readings = yardsticks.measure(mean_double)
    assert readings.floors[0]["mean"] == pytest.approx(frame(0)["size"].mean())
    assert readings.ceiling["mean"] == pytest.approx(frame(2)["size"].mean())


def test_the_floor_is_the_best_of_the_worthless_tables() -> None:
    readings = Readings({"m": 0.5}, ({"m": 1.0}, {"m": 1.2}), {"m": 0.0})
    assert readings.measure("m", "M", higher=False).floor == 1.0
    assert readings.measure("m", "M", higher=False).score == 0.5
    assert Readings({"m": 0.5}, ({"m": 0.1}, {"m": 0.2}), {"m": 0.9}).measure("m", "M").floor == 0.2
