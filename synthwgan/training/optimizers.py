"""Optimizers by name, class or factory, and weight clipping."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

OptimizerFactory = Callable[[Iterable[Tensor], float], torch.optim.Optimizer]
ALIASES = {"adam": "Adam", "rmsprop": "RMSprop"}
# One needs a closure, the other sparse gradients.
UNUSABLE = ("Optimizer", "LBFGS", "SparseAdam")
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    name: found
    for name, found in vars(torch.optim).items()
    if isinstance(found, type) and issubclass(found, torch.optim.Optimizer) and name not in UNUSABLE
}
# They can keep all that changes in tensors, the learning rate included.
CAPTURABLE = (torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop)


def optimizer_class(name: str) -> type[torch.optim.Optimizer]:
    """Return the optimizer of a name.

    Parameters
    ----------
    name : str
        ``"adam"``, ``"rmsprop"`` or the name of a class of `torch.optim`.

    Raises
    ------
    ValueError
        If there is no such class, or it cannot be used here.
    """
    found = OPTIMIZERS.get(ALIASES.get(name, name))
    if found is None:
        raise ValueError(
            "optimizer must be 'auto' or 'adam' or 'rmsprop' or the name of a torch.optim class "
            f"that needs no closure or a function (params, lr) -> optimizer, got {name!r}"
        )
    return found


def make_optimizer(
    optimizer: str | OptimizerFactory, weights: Iterable[Tensor], lr: float, betas: Any
) -> torch.optim.Optimizer:
    """Make an optimizer of some weights.

    Parameters
    ----------
    optimizer : str or callable
        A name, see `optimizer_class`, or a function ``(params, lr) -> optimizer``.
    weights : iterable of Tensor
        What it moves.
    lr : float
        Its learning rate.
    betas : pair of float
        For classes that take them.

    Raises
    ------
    ValueError
        If there is no such class.
    TypeError
        If the function makes no optimizer.
    """
    if callable(optimizer):
        made = optimizer(weights, lr)
        if not isinstance(made, torch.optim.Optimizer):
            raise TypeError(
                "the optimizer function must return a torch.optim.Optimizer, got "
                f"{type(made).__name__}"
            )
        return made
    found = optimizer_class(optimizer)
    options = {"betas": tuple(betas)} if "betas" in inspect.signature(found).parameters else {}
    if found is torch.optim.Adam:
        options["fused"] = True
    return found(weights, lr, **options)


def is_capturable(optimizer: torch.optim.Optimizer) -> bool:
    """Whether the steps of an optimizer can be part of a CUDA graph."""
    return type(optimizer) in CAPTURABLE


def make_capturable(optimizer: torch.optim.Optimizer) -> None:
    """Keep the learning rate of an optimizer in tensors, before its first step."""
    for group in optimizer.param_groups:
        device, rate = group["params"][0].device, float(group["lr"])
        group["lr"] = torch.full((), rate, dtype=torch.float32, device=device)
        group["capturable"] = True


def set_learning_rate(group: dict[str, Any], rate: float) -> None:
    """Set the learning rate of a group of weights, in place if it is a tensor."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


@torch.no_grad()
def clip_weights(module: nn.Module, bound: float) -> None:
    """Put all weights back into ``[-bound, bound]``.

    Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN", algorithm 1, line 7.
    """
    for weights in module.parameters():
        weights.clamp_(-bound, bound)
