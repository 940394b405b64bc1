"""What an objective is: the losses of critic and generator, and the penalty on the critic."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from torch import Tensor

from synthwgan.components import Component
from synthwgan.networks.objectives.penalties import OWN_POINTS, Penalty, make_penalty
from synthwgan.parameters import Constraint, Number, OneOf

PENALTY_PARAMETERS: dict[str, Constraint] = {
    "penalty": OneOf(("two-sided", "one-sided", "squared", "r1", "r1+r2", None)),
    "penalty_at": OneOf(("auto", "interpolates", "real", "generated", "both")),
    "gradient_penalty": Number(0),
    "penalty_interval": Number(1, integer=True),
    "n_critic": Number(1, integer=True),
}


class Objective(Component):
    """The losses of critic and generator, and the penalty; the critic scores real rows higher.

    Another objective is a class with these two losses, and one line that registers it by a
    short name: ``OBJECTIVES["mine"] = Mine``.

    Attributes
    ----------
    penalty : str or None
        What is penalised of the norm g of the critic's gradient by a row: ``"two-sided"``
        (g - 1)^2, ``"one-sided"`` only above 1, ``"squared"`` g^2, ``"r1"`` g^2 / 2 at real rows,
        ``"r1+r2"`` at generated ones too (Mescheder et al. 2018).
    penalty_at : str
        Where: ``"interpolates"`` between both kinds of rows, ``"real"``, ``"generated"`` or
        ``"both"``. "auto" is interpolates, but for ``"r1"`` and ``"r1+r2"``.
    gradient_penalty : float
        Weight of the penalty, gamma of R1 and R2.
    penalty_interval : int
        Critic updates from one penalty to the next; its weight is multiplied by it.
    n_critic : int
        Critic updates a generator update.
    optimizer : str
        The optimizer that the objective's paper uses, where the user chooses none.
    clip : float or None
        Bound that the critic's weights are clipped to after each update.
    """

    constraints: ClassVar[dict[str, Constraint]] = PENALTY_PARAMETERS
    optimizer: ClassVar[str] = "adam"
    clip: float | None = None

    penalty: str | None
    penalty_at: str
    gradient_penalty: float
    penalty_interval: int
    n_critic: int

    @abstractmethod
    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return what the critic minimises, of scores of shape (n_rows,)."""

    @abstractmethod
    def generator_loss(self, fake: Tensor, real: Callable[[], Tensor]) -> Tensor:
        """Return what the generator minimises.

        The scores of real rows come as a function, since only some objectives need them.
        """

    def make_penalty(self) -> Penalty | None:
        """Return what the critic's gradient is penalised with, or None."""
        if self.penalty is None or not self.gradient_penalty:
            return None
        at = OWN_POINTS.get(self.penalty, "interpolates")
        return make_penalty(self.penalty, at if self.penalty_at == "auto" else self.penalty_at)

    def problems(self) -> list[str]:
        """Return what is wrong with the parameters, in words."""
        found = super().problems()
        if self.penalty in OWN_POINTS and self.penalty_at != "auto":
            found.append(
                f"penalty_at={self.penalty_at!r} does not go with penalty={self.penalty!r}, which "
                "says where it is evaluated; pass penalty='squared'"
            )
        return found


def wasserstein_estimate(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Critic's estimate of the 1-Wasserstein distance (Arjovsky et al. 2017, equation 2)."""
    return real_scores.mean() - fake_scores.mean()
