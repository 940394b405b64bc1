"""Checking constructor parameters against a table, all problems in one message."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from sklearn.base import BaseEstimator


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
        return above and below and not math.isinf(value)

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


class Component(BaseEstimator):
    """Parameters that belong together, as one parameter of an estimator.

    scikit-learn does so with the kernels of a Gaussian process: ``clone``, ``get_params``,
    ``set_params(objective__gradient_penalty=1)`` and grid searches reach inside.

    Attributes
    ----------
    constraints : dict of str to Constraint
        What each parameter may be.
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {}

    def problems(self) -> list[str]:
        """Return what is wrong with the parameters, in words."""
        return problems_of(self.get_params(deep=False), self.constraints)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same type and parameters."""
        return type(self) is type(other) and self.get_params() == other.get_params()

    __hash__ = None


@dataclass(frozen=True)
class Choice:
    """A component, or a short form that stands for one.

    Parameters
    ----------
    kind : type of Component
        What an object must be.
    short : dict of short form to callable, or None
        The registry: whoever adds a class to it adds a choice. Called without arguments, what is
        registered makes the component; None stands for none.
    own : type of Component or None
        What makes a component of a user's function; None where no function is taken.
    signature : str
        How such a function is called and what it returns.
    """

    kind: type[Component]
    short: Mapping[Any, Callable[[], Component] | None]
    own: Callable[..., Component] | None = None
    signature: str = ""

    def allows(self, value: Any) -> bool:
        """Whether ``value`` is a component, a short form, or a function where one is taken."""
        if isinstance(value, self.kind) or OneOf(tuple(self.short)).allows(value):
            return True
        return self.own is not None and callable(value) and not isinstance(value, type)

    def resolve(self, value: Any) -> Component | None:
        """Return the component that an allowed value stands for."""
        if isinstance(value, self.kind):
            return value
        if OneOf(tuple(self.short)).allows(value):
            component = self.short[value]
            return None if component is None else component()
        return self.own(value)

    def __str__(self) -> str:
        classes = {getattr(made, "func", made) for made in self.short.values() if made is not None}
        names = " or ".join(sorted(f"{made.__name__}(...)" for made in classes))
        function = f" or a function {self.signature}" if self.own is not None else ""
        return f"{OneOf(tuple(self.short))} or {names}{function}"


class ComponentParameters:
    """Lets ``set_params`` reach into a parameter that is still a short form.

    ``set_params(objective__gradient_penalty=1)`` of an estimator with ``objective="wgan-gp"``
    makes the short form the component that it stands for, and sets the parameter there.

    Attributes
    ----------
    components : dict of str to Choice
        The parameters that are components.
    """

    components: ClassVar[Mapping[str, Choice]] = {}

    def set_params(self, **params: Any) -> Any:
        """Set parameters of the estimator, and of its components with two underscores."""
        for name in {key.partition("__")[0] for key in params if "__" in key}:
            if name in self.components and name not in params:
                choice, value = self.components[name], getattr(self, name)
                if choice.allows(value):
                    setattr(self, name, choice.resolve(value))
        return super().set_params(**params)


def problems_of(parameters: Mapping[str, Any], constraints: Mapping[str, Constraint]) -> list[str]:
    """Return what is wrong with some parameters, and with those of components among them."""
    problems = []
    for name, constraint in constraints.items():
        value = parameters[name]
        if not constraint.allows(value):
            problems.append(f"{name} must be {constraint}, got {value!r}")
        elif isinstance(value, Component):
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
    "gibbs_steps": Number(0, integer=True),
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
