"""How rows break rules, in words."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table

MAX_CELLS, CELL_WIDTH = 6, 60


def percent(share: float) -> str:
    """Return a share in words; what is rare does not become nothing, nor what is common all.

    Examples
    --------
    >>> from synthwgan.evaluation.sections.broken import percent
    >>> percent(0.0909), percent(0.00004), percent(0.99999)
    ('9.1 %', 'less than 0.1 %', 'more than 99.9 %')
    """
    if 0 < share < 0.001:
        return "less than 0.1 %"
    if 0.999 < share < 1:
        return "more than 99.9 %"
    return f"{round(100 * share, 1):g} %"


def breach(rule: Rule, table: Table) -> str:
    """Say what is wrong in a row that breaks a rule.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation.sections.broken import breach
    >>> from synthwgan.rules import Order
    >>> from synthwgan.table.rules.columns import Table
    >>> dates = pd.to_datetime(["2024-01-01", "2024-02-01"])
    >>> breach(Order("start", "<=", "end"), Table(pd.DataFrame({"start": dates, "end": dates})))
    'end is before start'
    """
    return rule.breach(table) or f"'{short(str(rule), 2 * CELL_WIDTH)}' is broken"


def row_names(frame: pd.DataFrame, rows: np.ndarray) -> list[str]:
    """Return what rows are called: their index."""
    return [short(str(label)) for label in frame.index[rows].tolist()]


def cells_of_row(rule: Rule, frame: pd.DataFrame, row: int) -> str:
    """Return the cells of a row by which it breaks a rule.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation.sections.broken import cells_of_row
    >>> from synthwgan.rules import Order
    >>> cells_of_row(Order("a", "<=", "b"), pd.DataFrame({"a": [3], "b": [None], "c": [1]}), 0)
    'a = 3, b is missing'
    """
    names = list(dict.fromkeys(rule.columns))
    shown = [_cell(name, frame[name].iloc[row]) for name in names[:MAX_CELLS]]
    return ", ".join(shown + ["..."] * (len(names) > MAX_CELLS))


def _cell(name: Hashable, cell: Any) -> str:
    if pd.api.types.is_scalar(cell) and bool(pd.isna(cell)):
        return f"{name} is missing"
    return f"{name} = {short(str(cell))}"


def short(text: str, width: int = CELL_WIDTH) -> str:
    """Return a text cut to a width."""
    return f"{text[: width - 3]}..." if len(text) > width else text
