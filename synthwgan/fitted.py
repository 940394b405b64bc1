"""What a fit leaves behind: how it is made from trained networks, and its file."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import numbers
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from synthwgan.components import OWN, Component
from synthwgan.interrupts import CALIBRATION, REDRAW, REJECTION, Interrupts
from synthwgan.io.model import TABLE, not_a_model, read_model, refusing, write_model
from synthwgan.io.sql.types import checked_types
from synthwgan.networks import critics, generators
from synthwgan.networks.build import add_context, build_networks, weight_shapes
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.state import check_weights, load_module_arrays, module_arrays
from synthwgan.parameters import Constraint, check_parameters
from synthwgan.provenance import digest_of
from synthwgan.sampling.base import BaseSampler
from synthwgan.sampling.bins import MAX_VALUE_EDGES
from synthwgan.sampling.boosting import RejectionPlan, learn_rejection
from synthwgan.sampling.calibration import calibrate
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.growing import grow, n_rows_for
from synthwgan.sampling.knots import N_KNOTS
from synthwgan.sampling.redraw import Redraw
from synthwgan.sampling.rejection import Rejection
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.slices import SliceTargets
from synthwgan.table import TableTransformer
from synthwgan.table.checks import COUNT, FLAG, STATE, Anything, check_state, expect, optional
from synthwgan.table.choice import pack_rules, unpack_rules
from synthwgan.table.law import Law
from synthwgan.table.layout import EncodedTable, Layout, PartialRows
from synthwgan.table.rules.custom import Custom
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
from synthwgan.training.callbacks import LOGGER, tell
from synthwgan.training.checks import (
    HISTORY,
    N_TRIED,
    SECONDS,
    check_config,
    check_forbidden,
    check_heads,
    check_knots,
    check_raw,
    check_shares,
    check_sizes,
)
from synthwgan.training.config import COMPONENTS, TrainingConfig
from synthwgan.training.cost import TrainingCost
from synthwgan.training.fit import TrainedNetworks
from synthwgan.training.ranks import ALONE, Ranks
from synthwgan.warn import warn

_CONTENT = {
    "parameters": STATE,
    "table": STATE,
    "target_name": Anything(),
    "config": STATE,
    "cost": STATE,
    "n_rows": COUNT,
    "n_iter": COUNT,
    "fit_seconds": SECONDS,
    "history": HISTORY,
    "conditional": FLAG,
    "redraw": FLAG,
    "rejection": optional(STATE),
    "sql_types": STATE,
}
_COST = {
    "n_slots": COUNT,
    "n_parameters": COUNT,
    "memory_mb": SECONDS,
    "seconds_per_1000_steps": optional(SECONDS),
}


@dataclass(frozen=True)
class FittedState:
    """Everything that `WGANGPSynthesizer.fit` learns; each field is an attribute there.

    Parameters
    ----------
    transformer : TableTransformer
        The fitted encoding.
    target_name : hashable or None
        Column that was given as ``y``.
    config : TrainingConfig
        Hyperparameters, none of them "auto".
    sampler : Sampler
        The calibrated generator.
    conditional_sampler : ConditionalSampler or None
        The calibrated generator of rows of which something is given.
    critic : nn.Module
        The critic.
    history : DataFrame
        One row for each logged step.
    n_rows : int
        Rows of the table that was learned.
    n_iter : int
        Training steps done.
    fit_seconds : float
        Wall-clock seconds of training.
    cost : TrainingCost
        Size, memory and speed.
    acceptance_rate : float
        Share of drawn rows that the sampler keeps.
    n_rejection_rounds : int
        Rounds of learning which rows to keep.
    sql_types : dict of str to list
        The types of a database's columns, if the table came from one; see `synthwgan.io.sql.types`.
    """

    transformer: TableTransformer
    target_name: Any
    config: TrainingConfig
    sampler: Sampler
    conditional_sampler: ConditionalSampler | None
    critic: nn.Module
    history: pd.DataFrame
    n_rows: int
    n_iter: int
    fit_seconds: float
    cost: TrainingCost
    acceptance_rate: float
    n_rejection_rounds: int
    sql_types: dict[str, list] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        trained: TrainedNetworks,
        transformer: TableTransformer,
        target_name: Any,
        config: TrainingConfig,
        sampler: Sampler,
        conditional_sampler: ConditionalSampler | None,
        *,
        n_rows: int,
        sql_types: dict[str, list],
    ) -> FittedState:
        """Put together what a fit made."""
        return cls(
            transformer=transformer,
            target_name=target_name,
            config=config,
            sampler=sampler,
            conditional_sampler=conditional_sampler,
            critic=trained.critic,
            history=pd.DataFrame(trained.history),
            n_rows=n_rows,
            n_iter=trained.outcome.n_steps,
            fit_seconds=trained.outcome.seconds,
            cost=trained.cost,
            acceptance_rate=sampler.acceptance_rate,
            n_rejection_rounds=sampler.n_rejection_rounds,
            sql_types=sql_types,
        )


def save_model(
    path: str | os.PathLike,
    parameters: dict[str, Any],
    constraints: Mapping[str, Constraint],
    state: FittedState,
) -> None:
    """Write constructor parameters and fitted state; see `WGANGPSynthesizer.save`."""
    for rule in state.transformer.rules_:
        if isinstance(rule, Custom):
            warn(
                f"rule '{rule}' is a function, and not saved: rows of the loaded model may break it"
            )
    table, arrays = state.transformer.to_state()
    content = {
        "kind": TABLE,
        "parameters": pack_parameters(parameters, constraints),
        "table": table,
        "target_name": to_jsonable(state.target_name),
        "config": pack_config(state.config),
        "cost": asdict(state.cost),
        "n_rows": state.n_rows,
        "n_iter": state.n_iter,
        "fit_seconds": state.fit_seconds,
        "history": without_nan(state.history),
        "conditional": state.conditional_sampler is not None,
        "redraw": state.sampler.redraw is not None,
        "rejection": None,
        "sql_types": state.sql_types,
    }
    sampler, conditional = state.sampler, state.conditional_sampler
    own = {"marginals": sampler.marginals, "value_knots": sampler.value_knots}
    if sampler.redraw is not None:
        arrays = arrays | sampler.redraw.to_arrays()
    if sampler.rejection is not None:
        content["rejection"], rejection_arrays = sampler.rejection.to_state()
        arrays = arrays | rejection_arrays
    if conditional is not None:
        own["conditional_value_knots"] = conditional.value_knots
        own["slice_means"] = conditional.targets and conditional.targets.means
    arrays = arrays | {name: own[name].cpu().numpy() for name in own if own[name] is not None}
    weights = module_arrays(_modules(sampler, conditional, state.critic))
    write_model(path, content, arrays | weights)
    LOGGER.info("model in %s", os.fspath(path))


def model_digest(
    sampler: Sampler, conditional: ConditionalSampler | None, critic: nn.Module
) -> str:
    """Return the digest of a model's weights, which is the same once it is saved and loaded."""
    return digest_of(module_arrays(_modules(sampler, conditional, critic)))


