"""The filter of real values: none passes, and hardly more is known of those that do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table.columns.realfilter import MARKED_SHARE, RealFilter


@given(st.lists(st.text(), unique=True, max_size=50), st.integers(0, 99))
def test_every_real_value_is_held(values: list[str], seed: int) -> None:
    held = RealFilter.of(values, np.random.default_rng(seed))
    assert held.may_hold(values).all()


@pytest.mark.parametrize("n", [1, 30, 5000])
def test_a_quarter_of_all_others_is_held_too(n: int) -> None:
    held = RealFilter.of([f"+49170{k:07d}" for k in range(n)], np.random.default_rng(0))
    assert held.marked_share == pytest.approx(MARKED_SHARE, abs=0.03)
    others = [f"+49171{k:07d}" for k in range(4000)]
    # Four standard deviations of a share of a quarter in 4000 are 0.028; with one word of bits
    # all others fall on 64 places, which adds nothing to the mean.
    assert held.may_hold(others).mean() == pytest.approx(held.marked_share, abs=0.03)


def test_it_is_too_small_to_hold_them() -> None:
    held = RealFilter.of([str(k) for k in range(6400)], np.random.default_rng(0))
    assert held.words.nbytes * 8 <= 4 * 6400


def test_the_hash_depends_on_the_salt() -> None:
    values = [str(k) for k in range(1000)]
    first, second = (RealFilter.of(values, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(first.words, second.words)
