"""Which rules rows have to keep: declared or found, and which of them rebuild columns."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from copy import deepcopy
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from synthwgan.table.checks import expect
from synthwgan.table.columns.base import RARE, ColumnTransformer
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.custom import Custom
from synthwgan.table.rules.determines import Determines
from synthwgan.table.rules.find import find_rules
from synthwgan.table.rules.function import Function
from synthwgan.table.rules.kinds import rule_from_dict
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.rejoined import Rejoined
from synthwgan.table.rules.ruleset import RuleSet, read_rules
from synthwgan.table.rules.sum import Sum

# What the parameter `rules` may be.
Rules: TypeAlias = "Literal['auto'] | RuleSet | list[Rule | Literal['auto']] | None"
Columns = Mapping[Hashable, ColumnTransformer]


def gather_rules(
    rules: Any, frame: pd.DataFrame, columns: Columns, options: ColumnOptions, verbose: int = 0
) -> RuleSet:
    """Return the rules that a model has to keep, fitted to its table.

    Parameters
    ----------
    rules : "auto", RuleSet, list of rules and "auto", or None
    frame : DataFrame
        The table.
    columns : mapping of name to ColumnTransformer
        Its fitted columns.
    options : ColumnOptions
        How rare cells and extremes are protected.
    verbose : int, default=0
        1 shows the progress of the search.

    Returns
    -------
    rules : RuleSet
        Its `left_out` says which found rules are not used, and why.

    Raises
    ------
    ValueError
        If a declared rule is broken by the table, names no column of it, or contradicts another.
    """
    given, searches = read_rules(rules)
    declared = RuleSet(deepcopy(given)).fit(frame)
    _check_declared(declared, columns)
    if not searches:
        return declared
    if not all(isinstance(name, str | int) for name in frame.columns):
        return RuleSet(declared, ["all rules, as column names are neither texts nor integers"])
    found = find_rules(frame, verbose=verbose)
    taken = {name for rule in declared for name in rule.dependent}
    # That nothing was sought in an identifier surprises nobody.
    anew = tuple(f"column {name!r}: " for name, own in columns.items() if not own.in_features)
    chosen, left_out = list(declared), [w for w in found.left_out if not w.startswith(anew)]
    table = Table(frame)
    for rule in found:
        if rule in chosen or taken.intersection(rule.dependent):
            continue
        reason = _why_unusable(rule, table, columns, options)
        if reason:
            left_out.append(f"{rule}, as {reason}")
        else:
            chosen.append(rule)
    return RuleSet(chosen, left_out)


def show_rules(rules: RuleSet) -> str:
    """Say in lines which rules all drawn rows keep, which have exceptions, what is left out."""
    groups = {
        "Rules that every drawn row keeps": [rule for rule in rules if rule.is_full],
        "Rules with exceptions, which drawn rows have too": [
            rule for rule in rules if not rule.is_full
        ],
    }
    lines = []
    for title, group in groups.items():
        if group:
            lines += [f"{title}:", *(f"  {line}" for line in str(RuleSet(group)).splitlines())]
    lines = lines or ["No rules between columns."]
    if rules.left_out:
        lines += ["Left out:", *(f"  {what}" for what in rules.left_out)]
    return "\n".join(lines)


def _why_unusable(rule: Rule, table: Table, columns: Columns, options: ColumnOptions) -> str:
    """Say why a found rule cannot be used, or must not be; empty if it can."""
    anew = _made_anew(rule, columns)
    if anew is not None:
        return f"the cells of {anew!r} are made anew"
    if not rule.remembers:
        return ""
    hides_rare = options.min_category_rows > 1 or options.rare == "mask"
    for name in rule.of_cells:
        column = columns[name]
        least = max(options.min_category_rows, 2) if hides_rare else 1
        if column.ends() is None and _rarest(table, name) < least:
            return f"it would keep rare cells of {name!r}"
        if options.protect_extremes and column.ends() is not None:
            return f"it would keep the extremes of {name!r}"
    return ""


def _made_anew(rule: Rule, columns: Columns) -> Hashable | None:
    """Return a column whose new cells could not keep a rule; None if there is none.

    What is made anew differs from every cell that a rule could remember or compute. Other cells may
    be computed of it, and whether a cell is missing, or unlike all others, is not made anew.
    """
    anew = [name for name in rule.columns if not columns[name].in_features]
    return next((name for name in anew if not rule.holds_for_new(name)), None)


def _check_declared(rules: RuleSet, columns: Columns) -> None:
    for rule in rules:
        anew = _made_anew(rule, columns)
        if anew is not None:
            raise ValueError(
                f"rule '{rule}': column {anew!r} holds identifiers, whose cells are made anew, so "
                f"that none can keep the rule: drop the rule, or say column_kinds={{{anew!r}: "
                "'categorical'}"
            )


def _rarest(table: Table, name: Hashable) -> int:
    codes = table[name].codes
    counts = np.bincount(codes[codes >= 0])
    return int(counts[counts > 0].min(initial=len(table)))


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
    frame, columns, options
        As for `gather_rules`.
    learned : collection of column names
        Columns that must be learned themselves, such as a target.
    """
    table, candidates = Table(frame), []
    for rule in rules:
        steps = rule.pairs() if isinstance(rule, Order) else [rule]
        for step in steps:
            fitted = step if step is rule else step.fit(table)
            best = _without_differences(fitted, table, learned)
            candidates += [best, *_as_gap(best, rules, table)]
    usable = [
        rule
        for rule in candidates
        if not set(learned).intersection(rule.dependent)
        and rule.state_column not in frame.columns
        and _can_build(rule, table, columns, options)
    ]
    chosen = RuleSet(usable).builders()
    more = _rejoined(usable, chosen, table, columns, learned)
    more += _solved_otherwise(usable, chosen, table, columns, learned)
    for rule in more:
        with_it = RuleSet([*chosen, rule]).builders()
        # None of them may take the place of another.
        chosen = with_it if len(with_it) > len(chosen) else chosen
    return chosen


