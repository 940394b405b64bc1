"""Which columns of two tables are the same, by what they say of the others and not by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthwgan.radial.columns.maps import ColumnMap, NumberMap, StateMap
from synthwgan.radial.columns.units import largest_tie, line_of_form, lines_between

MAX_ROWS = 5000
MAX_ROUNDS = 6
N_BINS = 6
# Rows of the marginal distribution that are added to each state's own.
PRIOR_ROWS = 5.0
# Nats per row by which a match may fall short of columns that say nothing of each other.
UNMATCHED = 0.3
# Share that a state counts with which the reference does not have.
NEW_STATE_SHARE = 1e-3
# Bins in which the forms of two distributions are compared. Beyond so many nats per row, and what
# chance costs, they are of different things: losses lie close together, gains do not.
N_FORM_BINS = 12
MAX_FORM_LOSS, MAX_TIE_LOSS = 0.7, 0.2
# Nats, and nats per row, by which known columns must prefer other units to those that the numbers
# say.
MIN_LEAD, MIN_LEAD_OF_ROW = 8.0, 0.02

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Match:
    """A column of a table that is a column of the reference.

    Parameters
    ----------
    own, reference : str
        Their names.
    map : ColumnMap
        From own cells to those of the reference.
    score : float
        Nats per row that it explains beyond columns that say nothing of each other; NaN for a
        column that was known.
    """

    own: str
    reference: str
    map: ColumnMap
    score: float = np.nan


def align(
    reference: Columns,
    other: Columns,
    known: Sequence[Match],
    apart: Collection[tuple[str, str]] = (),
) -> list[Match]:
    """Find columns of a table that are columns of a reference table of other rows.

    Two columns are the same if the table's rows are likely under the reference's distributions:
    the column's own, and those of every known column given its states or its sixths of the rows.
    Of categories, the best one-to-one map of states is found with each pair of columns, and of
    numbers the straight line between the quantiles; then the best one-to-one choice of pairs
    (both by the Hungarian method, Kuhn 1955). Columns found count as known in the next
    round, until nothing changes, so that a single known column can be enough to begin with.

    Parameters
    ----------
    reference, other : mapping of str to ndarray
        Plain values of columns, see `read_values`; each table of its own number of rows.
    known : sequence of Match
        Columns known to be the same.
    apart : collection of (own, reference) pairs
        Columns known not to be the same.

    Returns
    -------
    list of Match
        The found ones only; a column of either table is in one at most.
    """
    all_reference, all_other = reference, other
    reference = {name: _thinned(values) for name, values in reference.items()}
    other = {name: _thinned(values) for name, values in other.items()}
    taken = {match.reference for match in known}
    own_names = [name for name in other if name not in {match.own for match in known}]
    names = [name for name in reference if name not in taken]
    found: list[Match] = []
    trusted: list[Match] = []
    for _ in range(MAX_ROUNDS):
        anchors = [
            _Anchor(match, reference[match.reference], other[match.own])
            for match in [*known, *trusted]
        ]
        candidates = {
            (own, name): _compare(own, name, reference[name], other[own], anchors)
            for own in own_names
            for name in names
            if _is_number(other[own]) == _is_number(reference[name]) and (own, name) not in apart
        }
        previous, found = found, _best_pairs(own_names, names, candidates)
        if _pairs(found) == _pairs(previous):
            break
        # A match may have got lost because of wrong neighbours: it stays known for one more round.
        trusted = [*found, *(match for match in previous if not _clashes(match, found))]
    return [
        replace(
            match,
            map=with_new_states(match.map, all_reference[match.reference], all_other[match.own]),
        )
        for match in found
    ]


def _clashes(match: Match, others: Sequence[Match]) -> bool:
    """Whether one of a match's columns is in another."""
    return any(match.own == one.own or match.reference == one.reference for one in others)


def with_new_states(map: ColumnMap, reference: np.ndarray, other: np.ndarray) -> ColumnMap:
    """Let categories that a map knows nothing of keep their names, so that they stay categories.

    Parameters
    ----------
    map : ColumnMap
        Of numbers and of the same names, nothing is changed.
    reference, other : ndarray
        Plain values of the shared column and of the own one.
    """
    if not isinstance(map, StateMap) or not map.shared_of:
        return map
    shared_of = dict(map.shared_of)
    taken = {*shared_of.values(), *pd.unique(reference).tolist()}
    for own in pd.unique(other[~pd.isna(other)]).tolist():
        if own not in shared_of:
            name = own
            while name in taken:
                name += " (new)"
            taken.add(name)
            shared_of[own] = name
    return StateMap(shared_of)


