"""One column is a fixed function of another."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np

from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.computed import same_cells
from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.rules.formula import Formula
from synthwgan.table.rules.parts import PARTS, apply_part
from synthwgan.table.rules.units import ticks_per


class Function(Formula):
    """A column that is a part of a date, some digits of a number or a piece of a text.

    Parameters
    ----------
    target : column name
    of : column name
    part : str, optional
        The function's name: of dates ``year``, ``quarter``, ``month``, ``week`` (ISO), ``day``,
        ``dayofyear``, ``weekday`` (0 is Monday), ``isoweekday``, ``weekday_name``,
        ``weekday_short``, ``month_name``, ``month_short``, ``year_month``, ``weekend``, ``hour``,
        ``minute``, ``second``, ``time`` (seconds since midnight, as a clock shows),
        ``time_in_minutes``, ``hhmm``, ``unix_seconds``, ``unix_milliseconds``, ``date``; of
        numbers ``// 100``, ``% 100`` and the like, ``absolute``, ``floor``, ``ceil``,
        ``round``; of texts ``first 2``, ``last 2``, ``before -``, ``after -``, ``upper``,
        ``lower``, ``title``, ``length``. By default the one that fits the table.
    zone : str, optional
        Zone in which a date without a zone, taken as UTC, is read.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Function
    >>> calls = pd.DataFrame({"day": ["2024-01-05", "2024-02-11"], "month": [1, 2]})
    >>> print(Function("month", of="day").fit(calls))
    month = month of day
    """

    part_: str
    _learned: ClassVar[tuple[str, ...]] = (*Formula._learned, "part_")

    def __init__(
        self,
        target: Hashable,
        of: Hashable,
        part: str | None = None,
        *,
        zone: str | None = None,
        tolerate: float = 0.0,
    ) -> None:
        self.target_name = target
        self.of = of
        self.part = part
        self.zone = zone
        self.tolerate = tolerate
        if part is not None and part not in PARTS:
            raise ValueError(f"unknown part {part!r}: known are {', '.join(PARTS)}")

    @property
    def target(self) -> Hashable:
        return self.target_name

    @property
    def sources(self) -> list[Hashable]:
        return [self.of]

    def _learn_how(self, table: Table) -> None:
        self.part_ = self._find_part(table) if self.part is None else self.part

    def _find_part(self, table: Table) -> str:
        source, target = table[self.of], table[self.target]
        rows = source.present & target.present
        shares = {}
        for reading in [source] if source.stored is source else [source, source.stored]:
            for name in possible_parts(reading, target):
                values = as_values(name, reading, target.form, self.zone)
                shares[name] = same_cells(target, values, target.decimals)[rows].mean()
        best = max(shares, key=lambda name: shares[name], default=None)
        if best is None or shares[best] < 1 - max(self.tolerate, 1e-12):
            raise ValueError(
                f"{self.target!r} is none of the known functions of {self.of!r}; the nearest is "
                f"{best!r}: say which it is with part=, or drop the rule"
            )
        return best

    def _compute(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        part = self.part or getattr(self, "part_", None) or self._find_part(table)
        source = table[self.of]
        if source.kind != PARTS[part].of and source.stored_kind == PARTS[part].of:
            source = source.stored
        else:
            self._column(table, self.of, PARTS[part].of)
        return as_values(part, source, self._form(table), self.zone), source.present

    def __str__(self) -> str:
        part = self.part or getattr(self, "part_", None)
        words = "a part of {}" if part is None else PARTS[part].words
        zone = "" if self.zone is None else f" in {self.zone}"
        return f"{self.target} = {words.format(self.of)}{zone}"


def possible_parts(source: Column, target: Column) -> list[str]:
    """Return the names of the functions that lead from one kind of column to another."""
    return [name for name in PARTS if leads_to(name, source, target)]


def leads_to(part: str, source: Column, target: Column) -> bool:
    """Whether a function leads from one kind of column to another."""
    gives = PARTS[part].gives
    is_given = gives in (target.kind, target.stored_kind)
    is_number = gives == "label" and target.kind == "number"
    return PARTS[part].of == source.kind and (is_given or is_number)


def as_values(part: str, source: Column, form: ColumnForm, zone: str | None = None) -> np.ndarray:
    """Return a part of a column as the values of a column of some form."""
    return as_written(part, apply_part(part, source, zone), form)


def as_written(part: str, values: np.ndarray, form: ColumnForm) -> np.ndarray:
    """Return what a part gives as the values of a column of some form."""
    if form.written is not None and PARTS[part].gives == form.stored_kind:
        return form.parse(values)[0]
    if PARTS[part].gives == "time" and form.is_time:
        return values * ticks_per("D", form.unit)
    return values
