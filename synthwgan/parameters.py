"""Checking constructor parameters against a table, all problems in one message."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import inspect
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, get_args, runtime_checkable

import numpy as np

T = TypeVar("T")


class Constraint(Protocol):
    """Says whether a value is allowed, and in words what is."""

    def allows(self, value: Any) -> bool: ...

    def __str__(self) -> str: ...


@runtime_checkable
class HasParameters(Protocol):
    """A value with parameters of its own, that says what is wrong with them."""

    def problems(self) -> list[str]: ...


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
    not_a_table : str
        What to do with a table, or a mapping, that was given in place of the number.
    """

    low: float = -math.inf
    high: float = math.inf
    integer: bool = False
    open_low: bool = False
    open_high: bool = False
    not_a_table: str = ""

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is such a number; booleans are not."""
        kind: Any = numbers.Integral if self.integer else numbers.Real
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


# Parameters of older versions and of other packages, and what to write here instead.
ELSEWHERE = {
    **{
        name: f"objective=WGANGP({name}=...)"
        for name in ("penalty", "penalty_at", "gradient_penalty", "penalty_interval", "n_critic")
    },
    "label_smoothing": "objective=GAN(label_smoothing=...)",
    "weight_clip": "objective=WGAN(clip=...)",
    "latent_dim": "generator=Residual(latent_dim=...)",
    "generator_width": "generator=Residual(width=...)",
    "generator_layers": "generator=Residual(layers=...)",
    "critic_width": "critic=MLP(width=...)",
    "critic_layers": "critic=MLP(layers=...)",
    **{
        name: f"critic=MLP({name}=...)"
        for name in ("packing", "minibatch_features", "minibatch_std", "instance_noise")
    },
    **{
        name: f"optimizer=Optimizer({name}=...)"
        for name in ("generator_lr", "critic_lr", "betas", "constant_share", "ema_decay")
    },
    "conditional_steps": "conditional=Conditional(max_steps=...)",
    "training_by_sampling": "conditional=Conditional(training_by_sampling=True)",
    "validation_fraction": "early_stopping=EarlyStopping(fraction=...)",
    "n_iter_no_change": "early_stopping=EarlyStopping(patience=...)",
    "tol": "early_stopping=EarlyStopping(tol=...)",
    "gibbs_steps": "sample(conditions=..., gibbs_steps=...)",
    "temperature": "removed, since no other value was ever better",
    **dict.fromkeys(
        ("epochs", "max_epochs", "n_iter"), "max_steps (a step is one batch) or max_seconds"
    ),
    "max_training_time": "max_seconds",
    **dict.fromkeys(
        ("discrete", "discrete_columns", "categorical_columns"),
        "not needed, since kinds are inferred; column_kinds={name: 'categorical'} overrides them",
    ),
    **dict.fromkeys(
        ("metadata", "tgt_encoding_types"),
        "not needed, since kinds are inferred; column_kinds={name: kind} overrides them",
    ),
    "pac": "critic=MLP(packing=...)",
    "embedding_dim": "generator=Residual(latent_dim=...)",
    **dict.fromkeys(
        ("generator_dim", "generator_n_units_hidden", "generator_n_layers_hidden"),
        "generator=Residual(width=..., layers=...)",
    ),
    **dict.fromkeys(
        ("discriminator_dim", "discriminator_n_units_hidden", "discriminator_n_layers_hidden"),
        "critic=MLP(width=..., layers=...)",
    ),
    "discriminator_lr": "optimizer=Optimizer(critic_lr=...)",
    **dict.fromkeys(
        ("lr", "learning_rate"), "optimizer=Optimizer(generator_lr=..., critic_lr=...)"
    ),
    **dict.fromkeys(
        ("discriminator_steps", "discriminator_n_iter"), "objective=WGANGP(n_critic=...)"
    ),
    "lambda_gradient_penalty": "objective=WGANGP(gradient_penalty=...)",
    "constraints": "rules=[Order('start', '<=', 'end')]",
    "value_protection": "rare='mask' with min_category_rows=10 and protect_extremes=10",
    **dict.fromkeys(("cuda", "gpu", "enable_gpu"), "device='cuda' or device='cpu'"),
    "random_seed": "random_state",
    "seed": "random_state",
}


_SHOWN = 200


def in_words(value: Any) -> str:
    """Return what a value is; of a table or an array the shape alone, of much text the start."""
    if shape := _shape_of(value):
        return f"{type(value).__name__} of shape {shape}"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping) or len(_shape_of(value)) == 2


def _shape_of(value: Any) -> tuple[Any, ...]:
    shape = getattr(value, "shape", ())
    return shape if isinstance(shape, tuple) else ()


def problems_of(parameters: Mapping[str, Any], constraints: Mapping[str, Constraint]) -> list[str]:
    """Return what is wrong with some parameters, and with those of components among them."""
    problems = []
    for name, constraint in constraints.items():
        value = parameters[name]
        if not constraint.allows(value):
            is_number = isinstance(constraint, Number)
            remedy = constraint.not_a_table if is_number and _is_table(value) else ""
            problems.append(f"{name} must be {constraint}, got {in_words(value)}{remedy}")
        elif isinstance(value, HasParameters):
            problems += [f"{name}: {problem}" for problem in value.problems()]
    return problems


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
    problems = problems_of(parameters, constraints)
    if problems:
        raise ValueError("; ".join(problems))


def changed_parameters(model: Any) -> dict[str, str]:
    """Return the parameters that are not the default, in words: an object need not be JSON-able.

    Parameters
    ----------
    model : estimator
        One without a default, such as ``epsilon``, is always among them.
    """
    defaults = inspect.signature(type(model)).parameters
    given = {name: repr(value) for name, value in model.get_params(deep=False).items()}
    return {name: text for name, text in given.items() if text != repr(defaults[name].default)}


def required(value: T | None) -> T:
    """Return a value that is never None where it is asked for, although its type allows it."""
    if value is None:
        raise RuntimeError("a value is missing that should be there: a fault of synthwgan itself")
    return value


def reject_misnamed(arguments: Mapping[str, Any]) -> None:
    """Name the right argument of ``sample`` to people who come from other packages.

    Raises
    ------
    TypeError
        If there are any arguments.
    """
    if arguments:
        name = next(iter(arguments))
        others = "n_samples and random_state, and conditions={column: value} for rows of a kind"
        hint = "n_samples" if name in OTHER_NAMES_OF_N_SAMPLES else others
        raise TypeError(f"sample() has no argument {name!r}; it takes {hint}")


# Of synthesizers that take conditions.
N_SAMPLES = Number(
    1,
    integer=True,
    not_a_table="; rows to complete, or what rows are to be, are passed as sample(conditions=...)",
)
RANDOM_STATE = Either(
    (
        OneOf((None,)),
        Number(0, integer=True),
        Instance((np.random.Generator, np.random.RandomState)),
    )
)
OTHER_NAMES_OF_N_SAMPLES = (
    *("n", "num_rows", "n_rows", "count", "size", "n_sample", "n_samples", "num_samples"),
)
DEVICE = Instance((str,))
Precision = Literal["auto", "float32", "bfloat16"]
PRECISION = OneOf(get_args(Precision))
VERBOSE = Either((Number(0, integer=True), OneOf((True, False))))
SAMPLING_PARAMETERS: dict[str, Constraint] = {
    "n_samples": Number(1, integer=True),
    "cv": Number(2, integer=True),
    "random_state": RANDOM_STATE,
}
