"""A user's own modules as generator and critic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.gradients import own_row_gradient

Factory = Callable[[int, int], nn.Module]
N_PROBED = 6


class OwnGenerator(nn.Module):
    """A module made by a user's factory, as a generator.

    Its outputs get a bias that starts as the built-in generators' does, so that it starts with
    the table's marginals. What is given of a row comes after the latent vector.

    Parameters
    ----------
    factory : callable
        Called with the lengths of input and output; returns a module that maps
        (n_rows, n_in) to (n_rows, n_slots).
    latent_dim : int
        Length of the latent vector.
    n_slots : int
        Number of raw outputs.
    output_bias : Tensor of shape (n_slots,), float32
        Initial bias.
    n_context : int, default 0
        Features of a `Context`; 0 for a generator that takes none.
    """

    def __init__(
        self,
        factory: Factory,
        latent_dim: int,
        n_slots: int,
        output_bias: Tensor,
        n_context: int = 0,
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.module = _made("generator", factory, latent_dim + n_context, n_slots)
        self.output_bias = nn.Parameter(output_bias.clone())

    def forward(self, latent: Tensor, context: Context | None = None) -> Tensor:
        """Map latents, shape (n_rows, latent_dim), to raw outputs, shape (n_rows, n_slots)."""
        if context is not None:
            latent = torch.cat([latent, context.features], dim=1)
        return self.module(latent) + self.output_bias


class OwnCritic(nn.Module):
    """A module made by a user's factory, as a critic.

    Which columns of a row are given comes after its slots. Its scores should depend on no other
    row of the batch, as the gradient penalty is on the gradient of their sum.

    Parameters
    ----------
    factory : callable
        Called with the length of its input; returns a module that maps (n_rows, n_in) to
        (n_rows,) or (n_rows, 1).
    n_slots : int
        Length of a row vector, or of a pack of them.
    n_columns : int, default 0
        Columns of which the critic is told whether they are given; 0 for none.
    """

    def __init__(
        self, factory: Callable[[int], nn.Module], n_slots: int, n_columns: int = 0
    ) -> None:
        super().__init__()
        self.module = _made("critic", factory, n_slots + n_columns)
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


def _made(name: str, factory: Callable[..., Any], *sizes: int) -> nn.Module:
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


def check_generator(generator: OwnGenerator, n_slots: int, context: Context | None = None) -> None:
    """Raise unless a generator can be trained; its batch statistics may change.

    Raises
    ------
    TypeError
        If its output is no tensor.
    ValueError
        If its output has the wrong shape, is not finite or depends on no weight.
    """
    device = generator.output_bias.device
    latent = torch.randn(N_PROBED, generator.latent_dim, dtype=torch.float32, device=device)
    if context is not None:
        latent = torch.cat([latent, context.features], dim=1)
    raw = generator.module(latent)
    _check_output("generator", raw, latent, [(N_PROBED, n_slots)])


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
    _check_output("critic", scores, told, [(n_rows,), (n_rows, 1)])
    by_slots = torch.autograd.grad(scores.sum(), slots, allow_unused=True)[0]
    if by_slots is None:
        raise ValueError(
            "the critic of the critic factory gives scores without a gradient by the row, from "
            "which the generator learns; leave out detach() and the like"
        )


def _check_output(name: str, output: Any, given: Tensor, shapes: list[tuple[int, ...]]) -> None:
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
