"""Every training hyperparameter in one frozen object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from synthwgan.training.sizing import auto_batch_size, auto_conditional_steps, auto_max_steps

LOGS_OF_SHORT_FITS = 20
MAX_STEPS_BETWEEN_LOGS = 100


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters of one fit; `WGANGPSynthesizer` documents each of them."""

    latent_dim: int
    generator_width: int
    generator_layers: int
    critic_width: int
    critic_layers: int
    temperature: float
    couple_columns: bool
    conditional: bool
    conditional_steps: int
    training_by_sampling: bool
    batch_size: int
    max_steps: int
    max_seconds: float | None
    n_critic: int
    generator_lr: float
    critic_lr: float
    betas: tuple[float, float]
    constant_share: float
    gradient_penalty: float
    penalty_interval: int
    moment_weight: float
    ema_decay: float
    log_every: int

    @classmethod
    def resolve(cls, parameters: Mapping[str, Any], n_rows: int) -> TrainingConfig:
        """Take hyperparameters from an estimator's; "auto" becomes a number for the table.

        Parameters
        ----------
        parameters : mapping of str to value
            Holds every field but ``log_every``, and may hold more.
        n_rows : int
            Rows of the training table.
        """
        given = {field.name: parameters.get(field.name) for field in fields(cls)}
        if given["batch_size"] == "auto":
            given["batch_size"] = auto_batch_size(n_rows)
        if given["max_steps"] == "auto":
            given["max_steps"] = auto_max_steps(n_rows)
        if given["conditional_steps"] == "auto":
            given["conditional_steps"] = auto_conditional_steps(given["max_steps"])
        interval = given["max_steps"] // LOGS_OF_SHORT_FITS
        given["log_every"] = max(1, min(MAX_STEPS_BETWEEN_LOGS, interval))
        return cls(**given)
