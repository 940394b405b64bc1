"""The cycle losses: rows rebuilt from the latent space, and the latent space's normality."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.heads import OutputHead, blocks_of


class RowReconstruction(nn.Module):
    """Loss of rows that a generator is to give back: cross-entropy of states, error of values.

    States that the head draws before others are taken from the row itself.

    Parameters
    ----------
    head : OutputHead
        Knows the layout.
    """

    def __init__(self, head: OutputHead) -> None:
        super().__init__()
        self.head, layout = head, head.layout
        blocks, values = layout.column_blocks, layout.column_values
        block_columns = [blocks.index(block) for block in range(layout.n_blocks)]
        value_columns = [values.index(value) for value in range(layout.n_values)]
        for name, columns in {
            "block_columns": block_columns,
            "value_columns": value_columns,
        }.items():
            tensor = torch.tensor(columns, dtype=torch.long, device=head.device)
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, raw: Tensor, rows: Tensor, has: Tensor) -> Tensor:
        """Mean loss of a cell, a scalar.

        Parameters
        ----------
        raw : Tensor of shape (n_rows, n_slots)
            Raw outputs.
        rows : Tensor of shape (n_rows, n_slots)
            What they should become.
        has : Tensor of shape (n_rows, n_columns), bool
            The cells that count.
        """
        head, layout = self.head, self.head.layout
        split = [layout.n_state_slots, layout.n_values]
        (states, values), (logits, scores) = rows.T.split(split), raw.T.split(split)
        drawn = states[head.coupling.first :]
        coupled = head.coupling.matrix @ drawn
        logits = torch.cat(
            [logits[: head.coupling.first], logits[head.coupling.first :] + coupled[: len(drawn)]]
        )
        logits = logits + head.logit_bias.unsqueeze(1)
        gates = torch.ones_like(values).index_copy(0, head.gated_values, states[head.gate_slots])
        errors = (scores + coupled[len(drawn) :] - values).square() * gates / 2
        log_odds = [F.log_softmax(blocks_of(logits, group), 1) for group in layout.groups]
        entropies = [
            -(odds * blocks_of(states, group)).sum(1)
            for odds, group in zip(log_odds, layout.groups, strict=True)
        ]
        counts = has.T.float()
        counts = torch.cat([counts[self.block_columns], counts[self.value_columns]])
        return (torch.cat([*entropies, errors]) * counts).sum() / counts.sum()


def normality_loss(latents: Tensor) -> Tensor:
    """How far groups of latents are from standard normal ones, by means and covariances.

    Parameters
    ----------
    latents : Tensor of shape (n_groups, n_rows, latent_dim)
        Groups, two rows or more each.
    """
    mean = latents.mean(1, keepdim=True)
    centred = latents - mean
    covariance = centred.mT @ centred / (latents.shape[1] - 1)
    identity = torch.eye(latents.shape[2], device=latents.device)
    return mean.square().mean() + (covariance - identity).square().mean()
