"""Which of several processes this one is, and how many there are."""

from __future__ import annotations

import os
import sys

# What each of them is told, also by other launchers.
_TOLD = {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}


def launched() -> tuple[int, int]:
    """Return the number of this process, from 0 on, and how many a launcher started together.

    The launcher is ``torchrun`` or its like.
    """
    if os.environ.keys() >= _TOLD:
        return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    return 0, 1


def n_processes() -> int:
    """Return how many processes belong together.

    Those of torch's process group, if the program made one, else those that were launched.
    """
    # Without torch there is no group of it, so nobody has to import it to ask.
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size()
    return launched()[1]
