"""Read and write tables by path; every file is written whole or not at all."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import os
import secrets
import shutil
import zlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import pandas as pd

from synthwgan.io.csv import NA_TEXTS, parse_csv
from synthwgan.io.parquet import parse_parquet

SUFFIXES = (".csv", ".csv.gz", ".parquet")

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DECIMAL_DIGITS = 38


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
    if suffix == ".parquet":
        with _unreadable_explained(path, suffix), open(path, "rb") as file:
            frame = parse_parquet(file)
        for name in frame.columns[frame.columns.duplicated()]:
            raise ValueError(
                f"{path}: a column and the index are both called {name!r}; rename one."
            )
        return frame
    with _unreadable_explained(path, suffix):
        data = gzip.decompress(path.read_bytes()) if suffix == ".csv.gz" else path.read_bytes()
    try:
        return parse_csv(data, path, texts, NA_TEXTS if na is None else na)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not written in UTF-8; save it in that encoding.") from error


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
            self._sink: _Sink = stack.enter_context(_SINKS[self._suffix](temporary, self.path))
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


def csv_text(frame: pd.DataFrame, *, header: bool) -> str:
    """Return a table as CSV that reads back as it is.

    Parameters
    ----------
    frame : DataFrame
        The table; its index is left out.
    header : bool
        Whether the columns' names come first.
    """
    options = {"index": False, "header": header, "lineterminator": "\n"}
    text = frame.to_csv(**options)
    if "\r" in text:
        # Python before 3.13 does not quote a carriage return, at which readers end the line.
        text = frame.to_csv(**options, quoting=csv.QUOTE_NONNUMERIC)
    return text


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
    """Return which of ``SUFFIXES`` a table's path ends in, whatever its case.

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
    for suffix in SUFFIXES:
        if os.fspath(path).lower().endswith(suffix):
            return suffix
    raise ValueError(f"{path}: unknown file type; supported are {', '.join(SUFFIXES)}.")


class _Sink(Protocol):
    """An open file that takes frames; leaving its context closes it."""

    def write(self, frame: pd.DataFrame) -> None: ...


class _CsvSink:
    def __init__(self, path: Path, shown: Path) -> None:
        self._stack = ExitStack()
        self._text = self._stack.enter_context(self._open(path))
        self._is_first = True

    def _open(self, path: Path) -> io.TextIOBase:
        return open(path, "w", encoding="utf-8", newline="")

    def __enter__(self) -> _CsvSink:
        return self

    def write(self, frame: pd.DataFrame) -> None:
        self._text.write(csv_text(frame, header=self._is_first))
        self._is_first = False

    def __exit__(self, kind: type | None, error: object, traceback: object) -> None:
        # After a failed write, closing fails again on the buffer's rest: the first error counts.
        with suppress(OSError) if kind else nullcontext():
            self._stack.close()


class _GzipCsvSink(_CsvSink):
    def _open(self, path: Path) -> io.TextIOBase:
        raw = self._stack.enter_context(open(path, "wb"))
        # No name and no time in the header: the same rows give the same bytes.
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0)
        return io.TextIOWrapper(self._stack.enter_context(packed), encoding="utf-8", newline="")


class _ParquetSink:
    def __init__(self, path: Path, shown: Path) -> None:
        self._path, self._shown = path, shown
        self._stack = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> _ParquetSink:
        return self

    def write(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa

        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            if self._writer is None:
                self._writer = self._open(table.schema)
            self._writer.write_table(table.cast(self._writer.schema))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"{self._shown}: a column does not fit into Parquet ({reason}); write .csv "
                "instead, or give the column one type."
            ) from error

    def _open(self, schema: Any) -> Any:
        import pyarrow.parquet as pq

        # Through Python's file, errors of the disk keep their number.
        file = self._stack.enter_context(open(self._path, "wb"))
        return self._stack.enter_context(pq.ParquetWriter(file, _lasting(schema)))

    def __exit__(self, kind: type | None, error: object, traceback: object) -> None:
        with suppress(OSError) if kind else nullcontext():
            self._stack.close()


def _lasting(schema: Any) -> Any:
    """Widen the first chunk's types that later chunks may outgrow."""
    import pyarrow as pa

    for index, field in enumerate(schema):
        if pa.types.is_null(field.type):
            schema = schema.set(index, field.with_type(pa.string()))
        elif pa.types.is_decimal128(field.type):
            widest = pa.decimal128(_DECIMAL_DIGITS, field.type.scale)
            schema = schema.set(index, field.with_type(widest))
    return schema


_SINKS = {".csv": _CsvSink, ".csv.gz": _GzipCsvSink, ".parquet": _ParquetSink}


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
def _unreadable_explained(path: Path, suffix: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError, EOFError, zlib.error, NotImplementedError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(
            f"{path} cannot be read as {suffix.removeprefix('.')} ({reason}); "
            "check that the file is complete and of that type."
        ) from error


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