def load_model(
    path: str | os.PathLike,
    device: torch.device,
    own: Mapping[str, Callable | None],
    constraints: Mapping[str, Constraint],
) -> tuple[dict[str, Any], FittedState]:
    """Read what `save_model` wrote; see `WGANGPSynthesizer.load`."""
    content, arrays = read_model(path, TABLE, _CONTENT)
    with refusing(path):
        check_config(content["config"], TrainingConfig)
    _check_functions(path, content["config"], own)
    with refusing(path):
        parameters = unpack_parameters(content["parameters"], constraints, own)
        config = unpack_config(TrainingConfig, content["config"], own)
        transformer = TableTransformer.from_state(content["table"], arrays)
        _check_arrays(transformer.layout_, config, content["conditional"], arrays)
    # Here the user's own functions are called, whose errors are their own.
    sampler, conditional, critic = _make_networks(
        transformer.layout_, config, content["conditional"], arrays, device
    )
    with refusing(path):
        modules = _modules(sampler, conditional, critic)
        load_module_arrays(modules, arrays)
        check_heads(modules)
        if content["redraw"]:
            _give_redraw(_load_redraw(transformer.layout_, arrays), sampler, conditional)
        sampler.rejection = _load_rejection(transformer.layout_, content["rejection"], arrays)
        target_name = from_jsonable(content["target_name"])
        is_named = target_name is not None and transformer.array_dtype_ is None
        is_last = not is_named or transformer.column_index_[-1] == target_name
        expect(is_last, "its target is not its last column")
        check_state("its cost", content["cost"], _COST)
        state = FittedState(
            transformer=transformer,
            target_name=target_name,
            config=config,
            sampler=sampler,
            conditional_sampler=conditional,
            critic=critic,
            history=pd.DataFrame(content["history"]),
            n_rows=content["n_rows"],
            n_iter=content["n_iter"],
            fit_seconds=content["fit_seconds"],
            cost=TrainingCost(**content["cost"]),
            acceptance_rate=sampler.acceptance_rate,
            n_rejection_rounds=sampler.n_rejection_rounds,
            sql_types=checked_types(content["sql_types"]),
        )
        _try(state)
    return parameters, state


