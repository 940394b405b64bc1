"""The weighted error of mutual information, on pairs whose information is known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables
from synthwgan.evaluation.sections.information import information_error, information_measure
from synthwgan.evaluation.sections.yardsticks import Yardsticks


def copies(n_equal: int, n_rows: int = 1_000) -> pd.DataFrame:
    """A column and its copy, in so many rows, the others evenly another value."""
    first = np.arange(n_rows) % 2
    second = first.copy()
    second[n_equal:] = 1 - second[n_equal:]
    return pd.DataFrame({"a": first.astype(str), "b": second.astype(str)})


def entropy(share: float) -> float:
    return -sum(p * math.log2(p) for p in (share, 1 - share) if p)


@pytest.mark.parametrize("n_equal", [1_000, 900, 700, 500])
def test_the_information_of_a_noisy_copy(n_equal: int) -> None:
    """Of fair bits that are equal with probability p it is 1 - H(p), and the copy's is 1."""
    tables = Tables.of(copies(1_000), copies(n_equal))
    error = information_error(tables.real, tables.synthetic, ["a", "b"])
    assert error == pytest.approx(entropy(n_equal / 1_000), abs=1e-9)


def test_strong_pairs_weigh_more_and_made_up_ones_count() -> None:
    noise = np.random.default_rng(0).choice(["u", "v"], 1_000)
    real, made = (copies(n).assign(c=noise) for n in (1_000, 500))
    tables = Tables.of(real, made)
    # The pairs of noise tell next to nothing, and hardly weigh: the one that is lost does.
    assert information_error(tables.real, tables.synthetic, ["a", "b", "c"]) > 0.95
    assert information_error(tables.synthetic, tables.real, ["a", "b", "c"]) > 0.95


def test_the_measure_lies_between_shuffled_columns_and_fresh_rows() -> None:
    rng = np.random.default_rng(0)
    size = rng.normal(size=(3, 800))
    real, made, test = (
        pd.DataFrame({"size": x, "area": x**2, "sign": np.where(x > 0, "+", "-")}) for x in size
    )
    yardsticks = Yardsticks.of(Tables.of(real, made, test), rng)
    measure = information_measure(yardsticks, ["size", "area", "sign"])
    assert measure.ceiling < 0.05 < 0.4 < measure.floor
    assert measure.score > 0.9
    assert not measure.counts and measure.higher is False
    shuffled = made.apply(lambda cells: rng.permutation(cells))
    worthless = Yardsticks.of(Tables.of(real, shuffled, test), rng)
    assert information_measure(worthless, ["size", "area", "sign"]).score < 0.1


def test_nothing_to_tell_is_no_error() -> None:
    table = pd.DataFrame({"a": ["x"] * 50, "b": ["y"] * 50})
    tables = Tables.of(table, table)
    assert information_error(tables.real, tables.synthetic, ["a", "b"]) == 0.0
