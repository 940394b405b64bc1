"""Rows as points and codes: distances that make sense, and room for what is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context

from synthwgan.evaluation import Tables
from synthwgan.evaluation.sections.features import MAX_TREE_LEVELS, Bins, Space, tree_matrix


@pytest.fixture
def tables() -> Tables:
    real = pd.DataFrame({"size": [0.0, 2.0, 4.0, np.nan] * 5, "city": ["a", "a", "b", None] * 5})
    synthetic = pd.DataFrame({"size": [2.0, 2.0, 2.0, 2.0], "city": ["a", "b", "c", None]})
    return Tables.of(real, synthetic)


def distances(points: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points[:, None] - points, axis=2)


def test_all_different_categories_lie_one_apart(tables: Tables) -> None:
    points = Space(tables.real).points(tables.synthetic)
    np.testing.assert_allclose(distances(points), 1 - np.eye(4), atol=1e-3)


def test_numbers_are_standardised_and_missing_ones_apart(tables: Tables) -> None:
    points = Space(tables.real, without=["city"]).points(tables.real)
    deviation = np.std([0, 2, 4])
    assert distances(points)[0, 2] == pytest.approx(4 / deviation)
    assert distances(points)[1, 3] == pytest.approx(1)


def test_trees_get_numbers_codes_and_nan(tables: Tables) -> None:
    matrix, is_category = tree_matrix(tables.synthetic)
    assert is_category.tolist() == [False, True]
    np.testing.assert_array_equal(matrix[:, 1], [0, 1, 3, np.nan])
    assert tree_matrix(tables.synthetic, ["city"])[0].shape == (4, 1)


def test_rare_and_unreal_categories_are_two_different_codes() -> None:
    real = pd.DataFrame({"code": [f"c{i % 400}" for i in range(2000)]})
    tables = Tables.of(real, real + "x")
    codes = [tree_matrix(rows)[0] for rows in (tables.real, tables.synthetic)]
    assert codes[0].max() == MAX_TREE_LEVELS < codes[1].min() < 255
    assert Space(tables.real).points(tables.synthetic).std(axis=0).max() < 1e-4


def test_bins_are_quantiles(tables: Tables) -> None:
    codes = Bins(tables.real, 2).codes(tables.real)
    assert codes["size"][:4].tolist() == [1, 1, 2, 0]
    assert codes["city"][:4].tolist() == [1, 1, 2, 0]


def test_categories_of_less_than_five_rows_are_one_with_unreal_ones() -> None:
    real = pd.DataFrame({"name": ["common"] * 5 + [f"rare {at}" for at in range(9)]})
    tables = Tables.of(real, pd.DataFrame({"name": ["common", "rare 1", "new"]}))
    assert tables.columns[0].n_common_levels == 1 and tables.columns[0].sparse
    assert "compared by its categories of 5 rows or more (1 of 10)" in tables.notes[0]
    codes = tree_matrix(tables.synthetic)[0][:, 0]
    assert codes[0] != codes[1] == codes[2]
    assert Bins(tables.real, max_levels=50).codes(tables.synthetic)["name"].tolist() == [1, 3, 3]
    assert Bins(tables.real).codes(tables.synthetic)["name"].tolist() == [1, 3, 11]


@pytest.mark.parametrize("names", [["size"], ["city"], ["nothing"], ["size", "city", "nothing"]])
def test_columns_of_one_kind_or_without_cells_have_a_place(names: list[str]) -> None:
    cells = {"size": [1.0, 3.0] * 5, "city": ["a", "b"] * 5, "nothing": [np.nan] * 10}
    frame = pd.DataFrame({name: cells[name] for name in names})
    tables = Tables.of(frame, frame)
    points = Space(tables.real).points(tables.synthetic)
    assert np.isfinite(points).all()
    assert distances(points)[0, 1] == pytest.approx(
        np.hypot(2 * ("size" in names), "city" in names)
    )


def test_a_choice_of_other_containers_changes_no_points(tables: Tables) -> None:
    expected = Space(tables.real).points(tables.synthetic)
    with config_context(transform_output="pandas"):
        np.testing.assert_array_equal(Space(tables.real).points(tables.synthetic), expected)


def test_bins_tell_a_value_that_most_rows_have_from_the_others() -> None:
    real = pd.DataFrame({"gain": [0.0] * 95 + [float(at) for at in range(1, 6)]})
    codes = Bins(Tables.of(real, real).real).codes(Tables.of(real, real).real)["gain"]
    assert set(codes[:95]) == {1} and set(codes[95:]) == {2}
