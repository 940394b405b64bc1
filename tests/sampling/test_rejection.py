"""Kept rows are distributed like the table's; small tables and bad models do no harm."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import ndtr, ndtri
from torch import nn

from synthwgan.networks.heads import OutputHead
from synthwgan.sampling import base
from synthwgan.sampling.bins import MAX_BINS, RowBins
from synthwgan.sampling.boosting import (
    AUTO_ROUNDS,
    MIN_ACCEPTANCE,
    UNPROVEN_ACCEPTANCE,
    RejectionPlan,
    learn_rejection,
)
from synthwgan.sampling.raking import rake
from synthwgan.sampling.rejection import MIN_CHANCE, Rejection, chances
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.trees import TreeEnsemble
from synthwgan.table.layout import EncodedTable, Layout

# Three equally likely states, a gate that is half on, a gated value and a free one.
LAYOUT = Layout((3, 2), (1, -1), (0, 1, -1), (-1, 0, 1))
EDGES = [ndtri(np.arange(1, 20) / 20)] * 2
PLAN = RejectionPlan(max_rounds=8, min_acceptance=0.1, unproven=0.25)
# Each round has to be proven on held-out rows.
PROVEN = RejectionPlan(max_rounds=8, min_acceptance=0.25, unproven=1.0)


def make_sampler(rejection: Rejection | None = None) -> Sampler:
    """A sampler of independent columns: states all alike, values standard normal."""
    generator = nn.Linear(2, LAYOUT.n_slots, bias=False)
    nn.init.zeros_(generator.weight)
    with torch.no_grad():
        generator.weight[LAYOUT.n_state_slots :] = torch.eye(2)
    marginals = torch.tensor([1 / 3, 1 / 3, 1 / 3, 0.5, 0.5])
    head = OutputHead(LAYOUT)
    return Sampler(generator, head, 2, marginals, rejection=rejection)


def draw(sampler: Sampler, n_rows: int, seed: int = 9) -> EncodedTable:
    return EncodedTable.concatenate(list(sampler.chunks(n_rows, sampler.noise(seed))))


def dependent_rows(n_rows: int, seed: int = 0) -> EncodedTable:
    """Rows of the same marginals, but of four in five the free value's sign is the gate's."""
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(0, 3, n_rows), rng.integers(0, 2, n_rows)], axis=1)
    same = rng.random(n_rows) < 0.8
    free = np.abs(rng.normal(size=n_rows)) * np.where(same == (codes[:, 1] == 0), 1, -1)
    gated = np.where(codes[:, 1] == 0, rng.normal(size=n_rows), 0.0)
    return EncodedTable(codes.astype(np.uint8), np.stack([gated, free], 1).astype(np.float32))


def same_sign(rows: EncodedTable) -> float:
    return float(np.mean((rows.values[:, 1] > 0) == (rows.codes[:, 1] == 0)))


def learn(rows: EncodedTable, plan: RejectionPlan = PLAN) -> Rejection | None:
    return learn_rejection(make_sampler(), rows, EDGES, plan, 0, lambda line: None)


@pytest.fixture(scope="module")
def rejection() -> Rejection:
    return learn(dependent_rows(4000))


# What is kept


def test_kept_rows_have_the_tables_dependence(rejection):
    assert same_sign(draw(make_sampler(), 20_000)) == pytest.approx(0.5, abs=0.02)
    kept = draw(make_sampler(rejection), 20_000)
    # Noise is 0.006 in the table and 0.003 in the kept rows; shrunken trees stop a little short.
    assert same_sign(kept) == pytest.approx(0.8, abs=0.06)
    assert np.corrcoef(kept.values.T)[0, 1] == pytest.approx(0.0, abs=0.05)


def test_the_acceptance_rate_is_that_of_the_density_ratio(rejection):
    # The ratio is 1.6 or 0.4: at best 1 / 1.6 is kept, and less by noisy trees.
    assert 0.35 < rejection.acceptance_rate < 0.7
    sampler = make_sampler()
    drawn = sampler.draw(50_000, sampler.noise(3))
    kept = rejection.keep(drawn, np.random.default_rng(0).random(len(drawn)))
    assert len(kept) / len(drawn) == pytest.approx(rejection.acceptance_rate, abs=0.01)


def test_marginals_of_kept_rows_are_the_tables(rejection):
    rows, kept = dependent_rows(4000), draw(make_sampler(rejection), 40_000)
    real, made = rejection.bins(rows), rejection.bins(kept)
    for feature, n_bins in enumerate(rejection.bins.n_bins):
        shares = [np.bincount(bins[:, feature], minlength=n_bins) for bins in (real, made)]
        error = np.abs(shares[0] / len(rows) - shares[1] / len(kept)).sum() / 2
        # 40,000 rows in 21 bins differ by 0.009 on average, were all of it noise.
        assert error < 0.02


def test_raking_alone_mends_marginals():
    rng = np.random.default_rng(0)
    n_bins = np.array([4, 3])
    drawn = rng.integers(0, n_bins, (60_000, 2)).astype(np.uint8)
    real = np.stack(
        [rng.choice(4, 5000, p=[0.1, 0.2, 0.3, 0.4]), rng.choice(3, 5000, p=[0.6, 0.3, 0.1])], 1
    ).astype(np.uint8)
    # Log odds that depend on both features, so that one's raking disturbs the other.
    log_odds = (0.5 * (drawn[:, 0] == drawn[:, 1])).astype(np.float32)
    raked = rake(log_odds, drawn, real, n_bins)
    effects = np.split(raked.effects, [4])
    weights = chances(log_odds + effects[0][drawn[:, 0]] + effects[1][drawn[:, 1]], raked.ceiling)
    assert weights.mean() == pytest.approx(raked.acceptance_rate, abs=1e-3)
    for feature in range(2):
        kept = np.bincount(drawn[:, feature], weights) / weights.sum()
        share = np.bincount(real[:, feature]) / len(real)
        np.testing.assert_allclose(kept, share, atol=2e-3)


def test_bins_that_no_row_falls_into_do_no_harm():
    drawn, real = np.zeros((1000, 1), np.uint8), np.ones((1000, 1), np.uint8)
    raked = rake(np.zeros(1000, np.float32), drawn, real, np.array([3]))
    assert np.isfinite(raked.effects).all()
    assert 0 < raked.acceptance_rate <= 1


# Drawing


def test_exactly_the_wanted_rows_come_in_bounded_chunks(rejection, monkeypatch):
    monkeypatch.setattr(base, "MAX_CHUNK_ROWS", 256)
    sampler = make_sampler(rejection)
    for n_rows in (1, 2, 255, 1000):
        chunks = [len(chunk) for chunk in sampler.chunks(n_rows, sampler.noise(0))]
        assert sum(chunks) == n_rows
        assert max(chunks) <= 256


def test_the_same_noise_gives_the_same_rows(rejection):
    first, second = (draw(make_sampler(rejection), 500, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.codes, second.codes)
    np.testing.assert_array_equal(first.values, second.values)
    assert not np.array_equal(first.values, draw(make_sampler(rejection), 500, seed=5).values)


def test_without_rejection_all_drawn_rows_are_given():
    sampler = make_sampler()
    drawn = sampler.draw(300, sampler.noise(9))
    np.testing.assert_array_equal(draw(sampler, 300).values, drawn.values)
    assert (sampler.acceptance_rate, sampler.n_rejection_rounds) == (1.0, 0)


def test_drawing_ends_even_if_every_row_is_said_to_be_bad(rejection):
    hopeless = replace(rejection, ceiling=1e6, acceptance_rate=1.0)
    assert len(draw(make_sampler(hopeless), 3)) == 3
    assert chances(np.array([-np.inf, 0.0]), 0.0).tolist() == [MIN_CHANCE, 1.0]


# Learning


def test_a_generator_that_is_already_right_is_left_alone_where_rounds_need_proof():
    rows = make_sampler().draw(2000, torch.Generator().manual_seed(1))
    assert learn(rows, PROVEN) is None


def test_rounds_without_proof_do_a_right_generator_little_harm():
    rows = make_sampler().draw(2000, torch.Generator().manual_seed(1))
    rejection = learn(rows)
    assert rejection.acceptance_rate > 0.25
    # The table itself is off by 0.011, and what trees make of chance is no more than that.
    assert same_sign(draw(make_sampler(rejection), 20_000)) == pytest.approx(0.5, abs=0.03)


def test_rows_that_the_networks_repeat_hide_what_is_wrong_with_others(monkeypatch):
    """Half of the rows drawn repeat real ones: held-out rows soon see no gain, fresh ones do."""
    rows, rng = dependent_rows(2000), np.random.default_rng(1)
    sampler = make_sampler()
    plain = sampler.draw

    def draw_and_repeat(n_rows, noise, *rest):
        drawn = plain(n_rows, noise, *rest)
        repeated = rng.random(len(drawn)) < 0.5
        drawn.codes[repeated] = rows.codes[(which := rng.integers(2000, size=repeated.sum()))]
        drawn.values[repeated] = rows.values[which]
        return drawn

    monkeypatch.setattr(sampler, "draw", draw_and_repeat)
    before = same_sign(plain(20_000, sampler.noise(5)))
    rejection = learn_rejection(sampler, rows, EDGES, PLAN, 0, lambda line: None)
    fresh = rejection.keep(plain(40_000, sampler.noise(6)), rng.random(40_000))
    # Of 0.3; where each round needs a proof, one round counts and 0.12 is gained.
    assert same_sign(fresh) > before + 0.15


@pytest.mark.parametrize("n_rows", [10, 999, 1200])
def test_small_tables_end_gracefully(n_rows):
    rejection = learn(dependent_rows(n_rows))
    if n_rows < 1000:
        assert rejection is None
    else:
        # The dependence is strong enough to be sure of it.
        assert same_sign(draw(make_sampler(rejection), 5000)) > 0.6


def test_rounds_are_bounded_by_number_acceptance_and_time():
    rows = dependent_rows(1000)
    assert learn(rows, RejectionPlan(1, 0.0)).n_rounds == 1
    assert learn(rows, RejectionPlan(0, 0.0)) is None
    assert learn(rows, RejectionPlan(3, 0.99)) is None
    assert learn(rows, RejectionPlan(3, 0.0)).n_rounds == 3
    assert 0 < learn(rows, RejectionPlan(30, 0.0, unproven=0.4)).n_rounds < 30
    assert learn(rows, RejectionPlan(3, 0.0, deadline=time.perf_counter() - 1)) is None
    assert learn(rows, RejectionPlan(1, 0.0, deadline=time.perf_counter() + 60)).n_rounds > 0


def test_rounds_are_reported_and_those_that_count_in_tens():
    lines = []
    learn_rejection(make_sampler(), dependent_rows(1000), EDGES, PROVEN, 0, lines.append)
    assert lines[0].startswith("  round 1 counts and keeps ")
    assert "% of the drawn rows (held-out rows gain 0." in lines[0]
    *rounds, last = lines
    left_out = [line for line in rounds if "is left out: what it helps may be chance" in line]
    assert left_out
    n_counting, n_tried = map(int, re.match(r"  (\d+) of (\d+) rounds count, and ", last).groups())
    assert n_tried - n_counting == len(left_out)
    shown = {int(line.split()[1]) for line in rounds if line not in left_out}
    assert shown == {1} | set(range(10, n_tried + 1, 10)) - {
        int(line.split()[1]) for line in left_out
    }


def test_a_round_that_would_keep_too_few_rows_is_left_out():
    lines, plan = [], RejectionPlan(8, min_acceptance=0.99)
    assert (
        learn_rejection(make_sampler(), dependent_rows(1000), EDGES, plan, 0, lines.append) is None
    )
    assert "is left out: it would keep less than 99% of the rows" in lines[0]


def test_learning_repeats_with_its_seed():
    first, second = (learn(dependent_rows(1000), RejectionPlan(2, 0.0)) for _ in range(2))
    np.testing.assert_array_equal(first.effects, second.effects)
    np.testing.assert_array_equal(first.trees.leaves, second.trees.leaves)


def test_the_plan_reserves_time_before_training():
    assert RejectionPlan.resolve("auto", None) == RejectionPlan(
        AUTO_ROUNDS, MIN_ACCEPTANCE, UNPROVEN_ACCEPTANCE
    )
    plan = RejectionPlan.resolve("auto", 100.0)
    assert plan.training_seconds == pytest.approx(85)
    assert plan.deadline - time.perf_counter() == pytest.approx(100, abs=1)
    assert RejectionPlan.resolve("auto", 1000.0).training_seconds == 970
    assert RejectionPlan.resolve(None, 100.0).training_seconds == 95
    assert RejectionPlan.resolve(None, 100.0, redraws=False).training_seconds == 100
    assert RejectionPlan.resolve(3, None) == RejectionPlan(3, 0.0)


# Bins


def test_bins_by_hand():
    edges = [np.array([-1.0, 0.5]), np.array([0.0])]
    codes = np.array([[0, 0], [2, 1], [1, 0]], np.uint8)
    values = np.array([[-1.0, 0.0], [0.0, -0.1], [0.4, 3.0]], np.float32)
    bins = RowBins.fit(LAYOUT, EncodedTable(codes, values), edges)
    assert bins.n_bins.tolist() == [3, 2, 4, 2]
    assert bins.is_categorical.tolist() == [True, True, False, False]
    # A score on an edge lies above it; the second row's gate is off.
    expected = [[0, 0, 1, 1], [2, 1, 3, 0], [1, 0, 1, 1]]
    assert bins(EncodedTable(codes, values)).tolist() == expected


def test_the_rarest_states_of_a_large_block_share_a_bin():
    layout = Layout((300,), (), (0,), (-1,))
    counts = np.arange(300)[::-1] + 1
    codes = np.repeat(np.arange(300), counts)[:, None].astype(np.int16)
    rows = EncodedTable(codes, np.zeros((len(codes), 0), np.float32))
    bins = RowBins.fit(layout, rows, [])
    assert bins.n_bins.tolist() == [MAX_BINS]
    assert bins.state_bins[0].tolist() == [min(code, MAX_BINS - 1) for code in range(300)]
    assert bins(rows)[:, 0].max() == MAX_BINS - 1


@pytest.mark.parametrize("edges", [np.array([0.5, 0.5]), np.array([1.0, 0.0]), np.arange(300.0)])
def test_edges_that_make_no_bins_are_refused(edges):
    with pytest.raises(ValueError, match="edges must increase and make at most 255 bins"):
        RowBins(LAYOUT, [np.arange(3), np.arange(2)], [edges, EDGES[1]])


# State


def test_state_and_back(rejection):
    state, arrays = rejection.to_state()
    again = Rejection.from_state(LAYOUT, state, arrays)
    rows, uniform = dependent_rows(1000, seed=5), np.random.default_rng(1).random(1000)
    np.testing.assert_array_equal(
        again.keep(rows, uniform).values, rejection.keep(rows, uniform).values
    )
    assert again.to_state()[0] == state


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ceiling", float("nan")),
        ("ceiling", None),
        ("acceptance_rate", 0.0),
        ("acceptance_rate", 1.5),
        ("n_edges", [19]),
        ("n_edges", [20, 19]),
        ("n_edges", [-1, 39]),
        ("n_edges", "many"),
    ],
)
def test_a_damaged_state_is_refused(rejection, name, value):
    state, arrays = rejection.to_state()
    with pytest.raises((ValueError, TypeError), match=r"."):
        Rejection.from_state(LAYOUT, state | {name: value}, arrays)


@pytest.mark.parametrize(
    "name", ["state_bins", "value_edges", "trees", "features", "masks", "leaves", "effects"]
)
def test_a_damaged_array_is_refused(rejection, name):
    state, arrays = rejection.to_state()
    name = f"rejection.{name}"
    for damaged in (arrays[name][:-1], arrays[name].astype(complex), arrays[name][None]):
        with pytest.raises((ValueError, TypeError), match=r"."):
            Rejection.from_state(LAYOUT, state, arrays | {name: damaged})
    del arrays[name]
    with pytest.raises(KeyError, match=name):
        Rejection.from_state(LAYOUT, state, arrays)


def test_empty_trees_keep_by_effects_alone(rejection):
    effects = np.zeros_like(rejection.effects)
    effects[:3] = [0.0, np.log(0.5), np.log(0.25)]
    raked = replace(
        rejection, trees=TreeEnsemble.empty(rejection.bins.n_bins), effects=effects, ceiling=0.0
    )
    kept = draw(make_sampler(raked), 20_000)
    shares = np.bincount(kept.codes[:, 0]) / len(kept)
    np.testing.assert_allclose(shares, [4 / 7, 2 / 7, 1 / 7], atol=0.015)
    assert ndtr(kept.values[:, 1]).mean() == pytest.approx(0.5, abs=0.01)
