"""What sdmetrics measures, of plain rows: reproducible, silent, and loaded only when it is used."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.quality import forked_numpy_seed
from synthwgan.evaluation.tables import Rows

_TABLE = "table"


@contextmanager
def quiet_sdmetrics(seed: int = 0) -> Iterator[None]:
    """Seed and silence sdmetrics inside the block; say what to install if it is not there.

    Raises
    ------
    ImportError
        If sdmetrics is not installed.
    """
    try:
        import sdmetrics  # noqa: F401
    except ImportError as error:
        raise ImportError('This needs sdmetrics: pip install "synthwgan[report]"') from error
    with forked_numpy_seed(seed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def quality_details(reference: Rows, candidate: Rows) -> dict[str, pd.DataFrame | float]:
    """Run sdmetrics' QualityReport.

    Returns
    -------
    dict
        ``shapes`` and ``trends``, the scores of its two properties, and ``columns`` and
        ``pairs``, its figures column by column and pair by pair.
    """
    with quiet_sdmetrics():
        from sdmetrics.reports import QualityReport

        report = _generated(QualityReport(), reference, candidate)
        return {
            "shapes": _property(report, "Column Shapes"),
            "trends": _property(report, "Column Pair Trends"),
            "columns": report.get_details("Column Shapes"),
            "pairs": report.get_details("Column Pair Trends"),
        }


def shape_table(reference: Rows, candidate: Rows) -> pd.DataFrame:
    """Run what sdmetrics' QualityReport takes as column shapes, without looking at pairs.

    Returns
    -------
    DataFrame
        ``Column`` and ``Score``, NaN for a column without cells.
    """
    with quiet_sdmetrics():
        from sdmetrics.single_column import KSComplement, TVComplement

        frames = reference.sdmetrics_frame(), candidate.sdmetrics_frame()
        scores = []
        for column in reference.columns:
            metric = KSComplement if column.is_number else TVComplement
            pair = [frame[column.label] for frame in frames]
            has_cells = all(series.notna().any() for series in pair)
            scores.append(float(metric.compute(*pair)) if has_cells else np.nan)
    return pd.DataFrame({"Column": list(frames[0]), "Score": scores})


def diagnostic_details(reference: Rows, candidate: Rows) -> dict[str, pd.DataFrame | float]:
    """Run sdmetrics' DiagnosticReport.

    Returns
    -------
    dict
        ``valid_cells``, the score of that property, and ``columns``, its figures by column.
    """
    with quiet_sdmetrics():
        from sdmetrics.reports import DiagnosticReport

        report = _generated(DiagnosticReport(), reference, candidate)
        return {
            "valid_cells": _property(report, "Data Validity"),
            "columns": report.get_details("Data Validity"),
        }


def key_uniqueness(real: np.ndarray, synthetic: np.ndarray) -> float:
    """Return sdmetrics' KeyUniqueness: the share of keys that no earlier row has."""
    with quiet_sdmetrics():
        from sdmetrics.single_column import KeyUniqueness

        return float(KeyUniqueness.compute(*(pd.Series(keys) for keys in (real, synthetic))))


def logistic_detection(reference: np.ndarray, candidate: np.ndarray) -> float:
    """Return sdmetrics' LogisticDetection of points; 1 if they cannot be told apart, 0 if always.

    Points are given, and not the table, because sdmetrics refuses categories that only one of
    the tables has.
    """
    with quiet_sdmetrics():
        from sdmetrics.single_table import LogisticDetection

        frames = [pd.DataFrame(points).add_prefix("x") for points in (reference, candidate)]
        metadata = {"columns": {name: {"sdtype": "numerical"} for name in frames[0]}}
        return float(LogisticDetection.compute(*frames, metadata))


def _generated(report: Any, reference: Rows, candidate: Rows) -> Any:
    report.generate(
        {_TABLE: reference.sdmetrics_frame()},
        {_TABLE: candidate.sdmetrics_frame()},
        {"tables": {_TABLE: reference.sdmetrics_metadata()}},
        verbose=False,
    )
    return report


def _property(report: Any, name: str) -> float:
    properties = report.get_properties().set_index("Property")["Score"]
    return float(properties[name])
