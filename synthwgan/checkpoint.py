"""A fit that can be ended at any time: its checkpoint file, and whether it belongs to this fit."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from synthwgan.fitted import unpack_parameter
from synthwgan.io import check_writable
from synthwgan.io.checkpoint import read_checkpoint, refusing_checkpoint, write_checkpoint
from synthwgan.io.formats import is_table_name
from synthwgan.io.model import digest, plain_number
from synthwgan.io.tables import leftovers
from synthwgan.parameters import Number
from synthwgan.table import TableTransformer
from synthwgan.table.checks import COUNT, STATE, TEXT, ListOf, MappingOf, check_state
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.layout import EncodedTable
from synthwgan.table.storage.jsonable import split_arrays
from synthwgan.training.callbacks import tell
from synthwgan.training.checkpoint import Checkpoints
from synthwgan.training.checks import SECONDS
from synthwgan.training.ranks import ALONE, Ranks
from synthwgan.warn import warn

_SEED = Number(0, 2**31 - 1, integer=True)
_CONTENT = {
    "versions": MappingOf(TEXT),
    "parameters": STATE,
    "threads": COUNT,
    "seeds": ListOf(_SEED),
    "table": STATE,
    "phases": STATE,
    "seconds": SECONDS,
}
_TABLE = {"n_rows": COUNT, "columns": MappingOf(TEXT), "encoding": TEXT, "rows": TEXT}
# What changes no weight; the machine is compared by what it is, and not by what was asked for.
_NOT_COMPARED = ("verbose", "device", "precision")
_SHOWN = 3
_ROWS_AT_ONCE = 2**16
_ANEW = "delete the file, or give another name, to begin anew"


class Checkpoint:
    """Where `fit` keeps all that it needs to go on, should it be ended, and how often.

    Parameters
    ----------
    path : path
        The file; by custom it ends in ``.ckpt``. If it exists, `fit` goes on from it.
    every : float, default 60.0
        Seconds from one write to the next. The first comes within the first steps.

    Attributes
    ----------
    is_complete : bool
        Whether the last `fit` with it came to its end. The file is not needed any more
        once the model is saved.

    Examples
    --------
    >>> from synthwgan import Checkpoint, WGANGPSynthesizer
    >>> checkpoint = Checkpoint("fit.ckpt", every=300)
    >>> model = WGANGPSynthesizer(random_state=0)  # model.fit(df, checkpoint=checkpoint)
    >>> Checkpoint("fit.ckpt", every=-1)
    Traceback (most recent call last):
        ...
    ValueError: every must be a number >= 0, got -1
    """

    def __init__(self, path: str | os.PathLike, *, every: float = 60.0) -> None:
        if not isinstance(path, str | os.PathLike):
            raise TypeError(f"checkpoint must be a path or a Checkpoint, got {path!r}")
        allowed = Number(0)
        if not allowed.allows(every):
            raise ValueError(f"every must be {allowed}, got {every!r}")
        self.path, self.every = path, every
        self.is_complete = False


class KeptFit:
    """A fit beside its checkpoint: what the file says, and what is written to it.

    Parameters
    ----------
    checkpoint : str, path or Checkpoint
        The file.
    packed : dict
        All that the model depends on, parameters of the estimator above all, as JSON.
    verbose : int
        From 1 on, it is shown from where the fit goes on.
    device : torch.device
        Where it is trained.
    precision : str
        Of the matrix products.
    ranks : Ranks, optional
        The processes that train together; only the first reads and writes the file.
    unpack : callable, optional
        Called with a name, what was packed by it, and what stands for a function of the user's own;
        returns what the user wrote.

    Raises
    ------
    OSError
        If the file could not be written.
    ValueError
        If there is one that is no checkpoint, or one of other parameters or another version.
    """

    def __init__(
        self,
        checkpoint: str | os.PathLike | Checkpoint,
        packed: Mapping[str, Any],
        verbose: int,
        device: torch.device,
        precision: str,
        ranks: Ranks = ALONE,
        unpack: Callable[[str, Any, Any], Any] = unpack_parameter,
    ) -> None:
        is_one = isinstance(checkpoint, Checkpoint)
        self.checkpoint = checkpoint if is_one else Checkpoint(checkpoint)
        self.checkpoint.is_complete = False
        self.path, self.verbose = os.fspath(self.checkpoint.path), verbose
        if is_table_name(self.path):
            raise ValueError(
                f"{self.path!r} is the name of a table; let the checkpoint end in .ckpt"
            )
        self._ranks, self._unpack = ranks, unpack
        if ranks.is_first:
            check_writable(self.path)
            for rest in leftovers(self.path):
                rest.unlink(missing_ok=True)
        compared = {name: packed[name] for name in packed if name not in _NOT_COMPARED}
        self.content: dict[str, Any] = {
            "versions": {name: version(name) for name in ("synthwgan", "torch")},
            "parameters": compared
            | {"device": device.type, "precision": precision, "processes": ranks.size},
            "threads": torch.get_num_threads(),
        }
        self.content = json.loads(json.dumps(self.content, default=plain_number))
        self.checkpoints = Checkpoints(
            self._write, self._refusing, self.checkpoint.every, self._report, self._warn
        )
        found, arrays = None, {}
        if ranks.is_first and os.path.exists(self.path):
            found, arrays = read_checkpoint(self.path, _CONTENT)
        self._found: dict[str, Any] | None
        self._found, arrays = ranks.share(found, arrays)
        if self._found is not None:
            with self._refusing():
                check_state("its table", self._found["table"], _TABLE)
                self.checkpoints.load(self._found["phases"], arrays, self._found["seconds"])
            self._compare(self._found)

    def seeds(self, drawn: Sequence[int]) -> list[int]:
        """Return the seeds that the fit began with: those just drawn, if it begins here."""
        seeds = list(drawn) if self._found is None else self._found["seeds"]
        if len(seeds) != len(drawn):
            with self._refusing():
                raise ValueError(f"it has {len(seeds)} seeds")
        self.content["seeds"] = seeds
        return seeds

    def start(self, table: dict[str, Any]) -> Checkpoints:
        """Compare the table, and let the seconds run; return what the training keeps.

        Parameters
        ----------
        table : dict
            From `describe` or `describe_table`.

        Raises
        ------
        ValueError
            If the checkpoint is of another table.
        """
        self.content["table"] = table
        if self._found is not None and self._found["table"] != table:
            raise ValueError(
                f"{self.path!r} is of another table: {_difference(self._found['table'], table)}. "
                f"Fit that one, or {_ANEW}."
            )
        self.checkpoints.start()
        return self.checkpoints

    def _compare(self, content: dict[str, Any]) -> None:
        """Refuse the checkpoint of other parameters or versions."""
        found, own = content["versions"], self.content["versions"]
        if found != own:
            raise ValueError(
                f"{self.path!r} was written by {_listed(found)}, and this is {_listed(own)}, which "
                f"could end with another model. Install what it was written by, or {_ANEW}."
            )
        found, own = content["parameters"], self.content["parameters"]
        others = [name for name in {**own, **found} if found.get(name) != own.get(name)]
        if others:
            pairs = [
                f"{name}={self._written(name, found)}, not {self._written(name, own)}"
                for name in others
            ]
            raise ValueError(
                f"{self.path!r} is of a fit with {'; '.join(pairs)}. Set these as they were, or "
                f"{_ANEW}."
            )
        if content["threads"] != self.content["threads"]:
            warn(
                f"{self.path!r} was written with {content['threads']} threads of torch, and "
                f"there are {self.content['threads']} now: the last digits of the model may be "
                "others than those of a fit that was never ended."
            )

    def _written(self, name: str, packed: Mapping[str, Any]) -> str:
        """Return a parameter as a user writes it, in one line."""
        with self._refusing():
            value = self._unpack(name, packed.get(name), _OwnFunction())
        return " ".join(repr(value).split())

    def _write(self, content: dict[str, Any], arrays: dict[str, Any]) -> None:
        if not self._ranks.is_first:
            return
        write_checkpoint(self.path, self.content | content, arrays)
        tell(f"checkpoint in {self.path}", verbose=0)

    def _refusing(self) -> Any:
        return refusing_checkpoint(self.path)

    def _report(self, line: str) -> None:
        tell(f"{self.path}: {line}", self.verbose)

    def _warn(self, error: OSError) -> None:
        warn(
            f"the checkpoint could not be written ({error}); training goes on without it, and an "
            "older one stays as it was."
        )


class _OwnFunction:
    """Stands in a message for a function, which no file holds."""

    def __call__(self) -> None:
        """It is never called."""

    def __repr__(self) -> str:
        return "a function of your own"


def check_agreement(
    ranks: Ranks,
    packed: Mapping[str, Any],
    transformer: TableTransformer,
    encoded: EncodedTable,
) -> None:
    """Raise unless all processes that train together have the same parameters and table."""
    if ranks.size == 1:
        return
    compared = [packed[name] for name in packed if name not in (*_NOT_COMPARED, "random_state")]
    ranks.agree(_crc(compared), "were given other parameters: they must all have the same")
    ranks.agree(
        _crc(describe_table(transformer, encoded)),
        "were given other tables: they must all have the same rows, in the same order",
    )


def _crc(content: Any) -> int:
    return zlib.crc32(json.dumps(content, default=plain_number).encode())


def describe_table(transformer: TableTransformer, encoded: EncodedTable) -> dict[str, Any]:
    """Return digests of a table as the networks see it, and of how it is written back."""
    named = zip(transformer.column_index_, transformer.columns_, strict=True)
    columns = {str(name): column for name, column in named}
    return describe(columns, transformer.to_state(), encoded)


def describe(
    columns: Mapping[str, ColumnTransformer],
    encoding: tuple[Any, Mapping[str, np.ndarray]],
    encoded: EncodedTable,
    more: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Return digests of what is learnt.

    Parameters
    ----------
    columns : mapping of str to ColumnTransformer
        By the name that a complaint has for it.
    encoding : tuple
        All that says how cells become numbers: JSON, and arrays.
    encoded : EncodedTable
        The rows.
    more : mapping of str to ndarray, optional
        What else is known of them.
    """
    return {
        "n_rows": len(encoded),
        "columns": {
            name: _digest(*split_arrays(column.to_dict())) for name, column in columns.items()
        },
        "encoding": _digest(*encoding),
        "rows": _digest(_digest_rows(encoded), more or {}),
    }


