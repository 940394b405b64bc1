"""A mixture of products, fitted to noisy tables; it never sees a row.

Each of a thousand particles has a distribution of its own for each column, in which columns are
independent; a row is drawn from one of them. After the generator of Liu, Vietri and Wu 2021,
"Iterative Methods for Private Synthetic Data", with a table of logits in place of a network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from synthwgan.private.columns import Column
from synthwgan.private.pairs import Classes, Table

_LEARNING_RATE = 0.05
_BETAS = (0.9, 0.99)
_DECAY = 0.99
_START = 0.5
_N_CALIBRATIONS = 30
_CALIBRATION_RATE = 0.7
# What a particle knows of a column costs as much as the noise allows it to be believed.
_INFORMATION, _MAX_INFORMATION = 1.3e-3, 1000.0
_TINY = 1e-12


@dataclass(frozen=True)
class Effort:
    """How large a mixture is fitted, and how long.

    Parameters
    ----------
    n_particles : int
        Products in the mixture.
    max_steps : int
        Steps of the optimizer.
    """

    n_particles: int = 1000
    max_steps: int = 1500


def fit_particles(
    columns: Sequence[Column],
    tables: Sequence[Table],
    classes: Classes | None,
    one_way_variance: Sequence[float],
    effort: Effort,
    seed: int,
) -> np.ndarray:
    """Return logits of the particles.

    Parameters
    ----------
    columns : sequence of Column
        With their slots and shares.
    tables : sequence of Table
        Noisy tables of pairs.
    classes : Classes or None
        Of the target.
    one_way_variance : sequence of float
        Variance of the noise on each column's shares.
    effort : Effort
        Size and length.
    seed : int
        Where it starts; nothing that it changes has to do with privacy.

    Returns
    -------
    ndarray of shape (n_particles, n_slots), float32
    """
    goal = _Goal(columns, tables, classes, one_way_variance)
    generator = torch.Generator().manual_seed(seed)
    shape = (effort.n_particles, goal.n_slots)
    logits = torch.randn(shape, generator=generator) * _START + goal.shares.clamp_min(1e-6).log()
    logits.requires_grad_(True)
    optimizer = torch.optim.Adam([logits], lr=_LEARNING_RATE, betas=_BETAS)
    mean = logits.detach().clone()
    for step in range(effort.max_steps):
        rate = 0.5 * (1 + math.cos(math.pi * step / effort.max_steps))
        optimizer.param_groups[0]["lr"] = _LEARNING_RATE * rate
        optimizer.zero_grad()
        goal.loss(logits).backward()
        torch.nn.utils.clip_grad_norm_([logits], 1.0)
        optimizer.step()
        mean.lerp_(logits.detach(), 1 - min(_DECAY, (step + 1) / (step + 10)))
    return _calibrate(mean, goal).numpy()


class _Goal:
    """What the particles are to agree with."""

    def __init__(
        self,
        columns: Sequence[Column],
        tables: Sequence[Table],
        classes: Classes | None,
        one_way_variance: Sequence[float],
    ) -> None:
        sizes = [column.n_slots for column in columns]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        self.n_slots = int(starts[-1])
        self.sizes = sizes
        shares = np.concatenate([column.slot_shares for column in columns])
        self.shares = torch.tensor(shares, dtype=torch.float32)
        weights = np.repeat(1 / np.asarray(one_way_variance), sizes)
        self.one_way_weights = torch.tensor(weights, dtype=torch.float32)
        n_classes = 1 if classes is None else classes.number
        n_split = n_classes if any(table.split for table in tables) else 0
        self.plain = _dense(tables, starts, False, 1)
        self.split = _dense(tables, starts, True, n_split) if n_split else None
        self.class_slots = None
        if classes is not None and n_split:
            hot = np.zeros((self.n_slots, n_classes), dtype=np.float32)
            hot[starts[classes.place] + np.arange(len(classes.of_slot)), classes.of_slot] = 1
            self.class_slots = torch.tensor(hot)
        noise = float(np.mean([one.noisy.variance for one in tables])) if tables else math.inf
        self.information = min(_MAX_INFORMATION, _INFORMATION / noise)
        blocks = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        self.blocks = blocks

    def loss(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the chi-square of all tables, and the price of what particles know."""
        chances, log_chances = self.chances(logits)
        mean = chances.mean(0)
        loss = (self.one_way_weights * (mean - self.shares) ** 2).sum()
        if self.class_slots is not None and self.split is not None:
            by_class = chances @ self.class_slots
            weighted = chances.unsqueeze(1) * (by_class / len(chances)).unsqueeze(2)
            found = chances.T @ weighted.flatten(1)
            target, weights = self.split
            found = found.view(self.n_slots, -1, self.n_slots)
            loss = loss + (weights * (found - target) ** 2).sum()
            plain = found.sum(1)
        else:
            plain = chances.T @ chances / len(chances)
        target, weights = self.plain
        loss = loss + (weights[:, 0] * (plain - target[:, 0]) ** 2).sum()
        known = (chances * (log_chances - mean.clamp_min(_TINY).log())).sum() / len(chances)
        return loss + self.information * known

    def chances(self, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return each particle's distribution of each column, and its logarithm."""
        logs = [block.log_softmax(1) for block in logits.split(self.sizes, dim=1)]
        joined = torch.cat(logs, dim=1)
        return joined.exp(), joined


def _dense(
    tables: Sequence[Table], starts: np.ndarray, split: bool, n_classes: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Put tables into one of all slots by all slots, with their precision."""
    n_slots = int(starts[-1])
    target = np.zeros((n_slots, n_classes, n_slots), dtype=np.float32)
    weights = np.zeros_like(target)
    for table in tables:
        if table.split == split:
            first, second = table.places
            rows = slice(starts[first], starts[first + 1])
            others = slice(starts[second], starts[second + 1])
            target[rows, :, others] = table.noisy.counts.transpose(0, 2, 1)
            weights[rows, :, others] = 1 / table.noisy.variance
    return torch.tensor(target), torch.tensor(weights)


@torch.no_grad()
def _calibrate(logits: torch.Tensor, goal: _Goal) -> torch.Tensor:
    """Move all particles' logits of a slot together until its share is the noisy one."""
    log_shares = goal.shares.clamp_min(_TINY).log()
    for _ in range(_N_CALIBRATIONS):
        mean = goal.chances(logits)[0].mean(0)
        logits = logits + _CALIBRATION_RATE * (log_shares - mean.clamp_min(_TINY).log())
    return goal.chances(logits)[1].clamp_min(-40.0)
