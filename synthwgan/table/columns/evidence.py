"""What is known of a column before it has a kind: its name, its dtype and its cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from synthwgan.table.columns.people import is_personal, look_of
from synthwgan.table.columns.written import form_of
from synthwgan.table.forms.base import Form
from synthwgan.table.storage.dtypes import Cells, PhysicalType

MIN_DISTINCT = 20


@dataclass(frozen=True)
class Evidence:
    """A column that each kind looks at in turn, see `ColumnTransformer.infers`.

    Parameters
    ----------
    name : hashable
        The column's name.
    physical : PhysicalType
        How it is stored.
    cells : Cells
        Its cells.
    """

    name: Any
    physical: PhysicalType
    cells: Cells

    @property
    def domain(self) -> str:
        """What the canonical values are, see `PhysicalType`."""
        return self.physical.domain

    @cached_property
    def is_personal(self) -> bool:
        """Whether text or numbers are personal data."""
        can_be = self.domain in ("text", "number")
        return can_be and is_personal(self.name, self.physical, self.cells.present)

    @cached_property
    def form(self) -> Form | None:
        """The form in which text, or whole numbers, are written; None if there is none."""
        return form_of(self.physical, self.cells.present)

    @cached_property
    def look(self) -> str:
        """The kind as which text, or a number, is made anew; empty where it is not, or is a key."""
        free = self.domain == "text" and self.all_distinct and self.form is None
        if not self.is_personal and not free:
            return ""
        return look_of(self.name, self.physical, self.cells.present)

    @cached_property
    def all_distinct(self) -> bool:
        """Whether no cell occurs twice, and there are enough of them to say so."""
        return len(self.cells.present) >= MIN_DISTINCT and self.cells.all_distinct
