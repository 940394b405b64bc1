"""Learning which drawn rows to keep, by rounds of boosted trees."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from synthwgan.interrupts import ROUNDS, Interrupts
from synthwgan.sampling.bins import RowBins
from synthwgan.sampling.raking import ceiling_of, rake
from synthwgan.sampling.rejection import Rejection, chances
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.trees import TreeEnsemble
from synthwgan.table.layout import EncodedTable, Layout

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

AUTO_ROUNDS = 100
MIN_ACCEPTANCE = 0.1
# Rounds need no proof while there are fewer, and while more drawn rows than this are kept. The
# networks learnt from all rows of the table, the held-out ones too, and draw such as lie close to
# these: on them the trees seem to gain less than on rows that are new to everyone, if at all.
UNPROVEN_ROUNDS = 15
UNPROVEN_ACCEPTANCE = 0.25
# Of the rounds that count, the first and every tenth have a line.
REPORT_EVERY = 10
TREES_PER_ROUND = 30
LEARNING_RATE = 0.2
MAX_LEAVES = 31
MIN_LEAF_ROWS = 50
L2_REGULARIZATION = 10.0
N_FOLDS = 5
# A round is proven if it lowers the held-out loss by at least so many of its standard errors.
MIN_STANDARD_ERRORS = 1.0
# Drawn rows of a small chance to be kept are learnt from with so many times this chance.
LEARNT_FROM = 3.0
# Two failures in turn may be bad luck, since each round holds out other rows.
PATIENCE = 2
# On 215 rows it took the quality score of 1000 rows down by 0.3 points.
MIN_REAL_ROWS = 1000
MAX_REAL_ROWS = 100_000
MAX_RAKING_ROWS = 200_000
MAX_BOOSTING_ROWS = 300_000
# Drawing a row costs by its slots: a quarter of a million rows of a thousand slots.
MAX_SLOTS_DRAWN = 2**28
# Share of ``max_seconds`` for boosting. Forty rounds on 30,000 rows of 15 columns take about
# 40 s of one core.
RESERVED_SHARE = 0.15
MAX_RESERVED_SECONDS = 30.0
# Share of what is left after training that growing the trees of `Redraw` may take.
REDRAW_SHARE = 1 / 3


@dataclass(frozen=True)
class RejectionPlan:
    """How far boosting may go.

    Parameters
    ----------
    max_rounds : int
        Rounds at most; 0 for none.
    min_acceptance : float
        A round after which fewer drawn rows would be kept is dropped.
    unproven : float
        The same for rounds that are not proven on held-out rows.
    deadline : float
        Time of `time.perf_counter` at which it should be over; infinity for none.
    training_seconds : float or None
        What is left for the training before it; None for no bound.
    """

    max_rounds: int
    min_acceptance: float
    unproven: float = 0.0
    deadline: float = math.inf
    training_seconds: float | None = None

    @classmethod
    def resolve(
        cls,
        rejection: int | str | None,
        max_seconds: float | None,
        spent: float = 0.0,
        *,
        redraws: bool = True,
    ) -> RejectionPlan:
        """Take the bounds from an estimator's parameters; the clock starts now, or did before."""
        of_auto = (AUTO_ROUNDS, MIN_ACCEPTANCE, UNPROVEN_ACCEPTANCE)
        bounds = of_auto if rejection == "auto" else (int(rejection or 0), 0.0, 0.0)
        if max_seconds is None:
            return cls(*bounds)
        reserved = min(RESERVED_SHARE * max_seconds, MAX_RESERVED_SECONDS)
        if rejection is None:
            reserved *= REDRAW_SHARE if redraws else 0.0
        return cls(*bounds, time.perf_counter() + max_seconds - spent, max_seconds - reserved)

    @property
    def redraw_seconds(self) -> float:
        """Seconds that growing the trees of `Redraw` may take, which comes before."""
        return max(0.0, self.deadline - time.perf_counter()) * REDRAW_SHARE

    def is_for(self, encoded: EncodedTable, layout: Layout) -> bool:
        """Whether there is anything to learn from a table: of few rows it would be chance."""
        return bool(self.max_rounds and layout.n_slots) and len(encoded) >= MIN_REAL_ROWS


