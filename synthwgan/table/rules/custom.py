"""A rule that a user wrote."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table


class Custom(Rule):
    """A function of one's own that says which rows keep a rule.

    It is never written to a file: a file must not name code to run.

    Parameters
    ----------
    function : callable
        From a DataFrame to a boolean for each row.
    repair : callable, optional
        From a DataFrame of rows that break the rule to rows that keep it.
    name : str, optional
        What messages call the rule; by default the function's name.
    columns : list of column names, optional
        Columns that the function reads, so that errors can name them.
    tolerate : float, default=0.0
        Share of rows that may break the rule in `fit`.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Custom
    >>> even = Custom(lambda frame: frame["n"] % 2 == 0, name="n is even")
    >>> even.check(pd.DataFrame({"n": [2, 3]}))
    array([ True, False])
    """

    def __init__(
        self,
        function: Callable[[pd.DataFrame], Any],
        repair: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
        *,
        name: str | None = None,
        columns: Sequence[Hashable] = (),
        tolerate: float = 0.0,
    ) -> None:
        self.function = function
        self.repair = repair
        self.name = name
        self.names = columns
        self.tolerate = tolerate

    @property
    def columns(self) -> list[Hashable]:
        return list(self.names)

    def holds_for_new(self, name: Hashable) -> bool:
        return True

    def _parameters(self) -> dict[str, Any]:
        return {
            "function": self.function,
            "repair": self.repair,
            "name": self.name,
            "columns": self.names,
            "tolerate": self.tolerate,
        }

    def _keeps(self, table: Table) -> np.ndarray:
        kept = np.asarray(self.function(table.frame))
        if kept.shape != (len(table),) or kept.dtype != bool:
            raise TypeError(
                f"rule '{self}': the function must give a boolean for each of the {len(table)} "
                f"rows, got {kept.dtype} of shape {kept.shape}"
            )
        return kept

    def repaired(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return rows in which those that break the rule are repaired.

        Raises
        ------
        ValueError
            If `repair` returns other columns, or another number of rows.
        """
        broken = np.flatnonzero(~self.check(frame))
        if self.repair is None or not len(broken):
            return frame
        mended = self.repair(frame.iloc[broken].copy())
        if list(mended.columns) != list(frame.columns) or len(mended) != len(broken):
            raise ValueError(
                f"rule '{self}': repair must return the {len(broken)} rows that it gets, with the "
                f"same columns, got a table of shape {mended.shape}"
            )
        order = np.arange(len(frame))
        order[broken] = len(frame) + np.arange(len(broken))
        mended = pd.concat([frame, mended.astype(frame.dtypes)], ignore_index=True)
        return mended.iloc[order].set_axis(frame.index, axis=0)

    def to_dict(self) -> dict[str, Any]:
        """Refuse: a file must not name code to run."""
        raise TypeError(f"rule '{self}' is a function and cannot be written: leave it out")

    def __str__(self) -> str:
        return self.name or getattr(self.function, "__name__", "custom rule")
