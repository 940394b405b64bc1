"""Finding fixed functions: parts of dates, digits of numbers, pieces of texts."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from synthwgan.table.rules.columns import Column
from synthwgan.table.rules.computed import same_cells
from synthwgan.table.rules.find.search import NEARLY, Search
from synthwgan.table.rules.function import Function, as_values, as_written, leads_to
from synthwgan.table.rules.parts import PARTS, apply_part

_PROBED, _ENOUGH = 256, 0.97
_UNCHANGED = 0.99
_MAX_COLUMNS = 300
# Zones whose clocks a table of UTC times may show; others can be declared.
ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
    "America/Phoenix", "America/Anchorage", "Pacific/Honolulu", "America/Toronto",
    "America/Halifax", "America/Sao_Paulo", "America/Mexico_City", "America/Bogota",
    "America/Lima", "America/Santiago", "America/Argentina/Buenos_Aires", "Europe/London",
    "Europe/Berlin", "Europe/Athens", "Europe/Istanbul", "Europe/Moscow", "Africa/Cairo",
    "Africa/Lagos", "Africa/Johannesburg", "Africa/Nairobi", "Asia/Jerusalem", "Asia/Dubai",
    "Asia/Tehran", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok",
    "Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Australia/Perth", "Australia/Adelaide",
    "Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


def find_functions(search: Search) -> None:
    """Find columns that are a fixed function of another."""
    columns = [c for c in search.columns if c.n_distinct >= 2]
    sources = [c for c in columns if c.kind in ("number", "time", "text")]
    sources = search.bounded(sources, _MAX_COLUMNS, "functions")
    tried = len(sources) * len(columns) * len(PARTS)
    for source in sources:
        if source.kind != "number" or source.decimals is not None:
            _try_source(search, source, columns, tried)
        if source.kind == "number" and source.stored_kind == "text":
            _try_source(search, source.stored, columns, tried)


def _try_source(search: Search, source: Column, columns: list[Column], tried: int) -> None:
    """Try all functions of a column: on a few rows first, for all targets at once."""
    probe = np.flatnonzero(source.present)[:_PROBED]
    few = part_of(source, probe)
    targets = {
        column.name: (column, part_of(column, probe))
        for column in columns
        if column.name != source.name and column.n_distinct <= source.n_distinct
    }
    numbers = _Numbers([cells for _, cells in targets.values()])
    for zone in [None, *_zones(source, columns)]:
        for part in PARTS:
            if PARTS[part].of != source.kind or not targets:
                continue
            values = apply_part(part, few, zone)
            excluded = numbers.unlike(values) if PARTS[part].gives == "number" else set()
            fitting = [
                target
                for name, (target, cells) in targets.items()
                if name not in excluded
                and leads_to(part, source, target)
                and _equal(part, values, cells)
            ]
            if not fitting or _says_nothing(part, source):
                continue
            for target in fitting:
                rule = Function(target.name, source.name, part, zone=zone)
                if _fits(part, source, target, zone) and search.accept(
                    rule, tried=tried, min_share=NEARLY
                ):
                    del targets[target.name]


class _Numbers:
    """Cells of many columns of numbers, compared at once: hardly any is a function of another.

    Parameters
    ----------
    columns : list of Column
        A few rows of each; those that hold no plain numbers are left out.
    """

    def __init__(self, columns: list[Column]) -> None:
        plain = [each for each in columns if each.kind == "number" and each.written is None]
        self._names = [each.name for each in plain]
        self._cells = np.column_stack([each.floats for each in plain]) if plain else None
        # Two numbers that are the same on a grid are no further apart than its step.
        self._steps = np.array([10.0 ** -(each.decimals or 0) for each in plain]) * (1 + 1e-9)

    def unlike(self, values: np.ndarray) -> set[Hashable]:
        """Return the names of columns that cannot be some values, as `_equal` asks."""
        if self._cells is None:
            return set()
        with np.errstate(invalid="ignore"):
            near = np.abs(self._cells - values.astype(np.float64)[:, None]) <= self._steps
        n_present = (~np.isnan(self._cells)).sum(axis=0)
        is_unlike = near.sum(axis=0) < _ENOUGH * n_present
        return {self._names[place] for place in np.flatnonzero(is_unlike)}


def _equal(part: str, values: np.ndarray, target: Column) -> bool:
    """Whether a part of a few rows is what a column has there, where it has anything."""
    if not target.present.any():
        return False
    values = as_written(part, values, target.form)
    same = same_cells(target, values, target.decimals)
    return bool(same[target.present].mean() >= _ENOUGH)


def part_of(column: Column, rows: np.ndarray) -> Column:
    """Return a few cells of a column as a column."""
    few = object.__new__(Column)
    few.__dict__.update(column.__dict__)
    for cached in ("present", "floats", "_factorized", "labels", "stored"):
        few.__dict__.pop(cached, None)
    few.values, few.missing = column.values[rows], column.missing[rows]
    few.__dict__["decimals"] = column.decimals if column.kind == "number" else None
    return few


def _fits(part: str, source: Column, target: Column, zone: str | None) -> bool:
    rows = source.present & target.present
    values = as_values(part, source, target.form, zone)
    same = same_cells(target, values, target.decimals)
    return bool(rows.any()) and bool(same[rows].mean() >= NEARLY)


def _says_nothing(part: str, source: Column) -> bool:
    """Whether the function leaves its column nearly as it is."""
    if PARTS[part].gives != source.kind:
        return False
    if source.kind == "time":
        return source.unit == "D"
    values = apply_part(part, source)
    return bool((values == source.values)[source.present].mean() >= _UNCHANGED)


def _zones(source: Column, columns: list[Column]) -> list[str]:
    """Return zones in which the source's hours are some column's numbers."""
    if source.kind != "time" or source.zone is not None or source.unit == "D":
        return []
    hours = apply_part("hour", source)
    for target in columns:
        if not target.is_integer or target.n_distinct > 24 or target.n_distinct < 8:
            continue
        rows = source.present & target.present
        shift = (target.values[rows] - hours[rows]) % 24
        counts = np.sort(np.bincount(shift.astype(np.int64), minlength=24))[::-1]
        # A zone shifts by one number of hours, or by two, in summer and in winter.
        if not rows.any() or counts[:2].sum() < NEARLY * rows.sum() or not shift.any():
            continue
        return [zone for zone in ZONES if _fits("hour", source, target, zone)][:1]
    return []
