"""Rows that could exist: ranges, categories, keys and combinations."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.features import Bins
from synthwgan.evaluation.sections.sdmetrics_calls import diagnostic_details, key_uniqueness
from synthwgan.evaluation.sections.yardsticks import Readings, Yardsticks
from synthwgan.evaluation.tables import Rows, Tables

TITLE = "Are the rows valid?"
MAX_CROSSED = 30
_MAX_CELLS = 250_000


def validity_section(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    """Ask whether cells, keys and combinations of cells could be real ones.

    Cells are judged by sdmetrics' ``DiagnosticReport``: numbers must lie in the real range, and
    categories must be real ones. A row is possible if no two of its cells form a pair that no
    real row has.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Not used; all sections are called alike.
    """
    own, ceiling = (
        diagnostic_details(pair.reference, pair.candidate)
        for pair in (yardsticks.synthetic, yardsticks.ceiling)
    )
    cells = Readings(own, {"valid_cells": 0.0}, ceiling)
    measures = [
        cells.measure(
            "valid_cells",
            "Valid cells",
            meaning="Cells within the range or among the categories of the real table (sdmetrics).",
        )
    ]
    if 1 < len(tables.columns):
        rows = yardsticks.measure(possible_rows)
        measures.append(
            rows.measure(
                "possible_rows",
                "Possible rows",
                meaning="Rows without a pair of values that never occur together in a real row.",
            )
        )
    measures += _keys(tables)
    measures.append(_dtypes(tables))
    return Section(
        "validity",
        TITLE,
        tuple(measures),
        {"Cells by column": _cells(own["columns"])},
        (yardsticks.note, *_dtype_notes(tables)),
    )


def possible_rows(reference: Rows, candidate: Rows) -> dict[str, float]:
    """Return the share of rows without a pair of values that no reference row has.

    Numbers are compared in ten bins. Of more than 30 columns the first 30 are crossed.
    """
    names = [column.name for column in reference.columns[:MAX_CROSSED]]
    bins = Bins(reference.select(names))
    real, made = bins.codes(reference.select(names)), bins.codes(candidate.select(names))
    possible = np.ones(len(candidate), dtype=bool)
    for first, second in combinations(names, 2):
        width = 1 + max(int(codes[second].max()) for codes in (real, made))
        height = 1 + max(int(codes[first].max()) for codes in (real, made))
        if width * height <= _MAX_CELLS:
            known = np.zeros(width * height, dtype=bool)
            known[real[first] * width + real[second]] = True
            possible &= known[made[first] * width + made[second]]
    return {"possible_rows": float(possible.mean())}


def _cells(details: pd.DataFrame) -> pd.DataFrame:
    table = details[["Column", "Metric", "Score"]].sort_values("Score", kind="stable")
    return table.set_axis(["column", "metric", "share"], axis=1).reset_index(drop=True)


def _keys(tables: Tables) -> list[Measure]:
    # Personal data is an identifier that rows may share.
    keys = [pair for pair in tables.keys.values() if pd.Series(pair[0]).dropna().is_unique]
    if not keys:
        return []
    return [
        Measure(
            "unique_keys",
            "Unique keys",
            float(np.mean([key_uniqueness(*pair) for pair in keys])),
            floor=0.0,
            ceiling=1.0,
            meaning="Keys that no earlier row has (sdmetrics).",
        )
    ]


def _dtypes(tables: Tables) -> Measure:
    return Measure(
        "same_dtypes",
        "Same dtypes",
        float((tables.dtypes["real"] == tables.dtypes["synthetic"]).mean()),
        meaning="Columns stored in the dtype of the real one; others may still hold equal values.",
        counts=False,
    )


def _dtype_notes(tables: Tables) -> list[str]:
    other = tables.dtypes[tables.dtypes["real"] != tables.dtypes["synthetic"]]
    return [
        f"Column {row.column!r} is {row.synthetic}, and {row.real} in the real table."
        for row in other.head(5).itertuples()
    ]
