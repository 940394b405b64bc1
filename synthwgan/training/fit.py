"""From an encoded table to trained networks."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from synthwgan.interrupts import CONDITIONS as NO_CONDITIONS
from synthwgan.interrupts import TRAINING, Interrupts
from synthwgan.networks.build import add_context, build_networks, check_own_networks, has_own
from synthwgan.networks.context import Context
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.networks.randomness import global_state
from synthwgan.networks.zeros import structural_zeros
from synthwgan.parameters import required
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.callbacks import (
    LOGGER,
    Callback,
    Callbacks,
    History,
    Log,
    ProgressBar,
    tell,
)
from synthwgan.training.checkpoint import Checkpoints, Noise, Stateful
from synthwgan.training.conditional import ConditionalStep
from synthwgan.training.config import TrainingConfig
from synthwgan.training.cost import TrainingCost, estimate_cost, measure_cost
from synthwgan.training.data import TableBatches
from synthwgan.training.detective import MAX_ROWS, Detective
from synthwgan.training.diagnostics import (
    MIN_STEPS,
    Diagnosis,
    Diversity,
    warn_of_mode_collapse,
)
from synthwgan.training.pace import Look, Pace, Steps, UntilLearnt
from synthwgan.training.ranks import ALONE, Ranks, SameWeights
from synthwgan.training.step import TrainingStep
from synthwgan.training.trainer import Observer, Trainer, TrainingOutcome
from synthwgan.warn import warn

# Phases of training.
WHOLE_ROWS, CONDITIONS = "whole rows", "conditions"
# A detective needs so many rows, and a share of them held out for it.
MIN_JUDGED_ROWS, HELD_OUT_SHARE = 1000, 0.2
# Of a very large table, no more rows are held out for `early_stopping`.
MAX_HELD_OUT = 2**17
# The first phase's share of ``max_seconds``.
WHOLE_ROWS_SHARE = 0.7


@dataclass(frozen=True)
class ConditionalNetworks:
    """The networks of the second phase, which draw rows of which some cells are given.

    Parameters
    ----------
    generator : nn.Module
        Moving average of the weights of a generator that takes a `Context`.
    head : OutputHead
        Its head.
    context : Context
        What is given of many rows of the table, as in training.
    """

    generator: nn.Module
    head: OutputHead
    context: Context


@dataclass(frozen=True)
class TrainedNetworks:
    """The networks and records of both phases of training.

    Parameters
    ----------
    generator : nn.Module
        Moving average of the generator's weights.
    critic : nn.Module
        The critic.
    head : OutputHead
        Turns raw outputs into rows; a moving average like the generator.
    conditional : ConditionalNetworks or None
        Networks for rows of which something is given; None if they were not trained.
    marginals : Tensor of shape (n_state_slots,)
        Share of the table's rows in each state.
    moments : PairwiseMoments
        The table's moments, if there was a moment term.
    history : list of dict
        One record for each logged step.
    outcome : TrainingOutcome
        How training ended.
    cost : TrainingCost
        Its size, memory and speed.
    """

    generator: nn.Module
    critic: nn.Module
    head: OutputHead
    conditional: ConditionalNetworks | None
    marginals: Tensor
    moments: PairwiseMoments
    history: list[dict[str, Any]]
    outcome: TrainingOutcome
    cost: TrainingCost


def train_networks(
    encoded: EncodedTable,
    layout: Layout,
    config: TrainingConfig,
    *,
    device: torch.device,
    precision: str,
    seed: int,
    verbose: int,
    until_learnt: bool = False,
    forbidden: np.ndarray | None = None,
    doubtful: np.ndarray | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoints: Checkpoints | None = None,
    interrupts: Interrupts | None = None,
    ranks: Ranks = ALONE,
) -> TrainedNetworks:
    """Train a generator and a critic on an encoded table.

    Whole rows come first. Then copies of both networks learn to complete rows of which some
    cells are given, so that whole rows get no worse by it.

    Parameters
    ----------
    encoded : EncodedTable
        The table.
    layout : Layout
        Its layout.
    config : TrainingConfig
        Hyperparameters.
    device : torch.device
        Where to train.
    precision : {"float32", "bfloat16"}
        Precision of the matrix products.
    seed : int
        Seed of first weights, batches and noise.
    verbose : int
        From 1 on, the cost and a progress bar are shown.
    until_learnt : bool, default False
        Whether ``config.max_steps`` are the fewest steps with whole rows: a table of enough rows
        gets more as long as it gains by them, see `UntilLearnt`.
    forbidden : ndarray of shape (n_pairs, 2), int, optional
        State slots that must not meet in a row, beside those that chance would have made meet in
        the table (see `structural_zeros`). Without ``couple_columns`` none can be kept apart.
    doubtful : ndarray of shape (n_pairs, 2), int, optional
        State slots that must not meet either if they do not in the table.
    callbacks : sequence of callable, optional
        Called with the figures of each logged step; a phase ends when one returns True.
    checkpoints : Checkpoints, optional
        Keeps the state of training, and has that from which it goes on, if any.
    interrupts : Interrupts, optional
        Told what lacks if training is interrupted: the weights trained so far are returned.
    ranks : Ranks, optional
        The processes that train together, of one table. They share the rows of a batch.

    Returns
    -------
    TrainedNetworks
        On ``device``.

    Warns
    -----
    ConvergenceWarning
        If a loss was not finite; the last good weights are returned.
    UserWarning
        If there is nothing to learn, or the generator's modes collapsed.

    Raises
    ------
    TypeError, ValueError
        If an own network or optimizer cannot be used, or no row is left to hold out.
    """
    if not layout.n_slots:
        warn(
            "there is nothing to learn: every column is an identifier or constant; give one "
            "another kind with column_kinds if that is not meant"
        )
    head = _make_head(encoded, layout, config, forbidden, doubtful).to(device)
    check_own_networks(head, config, config.conditional is not None)
    with _own_randomness(config, device, seed):
        interrupts = Interrupts() if interrupts is None else interrupts
        fit = _Fit(
            encoded,
            head,
            config,
            precision=precision,
            seed=seed,
            verbose=verbose,
            until_learnt=until_learnt,
            callbacks=callbacks,
            checkpoints=checkpoints,
            interrupts=interrupts,
            ranks=ranks,
        )
        step, outcome = fit.learn_whole_rows()
        averaged, conditional = step.averaged(), None
        if outcome.ended_well and outcome.n_steps >= MIN_STEPS:
            fit.warn_of_mode_collapse(averaged)
        if config.conditional and outcome.stopped_by != "non-finite":
            learnt = interrupts.attempt(lambda: fit.learn_conditions(step, outcome), NO_CONDITIONS)
            if learnt is not None:
                conditional, outcome = learnt[0], outcome.followed_by(learnt[1])
    if ranks.is_first:
        warn_of_early_stop(outcome)
    return TrainedNetworks(
        generator=averaged["generator"],
        critic=step.critic,
        head=averaged["head"],
        conditional=conditional,
        marginals=fit.marginals,
        moments=fit.moments,
        history=fit.records,
        outcome=outcome,
        cost=fit.cost,
    )


def _make_head(
    encoded: EncodedTable,
    layout: Layout,
    config: TrainingConfig,
    forbidden: np.ndarray | None,
    doubtful: np.ndarray | None,
) -> OutputHead:
    """A head that keeps states apart which never meet."""
    head = OutputHead(layout, config.couple_columns)
    if config.couple_columns:
        head.coupling.forbid(structural_zeros(encoded, layout, doubtful))
    if forbidden is not None:
        head.coupling.forbid(forbidden)
    return head


class _Fit:
    """What both phases share: the table, its moments, the first networks and the records.

    Parameters
    ----------
    encoded : EncodedTable
        The table.
    head : OutputHead
        Knows its layout.
    config, precision, seed, verbose, until_learnt, callbacks, checkpoints, interrupts, ranks
        As for `train_networks`.
    """

    def __init__(
        self,
        encoded: EncodedTable,
        head: OutputHead,
        config: TrainingConfig,
        *,
        precision: str,
        seed: int,
        verbose: int,
        until_learnt: bool,
        callbacks: Sequence[Callback],
        checkpoints: Checkpoints | None,
        interrupts: Interrupts,
        ranks: Ranks,
    ) -> None:
        self.config, self.precision, self.seed = config.of_one(ranks.size), precision, seed
        self.ranks, self.verbose = ranks, verbose if ranks.is_first else 0
        self.until_learnt, self.callbacks = until_learnt, callbacks
        self.checkpoints, self.interrupts = checkpoints, interrupts
        self.marginals = TableBatches(encoded, head).marginals()
        batches, self.held_out = _hold_out(encoded, head, config, seed)
        self.batches = batches.shard(ranks.rank, ranks.size)
        self.networks = build_networks(head, self.marginals, config, seed)
        self.moments = PairwiseMoments(head).to(head.device, torch.float32)
        if config.moment_weight:
            self.moments.fit(self.batches.in_order, ranks.sum_)
        rng = torch.Generator(head.device).manual_seed(seed)
        self.diversity = Diversity(self.batches, rng) if head.layout.n_slots else None
        self.records: list[dict[str, Any]] = []
        self.cost = estimate_cost(head.layout, encoded, self.networks, self.config)
        if ranks.of_first(verbose):
            trial = self._step(TrainingStep, copy.deepcopy(self.networks))
            self.cost = measure_cost(self.cost, trial)
        tell(str(self.cost), self.verbose)

    def learn_whole_rows(self) -> tuple[TrainingStep, TrainingOutcome]:
        """Train the first networks."""
        step = self._step(TrainingStep, self.networks)
        diagnosis = Diagnosis(step, self.held_out, self.diversity, self.seed)
        bounds = _of_whole_rows(self.config)
        rng = torch.Generator(step.device).manual_seed(self.seed)
        pace = self._until_learnt(step, rng) if self._is_judged() else Steps(bounds.max_steps)
        return step, self._train(step, pace, bounds, WHOLE_ROWS, diagnosis, {"looks": Noise(rng)})

    def learn_conditions(
        self, whole_rows: TrainingStep, outcome: TrainingOutcome
    ) -> tuple[ConditionalNetworks, TrainingOutcome]:
        """Train copies of networks that know whole rows."""
        started = nn.ModuleDict({**whole_rows.ema.module, "critic": whole_rows.critic})
        step = self._step(ConditionalStep, add_context(started, self.config, self.seed))
        diagnosis = Diagnosis(step, self.held_out, None, self.seed)
        bounds = _of_conditions(self.config, outcome)
        pace = Steps(bounds.max_steps)
        outcome = self._train(step, pace, bounds, CONDITIONS, diagnosis)
        averaged = step.averaged()
        networks = ConditionalNetworks(averaged["generator"], averaged["head"], step.draw_context())
        return networks, outcome

    def _is_judged(self) -> bool:
        """Whether a detective says how long to train: of few rows it could say nothing."""
        return (
            self.until_learnt
            and self.config.early_stopping is None
            and self.config.optimizer.constant_share > 0
            and len(self.batches) >= MIN_JUDGED_ROWS
            and self.batches.head.layout.n_slots > 0
        )

    def _until_learnt(self, step: TrainingStep, rng: torch.Generator) -> UntilLearnt:
        """A pace by a detective; rows are held out of a step until its learning rate decays."""
        n_held_out = min(MAX_ROWS, round(HELD_OUT_SHARE * len(self.batches)))
        held_out, step.batches = self.batches.split(n_held_out, rng)
        detective = Detective(step.batches, held_out, rng)

        @torch.no_grad()
        def look() -> Look:
            raw = step.averaged_raw(detective.n_drawn, rng)
            drawn = step.ema.module["head"].sample(raw, rng)
            return Look(detective.area(*drawn), *detective.nearer(*drawn))

        def look_of_first() -> Look:
            return Look(*self.ranks.alone(lambda: astuple(look())))

        def learn_from_all() -> None:
            step.batches = self.batches

        config = self.config
        return UntilLearnt(
            config.max_steps,
            config.optimizer.constant_share,
            look_of_first,
            learn_from_all,
            config.log_every,
        )

    def warn_of_mode_collapse(self, averaged: nn.ModuleDict) -> None:
        """Warn if the averaged generator's rows vary too little."""
        if self.diversity is not None and self.ranks.is_first:
            warn_of_mode_collapse(averaged["generator"], averaged["head"], self.diversity)

    def _step(self, kind: type[TrainingStep], networks: nn.ModuleDict) -> TrainingStep:
        self.ranks.copy_first_(networks.state_dict().values())
        return kind(
            networks,
            self.moments,
            self.batches,
            self.config,
            self.precision,
            self.seed,
            self.ranks,
        )

    def _train(
        self,
        step: TrainingStep,
        pace: Pace,
        config: TrainingConfig,
        phase: str,
        diagnosis: Diagnosis,
        more: Mapping[str, Stateful] | None = None,
    ) -> TrainingOutcome:
        """Train for one phase, and add to the records; its checkpoint holds `more`, too."""
        return train_phase(
            step,
            pace,
            config,
            phase,
            records=self.records,
            verbose=self.verbose,
            callbacks=self.callbacks,
            checkpoints=self.checkpoints,
            interrupts=self.interrupts,
            ranks=self.ranks,
            diagnosis=diagnosis,
            more=more,
        )


