"""The union of several tables as JSON and arrays, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from synthwgan.parameters import Number, OneOf, required
from synthwgan.radial.columns.domain import Domain, OwnColumn
from synthwgan.radial.columns.maps import NumberMap, StateMap, map_from_dict
from synthwgan.radial.columns.union import DOMAIN_PLACE, DomainUnion
from synthwgan.radial.columns.values import sort_of
from synthwgan.table import TableTransformer
from synthwgan.table.checks import (
    COUNT,
    FLAG,
    LIST,
    STATE,
    TEXT,
    ListOf,
    MappingOf,
    check_state,
    expect,
    optional,
)
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.options import options_from_dict
from synthwgan.table.door import naming_column
from synthwgan.table.encoding import layout_of
from synthwgan.table.schema import column_from_dict
from synthwgan.table.storage.jsonable import from_jsonable, join_arrays, split_arrays, to_jsonable

NAMES = MappingOf(LIST)
_UNION = {
    "columns": ListOf(STATE, min_length=2),
    "align_columns": FLAG,
    "names_of": NAMES,
    "options": STATE,
}
_COLUMN = {"name": TEXT, "sort": optional(TEXT), "kind": TEXT, "state": STATE}
_DOMAIN = {"name": TEXT, "table": STATE, "columns": ListOf(STATE), "n_rows": COUNT}
_OWN_COLUMN = {
    "place": Number(-1, integer=True),
    "map": optional(STATE),
    "how": OneOf(("name", "data", "new", "unused")),
    "score": optional(Number()),
}


def _kind_and_state(column: ColumnTransformer) -> dict[str, Any]:
    return {"kind": column.kind, "state": column.to_dict()}


def union_to_state(
    union: DomainUnion,
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, np.ndarray]]:
    """Return a union, and each of its domains, as JSON and the arrays that these name."""
    state = {
        "columns": [
            {"name": name, "sort": sort, **_kind_and_state(required(column))}
            for (name, column), sort in zip(union.columns, union.sorts, strict=True)
        ],
        "align_columns": union.align_columns,
        "names_of": pack_names(union.names_of),
        "options": asdict(union.options),
    }
    packed, arrays = split_arrays(state)
    domains = []
    for place, domain in enumerate(union.domains.values()):
        table, of_table = domain.transformer.to_state()
        arrays |= {f"{_prefix(place)}{name}": array for name, array in of_table.items()}
        columns = [_pack_column(column) for column in domain.columns]
        domains.append(
            {"name": domain.name, "table": table, "columns": columns, "n_rows": domain.n_rows}
        )
    return packed, domains, arrays


def union_from_state(
    state: dict[str, Any], domains: list[dict[str, Any]], arrays: Mapping[str, np.ndarray]
) -> DomainUnion:
    """Rebuild a union from `union_to_state`.

    Raises
    ------
    ValueError
        If it gives no such union.
    """
    check_state("the union of domains", state, _UNION)
    options = options_from_dict(state["options"])
    union = DomainUnion(unpack_names(state["names_of"]), state["align_columns"], options)
    union.columns, union.sorts = [], []
    for column in join_arrays(state["columns"], arrays):
        check_state("a column of the union", column, _COLUMN)
        expect(column["kind"] == column["state"].get("kind"), "a column of two kinds")
        with naming_column(column["name"]):
            union.columns.append((column["name"], column_from_dict(column["state"], options)))
        union.sorts.append(column["sort"])
    union.layout = layout_of([column for _, column in union.columns])
    for place, packed in enumerate(domains):
        domain = _unpack_domain(packed, place, arrays)
        _check_domain(union, domain)
        union.domains[domain.name] = domain
    column = required(union.columns[DOMAIN_PLACE][1])
    of_states = required(column.plain).labels()
    expect(sorted(union.domains) == sorted(of_states), "domains and their names differ")
    return union


def _prefix(place: int) -> str:
    return f"domain{place}/"


def _pack_column(column: OwnColumn) -> dict[str, Any]:
    return {
        "place": column.place,
        "map": None if column.map is None else column.map.to_dict(),
        "how": column.how,
        "score": None if np.isnan(column.score) else float(column.score),
    }


def _unpack_column(packed: dict[str, Any]) -> OwnColumn:
    check_state("a domain's column", packed, _OWN_COLUMN)
    return OwnColumn(
        packed["place"],
        None if packed["map"] is None else map_from_dict(packed["map"]),
        packed["how"],
        np.nan if packed["score"] is None else packed["score"],
    )


def _unpack_domain(packed: dict[str, Any], place: int, arrays: Mapping[str, np.ndarray]) -> Domain:
    check_state("a domain", packed, _DOMAIN)
    prefix = _prefix(place)
    own = {name.removeprefix(prefix): arrays[name] for name in arrays if name.startswith(prefix)}
    transformer = TableTransformer.from_state(packed["table"], own)
    columns = tuple(map(_unpack_column, packed["columns"]))
    return Domain(packed["name"], transformer, columns, packed["n_rows"])


def _check_domain(union: DomainUnion, domain: Domain) -> None:
    """Raise unless a domain's columns can be where it says."""
    expect(domain.name not in union.domains, f"domain {domain.name!r} is there twice")
    expect(len(domain.columns) == len(domain.transformer.columns_), "a column without a place")
    expect(len(set(domain.places)) == len(domain.places), "two columns of a domain in one place")
    for name, column, own in domain.named():
        with naming_column(name):
            _check_place(union, column, own)


def _check_place(union: DomainUnion, column: ColumnTransformer, own: OwnColumn) -> None:
    if own.place < 0:
        expect(own.map is None, "a map to no place")
        return
    expect(DOMAIN_PLACE < own.place < len(union.columns), f"there is no place {own.place}")
    sort = union.sorts[own.place]
    expect(sort is not None and sort_of(column) == sort, "it is of another sort than its place")
    kind, wanted = ("categorical", StateMap) if sort == "category" else ("numeric", NumberMap)
    expect(isinstance(own.map, wanted), "its map is for another sort of column")
    expect(required(union.columns[own.place][1]).kind == kind, "its place is of another kind")


def pack_names(names_of: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return which columns are the same by the user's word as JSON."""
    return {
        name: [[domain, to_jsonable(own)] for domain, own in by_domain.items()]
        for name, by_domain in names_of.items()
    }


def unpack_names(packed: Mapping[str, list[Any]]) -> dict[str, dict[str, Any]]:
    """Rebuild from `pack_names`."""
    return {
        name: {domain: from_jsonable(own) for domain, own in pairs}
        for name, pairs in packed.items()
    }
