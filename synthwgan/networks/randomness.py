"""A user's own networks know torch's global random state only: it is lent to them and put back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

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
