"""Which rules rows have to keep: declared or found."""

from __future__ import annotations

from collections.abc import Hashable
from copy import deepcopy
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from synthwgan.table.checks import expect
from synthwgan.table.columns.base import Columns
from synthwgan.table.columns.options import ColumnOptions
from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.custom import Custom
from synthwgan.table.rules.find import find_rules
from synthwgan.table.rules.formula import Formula
from synthwgan.table.rules.kinds import rule_from_dict
from synthwgan.table.rules.ruleset import RuleSet, read_rules

# What the parameter `rules` may be.
Rules: TypeAlias = "Literal['auto'] | RuleSet | list[Rule | Literal['auto']] | None"


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
    # That nothing was sought in an identifier surprises nobody.
    anew = tuple(f"column {name!r}: " for name, own in columns.items() if not own.in_features)
    chosen, left_out = list(declared), [w for w in found.left_out if not w.startswith(anew)]
    table = Table(frame)
    for rule in found:
        if rule in chosen or _gives_way(rule, declared):
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


def _gives_way(rule: Rule, declared: RuleSet) -> bool:
    """Whether a found rule computes what a declared one does, and could compute nothing else."""
    computing = [other for other in declared if isinstance(other, ComputedRule)]
    if any(set(other.columns) == set(rule.columns) for other in computing):
        return isinstance(rule, ComputedRule)
    taken = {name for other in declared for name in other.dependent}
    return bool(taken.intersection(rule.dependent)) and not (
        isinstance(rule, Formula) and rule.is_full and rule.can_turn
    )


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
