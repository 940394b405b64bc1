"""Components: parameters that belong together, as one parameter of an estimator."""

# pyright: reportArgumentType=true, reportAttributeAccessIssue=true, reportCallIssue=true

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar, Self

from sklearn.base import BaseEstimator

from synthwgan.parameters import ELSEWHERE, Constraint, OneOf, problems_of, required

# What a file says where a user's own function was.
OWN = "own"
# What methods of other packages are called here.
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
    needs : pair of str or None
        The first parameter, if it has no default, and how to choose it.
    """

    components: ClassVar[Mapping[str, Choice]] = {}
    needs: ClassVar[tuple[str, str] | None] = None

    # A type checker is to read the constructors of subclasses, and to say which attributes exist.
    if not TYPE_CHECKING:

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            """Answer a parameter that does not exist with where to find what it means."""
            for name in kwargs.keys() - set(cls._get_param_names()):
                hint = _nested(cls, name, kwargs[name]) or _hint(cls, name)
                raise TypeError(f"{cls.__name__} has no parameter {name!r}{hint}")
            if cls.needs is not None and not args and cls.needs[0] not in kwargs:
                name, meaning = cls.needs
                raise TypeError(f"{cls.__name__} needs {name}, {meaning}; {cls.__name__}({name}=1)")
            return super().__new__(cls)

        def __init_subclass__(cls, **kwargs: Any) -> None:
            """Answer what `fit` does not take, but the constructor may."""
            super().__init_subclass__(**kwargs)
            if "fit" in vars(cls):
                cls.fit = _answering(cls.fit)

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
                # Setting a parameter of a component that is off (None) turns it on.
                params[name] = choice.resolve(value) or choice.default()
            elif not hasattr(value, "set_params"):
                raise ValueError(
                    f"{type(self).__name__}: {name}={value!r} has no parameters of its own to be "
                    f"set; give {name} an object that has, in the constructor"
                )
        return super().set_params(**params)


def _answering(fit: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method that says of an unknown argument where it belongs."""
    known = inspect.signature(fit).parameters

    @wraps(fit)
    def answering(self: Any, *args: Any, **kwargs: Any) -> Any:
        for name in kwargs.keys() - known.keys():
            estimator = type(self)
            hint = _nested(estimator, name, kwargs[name]) or _hint(estimator, name)
            if name in estimator._get_param_names():
                hint = f"; it is one of the constructor: {estimator.__name__}({name}=...)"
            raise TypeError(f"{estimator.__name__}.fit() has no argument {name!r}{hint}")
        return fit(self, *args, **kwargs)

    return answering


def _nested(estimator: type[ComponentParameters], name: str, value: Any) -> str:
    """Return how a parameter of a component is given that was asked for with two underscores."""
    outer, _, inner = name.partition("__")
    if not inner or outer not in estimator.components:
        return ""
    choice = estimator.components[outer]
    # The default first.
    kinds = [type(choice.default()), *choice._classes().values()]
    for kind in kinds:
        if inner in kind._get_param_names():
            return f"; here it is {outer}={kind.__name__}({inner}={value!r})"
    return f"; {kinds[0].__name__} has {', '.join(kinds[0]._get_param_names())}"


def _hint(estimator: Any, name: str) -> str:
    """Return where to find what a parameter that does not exist means."""
    if name in ELSEWHERE:
        return f"; here it is {ELSEWHERE[name]}"
    near = difflib.get_close_matches(name, estimator._get_param_names(), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
