"""Objectives, one a file, and their short names."""

from typing import Literal

from synthwgan.networks.objectives.base import Objective, wasserstein_estimate
from synthwgan.networks.objectives.gan import GAN, MinimaxGAN
from synthwgan.networks.objectives.relativistic import Relativistic
from synthwgan.networks.objectives.wgan import WGAN
from synthwgan.networks.objectives.wgan_gp import WGANGP

ObjectiveName = Literal["wgan-gp", "wgan", "gan", "gan-minimax", "relativistic"]
OBJECTIVES: dict[str, type[Objective]] = {
    "wgan-gp": WGANGP,
    "wgan": WGAN,
    "gan": GAN,
    "gan-minimax": MinimaxGAN,
    "relativistic": Relativistic,
}

__all__ = [
    "GAN",
    "OBJECTIVES",
    "WGAN",
    "WGANGP",
    "MinimaxGAN",
    "Objective",
    "ObjectiveName",
    "Relativistic",
    "wasserstein_estimate",
]
