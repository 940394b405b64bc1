"""The training step in which some cells of the rows are given."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.parameters import required
from synthwgan.training.batchnorm import n_norm_rows
from synthwgan.training.conditioning import ConditionalBatches
from synthwgan.training.data import TableBatches
from synthwgan.training.step import MAX_VALIDATION_ROWS, TrainingStep


class ConditionalStep(TrainingStep):
    """A `TrainingStep` in which some columns of every row are given.

    Real and generated rows share what is given, and the moment term compares them within each
    group of rows that share a mask.

    Parameters
    ----------
    networks : nn.ModuleDict
        Generator, critic and head, made with a context.
    moments, batches, config, precision, seed, ranks
        As for `TrainingStep`.
    """

    @cached_property
    def drawer(self) -> ConditionalBatches:
        """Draws rows, and what is given of them."""
        config = self.config
        return ConditionalBatches(
            self.batches,
            config.batch_size,
            required(config.conditional).training_by_sampling,
            config.critic.packing,
        )

    def _draw_batch(self) -> tuple[Tensor, Tensor, Tensor]:
        real, context = self.drawer.draw(self.drawer.n_groups, self.rng)
        fake = self._generate(len(real), context)
        return real.to(self.dtype), fake.to(self.dtype), context.columns

    def _moment_distance(self, fake: Tensor, real: Tensor) -> Tensor:
        return self.moments.within(fake, real, self.drawer.n_groups)

    def _held_out(self, held_out: TableBatches, rng: torch.Generator) -> tuple[Tensor, Context]:
        n_rows = min(len(held_out), MAX_VALIDATION_ROWS)
        drawer = ConditionalBatches(
            held_out, n_rows, balanced=False, packing=self.config.critic.packing
        )
        return drawer.draw(drawer.n_groups, rng)

    def draw_context(self) -> Context:
        """Contexts of the table's rows, drawn as in training, enough to measure statistics."""
        n_rows = n_norm_rows(self.head.layout.n_slots)
        _, context = self.drawer.draw(max(1, n_rows // self.drawer.group_size), self.rng)
        return context

    def averaged(self) -> nn.ModuleDict:
        """The moving averages of generator and head, with batch statistics of their own."""
        context = self.draw_context()
        self._measure_batch_norm(self.latent(len(context.columns), self.rng), context)
        return self.ema.module
