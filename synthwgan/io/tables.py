"""Read and write tables by path; every file is written whole or not at all."""

from __future__ import annotations

import errno
import glob
import io
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import pandas as pd

from synthwgan.io.base import ReadOptions, Sink, TableFormat, TextOptions, unreadable_explained
from synthwgan.io.formats import format_called, format_of, is_table_name
from synthwgan.io.packing import Packing
from synthwgan.io.parquet import open_parts
from synthwgan.io.places import STANDARD, is_database, parts_of, refuse_database_options
from synthwgan.io.rows import frame_of_rows
from synthwgan.table.storage.frame import frame_of_arrow

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def read_table(
    source: str | os.PathLike[str],
    texts: Collection[str] = (),
    na: Collection[str] | None = None,
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    format: str | None = None,
    table: str | None = None,
    query: str | None = None,
) -> pd.DataFrame:
    """Read a table from a file, several files of Parquet, the standard input or a database.

    Parameters
    ----------
    source : path or URL
        A file whose name ends in ``.csv``, ``.tsv``, ``.jsonl`` (each also packed: ``.csv.gz``,
        ``.csv.zst``), ``.parquet``, ``.feather`` or ``.xlsx``; a folder of Parquet files or a
        pattern such as ``"sales/2024-*.parquet"``; ``"-"`` for the standard input; or the URL
        of a database, such as ``"postgresql://me@host/shop"``.
    texts : collection of str, default ()
        Columns of a file of text whose cells stay as they are written, whatever they look like.
    na : collection of str, default None
        The texts that stand for a missing cell, as an empty cell always does; ``[]`` for empty
        cells only. None takes in CSV and TSV those that pandas takes, such as ``NA``, ``nan``
        and ``null``. Other formats say themselves which cells are missing.
    sep, decimal, encoding : str, optional
        How a CSV or TSV file is written: the character between cells, ``"."`` or ``","`` before
        decimals, and the encoding. What is not given is what is usual (commas or tabs, points,
        UTF-8), or is recognised, of which a warning tells.
    format : str, optional
        The format of the standard input, or of a file whose name does not say it, such as
        ``"csv"`` (the default of the standard input), ``"csv.gz"`` or ``"parquet"``.
    table : str, optional
        Which table of a database, maybe with its schema: ``"sales.customers"``. It may also stand
        in the URL, after ``#``.
    query : str, optional
        What to read from a database instead: a SELECT statement.

    Returns
    -------
    DataFrame
        The table. Parquet, Feather and databases keep types, but whole numbers with missing cells
        are nullable (``Int64``); a saved index is a column like any other. In CSV, whole numbers
        are ``int64``, ``uint64`` if larger, ``Int64`` and ``UInt64`` beside missing cells, and
        text if larger still; codes such as ``007``, ``1E05`` and ``+4712345678`` are text.

    Warns
    -----
    UserWarning
        If a file of text is not written as usual and that was recognised; if ``NA`` is read as
        a missing cell in a column of two-letter codes; if a workbook has several sheets; if a
        database has a type that is read as text.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, PermissionError
        If there is no such file, or it may not be read.
    ConnectionError
        If a database cannot be reached, or the connection is lost.
    ImportError
        If an extra is not installed: ``excel`` for ``.xlsx``, ``sql`` for databases.
    TypeError
        If `na` is a text instead of a collection of them.
    ValueError
        If the suffix is unknown, or the file is a pipe, empty, truncated or no table: of CSV,
        with the line that is to blame; if a database has no such table.

    Examples
    --------
    >>> from synthwgan.io import read_table
    >>> read_table("customers.docx")
    Traceback (most recent call last):
        ...
    ValueError: customers.docx: unknown file type; supported are .csv, .tsv, .jsonl (each also \
with .gz or .zst), .parquet, .feather, .xlsx.
    """
    if isinstance(na, str):
        raise TypeError(f"na must be a collection of texts, got {na!r}; write [{na!r}].")
    options = ReadOptions(texts, na, TextOptions(sep, decimal, encoding))
    if is_database(source):
        from synthwgan.io.sql.database import read_database

        return read_database(str(source), table, query)
    refuse_database_options(source, table=table, query=query)
    if (parts := parts_of(source)) is not None:
        return frame_of_arrow(open_parts(*parts, os.fspath(source)).to_table())
    found, packing = _format(source, format)
    needs = "a header and rows" if found.has_header else "a line such as {...} for each row"
    file, shown = _opened(source, needs)
    with file:
        if packing is not None:
            with unreadable_explained(shown, f"{found.suffix} that is packed"):
                file = io.BytesIO(packing.unpack(file.read()))
        return found.read(file, shown, options)


