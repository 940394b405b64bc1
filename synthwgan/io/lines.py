"""Tables as JSON lines: an object a row."""

from __future__ import annotations

import json
import math
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from synthwgan.io.base import ReadOptions, Sink, TableFormat, TextOptions, unreadable_explained
from synthwgan.io.cells import frame_of_cells


class JsonLines(TableFormat):
    """JSON lines: numbers, texts and truth values keep their types; dates are texts."""

    suffix = ".jsonl"
    is_text = True
    has_header = False

    def read(self, file: BinaryIO, shown: str, options: ReadOptions) -> pd.DataFrame:
        encoding = options.text.encoding or "utf-8-sig"
        with unreadable_explained(shown, self.suffix):
            # Cells may hold other characters at which Python would split lines.
            lines = file.read().decode(encoding).replace("\r\n", "\n").split("\n")
        columns: dict[str, list[Any]] = {}
        n_rows = 0
        for number, line in enumerate(lines, 1):
            if line.strip():
                _add(columns, _row(line, shown, number), n_rows)
                n_rows += 1
        if not columns:
            raise ValueError(
                f"{shown} has no columns; each line must be an object such as {{...}}."
            )
        for cells in columns.values():
            cells += [None] * (n_rows - len(cells))
        return frame_of_cells(columns, options.texts, options.na)

    def sink(self, file: BinaryIO, shown: str, options: TextOptions) -> Sink:
        return _LinesSink(file, shown, options.encoding or "utf-8")


def _row(line: str, shown: str, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{shown}, line {number}: it cannot be read as jsonl ({error}); check that the file is "
            "complete and that each line is an object."
        ) from error
    if not isinstance(row, dict):
        raise ValueError(f"{shown}, line {number}: {line[:40]!r} is no object such as {{...}}.")
    for name, cell in row.items():
        if isinstance(cell, list | dict):
            raise ValueError(
                f"{shown}, line {number}: column {name!r} holds {json.dumps(cell)[:40]}; give a "
                "column for each part of it, or write it as a text."
            )
    return row


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return what an object of JSON says; a name that stands twice in it is a ValueError."""
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in it")
    return row


def _add(columns: dict[str, list[Any]], row: dict[str, Any], n_rows: int) -> None:
    """Append a row, in which names may lack or be new: these cells are missing."""
    for name, cell in row.items():
        cells = columns.setdefault(name, [])
        if len(cells) < n_rows:
            cells += [None] * (n_rows - len(cells))
        # JSON has no NaN, but Python writes and reads it.
        cells.append(None if isinstance(cell, float) and math.isnan(cell) else cell)


class _LinesSink:
    def __init__(self, file: BinaryIO, shown: str, encoding: str) -> None:
        self._file, self._shown, self._encoding = file, shown, encoding

    def write(self, frame: pd.DataFrame) -> None:
        names = [json.dumps(str(name), ensure_ascii=False) for name in frame.columns]
        columns = [
            [f"{name}: {cell}" for cell in self._cells(frame.iloc[:, place])]
            for place, name in enumerate(names)
        ]
        lines = ["{" + ", ".join(row) + "}\n" for row in zip(*columns, strict=True)]
        self._file.write("".join(lines).encode(self._encoding))

    def _cells(self, column: pd.Series) -> list[str]:
        missing = column.isna().to_numpy()
        objects = column.astype(object).to_numpy()
        is_single = column.dtype == np.float32
        try:
            return [
                "null" if is_missing else _cell(cell, is_single)
                for cell, is_missing in zip(objects, missing, strict=True)
            ]
        except ValueError as error:
            raise ValueError(
                f"{self._shown}: column {column.name!r} holds an infinite number, which JSON has "
                "not; replace it by a missing cell."
            ) from error

    def close(self) -> None:
        """Nothing stands at the end."""


def _cell(cell: Any, is_single: bool) -> str:
    if isinstance(cell, np.generic):
        cell = cell.item()
    if isinstance(cell, float):
        # All digits of a single float are those of its own text, not of its double.
        cell = float(str(np.float32(cell))) if is_single else cell
    elif not isinstance(cell, bool | int | str):
        cell = str(cell)
    return json.dumps(cell, ensure_ascii=False, allow_nan=False)
