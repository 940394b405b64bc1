"""Which rules a report asks rows to keep: given ones, and those found in the real rows."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.rules.base import Rule
from synthwgan.table.rules.find import find_rules
from synthwgan.table.rules.ruleset import RuleSet, read_rules

# Within these, a search takes seconds: its time grows with the square of the columns.
MAX_ROWS, MAX_COLUMNS = 20_000, 60


@dataclass(frozen=True, eq=False)
class Rulebook:
    """The rules that rows are asked to keep.

    Parameters
    ----------
    real : DataFrame
        The real rows.
    given : tuple of Rule
        Rules that a user gave.
    searches : bool
        Whether others are sought in the real rows.
    left_out : tuple of str, default ()
        What was not sought when the given ones were found, in words.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation.rulebook import Rulebook
    >>> from synthwgan.rules import Order
    >>> trips = pd.DataFrame({"start": [1, 4], "end": [3, 5]})
    >>> print(Rulebook.of([Order("start", "<=", "end")], trips).rules[0])
    end >= start
    >>> Rulebook.of(None, trips) is None
    True
    """

    real: pd.DataFrame
    given: tuple[Rule, ...]
    searches: bool
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, rules: Any, real: pd.DataFrame) -> Rulebook | None:
        """Read the parameter ``rules`` of `evaluate`.

        Parameters
        ----------
        rules : RuleSet, list of rules and ``"auto"``, ``"auto"``, None or Rulebook
        real : DataFrame
            The real rows.

        Returns
        -------
        Rulebook or None
            None if no rules are asked for.

        Raises
        ------
        TypeError
            If `rules` holds something that is no rule.
        ValueError
            If a rule names what is no column of the table.
        """
        if rules is None or isinstance(rules, cls):
            return rules
        given, searches = read_rules(rules)
        RuleSet(given).check_columns(real)
        left_out = rules.left_out if isinstance(rules, RuleSet) else ()
        return cls(real, tuple(given), searches, tuple(left_out))

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The real rows by which rules are judged: all, or 20,000 of them."""
        return some_rows(self.real, np.random.default_rng(0))

    @cached_property
    def rules(self) -> RuleSet:
        """The rules, the given ones first; each knows from real rows what it has to know."""
        rules = [self._learned(rule) for rule in self.given]
        if not self.searches:
            return RuleSet(rules, self.left_out)
        found = self._found()
        left_out = list(found.left_out)
        if self.real.shape[1] > MAX_COLUMNS:
            left_out.insert(0, f"columns after the first {MAX_COLUMNS}")
        # By their texts: a rule that was found says what it tolerates, a given one need not.
        known = {str(rule) for rule in rules}
        rules += [rule for rule in found if str(rule) not in known]
        return RuleSet(rules, left_out)

    def _found(self) -> RuleSet:
        """Return the rules of the real rows; a search that fails finds none, and says so."""
        try:
            return find_rules(self.rows.iloc[:, :MAX_COLUMNS])
        except Exception as error:  # noqa: BLE001
            # Tables that no model takes are judged too, and must not lose their score by it.
            return RuleSet(left_out=[f"the search failed ({type(error).__name__}: {error})"])

    def _learned(self, rule: Rule) -> Rule:
        """Return a rule as it is if it was fitted or found, else a copy that learnt."""
        if rule.support_ is not None:
            return rule
        try:
            return refitted(rule, self.rows)
        except Exception:  # noqa: BLE001
            # A user's own function may raise anything; who judges the rule will say so.
            return rule


def given_away(rules: Iterable[Rule], target: Any) -> str:
    """Say which rules tell a column from others; empty if none does."""
    telling = [repr(str(rule)) for rule in rules if rule.is_full and target in rule.told]
    if not telling:
        return ""
    are = "tells" if len(telling) == 1 else "tell"
    return (
        f"Given away: {', '.join(telling)} {are}, in all rows or some, what {str(target)!r} is: "
        "any rows that keep it serve as well. Leave the telling columns out, or predict another "
        "one."
    )


def refitted(rule: Rule, frame: pd.DataFrame) -> Rule:
    """Return a copy of a rule that learnt from some rows, however many of them break it."""
    learned = deepcopy(rule)
    learned.tolerate = 1.0
    return learned.fit(frame)


def some_rows(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return at most 20,000 rows, in their order."""
    if len(frame) <= MAX_ROWS:
        return frame
    return frame.iloc[np.sort(rng.choice(len(frame), MAX_ROWS, replace=False))]
