"""Drawing rows of a domain: new ones, and ones made from rows of another."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from synthwgan.networks.context import Context
from synthwgan.radial.networks import NOISE_DIM, DomainContexts
from synthwgan.sampling.calibration import calibrate_slice
from synthwgan.sampling.conditional import CALIBRATION_ROWS, ConditionalSampler, shift_of_logits
from synthwgan.sampling.slices import SliceCalibration, SliceTargets
from synthwgan.table.layout import EncodedTable, PartialRows


class DomainSampler(ConditionalSampler):
    """Draws encoded rows of domains from networks around one latent space.

    Parameters
    ----------
    networks : nn.ModuleDict
        Generator, head and encoder.
    contexts : DomainContexts
        Makes the contexts that the networks take.
    marginals : Tensor of shape (n_state_slots,)
        Share of all domains' rows in each state.
    seen : Tensor of shape (n_domains, n_state_slots), bool
        States that each domain's rows had; no others are drawn for it.
    targets : SliceTargets or None
        Distributions of each domain's rows, if new rows are to have them.
    """

    def __init__(
        self,
        networks: nn.ModuleDict,
        contexts: DomainContexts,
        marginals: Tensor,
        seen: Tensor,
        targets: SliceTargets | None,
    ) -> None:
        generator = networks["generator"]
        super().__init__(
            generator, networks["head"], generator.latent_dim, marginals, None, targets
        )
        self.encoder, self.contexts, self.seen = networks["encoder"], contexts, seen
        self._calibrations: dict[int, SliceCalibration | None] = {}

    @torch.no_grad()
    def encode(self, rows: PartialRows) -> Tensor:
        """Latent vectors of rows, shape (n_rows, latent_dim)."""
        parts = [
            self.encoder(self.contexts.known(self._slots(part), self._given(part)))
            for part in self._parts(rows)
        ]
        return torch.cat(parts) if parts else torch.empty(0, self.encoder.latent_dim)

    @torch.no_grad()
    def translate(
        self, rows: PartialRows, kept: PartialRows, domain: int, rng: torch.Generator
    ) -> EncodedTable:
        """Draw rows of a domain from the latent vectors of others.

        Parameters
        ----------
        rows : PartialRows
            Rows of any domain.
        kept : PartialRows
            As many rows of the domain, with the cells that they keep.
        domain : int
            The domain.
        rng : torch.Generator
            Source of noise.
        """
        drawn = []
        for part, of_kept in zip(self._parts(rows), self._parts(kept), strict=True):
            context = self._context(of_kept, domain)
            shape = (len(part), NOISE_DIM)
            noise = torch.randn(shape, dtype=torch.float32, device=self.device, generator=rng)
            latents = torch.cat([self.encode(part), noise], dim=1)
            drawn.append(self._drawn(self.generator.eval()(latents, context), context, domain, rng))
        return EncodedTable.concatenate(drawn) if drawn else kept.encoded

    @torch.no_grad()
    def new_rows(self, domain: int, n_rows: int, rng: torch.Generator) -> EncodedTable:
        """Draw rows of a domain from the latent space, with the distributions of its columns."""
        calibration, drawn = self._calibration_of(domain), []
        for start in range(0, n_rows, self.chunk_rows):
            context = self._empty(domain, min(self.chunk_rows, n_rows - start))
            raw = self.raw(len(context.columns), rng, context)
            drawn.append(self._drawn(raw, context, domain, rng, calibration))
        return EncodedTable.concatenate(drawn)

    def raw_of(self, domain: int, n_rows: int) -> Tensor:
        """Raw outputs for new rows of a domain, shape (n_rows, n_slots)."""
        return self.raw(n_rows, self.noise(0), self._empty(domain, n_rows))

    def _drawn(
        self,
        raw: Tensor,
        context: Context,
        domain: int,
        rng: torch.Generator,
        calibration: SliceCalibration | None = None,
    ) -> EncodedTable:
        """Rows of raw outputs; what is given of them stays."""
        shift = shift_of_logits(self.device, ~self.seen[domain], calibration)
        codes, values = self.head.sample(raw, rng, shift, context)
        scores = values if calibration is None else calibration.normal_scores(values)
        of_values = slice(self.head.layout.n_state_slots, None)
        scores = torch.where(context.is_given[:, of_values], context.slots[:, of_values], scores)
        return self.encoded(codes, scores)

    def _calibration_of(self, domain: int) -> SliceCalibration | None:
        """What a domain's new rows need; it does not depend on the noise of a call."""
        slot = self.contexts.domain_slots.start + domain
        if self.targets is None or not self.targets.knows(slot):
            return None
        if domain not in self._calibrations:
            context = self._empty(domain, min(CALIBRATION_ROWS, self.chunk_rows))
            self._calibrations[domain] = calibrate_slice(self, context, self.targets, slot)
        return self._calibrations[domain]

    def _empty(self, domain: int, n_rows: int) -> Context:
        """Context of rows of which only the domain is given."""
        layout = self.head.layout
        slots = torch.zeros(n_rows, layout.n_slots, device=self.device)
        kept = torch.zeros(n_rows, len(layout.column_blocks), dtype=torch.bool, device=self.device)
        return self.contexts.given(slots, self._repeated(domain, n_rows), kept)

    def _context(self, rows: PartialRows, domain: int) -> Context:
        domains = self._repeated(domain, len(rows))
        return self.contexts.given(self._slots(rows), domains, self._given(rows))

    def _repeated(self, domain: int, n_rows: int) -> Tensor:
        return torch.full((n_rows,), domain, dtype=torch.long, device=self.device)

    def _slots(self, rows: PartialRows) -> Tensor:
        codes, values = (
            torch.from_numpy(array).to(self.device)
            for array in (rows.encoded.codes, rows.encoded.values)
        )
        return self.head.slots(codes, values)

    def _given(self, rows: PartialRows) -> Tensor:
        return torch.from_numpy(rows.given).to(self.device)

    def _parts(self, rows: PartialRows) -> list[PartialRows]:
        return [
            rows.take(slice(start, start + self.chunk_rows))
            for start in range(0, len(rows), self.chunk_rows)
        ]


def states_seen(rows: PartialRows, domains: np.ndarray, contexts: DomainContexts) -> Tensor:
    """Return which states each domain's rows had, shape (n_domains, n_state_slots), bool.

    Parameters
    ----------
    rows : PartialRows
        Rows of all domains; given where a cell has a state.
    domains : ndarray of shape (n_rows,), int
        Domain of each row.
    contexts : DomainContexts
        Knows the layout.
    """
    layout = contexts.layout
    seen = np.zeros((len(contexts.has), layout.n_state_slots), dtype=bool)
    for column, block in enumerate(layout.column_blocks):
        if block >= 0:
            has = rows.given[:, column]
            slots = layout.block_starts[block] + rows.encoded.codes[has, block]
            seen[domains[has], slots] = True
    return torch.from_numpy(seen).to(contexts.has.device)
