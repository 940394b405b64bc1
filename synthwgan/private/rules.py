"""Rules between columns that are public knowledge: drawn rows keep them, and no row teaches them.

Only the form of a declared rule is used. A column that a rule computes is not measured at all; it
is computed of drawn rows. Rows that break another rule are drawn again, and mended at last.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.private.columns import Column
from synthwgan.private.domain import Declared
from synthwgan.private.mending import Limits, OrderMender, mend_one_hot
from synthwgan.private.storage import Stored
from synthwgan.private.written import WrittenDates
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.form import ColumnForm
from synthwgan.table.rules.function import Function
from synthwgan.table.rules.kinds import rule_from_dict
from synthwgan.table.rules.one_hot import OneHot
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.parts import PARTS
from synthwgan.table.rules.product import Product
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.rules.sum import Sum
from synthwgan.table.storage.dtypes import NumberType
from synthwgan.table.storage.physical import physical_type

COMPUTED = "computed"
# Most rows keep a rule after a few; what is left is mended.
_ROUNDS = 12
_KEPT = (Sum, Product, Function, Order, OneHot)
_WHY = {
    "Determines": "what goes with what would have to be learned from rows",
    "Bands": "its edges would have to be learned from rows",
    "Combinations": "the combinations would have to be learned from rows",
    "Unique": "of cells that are measured many rows have the same; an identifier has a "
    "Domain(pattern=...)",
    "Custom": "a function cannot be written to a file",
}


@dataclass(frozen=True)
class KeptRules:
    """Declared rules, ready to be kept by drawn rows.

    Parameters
    ----------
    computed : list of ComputedRule
        Each after those that its own columns come from.
    others : list of Order and OneHot
        Rows that break one are drawn again.
    limits : dict of column name to (float, float)
        Of ordered columns: the lowest and the highest value that is allowed, known publicly.
    """

    computed: list[ComputedRule] = field(default_factory=list)
    others: list[Rule] = field(default_factory=list)
    limits: dict[Hashable, tuple[float, float]] = field(default_factory=dict)

    @property
    def all(self) -> list[Rule]:
        """All rules."""
        return [*self.computed, *self.others]

    def computing(self, name: Hashable) -> ComputedRule | None:
        """Return the rule that computes a column, if there is one."""
        return next((rule for rule in self.computed if rule.target == name), None)

    def completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return measured columns with computed ones beside them."""
        for rule in self.computed:
            frame = frame.assign(**{_PLACE: rule.computed(frame)}).rename(
                columns={_PLACE: rule.target}
            )
        return frame

    def breaks(self, frame: pd.DataFrame) -> np.ndarray:
        """Return which rows of measured columns break a rule."""
        table = Table(frame)
        broken = np.zeros(len(frame), dtype=bool)
        for rule in self.others:
            broken |= ~rule.check(table)
        return broken

    def keep(
        self,
        draw: Callable[[np.ndarray], pd.DataFrame],
        n_rows: int,
        columns: Sequence[Column],
        rng: np.random.Generator,
        given: Mapping[Hashable, np.ndarray],
        limits: Limits = MappingProxyType({}),
    ) -> pd.DataFrame:
        """Draw rows that keep all rules.

        Parameters
        ----------
        draw : callable
            Draws measured columns of the rows of some numbers.
        n_rows : int
            How many.
        columns : sequence of Column
            The measured columns.
        rng : Generator
            Randomness.
        given : mapping of column name to ndarray of shape (n_rows,)
            Which cells must stay as they are.
        limits : mapping of column name to (float, float), optional
            The lowest and the highest value that columns were asked to have.

        Raises
        ------
        ValueError
            If given cells, or conditions, contradict a rule.
        """
        frame = draw(np.arange(n_rows))
        broken = np.flatnonzero(self.breaks(frame))
        for _ in range(_ROUNDS):
            if not len(broken):
                break
            fresh = draw(broken)
            kept = ~self.breaks(fresh)
            frame = _replaced(frame, broken[kept], fresh[kept])
            broken = broken[~kept]
        if len(broken):
            fixed = {name: where[broken] for name, where in given.items()}
            rows = frame.iloc[broken].reset_index(drop=True)
            rows = self._mended(rows, {one.name: one for one in columns}, fixed, limits, rng)
            frame = _replaced(frame, broken, rows)
        return self.completed(frame)

    def _mended(
        self,
        rows: pd.DataFrame,
        columns: Mapping[Hashable, Column],
        fixed: Mapping[Hashable, np.ndarray],
        limits: Limits,
        rng: np.random.Generator,
    ) -> pd.DataFrame:
        """Return rows that no draw could help with other cells, so that they keep the rules."""
        # Of what is 0 or 1, a range that leaves one of them out leaves one value.
        set_by_range = [name for name, (low, high) in limits.items() if low > 0 or high < 1]
        held = {**dict.fromkeys(set_by_range, np.ones(len(rows), dtype=bool)), **fixed}
        for rule in self.others:
            if isinstance(rule, OneHot):
                rows = mend_one_hot(rule, rows, columns, held, rng)
        orders = [rule for rule in self.others if isinstance(rule, Order)]
        if orders:
            narrow = {name: _narrowed(ends, limits.get(name)) for name, ends in self.limits.items()}
            rows = OrderMender(orders, columns, narrow).mend(rows, fixed)
        still = np.flatnonzero(self.breaks(rows))
        if len(still):
            table = Table(rows)
            rule = next(rule for rule in self.others if not rule.check(table)[still].all())
            named = {name for rule in self.others for name in rule.columns}
            asked = [_in_words(columns[name], limits[name]) for name in limits if name in named]
            ranges = f", {' and '.join(asked)}" if asked else ""
            raise ValueError(
                f"{len(still)} rows cannot keep rule '{rule}' with what they were asked to be"
                f"{ranges}: change the conditions, or the cells that were given"
            )
        return rows

    def check_given(self, frame: pd.DataFrame, given: Mapping[Hashable, np.ndarray]) -> None:
        """Refuse half-known rows with a computed cell that does not follow from given ones.

        Raises
        ------
        ValueError
            That names the row, the column and the rule.
        """
        for rule in self.computed:
            if rule.target not in given or not given[rule.target].any():
                continue
            sources = [given.get(name, np.zeros(len(frame), dtype=bool)) for name in rule.sources]
            lacking = given[rule.target] & ~np.all(sources, axis=0)
            if lacking.any():
                raise ValueError(
                    f"row {_label(frame, lacking)!r} has a cell of {rule.target!r}, "
                    f"which rule '{rule}' computes, and not all of {rule.sources}: fill these in, "
                    "or leave that cell empty"
                )
            named = frame.loc[:, list(dict.fromkeys(rule.columns))]
            broken = given[rule.target] & ~rule.check(named)
            if broken.any():
                raise ValueError(
                    f"row {_label(frame, broken)!r} breaks rule '{rule}': correct "
                    f"it, or leave its cell of {rule.target!r} empty"
                )

    def to_dict(self) -> dict[str, Any]:
        """Return the rules as JSON."""
        limits = [[number, *self.limits[name]] for number, name in enumerate(self.limits)]
        return {
            "rules": RuleSet(self.all).to_dict(),
            "limits": [[None if np.isinf(end) else end for end in ends[1:]] for ends in limits],
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> KeptRules:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no such rules.
        """
        rules = list(RuleSet.from_dict(state["rules"]))
        computed = [rule for rule in rules if isinstance(rule, ComputedRule)]
        others = [rule for rule in rules if not isinstance(rule, ComputedRule)]
        kinds = all(isinstance(rule, _KEPT) for rule in rules)
        if not kinds or not all(hasattr(rule, "form_") for rule in computed):
            raise ValueError("it has rules that private rows do not keep")
        names = _ordered_names(others)
        if len(names) != len(state["limits"]) or any(len(ends) != 2 for ends in state["limits"]):
            raise ValueError("its ordered columns have no limits")
        ends = [
            (-np.inf if low is None else float(low), np.inf if high is None else float(high))
            for low, high in state["limits"]
        ]
        return cls(computed, others, dict(zip(names, ends, strict=True)))


_PLACE = "<computed>"


def declare_rules(rules: Any, declared: list[Declared]) -> tuple[KeptRules, list[Declared]]:
    """Return the rules of a user, and what is known of columns: some are computed now.

    Raises
    ------
    TypeError, ValueError
        If rules are no rules, cannot be kept without looking at rows, or contradict each other or
        the columns. No row is looked at.
    """
    own = _checked(rules)
    of = {one.name: one for one in declared}
    for rule in own:
        _check_columns(rule, of)
    RuleSet(own).check_consistent()
    computed = _in_order([rule for rule in own if isinstance(rule, ComputedRule)])
    others = [rule for rule in own if not isinstance(rule, ComputedRule)]
    targets = {rule.target for rule in computed}
    may_miss = {one.name: one.stored.can_miss and one.missing is not False for one in declared}
    for rule in computed:
        _refuse_narrow(rule, of[rule.target])
        _give_form(rule, of)
        _check_missing(rule, of, may_miss)
    for rule in others:
        for name in rule.columns:
            if name in targets:
                raise ValueError(
                    f"rule '{rule}': column {name!r} is computed by another rule; drop one of them"
                )
    limits = {name: _limits(of[name]) for name in _ordered_names(others)}
    kept = KeptRules(computed, others, limits)
    _try(kept, of)
    return kept, [replace(one, kind=COMPUTED) if one.name in targets else one for one in declared]


def _checked(rules: Any) -> list[Rule]:
    """Return rules as the user wrote them, without anything that a fit has taught them."""
    if rules is None:
        return []
    if isinstance(rules, str):
        raise ValueError(
            f"rules={rules!r} is refused: finding rules reads rows outside the budget; declare "
            "those that are public knowledge, such as [Order('start', '<=', 'end')]"
        )
    if isinstance(rules, Rule) or not isinstance(rules, Iterable):
        raise TypeError(f"rules are a list such as [Order('start', '<=', 'end')], got {rules!r}")
    own = []
    for rule in rules:
        if not isinstance(rule, Rule):
            raise TypeError(f"rules are such as Order('start', '<=', 'end'), got {rule!r}")
        if not isinstance(rule, _KEPT):
            only = f"they keep {', '.join(kind.__name__ for kind in _KEPT)}"
            why = _WHY.get(type(rule).__name__, only)
            raise ValueError(f"rule '{rule}' cannot be kept by private rows: {why}; drop it")
        if rule.support_ is not None:
            raise ValueError(
                f"rule '{rule}' was found in a table, or fitted to one, and may tell of its rows: "
                f"if it is public knowledge, declare it anew as {rule!r}; in a file of rules, "
                'leave out what stands under "support", "learned" and "written"'
            )
        if rule.tolerate:
            raise ValueError(f"rule '{rule}': all private rows keep a rule; leave out tolerate")
        own.append(rule_from_dict(rule.to_dict()))
    return own


def _check_columns(rule: Rule, of: Mapping[Hashable, Declared]) -> None:
    """Refuse a rule whose columns are not what it needs, by dtypes and declarations alone."""
    for name in rule.columns:
        if name not in of:
            raise ValueError(f"rule '{rule}' names {name!r}, which is no column of the rows")
        if of[name].kind == "pattern":
            raise ValueError(f"rule '{rule}': column {name!r} is made of a pattern")
    if isinstance(rule, Function) and rule.part is None:
        raise ValueError(f"rule '{rule}': say which part it is, such as part='month'")
    if isinstance(rule, Sum) and rule.clock is not None:
        raise ValueError(f"rule '{rule}': how clock times are written is learned from rows")
    for name, kinds in _needed(rule).items():
        if not _holds(of[name]) & set(kinds):
            raise ValueError(
                f"rule '{rule}': column {name!r} of dtype {of[name].stored.name} does not hold "
                f"what the rule needs ({' or '.join(kinds)}); declare its domain, convert it, or "
                "drop the rule"
            )


def _needed(rule: Rule) -> dict[Hashable, tuple[str, ...]]:
    """Return what each column of a rule must hold."""
    if isinstance(rule, Product):
        return dict.fromkeys(rule.columns, ("number",))
    if isinstance(rule, Sum | Order):
        return dict.fromkeys(rule.columns, ("number", "time"))
    if isinstance(rule, Function):
        part = PARTS[rule.part or ""]
        gives = ("flag", "number") if part.gives == "label" else (part.gives,)
        return {rule.of: (part.of,), rule.target: gives}
    return dict.fromkeys(rule.columns, ("flag", "0 or 1"))


def _holds(one: Declared) -> set[str]:
    """Return what the cells of a column are, in the words of rules."""
    stored = one.stored
    if stored.is_flag:
        return {"flag"}
    if isinstance(stored, WrittenDates) or stored.holds == "time":
        return {"time"}
    if stored.is_category or stored.holds == "text":
        return {"text"}
    if stored.holds == "object":
        return {"text"} if one.kind == "category" else set()
    if stored.ticks or stored.holds != "number":
        return set()
    is_binary = one.labels is not None and set(one.labels) <= {0, 1}
    is_binary |= one.bounds == (0.0, 1.0) and one.decimals == 0
    return {"number", "0 or 1"} if is_binary else {"number"}


def _in_order(rules: list[ComputedRule]) -> list[ComputedRule]:
    of = {rule.target: rule for rule in rules}
    order = TopologicalSorter({name: rule.sources for name, rule in of.items()}).static_order()
    return [of[name] for name in order if name in of]


def _refuse_narrow(rule: ComputedRule, target: Declared) -> None:
    """Refuse whole numbers that may be too small for a sum or a product of drawn ones."""
    low, high = _limits(replace(target, bounds=None))
    if isinstance(rule, Sum | Product) and max(low, -high) > -(2.0**62):
        raise ValueError(
            f"rule '{rule}': what it computes may not fit dtype {target.stored.name} of column "
            f"{target.name!r}; convert the column to 'int64', 'Int64' or 'float64'"
        )


def _give_form(rule: ComputedRule, of: Mapping[Hashable, Declared]) -> None:
    """Tell a rule how its columns are stored, which a fit would find in cells."""
    target = of[rule.target]
    rule.written_ = {name: _written(of[name].stored) for name in rule.columns}
    rule.form_ = ColumnForm(_physical(target.stored), target.decimals, rule.written_[rule.target])
    rule.part_forms_ = []
    rule.keeps_states_ = rule.keeps_values_ = False


def _written(stored: Stored) -> Any:
    return stored.form if isinstance(stored, WrittenDates) else None


def _physical(stored: Stored) -> Any:
    if stored.physical is None:
        return physical_type(pd.Series(["a"], dtype=object))
    return stored.physical


def _check_missing(
    rule: ComputedRule, of: Mapping[Hashable, Declared], may_miss: dict[Hashable, bool]
) -> None:
    """Refuse a computed column that has no missing cells, computed from what has some."""
    holes = [name for name in rule.sources if may_miss[name]]
    if not may_miss[rule.target]:
        if holes:
            raise ValueError(
                f"rule '{rule}': column {rule.target!r} has no missing cells, and {holes[0]!r} may "
                f"have some; declare Domain(missing=False) for {holes[0]!r}, or give "
                f"{rule.target!r} a dtype with missing cells, such as 'Int64'"
            )
        if isinstance(rule, Product) and rule.over is not None:
            raise ValueError(
                f"rule '{rule}': a quotient by 0 is missing, and column {rule.target!r} has no "
                "missing cells; give it a dtype that has, such as 'Int64'"
            )
    may_miss[rule.target] = bool(holes) or (isinstance(rule, Product) and rule.over is not None)


def _ordered_names(rules: Sequence[Rule]) -> list[Hashable]:
    orders = [rule for rule in rules if isinstance(rule, Order)]
    return list(dict.fromkeys(name for rule in orders for name in rule.columns))


def _limits(one: Declared) -> tuple[float, float]:
    """Return the lowest and the highest number or tick that a column may have."""
    low, high = -np.inf, np.inf
    if _may_overflow(one.stored.physical):
        low, high = one.stored.physical.limits()
    if one.bounds is not None:
        low, high = max(low, one.bounds[0]), min(high, one.bounds[1])
    return float(low), float(high)


def _in_words(column: Column, ends: tuple[float, float]) -> str:
    """Return the range that was asked of a column, as a user writes it."""
    low, high = (column.value(end / column.step) if np.isfinite(end) else None for end in ends)
    return f"{column.name!r} in ({low}, {high})"


def _label(frame: pd.DataFrame, where: np.ndarray) -> Any:
    """Return what the first of some rows is called."""
    return frame.index[where].tolist()[0]


def _narrowed(ends: tuple[float, float], asked: tuple[float, float] | None) -> tuple[float, float]:
    return ends if asked is None else (max(ends[0], asked[0]), min(ends[1], asked[1]))


def _may_overflow(physical: Any) -> bool:
    return isinstance(physical, NumberType) and physical.plain_dtype.kind in "iu"


def _try(kept: KeptRules, of: Mapping[Hashable, Declared]) -> None:
    """Have the rules read a row that is made up, so that a mistake is told before a look."""
    targets = {rule.target for rule in kept.computed}
    named = {name for rule in kept.all for name in rule.columns}
    made_up = pd.DataFrame({name: _cell(of[name]) for name in named if name not in targets})
    made_up = kept.completed(made_up)
    kept.breaks(made_up)
    for rule in kept.computed:
        if not rule.check(made_up).all():
            raise ValueError(
                f"rule '{rule}': dtype {of[rule.target].stored.name} of column {rule.target!r} "
                "cannot hold what it computes; convert the column, or drop the rule"
            )
    orders = [rule for rule in kept.others if isinstance(rule, Order)]
    columns = {name: _unmeasured(of[name]) for name in kept.limits}
    narrow = OrderMender(orders, columns, kept.limits).without_room() if orders else None
    if narrow is not None:
        raise ValueError(
            f"the bounds of column {narrow!r}, and of those that it is ordered with, leave no "
            "value that keeps the rules; declare others, or drop a rule"
        )


def _unmeasured(one: Declared) -> Column:
    """Return a number as it is known publicly."""
    step = 1.0 if not one.decimals else 10.0**-one.decimals
    is_grid = one.decimals is not None or one.stored.ticks
    return Column(one.name, one.stored, "number", True, edges=(), step=step, is_grid=is_grid)


def _cell(one: Declared) -> pd.Series:
    present = np.zeros(1, dtype=bool)
    if one.kind == "number":
        low = np.array([0.0 if one.bounds is None else one.bounds[0]])
        return one.stored.write_numbers(low, 1.0, present)
    return one.stored.write_labels((one.labels or ["a"])[:1], np.zeros(1, dtype=np.int64))


def _replaced(frame: pd.DataFrame, rows: np.ndarray, fresh: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with other rows in the place of some; dtypes stay."""
    if not len(rows):
        return frame
    order = np.arange(len(frame))
    order[rows] = len(frame) + np.arange(len(rows))
    return pd.concat([frame, fresh], ignore_index=True).iloc[order].reset_index(drop=True)


def words_of(kept: KeptRules) -> list[str]:
    """Return the rules in words."""
    return [str(rule) for rule in kept.all]
