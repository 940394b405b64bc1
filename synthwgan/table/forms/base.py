"""What a form is: the way from written cells to numbers with an order, and exactly back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np


class Form(ABC):
    """One way of writing a number or a moment: ``"$1,234.50"``, ``"05:34"``, ``20210515``.

    A form knows nothing of columns. It is fitted by `find`, holds what it found (decimals,
    a unit, a pattern) as plain attributes that are the parameters of its constructor, and is
    written to the model file by `to_dict`.

    Attributes
    ----------
    name : str
        Its key in the registry and in model files.
    meaning : {"numeric", "datetime"}
        The kind of a column whose cells are written so.
    unit : str or None
        numpy's unit of ticks since 1970; None if the numbers are none.
    n_decimals : int or None
        Decimals of numbers that are not whole; None if the form does not say.
    said : str
        The currency, unit or zone that cells say and numbers do not; empty if they say none.
    utc_offset : int
        By how many microseconds the clocks that moments are written by are ahead of UTC.
    """

    name: ClassVar[str]
    meaning: ClassVar[str]
    unit: str | None = None
    n_decimals: int | None = None
    said: str = ""
    utc_offset: int = 0

    @classmethod
    @abstractmethod
    def find(cls, cells: np.ndarray) -> Form | None:
        """Return the form of this class in which most cells are written, or None.

        Parameters
        ----------
        cells : ndarray of shape (n,), object (str), int64 or uint64
            Cells of a column, none missing; they may repeat.
        """

    @abstractmethod
    def parse(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what cells mean.

        Parameters
        ----------
        cells : ndarray of shape (n,), object (str), int64 or uint64

        Returns
        -------
        numbers : ndarray of shape (n,), int64 or float64
            Numbers, or ticks of a calendar; 0 where the cell is not of this form.
        fits : ndarray of shape (n,), bool
            Where the cell is of this form: exactly where `write` gives the cell back.
        """

    @abstractmethod
    def write(self, numbers: np.ndarray) -> np.ndarray:
        """Return numbers as cells of this form, of the dtype that `find` was given."""

    def measure(self) -> tuple[str, Fraction]:
        """Return what numbers without a `unit` measure, and how many plain numbers their 1 is.

        As `PhysicalType.measure`: what is written in one form can be written in another that
        measures the same. Plain durations are microseconds.
        """
        return "number", Fraction(1)

    @property
    def sample(self) -> str:
        """How cells are written, in a few words: a pattern or an example."""
        return getattr(self, "pattern", self.name)

    def to_dict(self) -> dict[str, Any]:
        """Return the form as a JSON-able dict."""
        return {"name": self.name, **vars(self)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Form:
        """Rebuild from `to_dict`, without its name."""
        return cls(**state)
