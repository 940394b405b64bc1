"""One model file: arrays in safetensors, everything else as JSON in its header."""

from __future__ import annotations

import hashlib
import json
import numbers
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from synthwgan.networks.build import add_context, build_networks
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import load_module_arrays, module_arrays
from synthwgan.parameters import OWN, Component
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.rejection import Rejection
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.slices import SliceTargets
from synthwgan.table import TableTransformer
from synthwgan.table.jsonable import from_jsonable, to_jsonable
from synthwgan.table.layout import Layout
from synthwgan.training.config import COMPONENTS, TrainingConfig
from synthwgan.training.cost import TrainingCost

FORMAT_NAME = "synthwgan"
FORMAT_VERSION = 5
_CONTENT_KEYS = {
    "parameters",
    "table",
    "target_name",
    "config",
    "cost",
    "n_iter",
    "fit_seconds",
    "history",
    "conditional",
    "rejection",
}


@dataclass(frozen=True)
class FittedState:
    """Everything that `WGANGPSynthesizer.fit` learns; each field is an attribute there.

    Parameters
    ----------
    transformer : TableTransformer
        The fitted encoding.
    target_name : hashable or None
        Column that was given as ``y``.
    config : TrainingConfig
        Hyperparameters, none of them "auto".
    sampler : Sampler
        The calibrated generator.
    conditional_sampler : ConditionalSampler or None
        The calibrated generator of rows of which something is given.
    critic : nn.Module
        The critic.
    history : DataFrame
        One row for each logged step.
    n_iter : int
        Training steps done.
    fit_seconds : float
        Wall-clock seconds of training.
    cost : TrainingCost
        Size, memory and speed.
    acceptance_rate : float
        Share of drawn rows that the sampler keeps.
    n_rejection_rounds : int
        Rounds of learning which rows to keep.
    """

    transformer: TableTransformer
    target_name: Any
    config: TrainingConfig
    sampler: Sampler
    conditional_sampler: ConditionalSampler | None
    critic: nn.Module
    history: pd.DataFrame
    n_iter: int
    fit_seconds: float
    cost: TrainingCost
    acceptance_rate: float
    n_rejection_rounds: int


def save_model(path: str | os.PathLike, parameters: dict[str, Any], state: FittedState) -> None:
    """Write constructor parameters and fitted state; see `WGANGPSynthesizer.save`."""
    table, arrays = state.transformer.to_state()
    content = {
        "parameters": pack_parameters(parameters),
        "table": table,
        "target_name": to_jsonable(state.target_name),
        "config": pack_config(state.config),
        "cost": asdict(state.cost),
        "n_iter": state.n_iter,
        "fit_seconds": state.fit_seconds,
        "history": without_nan(state.history),
        "conditional": None,
        "rejection": None,
    }
    sampler, conditional = state.sampler, state.conditional_sampler
    own = {"marginals": sampler.marginals, "value_knots": sampler.value_knots}
    if sampler.rejection is not None:
        content["rejection"], rejection_arrays = sampler.rejection.to_state()
        arrays = arrays | rejection_arrays
    if conditional is not None:
        content["conditional"] = True
        own["conditional_value_knots"] = conditional.value_knots
        own["slice_means"] = conditional.targets and conditional.targets.means
    arrays = arrays | {name: own[name].cpu().numpy() for name in own if own[name] is not None}
    weights = module_arrays(_modules(sampler, conditional, state.critic))
    write_model(path, content, arrays | weights)


def load_model(
    path: str | os.PathLike, device: torch.device, own: Mapping[str, Callable | None]
) -> tuple[dict[str, Any], FittedState]:
    """Read what `save_model` wrote; see `WGANGPSynthesizer.load`."""
    content, arrays = read_model(path)
    _check_content(path, content)
    _check_functions(path, content["config"], own)
    transformer = TableTransformer.from_state(content["table"], arrays)
    config = unpack_config(TrainingConfig, content["config"], own)
    networks = _load_networks(transformer.layout_, config, content, arrays, device)
    if content["rejection"] is not None:
        networks[0].rejection = _load_rejection(path, transformer.layout_, content, arrays)
    sampler, conditional_sampler, critic = networks
    state = FittedState(
        transformer=transformer,
        target_name=from_jsonable(content["target_name"]),
        config=config,
        sampler=sampler,
        conditional_sampler=conditional_sampler,
        critic=critic,
        history=pd.DataFrame(content["history"]),
        n_iter=content["n_iter"],
        fit_seconds=content["fit_seconds"],
        cost=TrainingCost(**content["cost"]),
        acceptance_rate=sampler.acceptance_rate,
        n_rejection_rounds=sampler.n_rejection_rounds,
    )
    return unpack_parameters(content["parameters"], own), state


