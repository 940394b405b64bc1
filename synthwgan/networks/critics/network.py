"""The critic of plain layers: slots in, one score a row out."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from synthwgan.networks.critics.fourier import FourierFeatures
from synthwgan.networks.linear import Linear
from synthwgan.parameters import required

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
    n_columns : int, default 0
        Length of the mask that says which columns are given; 0 for a critic without one. The
        mask's weights start at zero, so that it changes nothing at first.
    fine : FourierFeatures or None, default None
        What the critic sees of numbers beside their values.
    rng : torch.Generator or None, default None
        Source of the first weights; None is torch's global state.
    """

    def __init__(
        self,
        n_slots: int,
        width: int,
        n_layers: int,
        n_columns: int = 0,
        fine: FourierFeatures | None = None,
        rng: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        sizes = [n_slots] + [width] * n_layers
        self.layers = nn.ModuleList(
            Linear(n_in, n_out, rng=rng) for n_in, n_out in zip(sizes, sizes[1:], strict=False)
        )
        self.output = Linear(width, 1, rng=rng)
        self.given = Linear(n_columns, width, bias=False, rng=rng) if n_columns else None
        if self.given is not None:
            nn.init.zeros_(self.given.weight)
        self.fine = fine
        self.by_fine = None if fine is None else Linear(fine.n_features, width, False, rng=rng)

    def forward(self, slots: Tensor, given: Tensor | None = None) -> Tensor:
        """Score rows, shape (n_rows, n_slots) to (n_rows,); higher means more real.

        ``given`` is the mask of given columns, shape (n_rows, n_columns); None if none is given.
        """
        hidden = slots.T
        for layer, bias in zip(self.layers, self._biases(hidden, given), strict=True):
            hidden = torch.addmm(bias, layer.weight, hidden)
            hidden = F.leaky_relu(hidden, NEGATIVE_SLOPE, inplace=True)
        return torch.addmm(self.output.bias, self.output.weight, hidden).squeeze(0)

    def _biases(self, slots: Tensor, given: Tensor | None) -> list[Tensor]:
        """Bias of each layer, shape (width, 1), or (width, n_rows) where a row adds to it.

        That is what the first layer sees beside the slots, of shape (n_slots, n_rows).
        """
        biases = [layer.bias.unsqueeze(1) for layer in self.layers]
        if self.fine is not None:
            features = self.fine(slots)
            biases[0] = torch.addmm(biases[0], required(self.by_fine).weight, features)
        if given is not None:
            biases[0] = torch.addmm(biases[0], required(self.given).weight, given.T)
        return biases

    def input_gradient(self, slots: Tensor, given: Tensor | None = None) -> Tensor:
        """Gradient of each row's score by the row, shape (n_rows, n_slots).

        A piecewise-linear network has it in closed form: the weights multiplied through
        the slopes of the active pieces, and at last those of the Fourier features. It is
        differentiable by the weights, so a gradient penalty needs no double backward.
        """
        hidden, slopes = slots.T, []
        with torch.no_grad():
            for layer, bias in zip(self.layers, self._biases(hidden, given), strict=True):
                hidden = torch.addmm(bias, layer.weight, hidden)
                slopes.append(hidden.sign().clamp_min_(NEGATIVE_SLOPE))
                hidden *= slopes[-1]
        # In the slopes' precision: from a float32 factor, autocast's products would be float32.
        gradient = self.output.weight.T.to(slopes[-1].dtype) * slopes[-1]
        for layer, slope in zip(reversed(self.layers[1:]), reversed(slopes[:-1]), strict=True):
            gradient = (layer.weight.T @ gradient) * slope
        by_slots = self.layers[0].weight.T @ gradient
        if self.fine is not None:
            by_fine = required(self.by_fine).weight.T @ gradient
            by_values = self.fine.pull_back(slots.T, by_fine)
            by_slots = by_slots.index_add(0, self.fine.slots, by_values)
        return by_slots.T
