"""Forms of text that are read and written cell by cell, each distinct cell once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.distinct import as_cells, distinct_cells

# A form is found in a part of the cells; whether it holds for all, `parse` says.
_LOOKED_AT = 2000
MIN_SHARE = 0.9


class TextForm(Form):
    """A form of text with a number for each cell and a cell for each number.

    A cell fits if its number is written as this very cell, so nothing that was read is
    written otherwise.

    Attributes
    ----------
    example : int
        A number that shows how others are written.
    """

    example: ClassVar[int] = 0

    @property
    def sample(self) -> str:
        return self.text_of(self.example)

    @abstractmethod
    def number_of(self, text: str) -> int | None:
        """Return the number of a text, or None if it is not of this form."""

    @abstractmethod
    def text_of(self, number: int) -> str:
        """Return the text of a number."""

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        texts, places = distinct_cells(cells)
        numbers = np.zeros(len(texts), dtype=np.int64)
        fits = np.zeros(len(texts), dtype=bool)
        for place, text in enumerate(texts):
            number = self.number_of(text)
            if number is not None and self.text_of(number) == text:
                numbers[place], fits[place] = number, True
        return numbers[places], fits[places]

    def write(self, numbers: np.ndarray) -> np.ndarray:
        levels, places = np.unique(numbers, return_inverse=True)
        return as_cells([self.text_of(level) for level in levels.tolist()])[places]


def some_texts(cells: np.ndarray) -> list[str]:
    """Return at most 2000 of the distinct cells, none if they are no text."""
    if cells.dtype != object:
        return []
    texts = list(dict.fromkeys(cells.tolist()))
    return texts[:: max(1, len(texts) // _LOOKED_AT)][:_LOOKED_AT]


def digits_of(cells: np.ndarray, width: int) -> np.ndarray:
    """Return texts of so many digits as int64 numbers, -1 for other cells."""
    texts, places = distinct_cells(cells)
    numbers = [int(text) if _is_digits(text, width) else -1 for text in texts]
    return np.array(numbers, dtype=np.int64)[places]


def padded(numbers: np.ndarray, width: int) -> np.ndarray:
    """Return whole numbers as texts of so many digits, the way back from `digits_of`."""
    return as_cells([f"{number:0{width}d}" for number in numbers.tolist()])


def _is_digits(text: str, width: int) -> bool:
    return len(text) == width and text.isascii() and text.isdigit()


def commonest(items: Iterable[Any]) -> Any:
    """Return the commonest item, the first of those that are as common; None of none."""
    counts: dict[Any, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return max(counts, key=counts.__getitem__, default=None)


def fits_most(form: Form, texts: list[str]) -> bool:
    """Whether at least nine of ten texts are of a form."""
    return bool(texts) and bool(form.parse(as_cells(texts))[1].mean() >= MIN_SHARE)


def read_most(read: Callable[[str], Any | None], texts: list[str]) -> list[Any] | None:
    """Return what is read of the texts, or None if more than a tenth cannot be read."""
    found = [item for item in map(read, texts) if item is not None]
    return found if texts and len(found) >= MIN_SHARE * len(texts) else None
