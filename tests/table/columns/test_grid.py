"""Grids: every number of a column lies on its own, and comes back bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.table.columns.grid import Grid

INT64 = st.integers(-(2**63), 2**63 - 1)


def _back(grid: Grid, numbers: np.ndarray) -> np.ndarray:
    return grid.from_keys(grid.to_keys(numbers))


@given(st.lists(INT64, min_size=1))
def test_int64(drawn: list[int]) -> None:
    numbers = np.array(drawn, dtype=np.int64)
    assert np.array_equal(_back(Grid.fit(numbers), numbers), numbers)


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1))
def test_uint64(drawn: list[int]) -> None:
    numbers = np.array(drawn, dtype=np.uint64)
    assert np.array_equal(_back(Grid.fit(numbers), numbers).astype(np.uint64), numbers)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), st.integers(0, 6))
def test_decimals(drawn: list[int], decimals: int) -> None:
    numbers = np.array([float(f"{number}e-{decimals}") for number in drawn])
    grid = Grid.fit(numbers)
    assert grid.decimals is not None
    assert grid.decimals <= decimals
    assert np.array_equal(_back(grid, numbers), numbers)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_any_floats(drawn: list[float]) -> None:
    numbers = np.array(drawn)
    assert np.array_equal(_back(Grid.fit(numbers), numbers), numbers)


@pytest.mark.parametrize("float_type", [np.float16, np.float32])
def test_decimals_in_less_precision(float_type: type) -> None:
    numbers = np.array([0.1, 0.25, 12.3], dtype=float_type)
    grid = Grid.fit(numbers.astype(np.float64), float_type)
    assert grid.decimals == (1 if float_type is np.float16 and numbers[1] == 0.3 else 2)
    assert np.array_equal(_back(grid, numbers.astype(np.float64)).astype(float_type), numbers)


def test_step_and_offset() -> None:
    grid = Grid.fit(np.array([-7, 3, 18]))
    assert (grid.low, grid.high, grid.step) == (-7, 18, 5)
    assert grid.from_keys(np.arange(6, dtype=np.uint64)).tolist() == [-7, -2, 3, 8, 13, 18]


def test_numbers_outside_are_clipped() -> None:
    grid = Grid.fit(np.array([-7, 3, 18]))
    assert _back(grid, np.array([-(2**62), 2**62])).tolist() == [-7, 18]
    assert _back(Grid.fit(np.array([0.5, 2.25])), np.array([-1e300, 1e300])).tolist() == [0.5, 2.25]


def test_full_precision_has_no_grid() -> None:
    assert Grid.fit(np.array([np.pi, np.e])).step == 0
    assert Grid.fit(np.array([1e300, 1.5])).step == 0


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.lists(st.floats(-1e6, 1e6), max_size=2), st.integers(0, 4))
def test_exceptions_do_not_move_the_grid(seed: int, strays: list[float], decimals: int) -> None:
    drawn = np.random.default_rng(seed).integers(-(10**6), 10**6, 300)
    numbers = np.array([float(f"{number}e-{decimals}") for number in drawn])
    grid, everything = Grid.fit(np.append(numbers, strays)), np.append(numbers, strays)
    assert grid.decimals == Grid.fit(numbers).decimals
    assert grid.holds(numbers).all()
    held = everything[grid.holds(everything)]
    assert np.array_equal(_back(grid, held), held)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
@pytest.mark.parametrize("shift", [0, 2**62])
def test_a_step_that_nearly_all_integers_keep(dtype: type, shift: int) -> None:
    numbers = (np.arange(1000) * 86_400 + 7 + shift).astype(dtype)
    numbers[[3, 500]] += np.array([11, 5], dtype=dtype)
    grid = Grid.fit(numbers)
    assert (grid.low, grid.step) == (7 + shift, 86_400)
    on_grid = grid.holds(numbers)
    assert np.flatnonzero(~on_grid).tolist() == [3, 500]
    assert np.array_equal(_back(grid, numbers[on_grid]).astype(dtype), numbers[on_grid])


def test_many_exceptions_are_the_grid() -> None:
    numbers = np.arange(1000) * 1000
    numbers[:20] += np.arange(1, 21)
    assert Grid.fit(numbers).step == 1
    assert Grid.fit(np.append(np.arange(30.0), 0.5)).decimals == 1
