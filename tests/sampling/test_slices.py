"""Rows of one state have the distributions of the table's rows with that state."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from synthwgan.networks.build import build_networks
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import N_HATS, PairwiseMoments
from synthwgan.sampling.calibration import calibrate
from synthwgan.sampling.conditional import ConditionalSampler, only_given_block
from synthwgan.sampling.knots import knots_of
from synthwgan.sampling.slices import MIN_ROWS, SliceCalibration, SliceTargets, interpolate
from synthwgan.synthesizer import WGANGPSynthesizer
from synthwgan.table.layout import EncodedTable, Layout, PartialRows
from synthwgan.training.conditioning import ConditionalBatches
from synthwgan.training.config import TrainingConfig
from synthwgan.training.data import TableBatches

N_ROWS, N_DRAWN = 20_000, 20_000


@pytest.fixture
def layout() -> Layout:
    """Columns: three states; two states; a value gated by the third block."""
    return Layout((3, 2, 2), (2,), (0, 1, 2), (-1, -1, 0))


@pytest.fixture
def table() -> EncodedTable:
    """The second column and the value depend on the first."""
    rng = np.random.default_rng(0)
    kind = rng.choice(3, N_ROWS, p=[0.6, 0.399, 0.001])
    other = (rng.random(N_ROWS) < np.array([0.1, 0.7, 0.5])[kind]).astype(int)
    missing = (rng.random(N_ROWS) < np.array([0.0, 0.3, 0.0])[kind]).astype(int)
    # Ranks over all rows are uniform: the first kind has the lower ones.
    ranks = (np.argsort(np.argsort(rng.normal(kind * 2.0))) + 0.5) / N_ROWS
    values = torch.special.ndtri(torch.from_numpy(ranks)).numpy() * (missing == 0)
    codes = np.stack([kind, other, missing], axis=1).astype(np.uint8)
    return EncodedTable(codes, values.astype(np.float32)[:, None])


@pytest.fixture
def sampler(layout: Layout, table: EncodedTable) -> ConditionalSampler:
    """An untrained generator: all that it gets right, calibration has done."""
    config = TrainingConfig.resolve(WGANGPSynthesizer().get_params(), n_rows=N_ROWS)
    head = OutputHead(layout)
    batches = TableBatches(table, head)
    networks = build_networks(head, batches.marginals(), config, seed=0, conditional=True)
    sampler = ConditionalSampler(
        networks["generator"], head, config.latent_dim, batches.marginals()
    )
    drawer = ConditionalBatches(batches, config.batch_size, balanced=False)
    _, context = drawer.draw(40, sampler.noise(0))
    calibrate(sampler, sampler.noise(0), context)
    moments = PairwiseMoments(head).fit(batches.in_order)
    sampler.targets = SliceTargets.of(moments)
    return sampler


def given_kind(codes: np.ndarray, n_columns: int = 3) -> PartialRows:
    """Rows of which the first column is given."""
    all_codes = np.zeros((len(codes), 3), dtype=np.uint8)
    all_codes[:, 0] = codes
    given = np.zeros((len(codes), n_columns), dtype=bool)
    given[:, 0] = True
    return PartialRows(EncodedTable(all_codes, np.zeros((len(codes), 1), np.float32)), given)


@pytest.mark.parametrize("kind", [0, 1])
def test_a_slice_has_the_tables_distributions(sampler, table, kind):
    drawn = sampler.complete(given_kind(np.full(N_DRAWN, kind)), sampler.noise(1))
    of_table = table.take(table.codes[:, 0] == kind)
    assert (drawn.codes[:, 0] == kind).all()
    # Standard errors of 20,000 draws and of 8192 rows of calibration are below 0.007.
    for block in (1, 2):
        assert drawn.codes[:, block].mean() == pytest.approx(
            of_table.codes[:, block].mean(), abs=0.03
        )
    regular = [rows.values[rows.codes[:, 2] == 0, 0] for rows in (drawn, of_table)]
    # Hats are a sixteenth of the ranks wide and blur a steep end by a part of that.
    assert ks_2samp(*regular).statistic < 0.05


def test_without_targets_the_untrained_slice_is_far_off(sampler, table):
    """The comparison above can fail."""
    sampler.targets = None
    drawn = sampler.complete(given_kind(np.full(N_DRAWN, 1)), sampler.noise(1))
    of_table = table.take(table.codes[:, 0] == 1)
    assert abs(drawn.codes[:, 1].mean() - of_table.codes[:, 1].mean()) > 0.1


def test_rows_of_several_states_stay_in_their_order(sampler):
    codes = np.random.default_rng(0).integers(0, 3, 500)
    drawn = sampler.complete(given_kind(codes), sampler.noise(1))
    assert np.array_equal(drawn.codes[:, 0], codes)
    alone = sampler.complete(given_kind(np.full(8000, 1)), sampler.noise(2))
    mixed = sampler.complete(given_kind(np.tile([0, 1], 8000)), sampler.noise(3))
    share = mixed.codes[mixed.codes[:, 0] == 1, 1].mean()
    assert share == pytest.approx(alone.codes[:, 1].mean(), abs=0.03)


def test_a_state_of_few_rows_is_left_alone(sampler, table):
    n_rare = int((table.codes[:, 0] == 2).sum())
    assert n_rare < MIN_ROWS
    start = int(sampler.head.layout.block_starts[0])
    assert [sampler.targets.knows(start + state) for state in range(3)] == [True, True, False]
    sampler.complete(given_kind(np.full(10, 2)), sampler.noise(1))
    assert not sampler._slices


def test_calibration_does_not_depend_on_what_was_drawn_before(sampler):
    first = sampler.complete(given_kind(np.full(100, 1)), sampler.noise(5))
    sampler.complete(given_kind(np.full(100, 0)), sampler.noise(6))
    again = sampler.complete(given_kind(np.full(100, 1)), sampler.noise(5))
    assert np.array_equal(first.codes, again.codes)
    sampler._slices.clear()
    fresh = sampler.complete(given_kind(np.full(100, 1)), sampler.noise(5))
    assert np.array_equal(first.values, fresh.values)


def test_only_given_block(layout):
    rows = given_kind(np.zeros(4, dtype=int))
    assert only_given_block(rows, layout) == 0
    both = rows.given.copy()
    both[1, 1] = True
    assert only_given_block(PartialRows(rows.encoded, both), layout) is None
    of_value = np.zeros_like(both)
    of_value[:, 2] = True
    assert only_given_block(PartialRows(rows.encoded, of_value), layout) is None
    assert only_given_block(rows.take(np.arange(0)), layout) is None


def test_no_targets_without_a_matrix(layout, table):
    head = OutputHead(layout)
    assert SliceTargets.of(PairwiseMoments(head)) is None
    small = PairwiseMoments(head, max_features=1).fit(TableBatches(table, head).in_order)
    assert SliceTargets.of(small) is None


def test_uniform_ranks_stay_uniform(layout, table):
    rng = np.random.default_rng(1)
    ranks = torch.from_numpy((rng.permutation(N_ROWS) + 0.5) / N_ROWS)
    values = torch.special.ndtri(ranks).numpy().astype(np.float32)[:, None]
    codes = table.codes.copy()
    codes[:, 2] = 0
    head = OutputHead(layout)
    batches = TableBatches(EncodedTable(codes, values), head)
    targets = SliceTargets.of(PairwiseMoments(head).fit(batches.in_order))
    quantiles = targets.ranks(0)[0]
    grid = torch.linspace(0, 1, len(quantiles))
    assert (quantiles - grid).abs().max() < 0.02


def test_interpolate_against_numpy():
    rng = np.random.default_rng(0)
    increasing, values = np.sort(rng.random((2, 9))), rng.random((2, 9))
    points = rng.random(50)
    found = interpolate(*(torch.from_numpy(array) for array in (values, increasing, points)))
    expected = [np.interp(points, increasing[row], values[row]) for row in range(2)]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("hat", [0, N_HATS - 1])
def test_scores_are_finite_where_a_slice_lies_at_an_end_of_the_table(hat):
    means = torch.zeros(1, 1 + N_HATS)
    means[0, [0, 1 + hat]] = 1.0
    raw = torch.randn(4_000, 1, generator=torch.Generator().manual_seed(0))
    knots = knots_of(raw, torch.ones_like(raw, dtype=torch.bool))
    calibration = SliceCalibration(torch.zeros(1), knots, SliceTargets(means).ranks(0))
    scores = calibration.normal_scores(torch.tensor([[-1e9], [0.0], [1e9]]))[:, 0]
    assert torch.isfinite(scores).all()
    assert (scores.diff() > 0).all()