def _thinned(values: np.ndarray) -> np.ndarray:
    """At most so many values, evenly from the whole."""
    if len(values) <= MAX_ROWS:
        return values
    return values[np.linspace(0, len(values) - 1, MAX_ROWS).astype(np.int64)]


def _pairs(matches: Sequence[Match]) -> list[tuple[str, str, object]]:
    states = [match.map if isinstance(match.map, StateMap) else None for match in matches]
    return [(one.own, one.reference, map) for one, map in zip(matches, states, strict=True)]


def _is_number(values: np.ndarray) -> bool:
    return values.dtype.kind == "f"


def _best_pairs(
    own_names: list[str], names: list[str], candidates: Mapping[tuple[str, str], Match]
) -> list[Match]:
    """The one-to-one choice of candidates with the largest sum of scores above the bar."""
    from scipy.optimize import linear_sum_assignment

    gains = np.zeros((len(own_names), len(names)))
    for (own, name), match in candidates.items():
        gains[own_names.index(own), names.index(name)] = max(0.0, match.score + UNMATCHED)
    return [
        candidates[own_names[row], names[column]]
        for row, column in zip(*linear_sum_assignment(gains, maximize=True), strict=True)
        if gains[row, column] > 0
    ]


class _Anchor:
    """A known column as levels of both tables, the same in both.

    Parameters
    ----------
    match : Match
        Which columns it is.
    reference, other : ndarray
        Their plain values.
    """

    def __init__(self, match: Match, reference: np.ndarray, other: np.ndarray) -> None:
        self.match = match
        levels = _Levels(reference)
        self.n_levels = levels.n_levels
        self.reference, self.other = levels(reference), levels(match.map.to_shared(other))
        counts = np.bincount(self.reference[self.reference >= 0], minlength=self.n_levels) + 1.0
        self.log_marginal = np.log(counts / counts.sum())

    def is_of(self, own: str, name: str) -> bool:
        """Whether it is one of two columns itself."""
        return own == self.match.own or name == self.match.reference


