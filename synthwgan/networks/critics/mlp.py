"""A critic of plain layers, the default, which may also look at the batch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import nn

from synthwgan.networks.critics.base import SEEN, CriticChoice
from synthwgan.networks.critics.diversity import BatchCritic
from synthwgan.networks.critics.fourier import FourierFeatures
from synthwgan.networks.critics.network import Critic
from synthwgan.parameters import Constraint, Number, OneOf

MAX_FREQUENCIES = 128


class MLP(CriticChoice):
    """Plain layers with leaky ReLU and no normalisation, so that each row is judged by itself.

    Parameters
    ----------
    width : int, default 256
        Features of the hidden layers. 512 learns no more per second on a CPU.
    layers : int, default 3
        Number of hidden layers.
    frequencies : int, default 8
        Sines and cosines of each number's rank that it sees beside the number (`FourierFeatures`).
    packing : int, default 1
        Rows that the critic sees at once (PacGAN; Lin et al. 2018).
    minibatch_features : int, default 0
        Kernels by which the critic compares each row with 63 others (Salimans et al. 2016); 16
        of them make a step 5 times as long, and take 0.4 GB at a batch of 4096.
    minibatch_std : bool, default False
        Whether the critic knows how much rows vary in a batch (Karras et al. 2018).
    instance_noise : float, default 0.0
        Standard deviation of noise on the critic's input, fading to none over each phase.

    Examples
    --------
    >>> from synthwgan import MLP, WGANGPSynthesizer
    >>> WGANGPSynthesizer(critic=MLP(packing=2)).critic.packing
    2
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "width": Number(1, integer=True),
        "layers": Number(1, integer=True),
        "frequencies": Number(0, MAX_FREQUENCIES, integer=True),
        "minibatch_features": Number(0, integer=True),
        "minibatch_std": OneOf((True, False)),
        **SEEN,
    }

    def __init__(
        self,
        *,
        width: int = 256,
        layers: int = 3,
        frequencies: int = 8,
        packing: int = 1,
        minibatch_features: int = 0,
        minibatch_std: bool = False,
        instance_noise: float = 0.0,
    ) -> None:
        self.width = width
        self.layers = layers
        self.frequencies = frequencies
        self.packing = packing
        self.minibatch_features = minibatch_features
        self.minibatch_std = minibatch_std
        self.instance_noise = instance_noise

    def build(
        self, n_slots: int, values: np.ndarray, n_columns: int, rng: torch.Generator | None
    ) -> nn.Module:
        sizes = (n_slots, self.width, self.layers, n_columns)
        fine = (
            FourierFeatures(values, self.frequencies) if len(values) and self.frequencies else None
        )
        if self.minibatch_features or self.minibatch_std:
            return BatchCritic(*sizes, fine, self.minibatch_features, self.minibatch_std, rng)
        return Critic(*sizes, fine, rng)
