"""Networks for one more domain; for the others they do exactly what they did before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks.heads import OutputHead
from synthwgan.table.layout import Layout

# How the dimensions of each weight depend on the layout.
_DIMENSIONS = {
    "generator.output.weight": ("slots", None),
    "generator.output.bias": ("slots",),
    "generator.context.weight": (None, "context"),
    "generator.skip.weight": ("slots", "context"),
    "encoder.input.weight": (None, "context"),
    "critic.layers.0.weight": (None, "slots"),
    "critic.given.weight": (None, "columns"),
    "critic.by_fine.weight": (None, "fine"),
    "head.coupling.weight": ("coupled", "coupled states"),
    "head.coupling.forbidden": ("coupled states", "coupled states"),
    "head.logit_bias": ("states",),
}


@dataclass(frozen=True)
class Growth:
    """Where the slots of a layout are in a larger one.

    Parameters
    ----------
    old, new : Layout
        The new layout has the columns of the old one first, in the same order, and in the first
        column a state more.
    domain_states : ndarray of shape (n_domains,), int
        New state of each old state of the first column.
    """

    old: Layout
    new: Layout
    domain_states: np.ndarray

    @property
    def slots(self) -> np.ndarray:
        """New slot of each old one, shape (n_old_slots,); -1 for padding."""
        places = np.full(self.old.n_slots, -1)
        for column, (block, value) in enumerate(
            zip(self.old.column_blocks, self.old.column_values, strict=True)
        ):
            if block >= 0:
                states = np.arange(self.old.block_sizes[block])
                start = self.new.block_starts[self.new.column_blocks[column]]
                moved = states if column else self.domain_states
                places[self.old.block_starts[block] + states] = start + moved
            if value >= 0:
                new_value = self.new.column_values[column]
                places[self.old.n_state_slots + value] = self.new.n_state_slots + new_value
        return places

    def places(self, dimension: str, size: int, old_first: int, new_first: int) -> np.ndarray:
        """New index of each old one in a dimension of weights, -1 for none.

        Parameters
        ----------
        dimension : str
            As in the table of dimensions.
        size : int
            Its old length.
        old_first, new_first : int
            First slot that is coupled.
        """
        slots, n_columns = self.slots, len(self.old.column_blocks)
        of_states = slots[: self.old.n_state_slots]
        if dimension == "slots":
            return slots
        if dimension == "states":
            return of_states
        if dimension == "columns":
            return np.arange(n_columns)
        if dimension == "fine":
            values = slots[self.old.n_state_slots :] - self.new.n_state_slots
            waves = np.arange(size // self.old.n_values)[:, None]
            return (waves * self.new.n_values + values).ravel()
        if dimension == "context":
            n_new_columns = len(self.new.column_blocks)
            moved = np.where(slots < 0, -1, slots + n_new_columns)
            return np.concatenate([np.arange(n_columns), moved])
        coupled = slots[old_first:] if dimension == "coupled" else of_states[old_first:]
        return np.where(coupled < new_first, -1, coupled - new_first)


def grow(networks: nn.ModuleDict, larger: nn.ModuleDict, growth: Growth) -> dict[str, Tensor]:
    """Copy weights into networks of a larger layout; what is new there starts at zero.

    Parameters
    ----------
    networks : nn.ModuleDict
        Trained.
    larger : nn.ModuleDict
        Networks of the new layout; changed. The new slots' output bias stays as it was made.
    growth : Growth
        Where slots are.

    Returns
    -------
    dict of str to Tensor
        By name of a weight of generator, head or encoder that depends on the layout, 1 where it is
        new and may be trained without a change for the other domains, else 0.
    """
    firsts = networks["head"].coupling.first, larger["head"].coupling.first
    state, trainable = larger.state_dict(), {}
    for name, old in networks.state_dict().items():
        dimensions = _DIMENSIONS.get(name)
        if dimensions is None:
            state[name].copy_(old)
            continue
        is_old = torch.zeros_like(state[name], dtype=torch.bool)
        places = [
            np.arange(size) if dimension is None else growth.places(dimension, size, *firsts)
            for dimension, size in zip(dimensions, old.shape, strict=True)
        ]
        kept = [np.flatnonzero(place >= 0) for place in places]
        target = np.ix_(*(place[keep] for place, keep in zip(places, kept, strict=True)))
        if not name.endswith(("bias", "logit_bias")):
            state[name].zero_()
        state[name][target] = old[np.ix_(*kept)]
        is_old[target] = True
        # The other domains lack the new columns, which their masks say, too: weights of the new
        # columns' masks stay zero.
        if "context" in dimensions:
            n_old, n_new = len(growth.old.column_blocks), len(growth.new.column_blocks)
            is_old[..., n_old:n_new] = True
        if not name.startswith("critic"):
            trainable[name] = (~is_old).float()
    larger.load_state_dict(state)
    return trainable


def train_only(networks: nn.ModuleDict, trainable: dict[str, Tensor]) -> None:
    """Let gradients reach nothing but the new weights, and the critic."""
    for name, weights in networks.named_parameters():
        if name.startswith("critic"):
            continue
        if name not in trainable:
            weights.requires_grad_(False)
        else:
            weights.register_hook(lambda gradient, mask=trainable[name]: gradient * mask)


def can_grow(old: OutputHead, new: OutputHead, growth: Growth) -> bool:
    """Whether every coupled state is coupled in the larger layout."""
    coupled = growth.slots[old.coupling.first : old.layout.n_state_slots]
    return bool((coupled[coupled >= 0] >= new.coupling.first).all())