class _Levels:
    """Turns a column's plain values into the numbers of a few levels; -1 where missing.

    Parameters
    ----------
    values : ndarray
        The reference's values: categories by frequency, or numbers in bins of equal size.
    """

    def __init__(self, values: np.ndarray) -> None:
        present = values[~pd.isna(values)]
        if _is_number(values):
            ranks = np.arange(1, N_BINS) / N_BINS
            edges = np.quantile(present, ranks, method="lower") if len(present) else present
            self.edges = np.unique(edges[edges < present.max()]) if len(present) else edges
            self.n_levels = len(self.edges) + 1
        else:
            self.states = pd.Index(pd.Series(present, dtype=object).value_counts().index)
            self.n_levels = max(1, len(self.states))

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Levels of values, shape (n,), int64."""
        if not _is_number(values):
            return self.states.get_indexer(pd.Index(values, dtype=object))
        levels = np.searchsorted(self.edges, values, side="left")
        return np.where(np.isnan(values), -1, levels)


def _compare(
    own: str, name: str, reference: np.ndarray, other: np.ndarray, anchors: Sequence[_Anchor]
) -> Match:
    """The best map of one column to another, with its score."""
    anchors = [anchor for anchor in anchors if not anchor.is_of(own, name)]
    compare = _compare_numbers if _is_number(reference) else _compare_categories
    map, score = compare(reference, other, anchors)
    return Match(own, name, map, score / max(1, len(other)))


def _compare_numbers(
    reference: np.ndarray, other: np.ndarray, anchors: Sequence[_Anchor]
) -> tuple[NumberMap, float]:
    levels = _Levels(reference)
    of_reference = levels(reference)
    expected = [_log_conditional(of_reference, levels.n_levels, anchor) for anchor in anchors]

    def score(line: NumberMap) -> float:
        """How likely the known columns are, given the numbers in these units."""
        own = levels(line.to_shared(other))
        return sum(
            (_counts(own, levels.n_levels, anchor.other, anchor.n_levels) * wanted).sum()
            for anchor, wanted in zip(anchors, expected, strict=True)
        )

    lines = lines_between(reference, other)
    scores = [score(line) for line in lines]
    best = int(np.argmax(scores))
    if scores[best] < scores[0] + MIN_LEAD + MIN_LEAD_OF_ROW * len(other):
        best = 0
    return lines[best], scores[best] + _likeness_of_form(reference, other)


def _compare_categories(
    reference: np.ndarray, other: np.ndarray, anchors: Sequence[_Anchor]
) -> tuple[StateMap, float]:
    from scipy.optimize import linear_sum_assignment

    levels, own_levels = _Levels(reference), _Levels(other)
    of_reference, of_other = levels(reference), own_levels(other)
    n_levels, n_own = levels.n_levels, own_levels.n_levels
    shares = np.bincount(of_reference[of_reference >= 0], minlength=n_levels) + 0.5
    counts = np.bincount(of_other[of_other >= 0], minlength=n_own).astype(np.float64)
    scores = counts[:, None] * np.log(shares / shares.sum())
    for anchor in anchors:
        expected = _log_conditional(of_reference, n_levels, anchor)
        scores += _counts(of_other, n_own, anchor.other, anchor.n_levels) @ expected.T
    new = np.repeat((counts * np.log(NEW_STATE_SHARE))[:, None], max(0, n_own - n_levels), axis=1)
    scores = np.hstack([scores, new])
    rows, columns = linear_sum_assignment(scores, maximize=True)
    shared_of = {
        own_levels.states[row]: levels.states[column]
        for row, column in zip(rows, columns, strict=True)
        if row < len(own_levels.states) and column < len(levels.states)
    }
    own_shares = np.maximum(counts / max(1.0, counts.sum()), 1e-9)
    return StateMap(shared_of), scores[rows, columns].sum() - (counts * np.log(own_shares)).sum()


def _counts(levels: np.ndarray, n_levels: int, others: np.ndarray, n_others: int) -> np.ndarray:
    """Rows with each pair of levels, shape (n_levels, n_others)."""
    both = (levels >= 0) & (others >= 0)
    pairs = levels[both] * n_others + others[both]
    counts = np.bincount(pairs, minlength=n_levels * n_others)
    return counts.reshape(n_levels, n_others).astype(np.float64)


def _log_conditional(levels: np.ndarray, n_levels: int, anchor: _Anchor) -> np.ndarray:
    """Log of how much likelier each level of an anchor is given each level of the column."""
    counts = _counts(levels, n_levels, anchor.reference, anchor.n_levels)
    marginal = counts.sum(0) + 1.0
    marginal /= marginal.sum()
    conditional = (counts + PRIOR_ROWS * marginal) / (counts.sum(1, keepdims=True) + PRIOR_ROWS)
    return np.log(conditional) - anchor.log_marginal


def _likeness_of_form(reference: np.ndarray, other: np.ndarray) -> float:
    """Log-likelihood of numbers under the reference's distribution, less that under their own.

    Both are brought to one form, whatever their units say of the populations.
    """
    reference, other = (values[~np.isnan(values)] for values in (reference, other))
    if not len(reference) or not len(other):
        return 0.0
    other = line_of_form(reference, other).to_shared(other)
    loss, tie = 0.0, largest_tie(reference)
    if tie is not None:
        tied, own_tied = (np.isclose(values, tie) for values in (reference, other))
        loss += _surprise(np.bincount(tied, minlength=2), np.bincount(own_tied, minlength=2))
        if loss > MAX_TIE_LOSS * len(other):
            return -np.inf
        reference, other = reference[~tied], other[~own_tied]
    edges = np.unique(np.quantile(reference, np.arange(1, N_FORM_BINS) / N_FORM_BINS))
    counts, own_counts = (
        np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
        for values in (reference, other)
    )
    of_form = _surprise(counts, own_counts)
    if of_form - len(edges) / 2 > MAX_FORM_LOSS * len(other):
        return -np.inf
    return -loss - of_form


def _surprise(counts: np.ndarray, own_counts: np.ndarray) -> float:
    """Log-likelihood of own counts under their own shares, less that under others'."""
    expected = (counts + 1.0) / (counts + 1.0).sum()
    observed = (own_counts + 0.1) / (own_counts + 0.1).sum()
    return float((own_counts * (np.log(observed) - np.log(expected))).sum())
