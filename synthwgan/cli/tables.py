"""Tables as the command line reads and writes them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from synthwgan.io.tables import TableWriter

TABLES = ".csv, .tsv, .jsonl, .parquet, .feather or .xlsx, a folder, a database's URL, or -"


# Not as a class: a text has a method `replace` already.
_IfExists = StrEnum("_IfExists", ["fail", "append", "replace"])


MissingTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--na",
        metavar="TEXT",
        # Typer may give an empty list where the option is not used.
        callback=lambda texts: texts or None,
        help="A text of CSV files that stands for a missing cell, as an empty cell always does; "
        "may be repeated. '' for empty cells only. Default: NA, nan, null and the like.",
    ),
]
Separator = Annotated[
    str | None,
    typer.Option(
        "--sep",
        metavar="CHARACTER",
        callback=lambda given: "\t" if given == r"\t" else given,
        help="What separates the cells of CSV, such as ';'. Default: commas, or what is "
        "recognised on reading.",
    ),
]
DecimalMark = Annotated[
    str | None,
    typer.Option("--decimal", metavar="MARK", help="What stands before decimals in CSV: . or ,"),
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="The encoding of text. Default: UTF-8."),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="The format of - (standard input and output), such as jsonl. Default: csv.",
    ),
]
DatabaseTable = Annotated[
    str | None,
    typer.Option("--table", metavar="NAME", help="Which table of a database; or URL#NAME."),
]
Query = Annotated[
    str | None,
    typer.Option("--query", metavar="SELECT", help="What to read from a database instead."),
]
IfExists = Annotated[
    _IfExists | None,
    typer.Option("--if-exists", help="What to do with a table that a database has. Default: fail."),
]
Croissant = Annotated[
    bool,
    typer.Option(
        "--croissant",
        help="Describe the file in Croissant 1.1 (JSON-LD), beside it: its columns, its digest, "
        "and that its rows are synthetic.",
    ),
]


@dataclass(frozen=True)
class TextFiles:
    """Options of files of text, and of the standard input and output."""

    sep: Separator = None
    decimal: DecimalMark = None
    encoding: Encoding = None
    format: Format = None

    @property
    def _text(self) -> dict[str, str | None]:
        return {each.name: vars(self)[each.name] for each in fields(TextFiles)}


@dataclass(frozen=True)
class Reading(TextFiles):
    """Options of a command that reads tables."""

    na: MissingTexts = None

    def read(self, place: str, texts: Collection[str] = ()) -> pd.DataFrame:
        """Read a table; `texts` are columns whose cells stay as written."""
        from synthwgan.io.tables import read_table

        return read_table(place, texts=texts, na=self.na, **self._text, **self._of_database(place))

    def _of_database(self, place: str) -> dict[str, str | None]:
        from synthwgan.io.places import table_name

        if _is_database(place):
            # The name is in the URL, or it is an error: no option says it.
            table_name(place)
        return {}

    def read_as_fitted(self, place: str, columns: Mapping[Any, Any]) -> pd.DataFrame:
        """Read a table like a fitted one: names and texts are those of its columns."""
        texts = [str(name) for name in columns if _is_text(columns[name])]
        table = self.read(place, texts)
        # In a file every name is text; those fitted may be numbers.
        names = {str(name): name for name in columns}
        table.columns = [names.get(str(name), name) for name in table.columns]
        return table


@dataclass(frozen=True)
class ReadingOne(Reading):
    """Options of a command that reads one table, which may be in a database."""

    table_name: DatabaseTable = None
    query: Query = None

    def _of_database(self, place: str) -> dict[str, str | None]:
        return {"table": self.table_name, "query": self.query}

    def read_or_batches(self, place: str) -> Any:
        """Read a table; of a database, return one of many rows in batches."""
        from synthwgan.io.batches import read_or_batches

        if not _is_database(place):
            return self.read(place)
        return read_or_batches(place, **self._of_database(place))


@dataclass(frozen=True)
class Writing(TextFiles):
    """Options of a command that writes a table."""

    table_name: DatabaseTable = None
    if_exists: IfExists = None
    croissant: Croissant = False

    @property
    def _of_target(self) -> dict[str, str | None]:
        if_exists = None if self.if_exists is None else str(self.if_exists)
        return {"table": self.table_name, "if_exists": if_exists}

    @property
    def appends(self) -> bool:
        """Whether rows are to go beside others."""
        return self.if_exists == _IfExists.append

    def check_folder(self, output: str) -> None:
        """Refuse options that say something of a database, where a folder is filled."""
        from synthwgan.io.places import refuse_database_options

        refuse_database_options(output, **self._of_target)
        if self.croissant:
            raise ValueError(f"--croissant describes one file: {output} is a folder.")

    def check(self, output: str | None, *inputs: str) -> None:
        """Refuse a place that could not be written, before any work is spent on its rows."""
        if output is not None:
            refuse_same(output, "is a table to be read; give the new one another name", *inputs)
        if self.croissant and (_is_standard(output) or _is_database(str(output))):
            raise ValueError("--croissant describes a file: say which with -o.")
        if self.croissant and (self.sep or self.decimal):
            raise ValueError(
                "--croissant has no word for --sep and --decimal: leave them, or it, out."
            )
        self._writer(output).check()

    @contextmanager
    def writer(self, output: str | None) -> Iterator[Callable[[pd.DataFrame], None]]:
        """Give what writes rows to a place, or to the standard output."""
        first: list[pd.DataFrame] = []

        def write(rows: pd.DataFrame) -> None:
            writer.write(rows)
            if self.croissant and not first:
                first.append(rows)

        with self._writer(output) as writer:
            yield write
        if self.croissant and output is not None:
            _describe(output, first[0])

    def _writer(self, output: str | None) -> TableWriter:
        from synthwgan.io.places import STANDARD
        from synthwgan.io.tables import TableWriter

        place = STANDARD if output is None else output
        return TableWriter(place, **self._text, **self._of_target)


@dataclass(frozen=True)
class ReadingAndWriting(Writing, Reading):
    """Options of a command that reads tables and writes one, which may be in a database."""


@dataclass(frozen=True)
class Completing(ReadingAndWriting):
    """Options of a command that reads a table and writes it again; either may be in a database."""

    query: Query = None

    def _of_database(self, place: str) -> dict[str, str | None]:
        return {"table": self.table_name if _is_database(place) else None, "query": self.query}

    def writing(self, place: str) -> Writing:
        """Return how the new table is written: a table that is named is the one to be read."""
        return replace(self, table_name=None) if _is_database(place) else self


def _describe(output: str, rows: pd.DataFrame) -> None:
    from synthwgan.io import write_croissant

    written = write_croissant(output, rows)
    typer.echo(
        f"Described in {written}. Add license, url and creator to it before you publish it.",
        err=True,
    )


def _is_standard(place: str | None) -> bool:
    from synthwgan.io.places import STANDARD

    return place is None or place == STANDARD


def _is_database(place: str) -> bool:
    from synthwgan.io.places import is_database

    return is_database(place)


def refuse_same(output: str, why: str, *inputs: str) -> None:
    """Raise a ValueError if a file is one of those that are read."""
    read = [Path(each).resolve() for each in inputs]
    if not _is_standard(output) and Path(output).resolve() in read:
        raise ValueError(f"{output} {why}.")


def is_folder_output(output: str) -> bool:
    """Whether rows are to go into a folder: one that is there, or a name without a suffix."""
    if _is_standard(output) or _is_database(output):
        return False
    return Path(output).is_dir() or not Path(output).suffix


def fill_folder(
    model: Any,
    folder: Path,
    n_rows: int,
    n_jobs: int,
    mark: str | None,
    options: Mapping[str, Any],
    advance: Callable[[int], object],
) -> None:
    """Write rows into a folder of Parquet files; see `WGANGPSynthesizer.sample_to`."""
    from synthwgan.parts import ROWS_PER_PART, PartsPlan, write_parts

    drawn = {"conditions": None, "on_rare": "restrict", "truncation": None, **options}
    seed, rows_per_part = drawn.pop("random_state"), drawn.pop("chunk_size", ROWS_PER_PART)
    plan = PartsPlan(n_rows, rows_per_part, drawn, mark)
    write_parts(model, folder, plan, n_jobs, seed, advance)


def as_frame(rows: Any, columns: Any = None) -> pd.DataFrame:
    """Return rows as a frame, in the order of some columns; fitted on an array, they are none."""
    import pandas as pd

    if not isinstance(rows, pd.DataFrame):
        return pd.DataFrame(rows, columns=columns)
    return rows if columns is None else rows.loc[:, list(columns)]


def _is_text(column: Any) -> bool:
    """Whether a column is read as text: it is of text, or of decimals, which floats would round."""
    import numpy as np

    physical = column.physical
    if physical.domain == "number":
        return isinstance(physical.labels(np.zeros(1, dtype=np.int64))[0], Decimal)
    if physical.domain != "label":
        return physical.domain == "text"
    labels = physical.labels(column.menu().present)
    return all(isinstance(label, str) for label in labels)


@contextmanager
def progress(n_rows: int, quiet: bool) -> Iterator[Callable[[int], object]]:
    """Show a bar, and give what moves it by a number of rows."""
    from tqdm import tqdm

    with tqdm(total=n_rows, desc="sampling", unit=" rows", file=sys.stderr, disable=quiet) as bar:
        yield bar.update