def pack_config(config: TrainingConfig) -> dict[str, Any]:
    """Return hyperparameters as JSON; see `Choice.pack`."""
    return {
        name: COMPONENTS[name].pack(value) if isinstance(value, Component) else value
        for name, value in vars(config).items()
    }


def unpack_config(
    kind: type[TrainingConfig], packed: dict[str, Any], own: Mapping[str, Callable | None]
) -> TrainingConfig:
    """Rebuild hyperparameters from `pack_config` and the user's own functions."""
    return kind(
        **{
            name: COMPONENTS[name].unpack(value, own.get(name)) if type(value) is dict else value
            for name, value in packed.items()
        }
    )


def _check_functions(
    path: str | os.PathLike, config: dict[str, Any], own: Mapping[str, Callable | None]
) -> None:
    """Raise if a function that a model needs is not given, or one is that it does not need."""
    for name, function in own.items():
        built_in = config[name]["component"]
        if built_in == OWN and function is None:
            raise ValueError(
                f"{os.fspath(path)!r} was fitted with a {name} of its own, which a file cannot "
                f"hold; pass the function that made it: load(path, {name}=...)"
            )
        if built_in != OWN and function is not None:
            raise ValueError(
                f"{os.fspath(path)!r} was fitted with the built-in {name} {built_in!r}; load "
                f"it without {name}=..."
            )


def without_nan(history: pd.DataFrame) -> dict[str, list[Any]]:
    """Columns of a history; figures that a step has not are None, as JSON has no NaN."""
    return {
        name: [None if value != value else value for value in column]
        for name, column in history.to_dict("list").items()
    }


def _check_content(path: str | os.PathLike, content: Any) -> None:
    if isinstance(content, dict) and content.get("kind") == "domains":
        raise ValueError(
            f"{os.fspath(path)!r} is a model of several domains; load it with "
            "RadialGANSynthesizer.load, or use the commands of synthwgan radial"
        )
    lacking = _CONTENT_KEYS - set(content if isinstance(content, dict) else ())
    if lacking:
        raise ValueError(not_a_model(path, f"it lacks {sorted(lacking)}"))


def _load_networks(
    layout: Layout,
    config: TrainingConfig,
    content: dict[str, Any],
    arrays: dict[str, np.ndarray],
    device: torch.device,
) -> tuple[Sampler, ConditionalSampler | None, nn.Module]:
    head = OutputHead(layout, config.couple_columns).to(device)
    marginals, knots, conditional_knots, slice_means = (
        torch.from_numpy(np.array(arrays[name])).to(device) if name in arrays else None
        for name in ("marginals", "value_knots", "conditional_value_knots", "slice_means")
    )
    networks = build_networks(head, marginals, config, seed=0)
    generator = networks["generator"]
    sampler = Sampler(generator, head, generator.latent_dim, marginals, knots)
    conditional = None
    if content["conditional"] is not None:
        told = add_context(networks, config, seed=0)
        conditional = ConditionalSampler(
            told["generator"],
            told["head"],
            generator.latent_dim,
            marginals,
            conditional_knots,
            targets=None if slice_means is None else SliceTargets(slice_means),
        )
    load_module_arrays(_modules(sampler, conditional, networks["critic"]), arrays)
    return sampler, conditional, networks["critic"]


