"""Reading CSV files as they are written: a cell is a number only if it was written as one."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from synthwgan.warn import warn

# What pandas takes for a missing cell too.
NA_TEXTS = frozenset(
    "#N/A,#N/A N/A,#NA,-1.#IND,-1.#QNAN,-NaN,-nan,1.#IND,1.#QNAN,<NA>,N/A,NA,NULL,NaN,None,n/a,"
    "nan,null".split(",")
)

_NUMBER = r"^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|inf|Inf|INF|infinity|Infinity)$"
_WHOLE = r"^[-+]?\d+$"
# What reads as a number may be a code. A zero in front always makes one: 007, 03.40. A plus
# (+4712345678) or a bare E between digits (1E05) does if the column has no minus and no decimal
# point: programs write floats as 2.08431E4 or 2e+04, and signed numbers as -3 and +3.
_CODE = r"^[-+]?0\d"
_CODE_UNLESS_MEASURED = r"^(?:\+|\d+E\d+$)"
_MEASURED = r"[-.]"
_TRUE, _FALSE = ("True", "TRUE", "true"), ("False", "FALSE", "false")

# What separates cells, the usual first, and how errors call it.
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_BLOCK_BYTES = 2**26
_FIRST_CELLS = 100
# Whole numbers of so many digits are exact in a float.
_FLOAT_DIGITS = 15
# No cell is so: cells with NUL characters are refused.
_END = "\0end of file\0"


def parse_csv(
    data: bytes,
    path: object,
    texts: Collection[str] = (),
    na: Collection[str] = NA_TEXTS,
    *,
    sep: str = ",",
    decimal: str = ".",
) -> pd.DataFrame:
    """Make a table of the bytes of a file of separated cells in UTF-8.

    Parameters
    ----------
    data : bytes
        The file's content.
    path : object
        What errors call the file.
    texts : collection of str, default ()
        Columns whose cells stay as they are written, if the file has them.
    na : collection of str, default NA_TEXTS
        The texts that stand for a missing cell, as an empty cell always does.
    sep : str, default ","
        The character between cells.
    decimal : {".", ","}, default "."
        What separates whole numbers from decimals.

    Raises
    ------
    UnicodeDecodeError
        If it is not in UTF-8.
    ValueError
        If there is no header, a row has not as many cells as it, a quote is not
        closed, or a cell holds a NUL character.
    """
    header = _header(data, path, sep)
    _refuse_nul(data, path, header, sep)
    try:
        # pyarrow does not say that the last quote is open.
        is_even = data.count(b'"') % 2 == 0
        cells = _split(data if is_even else _checked(data, path, header, sep), len(header), sep)
    except pa.ArrowInvalid:
        cells = _split(_checked(data, path, header, sep), len(header), sep)
    columns = {}
    for place, name in enumerate(header):
        columns[place] = _column(cells.column(place), {"", *na}, name in texts, decimal)
        _warn_of_lost_codes(name, cells.column(place), columns[place])
    return pd.DataFrame(columns).set_axis(header, axis=1)


def _header(data: bytes, path: object, sep: str) -> list[str]:
    """The columns' names. Separators at the end of the line make no columns."""
    _, names = next(rows_of(data, path, sep), (1, []))
    while names and not names[-1]:
        names.pop()
    if not names:
        raise ValueError(f"{path} has no header; its first line must name the columns.")
    names = [name or f"Unnamed: {place}" for place, name in enumerate(names)]
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{path}: the column {name!r} stands twice in its header; rename one.")
    return names


def rows_of(data: bytes, path: object, sep: str) -> Iterator[tuple[int, list[str]]]:
    """Rows of cells, each with the number of its first line, without empty lines."""
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline="")
    reader = csv.reader(chain(lines, [_END]), delimiter=sep)
    line = 1
    try:
        for row in reader:
            if row and row[-1].endswith(_END):
                break
            if row:
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"{path}, line {line}: {error}.") from error
    if row != [_END]:
        raise ValueError(
            f"{path}: a quote opened in line {line} is never closed; check that the file is "
            "complete."
        )


def _refuse_nul(data: bytes, path: object, header: list[str], sep: str) -> None:
    if b"\0" not in data:
        return
    for line, row in rows_of(data, path, sep):
        for cell, name in zip(row, chain(header, [""] * len(row)), strict=False):
            if "\0" in cell:
                raise ValueError(
                    f"{path}, line {line}: {cell!r} in column {name!r} holds a NUL character; "
                    "remove it, or say encoding='utf-16' if the file is written so."
                )


