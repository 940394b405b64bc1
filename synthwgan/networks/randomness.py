"""A user's own networks know torch's global random state only: it is lent to them and put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

_LENT = threading.RLock()


@contextmanager
def global_state(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Seed torch's global random state for a block, and then put it back as it was.

    The state belongs to the whole process. So one fit at a time uses it, and fits in other
    threads wait. A user's own code in other threads may still see it seeded.

    Parameters
    ----------
    seed : int
        Its seed.
    device : torch.device or None, default None
        A device whose state counts too, beside the CPU's.
    """
    on_cuda = device is not None and device.type == "cuda"
    with _LENT, torch.random.fork_rng([device] if on_cuda else []):
        torch.default_generator.manual_seed(seed)
        if on_cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def lent_state(device: torch.device) -> dict[str, Tensor]:
    """Return the global random state, in a block in which it is lent."""
    states = {"cpu": torch.default_generator.get_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def set_lent_state(device: torch.device, states: Mapping[str, Tensor]) -> None:
    """Go back to a `lent_state`; outside of the block it is put back as it was all the same."""
    torch.default_generator.set_state(states["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(states["cuda"], device)