def _format(path: str | os.PathLike[str], called: str | None) -> tuple[TableFormat, Packing | None]:
    """The format that a name says, or else the one that the user says."""
    if os.fspath(path) == STANDARD:
        return format_called(called or "csv")
    if called is None or not is_table_name(path):
        return format_of(path) if called is None else format_called(called)
    asked, packing = format_called(called)
    named = format_of(path)
    if (type(asked), packing) != (type(named[0]), named[1]):
        raise ValueError(
            f"format {called!r} is not that of {path}: leave the format out, or change the name."
        )
    return named


def _opened(path: str | os.PathLike[str], needs: str) -> tuple[BinaryIO, str]:
    if os.fspath(path) == STANDARD:
        data, shown = sys.stdin.buffer.read(), "the standard input"
        is_empty = not data
    else:
        path = Path(path)
        check_readable(path)
        data, shown = None, str(path)
        is_empty = path.stat().st_size == 0
    if is_empty:
        raise ValueError(f"{shown} is empty; a table needs {needs}.")
    return (open(path, "rb") if data is None else io.BytesIO(data)), shown


class TableWriter:
    """Writes a table to a file or a database in chunks, in constant memory.

    The rows go to a temporary file in the same folder, which takes the file's name when the
    block ends. On an error, an interrupt or a full disk the temporary file is removed, and an
    older file of that name stays as it was. To a database they go in one transaction: until it
    ends, and if it fails, others see the table as it was.

    Parameters
    ----------
    target : path or URL
        A file whose name ends in one of `FORMATS`, or, if it is of text, that and ``.gz`` or
        ``.zst``; its folder must exist. ``"-"`` is the standard output: text is written as it
        comes, other formats at the end. Or the URL of a database.
    sep, decimal, encoding : str, optional
        How CSV and TSV are written: by default with commas or tabs, points, and in UTF-8.
    format : str, optional
        The format of the standard output, or of a file whose name does not say it; CSV by default.
    table : str, optional
        The table of a database, maybe with its schema: ``"sales.synthetic"``.
    if_exists : {"fail", "append", "replace"}, optional
        What to do with a table of that name, which a database has: by default "fail"; "replace"
        drops it. A file is always replaced.

    Raises
    ------
    ValueError
        If the suffix is unknown, or a database has such a table; on writing, if a chunk does not
        fit the first one; at the end, if no chunk was written, or to ``.jsonl`` no row, for such a
        file has no header.
    TypeError
        On writing, if a chunk is no table.
    OSError
        If the folder is missing, may not be written to, or is full; if a database cannot be
        reached (``ConnectionError``).
    ImportError
        If an extra is not installed: ``excel`` or ``sql``.

    Notes
    -----
    In Parquet and Feather the first chunk fixes the schema of the whole file: numbers keep their
    width, texts, dates, time zones, durations, periods, intervals and nullable dtypes come back as
    they were, and so do categories that are texts; other categories come back as plain values,
    and in Parquet moments in whole seconds as milliseconds.
    ``object`` columns are stored by content: ``Decimal`` as ``decimal128`` of 38 digits with
    the first chunk's number of decimals, ``date`` as a date, and a column that is missing
    throughout the first chunk as text. Column names become texts, as in CSV.

    Excel holds numbers, texts, truth values, moments in milliseconds and durations; other cells
    become texts, and so do whole numbers of more digits than it keeps. JSON holds numbers, texts
    and truth values.

    A new table of a database has the types that the rows had where they were read, which
    ``attrs["sql_types"]`` of a frame and a fitted model remember; other columns have those of
    their dtypes.

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

    def __init__(
        self,
        target: str | os.PathLike[str],
        *,
        sep: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        format: str | None = None,
        table: str | None = None,
        if_exists: str | None = None,
    ) -> None:
        self.target, self._table, self._if_exists = target, table, if_exists or "fail"
        self._columns: list | None = None
        self._n_rows, self._has_header = 0, True
        if is_database(target):
            from synthwgan.io.sql.database import target_of

            self._shown = target_of(str(target), table, self._if_exists).shown
            return
        refuse_database_options(target, table=table, if_exists=if_exists)
        self._shown = "the standard output" if target == STANDARD else os.fspath(target)
        self._options = TextOptions(sep, decimal, encoding)
        self._format, self._packing = _format(target, format)
        self._has_header = self._format.has_header

    def check(self) -> None:
        """Raise an error that says why nothing could be written, before work is spent on rows."""
        if is_database(self.target):
            from synthwgan.io.sql.database import check_target

            check_target(str(self.target), self._table, self._if_exists)
        elif self.target != STANDARD:
            check_writable(self.target)

    def __enter__(self) -> TableWriter:
        """Open the temporary file, or begin the transaction."""
        with ExitStack() as stack:
            self._sink: Sink = self._opened(stack)
            self._stack = stack.pop_all()
        return self

    def _opened(self, stack: ExitStack) -> Sink:
        if is_database(self.target):
            from synthwgan.io.sql.database import sink_of

            sink = sink_of(str(self.target), self._table, self._if_exists)
            return stack.enter_context(_closing(sink, sink.abandon))
        file: Any = stack.enter_context(self._file())
        if self._packing is not None:
            file = stack.enter_context(_closing(self._packing.pack(file)))
        return stack.enter_context(_closing(self._format.sink(file, self._shown, self._options)))

    @contextmanager
    def _file(self) -> Iterator[Any]:
        if self.target != STANDARD:
            with atomic_path(self.target) as temporary, _closing(open(temporary, "wb")) as file:
                yield file
        elif self._format.is_text:
            yield _StandardOutput()
        else:
            with tempfile.TemporaryFile() as file:
                yield file
                file.seek(0)
                shutil.copyfileobj(file, _StandardOutput())

    def write(self, frame: Any) -> None:
        """Append the rows of a frame of any library, or of an array, as `sample_iter` yields them.

        All must have the first one's columns. Those of an array are numbered.
        """
        frame = frame_of_rows(frame)
        columns = list(frame.columns)
        if self._columns is None:
            self._columns = columns
        elif columns != self._columns:
            raise ValueError(
                f"{self._shown}: every chunk must have the columns {self._columns}, got {columns}."
            )
        self._sink.write(frame)
        self._n_rows += len(frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Finish the file, or remove what was written of it."""
        if kind is None:
            lacking = self._lacking()
            if lacking is not None:
                with self._stack:
                    raise ValueError(f"{self._shown}: {lacking}.")
        self._stack.__exit__(kind, error, traceback)

    def _lacking(self) -> str | None:
        """Say why what was written is no table."""
        if self._columns is None:
            return "nothing was written, not even the columns' names"
        if self._n_rows or self._has_header:
            return None
        return (
            f"no rows were written, and without any, {self._format.suffix} would not say that the "
            f"columns are {self._columns}; write .csv or .parquet instead"
        )


