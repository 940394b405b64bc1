"""Ranks: exact at what was seen, within range and monotone elsewhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table.columns.quantiles import RankTransform, rank_to_score, score_to_rank
from synthwgan.table.storage.tally import Tally

UINT64 = st.integers(0, 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = st.one_of(
    st.lists(UINT64, min_size=1, max_size=60).map(lambda v: np.array(v, dtype=np.uint64)),
    st.lists(st.integers(0, 9), min_size=1, max_size=60).map(lambda v: np.array(v, np.uint64)),
    st.lists(FLOATS, min_size=1, max_size=60).map(lambda v: np.array(v, dtype=np.float64)),
)


@given(COLUMNS, st.integers(0, 2**32))
def test_seen_numbers_come_back(numbers: np.ndarray, seed: int) -> None:
    ranks = RankTransform.fit(numbers)
    uniform = np.random.default_rng(seed).random(len(numbers))
    for place in (None, uniform, np.zeros(len(numbers))):
        scores = rank_to_score(ranks.to_ranks(numbers, place)).astype(np.float32)
        assert np.isfinite(scores).all()
        assert np.array_equal(ranks.from_ranks(score_to_rank(scores)), numbers)


@given(COLUMNS, st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_any_rank_is_in_range_and_order_is_kept(numbers: np.ndarray, drawn: list[float]) -> None:
    ranks = RankTransform.fit(numbers)
    decoded = ranks.from_ranks(np.sort(drawn))
    assert decoded.min() >= numbers.min()
    assert decoded.max() <= numbers.max()
    assert (decoded[1:] >= decoded[:-1]).all()


@given(COLUMNS, st.lists(UINT64, min_size=1, max_size=30))
def test_unseen_numbers_have_ranks_in_order(numbers: np.ndarray, others: list[int]) -> None:
    ranks = RankTransform.fit(numbers)
    drawn = ranks.to_ranks(np.sort(np.array(others, dtype=np.uint64).astype(numbers.dtype)))
    assert ((drawn >= 0) & (drawn <= 1)).all()
    assert (np.diff(drawn) >= -1e-12).all()


def test_repeating_numbers_are_never_interpolated() -> None:
    numbers = np.repeat(np.array([0, 10, 1000], dtype=np.uint64), [5, 2, 9])
    decoded = RankTransform.fit(numbers).from_ranks(np.linspace(0, 1, 5000))
    assert set(decoded) == {0, 10, 1000}
    assert np.isclose((decoded == 1000).mean(), 9 / 16, atol=1e-3)


def test_single_numbers_are_interpolated() -> None:
    numbers = np.array([0.0, 1.0, 5.0, 7.0])
    ranks = RankTransform.fit(numbers)
    assert ranks.lower.tolist() == [0.125, 0.375, 0.625, 0.875]
    assert ranks.from_ranks(np.array([0.5])).tolist() == [3.0]
    assert ranks.to_ranks(np.array([3.0])).tolist() == [0.5]


def test_size_is_bounded_and_ends_and_ties_are_kept() -> None:
    rng = np.random.default_rng(0)
    numbers = np.concatenate([rng.normal(size=50_000), np.full(10_000, 0.25)])
    ranks = RankTransform.fit(numbers, max_knots=1000)
    assert len(ranks.knots) <= 1000
    assert ranks.knots[[0, -1]].tolist() == [numbers.min(), numbers.max()]
    tie = int(np.flatnonzero(ranks.knots == 0.25)[0])
    assert np.isclose(ranks.upper[tie] - ranks.lower[tie], 1 / 6, atol=1e-4)
    # The largest gap between two distribution functions; it is 1 / 1000 by construction.
    decoded = np.sort(ranks.from_ranks(rng.random(200_000)))
    share = np.searchsorted(decoded, numbers, side="right") / len(decoded)
    truth = np.searchsorted(np.sort(numbers), numbers, side="right") / len(numbers)
    assert np.abs(share - truth).max() < 0.01


def test_ranks_of_a_column_are_uniform() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.poisson(20, 20_000).astype(np.uint64)
    drawn = np.sort(RankTransform.fit(numbers).to_ranks(numbers, rng.random(len(numbers))))
    # Kolmogorov-Smirnov distance; below 0.0115 with probability 0.99 for 20,000 draws.
    assert np.abs(drawn - np.arange(len(drawn)) / len(drawn)).max() < 0.0115


def test_edges_part_no_number_from_its_ties():
    ranks = RankTransform.from_tally(Tally(np.arange(5.0), np.array([1, 50, 2, 30, 17])))
    edges = ranks.edges(9)
    np.testing.assert_allclose(score_to_rank(edges), [0.01, 0.51, 0.53, 0.83])
    for uniform in (0.0, 0.5, 1 - 1e-9):
        scores = rank_to_score(ranks.to_ranks(np.arange(5.0), np.full(5, uniform)))
        bins = np.searchsorted(edges, scores.astype(np.float32), side="right")
        assert bins.tolist() == [0, 1, 2, 3, 4]


def test_edges_of_numbers_that_do_not_repeat_are_quantiles():
    ranks = RankTransform.fit(np.arange(1000.0))
    np.testing.assert_allclose(score_to_rank(ranks.edges(3)), [0.25, 0.5, 0.75], atol=1e-3)
    assert len(RankTransform.fit(np.array([3.0, 3.0])).edges(10)) == 0
