"""Slices: right rows are good, rows of another slice are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.slices import (
    floor_errors,
    redraw,
    slice_errors,
    slices,
    summary,
    throughput,
    unconditional_errors,
)

N_ROWS = 1500
SIZES = {"min_rows": 100, "max_rows": 400}


def rows(seed: int, n_rows: int = N_ROWS) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    city = rng.choice(["a", "b", "c"], p=[0.6, 0.37, 0.03], size=n_rows).astype(object)
    # Bounded, because sdmetrics bins each table by its own extremes.
    size = np.where(city == "a", 0.0, 0.7) + rng.uniform(size=n_rows)
    weight = size + rng.uniform(-0.2, 0.2, size=n_rows)
    return pd.DataFrame({"size": size, "weight": weight, "city": city})


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    return rows(0)


def fresh(column: str, state: str, n_rows: int) -> pd.DataFrame:
    pool = rows(1, 5000)
    return pool[pool[column] == state].head(n_rows)


def test_slices_are_the_states_that_enough_rows_have(real: pd.DataFrame) -> None:
    found = list(slices(real, ["city"], **SIZES))
    assert [(one.column, one.state) for one in found] == [("city", "a"), ("city", "b")]
    assert [one.n_compared for one in found] == [400, 400]
    assert all((one.rows["city"] == one.state).all() for one in found)
    assert len(list(slices(real, ["city"], min_rows=1))) == 3


def test_errors_of_right_and_of_wrong_rows(real: pd.DataFrame) -> None:
    pytest.importorskip("sdmetrics")
    good = slice_errors(real, fresh, ["city"], **SIZES)
    assert good["hit_share"].tolist() == [1, 1]
    assert good["n"].tolist() == [400, 400]
    assert good["shape_err"].max() < 12

    def other_slice(column: str, state: str, n_rows: int) -> pd.DataFrame:
        return fresh(column, "b" if state == "a" else "a", n_rows).assign(city=state)

    assert slice_errors(real, other_slice, ["city"], **SIZES)["shape_err"].min() > 40

    def independent(column: str, state: str, n_rows: int) -> pd.DataFrame:
        right = fresh(column, state, n_rows)
        return right.assign(size=np.random.default_rng(0).permutation(right["size"]))

    broken = slice_errors(real, independent, ["city"], **SIZES)
    assert broken["shape_err"].max() < 12
    assert (broken["trend_err"] > 4 * good["trend_err"]).all()


def test_rows_of_another_state_are_missed_and_left_out(real: pd.DataFrame) -> None:
    pytest.importorskip("sdmetrics")

    def half(column: str, state: str, n_rows: int) -> pd.DataFrame:
        right = fresh(column, state, n_rows)
        missed = right.assign(city="c", size=100.0)
        return pd.concat([right, missed])

    errors = slice_errors(real, half, ["city"], **SIZES)
    assert errors["hit_share"].tolist() == [0.5, 0.5]
    assert errors["shape_err"].max() < 12


def test_a_slice_without_rows_is_not_compared(real: pd.DataFrame) -> None:
    pytest.importorskip("sdmetrics")

    def only_a(column: str, state: str, n_rows: int) -> pd.DataFrame:
        return fresh(column, state, n_rows if state == "a" else 0)

    errors = slice_errors(real, only_a, ["city"], **SIZES)
    assert errors["shape_err"].isna().tolist() == [False, True]
    free = unconditional_errors(real, rows(1), ["city"], **SIZES)
    figures = summary(errors, free)
    assert (figures["n_slices"], figures["n_compared"]) == (2, 1)
    assert figures["hit_share"] == 0.5
    assert figures["free_shape_err"] == pytest.approx(free["shape_err"].iloc[0])
    ratio = errors["shape_err"].iloc[0] / free["shape_err"].iloc[0]
    assert figures["shape_err_ratio"] == pytest.approx(ratio)


def test_the_floor_is_what_fresh_rows_reach(real: pd.DataFrame) -> None:
    pytest.importorskip("sdmetrics")
    floor = floor_errors(real, ["city"], **SIZES)
    good = slice_errors(real, fresh, ["city"], **SIZES)
    assert 0.3 < floor["shape_err"].mean() / good["shape_err"].mean() < 3
    of_table = floor_errors(real, ["city"], **SIZES, of_slices=False)
    assert 0 < of_table["shape_err"].max() < 12


def test_redrawing_stops_when_enough_are_found_or_too_many_drawn() -> None:
    asked = []

    def unconditional(column: str, state: str, n_rows: int) -> pd.DataFrame:
        asked.append(n_rows)
        return rows(len(asked), n_rows)

    found, hit_share = redraw(unconditional, "city", "b", 1000)
    assert len(found) == 1000
    assert (found["city"] == "b").all()
    assert hit_share == pytest.approx(0.37, abs=0.05)
    assert sum(asked) < 10_000

    asked.clear()
    found, hit_share = redraw(unconditional, "city", "d", 100)
    assert (len(found), hit_share) == (0, 0.0)
    assert list(found.columns) == ["size", "weight", "city"]
    assert sum(asked) == 20_000


def test_throughput_draws_in_turns() -> None:
    drawn = []

    def free(n_rows: int) -> range:
        drawn.append("free")
        return range(n_rows)

    def draw(column: str, state: str, n_rows: int) -> range:
        drawn.append(state)
        return range(n_rows)

    figures = throughput(free, draw, [("city", "a"), ("city", "b")], n_rows=10)
    assert drawn == ["a", "free", "a", "free", "b"]
    assert all(value > 0 for value in figures.values())
