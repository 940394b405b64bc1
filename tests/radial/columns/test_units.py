"""The line between two samples of one quantity is that of their units, not of who was asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthwgan.radial.columns.units import largest_tie, line_between


def ages(n_rows: int, seed: int, low: int = 17, high: int = 90) -> np.ndarray:
    """Whole years, more of the young."""
    share = np.random.default_rng(seed).beta(1.5, 2.5, n_rows)
    return np.floor(low + (high - low) * share)


def tied(n_rows: int, seed: int) -> np.ndarray:
    """Hours of work: most of the rows at 40."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(n_rows) < 0.6, 40.0, rng.normal(40, 12, n_rows))


@pytest.mark.parametrize("n_rows", [60, 1000])
def test_months_are_years_exactly(n_rows):
    line = line_between(ages(3000, 0), 12 * ages(n_rows, 1))
    assert (line.slope, line.intercept) == (1 / 12, 0.0)
    line = line_between(12 * ages(3000, 0), ages(n_rows, 1))
    assert (line.slope, line.intercept) == (12.0, 0.0)


def test_another_population_stays_another_one():
    old = ages(3000, 1, low=50)
    line = line_between(ages(3000, 0), 12 * old)
    assert (line.slope, line.intercept) == (1 / 12, 0.0)
    # Quantiles alone would make the old as young as the others: the check above can fail.
    quantiles = np.quantile(12 * old, 0.5) / np.quantile(ages(3000, 0), 0.5)
    assert quantiles > 15


def test_years_of_birth_are_shifted_by_whole_years():
    born = 2000 + ages(3000, 1)
    line = line_between(ages(3000, 0), born)
    assert line.slope == 1.0
    # The shift is found from the middles of two samples, which differ by chance.
    assert line.intercept == pytest.approx(-2000, abs=3)
    assert line.intercept == round(line.intercept)


@pytest.mark.parametrize(
    ("scale", "shift", "decimals"),
    [(1.8, 32, 0), (2.2046, 0, 0), (1 / 7.5, 0, 1), (1 / 2.54, 0, 0)],
)
def test_rounded_numbers_are_not_in_the_same_units(scale, shift, decimals):
    """Degrees, pounds, kilopascals and inches: their grids say how they were rounded."""
    rng = np.random.default_rng(0)
    reference, other = rng.normal(100, 15, (2, 400)).round()
    line = line_between(reference, (scale * other + shift).round(decimals))
    # Slopes of 400 rows are off by 5 %.
    assert line.slope * scale == pytest.approx(1, abs=0.15)


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3), seed=st.integers(0, 1000))
def test_affine_units_are_found_from_quantiles(scale, shift, seed):
    rng = np.random.default_rng(seed)
    reference, other = (rng.gamma(3.0, size=1500) for _ in range(2))
    line = line_between(reference, scale * other + shift)
    # Quantiles of 1500 rows are off by 0.05 standard deviations (1.7), in the tails by some
    # times that; the slope averages over all of them.
    assert line.slope * scale == pytest.approx(1, abs=0.2)
    assert abs(line.to_shared(scale * other + shift) - other).mean() < 0.3


def test_the_same_rows_give_the_line_itself():
    reference = np.random.default_rng(0).normal(size=500)
    line = line_between(reference, 1.8 * reference + 32)
    assert line.slope == pytest.approx(1 / 1.8)
    assert line.intercept == pytest.approx(-32 / 1.8)


def test_a_number_that_most_rows_share_is_the_same_in_both():
    line = line_between(tied(1000, 0), 2.5 * tied(800, 1) - 40)
    assert line.to_shared(np.array([60.0])) == pytest.approx([40.0])
    # Medians of 400 and 320 distances, each off by a tenth at most.
    assert line.slope == pytest.approx(1 / 2.5, rel=0.25)


def test_missing_cells_play_no_part():
    reference, other = ages(500, 0), 12 * ages(400, 1)
    with_gaps = [np.append(values, [np.nan] * 50) for values in (reference, other)]
    assert line_between(*with_gaps) == line_between(reference, other)


@settings(max_examples=60, deadline=None)
@given(*[st.lists(st.floats(-1e6, 1e6) | st.just(np.nan), max_size=12)] * 2)
def test_any_two_samples_have_a_rising_line(reference, other):
    line = line_between(np.array(reference, float), np.array(other, float))
    assert np.isfinite([line.slope, line.intercept]).all()
    assert line.slope > 0


@pytest.mark.parametrize(
    ("reference", "other"),
    [
        ([], [1.0, 2.0]),
        ([1.0, 2.0], []),
        ([1.0, 2.0], [5.0, 5.0]),
        # A ratio that float64 does not hold.
        ([1.0, 2.0], [0.0, 5e-324]),
    ],
)
def test_without_a_spread_units_are_taken_for_the_same(reference, other):
    line = line_between(np.array(reference), np.array(other))
    assert (line.slope, line.intercept) == (1.0, 0.0)


def test_largest_tie():
    assert largest_tie(np.array([0.0, 0, 0, 5, 7])) == 0
    assert largest_tie(np.array([0.0, 1, 2, 5, 7])) is None
    assert largest_tie(np.array([3.0, 3, 3])) is None
