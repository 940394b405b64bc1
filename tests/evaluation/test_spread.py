"""Pairs of numbers in a cell are compared as two numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables


def _table(seed: int, n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    lats, lons = rng.normal(40.7, 0.05, n), rng.normal(-73.9, 0.05, n)
    cells = [f"{lat:.6f},{lon:.6f}" for lat, lon in zip(lats, lons, strict=True)]
    return pd.DataFrame({"at": cells, "x": rng.integers(0, 3, n)})


def test_two_numbers_are_compared() -> None:
    real, synthetic = _table(0), _table(1)
    synthetic.loc[0, "at"] = "somewhere"
    synthetic.loc[1, "at"] = None
    tables = Tables.of(real, synthetic)
    assert [(column.name, column.kind) for column in tables.columns] == [
        ("at[0]", "number"),
        ("at[1]", "number"),
        ("x", "number"),
    ]
    assert tables.real["at[0]"].tolist() == real["at"].str.split(",").str[0].astype(float).tolist()
    assert np.isnan(tables.synthetic["at[1]"]).sum() == 2


def test_pairs_may_be_categories() -> None:
    real = _table(0)
    tables = Tables.of(real, _table(1), column_kinds={"at": "categorical"})
    assert [column.kind for column in tables.columns] == ["category", "number"]
    with pytest.raises(ValueError, match="is no pair of numbers"):
        Tables.of(real.assign(at="here"), _table(1), column_kinds={"at": "pair"})
