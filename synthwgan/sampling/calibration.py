"""After training: state marginals and value ranks made exact."""

from __future__ import annotations

import torch
from torch import Tensor

from synthwgan.networks.heads import OutputHead
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.slices import SliceCalibration
from synthwgan.table.layout import BlockGroup, PartialRows

MAX_FLOATS = 2**25
STATE_ROWS = 60_000
VALUE_ROWS = 200_000
N_KNOTS = 2048
N_ROUNDS = 20
# Of padding the logit is far below, and a state that a slice lacks has this share.
MIN_LOGIT = -1e8
MIN_SHARE = 1e-6


def calibrate(sampler: Sampler, rng: torch.Generator) -> None:
    """Make the sampler's state marginals and value ranks those of the table.

    Parameters
    ----------
    sampler : Sampler
        Its head's logit bias and its value knots are set.
    rng : torch.Generator
        Noise of the rows drawn for it.
    """
    if sampler.head.layout.n_blocks:
        calibrate_states(sampler, rng)
    if sampler.head.layout.n_values:
        calibrate_values(sampler, rng)


@torch.no_grad()
def calibrate_states(sampler: Sampler, rng: torch.Generator) -> None:
    """Add a bias to each state's logit, so that generated marginals are the table's.

    Parameters
    ----------
    sampler : Sampler
        Its head's bias is changed.
    rng : torch.Generator
        Noise for the latents.
    """
    head = sampler.head

    def set_bias(stage: BlockGroup, logits: Tensor) -> None:
        """Find the bias of a stage's states, given what was drawn before them."""
        wanted = sampler.marginals[stage.start : stage.stop].view(stage.n_blocks, stage.width, 1)
        head.logit_bias[stage.start : stage.stop] += _find_bias(logits, wanted).flatten()

    head.sample(sampler.raw(_n_rows(STATE_ROWS, head), rng), rng, before_draw=set_bias)


def _find_bias(logits: Tensor, wanted: Tensor) -> Tensor:
    """Bias with which states of logits (n_blocks, width, n_rows) have the wanted shares."""
    bias = torch.zeros_like(wanted)
    for _ in range(N_ROUNDS):
        generated = (logits + bias).softmax(1).mean(2, keepdim=True)
        ratio = wanted / generated.clamp_min(1e-9)
        bias += torch.where(wanted > 0, ratio.log().clamp_(-2, 2), 0.0)
    return bias


@torch.no_grad()
def calibrate_slice(sampler: Sampler, rows: PartialRows, slot: int) -> SliceCalibration:
    """Find what gives rows of one state the distributions of the table's rows with it.

    Parameters
    ----------
    sampler : Sampler
        It is not changed.
    rows : PartialRows
        Rows of which the state is given.
    slot : int
        The state.
    """
    head, rng = sampler.head, sampler.noise(slot)
    marginals = sampler.targets.marginals(slot)
    added = torch.zeros_like(head.logit_bias)

    def set_bias(stage: BlockGroup, logits: Tensor) -> None:
        own = slice(stage.start, stage.stop)
        is_state = head.logit_bias[own] > MIN_LOGIT
        wanted = torch.where(is_state, marginals[own].clamp_min(MIN_SHARE), 0.0)
        shape = (stage.n_blocks, stage.width, 1)
        bias = _find_bias(logits + head.logit_bias[own].view(shape), wanted.view(shape))
        added[own] = bias.flatten()
        logits += bias

    context = sampler.context(rows)
    raw = sampler.raw(len(rows), rng, context)
    codes, values = head.sample(raw, rng, set_bias, context)
    knots = _quantiles(values, head.is_regular(codes)) if head.layout.n_values else values.T
    return SliceCalibration(added, knots, sampler.targets.ranks(slot))


@torch.no_grad()
def calibrate_values(sampler: Sampler, rng: torch.Generator) -> None:
    """Set the sampler's knots: quantiles of each raw value where its gate is regular."""
    head = sampler.head
    n_rows = _n_rows(VALUE_ROWS, head)
    values, regular = [], []
    for start in range(0, n_rows, sampler.chunk_rows):
        raw = sampler.raw(min(sampler.chunk_rows, n_rows - start), rng)
        codes, of_chunk = head.sample(raw, rng)
        values.append(of_chunk)
        regular.append(head.is_regular(codes))
    sampler.value_knots = _quantiles(torch.cat(values), torch.cat(regular))


def _quantiles(values: Tensor, regular: Tensor) -> Tensor:
    """Quantiles of each column among its regular rows, shape (n_values, N_KNOTS)."""
    steps = torch.arange(N_KNOTS, dtype=torch.float32, device=values.device)
    ranks = (steps + 0.5) / N_KNOTS
    knots = []
    for column, keep in zip(values.T, regular.T, strict=True):
        kept = column[keep] if int(keep.sum()) > 1 else column
        ordered = kept.sort().values
        position = ranks * (len(ordered) - 1)
        low = position.long()
        high = (low + 1).clamp_max(len(ordered) - 1)
        knots.append(torch.lerp(ordered[low], ordered[high], position - low))
    return torch.stack(knots)


def _n_rows(wanted: int, head: OutputHead) -> int:
    return max(2048, min(wanted, MAX_FLOATS // max(head.layout.n_slots, 1)))
