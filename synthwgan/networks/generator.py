"""The generator: latent noise in, raw outputs out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.coupling import STEP_SCALE
from synthwgan.networks.linear import Linear


class ResidualBlock(nn.Module):
    """``x + Linear(ReLU(BatchNorm(x)))``, the pre-activation form of He et al. (2016).

    The linear layer has no bias: the next normalisation would take it away.

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


class PlainBlock(ResidualBlock):
    """``Linear(ReLU(BatchNorm(x)))``: a `ResidualBlock` without its way past."""

    def forward(self, x: Tensor) -> Tensor:
        """Map features, shape (n_rows, width), to features of the same shape."""
        return self.linear(F.relu(self.norm(x), inplace=True))


class RawOutput(nn.Module):
    """What generators share: a last layer that starts at the table's marginals.

    Its weights start halved and its bias as given, so that the untrained generator already has
    the right marginals.

    Parameters
    ----------
    latent_dim : int
        Length of the latent vector that `forward` takes.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def add_output(
        self,
        width: int,
        n_slots: int,
        output_bias: Tensor,
        n_context: int,
        rng: torch.Generator | None,
    ) -> None:
        """Make the last layer, and the layers that take a context if there is one.

        Parameters
        ----------
        width : int
            Features of the last hidden layer.
        n_slots, output_bias, n_context, rng
            As for `Generator`.
        """
        self.output = Linear(width, n_slots, rng=rng)
        with torch.no_grad():
            self.output.weight.mul_(0.5)
            self.output.bias.copy_(output_bias)
        self.context = Linear(n_context, width, bias=False, rng=rng) if n_context else None
        # What is given adds to all logits at once, as drawn states add to later ones.
        self.skip = Linear(n_context, n_slots, bias=False, rng=rng) if n_context else None
        if n_context:
            nn.init.zeros_(self.context.weight)
            nn.init.zeros_(self.skip.weight)

    def raw(self, hidden: Tensor, context: Context | None) -> Tensor:
        """Map last hidden features, shape (n_rows, width), to raw outputs (n_rows, n_slots)."""
        # Laid out in memory slot by slot, as the head works on them.
        raw = torch.addmm(self.output.bias.unsqueeze(1), self.output.weight, hidden.T)
        if self.skip is not None:
            raw = torch.addmm(raw, self.skip.weight, context.features.T, alpha=STEP_SCALE)
        return raw.T


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
        hidden = self.input(latent)
        if self.context is not None:
            hidden = hidden + self.context(context.features)
        for block in self.blocks:
            hidden = block(hidden)
        return self.raw(F.relu(self.norm(hidden), inplace=True), context)


class MLPGenerator(Generator):
    """A `Generator` without residual connections: plain layers, one after another.

    Parameters
    ----------
    latent_dim, n_slots, width, n_layers, output_bias, n_context, rng
        As for `Generator`.
    """

    block = PlainBlock
