"""Synthetic rows say that they are: which package, model and seed drew them, and when."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from synthwgan.io.base import PROVENANCE
from synthwgan.io.sql.types import SQL_TYPES
from synthwgan.randomness import RandomState

# Completed rows hold given cells, which may be those of real people.
Origin = Literal["drawn", "completed"]


def digest_of(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of a model's weights, by which rows can be traced back to it."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        found.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def marked(
    rows: Any,
    model: str,
    origin: Origin,
    random_state: RandomState,
    sql_types: Mapping[str, list] | None = None,
    **more: Any,
) -> Any:
    """Write into a frame's ``attrs`` where its rows come from.

    Of an Arrow table it is written into the metadata, as in Parquet files. Arrays and frames of
    polars have no place for it.

    Parameters
    ----------
    rows : DataFrame, Table or ndarray
        Fresh rows.
    model : str
        Digest of the model.
    origin : {"drawn", "completed"}
        Whether all cells were drawn, or some were given.
    random_state : int, Generator, RandomState or None
        The seed, if it is a number, is noted.
    sql_types : mapping of str to list, optional
        The types of a database's columns, if the fitted rows came from one.
    **more
        What else is told, JSON-able.
    """
    is_number = isinstance(random_state, int | np.integer)
    told = {
        "rows": origin,
        "package": "synthwgan",
        "version": version("synthwgan"),
        "model": model,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": int(random_state) if is_number else None,
        **more,
    }
    if isinstance(rows, pd.DataFrame):
        rows.attrs[PROVENANCE] = told
        if sql_types:
            rows.attrs[SQL_TYPES] = dict(sql_types)
    elif isinstance(rows, pa.Table):
        return rows.replace_schema_metadata({PROVENANCE: json.dumps(told)})
    return rows
