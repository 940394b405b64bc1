"""Folders and globs of Parquet as one table, which is read in batches."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow
    import pyarrow.dataset

_SUFFIX = ".parquet"


def is_many_files(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder, or a pattern of names and no file."""
    return os.path.isdir(path) or (glob.has_magic(os.fspath(path)) and not os.path.exists(path))


def open_dataset(path: str | os.PathLike[str]) -> pyarrow.dataset.Dataset:
    """Open Parquet files that are parts of one table, in the order of their names.

    Parameters
    ----------
    path : path
        A folder, whose files ending in ``.parquet`` are taken, also those in folders within; a
        glob such as ``"sales/2024-*.parquet"``, in which ``**`` stands for any folders; or one
        file. Names that begin with a dot or an underscore are left out.

    Returns
    -------
    pyarrow.dataset.Dataset
        What `WGANGPSynthesizer.fit` reads in batches.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file is not of Parquet, or has other columns than the first.
    """
    import pyarrow as pa
    import pyarrow.dataset as arrow_dataset

    files = _files(path)
    schemas = [_schema_of(file) for file in files]
    for file, schema in zip(files, schemas, strict=True):
        differing = sorted(set(schema.names) ^ set(schemas[0].names))
        if differing:
            raise ValueError(
                f"{file} and {files[0]} are parts of one table, but only one has a column "
                f"{differing[0]!r}: give both the same columns"
            )
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise ValueError(f"{path}: parts of one table differ in a type: {error}") from error
    return arrow_dataset.dataset([os.fspath(file) for file in files], schema, format="parquet")


def _files(path: str | os.PathLike[str]) -> list[Path]:
    if not is_many_files(path):
        if not os.path.exists(path):
            raise FileNotFoundError(f"{path} does not exist; check the name and the folder.")
        return [Path(path)]
    is_folder = os.path.isdir(path)
    pattern = os.path.join(glob.escape(os.fspath(path)), "**") if is_folder else os.fspath(path)
    # Neither `*` nor `**` stands for names that begin with a dot.
    found = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]
    files = [file for file in found if file.is_file()]
    if is_folder:
        inside = [file.relative_to(path) for file in files if file.name.lower().endswith(_SUFFIX)]
        kept = [file for file in inside if not any(part[0] == "_" for part in file.parts)]
        files = [Path(path) / file for file in kept]
    if not files:
        raise FileNotFoundError(f"{path} has no file that ends in {_SUFFIX}.")
    return files


def _schema_of(file: Path) -> pyarrow.Schema:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_schema(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{file} is no Parquet file: {str(error).splitlines()[0]}") from error
