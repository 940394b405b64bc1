"""What a generator is, chosen and built: latent noise in, raw outputs out."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn

from synthwgan.components import Component
from synthwgan.networks.context import Context
from synthwgan.networks.coupling import STEP_SCALE
from synthwgan.networks.linear import Linear
from synthwgan.parameters import Constraint, Either, Number, OneOf, required

SIZES: dict[str, Constraint] = {
    "width": Number(1, integer=True),
    "layers": Number(1, integer=True),
    "latent_dim": Either((Number(1, integer=True), OneOf(("auto",)))),
}


class GeneratorChoice(Component):
    """A generator and its sizes, before it is built for a table.

    Another generator is a class with `build`, and one line that registers it by a short name:
    ``GENERATORS["mine"] = Mine``.

    Attributes
    ----------
    latent_dim : int or "auto"
        Length of the latent vector; "auto" is 64, and 16 around which several tables meet.
    width, layers : int
        Features of the hidden layers, and their number; of a user's own module, what is
        expected where memory is estimated.
    """

    latent_dim: int | str
    width: int
    layers: int

    @abstractmethod
    def build(
        self, n_slots: int, output_bias: Tensor, n_context: int, rng: torch.Generator | None
    ) -> nn.Module:
        """Make the module.

        Parameters
        ----------
        n_slots : int
            Number of raw outputs.
        output_bias : Tensor of shape (n_slots,), float32
            Initial bias of the last layer: log marginals for states, zero for values.
        n_context : int
            Features of a `Context`; 0 for a generator that takes none.
        rng : torch.Generator or None
            Source of the first weights; None where only their shapes are asked for.

        Returns
        -------
        nn.Module
            Maps latents, shape (n_rows, ``module.latent_dim``), and a `Context` or None to raw
            outputs, shape (n_rows, n_slots).
        """


class RawOutput(nn.Module):
    """What generators share: a last layer that starts at the table's marginals.

    Its weights start halved and its bias as given, so that the untrained generator already has
    the right marginals.

    Parameters
    ----------
    latent_dim : int
        Length of the latent vector that `forward` takes.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    def add_output(
        self,
        width: int,
        n_slots: int,
        output_bias: Tensor,
        n_context: int,
        rng: torch.Generator | None,
    ) -> None:
        """Make the last layer, and the layers that take a context if there is one.

        Parameters
        ----------
        width : int
            Features of the last hidden layer.
        n_slots, output_bias, n_context, rng
            As for `Generator`.
        """
        self.output = Linear(width, n_slots, rng=rng)
        with torch.no_grad():
            self.output.weight.mul_(0.5)
            self.output.bias.copy_(output_bias)
        self.context = Linear(n_context, width, bias=False, rng=rng) if n_context else None
        # Given cells add to all logits directly, as the coupling does with drawn states.
        self.skip = Linear(n_context, n_slots, bias=False, rng=rng) if n_context else None
        for layer in (self.context, self.skip):
            if layer is not None:
                nn.init.zeros_(layer.weight)

    def told(self, hidden: Tensor, context: Context | None) -> Tensor:
        """Add what is given to features; a generator made with a context always needs one."""
        if self.context is None:
            return hidden
        return hidden + self.context(required(context).features)

    def raw(self, hidden: Tensor, context: Context | None) -> Tensor:
        """Map last hidden features, shape (n_rows, width), to raw outputs (n_rows, n_slots)."""
        # Slot by slot in memory, since the head works along the rows of each slot.
        raw = torch.addmm(self.output.bias.unsqueeze(1), self.output.weight, hidden.T)
        if self.skip is not None:
            raw = torch.addmm(raw, self.skip.weight, required(context).features.T, alpha=STEP_SCALE)
        return raw.T
