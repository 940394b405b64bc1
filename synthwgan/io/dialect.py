"""How a file of separated cells is written: said by the user, or recognised and said to them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

from synthwgan.io.base import TextOptions
from synthwgan.io.csv import NA_TEXTS, SEPARATORS, rows_of
from synthwgan.warn import warn

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# Western programs for Windows write it where they do not write UTF-8.
_OLD_ENCODING = "cp1252"
_CHUNK = 2**20
_ROWS = 1000
_COMMA = re.compile(r"[-+]?\d*,(\d+)")
_POINT = re.compile(r"[-+]?\d*\.(\d+)")
_WHOLE = re.compile(r"[-+]?\d+")


def recognise(data: bytes, shown: str, given: TextOptions, usual: str) -> tuple[bytes, str, str]:
    """Find how a file is written, as far as the user does not say it.

    Parameters
    ----------
    data : bytes
        The file's content.
    shown : str
        What messages call the file.
    given : TextOptions
        What the user says.
    usual : str
        The separator that such files have.

    Returns
    -------
    data : bytes
        The content in UTF-8.
    sep, decimal : str
        What separates cells, and whole numbers from decimals.

    Warns
    -----
    UserWarning
        If it is not written as usual, and the user did not say so.

    Raises
    ------
    ValueError
        If it cannot be read in its encoding, or in any that is recognised.
    """
    encoding = given.encoding or _encoding(data, shown)
    data = _in_utf8(data, shown, encoding)
    sep = given.sep or _separator(data, shown, usual)
    decimal = given.decimal or _decimal(data, shown, sep)
    found = {"sep": sep, "decimal": decimal, "encoding": encoding}
    usually = {"sep": usual, "decimal": ".", "encoding": "utf-8"}
    said = [
        f"{name}={found[name]!r}"
        for name, word in asdict(given).items()
        if word is None and found[name] != usually[name]
    ]
    if said:
        warn(
            f"{shown} is read with {', '.join(said)}: recognised from its content; say it "
            "otherwise if that is wrong"
        )
    return data, sep, decimal


def _encoding(data: bytes, shown: str) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return encoding
    for encoding in ("utf-8", _OLD_ENCODING):
        try:
            for _ in _decoded(data, encoding):
                pass
        except UnicodeDecodeError:
            continue
        return encoding
    raise ValueError(
        f"{shown} is not written in UTF-8, and not in {_OLD_ENCODING}; say in which encoding="
    )


def _decoded(data: bytes, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(data), _CHUNK):
        yield decoder.decode(data[start : start + _CHUNK])
    yield decoder.decode(b"", final=True)


def _in_utf8(data: bytes, shown: str, encoding: str) -> bytes:
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii"):
        return data
    try:
        return "".join(_decoded(data, encoding)).encode()
    except UnicodeError as error:
        raise ValueError(
            f"{shown} is not written in {encoding} ({error.reason}); say another encoding="
        ) from error


def _separator(data: bytes, shown: str, usual: str) -> str:
    """The usual one, unless it makes no columns of the first line and another one does."""
    first = _first_rows(data, shown, usual, 1)
    if not first or len(first[0]) > 1:
        return usual
    counts = {sep: sum(map(len, _first_rows(data, shown, sep, 1))) for sep in SEPARATORS}
    best = max(counts, key=lambda sep: counts[sep])
    return best if counts[best] > 1 else usual


def _decimal(data: bytes, shown: str, sep: str) -> str:
    """A comma if numbers are written with it that are no thousands, and none with a point."""
    if sep == ",":
        return "."
    rows = _first_rows(data, shown, sep, _ROWS)[1:]
    columns = [[cell.strip() for cell in column] for column in zip(*rows, strict=False)]
    written = [[cell for cell in column if cell not in NA_TEXTS and cell] for column in columns]
    commas = any(_measured(column, _COMMA) for column in written)
    return "," if commas and not any(_measured(column, _POINT) for column in written) else "."


def _measured(cells: list[str], pattern: re.Pattern[str]) -> bool:
    """Whether cells are numbers with a mark that does not only separate thousands."""
    found = [pattern.fullmatch(cell) for cell in cells]
    if not all(match or _WHOLE.fullmatch(cell) for match, cell in zip(found, cells, strict=True)):
        return False
    return any(match is not None and len(match[1]) != 3 for match in found)


def _first_rows(data: bytes, shown: str, sep: str, n_rows: int) -> list[list[str]]:
    """The first rows of cells; what is wrong with them is said when the file is read."""
    rows: list[list[str]] = []
    try:
        rows += (row for _, row in islice(rows_of(data, shown, sep), n_rows))
    except ValueError:
        pass
    return rows