def train_phase(
    step: TrainingStep,
    pace: Pace,
    config: TrainingConfig,
    phase: str,
    *,
    records: list[dict[str, Any]],
    verbose: int,
    callbacks: Sequence[Callback],
    checkpoints: Checkpoints | None,
    interrupts: Interrupts,
    ranks: Ranks = ALONE,
    diagnosis: Diagnosis | None = None,
    more: Mapping[str, Stateful] | None = None,
) -> TrainingOutcome:
    """Train for one phase, or take it from a checkpoint, and add to the records.

    Parameters
    ----------
    step : TrainingStep
        Its networks hold the result.
    pace : Pace
        How many steps.
    config : TrainingConfig
        Bounds, and when to stop early.
    phase : str
        Its name.
    records : list of dict
        Gets a record for each logged step.
    verbose, callbacks, checkpoints, interrupts, ranks
        As for `train_networks`.
    diagnosis : Diagnosis, optional
        Adds figures.
    more : mapping of str to Stateful, optional
        What the checkpoint holds beside these.
    """
    history, stopping, keeper = History(records, phase), None, None
    if config.early_stopping is not None:
        stopping = config.early_stopping.watch(step.check_weights)
    if checkpoints is not None:
        parts = {"step": step, "pace": pace, "diagnosis": diagnosis, "history": history}
        parts |= {"stopping": stopping, **(more or {})}
        keeper = checkpoints.of(
            phase, {name: part for name, part in parts.items() if part is not None}
        )
        if (outcome := keeper.finished()) is not None:
            interrupts.hold()
            return outcome
    observers: list[Observer] = [history, SameWeights(ranks, step.networks)]
    if ranks.is_first:
        observers += [Callbacks(callbacks, phase), Log(phase)]
    if verbose:
        observers.append(ProgressBar(phase, 0.0 if keeper is None else keeper.progress()))
    LOGGER.info("training: %s", phase)
    trainer = Trainer(
        pace,
        config.max_seconds,
        config.log_every,
        observers=observers,
        diagnose=diagnosis,
        stopping=stopping,
        keeper=keeper,
        interrupts=interrupts,
        ranks=ranks,
    )
    outcome = trainer.run(step)
    LOGGER.info("%s: ended by %s at step %d", phase, outcome.stopped_by, outcome.n_steps)
    if outcome.stopped_by == "interrupt":
        interrupts.lacks(TRAINING.format(outcome.n_steps, phase))
    return outcome


