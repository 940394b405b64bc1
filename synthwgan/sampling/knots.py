"""Raw values to ranks, among quantiles of many raw values."""

from __future__ import annotations

import torch
from torch import Tensor

N_EVEN = 2048
# Halvings of the outermost even rank, to one in a million: the largest number of a long table is as
# rare, and a bound on ranks before it would never draw it, or draw it for all beyond.
N_HALVINGS = 8
N_KNOTS = N_EVEN + 2 * N_HALVINGS
# That of all beyond the outermost knot.
SMALLEST_RANK = 0.5 / N_EVEN * 0.5 ** (N_HALVINGS + 1)


def levels(device: torch.device | None = None) -> Tensor:
    """Ranks of the knots, increasing: even ones, and ever rarer ones at both ends.

    Returns
    -------
    Tensor of shape (n_knots,), float32
    """
    even = (torch.arange(N_EVEN, dtype=torch.float64) + 0.5) / N_EVEN
    rare = even[0] * 0.5 ** torch.arange(N_HALVINGS, 0, -1, dtype=torch.float64)
    return torch.cat([rare, even, 1 - rare.flip(0)]).to(device, torch.float32)


def knots_of(values: Tensor, is_regular: Tensor) -> Tensor:
    """Return quantiles of raw values at the levels.

    Where fewer than one row is beyond a level, it is as far from the next as this from the one
    after it: in an exponential tail each halving adds as much.

    Parameters
    ----------
    values : Tensor of shape (n_rows, n_values)
        Raw values.
    is_regular : Tensor of shape (n_rows, n_values), bool
        Which of them count; all do where hardly any does.

    Returns
    -------
    Tensor of shape (n_values, n_knots)
    """
    ranks = levels(values.device)
    knots = []
    for column, keep in zip(values.T, is_regular.T, strict=True):
        kept = column[keep] if int(keep.sum()) > 1 else column
        ordered = kept.sort().values
        position = ranks * (len(ordered) - 1)
        low = position.long()
        high = (low + 1).clamp_max(len(ordered) - 1)
        own = torch.lerp(ordered[low], ordered[high], position - low)
        for place in reversed(range(int((ranks[:N_HALVINGS] * len(ordered) < 1).sum()))):
            own[place] = 2 * own[place + 1] - own[place + 2]
            own[-1 - place] = 2 * own[-2 - place] - own[-3 - place]
        knots.append(own)
    return torch.stack(knots)


def ranks_among(knots: Tensor, ranks: Tensor, values: Tensor) -> Tensor:
    """Rank in (0, 1) of each value among its row's knots, interpolated between them.

    Parameters
    ----------
    knots : Tensor of shape (n_values, n_knots)
        Increasing quantiles.
    ranks : Tensor of shape (n_knots,)
        Their ranks.
    values : Tensor of shape (n_values, n_rows)
        Values to rank.

    Returns
    -------
    Tensor of shape (n_values, n_rows)
        Ranks; values beyond an outer knot are half as rare as it, and a value that several knots
        share has the middle of theirs.
    """
    n_knots = knots.shape[1]
    first, last = (torch.searchsorted(knots, values, right=right) for right in (False, True))
    upper = first.clamp(1, n_knots - 1)
    low, high = knots.gather(1, upper - 1), knots.gather(1, upper)
    share = ((values - low) / (high - low).clamp_min(1e-12)).clamp_(0.0, 1.0)
    between = torch.lerp(ranks[upper - 1], ranks[upper], share)
    shared = (ranks[first.clamp_max(n_knots - 1)] + ranks[(last - 1).clamp_min(0)]) / 2
    found = torch.where(last - first > 1, shared, between)
    found = torch.where(values < knots[:, :1], ranks[0] / 2, found)
    return torch.where(values > knots[:, -1:], (1 + ranks[-1]) / 2, found)
