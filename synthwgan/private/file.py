"""The file of a private model: particles and the ledger, nothing of the table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.io.model import PRIVATE, read_model, refusing, write_model
from synthwgan.parameters import Constraint, Number, OneOf, check_parameters
from synthwgan.private.columns import Column
from synthwgan.private.patterns import Identifiers
from synthwgan.private.rules import KeptRules
from synthwgan.private.written import stored_from_dict
from synthwgan.provenance import digest_of
from synthwgan.table.checks import (
    COUNT,
    FLAG,
    LIST,
    STATE,
    TEXT,
    Anything,
    ListOf,
    MappingOf,
    check_state,
    expect,
    optional,
)
from synthwgan.table.door import index_from_dict, index_to_dict
from synthwgan.table.frames import TableForm
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable

_CONTENT = {
    "parameters": STATE,
    "names": STATE,
    "columns": ListOf(STATE),
    "identifiers": ListOf(STATE),
    "n_rows": COUNT,
    "privacy": STATE,
    "form": STATE,
    "kept": STATE,
}
_KEPT = {"rules": STATE, "limits": ListOf(LIST)}
_COLUMN = {
    "name": Anything(),
    "stored": optional(STATE),
    "kind": OneOf(("number", "category")),
    "can_miss": FLAG,
    "labels": optional(LIST),
    "step": Number(0, open_low=True),
    "is_grid": FLAG,
}
_IDENTIFIER = {"name": Anything(), "stored": optional(STATE), "pattern": TEXT}
_WORDS = MappingOf(ListOf(TEXT))
_PRIVACY = {
    **dict.fromkeys(("epsilon", "delta", "spent_epsilon", "rho", "threshold_delta"), Number(0)),
    **dict.fromkeys(("accountant", "neighbours", "noise", "version"), TEXT),
    "unit": optional(TEXT),
    **dict.fromkeys(("max_rows_per_unit", "n_pairs", "n_dependent_pairs"), COUNT),
    "is_private": FLAG,
    "public": _WORDS,
    "bought": _WORDS,
    "rules": ListOf(TEXT),
    "ledger": ListOf(STATE),
}


@dataclass(frozen=True)
class PrivateState:
    """Everything that `PrivateSynthesizer.fit` leaves behind.

    Parameters
    ----------
    names : Index
        Of all columns, in their order.
    columns : list of Column
        Those that were measured.
    identifiers : list of Identifiers
        Those that are made of a pattern.
    logits : ndarray of shape (n_particles, n_slots)
        Of the particles.
    n_rows : int
        Noisy number of rows.
    privacy : dict
        What is promised, and the ledger.
    form : TableForm
        Of which library the table was, and what its columns were there.
    kept : KeptRules
        Declared rules, which all rows keep.
    """

    names: pd.Index
    columns: list[Column]
    identifiers: list[Identifiers]
    logits: np.ndarray
    n_rows: int
    privacy: dict[str, Any]
    form: TableForm
    kept: KeptRules


def save_private(path: str | os.PathLike, parameters: dict[str, Any], state: PrivateState) -> None:
    """Write parameters and fitted state; see `PrivateSynthesizer.save`."""
    content = {
        "kind": PRIVATE,
        "parameters": {name: to_jsonable(value) for name, value in parameters.items()},
        "names": index_to_dict(state.names),
        "columns": [_pack_column(column) for column in state.columns],
        "identifiers": [
            {"name": to_jsonable(one.name), "stored": one.stored.to_dict(), "pattern": one.pattern}
            for one in state.identifiers
        ],
        "n_rows": state.n_rows,
        "privacy": state.privacy,
        "form": state.form.to_dict(),
        "kept": state.kept.to_dict(),
    }
    write_model(path, content, _arrays(state.columns, state.logits))


def private_digest(columns: list[Column], logits: np.ndarray) -> str:
    """Return the digest of a model's arrays, which is the same once it is saved and loaded."""
    return digest_of(_arrays(columns, logits))


def _arrays(columns: list[Column], logits: np.ndarray) -> dict[str, np.ndarray]:
    arrays = {"logits": logits}
    for number, column in enumerate(columns):
        arrays[f"shares.{number}"] = column.shares
        arrays[f"slots.{number}"] = column.slots
        if column.edges is not None:
            arrays[f"edges.{number}"] = column.edges
    return arrays