class _StandardOutput:
    """The standard output, from which each chunk is passed on."""

    def write(self, data: bytes) -> int:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return len(data)


@contextmanager
def _closing(file: Any, abandon: Callable[[], None] | None = None) -> Iterator[Any]:
    try:
        yield file
    except BaseException:
        # After a failed write, closing fails again on the buffer's rest: the first error counts.
        with suppress(OSError):
            (abandon or file.close)()
        raise
    file.close()


def write_table(frame: Any, target: str | os.PathLike[str], **options: Any) -> None:
    """Write a table, whole or not at all.

    Parameters
    ----------
    frame : frame of any library, or array
        The table; an index of pandas is left out, and columns of an array are numbered.
    target : path
        Where to: what `TableWriter` takes.
    **options
        Those of `TableWriter`.

    Raises
    ------
    ValueError, OSError
        See `TableWriter`.
    TypeError
        If it is no table.

    Examples
    --------
    >>> import pandas as pd, tempfile, pathlib
    >>> from synthwgan.io import read_table, write_table
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "rows.csv"
    >>> write_table(pd.DataFrame({"price": [1.5, 20.0]}), path, sep=";", decimal=",")
    >>> print(path.read_text())
    price
    1,5
    20,0
    >>> read_table(path, sep=";", decimal=",")["price"].tolist()
    [1.5, 20.0]
    """
    with TableWriter(target, **options) as writer:
        writer.write(frame)


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
    """Raise an error that says why a file could not be written, before work is spent on it.

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
    if os.fspath(path) == STANDARD:
        raise ValueError("- is the standard output, and this goes to a file: give its name.")
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


def check_readable(path: Path) -> None:
    """Raise an error that says why a file cannot be read.

    Parameters
    ----------
    path : Path
        A file that holds a table.
    """
    if path.is_symlink() and not path.exists():
        raise FileNotFoundError(f"{path} is a link to {os.readlink(path)}, which does not exist.")
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; check the name and the folder.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file.")
    if not path.is_file():
        raise ValueError(
            f"{path} is a pipe or a device and no regular file; write it to one, "
            "or read - for the standard input."
        )
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
