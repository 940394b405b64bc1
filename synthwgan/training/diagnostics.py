"""Figures of a training run that no loss shows: the held-out distance, and diversity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from synthwgan.networks.heads import OutputHead
from synthwgan.table.checks import COUNT, Anything, check_state
from synthwgan.training.data import TableBatches
from synthwgan.warn import warn

if TYPE_CHECKING:
    from synthwgan.training.step import TrainingStep

DIVERSITY_ROWS = 1000
# Steps from one look at the diversity to the next: one costs a fourth of a step or less.
DIVERSITY_STEPS = 50
N_VALUE_BINS = 16
# Nats; columns that vary less are left out, as a rare state may be drawn or not.
MIN_VARIATION = 0.1
# Default fits of seven real tables had 0.88 and more of the table's entropy from 20 steps on, and
# 0.69 after a single one. A column of n equally frequent states comes down to a half with sqrt(n).
MIN_ENTROPY = 0.5
# The same fits had 0.99 and more of the table's share of distinct rows, where it was not small.
MIN_DISTINCT, SMALL_SHARE = 0.25, 0.05
# After fewer steps a lack of variety only means that little has been learnt.
MIN_STEPS = 20


class Diversity:
    """Compares how varied generated rows are with as many rows of the table.

    A row counts as its states and, for each value, the sixteenth of the normal distribution
    that it falls into.

    Parameters
    ----------
    batches : TableBatches
        The table.
    rng : torch.Generator
        Chooses the rows of the table.
    max_rows : int, default 1000
        Rows of either kind, at most.

    Attributes
    ----------
    n_rows : int
        Rows of either kind.
    distinct_rows : float
        Share of distinct rows among the table's.
    """

    def __init__(
        self, batches: TableBatches, rng: torch.Generator, max_rows: int = DIVERSITY_ROWS
    ) -> None:
        self.head = batches.head
        self.n_rows = min(max_rows, len(batches))
        codes, values = batches.rows(batches.choose(self.n_rows, rng))
        self._n_symbols = max(*self.head.layout.block_sizes, N_VALUE_BINS + 1, 0)
        symbols = self._symbols(codes.long(), values)
        self.distinct_rows, self._entropies = distinct_share(symbols), self._entropy(symbols)

    def __call__(self, codes: Tensor, values: Tensor) -> dict[str, float]:
        """Measure generated rows.

        Parameters
        ----------
        codes : Tensor of shape (n_rows, n_blocks), integer
            Their states.
        values : Tensor of shape (n_rows, n_values)
            Their values.

        Returns
        -------
        dict
            ``distinct_rows``, the share of distinct rows, and ``entropy``, the mean over the
            columns of their entropy by that of the table's rows; 1 if hardly any varies there.
        """
        symbols = self._symbols(codes.long(), values)
        varies = self._entropies > MIN_VARIATION
        ratios = self._entropy(symbols)[varies] / self._entropies[varies]
        entropy = float(ratios.mean()) if len(ratios) else 1.0
        return {"distinct_rows": distinct_share(symbols), "entropy": entropy}

    def _symbols(self, codes: Tensor, values: Tensor) -> Tensor:
        """States and bins of rows, shape (n_blocks + n_values, n_rows), int64."""
        bins = (torch.special.ndtr(values.float()) * N_VALUE_BINS).nan_to_num_(0.0).long()
        bins = bins.clamp_(0, N_VALUE_BINS - 1)
        bins = torch.where(self.head.is_regular(codes), bins, N_VALUE_BINS)
        return torch.cat([codes.T, bins.T])

    def _entropy(self, symbols: Tensor) -> Tensor:
        """Entropy of each row of symbols, shape (n_blocks + n_values,), in nats."""
        n_columns, n_rows = symbols.shape
        counts = torch.zeros(n_columns, self._n_symbols, device=symbols.device)
        ones = torch.ones(1, 1, device=symbols.device).expand(n_columns, n_rows)
        shares = counts.scatter_add_(1, symbols, ones) / n_rows
        return -torch.xlogy(shares, shares).sum(1)


def distinct_share(symbols: Tensor) -> float:
    """Share of distinct columns of symbols, shape (n_features, n_rows)."""
    return torch.unique(symbols, dim=1).shape[1] / symbols.shape[1]


class Diagnosis:
    """What is added to the figures of a logged step.

    It has a source of noise of its own, so that the model is the same with and without it.

    Parameters
    ----------
    step : TrainingStep
        The step; its averaged generator is looked at.
    held_out : TableBatches or None
        Rows that the networks do not learn from.
    diversity : Diversity or None
        Measures the diversity, now and then.
    seed : int
        Seed of its noise.
    """

    def __init__(
        self,
        step: TrainingStep,
        held_out: TableBatches | None,
        diversity: Diversity | None,
        seed: int,
    ) -> None:
        self.step, self.held_out, self.diversity = step, held_out, diversity
        self.rng = torch.Generator(step.device).manual_seed(seed)
        self._next_look = 0

    def state_dict(self) -> dict[str, Any]:
        """Return when to look next, and the state of its noise."""
        return {"next_look": self._next_look, "noise": self.rng.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        check_state("its diagnosis", state, {"next_look": COUNT, "noise": Anything()})
        self._next_look = state["next_look"]
        self.rng.set_state(state["noise"])

    @torch.no_grad()
    def __call__(self, n_steps: int) -> dict[str, float]:
        """Return the figures after so many steps."""
        figures: dict[str, float] = {}
        if self.held_out is not None:
            estimate, error = self.step.validate(self.held_out, self.rng)
            figures |= {"validation_wasserstein": estimate, "validation_error": error}
        if self.diversity is not None and n_steps >= self._next_look:
            self._next_look = n_steps + DIVERSITY_STEPS
            raw = self.step.averaged_raw(self.diversity.n_rows, self.rng)
            figures |= self.diversity(*self.step.ema.module["head"].sample(raw, self.rng))
        return figures


@torch.no_grad()
def warn_of_mode_collapse(generator: nn.Module, head: OutputHead, diversity: Diversity) -> None:
    """Warn if a trained generator makes far less varied rows than the table's.

    Parameters
    ----------
    generator : nn.Module
        The averaged generator, in eval mode.
    head : OutputHead
        Its head.
    diversity : Diversity
        Of the table.

    Warns
    -----
    UserWarning
        Says what was seen, and what may help.
    """
    rng = torch.Generator(head.device).manual_seed(0)
    shape = (diversity.n_rows, generator.latent_dim)
    latent = torch.randn(shape, dtype=torch.float32, device=head.device, generator=rng)
    found = diversity(*head.sample(generator(latent), rng))
    are_distinct = found["distinct_rows"] >= MIN_DISTINCT * diversity.distinct_rows
    if found["entropy"] >= MIN_ENTROPY and (are_distinct or diversity.distinct_rows < SMALL_SHARE):
        return
    warn(
        f"mode collapse: of {diversity.n_rows} generated rows {found['distinct_rows']:.0%} are "
        f"distinct, of as many rows of the table {diversity.distinct_rows:.0%}, and a column has "
        f"{found['entropy']:.0%} of the table's entropy. Lower the learning rates, keep "
        "moment_weight > 0, or let the critic compare rows: "
        "critic=MLP(packing=2) or critic=MLP(minibatch_features=16)."
    )
