"""What forms of text have in common: reading, what most texts are, digits of a fixed width."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.distinct import as_cells
from synthwgan.table.forms.textform import TextForm

MIN_SHARE = 0.9


class ReadForm(TextForm):
    """A form of text that may read more than it writes; only what it writes fits."""

    def number_of(self, text: str) -> int | None:
        number = self.read(text)
        return number if number is not None and self.text_of(number) == text else None

    @abstractmethod
    def read(self, text: str) -> int | None:
        """Return the number of a text, or None if it is no such text."""


def commonest(items: Iterable[Any]) -> Any:
    """Return the commonest item, the first of those that are as common; None of none."""
    return next((item for item, _ in Counter(items).most_common(1)), None)


def fits_most(form: Form, texts: list[str]) -> bool:
    """Whether at least nine of ten texts are of a form."""
    return bool(texts) and bool(form.parse(as_cells(texts))[1].mean() >= MIN_SHARE)


def read_most(read: Callable[[str], Any | None], texts: list[str]) -> list[Any] | None:
    """Return what is read of the texts, or None if more than a tenth cannot be read."""
    found = [item for item in map(read, texts) if item is not None]
    return found if texts and len(found) >= MIN_SHARE * len(texts) else None


def digits_of(cells: np.ndarray, width: int) -> np.ndarray:
    """Return cells of so many digits as int64 numbers, -1 for other cells.

    Texts have just as many digits; whole numbers may have fewer.
    """
    if cells.dtype != object:
        numbers, are_short = np.full(len(cells), -1), (cells >= 0) & (cells < 10**width)
        numbers[are_short] = cells[are_short]
        return numbers
    numbers = [int(text) if _is_digits(text, width) else -1 for text in cells.tolist()]
    return np.array(numbers, dtype=np.int64)


def padded(numbers: np.ndarray, width: int) -> np.ndarray:
    """Return whole numbers as texts of so many digits, the way back from `digits_of`."""
    return as_cells([f"{number:0{width}d}" for number in numbers.tolist()])


def are_mostly_digits(texts: list[str], width: int) -> bool:
    """Whether at least nine of ten texts are of so many digits."""
    return sum(_is_digits(text, width) for text in texts) >= MIN_SHARE * max(len(texts), 1)


def _is_digits(text: str, width: int) -> bool:
    return len(text) == width and text.isascii() and text.isdigit()
