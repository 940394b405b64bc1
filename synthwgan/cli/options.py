"""Messages that advise a parameter of Python, with the option that the command line has for it."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

# Where an option is not called as its parameter is.
_IN_PYTHON = {
    "column_kinds": "--kind",
    "columns": "--column",
    "conditions": "--where",
    "random_state": "--seed",
    "n_samples": "--rows",
    "n_draws": "--draws",
    "n_jobs": "--jobs",
    "rows_per_part": "--chunk-size",
    "align_columns": "--align",
    "include_real": "--with-real",
}
# These stand for other things in Python.
_OWN = {"output", "check", "card", "json", "version", "debug", "help", "from", "to"}
_TEXT = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""
_OPEN, _OTHER, _CLOSE = r"[\[({]", r"[^\]\[(){}'\"]", r"[\])}]"
_INNER = rf"(?:{_TEXT}|{_OTHER})*+"
for _ in range(3):
    _INNER = rf"(?:{_TEXT}|{_OTHER}|{_OPEN}{_INNER}{_CLOSE})*+"
_BRACKETS = rf"{_OPEN}{_INNER}{_CLOSE}"
_VALUE = rf"{_TEXT}|{_BRACKETS}|\w+{_BRACKETS}|\.\.\.|[\w+-]+(?:\.\w+)*"


class Option(NamedTuple):
    """An option, as it is written."""

    on: str
    off: str | None
    is_flag: bool
    metavar: str


def options_of(command: Any) -> dict[str, Option]:
    """Return the options of a command and of all below it, by the parameters that they stand for.

    Parameters
    ----------
    command : Command
        A command of typer, or a group of them.
    """
    found: dict[str, Option] = {}
    for each in _parameters(command):
        option = Option(
            max(each.opts, key=len),
            max(each.secondary_opts, key=len, default=None),
            bool(each.is_flag),
            each.metavar or each.name.upper(),
        )
        # If several commands have it: the first, which is what most messages are about.
        found.setdefault(option.on.removeprefix("--").replace("-", "_"), option)
    written = {option.on: option for option in found.values()}
    others = {name: written[on] for name, on in _IN_PYTHON.items() if on in written}
    return {name: option for name, option in found.items() if name not in _OWN} | others


def _parameters(command: Any) -> Iterator[Any]:
    yield from (each for each in command.params if each.param_type_name == "option")
    for below in getattr(command, "commands", {}).values():
        yield from _parameters(below)


def as_options(message: str, options: Mapping[str, Option]) -> str:
    """Return a message with parameters that it advises written as options.

    Calls such as ``critic=MLP(packing=2)``, and what stands in quotes, stay as they are.

    Parameters
    ----------
    message : str
        A message to those who write Python.
    options : mapping of str to Option
        See `options_of`.
    """
    names = "|".join(sorted(options, key=len, reverse=True))
    # A single word without underscore may be a column's name, or just a word.
    distinct = "|".join(name for name in options if "_" in name)
    pattern = re.compile(
        rf"(?<![\w.])(?P<name>{names})=(?P<value>{_VALUE})?"
        rf"|(?<![\w'\"])(?P<bare>{distinct})(?![\w=(.'\"])"
        rf"|[\w.=]+{_BRACKETS}|(?<!\w)'[^'\n]*'(?!\w)"
    )

    def written(match: re.Match[str]) -> str:
        if match["name"]:
            return _with_value(options[match["name"]], match["value"] or "")
        return options[match["bare"]].on if match["bare"] else match[0]

    return pattern.sub(written, message)


def _with_value(option: Option, value: str) -> str:
    if value in ("", "..."):
        return option.on
    node = _parsed(value)
    if option.is_flag:
        is_off = option.off is not None and value in ("False", "None", "0")
        return str(option.off) if is_off else option.on
    if value == "None":
        return f"{option.on} none" if "none" in option.metavar else f"no {option.on}"
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        is_where = option.on == _IN_PYTHON["conditions"]
        said = [
            _where(_word(key), one) if is_where else [f"{_word(key)}={_word(one)}"]
            for key, one in pairs
        ]
        return " ".join(f"{option.on} {_quoted(text)}" for texts in said for text in texts)
    if isinstance(node, ast.List) and all(isinstance(one, ast.Constant) for one in node.elts):
        return " ".join(f"{option.on} {_quoted(_word(one))}" for one in node.elts or [_EMPTY])
    if isinstance(node, ast.Constant):
        return f"{option.on} {_quoted(str(node.value))}"
    # An object, of which a file holds what it says.
    return f"{option.on} {option.metavar.partition('|')[0] if '(' in value else value}"


_EMPTY = ast.Constant("")


def _parsed(value: str) -> ast.expr | None:
    try:
        return ast.parse(value, mode="eval").body
    except SyntaxError:
        return None


def _where(name: str, wanted: ast.expr) -> list[str]:
    """Return a condition of Python as those of ``--where``."""
    if isinstance(wanted, ast.Tuple) and len(wanted.elts) == 2:
        bounds = zip((">=", "<="), wanted.elts, strict=True)
        return [f"{name}{sign}{_word(bound)}" for sign, bound in bounds if not _is_none(bound)]
    several = wanted.elts if isinstance(wanted, ast.List) else [wanted]
    return [f"{name}={'|'.join('' if _is_none(one) else _word(one) for one in several)}"]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _word(node: ast.expr | None) -> str:
    """Return what a value says; a name stands for what the user has to say."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.Name):
        return "NAME" if node.id == "name" else node.id
    return "..." if node is None else ast.unparse(node)


def _quoted(text: str) -> str:
    # As --sep takes it.
    return r"'\t'" if text == "\t" else shlex.quote(text)
