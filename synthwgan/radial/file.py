"""The file of a model of several domains; see `synthwgan.io.model` for the format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from synthwgan.fitted import (
    pack_config,
    pack_parameters,
    unpack_config,
    unpack_parameter,
    unpack_parameters,
    without_nan,
)
from synthwgan.io.model import DOMAINS, read_model, refusing, write_model
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import check_weights, load_module_arrays, module_arrays
from synthwgan.parameters import Constraint
from synthwgan.provenance import digest_of
from synthwgan.radial.columns.saved import (
    NAMES,
    pack_names,
    union_from_state,
    union_to_state,
    unpack_names,
)
from synthwgan.radial.columns.union import DomainUnion
from synthwgan.radial.networks import (
    DomainContexts,
    build_domain_networks,
    domain_weight_shapes,
)
from synthwgan.radial.rows import DomainRows
from synthwgan.radial.sampler import DomainSampler
from synthwgan.radial.step import RadialConfig
from synthwgan.sampling.slices import SliceTargets
from synthwgan.table.checks import (
    COUNT,
    STATE,
    Anything,
    ListOf,
    expect,
    optional,
)
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
from synthwgan.training.checks import (
    HISTORY,
    N_TRIED,
    SECONDS,
    check_config,
    check_forbidden,
    check_heads,
    check_raw,
    check_seen,
    check_shares,
    check_sizes,
)

_CONTENT = {
    "parameters": STATE,
    "mapping": optional(NAMES),
    "union": STATE,
    "domains": ListOf(STATE, min_length=2),
    "target": Anything(),
    "config": STATE,
    "history": HISTORY,
    "n_iter": COUNT,
    "fit_seconds": SECONDS,
}


@dataclass(frozen=True)
class RadialState:
    """Everything that `RadialGANSynthesizer.fit` learns.

    Parameters
    ----------
    union : DomainUnion
        The columns of all domains.
    target : column name or None
        The column that rows keep in every translation.
    config : RadialConfig
        Hyperparameters, none of them "auto".
    sampler : DomainSampler
        The networks but the critic, and what is needed to draw with them.
    critic : nn.Module
        The critic.
    history : DataFrame
        One row for each logged step.
    n_iter : int
        Training steps done.
    fit_seconds : float
        Wall-clock seconds of training.
    """

    union: DomainUnion
    target: Any
    config: RadialConfig
    sampler: DomainSampler
    critic: nn.Module
    history: pd.DataFrame
    n_iter: int
    fit_seconds: float


def save_radial(
    path: str | os.PathLike,
    parameters: dict[str, Any],
    constraints: Mapping[str, Constraint],
    state: RadialState,
) -> None:
    """Write constructor parameters and fitted state; see `RadialGANSynthesizer.save`."""
    union, domains, arrays = union_to_state(state.union)
    content = {
        "kind": DOMAINS,
        **pack_radial_parameters(parameters, constraints),
        "union": union,
        "domains": domains,
        "target": to_jsonable(state.target),
        "config": pack_config(state.config),
        "history": without_nan(state.history),
        "n_iter": state.n_iter,
        "fit_seconds": state.fit_seconds,
    }
    sampler = state.sampler
    own = {"marginals": sampler.marginals, "seen": sampler.seen.float()}
    if sampler.targets is not None:
        own["slice_means"] = sampler.targets.means
    arrays |= {name: tensor.cpu().numpy() for name, tensor in own.items()}
    write_model(path, content, arrays | module_arrays(_modules(sampler, state.critic)))


def pack_radial_parameters(
    parameters: dict[str, Any], constraints: Mapping[str, Constraint]
) -> dict[str, Any]:
    """Return the constructor's parameters as JSON, apart from them the mapping."""
    mapping = parameters["mapping"]
    return {
        "parameters": pack_parameters(parameters | {"mapping": None}, constraints),
        "mapping": None if mapping is None else pack_names(mapping),
    }


def unpack_radial_parameter(name: str, packed: Any, function: Any = None) -> Any:
    """Rebuild one parameter from `pack_radial_parameters`, or the mapping."""
    if name == "mapping":
        return None if packed is None else unpack_names(packed)
    return unpack_parameter(name, packed, function)


def radial_digest(sampler: DomainSampler, critic: nn.Module) -> str:
    """Return the digest of a model's weights, which is the same once it is saved and loaded."""
    return digest_of(module_arrays(_modules(sampler, critic)))


def n_parameters_of(sampler: DomainSampler, critic: nn.Module) -> int:
    """Return how many weights a model has."""
    modules = _modules(sampler, critic).values()
    return sum(weight.numel() for module in modules for weight in module.parameters())


def load_radial(
    path: str | os.PathLike, device: torch.device, constraints: Mapping[str, Constraint]
) -> tuple[dict[str, Any], RadialState]:
    """Read what `save_radial` wrote; see `RadialGANSynthesizer.load`."""
    content, arrays = read_model(path, DOMAINS, _CONTENT)
    with refusing(path):
        union = union_from_state(content["union"], content["domains"], arrays)
        check_config(content["config"], RadialConfig)
        config = unpack_config(RadialConfig, content["config"], {})
        sampler, critic = _load_networks(union, config, arrays, device)
        parameters = unpack_parameters(content["parameters"], constraints)
        if content["mapping"] is not None:
            parameters["mapping"] = unpack_names(content["mapping"])
        target = from_jsonable(content["target"])
        expect(target is None or len(union.places_of(target)) == 1, "its target is no column")
        state = RadialState(
            union=union,
            target=target,
            config=config,
            sampler=sampler,
            critic=critic,
            history=pd.DataFrame(content["history"]),
            n_iter=content["n_iter"],
            fit_seconds=content["fit_seconds"],
        )
        for domain in range(len(union.domains)):
            check_raw(sampler.raw_of(domain, N_TRIED))
        rows = DomainRows(union, sampler, target, [0, 0])
        for name, law in rows.laws.items():
            law.is_broken(rows.drawn(N_TRIED, name))
    return parameters, state


def _modules(sampler: DomainSampler, critic: nn.Module) -> dict[str, nn.Module]:
    return {
        "generator": sampler.generator,
        "head": sampler.head,
        "encoder": sampler.encoder,
        "critic": critic,
    }


def _load_networks(
    union: DomainUnion, config: RadialConfig, arrays: dict[str, np.ndarray], device: torch.device
) -> tuple[DomainSampler, nn.Module]:
    layout = union.layout
    check_sizes(config, arrays)
    check_shares(layout, arrays)
    check_seen(layout, len(union.domains), arrays)
    check_forbidden(arrays)
    for name in ("generator", "critic", "encoder"):
        check_weights(domain_weight_shapes(layout, config, name), arrays, name)
    head = OutputHead(layout, config.couple_columns).to(device)
    own = {
        name: torch.from_numpy(np.array(arrays[name])).to(device)
        for name in ("marginals", "seen", "slice_means")
        if name in arrays
    }
    marginals, seen, means = own["marginals"], own["seen"], own.get("slice_means")
    networks = build_domain_networks(head, marginals, config, seed=0)
    contexts = DomainContexts(union.layout, torch.from_numpy(union.has).to(device))
    targets = None if means is None else SliceTargets(means)
    sampler = DomainSampler(networks, contexts, marginals, seen.bool(), targets)
    modules = _modules(sampler, networks["critic"])
    load_module_arrays(modules, arrays)
    check_heads(modules)
    return sampler, networks["critic"]
