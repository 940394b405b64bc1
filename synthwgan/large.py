"""Tables of more rows than memory, on their way to training."""

from __future__ import annotations

import os
from typing import Any

from synthwgan.io.dataset import open_dataset
from synthwgan.table import TableTransformer
from synthwgan.table.batches import as_batches
from synthwgan.table.cache import cached
from synthwgan.table.layout import EncodedTable
from synthwgan.table.target import DEFAULT_NAME


def opened(X: Any, y: Any = None) -> Any:
    """Return a table that comes in batches as such, of a path what it names; others as they are.

    Raises
    ------
    ValueError
        If it has a target apart.
    """
    if isinstance(X, os.PathLike | str):
        X = open_dataset(X)
    batches = as_batches(X)
    if batches is not None and y is not None:
        raise ValueError(
            "the target of a table in batches is one of its columns: leave y out, and put it "
            f"there, for instance as {DEFAULT_NAME!r}"
        )
    return X if batches is None else batches


def encoded_rows(
    transformer: TableTransformer,
    table: Any,
    cache_dir: str | os.PathLike[str] | None,
    *,
    random_state: int,
) -> EncodedTable:
    """Return a table as the networks learn it: in memory if it is, else on the disk."""
    batches = as_batches(table)
    if batches is None:
        return transformer.encode(table, random_state=random_state)
    parts = transformer.encode_batches(batches, random_state=random_state)
    return cached(parts, transformer.layout_, cache_dir)
