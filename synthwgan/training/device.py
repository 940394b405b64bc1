"""Which device to train on, and in which precision."""

from __future__ import annotations

import torch


def resolve_device(device: str) -> torch.device:
    """Turn a ``device`` parameter into a torch device.

    Parameters
    ----------
    device : str
        ``"auto"`` (CUDA, then MPS, then CPU) or any name that torch knows.

    Raises
    ------
    ValueError
        If torch does not know the name or this machine lacks the device.
    """
    if device == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        resolved = torch.device(device)
        torch.zeros(1, device=resolved).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        here = ["auto", "cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
        here += ["mps"] * torch.backends.mps.is_available()
        raise ValueError(
            f"device {device!r} cannot be used here; there is {', '.join(map(repr, here))}"
        ) from error
    return resolved


def resolve_precision(precision: str, device: torch.device) -> str:
    """Turn a ``precision`` parameter into that of the matrix products.

    ``"auto"`` takes bfloat16 where the hardware multiplies it faster: CPUs with AMX or
    AVX512-BF16, NVIDIA GPUs since Ampere. It is decided by what the hardware has, not by a
    timing, so that the same machine always trains the same model.
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        fast = torch.cuda.get_device_capability(device) >= (8, 0)
    elif device.type == "cpu":
        features = getattr(torch.cpu, "get_capabilities", dict)()
        fast = features.get("amx_bf16", False) or features.get("avx512_bf16", False)
    else:
        fast = False
    return "bfloat16" if fast else "float32"
