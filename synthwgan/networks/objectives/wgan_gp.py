"""WGAN-GP: the Wasserstein distance, with a gradient penalty on the critic."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from synthwgan.networks.objectives.base import Objective, wasserstein_estimate


class WGANGP(Objective):
    """The dual form of the 1-Wasserstein distance, with a gradient penalty on the critic.

    The critic minimises ``mean(D(fake)) - mean(D(real)) + gradient_penalty * mean((g - 1)^2)``,
    with g the norm of its gradient by a row between real and generated ones; the generator
    minimises ``-mean(D(fake))``.

    Parameters
    ----------
    penalty : str or None, default "two-sided"
        What is penalised of the norm g of the critic's gradient by a row: ``"two-sided"``
        (g - 1)^2, ``"one-sided"`` only above 1, ``"squared"`` g^2, ``"r1"`` g^2 / 2 at real rows,
        ``"r1+r2"`` at generated ones too (Mescheder et al. 2018).
    penalty_at : {"auto", "interpolates", "real", "generated", "both"}, default "auto"
        Where: between both kinds of rows, at real ones, generated ones, or both. "auto" is
        between them, but for ``"r1"`` and ``"r1+r2"``, which say where.
    gradient_penalty : float, default 0.3
        Weight of the penalty. The paper's 10 is for images and was clearly worse on tables.
    penalty_interval : int, default 4
        Critic updates from one penalty to the next; its weight is multiplied by it (lazy
        regularisation; Karras et al. 2020, section 3.1).
    n_critic : int, default 1
        Critic updates a generator update. The paper's 5 is for image critics that lag behind;
        on tables, with the same time spent on more generator updates, 1 is better.

    References
    ----------
    Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville (2017), "Improved Training of Wasserstein
    GANs", algorithm 1.

    Examples
    --------
    >>> from synthwgan import WGANGP, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(objective=WGANGP(penalty="one-sided"))
    >>> model.set_params(objective__gradient_penalty=1.0).objective
    WGANGP(gradient_penalty=1.0, penalty='one-sided')
    """

    def __init__(
        self,
        *,
        penalty: str | None = "two-sided",
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
        """Return minus the estimate of the distance."""
        return -wasserstein_estimate(real, fake)

    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return minus the mean score of generated rows."""
        return -fake.mean()
