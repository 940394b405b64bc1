"""File formats of tables: how each is read, and written in chunks."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import pandas as pd

from synthwgan.io.csv import parse_csv
from synthwgan.io.parquet import parse_parquet

_DECIMAL_DIGITS = 38
# Where a frame's ``attrs``, and the metadata of a Parquet file, say that rows are synthetic.
PROVENANCE = "synthetic"


class TableFormat(ABC):
    """A file format of tables.

    Another format is a class with these two verbs, and its line in `FORMATS`.

    Attributes
    ----------
    suffix : str
        What names of such files end in, in small letters.
    """

    suffix: ClassVar[str]

    @abstractmethod
    def read(self, path: Path, texts: Collection[str], na: Collection[str]) -> pd.DataFrame:
        """Read a file that exists and is not empty.

        Parameters
        ----------
        path : Path
        texts : collection of str
            Columns whose cells stay as they are written, where the format writes texts.
        na : collection of str
            The texts that stand for a missing cell, where the format cannot say it otherwise.

        Raises
        ------
        ValueError
            If it is no table of this format; the message names the file.
        """

    @abstractmethod
    def sink(self, path: Path, shown: Path) -> Sink:
        """Return what writes frames to a new file.

        Parameters
        ----------
        path : Path
            Where to write.
        shown : Path
            What messages call the file.
        """
        ...


class Sink(Protocol):
    """An open file that takes frames; leaving its context closes it."""

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of a frame."""

    def __enter__(self) -> Sink:
        """Return itself."""
        ...

    def __exit__(self, kind: type | None, error: object, traceback: object) -> None:
        """Finish the file."""


class _FileSink:
    """Closes what it has opened."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: object, traceback: object) -> None:
        # After a failed write, closing fails again on the buffer's rest: the first error counts.
        with suppress(OSError) if kind else nullcontext():
            self._stack.close()


class _CsvSink(_FileSink):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._text = self._stack.enter_context(self._open(path))
        self._is_first = True

    def _open(self, path: Path) -> io.TextIOBase:
        return open(path, "w", encoding="utf-8", newline="")

    def write(self, frame: pd.DataFrame) -> None:
        self._text.write(csv_text(frame, header=self._is_first))
        self._is_first = False


class _GzipCsvSink(_CsvSink):
    def _open(self, path: Path) -> io.TextIOBase:
        raw = self._stack.enter_context(open(path, "wb"))
        # No name and no time in the header: the same rows give the same bytes.
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0)
        return io.TextIOWrapper(self._stack.enter_context(packed), encoding="utf-8", newline="")


class _ParquetSink(_FileSink):
    def __init__(self, path: Path, shown: Path) -> None:
        self._path, self._shown = path, shown
        super().__init__()
        self._writer: Any = None

    def write(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa

        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        try:
            table = _with_provenance(pa.Table.from_pandas(frame, preserve_index=False), frame)
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


def _with_provenance(table: Any, frame: pd.DataFrame) -> Any:
    """Keep what a frame says of where its rows come from, for pandas and for other readers."""
    if PROVENANCE not in frame.attrs:
        return table
    told = {PROVENANCE: frame.attrs[PROVENANCE]}
    added = {PROVENANCE: json.dumps(told[PROVENANCE]), "PANDAS_ATTRS": json.dumps(told)}
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **added})


def _lasting(schema: object) -> object:
    """Widen the first chunk's types that later chunks may outgrow."""
    import pyarrow as pa

    for index, field in enumerate(schema):
        if pa.types.is_null(field.type):
            schema = schema.set(index, field.with_type(pa.string()))
        elif pa.types.is_decimal128(field.type):
            widest = pa.decimal128(_DECIMAL_DIGITS, field.type.scale)
            schema = schema.set(index, field.with_type(widest))
    return schema


class Csv(TableFormat):
    """CSV in UTF-8, with commas and a header line."""

    suffix = ".csv"

    def read(self, path: Path, texts: Collection[str], na: Collection[str]) -> pd.DataFrame:
        with unreadable_explained(path, self.suffix):
            data = self._bytes(path)
        try:
            return parse_csv(data, path, texts, na)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} is not written in UTF-8; save it in that encoding."
            ) from error

    def _bytes(self, path: Path) -> bytes:
        return path.read_bytes()

    def sink(self, path: Path, shown: Path) -> Sink:
        return _CsvSink(path)


class GzipCsv(Csv):
    """CSV that is packed."""

    suffix = ".csv.gz"

    def _bytes(self, path: Path) -> bytes:
        return gzip.decompress(path.read_bytes())

    def sink(self, path: Path, shown: Path) -> Sink:
        return _GzipCsvSink(path)


class Parquet(TableFormat):
    """Parquet, which keeps dtypes."""

    suffix = ".parquet"

    def read(self, path: Path, texts: Collection[str], na: Collection[str]) -> pd.DataFrame:
        with unreadable_explained(path, self.suffix), open(path, "rb") as file:
            frame = parse_parquet(file)
        for name in frame.columns[frame.columns.duplicated()]:
            raise ValueError(
                f"{path}: a column and the index are both called {name!r}; rename one."
            )
        return frame

    def sink(self, path: Path, shown: Path) -> Sink:
        return _ParquetSink(path, shown)


FORMATS: dict[str, type[TableFormat]] = {
    table_format.suffix: table_format for table_format in (Csv, GzipCsv, Parquet)
}


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


@contextmanager
def unreadable_explained(path: Path, suffix: str) -> Iterator[None]:
    """Say of what goes wrong on reading a file that it cannot be read as that type."""
    try:
        yield
    except (ValueError, OSError, EOFError, zlib.error, NotImplementedError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(
            f"{path} cannot be read as {suffix.removeprefix('.')} ({reason}); "
            "check that the file is complete and of that type."
        ) from error
