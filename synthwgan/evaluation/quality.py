"""One quality score for a synthetic table, computed by sdmetrics (an optional dependency)."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

_SDTYPE_BY_CONTENT = {
    "boolean": "boolean",
    "integer": "numerical",
    "floating": "numerical",
    "mixed-integer-float": "numerical",
    "decimal": "numerical",
    "timedelta": "numerical",
    "date": "datetime",
    "datetime": "datetime",
    "period": "datetime",
}
_ISO_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
)
_ISO_START = re.compile(r"\d{4}-\d{2}-\d{2}")
_KEY_NAME = re.compile(r"(?i:(^|[\s_.-])(id|key|uuid|guid)$)|[a-z](Id|ID|Key|Uuid|UUID)$")
_MIN_KEY_ROWS = 20
_TABLE = "table"
_SNIFFED_ROWS = 10_000


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
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    *,
    metadata: Mapping[str, Any] | None = None,
) -> QualityScore:
    """Score a synthetic table against the real one with sdmetrics' ``QualityReport``.

    Parameters
    ----------
    real : DataFrame of shape (n_real, n_columns)
        The real table. Any dtype is accepted; columns are brought to plain forms first.
    synthetic : DataFrame of shape (n_synthetic, n_columns)
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
    _check_same_columns(real, synthetic)
    report_class = _quality_report_class()
    metadata = sdmetrics_metadata(real) if metadata is None else _with_text_names(metadata)
    report = report_class()
    with forked_numpy_seed(0), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report.generate(
            {_TABLE: _plain_frame(real, metadata)},
            {_TABLE: _plain_frame(synthetic, metadata)},
            {"tables": {_TABLE: metadata}},
            verbose=False,
        )
        parts = report.get_properties().set_index("Property")["Score"]
        return QualityScore(
            overall=float(report.get_score()),
            column_shapes=float(parts["Column Shapes"]),
            column_pair_trends=float(parts["Column Pair Trends"]),
        )


def sdmetrics_metadata(frame: pd.DataFrame) -> dict[str, Any]:
    """Describe a table in the form that sdmetrics asks for.

    Numbers and durations are ``numerical``; dates, also as ISO strings, ``datetime``; keys (no
    two values alike, and texts, row numbers, or integers named as a key) ``id``, which
    sdmetrics leaves out of its scores; everything else ``categorical``.

    Parameters
    ----------
    frame : DataFrame of shape (n_rows, n_columns)
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


def _check_same_columns(real: pd.DataFrame, synthetic: pd.DataFrame) -> None:
    if not (isinstance(real, pd.DataFrame) and isinstance(synthetic, pd.DataFrame)):
        raise TypeError("Both tables must be DataFrames; wrap arrays in pd.DataFrame.")
    lacking = [name for name in real.columns if name not in synthetic.columns]
    unknown = [name for name in synthetic.columns if name not in real.columns]
    if lacking:
        raise ValueError(f"The synthetic table lacks the columns {lacking}.")
    if unknown:
        raise ValueError(f"The synthetic table has columns that the real one lacks: {unknown}.")
    if real.empty or synthetic.empty:
        raise ValueError("Both tables need at least one row and one column.")


def _with_text_names(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"columns": {str(name): dict(entry) for name, entry in metadata["columns"].items()}}


def _column_metadata(column: pd.Series) -> dict[str, str]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return {"sdtype": "categorical"}
    values = column.dropna()
    content = _content(values)
    if _looks_like_key(str(column.name), values, content, len(column)):
        return {"sdtype": "id"}
    if content == "string":
        return _text_metadata(values)
    return {"sdtype": _SDTYPE_BY_CONTENT.get(content, "categorical")}


def _content(values: pd.Series) -> str:
    """Return what the values are, whatever dtype holds them."""
    sniffed = values.head(_SNIFFED_ROWS).astype(object)
    return pd.api.types.infer_dtype(sniffed, skipna=True).removesuffix("64")


def _text_metadata(values: pd.Series) -> dict[str, str]:
    texts = values.astype(object)
    if _ISO_START.match(texts.iloc[0]):
        for pattern in _ISO_FORMATS:
            if pd.to_datetime(texts, format=pattern, errors="coerce").notna().all():
                return {"sdtype": "datetime", "datetime_format": pattern}
    return {"sdtype": "categorical"}


def _looks_like_key(name: str, values: pd.Series, content: str, n_rows: int) -> bool:
    if content not in ("string", "integer") or len(values) < max(n_rows, _MIN_KEY_ROWS):
        return False
    if not values.is_unique:
        return False
    if content == "string" or _KEY_NAME.search(name):
        return True
    numbers = values.astype("int64")
    return numbers.iloc[0] in (0, 1) and bool((numbers.diff().iloc[1:] == 1).all())


def _plain_frame(frame: pd.DataFrame, metadata: Mapping[str, Any]) -> pd.DataFrame:
    plain = {str(name): frame[name].reset_index(drop=True) for name in frame.columns}
    columns = metadata["columns"]
    return pd.DataFrame({name: _plain(plain[name], columns[name]) for name in columns})


def _plain(column: pd.Series, entry: Mapping[str, str]) -> pd.Series:
    if entry["sdtype"] == "numerical":
        return _as_float(column)
    if entry["sdtype"] == "datetime":
        return _as_datetime(column, entry.get("datetime_format"))
    return column.astype(object).map(str, na_action="ignore").where(column.notna(), None)


def _as_float(column: pd.Series) -> pd.Series:
    if _content(column.dropna()) == "timedelta":
        return pd.to_timedelta(column.astype(object)).dt.total_seconds()
    if not pd.api.types.is_numeric_dtype(column.dtype):
        column = pd.to_numeric(column.astype(object), errors="coerce")
    values = column.to_numpy(dtype="float64", na_value=np.nan)
    # sdmetrics cannot bin infinities.
    return pd.Series(np.where(np.isinf(values), np.nan, values))


def _as_datetime(column: pd.Series, pattern: str | None) -> pd.Series:
    if isinstance(column.dtype, pd.PeriodDtype):
        return column.dt.to_timestamp()
    if not isinstance(column.dtype, np.dtype) or column.dtype.kind != "M":
        column = column.astype(object)
    moments = pd.to_datetime(column, format=pattern, errors="coerce", utc=True)
    return moments.dt.tz_localize(None)
