"""Read and write tables by path; every file is written whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import pandas as pd

from synthwgan.io.csv import NA_TEXTS
from synthwgan.io.formats import FORMATS, Sink

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def read_table(
    path: str | os.PathLike[str],
    texts: Collection[str] = (),
    na: Collection[str] | None = None,
) -> pd.DataFrame:
    """Read a table from a CSV or Parquet file.

    Parameters
    ----------
    path : path
        A file ending in ``.csv``, ``.csv.gz`` or ``.parquet``. CSV is UTF-8 with commas and a
        header line.
    texts : collection of str, default ()
        Columns of a CSV file whose cells stay as they are written, whatever they look like.
    na : collection of str, default None
        The texts of a CSV file that stand for a missing cell, as an empty cell always does;
        ``[]`` for empty cells only. None takes those that pandas takes, such as ``NA``, ``nan``
        and ``null``. Parquet says itself which cells are missing.

    Returns
    -------
    DataFrame
        The table. Parquet keeps dtypes, but whole numbers with missing cells are nullable
        (``Int64``); a saved index is a column like any other. In CSV, whole numbers are
        ``int64``, ``uint64`` if larger, ``Int64`` and ``UInt64`` beside missing cells, and text
        if larger still; codes such as ``007``, ``1E05`` and ``+4712345678`` are text.

    Warns
    -----
    UserWarning
        If ``NA`` is read as a missing cell in a column of two-letter codes.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If there is no such file, or it may not be read.
    TypeError
        If `na` is a text instead of a collection of them.
    ValueError
        If the suffix is unknown, or the file is a pipe, empty, truncated or no table: of CSV,
        with the line that is to blame.

    Examples
    --------
    >>> from synthwgan.io import read_table
    >>> read_table("customers.xlsx")
    Traceback (most recent call last):
        ...
    ValueError: customers.xlsx: unknown file type; supported are .csv, .csv.gz, .parquet.
    """
    path = Path(path)
    suffix = table_suffix(path)
    if isinstance(na, str):
        raise TypeError(f"na must be a collection of texts, got {na!r}; write [{na!r}].")
    _check_readable(path)
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty; a table needs a header and rows.")
    return FORMATS[suffix]().read(path, texts, NA_TEXTS if na is None else na)


class TableWriter:
    """Writes a table to a file in chunks, in constant memory.

    The rows go to a temporary file in the same folder, which takes the file's name when the
    block ends. On an error, an interrupt or a full disk the temporary file is removed, and an
    older file of that name stays as it was.

    Parameters
    ----------
    path : path
        A file ending in ``.csv``, ``.csv.gz`` or ``.parquet``; its folder must exist.

    Raises
    ------
    ValueError
        If the suffix is unknown; on writing, if a chunk does not fit the first one; at the end,
        if no chunk was written.
    OSError
        If the folder is missing, may not be written to, or is full.

    Notes
    -----
    In Parquet the first chunk fixes the schema of the whole file: numbers keep their width,
    texts, dates, time zones, durations, periods, intervals and nullable dtypes come back as they
    were, and so do categories that are texts; other categories come back as plain values, and
    moments in whole seconds as milliseconds.
    ``object`` columns are stored by content: ``Decimal`` as ``decimal128`` of 38 digits with
    the first chunk's number of decimals, ``date`` as a date, and a column that is missing
    throughout the first chunk as text. Column names become texts, as in CSV.

    Examples
    --------
    >>> import pandas as pd, tempfile, pathlib
    >>> from synthwgan.io import TableWriter, read_table
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.parquet"
    >>> with TableWriter(path) as writer:
    ...     writer.write(pd.DataFrame({"age": [31, 45]}))
    ...     writer.write(pd.DataFrame({"age": [27]}))
    >>> read_table(path)["age"].tolist()
    [31, 45, 27]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._suffix = table_suffix(self.path)
        self._columns: list | None = None

    def __enter__(self) -> TableWriter:
        """Open the temporary file."""
        with ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self.path))
            sink = FORMATS[self._suffix]().sink(temporary, self.path)
            self._sink: Sink = stack.enter_context(sink)
            self._stack = stack.pop_all()
        return self

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of a frame; all frames must have the first one's columns."""
        columns = list(frame.columns)
        if self._columns is None:
            self._columns = columns
        elif columns != self._columns:
            raise ValueError(
                f"{self.path}: every chunk must have the columns {self._columns}, got {columns}."
            )
        self._sink.write(frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the file, or remove what was written of it."""
        if kind is not None or self._columns is not None:
            self._stack.__exit__(kind, error, traceback)
            return
        with self._stack:
            raise ValueError(f"{self.path}: nothing was written, not even the columns' names.")


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path that becomes `path` when the block succeeds.

    Parameters
    ----------
    path : path
        The file to write or replace. A symbolic link stays one: the file it names is replaced.

    Yields
    ------
    Path
        An empty file in the same folder. Write it and close it inside the block; it is then
        flushed to the disk and moved to its place in one step. If the block fails, it is removed.

    Raises
    ------
    OSError
        If the folder is missing, may not be written to, or is full.
    """
    check_writable(path)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name[:64]}.{secrets.token_hex(6)}.tmp")
    try:
        with _full_disk_explained(path):
            temporary.touch(exist_ok=False)
            if target.exists():
                shutil.copymode(target, temporary)
            yield temporary
            _flush_to_disk(temporary)
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def leftovers(path: str | os.PathLike[str]) -> list[Path]:
    """Return the temporary files of `atomic_path` whose processes were killed as they wrote.

    Parameters
    ----------
    path : path
        The file that they were to become.
    """
    target = Path(os.path.realpath(path))
    pattern = f".{glob.escape(target.name[:64])}.{'[0-9a-f]' * 12}.tmp"
    return sorted(target.parent.glob(pattern))


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8, whole or not at all.

    Parameters
    ----------
    path : path
        The file to write or replace.
    text : str
        Its content.

    Raises
    ------
    OSError
        If the folder is missing, may not be written to, or is full.
    """
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise an OSError that says why a file could not be written, before work is spent on it.

    Parameters
    ----------
    path : path
        The file to write.

    Examples
    --------
    >>> from synthwgan.io import check_writable
    >>> check_writable("no-such-folder/model.safetensors")
    Traceback (most recent call last):
        ...
    FileNotFoundError: no-such-folder/model.safetensors: the folder no-such-folder does not exist; \
create it first.
    """
    target = Path(os.path.realpath(path))
    folder, shown = target.parent, Path(path).parent
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    if target.exists() and not target.is_file():
        raise OSError(f"{path} is not a regular file; give the name of a file to write.")
    if not folder.exists():
        raise FileNotFoundError(f"{path}: the folder {shown} does not exist; create it first.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{path}: {shown} is not a folder; choose another one.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(
            f"{path}: no permission to write to the folder {shown}; choose another one."
        )


def table_suffix(path: str | os.PathLike[str]) -> str:
    """Return which of the suffixes in ``FORMATS`` a table's path ends in, whatever its case.

    Parameters
    ----------
    path : path
        The table's file.

    Raises
    ------
    ValueError
        If it is none of them.

    Examples
    --------
    >>> from synthwgan.io.tables import table_suffix
    >>> table_suffix("Customers.CSV.gz")
    '.csv.gz'
    """
    for suffix in sorted(FORMATS, key=len, reverse=True):
        if os.fspath(path).lower().endswith(suffix):
            return suffix
    raise ValueError(f"{path}: unknown file type; supported are {', '.join(FORMATS)}.")


def _check_readable(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise FileNotFoundError(f"{path} is a link to {os.readlink(path)}, which does not exist.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; check the name and the folder.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file.")
    if not path.is_file():
        raise ValueError(f"{path} is a pipe or a device and no regular file; write it to one.")
    if not os.access(path, os.R_OK):
        raise PermissionError(f"{path}: no permission to read it.")


@contextmanager
def _full_disk_explained(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL_DISK:
            raise
        raise OSError(
            f"{path}: no space left to write it; free some space or choose another folder. "
            "Nothing was replaced."
        ) from error


def _flush_to_disk(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())
