"""Penalties on the critic's input gradient: which points, and which norms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Points = Callable[[Tensor, Tensor, torch.Generator | None], Tensor]


def interpolate(real: Tensor, fake: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Random points on the lines between real and generated rows, shape (n_rows, n_slots).

    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", algorithm 1, line 6.
    """
    weight = torch.rand(len(real), 1, device=real.device, generator=generator)
    return torch.lerp(real, fake, weight.to(real.dtype))


def gradient_norms(gradients: Tensor) -> Tensor:
    """Euclidean norm of each row's gradient, shape (n_rows, n_slots) to (n_rows,), float32."""
    return _RowNorms.apply(gradients)


class _RowNorms(torch.autograd.Function):
    """Norms of rows; backward in one multiplication, in the precision of the rows."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        norms = rows.float().square().sum(1).add_(1e-12).sqrt_()
        ctx.save_for_backward(rows, norms)
        return norms

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_norms: Tensor) -> Tensor:
        rows, norms = ctx.saved_tensors
        return rows * (by_norms / norms).to(rows.dtype).unsqueeze(1)


def two_sided(norms: Tensor) -> Tensor:
    """Mean of ``(norm - 1) ** 2`` (Gulrajani et al. 2017, equation 3)."""
    return (norms - 1).square().mean()


def one_sided(norms: Tensor) -> Tensor:
    """Mean of ``max(0, norm - 1) ** 2``.

    Gulrajani et al. 2017, section 4, "Two-sided penalty"; Petzka et al. 2018, "On the
    regularization of Wasserstein GANs", for the reasons.
    """
    return (norms - 1).clamp_min(0).square().mean()


def squared(norms: Tensor) -> Tensor:
    """Mean of ``norm ** 2``, which is least for a flat critic."""
    return norms.square().mean()


def half_squared(norms: Tensor) -> Tensor:
    """Mean of ``norm ** 2 / 2``.

    R1 at real rows, R2 at generated ones: Mescheder, Geiger, Nowozin 2018, "Which Training
    Methods for GANs do actually Converge?", section 4.1.
    """
    return squared(norms) / 2


def _real(real: Tensor, fake: Tensor, generator: torch.Generator | None) -> Tensor:
    return real


def _generated(real: Tensor, fake: Tensor, generator: torch.Generator | None) -> Tensor:
    return fake


@dataclass(frozen=True)
class Penalty:
    """A function of the norms of the critic's gradients at some points.

    Parameters
    ----------
    measure : callable
        Gives a scalar for norms of shape (n_rows,).
    points : tuple of callable
        Each gives points for real and generated rows; what is measured at them is added.
    """

    measure: Callable[[Tensor], Tensor]
    points: tuple[Points, ...]

    def __call__(
        self,
        gradient_at: Callable[[Tensor], Tensor],
        real: Tensor,
        fake: Tensor,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Penalise a critic.

        Parameters
        ----------
        gradient_at : callable
            Gives the gradient of each row's score by the row, both of shape (n_rows, n_slots).
        real, fake : Tensor of shape (n_rows, n_slots)
            Real and generated rows.
        generator : torch.Generator, optional
            Source of random points.

        Returns
        -------
        penalty : Tensor, scalar
            What is measured, not yet weighted.
        norm : Tensor, scalar
            Mean norm, detached.
        """
        norms = [gradient_norms(gradient_at(at(real, fake, generator))) for at in self.points]
        penalty = torch.stack([self.measure(of_points) for of_points in norms]).sum()
        return penalty, torch.stack([of_points.detach().mean() for of_points in norms]).mean()


MEASURES = {
    "two-sided": two_sided,
    "one-sided": one_sided,
    "squared": squared,
    "r1": half_squared,
    "r1+r2": half_squared,
}
POINTS = {
    "interpolates": (interpolate,),
    "real": (_real,),
    "generated": (_generated,),
    "both": (_real, _generated),
}
# Where these penalties are evaluated: their papers leave no choice.
OWN_POINTS = {"r1": "real", "r1+r2": "both"}


def make_penalty(name: str, at: str) -> Penalty:
    """Make a penalty.

    Parameters
    ----------
    name : {"two-sided", "one-sided", "squared", "r1", "r1+r2"}
        What is measured.
    at : {"interpolates", "real", "generated", "both"}
        Where.
    """
    return Penalty(MEASURES[name], POINTS[at])
