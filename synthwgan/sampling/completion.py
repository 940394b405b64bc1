"""Drawing what is not given of rows."""

from __future__ import annotations

import numpy as np
import torch

from synthwgan.sampling.calibration import calibrate_slice
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.slices import SliceCalibration
from synthwgan.table.layout import EncodedTable, Layout, PartialRows

CALIBRATION_ROWS = 8192


def complete(
    sampler: Sampler,
    rows: PartialRows,
    rng: torch.Generator,
    forbidden: np.ndarray | None = None,
) -> EncodedTable:
    """Draw what is not given of rows.

    Parameters
    ----------
    sampler : Sampler
        Draws rows; its generator takes a context.
    rows : PartialRows
        Any number of rows; what is given of them stays.
    rng : torch.Generator
        Source of noise.
    forbidden : ndarray of shape (n_state_slots,), bool, optional
        States that must not be drawn.
    """
    block = None if sampler.targets is None else only_given_block(rows, sampler.head.layout)
    if block is None:
        return _draw(sampler, rows, rng, forbidden)
    codes = rows.encoded.codes[:, block]
    order = np.argsort(codes, kind="stable")
    by_state = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    drawn = [
        _draw(sampler, of_state, rng, forbidden, _calibration(sampler, of_state, block))
        for of_state in map(rows.take, by_state)
    ]
    return EncodedTable.concatenate(drawn).take(np.argsort(order, kind="stable"))


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


def _draw(
    sampler: Sampler,
    rows: PartialRows,
    rng: torch.Generator,
    forbidden: np.ndarray | None,
    calibration: SliceCalibration | None = None,
) -> EncodedTable:
    """Draw rows in chunks of bounded size."""
    chunks = [
        sampler.draw_given(
            rows.take(slice(start, start + sampler.chunk_rows)), rng, forbidden, calibration
        )
        for start in range(0, len(rows), sampler.chunk_rows)
    ]
    return EncodedTable.concatenate(chunks) if chunks else rows.encoded


def _calibration(sampler: Sampler, rows: PartialRows, block: int) -> SliceCalibration | None:
    """What rows of one state need; it is kept, and does not depend on the noise of a call."""
    slot = int(sampler.head.layout.block_starts[block]) + int(rows.encoded.codes[0, block])
    if not sampler.targets.knows(slot):
        return None
    if slot not in sampler.slices:
        alike = np.zeros(min(CALIBRATION_ROWS, sampler.chunk_rows), dtype=np.int64)
        sampler.slices[slot] = calibrate_slice(sampler, rows.take(alike), slot)
    return sampler.slices[slot]
