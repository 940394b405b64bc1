"""What all finders share: the sampled rows, how surprising a rule is, and who accepts it."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Hashable

import numpy as np

from synthwgan.parameters import required
from synthwgan.table.rules.base import Rule, Support
from synthwgan.table.rules.columns import Column, Table
from synthwgan.table.rules.computed import ComputedRule

SAMPLE_ROWS = 20_000
MIN_ROWS = 100
MIN_BROKEN = 10
# A dependency with fewer rows a value would be a memory of rows, not a rule.
MIN_ROWS_PER_VALUE = 3
MAX_LOG_CHANCE = math.log(1e-4)
NEARLY = 0.999
# Most tables are searched sooner, and need no word of progress.
_SHORT_SECONDS = 2


class Search:
    """A search for the rules of one table.

    Parameters
    ----------
    table : Table
        All rows, on which candidates are verified.
    rows : ndarray of int
        Rows on which candidates are sought.
    rng : numpy.random.Generator
    verbose : int

    Attributes
    ----------
    columns : list of Column
        The sampled rows' columns that can be read and are not constant.
    rules : list of Rule
        Those found so far.
    left_out : list of str
        What was not searched, in words.
    unread : set of column names
        Columns in which nothing can be sought.
    """

    def __init__(
        self, table: Table, rows: np.ndarray, rng: np.random.Generator, verbose: int = 0
    ) -> None:
        self.table = table
        self.rng = rng
        self.verbose = verbose
        self.sample = Table(table.frame.iloc[rows], n_kept=len(table.names))
        self._start = time.monotonic()
        self.rules: list[Rule] = []
        self.left_out: list[str] = []
        self.unread: set[Hashable] = set()
        self.columns = [column for column in map(self._readable, table.names) if column is not None]

    def _readable(self, name: Hashable) -> Column | None:
        try:
            column = self.sample[name]
            n_distinct = column.n_distinct
        except (TypeError, ValueError) as error:
            self.leave_out(name, f"cells cannot be read: {error}")
            return None
        if not n_distinct:
            self.leave_out(name, "no cell is filled")
            return None
        if n_distinct == 1 and not column.missing.any():
            self.leave_out(name, "all cells are the same")
        return column

    def leave_out(self, name: Hashable, why: str) -> None:
        """Note a column in which nothing can be sought."""
        self.unread.add(name)
        self.left_out.append(f"column {name!r}: {why}")

    def note_unusable(self) -> None:
        """Note the columns without an order, in no rule, with too many values to look up."""
        used = {name for rule in self.rules for name in rule.columns} | self.unread
        for column in self.columns:
            if column.kind not in ("text", "label") or column.name in used:
                continue
            row, sample = column.exception()
            n_present = int(column.present.sum())
            if sample is not None:
                self.leave_out(
                    column.name,
                    f"text, as {column.shown(row)} in {self.sample.row_label(row)} is not written "
                    f"as {sample!r} is; only look-ups and pieces of text were sought",
                )
            elif column.n_distinct * MIN_ROWS_PER_VALUE > n_present >= MIN_ROWS:
                what = "text in no form of dates or numbers" if column.kind == "text" else "labels"
                self.leave_out(
                    column.name,
                    f"{what}, with {column.n_distinct:,} values in {n_present:,} cells too many "
                    "for a look-up",
                )

    def of_kind(self, *kinds: str, min_distinct: int = 2) -> list[Column]:
        """Return the columns of some kinds that are not constant."""
        return [
            column
            for column in self.columns
            if column.kind in kinds and column.n_distinct >= min_distinct
        ]

    def bounded(self, columns: list[Column], most: int, what: str) -> list[Column]:
        """Return the first columns of a list, and note what is left out."""
        if len(columns) > most:
            self.left_out.append(
                f"{what} of more than {most} columns: {len(columns) - most} were left out, "
                f"from {columns[most].name!r} on"
            )
        return columns[:most]

    def say(self, what: str) -> None:
        """Show a line of progress, if the search is a long one."""
        if self.verbose and time.monotonic() - self._start > _SHORT_SECONDS:
            print(f"rules: {what}, {len(self.rules)} found so far", file=sys.stderr)  # noqa: T201

    def accept(
        self,
        rule: Rule,
        *,
        tried: int,
        log_chance: float | None = None,
        permuted: float | None = None,
        min_share: float = 1.0,
        min_rows: int = MIN_ROWS,
    ) -> bool:
        """Verify a candidate on all rows, and keep it if it holds and is surprising.

        Parameters
        ----------
        rule : Rule
        tried : int
            How many rules like this one were tried.
        log_chance : float, optional
            Logarithm of the chance that the rule holds in all rows of the sample by accident; by
            default from `permuted`.
        permuted : float, optional
            Share of rows that would break it if the columns were permuted; measured if not given.
        min_share : float
            Share of the rows that must keep the rule.
        """
        if any(rule == other for other in self.rules):
            return False
        support = self._support(rule, min_share)
        if support is None or support.rows < min_rows:
            return False
        if permuted is None:
            permuted = self._permuted(rule)
        if support.rows * permuted - support.broken < MIN_BROKEN:
            return False
        if support.broken and not _is_far_above_chance(support, permuted):
            return False
        if log_chance is None or support.broken:
            log_chance = _log_chance(support, permuted)
        if log_chance + math.log(max(tried, 1)) > MAX_LOG_CHANCE:
            return False
        rule.support_ = Support(support.rows, support.broken, permuted)
        self.rules.append(rule)
        return True

    def _support(self, rule: Rule, min_share: float) -> Support | None:
        """Fit the rule on all rows, or return None if too few keep it."""
        rule.tolerate = 1.0
        try:
            rule.fit(self.table)
        except (TypeError, ValueError, OverflowError):
            return None
        support = required(rule.support_)
        if not support.rows or support.share < min_share:
            return None
        broken = support.broken / max(len(self.table), 1)
        rule.tolerate = math.ceil(broken * 1e6) / 1e6
        return support

    def _permuted(self, rule: Rule) -> float:
        """Return the share of rows that break the rule when its first column is permuted."""
        name = rule.columns[0]
        rows = np.flatnonzero(rule._applies(self.sample))
        if not len(rows):
            return 0.0
        frame = self.sample.frame.iloc[rows][list(dict.fromkeys(rule.columns))].copy()
        frame[name] = frame[name].to_numpy()[self.rng.permutation(len(rows))]
        frame[name] = frame[name].astype(self.sample.frame[name].dtype)
        return float((~rule.check(frame)).mean())


def _is_far_above_chance(support: Support, permuted: float) -> bool:
    """Whether a rule with exceptions holds much more often than by chance.

    A multiple that rounds to the constant that most rows have says nothing of the others.
    """
    return support.share >= 2 * (1 - permuted) or 1 - support.share <= permuted / 4


def _log_chance(support: Support, permuted: float) -> float:
    """Return the log of the chance that permuted columns keep a rule in so many rows."""
    share = support.share
    by_accident = min(max(1 - permuted, 0.1 / support.rows), 1 - 1e-12)
    if share <= by_accident:
        return 0.0
    divergence = share * math.log(share / by_accident)
    if share < 1:
        divergence += (1 - share) * math.log((1 - share) / (1 - by_accident))
    return -support.rows * divergence


def is_full(rule: Rule) -> bool:
    """Whether a rule that was found holds in all rows, or nearly all."""
    return rule.support_ is None or rule.support_.share >= NEARLY


def is_computed(rule: Rule) -> bool:
    """Whether a rule gives the cells of a column in nearly all rows."""
    return isinstance(rule, ComputedRule) and is_full(rule)
