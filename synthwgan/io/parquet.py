"""Tables as Parquet: a file, or a folder or several files of parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from synthwgan.io.arrow import ArrowRows
from synthwgan.io.base import ReadOptions, Sink, TableFormat, TextOptions, unreadable_explained
from synthwgan.io.promotion import promoted, unified
from synthwgan.table.storage.frame import frame_of_arrow

_FOLDER_NUMBER = re.compile(r"-?[1-9]\d{0,17}|0")


class Parquet(TableFormat):
    """Parquet, which keeps dtypes."""

    suffix = ".parquet"

    def read(self, file: BinaryIO, shown: str, options: ReadOptions) -> pd.DataFrame:
        # Of a path, pyarrow would read folders such as ``year=2020`` as columns.
        with unreadable_explained(shown, self.suffix):
            frame = frame_of_arrow(pq.ParquetFile(file).read())
        refuse_twice(frame, shown)
        return frame

    def sink(self, file: BinaryIO, shown: str, options: TextOptions) -> Sink:
        return ArrowSink(file, shown, "Parquet", pq.ParquetWriter)


def refuse_twice(frame: pd.DataFrame, shown: str) -> None:
    """Raise a ValueError for a name that stands twice, as of an index beside a column."""
    for name in frame.columns[frame.columns.duplicated()]:
        raise ValueError(f"{shown}: a column and the index are both called {name!r}; rename one.")


class ArrowSink:
    """Writes frames as Arrow tables, through a writer that is made of a file and a schema."""

    def __init__(self, file: BinaryIO, shown: str, what: str, open_writer: Any) -> None:
        self._file, self._open = file, open_writer
        self._shown, self._what = shown, what
        self._rows = ArrowRows(shown, what)
        self._writer: Any = None

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of a frame."""
        table = self._rows.table(frame)
        if self._writer is None:
            # Through Python's file, errors of the disk keep their number.
            self._writer = self._open(self._file, table.schema)
        try:
            self._writer.write_table(table)
        except pa.ArrowInvalid as error:
            if "Dictionary replacement" not in str(error):
                raise
            raise ValueError(
                f"{self._shown}: {self._what} takes no category that the first rows have not; "
                "write .parquet or .csv instead, or draw with model.set_output(transform='pandas')."
            ) from error

    def close(self) -> None:
        """Write the index of the file."""
        if self._writer is not None:
            self._writer.close()


def open_parts(paths: Sequence[Path], root: Path, shown: str) -> Any:
    """Open parts of a table as one Arrow dataset.

    Parameters
    ----------
    paths : sequence of Path
        The files, in the order of their rows.
    root : Path
        The folder that they are in; folders in it such as ``year=2020`` are columns.
    shown : str
        What messages call them all.

    Returns
    -------
    pyarrow.dataset.Dataset

    Raises
    ------
    ValueError
        If one is no Parquet file, or has other columns than the first, or types that no type holds
        without loss.
    """
    from pyarrow import dataset, fs

    schemas, whole = _schemas(paths, shown), None
    if any(not schema.equals(schemas[0]) for schema in schemas):
        whole = unified(schemas)
    folders = _folders(paths, root)
    _refuse_contradictions(paths, root, schemas)
    options = dataset.FileSystemFactoryOptions(partition_base_dir=str(root), partitioning=folders)
    parts = dataset.FileSystemDatasetFactory(
        fs.LocalFileSystem(),
        [str(path) for path in paths],
        dataset.ParquetFileFormat(),
        options,
    )
    with unreadable_explained(shown, ".parquet"):
        if whole is None:
            return parts.finish()
        for field in folders.schema:
            whole = whole if field.name in whole.names else whole.append(field)
        return parts.finish(whole)


def _schemas(paths: Sequence[Path], shown: str) -> list[pa.Schema]:
    """Return the schemas of parts, which have the same columns, and types that go together."""
    schemas: list[pa.Schema] = []
    types: dict[str, tuple[Path, pa.DataType]] = {}
    for path in paths:
        with unreadable_explained(str(path), ".parquet"), open(path, "rb") as file:
            schema = pq.ParquetFile(file).schema_arrow
        schemas.append(schema)
        if schema.names != schemas[0].names:
            difference = _difference(schema, schemas[0])
            raise ValueError(f"{path}: {difference} {paths[0]}, another part of {shown}.")
        for field in schema:
            before, kind = types.get(field.name, (path, field.type))
            wider = promoted(kind, field.type)
            if wider is None:
                raise ValueError(
                    f"{path}: column {field.name!r} is {field.type}, and {kind} in {before}, "
                    f"another part of {shown}."
                )
            types[field.name] = (before if wider == kind else path), wider
    return schemas


def _folders(paths: Sequence[Path], root: Path) -> Any:
    """How folders are called ``year=2020``: whole numbers, unless one is written as a code is."""
    from pyarrow import dataset

    values: dict[str, list[str]] = {}
    for path in paths:
        for folder in path.relative_to(root).parts[:-1]:
            name, equals, value = folder.partition("=")
            if equals:
                values.setdefault(name, []).append(value)
    fields = {
        name: pa.int64() if all(map(_FOLDER_NUMBER.fullmatch, found)) else pa.string()
        for name, found in values.items()
    }
    return dataset.partitioning(pa.schema(fields), flavor="hive")


def _refuse_contradictions(paths: Sequence[Path], root: Path, schemas: list[pa.Schema]) -> None:
    """Raise where a file has a column with the name of its folder, and says otherwise."""
    for path, schema in zip(paths, schemas, strict=True):
        for folder in path.relative_to(root).parts[:-1]:
            name, equals, value = folder.partition("=")
            if not equals or name not in schema.names:
                continue
            cells = pq.ParquetFile(path).read(columns=[name])[name].unique().to_pylist()
            if any(str(cell) != unquote(value) for cell in cells):
                raise ValueError(
                    f"{path}: its column {name!r} holds {cells[0]!r}, and its folder is called "
                    f"{folder}; rename one of them, or drop the column."
                )


def _difference(schema: pa.Schema, first: pa.Schema) -> str:
    for name in first.names:
        if name not in schema.names:
            return f"it has no column {name!r}, unlike"
    for name in schema.names:
        if name not in first.names:
            return f"it has the column {name!r}, unlike"
    return "its columns are in another order than in"
