"""Whether torchrun started this command, with others; told without importing torch."""

from __future__ import annotations

import os


def processes() -> tuple[int, int]:
    """Return the number of this process, from 0 on, and how many there are."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return 0, 1
    return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


def refuse_several(command: str | None) -> None:
    """Raise if several processes were started for a command that is work for one.

    Raises
    ------
    ValueError
        If it is not the training of one table.
    """
    if command != "fit" and processes()[1] > 1:
        raise ValueError(
            f"only fit trains in several processes; start {command or 'it'} without torchrun"
        )
