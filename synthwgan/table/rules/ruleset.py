"""Several rules as one: shown, checked, written, and taken out of a table and put back."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, overload

import numpy as np
import pandas as pd

from synthwgan.table.frames import take
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table, as_table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.kinds import rule_from_dict
from synthwgan.table.rules.one_hot import OneHot
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.sum import Sum

AUTO = "auto"
_FORMAT = 1
_FIRST_ROWS = 5
_CHECKED = ["rule", "share", "share_applying", "n_broken", "first_rows"]


class RuleSet(Sequence[Rule]):
    """Rules of one table.

    Parameters
    ----------
    rules : iterable of rules
    left_out : list of str, optional
        What a search did not look for, or found and may not be kept, in words.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.rules import Order, RuleSet
    >>> rules = RuleSet([Order("low", "<=", "high")])
    >>> rules.check(pd.DataFrame({"low": [1, 5], "high": [2, 3]}))
              rule  share  share_applying  n_broken  first_rows
    0  high >= low    0.5             0.5         1         [1]
    """

    def __init__(self, rules: Iterable[Rule] = (), left_out: Iterable[str] = ()) -> None:
        self.rules = list(rules)
        self.left_out = list(left_out)
        for rule in self.rules:
            if not isinstance(rule, Rule):
                raise TypeError(
                    f"a RuleSet holds rules such as Order('start', '<=', 'end'), got {rule!r}"
                )

    def __len__(self) -> int:
        return len(self.rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    @overload
    def __getitem__(self, index: int) -> Rule: ...

    @overload
    def __getitem__(self, index: slice) -> RuleSet: ...

    def __getitem__(self, index: int | slice) -> Rule | RuleSet:
        if isinstance(index, slice):
            return RuleSet(self.rules[index], self.left_out)
        return self.rules[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleSet) and self.rules == other.rules

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        lines = [
            str(rule) if rule.support_ is None else f"{rule} ({rule.support_})" for rule in self
        ]
        lines += [f"left out: {what}" for what in self.left_out]
        return "\n".join(lines) or "no rules"

    def __repr__(self) -> str:
        return f"RuleSet({self.rules!r})"

    def fit(self, frame: Any) -> RuleSet:
        """Learn from a table what the rules have to know, and count the rows that speak for each.

        Raises
        ------
        ValueError
            If rules contradict each other, or the table breaks one more often than its `tolerate`.
        """
        table = as_table(frame)
        self.check_consistent(table.frame)
        for rule in self:
            rule.fit(table)
        return self

    def check(self, frame: Any) -> pd.DataFrame:
        """Return how many rows of a table, a frame of any library, break each rule.

        Returns
        -------
        broken : DataFrame
            One row a rule: ``rule``, ``share`` of all rows that break it, ``share_applying`` of
            the rows of which it says something (NaN if there are none), ``n_broken``, and
            ``first_rows``, the index of the first that break it.
        """
        table = as_table(frame)
        lines = []
        for rule in self:
            kept, applies = rule.judge(table)
            broken, n_applying = np.flatnonzero(~kept), int(applies.sum())
            lines.append(
                {
                    "rule": str(rule),
                    "share": len(broken) / max(len(table), 1),
                    "share_applying": len(broken) / n_applying if n_applying else np.nan,
                    "n_broken": len(broken),
                    "first_rows": table.frame.index[broken[:_FIRST_ROWS]].tolist(),
                }
            )
        return pd.DataFrame(lines, columns=_CHECKED)

    def broken_rows(self, frame: Any) -> Any:
        """Return the rows that break a rule that holds in all rows, with the rules they break.

        Returns
        -------
        rows : DataFrame, or what the table is
            Rows of the table, and a column ``broken_rules`` of lists of text.
        """
        frame, form = take(frame)
        table = as_table(frame)
        broken: dict[int, list[str]] = {}
        for rule in self:
            if not rule.is_full:
                continue
            for row in np.flatnonzero(~rule.check(table)):
                broken.setdefault(int(row), []).append(str(rule))
        rows = sorted(broken)
        found = table.frame.iloc[rows].assign(
            broken_rules=pd.Series([broken[row] for row in rows], dtype=object).to_numpy()
        )
        return form.dress(found)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a rule: text, kind, columns, and the rows that speak for it."""
        lines = [
            {
                "rule": str(rule),
                "kind": type(rule).__name__,
                "columns": rule.columns,
                "rows": np.nan if rule.support_ is None else rule.support_.rows,
                "share": np.nan if rule.support_ is None else rule.support_.share,
                "permuted": np.nan if rule.support_ is None else rule.support_.permuted,
            }
            for rule in self
        ]
        return pd.DataFrame(lines, columns=["rule", "kind", "columns", "rows", "share", "permuted"])

    def to_json(self, indent: int | None = 2) -> str:
        """Return the rules as JSON text; a `Custom` rule is refused."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False, allow_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the rules as a JSON-able dict; a `Custom` rule is refused."""
        return {
            "format": _FORMAT,
            "rules": [{"rule": str(rule), **rule.to_dict()} for rule in self],
            "left_out": self.left_out,
        }

    @classmethod
    def from_json(cls, text: str) -> RuleSet:
        """Rebuild rules from `to_json`, or from JSON that a user wrote.

        Raises
        ------
        ValueError
            If the text is no JSON, or names an unknown kind or parameter.
        """
        try:
            state = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"these rules are no JSON: {error}") from None
        return cls.from_dict({"rules": state} if isinstance(state, list) else state)

    @classmethod
    def from_dict(cls, state: Any) -> RuleSet:
        """Rebuild rules from `to_dict`.

        Raises
        ------
        ValueError
            If it names an unknown kind or parameter.
        """
        if not isinstance(state, dict) or not isinstance(state.get("rules"), list):
            raise ValueError('rules in JSON are a list, or {"rules": [...]}')
        if state.get("format", _FORMAT) != _FORMAT:
            raise ValueError(f"rules have format {state['format']}; this version reads {_FORMAT}")
        rules = []
        for entry in state["rules"]:
            known = isinstance(entry, dict)
            entry = {k: v for k, v in entry.items() if k != "rule"} if known else entry
            rules.append(rule_from_dict(entry))
        return cls(rules, state.get("left_out", ()))

    def check_consistent(self, frame: pd.DataFrame | None = None) -> None:
        """Refuse rules that no table can keep, or that a table cannot have.

        Parameters
        ----------
        frame : DataFrame, optional
            A table whose columns the rules must know.

        Raises
        ------
        ValueError
            If a column lacks, two rules compute one column, computed columns need each other, or
            orders go round in a circle.
        """
        if frame is not None:
            self.check_columns(frame)
        computed: dict[Hashable, Rule] = {}
        for rule in self:
            if not isinstance(rule, ComputedRule):
                continue
            if rule.target in computed:
                raise ValueError(
                    f"column {rule.target!r} is computed by two rules, '{computed[rule.target]}' "
                    f"and '{rule}': drop one of them"
                )
            computed[rule.target] = rule
        self._refuse_cycle(
            {name: rule.columns[1:] for name, rule in computed.items()},
            "columns are computed from each other in a circle",
        )
        self._refuse_order_cycle()

    def check_columns(self, frame: pd.DataFrame) -> None:
        """Refuse a table that lacks a column of a rule.

        Raises
        ------
        ValueError
            That names the rule and the column.
        """
        table = as_table(frame)
        for rule in self:
            rule._require(table)

    def _refuse_order_cycle(self) -> None:
        above: dict[Hashable, list[Hashable]] = {}
        for rule in self:
            for pair in rule.pairs() if isinstance(rule, Order) else []:
                if len(pair.columns) == 2:
                    low, high = pair._ends()
                    above.setdefault(high, []).append(low)
        self._refuse_cycle(above, "orders go round in a circle")

    @staticmethod
    def _refuse_cycle(graph: dict[Hashable, list[Hashable]], what: str) -> None:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = " -> ".join(repr(name) for name in error.args[1])
            raise ValueError(f"{what}: {circle}. Drop one of these rules") from None

    def builders(self) -> list[Rule]:
        """Return the rules that rebuild columns, each before those that need its column.

        Each column is rebuilt by one rule, the first that can; the others are checked only.
        """
        chosen: list[Rule] = []
        graph: dict[Hashable, set[Hashable]] = {}
        for rule in sorted(self, key=_priority):
            targets = rule.dependent
            if not targets or any(target in graph for target in targets):
                continue
            needed = set(rule.columns) - set(targets)
            trial = {**graph, **dict.fromkeys(targets, needed)}
            try:
                TopologicalSorter(trial).prepare()
            except CycleError:
                continue
            graph = trial
            chosen.append(rule)
        place = {name: k for k, name in enumerate(TopologicalSorter(graph).static_order())}
        return sorted(chosen, key=lambda rule: max(place[name] for name in rule.dependent))

    def reduce(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table without what the rules compute; `fit` the rules first."""
        reduced = frame
        for rule in reversed(self.builders()):
            reduced = rule.reduce(Table(reduced))
        return reduced

    def rebuild(
        self, frame: pd.DataFrame, columns: Sequence[Hashable] | None = None
    ) -> pd.DataFrame:
        """Return a reduced table with its columns back, on their own grids and dtypes."""
        rebuilt = frame
        for rule in self.builders():
            rebuilt = rule.rebuild(rebuilt)
        return rebuilt if columns is None else rebuilt.loc[:, list(columns)]


def read_rules(rules: Any) -> tuple[list[Rule], bool]:
    """Read a parameter `rules`: None, "auto", a rule, or several rules and "auto".

    Returns
    -------
    given : list of Rule
        Those that a user declared.
    searches : bool
        Whether others are to be found.

    Raises
    ------
    TypeError
        If something is no rule.
    """
    if rules is None:
        return [], False
    is_one = isinstance(rules, str | Rule | pd.DataFrame) or not isinstance(rules, Iterable)
    parts = [rules] if is_one else list(rules)
    for part in parts:
        if not isinstance(part, Rule) and not (isinstance(part, str) and part == AUTO):
            raise TypeError(
                f"rules must hold rules or 'auto', got {part!r}: rules takes 'auto', None, a "
                "RuleSet, or a list of rules such as Order('start', '<=', 'end')"
            )
    given = [part for part in parts if isinstance(part, Rule)]
    return given, len(given) < len(parts)


def _priority(rule: Rule) -> tuple[bool, int, int, bool, int]:
    """Rules that hold always come first, then those that compute, one-hots and orders.

    Of several that compute a column, the one goes first that does in most rows: what it does not
    compute is learned, and hardly ever meets the others. A sum goes last, as it can be solved for
    its parts.
    """
    broken = rule.support_ is not None and rule.support_.share < 0.5
    kinds: list[Any] = [ComputedRule, OneHot, Order]
    place = next((k for k, kind in enumerate(kinds) if isinstance(rule, kind)), len(kinds))
    rows = 0 if rule.support_ is None else rule.support_.rows - rule.support_.broken
    return broken, place, -rows, isinstance(rule, Sum), len(rule.columns)