def _solved_otherwise(
    rules: Iterable[Rule],
    chosen: Collection[Rule],
    table: Table,
    columns: Columns,
    learned: Collection[Hashable],
) -> list[Rule]:
    """Return sums whose total another rule computes, solved for each part that none does.

    A sum that rebuilds nothing would hold by accident only.
    """
    computed = {name for rule in chosen for name in rule.dependent}
    solved: list[Rule] = []
    for rule in rules:
        if not isinstance(rule, Sum) or rule in chosen or not (rule.is_full and rule.can_turn):
            continue
        for part in rule.sources:
            if part in computed or part in learned or not columns[part].in_features:
                continue
            turned = rule.turned(part)
            try:
                turned.fit(table)
            except ValueError:
                continue
            if not turned.keeps_states_:
                solved.append(turned)
    return solved


def _rejoined(
    rules: Iterable[Rule],
    chosen: Collection[Rule],
    table: Table,
    columns: Columns,
    learned: Collection[Hashable],
) -> list[Rule]:
    """Return how dates get the parts that are computed from other columns."""
    computed = {name for rule in chosen for name in rule.dependent}
    of_dates: dict[Hashable, list[Function]] = {}
    for rule in rules:
        if isinstance(rule, Function) and rule.is_full and rule not in chosen:
            is_free = rule.of not in computed and rule.of not in learned
            if is_free and columns[rule.of].in_features and rule.target in computed:
                of_dates.setdefault(rule.of, []).append(rule)
    found = [Rejoined.of_functions(functions, table) for functions in of_dates.values()]
    return [rule for rule in found if rule is not None]


def without_uncomputed(rules: RuleSet, builders: Iterable[Rule], columns: Columns) -> RuleSet:
    """Leave out formulas of identifiers that rebuild no column: new ones would break them."""
    computed = {name for rule in builders for name in rule.dependent}
    kept, left_out = [], list(rules.left_out)
    for rule in rules:
        anew = [name for name in rule.columns if not columns[name].in_features]
        if anew and isinstance(rule, ComputedRule) and not computed.intersection(rule.dependent):
            left_out.append(f"{rule}, as the cells of {anew[0]!r} are made anew")
        else:
            kept.append(rule)
    return RuleSet(kept, left_out)


