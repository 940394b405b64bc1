"""The file formats of tables, by the endings of files."""

from __future__ import annotations

import os

from synthwgan.io.base import TableFormat
from synthwgan.io.excel import Excel
from synthwgan.io.feather import Feather
from synthwgan.io.lines import JsonLines
from synthwgan.io.packing import PACKINGS, Packing
from synthwgan.io.parquet import Parquet
from synthwgan.io.text import Csv, Tsv

FORMATS: dict[str, type[TableFormat]] = {
    table_format.suffix: table_format
    for table_format in (Csv, Tsv, JsonLines, Parquet, Feather, Excel)
}


def table_suffix(path: str | os.PathLike[str]) -> str:
    """Return the ending of a table's path, whatever its case: of `FORMATS`, and of a packing.

    Parameters
    ----------
    path : path
        The table's file.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> from synthwgan.io.formats import table_suffix
    >>> table_suffix("Customers.CSV.gz")
    '.csv.gz'
    """
    found = _endings(os.fspath(path))
    if found is None:
        raise ValueError(f"{path}: unknown file type; supported are {known_suffixes()}.")
    return "".join(found)


def is_table_name(path: str | os.PathLike[str]) -> bool:
    """Whether a path ends as the file of a table does."""
    return _endings(os.fspath(path)) is not None


def format_of(path: str | os.PathLike[str]) -> tuple[TableFormat, Packing | None]:
    """Return the format of a table's path, and how it is packed, if it is.

    Raises
    ------
    ValueError
        If its ending is unknown.
    """
    suffix = table_suffix(path)
    plain, packing = _endings(suffix) or (suffix, "")
    return FORMATS[plain](), PACKINGS.get(packing)


def format_called(name: str) -> tuple[TableFormat, Packing | None]:
    """Return the format of a name such as ``"csv"`` or ``".csv.gz"``.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    suffix = f".{name.lower().removeprefix('.')}"
    if _endings(suffix) is None:
        raise ValueError(f"format {name!r} is unknown; supported are {known_suffixes()}.")
    return format_of(suffix)


def known_suffixes() -> str:
    """Return the endings of tables in words."""
    packed = ", ".join(suffix for suffix, each in FORMATS.items() if each.is_text)
    others = ", ".join(suffix for suffix, each in FORMATS.items() if not each.is_text)
    return f"{packed} (each also with {' or '.join(PACKINGS)}), {others}"


def _endings(name: str) -> tuple[str, str] | None:
    """The ending of the format, and that of the packing or nothing."""
    name = name.lower()
    packing = next((ending for ending in PACKINGS if name.endswith(ending)), "")
    name = name.removesuffix(packing)
    for suffix in sorted(FORMATS, key=len, reverse=True):
        if name.endswith(suffix) and (FORMATS[suffix].is_text or not packing):
            return suffix, packing
    return None
