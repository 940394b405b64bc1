"""Tallies: exact as long as they can be, close where they cannot, and the same each time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthwgan.table.cluster import _merged
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.columns.quantiles import RankTransform
from synthwgan.table.storage import sketch
from synthwgan.table.storage.dtypes import NumpyNumber, SampledCells
from synthwgan.table.storage.sketch import GrowingTally, Quantiles
from synthwgan.table.storage.tally import Tally

CELLS = st.one_of(
    st.lists(st.integers(-5, 5), min_size=1, max_size=60).map(np.array),
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=60).map(np.array),
    st.lists(st.text("ab", max_size=2), min_size=1, max_size=60).map(
        lambda cells: np.array(cells, dtype=object)
    ),
)


def grown(cells: np.ndarray, n_parts: int, in_tree: bool = False) -> Tally:
    """Count cells in parts, one after another, or each by itself and merged by threes."""
    parts = np.array_split(cells, n_parts)
    level = [GrowingTally() for _ in (parts if in_tree else [cells])]
    for place, part in enumerate(parts):
        level[place if in_tree else 0].add(part)
    while len(level) > 1:
        level = [_merged(level[start : start + 3]) for start in range(0, len(level), 3)]
    return level[0].result()


@pytest.fixture
def small_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sketches from 1000 distinct cells on."""
    for name, size in {
        "MAX_DISTINCT": 1000,
        "N_FREQUENT": 500,
        "N_HASHED": 500,
        "N_ENDS": 50,
        "LEVEL_SIZE": 2048,
        "N_QUANTILES": 2048,
    }.items():
        monkeypatch.setattr(sketch, name, size)


@given(CELLS, st.integers(1, 12), st.booleans())
def test_parts_are_counted_like_all_at_once(cells: np.ndarray, n_parts: int, in_tree: bool) -> None:
    whole, parts = Tally.of(cells), grown(cells, n_parts, in_tree)
    assert parts.is_exact
    assert parts.values.tolist() == whole.values.tolist()
    assert parts.counts.tolist() == whole.counts.tolist()
    assert parts.n_rows == len(cells)


@given(CELLS, st.data())
def test_what_goes_leaves_the_others_in_place(cells: np.ndarray, data: st.DataObject) -> None:
    tally = Tally.of(cells)
    kept = data.draw(st.lists(st.booleans(), min_size=len(tally.values), max_size=len(cells)))
    kept = np.array(kept[: len(tally.values)])
    expected = cells[np.isin(cells, tally.values[kept])]
    assert np.sort(expected).tolist() == tally.where(kept).repeated().tolist()


def test_values_that_become_equal_are_counted_together() -> None:
    tally = Tally(np.array([1, 2, 3]), np.array([5, 1, 2])).mapped(np.array([7, 4, 7]))
    assert (tally.values.tolist(), tally.counts.tolist()) == ([4, 7], [1, 7])


def test_quantiles_are_close_and_the_same_each_time(small_sketches: None) -> None:
    numbers = np.random.default_rng(0).lognormal(size=300_000)
    found = []
    for _ in range(2):
        quantiles = Quantiles(numbers.dtype)
        for part in np.array_split(numbers, 60):
            quantiles.add(*np.unique(part, return_counts=True))
        found.append(quantiles.at_even_ranks(999))
    assert np.array_equal(*found)
    ranks = np.searchsorted(np.sort(numbers), found[0]) / len(numbers)
    assert np.abs(ranks - (np.arange(999) + 0.5) / 999).max() < 0.0005
    assert sum(map(len, sum(quantiles._levels, []))) < 20_000