def load_private(
    path: str | os.PathLike, constraints: Mapping[str, Constraint]
) -> tuple[dict[str, Any], PrivateState]:
    """Read what `save_private` wrote; see `PrivateSynthesizer.load`."""
    content, arrays = read_model(path, PRIVATE, _CONTENT)
    with refusing(path):
        check_state("its parameters", content["parameters"], dict.fromkeys(constraints, Anything()))
        parameters = {name: from_jsonable(value) for name, value in content["parameters"].items()}
        check_parameters(parameters, constraints)
        check_state("what it promises", content["privacy"], _PRIVACY)
        columns = [
            _unpack_column(column, arrays, number)
            for number, column in enumerate(content["columns"])
        ]
        identifiers = [_unpack_identifiers(one) for one in content["identifiers"]]
        names = index_from_dict(content["names"])
        kept = _unpack_rules(content["kept"], columns)
        made = [column.name for column in columns] + [one.name for one in identifiers]
        made += [rule.target for rule in kept.computed]
        expect(sorted(map(str, made)) == sorted(map(str, names)), "its columns are others")
        logits = arrays.get("logits")
        n_slots = sum(column.n_slots for column in columns)
        expect(
            logits is not None
            and logits.dtype == np.float32
            and logits.ndim == 2
            and len(logits) > 0
            and logits.shape[1] == n_slots,
            "its particles are of another table",
        )
        form = TableForm.from_dict(content["form"])
        n_rows, privacy = content["n_rows"], content["privacy"]
        state = PrivateState(names, columns, identifiers, logits, n_rows, privacy, form, kept)
    return parameters, state


def _pack_column(column: Column) -> dict[str, Any]:
    return {
        "name": to_jsonable(column.name),
        "stored": column.stored.to_dict(),
        "kind": column.kind,
        "can_miss": column.can_miss,
        "labels": None if column.labels is None else [to_jsonable(one) for one in column.labels],
        "step": column.step,
        "is_grid": column.is_grid,
    }


def _unpack_column(state: dict[str, Any], arrays: Mapping[str, np.ndarray], number: int) -> Column:
    check_state("a column", state, _COLUMN)
    labels, edges = state["labels"], arrays.get(f"edges.{number}")
    expect((labels is None) == (edges is not None), "a column has no cells")
    if edges is not None:
        expect(edges.dtype == np.float64 and (np.diff(edges) > 0).all(), "edges are not in order")
    column = Column(
        name=from_jsonable(state["name"]),
        stored=stored_from_dict(state["stored"]),
        kind=state["kind"],
        can_miss=state["can_miss"],
        labels=None if labels is None else [from_jsonable(label) for label in labels],
        edges=edges,
        step=state["step"],
        is_grid=state["is_grid"],
        shares=arrays.get(f"shares.{number}"),
        slots=arrays.get(f"slots.{number}"),
    )
    for array in (column.shares, column.slots):
        expect(array is not None and array.shape == (column.n_cells,), "cells are missing")
    expect((column.shares >= 0).all(), "a share is negative")
    expect(column.slots.dtype == np.int64, "slots are no whole numbers")
    found = np.unique(column.slots)
    expect((found == np.arange(len(found))).all(), "slots are not numbered")
    return column


def _unpack_identifiers(state: dict[str, Any]) -> Identifiers:
    check_state("an identifier", state, _IDENTIFIER)
    return Identifiers(
        from_jsonable(state["name"]), state["pattern"], stored_from_dict(state["stored"])
    )


def _unpack_rules(state: dict[str, Any], columns: list[Column]) -> KeptRules:
    check_state("its rules", state, _KEPT)
    kept = KeptRules.from_dict(state)
    known = {column.name: column.edges is not None for column in columns}
    for rule in kept.computed:
        expect(known.keys() >= set(rule.sources), f"rule '{rule}' computes from no column")
        known[rule.target] = False
    for rule in kept.others:
        expect(known.keys() >= set(rule.columns), f"rule '{rule}' names no column")
    are_numbers = all(known[name] for name in kept.limits)
    expect(are_numbers, "an ordered column has no numbers")
    return kept
