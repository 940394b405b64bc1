"""Noisy tables of two numbers: what is smooth is told from noise, and what is not stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from synthwgan.private.association import smooth
from synthwgan.private.columns import Column
from synthwgan.private.measure import Noisy
from synthwgan.private.storage import Stored

N_SLOTS = 15
DEVIATION = 0.003


def column(values: np.ndarray, edges: np.ndarray, can_miss: bool = False) -> Column:
    """A column whose slots are its cells."""
    found = Column("x", Stored.of(np.dtype(float)), "number", can_miss, edges=edges, is_grid=False)
    cells = found.encode(pd.Series(values))
    shares = np.bincount(cells, minlength=found.n_cells) / len(cells)
    return replace(found, shares=shares, slots=np.arange(found.n_cells))


def pair_of(values: list[np.ndarray], can_miss: bool = False) -> tuple[np.ndarray, list[Column]]:
    """The true table of two numbers, and their columns."""
    columns = []
    for each in values:
        inner = np.unique(np.nanquantile(each, np.linspace(0, 1, N_SLOTS + 1)[1:-1]))
        # Zero, where it is common, has a cell of its own.
        inner = np.unique([*inner, np.nextafter(0.0, 1.0)]) if (each == 0).any() else inner
        edges = np.array([np.nanmin(each), *inner[inner > np.nanmin(each)], np.nanmax(each) + 1])
        columns.append(column(each, edges, can_miss))
    cells = [one.encode(pd.Series(each)) for one, each in zip(columns, values, strict=True)]
    truth = np.zeros([one.n_cells for one in columns])
    np.add.at(truth, tuple(cells), 1 / len(values[0]))
    return truth[:, :, None], columns


def smoothed(truth: np.ndarray, columns: list[Column], seed: int) -> tuple[Noisy, Noisy]:
    noise = np.random.default_rng(seed).normal(0, DEVIATION, truth.shape)
    noisy = Noisy(truth + noise, DEVIATION**2)
    return noisy, smooth(noisy, [truth.sum(axis=1), truth.sum(axis=0)], columns)


def normals(correlation: float, n_rows: int = 50_000) -> list[np.ndarray]:
    own = np.random.default_rng(0).normal(size=(2, n_rows))
    return [own[0], correlation * own[0] + np.sqrt(1 - correlation**2) * own[1]]


def errors(truth: np.ndarray, noisy: Noisy, found: Noisy) -> tuple[float, float]:
    return float(((noisy.counts - truth) ** 2).sum()), float(((found.counts - truth) ** 2).sum())


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.5, 0.9])
def test_of_a_smooth_table_most_of_the_noise_is_gone(correlation: float) -> None:
    truth, columns = pair_of([np.exp(2 * one) for one in normals(correlation)])
    for seed in range(3):
        before, after = errors(truth, *smoothed(truth, columns, seed))
        assert after < 0.5 * before


def test_a_common_zero_and_missing_cells_are_no_part_of_what_is_smooth() -> None:
    """Who made no visit spent no time: the rest of both numbers says nothing of that."""
    first, second = (np.exp(one) for one in normals(0.8))
    rng = np.random.default_rng(1)
    nothing, missing = rng.random((2, len(first))) < [[0.4], [0.1]]
    first, second = np.where(nothing, 0.0, first), np.where(nothing, 0.0, second)
    first = np.where(missing, np.nan, first)
    truth, columns = pair_of([first, second], can_miss=True)
    for seed in range(3):
        before, after = errors(truth, *smoothed(truth, columns, seed))
        assert after < 0.8 * before


def test_what_stands_out_from_the_noise_stays() -> None:
    """Two numbers in steps that meet in every second cell: no smooth table is like that."""
    x = np.random.default_rng(0).integers(0, N_SLOTS, 50_000)
    y = 2 * np.random.default_rng(1).integers(0, N_SLOTS // 2, 50_000) + x % 2
    truth, columns = pair_of([x.astype(float) + 1, y.astype(float) + 1])
    noisy, found = smoothed(truth, columns, 0)
    assert found.variance > 0.25 * noisy.variance
    before, after = errors(truth, noisy, found)
    assert after < 1.5 * before


def test_classes_have_tables_of_their_own() -> None:
    tables = [pair_of(normals(correlation)) for correlation in (-0.8, 0.8)]
    truth = np.concatenate([one[0] for one in tables], axis=2) / 2
    columns = tables[0][1]
    for seed in range(3):
        before, after = errors(truth, *smoothed(truth, columns, seed))
        assert after < 0.5 * before


@pytest.mark.parametrize("rows", [0.0, 1e-9])
def test_an_empty_class_and_a_single_slot_are_no_error(rows: float) -> None:
    one = column(np.ones(10), np.array([1.0, 2.0]))
    noisy = Noisy(np.full((1, 1, 2), 0.01), 1e-4)
    found = smooth(noisy, [np.array([[1 - rows, rows]])] * 2, [one, one])
    assert np.isfinite(found.counts).all()
    assert 0 < found.variance <= noisy.variance
