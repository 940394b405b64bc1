"""Cells that could exist: ranges, categories and keys."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import Column, Rows, Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.yardsticks import Readings, Yardsticks

TITLE = "Are the cells valid?"


def validity_section(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    """Ask whether cells and keys could be real ones.

    Numbers must lie in the real range, categories must be real ones, and cells may be missing only
    where the real column has gaps. The floor is a flat table.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Not used; all sections are called alike.
    """
    by_column = {
        column.name: valid_share(column, tables.real, tables.synthetic) for column in tables.columns
    }
    floor, ceiling = (
        _valid_cells(pair.reference, pair.candidate)
        for pair in (yardsticks.flat, yardsticks.ceiling)
    )
    own = {"valid_cells": float(np.mean(list(by_column.values())))}
    readings = Readings(own, (floor,), ceiling)
    cells = readings.measure(
        "valid_cells",
        "Valid cells",
        question="Could every cell be a real one?",
        meaning="Cells within the range or among the categories of the real table; floor: flat.",
    )
    table = pd.DataFrame({"column": list(by_column), "share": list(by_column.values())})
    return Section(
        "validity",
        TITLE,
        (cells, *_keys(tables), _dtypes(tables)),
        {"Cells by column": table.sort_values("share", kind="stable", ignore_index=True)},
        (yardsticks.note, *_dtype_notes(tables)),
    )


def valid_share(column: Column, reference: Rows, candidate: Rows) -> float:
    """Return the share of a column's cells that the reference could hold.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import Tables
    >>> from synthwgan.evaluation.sections.validity import valid_share
    >>> tables = Tables.of(pd.DataFrame({"a": [1, 5]}), pd.DataFrame({"a": [3, 6, None, 5]}))
    >>> valid_share(tables.columns[0], tables.real, tables.synthetic)
    0.5
    """
    known, cells = reference[column.name], candidate[column.name]
    missing, may_be_missing = candidate.missing(column.name), reference.missing(column.name).any()
    present = known[~reference.missing(column.name)]
    if not len(present):
        valid = np.zeros(len(cells), dtype=bool)
    elif column.is_number:
        valid = (cells >= present.min()) & (cells <= present.max())
    else:
        valid = np.isin(cells, present)
    return float(np.where(missing, may_be_missing, valid).mean())


def _valid_cells(reference: Rows, candidate: Rows) -> dict[str, float]:
    shares = [valid_share(column, reference, candidate) for column in reference.columns]
    return {"valid_cells": float(np.mean(shares))}


def _keys(tables: Tables) -> list[Measure]:
    # Personal data is an identifier that rows may share.
    keys = [pair for pair in tables.keys.values() if pd.Series(pair[0]).dropna().is_unique]
    if not keys:
        return []
    return [
        Measure(
            "unique_keys",
            "Unique keys",
            float(np.mean([unique_share(*pair) for pair in keys])),
            floor=0.0,
            ceiling=1.0,
            question="Is every key used only once?",
            meaning="Keys that no earlier row has; missing ones count where no real one is.",
        )
    ]


def unique_share(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Return the share of keys that no earlier row has.

    A missing key is no key, and no repeated one either, if real keys are missing too; if not, it
    counts as one that fails.

    Examples
    --------
    >>> from synthwgan.evaluation.sections.validity import unique_share
    >>> unique_share(["a", None, None], ["b", "c", None, None])
    1.0
    >>> unique_share(["a", "b", "c"], ["d", "d", None, "e"])
    0.5
    """
    known, keys = (pd.Series(part, dtype=object) for part in (real, synthetic))
    if known.isna().any():
        keys = keys.dropna()
    return float((keys.notna() & ~keys.duplicated()).mean()) if len(keys) else 0.0


def _dtypes(tables: Tables) -> Measure:
    return Measure(
        "same_dtypes",
        "Same dtypes",
        float((tables.dtypes["real"] == tables.dtypes["synthetic"]).mean()),
        meaning="Columns stored in the dtype of the real one; others may still hold equal values.",
        counts=False,
        question="Are columns stored in the same way?",
        aside="other dtypes may hold equal values",
    )


def _dtype_notes(tables: Tables) -> list[str]:
    other = tables.dtypes[tables.dtypes["real"] != tables.dtypes["synthetic"]]
    return [
        f"Column {row.column!r} is {row.synthetic}, and {row.real} in the real table."
        for row in other.head(5).itertuples()
    ]
