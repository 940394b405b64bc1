"""Drawing encoded rows from a trained generator."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from synthwgan.networks.heads import OutputHead
from synthwgan.sampling.base import BaseSampler
from synthwgan.sampling.rejection import Rejection
from synthwgan.table.layout import EncodedTable

# Rows drawn beyond those expected to be needed, so that a second drawing is rare.
SURPLUS = 1.05
MIN_DRAWN = 32


class Sampler(BaseSampler):
    """Draws rows of which nothing is given, chunk by chunk.

    Parameters
    ----------
    generator, head, latent_dim, marginals, value_knots
        As for `BaseSampler`.
    rejection : Rejection or None
        Says which drawn rows are kept; None keeps all.
    """

    def __init__(
        self,
        generator: nn.Module,
        head: OutputHead,
        latent_dim: int,
        marginals: Tensor,
        value_knots: Tensor | None = None,
        rejection: Rejection | None = None,
    ) -> None:
        super().__init__(generator, head, latent_dim, marginals, value_knots)
        self.rejection = rejection

    @property
    def acceptance_rate(self) -> float:
        """Share of drawn rows that are kept."""
        return 1.0 if self.rejection is None else self.rejection.acceptance_rate

    @property
    def n_rejection_rounds(self) -> int:
        """Rounds of learning which rows to keep."""
        return 0 if self.rejection is None else self.rejection.n_rounds

    @torch.no_grad()
    def draw(self, n_rows: int, rng: torch.Generator) -> EncodedTable:
        """Encoded rows in the compact form, drawn at once and none of them rejected."""
        codes, values = self.without_forbidden(
            n_rows, lambda rows: self.head.sample(self.raw(len(rows), rng), rng), None
        )
        return self.redrawn(self.encoded(codes, self.normal_scores(values)), rng)

    def chunks(self, n_rows: int, rng: torch.Generator) -> Iterator[EncodedTable]:
        """Encoded rows in chunks of bounded size, ``n_rows`` in all, rejected ones left out."""
        while n_rows:
            kept = self._draw_kept(n_rows, rng)
            n_rows -= len(kept)
            yield kept

    def _draw_kept(self, n_wanted: int, rng: torch.Generator) -> EncodedTable:
        """At most so many rows that are not rejected, of one drawing."""
        if self.rejection is None:
            return self.draw(min(self.chunk_rows, n_wanted), rng)
        expected = int(n_wanted * SURPLUS / self.rejection.acceptance_rate) + MIN_DRAWN
        drawn = self.draw(min(self.chunk_rows, expected), rng)
        uniform = torch.rand(len(drawn), device=self.device, generator=rng).cpu().numpy()
        kept = self.rejection.keep(drawn, uniform)
        return EncodedTable(kept.codes[:n_wanted], kept.values[:n_wanted])
