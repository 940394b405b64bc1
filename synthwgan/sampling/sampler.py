"""Drawing encoded rows from a trained generator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.heads import BeforeDraw, OutputHead
from synthwgan.sampling.rejection import Rejection
from synthwgan.sampling.slices import SliceCalibration, SliceTargets
from synthwgan.table.layout import BlockGroup, EncodedTable, PartialRows

MAX_CHUNK_ROWS = 8192
MAX_CHUNK_FLOATS = 2**22
# Rows drawn beyond those expected to be needed, so that a second drawing is rare.
SURPLUS = 1.05
MIN_DRAWN = 32
# A state that must not be drawn gets this added to its logit.
FORBIDDEN = -1e9
# Share of the columns that a Gibbs step keeps.
KEPT_SHARE = 0.5


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
    marginals : Tensor of shape (n_state_slots,)
        Share of the table's rows in each state.
    value_knots : Tensor of shape (n_values, n_knots) or None
        Quantiles of the raw values at evenly spaced ranks; a raw value becomes its rank
        among them. None takes raw values for normal scores as they are.
    rejection : Rejection or None
        Says which drawn rows are kept; None keeps all.
    targets : SliceTargets or None
        Distributions of the table's rows with each state, if rows of one are to have them.
    gibbs_steps : int, default 0
        How often a part of the columns of each drawn row is drawn again, given the others.
    """

    def __init__(
        self,
        generator: nn.Module,
        head: OutputHead,
        latent_dim: int,
        marginals: Tensor,
        value_knots: Tensor | None = None,
        rejection: Rejection | None = None,
        targets: SliceTargets | None = None,
        gibbs_steps: int = 0,
    ) -> None:
        self.generator, self.head, self.latent_dim = generator, head, latent_dim
        self.marginals, self.value_knots, self.rejection = marginals, value_knots, rejection
        self.targets, self.gibbs_steps = targets, gibbs_steps
        self.slices: dict[int, SliceCalibration] = {}

    @property
    def device(self) -> torch.device:
        """Where rows are drawn."""
        return self.head.device

    @property
    def acceptance_rate(self) -> float:
        """Share of drawn rows that are kept."""
        return 1.0 if self.rejection is None else self.rejection.acceptance_rate

    @property
    def n_rejection_rounds(self) -> int:
        """Rounds of learning which rows to keep."""
        return 0 if self.rejection is None else self.rejection.n_rounds

    def noise(self, seed: int) -> torch.Generator:
        """Return a fresh source of noise on the sampler's device."""
        return torch.Generator(self.device).manual_seed(int(seed))

    @property
    def chunk_rows(self) -> int:
        """Rows drawn at once: bounded, and fewer for wide tables."""
        width = max(self.head.layout.n_slots, 256)
        return max(256, min(MAX_CHUNK_ROWS, MAX_CHUNK_FLOATS // width))

    def latent(self, n_rows: int, rng: torch.Generator) -> Tensor:
        """Fresh latents, shape (n_rows, latent_dim), float32 whatever torch's default is."""
        shape = (n_rows, self.latent_dim)
        return torch.randn(shape, dtype=torch.float32, device=self.device, generator=rng)

    @torch.no_grad()
    def raw(self, n_rows: int, rng: torch.Generator, context: Context | None = None) -> Tensor:
        """Raw outputs for fresh latents, shape (n_rows, n_slots), float32."""
        return self.generator.eval()(self.latent(n_rows, rng), context)

    def draw(self, n_rows: int, rng: torch.Generator) -> EncodedTable:
        """Encoded rows in the compact form, drawn at once and none of them rejected."""
        drawn = self._draw(n_rows, rng)
        return self._refine(PartialRows(drawn, np.zeros((n_rows, self.n_columns), bool)), rng)

    def draw_given(
        self,
        rows: PartialRows,
        rng: torch.Generator,
        forbidden: np.ndarray | None = None,
        calibration: SliceCalibration | None = None,
    ) -> EncodedTable:
        """Rows of which some columns are given, drawn at once; see `completion.complete`."""
        drawn = self._draw(len(rows), rng, rows, forbidden, calibration)
        return self._refine(PartialRows(drawn, rows.given), rng, forbidden)

    def _refine(
        self, rows: PartialRows, rng: torch.Generator, forbidden: np.ndarray | None = None
    ) -> EncodedTable:
        """Draw a random half of what is not given again, given the rest, some times."""
        drawn = rows.encoded
        for _ in range(self.gibbs_steps):
            uniform = torch.rand(rows.given.shape, device=self.device, generator=rng).cpu().numpy()
            kept = PartialRows(drawn, rows.given | (uniform < KEPT_SHARE))
            drawn = self._draw(len(kept), rng, kept, forbidden)
        return drawn

    @torch.no_grad()
    def _draw(
        self,
        n_rows: int,
        rng: torch.Generator,
        rows: PartialRows | None = None,
        forbidden: np.ndarray | None = None,
        calibration: SliceCalibration | None = None,
    ) -> EncodedTable:
        context = None if rows is None else self.context(rows)
        raw = self.raw(n_rows, rng, context)
        shift = _shift_of_logits(self.device, forbidden, calibration)
        codes, values = self.head.sample(raw, rng, shift, context)
        values = self._normal_scores(values, calibration)
        if context is not None:
            n_states = self.head.layout.n_state_slots
            given = context.is_given[:, n_states:]
            values = torch.where(given, context.slots[:, n_states:], values)
        values = values * self.head.is_regular(codes)
        return EncodedTable(codes.to(_code_type(self.head)).cpu().numpy(), values.cpu().numpy())

    def context(self, rows: PartialRows) -> Context:
        """What the generator is told of rows."""
        codes, values, given = (
            torch.from_numpy(array).to(self.device)
            for array in (rows.encoded.codes, rows.encoded.values, rows.given)
        )
        slots = torch.cat([self.head.one_hot(codes).T, values.T]).T
        return Context.of(self.head.layout, slots, given)

    @property
    def n_columns(self) -> int:
        """Number of columns of the table."""
        return len(self.head.layout.column_blocks)

    @property
    def is_conditional(self) -> bool:
        """Whether the generator takes a context."""
        return self.generator.context is not None

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

    def _normal_scores(
        self, raw_values: Tensor, calibration: SliceCalibration | None = None
    ) -> Tensor:
        if self.value_knots is None or not raw_values.shape[1]:
            return raw_values.contiguous()
        raw_values = raw_values.T.contiguous()
        if calibration is None:
            ranks = ranks_among(self.value_knots, raw_values)
        else:
            ranks = calibration.table_ranks(ranks_among(calibration.knots, raw_values))
        return torch.special.ndtri(ranks).T


def _shift_of_logits(
    device: torch.device, forbidden: np.ndarray | None, calibration: SliceCalibration | None
) -> BeforeDraw:
    """What is added to logits before states are drawn."""
    if forbidden is None and calibration is None:
        return None
    added = 0.0 if calibration is None else calibration.bias
    if forbidden is not None:
        added = added + FORBIDDEN * torch.from_numpy(forbidden).to(device)

    def shift(stage: BlockGroup, logits: Tensor) -> None:
        logits += added[stage.start : stage.stop].view(stage.n_blocks, stage.width, 1)

    return shift


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