def _hold_out(
    encoded: EncodedTable, head: OutputHead, config: TrainingConfig, seed: int
) -> tuple[TableBatches, TableBatches | None]:
    """Rows to learn from, and rows that are held out, at least one if any are wanted."""
    if config.early_stopping is None:
        return TableBatches(encoded, head), None
    n_rows = len(encoded)
    if n_rows < 2:
        raise ValueError(
            f"early_stopping holds rows out and needs 2 or more, the table has {n_rows}"
        )
    n_held_out = min(max(1, round(config.early_stopping.fraction * n_rows)), n_rows - 1)
    batches, rng = TableBatches(encoded, head), torch.Generator().manual_seed(seed)
    if batches.is_large:
        n_held_out = min(n_held_out, MAX_HELD_OUT)
    held_out, learnt = batches.split(n_held_out, rng)
    return learnt, held_out


@contextmanager
def _own_randomness(config: TrainingConfig, device: torch.device, seed: int) -> Iterator[None]:
    """Let a user's own networks draw from torch's global state (dropout) without moving it."""
    if not has_own(config):
        yield
        return
    with global_state(seed, device):
        yield


def _of_whole_rows(config: TrainingConfig) -> TrainingConfig:
    """Bounds of the first phase."""
    if config.max_seconds is None or not config.conditional:
        return config
    return replace(config, max_seconds=WHOLE_ROWS_SHARE * config.max_seconds)


def _of_conditions(config: TrainingConfig, whole_rows: TrainingOutcome) -> TrainingConfig:
    """Bounds of the second phase, which also gets the seconds that the first one did not use."""
    config = replace(config, max_steps=required(config.conditional).max_steps)
    if config.max_seconds is None:
        return config
    return replace(config, max_seconds=max(0.0, config.max_seconds - whole_rows.seconds))


def warn_of_early_stop(outcome: TrainingOutcome) -> None:
    """Warn if training ended because a loss was not finite."""
    if outcome.stopped_by == "non-finite":
        warn(
            f"training stopped at step {outcome.n_steps}: a loss was not finite. The last good "
            "weights were restored. Lower generator_lr and critic_lr, or use precision='float32'.",
            ConvergenceWarning,
        )
