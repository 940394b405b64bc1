"""WGAN: the Wasserstein distance, with a critic of clipped weights."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

from synthwgan.networks.objectives.base import (
    PENALTY_PARAMETERS,
    Objective,
    wasserstein_estimate,
)
from synthwgan.parameters import Constraint, Either, Number, OneOf


class WGAN(Objective):
    """The dual form of the 1-Wasserstein distance, with a critic of clipped weights.

    Parameters
    ----------
    clip : float or None, default 0.01
        Bound that the critic's weights are clipped to after each update; None for none.
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
    Arjovsky, Chintala, Bottou (2017), "Wasserstein GAN", algorithm 1; it uses RMSprop.

    Examples
    --------
    >>> from synthwgan import WGAN, WGANGPSynthesizer
    >>> WGANGPSynthesizer(objective=WGAN(clip=0.05)).objective.clip
    0.05
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "clip": Either((Number(0, open_low=True), OneOf((None,)))),
        **PENALTY_PARAMETERS,
    }
    optimizer: ClassVar[str] = "rmsprop"

    def __init__(
        self,
        *,
        clip: float | None = 0.01,
        penalty: str | None = None,
        penalty_at: str = "auto",
        gradient_penalty: float = 0.3,
        penalty_interval: int = 4,
        n_critic: int = 1,
    ) -> None:
        self.clip = clip
        self.penalty = penalty
        self.penalty_at = penalty_at
        self.gradient_penalty = gradient_penalty
        self.penalty_interval = penalty_interval
        self.n_critic = n_critic

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return minus the estimate of the distance."""
        return -wasserstein_estimate(real, fake)

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return minus the mean score of generated rows."""
        return -fake.mean()
