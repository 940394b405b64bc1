"""Fourier features of numbers' ranks: how a critic sees fine structure."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn


class FourierFeatures(nn.Module):
    """Sines and cosines of each value's rank, so that a few plain layers can follow sharp edges.

    Plain layers learn smooth functions of their input first, and what is narrow in a column late
    or never (Tancik et al. 2020, "Fourier Features Let Networks Learn High Frequency Functions
    in Low Dimensional Domains", section 4). A value v has the rank r, its normal distribution
    function, and the features ``sin(pi k r) / k`` and ``cos(pi k r) / k``, k = 1, 2, ...

    Parameters
    ----------
    slots : ndarray of shape (n_values,), int
        Which slots are values.
    n_frequencies : int
        Largest k.
    """

    slots: Tensor
    frequencies: Tensor

    def __init__(self, slots: np.ndarray, n_frequencies: int) -> None:
        super().__init__()
        self.n_features = 2 * n_frequencies * len(slots)
        numbers = np.arange(1, n_frequencies + 1, dtype=np.float32)
        places = torch.as_tensor(slots, dtype=torch.long)
        self.register_buffer("slots", places, persistent=False)
        # From an array: to make it on a device without memory, arange imports all of sympy first.
        frequencies = torch.as_tensor(numbers).view(-1, 1, 1)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, slots: Tensor) -> Tensor:
        """Features of rows, shape (n_slots, n_rows) to (n_features, n_rows)."""
        angles = self._angles(slots.index_select(0, self.slots).float())
        features = torch.stack([angles.sin(), angles.cos()]) / self.frequencies
        return features.flatten(0, 2).to(slots.dtype)

    def pull_back(self, slots: Tensor, gradient: Tensor) -> Tensor:
        """Gradient by the rows from one by their features; only the latter is differentiable.

        Parameters
        ----------
        slots : Tensor of shape (n_slots, n_rows)
            The rows.
        gradient : Tensor of shape (n_features, n_rows)
            Gradient by their features.

        Returns
        -------
        Tensor of shape (n_values, n_rows)
            Gradient by their values, of which `slots` holds the places.
        """
        with torch.no_grad():
            values = slots.index_select(0, self.slots).float()
            angles = self._angles(values)
            slopes = torch.stack([angles.cos(), -angles.sin()])
            slopes *= math.pi / math.sqrt(2 * math.pi) * (-values.square() / 2).exp()
            slopes = slopes.flatten(0, 1).to(gradient.dtype)
        return (gradient.unflatten(0, (len(slopes), -1)) * slopes).sum(0)

    def _angles(self, values: Tensor) -> Tensor:
        """``pi k r``, shape (n_frequencies, n_values, n_rows)."""
        return math.pi * self.frequencies * torch.special.ndtr(values)
