"""Which of the rules compute columns, so that these need not be learned, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.columns.base import RARE, Columns, ColumnTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.formula import Formula
from synthwgan.table.rules.function import Function
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.rejoined import Rejoined
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.rules.sum import Sum


def choose_builders(
    rules: RuleSet,
    frame: pd.DataFrame,
    columns: Columns,
    options: ColumnOptions,
    learned: Collection[Hashable] = (),
) -> list[Rule]:
    """Return the rules that rebuild columns, fitted, each before those that need its column.

    Parameters
    ----------
    rules : RuleSet
        Fitted.
    frame : DataFrame
        The table.
    columns : mapping of name to ColumnTransformer
        Its fitted columns.
    options : ColumnOptions
        How rare cells and extremes are protected.
    learned : collection of column names
        Columns that must be learned themselves, such as a target.
    """
    chooser = _Chooser(Table(frame), columns, options, frozenset(learned))
    usable = [rule for rule in chooser.candidates(rules) if chooser.can_build(rule)]
    chosen = RuleSet(usable).builders()
    for rule in [*chooser.rejoined(usable, chosen), *chooser.solved_otherwise(usable, chosen)]:
        with_it = RuleSet([*chosen, rule]).builders()
        # None of them may take the place of another.
        chosen = with_it if len(with_it) > len(chosen) else chosen
    for rule in chooser.unbuilt(usable, chosen):
        chosen = chooser.in_place_of_gap(rule, chosen)
    return chosen


def without_uncomputed(rules: RuleSet, builders: Iterable[Rule], columns: Columns) -> RuleSet:
    """Leave out formulas of identifiers that rebuild no column: new ones would break them."""
    computed = _computed(builders)
    kept, left_out = [], list(rules.left_out)
    for rule in rules:
        anew = [name for name in rule.columns if not columns[name].in_features]
        if anew and isinstance(rule, ComputedRule) and not computed.intersection(rule.dependent):
            left_out.append(f"{rule}, as the cells of {anew[0]!r} are made anew")
        else:
            kept.append(rule)
    return RuleSet(kept, left_out)


@dataclass(frozen=True)
class _Chooser:
    """Looks for rules that can compute columns of a table.

    Parameters
    ----------
    table : Table
    columns : mapping of name to ColumnTransformer
    options : ColumnOptions
    learned : frozenset of column names
        None of them may be computed.
    """

    table: Table
    columns: Columns
    options: ColumnOptions
    learned: frozenset[Hashable]

    def candidates(self, rules: RuleSet) -> Iterator[Rule]:
        """Yield the rules, each in the form that it can best be built in."""
        for rule in rules:
            steps = rule.pairs() if isinstance(rule, Order) else [rule]
            for step in steps:
                fitted = step if step is rule else step.fit(self.table)
                best = self._without_differences(fitted)
                yield best
                yield from self._as_gap(best, rules)

    def can_build(self, rule: Rule) -> bool:
        """Whether a rule may compute its columns, and had better."""
        if self.learned.intersection(rule.dependent) or rule.state_column in self.table.frame:
            return False
        if any(not self.columns[name].in_features for name in rule.dependent):
            return False
        if isinstance(rule, Order):
            return self._is_better_as_gap(rule)
        if isinstance(rule, Determines):
            return self._tells_enough(rule)
        return rule.builds

    def rejoined(self, rules: Iterable[Rule], chosen: Collection[Rule]) -> list[Rule]:
        """Return how dates get the parts that are computed from other columns."""
        computed = _computed(chosen)
        of_dates: dict[Hashable, list[Function]] = {}
        for rule in rules:
            if isinstance(rule, Function) and rule.is_full and rule not in chosen:
                if self._is_free(rule.of, computed) and rule.target in computed:
                    of_dates.setdefault(rule.of, []).append(rule)
        found = [Rejoined.of_functions(functions, self.table) for functions in of_dates.values()]
        return [rule for rule in found if rule is not None]

    def solved_otherwise(self, rules: Iterable[Rule], chosen: Collection[Rule]) -> list[Rule]:
        """Return equations whose result another rule computes, solved for parts that none does.

        One that rebuilds nothing would hold by accident only.
        """
        return [
            turned for rule in self.unbuilt(rules, chosen) for turned in self._ways(rule, chosen)
        ]

    def unbuilt(self, rules: Iterable[Rule], chosen: Collection[Rule]) -> list[Formula]:
        """Return equations without exceptions that no chosen rule keeps."""
        built = [set(rule.columns) for rule in chosen if isinstance(rule, Formula)]
        return [
            rule
            for rule in rules
            if isinstance(rule, Formula) and rule.is_full and set(rule.columns) not in built
        ]

    def in_place_of_gap(self, rule: Formula, chosen: list[Rule]) -> list[Rule]:
        """Return the chosen rules with an equation, if it can be built without one of their gaps.

        An order may hold by itself, or be drawn again: an equation never does.
        """
        for order in chosen:
            if not isinstance(order, Order) or not set(order.dependent) & set(rule.columns):
                continue
            others = [other for other in chosen if other is not order]
            for way in [rule, *self._ways(rule, others)]:
                with_it = RuleSet([*others, way]).builders()
                if len(with_it) > len(others):
                    return with_it
        return chosen

    def _ways(self, rule: Formula, chosen: Collection[Rule]) -> list[Formula]:
        """Return an equation solved for each of its parts that no chosen rule computes."""
        if not rule.can_turn:
            return []
        computed = _computed(chosen)
        free = [part for part in rule.sources if self._is_free(part, computed)]
        turned = [self._turned(rule, part) for part in free]
        return [one for one in turned if one is not None and not one.keeps_states_]

    def _is_free(self, name: Hashable, computed: Collection[Hashable]) -> bool:
        """Whether a column can be computed yet: no rule does, and none must not."""
        taken = name in computed or name in self.learned
        return not taken and self.columns[name].in_features

    def _turned(self, rule: Formula, part: Hashable) -> Any | None:
        """Return a rule solved for a part, fitted; None if what is rounded has no way back."""
        turned = rule.turned(part)
        try:
            turned.fit(self.table)
        except ValueError:
            return None
        return turned

    def _without_differences(self, rule: Rule) -> Rule:
        """Return a difference as the sum that it comes from, if that is as exact.

        Of an end, a start and a duration, the end is computed: sums of what is never negative keep
        their order, which differences do not.
        """
        if not isinstance(rule, Sum) or not rule.is_full:
            return rule
        positive = [
            name for name, weight in zip(rule.sources, rule.fractions, strict=True) if weight > 0
        ]
        if len(positive) != 1 or len(rule.sources) < 2 or positive[0] in self.learned:
            return rule
        if rule.clock is not None and positive[0] not in rule.clock:
            return rule
        # Whole months between dates, say, have no way back.
        turned = self._turned(rule, positive[0])
        if turned is None:
            return rule
        # Two times that are drawn by themselves would make any delay.
        return rule if turned.keeps_states_ and rule.clock is None else turned

    def _as_gap(self, rule: Rule, rules: RuleSet) -> list[Rule]:
        """Return the order of two columns whose difference is a third one, which has no way back.

        A duration that was rounded does not tell the end; but of an end that is learned by itself,
        next to none would go with its start. So the end is learned as its distance from the start.
        """
        if not isinstance(rule, Sum) or not rule.is_full or rule.clock is not None:
            return []
        weight_of = dict(zip(rule.sources, rule.fractions, strict=True))
        kinds = {self.table[name].kind for name in weight_of}
        if len(weight_of) != 2 or len(kinds) != 1 or self.table[rule.target].kind != "number":
            return []
        low, high = sorted(weight_of, key=lambda name: weight_of[name])
        order = Order(low, "<=", high)
        if weight_of[low] >= 0 or weight_of[high] <= 0 or order in rules:
            return []
        try:
            return [order.fit(self.table)]
        except ValueError:
            # Some ends lie before their starts.
            return []

    def _tells_enough(self, rule: Determines) -> bool:
        """Whether a look-up's keys, as they are learned, tell what they determine."""
        # Numbers between those that were seen would determine nothing.
        if any(self.columns[name].has_value for name in rule.sources):
            return False
        # A state that rare keys share tells nothing of the other column. That one is learned then,
        # and rare keys are drawn to go with it, unless it were as large itself.
        if not any(_has_rare(self.columns[name]) for name in rule.sources):
            return True
        target = self.columns[rule.target]
        return rule.is_full and (target.has_value or _has_rare(target))

    def _is_better_as_gap(self, rule: Order) -> bool:
        """Whether the distance of the upper column from the lower depends less on the lower."""
        if not rule.builds:
            return False
        names = [name for name in rule.columns if name not in rule.dependent] + rule.dependent
        low, high = (self.table[name] for name in names)
        if not self.columns[names[1]].has_value:
            return False
        alone = low.missing & high.present
        if self.options.protect_extremes and alone.any():
            # Such a gap would be counted from the smallest number.
            return False
        both = low.present & high.present
        if both.sum() < 3:
            return False
        gap = rule.reduce(self.table)[names[1]].to_numpy(dtype=np.float64, na_value=np.nan)[both]
        ranks = [pd.Series(cells).rank() for cells in (low.floats[both], high.floats[both], gap)]
        of_high, of_gap = (abs(ranks[0].corr(other)) for other in ranks[1:])
        return bool(np.nan_to_num(of_gap) < np.nan_to_num(of_high))


def _computed(builders: Iterable[Rule]) -> set[Hashable]:
    return {name for rule in builders for name in rule.dependent}


def _has_rare(column: ColumnTransformer) -> bool:
    return any(RARE in part.state_labels() for part in column.parts)
