"""Batch statistics of the averaged generator."""

from __future__ import annotations

import torch
from torch import nn

from synthwgan.networks.context import Context

MAX_ROWS = 20_000
MIN_ROWS = 2048
MAX_FLOATS = 2**25


def n_norm_rows(n_slots: int) -> int:
    """Rows that are enough to measure by, fewer of a wide table."""
    return max(MIN_ROWS, min(MAX_ROWS, MAX_FLOATS // max(1, n_slots)))


@torch.no_grad()
def measure_batch_norm(
    generator: nn.Module, latent: torch.Tensor, context: Context | None = None
) -> None:
    """Measure batch-norm statistics and the mean style for a generator's present weights.

    The moving average of the weights is another network than the one that was trained, so
    its statistics are its own (as in stochastic weight averaging, Izmailov et al. 2018,
    section 3.2).

    Parameters
    ----------
    generator : nn.Module
        Its statistics are set.
    latent : Tensor of shape (n_rows, latent_dim)
        Latents of many rows.
    context : Context, optional
        What is given of these rows, as in training.
    """
    for module in generator.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    generator.train()
    generator(latent, context)
    generator.eval()
