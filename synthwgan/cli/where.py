"""Conditions written as text, as on a command line: ``sex=Female``, ``age>=60``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.door import known_places, naming_column

_SIGN = re.compile(r"(?=([<>]=?|=))")
_LETTER = re.compile(r"\\([|\\])|(\|)|(.)", re.DOTALL)
_GRAMMAR = "NAME=VALUE, NAME=A|B, NAME>=X, NAME<=X, NAME>X or NAME<X"


def parse_where(
    expressions: Iterable[str], columns: Mapping[Any, ColumnTransformer]
) -> dict[Any, Any]:
    r"""Read conditions on columns, each written as a name, a sign and what is wanted.

    Parameters
    ----------
    expressions : iterable of str
        ``NAME=VALUE``; ``NAME=A|B`` for one of several values; ``NAME=`` for a missing cell,
        ``NAME=A|`` for one that may be missing; ``NAME>=X``, ``NAME<=X``, ``NAME>X``,
        ``NAME<X`` for bounds of numbers, dates and ordered categories. In a value, ``\|`` is a
        bar and ``\\`` a backslash. Two bounds on one column make a range. If there is a space
        before the sign, spaces around the values do not count. Where the names of several
        columns fit, the longest counts.
    columns : mapping of column name to ColumnTransformer
        The fitted columns. A name that is no text goes by its text.

    Returns
    -------
    dict
        Conditions as `WGANGPSynthesizer.sample` takes them; values and bounds stay text, but
        for bounds by ``<`` and ``>``: these are the nearest value that the column can hold.

    Raises
    ------
    ValueError
        If an expression cannot be read, names no column, sets a bound where there is no order,
        or two do not go together.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.table import TableTransformer
    >>> from synthwgan.cli.where import parse_where
    >>> table = pd.DataFrame({"age": [31, 45], "city": ["Rome", "Oslo"]})
    >>> transformer = TableTransformer().fit(table)
    >>> columns = dict(zip(transformer.column_index_, transformer.columns_))
    >>> parse_where(["city=Rome|Oslo", "age>30", "age<=40"], columns)
    {'city': ['Rome', 'Oslo'], 'age': (31, '40')}
    >>> parse_where(["city>Rome"], columns)
    Traceback (most recent call last):
        ...
    ValueError: column 'city': 'city>Rome' sets a bound, but a categorical column has no order; ...
    """
    # Text last: of the names 1 and "1" the text is meant.
    names = {str(name): name for name in sorted(columns, key=lambda name: isinstance(name, str))}
    wanted: dict[Any, Any] = {}
    for expression in expressions:
        term = _split(expression, names)
        name = names[term.name]
        with naming_column(name):
            one = _allowed(term) if term.sign == "=" else _range(columns[name], term)
            wanted[name] = _joined(wanted[name], one) if name in wanted else one
    return wanted


class _Term(NamedTuple):
    """A condition, taken apart."""

    name: str
    sign: str
    text: str
    is_spaced: bool = False

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.text}"


def _split(expression: str, names: Mapping[str, Any]) -> _Term:
    terms = [
        _Term(expression[: match.start()], match[1], expression[match.end(1) :])
        for match in _SIGN.finditer(expression)
    ]
    if not terms:
        raise ValueError(f"{expression!r} is no condition: write {_GRAMMAR}")
    for term in reversed(terms):
        name = term.name
        if name in names:
            return term
        if name.strip() in names:
            return _Term(name.strip(), term.sign, term.text, name != name.rstrip())
    known_places(pd.Index(list(names)), [terms[0].name.strip()], "conditions")
    return terms[0]


def _allowed(term: _Term) -> Any:
    """Return a value, or a list of them; None stands for a missing cell."""
    values = [""]
    for escaped, bar, other in _LETTER.findall(term.text):
        if bar:
            values.append("")
        else:
            values[-1] += escaped or other
    if term.is_spaced:
        values = [value.strip() for value in values]
    allowed = [value or None for value in values]
    return allowed if len(allowed) > 1 else allowed[0]


def _range(column: ColumnTransformer, term: _Term) -> tuple[Any, Any]:
    """Return a pair (low, high) of which one is None."""
    if not column.has_order:
        raise ValueError(
            f"{str(term)!r} sets a bound, but a {column.kind} column has no order; "
            "write NAME=A|B for some values"
        )
    text = term.text.strip()
    if not text:
        raise ValueError(f"{str(term)!r} has no bound after {term.sign}")
    is_low = term.sign.startswith(">")
    # Ranges include their bounds.
    bound = text if term.sign.endswith("=") else column.beyond(text, above=is_low)
    return (bound, None) if is_low else (None, bound)


def _joined(first: Any, second: Any) -> tuple[Any, Any]:
    """Return a lower and an upper bound as one range."""
    if isinstance(first, tuple) and isinstance(second, tuple):
        (low, high), (other_low, other_high) = first, second
        if low is None and other_high is None:
            return other_low, high
        if high is None and other_low is None:
            return low, other_high
    raise ValueError(
        "conditions on one column are a value, several as NAME=A|B, or a lower and an upper bound"
    )
