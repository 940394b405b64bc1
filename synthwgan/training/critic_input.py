"""What the critic sees of rows: several at once, and through noise that fades."""

from __future__ import annotations

import torch
from torch import Tensor

from synthwgan.networks.critics.packing import pack


class CriticInput:
    """Makes the critic's input of rows of slots.

    Gaussian noise on real and generated rows lets their distributions overlap while they are
    apart (Arjovsky, Bottou 2017, "Towards Principled Methods for Training Generative Adversarial
    Networks", section 3). It fades to nothing over the course of training.

    Parameters
    ----------
    packing : int
        Rows that the critic sees at once.
    instance_noise : float
        Standard deviation of the noise at the start of training; 0 for none.
    rng : torch.Generator
        Source of the noise.
    """

    def __init__(self, packing: int, instance_noise: float, rng: torch.Generator) -> None:
        self.packing, self.instance_noise, self.rng = packing, instance_noise, rng
        self.scale = instance_noise

    def anneal(self, progress: float) -> None:
        """Set the noise for a share of training done, in [0, 1]: linearly down to zero."""
        self.scale = self.instance_noise * (1 - progress)

    def __call__(self, slots: Tensor) -> Tensor:
        """Map rows, shape (n_rows, n_slots), to packs of rows with noise."""
        if self.instance_noise:
            shape, device = slots.T.shape, slots.device
            noise = torch.randn(shape, dtype=torch.float32, device=device, generator=self.rng)
            slots = slots + noise.to(slots.dtype).T * self.scale
        return self.packed(slots)

    def packed(self, rows: Tensor) -> Tensor:
        """Map rows to packs of rows as they are."""
        return pack(rows, self.packing)

    def given(self, columns: Tensor | None) -> Tensor | None:
        """The mask of given columns of each pack, from those of its rows; None stays None."""
        return None if columns is None else self.packed(columns)
