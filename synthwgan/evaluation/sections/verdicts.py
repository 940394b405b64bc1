"""Which rows keep which rules, for rows of any tool: what cannot be judged is said, not raised."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthwgan.evaluation.plain import as_floats, content_of
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table, as_table


@dataclass(frozen=True)
class Verdict:
    """What a rule says of each row of a table.

    Parameters
    ----------
    kept : ndarray of shape (n_rows,), bool
        Whether the row keeps the rule; True where it says nothing.
    applies : ndarray of shape (n_rows,), bool
        Of which rows the rule says something.
    problem : str, default ""
        What could not be judged, in words. Such rows count as breaking the rule.
    failed : bool, default False
        Whether no row could be judged.
    """

    kept: np.ndarray
    applies: np.ndarray
    problem: str = ""
    failed: bool = False

    @property
    def n_applying(self) -> int:
        """Rows of which the rule says something."""
        return int(self.applies.sum())

    @property
    def share(self) -> float:
        """Share of those that keep the rule; NaN if there are none."""
        return float(self.kept[self.applies].mean()) if self.n_applying else np.nan

    @property
    def broken_share(self) -> float:
        """Share of those that break the rule; NaN if there are none."""
        return float((~self.kept)[self.applies].mean()) if self.n_applying else np.nan

    @property
    def broken(self) -> np.ndarray:
        """Places of the rows that break the rule."""
        return np.flatnonzero(~self.kept)


def verdicts(rules: Sequence[Rule], frame: pd.DataFrame, real: pd.DataFrame) -> list[Verdict]:
    """Judge rows by each rule.

    Parameters
    ----------
    rules : sequence of rules
    frame : DataFrame
        The rows.
    real : DataFrame
        Real rows: they say how cells are to be read.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation.sections.verdicts import verdicts
    >>> from synthwgan.rules import Order
    >>> real = pd.DataFrame({"low": [1, 2], "high": [2, 5]})
    >>> odd = pd.DataFrame({"low": [1, 2, 9], "high": [2, "much", 3]})
    >>> [verdict] = verdicts([Order("low", "<=", "high")], odd, real)
    >>> verdict.kept.tolist(), verdict.problem
    ([True, False, False], "1 cell of 'high' cannot be read as in the real rows")
    """
    table = as_table(frame)
    return [judged(rule, table, real) for rule in rules]


def judged(rule: Rule, table: Table, real: pd.DataFrame) -> Verdict:
    """Judge rows by one rule; cells that cannot be read break it."""
    try:
        return Verdict(*rule.judge(table))
    except Exception as error:  # noqa: BLE001
        # Odd cells of another tool, or a user's own function, may raise anything.
        reason = _without_rule(str(error) or type(error).__name__, rule)
    try:
        cleaned, unread = _readable(table.frame, rule.columns, real)
        kept, applies = rule.judge(cleaned)
    except Exception:  # noqa: BLE001
        unread = {}
    if not unread:
        every = np.ones(len(table), dtype=bool)
        return Verdict(~every, every, reason, failed=True)
    odd = np.logical_or.reduce(list(unread.values()))
    words = ", ".join(_unread_words(name, cells) for name, cells in unread.items())
    return Verdict(kept & ~odd, applies | odd, f"{words} cannot be read as in the real rows")


def _readable(
    frame: pd.DataFrame, names: list[Hashable], real: pd.DataFrame
) -> tuple[pd.DataFrame, dict[Hashable, np.ndarray]]:
    """Return rows without the cells that cannot be read as the real ones, and which these are."""
    columns, unread = {}, {}
    for name in dict.fromkeys(names):
        column = frame[name]
        content = content_of(real[name])
        if content.is_number:
            odd = np.isnan(as_floats(column, content)) & column.notna().to_numpy()
            if odd.any():
                unread[name] = odd
                column = column.mask(odd).infer_objects()
        columns[name] = column
    cleaned = pd.DataFrame(dict(enumerate(columns.values())), index=frame.index)
    return cleaned.set_axis(pd.Index(list(columns), tupleize_cols=False), axis=1), unread


def _unread_words(name: Hashable, cells: np.ndarray) -> str:
    n_cells = int(cells.sum())
    return f"{n_cells:,} cell{'s' if n_cells != 1 else ''} of {str(name)!r}"


def _without_rule(reason: str, rule: Rule) -> str:
    """Return an error without the rule's name, which stands beside it already."""
    return reason.removeprefix(f"rule '{rule}': ")
