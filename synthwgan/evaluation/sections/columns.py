"""Columns one by one and two by two: shapes, trends, distances, missing cells and coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.distances import jensen_shannon, kl_divergence, wasserstein
from synthwgan.evaluation.measures import Measure, Section
from synthwgan.evaluation.sections.intervals import normal_interval
from synthwgan.evaluation.sections.sdmetrics_calls import quality_details, shape_table
from synthwgan.evaluation.sections.yardsticks import Pair, Readings, Yardsticks
from synthwgan.evaluation.tables import Column, Rows, Tables

TITLE = "Do columns and pairs look alike?"
N_REPEATS = (2, 5)
PAIRS_TO_REPEAT = 600
MAX_CROSSED = 24


def columns_section(tables: Tables, yardsticks: Yardsticks, rng: np.random.Generator) -> Section:
    """Compare columns, and pairs of columns, by sdmetrics' ``QualityReport`` and by distances.

    Shapes count against a flat table, because independent columns have perfect shapes; trends
    against independent columns; missing cells against a table that has none.

    Parameters
    ----------
    tables : Tables
    yardsticks : Yardsticks
    rng : Generator
        Draws the repeats.
    """
    crossed = _crossed(tables, rng)
    own, independent, ceiling = (
        _quality(getattr(yardsticks, name), crossed)
        for name in ("synthetic", "independent", "ceiling")
    )
    spread = _spread(yardsticks.synthetic, crossed, rng)
    flat = shape_table(yardsticks.flat.reference, yardsticks.flat.candidate)
    shapes = Readings(own, {"column_shapes": float(flat["Score"].mean())}, ceiling).measure(
        "column_shapes",
        "Column shapes",
        interval=normal_interval(own["shapes"], spread["shapes"]),
        meaning="How alike the distributions of single columns are (sdmetrics); floor: flat.",
    )
    trends = Readings(own, independent, ceiling).measure(
        "pair_trends",
        "Pair trends",
        interval=normal_interval(own["trends"], spread["trends"]),
        meaning="How alike the dependence between two columns is (sdmetrics).",
    )
    others = yardsticks.measure(_by_columns, "flat")
    details = {"Columns": column_table(tables, own["columns"]), "Pairs": _pair_table(own, ceiling)}
    measures = (shapes, *([trends] if len(tables.columns) > 1 else []), *_measures(tables, others))
    notes = [yardsticks.note]
    if len(crossed) < len(tables.columns):
        notes.append(f"Pairs of {len(crossed)} columns, drawn at random, are compared.")
    return Section("columns", TITLE, measures, details, tuple(notes))


def column_table(tables: Tables, shapes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return one row a column, the least alike first.

    Parameters
    ----------
    tables : Tables
    shapes : DataFrame or None, default None
        What sdmetrics says of each column.

    Returns
    -------
    DataFrame
        ``column``; ``kind``; ``shape``, sdmetrics' score (1 minus the Kolmogorov-Smirnov or
        total variation distance); ``kl`` in nats and ``js`` in bits; ``wasserstein`` in
        standard deviations of the real column; shares of missing cells; ``coverage`` of real
        categories or of the real range; ``unseen`` share of categories that no real row has.
    """
    scores = {} if shapes is None else dict(zip(shapes["Column"], shapes["Score"], strict=True))
    table = pd.DataFrame(
        [
            {
                "column": column.name,
                "kind": column.content.kind,
                "shape": float(scores.get(column.label, np.nan)),
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
    figures = {"kl": np.nan, "js": np.nan, "wasserstein": np.nan, "coverage": np.nan}
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
        **figures,
        "missing_real": float(absent[0].mean()),
        "missing_synthetic": float(absent[1].mean()),
        "unseen": float((made >= column.n_real_levels).mean()) if has_codes else np.nan,
    }


def _by_columns(reference: Rows, candidate: Rows) -> dict[str, float]:
    """Return the means over columns of their figures."""
    table = pd.DataFrame(
        [column_figures(column, reference, candidate) for column in reference.columns]
    )
    missing = (table["missing_real"] - table["missing_synthetic"]).abs()
    return {
        "missing": float(1 - missing.mean()),
        **table[["kl", "js", "wasserstein", "coverage"]].mean().to_dict(),
    }


def _measures(tables: Tables, others: Readings) -> list[Measure]:
    has_missing = any(tables.real.missing(column.name).any() for column in tables.columns)
    measures = [
        others.measure(
            "missing",
            "Missing cells",
            meaning="1 minus the mean difference of the columns' shares of missing cells.",
            counts=has_missing,
        ),
        others.measure(
            "coverage",
            "Coverage",
            meaning="Real categories that occur, and real ranges that are reached.",
            counts=False,
        ),
        others.measure(
            "js",
            "Jensen-Shannon",
            higher=False,
            meaning="Mean divergence of columns in bits; 0 is equal. Seen by shapes too.",
            form=".4f",
            counts=False,
        ),
        others.measure(
            "kl",
            "Kullback-Leibler",
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
                higher=False,
                meaning="Mean way that numbers have to move, in their standard deviations.",
                form=".4f",
                counts=False,
            )
        )
    return measures


def _quality(pair: Pair, crossed: list[Any]) -> dict[str, Any]:
    """Return sdmetrics' scores and tables: shapes of all columns, trends of the crossed ones."""
    details = quality_details(pair.reference.select(crossed), pair.candidate.select(crossed))
    if len(crossed) < len(pair.reference.columns):
        shapes = shape_table(pair.reference, pair.candidate)
        details |= {"columns": shapes, "shapes": float(shapes["Score"].mean())}
    return {**details, "column_shapes": details["shapes"], "pair_trends": details["trends"]}


def _spread(pair: Pair, crossed: list[Any], rng: np.random.Generator) -> dict[str, float]:
    """Return the standard deviations of the two scores over resampled synthetic rows.

    Their percentiles would miss the score itself: resampled rows differ more than fresh ones.
    """
    repeats = []
    n_pairs = len(crossed) * (len(crossed) - 1) // 2
    for _ in range(int(np.clip(PAIRS_TO_REPEAT // max(1, n_pairs), *N_REPEATS))):
        drawn = rng.integers(len(pair.candidate), size=len(pair.candidate))
        repeats.append(_quality(Pair(pair.reference, pair.candidate.take(drawn)), crossed))
    return {
        name: float(np.std([repeat[name] for repeat in repeats], ddof=1))
        for name in ("shapes", "trends")
    }


def _crossed(tables: Tables, rng: np.random.Generator) -> list[Any]:
    """Return the columns whose pairs are compared: all of them, or some drawn at random."""
    names = [column.name for column in tables.columns]
    if len(names) <= MAX_CROSSED:
        return names
    return [names[place] for place in rng.choice(len(names), size=MAX_CROSSED, replace=False)]


def _pair_table(own: dict[str, Any], ceiling: dict[str, Any]) -> pd.DataFrame:
    names = ["Column 1", "Column 2"]
    table = own["pairs"]
    if table.empty:
        return pd.DataFrame(columns=["column", "other", "trend", "ceiling"])
    table = table[[*names, "Score"]].merge(
        ceiling["pairs"][[*names, "Score"]], on=names, how="left", suffixes=("", " ceiling")
    )
    table.columns = ["column", "other", "trend", "ceiling"]
    return table.sort_values("trend", ignore_index=True)


def _range_coverage(real: np.ndarray, made: np.ndarray) -> float:
    """Return the share of the real range that the other numbers reach."""
    low, high = real.min(), real.max()
    if low == high:
        return float((made == low).any())
    reached = min(high, made.max()) - max(low, made.min())
    return float(max(0.0, reached / (high - low)))
