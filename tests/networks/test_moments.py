"""The moment term is unbiased: zero for real rows, positive for others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import N_HATS, PairwiseMoments, _gram_product
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.data import TableBatches

N_DRAWS, BATCH = 400, 64


@pytest.fixture
def batches(mixed_layout: Layout, mixed_encoded: EncodedTable) -> TableBatches:
    return TableBatches(mixed_encoded, OutputHead(mixed_layout))


@pytest.fixture
def shuffled(mixed_layout: Layout, mixed_encoded: EncodedTable) -> TableBatches:
    """The same marginals without dependence between the codes."""
    rng = np.random.default_rng(0)
    codes = np.stack([rng.permutation(column) for column in mixed_encoded.codes.T], axis=1)
    encoded = EncodedTable(codes, mixed_encoded.values * (codes[:, 2:] == 0))
    return TableBatches(encoded, OutputHead(mixed_layout))


def fitted_moments(batches: TableBatches, max_features: int = 2048) -> PairwiseMoments:
    return PairwiseMoments(batches.head, max_features).fit(batches.in_order)


def moment_difference(moments: PairwiseMoments, slots: torch.Tensor) -> torch.Tensor:
    features = moments.features(slots)
    return features.T @ features / len(features) - moments.matrix


def mean_and_error(draw: Callable[[], torch.Tensor]) -> tuple[float, float]:
    """Mean of many draws and its standard error."""
    draws = torch.stack([draw() for _ in range(N_DRAWS)]).double()
    return draws.mean().item(), draws.std().item() / N_DRAWS**0.5


def test_hat_features_by_hand():
    layout = Layout((2,), (0, -1), (0, -1), (0, 1))
    moments = PairwiseMoments(OutputHead(layout))
    # A score of 0 is rank 1/2, halfway between hats 7 and 8; far left is hat 0 alone.
    slots = torch.tensor([[1.0, 0.0, 0.0, -9.0], [0.0, 1.0, 0.0, 0.0]])
    features = moments.features(slots)
    assert features.shape == (2, 2 + 2 * N_HATS)
    first, second = features[:, 2 : 2 + N_HATS], features[:, 2 + N_HATS :]
    assert first[0].nonzero().flatten().tolist() == [7, 8]
    assert first[0, 7:9].tolist() == pytest.approx([0.5, 0.5])
    assert first[1].abs().max() == 0  # its gate is off
    assert second[0].tolist() == pytest.approx([1.0] + [0.0] * (N_HATS - 1))
    assert second.sum(1).tolist() == pytest.approx([1.0, 1.0])


def test_fit_takes_scale_and_matrix_from_the_table(batches):
    slots = torch.cat(list(batches.in_order()))
    raw = PairwiseMoments(batches.head).features(slots)
    moments = fitted_moments(batches)
    torch.testing.assert_close(moments.scale, (raw.mean(0) + 0.01).rsqrt(), rtol=2**-8, atol=0)
    assert torch.equal(moments.scale, moments.scale.bfloat16().float())
    scaled = raw * moments.scale
    torch.testing.assert_close(moments.matrix, scaled.T @ scaled / len(slots))
    assert moments.n_parts == 5


def test_fit_reads_the_table_in_batches_alike(batches):
    slots = torch.cat(list(batches.in_order()))
    moments = PairwiseMoments(batches.head).fit(lambda: slots.split(77))
    torch.testing.assert_close(moments.matrix, fitted_moments(batches).matrix)


@pytest.mark.parametrize("max_features", [2048, 1], ids=["matrix", "gram"])
def test_the_term_is_zero_in_expectation_for_real_rows(batches, max_features):
    moments = fitted_moments(batches, max_features)
    rng = torch.Generator().manual_seed(0)
    mean, error = mean_and_error(
        lambda: moments(batches.draw(BATCH, rng), batches.draw(BATCH, rng))
    )
    assert abs(mean) < 4 * error


def test_the_plain_squared_distance_would_not_be_zero(batches):
    """The check above can fail: without the halves, batch noise counts."""
    moments = fitted_moments(batches)
    rng = torch.Generator().manual_seed(0)
    mean, error = mean_and_error(
        lambda: moment_difference(moments, batches.draw(BATCH, rng)).square().sum()
    )
    assert mean > 20 * error


@pytest.mark.parametrize("max_features", [2048, 1], ids=["matrix", "gram"])
def test_the_term_is_positive_for_shuffled_columns(batches, shuffled, max_features):
    moments = fitted_moments(batches, max_features)
    assert moments.holds_matrix == (max_features > 1)
    rng = torch.Generator().manual_seed(0)
    mean, error = mean_and_error(
        lambda: moments(shuffled.draw(BATCH, rng), batches.draw(BATCH, rng))
    )
    assert mean > 8 * error


def test_both_forms_have_the_same_expectation(batches, shuffled):
    rng = torch.Generator().manual_seed(0)
    results = [
        mean_and_error(lambda m=moments: m(shuffled.draw(BATCH, rng), batches.draw(BATCH, rng)))
        for moments in (fitted_moments(batches), fitted_moments(batches, max_features=1))
    ]
    (matrix_mean, matrix_error), (gram_mean, gram_error) = results
    assert abs(matrix_mean - gram_mean) < 4 * np.hypot(matrix_error, gram_error)
    # The distance of whole tables is what both estimate.
    moments = fitted_moments(batches)
    difference = moment_difference(moments, torch.cat(list(shuffled.in_order())))
    exact = difference.square().sum().item() / moments.n_parts**2
    assert abs(matrix_mean - exact) < 4 * matrix_error


def test_gram_product_is_the_inner_product_of_moment_differences():
    rng = torch.Generator().manual_seed(0)
    n_groups, size = 3, 8
    fake, real = (torch.randn(n_groups * size, 6, generator=rng) for _ in range(2))
    products = []
    for start in range(0, n_groups * size, size):
        of_group = [rows[start : start + size].chunk(2) for rows in (fake, real)]
        first, second, third, fourth = (
            half.T @ half / len(half) for halves in of_group for half in halves
        )
        products.append(((first - third) * (second - fourth)).sum())
    expected = torch.stack(products).mean()
    torch.testing.assert_close(_gram_product(fake, real, n_groups), expected)


def test_moments_within_groups_see_what_their_mean_hides(batches):
    """Groups that err in opposite ways are off each, though together they are not."""
    moments = fitted_moments(batches)
    rng = torch.Generator().manual_seed(0)

    def draw(shift: float) -> torch.Tensor:
        rows = batches.draw(BATCH, rng)
        rows[:, -1] += shift
        return rows

    real = [draw(0.0) for _ in range(2 * N_DRAWS)]
    opposite = [draw(shift) for _ in range(N_DRAWS) for shift in (0.7, -0.7)]
    distances = [
        moments.within(torch.cat(fakes), torch.cat(reals), 2).item()
        for fakes, reals in zip(
            zip(opposite[::2], opposite[1::2], strict=True),
            zip(real[::2], real[1::2], strict=True),
            strict=True,
        )
    ]
    error = np.std(distances) / np.sqrt(N_DRAWS)
    assert np.mean(distances) > 5 * error


def test_the_generator_is_pushed_towards_the_table(batches):
    """Descending the term's gradient brings free values to the table's moments."""
    moments = fitted_moments(batches)
    real = batches.draw(512, torch.Generator().manual_seed(0))
    values = torch.full((512, 1), 1.5, requires_grad=True)

    def distance() -> torch.Tensor:
        return moments(torch.cat([real[:, :-1], values], dim=1), real)

    start = distance()
    start.backward()
    assert values.grad.abs().max() > 0
    with torch.no_grad():
        values -= 0.5 * values.grad.sign()
    assert distance() < 0.8 * start


def test_layouts_without_blocks_or_values(layout):
    head = OutputHead(layout)
    if not layout.n_slots:
        pytest.skip("no features at all")
    rng = torch.Generator().manual_seed(0)
    slots = head(torch.randn(64, layout.n_slots, generator=rng), rng)
    moments = PairwiseMoments(head).fit(lambda: [slots])
    assert torch.isfinite(moments(slots, slots))


def plain_distance(moments: PairwiseMoments, slots: torch.Tensor) -> torch.Tensor:
    """The term as its definition has it: dense hats, and autograd through every product."""
    layout = moments.head.layout
    states, values = slots.split([layout.n_state_slots, layout.n_values], dim=1)
    ranks = torch.special.ndtr(values).mul(N_HATS - 1).unsqueeze(-1)
    hats = (1 - (ranks - torch.arange(N_HATS)).abs()).relu()
    gates = [
        states[:, int(layout.block_starts[gate])] if gate >= 0 else torch.ones(len(slots))
        for gate in layout.value_gates
    ]
    hats = hats * torch.stack(gates, dim=1).unsqueeze(-1)
    features = torch.cat([states, hats.flatten(1)], dim=1) * moments.scale
    first, second = (half.T @ half / len(half) - moments.matrix for half in features.chunk(2))
    return (first * second).sum() / moments.n_parts**2


@pytest.mark.parametrize("n_rows", [64, 9])
def test_value_and_gradient_are_those_of_the_definition(batches, n_rows):
    moments = fitted_moments(batches)
    slots = batches.draw(n_rows, torch.Generator().manual_seed(0))
    ours, plain = (slots.clone().requires_grad_() for _ in range(2))
    distance, expected = moments(ours, slots), plain_distance(moments, plain)
    torch.testing.assert_close(distance, expected)
    distance.backward()
    expected.backward()
    assert plain.grad.abs().max() > 1e-3
    torch.testing.assert_close(ours.grad, plain.grad, rtol=1e-4, atol=1e-6)


def test_an_odd_batch_is_split_unevenly(batches):
    moments = fitted_moments(batches)
    rng = torch.Generator().manual_seed(0)
    assert torch.isfinite(moments(batches.draw(3, rng), batches.draw(3, rng)))
