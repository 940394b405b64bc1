"""The relativistic GAN: real and generated rows are compared pair by pair."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from synthwgan.networks.objectives.base import Objective


class Relativistic(Objective):
    """A real row must score higher than a generated one, pair by pair.

    Parameters
    ----------
    penalty : str or None, default "r1+r2"
        What is penalised of the norm g of the critic's gradient by a row; see `WGANGP`.
        The objective's paper penalises at real and at generated rows.
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
    Jolicoeur-Martineau (2019), "The relativistic discriminator", section 4, in the paired form
    of Huang et al. (2024), "The GAN is dead; long live the GAN! A Modern GAN Baseline",
    section 2.

    Examples
    --------
    >>> from synthwgan import Relativistic, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(objective=Relativistic(gradient_penalty=1.0))
    """

    def __init__(
        self,
        *,
        penalty: str | None = "r1+r2",
        penalty_at: str = "auto",
        gradient_penalty: float = 0.3,
        penalty_interval: int = 4,
        n_critic: int = 1,
    ) -> None:
        self.penalty = penalty
        self.penalty_at = penalty_at
        self.gradient_penalty = gradient_penalty
        self.penalty_interval = penalty_interval
        self.n_critic = n_critic

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of ``-log sigmoid(real - fake)``."""
        return F.softplus(fake - real).mean()

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return the mean of ``-log sigmoid(fake - real)``."""
        return F.softplus(real() - fake).mean()
