"""Networks of several domains around one latent space, and the contexts that they take."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from sklearn.base import clone
from torch import Tensor, nn

from synthwgan.networks.build import NetworkChoices, build_networks, weight_shapes
from synthwgan.networks.context import Context
from synthwgan.networks.critics import CriticChoice
from synthwgan.networks.generators import GeneratorChoice
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import shapes_of
from synthwgan.radial.encoder import Encoder
from synthwgan.table.layout import Layout

# The generator takes so much noise beside the latent vector, since a row has many translations.
NOISE_DIM = 32


def build_domain_networks(
    head: OutputHead, marginals: Tensor, choices: NetworkChoices, seed: int
) -> nn.ModuleDict:
    """Make the networks that all domains share.

    Parameters
    ----------
    head, marginals, choices, seed
        As for `build_networks`.

    Returns
    -------
    nn.ModuleDict
        ``generator``, which takes a latent vector and noise, ``critic``, ``head`` and
        ``encoder``.
    """
    networks = build_networks(head, marginals, _with_noise(choices), seed, conditional=True)
    rng = torch.Generator().manual_seed(seed)
    encoder = _build_encoder(head.layout, choices.generator, rng)
    networks["encoder"] = encoder.to(head.device, torch.float32)
    return networks


def domain_weight_shapes(
    layout: Layout, choices: NetworkChoices, network: str
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's weights without making it, see `weight_shapes`.

    Parameters
    ----------
    layout, choices
        As for `build_domain_networks`.
    network : {"generator", "critic", "encoder"}
        Which.
    """
    if network != "encoder":
        return weight_shapes(layout, _with_noise(choices), network, conditional=True)
    with torch.device("meta"):
        return shapes_of(_build_encoder(layout, choices.generator))


def _build_encoder(
    layout: Layout, generator: GeneratorChoice, rng: torch.Generator | None = None
) -> Encoder:
    sizes = (generator.latent_dim, generator.width, generator.layers)
    return Encoder(Context.n_features(layout), *sizes, rng)


@dataclass(frozen=True)
class _Choices:
    generator: GeneratorChoice
    critic: CriticChoice


def _with_noise(choices: NetworkChoices) -> _Choices:
    """The networks with a generator that takes noise beside the latent vector."""
    generator = clone(choices.generator)
    generator.set_params(latent_dim=generator.latent_dim + NOISE_DIM)
    return _Choices(generator, choices.critic)


class DomainContexts:
    """Makes the contexts that generator, critic and encoder take for rows of a domain.

    The first column of the layout says the domain. It is always given to the generator, and so is
    that a row has nothing in the columns that its domain lacks.

    Parameters
    ----------
    layout : Layout
        Of the columns of all domains.
    has : Tensor of shape (n_domains, n_columns), bool
        Which columns each domain has.
    """

    def __init__(self, layout: Layout, has: Tensor) -> None:
        self.layout, self.has = layout, has
        self.slot_columns = torch.from_numpy(layout.slot_columns).to(has.device)
        start = int(layout.block_starts[layout.column_blocks[0]])
        self.domain_slots = slice(start, start + len(has))

    def given(self, slots: Tensor, domains: Tensor, kept: Tensor) -> Context:
        """Return the context of rows for the generator.

        Parameters
        ----------
        slots : Tensor of shape (n_rows, n_slots)
            Rows that cells are kept of.
        domains : Tensor of shape (n_rows,), int64
            The domain that each is to be of.
        kept : Tensor of shape (n_rows, n_columns), bool
            Cells of the rows that it shares.
        """
        has = self.has[domains]
        kept = kept & has
        kept[:, 0] = True
        columns = (kept | ~has).T
        values = torch.where(kept.T[self.slot_columns], slots.T, 0.0)
        values[self.domain_slots] = torch.eye(len(self.has), device=slots.device)[:, domains]
        return Context(columns.float().T, columns[self.slot_columns].T, values.T)

    def known(self, slots: Tensor, columns: Tensor) -> Context:
        """Return the context of rows for the encoder: known columns, but never the domain."""
        columns = columns.clone()
        columns[:, 0] = False
        return Context.of(self.layout, slots, columns)
