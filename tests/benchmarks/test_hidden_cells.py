"""Hiding cells, pooling the draws of them, and the figures of how well they are filled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.hidden_cells import hide, interval_figures, point_figures, pooled


def rows(n_rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size, count = rng.normal(size=n_rows), rng.integers(0, 10, size=n_rows)
    city = rng.choice(["a", "b", "c"], size=n_rows).astype(object)
    return pd.DataFrame({"size": size, "count": count, "city": city})


def test_hidden_cells_are_missing_and_the_others_unchanged() -> None:
    truth = rows(2000)
    copy = truth.copy()
    hidden_rows, hidden = hide(truth, share=0.3, seed=1)
    pd.testing.assert_frame_equal(truth, copy)
    assert hidden.mean() == pytest.approx(0.3, abs=0.02)
    assert (hidden_rows.isna().to_numpy() == hidden).all()
    assert (hidden_rows.to_numpy()[~hidden] == truth.to_numpy()[~hidden]).all()
    assert (hide(truth, seed=1)[1] == hidden).all()
    assert (hide(truth, seed=2)[1] != hidden).any()


def test_cells_are_hidden_by_their_values() -> None:
    rng = np.random.default_rng(0)
    truth = pd.DataFrame(
        {"x": rng.normal(size=4000), "c": rng.choice(list("aaab"), 4000).astype(object)}
    )
    _, hidden = hide(truth, seed=1, at_random=False)
    assert hidden.mean(axis=0) == pytest.approx([0.3, 0.3], abs=0.03)
    assert truth["x"][hidden[:, 0]].mean() > 0.3
    # Ranks of 0.375 and 0.875 in the middle of the common and of the rare category.
    shares = [hidden[truth["c"] == letter, 1].mean() for letter in "ab"]
    assert shares == pytest.approx([0.225, 0.525], abs=0.04)


def test_draws_are_pooled_by_mean_and_mode() -> None:
    draws = pd.DataFrame({"size": [1, 2, 6, 4, 4, 4], "city": ["a", "b", "b", "c", "b", "a"]})
    found = pooled(draws, 3, ["size"])
    assert found["size"].tolist() == [3, 4]
    assert found["city"].tolist() == ["b", "c"]


def test_point_figures() -> None:
    truth = pd.DataFrame({"size": [0.0, 2.0, 0.0, 2.0], "city": ["a", "b", "a", "b"]})
    filled = pd.DataFrame({"size": [0.5, 9.0, 0.5, 9.0], "city": ["a", "a", "b", "b"]})
    hidden = np.array([[1, 1], [0, 1], [1, 0], [0, 1]], dtype=bool)
    figures = point_figures(truth, filled, hidden, ["size"])
    assert figures == {"accuracy": pytest.approx(2 / 3), "nrmse": pytest.approx(0.5)}


@pytest.mark.parametrize("decimals", [3, 0], ids=["continuous", "tied"])
def test_intervals_of_right_draws_cover_what_they_should(decimals: int) -> None:
    rng = np.random.default_rng(0)
    n_rows = 4000
    values = np.round(rng.normal(size=(n_rows, 40)), decimals)
    truth = pd.DataFrame({"size": values[:, 0]})
    draws = pd.DataFrame({"size": values[:, 1:].ravel()})
    hidden = np.ones((n_rows, 1), dtype=bool)
    figures = interval_figures(truth, draws, 39, hidden, ["size"])
    assert figures["untied_coverage"] == pytest.approx(0.9, abs=0.015)
    if decimals:
        assert figures["coverage"] == pytest.approx(0.9, abs=0.015)
    else:
        assert figures["coverage"] > 0.93
    narrow = interval_figures(truth, draws / 2, 39, hidden, ["size"])
    assert narrow["untied_coverage"] < 0.8


def test_a_number_of_draws_without_such_an_interval_is_refused() -> None:
    truth = pd.DataFrame({"size": [0.0]})
    with pytest.raises(ValueError, match="20 draws have no interval that covers exactly 90%"):
        interval_figures(truth, truth, 20, np.ones((1, 1), dtype=bool), ["size"])
