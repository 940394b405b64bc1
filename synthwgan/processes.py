"""Which of several processes this one is, where ``torchrun`` or its like started them."""

from __future__ import annotations

import os

# What each of them is told, also by other launchers.
_TOLD = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}


def launched() -> tuple[int, int]:
    """Return the number of this process, from 0 on, and how many were started together."""
    if os.environ.keys() >= _TOLD:
        return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    return 0, 1
