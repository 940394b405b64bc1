"""Rules that were found on a sample of a table, held against all of its rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.parameters import required
from synthwgan.table.batched import BatchedTable
from synthwgan.table.rules.base import Rule, Support
from synthwgan.table.rules.columns import Table
from synthwgan.table.rules.computed import ComputedRule
from synthwgan.table.rules.order import Order
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.rules.unique import Unique
from synthwgan.table.survey import Survey

# Share of all rows that must keep a rule with exceptions which held in the whole sample.
NEARLY = 0.999
# Rows that say something new are kept, each kind once; with more of them it is no rule.
MAX_NEWS, MAX_REMEMBERED = 2**12, 2**17
# Keys are compared by their hashes, 8 bytes a row.
MAX_KEYS = 2**26


def verify(
    rules: RuleSet, declared: Sequence[Rule], survey: Survey, batches: BatchedTable
) -> tuple[RuleSet, pd.DataFrame]:
    """Fit rules of a sample to all rows of its table, and leave out those that break there.

    Only the columns of the rules are read. The rows that keep each are counted, and those that say
    something which the sample did not (a city that it lacks, an exception) are put beside the
    sample. Rules of which there are such rows are fitted again, and counted in a second reading.

    Parameters
    ----------
    rules : RuleSet
        Fitted to the sample; their support becomes that of the table.
    declared : sequence of Rule
        Those of them that a user declared.
    survey : Survey
    batches : BatchedTable

    Returns
    -------
    rules : RuleSet
    sample : DataFrame
        The sample and the rows that say something new.

    Raises
    ------
    ValueError
        If the table breaks a declared rule more often than its `tolerate`.
    """
    watches = [_watch(rule, rule in declared) for rule in rules]
    names = _names_of(rules)
    for looks in batches.map(partial(_looks, watches, True), names):
        for watch, look in zip(watches, looks, strict=True):
            watch.add(look)
    sample = _with_news(survey.sample, watches)
    changed = [watch for watch in watches if watch.learn(sample)]
    needed = _names_of(watch.rule for watch in changed)
    for looks in batches.map(partial(_looks, changed, False), needed):
        for watch, look in zip(changed, looks, strict=True):
            watch.add(look)
    kept, left_out = [], list(rules.left_out)
    for watch in watches:
        why = watch.why_not(survey.n_rows)
        if not why:
            kept.append(watch.rule)
        elif watch.is_declared:
            raise ValueError(f"rule '{watch.rule}' {why}")
        else:
            left_out.append(f"{watch.rule}, as it {why}")
    return RuleSet(kept, left_out), sample


def _names_of(rules: Iterable[Rule]) -> list[Hashable]:
    return list(dict.fromkeys(name for rule in rules for name in rule.columns))


def _watch(rule: Rule, is_declared: bool) -> _Watch:
    return (_KeyWatch if isinstance(rule, Unique) else _Watch)(rule, is_declared)


@dataclass(frozen=True)
class _Look:
    """What a batch says of a rule: rows that it is about and that break it, and what is new."""

    rows: int = 0
    broken: int = 0
    trouble: str = ""
    news: pd.DataFrame | None = None
    hashes: np.ndarray | None = None


def _looks(watches: list[_Watch], for_news: bool, frame: pd.DataFrame, first: int) -> list[_Look]:
    table = Table(frame)
    return [watch.look(table, for_news) for watch in watches]


class _Watch:
    """One rule while a table is read."""

    def __init__(self, rule: Rule, is_declared: bool) -> None:
        self.rule, self.is_declared = rule, is_declared
        self.before = required(rule.support_)
        self.rows, self.broken, self.trouble = 0, 0, ""
        self.news: pd.DataFrame | None = None

    def __getstate__(self) -> dict[str, Any]:
        # To look at rows elsewhere, nobody needs what others have found.
        return {**vars(self), "news": None}

    def look(self, table: Table, for_news: bool) -> _Look:
        """Return what a batch says of the rule; with news, each kind of them once."""
        news = None
        if self.trouble:
            return _Look()
        if for_news:
            try:
                are_new = self.rule.is_news(table)
            except (TypeError, ValueError) as error:
                return _Look(trouble=f"cannot be held against all rows: {error}")
            if are_new.any():
                names = list(dict.fromkeys(self.rule.columns))
                news = table.frame.loc[are_new, names].drop_duplicates()
        kept, applies = self.rule.judge(table)
        return _Look(int(applies.sum()), int((~kept).sum()), news=news)

    def add(self, look: _Look) -> None:
        """Take note of what the next batch says."""
        if self.trouble:
            return
        self.rows += look.rows
        self.broken += look.broken
        if look.trouble:
            self._give_up(look.trouble)
        if look.news is not None:
            parts = [look.news] if self.news is None else [self.news, look.news]
            self.news = pd.concat(parts).drop_duplicates()
            if len(self.news) > (MAX_REMEMBERED if self.rule.remembers else MAX_NEWS):
                self._give_up("does not hold in rows that the sample lacked")

    def _give_up(self, why: str) -> None:
        self.trouble, self.news = why, None

    def learn(self, sample: pd.DataFrame) -> bool:
        """Fit the rule to the sample with all that is new; return whether anything is."""
        if self.trouble or self.news is None:
            return False
        tolerated, self.rule.tolerate = self.rule.tolerate, 1.0
        try:
            self.rule.fit(sample)
        except (TypeError, ValueError, OverflowError) as error:
            self._give_up(f"cannot be learned from all rows: {error}")
        self.rule.tolerate = tolerated
        self.rows, self.broken = 0, 0
        return not self.trouble

    def why_not(self, n_rows: int) -> str:
        """Say why the rule is not kept, after counting; empty if it is. Its support is set."""
        if self.trouble:
            return self.trouble
        support = Support(self.rows, self.broken, self.before.permuted)
        if self.is_declared:
            if self.broken > self.rule.tolerate * n_rows:
                enough = np.ceil(1e3 * self.broken / n_rows) / 1e3
                return (
                    f"is broken in {self.broken:,} of {n_rows:,} rows: mend these rows, drop the "
                    f"rule, or accept them with tolerate={enough:g}"
                )
        elif self.broken and self.before.share >= NEARLY:
            can_have_exceptions = isinstance(self.rule, ComputedRule | Order)
            if not can_have_exceptions or support.share < NEARLY:
                return f"is broken in {self.broken:,} of {self.rows:,} rows"
            self.rule.tolerate = float(np.ceil(1e6 * self.broken / n_rows) / 1e6)
        self.rule.support_ = support
        return ""


class _KeyWatch(_Watch):
    """A key: of its cells, hashes are kept."""

    def __init__(self, rule: Rule, is_declared: bool) -> None:
        super().__init__(rule, is_declared)
        self._hashes: list[np.ndarray] = []

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_hashes": []}

    def look(self, table: Table, for_news: bool) -> _Look:
        if self.trouble:
            return _Look()
        cells = table.frame[list(dict.fromkeys(self.rule.columns))]
        cells = cells[~cells.isna().any(axis=1)]
        hashes = pd.util.hash_pandas_object(cells, index=False).to_numpy()
        return _Look(len(cells), hashes=hashes)

    def add(self, look: _Look) -> None:
        super().add(look)
        if self.trouble:
            return
        self._hashes.append(required(look.hashes))
        if self.rows > MAX_KEYS:
            self._hashes = []
            self._give_up(f"cannot be held against all rows: more than {MAX_KEYS:,} keys")

    def why_not(self, n_rows: int) -> str:
        if not self.trouble:
            hashes = np.sort(np.concatenate([np.empty(0, np.uint64), *self._hashes]))
            self.broken = int((hashes[1:] == hashes[:-1]).sum())
            self._hashes = []
        return super().why_not(n_rows)


def _with_news(sample: pd.DataFrame, watches: list[_Watch]) -> pd.DataFrame:
    """Put new rows beside a sample; cells of other columns are those of some row."""
    parts = [sample]
    for watch in watches:
        if watch.news is not None:
            others = sample.iloc[np.arange(len(watch.news)) % len(sample)].copy()
            for name in watch.news.columns:
                others[name] = watch.news[name].array
            parts.append(others)
    return pd.concat(parts, ignore_index=True)
