"""The training step of several domains around one latent space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from synthwgan.interrupts import Interrupts
from synthwgan.networks.context import Context
from synthwgan.networks.heads import OutputHead
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.parameters import Constraint, Number
from synthwgan.radial.batches import N_KNOWN, N_NEW, DomainBatches, DomainTable
from synthwgan.radial.cycles import RowReconstruction, normality_loss
from synthwgan.radial.growth import Growth, can_grow, grow, train_only
from synthwgan.radial.networks import NOISE_DIM, DomainContexts, build_domain_networks
from synthwgan.training.batchnorm import measure_batch_norm
from synthwgan.training.callbacks import Callback
from synthwgan.training.checkpoint import Checkpoints
from synthwgan.training.config import TrainingConfig
from synthwgan.training.data import TableBatches
from synthwgan.training.fit import train_phase, warn_of_early_stop
from synthwgan.training.pace import Steps
from synthwgan.training.step import TrainingStep
from synthwgan.training.trainer import TrainingOutcome

# Batches by which batch statistics are measured.
N_MEASURED = 20
PHASE = "domains"


@dataclass(frozen=True)
class RadialConfig(TrainingConfig):
    """Hyperparameters of a fit of several domains; `RadialGANSynthesizer` documents them."""

    cycle_weight: float
    latent_weight: float

    latent_dim: ClassVar[int] = 16
    constraints: ClassVar[dict[str, Constraint]] = {
        **TrainingConfig.constraints,
        "cycle_weight": Number(0),
        "latent_weight": Number(0),
    }


class RadialStep(TrainingStep):
    """One training step of RadialGAN, on networks that all domains share.

    The losses are those of Yoon, Jordon and van der Schaar 2018, "RadialGAN: Leveraging Multiple
    Datasets to Improve Target-specific Predictive Models Using Generative Adversarial Networks",
    section 3: in each domain, its rows against rows that come from the latent vectors of others,
    and rows and latent vectors that come back from a cycle. Beyond the paper, rows also come from
    latent vectors of the domain's own rows, of which is known what another domain has, and from
    latent vectors that are standard normal.

    Parameters
    ----------
    networks : nn.ModuleDict
        From `build_domain_networks`.
    moments, batches, config, precision, seed
        As for `TrainingStep`.
    drawer : DomainBatches
        Draws from ``batches``.
    """

    def __init__(
        self,
        networks: nn.ModuleDict,
        moments: PairwiseMoments,
        batches: TableBatches,
        drawer: DomainBatches,
        config: RadialConfig,
        precision: str,
        seed: int,
    ) -> None:
        super().__init__(networks, moments, batches, config, precision, seed)
        self.encoder, self.drawer = networks["encoder"], drawer
        self.reconstruction = RowReconstruction(self.head)
        self.n_new = N_NEW * drawer.group_size
        self.n_own = (N_NEW + N_KNOWN) * drawer.group_size

    def _draw_batch(self) -> tuple[Tensor, Tensor, Tensor]:
        self.batch = self.drawer.draw(self.rng)
        with self.autocast():
            encoded = self.encoder(self.batch.known).float()
            self.latents = torch.cat([self._normal(self.n_new, self.encoder.latent_dim), encoded])
            raw = self.generator(self._with_noise(self.latents), self.batch.given)
        fake = self.head(raw, self.rng, self.batch.given)
        return self.batch.real.to(self.dtype), fake.to(self.dtype), self.batch.given.columns

    def _normal(self, n_rows: int, width: int) -> Tensor:
        shape = (n_rows, width)
        return torch.randn(shape, dtype=torch.float32, device=self.device, generator=self.rng)

    def _with_noise(self, latents: Tensor) -> Tensor:
        return torch.cat([latents, self._normal(len(latents), NOISE_DIM)], dim=1)

    def _moment_distance(self, fake: Tensor, real: Tensor) -> Tensor:
        return self.moments.within(fake[: self.n_own], real[: self.n_own], N_NEW + N_KNOWN)

    def _further_losses(self, fake: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Both cycles, and how far latent vectors are from standard normal ones."""
        batch, own = self.batch, slice(self.n_new, self.n_own)
        real, has = batch.real[own], batch.has[own]
        with self.autocast():
            latents = self.encoder(self.drawer.contexts.known(real, has)).float()
            raw = self.generator(self._with_noise(latents), batch.whole.take(own))
            made = self.drawer.contexts.known(fake[: self.n_new].float(), batch.has[: self.n_new])
            again = self.encoder(made).float()
        losses = {
            "row_cycle": self.reconstruction(raw.float(), real, has),
            "latent_cycle": (again - self.latents[: self.n_new]).square().mean(),
            "latent_distance": normality_loss(latents.unflatten(0, (N_KNOWN, -1))),
        }
        cycles = losses["row_cycle"] + losses["latent_cycle"]
        total = self.config.cycle_weight * cycles
        total = total + self.config.latent_weight * losses["latent_distance"]
        return total, {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def averaged(self) -> nn.ModuleDict:
        """The moving averages of all but the critic, with batch statistics of their own."""
        networks, latents, given = self.ema.module, [], []
        for _ in range(N_MEASURED):
            batch = self.drawer.draw(self.rng)
            new = self._normal(self.n_new, self.encoder.latent_dim)
            latents += [new, networks["encoder"](batch.known)]
            given.append(batch.given)
        with_noise = self._with_noise(torch.cat(latents))
        measure_batch_norm(networks["generator"], with_noise, Context.concatenate(given))
        return networks


@dataclass(frozen=True)
class TrainedDomains:
    """The trained networks and records of several domains.

    Parameters
    ----------
    networks : nn.ModuleDict
        Moving averages of ``generator``, ``head`` and ``encoder``, and the ``critic``.
    moments : PairwiseMoments
        Moments of the rows of all domains.
    marginals : Tensor of shape (n_state_slots,)
        Share of all rows in each state.
    history : list of dict
        One record for each logged step.
    outcome : TrainingOutcome
        How training ended.
    """

    networks: nn.ModuleDict
    moments: PairwiseMoments
    marginals: Tensor
    history: list[dict[str, Any]]
    outcome: TrainingOutcome


def train_domains(
    table: DomainTable,
    config: RadialConfig,
    *,
    device: torch.device,
    precision: str,
    seed: int,
    verbose: int,
    callbacks: Sequence[Callback] = (),
    checkpoints: Checkpoints | None = None,
    interrupts: Interrupts | None = None,
) -> TrainedDomains:
    """Train networks on rows of several domains.

    Parameters
    ----------
    table : DomainTable
        The rows.
    config : RadialConfig
        Hyperparameters.
    device, precision, seed, verbose, callbacks, checkpoints, interrupts
        As for `train_networks`.

    Warns
    -----
    ConvergenceWarning, UserWarning
        As `train_networks`.
    """
    fit = _Fit(table, config, device)
    marginals = fit.marginals
    networks = build_domain_networks(fit.head, marginals, config, seed)
    step, records, outcome = fit.train(
        networks,
        precision,
        seed,
        verbose=verbose,
        callbacks=callbacks,
        checkpoints=checkpoints,
        interrupts=interrupts,
    )
    averaged = step.averaged()
    averaged["critic"] = step.critic
    return TrainedDomains(averaged, fit.moments, marginals, records, outcome)


def train_added_domain(
    trained: nn.ModuleDict,
    growth: Growth,
    table: DomainTable,
    config: RadialConfig,
    *,
    added: int,
    device: torch.device,
    precision: str,
    seed: int,
    verbose: int,
    callbacks: Sequence[Callback] = (),
    interrupts: Interrupts | None = None,
) -> TrainedDomains:
    """Train what is new for one domain more; nothing changes for the others.

    Parameters
    ----------
    trained : nn.ModuleDict
        Networks of the other domains.
    growth : Growth
        From their layout to the new one.
    table, config, device, precision, seed, verbose, callbacks, interrupts
        As for `train_domains`, of all domains.
    added : int
        The new domain.

    Raises
    ------
    ValueError
        If the new domain's columns have too many states to be added.
    """
    fit = _Fit(table, config, device, only=added)
    if not can_grow(trained["head"], fit.head, growth):
        raise ValueError(
            "the new domain's columns have too many states to be added: fit all domains anew"
        )
    marginals = fit.marginals
    networks = build_domain_networks(fit.head, marginals, config, seed)
    train_only(networks, grow(trained, networks, growth))
    # The other domains use these batch statistics, too, so they stay.
    networks["generator"].eval()
    step, records, outcome = fit.train(
        networks,
        precision,
        seed,
        verbose=verbose,
        callbacks=callbacks,
        checkpoints=None,
        interrupts=interrupts,
    )
    averaged = step.ema.module
    averaged["critic"] = step.critic
    return TrainedDomains(averaged, fit.moments, marginals, records, outcome)


class _Fit:
    """What is needed to train on rows of several domains.

    Parameters
    ----------
    table, config, device
        As for `train_domains`.
    only : int or None, default None
        The domain that all rows are generated for, if it is but one.
    """

    def __init__(
        self,
        table: DomainTable,
        config: RadialConfig,
        device: torch.device,
        only: int | None = None,
    ) -> None:
        self.config = config
        head = OutputHead(table.layout, config.couple_columns)
        self.head = head.to(device)
        self.batches = TableBatches(table.rows.encoded, self.head)
        has, place, given, kept = (
            torch.from_numpy(array).to(device)
            for array in (table.has, table.domains, table.rows.given, table.always)
        )
        contexts = DomainContexts(table.layout, has)
        self.marginals = self.batches.marginals(given)
        self.moments = PairwiseMoments(self.head).to(device, torch.float32)
        self.moments.fit(lambda: _rows_with_gaps(self.batches, contexts, place))
        self.drawer = DomainBatches(
            self.batches, place, given, contexts, kept, config.batch_size, only
        )

    def train(
        self,
        networks: nn.ModuleDict,
        precision: str,
        seed: int,
        *,
        verbose: int,
        callbacks: Sequence[Callback],
        checkpoints: Checkpoints | None,
        interrupts: Interrupts | None,
    ) -> tuple[RadialStep, list[dict[str, Any]], TrainingOutcome]:
        """Train networks; return the step, the records and how it ended."""
        config = self.config
        step = RadialStep(
            networks, self.moments, self.batches, self.drawer, config, precision, seed
        )
        records: list[dict[str, Any]] = []
        outcome = train_phase(
            step,
            Steps(config.max_steps),
            config,
            PHASE,
            records=records,
            verbose=verbose,
            callbacks=callbacks,
            checkpoints=checkpoints,
            interrupts=Interrupts() if interrupts is None else interrupts,
        )
        warn_of_early_stop(outcome)
        return step, records, outcome


def _rows_with_gaps(
    batches: TableBatches, contexts: DomainContexts, domains: Tensor
) -> Iterator[Tensor]:
    """Slots of all rows in order, 0 in columns that their domains lack."""
    first = 0
    for slots in batches.in_order():
        of_batch = domains[first : first + len(slots)]
        first += len(slots)
        yield contexts.given(slots, of_batch, contexts.has[of_batch]).slots
