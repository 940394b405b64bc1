"""The WGAN-GP step: what happens between a batch and the next."""

from __future__ import annotations

import copy
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.networks.losses import gradient_penalty, interpolate, wasserstein_estimate
from synthwgan.networks.moments import PairwiseMoments
from synthwgan.training.batchnorm import measure_batch_norm, n_norm_rows
from synthwgan.training.config import TrainingConfig
from synthwgan.training.data import TableBatches
from synthwgan.training.ema import ExponentialMovingAverage
from synthwgan.training.schedule import learning_rate_factor


class WGANGPStep:
    """One training step: ``n_critic`` critic updates and one generator update.

    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", algorithm 1, with a
    lazy penalty (every ``penalty_interval``-th critic update, weighted up; Karras et al.
    2020, "Analyzing and Improving the Image Quality of StyleGAN", section 3.1) and the
    pairwise-moment term in the generator's loss.

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
    """

    def __init__(
        self,
        networks: nn.ModuleDict,
        moments: PairwiseMoments,
        batches: TableBatches,
        config: TrainingConfig,
        precision: str,
        seed: int,
    ) -> None:
        self.networks, self.moments, self.batches, self.config = networks, moments, batches, config
        self.generator, self.critic = networks["generator"], networks["critic"]
        self.head = networks["head"]
        self.device = self.head.device
        self.dtype = getattr(torch, precision)
        self.rng = torch.Generator(self.device).manual_seed(seed)
        # The head's weights are the generator's: they are trained and averaged together.
        generating = nn.ModuleDict({name: networks[name] for name in ("generator", "head")})
        self.ema = ExponentialMovingAverage(generating, config.ema_decay)
        self._rates = {"generator": config.generator_lr, "critic": config.critic_lr}
        trained = {"generator": generating, "critic": self.critic}
        self.optimizers = {
            name: torch.optim.Adam(trained[name].parameters(), rate, config.betas, fused=True)
            for name, rate in self._rates.items()
        }
        self._n_critic_updates = 0
        self._penalty_figures: dict[str, Tensor] = {}

    @torch.enable_grad()
    def __call__(self, progress: float) -> dict[str, Tensor]:
        """Do one step at the given share of training; return its figures."""
        factor = learning_rate_factor(progress, self.config.constant_share)
        for name, optimizer in self.optimizers.items():
            optimizer.param_groups[0]["lr"] = self._rates[name] * factor
        figures: dict[str, Tensor] = {}
        for _ in range(self.config.n_critic):
            real, fake, given = self._draw_batch()
            figures |= self.critic_step(real, fake.detach(), given)
        return figures | self.generator_step(fake, real, given)

    def _draw_batch(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """A real and a generated batch, and which columns are given of their rows."""
        real = self.batches.draw(self.config.batch_size, self.rng)
        fake = self._generate(len(real))
        return real.to(self.dtype), fake.to(self.dtype), None

    def critic_step(
        self, real: Tensor, fake: Tensor, given: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Update the critic on a real and a generated batch, shape (n_rows, n_slots) each."""
        with self._autocast():
            real_scores = self.critic(real, given).float()
            fake_scores = self.critic(fake, given).float()
        wasserstein = wasserstein_estimate(real_scores, fake_scores)
        loss = -wasserstein + self._penalty(real, fake, given)
        self._update("critic", loss)
        return {
            "critic_loss": loss.detach(),
            "wasserstein": wasserstein.detach(),
            **self._penalty_figures,
        }

    def _penalty(self, real: Tensor, fake: Tensor, given: Tensor | None) -> Tensor | float:
        """The weighted gradient penalty on every ``penalty_interval``-th update, else 0."""
        self._n_critic_updates += 1
        interval = self.config.penalty_interval
        if not self.config.gradient_penalty or (self._n_critic_updates - 1) % interval:
            return 0.0
        with self._autocast():
            gradients = self.critic.input_gradient(interpolate(real, fake, self.rng), given)
        penalty, norm = gradient_penalty(gradients)
        self._penalty_figures = {"penalty": penalty.detach(), "gradient_norm": norm}
        return self.config.gradient_penalty * interval * penalty

    def generator_step(
        self, fake: Tensor, real: Tensor, given: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Update the generator on the batch that it made, with the critic's weights fixed."""
        self.critic.requires_grad_(False)
        with self._autocast():
            loss, figures = -self.critic(fake, given).float().mean(), {}
            distance = self._moment_distance(fake, real) if self.config.moment_weight else None
        if distance is not None:
            loss = loss + self.config.moment_weight * distance
            figures["moment_distance"] = distance.detach()
        self._update("generator", loss)
        self.critic.requires_grad_(True)
        self.ema.update()
        return figures

    def _moment_distance(self, fake: Tensor, real: Tensor) -> Tensor:
        return self.moments(fake, real)

    def _generate(self, n_rows: int, context: Context | None = None) -> Tensor:
        with self._autocast():
            raw = self.generator(self._latent(n_rows), context)
        return self.head(raw, self.rng, context)

    def _latent(self, n_rows: int) -> Tensor:
        shape = (n_rows, self.config.latent_dim)
        return torch.randn(shape, dtype=torch.float32, device=self.device, generator=self.rng)

    def averaged(self) -> nn.ModuleDict:
        """The moving averages of generator and head, with batch-norm statistics of their own."""
        latent = self._latent(n_norm_rows(self.head.layout.n_slots))
        measure_batch_norm(self.ema.module["generator"], latent)
        return self.ema.module

    def _update(self, name: str, loss: Tensor) -> None:
        self.optimizers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[name].step()

    def _autocast(self) -> AbstractContextManager:
        enabled = self.dtype == torch.bfloat16
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)

    def is_finite(self) -> bool:
        """Whether all weights are finite: a finite loss can still have other gradients."""
        modules = (self.networks, self.ema.module)
        weights = [weight.detach() for module in modules for weight in module.parameters()]
        return bool(torch.stack([weight.sum() for weight in weights]).isfinite().all())

    def snapshot(self) -> list[dict[str, Tensor]]:
        """Copies of all weights, for `restore`."""
        modules = (self.networks, self.ema.module)
        return [copy.deepcopy(module.state_dict()) for module in modules]

    def restore(self, weights: list[dict[str, Tensor]]) -> None:
        """Go back to the weights of a `snapshot`."""
        for module, state in zip((self.networks, self.ema.module), weights, strict=True):
            module.load_state_dict(state)
