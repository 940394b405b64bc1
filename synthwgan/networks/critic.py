"""The critic: slots in, one score a row out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEGATIVE_SLOPE = 0.2


class Critic(nn.Module):
    """Leaky-ReLU network without normalisation (the penalty sees each row by itself).

    Rows come slot by slot in memory, so that the layers multiply from the left and no
    matrix has to be turned.

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
        hidden = slots.T
        for layer in self.layers:
            hidden = F.leaky_relu(_affine(layer, hidden), NEGATIVE_SLOPE, inplace=True)
        return _affine(self.output, hidden).squeeze(0)

    def input_gradient(self, slots: Tensor) -> Tensor:
        """Gradient of each row's score by the row, shape (n_rows, n_slots).

        A piecewise-linear network has it in closed form: the weights multiplied through
        the slopes of the active pieces. It is differentiable by the weights, so a
        gradient penalty needs no double backward.
        """
        hidden, slopes = slots.T, []
        with torch.no_grad():
            for layer in self.layers:
                hidden = _affine(layer, hidden)
                slopes.append(hidden.sign().clamp_min_(NEGATIVE_SLOPE))
                hidden *= slopes[-1]
        gradient = self.output.weight.T * slopes[-1]
        for layer, slope in zip(reversed(self.layers[1:]), reversed(slopes[:-1]), strict=True):
            gradient = (layer.weight.T @ gradient) * slope
        return (self.layers[0].weight.T @ gradient).T


def _affine(layer: nn.Linear, columns: Tensor) -> Tensor:
    """Apply a layer to columns, shape (n_in, n_rows) to (n_out, n_rows)."""
    return torch.addmm(layer.bias.unsqueeze(1), layer.weight, columns)
