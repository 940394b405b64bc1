"""After training: from networks to the sampler that rows are drawn from."""

from __future__ import annotations

import warnings

from synthwgan.sampling.bins import MAX_VALUE_EDGES
from synthwgan.sampling.boosting import RejectionPlan, learn_rejection
from synthwgan.sampling.calibration import calibrate
from synthwgan.sampling.conditional import ConditionalSampler
from synthwgan.sampling.sampler import Sampler
from synthwgan.sampling.slices import SliceTargets
from synthwgan.table import TableTransformer
from synthwgan.table.layout import EncodedTable
from synthwgan.training.callbacks import announce
from synthwgan.training.fit import TrainedNetworks


def make_sampler(trained: TrainedNetworks, calibrated: bool, *, seed: int) -> Sampler:
    """Put a trained generator into a sampler.

    Parameters
    ----------
    trained : TrainedNetworks
        What training left behind.
    calibrated : bool
        Whether each column's distribution is made exact.
    seed : int
        Seed of the rows drawn for it.
    """
    generator = trained.generator
    sampler = Sampler(generator, trained.head, generator.latent_dim, trained.marginals)
    if calibrated:
        calibrate(sampler, sampler.noise(seed))
    return sampler


def make_conditional_sampler(
    trained: TrainedNetworks, calibrated: bool, *, seed: int
) -> ConditionalSampler | None:
    """Put a trained conditional generator into a sampler; None if there is no such generator.

    Parameters
    ----------
    trained : TrainedNetworks
        What training left behind.
    calibrated : bool
        Whether each column's distribution is made exact, and that of rows of one state.
    seed : int
        Seed of the rows drawn for it.
    """
    if trained.conditional is None:
        return None
    generator, head = trained.conditional.generator, trained.conditional.head
    sampler = ConditionalSampler(generator, head, generator.latent_dim, trained.marginals)
    if calibrated:
        calibrate(sampler, sampler.noise(seed), trained.conditional.context)
        sampler.targets = SliceTargets.of(trained.moments)
    return sampler


def add_rejection(
    sampler: Sampler,
    encoded: EncodedTable,
    transformer: TableTransformer,
    plan: RejectionPlan,
    *,
    seed: int,
    verbose: int,
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

    Warns
    -----
    UserWarning
        If it was interrupted: all rows are kept.
    """
    edges = transformer.value_edges(MAX_VALUE_EDGES)
    report = announce if verbose else lambda line: None
    try:
        sampler.rejection = learn_rejection(sampler, encoded, edges, plan, seed, report)
    except KeyboardInterrupt:
        warnings.warn(
            "learning which drawn rows to keep was interrupted; all are kept, and the model can "
            "be sampled and saved.",
            UserWarning,
            stacklevel=3,
        )
