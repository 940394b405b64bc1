"""Checking constructor parameters against a table, all problems in one message."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Constraint(Protocol):
    """Says whether a value is allowed, and in words what is."""

    def allows(self, value: Any) -> bool: ...

    def __str__(self) -> str: ...


@dataclass(frozen=True)
class Number:
    """A number within bounds.

    Parameters
    ----------
    low, high : float
        Bounds.
    integer : bool
        Whether only whole numbers are allowed.
    open_low, open_high : bool
        Whether the bound itself is excluded.
    """

    low: float = -math.inf
    high: float = math.inf
    integer: bool = False
    open_low: bool = False
    open_high: bool = False

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is such a number; booleans are not."""
        kind = numbers.Integral if self.integer else numbers.Real
        if isinstance(value, bool) or not isinstance(value, kind) or value != value:
            return False
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below and abs(value) != math.inf

    def __str__(self) -> str:
        name = "an integer" if self.integer else "a number"
        low = f"{'>' if self.open_low else '>='} {self.low}" if self.low > -math.inf else ""
        high = f"{'<' if self.open_high else '<='} {self.high}" if self.high < math.inf else ""
        return " ".join([name, " and ".join(filter(None, [low, high]))]).strip()


@dataclass(frozen=True)
class OneOf:
    """One of the given values, compared by equality and type."""

    values: tuple[Any, ...]

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is among the values."""
        return any(type(value) is type(option) and value == option for option in self.values)

    def __str__(self) -> str:
        return " or ".join(map(repr, self.values))


@dataclass(frozen=True)
class Either:
    """Allowed by any of the given constraints."""

    constraints: tuple[Constraint, ...]

    def allows(self, value: Any) -> bool:
        """Whether any constraint allows ``value``."""
        return any(constraint.allows(value) for constraint in self.constraints)

    def __str__(self) -> str:
        return " or ".join(map(str, self.constraints))


@dataclass(frozen=True)
class PairOf:
    """A pair of values, each allowed by one constraint."""

    constraint: Constraint

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is a tuple or list of two allowed values."""
        is_pair = isinstance(value, tuple | list) and len(value) == 2
        return is_pair and all(map(self.constraint.allows, value))

    def __str__(self) -> str:
        return f"a pair, each {self.constraint}"


@dataclass(frozen=True)
class Instance:
    """An instance of one of the given types."""

    types: tuple[type, ...]

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is an instance."""
        return isinstance(value, self.types)

    def __str__(self) -> str:
        return " or ".join(f"a {kind.__name__}" for kind in self.types)


@dataclass(frozen=True)
class Text:
    """Any text; what it may say is checked where it is used.

    Parameters
    ----------
    meaning : str
        What it is, in words.
    """

    meaning: str

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is a text."""
        return isinstance(value, str)

    def __str__(self) -> str:
        return self.meaning


@dataclass(frozen=True)
class Function:
    """Anything that can be called.

    Parameters
    ----------
    meaning : str
        How it is called and what it returns.
    """

    meaning: str

    def allows(self, value: Any) -> bool:
        """Whether ``value`` can be called."""
        return callable(value)

    def __str__(self) -> str:
        return f"a function {self.meaning}"


def check_parameters(parameters: Mapping[str, Any], constraints: Mapping[str, Constraint]) -> None:
    """Raise if any parameter is out of its constraint.

    Parameters
    ----------
    parameters : mapping of str to value
        An estimator's ``get_params(deep=False)``.
    constraints : mapping of str to Constraint
        What is allowed.

    Raises
    ------
    ValueError
        Names every offending parameter, its value and what is allowed.
    """
    problems = [
        f"{name} must be {constraint}, got {parameters[name]!r}"
        for name, constraint in constraints.items()
        if not constraint.allows(parameters[name])
    ]
    if problems:
        raise ValueError("; ".join(problems))


def check_together(parameters: Mapping[str, Any]) -> None:
    """Raise if parameters that are allowed by themselves do not go together.

    Parameters
    ----------
    parameters : mapping of str to value
        A synthesizer's ``get_params(deep=False)``, checked one by one.

    Raises
    ------
    ValueError
        Names both parameters.
    """
    given = dict(parameters)
    has_labels = given["objective"] in ("gan", "gan-minimax")
    has_own_points = given["penalty"] in ("r1", "r1+r2")
    looks_at_batches = given["minibatch_features"] or given["minibatch_std"]
    problems = {
        "gibbs_steps={gibbs_steps!r} needs conditional=True": (
            given["gibbs_steps"] and not given["conditional"]
        ),
        "label_smoothing={label_smoothing!r} needs an objective with labels, 'gan' or "
        "'gan-minimax', not {objective!r}": given["label_smoothing"] and not has_labels,
        "penalty_at={penalty_at!r} does not go with penalty={penalty!r}, which says where it is "
        "evaluated; pass penalty='squared'": has_own_points and given["penalty_at"] != "auto",
        "minibatch_features={minibatch_features!r} and minibatch_std={minibatch_std!r} need the "
        "built-in critic; build them into your own": looks_at_batches and callable(given["critic"]),
        "early_stopping=True needs validation_fraction to be None or a share": (
            given["early_stopping"] and given["validation_fraction"] == 0
        ),
    }
    found = [problem.format(**given) for problem, is_there in problems.items() if is_there]
    if found:
        raise ValueError("; ".join(found))


