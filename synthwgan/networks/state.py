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
            raise ValueError(f"the weights of the {name} do not fit: {error}") from error
