"""What a fit will cost, known before it starts."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace

from torch import nn

from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.config import TrainingConfig
from synthwgan.training.step import TrainingStep

BYTES_PER_FLOAT = 4
# Weights, gradients, two Adam moments, the moving average and a snapshot for recovery.
COPIES_OF_WEIGHTS = 6
# Float tensors of a batch's size alive at once, as wide as the slots or the hidden layers.
ALIVE_TENSORS = 24


@dataclass(frozen=True)
class TrainingCost:
    """Size, memory and speed of a fit.

    Parameters
    ----------
    n_slots : int
        Encoded width of a row.
    n_parameters : int
        Weights of generator and critic.
    memory_mb : float
        Expected memory of training in MiB, beyond the table that was given.
    seconds_per_1000_steps : float or None
        Measured time of 1000 steps; None if not measured.
    """

    n_slots: int
    n_parameters: int
    memory_mb: float
    seconds_per_1000_steps: float | None = None

    def __str__(self) -> str:
        text = (
            f"training learns {self.n_parameters:,} weights from rows of {self.n_slots} numbers "
            f"in about {self.memory_mb:,.0f} MiB of memory"
        )
        if self.seconds_per_1000_steps is None:
            return text
        return f"{text}; 1,000 steps take {self.seconds_per_1000_steps:.1f} s"


def estimate_cost(
    layout: Layout, encoded: EncodedTable, networks: nn.Module, config: TrainingConfig
) -> TrainingCost:
    """Expected size and memory of a fit, from shapes alone."""
    n_parameters = sum(weights.numel() for weights in networks.parameters())
    widths = layout.n_slots + config.generator.width + config.critic.width
    floats = COPIES_OF_WEIGHTS * n_parameters + ALIVE_TENSORS * config.batch_size * widths
    memory = encoded.nbytes * encoded.in_memory + BYTES_PER_FLOAT * floats
    return TrainingCost(layout.n_slots, n_parameters, memory / 2**20)


def measure_cost(cost: TrainingCost, trial: TrainingStep, n_steps: int = 8) -> TrainingCost:
    """Add the time of 1000 steps: the median of a few steps of a trial, which is then thrown away.

    A mean would be off if the machine did something else for a moment.
    """
    seconds = []
    for _ in range(n_steps + 1):
        start = time.perf_counter()
        # Reading a figure waits until the device is done.
        float(trial(0.0)["wasserstein"])
        seconds.append(time.perf_counter() - start)
    # The first step also sets libraries up.
    return replace(cost, seconds_per_1000_steps=1000 * statistics.median(seconds[1:]))