def learn_rejection(
    sampler: Sampler,
    encoded: EncodedTable,
    value_edges: Sequence[np.ndarray],
    plan: RejectionPlan,
    seed: int,
    report: Callable[[str], None],
    interrupts: Interrupts | None = None,
) -> Rejection | None:
    """Learn which of a sampler's rows to keep.

    Each round fits boosted trees to tell the table's rows from the drawn ones, which are
    weighted by their chance to be kept after the rounds before. The trees' log odds are the
    log of the remaining density ratio and are added to the sum. A fifth of the rows is held out
    of each round. One that lowers the loss on them for sure is *proven*, and its trees are cut
    where the loss is lowest. Others count as long as there are few and most rows are kept, for the
    held-out rows are not new to the networks; later ones are dropped, and the third of these in
    turn is the last.

    Parameters
    ----------
    sampler : Sampler
        Draws the rows to choose from; it must keep them all.
    encoded : EncodedTable
        The table.
    value_edges : sequence of ndarray
        For each value, increasing normal scores that part no number from its ties.
    plan : RejectionPlan
        Bounds.
    seed : int
        Seed of the drawn rows and the folds.
    report : callable
        Called with a line of text after each round.
    interrupts : Interrupts, optional
        Told if the rounds are interrupted, of which those that are done count.

    Returns
    -------
    Rejection or None
        None if no round gains anything, or too few rows would be kept.
    """
    started = time.perf_counter()
    layout = sampler.head.layout
    if not plan.is_for(encoded, layout):
        return None
    rng, noise = np.random.default_rng(seed), sampler.noise(seed)
    bins = RowBins.fit(layout, encoded, value_edges)
    real = bins(_some_rows(encoded, rng))
    n_drawn, n_raking = _n_drawn(len(real), max(1, bins.layout.n_slots))
    drawn = _draw(sampler, bins, n_drawn, noise, started + (plan.deadline - started) / 4)
    raking_seconds = (time.perf_counter() - started) * n_raking / len(drawn)
    boosting = _Boosting(bins, real, drawn, rng)
    is_interrupted = False
    try:
        while boosting.n_tried < plan.max_rounds and not boosting.is_over:
            if time.perf_counter() + boosting.round_seconds + raking_seconds > plan.deadline:
                break
            boosting.add_round(plan, report)
    except KeyboardInterrupt:
        if interrupts is None or not (interrupts.can_end and boosting.n_rounds):
            raise
        is_interrupted = True
    if not boosting.n_rounds:
        report("  no round counts: all drawn rows are kept")
        return None
    fresh = _draw(sampler, bins, n_raking, noise, plan.deadline)
    raked = rake(boosting.trees(fresh), fresh, real, bins.n_bins)
    if interrupts is not None and is_interrupted:
        interrupts.lacks(ROUNDS.format(boosting.n_tried))
    if raked.acceptance_rate < plan.min_acceptance:
        report(f"  no round counts: less than {plan.min_acceptance:.0%} of the rows would be kept")
        return None
    report(
        f"  {boosting.n_rounds} of {boosting.n_tried} rounds count, and "
        f"{raked.acceptance_rate:.0%} of the drawn rows are kept"
    )
    return Rejection(
        bins, boosting.trees, raked.effects, raked.ceiling, raked.acceptance_rate, boosting.n_rounds
    )


