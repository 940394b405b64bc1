"""Columns one by one: shapes, distances, missing cells and coverage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from synthwgan.evaluation.distances import jensen_shannon, kl_divergence, wasserstein
from synthwgan.evaluation.inputs import Column, Rows, Tables
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.accuracy import accuracy_measures
from synthwgan.evaluation.sections.features import MAX_TREE_LEVELS, places
from synthwgan.evaluation.sections.intervals import normal_interval
from synthwgan.evaluation.sections.yardsticks import Readings, Yardsticks

TITLE = "Do columns look alike, one by one?"
N_REPEATS = 5
_HALF_MISSING = 0.5
_SEEN = "column shapes sees the same"


def columns_section(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    """Compare the columns one by one; the floor is a flat table, as independent ones are perfect.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Draws the repeats.
    """
    readings = yardsticks.measure(_by_columns, "flat")
    spread = _spread(yardsticks, rng)
    has_missing = any(tables.real.missing(column.name).any() for column in tables.columns)
    measures = (
        readings.measure(
            "column_shapes",
            "Column shapes",
            interval=normal_interval(readings.synthetic["column_shapes"], spread["column_shapes"]),
            question="Do values occur as often as in the real table?",
            meaning="1 minus the mean distance of the columns' distributions, by Kolmogorov and "
            "Smirnov of numbers, total variation of categories; floor: flat.",
        ),
        _with_wrong_floor(
            readings.measure(
                "missing",
                "Missing cells",
                interval=normal_interval(readings.synthetic["missing"], spread["missing"]),
                meaning="1 minus the mean difference of the columns' shares of missing cells; "
                "floor: none, or half of all where hardly any cell, or all of a column, are "
                "missing.",
                counts=has_missing,
                question="Are as many cells empty?",
                aside="no cell of the real table is missing",
            )
        ),
        *_shown(tables, readings),
        *accuracy_measures(yardsticks, 1, rng),
    )
    details = {"Columns": column_table(tables)}
    return Section("columns", TITLE, measures, details, (yardsticks.note,))


def _with_wrong_floor(missing: Measure) -> Measure:
    """Return the measure of missing cells with a floor that is clearly wrong.

    Where hardly a cell is missing, a table without any is nearly right; where whole columns are,
    the flat table leaves them so.
    """
    is_done = missing.is_scored or not missing.counts
    return missing if is_done else replace(missing, floor=_HALF_MISSING)


def column_table(tables: Tables) -> pd.DataFrame:
    """Return one row a column, the least alike first.

    Parameters
    ----------
    tables : Tables

    Returns
    -------
    DataFrame
        ``column``; ``kind``; ``shape``, see `shape`; ``kl`` in nats and ``js`` in bits;
        ``wasserstein`` in standard deviations of the real column; shares of missing cells;
        ``coverage`` of real categories or of the real range; ``unseen`` share of categories that
        no real row has.
    """
    table = pd.DataFrame(
        [
            {
                "column": column.name,
                "kind": column.content.kind,
                **column_figures(column, tables.real, tables.synthetic),
            }
            for column in tables.columns
        ]
    )
    return table.sort_values("js", ascending=False, ignore_index=True)


def column_figures(column: Column, reference: Rows, candidate: Rows) -> dict[str, float]:
    """Return distances between one column of two tables, missing shares and coverage."""
    absent = [rows.missing(column.name) for rows in (reference, candidate)]
    real, made = (
        rows[column.name][~missing]
        for rows, missing in zip((reference, candidate), absent, strict=True)
    )
    has_codes = len(made) > 0 and not column.is_number
    # If the synthetic column has no cell left, its distance is the largest possible.
    lost = 1.0 if len(real) else np.nan
    figures = {"kl": np.nan, "js": lost, "wasserstein": np.nan, "coverage": 1 - lost}
    if len(real) and len(made):
        pair = (real, made) if column.is_number else (real.astype(object), made.astype(object))
        scale = (real.std() or 1.0) if column.is_number else 1.0
        figures = {
            "kl": kl_divergence(*pair),
            "js": jensen_shannon(*pair),
            "wasserstein": wasserstein(real, made) / scale if column.is_number else np.nan,
            "coverage": _range_coverage(real, made)
            if column.is_number
            else float(np.isin(np.unique(real), made).mean()),
        }
    return {
        "shape": shape(column, reference, candidate),
        **figures,
        "missing_real": float(absent[0].mean()),
        "missing_synthetic": float(absent[1].mean()),
        "unseen": float((made >= column.n_real_levels).mean()) if has_codes else np.nan,
    }


def shape(column: Column, reference: Rows, candidate: Rows) -> float:
    """Return 1 minus the distance of a column's distributions: 1 is equal, 0 has nothing in common.

    Of numbers it is the distance of Kolmogorov and Smirnov, of categories total variation, with
    the rare categories as one; both of the cells that are there. NaN if neither table has any,
    or all categories are rare.
    """
    cells = [rows[column.name][~rows.missing(column.name)] for rows in (reference, candidate)]
    if not any(map(len, cells)) or (column.sparse and not column.n_common_levels):
        return np.nan
    if not all(map(len, cells)):
        return 0.0
    if not column.is_number:
        codes = [places(column, part, MAX_TREE_LEVELS) for part in cells]
        shares = [np.bincount(part, minlength=MAX_TREE_LEVELS + 2) / len(part) for part in codes]
        return float(1 - np.abs(shares[0] - shares[1]).sum() / 2)
    grid = np.concatenate(cells)
    below = [np.searchsorted(np.sort(part), grid, side="right") / len(part) for part in cells]
    return float(1 - np.abs(below[0] - below[1]).max())


def _by_columns(reference: Rows, candidate: Rows) -> dict[str, float]:
    """Return the means over columns of their figures."""
    table = pd.DataFrame(
        [column_figures(column, reference, candidate) for column in reference.columns]
    )
    names = ["kl", "js", "wasserstein", "coverage"]
    return {**_scored(reference, candidate), **table[names].mean().to_dict()}


def _scored(reference: Rows, candidate: Rows) -> dict[str, float]:
    """Return the figures that count: mean shape, and missing cells of columns that have some."""
    shapes = [shape(column, reference, candidate) for column in reference.columns]
    absent = np.array(
        [
            [rows.missing(column.name).mean() for column in reference.columns]
            for rows in (reference, candidate)
        ]
    )
    gaps = np.abs(absent[0] - absent[1])[absent.any(axis=0)]
    finite = np.isfinite(shapes)
    return {
        "column_shapes": float(np.mean(np.array(shapes)[finite])) if finite.any() else np.nan,
        "missing": float(1 - gaps.mean()) if len(gaps) else 1.0,
    }


def _spread(yardsticks: Yardsticks, rng: np.random.Generator) -> dict[str, float]:
    """Return the standard deviations of the figures that count, over resampled synthetic rows.

    Their percentiles would miss the figure itself: resampled rows differ more than fresh ones.
    """
    reference, candidate = yardsticks.synthetic.reference, yardsticks.synthetic.candidate
    repeats = pd.DataFrame(
        [
            _scored(reference, candidate.take(rng.integers(len(candidate), size=len(candidate))))
            for _ in range(N_REPEATS)
        ]
    )
    return repeats.std().to_dict()


def _shown(tables: Tables, others: Readings) -> list[Measure]:
    measures = [
        others.measure(
            "coverage",
            "Coverage",
            question="Does every kind of value occur?",
            aside=_SEEN,
            meaning="Real categories that occur, and real ranges that are reached.",
            counts=False,
        ),
        others.measure(
            "js",
            "Jensen-Shannon",
            question="How far apart are the distributions?",
            aside=_SEEN,
            higher=False,
            meaning="Mean divergence of columns in bits; 0 is equal.",
            form=".4f",
            counts=False,
        ),
        others.measure(
            "kl",
            "Kullback-Leibler",
            question="How surprising are real values to who knows the synthetic ones?",
            aside=_SEEN,
            higher=False,
            meaning="Mean divergence of columns, real from synthetic, in nats; 0 is equal.",
            form=".4f",
            counts=False,
        ),
    ]
    if any(column.is_number for column in tables.columns):
        measures.append(
            others.measure(
                "wasserstein",
                "Wasserstein",
                question="How far would numbers have to move?",
                aside=_SEEN,
                higher=False,
                meaning="Mean way that numbers have to move, in their standard deviations.",
                form=".4f",
                counts=False,
            )
        )
    return measures


def _range_coverage(real: np.ndarray, made: np.ndarray) -> float:
    """Return the share of the real range that the other numbers reach."""
    low, high = real.min(), real.max()
    if low == high:
        return float((made == low).any())
    reached = min(high, made.max()) - max(low, made.min())
    return float(max(0.0, reached / (high - low)))
