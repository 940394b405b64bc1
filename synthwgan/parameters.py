"""Checking constructor parameters against a table, all problems in one message."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, Self, TypeVar, get_args

import numpy as np
from sklearn.base import BaseEstimator

T = TypeVar("T")


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
        return isinstance(other, Component) and _content(self) == _content(other)


def _content(component: Component) -> tuple[type[Component], dict[str, Any]]:
    return type(component), component.get_params()


# What a file says where a user's own function was.
OWN = "own"


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
        # A class of components is a call too few: Residual for Residual().
        is_class = isinstance(value, type) and issubclass(value, Component)
        return self.own is not None and callable(value) and not is_class

    def resolve(self, value: Any) -> Component | None:
        """Return the component that an allowed value stands for."""
        if isinstance(value, self.kind):
            return value
        if OneOf(tuple(self.short)).allows(value):
            component = self.short[value]
            return None if component is None else component()
        return required(self.own)(value)

    def pack(self, value: Any) -> Any:
        """Return an allowed value as JSON: a short form as it is, a component with its parameters.

        Functions are left out, as no file can hold them.

        Raises
        ------
        ValueError
            If the component's class is not registered, so that a file could not name it.
        """
        if not isinstance(value, self.kind):
            return value if OneOf(tuple(self.short)).allows(value) else {"component": OWN}
        parameters = value.get_params(deep=False)
        kept = {name: given for name, given in parameters.items() if not callable(given)}
        return {"component": self._name_of(value), "parameters": kept}

    def _name_of(self, component: Component) -> Any:
        if type(component) is self.own and type(component) not in self._classes().values():
            return OWN
        for name, registered in self._classes().items():
            if registered is type(component):
                return name
        raise ValueError(
            f"{component!r} cannot be written to a file, since its class has no short name: "
            "register it beside the built-in ones, here and where the file is loaded"
        )

    def unpack(self, packed: Any, function: Callable[..., Any] | None = None) -> Any:
        """Rebuild a value from `pack`; `function` is the user's own, if there was one.

        Raises
        ------
        ValueError
            If it is nothing that `pack` writes.
        """
        if not isinstance(packed, dict):
            if OneOf(tuple(self.short)).allows(packed):
                return packed
            raise ValueError(f"{packed!r} is unknown")
        name, parameters = packed.get("component"), packed.get("parameters", {})
        known = isinstance(name, str | bool) and isinstance(parameters, dict)
        if not known or packed.keys() - {"component", "parameters"}:
            raise ValueError(f"{packed!r} is no component")
        parameters = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in parameters.items()
        }
        classes = self._classes()
        if name == OWN and self.own is not None:
            if not parameters:
                return function
            component = self.own(function).set_params(**parameters)
        elif name in classes:
            component = classes[name]().set_params(**parameters)
        else:
            raise ValueError(f"there is no {name!r}; known are {', '.join(map(repr, classes))}")
        if problems := component.problems():
            raise ValueError("; ".join(problems))
        return component

    def _classes(self) -> dict[Any, Any]:
        """The class that each short form stands for."""
        return {
            name: getattr(made, "func", made)
            for name, made in self.short.items()
            if made is not None
        }

    @property
    def first(self) -> Any:
        """The first short form."""
        return next(iter(self.short))

    def default(self) -> Component:
        """Return the first registered component."""
        return next(made for made in self.short.values() if made is not None)()

    def __str__(self) -> str:
        classes = set(self._classes().values())
        names = " or ".join(sorted(f"{made.__name__}(...)" for made in classes))
        function = f" or a function {self.signature}" if self.own is not None else ""
        return f"{OneOf(tuple(self.short))} or {names}{function}"


class ComponentParameters(BaseEstimator):
    """Lets ``set_params`` reach into a parameter that is still a short form.

    ``set_params(objective__gradient_penalty=1)`` of an estimator with ``objective="wgan-gp"``
    makes the short form the component that it stands for, and sets the parameter there. Words of
    other packages are answered with where to find what they mean.

    Attributes
    ----------
    components : dict of str to Choice
        The parameters that are components.
    """

    components: ClassVar[Mapping[str, Choice]] = {}

    # A type checker is to read the constructors of subclasses, and to say which attributes exist.
    if not TYPE_CHECKING:

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            """Answer a parameter that does not exist with where to find what it means."""
            for name in kwargs.keys() - set(cls._get_param_names()):
                raise TypeError(f"{cls.__name__} has no parameter {name!r}{_hint(cls, name)}")
            return super().__new__(cls)

        def __getattr__(self, name: str) -> Any:
            """Answer a method of another package with the one that does the same here."""
            if name in METHODS_ELSEWHERE:
                raise AttributeError(
                    f"{type(self).__name__} has no method {name!r}; here it is "
                    f"{METHODS_ELSEWHERE[name]}"
                )
            # Also where a property raised: its own error comes again.
            return object.__getattribute__(self, name)

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the estimator, and of its components with two underscores."""
        for name in {key.partition("__")[0] for key in params} - set(self._get_param_names()):
            raise ValueError(f"{type(self).__name__} has no parameter {name!r}{_hint(self, name)}")
        for name in {key.partition("__")[0] for key in params if "__" in key}:
            choice, value = self.components.get(name), params.get(name, getattr(self, name, None))
            if choice is not None and choice.allows(value):
                # Who sets a parameter of what is turned off, turns it on.
                params[name] = choice.resolve(value) or choice.default()
        return super().set_params(**params)


# What parameters are called here that were once others, or are others in another package.
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
        for name in ("generator_lr", "critic_lr", "betas", "constant_share")
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


METHODS_ELSEWHERE = {
    "generate": "sample(n_samples=...)",
    "sample_from_conditions": "sample(n_samples=..., conditions={...})",
    "sample_remaining_columns": "sample(conditions=table)",
    "get_loss_values": "history_",
    "get_metadata": "schema_",
    "add_constraints": "the parameter rules of the constructor",
    "get_constraints": "rules_",
    "set_random_state": "the parameter random_state of the constructor and of sample",
}


def _hint(estimator: Any, name: str) -> str:
    """Return where to find what a parameter that does not exist means."""
    if name in ELSEWHERE:
        return f"; here it is {ELSEWHERE[name]}"
    near = difflib.get_close_matches(name, estimator._get_param_names(), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


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
        hint = "n_samples" if name in OTHER_NAMES_OF_N_SAMPLES else "n_samples and random_state"
        raise TypeError(f"sample() has no argument {name!r}; it takes {hint}")


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
