"""Objectives and penalties as functions of critic scores and gradients."""

from __future__ import annotations

import torch
from torch import Tensor


def wasserstein_estimate(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """Critic's estimate of the 1-Wasserstein distance (Arjovsky et al. 2017, equation 2)."""
    return real_scores.mean() - fake_scores.mean()


def interpolate(real: Tensor, fake: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Random points on the lines between real and generated rows, shape (n_rows, n_slots).

    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", algorithm 1, line 6.
    """
    weight = torch.rand(len(real), 1, device=real.device, generator=generator)
    return torch.lerp(real, fake, weight.to(real.dtype))


def gradient_penalty(gradients: Tensor) -> tuple[Tensor, Tensor]:
    """Two-sided penalty on the critic's input gradients, and their mean norm.

    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", equation 3.

    Parameters
    ----------
    gradients : Tensor of shape (n_rows, n_slots)
        Gradient of each row's score by the row.

    Returns
    -------
    penalty : Tensor, scalar
        Mean of ``(norm - 1) ** 2``.
    norm : Tensor, scalar
        Mean norm, detached.
    """
    norms = gradients.float().square().sum(1).add(1e-12).sqrt()
    return (norms - 1).square().mean(), norms.detach().mean()