def _try(state: FittedState) -> None:
    """Draw a few rows: what a file says may be right in each part and not fit together."""
    sampler, conditional = state.sampler, state.conditional_sampler
    check_raw(sampler.raw(N_TRIED, sampler.noise(0)))
    drawn = sampler.draw(N_TRIED, sampler.noise(0))
    rows = state.transformer.decode_frame(drawn, random_state=0)
    # Of pandas: who loads a model may not have the library that its table was of.
    state.transformer.as_given(rows, "default" if state.transformer.is_array else "pandas")
    Law(state.transformer.reduction_).is_broken(rows)
    if conditional is not None:
        given = np.zeros((N_TRIED, len(state.transformer.layout_.column_blocks)), dtype=bool)
        context = conditional.context(PartialRows(drawn, given))
        check_raw(conditional.raw(N_TRIED, conditional.noise(0), context))


def pack_config(config: TrainingConfig) -> dict[str, Any]:
    """Return hyperparameters as JSON; see `Choice.pack`."""
    return {
        name: COMPONENTS[name].pack(value) if isinstance(value, Component) else value
        for name, value in vars(config).items()
    }


def unpack_config(
    kind: type[TrainingConfig], packed: dict[str, Any], own: Mapping[str, Callable | None]
) -> TrainingConfig:
    """Rebuild hyperparameters from `pack_config` and the user's own functions."""
    return kind(
        **{
            name: COMPONENTS[name].unpack(value, own.get(name)) if type(value) is dict else value
            for name, value in packed.items()
        }
    )


def _check_functions(
    path: str | os.PathLike, config: dict[str, Any], own: Mapping[str, Callable | None]
) -> None:
    """Raise if a function that a model needs is not given, or one is that it does not need."""
    for name, function in own.items():
        built_in = (config[name] or {}).get("component")
        if built_in is None:
            raise ValueError(not_a_model(path, f"its {name} is none"))
        if built_in == OWN and function is None:
            raise ValueError(
                f"{os.fspath(path)!r} was fitted with a {name} of its own, which a file cannot "
                f"hold; pass the function that made it: load(path, {name}=...)"
            )
        if built_in != OWN and function is not None:
            raise ValueError(
                f"{os.fspath(path)!r} was fitted with the built-in {name} {built_in!r}; load "
                f"it without {name}=..."
            )


def without_nan(history: pd.DataFrame) -> dict[str, list[Any]]:
    """Columns of a history; figures that a step lacks are None, as JSON has no NaN."""
    return {
        name: [None if value != value else value for value in column]
        for name, column in history.to_dict("list").items()
    }


def _check_arrays(
    layout: Layout,
    config: TrainingConfig,
    is_conditional: bool,
    arrays: dict[str, np.ndarray],
) -> None:
    """Raise unless the arrays are weights of the sizes that the file says, before any is made."""
    check_sizes(config, arrays)
    check_shares(layout, arrays)
    check_knots(layout, N_KNOTS, arrays)
    check_forbidden(arrays)
    # The sizes of a user's own networks are not known.
    own = {
        "generator": isinstance(config.generator, generators.Own),
        "critic": isinstance(config.critic, critics.Own),
    }
    for name in ("generator", "critic"):
        if not own[name]:
            check_weights(weight_shapes(layout, config, name), arrays, name)
    if is_conditional and not own["generator"]:
        shapes = weight_shapes(layout, config, "generator", conditional=True)
        check_weights(shapes, arrays, "conditional_generator")


def _make_networks(
    layout: Layout,
    config: TrainingConfig,
    is_conditional: bool,
    arrays: dict[str, np.ndarray],
    device: torch.device,
) -> tuple[Sampler, ConditionalSampler | None, nn.Module]:
    """Networks of a file's sizes, without its weights yet."""
    head = OutputHead(layout, config.couple_columns).to(device)
    marginals = torch.from_numpy(np.array(arrays["marginals"])).to(device)
    knots, conditional_knots, slice_means = (
        torch.from_numpy(np.array(arrays[name])).to(device) if name in arrays else None
        for name in ("value_knots", "conditional_value_knots", "slice_means")
    )
    networks = build_networks(head, marginals, config, seed=0)
    generator: Any = networks["generator"]
    sampler = Sampler(generator, head, generator.latent_dim, marginals, knots)
    if not is_conditional:
        return sampler, None, networks["critic"]
    told: Any = add_context(networks, config, seed=0)
    conditional_sampler = ConditionalSampler(
        told["generator"],
        told["head"],
        generator.latent_dim,
        marginals,
        conditional_knots,
        targets=None if slice_means is None else SliceTargets(slice_means),
    )
    return sampler, conditional_sampler, networks["critic"]


