"""Synthetic rows as a folder of files, each of which is drawn by itself."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import platform
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch

from synthwgan.conditions.rows import TableRows
from synthwgan.conditions.wishes import SETS, listed
from synthwgan.io.tables import TableWriter, write_text
from synthwgan.provenance import marked
from synthwgan.randomness import RandomState, draw_seeds
from synthwgan.table import TableTransformer
from synthwgan.table.cluster import as_they_end, check_client
from synthwgan.table.columns.lifelike import LifelikeTransformer
from synthwgan.table.law import Law

# What a folder says of itself; readers of Parquet folders leave such names out.
PLAN_FILE = "_synthetic.json"
ROWS_PER_PART = 500_000
CHUNK_ROWS = 50_000
# Letters of an option that a plan shows.
_SHOWN = 200


class Model(Protocol):
    """What is asked of a fitted synthesizer."""

    transformer_: TableTransformer
    digest_: Any

    def _rows(self, seeds: list[int], truncation: float | None = None) -> TableRows: ...


@dataclass(frozen=True)
class PartsPlan:
    """What a folder of parts is to hold.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    rows_per_part : int
        Rows of a part; the last one has the rest.
    options : dict
        ``conditions``, ``on_rare`` and ``truncation``, see `BaseSynthesizer.sample`.
    mark : str or None
        Name of a column that says of each row that it is synthetic.
    """

    n_rows: int
    rows_per_part: int
    options: dict[str, Any]
    mark: str | None = None

    @property
    def n_parts(self) -> int:
        """Number of parts."""
        return -(-self.n_rows // self.rows_per_part)

    def rows_of(self, part: int) -> int:
        """Return the number of rows of a part."""
        return min(self.rows_per_part, self.n_rows - part * self.rows_per_part)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON, in which options are texts that say all that they are."""
        own = {name: _in_words(value) for name, value in self.options.items() if value is not None}
        sizes = {"rows": self.n_rows, "rows_per_part": self.rows_per_part}
        return {**sizes, "options": own, "mark": self.mark}


def _in_words(option: Any) -> str:
    """Return a text that is the same in each process for equal options, and for no others.

    Of a long one it is the beginning, and a digest of all.
    """
    text = _spelled(option)
    if len(text) <= _SHOWN:
        return text
    return f"{text[:_SHOWN]}... (SHA-256 {hashlib.sha256(text.encode()).hexdigest()})"


