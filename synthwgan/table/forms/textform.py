"""Forms of text that are read and written cell by cell."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from synthwgan.table.forms.base import Form
from synthwgan.table.forms.distinct import as_cells

# A form is found in a part of the cells; whether it holds for all of them, `parse` says.
_LOOKED_AT = 500


class TextForm(Form):
    """A form of text with a number for each text and a text for each number."""

    dtype: Any = np.int64

    @abstractmethod
    def number_of(self, text: str) -> int | float | None:
        """Return the number of a text, or None if `text_of` does not give the text back."""

    @abstractmethod
    def text_of(self, number: int | float) -> str:
        """Return the text of a number."""

    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        numbers = np.zeros(len(cells), dtype=self.dtype)
        fits = np.zeros(len(cells), dtype=bool)
        for place, text in enumerate(cells.tolist()):
            number = self.number_of(text) if isinstance(text, str) else None
            if number is not None:
                numbers[place], fits[place] = number, True
        return numbers, fits

    def write(self, numbers: np.ndarray) -> np.ndarray:
        return as_cells([self.text_of(number) for number in numbers.tolist()])


def some_texts(cells: np.ndarray) -> list[str]:
    """Return at most so many of the distinct texts, none if the cells are numbers."""
    if cells.dtype != object:
        return []
    texts = list(dict.fromkeys(cells.tolist()))
    return texts[:: len(texts) // _LOOKED_AT + 1]
