"""Drawing the cells of rows that are not given."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.heads import BeforeDraw, OutputHead
from synthwgan.sampling.base import BaseSampler
from synthwgan.sampling.calibration import calibrate_slice
from synthwgan.sampling.slices import SliceCalibration, SliceTargets
from synthwgan.table.layout import BlockGroup, EncodedTable, Layout, PartialRows

CALIBRATION_ROWS = 8192
# A state that must not be drawn gets this added to its logit.
FORBIDDEN = -1e9
# Share of the columns that a Gibbs step keeps.
KEPT_SHARE = 0.5


class ConditionalSampler(BaseSampler):
    """Draws the cells of rows that are not given, from a generator that takes a context.

    Parameters
    ----------
    generator, head, latent_dim, marginals, value_knots
        As for `BaseSampler`; the generator takes a context.
    targets : SliceTargets or None, default None
        Distributions of the table's rows with each state, if rows of one are to have them.

    Attributes
    ----------
    gibbs_steps : int
        How often a random half of what is not given is drawn again, given the rest.
    """

    gibbs_steps = 0

    def __init__(
        self,
        generator: nn.Module,
        head: OutputHead,
        latent_dim: int,
        marginals: Tensor,
        value_knots: Tensor | None = None,
        targets: SliceTargets | None = None,
    ) -> None:
        super().__init__(generator, head, latent_dim, marginals, value_knots)
        self.targets = targets
        self._slices: dict[int, SliceCalibration] = {}

    def complete(
        self, rows: PartialRows, rng: torch.Generator, forbidden: np.ndarray | None = None
    ) -> EncodedTable:
        """Draw the cells of rows that are not given.

        Parameters
        ----------
        rows : PartialRows
            Any number of rows; what is given of them stays.
        rng : torch.Generator
            Source of noise.
        forbidden : ndarray of shape (n_state_slots,), bool, optional
            States that must not be drawn.
        """
        block = None if self.targets is None else only_given_block(rows, self.head.layout)
        if block is None:
            return self._chunks(rows, rng, forbidden)
        codes = rows.encoded.codes[:, block]
        order = np.argsort(codes, kind="stable")
        by_state = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
        drawn = [
            self._chunks(of_state, rng, forbidden, self._calibration(of_state, block))
            for of_state in map(rows.take, by_state)
        ]
        return EncodedTable.concatenate(drawn).take(np.argsort(order, kind="stable"))

    def _chunks(
        self,
        rows: PartialRows,
        rng: torch.Generator,
        forbidden: np.ndarray | None,
        calibration: SliceCalibration | None = None,
    ) -> EncodedTable:
        """Draw rows in chunks of bounded size."""
        chunks = [
            self._refined(
                rows.take(slice(start, start + self.chunk_rows)), rng, forbidden, calibration
            )
            for start in range(0, len(rows), self.chunk_rows)
        ]
        return EncodedTable.concatenate(chunks) if chunks else rows.encoded

    def _refined(
        self,
        rows: PartialRows,
        rng: torch.Generator,
        forbidden: np.ndarray | None,
        calibration: SliceCalibration | None,
    ) -> EncodedTable:
        """Draw rows, then parts of them again, and at last their numbers, given the rest."""
        drawn = self.draw_given(rows, rng, forbidden, calibration)
        for _ in range(self.gibbs_steps):
            uniform = torch.rand(rows.given.shape, device=self.device, generator=rng).cpu().numpy()
            kept = PartialRows(drawn, rows.given | (uniform < KEPT_SHARE))
            drawn = self.draw_given(kept, rng, forbidden)
        return self.redrawn(drawn, rng, rows.given)

    @torch.no_grad()
    def draw_given(
        self,
        rows: PartialRows,
        rng: torch.Generator,
        forbidden: np.ndarray | None = None,
        calibration: SliceCalibration | None = None,
    ) -> EncodedTable:
        """Draw the cells that are not given, for all rows at once."""
        context, layout = self.context(rows), self.head.layout
        shift = shift_of_logits(self.device, forbidden, calibration)

        def draw(numbers: Tensor) -> tuple[Tensor, Tensor]:
            own = context if len(numbers) == len(rows) else context.take(numbers)
            return self.head.sample(self.raw(len(numbers), rng, own), rng, shift, own)

        codes, values = self.without_forbidden(len(rows), draw, context.is_given)
        if calibration is None:
            scores = self.normal_scores(values)
        else:
            scores = calibration.normal_scores(values)
        of_values = slice(layout.n_state_slots, None)
        scores = torch.where(context.is_given[:, of_values], context.slots[:, of_values], scores)
        return self.encoded(codes, scores)

    def context(self, rows: PartialRows) -> Context:
        """The context of rows: the mask and the given slots that the generator takes."""
        codes, values, given = (
            torch.from_numpy(array).to(self.device)
            for array in (rows.encoded.codes, rows.encoded.values, rows.given)
        )
        slots = self.head.slots(codes, values)
        return Context.of(self.head.layout, slots, given)

    def _calibration(self, rows: PartialRows, block: int) -> SliceCalibration | None:
        """What rows of one state need; it is kept, and does not depend on the noise of a call."""
        slot = int(self.head.layout.block_starts[block]) + int(rows.encoded.codes[0, block])
        if self.targets is None or not self.targets.knows(slot):
            return None
        if slot not in self._slices:
            alike = np.zeros(min(CALIBRATION_ROWS, self.chunk_rows), dtype=np.int64)
            context, whole = self.context(rows.take(alike)), self.truncated(None)
            self._slices[slot] = calibrate_slice(whole, context, self.targets, slot)
        return self._slices[slot]


def only_given_block(rows: PartialRows, layout: Layout) -> int | None:
    """Block of the column that alone is given of all rows; None if there is no such block."""
    if not len(rows):
        return None
    columns = np.flatnonzero(rows.given[0])
    if len(columns) != 1 or rows.given.sum() != len(rows) or not rows.given[:, columns[0]].all():
        return None
    column = int(columns[0])
    if layout.column_blocks[column] < 0 or layout.column_values[column] >= 0:
        return None
    return layout.column_blocks[column]


def shift_of_logits(
    device: torch.device,
    forbidden: np.ndarray | Tensor | None,
    calibration: SliceCalibration | None,
) -> BeforeDraw:
    """What is added to logits before states are drawn.

    Parameters
    ----------
    device : torch.device
        Where they are.
    forbidden : array or Tensor of shape (n_state_slots,), bool, or None
        States that must not be drawn.
    calibration : SliceCalibration or None
        What the rows need.
    """
    if forbidden is None and calibration is None:
        return None
    added = 0.0 if calibration is None else calibration.bias
    if forbidden is not None:
        added = added + FORBIDDEN * torch.as_tensor(forbidden, device=device)

    def shift(stage: BlockGroup, logits: Tensor) -> None:
        logits += added[stage.start : stage.stop].view(stage.n_blocks, stage.width, 1)

    return shift
