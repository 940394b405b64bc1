"""Closed forms for two Gaussians, and what discriminator and critic tell the generator."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import divergences
from benchmarks.cell import read
from benchmarks.page import read_part
from synthwgan.networks.critics.network import Critic


def test_jensen_shannon_of_gaussians() -> None:
    exact = divergences.exact_jensen_shannon
    assert exact(0.0) == pytest.approx(0, abs=1e-9)
    assert exact(20.0) == pytest.approx(1, abs=1e-6)
    # Near zero it is the Fisher information times the shift squared, over 8 (and in bits).
    assert exact(0.01) == pytest.approx(0.01**2 / 8 / math.log(2), rel=1e-3)


def test_distances_of_samples_are_near_the_exact_ones_while_gaussians_overlap(monkeypatch) -> None:
    monkeypatch.setattr(divergences, "N_ROWS", 5_000)
    found = divergences.separate(1.0)
    for name in ("kl", "js", "wasserstein"):
        assert found[f"{name}_of_samples"] == pytest.approx(found[name], rel=0.15)
    assert (found["kl"], found["wasserstein"]) == (0.5, 1.0)


def linear_critic(slope: float) -> Critic:
    """A critic whose score is ``slope * x`` on the positive half line."""
    critic = Critic(1, divergences.WIDTH, divergences.N_LAYERS)
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.zero_()
        for layer in critic.layers:
            layer.weight[0, 0] = 1.0
        critic.output.weight[0, 0] = slope
    return critic


@pytest.mark.parametrize(
    ("name", "gradient"),
    [
        # With a score s = 2 x, at x = 3: -2 s(-s), -2 s(s), and minus the slope.
        ("gan", -2 / (1 + math.exp(6))),
        ("gan-minimax", -2 / (1 + math.exp(-6))),
        ("wgan-gp", -2.0),
    ],
)
def test_gradients_of_a_linear_critic_by_hand(name: str, gradient: float) -> None:
    found = divergences.generator_gradients(linear_critic(2.0), name, torch.tensor([[3.0], [3.0]]))
    assert found.tolist() == pytest.approx([gradient, gradient], rel=1e-6)


def test_the_discriminators_gradient_vanishes_and_the_critics_does_not(monkeypatch) -> None:
    monkeypatch.setattr(divergences, "MOMENTS", (30, 300))
    early, late = divergences.discriminate("gan-minimax")
    assert late["at_generated"] < early["at_generated"] / 50
    for record in divergences.discriminate("wgan-gp"):
        assert 0.7 < record["at_generated"] < 2
    assert len(early["scores"]) == divergences.N_POINTS
    assert np.argmax(late["scores"]) > np.argmin(late["scores"])


@pytest.mark.parametrize("name", ["gradients", "divergences"])
def test_the_page_shows_the_results(name: str) -> None:
    tables = {
        "gradients": divergences.gradients_table,
        "divergences": divergences.distances_table,
    }
    assert read_part(divergences.PAGE, name) == tables[name](read(divergences.FILE))


@pytest.mark.parametrize("name", ["gradients", "divergences"])
def test_pictures_are_small(name: str) -> None:
    picture: Path = divergences.PAGE.with_name(f"{name}.svg")
    assert picture.stat().st_size < 150_000


def test_pictures_are_drawn_the_same_each_time(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("matplotlib")
    result = read(divergences.FILE)
    points = np.linspace(-7, 7, divergences.N_POINTS)
    drawn = []
    for _ in range(2):
        divergences.draw_gradients(result, points, (4.0, -4.0), tmp_path / "gradients.svg")
        divergences.draw_distances(result["distances"], tmp_path / "divergences.svg")
        drawn.append([path.read_text() for path in sorted(tmp_path.glob("*.svg"))])
    assert drawn[0] == drawn[1]
    assert ">gan-minimax</text>" in drawn[0][1]
    assert ">Jensen-Shannon, bits</text>" in drawn[0][0]
