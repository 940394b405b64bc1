"""Rows of one state: their distributions made those of the table's rows with that state."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from synthwgan.networks.moments import N_HATS, PairwiseMoments
from synthwgan.sampling.knots import SMALLEST_RANK, levels, ranks_among

# With fewer rows the distributions would be mostly noise.
MIN_ROWS = 30
N_GRID = 512


@dataclass(frozen=True)
class SliceTargets:
    """What the table's rows with a given state look like, column by column.

    Parameters
    ----------
    means : Tensor of shape (n_state_slots, n_features), float32
        Mean of every state and of every value's hats (see `PairwiseMoments`) among the rows
        with the state of the first index; zeros where too few rows have it.
    """

    means: Tensor

    @classmethod
    def of(cls, moments: PairwiseMoments) -> SliceTargets | None:
        """Take the targets from the table's moments; None if they have no matrix."""
        if not moments.holds_matrix or not moments.n_rows:
            return None
        n_states = moments.head.layout.n_state_slots
        joint = moments.matrix[:n_states] / moments.scale[:n_states, None] / moments.scale
        shares = joint.diagonal().unsqueeze(1)
        return cls(
            torch.where(shares * moments.n_rows >= MIN_ROWS, joint / shares.clamp_min(1e-9), 0.0)
        )

    def knows(self, slot: int) -> bool:
        """Whether enough rows have the state."""
        return bool(self.means[slot, slot] > 0)

    def marginals(self, slot: int) -> Tensor:
        """Share of each state among the rows with a state, shape (n_state_slots,)."""
        return self.means[slot, : len(self.means)]

    def ranks(self, slot: int) -> Tensor:
        """Quantiles of each value's rank among these rows, shape (n_values, N_GRID).

        The triangular functions ("hats") are taken as kernels of a density, scaled so that uniform
        ranks give a uniform density.
        """
        weights = self.means[slot, len(self.means) :].view(-1, N_HATS).clamp_min(0)
        weights = weights / weights.sum(1, keepdim=True).clamp_min(1e-9)
        grid = torch.linspace(0, 1, N_GRID, device=weights.device)
        knots = torch.linspace(0, 1, N_HATS, device=weights.device)
        hats = (1 - (grid - knots.unsqueeze(1)).abs() * (N_HATS - 1)).clamp_min(0)
        density = weights @ (hats / hats.mean(1, keepdim=True)) + 1e-6
        cumulative = torch.cumulative_trapezoid(density, dim=1)
        cumulative = torch.nn.functional.pad(cumulative, (1, 0))
        cumulative = cumulative / cumulative[:, -1:]
        return interpolate(grid.expand(len(weights), -1), cumulative.contiguous(), grid)


@dataclass(frozen=True)
class SliceCalibration:
    """How logits and value ranks are changed where all rows have one state.

    Parameters
    ----------
    bias : Tensor of shape (n_state_slots,)
        Added to the states' logits.
    knots : Tensor of shape (n_values, n_knots)
        Quantiles of the raw values of such rows.
    ranks : Tensor of shape (n_values, N_GRID)
        Quantiles of the ranks that they shall have in the table.
    """

    bias: Tensor
    knots: Tensor
    ranks: Tensor

    def normal_scores(self, raw_values: Tensor) -> Tensor:
        """Normal scores, in the table, of the slice's raw values, shape (n_rows, n_values)."""
        if not raw_values.shape[1]:
            return raw_values.contiguous()
        ranks = ranks_among(self.knots, levels(self.knots.device), raw_values.T.contiguous())
        position = ranks * (N_GRID - 1)
        low = position.floor().long().clamp(0, N_GRID - 2)
        start, stop = self.ranks.gather(1, low), self.ranks.gather(1, low + 1)
        # Where all of a slice lies at an end of the table, a rank in the slice may round to 0 or 1.
        found = torch.lerp(start, stop, position - low).clamp_(SMALLEST_RANK, 1 - SMALLEST_RANK)
        return torch.special.ndtri(found).T


def interpolate(values: Tensor, increasing: Tensor, points: Tensor) -> Tensor:
    """Interpolate ``values`` over ``increasing``, both (n, n_knots), at points (n_points,)."""
    points = points.expand(len(increasing), -1).contiguous()
    upper = torch.searchsorted(increasing, points).clamp(1, increasing.shape[1] - 1)
    low, high = increasing.gather(1, upper - 1), increasing.gather(1, upper)
    share = ((points - low) / (high - low).clamp_min(1e-12)).clamp(0, 1)
    return torch.lerp(values.gather(1, upper - 1), values.gather(1, upper), share)