def _load_rejection(
    path: str | os.PathLike, layout: Layout, content: dict[str, Any], arrays: dict[str, np.ndarray]
) -> Rejection:
    try:
        return Rejection.from_state(layout, content["rejection"], arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(not_a_model(path, f"of its rejection: {error}")) from error


def _modules(
    sampler: Sampler, conditional: ConditionalSampler | None, critic: nn.Module
) -> dict[str, nn.Module]:
    modules = {"generator": sampler.generator, "critic": critic, "head": sampler.head}
    if conditional is not None:
        modules["conditional_generator"] = conditional.generator
        modules["conditional_head"] = conditional.head
    return modules


def pack_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the constructor's parameters as JSON.

    A random state that is no number becomes the default, and functions are left out.
    """
    if not isinstance(parameters["random_state"], numbers.Integral):
        parameters["random_state"] = None
    if parameters["column_kinds"] is not None:
        parameters["column_kinds"] = tuple(parameters["column_kinds"].items())
    return {
        name: COMPONENTS[name].pack(value)
        if name in COMPONENTS
        else to_jsonable(tuple(value) if isinstance(value, list) else value)
        for name, value in parameters.items()
    }


def unpack_parameters(
    packed: dict[str, Any], own: Mapping[str, Callable | None] | None = None
) -> dict[str, Any]:
    """Rebuild parameters from `pack_parameters`; an optimizer of one's own becomes the default."""
    own = {} if own is None else own
    parameters = {
        name: COMPONENTS[name].unpack(value, own.get(name, "auto"))
        if name in COMPONENTS
        else from_jsonable(value)
        for name, value in packed.items()
    }
    if parameters["column_kinds"] is not None:
        parameters["column_kinds"] = dict(parameters["column_kinds"])
    return parameters


def write_model(path: str | os.PathLike, content: dict[str, Any], arrays: dict) -> None:
    """Write a model file, whole or not at all.

    Parameters
    ----------
    path : path
        Where to; an existing file is replaced only when the new one is complete.
    content : dict
        JSON-ready description.
    arrays : dict of str to ndarray
        Weights and other arrays.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before stays.
    """
    from safetensors.numpy import save

    from synthwgan.io import atomic_path

    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header = {
        "format": FORMAT_NAME,
        "digest": digest(arrays),
        "format_version": str(FORMAT_VERSION),
        "content": json.dumps(content, allow_nan=False, default=_plain_number),
    }
    payload = save(arrays, header)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(payload)


def digest(arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of all arrays: a bit that turned over in one would be sampled from unseen."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _plain_number(value: Any) -> Any:
    """Python's number for one of numpy's, which parameter searches hand out."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot save {value!r} of type {type(value).__name__}")


def read_model(path: str | os.PathLike) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a model file; nothing in it is ever executed.

    Returns
    -------
    content : dict
        The description that was written.
    arrays : dict of str to ndarray
        The arrays that were written.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated, no model of ours, or of a newer format.
    """
    from safetensors import SafetensorError, safe_open

    from synthwgan.io import SUFFIXES

    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no model file at {path!r}")
    if path.endswith(SUFFIXES):
        raise ValueError(
            f"{path!r} is a table; give the file that save() or 'synthwgan fit ... -o' wrote"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            _check_header(path, header)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header["digest"] != digest(arrays):
            raise ValueError(not_a_model(path, "its arrays are damaged"))
        return json.loads(header["content"]), arrays
    except (SafetensorError, json.JSONDecodeError, KeyError) as error:
        raise ValueError(not_a_model(path, error)) from error


def not_a_model(path: str | os.PathLike, reason: Any) -> str:
    """Say in words that a file cannot be read, and why."""
    return (
        f"{os.fspath(path)!r} is truncated or not a model file ({reason}); "
        "fit and save the model again"
    )


def _check_header(path: str, header: dict[str, str]) -> None:
    if header.get("format") != FORMAT_NAME:
        raise ValueError(f"{path!r} is a safetensors file, but not a synthwgan model")
    version = header["format_version"]
    if not version.isdecimal():
        raise ValueError(not_a_model(path, f"its format version is {version!r}"))
    if int(version) < FORMAT_VERSION:
        raise ValueError(
            f"{path!r} has model format {version}, older than {FORMAT_VERSION}, which this version "
            "of synthwgan reads; fit and save the model again"
        )
    if int(version) > FORMAT_VERSION:
        raise ValueError(
            f"{path!r} has model format {version}, newer than {FORMAT_VERSION}, the newest that "
            "this version of synthwgan reads; upgrade synthwgan to load it"
        )
