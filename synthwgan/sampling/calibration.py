"""After training: batch-norm statistics, state marginals and value ranks made exact."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from synthwgan.networks.heads import OutputHead
from synthwgan.sampling.sampler import Sampler
from synthwgan.table.layout import BlockGroup

MAX_FLOATS = 2**25
NORM_ROWS = 20_000
STATE_ROWS = 60_000
VALUE_ROWS = 200_000
N_KNOTS = 2048
N_ROUNDS = 20


def calibrate(sampler: Sampler, marginals: Tensor, rng: torch.Generator) -> None:
    """Make the sampler's state marginals and value ranks those of the table.

    Parameters
    ----------
    sampler : Sampler
        Its head's logit bias and its value knots are set.
    marginals : Tensor of shape (n_state_slots,)
        Share of the table's rows in each state.
    rng : torch.Generator
        Noise of the rows drawn for it.
    """
    if sampler.head.layout.n_blocks:
        calibrate_states(sampler, marginals, rng)
    if sampler.head.layout.n_values:
        calibrate_values(sampler, rng)


@torch.no_grad()
def measure_batch_norm(sampler: Sampler, rng: torch.Generator) -> None:
    """Measure batch-norm statistics for the generator's present weights.

    The moving average of the weights is another network than the one that was trained, so
    its statistics are its own (as in stochastic weight averaging, Izmailov et al. 2018,
    section 3.2).
    """
    for module in sampler.generator.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.momentum = 1.0
    shape = (NORM_ROWS, sampler.latent_dim)
    latent = torch.randn(shape, dtype=torch.float32, device=sampler.device, generator=rng)
    sampler.generator.train()
    sampler.generator(latent)
    sampler.generator.eval()


@torch.no_grad()
def calibrate_states(sampler: Sampler, marginals: Tensor, rng: torch.Generator) -> None:
    """Add a bias to each state's logit, so that generated marginals are the table's.

    Parameters
    ----------
    sampler : Sampler
        Its head's bias is changed.
    marginals : Tensor of shape (n_state_slots,)
        Share of rows in each state, 0 for padding.
    rng : torch.Generator
        Noise for the latents.
    """
    head = sampler.head

    def set_bias(stage: BlockGroup, logits: Tensor) -> None:
        """Find the bias of a stage's states, given what was drawn before them."""
        wanted = marginals[stage.start : stage.stop].view(stage.n_blocks, stage.width, 1)
        bias = torch.zeros_like(wanted)
        for _ in range(N_ROUNDS):
            generated = (logits + bias).softmax(1).mean(2, keepdim=True)
            ratio = wanted / generated.clamp_min(1e-9)
            bias += torch.where(wanted > 0, ratio.log().clamp_(-2, 2), 0.0)
        head.logit_bias[stage.start : stage.stop] += bias.flatten()

    head.sample(sampler.raw(_n_rows(STATE_ROWS, head), rng), rng, before_draw=set_bias)


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
