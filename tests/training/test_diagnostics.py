"""Early stopping and diversity against numbers worked by hand; collapse is seen and named."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch

from synthwgan import MinimaxGAN, Optimizer, WGANGPSynthesizer
from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.critic_input import CriticInput
from synthwgan.training.data import TableBatches
from synthwgan.training.diagnostics import (
    Diversity,
    distinct_share,
    warn_of_mode_collapse,
)
from synthwgan.training.pace import Steps
from synthwgan.training.stopping import BestWeights
from synthwgan.training.trainer import Trainer


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Early stopping


def stops_at(estimates: list[float], patience: int = 2, tol: float = 0.0) -> tuple:
    """At which estimate it stops, and which one it holds for the best."""
    stopping = BestWeights(patience, tol)
    for place, estimate in enumerate(estimates):
        if stopping.should_stop(estimate, 0.0, place):
            return place, stopping.best_weights
    return None, stopping.best_weights


def test_it_stops_after_so_many_logs_without_a_better_one():
    assert stops_at([5, 4, 3, 3.5, 3.2, 1]) == (4, 2)
    assert stops_at([5, 4, 3, 3.5, 3.2, 1], patience=3) == (None, 5)


def test_an_estimate_must_be_better_by_the_tolerance():
    # Of weights that are as good, the last are kept.
    assert stops_at([5, 4.9, 4.8, 4.7], tol=0.15) == (None, 3)
    assert stops_at([5, 4.9, 4.8, 4.7], tol=0.5) == (2, 2)


def test_while_the_estimate_rises_the_critic_still_learns():
    assert stops_at([0.01, 0.2, 0.9, 0.5, 0.4, 0.6, 0.7]) == (6, 4)


def test_near_to_zero_is_best_from_either_side():
    assert stops_at([2, 1, 0.1, -0.5, -0.7]) == (4, 2)


class FallingStep:
    """A step whose one weight counts the steps."""

    def __init__(self) -> None:
        self.weight = 0

    def __call__(self, progress: float) -> dict[str, torch.Tensor]:
        self.weight += 1
        return {"loss": torch.tensor(float(self.weight))}

    def is_finite(self) -> bool:
        return True

    def snapshot(self) -> int:
        return self.weight

    def restore(self, weights: int) -> None:
        self.weight = weights


def run(max_steps: int, patience: int = 2) -> tuple[FallingStep, Any]:
    # The distance to the best is least after 6 steps.
    step = FallingStep()
    trainer = Trainer(
        Steps(max_steps),
        None,
        2,
        diagnose=lambda n_steps: {
            "validation_wasserstein": float(abs(n_steps - 6)),
            "validation_error": 0.0,
        },
        stopping=BestWeights(patience, 0.0),
    )
    return step, trainer.run(step)


def test_the_trainer_stops_early_with_the_best_weights():
    step, outcome = run(max_steps=100)
    assert (outcome.stopped_by, outcome.n_steps) == ("early stopping", 10)
    assert step.weight == 6
    assert outcome.ended_well


def test_the_best_weights_are_kept_without_an_early_end_too():
    step, outcome = run(max_steps=8)
    assert (outcome.stopped_by, outcome.n_steps, step.weight) == ("steps", 8, 6)


def stops_after(estimates: list[float], error: float, patience: int = 3) -> tuple[int, Any]:
    """Logs until the end, or one more than there are, and the log whose weights are kept."""
    watch = BestWeights(patience, 0.0)
    for number, estimate in enumerate(estimates, start=1):
        if watch.should_stop(estimate, error, number):
            return number, watch.best_weights
    return len(estimates) + 1, watch.best_weights


def test_what_chance_does_is_no_gain():
    """Of few held-out rows the estimate scatters about zero, now and then nearer than before."""
    scatter = [2.0, 0.3, 0.1, -0.4, 0.05, 0.2, -0.01, 0.3, 0.001, -0.2]
    assert stops_after(scatter, 0.0) == (11, 9)
    assert stops_after(scatter, 0.4) == (5, 5)
    # Where it still falls by more than its error, it goes on.
    falling = [3.0 - 0.5 * number for number in range(6)]
    assert stops_after(falling, 0.4) == (7, 6)
    # A last estimate that is worse than chance explains does not displace the best weights.
    assert stops_after([2.0, 0.1, 0.9, 0.8, 0.7], 0.4) == (5, 2)


def test_a_critic_that_learns_late_starts_the_search_anew():
    assert stops_after([0.1, 0.1, 5.0, 4.0, 3.0, 2.0, 1.0, 1.1, 1.2, 1.1], 0.3) == (10, 10)


# Instance noise


def test_instance_noise_fades_linearly():
    critic_input = CriticInput(1, 0.5, rng())
    slots = torch.zeros(20_000, 3)
    for progress, expected in ((0.0, 0.5), (0.5, 0.25), (0.9, 0.05)):
        critic_input.anneal(progress)
        # Of 60,000 normal numbers: five standard errors.
        assert critic_input(slots).std().item() == pytest.approx(expected, rel=0.015)
    critic_input.anneal(1.0)
    assert torch.equal(critic_input(slots), slots)


def test_without_noise_nothing_is_drawn():
    source = rng()
    before = source.get_state()
    CriticInput(2, 0.0, source)(torch.zeros(4, 3))
    assert torch.equal(source.get_state(), before)


# Diversity


@pytest.fixture
def batches(mixed_layout: Layout, mixed_encoded: EncodedTable) -> TableBatches:
    return TableBatches(mixed_encoded, OutputHead(mixed_layout))


def test_distinct_share_by_hand():
    symbols = torch.tensor([[0, 1, 0, 1, 0], [2, 2, 2, 3, 2]])
    assert distinct_share(symbols) == pytest.approx(3 / 5)


def test_the_tables_own_rows_are_as_varied_as_the_table(batches):
    diversity = Diversity(batches, rng())
    found = diversity(batches.codes, batches.values)
    assert found["entropy"] == pytest.approx(1.0, abs=1e-5)
    assert found["distinct_rows"] == pytest.approx(diversity.distinct_rows)
    assert diversity.n_rows == 600


def test_entropy_by_hand():
    layout = Layout((4,), (), (0,), (-1,))
    codes = np.arange(400, dtype=np.uint8).reshape(-1, 1) % 4
    encoded = EncodedTable(codes, np.empty((400, 0), np.float32))
    diversity = Diversity(TableBatches(encoded, OutputHead(layout)), rng())
    two_states = torch.arange(400).view(-1, 1) % 2
    # Two equally frequent states have half the entropy of four.
    found = diversity(two_states, torch.empty(400, 0))
    assert found == {"distinct_rows": 2 / 400, "entropy": pytest.approx(0.5)}
    assert diversity.distinct_rows == 4 / 400


def test_values_count_by_their_sixteenths():
    layout = Layout((), (-1,), (-1,), (0,))
    scores = torch.special.ndtri((torch.arange(1600) + 0.5) / 1600).view(-1, 1)
    encoded = EncodedTable(np.empty((1600, 0), np.uint8), scores.numpy().astype(np.float32))
    diversity = Diversity(TableBatches(encoded, OutputHead(layout)), rng(), max_rows=1600)
    assert diversity.distinct_rows == 16 / 1600
    halves = torch.where(scores > 0, 0.1, -0.1)
    found = diversity(torch.empty(1600, 0), halves)
    assert found["entropy"] == pytest.approx(math.log(2) / math.log(16))
    assert diversity(torch.empty(1600, 0), torch.full_like(scores, torch.nan))["entropy"] == 0


@pytest.mark.parametrize("case", ["constant", "one row"])
def test_a_table_that_does_not_vary_asks_for_nothing(case):
    layout = Layout((3,), (-1,), (0, -1), (-1, 0))
    n_rows = 1 if case == "one row" else 50
    encoded = EncodedTable(np.ones((n_rows, 1), np.uint8), np.zeros((n_rows, 1), np.float32))
    diversity = Diversity(TableBatches(encoded, OutputHead(layout)), rng())
    found = diversity(torch.ones(n_rows, 1), torch.zeros(n_rows, 1))
    assert found["entropy"] == 1.0


class Repeating(torch.nn.Module):
    """Gives raw outputs that are surer of one row the larger the weight."""

    latent_dim = 4

    def __init__(self, n_slots: int, weight: float) -> None:
        super().__init__()
        self.row = weight * torch.linspace(1, -1, n_slots)

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        return self.row.expand(len(latent), -1)


def test_a_generator_of_one_row_is_named(batches):
    diversity = Diversity(batches, rng())
    generator = Repeating(batches.head.layout.n_slots, 100.0)
    message = r"mode collapse: of 600 generated rows 0% are distinct.*packing=2"
    with pytest.warns(UserWarning, match=message):
        warn_of_mode_collapse(generator, batches.head, diversity)


# Whole fits


COLLAPSING = {
    "objective": MinimaxGAN(),
    "moment_weight": 0.0,
    "optimizer": Optimizer(generator_lr=0.3, critic_lr=0.3),
    "max_steps": 30,
    "conditional": False,
    "rejection": None,
    "calibrate": False,
    "couple_columns": False,
    "random_state": 0,
    "device": "cpu",
}


def test_a_broken_configuration_collapses_and_is_told_so(dependent_table):
    with pytest.warns(UserWarning, match="^mode collapse: .*Lower the learning rates"):
        WGANGPSynthesizer(**COLLAPSING).fit(dependent_table)


@pytest.mark.parametrize("max_steps", [1, 40])
def test_an_ordinary_fit_is_not(dependent_table, mixed_table, max_steps):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for table in (dependent_table, mixed_table):
            WGANGPSynthesizer(
                max_steps=max_steps,
                conditional=False,
                rejection=None,
                calibrate=False,
                random_state=0,
            ).fit(table)
