"""The encoder: known cells of a row in, a point of the latent space out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.linear import Linear


class Encoder(nn.Module):
    """Residual network from the known columns of a row to its latent vector.

    Layer normalisation, not batch normalisation: a row's latent vector is its own, whatever
    rows come with it.

    Parameters
    ----------
    n_context : int
        Features of a `Context`.
    latent_dim : int
        Length of the latent vector.
    width : int
        Features of the hidden layers.
    n_layers : int
        Number of residual blocks.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(
        self,
        n_context: int,
        latent_dim: int,
        width: int,
        n_layers: int,
        rng: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.input = Linear(n_context, width, rng=rng)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(n_layers + 1))
        self.layers = nn.ModuleList(Linear(width, width, rng=rng) for _ in range(n_layers))
        self.output = Linear(width, latent_dim, rng=rng)

    def forward(self, known: Context) -> Tensor:
        """Latent vectors of rows, shape (n_rows, latent_dim)."""
        hidden = self.input(known.features)
        for norm, layer in zip(self.norms, self.layers, strict=False):
            hidden = hidden + layer(F.relu(norm(hidden)))
        return self.output(F.relu(self.norms[-1](hidden)))