def reject_misnamed(arguments: Mapping[str, Any]) -> None:
    """Name the right argument of ``sample`` to people who come from other packages.

    Raises
    ------
    TypeError
        If there are any arguments.
    """
    if arguments:
        name = next(iter(arguments))
        hint = "n_samples" if name in _OTHER_NAMES_OF_N_SAMPLES else "n_samples and random_state"
        raise TypeError(f"sample() has no argument {name!r}; it takes {hint}")


RANDOM_STATE = Either(
    (
        OneOf((None,)),
        Number(0, integer=True),
        Instance((np.random.Generator, np.random.RandomState)),
    )
)
_OTHER_NAMES_OF_N_SAMPLES = ("n", "num_rows", "n_rows", "count", "size", "n_sample")
_POSITIVE = Number(1, integer=True)
_RATE = Number(0, 1, open_low=True)
_SHARE = Number(0, 1)
_AUTO = OneOf(("auto",))
SYNTHESIZER_PARAMETERS: dict[str, Constraint] = {
    "column_kinds": Either((OneOf((None,)), Instance((dict,)))),
    "max_categories": Number(2, integer=True),
    "rare": OneOf(("resample", "mask")),
    "objective": OneOf(("wgan-gp", "wgan", "gan", "gan-minimax", "relativistic")),
    "label_smoothing": Number(0, 1, open_high=True),
    "weight_clip": Either((Number(0, open_low=True), _AUTO, OneOf((None,)))),
    "optimizer": Either(
        (
            OneOf(("auto", "adam", "rmsprop")),
            Text("the name of a torch.optim class that needs no closure"),
            Function("(params, lr) -> optimizer"),
        )
    ),
    "latent_dim": _POSITIVE,
    "generator": Either(
        (OneOf(("residual", "mlp", "style")), Function("(latent_dim, n_slots) -> torch.nn.Module"))
    ),
    "generator_width": _POSITIVE,
    "generator_layers": _POSITIVE,
    "critic": Either((OneOf(("mlp",)), Function("(n_slots) -> torch.nn.Module"))),
    "critic_width": _POSITIVE,
    "critic_layers": _POSITIVE,
    "packing": _POSITIVE,
    "minibatch_features": Number(0, integer=True),
    "minibatch_std": OneOf((True, False)),
    "instance_noise": Number(0),
    "temperature": Number(0, open_low=True),
    "couple_columns": OneOf((True, False)),
    "conditional": OneOf((True, False)),
    "conditional_steps": Either((_POSITIVE, _AUTO)),
    "training_by_sampling": OneOf((True, False)),
    "batch_size": Either((Number(2, integer=True), _AUTO)),
    "max_steps": Either((_POSITIVE, _AUTO)),
    "max_seconds": Either((Number(0, open_low=True), OneOf((None,)))),
    "n_critic": _POSITIVE,
    "generator_lr": _RATE,
    "critic_lr": _RATE,
    "betas": PairOf(Number(0, 1, open_high=True)),
    "constant_share": _SHARE,
    "penalty": OneOf(("auto", "two-sided", "one-sided", "squared", "r1", "r1+r2", None)),
    "penalty_at": OneOf(("auto", "interpolates", "real", "generated", "both")),
    "gradient_penalty": Number(0),
    "penalty_interval": _POSITIVE,
    "moment_weight": Number(0),
    "ema_decay": Number(0, 1, open_high=True),
    "early_stopping": OneOf((True, False)),
    "validation_fraction": Either((Number(0, 1, open_high=True), OneOf((None,)))),
    "n_iter_no_change": _POSITIVE,
    "tol": Number(0),
    "calibrate": OneOf((True, False)),
    "rejection": Either((_POSITIVE, _AUTO, OneOf((None,)))),
    "gibbs_steps": Number(0, 1000, integer=True),
    "device": Instance((str,)),
    "precision": OneOf(("auto", "float32", "bfloat16")),
    "random_state": RANDOM_STATE,
    "verbose": Either((Number(0, integer=True), OneOf((True, False)))),
}
_OF_RADIAL = (
    *("column_kinds", "max_categories", "latent_dim", "generator_width", "generator_layers"),
    *("critic_width", "critic_layers", "batch_size", "max_steps", "max_seconds", "generator_lr"),
    *("critic_lr", "gradient_penalty", "moment_weight", "ema_decay", "device", "precision"),
    *("random_state", "verbose"),
)
RADIAL_PARAMETERS: dict[str, Constraint] = {
    "mapping": Either((OneOf((None,)), Instance((dict,)))),
    "align_columns": OneOf((True, False)),
    "cycle_weight": Number(0),
    "latent_weight": Number(0),
    **{name: SYNTHESIZER_PARAMETERS[name] for name in _OF_RADIAL},
}
SAMPLING_PARAMETERS: dict[str, Constraint] = {
    "n_samples": _POSITIVE,
    "cv": Number(2, integer=True),
    "random_state": RANDOM_STATE,
}
