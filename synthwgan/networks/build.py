"""Making the networks for a layout."""

from __future__ import annotations

import copy
import warnings
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.critic import Critic
from synthwgan.networks.diversity import BatchCritic
from synthwgan.networks.generator import Generator, MLPGenerator
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.own import (
    N_PROBED,
    OwnCritic,
    OwnGenerator,
    check_critic,
    check_generator,
)
from synthwgan.networks.packing import pack
from synthwgan.networks.state import shapes_of
from synthwgan.networks.style import StyleGenerator
from synthwgan.table.layout import Layout

GENERATORS = {"residual": Generator, "mlp": MLPGenerator, "style": StyleGenerator}


class NetworkSizes(Protocol):
    """What must be known to make the networks; `TrainingConfig` has it."""

    latent_dim: int
    generator: Any
    generator_width: int
    generator_layers: int
    critic: Any
    critic_width: int
    critic_layers: int
    packing: int
    minibatch_features: int
    minibatch_std: bool


def build_networks(
    head: OutputHead, marginals: Tensor, sizes: NetworkSizes, seed: int, conditional: bool = False
) -> nn.ModuleDict:
    """Make a generator that starts with the given marginals, and a critic.

    Layers can draw their first weights from torch's global random state only; it is put
    back as it was.

    Parameters
    ----------
    head : OutputHead
        Knows the layout.
    marginals : Tensor of shape (n_state_slots,)
        Share of rows in each state.
    sizes : NetworkSizes
        Sizes of both networks.
    seed : int
        Seed of the first weights.
    conditional : bool, default False
        Whether both networks are told what is given of a row.

    Returns
    -------
    nn.ModuleDict
        ``generator``, ``critic`` and the ``head`` itself, on the head's device.
    """
    bias = torch.zeros(head.layout.n_slots)
    bias[: head.layout.n_state_slots] = marginals.cpu().clamp_min(1e-6).log()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # A table of identifiers and constants only has no slots.
        warnings.filterwarnings("ignore", "Initializing zero-element tensors", UserWarning)
        torch.manual_seed(seed)
        generator = _make_generator(head.layout, bias, sizes, conditional)
        critic = _make_critic(head.layout, sizes, conditional)
    networks = nn.ModuleDict({"generator": generator, "critic": critic, "head": head})
    # Whatever the default dtype is where layers and buffers are made.
    return networks.to(head.device, torch.float32)


def _make_generator(
    layout: Layout, bias: Tensor, sizes: NetworkSizes, conditional: bool
) -> nn.Module:
    n_context = Context.n_features(layout) if conditional else 0
    if callable(sizes.generator):
        return OwnGenerator(sizes.generator, sizes.latent_dim, layout.n_slots, bias, n_context)
    return GENERATORS[sizes.generator](
        sizes.latent_dim,
        layout.n_slots,
        sizes.generator_width,
        sizes.generator_layers,
        bias,
        n_context,
    )


def _make_critic(layout: Layout, sizes: NetworkSizes, conditional: bool) -> nn.Module:
    n_slots = sizes.packing * layout.n_slots
    n_columns = sizes.packing * len(layout.column_blocks) if conditional else 0
    if callable(sizes.critic):
        return OwnCritic(sizes.critic, n_slots, n_columns)
    if sizes.minibatch_features or sizes.minibatch_std:
        return BatchCritic(
            n_slots,
            sizes.critic_width,
            sizes.critic_layers,
            n_columns,
            sizes.minibatch_features,
            sizes.minibatch_std,
        )
    return Critic(n_slots, sizes.critic_width, sizes.critic_layers, n_columns)


def weight_shapes(
    layout: Layout, sizes: NetworkSizes, network: str, conditional: bool = False
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights that a built-in network of some sizes has, by name.

    None is made: however wide a network is said to be, this costs nothing but time for each of its
    layers.

    Parameters
    ----------
    layout, sizes, conditional
        As for `build_networks`.
    network : {"generator", "critic"}
        Which.
    """
    with torch.device("meta"):
        if network == "generator":
            bias = torch.zeros(layout.n_slots)
            made = _make_generator(layout, bias, sizes, conditional)
        else:
            made = _make_critic(layout, sizes, conditional)
    return shapes_of(made)


def add_context(networks: nn.ModuleDict, sizes: NetworkSizes, seed: int) -> nn.ModuleDict:
    """Copy trained networks into ones that are told what is given, of which they make nothing yet.

    Of a user's own networks, which take all in one, new ones are made instead.

    Parameters
    ----------
    networks : nn.ModuleDict
        What `build_networks` made, trained or not.
    sizes : NetworkSizes
        Their sizes.
    seed : int
        Seed of what is not copied.
    """
    head = copy.deepcopy(networks["head"]).requires_grad_(True)
    marginals = torch.ones(head.layout.n_state_slots)
    copies = build_networks(head, marginals, sizes, seed, conditional=True)
    trained = {
        name: weights
        for name, weights in networks.state_dict().items()
        if not name.startswith(("generator.module.", "critic.module."))
    }
    copies.load_state_dict(trained, strict=False)
    return copies


def check_own_networks(head: OutputHead, sizes: NetworkSizes, conditional: bool) -> None:
    """Try a user's own networks on some rows, before anything is trained.

    Parameters
    ----------
    head : OutputHead
        Knows the layout.
    sizes : NetworkSizes
        Has the factories.
    conditional : bool
        Whether networks that are told what is given will be needed.

    Raises
    ------
    TypeError, ValueError
        If one cannot be used; see `check_generator` and `check_critic`.
    """
    own = [callable(factory) for factory in (sizes.generator, sizes.critic)]
    if not any(own):
        return
    layout, n_rows = head.layout, N_PROBED * sizes.packing
    marginals = torch.ones(layout.n_state_slots)
    slots = torch.zeros(n_rows, layout.n_slots, dtype=torch.float32, device=head.device)
    columns = torch.zeros(n_rows, len(layout.column_blocks), dtype=bool, device=head.device)
    for told in (False, True)[: 1 + conditional]:
        networks = build_networks(head, marginals, sizes, seed=0, conditional=told)
        given = Context.of(layout, slots, columns) if told else None
        with torch.random.fork_rng(devices=[]):
            if own[0]:
                rows = given and Context.of(layout, slots[:N_PROBED], columns[:N_PROBED])
                check_generator(networks["generator"], layout.n_slots, rows)
            if own[1]:
                packed = given and pack(given.columns, sizes.packing)
                check_critic(networks["critic"], pack(slots, sizes.packing), packed)
