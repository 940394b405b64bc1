"""What samplers share: from latents to encoded rows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.generators.style import StyleGenerator
from synthwgan.networks.heads import OutputHead
from synthwgan.sampling.knots import levels, ranks_among
from synthwgan.sampling.redraw import Redraw
from synthwgan.table.layout import EncodedTable

MAX_CHUNK_ROWS = 8192
MAX_CHUNK_FLOATS = 2**22
# How often rows with a forbidden pair of states are drawn again.
MAX_REDRAWS = 10


class BaseSampler:
    """A generator in eval mode, with the head and the knots that turn its outputs into rows.

    Parameters
    ----------
    generator : nn.Module
        Maps latents, and a `Context` if it takes one, to raw outputs.
    head : OutputHead
        Knows the layout; its logit bias is part of the model.
    latent_dim : int
        Length of the latent vector.
    marginals : Tensor of shape (n_state_slots,)
        Share of the table's rows in each state.
    value_knots : Tensor of shape (n_values, n_knots) or None
        Quantiles of the raw values, see `knots_of`; a raw value becomes its rank among
        them. None takes raw values for normal scores as they are.

    Attributes
    ----------
    redraw : Redraw or None
        Draws the numbers of rows again.
    """

    def __init__(
        self,
        generator: nn.Module,
        head: OutputHead,
        latent_dim: int,
        marginals: Tensor,
        value_knots: Tensor | None = None,
    ) -> None:
        self.generator, self.head, self.latent_dim = generator, head, latent_dim
        self.marginals, self.value_knots = marginals, value_knots
        self.truncation: float | None = None
        self.redraw: Redraw | None = None

    def truncated(self, truncation: float | None) -> Self:
        """Return a sampler that draws styles nearer to their mean; see `StyleGenerator`.

        Raises
        ------
        ValueError
            If the generator has no styles.
        """
        if truncation is not None and not isinstance(self.generator, StyleGenerator):
            raise ValueError("truncation needs a model that was fitted with generator='style'")
        sampler = copy.copy(self)
        sampler.truncation = truncation
        return sampler

    @property
    def device(self) -> torch.device:
        """Where rows are drawn."""
        return self.head.device

    @property
    def chunk_rows(self) -> int:
        """Rows drawn at once: bounded, and fewer for wide tables."""
        width = max(self.head.layout.n_slots, 256)
        return max(256, min(MAX_CHUNK_ROWS, MAX_CHUNK_FLOATS // width))

    def noise(self, seed: int) -> torch.Generator:
        """Return a fresh source of noise on the sampler's device."""
        return torch.Generator(self.device).manual_seed(int(seed))

    def latent(self, n_rows: int, rng: torch.Generator) -> Tensor:
        """Fresh latents, shape (n_rows, latent_dim), float32 whatever torch's default is."""
        shape = (n_rows, self.latent_dim)
        return torch.randn(shape, dtype=torch.float32, device=self.device, generator=rng)

    @torch.no_grad()
    def raw(self, n_rows: int, rng: torch.Generator, context: Context | None = None) -> Tensor:
        """Raw outputs for fresh latents, shape (n_rows, n_slots), float32."""
        given = () if context is None else (context,)
        options = {} if self.truncation is None else {"truncation": self.truncation}
        return self.generator.eval()(self.latent(n_rows, rng), *given, **options)

    def without_forbidden(
        self, n_rows: int, draw: Callable[[Tensor], tuple[Tensor, Tensor]], is_given: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Codes and values of rows; those with a forbidden pair of states are drawn again.

        The head draws such pairs only where every state of a block has one with those before it.
        After a number of times they stay.

        Parameters
        ----------
        n_rows : int
            Number of rows.
        draw : callable
            Gives codes and values of some rows, by their numbers.
        is_given : Tensor of shape (n_rows, n_slots), bool, or None
            Slots that are given; pairs among them stay.
        """
        rows = torch.arange(n_rows, device=self.device)
        codes, values = draw(rows)
        if not self.head.coupling.forbids:
            return codes, values
        for _ in range(MAX_REDRAWS):
            given = None if is_given is None else is_given[rows]
            rows = rows[self.head.has_forbidden(codes[rows], given)]
            if not len(rows):
                break
            codes[rows], values[rows] = draw(rows)
        return codes, values

    def normal_scores(self, raw_values: Tensor) -> Tensor:
        """Normal scores of raw values, both of shape (n_rows, n_values)."""
        if self.value_knots is None or not raw_values.shape[1]:
            return raw_values.contiguous()
        knots = self.value_knots
        ranks = ranks_among(knots, levels(knots.device), raw_values.T.contiguous())
        return torch.special.ndtri(ranks).T

    def encoded(self, codes: Tensor, scores: Tensor) -> EncodedTable:
        """The compact form of drawn codes and normal scores; values without a gate are zero."""
        scores = scores * self.head.is_regular(codes)
        return EncodedTable(codes.to(_code_type(self.head)).cpu().numpy(), scores.cpu().numpy())

    def redrawn(
        self, drawn: EncodedTable, rng: torch.Generator, given: np.ndarray | None = None
    ) -> EncodedTable:
        """Rows with their numbers drawn again, but for cells that are given.

        Truncated styles stay near their mean, which trees of the whole table would undo.
        """
        if self.redraw is None or self.truncation is not None:
            return drawn
        shape = (drawn.values.shape[1], len(drawn))
        uniform = torch.rand(shape, dtype=torch.float64, device=self.device, generator=rng)
        return self.redraw(drawn, uniform.cpu().numpy(), given)


def _code_type(head: OutputHead) -> torch.dtype:
    largest = max(head.layout.block_sizes, default=0)
    if largest <= np.iinfo(np.uint8).max + 1:
        return torch.uint8
    return torch.int16 if largest <= np.iinfo(np.int16).max + 1 else torch.int32
