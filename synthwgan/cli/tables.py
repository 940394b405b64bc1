"""Tables as the command line reads and writes them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

# Of a file in a folder.
ROWS_PER_PART = 500_000
TABLES = ".csv, .csv.gz or .parquet"

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


def check_table_output(path: Path) -> None:
    """Refuse a file that could not be written, before any work is spent on its rows."""
    from synthwgan.io.tables import check_writable, table_suffix

    table_suffix(path)
    check_writable(path)


def is_folder_output(path: Path) -> bool:
    """Whether rows are to go into a folder: one that is there, or a name without a suffix."""
    return path.is_dir() or not path.suffix


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
    from synthwgan.parts import PartsPlan, write_parts

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


def read_as_fitted(
    path: Path, columns: Mapping[Any, Any], na: list[str] | None = None
) -> pd.DataFrame:
    """Read a table like a fitted one: names and texts are those of its columns."""
    from synthwgan.io.tables import read_table

    texts = [str(name) for name in columns if _is_text(columns[name])]
    table = read_table(path, texts=texts, na=na)
    # In a file every name is text; those fitted may be numbers.
    names = {str(name): name for name in columns}
    table.columns = [names.get(str(name), name) for name in table.columns]
    return table


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


@contextmanager
def rows_writer(output: Path | None) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Give what writes rows to a file, or to the standard output."""
    if output is None:
        yield _StdoutWriter().write
        return
    from synthwgan.io.tables import TableWriter

    with TableWriter(output) as writer:
        yield writer.write


class _StdoutWriter:
    """Writes chunks as one CSV table to the standard output."""

    def __init__(self) -> None:
        self._is_first = True

    def write(self, chunk: pd.DataFrame) -> None:
        from synthwgan.io.formats import csv_text

        typer.echo(csv_text(chunk, header=self._is_first), nl=False)
        self._is_first = False