def _load_redraw(layout: Layout, arrays: Mapping[str, np.ndarray]) -> Redraw:
    try:
        return Redraw.from_arrays(layout, arrays)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"of its redraw: {error}") from error


def _load_rejection(
    layout: Layout, state: dict[str, Any] | None, arrays: dict[str, np.ndarray]
) -> Rejection | None:
    try:
        return None if state is None else Rejection.from_state(layout, state, arrays)
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"of its rejection: {error}") from error


def _modules(
    sampler: Sampler, conditional: ConditionalSampler | None, critic: nn.Module
) -> dict[str, nn.Module]:
    modules = {"generator": sampler.generator, "critic": critic, "head": sampler.head}
    if conditional is not None:
        modules["conditional_generator"] = conditional.generator
        modules["conditional_head"] = conditional.head
    return modules


def pack_parameters(
    parameters: dict[str, Any], constraints: Mapping[str, Constraint]
) -> dict[str, Any]:
    """Return the constructor's parameters as JSON.

    A random state that is no number becomes the default, and functions are left out.

    Raises
    ------
    ValueError
        If one is not allowed, which may have been set since the fit: it could not be loaded.
    """
    check_parameters(parameters, constraints)
    if not isinstance(parameters["random_state"], numbers.Integral):
        parameters["random_state"] = None
    if parameters["column_kinds"] is not None:
        parameters["column_kinds"] = tuple(parameters["column_kinds"].items())
    packed = {
        name: COMPONENTS[name].pack(value)
        if name in COMPONENTS
        else to_jsonable(tuple(value) if isinstance(value, list) else value)
        for name, value in parameters.items()
        if name != "rules"
    }
    return packed | {"rules": pack_rules(parameters["rules"])}


def unpack_parameters(
    packed: dict[str, Any],
    constraints: Mapping[str, Constraint],
    own: Mapping[str, Callable | None] | None = None,
) -> dict[str, Any]:
    """Rebuild parameters from `pack_parameters`; an optimizer of one's own becomes the default.

    Raises
    ------
    ValueError
        If it gives no such parameters, or one is not allowed.
    """
    check_state("its parameters", packed, dict.fromkeys(constraints, Anything()))
    own = {} if own is None else own
    parameters = {
        name: unpack_parameter(name, value, own.get(name)) for name, value in packed.items()
    }
    check_parameters(parameters, constraints)
    return parameters


def unpack_parameter(name: str, packed: Any, function: Callable | None = None) -> Any:
    """Rebuild one parameter from `pack_parameters`; `function` is the user's own, if there was one.

    Raises
    ------
    ValueError
        If it gives no such parameter.
    """
    if name == "rules":
        return unpack_rules(packed)
    if name in COMPONENTS:
        return COMPONENTS[name].unpack(packed, function or COMPONENTS[name].first)
    value = from_jsonable(packed)
    return dict(value) if name == "column_kinds" and value is not None else value


def make_sampler(trained: TrainedNetworks) -> Sampler:
    """Put a trained generator into a sampler."""
    generator: Any = trained.generator
    return Sampler(generator, trained.head, generator.latent_dim, trained.marginals)


def make_conditional_sampler(trained: TrainedNetworks) -> ConditionalSampler | None:
    """Put a trained conditional generator into a sampler; None if there is no such generator."""
    if trained.conditional is None:
        return None
    generator: Any = trained.conditional.generator
    head = trained.conditional.head
    return ConditionalSampler(generator, head, generator.latent_dim, trained.marginals)


