"""Drawing encoded rows from a trained generator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import EncodedTable

MAX_CHUNK_ROWS = 32_768
MAX_CHUNK_FLOATS = 2**24


class Sampler:
    """Draws rows from a generator in eval mode, chunk by chunk.

    Parameters
    ----------
    generator : nn.Module
        Maps latents to raw outputs.
    head : OutputHead
        Knows the layout; its logit bias is part of the model.
    latent_dim : int
        Length of the latent vector.
    value_knots : Tensor of shape (n_values, n_knots) or None
        Quantiles of the raw values at evenly spaced ranks; a raw value becomes its rank
        among them. None takes raw values for normal scores as they are.
    """

    def __init__(
        self,
        generator: nn.Module,
        head: OutputHead,
        latent_dim: int,
        value_knots: Tensor | None = None,
    ) -> None:
        self.generator, self.head, self.latent_dim = generator, head, latent_dim
        self.value_knots = value_knots

    @property
    def device(self) -> torch.device:
        """Where rows are drawn."""
        return self.head.device

    def noise(self, seed: int) -> torch.Generator:
        """Return a fresh source of noise on the sampler's device."""
        return torch.Generator(self.device).manual_seed(int(seed))

    @property
    def chunk_rows(self) -> int:
        """Rows drawn at once: bounded, and fewer for wide tables."""
        width = max(self.head.layout.n_slots, 256)
        return max(256, min(MAX_CHUNK_ROWS, MAX_CHUNK_FLOATS // width))

    @torch.no_grad()
    def raw(self, n_rows: int, rng: torch.Generator) -> Tensor:
        """Raw outputs for fresh latents, shape (n_rows, n_slots), float32."""
        latent = torch.randn(n_rows, self.latent_dim, device=self.device, generator=rng)
        return self.generator.eval()(latent)

    @torch.no_grad()
    def draw(self, n_rows: int, rng: torch.Generator) -> EncodedTable:
        """Encoded rows in the compact form, drawn at once."""
        raw = self.raw(n_rows, rng)
        codes = self.head.sample_codes(self.head.logits(raw), rng)
        values = self._normal_scores(raw[:, self.head.layout.n_state_slots :])
        values = values * self.head.is_regular(codes)
        return EncodedTable(codes.to(_code_type(self.head)).cpu().numpy(), values.cpu().numpy())

    def chunks(self, n_rows: int, rng: torch.Generator) -> Iterator[EncodedTable]:
        """Encoded rows in chunks of bounded size, ``n_rows`` in all."""
        for start in range(0, n_rows, self.chunk_rows):
            yield self.draw(min(self.chunk_rows, n_rows - start), rng)

    def _normal_scores(self, raw_values: Tensor) -> Tensor:
        if self.value_knots is None or not raw_values.shape[1]:
            return raw_values.contiguous()
        return torch.special.ndtri(ranks_among(self.value_knots, raw_values.T.contiguous())).T


def ranks_among(knots: Tensor, values: Tensor) -> Tensor:
    """Rank in (0, 1) of each value among its row's knots, interpolated between them.

    Parameters
    ----------
    knots : Tensor of shape (n_values, n_knots)
        Increasing quantiles at the ranks ``(k + 0.5) / n_knots``.
    values : Tensor of shape (n_values, n_rows)
        Values to rank.

    Returns
    -------
    Tensor of shape (n_values, n_rows)
        Ranks; values beyond the outer knots get a rank half a knot from the end, and a value
        that several knots share the middle of theirs.
    """
    n_knots = knots.shape[1]
    first, last = (torch.searchsorted(knots, values, right=right) for right in (False, True))
    upper = first.clamp(1, n_knots - 1)
    low, high = knots.gather(1, upper - 1), knots.gather(1, upper)
    share = ((values - low) / (high - low).clamp_min(1e-12)).clamp_(-0.5, 1.5)
    position = torch.where(last - first > 1, (first + last) / 2, upper - 0.5 + share)
    return (position / n_knots).clamp_(0.02 / n_knots, 1 - 0.02 / n_knots)


def _code_type(head: OutputHead) -> torch.dtype:
    largest = max(head.layout.block_sizes, default=0)
    if largest <= np.iinfo(np.uint8).max + 1:
        return torch.uint8
    return torch.int16 if largest <= np.iinfo(np.int16).max + 1 else torch.int32
