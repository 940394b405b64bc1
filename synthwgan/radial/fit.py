"""From tables of several domains to networks around one latent space, and to one domain more."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from synthwgan.checkpoint import KeptFit, describe
from synthwgan.interrupts import Interrupts
from synthwgan.networks.moments import N_HATS
from synthwgan.radial.batches import DomainTable
from synthwgan.radial.columns.saved import union_to_state
from synthwgan.radial.columns.union import DomainUnion
from synthwgan.radial.file import RadialState
from synthwgan.radial.growth import Growth
from synthwgan.radial.networks import DomainContexts
from synthwgan.radial.sampler import DomainSampler, states_seen
from synthwgan.radial.step import RadialConfig, train_added_domain, train_domains
from synthwgan.sampling.slices import SliceTargets
from synthwgan.table import TableTransformer
from synthwgan.training.callbacks import Callback

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class TrainingPlace:
    """Where and how networks are trained.

    Parameters
    ----------
    device : torch.device
        Where.
    precision : {"float32", "bfloat16"}
        Precision of the matrix products.
    seed : int
        Seed of first weights, batches and noise.
    verbose : int
        From 1 on, a progress bar is shown.
    callbacks : sequence of callable
        Called with the figures of each logged step; training ends when one returns True.
    interrupts : Interrupts
        Told what lacks if training is interrupted.
    """

    device: torch.device
    precision: str
    seed: int
    verbose: int
    callbacks: Sequence[Callback]
    interrupts: Interrupts


def learn_domains(
    union: DomainUnion,
    tables: Tables,
    target: Any,
    config: RadialConfig,
    where: TrainingPlace,
    rng: np.random.Generator,
    kept: KeptFit | None = None,
) -> RadialState:
    """Train networks on the rows of all domains.

    Parameters
    ----------
    union : DomainUnion
        Fitted to the tables.
    tables : mapping of str to DataFrame
        By domain.
    target : column name or None
        The column that rows keep in every translation.
    config : RadialConfig
        Hyperparameters.
    where : TrainingPlace
        Device, precision, seed.
    rng : Generator
        For the encoding.
    kept : KeptFit, optional
        Keeps the state of training.
    """
    table = _encoded(union, tables, target, rng)
    checkpoints = None if kept is None else kept.start(_described(union, table))
    trained = train_domains(table, config, **vars(where), checkpoints=checkpoints)
    contexts = DomainContexts(union.layout, torch.from_numpy(union.has).to(where.device))
    sampler = DomainSampler(
        trained.networks,
        contexts,
        trained.marginals,
        states_seen(table.rows, table.domains, contexts),
        SliceTargets.of(trained.moments),
    )
    return RadialState(
        union=union,
        target=target,
        config=config,
        sampler=sampler,
        critic=trained.networks["critic"],
        history=pd.DataFrame(trained.history),
        n_iter=trained.outcome.n_steps,
        fit_seconds=trained.outcome.seconds,
    )


def learn_added_domain(
    state: RadialState,
    name: str,
    tables: Tables,
    transformer: TableTransformer,
    config: RadialConfig,
    where: TrainingPlace,
    rng: np.random.Generator,
) -> RadialState:
    """Train what is new for one domain more; rows of the others are decoded as before.

    Parameters
    ----------
    state : RadialState
        The other domains; it is not changed.
    name : str
        The new domain.
    tables : mapping of str to DataFrame
        Its rows, and rows of the others, real or synthetic.
    transformer : TableTransformer
        Fitted to its rows.
    config, where, rng
        As for `learn_domains`.
    """
    union, old = copy.deepcopy(state.union), state.union
    reference = [union.read(other, tables[other]) for other in old.domains]
    values = union.join(name, tables[name], transformer, reference)
    if state.target is not None:
        union.check_target(state.target)
    union.fit_columns([*reference, values], rng)
    codes = np.array([union.code_of(other) for other in sorted(old.domains, key=old.code_of)])
    growth = Growth(old.layout, union.layout, codes)
    table = _encoded(union, tables, state.target, rng)
    sampler = state.sampler
    networks = {"generator": sampler.generator, "head": sampler.head, "encoder": sampler.encoder}
    trained = train_added_domain(
        nn.ModuleDict({**networks, "critic": state.critic}),
        growth,
        table,
        config,
        added=union.code_of(name),
        **vars(where),
    )
    contexts = DomainContexts(union.layout, torch.from_numpy(union.has).to(where.device))
    grown = DomainSampler(
        trained.networks,
        contexts,
        trained.marginals,
        _seen(
            sampler,
            growth,
            states_seen(table.rows, table.domains, contexts),
            union.code_of(name),
        ),
        _targets(sampler.targets, growth, SliceTargets.of(trained.moments), contexts, union, name),
    )
    return replace(
        state,
        union=union,
        sampler=grown,
        critic=trained.networks["critic"],
        history=pd.concat([state.history, pd.DataFrame(trained.history)], ignore_index=True),
    )


def _encoded(
    union: DomainUnion, tables: Tables, target: Any, rng: np.random.Generator
) -> DomainTable:
    rows, domains = union.encode_all(tables, rng)
    always = np.isin(np.arange(len(union.columns)), union.places_of(target))
    return DomainTable(rows, domains, union.layout, union.has, always)


def _described(union: DomainUnion, table: DomainTable) -> dict[str, Any]:
    """Return digests of the tables, and of how they are written back."""
    columns = {
        f"{name} of {domain.name}": column
        for domain in union.domains.values()
        for name, column, _ in domain.named()
    }
    state, domains, arrays = union_to_state(union)
    more = {"domains": table.domains, "given": table.rows.given, "always": table.always}
    return describe(columns, ([state, domains], arrays), table.rows.encoded, more)


def _seen(
    sampler: DomainSampler, growth: Growth, of_rows: torch.Tensor, added: int
) -> torch.Tensor:
    """States that each domain's rows had: of the new one by its rows, of others as it was known."""
    seen = torch.zeros_like(of_rows)
    slots = growth.slots[: growth.old.n_state_slots]
    known = np.flatnonzero(slots >= 0)
    seen[np.ix_(growth.domain_states, slots[known])] = sampler.seen[:, known]
    seen[added] = of_rows[added]
    return seen


def _targets(
    old: SliceTargets | None,
    growth: Growth,
    of_rows: SliceTargets | None,
    contexts: DomainContexts,
    union: DomainUnion,
    name: str,
) -> SliceTargets | None:
    """Distributions of the domains' rows: of the new one by its rows, of others as known."""
    if old is None or of_rows is None:
        return None
    slots = growth.slots[: growth.old.n_state_slots]
    known = np.flatnonzero(slots >= 0)
    hats = np.arange(growth.old.n_values * N_HATS)
    features = np.concatenate([slots[known], growth.new.n_state_slots + hats])
    old_features = np.concatenate([known, growth.old.n_state_slots + hats])
    means = torch.zeros_like(of_rows.means)
    means[np.ix_(slots[known], features)] = old.means[np.ix_(known, old_features)]
    added = contexts.domain_slots.start + union.code_of(name)
    means[added] = of_rows.means[added]
    return SliceTargets(means)
