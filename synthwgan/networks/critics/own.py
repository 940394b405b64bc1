"""A user's own module as critic."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks.critics.base import SEEN, CriticChoice
from synthwgan.networks.critics.gradients import own_row_gradient
from synthwgan.networks.own import check_output, drawn_seed, made_by
from synthwgan.networks.randomness import global_state
from synthwgan.parameters import Constraint, Function


class Own(CriticChoice):
    """A module of the user's own.

    Parameters
    ----------
    factory : callable
        Called as ``factory(n_slots)``; returns a module that maps (n_rows, n_slots) to (n_rows,)
        or (n_rows, 1). Under conditions it is called again, for a longer input. A row's score
        should depend on no other row of the batch.
    packing : int, default 1
        Rows that the critic sees at once (PacGAN; Lin et al. 2018).
    instance_noise : float, default 0.0
        Standard deviation of noise on the critic's input, fading to none over each phase.

    Examples
    --------
    >>> from torch import nn
    >>> from synthwgan import WGANGPSynthesizer
    >>> from synthwgan.networks import critics
    >>> def small(n_slots):
    ...     return nn.Sequential(nn.Linear(n_slots, 32), nn.ReLU(), nn.Linear(32, 1))
    >>> model = WGANGPSynthesizer(critic=critics.Own(small, packing=2))
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "factory": Function("(n_slots) -> torch.nn.Module"),
        **SEEN,
    }
    width, layers = 256, 2

    def __init__(
        self,
        factory: Callable[[int], nn.Module],
        *,
        packing: int = 1,
        instance_noise: float = 0.0,
    ) -> None:
        self.factory = factory
        self.packing = packing
        self.instance_noise = instance_noise

    def build(
        self, n_slots: int, values: np.ndarray, n_columns: int, rng: torch.Generator | None
    ) -> nn.Module:
        with global_state(drawn_seed(rng)):
            return OwnCritic(self.factory, n_slots, n_columns)


class OwnCritic(nn.Module):
    """A module made by a user's factory, as a critic.

    The mask of given columns comes after a row's slots in the input. A row's score should
    depend on no other row of the batch, as the penalty takes the gradient of their sum.

    Parameters
    ----------
    factory : callable
        Called with the length of its input; returns a module that maps (n_rows, n_in) to
        (n_rows,) or (n_rows, 1).
    n_slots : int
        Length of a row vector, or of a pack of them.
    n_columns : int, default 0
        Length of the mask that says which columns are given; 0 for a critic without one.
    """

    def __init__(
        self, factory: Callable[[int], nn.Module], n_slots: int, n_columns: int = 0
    ) -> None:
        super().__init__()
        self.module = made_by("critic", factory, n_slots + n_columns)
        if not any(weights.requires_grad for weights in self.module.parameters()):
            raise ValueError("the critic of the critic factory has no weights to train")

    def forward(self, slots: Tensor, given: Tensor | None = None) -> Tensor:
        """Score rows, shape (n_rows, n_slots) to (n_rows,); higher means more real."""
        if given is not None:
            slots = torch.cat([slots, given.to(slots.dtype)], dim=1)
        scores = self.module(slots)
        return scores.squeeze(1) if scores.dim() == 2 else scores

    def input_gradient(self, slots: Tensor, given: Tensor | None = None) -> Tensor:
        """Gradient of each row's score by the row, shape (n_rows, n_slots)."""
        return own_row_gradient(lambda rows: self(rows, given), slots)


def check_critic(critic: OwnCritic, slots: Tensor, given: Tensor | None = None) -> None:
    """Raise unless a critic can be trained; its batch statistics may change.

    Parameters
    ----------
    critic : OwnCritic
        The critic.
    slots : Tensor of shape (n_rows, n_slots)
        Rows to try it with.
    given : Tensor of shape (n_rows, n_columns), optional
        Which of their columns are given.

    Raises
    ------
    TypeError
        If its output is no tensor.
    ValueError
        If its output has the wrong shape, is not finite, or does not depend on its input by
        operations that have a gradient.
    """
    slots = slots.clone().requires_grad_()
    told = slots if given is None else torch.cat([slots, given], dim=1)
    scores, n_rows = critic.module(told), len(slots)
    check_output("critic", scores, told, [(n_rows,), (n_rows, 1)])
    by_slots = torch.autograd.grad(scores.sum(), slots, allow_unused=True)[0]
    if by_slots is None:
        raise ValueError(
            "the critic of the critic factory gives scores without a gradient by the row, from "
            "which the generator learns; leave out detach() and the like"
        )
