"""Every training hyperparameter in one frozen object, and what "auto" is for a table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from sklearn.base import clone

from synthwgan.components import Choice, Component
from synthwgan.networks.critics import CRITICS, CriticChoice
from synthwgan.networks.critics import Own as OwnCritic
from synthwgan.networks.generators import GENERATORS, GeneratorChoice
from synthwgan.networks.generators import Own as OwnGenerator
from synthwgan.networks.objectives import OBJECTIVES, Objective
from synthwgan.parameters import Constraint, Either, Number, OneOf
from synthwgan.training.optimizers import OPTIMIZER, Optimizer
from synthwgan.training.stopping import EarlyStopping

LATENT_DIM = 64
LOGS_OF_SHORT_FITS = 20
MAX_STEPS_BETWEEN_LOGS = 100
FULL_BATCH = 1000
MIN_BATCH = 32
MIN_STEPS = 100
MAX_STEPS = 8_000
# With so many steps small and mid-sized tables measured best; more steps copy rows.
STEPS_FACTOR, STEPS_EXPONENT = 3.0, 0.75
# Share of these steps for conditions, which start from networks that know whole rows already.
CONDITIONAL_SHARE = 1 / 3
# More of them hardly helped, once numbers were drawn again.
MAX_CONDITIONAL_STEPS = 1000


class Conditional(Component):
    """Copies of the networks learn to draw any columns given any others, after whole rows.

    Parameters
    ----------
    max_steps : int or "auto", default "auto"
        Training steps of the copies. "auto" is a third of those with whole rows, and 1000 at
        most if these are "auto", too.
    training_by_sampling : bool, default False
        Whether, in these steps, the rare states of columns come more often than in the table
        (Xu et al. 2019, "Modeling Tabular Data using Conditional GAN", section 4.3).

    Examples
    --------
    >>> from synthwgan import Conditional, WGANGPSynthesizer
    >>> model = WGANGPSynthesizer(conditional=Conditional(training_by_sampling=True))
    """

    constraints: ClassVar[dict[str, Constraint]] = {
        "max_steps": Either((Number(1, integer=True), OneOf(("auto",)))),
        "training_by_sampling": OneOf((True, False)),
    }

    def __init__(
        self, *, max_steps: int | str = "auto", training_by_sampling: bool = False
    ) -> None:
        self.max_steps = max_steps
        self.training_by_sampling = training_by_sampling


COMPONENTS: dict[str, Choice] = {
    "objective": Choice(Objective, OBJECTIVES),
    "generator": Choice(
        GeneratorChoice, GENERATORS, OwnGenerator, "(latent_dim, n_slots) -> torch.nn.Module"
    ),
    "critic": Choice(CriticChoice, CRITICS, OwnCritic, "(n_slots) -> torch.nn.Module"),
    "optimizer": OPTIMIZER,
    "conditional": Choice(Conditional, {True: Conditional, False: None}),
    "early_stopping": Choice(EarlyStopping, {True: EarlyStopping, False: None}),
}

TRAINING_PARAMETERS: dict[str, Constraint] = {
    **COMPONENTS,
    "couple_columns": OneOf((True, False)),
    "batch_size": Either((Number(2, integer=True), OneOf(("auto",)))),
    "max_steps": Either((Number(1, integer=True), OneOf(("auto",)))),
    "max_seconds": Either((Number(0, open_low=True), OneOf((None,)))),
    "moment_weight": Number(0),
}


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters of one fit; `WGANGPSynthesizer` documents each of them."""

    objective: Objective
    generator: GeneratorChoice
    critic: CriticChoice
    optimizer: Optimizer
    couple_columns: bool
    conditional: Conditional | None
    batch_size: int
    max_steps: int
    max_seconds: float | None
    moment_weight: float
    early_stopping: EarlyStopping | None
    log_every: int

    # Where a generator's latent_dim is "auto".
    latent_dim: ClassVar[int] = LATENT_DIM
    constraints: ClassVar[dict[str, Constraint]] = {
        **TRAINING_PARAMETERS,
        "log_every": Number(1, integer=True),
    }

    @classmethod
    def resolve(cls, parameters: Mapping[str, Any], n_rows: int) -> Self:
        """Take hyperparameters from an estimator's; "auto" becomes a number for the table.

        Parameters
        ----------
        parameters : mapping of str to value
            Holds every field but ``log_every``, and may hold more.
        n_rows : int
            Rows of the training table.
        """
        given: dict[str, Any] = {field.name: parameters.get(field.name) for field in fields(cls)}
        for name, choice in COMPONENTS.items():
            component = choice.resolve(given[name])
            given[name] = None if component is None else clone(component)
        if given["batch_size"] == "auto":
            given["batch_size"] = auto_batch_size(n_rows)
        given["batch_size"] += -given["batch_size"] % given["critic"].packing
        most = math.inf
        if given["max_steps"] == "auto":
            given["max_steps"], most = auto_max_steps(n_rows), MAX_CONDITIONAL_STEPS
        if given["generator"].latent_dim == "auto":
            given["generator"].set_params(latent_dim=cls.latent_dim)
        if given["conditional"] is not None and given["conditional"].max_steps == "auto":
            of_conditions = min(auto_conditional_steps(given["max_steps"]), most)
            given["conditional"].set_params(max_steps=of_conditions)
        interval = given["max_steps"] // LOGS_OF_SHORT_FITS
        given["log_every"] = max(1, min(MAX_STEPS_BETWEEN_LOGS, interval))
        return cls(**given)

    def of_one(self, n_processes: int) -> Self:
        """Return the hyperparameters of one of several processes, with its part of the batch."""
        if n_processes == 1:
            return self
        batch_size = max(2, -(-self.batch_size // n_processes))
        return replace(self, batch_size=batch_size + -batch_size % self.critic.packing)


def auto_batch_size(n_rows: int) -> int:
    """Batch of 1000, or half the rows of a small table, at least 32."""
    return max(MIN_BATCH, min(FULL_BATCH, n_rows // 2))


def auto_max_steps(n_rows: int) -> int:
    """Steps that suit a table: some hundred for hundreds of rows, at most 8000.

    A small table is learnt in few steps; more of them memorise its rows.
    """
    return round(min(MAX_STEPS, max(MIN_STEPS, STEPS_FACTOR * n_rows**STEPS_EXPONENT)))


def auto_conditional_steps(max_steps: int) -> int:
    """Steps of learning conditions after so many of learning whole rows."""
    return max(1, round(CONDITIONAL_SHARE * max_steps))
