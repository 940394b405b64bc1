"""Cells of SQLite: each has a type of its own, whatever its column is declared as."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa

from synthwgan.io.sql.types import SqlType, array_of, arrow_type

_TRUTHS = {0: False, "f": False, "false": False, "no": False}
_TRUTHS |= {1: True, "t": True, "true": True, "yes": True}
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
_INT64 = range(-(2**63), 2**63)


def array_of_cells(values: list[Any], state: SqlType | None) -> pa.Array:
    """Return cells as an Arrow array, of the type that their column is declared as.

    Raises
    ------
    ValueError
        If one is of another type, or would lose something.
    """
    name = None if state is None else state[0]
    check = _CELLS.get(name)
    if check is not None:
        values = [None if cell is None else check(cell) for cell in values]
    if name in ("date", "timestamp"):
        # Arrow refuses a time zone, and what is finer than microseconds.
        return pa.array(values, pa.string()).cast(arrow_type(state))
    return array_of(values, state)


def _truth(cell: Any) -> bool:
    truth = _TRUTHS.get(cell.lower() if isinstance(cell, str) else cell)
    if truth is None:
        raise ValueError(f"{cell!r} is neither true nor false")
    return truth


def _whole(cell: Any) -> int:
    if not isinstance(cell, int):
        raise ValueError(f"{cell!r} is no whole number of 64 bits")
    return cell


def _number(cell: Any) -> int | float:
    if not isinstance(cell, int | float):
        raise ValueError(f"{cell!r} is no number")
    return cell


def _text(cell: Any) -> str:
    if not isinstance(cell, str):
        raise ValueError(f"{cell!r} is not written as 2024-12-31 or 2024-12-31 23:59:59")
    return cell


def _time(cell: Any) -> datetime.time:
    if not isinstance(cell, str) or _TIME.fullmatch(cell) is None:
        raise ValueError(f"{cell!r} is not written as 23:59:59, with 6 decimals at most")
    return datetime.time.fromisoformat(cell)


_CELLS: dict[str | None, Callable[[Any], Any]] = {
    "boolean": _truth,
    "smallint": _whole,
    "bigint": _whole,
    "double": _number,
    "numeric": _number,
    "date": _text,
    "timestamp": _text,
    "time": _time,
}


def number_of(cell: Decimal | float | None) -> int | float | None:
    """Return a number as SQLite keeps it: a whole one of 64 bits, or a float.

    Raises
    ------
    ValueError
        If it has more digits than either.
    """
    if cell is None or isinstance(cell, float):
        return cell
    whole = int(cell)
    if whole == cell and whole in _INT64:
        return whole
    if Decimal(repr(float(cell))) != cell:
        raise ValueError(f"{cell} has more digits than numbers of SQLite keep")
    return float(cell)
