"""Options that commands take together: the fields of a class, each an option."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each field of the dataclasses among its parameters.

    Parameters
    ----------
    command : callable
        Parameters annotated with a dataclass take an object of it; typer sees the fields in
        their place. They, and all that follow them, are keyword-only.
    """
    signature = inspect.signature(command, eval_str=True)
    groups = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if is_dataclass(parameter.annotation)
    }
    seen = []
    for name, parameter in signature.parameters.items():
        seen += _options(groups[name]) if name in groups else [parameter]

    def with_options(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
    with_options.__dict__["__signature__"] = signature.replace(parameters=seen)
    return with_options


def _options(group: Any) -> list[inspect.Parameter]:
    annotations = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=each.default,
            annotation=annotations[each.name],
        )
        for each in fields(group)
    ]
