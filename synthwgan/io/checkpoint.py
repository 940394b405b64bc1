"""The file of a checkpoint: a file as those of models are, safe to read and whole or not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from synthwgan.io.model import CHECKPOINT, HOLDS, in_words, read_file, refusing, write_model
from synthwgan.parameters import Constraint
from synthwgan.table.checks import check_state, expect


def write_checkpoint(
    path: str | os.PathLike, content: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Write a checkpoint, whole or not at all; see `write_model`."""
    write_model(path, {"kind": CHECKPOINT, **content}, arrays)


def read_checkpoint(
    path: str | os.PathLike, fields: Mapping[str, Constraint]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a checkpoint; nothing in it is ever executed.

    Parameters
    ----------
    path : path
        The file.
    fields : mapping of str to Constraint
        What its description must say.

    Raises
    ------
    ValueError
        If it is truncated, damaged, or something else.
    """
    content, arrays = read_file(path, not_a_checkpoint)
    with refusing_checkpoint(path):
        expect(isinstance(content, dict), "its description is none")
        kind = content.pop("kind", None)
        expect(kind not in HOLDS or kind == CHECKPOINT, "it is a model")
        check_state("its description", content if kind == CHECKPOINT else None, fields)
    return content, arrays


def refusing_checkpoint(path: str | os.PathLike) -> AbstractContextManager[None]:
    """Turn whatever goes wrong in using a checkpoint into one error that names the file."""
    return refusing(path, not_a_checkpoint)


def not_a_checkpoint(path: str | os.PathLike, reason: Any) -> str:
    """Say in words that a file cannot be gone on from, and what to do."""
    return (
        f"{os.fspath(path)!r} is truncated or no checkpoint ({in_words(reason)}); delete it, or "
        "give another name, and fit begins anew"
    )
