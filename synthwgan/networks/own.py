"""What a user's own networks have in common: how they are made and tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

N_PROBED = 6


def made_by(name: str, factory: Callable[..., Any], *sizes: int) -> nn.Module:
    """Call a factory; raise a TypeError unless it makes a module."""
    if isinstance(factory, nn.Module):
        raise TypeError(
            f"{name} must be a factory, got the module {type(factory).__name__}: pass a function "
            "that makes one of the asked size, since conditions need another than whole rows"
        )
    made = factory(*sizes)
    if not isinstance(made, nn.Module):
        raise TypeError(
            f"the {name} factory must return a torch.nn.Module, got {type(made).__name__}"
        )
    return made


def drawn_seed(rng: torch.Generator) -> int:
    """Draw a seed for torch's global state, from which a user's own layers draw their weights."""
    return int(torch.randint(2**62, (), generator=rng))


def check_output(name: str, output: Any, given: Tensor, shapes: list[tuple[int, ...]]) -> None:
    """Raise unless a module's output has one of the shapes, is finite and can be trained."""
    of_factory = f"the {name} of the {name} factory"
    if not isinstance(output, Tensor):
        raise TypeError(f"{of_factory} must return a tensor, got {type(output).__name__}")
    if tuple(output.shape) not in shapes:
        wanted = " or ".join(map(str, shapes))
        raise ValueError(
            f"{of_factory} must map {tuple(given.shape)} to {wanted}, got {tuple(output.shape)}"
        )
    if not output.isfinite().all():
        raise ValueError(f"{of_factory} gives numbers that are not finite")
    if not output.requires_grad and output.numel():
        raise ValueError(f"{of_factory} gives outputs that depend on no weight by a gradient")
