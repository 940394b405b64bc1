"""What must hold of hyperparameters, arrays and networks that come from a model file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from synthwgan.networks.coupling import check_pairs
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import N_HATS
from synthwgan.networks.state import MAX_WEIGHT
from synthwgan.parameters import Either, Number
from synthwgan.table.checks import (
    NOTHING,
    STATE,
    TEXT,
    ListOf,
    MappingOf,
    check_state,
    expect,
    optional,
)
from synthwgan.table.layout import Layout
from synthwgan.training.config import COMPONENTS, TrainingConfig

SECONDS = Number(0)
MAYBE_COMPONENT = optional(STATE)
HISTORY = MappingOf(ListOf(Either((NOTHING, Number(), TEXT))))
# The largest weight of a head, and raw output of a generator, with which padding is never drawn.
_MAX_LOGIT = 1e6
_MIN_PADDED = -5e8
# Shares are float32: their sum may differ from 1 by so much.
_SLACK = 1e-2
# Rows that a loaded model is tried with.
N_TRIED = 16


def check_config(state: dict[str, Any], config_class: type[TrainingConfig]) -> None:
    """Raise unless a file gives each hyperparameter, those that are no components as a fit may."""
    names = [field.name for field in dataclasses.fields(config_class)]
    fields = {name: config_class.constraints[name] for name in names}
    fields |= dict.fromkeys(COMPONENTS.keys() & fields.keys(), MAYBE_COMPONENT)
    check_state("its config", state, fields)
    expect("auto" not in state.values(), "a hyperparameter of its config is 'auto'")


def check_sizes(config: TrainingConfig, arrays: Mapping[str, np.ndarray]) -> None:
    """Raise if networks would have more layers or inputs than the file has arrays or numbers."""
    sizes = config.generator.latent_dim, config.critic.packing
    known = [size for size in sizes if isinstance(size, int)]
    expect(len(known) == len(sizes), "a hyperparameter of its config is 'auto'")
    layers = max(config.generator.layers, config.critic.layers)
    expect(layers <= len(arrays), f"networks of {layers} layers have more weights than it holds")
    n_numbers = sum(array.size for array in arrays.values())
    expect(
        max(known) <= n_numbers, f"networks of {max(known)} inputs have more weights than it holds"
    )


def check_shares(layout: Layout, arrays: Mapping[str, np.ndarray]) -> None:
    """Raise unless ``marginals``, and ``slice_means`` if there are any, are shares of rows."""
    n_states = layout.n_state_slots
    fits = _are_shares(arrays.get("marginals"), (n_states,))
    expect(fits, "its marginals are no shares of its states")
    marginals = arrays["marginals"]
    expect(not marginals[~layout.state_mask].any(), "its marginals are those of another layout")
    for start, size in zip(layout.block_starts, layout.block_sizes, strict=True):
        total = marginals[start : start + size].sum()
        expect(total <= 1 + _SLACK, "the marginals of a column are more than one")
    if "slice_means" in arrays:
        shape = (n_states, n_states + N_HATS * layout.n_values)
        expect(_are_shares(arrays["slice_means"], shape), "its slice_means are no shares")


def _are_shares(array: np.ndarray | None, shape: tuple[int, ...]) -> bool:
    if array is None or array.dtype != np.float32 or array.shape != shape:
        return False
    return bool(((array >= -_SLACK) & (array <= 1 + _SLACK)).all())


def check_knots(layout: Layout, n_knots: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Raise unless quantiles of raw values, where there are any, increase."""
    for name in ("value_knots", "conditional_value_knots"):
        if name in arrays:
            knots = arrays[name]
            fits = knots.dtype == np.float32 and knots.shape == (layout.n_values, n_knots)
            expect(fits, f"its {name} are those of another layout")
            expect((np.diff(knots) >= 0).all(), f"its {name} do not increase")


def check_forbidden(arrays: Mapping[str, np.ndarray]) -> None:
    """Raise unless heads' forbidden pairs are yes or no: torch would make anything into that."""
    for name in ("head.coupling.forbidden", "conditional_head.coupling.forbidden"):
        if name in arrays:
            is_bool = arrays[name].dtype == np.bool_
            expect(is_bool and (arrays[name].view(np.uint8) <= 1).all(), f"its {name} is not bool")


def check_heads(modules: Mapping[str, nn.Module]) -> None:
    """Raise if a head could draw padding, forbids what is no pair, or has weights out of range."""
    for name, module in modules.items():
        if isinstance(module, OutputHead):
            bias, mask = module.logit_bias.cpu().numpy(), module.layout.state_mask
            weights = module.coupling.weight.detach().abs() <= _MAX_LOGIT
            expect((bias[~mask] <= _MIN_PADDED).all(), f"the {name} could draw padding")
            in_range = (np.abs(bias[mask]) <= _MAX_LOGIT).all() and bool(weights.all())
            expect(in_range, f"weights of the {name} are out of range")
            forbidden = module.coupling.forbidden.cpu().numpy()
            expect((forbidden == forbidden.T).all(), f"the {name} forbids pairs in one order only")
            check_pairs(module.layout, np.argwhere(forbidden) + module.coupling.first)


def check_raw(raw: torch.Tensor) -> None:
    """Raise unless raw outputs of a generator can be drawn from."""
    # Not ``>``: NaN must fail too.
    in_range = bool((raw.abs() <= _MAX_LOGIT).all())
    expect(in_range, "its generator's outputs are not finite or out of range")


def check_seen(layout: Layout, n_domains: int, arrays: Mapping[str, np.ndarray]) -> None:
    """Raise unless ``seen`` says of each state whether each domain has it, of each block one."""
    seen, shape = arrays.get("seen"), (n_domains, layout.n_state_slots)
    fits = seen is not None and seen.dtype == np.float32 and seen.shape == shape
    expect(fits and np.isin(seen, (0, 1)).all(), "its seen states are none")
    expect(
        not arrays["seen"][:, ~layout.state_mask].any(),
        "its seen states are those of another layout",
    )


def check_tensors(what: str, found: Any, expected: Mapping[str, torch.Tensor]) -> None:
    """Raise unless a file's weights can take the place of those of a network made anew."""
    is_mapping = isinstance(found, dict) and found.keys() == expected.keys()
    expect(is_mapping, f"the weights of {what} are those of another network")
    for name, own in expected.items():
        tensor = found[name]
        fits = isinstance(tensor, torch.Tensor) and tensor.shape == own.shape
        expect(fits and tensor.dtype == own.dtype, f"{name} of {what} is that of another network")
        if tensor.is_floating_point():
            # Not ``>``: NaN must fail too.
            in_range = bool((tensor.abs() <= MAX_WEIGHT).all())
            expect(in_range, f"{name} of {what} holds numbers that are no weights")
        elif tensor.dtype == torch.bool:
            is_bool = bool((tensor.view(torch.uint8) <= 1).all())
            expect(is_bool, f"{name} of {what} is not bool")
