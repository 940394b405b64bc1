"""Planted outliers are what they are called, and nothing else about the rows changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.data import Dataset
from benchmarks.planting import PLANTERS, combine_unseen, unseen_pairs

N_ROWS = 400


def dataset_of(train: pd.DataFrame) -> Dataset:
    return Dataset("table", train, train, ("age", "share"), ("sex", "role"), "role")


@pytest.fixture
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    role = rng.choice(["husband", "wife", "child"], N_ROWS, p=[0.6, 0.3, 0.1])
    sex = np.where(role == "husband", "m", np.where(role == "wife", "f", rng.choice(["m", "f"])))
    table = {
        "age": rng.integers(18, 90, N_ROWS),
        "share": rng.random(N_ROWS),
        "sex": sex.astype(object),
        "role": role.astype(object),
    }
    return dataset_of(pd.DataFrame(table))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize("kind", PLANTERS)
def test_planting_keeps_columns_types_and_the_callers_rows(
    kind: str, dataset: Dataset, rng
) -> None:
    before = dataset.test.copy()
    planted = PLANTERS[kind](dataset.test, dataset, rng)
    pd.testing.assert_frame_equal(dataset.test, before)
    assert planted.dtypes.equals(before.dtypes)
    assert planted.shape == before.shape


def test_half_of_the_cells_come_from_other_rows(rng) -> None:
    # All cells differ, so that a swap is seen.
    names = [f"c{number}" for number in range(6)]
    cells = np.arange(6 * N_ROWS).reshape(N_ROWS, 6)
    rows = pd.DataFrame(cells, columns=names)
    planted = PLANTERS["shuffled"](rows, dataset_of(rows), rng)
    assert ((planted.to_numpy() != cells).sum(axis=1) == 3).all()
    assert all(planted[name].isin(rows[name]).all() for name in names)


def test_one_number_a_row_is_out_of_range(dataset: Dataset, rng) -> None:
    planted = PLANTERS["out of range"](dataset.test, dataset, rng)
    numbers = dataset.train[list(dataset.numeric)]
    outside = (planted[numbers.columns] < numbers.min()) | (
        planted[numbers.columns] > numbers.max()
    )
    assert (outside.sum(axis=1) == 1).all()
    assert outside.sum().min() > N_ROWS / 3
    assert planted[["sex", "role"]].equals(dataset.test[["sex", "role"]])
    assert (planted["age"] > numbers["age"].max()).any()
    assert (planted["age"] < numbers["age"].min()).any()


def test_pairs_never_occur_together_and_the_likeliest_come_most() -> None:
    train = pd.DataFrame({"a": list("xxxy"), "b": list("pqpp"), "c": list("sttt")})
    pairs = unseen_pairs(train, ("a", "b", "c"))
    found = dict(zip(zip(pairs.places, pairs.values, strict=True), pairs.weights, strict=True))
    # By hand: y with q 1/4 * 1/4, y with s 1/4 * 1/4, q with s 1/4 * 1/4.
    assert found == pytest.approx(
        {(("a", "b"), ("y", "q")): 1 / 3, (("a", "c"), ("y", "s")): 1 / 3}
        | {(("b", "c"), ("q", "s")): 1 / 3}
    )


def test_each_row_gets_an_unseen_pair(dataset: Dataset, rng) -> None:
    planted = combine_unseen(dataset.test, dataset, rng)
    seen = set(zip(dataset.train["sex"], dataset.train["role"], strict=True))
    assert not seen & set(zip(planted["sex"], planted["role"], strict=True))
    assert planted[["age", "share"]].equals(dataset.test[["age", "share"]])


def test_a_table_of_all_pairs_is_refused() -> None:
    train = pd.DataFrame({"a": list("xxyy"), "b": list("pqpq")})
    with pytest.raises(ValueError, match="every pair of categories occurs"):
        unseen_pairs(train, ("a", "b"))
