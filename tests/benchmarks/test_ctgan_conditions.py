"""Drawing CTGAN's rows, with a model in its place that draws any rows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import ctgan_conditions
from benchmarks.ctgan_conditions import ALL, VARIANTS, rows_and_costs
from benchmarks.data import Dataset


def rows(n_rows: int) -> pd.DataFrame:
    city = np.random.default_rng(0).choice(["a", "b"], p=[0.6, 0.4], size=n_rows).astype(object)
    return pd.DataFrame({"size": np.arange(n_rows, dtype="float64"), "city": city})


class AnyRows:
    """Stands for the wrapper of CTGAN, and its model."""

    def __init__(self, **params: Any) -> None:
        self.params = params
        self._model = self
        self._data_sampler = SimpleNamespace(_discrete_column_cond_st="right place")
        self._generator = SimpleNamespace(eval=lambda: None)

    def fit(self, dataset: Dataset, seed: int) -> None:
        assert self.params == {"epochs": 3}

    def sample(self, n_rows: int, column: str | None = None, state: Any = None) -> pd.DataFrame:
        return rows(n_rows)


def test_rows_are_drawn_once_by_the_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = Dataset("adult", rows(1000), rows(10), ("size",), ("city",), "city")
    calls = []

    def run_peer(module: str, *arguments: str) -> None:
        assert module == "ctgan_conditions"
        calls.append(arguments)
        ctgan_conditions.main(arguments)

    monkeypatch.setattr("benchmarks.models.CTGAN", AnyRows)
    monkeypatch.setattr(ctgan_conditions, "limit_threads", lambda threads: None)
    monkeypatch.setattr(ctgan_conditions, "load", lambda name, seed: dataset)
    monkeypatch.setattr(ctgan_conditions, "run_peer", run_peer)

    folder = tmp_path / "rows"
    drawn, costs = rows_and_costs("adult", 1, 5, folder, force=False)
    path = folder / "conditional-adult-ctgan-s1-max_steps=5.parquet"
    assert calls == [(str(path), "--data", "adult", "--seed", "1", "--max-steps", "5")]
    assert list(costs) == list(VARIANTS)
    assert costs["ctgan"]["hit_shares"] == pytest.approx([0.6, 0.4], abs=0.05)
    tables = dict(list(drawn.groupby(["variant", "drawn_for"])))
    assert set(tables) == {(ALL, ALL)} | {
        (variant, f"city={state}") for variant in VARIANTS for state in "ab"
    }
    assert len(tables[ALL, ALL]) == 1000
    assert (tables["ctgan corrected", "city=b"]["city"] == "b").all()

    rows_and_costs("adult", 1, 5, folder, force=False)
    assert len(calls) == 1
    rows_and_costs("adult", 1, 5, folder, force=True)
    assert len(calls) == 2
