"""What a user names as the place of a table: a file, several, a stream or a database."""

from __future__ import annotations

import glob
import os
import re
from itertools import takewhile
from pathlib import Path

from synthwgan.io.formats import table_suffix

# The standard input, or the standard output.
STANDARD = "-"
_URL = re.compile(r"[A-Za-z][\w+.-]*://")
_PARTS = ".parquet"


def is_database(place: str | os.PathLike[str]) -> bool:
    """Whether a place is the URL of a database."""
    return isinstance(place, str) and _URL.match(place) is not None


def refuse_database_options(place: str | os.PathLike[str], **options: str | None) -> None:
    """Raise a ValueError if a table or a query is named for what is no database."""
    for name, given in options.items():
        if given is not None and not is_database(place):
            raise ValueError(
                f"{name}={given!r} speaks of a database, but {os.fspath(place)} is none: give a "
                "URL such as postgresql://me@host/shop"
            )


def parts_of(place: str | os.PathLike[str]) -> tuple[list[Path], Path] | None:
    """Return the Parquet files of a folder or a pattern, sorted, and the folder they are in.

    None of what is neither.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    path = Path(place)
    if path.is_dir():
        found = sorted(file for file in path.rglob(f"*{_PARTS}") if _is_part(file, path))
        if not found:
            raise FileNotFoundError(
                f"{path} is a folder without {_PARTS} files; give the name of a file."
            )
        return found, path
    if path.exists() or not glob.has_magic(os.fspath(place)):
        return None
    if not path.name.endswith(_PARTS):
        raise ValueError(f"{path}: only {_PARTS} files are read as parts of one table.")
    found = sorted(Path(name) for name in glob.glob(os.fspath(place), recursive=True))
    if not found:
        raise FileNotFoundError(f"{path}: no file has such a name; check the pattern.")
    plain = list(takewhile(lambda part: not glob.has_magic(part), path.parts))
    return found, Path(*plain)


def _is_part(file: Path, root: Path) -> bool:
    """Whether a file is of the table: programs keep their notes in names that begin so."""
    hidden = any(name.startswith((".", "_")) for name in file.relative_to(root).parts)
    return file.is_file() and not hidden


def table_name(place: str) -> str:
    """Return what a table is called: a file without its ending, a folder, a database's table.

    Raises
    ------
    ValueError
        If a file's ending is unknown, or a URL names no table.
    """
    if is_database(place):
        _, hash_sign, name = place.rpartition("#")
        if not hash_sign:
            raise ValueError("the URL of a database lacks its table; write it after a #")
        return name.rpartition(".")[2]
    path = Path(place)
    return path.name if path.is_dir() else path.name[: -len(table_suffix(path))]
