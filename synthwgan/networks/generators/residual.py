"""The residual generator, the default."""

from __future__ import annotations

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.generators.base import SIZES, GeneratorChoice, RawOutput
from synthwgan.networks.linear import Linear
from synthwgan.parameters import Constraint


class Residual(GeneratorChoice):
    """Residual blocks with batch normalisation.

    Parameters
    ----------
    width : int, default 256
        Features of the hidden layers. 512 learns no more per second on a CPU.
    layers : int, default 2
        Number of residual blocks.
    latent_dim : int or "auto", default "auto"
        Length of the latent vector; "auto" is 64, and 16 around which several tables meet.

    References
    ----------
    He, Zhang, Ren, Sun (2016), "Identity Mappings in Deep Residual Networks", section 4.

    Examples
    --------
    >>> from synthwgan import Residual, WGANGPSynthesizer
    >>> WGANGPSynthesizer(generator=Residual(width=128)).generator.width
    128
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
        return Generator(
            self.latent_dim, n_slots, self.width, self.layers, output_bias, n_context, rng
        )


class ResidualBlock(nn.Module):
    """``x + Linear(ReLU(BatchNorm(x)))``, the pre-activation form of He et al. (2016).

    The linear layer has no bias, as the next normalisation would subtract it again.

    Parameters
    ----------
    width : int
        Number of features in and out.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(self, width: int, rng: torch.Generator | None = None) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(width)
        self.linear = Linear(width, width, bias=False, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """Map features, shape (n_rows, width), to features of the same shape."""
        hidden = F.relu(self.norm(x), inplace=True)
        return torch.addmm(x, hidden, self.linear.weight.T)


class Generator(RawOutput):
    """Residual generator from latent noise to one raw output per slot.

    Parameters
    ----------
    latent_dim : int
        Length of the latent vector.
    n_slots : int
        Number of raw outputs.
    width : int
        Features of the hidden layers.
    n_layers : int
        Number of residual blocks.
    output_bias : Tensor of shape (n_slots,), float32
        Initial bias of the last layer: log marginals for states, zero for values.
    n_context : int, default 0
        Features of a `Context`; 0 for a generator that takes none. Its weights start at zero,
        so that a generator which has learnt whole rows can go on with what is given.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    block = ResidualBlock

    def __init__(
        self,
        latent_dim: int,
        n_slots: int,
        width: int,
        n_layers: int,
        output_bias: Tensor,
        n_context: int = 0,
        rng: torch.Generator | None = None,
    ) -> None:
        super().__init__(latent_dim)
        self.input = Linear(latent_dim, width, bias=False, rng=rng)
        self.blocks = nn.ModuleList(self.block(width, rng) for _ in range(n_layers))
        self.norm = nn.BatchNorm1d(width)
        self.add_output(width, n_slots, output_bias, n_context, rng)

    def forward(self, latent: Tensor, context: Context | None = None) -> Tensor:
        """Map latents, shape (n_rows, latent_dim), to raw outputs, shape (n_rows, n_slots).

        A generator that takes a context always needs one.
        """
        hidden = self.told(self.input(latent), context)
        for block in self.blocks:
            hidden = block(hidden)
        return self.raw(F.relu(self.norm(hidden), inplace=True), context)