def _checked(data: bytes, path: object, header: list[str], sep: str) -> bytes:
    """The file with as many cells in each row as in the header, or an error that names a line."""
    width, text, n_in_header = len(header), io.StringIO(newline=""), 0
    writer = csv.writer(text, delimiter=sep)
    for line, row in rows_of(data, path, sep):
        n_in_header = n_in_header or len(row)
        if len(row) < width and not "".join(row).strip():
            continue
        if len(row) < width or any(row[width:]):
            cells = f"{len(row)} cell{'s' * (len(row) > 1)}"
            word = SEPARATORS.get(sep, repr(sep))
            columns = f"{width} column{'s' * (width > 1)}"
            remedy = "correct that line"
            if n_in_header > width:
                columns, remedy = f"{width} of {n_in_header} columns", "name the others"
            raise ValueError(
                f"{path}: line {line} has {cells}, but the header names {columns}; {remedy}, "
                f"quote cells with {word}, or remove lines above the header."
            )
        writer.writerow(row[:width])
    return text.getvalue().encode()


def _split(data: bytes, width: int, sep: str) -> pa.Table:
    """All cells below the header, as text."""
    names = [str(place) for place in range(width)]
    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        arrow_csv.ReadOptions(column_names=names, block_size=_BLOCK_BYTES),
        arrow_csv.ParseOptions(delimiter=sep, newlines_in_values=True),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return table.slice(1)


def _column(cells: pa.ChunkedArray, na: Collection[str], as_text: bool, decimal: str) -> pd.Series:
    missing = pc.is_in(cells, value_set=pa.array(sorted(na))).to_numpy()
    present = cells.filter(pa.array(~missing))
    if not len(present):
        return pd.Series(np.full(len(cells), np.nan))
    read = None if as_text else _numbers(present, decimal)
    if read is None and not as_text:
        read = _booleans(present)
    if read is None:
        text_dtype = pd.Series([""]).dtype
        return pd.Series(_spread(present.to_pandas(), missing, object, np.nan), dtype=text_dtype)
    if not missing.any():
        return pd.Series(read)
    if read.dtype.kind in "iu":
        values = _spread(read, missing, read.dtype, 0)
        return pd.Series(pd.arrays.IntegerArray(values, missing))
    return pd.Series(_spread(read, missing, float if read.dtype.kind == "f" else object, np.nan))


def _spread(present: Any, missing: np.ndarray, dtype: Any, fill: Any) -> np.ndarray:
    values = np.full(len(missing), fill, dtype=dtype)
    values[~missing] = present
    return values


def _numbers(cells: pa.ChunkedArray, decimal: str) -> np.ndarray | None:
    """Cells as numbers, or None if one is none, is a code, or would be rounded to another."""
    cells = pc.ascii_trim_whitespace(cells)
    if decimal == ",":
        # A point is no decimal mark here: with one, a cell is text, as 1,234 is elsewhere.
        if _any(cells, r"\."):
            return None
        cells = pc.replace_substring(cells, ",", ".")
    # Most columns of text show it at once.
    if not _all(cells[:_FIRST_CELLS], _NUMBER) or not _all(cells, _NUMBER) or _are_codes(cells):
        return None
    unsigned = pc.replace_substring_regex(cells, r"^\+", "")
    if not _all(cells, _WHOLE):
        return None if _rounds_whole(unsigned) else unsigned.cast(pa.float64()).to_numpy()
    for dtype in (pa.int64(), pa.uint64()):
        try:
            return unsigned.cast(dtype).to_numpy()
        except pa.ArrowInvalid:
            continue
    return None


def _booleans(cells: pa.ChunkedArray) -> np.ndarray | None:
    if not pc.all(pc.is_in(cells, value_set=pa.array(_TRUE + _FALSE))).as_py():
        return None
    return pc.is_in(cells, value_set=pa.array(_TRUE)).to_numpy()


def _are_codes(cells: pa.ChunkedArray) -> bool:
    suspects = cells.filter(pc.match_substring_regex(cells, f"{_CODE}|{_CODE_UNLESS_MEASURED}"))
    if not len(suspects):
        return False
    return _any(suspects, _CODE) or not _any(cells, _MEASURED)


def _rounds_whole(cells: pa.ChunkedArray) -> bool:
    long = cells.filter(pc.greater(pc.binary_length(cells), _FLOAT_DIGITS))
    whole = long.filter(pc.match_substring_regex(long, _WHOLE))
    return any(int(cell) != int(float(cell)) for cell in whole.to_pylist())


def _all(cells: pa.ChunkedArray, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(cells, pattern)).as_py()


def _any(cells: pa.ChunkedArray, pattern: str) -> bool:
    return pc.any(pc.match_substring_regex(cells, pattern)).as_py()


def _warn_of_lost_codes(name: str, cells: pa.ChunkedArray, read: pd.Series) -> None:
    """Warn if texts that count as missing are of the form of all others: NA among countries."""
    present = read.dropna()
    if len(present) in (0, len(read)) or not isinstance(present.iloc[0], str):
        return
    lost = cells.filter(pa.array(read.isna().to_numpy()))
    for text in pc.unique(lost).to_pylist():
        code = rf"[A-Z]{{{len(text)}}}"
        if len(text) > 1 and text.isupper() and present.str.fullmatch(code).all():
            warn(
                f"column {name!r}: {text!r} is read as a missing cell, but all other cells are "
                f"codes of {len(text)} letters; if it is one too, read the file with na=[]"
            )