def _digest(state: Any, arrays: Mapping[str, Any]) -> str:
    return digest(json.dumps(state, default=plain_number), arrays)


def _digest_rows(encoded: EncodedTable) -> str:
    """Digest of all rows, some at a time: they may be more than memory holds."""
    found = hashlib.sha256(f"{encoded.codes.dtype.str} {encoded.values.dtype.str}".encode())
    for start in range(0, len(encoded), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        found.update(encoded.codes[rows].tobytes())
        found.update(encoded.values[rows].tobytes())
    return found.hexdigest()


def _difference(found: dict[str, Any], own: dict[str, Any]) -> str:
    """Say in words how the table of a checkpoint differs from another."""
    if found["n_rows"] != own["n_rows"]:
        return f"it has {found['n_rows']} rows, not {own['n_rows']}"
    if list(found["columns"]) != list(own["columns"]):
        lacking = [name for name in found["columns"] if name not in own["columns"]]
        added = [name for name in own["columns"] if name not in found["columns"]]
        if not lacking + added:
            return "its columns are in another order"
        parts = [("it has no column", added), ("this one has no column", lacking)]
        return " and ".join(_named(what, names) for what, names in parts if names)
    others = [name for name in own["columns"] if found["columns"][name] != own["columns"][name]]
    if others:
        return _named("other cells are in the column", others)
    return "its rows are others, or in another order"


def _named(what: str, names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{what} {', '.join(map(repr, names[:_SHOWN]))}{more}"


def _listed(versions: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {number}" for name, number in versions.items())
