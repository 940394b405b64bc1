"""scikit-learn's imputers on tables with categories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.data import Dataset
from benchmarks.hidden_cells import hide, interval_figures, point_figures
from benchmarks.imputers import DRAWERS, IMPUTERS


def rows(seed: int, n_rows: int = 800) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    city = rng.choice(["a", "b", "c"], p=[0.5, 0.3, 0.2], size=n_rows).astype(object)
    code = np.char.add("code ", city.astype(str)).astype(object)
    size = pd.Series(city).map({"a": 5.0, "b": 0.0, "c": -5.0}) + rng.normal(size=n_rows)
    count = rng.integers(0, 10, size=n_rows)
    return pd.DataFrame({"size": size, "count": count, "city": city, "code": code})


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset("toy", rows(0), rows(1), ("size", "count"), ("city", "code"), "code")


@pytest.mark.parametrize("name", IMPUTERS)
def test_imputers_fill_only_what_is_hidden(name: str, dataset: Dataset) -> None:
    hidden_rows, hidden = hide(dataset.test)
    filled = IMPUTERS[name](dataset, hidden_rows)
    assert list(filled.columns) == list(dataset.test.columns)
    assert not filled.isna().any().any()
    texts = filled[["city", "code"]].to_numpy()
    shown = ~hidden[:, 2:]
    assert (texts[shown] == dataset.test[["city", "code"]].to_numpy()[shown]).all()
    # Standardising and back costs the last digits of numbers.
    numbers = filled[["size", "count"]].to_numpy(dtype="float64")
    expected = dataset.test[["size", "count"]].to_numpy(dtype="float64")
    np.testing.assert_allclose(numbers[~hidden[:, :2]], expected[~hidden[:, :2]], atol=1e-9)


def test_one_hot_finds_what_the_other_columns_say(dataset: Dataset) -> None:
    hidden_rows, hidden = hide(dataset.test)
    figures = {
        name: point_figures(dataset.test, fill(dataset, hidden_rows), hidden, dataset.numeric)
        for name, fill in IMPUTERS.items()
    }
    assert figures["simple"]["accuracy"] == pytest.approx(0.5, abs=0.06)
    assert figures["simple"]["nrmse"] == pytest.approx(1, abs=0.05)
    assert figures["iterative one-hot"]["accuracy"] > 0.85
    assert figures["iterative one-hot"]["nrmse"] < 0.8


def test_draws_have_the_spread_of_the_cells(dataset: Dataset) -> None:
    hidden_rows, hidden = hide(dataset.test)
    draws = DRAWERS["iterative posterior"](dataset, hidden_rows, 19)
    assert len(draws) == 19 * len(dataset.test)
    shown = ~hidden[:, 0].repeat(19)
    expected = dataset.test["size"].to_numpy().repeat(19)[shown]
    np.testing.assert_allclose(draws["size"].to_numpy()[shown], expected, atol=1e-9)
    figures = interval_figures(dataset.test, draws, 19, hidden, ("size",))
    # With categories as numbers and straight lines it is near 90 %, and without a spread at 0.
    assert 0.8 < figures["untied_coverage"] < 0.97