def _without_differences(rule: Rule, table: Table, learned: Iterable[Hashable]) -> Rule:
    """Return a difference as the sum that it comes from, if that is as exact.

    Of an end, a start and a duration, the end is computed: sums of what is never negative keep
    their order, which differences do not.
    """
    if not isinstance(rule, Sum) or not rule.is_full:
        return rule
    positive = [
        name for name, weight in zip(rule.sources, rule.fractions, strict=True) if weight > 0
    ]
    if len(positive) != 1 or len(rule.sources) < 2 or positive[0] in learned:
        return rule
    if rule.clock is not None and positive[0] not in rule.clock:
        return rule
    turned = rule.turned(positive[0])
    try:
        turned.fit(table)
    except ValueError:
        # Whole months between dates, say, or what was rounded, have no way back.
        return rule
    # Two times that are drawn by themselves would make any delay.
    return rule if turned.keeps_states_ and rule.clock is None else turned


def _as_gap(rule: Rule, rules: RuleSet, table: Table) -> list[Rule]:
    """Return the order of two columns whose difference is a third one, which has no way back.

    A duration that was rounded does not tell the end; but of an end that is learned by itself, next
    to none would go with its start. So the end is learned as its distance from the start.
    """
    if not isinstance(rule, Sum) or not rule.is_full or rule.clock is not None:
        return []
    weight_of = dict(zip(rule.sources, rule.fractions, strict=True))
    kinds = {table[name].kind for name in weight_of}
    if len(weight_of) != 2 or len(kinds) != 1 or table[rule.target].kind != "number":
        return []
    low, high = sorted(weight_of, key=lambda name: weight_of[name])
    order = Order(low, "<=", high)
    if weight_of[low] >= 0 or weight_of[high] <= 0 or order in rules:
        return []
    try:
        return [order.fit(table)]
    except ValueError:
        # Some ends lie before their starts.
        return []


def _can_build(rule: Rule, table: Table, columns: Columns, options: ColumnOptions) -> bool:
    if any(not columns[name].in_features for name in rule.dependent):
        return False
    if isinstance(rule, Order):
        return _is_better_as_gap(rule, table, columns, options)
    if isinstance(rule, Determines):
        # Numbers between those that were seen would determine nothing.
        if any(columns[name].has_value for name in rule.sources):
            return False
        # A state that rare keys share tells nothing of the other column. That one is learned then,
        # and rare keys are drawn to go with it, unless it were as large itself.
        if not any(_has_rare(columns[name]) for name in rule.sources):
            return True
        target = columns[rule.target]
        return rule.is_full and (target.has_value or _has_rare(target))
    return rule.builds


def _has_rare(column: ColumnTransformer) -> bool:
    return any(RARE in part.state_labels() for part in column.parts)


def _is_better_as_gap(rule: Order, table: Table, columns: Columns, options: ColumnOptions) -> bool:
    """Whether the distance of the upper column from the lower depends less on the lower."""
    if not rule.builds:
        return False
    names = [name for name in rule.columns if name not in rule.dependent] + rule.dependent
    low, high = (table[name] for name in names)
    if not columns[names[1]].has_value:
        return False
    alone = low.missing & high.present
    if options.protect_extremes and alone.any():
        # Such a gap would be counted from the smallest number.
        return False
    both = low.present & high.present
    if both.sum() < 3:
        return False
    gap = rule.reduce(table)[names[1]].to_numpy(dtype=np.float64, na_value=np.nan)[both]
    ranks = [pd.Series(cells).rank() for cells in (low.floats[both], high.floats[both], gap)]
    of_high, of_gap = (abs(ranks[0].corr(other)) for other in ranks[1:])
    return bool(np.nan_to_num(of_gap) < np.nan_to_num(of_high))


def pack_rules(rules: Any) -> Any:
    """Return the parameter `rules` as JSON; a function of a user's own is left out."""
    if rules is None or isinstance(rules, str):
        return rules
    if isinstance(rules, dict):
        return {name: pack_rules(own) for name, own in rules.items()}
    return [
        rule if isinstance(rule, str) else rule.to_dict()
        for rule in rules
        if not isinstance(rule, Custom)
    ]


def unpack_rules(packed: Any) -> Any:
    """Rebuild the parameter `rules` from `pack_rules`.

    Raises
    ------
    ValueError
        If it gives no rules.
    """
    if isinstance(packed, dict):
        return {name: unpack_rules(own) for name, own in packed.items()}
    if packed is not None and not isinstance(packed, str):
        expect(isinstance(packed, list), "its rules are no list")
        packed = [rule if isinstance(rule, str) else rule_from_dict(rule) for rule in packed]
    read_rules(packed)
    return packed