class _Boosting:
    """The sum of log odds so far, and one more round.

    Parameters
    ----------
    bins : RowBins
        Says which features are categorical.
    real : ndarray of shape (n_real, n_features), uint8
        Bins of the table's rows.
    drawn : ndarray of shape (n_drawn, n_features), uint8
        Bins of drawn rows, the same for all rounds: fresh ones for each measured no better.
    rng : Generator
        Draws the folds of real rows, of which each round holds out the next, and the drawn rows
        that a round looks at.
    """

    def __init__(
        self, bins: RowBins, real: np.ndarray, drawn: np.ndarray, rng: np.random.Generator
    ) -> None:
        self.bins, self.real, self.drawn, self.rng = bins, real, drawn, rng
        self.real_folds = rng.permutation(len(real)) % N_FOLDS
        # The same drawn rows are held out of every round: no tree has learnt from them, so their
        # chances are those of fresh rows.
        self.drawn_held_out = np.arange(len(drawn)) % N_FOLDS == 0
        self.trees = TreeEnsemble.empty(bins.n_bins)
        self.log_odds = np.zeros(len(drawn), dtype=np.float32)
        self.chances = np.ones(len(drawn))
        self.n_rounds, self.n_tried, self.n_dropped, self.round_seconds = 0, 0, 0, 0.0

    def add_round(self, plan: RejectionPlan, report: Callable[[str], None]) -> None:
        """Fit a round and add it, if it counts; say what became of it."""
        started = time.perf_counter()
        trees, is_proven, gain = self._fit_trees()
        log_odds = self.log_odds + trees(self.drawn)
        kept = chances(log_odds, ceiling_of(log_odds[self.drawn_held_out]))
        acceptance = float(kept[self.drawn_held_out].mean())
        self.round_seconds = time.perf_counter() - started
        self.n_tried += 1
        may_be_chance = not is_proven and (
            self.n_rounds >= UNPROVEN_ROUNDS or acceptance < plan.unproven
        )
        keeps_too_few = acceptance < plan.min_acceptance
        if keeps_too_few:
            outcome = f"is left out: it would keep less than {plan.min_acceptance:.0%} of the rows"
        elif may_be_chance:
            outcome = "is left out: what it helps may be chance"
        else:
            outcome = f"counts and keeps {acceptance:.0%} of the drawn rows"
        is_left_out = keeps_too_few or may_be_chance
        if is_left_out or self.n_tried == 1 or self.n_tried % REPORT_EVERY == 0:
            report(f"  round {self.n_tried} {outcome} (held-out rows gain {gain})")
        if is_left_out:
            self.n_dropped += 1
            return
        # At once: an interrupt finds a round added, or not.
        self.trees, self.log_odds, self.chances, self.n_rounds, self.n_dropped = (
            *(self.trees + trees, log_odds, kept),
            *(self.n_rounds + 1, 0),
        )

    @property
    def is_over(self) -> bool:
        """Whether too many rounds in turn were dropped; each holds out other rows."""
        return self.n_dropped > PATIENCE

    def _fit_trees(self) -> tuple[TreeEnsemble, bool, str]:
        """Trees of one round, whether held-out rows prove them, and by how much, in words."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        real_held_out = self.real_folds == self.n_tried % N_FOLDS
        rows, is_real, weights = self._rows(~real_held_out, ~self.drawn_held_out)
        classifier = HistGradientBoostingClassifier(
            max_iter=TREES_PER_ROUND,
            learning_rate=LEARNING_RATE,
            max_leaf_nodes=MAX_LEAVES,
            min_samples_leaf=MIN_LEAF_ROWS,
            l2_regularization=L2_REGULARIZATION,
            categorical_features=self.bins.is_categorical,
            early_stopping=False,
            random_state=0,
        ).fit(rows, is_real, sample_weight=weights)
        rows, is_real, weights = self._rows(real_held_out, self.drawn_held_out)
        weights /= weights.sum()
        gains = _gains(classifier, rows, is_real)
        means = gains @ weights
        best = int(means.argmax())
        gain = float(means[best])
        error = float(np.sqrt((weights**2 * (gains[best] - gain) ** 2).sum()))
        is_proven = gain >= MIN_STANDARD_ERRORS * error and gain > 0
        n_trees = best + 1 if is_proven else TREES_PER_ROUND
        trees = TreeEnsemble.from_classifier(classifier, self.bins.n_bins, n_trees)
        return trees, is_proven, f"{gain:.4f}, standard error {error:.4f}"

    def _rows(
        self, real: np.ndarray, drawn: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bins as floats, which are real, and weights: the drawn weigh as much as the real."""
        chances_ = self.chances[drawn]
        # Rows that are hardly ever kept say as little as they weigh, and there are many.
        looked_at = np.minimum(1.0, LEARNT_FROM * chances_)
        some = self.rng.random(len(chances_)) < looked_at
        rows = np.concatenate([self.real[real], self.drawn[drawn][some]]).astype(np.float64)
        n_real, of_drawn = int(real.sum()), (chances_ / looked_at)[some]
        weights = np.concatenate([np.ones(n_real), of_drawn * (n_real / of_drawn.sum())])
        return rows, np.arange(len(rows)) < n_real, weights


def _gains(
    classifier: HistGradientBoostingClassifier, rows: np.ndarray, is_real: np.ndarray
) -> np.ndarray:
    """By how much each row's log loss is below that of a coin toss, shape (n_trees, n_rows)."""
    signs = np.where(is_real, -1.0, 1.0)
    return np.array(
        [
            np.log(2) - np.logaddexp(0, signs * log_odds)
            for log_odds in classifier.staged_decision_function(rows)
        ]
    )


def _some_rows(encoded: EncodedTable, rng: np.random.Generator) -> EncodedTable:
    if len(encoded) <= MAX_REAL_ROWS:
        return encoded
    rows = rng.choice(len(encoded), MAX_REAL_ROWS, replace=False)
    return encoded.take(rows)


def _n_drawn(n_real: int, n_slots: int) -> tuple[int, int]:
    """Rows to draw for boosting and for raking: some for each real one, less in wide tables."""
    affordable = MAX_SLOTS_DRAWN // n_slots
    for_boosting = max(3 * n_real, min(10 * n_real, MAX_BOOSTING_ROWS))
    return min(for_boosting, affordable), min(20 * n_real, MAX_RAKING_ROWS, affordable)


def _draw(
    sampler: Sampler, bins: RowBins, n_rows: int, noise: torch.Generator, deadline: float
) -> np.ndarray:
    """Bins of drawn rows, fewer if the deadline comes first."""
    chunks = []
    for chunk in sampler.chunks(n_rows, noise):
        chunks.append(bins(chunk))
        if time.perf_counter() > deadline:
            break
    return np.concatenate(chunks)
