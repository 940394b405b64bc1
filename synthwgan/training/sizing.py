"""Batch size and number of steps that suit a table's number of rows."""

from __future__ import annotations

FULL_BATCH = 1000
MIN_BATCH = 32
MIN_STEPS = 100
MAX_STEPS = 8_000
# Steps at which small and mid-sized tables measured best: more of them copy rows.
STEPS_FACTOR, STEPS_EXPONENT = 3.0, 0.75
# Of these, steps of learning conditions, by networks that know whole rows already.
CONDITIONAL_SHARE = 1 / 3


def auto_batch_size(n_rows: int) -> int:
    """Batch of 1000, or half the rows of a small table, at least 32."""
    return max(MIN_BATCH, min(FULL_BATCH, n_rows // 2))


def auto_max_steps(n_rows: int) -> int:
    """Steps that suit a table: some hundred for hundreds of rows, at most 8000.

    A small table is learnt in few steps and learnt by heart in more.
    """
    return round(min(MAX_STEPS, max(MIN_STEPS, STEPS_FACTOR * n_rows**STEPS_EXPONENT)))


def auto_conditional_steps(max_steps: int) -> int:
    """Steps of learning conditions after so many of learning whole rows."""
    return max(1, round(CONDITIONAL_SHARE * max_steps))
