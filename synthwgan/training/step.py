"""The training step: what happens between a batch and the next."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from synthwgan.networks.build import has_own
from synthwgan.networks.context import Context
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.networks.objectives import wasserstein_estimate
from synthwgan.networks.randomness import lent_state, set_lent_state
from synthwgan.parameters import required
from synthwgan.table.checks import COUNT, LIST, STATE, ListOf, check_state, expect
from synthwgan.training.batchnorm import measure_batch_norm, n_norm_rows
from synthwgan.training.checks import check_heads, check_tensors
from synthwgan.training.config import TrainingConfig
from synthwgan.training.critic_input import CriticInput
from synthwgan.training.data import TableBatches
from synthwgan.training.ema import ExponentialMovingAverage
from synthwgan.training.optimizers import (
    clip_weights,
    load_optimizer_state,
    optimizer_state,
)
from synthwgan.training.ranks import ALONE, Ranks
from synthwgan.training.schedule import learning_rate_factor

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
MAX_VALIDATION_ROWS = 4096
# At least so many rows are drawn, since batch norm takes its statistics from the batch.
MIN_AVERAGED_ROWS = 500
_STATE = {
    "weights": LIST,
    "n_averaged": COUNT,
    "optimizers": STATE,
    "n_critic_updates": COUNT,
    "figures": STATE,
    "noise": ListOf(STATE),
}


class TrainingStep:
    """One training step: ``n_critic`` critic updates and one generator update.

    With the default objective and penalty it is Gulrajani et al. 2017, "Improved Training of
    Wasserstein GANs", algorithm 1, with a lazy penalty (every ``penalty_interval``-th critic
    update, weighted up; Karras et al. 2020, "Analyzing and Improving the Image Quality of
    StyleGAN", section 3.1) and the pairwise-moment term in the generator's loss.

    Parameters
    ----------
    networks : nn.ModuleDict
        The generator, the critic and the output head.
    moments : PairwiseMoments
        The moment term, fitted to the table.
    batches : TableBatches
        The training table.
    config : TrainingConfig
        Hyperparameters.
    precision : {"float32", "bfloat16"}
        Precision of the matrix products; weights, states and losses are float32.
    seed : int
        Seed of all noise drawn in training.
    ranks : Ranks, optional
        The processes that train together; each draws batches and noise of its own.
    """

    def __init__(
        self,
        networks: nn.ModuleDict,
        moments: PairwiseMoments,
        batches: TableBatches,
        config: TrainingConfig,
        precision: str,
        seed: int,
        ranks: Ranks = ALONE,
    ) -> None:
        self.networks, self.moments, self.batches, self.config = networks, moments, batches, config
        self.generator, self.critic = networks["generator"], networks["critic"]
        self.head = networks["head"]
        self.device = self.head.device
        self.dtype = _DTYPES[precision]
        self.ranks = ranks
        self.rng = torch.Generator(self.device).manual_seed(ranks.seed(seed))
        self.objective = config.objective
        self.penalty = self.objective.make_penalty()
        critic = config.critic
        self.critic_input = CriticInput(critic.packing, critic.instance_noise, self.rng)
        # The head's weights are the generator's: they are trained and averaged together.
        generating = nn.ModuleDict(
            {name: network for name, network in networks.items() if name != "critic"}
        )
        self.ema = ExponentialMovingAverage(generating, config.optimizer.ema_decay)
        optimizer = config.optimizer
        rates = {"generator": optimizer.generator_lr, "critic": optimizer.critic_lr}
        trained = {"generator": generating, "critic": self.critic}
        self.optimizers = {
            name: optimizer.of(trained[name].parameters(), rate, self.objective.optimizer)
            for name, rate in rates.items()
        }
        groups = [group for each in self.optimizers.values() for group in each.param_groups]
        self._rates = [(group, float(group["lr"])) for group in groups]
        self._n_critic_updates = 0
        self._figures: dict[str, Tensor] = {}

    def __call__(self, progress: float) -> dict[str, Tensor]:
        """Do one step at the given share of training; return the latest of all figures."""
        factor = learning_rate_factor(progress, self.config.optimizer.constant_share)
        for group, rate in self._rates:
            group["lr"] = rate * factor
        self.critic_input.anneal(progress)
        with torch.enable_grad():
            for _ in range(self.objective.n_critic):
                real, fake, given = self._draw_batch()
                self._figures |= self.critic_step(real, fake.detach(), given, self._is_penalised())
            # The generator learns from the last batch, so that it is generated only once.
            self._figures |= self.generator_step(fake, real, given)
        return dict(self._figures)

    def _is_penalised(self) -> bool:
        """Whether this critic update has a penalty: every ``penalty_interval``-th has."""
        update, self._n_critic_updates = self._n_critic_updates, self._n_critic_updates + 1
        return self.penalty is not None and update % self.objective.penalty_interval == 0

    def _draw_batch(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """A real and a generated batch, and which columns are given of their rows."""
        real = self.batches.draw(self.config.batch_size, self.rng)
        fake = self._generate(len(real))
        return real.to(self.dtype), fake.to(self.dtype), None

    def critic_step(
        self,
        real: Tensor,
        fake: Tensor,
        given: Tensor | None = None,
        is_penalised: bool = False,
    ) -> dict[str, Tensor]:
        """Update the critic on a real and a generated batch, shape (n_rows, n_slots) each."""
        real, fake = self.critic_input(real), self.critic_input(fake)
        given = self.critic_input.given(given)
        with self.autocast():
            real_scores, fake_scores = self._score(real, given), self._score(fake, given)
        loss = self.objective.critic_loss(real_scores, fake_scores)
        figures: dict[str, Tensor] = {}
        if is_penalised:
            penalty, figures = self._penalty(real, fake, given)
            loss = loss + penalty
        self._update("critic", loss)
        if self.objective.clip is not None:
            clip_weights(self.critic, self.objective.clip)
        wasserstein = wasserstein_estimate(real_scores.detach(), fake_scores.detach())
        return {"critic_loss": loss.detach(), "wasserstein": wasserstein, **figures}

    def _score(self, seen: Tensor, given: Tensor | None) -> Tensor:
        """The critic's scores, float32."""
        return self.critic(seen, given).float()

    def _penalty(
        self, real: Tensor, fake: Tensor, given: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The penalty, weighted for all updates from it to the next, and its figures."""

        def gradient_at(points: Tensor) -> Tensor:
            with self.autocast():
                return self.critic.input_gradient(points, given)

        penalty, norm = required(self.penalty)(gradient_at, real, fake, self.rng)
        weight = self.objective.gradient_penalty * self.objective.penalty_interval
        return weight * penalty, {"penalty": penalty.detach(), "gradient_norm": norm}

    def generator_step(
        self, fake: Tensor, real: Tensor, given: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Update the generator on the batch that it made, with the critic's weights fixed."""
        self.critic.requires_grad_(False)
        try:
            loss, figures = self._generator_loss(fake, real, given)
            self._update("generator", loss)
        finally:
            self.critic.requires_grad_(True)
        self.ema.update()
        return figures

    def _generator_loss(
        self, fake: Tensor, real: Tensor, given: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The generator's loss, and its figures."""
        told, figures = self.critic_input.given(given), {}
        with self.autocast():
            loss = self.objective.generator_loss(
                self._score(self.critic_input(fake), told),
                lambda: self._score(self.critic_input(real), told),
            )
            distance = self._moment_distance(fake, real) if self.config.moment_weight else None
        if distance is not None:
            loss = loss + self.config.moment_weight * distance
            figures["moment_distance"] = distance.detach()
        further, of_further = self._further_losses(fake)
        return loss + further, figures | of_further

    def _moment_distance(self, fake: Tensor, real: Tensor) -> Tensor:
        return self.moments(fake, real)

    def _further_losses(self, fake: Tensor) -> tuple[Tensor | float, dict[str, Tensor]]:
        """Terms that subclasses add to the generator's loss, weighted, and their figures."""
        return 0.0, {}

    def _generate(self, n_rows: int, context: Context | None = None) -> Tensor:
        with self.autocast():
            raw = self.generator(self.latent(n_rows, self.rng), context)
        return self.head(raw, self.rng, context)

    def latent(self, n_rows: int, rng: torch.Generator) -> Tensor:
        """Fresh latents, shape (n_rows, latent_dim)."""
        shape = (n_rows, self.generator.latent_dim)
        return torch.randn(shape, dtype=torch.float32, device=self.device, generator=rng)

    @torch.no_grad()
    def validate(self, held_out: TableBatches, rng: torch.Generator) -> tuple[float, float]:
        """Critic's estimate of the distance from held-out rows to the averaged generator's.

        With it goes its standard error: of few held-out rows, chance decides most of it.

        Parameters
        ----------
        held_out : TableBatches
            Rows of the table that are not trained on.
        rng : torch.Generator
            Source of noise.
        """
        real, context = self._held_out(held_out, rng)
        raw = self.averaged_raw(len(real), rng, context)
        fake = self.ema.module["head"](raw, rng, context)
        given = None if context is None else self.critic_input.given(context.columns)
        with self.autocast():
            real_scores, fake_scores = (
                self._score(self.critic_input.packed(rows.to(self.dtype)), given)
                for rows in (real, fake)
            )
        variance = sum(
            scores.float().var(correction=0) / len(scores) for scores in (real_scores, fake_scores)
        )
        return float(wasserstein_estimate(real_scores, fake_scores)), float(variance) ** 0.5

    def averaged_raw(
        self, n_rows: int, rng: torch.Generator, context: Context | None = None
    ) -> Tensor:
        """Raw outputs of the averaged generator while it is trained, shape (n_rows, n_slots)."""
        n_drawn = max(n_rows, MIN_AVERAGED_ROWS) if context is None else n_rows
        with self.autocast():
            return self.ema.module["generator"](self.latent(n_drawn, rng), context)[:n_rows]

    def _held_out(
        self, held_out: TableBatches, rng: torch.Generator
    ) -> tuple[Tensor, Context | None]:
        """Slots of held-out rows, and the mask of their given columns."""
        n_rows = max(self.config.critic.packing, min(len(held_out), MAX_VALIDATION_ROWS))
        return held_out.take(torch.arange(n_rows, device=self.device) % len(held_out)), None

    def averaged(self) -> nn.ModuleDict:
        """The moving averages of generator and head, with batch statistics of their own."""
        self._measure_batch_norm(self.latent(n_norm_rows(self.head.layout.n_slots), self.rng))
        return self.ema.module

    def _measure_batch_norm(self, latent: Tensor, context: Context | None = None) -> None:
        """Measure the averaged generator's statistics by the rows of all processes."""
        generator = self.ema.module["generator"]
        measure_batch_norm(generator, latent, context)
        self.ranks.mean_([each for each in generator.buffers() if each.is_floating_point()])
        # Counters, such as the number of batches seen, are those of the first process.
        self.ranks.copy_first_(each for each in generator.buffers() if not each.is_floating_point())

    def _update(self, name: str, loss: Tensor) -> None:
        optimizer = self.optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.ranks.average_gradients(
            weights for group in optimizer.param_groups for weights in group["params"]
        )
        optimizer.step()

    def autocast(self) -> AbstractContextManager:
        """Products in the precision of training."""
        enabled = self.dtype == torch.bfloat16
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    def is_finite(self) -> bool:
        """Whether all weights are finite: the gradients of a finite loss need not be."""
        modules = (self.networks, self.ema.module)
        weights = [weight.detach() for module in modules for weight in module.parameters()]
        return bool(torch.stack([weight.sum() for weight in weights]).isfinite().all())

    def snapshot(self) -> list[dict[str, Tensor]]:
        """Copies of all weights, for `restore`."""
        states = (self.networks.state_dict(), self.ema.module.state_dict())
        return [{name: each.clone() for name, each in state.items()} for state in states]

    def restore(self, weights: list[dict[str, Tensor]]) -> None:
        """Go back to the weights of a `snapshot`."""
        for module, state in zip((self.networks, self.ema.module), weights, strict=True):
            module.load_state_dict(state)

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that a step changes."""
        return {
            "weights": self.snapshot(),
            "n_averaged": self.ema.n_updates,
            "optimizers": {
                name: optimizer_state(optimizer) for name, optimizer in self.optimizers.items()
            },
            "n_critic_updates": self._n_critic_updates,
            "figures": dict(self._figures),
            "noise": self.ranks.each(self._noise()),
        }

    def _noise(self) -> dict[str, Tensor]:
        """States of this process's sources of noise."""
        lent = lent_state(self.device) if has_own(self.config) else {}
        return {"own": self.rng.get_state(), **lent}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`, which may be that of a file."""
        check_state("its step", state, _STATE)
        self.check_weights(state["weights"])
        self.restore(state["weights"])
        check_heads({"head": self.head, "averaged head": self.ema.module["head"]})
        self.ema.n_updates = state["n_averaged"]
        expect(state["optimizers"].keys() == self.optimizers.keys(), "its optimizers are others")
        for name, optimizer in self.optimizers.items():
            load_optimizer_state(optimizer, state["optimizers"][name])
        # Loading made new parameter groups; the rates are those of the old ones.
        groups = [group for each in self.optimizers.values() for group in each.param_groups]
        self._rates = [(group, rate) for group, (_, rate) in zip(groups, self._rates, strict=True)]
        self._n_critic_updates = state["n_critic_updates"]
        self._figures = {name: torch.as_tensor(state["figures"][name]) for name in state["figures"]}
        expect(all(each.numel() == 1 for each in self._figures.values()), "a figure is no number")
        expect(len(state["noise"]) == self.ranks.size, "it is of another number of processes")
        noise = state["noise"][self.ranks.rank]
        self.rng.set_state(noise["own"])
        if has_own(self.config):
            set_lent_state(self.device, noise)

    def check_weights(self, weights: Any) -> None:
        """Raise unless weights from a file are those of a `snapshot` of this step."""
        expect(isinstance(weights, list) and len(weights) == 2, "its weights are no pair")
        modules = {"the networks": self.networks, "the averages": self.ema.module}
        for (what, module), found in zip(modules.items(), weights, strict=True):
            check_tensors(what, found, module.state_dict())
