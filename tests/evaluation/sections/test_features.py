"""Rows as points and codes: distances that make sense, and room for what is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan.evaluation import Tables
from synthwgan.evaluation.sections.features import MAX_TREE_LEVELS, Bins, Space, tree_matrix


@pytest.fixture
def tables() -> Tables:
    real = pd.DataFrame({"size": [0.0, 2.0, 4.0, np.nan], "city": ["a", "a", "b", None]})
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
    real = pd.DataFrame({"code": [f"c{i % 400}" for i in range(1200)]})
    tables = Tables.of(real, real + "x")
    codes = [tree_matrix(rows)[0] for rows in (tables.real, tables.synthetic)]
    assert codes[0].max() == MAX_TREE_LEVELS < codes[1].min() < 255
    assert Space(tables.real).points(tables.synthetic).std(axis=0).max() < 1e-4


def test_bins_are_quantiles(tables: Tables) -> None:
    codes = Bins(tables.real, 2).codes(tables.real)
    assert codes["size"].tolist() == [1, 1, 2, 0]
    assert codes["city"].tolist() == [1, 1, 2, 0]
