"""What a critic is, chosen and built: rows in, one score a row out."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from torch import nn

from synthwgan.components import Component
from synthwgan.parameters import Constraint, Number

# How rows are shown to a critic.
SEEN: dict[str, Constraint] = {
    "packing": Number(1, integer=True),
    "instance_noise": Number(0),
}


class CriticChoice(Component):
    """A critic and its sizes, before it is built for a table.

    Another critic is a class with `build`, and one line that registers it by a short name:
    ``CRITICS["mine"] = Mine``.

    Attributes
    ----------
    packing : int
        Rows that the critic sees at once (PacGAN; Lin et al. 2018).
    instance_noise : float
        Standard deviation of noise on the critic's input, fading to none over each phase.
    width, layers : int
        Features of the hidden layers, and their number; of a user's own module, what is
        expected where memory is estimated.
    """

    packing: int
    instance_noise: float
    width: int
    layers: int

    @abstractmethod
    def build(
        self, n_slots: int, values: np.ndarray, n_columns: int, rng: torch.Generator | None
    ) -> nn.Module:
        """Make the module.

        Parameters
        ----------
        n_slots : int
            Length of a row vector, or of a pack of them.
        values : ndarray of shape (n_values,), int
            Which of these slots are values and not states.
        n_columns : int
            Length of the mask that says which columns are given; 0 for a critic without one.
        rng : torch.Generator or None
            Source of the first weights; None where only their shapes are asked for.

        Returns
        -------
        nn.Module
            Maps rows, shape (n_rows, n_slots), to scores, shape (n_rows,); has the method
            ``input_gradient``.
        """
