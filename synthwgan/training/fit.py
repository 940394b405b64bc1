"""From an encoded table to trained networks."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, replace
from typing import Any

import torch
from sklearn.exceptions import ConvergenceWarning
from torch import Tensor, nn

from synthwgan.networks.build import add_context, build_networks
from synthwgan.networks.context import Context
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.training.callbacks import History, ProgressBar, announce
from synthwgan.training.conditional import ConditionalStep
from synthwgan.training.config import TrainingConfig
from synthwgan.training.cost import TrainingCost, estimate_cost, measure_cost
from synthwgan.training.data import TableBatches
from synthwgan.training.trainer import Observer, Trainer, TrainingOutcome
from synthwgan.training.wgan import WGANGPStep

# Phases of training.
WHOLE_ROWS, CONDITIONS = "whole rows", "conditions"
# Of the seconds, where they are bounded, the part that the first phase gets before the second.
WHOLE_ROWS_SHARE = 0.7


@dataclass(frozen=True)
class ConditionalNetworks:
    """What learning conditions leaves behind.

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
    """What training leaves behind.

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
) -> TrainedNetworks:
    """Train a generator and a critic on an encoded table.

    Whole rows come first. Then copies of both networks learn what is given, so that whole rows
    do not pay for conditions.

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

    Returns
    -------
    TrainedNetworks
        On ``device``.

    Warns
    -----
    ConvergenceWarning
        If a loss was not finite; the last good weights are returned.
    UserWarning
        If there is nothing to learn, or training was interrupted: the weights trained so far
        are returned.
    """
    if not layout.n_slots:
        warnings.warn(
            "there is nothing to learn: every column is an identifier or constant; give one "
            "another kind with column_kinds if that is not meant",
            UserWarning,
            stacklevel=3,
        )
    head = OutputHead(layout, config.temperature, config.couple_columns).to(device)
    batches = TableBatches(encoded, head)
    marginals = batches.marginals()
    networks = build_networks(head, marginals, config, seed)
    moments = PairwiseMoments(head).to(device, torch.float32)
    if config.moment_weight:
        moments.fit(batches.in_order)
    cost = estimate_cost(layout, encoded, networks, config)
    if verbose:
        trial_networks = copy.deepcopy(networks)
        trial = WGANGPStep(trial_networks, moments, batches, config, precision, seed)
        cost = measure_cost(cost, trial)
        announce(str(cost))
    records: list[dict[str, Any]] = []
    step = WGANGPStep(networks, moments, batches, config, precision, seed)
    outcome = _train(step, _of_whole_rows(config), WHOLE_ROWS, records, verbose)
    averaged, conditional = step.averaged(), None
    if config.conditional and outcome.stopped_by in ("steps", "time"):
        started = nn.ModuleDict({**averaged, "critic": step.critic})
        told = add_context(started, config, seed)
        given = ConditionalStep(told, moments, batches, config, precision, seed)
        rest = _of_conditions(config, outcome)
        outcome = outcome.followed_by(_train(given, rest, CONDITIONS, records, verbose))
        conditional = _conditional(given)
    _warn_of_early_stop(outcome)
    return TrainedNetworks(
        generator=averaged["generator"],
        critic=step.critic,
        head=averaged["head"],
        conditional=conditional,
        marginals=marginals,
        moments=moments,
        history=records,
        outcome=outcome,
        cost=cost,
    )


def _of_whole_rows(config: TrainingConfig) -> TrainingConfig:
    """Bounds of the first phase."""
    if config.max_seconds is None or not config.conditional:
        return config
    return replace(config, max_seconds=WHOLE_ROWS_SHARE * config.max_seconds)


def _of_conditions(config: TrainingConfig, whole_rows: TrainingOutcome) -> TrainingConfig:
    """Bounds of the second phase: seconds that the first one has left are its own."""
    config = replace(config, max_steps=config.conditional_steps)
    if config.max_seconds is None:
        return config
    return replace(config, max_seconds=max(0.0, config.max_seconds - whole_rows.seconds))


def _train(
    step: WGANGPStep,
    config: TrainingConfig,
    phase: str,
    records: list[dict[str, Any]],
    verbose: int,
) -> TrainingOutcome:
    """Train for one phase, and add to the records."""
    observers: list[Observer] = [History(records, phase)]
    if verbose:
        observers.append(ProgressBar(phase))
    trainer = Trainer(config.max_steps, config.max_seconds, config.log_every, observers)
    return trainer.run(step)


def _conditional(step: ConditionalStep) -> ConditionalNetworks:
    averaged = step.averaged()
    return ConditionalNetworks(averaged["generator"], averaged["head"], step.draw_context())


def _warn_of_early_stop(outcome: TrainingOutcome) -> None:
    if outcome.stopped_by == "non-finite":
        warnings.warn(
            f"training stopped at step {outcome.n_steps}: a loss was not finite. The last good "
            "weights were restored. Lower generator_lr and critic_lr, or use precision='float32'.",
            ConvergenceWarning,
            stacklevel=4,
        )
    elif outcome.stopped_by == "interrupt":
        warnings.warn(
            f"training was interrupted at step {outcome.n_steps}; the model trained so far is "
            "kept and can be sampled and saved.",
            UserWarning,
            stacklevel=4,
        )
