"""Encoded rows on a disk instead of in memory."""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile, gettempdir
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.layout import EncodedTable, Layout

# Rows that are read here and there before their memory is given back: with each comes a page or
# some, so that half a gigabyte at most is held.
MAX_TOUCHED = 2**12


@dataclass(frozen=True)
class CachedTable(EncodedTable):
    """A table whose arrays are files that look like memory.

    What is read of them counts as the process's memory until it is given back, though the
    operating system would take it when it is needed. So it is given back now and then.
    """

    in_memory: ClassVar[bool] = False
    maps: tuple[Any, ...] = ()
    _touched: list[int] = field(default_factory=lambda: [0])

    def touched(self, n_rows: int) -> None:
        self._touched[0] += n_rows
        if self._touched[0] >= MAX_TOUCHED:
            self.release()

    def release(self) -> None:
        self._touched[0] = 0
        advice = getattr(mmap, "MADV_DONTNEED", None)
        for each in self.maps if advice is not None else ():
            each.madvise(advice)


def cached(
    parts: Iterable[EncodedTable], layout: Layout, folder: str | os.PathLike[str] | None
) -> EncodedTable:
    """Write encoded rows to files, and return them as a table.

    The files have no names: the operating system removes them when nobody uses the table any more,
    and when the process ends, however it does.

    Parameters
    ----------
    parts : iterable of EncodedTable
        The rows, in order.
    layout : Layout
    folder : path or None
        Where the files are; None takes the folder for temporary files.

    Raises
    ------
    OSError
        If the folder does not exist, may not be written to, or is full.
    """
    n_rows = 0
    with TemporaryFile(dir=folder) as codes, TemporaryFile(dir=folder) as values:
        for part in parts:
            with _full_disk_explained(folder):
                codes.write(np.ascontiguousarray(part.codes))
                values.write(np.ascontiguousarray(part.values))
                codes.flush()
                values.flush()
            n_rows += len(part)
        own_codes, of_codes = _mapped(codes, (n_rows, layout.n_blocks), layout.code_dtype)
        own_values, of_values = _mapped(values, (n_rows, layout.n_values), np.dtype(np.float32))
    return CachedTable(own_codes, own_values, maps=(*of_codes, *of_values))


@contextmanager
def _full_disk_explained(folder: str | os.PathLike[str] | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise OSError(
            error.errno,
            f"no space left in {os.fspath(folder or gettempdir())} for the encoded table; "
            "free some space, or name another folder with cache_dir",
        ) from error


def _mapped(file: Any, shape: tuple[int, int], dtype: np.dtype) -> tuple[np.ndarray, list[Any]]:
    if not shape[0] * shape[1]:
        return np.zeros(shape, dtype=dtype), []
    # Private, so that it can be written to as torch wants it; nobody does.
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return np.frombuffer(mapped, dtype=dtype).reshape(shape), [mapped]
