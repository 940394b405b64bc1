"""Objectives: what critic and generator minimise, as functions of the critic's scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor


class Objective(Protocol):
    """A pair of losses; what is real scores higher.

    Scores have the shape (n_rows,). The generator's loss gets the scores of real rows as a
    function, since only some objectives need them.
    """

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor: ...

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor: ...


def wasserstein_estimate(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Critic's estimate of the 1-Wasserstein distance (Arjovsky et al. 2017, equation 2)."""
    return real_scores.mean() - fake_scores.mean()


class Wasserstein:
    """The dual form of the 1-Wasserstein distance, for a critic that is held Lipschitz.

    Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", algorithm 1; what holds the critic is
    weight clipping there, and a gradient penalty in Gulrajani et al. 2017.
    """

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Minus the estimate of the distance."""
        return -wasserstein_estimate(real, fake)

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Minus the mean score of generated rows."""
        return -fake.mean()


@dataclass(frozen=True)
class NonSaturating:
    """Cross-entropy of a critic whose score is the log odds of being real.

    Goodfellow et al. 2014, "Generative Adversarial Nets", equation 1, with the generator's
    loss of the end of section 3, whose gradient does not vanish where the critic is sure.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        How far the label of real rows, and of these only, is below 1 (Salimans et al. 2016,
        "Improved Techniques for Training GANs", section 3.4).
    """

    label_smoothing: float = 0.0

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Cross-entropy of real rows and of generated ones, added."""
        loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        if self.label_smoothing:
            # A label 1 - s: s of the mass goes from -log D to -log(1 - D), which is x apart.
            loss = loss + self.label_smoothing * real.mean()
        return loss

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Mean of ``-log D`` of generated rows."""
        return F.softplus(-fake).mean()


@dataclass(frozen=True)
class Minimax(NonSaturating):
    """The original game: the generator maximises what the critic minimises.

    Goodfellow et al. 2014, "Generative Adversarial Nets", equation 1 and algorithm 1.
    """

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Mean of ``log(1 - D)`` of generated rows; flat where the critic is sure."""
        return -F.softplus(fake).mean()


class Relativistic:
    """A real row must score higher than a generated one, pair by pair.

    Jolicoeur-Martineau 2019, "The relativistic discriminator", section 4, in the paired form of
    Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern GAN Baseline", section 2,
    which goes with the penalties R1 and R2.
    """

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Mean of ``-log sigmoid(real - fake)``."""
        return F.softplus(fake - real).mean()

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Mean of ``-log sigmoid(fake - real)``."""
        return F.softplus(real() - fake).mean()


def make_objective(name: str, label_smoothing: float = 0.0) -> Objective:
    """Make an objective.

    Parameters
    ----------
    name : {"wgan-gp", "wgan", "gan", "gan-minimax", "relativistic"}
        Its name; the first two differ in what holds the critic, not in their losses.
    label_smoothing : float, default 0.0
        For those with labels.
    """
    if name == "gan":
        return NonSaturating(label_smoothing)
    if name == "gan-minimax":
        return Minimax(label_smoothing)
    return Relativistic() if name == "relativistic" else Wasserstein()
