"""The GAN of 2014: cross-entropy, in the form that trains and in the original one."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from synthwgan.networks.objectives.base import PENALTY_PARAMETERS, Objective
from synthwgan.parameters import Constraint, Number


class GAN(Objective):
    """Cross-entropy of a critic whose score is the log odds of being real.

    The generator minimises ``-log D`` of its rows, whose gradient does not vanish where the
    critic is sure.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        How far the label of real rows, and of these only, is below 1 (Salimans et al. 2016,
        "Improved Techniques for Training GANs", section 3.4).
    penalty : str or None, default None
        What is penalised of the norm g of the critic's gradient by a row; see `WGANGP`.
    penalty_at : {"auto", "interpolates", "real", "generated", "both"}, default "auto"
        Where: between both kinds of rows, at real ones, generated ones, or both. "auto" is
        between them, but for ``"r1"`` and ``"r1+r2"``, which say where.
    gradient_penalty : float, default 0.3
        Weight of the penalty, gamma of R1 and R2.
    penalty_interval : int, default 4
        Critic updates from one penalty to the next; its weight is multiplied by it.
    n_critic : int, default 1
        Critic updates a generator update.

    References
    ----------
    Goodfellow et al. (2014), "Generative Adversarial Nets", equation 1 and the end of section 3.

    Examples
    --------
    >>> from synthwgan import GAN, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(objective=GAN(label_smoothing=0.1))
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "label_smoothing": Number(0, 1, open_high=True),
        **PENALTY_PARAMETERS,
    }

    def __init__(
        self,
        *,
        label_smoothing: float = 0.0,
        penalty: str | None = None,
        penalty_at: str = "auto",
        gradient_penalty: float = 0.3,
        penalty_interval: int = 4,
        n_critic: int = 1,
    ) -> None:
        self.label_smoothing = label_smoothing
        self.penalty = penalty
        self.penalty_at = penalty_at
        self.gradient_penalty = gradient_penalty
        self.penalty_interval = penalty_interval
        self.n_critic = n_critic

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the cross-entropy of real rows and of generated ones, added."""
        loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        if self.label_smoothing:
            # With the label 1 - s the loss is (1 - s) * -log D + s * -log(1 - D). The logarithms
            # differ by the log odds x, so it is -log D + s * x.
            loss = loss + self.label_smoothing * real.mean()
        return loss

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return the mean of ``-log D`` of generated rows."""
        return F.softplus(-fake).mean()


class MinimaxGAN(GAN):
    """The original game: the generator maximises what the critic minimises.

    Parameters
    ----------
    label_smoothing : float, default 0.0
        How far the label of real rows, and of these only, is below 1.
    penalty : str or None, default None
        What is penalised of the norm g of the critic's gradient by a row; see `WGANGP`.
    penalty_at : {"auto", "interpolates", "real", "generated", "both"}, default "auto"
        Where: between both kinds of rows, at real ones, generated ones, or both. "auto" is
        between them, but for ``"r1"`` and ``"r1+r2"``, which say where.
    gradient_penalty : float, default 0.3
        Weight of the penalty, gamma of R1 and R2.
    penalty_interval : int, default 4
        Critic updates from one penalty to the next; its weight is multiplied by it.
    n_critic : int, default 1
        Critic updates a generator update.

    References
    ----------
    Goodfellow et al. (2014), "Generative Adversarial Nets", equation 1 and algorithm 1.

    Examples
    --------
    >>> from synthwgan import MinimaxGAN, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(objective=MinimaxGAN(n_critic=2))
    """

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return the mean of ``log(1 - D)`` of generated rows; flat where the critic is sure."""
        return -F.softplus(fake).mean()