def _spelled(option: Any) -> str:
    """Do what `_in_words` does at any length: pandas and NumPy abbreviate what is long."""
    if isinstance(option, Mapping):
        pairs = (f"{_spelled(name)}: {_spelled(own)}" for name, own in option.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(option, tuple):
        return f"({', '.join(map(_spelled, option))})"
    if isinstance(option, SETS):
        return f"[{', '.join(map(_spelled, listed(option)))}]"
    # NumPy's numbers stand for Python's; its moments would lose their unit.
    is_plain = isinstance(option, np.generic) and option.dtype.kind not in "mM"
    return repr(option.item() if is_plain else option)


def write_parts(
    model: Model,
    path: str | os.PathLike[str],
    plan: PartsPlan,
    n_jobs: int,
    random_state: RandomState,
    advance: Callable[[int], object] = lambda n_rows: None,
    client: Any = None,
) -> None:
    """Write the missing parts of a folder; see `BaseSynthesizer.sample_to`.

    Parameters
    ----------
    model : Model
    path : path
    plan : PartsPlan
    n_jobs, random_state
        As there.
    advance : callable, optional
        Called with the number of rows of each part that is there.
    client : dask.distributed.Client, optional
        As there.
    """
    if client is not None:
        check_client(client)
        if n_jobs != 1:
            raise ValueError(
                f"n_jobs={n_jobs} are processes of this machine, and client a cluster: pass one of "
                "both"
            )
    _check_keys(model, plan.n_rows)
    _check_options(model, plan.options)
    folder = _made(Path(path))
    is_new = not (folder / PLAN_FILE).exists()
    seed = _begun(folder, plan, model.digest_, random_state)
    lacking = []
    for part in range(plan.n_parts):
        if (folder / _name(part)).exists():
            advance(plan.rows_of(part))
        else:
            lacking.append(part)
    # Workers of a cluster may have been started in another folder.
    drawer = _Drawer(model, folder if client is None else folder.absolute(), plan, seed)
    try:
        for n_rows in _written(drawer, lacking, n_jobs, client):
            advance(n_rows)
    except BaseException:
        # A worker of a cluster may still be writing a part, which nobody could go on from then.
        if (
            is_new
            and client is None
            and not any((folder / _name(part)).exists() for part in lacking)
        ):
            (folder / PLAN_FILE).unlink()
        raise
    _remove_unfinished(folder)


def _written(drawer: _Drawer, parts: list[int], n_jobs: int, client: Any) -> Iterator[int]:
    """Write parts, here or elsewhere, and yield the number of rows of each that is there."""
    if client is not None:
        again = f"the parts in {drawer.folder} are whole: call it again to go on, with more memory"
        return as_they_end(client, drawer.write_elsewhere, parts, again)
    n_jobs = min(len(parts), (os.cpu_count() or 1) if n_jobs < 0 else n_jobs)
    if n_jobs <= 1:
        return map(drawer.write, parts)
    return _in_processes(drawer, parts, n_jobs)


def _made(folder: Path) -> Path:
    """Return a folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise NotADirectoryError(f"{folder} is a file, or below one: name a new folder") from error
    except OSError as error:
        raise type(error)(
            f"the folder {folder} cannot be made ({error.strerror}): name another one"
        ) from error
    return folder


def _name(part: int) -> str:
    return f"part-{part:05d}.parquet"


def _check_keys(model: Model, n_rows: int) -> None:
    """Raise if rows that are drawn apart could break a key, or keys are too few."""
    law = Law(model.transformer_.reduction_)
    law.check_room(n_rows)
    for rule in law.keys:
        columns = [law.column_of(name) for name in rule.columns]
        if not any(_is_dealt(column) for column in columns):
            raise ValueError(
                f"rule '{rule}' is about all rows together, but parts are drawn apart: write the "
                "rows of sample_iter, or fit without the rule"
            )


def _check_options(model: Model, options: Mapping[str, Any]) -> None:
    """Raise if no part could be drawn so, before a folder says that it is to hold such rows."""
    rows = model._rows([0, 0], options["truncation"])
    if options["conditions"] is not None:
        rows.reader.groups(options["conditions"])


def _is_dealt(column: Any) -> bool:
    """Whether a column has its values in shares, so that no two parts have one in common."""
    if column.in_features or column.repeats:
        return False
    # Lifelike texts are no numbered candidates: each part makes up its own.
    return not isinstance(column, LifelikeTransformer) or column.is_marked


def _begun(folder: Path, plan: PartsPlan, model: str, random_state: RandomState) -> int:
    """Return the seed of a folder's rows, after writing down what it is to hold."""
    file, wanted = folder / PLAN_FILE, {"model": model, **plan.to_dict()}
    if not file.exists():
        others = sorted(entry.name for entry in folder.iterdir() if entry.name[0] != ".")
        if others:
            raise ValueError(
                f"{folder} holds {others[0]!r} and no rows that this could go on with: name a new "
                "folder"
            )
        seed = draw_seeds(random_state, 1)[0]
        write_text(file, json.dumps({**wanted, "seed": seed}, indent=2))
        return seed
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        seed = found.pop("seed")
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{file} is damaged: remove the folder, or name a new one") from error
    if random_state is not None and draw_seeds(random_state, 1)[0] != seed:
        found["random_state"], wanted["random_state"] = "another", "this"
    for name in [*wanted, "random_state"]:
        if found.get(name) != wanted.get(name):
            raise ValueError(
                f"{folder} was begun with {name} {found.get(name)!r} and not {wanted.get(name)!r}: "
                "go on with the same arguments and model, or name a new folder"
            )
    _remove_unfinished(folder)
    return seed


def _remove_unfinished(folder: Path) -> None:
    """Remove what processes left that were killed while they wrote."""
    for unfinished in folder.glob(".part-*.tmp"):
        unfinished.unlink(missing_ok=True)


class _Drawer:
    """Draws the parts of a folder, each from a seed of its own.

    Parameters
    ----------
    model : Model
    folder : Path
    plan : PartsPlan
    seed : int
    """

    def __init__(self, model: Model, folder: Path, plan: PartsPlan, seed: int) -> None:
        self.model, self.folder, self.plan, self.seed = model, folder, plan, seed

    def write(self, part: int) -> int:
        """Write a part, whole or not at all, and return its number of rows."""
        with _one_thread(), TableWriter(self.folder / _name(part)) as writer:
            for chunk in self._chunks(part):
                writer.write(chunk)
        return self.plan.rows_of(part)

    def write_elsewhere(self, part: int) -> int:
        """Do what `write` does on another machine, if the folder is there too."""
        try:
            begun = json.loads((self.folder / PLAN_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            begun = {}
        if begun.get("seed") != self.seed:
            raise RuntimeError(
                f"a worker of the Dask cluster, on {platform.node()}, does not see what is in "
                f"{self.folder}: name a folder that all machines share"
            )
        return self.write(part)

    def _chunks(self, part: int) -> Iterator[pd.DataFrame]:
        model, options = self.model, self.plan.options
        seeds = np.random.default_rng([self.seed, part]).integers(2**31 - 1, size=2).tolist()
        rows = model._rows(seeds, options["truncation"])
        share = part, self.plan.n_parts
        rows.identifiers = model.transformer_.identifier_stream(self.seed, share)
        # Files are the same whatever `set_output` says: written from frames of pandas, which know
        # all dtypes, but of an array, whose columns have no names but their numbers.
        rows.output = "default" if model.transformer_.is_array else "pandas"
        n_rows, conditions = self.plan.rows_of(part), options["conditions"]
        if conditions is None:
            chunks = rows.in_chunks(n_rows, CHUNK_ROWS)
        else:
            chunks = rows.where(conditions, n_rows, CHUNK_ROWS, options["on_rare"])
        for chunk in chunks:
            frame = chunk if isinstance(chunk, pd.DataFrame) else pd.DataFrame(chunk)
            if self.plan.mark is not None:
                frame = frame.assign(**{self.plan.mark: True})
            yield marked(frame, model.digest_, "drawn", self.seed)


# The one drawer of a process that was started for it.
_own: list[_Drawer] = []


def _take(drawer: _Drawer) -> None:
    _own[:] = [drawer]


def _write(part: int) -> int:
    return _own[0].write(part)


def _in_processes(drawer: _Drawer, parts: list[int], n_jobs: int) -> Iterator[int]:
    """Write parts in several processes; the first error ends it, and no part is left halfway."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(n_jobs, context, initializer=_take, initargs=(drawer,))
    try:
        for finished in as_completed([pool.submit(_write, part) for part in parts]):
            yield finished.result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            f"a process that drew rows died; those in {drawer.folder} are whole: call it again to "
            "go on, with fewer processes if memory was short"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


class _OneThread:
    """Lets torch have one thread, as in each of several processes: so the rows are the same.

    Threads of a worker of Dask draw at the same time: the last of them puts back what was.
    """

    def __init__(self) -> None:
        self._lock, self._n_inside, self._before = threading.Lock(), 0, 1

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if not self._n_inside:
                self._before = torch.get_num_threads()
            self._n_inside += 1
            torch.set_num_threads(1)
        try:
            yield
        finally:
            with self._lock:
                self._n_inside -= 1
                if not self._n_inside:
                    torch.set_num_threads(self._before)


_one_thread = _OneThread()
