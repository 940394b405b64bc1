"""Tables as Excel workbooks, through the extra ``excel``."""

from __future__ import annotations

import datetime
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from synthwgan.io.base import (
    ReadOptions,
    Sink,
    TableFormat,
    TextOptions,
    extra_explained,
    unreadable_explained,
)
from synthwgan.io.cells import frame_of_cells
from synthwgan.warn import warn

_MAX_ROWS, _MAX_COLUMNS = 2**20, 2**14
# Excel calculates with doubles: a whole number of more digits it would round.
_EXACT = 2**53
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")
_NEEDS = ("Excel files need", "openpyxl", "synthwgan[excel]")
# Excel counts a 29th of February 1900, which there was not.
_FIRST_YEAR = 1901


class Excel(TableFormat):
    """Excel: the first sheet, with the columns' names in its first row."""

    suffix = ".xlsx"

    def read(self, file: BinaryIO, shown: str, options: ReadOptions) -> pd.DataFrame:
        with extra_explained(*_NEEDS):
            from openpyxl import load_workbook
        with unreadable_explained(shown, self.suffix, zipfile.BadZipFile, KeyError):
            book = load_workbook(file, read_only=True, data_only=True)
            rows = [_cells(row) for row in book.worksheets[0].iter_rows(values_only=True)]
        if len(book.worksheets) > 1:
            warn(
                f"{shown} has {len(book.worksheets)} sheets; the first one, "
                f"{book.worksheets[0].title!r}, is read"
            )
        rows = _from_header_to_last_cell(rows)
        names = _names(rows, shown)
        return frame_of_cells(_columns(rows[1:], names, shown), options.texts, options.na)

    def sink(self, file: BinaryIO, shown: str, options: TextOptions) -> Sink:
        return _ExcelSink(file, shown)


def _from_header_to_last_cell(rows: list[list[Any]]) -> list[list[Any]]:
    """Rows without the blank ones around them; one between others is a row without cells."""
    filled = [place for place, row in enumerate(rows) if any(cell is not None for cell in row)]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def _names(rows: list[list[Any]], shown: str) -> list[str]:
    names = list(rows[0]) if rows else []
    while names and names[-1] is None:
        names.pop()
    if not names:
        raise ValueError(f"{shown} has no header; its first row must name the columns.")
    given = [f"Unnamed: {place}" if n is None else str(n) for place, n in enumerate(names)]
    name, count = Counter(given).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{shown}: the column {name!r} stands twice in its header; rename one.")
    return given


def _columns(rows: list[list[Any]], names: list[str], shown: str) -> dict[str, list[Any]]:
    for number, row in enumerate(rows, 2):
        if any(cell is not None for cell in row[len(names) :]):
            raise ValueError(
                f"{shown}: row {number} has cells beyond the {len(names)} columns that the first "
                "row names; remove them, or rows above the header."
            )
    cells = zip(*(row + [None] * (len(names) - len(row)) for row in rows), strict=False)
    empty: dict[str, list[Any]] = {name: [] for name in names}
    return empty | {name: list(column[:]) for name, column in zip(names, cells, strict=False)}


class _ExcelSink:
    def __init__(self, file: BinaryIO, shown: str) -> None:
        with extra_explained(*_NEEDS):
            from openpyxl import Workbook
        self._file, self._shown = file, shown
        self._book: Any = Workbook(write_only=True)
        self._sheet = self._book.create_sheet("Sheet1")
        self._n_rows = 0
        self._ends_blank = False

    def write(self, frame: pd.DataFrame) -> None:
        book, self._book = self._book, None
        if not self._n_rows:
            self._append([str(name) for name in frame.columns])
        columns = [list(self._cells(frame.iloc[:, place])) for place in range(frame.shape[1])]
        for row in zip(*columns, strict=True):
            self._append(row)
        # Not earlier: a workbook of which the rows failed must not be saved.
        self._book = book

    def _append(self, row: Any) -> None:
        from openpyxl.cell import WriteOnlyCell

        self._n_rows += 1
        if self._n_rows > _MAX_ROWS or len(row) > _MAX_COLUMNS:
            raise ValueError(
                f"{self._shown}: a sheet holds {_MAX_ROWS - 1:,} rows of {_MAX_COLUMNS:,} columns "
                "at most; write .csv or .parquet instead."
            )
        cells = list(row)
        self._ends_blank = all(cell is None for cell in cells)
        for place, cell in enumerate(cells):
            if type(cell) is float:
                # openpyxl would write 16 digits of 17.
                cells[place] = WriteOnlyCell(self._sheet, repr(cell))
                cells[place].data_type = "n"
            elif isinstance(cell, str):
                cells[place] = WriteOnlyCell(self._sheet, _escaped(cell))
                # A text such as =A1 is a text, and no formula.
                cells[place].data_type = "s"
        self._sheet.append(cells)

    def _cells(self, column: pd.Series) -> Iterator[Any]:
        missing = column.isna().to_numpy()
        for cell, is_missing in zip(column.astype(object), missing, strict=True):
            yield None if is_missing else _held(cell)

    def close(self) -> None:
        if self._book is not None and not self._ends_blank:
            self._book.save(self._file)
            return
        with suppress(OSError, ValueError):
            self._sheet.close()
        if self._book is not None:
            raise ValueError(
                f"{self._shown}: the last row has no cells, and a sheet ends with its last filled "
                "row; drop that row, or write .csv or .parquet instead."
            )


def _escaped(text: str) -> str:
    """A text as Excel writes it, which has no control characters but tabs and ends of lines."""
    text = _ESCAPE.sub(lambda match: f"_x005F{match[0]}", text)
    return _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def _cells(row: tuple[Any, ...]) -> list[Any]:
    """The cells of a row, with texts as they were before Excel wrote them."""
    return [
        _ESCAPE.sub(lambda match: chr(int(match[1], 16)), cell) if isinstance(cell, str) else cell
        for cell in row
    ]


def _held(cell: Any) -> Any:
    """A cell as Excel holds it, or else as its text, as in CSV."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, pd.Timestamp) and cell.tzinfo is None and not cell.nanosecond:
        cell = cell.to_pydatetime()
    if isinstance(cell, pd.Timedelta) and not cell.nanoseconds:
        cell = cell.to_pytimedelta()
    return cell if _is_held(cell) else str(cell)


def _is_held(cell: Any) -> bool:
    if type(cell) is int:
        return abs(cell) <= _EXACT
    if type(cell) is float:
        return math.isfinite(cell)
    if type(cell) is datetime.datetime:
        return cell.microsecond % 1000 == 0 and cell.year >= _FIRST_YEAR
    if type(cell) is datetime.date:
        return cell.year >= _FIRST_YEAR
    if type(cell) is datetime.timedelta:
        return cell.microseconds % 1000 == 0
    return type(cell) in (bool, str)
