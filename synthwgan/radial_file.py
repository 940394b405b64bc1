"""The file of a model of several domains; see `persistence` for the format."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from synthwgan.domains.domain import Domain, OwnColumn
from synthwgan.domains.maps import map_from_dict
from synthwgan.domains.union import DomainUnion
from synthwgan.networks.domains import DomainContexts, build_domain_networks
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import load_module_arrays, module_arrays
from synthwgan.persistence import (
    not_a_model,
    pack_config,
    pack_parameters,
    read_model,
    unpack_config,
    unpack_parameters,
    without_nan,
    write_model,
)
from synthwgan.sampling.domains import DomainSampler
from synthwgan.sampling.slices import SliceTargets
from synthwgan.table import TableTransformer
from synthwgan.table.jsonable import from_jsonable, join_arrays, split_arrays, to_jsonable
from synthwgan.training.radial import RadialConfig

KIND = "domains"


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


def save_radial(path: str | os.PathLike, parameters: dict[str, Any], state: RadialState) -> None:
    """Write constructor parameters and fitted state; see `RadialGANSynthesizer.save`."""
    mapping = parameters["mapping"]
    parameters["mapping"] = None
    union, arrays = split_arrays(state.union.to_dict())
    domains = []
    for place, domain in enumerate(state.union.domains.values()):
        table, of_table = domain.transformer.to_state()
        arrays |= {f"domain{place}/{name}": array for name, array in of_table.items()}
        columns = [_pack_column(column) for column in domain.columns]
        domains.append(
            {"name": domain.name, "table": table, "columns": columns, "n_rows": domain.n_rows}
        )
    content = {
        "kind": KIND,
        "parameters": pack_parameters(parameters),
        "mapping": None if mapping is None else _pack_mapping(mapping),
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


def load_radial(
    path: str | os.PathLike, device: torch.device
) -> tuple[dict[str, Any], RadialState]:
    """Read what `save_radial` wrote; see `RadialGANSynthesizer.load`."""
    content, arrays = read_model(path)
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise ValueError(
            f"{os.fspath(path)!r} is no model of several domains; load it with "
            "WGANGPSynthesizer.load"
        )
    try:
        union = DomainUnion.from_dict(join_arrays(content["union"], arrays))
        union.domains = {
            packed["name"]: _unpack_domain(packed, place, arrays)
            for place, packed in enumerate(content["domains"])
        }
        config = unpack_config(RadialConfig, content["config"], {})
        sampler, critic = _load_networks(union, config, arrays, device)
        parameters = unpack_parameters(content["parameters"])
        if content["mapping"] is not None:
            parameters["mapping"] = _unpack_mapping(content["mapping"])
        state = RadialState(
            union=union,
            target=from_jsonable(content["target"]),
            config=config,
            sampler=sampler,
            critic=critic,
            history=pd.DataFrame(content["history"]),
            n_iter=content["n_iter"],
            fit_seconds=content["fit_seconds"],
        )
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(not_a_model(path, error)) from error
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
    head = OutputHead(union.layout, config.couple_columns).to(device)
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
    load_module_arrays(_modules(sampler, networks["critic"]), arrays)
    return sampler, networks["critic"]


def _pack_column(column: OwnColumn) -> dict[str, Any]:
    return {
        "place": column.place,
        "map": None if column.map is None else column.map.to_dict(),
        "how": column.how,
        "score": None if np.isnan(column.score) else float(column.score),
    }


def _unpack_domain(packed: dict[str, Any], place: int, arrays: dict[str, np.ndarray]) -> Domain:
    prefix = f"domain{place}/"
    own = {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
    columns = tuple(
        OwnColumn(
            column["place"],
            None if column["map"] is None else map_from_dict(column["map"]),
            column["how"],
            np.nan if column["score"] is None else column["score"],
        )
        for column in packed["columns"]
    )
    transformer = TableTransformer.from_state(packed["table"], own)
    return Domain(packed["name"], transformer, columns, packed["n_rows"])


def _pack_mapping(mapping: dict[str, dict[str, Any]]) -> dict[str, list[Any]]:
    return {
        name: [[domain, to_jsonable(own)] for domain, own in by_domain.items()]
        for name, by_domain in mapping.items()
    }


def _unpack_mapping(packed: dict[str, list[Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {domain: from_jsonable(own) for domain, own in pairs}
        for name, pairs in packed.items()
    }
