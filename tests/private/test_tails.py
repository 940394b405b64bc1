"""Noisy counts along a range: what is kept of tails."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthwgan import PrivateSynthesizer
from synthwgan.private.tails import tidy

NOISE = np.full(20, 30.0)


def test_counts_that_stand_out_stay_and_noise_far_out_goes():
    counts = np.array([900.0, 700, 500, 300, 150, *[20, -25, 10, -5, 15] * 3])
    made = tidy(counts, NOISE)
    np.testing.assert_array_equal(made[:5], counts[:5])
    assert not made[6:].any()


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_tail_goes_on_where_counts_say_so(mirrored: bool):
    fading = 900 * 0.6 ** np.arange(20)
    wall = np.where(np.arange(20) < 4, fading, 0.0)
    one, other = (
        tidy(counts[:: -1 if mirrored else 1], NOISE, 0.6, seen=0.5)[:: -1 if mirrored else 1]
        for counts in (fading, wall)
    )
    # What noise of 30 hides: the tail of the first is there, and falls.
    assert (one[:10] > 0).all()
    assert (np.diff(one) <= 0).all()
    assert not other[4:].any()
    assert tidy(wall, NOISE, 0.6)[4] > 0


def test_a_few_whole_numbers_are_found_one_by_one():
    """Marks from 1 to 9 are drawn from 1 to 9, though nobody said that they are marks."""
    rng = np.random.default_rng(0)
    marks = np.minimum(rng.binomial(16, 0.4, 8000), 9)
    table = pd.DataFrame({"mark": np.maximum(marks, 1), "x": rng.random(8000)})
    model = PrivateSynthesizer(epsilon=1, max_steps=20, random_state=0).fit(table)
    drawn = model.sample(8000, random_state=0)["mark"]
    assert drawn.max() == 9
    assert (drawn == 9).mean() == pytest.approx((marks == 9).mean(), abs=0.05)


@pytest.mark.parametrize("decimals", [6, None])
def test_one_value_of_many_rows_is_found_to_its_last_digit(decimals: int | None):
    """A mean that stands for what is unknown lies anywhere in a range of a million steps."""
    rng = np.random.default_rng(0)
    demand = rng.beta(2, 3, 8000)
    demand = demand if decimals is None else demand.round(decimals)
    common = 0.414912
    demand[rng.random(8000) < 0.38] = common
    table = pd.DataFrame({"demand": demand, "x": rng.random(8000).round(1)})
    told = {"bounds": (0, 1), "missing": False}
    if decimals is not None:
        told["decimals"] = decimals
    domain = {"demand": told, "x": {"bounds": (0, 1), "decimals": 1, "missing": False}}
    model = PrivateSynthesizer(1, domain=domain, max_steps=20, random_state=0).fit(table)
    drawn = model.sample(8000, random_state=0)["demand"]
    # The noise on a share of 8,000 rows, here 200 of them at most, is far below a tenth.
    nearest = 0.0 if decimals is not None else 1e-6
    assert ((drawn - common).abs() <= nearest).mean() == pytest.approx(0.38, abs=0.1)
