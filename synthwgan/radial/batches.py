"""Batches of rows of several domains, and what rows are to be generated from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from synthwgan.networks.context import Context
from synthwgan.radial.networks import DomainContexts
from synthwgan.table.layout import Layout, PartialRows
from synthwgan.training.data import TableBatches

# Groups of a batch: rows from the latent space, rows as another domain would know them, and rows
# translated from another domain.
N_NEW, N_KNOWN, N_TRANSLATED = 3, 6, 3
N_GROUPS = N_NEW + N_KNOWN + N_TRANSLATED
# Domains are drawn by this power of their rows, so that small ones come more often than they are.
SIZE_POWER = 0.5


@dataclass(frozen=True)
class DomainTable:
    """Encoded rows of several domains.

    Parameters
    ----------
    rows : PartialRows
        Rows of all domains; given where a cell has a state.
    domains : ndarray of shape (n_rows,), int
        Domain of each row.
    layout : Layout
        Of the columns of all domains; the first says the domain.
    has : ndarray of shape (n_domains, n_columns), bool
        Which columns each domain has.
    always : ndarray of shape (n_columns,), bool
        Columns that rows keep in every translation.
    """

    rows: PartialRows
    domains: np.ndarray
    layout: Layout
    has: np.ndarray
    always: np.ndarray


@dataclass(frozen=True)
class DomainBatch:
    """Rows of several domains, and what rows are to be generated from.

    Parameters
    ----------
    real : Tensor of shape (n_rows, n_slots)
        Real rows.
    has : Tensor of shape (n_rows, n_columns), bool
        Columns that their domains have; the slots of others are 0.
    given : Context
        What generated rows share with the rows they are made from.
    whole : Context
        As ``given``, but of rows of which nothing is kept.
    known : Context
        What the encoder knows of the rows they are made from, in the groups that have such.
    """

    real: Tensor
    has: Tensor
    given: Context
    whole: Context
    known: Context


class DomainBatches:
    """Draws rows of domains, in groups of one domain each.

    Parameters
    ----------
    batches : TableBatches
        Rows of all domains.
    domains : Tensor of shape (n_rows,), int64
        Domain of each row.
    given : Tensor of shape (n_rows, n_columns), bool
        Cells of a row that have a state.
    contexts : DomainContexts
        Makes the contexts that networks take.
    always : Tensor of shape (n_columns,), bool
        Columns that rows keep in every translation.
    batch_size : int
        Rows of a batch, about.
    only : int or None, default None
        The domain that all rows are generated for, if it is but one.
    """

    def __init__(
        self,
        batches: TableBatches,
        domains: Tensor,
        given: Tensor,
        contexts: DomainContexts,
        always: Tensor,
        batch_size: int,
        only: int | None = None,
    ) -> None:
        self.batches, self.given, self.contexts, self.always = batches, given, contexts, always
        self.rows = domains.argsort()
        self.counts = domains.bincount(minlength=len(contexts.has))
        self.firsts = self.counts.cumsum(0) - self.counts
        self.weights = self.counts.double() ** SIZE_POWER
        self.targets = self.weights.clone()
        if only is not None:
            self.targets[torch.arange(len(self.targets), device=domains.device) != only] = 0
        self.group_size = max(2, batch_size // N_GROUPS // 2 * 2)

    def draw(self, rng: torch.Generator) -> DomainBatch:
        """Draw groups in the order of `N_NEW`, `N_KNOWN` and `N_TRANSLATED`."""
        targets, sources = self._pairs(rng)
        has = self.contexts.has
        kept = self._kept(has[targets] & has[sources], rng).repeat_interleave(self.group_size, 0)
        # Rows of the first two kinds are made for the domain that they are from.
        sources[: N_NEW + N_KNOWN] = targets[: N_NEW + N_KNOWN]
        real_rows, source_rows = self._rows(targets, rng), self._rows(sources, rng)
        first_translated = (N_NEW + N_KNOWN) * self.group_size
        source_rows[:first_translated] = real_rows[:first_translated]
        targets = targets.repeat_interleave(self.group_size)
        real, made_from = self.batches.take(real_rows), self.batches.take(source_rows)
        kept &= self.given[source_rows]
        known = kept.clone()
        known[first_translated:] = self.given[source_rows[first_translated:]]
        with_latent = slice(N_NEW * self.group_size, None)
        return DomainBatch(
            real=self.contexts.given(real, targets, has[targets]).slots,
            has=has[targets],
            given=self.contexts.given(made_from, targets, kept),
            whole=self.contexts.given(made_from, targets, torch.zeros_like(kept)),
            known=self.contexts.known(made_from[with_latent], known[with_latent]),
        )

    def _pairs(self, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """For each group a domain and another one, by their sizes."""
        targets = self.targets.repeat(N_GROUPS, 1).multinomial(1, generator=rng)
        others = self.weights.repeat(N_GROUPS, 1).scatter(1, targets, 0.0)
        sources = others.multinomial(1, generator=rng)
        return targets.squeeze(1), sources.squeeze(1)

    def _rows(self, domains: Tensor, rng: torch.Generator) -> Tensor:
        """Rows of a domain for each group."""
        shape = (len(domains), self.group_size)
        uniform = torch.rand(shape, device=domains.device, generator=rng, dtype=torch.float64)
        counts = self.counts[domains].unsqueeze(1)
        return self.rows[self.firsts[domains].unsqueeze(1) + (uniform * counts).long()].flatten()

    def _kept(self, shared: Tensor, rng: torch.Generator) -> Tensor:
        """Columns of each group that rows keep: none, some, or all that two domains share."""
        uniform, share = (
            torch.rand(len(shared), width, device=shared.device, generator=rng)
            for width in (shared.shape[1], 1)
        )
        # All of them in half of the groups that know some.
        kept = shared & (uniform < 2 * share)
        kept[:N_NEW] = False
        translated = kept[N_NEW + N_KNOWN :]
        only_always = torch.arange(N_TRANSLATED, device=shared.device).unsqueeze(1) % 2 == 0
        of_translated = shared[N_NEW + N_KNOWN :]
        translated[:] = torch.where(only_always, of_translated & self.always, of_translated)
        return kept
