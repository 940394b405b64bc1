"""What a user passes as several tables becomes frames by domain, or an error."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from textwrap import indent
from typing import Any

import pandas as pd

from synthwgan.table.choice import show_rules
from synthwgan.table.door import naming_column
from synthwgan.table.frames import TableForm, as_frame, take
from synthwgan.table.rules.ruleset import RuleSet
from synthwgan.table.storage.physical import refuse_nul
from synthwgan.warn import warn

MIN_ROWS = 2


def tables_of(
    X: Any, target: Any, domain: Any
) -> tuple[dict[str, pd.DataFrame], dict[str, TableForm]]:
    """Return the tables of two domains or more, and their forms, by their names.

    Parameters
    ----------
    X : mapping of str to DataFrame, or DataFrame, of any library
        Tables, or one table with a column that says the domain; there, columns that a domain has
        no cell in are not its own.
    target : column name or None
        A column that all must have.
    domain : column name
        The column that says the domain, of one table.

    Raises
    ------
    TypeError, ValueError
        If there are no two tables of two rows, a name is no text, or a table lacks the target.
    """
    X, form = take(X)
    if isinstance(X, pd.DataFrame):
        X = _split(X, domain)
        forms = dict.fromkeys(X, form)
    elif isinstance(X, Mapping):
        taken = {name: take(table) for name, table in X.items()}
        X = {name: table for name, (table, _) in taken.items()}
        forms = {name: form for name, (_, form) in taken.items()}
    else:
        raise TypeError(
            "pass a dict of domain name to DataFrame, or one DataFrame with a column that says the "
            f"domain, got {type(X).__name__}"
        )
    for name, table in X.items():
        check_table(name, table, target)
    if len(X) < 2:
        raise ValueError(
            f"there is one domain only, {list(X)}; two are needed, or use WGANGPSynthesizer"
        )
    return X, forms


def check_table(name: Any, table: Any, target: Any) -> None:
    """Raise if a domain's name or table cannot be used, or the table lacks the target."""
    if not isinstance(name, str):
        raise TypeError(f"a domain's name is a text, got {name!r}")
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"domain {name!r}: a table is a DataFrame, got {type(table).__name__}")
    if len(table) < MIN_ROWS:
        raise ValueError(f"domain {name!r} has {len(table)} rows, and {MIN_ROWS} are needed")
    if not table.columns.is_unique:
        twice = list(table.columns[table.columns.duplicated()].unique()[:10])
        raise ValueError(f"domain {name!r}: {twice} occur more than once: rename the columns")
    if target is None:
        return
    if target not in table.columns:
        raise ValueError(
            f"domain {name!r} lacks the target {target!r}: all domains need it, under one name; "
            f"its columns are {list(table.columns[:10])}"
        )
    if bool(table[target].isna().all()):
        raise ValueError(f"domain {name!r} has no cell of the target {target!r}; leave it out")


def rows_of(X: Any) -> pd.DataFrame:
    """Return rows as a frame of pandas; a TypeError if they have no names of columns."""
    X = as_frame(X)
    if not isinstance(X, pd.DataFrame):
        raise TypeError(f"rows of a domain are a DataFrame, got {type(X).__name__}")
    return X


def check_domain(name: Any, domains: Iterable[str]) -> None:
    """Raise a ValueError if a name is that of no domain."""
    known = list(domains)
    if name not in known:
        near = difflib.get_close_matches(str(name), known, n=1)
        hint = f"did you mean {near[0]!r}? The" if near else "the"
        raise ValueError(f"{name!r} is no domain; {hint} domains are {known}")


def check_kinds(kinds: Any, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise if `column_kinds` names a column that no table has."""
    names = [name for table in tables.values() for name in table.columns]
    for name in kinds:
        if name not in names:
            raise ValueError(f"column_kinds names {name!r}, which is no column of any domain")


def show_rules_of(rules: Mapping[str, RuleSet]) -> str:
    """Say in lines which rules rows of each domain keep."""
    return "\n".join(f"{name}:\n{indent(show_rules(own), '  ')}" for name, own in rules.items())


def check_rules_of(rules: Any, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise if `rules` names a domain that there is not."""
    for name in rules if isinstance(rules, dict) else ():
        if name not in tables:
            raise ValueError(f"rules name {name!r}, which is no domain; they are {list(tables)}")


def check_mapping(mapping: Any, tables: Mapping[str, pd.DataFrame]) -> None:
    """Raise if `mapping` is none, or names a column that a domain does not have."""
    for name, by_domain in mapping.items():
        if not isinstance(name, str) or not isinstance(by_domain, Mapping):
            raise TypeError(
                "mapping is a dict of a common name to a dict of domain to column name, got "
                f"{name!r}: {by_domain!r}"
            )
        for domain, own in by_domain.items():
            if domain in tables and own not in tables[domain].columns:
                raise ValueError(
                    f"mapping of {name!r}: domain {domain!r} has no column {own!r}; its columns "
                    f"are {list(tables[domain].columns[:10])}"
                )


def warn_of_unknown_domains(mapping: Any, tables: Mapping[str, pd.DataFrame]) -> None:
    """Warn if `mapping` names a domain that there is not: misspelt, or added later."""
    for name, by_domain in mapping.items():
        for domain in by_domain:
            if domain not in tables:
                near = difflib.get_close_matches(str(domain), list(tables), n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                warn(
                    f"mapping of {name!r} names a domain {domain!r}, but the domains are "
                    f"{list(tables)}. {hint}It counts only if one of that name is added later"
                )


@contextmanager
def naming_domain(name: str) -> Iterator[None]:
    """Put the domain's name on errors that its table raises."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (f"domain {name!r}: {error.args[0]}",)
        raise


def _split(table: pd.DataFrame, domain: Any) -> dict[str, pd.DataFrame]:
    if domain not in table.columns:
        raise ValueError(
            f"one table needs a column that says the domain, and {domain!r} is none of "
            f"{list(table.columns[:10])}; pass domain=, or a dict of tables"
        )
    if bool(table[domain].isna().any()):
        raise ValueError(f"column {domain!r} does not say the domain of every row: fill it")
    with naming_column(domain):
        refuse_nul(table[domain])
    tables = {}
    for name, rows in table.groupby(domain, sort=False, observed=True):
        if str(name) in tables:
            raise ValueError(f"two domains would be called {str(name)!r}: rename one in {domain!r}")
        own = rows.drop(columns=domain).reset_index(drop=True)
        tables[str(name)] = own.dropna(axis=1, how="all").infer_objects()
    return tables
