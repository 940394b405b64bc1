"""The file of a model: arrays in safetensors, everything else as JSON in its header.

Nothing in a file is called or imported, whatever it says, and a file that is damaged is refused:
a digest covers arrays and JSON alike. What a file says with the right digest is checked where it is
read, before anything is made of it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from synthwgan.parameters import Constraint
from synthwgan.table.checks import check_state

FORMAT_NAME = "synthwgan"
FORMAT_VERSION = 9
# Which of the package's models a file holds, and what loads it.
TABLE, DOMAINS, PRIVATE = "table", "domains", "private"
CHECKPOINT = "checkpoint"
HOLDS = {
    TABLE: "is no model of several domains; load it with WGANGPSynthesizer.load",
    DOMAINS: (
        "is a model of several domains; load it with RadialGANSynthesizer.load, or use the "
        "commands of synthwgan radial"
    ),
    PRIVATE: (
        "is a differentially private model; load it with PrivateSynthesizer.load, or use the "
        "commands of synthwgan private"
    ),
    CHECKPOINT: (
        "is a checkpoint, of a fit that has not ended: go on with fit(X, checkpoint=...) or "
        "'synthwgan fit ... --checkpoint', and save the model"
    ),
}
_MAX_REASON = 300
# Says of a file, for a reason or an error, that it cannot be read.
Explain = Callable[[str | os.PathLike, Any], str]


def write_model(path: str | os.PathLike, content: dict[str, Any], arrays: dict) -> None:
    """Write a model file, whole or not at all.

    Parameters
    ----------
    path : path
        Where to; an existing file is replaced only when the new one is complete.
    content : dict
        JSON-ready description.
    arrays : dict of str to ndarray
        Weights and other arrays.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before stays.
    """
    from safetensors.numpy import save

    from synthwgan.io.tables import atomic_path

    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(content, allow_nan=False, default=plain_number)
    header = {
        "format": FORMAT_NAME,
        "digest": digest(text, arrays),
        "format_version": str(FORMAT_VERSION),
        "content": text,
    }
    payload = save(arrays, header)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(payload)


def digest(content: str, arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of the JSON and all arrays: a bit that turned over would be sampled from unseen."""
    found = hashlib.sha256(content.encode("utf-8", "surrogatepass"))
    for name in sorted(arrays):
        array = arrays[name]
        found.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def plain_number(value: Any) -> Any:
    """Python's number for one of numpy's, which parameter searches hand out."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"cannot save {value!r} of type {type(value).__name__}")


def read_model(
    path: str | os.PathLike, kind: str, fields: Mapping[str, Constraint]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a model file; nothing in it is ever executed.

    Parameters
    ----------
    path : path
        The file.
    kind : str
        Which model it must hold: `TABLE`, `DOMAINS` or `PRIVATE`.
    fields : mapping of str to Constraint
        What its description must say, beside the kind.

    Returns
    -------
    content : dict
        The description that was written.
    arrays : dict of str to ndarray
        The arrays that were written; all their numbers are finite.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is truncated or damaged, no such model, or of another format.
    """
    content, arrays = read_file(path)
    found = content.pop("kind", None) if isinstance(content, dict) else None
    if found != kind and isinstance(found, str) and found in HOLDS:
        raise ValueError(f"{os.fspath(path)!r} {HOLDS[found]}")
    with refusing(path):
        check_state("its description", content if found == kind else None, fields)
        for name, array in arrays.items():
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ValueError(f"the array {name!r} holds numbers that are not finite")
    return content, arrays


def kind_of(path: str | os.PathLike) -> str | None:
    """Return which model a file says that it holds, None if it says none; arrays are not read."""
    from safetensors import safe_open

    try:
        with refusing(path), safe_open(path, framework="numpy") as file:
            content = json.loads((file.metadata() or {}).get("content", ""))
    except ValueError:
        return None
    kind = content.get("kind") if isinstance(content, dict) else None
    return kind if isinstance(kind, str) else None


def read_file(
    path: str | os.PathLike, explain: Explain | None = None
) -> tuple[Any, dict[str, np.ndarray]]:
    """Read what is in a model file of any kind, if it is whole; see `read_model`."""
    explain = not_a_model if explain is None else explain
    from safetensors import SafetensorError, safe_open

    from synthwgan.io.formats import is_table_name

    path = os.fspath(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"no model file at {path!r}")
    if is_table_name(path):
        raise ValueError(
            f"{path!r} is a table; give the file that save() or 'synthwgan fit ... -o' wrote"
        )
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            _check_header(path, header)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError, AttributeError, KeyError) as error:
        # The reader knows types that numpy has not.
        raise ValueError(explain(path, error)) from error
    if header.get("digest") != digest(header.get("content", ""), arrays):
        raise ValueError(explain(path, "it is damaged: its digest is that of another content"))
    with refusing(path, explain):
        content = json.loads(
            header.get("content", ""), parse_float=_finite, parse_constant=_refuse_constant
        )
    return content, arrays


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


@contextmanager
def refusing(path: str | os.PathLike, explain: Explain | None = None) -> Iterator[None]:
    """Turn whatever goes wrong in making a model of a file into one error that names the file.

    Each reader checks what it reads; this is for what none of them has thought of.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError((explain or not_a_model)(path, error)) from error


def not_a_model(path: str | os.PathLike, reason: Any) -> str:
    """Say in words that a file cannot be read, and why."""
    return (
        f"{os.fspath(path)!r} is truncated or not a model file ({in_words(reason)}); "
        "fit and save the model again"
    )


def in_words(reason: Any) -> str:
    """Return a reason, or the message of an error, in one line of some length at most."""
    text = " ".join(str(reason).split())
    if isinstance(reason, Exception) and not isinstance(reason, ValueError | TypeError):
        text = f"{type(reason).__name__}: {text}"
    return f"{text[:_MAX_REASON]}..." if len(text) > _MAX_REASON else text


def _check_header(path: str, header: dict[str, str]) -> None:
    if header.get("format") != FORMAT_NAME:
        raise ValueError(f"{path!r} is a safetensors file, but not a synthwgan model")
    version = header.get("format_version", "")
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise ValueError(not_a_model(path, f"its format version is {version[:20]!r}"))
    if int(version) < FORMAT_VERSION:
        raise ValueError(
            f"{path!r} has model format {version}, older than {FORMAT_VERSION}, which this version "
            "of synthwgan reads; fit and save the model again"
        )
    if int(version) > FORMAT_VERSION:
        raise ValueError(
            f"{path!r} has model format {version}, newer than {FORMAT_VERSION}, the newest that "
            "this version of synthwgan reads; upgrade synthwgan to load it"
        )
