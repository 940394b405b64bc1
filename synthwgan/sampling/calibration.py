"""After training: state marginals and value ranks made exact."""

from __future__ import annotations

import torch
from torch import Tensor

from synthwgan.networks.context import Context
from synthwgan.networks.heads import OutputHead
from synthwgan.sampling.base import BaseSampler
from synthwgan.sampling.knots import knots_of
from synthwgan.sampling.slices import SliceCalibration, SliceTargets
from synthwgan.table.layout import BlockGroup

MAX_FLOATS = 2**25
STATE_ROWS = 60_000
VALUE_ROWS = 200_000
N_ROUNDS = 20
# A state that a slice lacks gets this share. (Padding is out of reach: its logit is far below.)
MIN_LOGIT = -1e8
MIN_SHARE = 1e-6


def calibrate(
    sampler: BaseSampler, rng: torch.Generator, context: Context | None = None, n_parts: int = 1
) -> None:
    """Make a sampler's state marginals and value ranks those of the table.

    Parameters
    ----------
    sampler : BaseSampler
        Its head's logit bias and its value knots are set.
    rng : torch.Generator
        Noise of the rows drawn for it.
    context : Context, optional
        What is given of the rows drawn for it, if the generator takes one: random columns of
        rows of the table, so that what is drawn has the table's marginals too.
    n_parts : int, default 1
        In so many processes it is done with other noise; each draws a part of the rows.
    """
    if sampler.head.layout.n_blocks:
        calibrate_states(sampler, rng, context, n_parts)
    if sampler.head.layout.n_values:
        calibrate_values(sampler, rng, context, n_parts)


@torch.no_grad()
def calibrate_states(
    sampler: BaseSampler, rng: torch.Generator, context: Context | None = None, n_parts: int = 1
) -> None:
    """Add a bias to each state's logit, so that generated marginals are the table's.

    Parameters
    ----------
    sampler : BaseSampler
        Its head's bias is changed.
    rng : torch.Generator
        Noise for the latents.
    context : Context, optional
        What is given of the rows; it counts only what is drawn.
    n_parts : int, default 1
        As for `calibrate`.
    """
    head = sampler.head
    n_rows = _n_rows(STATE_ROWS // n_parts, head) if context is None else len(context.columns)

    def set_bias(stage: BlockGroup, logits: Tensor) -> None:
        """Find the bias of a stage's states, given what was drawn before them."""
        wanted = sampler.marginals[stage.start : stage.stop].view(stage.n_blocks, stage.width, 1)
        drawn = None
        if context is not None:
            is_given = context.is_given.T[stage.start : stage.stop : stage.width]
            drawn = (~is_given).float().unsqueeze(1)
        bias = _find_bias(logits, wanted, drawn)
        head.logit_bias[stage.start : stage.stop] += bias.flatten()

    raw = sampler.raw(n_rows, rng, context)
    head.sample(raw, rng, before_draw=set_bias, context=context)


def _find_bias(logits: Tensor, wanted: Tensor, drawn: Tensor | None = None) -> Tensor:
    """Bias with which states of logits (n_blocks, width, n_rows) have the wanted shares.

    Rows count where ``drawn``, of shape (n_blocks, 1, n_rows), is 1; None counts all of them.
    """
    bias = torch.zeros_like(wanted)
    for _ in range(N_ROUNDS):
        odds = (logits + bias).softmax(1)
        if drawn is None:
            generated = odds.mean(2, keepdim=True)
        else:
            generated = (odds * drawn).mean(2, keepdim=True) / drawn.mean(
                2, keepdim=True
            ).clamp_min(1e-9)
        ratio = wanted / generated.clamp_min(1e-9)
        bias += torch.where(wanted > 0, ratio.log().clamp_(-2, 2), 0.0)
    return bias


@torch.no_grad()
def calibrate_slice(
    sampler: BaseSampler, context: Context, targets: SliceTargets, slot: int
) -> SliceCalibration:
    """Find biases and quantiles with which rows of one state are distributed as the table's.

    Parameters
    ----------
    sampler : BaseSampler
        It is not changed.
    context : Context
        Rows of which the state is given.
    targets : SliceTargets
        Distributions of the table's rows with each state.
    slot : int
        The state.
    """
    head, rng = sampler.head, sampler.noise(slot)
    marginals = targets.marginals(slot)
    added = torch.zeros_like(head.logit_bias)

    def set_bias(stage: BlockGroup, logits: Tensor) -> None:
        own = slice(stage.start, stage.stop)
        is_state = head.logit_bias[own] > MIN_LOGIT
        wanted = torch.where(is_state, marginals[own].clamp_min(MIN_SHARE), 0.0)
        shape = (stage.n_blocks, stage.width, 1)
        bias = _find_bias(logits + head.logit_bias[own].view(shape), wanted.view(shape))
        added[own] = bias.flatten()
        logits += bias

    raw = sampler.raw(len(context.columns), rng, context)
    codes, values = head.sample(raw, rng, set_bias, context)
    knots = knots_of(values, head.is_regular(codes)) if head.layout.n_values else values.T
    return SliceCalibration(added, knots, targets.ranks(slot))


@torch.no_grad()
def calibrate_values(
    sampler: BaseSampler, rng: torch.Generator, context: Context | None = None, n_parts: int = 1
) -> None:
    """Set the sampler's knots: quantiles of each raw value where it is drawn and regular."""
    head, layout = sampler.head, sampler.head.layout
    if context is not None:
        raw = sampler.raw(len(context.columns), rng, context)
        codes, values = head.sample(raw, rng, context=context)
        drawn = ~context.is_given[:, layout.n_state_slots :] & head.is_regular(codes)
        sampler.value_knots = knots_of(values, drawn)
        return
    n_rows = _n_rows(VALUE_ROWS // n_parts, head)
    values, regular = [], []
    for start in range(0, n_rows, sampler.chunk_rows):
        raw = sampler.raw(min(sampler.chunk_rows, n_rows - start), rng)
        codes, of_chunk = head.sample(raw, rng)
        values.append(of_chunk)
        regular.append(head.is_regular(codes))
    sampler.value_knots = knots_of(torch.cat(values), torch.cat(regular))


def _n_rows(wanted: int, head: OutputHead) -> int:
    return max(2048, min(wanted, MAX_FLOATS // max(head.layout.n_slots, 1)))