def calibrate_samplers(
    trained: TrainedNetworks,
    sampler: Sampler,
    conditional_sampler: ConditionalSampler | None,
    *,
    seed: int,
    verbose: int,
    interrupts: Interrupts,
    ranks: Ranks = ALONE,
) -> None:
    """Make the distribution of each column exact, and of each column in rows of one state.

    Parameters
    ----------
    trained : TrainedNetworks
        What training left behind.
    sampler, conditional_sampler
        Its samplers. What of them is calibrated when it is interrupted stays so.
    seed : int
        Seed of the rows drawn for it.
    verbose : int
        From 1 on, it is said.
    interrupts : Interrupts
        Told if it is interrupted.
    ranks : Ranks, optional
        The processes that trained it; each draws a part of these rows.
    """
    tell("calibration: making the distribution of each column exact", verbose)

    def work() -> None:
        calibrate(sampler, sampler.noise(ranks.seed(seed)), n_parts=ranks.size)
        _average(sampler, ranks)
        if conditional_sampler is not None and trained.conditional is not None:
            context = trained.conditional.context
            calibrate(conditional_sampler, conditional_sampler.noise(ranks.seed(seed)), context)
            _average(conditional_sampler, ranks)
            conditional_sampler.targets = SliceTargets.of(trained.moments)

    # Also after Ctrl-C: it takes only seconds, and the model is better for it.
    interrupts.attempt(work, CALIBRATION, anyway=True)


def _average(sampler: BaseSampler, ranks: Ranks) -> None:
    """Give a sampler the mean of the calibrations that several processes found."""
    knots = [] if sampler.value_knots is None else [sampler.value_knots]
    ranks.mean_([sampler.head.logit_bias, *knots])


def add_redraw(
    encoded: EncodedTable,
    sampler: Sampler,
    conditional_sampler: ConditionalSampler | None,
    plan: RejectionPlan,
    *,
    seed: int,
    verbose: int,
    interrupts: Interrupts,
    ranks: Ranks = ALONE,
) -> None:
    """Let samplers draw numbers again, each given the rest of its row; see `Redraw`.

    Parameters
    ----------
    encoded : EncodedTable
        The table.
    sampler, conditional_sampler
        The samplers.
    plan : RejectionPlan
        Knows how many seconds it may take.
    seed : int
        Seed of the trees.
    verbose : int
        From 1 on, it is said.
    interrupts : Interrupts
        Told if it is interrupted.
    ranks : Ranks, optional
        The processes that trained them; the first grows the trees, and tells the others.
    """
    layout = sampler.head.layout
    n_rows = ranks.of_first(n_rows_for(encoded, layout, plan.redraw_seconds))
    if not n_rows:
        return
    tell("redraw: growing the trees by which numbers are drawn again", verbose)

    def work() -> None:
        grown = grow(encoded, layout, n_rows, seed) if ranks.is_first else None
        if ranks.size > 1:
            given = {} if grown is None else grown.to_arrays()
            _, arrays = ranks.share(None, given)
            grown = Redraw.from_arrays(layout, dict(arrays)) if arrays else None
        _give_redraw(grown, sampler, conditional_sampler)

    # As the calibration before it.
    interrupts.attempt(work, REDRAW, anyway=True)


def _give_redraw(redraw: Redraw | None, *samplers: BaseSampler | None) -> None:
    for sampler in samplers:
        if sampler is not None:
            sampler.redraw = redraw


def add_rejection(
    sampler: Sampler,
    encoded: EncodedTable,
    transformer: TableTransformer,
    plan: RejectionPlan,
    *,
    seed: int,
    verbose: int,
    interrupts: Interrupts,
    ranks: Ranks = ALONE,
) -> None:
    """Let a sampler learn which rows to keep.

    Parameters
    ----------
    sampler : Sampler
        Its rejection is set.
    encoded : EncodedTable
        The table.
    transformer : TableTransformer
        Knows which numbers are ties.
    plan : RejectionPlan
        Bounds.
    seed : int
        Seed of the rows drawn for it.
    verbose : int
        From 1 on, each round is shown.
    interrupts : Interrupts
        Told if it is interrupted: the rounds so far count.
    ranks : Ranks, optional
        The processes that trained it; the first learns, and tells the others.
    """
    if not plan.is_for(encoded, sampler.head.layout):
        return

    def work() -> None:
        tell("rejection: learning which drawn rows to keep", verbose)
        edges = transformer.value_edges(MAX_VALUE_EDGES)
        report = partial(tell, verbose=verbose)
        if ranks.is_first:
            sampler.rejection = learn_rejection(
                sampler, encoded, edges, plan, seed, report, interrupts
            )
        _share_rejection(sampler, ranks)

    interrupts.attempt(work, REJECTION)


def _share_rejection(sampler: Sampler, ranks: Ranks) -> None:
    """Give all processes the rejection of the first."""
    if ranks.size == 1:
        return
    learnt = sampler.rejection
    state, arrays = ranks.share(*((None, {}) if learnt is None else learnt.to_state()))
    if not ranks.is_first:
        sampler.rejection = _load_rejection(sampler.head.layout, state, dict(arrays))
