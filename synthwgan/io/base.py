"""What a file format of tables is: two verbs, on a file that someone else has opened."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, Protocol

import pandas as pd

# Where a frame's ``attrs``, and the metadata of a Parquet file, say that rows are synthetic.
PROVENANCE = "synthetic"


@dataclass(frozen=True)
class TextOptions:
    """How a file of text is written; None is what is usual, or, on reading, recognised.

    Parameters
    ----------
    sep : str, optional
        What separates cells: one character.
    decimal : str, optional
        What separates whole numbers from decimals: a point or a comma.
    encoding : str, optional
        A name that Python knows, such as ``"cp1252"``.

    Raises
    ------
    ValueError
        If one of them is none.
    """

    sep: str | None = None
    decimal: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.sep is not None and (
            not isinstance(self.sep, str)
            or len(self.sep) != 1
            or not self.sep.isascii()
            or self.sep in '"\r\n\0'
        ):
            raise ValueError(f"sep must be one character such as ';', got {self.sep!r}")
        if self.decimal not in (None, ".", ","):
            raise ValueError(f"decimal must be '.' or ',', got {self.decimal!r}")
        if self.decimal is not None and self.decimal == self.sep:
            raise ValueError(f"sep and decimal must differ, got {self.sep!r} for both")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, TypeError):
                raise ValueError(
                    f"encoding must be one that Python knows, such as 'utf-8' or 'cp1252', got "
                    f"{self.encoding!r}"
                ) from None


@dataclass(frozen=True)
class ReadOptions:
    """What a user says about a table that is read.

    Parameters
    ----------
    texts : collection of str
        Columns whose cells stay as they are written, where the format writes texts.
    na : collection of str, optional
        The texts that stand for a missing cell. None takes those that are usual in the format.
    text : TextOptions
        How the file is written, if it is one of text.
    """

    texts: Collection[str] = ()
    na: Collection[str] | None = None
    text: TextOptions = TextOptions()


class Sink(Protocol):
    """What takes frames and writes them to an open file, which it does not close."""

    def write(self, frame: pd.DataFrame) -> None:
        """Append the rows of a frame."""

    def close(self) -> None:
        """Write what the format has at the end."""


class TableFormat(ABC):
    """A file format of tables.

    Another format is a class with these two verbs, and its line in `FORMATS`.

    Attributes
    ----------
    suffix : str
        What names of such files end in, in small letters.
    is_text : bool, default False
        Whether the file is of text, so that it may be packed (``.gz``, ``.zst``) and be written
        to the standard output as it grows.
    has_header : bool, default True
        Whether a file says which columns there are also where there are no rows.
    """

    suffix: ClassVar[str]
    is_text: ClassVar[bool] = False
    has_header: ClassVar[bool] = True

    @abstractmethod
    def read(self, file: BinaryIO, shown: str, options: ReadOptions) -> pd.DataFrame:
        """Read a file that is not empty.

        Parameters
        ----------
        file : binary file
            Open at its beginning; it can seek.
        shown : str
            What messages call the file.
        options : ReadOptions
            What the user says about it.

        Raises
        ------
        ValueError
            If it is no table of this format; the message names the file.
        """

    @abstractmethod
    def sink(self, file: BinaryIO, shown: str, options: TextOptions) -> Sink:
        """Return what writes frames to a new file.

        Parameters
        ----------
        file : binary file
            Open for writing.
        shown : str
            What messages call the file.
        options : TextOptions
            How it is to be written, if it is one of text.
        """
        ...


@contextmanager
def unreadable_explained(shown: str, suffix: str, *others: type[Exception]) -> Iterator[None]:
    """Say of what goes wrong on reading a file that it cannot be read as that type.

    Parameters
    ----------
    shown : str
        What messages call the file.
    suffix : str
        The type.
    *others : exception types
        What the format's package raises, besides the usual.
    """
    usual = (ValueError, OSError, EOFError, zlib.error, NotImplementedError)
    try:
        yield
    except (*usual, *others) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ValueError(
            f"{shown} cannot be read as {suffix.removeprefix('.')} ({reason}); "
            "check that the file is complete and of that type."
        ) from error


@contextmanager
def extra_explained(what: str, package: str, extra: str) -> Iterator[None]:
    """Say of an import that fails how to install what it needs.

    Parameters
    ----------
    what : str
        What needs the package, such as ``"Excel files need"``.
    package : str
        The package.
    extra : str
        What to install.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise ImportError(f'{what} {package}: pip install "{extra}"') from error
