"""Weights of several modules as one flat dict of arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn


def module_arrays(modules: Mapping[str, nn.Module]) -> dict[str, np.ndarray]:
    """Return all weights and persistent buffers, named ``module.weight``."""
    return {
        f"{name}.{key}": tensor.detach().cpu().numpy()
        for name, module in modules.items()
        for key, tensor in module.state_dict().items()
    }


# No network that works has larger weights or batch statistics; a forged file may.
MAX_WEIGHT = 1e9


def shapes_of(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of all weights and persistent buffers."""
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


def check_weights(
    shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, np.ndarray], name: str
) -> None:
    """Raise unless arrays hold the weights of a network, which need not have been made.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        What `shapes_of` says of it.
    arrays : mapping of str to ndarray
        Its weights, named as `module_arrays` does, among any others.
    name : str
        Its name there.

    Raises
    ------
    ValueError
        If one is missing, too many, of another shape or dtype, or out of range.
    """
    prefix = f"{name}."
    found = {
        key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)
    }
    wrong = sorted(shapes.keys() ^ found.keys())
    wrong = wrong or sorted(key for key in shapes if found[key].shape != shapes[key])
    if wrong:
        raise ValueError(f"the weights of the {name} do not fit: {wrong[:3]}")
    for key, weights in found.items():
        _check_numbers(f"{name}.{key}", weights)


def _check_numbers(name: str, weights: np.ndarray) -> None:
    if name.endswith(".num_batches_tracked"):
        is_right = weights.dtype == np.int64
    else:
        low = 0.0 if name.endswith(".running_var") else -MAX_WEIGHT
        is_right = weights.dtype == np.float32 and bool(
            ((weights >= low) & (weights <= MAX_WEIGHT)).all()
        )
    if not is_right:
        raise ValueError(f"{name!r} holds numbers that are no weights")


def load_module_arrays(modules: Mapping[str, nn.Module], arrays: Mapping[str, np.ndarray]) -> None:
    """Load what `module_arrays` gave into modules of the same shapes.

    Raises
    ------
    ValueError
        If an array is missing or has another shape.
    """
    for name, module in modules.items():
        prefix = f"{name}."
        state = {
            key.removeprefix(prefix): torch.from_numpy(np.array(array))
            for key, array in arrays.items()
            if key.startswith(prefix)
        }
        try:
            module.load_state_dict(state)
        except RuntimeError as error:
            reason = str(error).partition("\n")[2]
            raise ValueError(f"the weights of the {name} do not fit: {reason}") from error