def test_quantiles_are_no_worse_than_those_of_datasketches(small_sketches: None) -> None:
    datasketches = pytest.importorskip("datasketches")
    numbers = np.sort(np.random.default_rng(1).normal(size=100_000))
    theirs = datasketches.kll_doubles_sketch(2048)
    theirs.update(np.random.default_rng(2).permutation(numbers))
    ours = Quantiles(numbers.dtype)
    for part in np.array_split(np.random.default_rng(2).permutation(numbers), 40):
        ours.add(*np.unique(part, return_counts=True))
    wanted = (np.arange(500) + 0.5) / 500

    def worst(found: np.ndarray) -> float:
        return float(np.abs(np.searchsorted(numbers, found) / len(numbers) - wanted).max())

    assert worst(ours.at_even_ranks(500)) <= worst(np.array(theirs.get_quantiles(wanted)))


@pytest.mark.parametrize("in_tree", [False, True])
def test_a_sketched_column_has_its_spikes_its_ends_and_its_shape(
    small_sketches: None, in_tree: bool
) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(50_000, 9000, 200_000).astype(np.int64)
    numbers[:60_000] = 40_000
    numbers = rng.permutation(numbers)
    tally = grown(numbers, 50, in_tree)
    assert not tally.is_exact
    assert tally.n_rows == pytest.approx(len(numbers), rel=1e-3)
    assert tally.n_distinct == pytest.approx(len(np.unique(numbers)), rel=0.1)
    exact = Tally.of(numbers)
    assert tally.values[:50].tolist() == exact.values[:50].tolist()
    assert tally.counts[-50:].tolist() == exact.counts[-50:].tolist()
    assert tally.counts[tally.values == 40_000] == pytest.approx(60_000, rel=0.01)
    column = _fitted(tally, numbers)
    assert column.describe_encoding() == "value + 1 spike"
    assert column.ends().tolist() == [numbers.min(), numbers.max()]
    regular = numbers[numbers != 40_000]
    ranks = RankTransform.from_tally(Tally.of(column.grid.to_keys(regular)))
    keys = column.grid.to_keys(np.unique(regular))
    # These sketches are a thirtieth of the real ones, of which 0.05 hundredths are asked.
    assert np.abs(column.ranks.to_ranks(keys) - ranks.to_ranks(keys)).max() < 30 * 0.0005 / 5
    assert np.array_equal(tally.values, grown(numbers, 50, in_tree).values)


def test_merging_leaves_what_is_merged_as_it_is(small_sketches: None) -> None:
    """A cluster that loses a worker merges the same tallies again."""
    cells, level = np.random.default_rng(0).permutation(6000), []
    for part in (cells[:700], cells[700:3000], cells[3000:]):
        level.append(GrowingTally())
        level[-1].add(part)
    once, again = (_merged(level).result() for _ in range(2))
    assert once.n_rows == again.n_rows == 6000
    assert np.array_equal(once.values, again.values)
    assert [growing.result().n_rows for growing in level] == [700, 2300, 3000]


def _fitted(tally: Tally, numbers: np.ndarray) -> NumericTransformer:
    some = numbers[:2000]
    cells = SampledCells(some, np.zeros(len(some), dtype=bool), tally, 0, False)
    column = NumericTransformer(NumpyNumber(np.dtype(np.int64)))
    return column.fit_cells(cells, np.random.default_rng(0))


@pytest.mark.parametrize("in_tree", [False, True])
def test_many_texts_keep_the_frequent_ones_and_a_fair_sample(
    small_sketches: None, in_tree: bool
) -> None:
    rng = np.random.default_rng(0)
    common = np.repeat(["red", "blue"], [9000, 4000])
    rare = np.array([f"colour {number}" for number in range(3000)] * 2)
    cells = rng.permutation(np.concatenate([common, rare]).astype(object))
    tally = grown(cells, 20, in_tree)
    counts = dict(zip(tally.values.tolist(), tally.counts.tolist(), strict=True))
    assert counts["red"] == pytest.approx(9000, rel=0.05)
    assert counts["blue"] == pytest.approx(4000, rel=0.05)
    assert tally.n_rows == len(cells)
    assert tally.n_distinct == pytest.approx(3002, rel=0.15)
    sizes, how_many = tally.shared()
    assert how_many[sizes == 2] == pytest.approx(3000, rel=0.15)
