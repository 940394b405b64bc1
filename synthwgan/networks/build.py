"""Making the networks for a layout."""

from __future__ import annotations

import copy
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks import critics, generators
from synthwgan.networks.context import Context
from synthwgan.networks.critics import CriticChoice
from synthwgan.networks.critics.own import OwnCritic, check_critic
from synthwgan.networks.critics.packing import pack
from synthwgan.networks.generators import GeneratorChoice
from synthwgan.networks.generators.own import OwnGenerator, check_generator
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.own import N_PROBED
from synthwgan.networks.randomness import global_state
from synthwgan.networks.state import shapes_of
from synthwgan.table.layout import Layout


class NetworkChoices(Protocol):
    """Which networks are to be made; `TrainingConfig` says it."""

    @property
    def generator(self) -> GeneratorChoice: ...

    @property
    def critic(self) -> CriticChoice: ...


def build_networks(
    head: OutputHead,
    marginals: Tensor,
    choices: NetworkChoices,
    seed: int,
    conditional: bool = False,
) -> nn.ModuleDict:
    """Make a generator that starts with the given marginals, and a critic.

    Parameters
    ----------
    head : OutputHead
        Knows the layout.
    marginals : Tensor of shape (n_state_slots,)
        Share of rows in each state.
    choices : NetworkChoices
        Both networks and their choices.
    seed : int
        Seed of the first weights.
    conditional : bool, default False
        Whether both networks also take the given cells of a row.

    Returns
    -------
    nn.ModuleDict
        ``generator``, ``critic`` and the ``head`` itself, on the head's device.
    """
    bias = torch.zeros(head.layout.n_slots)
    bias[: head.layout.n_state_slots] = marginals.cpu().clamp_min(1e-6).log()
    rng = torch.Generator().manual_seed(seed)
    generator = _build_generator(head.layout, choices, bias, conditional, rng)
    critic = _build_critic(head.layout, choices, conditional, rng)
    networks = nn.ModuleDict({"generator": generator, "critic": critic, "head": head})
    # Whatever the default dtype is where layers and buffers are made.
    return networks.to(head.device, torch.float32)


def weight_shapes(
    layout: Layout, choices: NetworkChoices, network: str, conditional: bool = False
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the weights that a built-in network of some sizes has, by name.

    None is made: however wide a network is said to be, this costs nothing but time for each of its
    layers.

    Parameters
    ----------
    layout, choices, conditional
        As for `build_networks`.
    network : {"generator", "critic"}
        Which.
    """
    with torch.device("meta"):
        if network == "generator":
            bias = torch.zeros(layout.n_slots)
            return shapes_of(_build_generator(layout, choices, bias, conditional))
        return shapes_of(_build_critic(layout, choices, conditional))


def _build_generator(
    layout: Layout,
    choices: NetworkChoices,
    bias: Tensor,
    conditional: bool,
    rng: torch.Generator | None = None,
) -> nn.Module:
    n_context = Context.n_features(layout) if conditional else 0
    return choices.generator.build(layout.n_slots, bias, n_context, rng)


def _build_critic(
    layout: Layout,
    choices: NetworkChoices,
    conditional: bool,
    rng: torch.Generator | None = None,
) -> nn.Module:
    packing, n_slots = choices.critic.packing, layout.n_slots
    starts = n_slots * np.arange(packing)[:, None]
    values = (starts + np.arange(layout.n_state_slots, n_slots)).ravel()
    n_columns = packing * len(layout.column_blocks) if conditional else 0
    return choices.critic.build(packing * n_slots, values, n_columns, rng)


def add_context(networks: nn.ModuleDict, choices: NetworkChoices, seed: int) -> nn.ModuleDict:
    """Copy trained networks into ones that also take the given cells, which change nothing yet.

    Of a user's own networks, which take all in one, new ones are made instead.

    Parameters
    ----------
    networks : nn.ModuleDict
        What `build_networks` made, trained or not.
    choices : NetworkChoices
        Both networks and their choices.
    seed : int
        Seed of what is not copied.
    """
    head = copy.deepcopy(networks["head"]).requires_grad_(True)
    marginals = torch.ones(head.layout.n_state_slots)
    copies = build_networks(head, marginals, choices, seed, conditional=True)
    trained = {
        name: weights
        for name, weights in networks.state_dict().items()
        if not name.startswith(("generator.module.", "critic.module."))
    }
    copies.load_state_dict(trained, strict=False)
    return copies


def has_own(choices: NetworkChoices) -> bool:
    """Whether a network is a user's own module, of which nothing is known."""
    return isinstance(choices.generator, generators.Own) or isinstance(choices.critic, critics.Own)


def check_own_networks(head: OutputHead, choices: NetworkChoices, conditional: bool) -> None:
    """Try a user's own networks on some rows, before anything is trained.

    Parameters
    ----------
    head : OutputHead
        Knows the layout.
    choices : NetworkChoices
        Both networks and their choices.
    conditional : bool
        Whether networks that take given cells will be needed.

    Raises
    ------
    TypeError, ValueError
        If one cannot be used; see `check_generator` and `check_critic`.
    """
    if not has_own(choices):
        return
    layout, n_rows = head.layout, N_PROBED * choices.critic.packing
    marginals = torch.ones(layout.n_state_slots)
    slots = torch.zeros(n_rows, layout.n_slots, dtype=torch.float32, device=head.device)
    columns = torch.zeros(n_rows, len(layout.column_blocks), dtype=bool, device=head.device)
    for told in (False, True)[: 1 + conditional]:
        networks = build_networks(head, marginals, choices, seed=0, conditional=told)
        given = Context.of(layout, slots, columns) if told else None
        with global_state(0, head.device):
            if isinstance(networks["generator"], OwnGenerator):
                rows = given and Context.of(layout, slots[:N_PROBED], columns[:N_PROBED])
                check_generator(networks["generator"], layout.n_slots, rows)
            if isinstance(networks["critic"], OwnCritic):
                packed = given and pack(given.columns, choices.critic.packing)
                check_critic(networks["critic"], pack(slots, choices.critic.packing), packed)
