"""Exponential moving average of a network's weights."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


class ExponentialMovingAverage(Generic[M]):
    """Keeps a moving average of a module's parameters in a copy of the module.

    The decay is warmed up, ``min(decay, (1 + t) / (10 + t))``, so that the first weights
    are soon forgotten. Buffers (batch-norm statistics) are not averaged: they belong to
    other weights, so they are measured again after training.

    Parameters
    ----------
    module : nn.Module
        The network in training.
    decay : float
        Largest share of the old average that a step keeps.
    """

    def __init__(self, module: M, decay: float) -> None:
        self.module = copy.deepcopy(module).requires_grad_(False)
        self.decay = decay
        self.n_updates = 0
        self._averages = list(self.module.parameters())
        self._sources = list(module.parameters())

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the module's present weights."""
        decay = min(self.decay, (1 + self.n_updates) / (10 + self.n_updates))
        self.n_updates += 1
        # What torch.optim uses too; torch does not list it.
        torch._foreach_lerp_(self._averages, self._sources, 1 - decay)  # pyright: ignore
