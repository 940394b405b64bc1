"""A generator of plain layers, one after another."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.generators.base import SIZES, GeneratorChoice
from synthwgan.networks.generators.residual import Generator, ResidualBlock
from synthwgan.parameters import Constraint


class MLP(GeneratorChoice):
    """Plain layers with batch normalisation: the residual generator without skip connections.

    Parameters
    ----------
    width : int, default 256
        Features of the hidden layers.
    layers : int, default 2
        Number of hidden layers.
    latent_dim : int or "auto", default "auto"
        Length of the latent vector; "auto" is 64, and 16 around which several tables meet.

    Examples
    --------
    >>> from synthwgan import WGANGPSynthesizer
    >>> from synthwgan.networks import generators
    >>> model = WGANGPSynthesizer(generator=generators.MLP(layers=3))
    """

    constraints: ClassVar[dict[str, Constraint]] = SIZES

    def __init__(
        self, *, width: int = 256, layers: int = 2, latent_dim: int | str = "auto"
    ) -> None:
        self.width = width
        self.layers = layers
        self.latent_dim = latent_dim

    def build(
        self, n_slots: int, output_bias: Tensor, n_context: int, rng: torch.Generator | None
    ) -> nn.Module:
        return MLPGenerator(
            self.latent_dim, n_slots, self.width, self.layers, output_bias, n_context, rng
        )


class PlainBlock(ResidualBlock):
    """``Linear(ReLU(BatchNorm(x)))``: a `ResidualBlock` without the skip connection."""

    def forward(self, x: Tensor) -> Tensor:
        """Map features, shape (n_rows, width), to features of the same shape."""
        return self.linear(F.relu(self.norm(x), inplace=True))


class MLPGenerator(Generator):
    """A `Generator` without residual connections: plain layers, one after another.

    Parameters
    ----------
    latent_dim, n_slots, width, n_layers, output_bias, n_context, rng
        As for `Generator`.
    """

    block = PlainBlock
