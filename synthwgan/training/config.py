"""Every training hyperparameter in one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from synthwgan.networks.penalties import OWN_POINTS
from synthwgan.training.sizing import auto_batch_size, auto_conditional_steps, auto_max_steps

LOGS_OF_SHORT_FITS = 20
MAX_STEPS_BETWEEN_LOGS = 100
WEIGHT_CLIP = 0.01
VALIDATION_FRACTION = 0.1
# What an objective's paper penalises; others nothing.
OWN_PENALTIES = {"wgan-gp": "two-sided", "relativistic": "r1+r2"}


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters of one fit; `WGANGPSynthesizer` documents each of them."""

    objective: str
    label_smoothing: float
    weight_clip: float | None
    optimizer: str | Callable[..., Any]
    latent_dim: int
    generator: str | Callable[..., Any]
    generator_width: int
    generator_layers: int
    critic: str | Callable[..., Any]
    critic_width: int
    critic_layers: int
    packing: int
    minibatch_features: int
    minibatch_std: bool
    instance_noise: float
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
    penalty: str | None
    penalty_at: str
    gradient_penalty: float
    penalty_interval: int
    moment_weight: float
    ema_decay: float
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
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
        given |= _of_objective(given)
        if given["batch_size"] == "auto":
            given["batch_size"] = auto_batch_size(n_rows)
        given["batch_size"] += -given["batch_size"] % given["packing"]
        if given["max_steps"] == "auto":
            given["max_steps"] = auto_max_steps(n_rows)
        if given["conditional_steps"] == "auto":
            given["conditional_steps"] = auto_conditional_steps(given["max_steps"])
        interval = given["max_steps"] // LOGS_OF_SHORT_FITS
        given["log_every"] = max(1, min(MAX_STEPS_BETWEEN_LOGS, interval))
        return cls(**given)


def _of_objective(given: Mapping[str, Any]) -> dict[str, Any]:
    """What "auto" stands for with an objective, and which rows are held out."""
    objective, clips = given["objective"], given["objective"] == "wgan"
    autos = {
        "optimizer": "rmsprop" if clips else "adam",
        "weight_clip": WEIGHT_CLIP if clips else None,
        "penalty": OWN_PENALTIES.get(objective),
    }
    found = {name: auto for name, auto in autos.items() if given[name] == "auto"}
    if given["penalty_at"] == "auto":
        penalty = found.get("penalty", given["penalty"])
        found["penalty_at"] = OWN_POINTS.get(penalty, "interpolates")
    if given["validation_fraction"] is None:
        found["validation_fraction"] = VALIDATION_FRACTION if given["early_stopping"] else 0.0
    return found
