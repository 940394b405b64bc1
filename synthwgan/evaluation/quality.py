"""One quality score for a synthetic table, computed by sdmetrics (an optional dependency)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.evaluation.inputs import check_same_columns
from synthwgan.evaluation.plain import Content, as_floats, as_moments, content_of
from synthwgan.table.forms.base import Form
from synthwgan.table.forms.textdates import TextDate
from synthwgan.table.frames import as_named_frame
from synthwgan.table.schema import COLUMN_CLASSES

_TABLE = "table"


@dataclass(frozen=True)
class QualityScore:
    """How close a synthetic table is to the real one; every part is in [0, 1], 1 is best.

    Parameters
    ----------
    overall : float
        Mean of the two parts.
    column_shapes : float
        Likeness of the single columns' distributions.
    column_pair_trends : float
        Likeness of the dependence between columns; NaN for a table of one column.

    Examples
    --------
    >>> from synthwgan.evaluation import QualityScore
    >>> str(QualityScore(overall=0.95, column_shapes=0.97, column_pair_trends=0.93))
    'quality 95.0 % (column shapes 97.0 %, column pair trends 93.0 %)'
    """

    overall: float
    column_shapes: float
    column_pair_trends: float

    def __str__(self) -> str:
        """Return the three scores on one line, in per cent."""
        return (
            f"quality {_percent(self.overall)} (column shapes {_percent(self.column_shapes)}, "
            f"column pair trends {_percent(self.column_pair_trends)})"
        )


def quality_score(
    real: Any,
    synthetic: Any,
    *,
    metadata: Mapping[str, Any] | None = None,
) -> QualityScore:
    """Score a synthetic table against the real one with sdmetrics' ``QualityReport``.

    Parameters
    ----------
    real : DataFrame of any library or array, of shape (n_real, n_columns)
        The real table. Any dtype is accepted; columns are brought to plain forms first.
    synthetic : DataFrame of any library or array, of shape (n_synthetic, n_columns)
        A synthetic table with the same columns, in any order.
    metadata : mapping, default=None
        Single-table metadata as sdmetrics knows it. By default `sdmetrics_metadata`
        infers it from `real`.

    Returns
    -------
    QualityScore
        Overall score, column shapes and column pair trends.

    Raises
    ------
    ImportError
        If sdmetrics is not installed.
    ValueError
        If the two tables do not have the same columns, or one of them is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import quality_score
    >>> real = pd.DataFrame({"age": [20, 30, 40] * 10, "city": ["a", "b", "b"] * 10})
    >>> quality_score(real, real).overall  # doctest: +SKIP
    1.0
    >>> quality_score(real, real[["age"]])
    Traceback (most recent call last):
        ...
    ValueError: The synthetic table lacks the columns ['city'].
    """
    real, synthetic = as_named_frame(real), as_named_frame(synthetic)
    check_same_columns(real, synthetic)
    report_class = _quality_report_class()
    metadata = sdmetrics_metadata(real) if metadata is None else _with_text_names(metadata)
    written = {str(name): content_of(real[name]).written for name in real.columns}
    report = report_class()
    with forked_numpy_seed(0), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report.generate(
            {_TABLE: _plain_frame(real, metadata, written)},
            {_TABLE: _plain_frame(synthetic, metadata, written)},
            {"tables": {_TABLE: metadata}},
            verbose=False,
        )
        parts = report.get_properties().set_index("Property")["Score"]
        return QualityScore(
            overall=float(report.get_score()),
            column_shapes=float(parts["Column Shapes"]),
            column_pair_trends=float(parts["Column Pair Trends"]),
        )


def sdmetrics_metadata(frame: Any) -> dict[str, Any]:
    """Describe a table in the form that sdmetrics asks for.

    Kinds are those of the schema: numbers and durations are ``numerical``, dates ``datetime``,
    also as text in one form; identifiers ``id``, which sdmetrics leaves out of its scores;
    everything else ``categorical``.

    Parameters
    ----------
    frame : DataFrame of any library or array, of shape (n_rows, n_columns)
        The real table.

    Returns
    -------
    dict
        Single-table metadata: ``{"columns": {name: {"sdtype": ...}}}``.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.evaluation import sdmetrics_metadata
    >>> sdmetrics_metadata(pd.DataFrame({"age": [20, 30], "since": ["2020-01-31", None]}))
    {'columns': {'age': {'sdtype': 'numerical'}, 'since': {'sdtype': 'datetime', \
'datetime_format': '%Y-%m-%d'}}}
    """
    frame = as_named_frame(frame)
    return {"columns": {str(name): _column_metadata(frame[name]) for name in frame.columns}}


@contextmanager
def forked_numpy_seed(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator inside the block only.

    sdmetrics draws its subsamples and folds from the global generator. Inside the block its
    figures are reproducible, and after it the caller's random numbers go on undisturbed.

    Parameters
    ----------
    seed : int
        Seed used inside the block.
    """
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


def _percent(score: float) -> str:
    return "n/a" if math.isnan(score) else f"{100 * score:.1f} %"


def _quality_report_class() -> type:
    try:
        from sdmetrics.reports import QualityReport
    except ImportError as error:
        raise ImportError(
            'The quality score needs sdmetrics: pip install "synthwgan[report]"'
        ) from error
    return QualityReport


def _with_text_names(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"columns": {str(name): dict(entry) for name, entry in metadata["columns"].items()}}


def _column_metadata(column: pd.Series) -> dict[str, str]:
    content = content_of(column)
    sdtype = COLUMN_CLASSES[content.kind].sdtype
    if sdtype == "categorical" and content.form == "truth":
        is_category = isinstance(column.dtype, pd.CategoricalDtype)
        return {"sdtype": "categorical" if is_category else "boolean"}
    metadata = {"sdtype": sdtype}
    if isinstance(content.written, TextDate):
        metadata["datetime_format"] = content.written.strptime
    return metadata


def _plain_frame(
    frame: pd.DataFrame, metadata: Mapping[str, Any], written: Mapping[str, Form | None]
) -> pd.DataFrame:
    plain = {str(name): frame[name].reset_index(drop=True) for name in frame.columns}
    return pd.DataFrame(
        {
            name: _plain(plain[name], entry, written[name])
            for name, entry in metadata["columns"].items()
        }
    )


def _plain(column: pd.Series, entry: Mapping[str, str], written: Form | None) -> pd.Series:
    if entry["sdtype"] == "numerical":
        return pd.Series(as_floats(column, Content("numeric", "number", written)))
    if entry["sdtype"] == "datetime":
        return as_moments(column, written, entry.get("datetime_format"))
    return column.astype(object).map(str, na_action="ignore").where(column.notna(), None)
