from __future__ import annotations

import pytest
import torch

from synthwgan.sampling.knots import N_KNOTS, knots_of, levels, ranks_among


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def evenly(n_knots: int) -> torch.Tensor:
    return (torch.arange(n_knots) + 0.5) / n_knots


def test_levels_rise_and_are_the_same_from_both_ends():
    ranks = levels().double()
    assert len(ranks) == N_KNOTS
    assert (ranks.diff() > 0).all()
    torch.testing.assert_close(1 - ranks.flip(0), ranks, rtol=0, atol=1e-7)
    assert 5e-7 < ranks[0] < 1e-6


def test_ranks_among_by_hand():
    knots = torch.tensor([[0.0, 1.0, 2.0, 4.0], [0.0, 10.0, 20.0, 30.0]])
    values = torch.tensor([[0.0, 0.5, 1.0, 3.0, 4.0], [5.0, 10.0, 12.5, 30.0, 0.0]])
    expected = [[1 / 8, 2 / 8, 3 / 8, 6 / 8, 7 / 8], [2 / 8, 3 / 8, 7 / 16, 7 / 8, 1 / 8]]
    torch.testing.assert_close(ranks_among(knots, evenly(4), values), torch.tensor(expected))


def test_ranks_beyond_the_knots_are_half_as_rare():
    knots = torch.tensor([[0.0, 1.0, 2.0, 3.0]])
    ranks = ranks_among(knots, evenly(4), torch.tensor([[-1e9, -0.25, 3.25, 1e9]]))[0]
    assert ranks.tolist() == [1 / 16, 1 / 16, 15 / 16, 15 / 16]


def test_ranks_do_not_fall_and_equal_knots_do_no_harm():
    knots = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 2.0]])
    ranks = ranks_among(knots, evenly(6), torch.linspace(-1, 3, 101)[None])[0]
    assert torch.isfinite(ranks).all()
    assert (ranks.diff() >= 0).all()
    assert ranks_among(knots, evenly(6), torch.tensor([[0.0]])).item() == pytest.approx(1.5 / 6)


def lognormal(*shape: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(*shape, generator=generator).exp()


@pytest.mark.parametrize("draw", [torch.randn, torch.rand, lognormal])
def test_ranks_of_rare_values_are_as_rare(draw):
    """The largest number of a table of 300,000 rows is drawn about as often as it is there."""
    n_rows = 1_000_000
    known = draw(200_000, 1, generator=rng(0))
    knots = knots_of(known, torch.ones_like(known, dtype=torch.bool))
    ranks = ranks_among(knots, levels(), draw(1, n_rows, generator=rng(1)))[0]
    for rare in (1e-4, 3e-5, 1.5e-5):
        for n_rarer in (int((ranks < rare).sum()), int((ranks > 1 - rare).sum())):
            # The knot is told from 200,000 x rare rows, three at least: a factor of three.
            assert rare * n_rows / 3 <= n_rarer <= rare * n_rows * 3
    # A bound at 1e-5 had none beyond it.
    assert ((ranks < 3e-6) | (ranks > 1 - 3e-6)).any()


def test_knots_of_few_rows_go_on_beyond_them():
    values = torch.randn(2_000, 1, generator=rng(2))
    knots = knots_of(values, torch.ones_like(values, dtype=torch.bool))[0]
    assert (knots.diff() >= 0).all()
    assert knots[0] < values.min()
    assert knots[-1] > values.max()
    # Otherwise all beyond 2,000 rows, one in 2,000, would have the rank of one in a million.
    fresh = torch.randn(1_000_000, 1, generator=rng(3))
    ranks = ranks_among(knots[None], levels(), fresh.T)[0]
    assert (ranks < 1e-6).double().mean() < 2e-4
