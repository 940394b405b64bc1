"""A user's own module as generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.generators.base import SIZES, GeneratorChoice
from synthwgan.networks.own import N_PROBED, check_output, drawn_seed, made_by
from synthwgan.networks.randomness import global_state
from synthwgan.parameters import Constraint, Function

Factory = Callable[[int, int], nn.Module]


class Own(GeneratorChoice):
    """A module of the user's own.

    Its outputs get a bias that starts as the built-in generators' does, so that it starts with
    the table's marginals. The given cells of a row come after the latent vector in the input.

    Parameters
    ----------
    factory : callable
        Called as ``factory(n_in, n_slots)``; returns a module that maps (n_rows, n_in) to
        (n_rows, n_slots). Under conditions it is called again, for a longer input.
    latent_dim : int or "auto", default "auto"
        Length of the latent vector; "auto" is 64.

    Examples
    --------
    >>> from torch import nn
    >>> from synthwgan import WGANGPSynthesizer
    >>> from synthwgan.networks import generators
    >>> model = WGANGPSynthesizer(generator=generators.Own(nn.Linear, latent_dim=16))
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "factory": Function("(latent_dim, n_slots) -> torch.nn.Module"),
        "latent_dim": SIZES["latent_dim"],
    }
    width, layers = 256, 2

    def __init__(self, factory: Factory, *, latent_dim: int | str = "auto") -> None:
        self.factory = factory
        self.latent_dim = latent_dim

    def build(
        self, n_slots: int, output_bias: Tensor, n_context: int, rng: torch.Generator | None
    ) -> nn.Module:
        with global_state(drawn_seed(rng)):
            return OwnGenerator(self.factory, self.latent_dim, n_slots, output_bias, n_context)


class OwnGenerator(nn.Module):
    """A module made by a user's factory, as a generator.

    Its outputs get a bias that starts as the built-in generators' does, so that it starts with
    the table's marginals. The given cells of a row come after the latent vector in the input.

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
        self.module = made_by("generator", factory, latent_dim + n_context, n_slots)
        self.output_bias = nn.Parameter(output_bias.clone())

    def forward(self, latent: Tensor, context: Context | None = None) -> Tensor:
        """Map latents, shape (n_rows, latent_dim), to raw outputs, shape (n_rows, n_slots)."""
        if context is not None:
            latent = torch.cat([latent, context.features], dim=1)
        return self.module(latent) + self.output_bias


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
    check_output("generator", raw, latent, [(N_PROBED, n_slots)])
