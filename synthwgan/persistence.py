"""One model file: arrays in safetensors, everything else as JSON in its header."""

from __future__ import annotations

import json
import numbers
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from synthwgan.networks.build import build_networks
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import load_module_arrays, module_arrays
from synthwgan.sampling.sampler import Sampler
from synthwgan.table import TableTransformer
from synthwgan.table.jsonable import from_jsonable, to_jsonable
from synthwgan.training.config import TrainingConfig
from synthwgan.training.cost import TrainingCost

if TYPE_CHECKING:
    from synthwgan.synthesizer import WGANGPSynthesizer

FORMAT_NAME = "synthwgan"
FORMAT_VERSION = 1
_CONTENT_KEYS = {
    "parameters",
    "table",
    "target_name",
    "config",
    "cost",
    "n_iter",
    "fit_seconds",
    "history",
}


def save(model: WGANGPSynthesizer, path: str | os.PathLike) -> None:
    """Write a fitted synthesizer; see `WGANGPSynthesizer.save`."""
    table, arrays = model.transformer_.to_state()
    content = {
        "parameters": _pack_parameters(model.get_params(deep=False)),
        "table": table,
        "target_name": to_jsonable(model.target_name_),
        "config": asdict(model.config_),
        "cost": asdict(model.cost_),
        "n_iter": model.n_iter_,
        "fit_seconds": model.fit_seconds_,
        "history": model.history_.to_dict("list"),
    }
    knots = model.sampler_.value_knots
    if knots is not None:
        arrays = arrays | {"value_knots": knots.cpu().numpy()}
    write_model(path, content, arrays | module_arrays(_modules(model)))


def load(
    cls: type[WGANGPSynthesizer], path: str | os.PathLike, device: torch.device
) -> WGANGPSynthesizer:
    """Read what `save` wrote; see `WGANGPSynthesizer.load`."""
    content, arrays = read_model(path)
    _check_content(path, content)
    model = cls(**_unpack_parameters(content["parameters"]))
    model.transformer_ = TableTransformer.from_state(content["table"], arrays)
    model.target_name_ = from_jsonable(content["target_name"])
    model.config_ = TrainingConfig(**content["config"])
    model.cost_ = TrainingCost(**content["cost"])
    model.n_iter_, model.fit_seconds_ = content["n_iter"], content["fit_seconds"]
    model.history_ = pd.DataFrame(content["history"])
    _load_networks(model, arrays, device)
    return model


def _check_content(path: str | os.PathLike, content: Any) -> None:
    lacking = _CONTENT_KEYS - set(content if isinstance(content, dict) else ())
    if lacking:
        raise ValueError(_not_a_model(path, f"it lacks {sorted(lacking)}"))


def _load_networks(
    model: WGANGPSynthesizer, arrays: dict[str, np.ndarray], device: torch.device
) -> None:
    config = model.config_
    head = OutputHead(model.transformer_.layout_, config.temperature).to(device)
    networks = build_networks(head, torch.ones(head.layout.n_state_slots), config, seed=0)
    knots = arrays.get("value_knots")
    if knots is not None:
        knots = torch.from_numpy(np.array(knots)).to(device)
    model.sampler_ = Sampler(networks["generator"], head, config.latent_dim, knots)
    model.critic_ = networks["critic"]
    load_module_arrays(_modules(model), arrays)


def _modules(model: WGANGPSynthesizer) -> dict[str, nn.Module]:
    sampler = model.sampler_
    return {"generator": sampler.generator, "critic": model.critic_, "head": sampler.head}


def _pack_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """JSON of the constructor's parameters; a random state that is no number is left out."""
    if not isinstance(parameters["random_state"], numbers.Integral):
        parameters["random_state"] = None
    if parameters["column_kinds"] is not None:
        parameters["column_kinds"] = tuple(parameters["column_kinds"].items())
    return {
        name: to_jsonable(tuple(value) if isinstance(value, list) else value)
        for name, value in parameters.items()
    }


def _unpack_parameters(packed: dict[str, Any]) -> dict[str, Any]:
    parameters = {name: from_jsonable(value) for name, value in packed.items()}
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

    header = {
        "format": FORMAT_NAME,
        "format_version": str(FORMAT_VERSION),
        "content": json.dumps(content, allow_nan=False, default=_plain_number),
    }
    payload = save({name: np.ascontiguousarray(a) for name, a in arrays.items()}, header)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(payload)


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

    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no model file at {path!r}")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            _check_header(path, header)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return json.loads(header["content"]), arrays
    except (SafetensorError, json.JSONDecodeError, KeyError) as error:
        raise ValueError(_not_a_model(path, error)) from error


def _not_a_model(path: str | os.PathLike, reason: Any) -> str:
    return (
        f"{os.fspath(path)!r} is truncated or not a model file ({reason}); "
        "fit and save the model again"
    )


def _check_header(path: str, header: dict[str, str]) -> None:
    if header.get("format") != FORMAT_NAME:
        raise ValueError(f"{path!r} is a safetensors file, but not a synthwgan model")
    version = header["format_version"]
    if not version.isdecimal():
        raise ValueError(_not_a_model(path, f"its format version is {version!r}"))
    if int(version) > FORMAT_VERSION:
        raise ValueError(
            f"{path!r} has model format {version}, newer than {FORMAT_VERSION}, the newest that "
            "this version of synthwgan reads; upgrade synthwgan to load it"
        )
