"""A target given apart from the table becomes its last column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.frames import as_frame, take_column

DEFAULT_NAME = "target"


def target_name(y: Any) -> Any:
    """Name of the target's column: a Series keeps its own, else it is ``"target"``."""
    name = getattr(y, "name", None)
    # In polars, what has no name has an empty one.
    return DEFAULT_NAME if name is None or isinstance(name, str) and not name else name


def with_target(X: Any, y: Any, name: Any = DEFAULT_NAME) -> Any:
    """Return the table with the target as its last column; without a target, the table.

    Parameters
    ----------
    X : frame of any library, or array-like, of shape (n_rows, n_columns)
        The table; it is not written to.
    y : Series of any library, or array-like, of shape (n_rows,), or None
        The target.
    name : hashable, default "target"
        Name of the target's column in a DataFrame.

    Returns
    -------
    DataFrame or array
        A frame of pandas, if `X` is a frame.

    Raises
    ------
    ValueError
        If the lengths differ, `y` is no single column, or `X` has a column of that name.
    """
    X = as_frame(X)
    if y is None:
        return X
    y = take_column(y)[0]
    y_values = y if isinstance(y, pd.Series) else np.asarray(y)
    if y_values.ndim != 1:
        raise ValueError(f"y must be one column, got shape {y_values.shape}; put others into X")
    if not isinstance(X, pd.DataFrame):
        from sklearn.utils import check_array

        X = check_array(X, dtype=None, ensure_all_finite=False)
    if isinstance(X, pd.DataFrame) and _are_column_names(y_values, X):
        raise ValueError(
            f"y is the target's values, got column names {list(y_values)}; kinds of columns are "
            "inferred, or given as column_kinds={'name': 'categorical'}"
        )
    if len(y_values) != len(X):
        raise ValueError(f"X has {len(X)} rows, but y has {len(y_values)}; they must be the same")
    if not isinstance(X, pd.DataFrame):
        return _beside(X, np.asarray(y_values))
    if name in X.columns:
        raise ValueError(f"X already has a column {name!r}; leave y out, or rename one of them")
    target = pd.Series(y_values).set_axis(X.index).rename(name)
    return pd.concat([X, target], axis=1)


def _beside(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Stack an array and a column; numbers beside text stay numbers, in an object array."""
    numbers = "biufc"
    if (X.dtype.kind in numbers) != (y.dtype.kind in numbers):
        X, y = X.astype(object), y.astype(object)
    return np.column_stack([X, y])


def _are_column_names(y_values: Any, X: pd.DataFrame) -> bool:
    """Whether `y` lists columns of `X`, as the discrete columns of other packages."""
    if not 0 < len(y_values) < len(X):
        return False
    return all(isinstance(value, str) and value in X.columns for value in y_values)
