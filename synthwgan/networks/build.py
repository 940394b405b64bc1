"""Making the networks for a layout."""

from __future__ import annotations

import copy
import warnings
from typing import Protocol

import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.critic import Critic
from synthwgan.networks.generator import Generator
from synthwgan.networks.heads import OutputHead


class NetworkSizes(Protocol):
    """What must be known to make the networks; `TrainingConfig` has it."""

    latent_dim: int
    generator_width: int
    generator_layers: int
    critic_width: int
    critic_layers: int


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
    layout = head.layout
    n_slots = layout.n_slots
    n_columns = len(layout.column_blocks) if conditional else 0
    n_context = Context.n_features(layout) if conditional else 0
    bias = torch.zeros(n_slots)
    bias[: layout.n_state_slots] = marginals.cpu().clamp_min(1e-6).log()
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # A table of identifiers and constants only has no slots.
        warnings.filterwarnings("ignore", "Initializing zero-element tensors", UserWarning)
        torch.manual_seed(seed)
        generator = Generator(
            sizes.latent_dim,
            n_slots,
            sizes.generator_width,
            sizes.generator_layers,
            bias,
            n_context,
        )
        critic = Critic(n_slots, sizes.critic_width, sizes.critic_layers, n_columns)
    networks = nn.ModuleDict({"generator": generator, "critic": critic, "head": head})
    # Whatever the default dtype is where layers and buffers are made.
    return networks.to(head.device, torch.float32)


def add_context(networks: nn.ModuleDict, sizes: NetworkSizes, seed: int) -> nn.ModuleDict:
    """Copy trained networks into ones that are told what is given, of which they make nothing yet.

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
    copies.load_state_dict(networks.state_dict(), strict=False)
    return copies
