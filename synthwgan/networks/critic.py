"""The critic: slots in, one score a row out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEGATIVE_SLOPE = 0.2


def _slope(hidden: Tensor) -> Tensor:
    """Derivative of the leaky ReLU at ``hidden``, a constant for autograd."""
    return torch.where(hidden.detach() > 0, 1.0, NEGATIVE_SLOPE).to(hidden.dtype)


class Critic(nn.Module):
    """Leaky-ReLU network without normalisation (the penalty sees each row by itself).

    Parameters
    ----------
    n_slots : int
        Length of a row vector.
    width : int
        Features of the hidden layers.
    n_layers : int
        Number of hidden layers.
    """

    def __init__(self, n_slots: int, width: int, n_layers: int) -> None:
        super().__init__()
        sizes = [n_slots] + [width] * n_layers
        self.layers = nn.ModuleList(
            nn.Linear(n_in, n_out) for n_in, n_out in zip(sizes, sizes[1:], strict=False)
        )
        self.output = nn.Linear(width, 1)

    def forward(self, slots: Tensor) -> Tensor:
        """Score rows, shape (n_rows, n_slots) to (n_rows,); higher means more real."""
        hidden = slots
        for layer in self.layers:
            hidden = F.leaky_relu(layer(hidden), NEGATIVE_SLOPE)
        return self.output(hidden).squeeze(-1)

    def input_gradient(self, slots: Tensor) -> Tensor:
        """Gradient of each row's score by the row, shape (n_rows, n_slots).

        A piecewise-linear network has it in closed form: the weights multiplied through
        the slopes of the active pieces. It is differentiable by the weights, so a
        gradient penalty needs no double backward.
        """
        hidden, slopes = slots, []
        with torch.no_grad():
            for layer in self.layers:
                hidden = layer(hidden)
                slopes.append(_slope(hidden))
                hidden = hidden * slopes[-1]
        gradient = self.output.weight * slopes[-1]
        for layer, slope in zip(reversed(self.layers[1:]), reversed(slopes[:-1]), strict=True):
            gradient = (gradient @ layer.weight) * slope
        return gradient @ self.layers[0].weight
