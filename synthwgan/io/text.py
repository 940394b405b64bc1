"""Tables as separated cells in a file of text."""

from __future__ import annotations

import codecs
import csv
from decimal import Decimal
from typing import BinaryIO, ClassVar

import pandas as pd

from synthwgan.io.base import ReadOptions, Sink, TableFormat, TextOptions, unreadable_explained
from synthwgan.io.csv import NA_TEXTS, parse_csv
from synthwgan.io.dialect import recognise


class Csv(TableFormat):
    """Cells separated by commas below a header line, in UTF-8, unless it is said otherwise."""

    suffix = ".csv"
    is_text = True
    usual_sep: ClassVar[str] = ","

    def read(self, file: BinaryIO, shown: str, options: ReadOptions) -> pd.DataFrame:
        with unreadable_explained(shown, self.suffix):
            data = file.read()
        data, sep, decimal = recognise(data, shown, options.text, self.usual_sep)
        na = NA_TEXTS if options.na is None else options.na
        try:
            return parse_csv(data, shown, options.texts, na, sep=sep, decimal=decimal)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{shown} is not written in UTF-8; save it in that encoding, or say in which "
                "encoding="
            ) from error

    def sink(self, file: BinaryIO, shown: str, options: TextOptions) -> Sink:
        return _TextSink(file, shown, options, options.sep or self.usual_sep)


class Tsv(Csv):
    """The same with tabs between cells."""

    suffix = ".tsv"
    usual_sep = "\t"


class _TextSink:
    def __init__(self, file: BinaryIO, shown: str, options: TextOptions, sep: str) -> None:
        self._file, self._shown, self._sep = file, shown, sep
        self._decimal = options.decimal or "."
        self._encoding = options.encoding or "utf-8"
        # One for the file: a mark of the order of bytes stands at its beginning only.
        self._encoder = codecs.getincrementalencoder(self._encoding)()
        self._is_first = True
        if self._sep == self._decimal:
            raise ValueError(
                f"{shown}: cells and decimals cannot both be separated by {sep!r}; say sep=';'"
            )

    def write(self, frame: pd.DataFrame) -> None:
        text = separated(frame, header=self._is_first, sep=self._sep, decimal=self._decimal)
        try:
            data = self._encoder.encode(text)
        except UnicodeEncodeError as error:
            raise ValueError(
                f"{self._shown}: {text[error.start : error.end]!r} cannot be written in "
                f"{self._encoding}; leave encoding= away, which is UTF-8."
            ) from error
        self._file.write(data)
        self._is_first = False

    def close(self) -> None:
        self._file.write(self._encoder.encode("", final=True))


def separated(frame: pd.DataFrame, *, header: bool, sep: str = ",", decimal: str = ".") -> str:
    """Return a table as text that reads back as it is.

    Parameters
    ----------
    frame : DataFrame
        The table; its index is left out.
    header : bool
        Whether the columns' names come first.
    sep, decimal : str
        What separates cells, and whole numbers from decimals.
    """
    if decimal != ".":
        # pandas writes decimals of floats only so.
        columns = [_with_mark(frame.iloc[:, place], decimal) for place in range(frame.shape[1])]
        frame = pd.concat(columns, axis=1) if columns else frame
    options = {"index": False, "header": header, "lineterminator": "\n", "sep": sep}
    options["decimal"] = decimal
    text = frame.to_csv(**options)
    if "\r" in text:
        # Python before 3.13 does not quote a carriage return, at which readers end the line.
        text = frame.to_csv(**options, quoting=csv.QUOTE_NONNUMERIC)
    return text


def _with_mark(column: pd.Series, mark: str) -> pd.Series:
    is_decimal = isinstance(column.dtype, pd.ArrowDtype) and column.dtype.type is Decimal
    if not is_decimal and not pd.api.types.is_object_dtype(column.dtype):
        return column
    return column.astype(object).map(
        lambda cell: str(cell).replace(".", mark) if type(cell) is Decimal else cell
    )
