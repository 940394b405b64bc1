"""What is claimed is never less than what an independent accountant finds."""

from __future__ import annotations

import math

import pytest

from synthwgan.private.accountant import Ledger, Release, delta_of, epsilon_of, rho_of
from synthwgan.private.noise import Scale

GUARANTEES = [(0.1, 1e-6), (0.5, 1e-5), (1.0, 1e-5), (3.0, 1e-6), (10.0, 1e-9)]


@pytest.mark.parametrize(("epsilon", "delta"), GUARANTEES)
def test_both_ways_agree_and_round_to_the_safe_side(epsilon: float, delta: float) -> None:
    rho = rho_of(epsilon, delta)
    assert delta_of(rho, epsilon) <= delta
    assert delta_of(rho * 1.001, epsilon) > delta
    assert epsilon_of(rho, delta) == pytest.approx(epsilon, rel=1e-6)
    # Tighter than the conversion of Bun and Steinke, which everybody knows.
    assert epsilon < rho + 2 * math.sqrt(rho * math.log(1 / delta))


@pytest.mark.parametrize(("epsilon", "delta"), GUARANTEES)
def test_against_the_accountants_of_dp_accounting(epsilon: float, delta: float) -> None:
    accounting = pytest.importorskip("dp_accounting")
    from dp_accounting import pld, rdp

    ledger = Ledger(epsilon, delta)
    share = ledger.budget / 10
    scales = [ledger.buy(f"table {number}", share) for number in range(10)]
    events = [accounting.GaussianDpEvent(scale.deviation) for scale in scales]
    event = accounting.ComposedDpEvent(events)
    by_loss = pld.PLDAccountant().compose(event).get_epsilon(delta)
    # Zero-concentrated DP covers the discrete Gaussian too, at a price that stays moderate.
    assert 0.75 * ledger.spent_epsilon < by_loss <= ledger.spent_epsilon <= epsilon
    orders = [1 + step / 20 for step in range(1, 4000)]
    by_renyi = rdp.RdpAccountant(orders).compose(event).get_epsilon(delta)
    assert ledger.spent_epsilon == pytest.approx(by_renyi, rel=0.02)


@pytest.mark.parametrize("deviation", [0.6, 1.5, 5.0])
def test_the_discrete_gaussian_against_its_own_privacy_loss(deviation: float) -> None:
    pld = pytest.importorskip("dp_accounting.pld.privacy_loss_distribution")
    scale = Scale.at_least(deviation**2)
    loss = pld.from_discrete_gaussian_mechanism(scale.deviation)
    for delta in (1e-3, 1e-6):
        found = loss.get_epsilon_for_delta(delta)
        assert found <= epsilon_of(Release("one", scale).rho, delta)


def test_a_ledger_sells_no_more_than_it_has() -> None:
    ledger = Ledger(1.0, 1e-5, threshold_delta=1e-6)
    ledger.buy("half", ledger.budget / 2)
    assert ledger.spent <= ledger.budget / 2
    assert ledger.spent_epsilon < 1
    with pytest.raises(RuntimeError, match="the budget is spent"):
        ledger.buy("too much", ledger.budget * 0.6)
    ledger.buy("names", ledger.budget / 10, delta=1e-6)
    with pytest.raises(RuntimeError, match="the budget is spent"):
        ledger.buy("more names", ledger.budget / 10, delta=1e-9)
    assert [release.name for release in ledger.releases] == ["half", "names"]


def test_people_of_several_rows_cost_more() -> None:
    one, three = Release("a", Scale(100)), Release("a", Scale(100), sensitivity=3)
    assert three.rho == pytest.approx(9 * one.rho)
    assert Ledger(1.0, 1e-5).buy("a", 0.01, sensitivity=3).variance >= 9 / 0.02
