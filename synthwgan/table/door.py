"""The one door for data: what a user passes becomes a frame with known columns, or an error."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthwgan.parameters import Either
from synthwgan.table.checks import (
    FLAG,
    LIST,
    STATE,
    TEXT,
    Anything,
    ListOf,
    check_state,
    expect,
)
from synthwgan.table.frames import as_frame
from synthwgan.table.storage.dtypes import index_of, items_of
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
from synthwgan.table.storage.physical import refuse_nul
from synthwgan.warn import warn

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

SHOWN = 10
_INDEX_FIELDS = {
    "names": LIST,
    "levels": ListOf(Anything(), min_length=1),
    "multi": FLAG,
    "dtype": Either((TEXT, STATE)),
}


@contextmanager
def naming_column(name: Any) -> Iterator[None]:
    """Put the column's name on errors that its handling raises."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if len(error.args) == 1 and isinstance(error.args[0], str):
            error.args = (f"column {name!r}: {error.args[0]}",)
        raise


def enter(estimator: BaseEstimator, X: Any, reset: bool) -> pd.DataFrame:
    """Return the user's table as a frame and do scikit-learn's checks of names and shape.

    Parameters
    ----------
    estimator : BaseEstimator
        Gets ``n_features_in_`` and ``feature_names_in_`` if `reset`, else has them.
    X : frame of any library, or 2-D array-like
        See `synthwgan.table.frames.take`.
    reset : bool
        Whether this is ``fit``.

    Raises
    ------
    TypeError
        If it is no table.
    ValueError
        If the table has no columns, too few rows, a name twice, or (unless `reset`) other
        columns than the fitted ones.
    """
    # Late: scikit-learn takes as long to import as everything else that rules need.
    from sklearn.utils.validation import validate_data

    X = as_frame(X)
    if X is None or type(X) is dict or _is_records(X):
        raise TypeError(
            f"a table must be a DataFrame or a 2-D array, got {_in_words(X)}: build one with "
            "pd.DataFrame"
        )
    if not isinstance(X, pd.DataFrame):
        array = validate_data(
            estimator,
            X,
            reset=reset,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=2 if reset else 1,
        )
        return pd.DataFrame(array)
    _check_shape(X, 2 if reset else 0)
    _check_unique(X.columns)
    if all(isinstance(name, str) for name in X.columns):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
    elif reset:
        estimator.n_features_in_ = X.shape[1]
        vars(estimator).pop("feature_names_in_", None)
    else:
        check_same_names(list(X.columns), list(estimator.column_index_))
    return X


def _is_records(X: Any) -> bool:
    """Whether it is a list of rows by name, or of nothing."""
    return isinstance(X, list) and (not X or isinstance(X[0], Mapping))


def _in_words(X: Any) -> str:
    if isinstance(X, list):
        return "a list of dicts" if X else "an empty list"
    return type(X).__name__


def _check_shape(X: pd.DataFrame, min_rows: int) -> None:
    n_rows, n_columns = X.shape
    if n_columns == 0:
        raise ValueError(
            f"Found a table with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required."
        )
    if n_rows < min_rows:
        raise ValueError(
            f"Found a table with {n_rows} sample(s) (shape={X.shape}) while a minimum of "
            f"{min_rows} is required."
        )


def _check_unique(columns: pd.Index) -> None:
    refuse_nul(columns)
    if not columns.is_unique:
        repeated = list(columns[columns.duplicated()].unique()[:SHOWN])
        raise ValueError(f"column names occur more than once: {repeated}; rename the columns")


def select(X: Any, names: pd.Index, n_columns: int) -> pd.DataFrame:
    """Return the named columns of a table in their order; of an array, all columns.

    Raises
    ------
    ValueError
        If a column is missing, or an array has another number of columns.
    """
    X = as_frame(X)
    if not isinstance(X, pd.DataFrame):
        X = pd.DataFrame(np.asarray(X))
        if X.shape[1] == n_columns:
            return X
        raise ValueError(f"X has {X.shape[1]} columns, but the table fitted had {n_columns}")
    _check_unique(X.columns)
    positions = X.columns.get_indexer(names)
    if (positions < 0).any():
        check_same_names(list(X.columns), list(names))
    in_place = np.array_equal(positions, np.arange(X.shape[1]))
    return X if in_place else X.iloc[:, positions]


def with_fitted_names(transformer: Any, X: Any) -> pd.DataFrame:
    """Return a table, of which columns may be absent, as a frame; an array must have them all.

    Raises
    ------
    ValueError
        If an array has another number of columns, or a column name occurs twice.
    """
    n_columns = len(transformer.columns_)
    X = as_frame(X)
    if not isinstance(X, pd.DataFrame):
        return select(X, transformer.column_index_, n_columns)
    _check_unique(X.columns)
    if transformer.array_dtype_ is not None and X.shape[1] == n_columns:
        return X.set_axis(range(n_columns), axis=1)
    return X


def known_places(fitted: pd.Index, names: list[Any], where: str) -> list[int]:
    """Return the places of fitted columns.

    Raises
    ------
    ValueError
        If a name is none of them; ``where`` says in words where it stands.
    """
    places = {key: place for place, key in enumerate(map(_key, fitted))}
    for name in names:
        if _key(name) not in places:
            raise ValueError(
                f"{where} name {name!r}, which is no column; {column_hint(name, fitted)}"
            )
    return [places[_key(name)] for name in names]


def chosen_places(fitted: pd.Index, columns: Any) -> list[int]:
    """Return the places of the columns that a user lists.

    Raises
    ------
    TypeError, ValueError
        If it is no list, an empty one, or a name is that of no column.
    """
    if isinstance(columns, str | bytes | Mapping) or not isinstance(columns, Iterable):
        raise TypeError(f"columns must be a list of column names, got {columns!r}")
    names = list(columns)
    if not names:
        raise ValueError("columns lists no column; leave it out to take all of them")
    return known_places(fitted, names, "columns")


def _key(name: Any) -> Any:
    """A column's name, but for NaN, which is a name too and is unlike itself."""
    return np.nan if pd.api.types.is_scalar(name) and pd.isna(name) else name


def check_same_names(given: list[Any], fitted: list[Any]) -> None:
    """Raise a ValueError that shows the difference if the names are not the fitted ones."""
    given, fitted = list(map(_key, given)), list(map(_key, fitted))
    if given == fitted:
        return
    missing = [name for name in fitted if name not in given]
    extra = [name for name in given if name not in fitted]
    if not missing and not extra:
        raise ValueError(f"columns are in another order than when fitted: {fitted[:SHOWN]}")
    lines = [f"  - {name!r}" for name in missing[:SHOWN]]
    lines += [f"  + {name!r}" for name in extra[:SHOWN]]
    raise ValueError(
        "columns differ from the fitted ones (- missing, + not known):\n" + "\n".join(lines)
    )


def warn_of_unseen(name: Any, cells: pd.Series, what: str) -> None:
    """Warn that cells of a column did not occur when fitted, and say what becomes of them."""
    values = [value.item() if isinstance(value, np.generic) else value for value in cells.unique()]
    more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
    shown = ", ".join(map(repr, values[:SHOWN]))
    warn(
        f"column {name!r}: {shown}{more} did not occur when fitted; such cells ({len(cells)}) are "
        f"{what}"
    )


def given_kinds(column_kinds: Any, columns: pd.Index, known: list[str]) -> dict[int, str]:
    """Return the kinds that the user gave, by position.

    Raises
    ------
    TypeError, ValueError
        If `column_kinds` is no dict, names an unknown column or an unknown kind.
    """
    if column_kinds is None:
        return {}
    if not isinstance(column_kinds, dict):
        raise TypeError(f"column_kinds must be a dict of name to kind, got {column_kinds!r}")
    places = {key: place for place, key in enumerate(map(_key, columns))}
    for name, kind in column_kinds.items():
        if _key(name) not in places:
            raise ValueError(
                f"column_kinds names {name!r}, which is no column; {column_hint(name, columns)}"
            )
        if kind not in known:
            raise ValueError(
                f"column_kinds says {kind!r} for column {name!r}; the kinds are {known}"
            )
    return {places[_key(name)]: kind for name, kind in column_kinds.items()}


def column_hint(name: Any, columns: pd.Index) -> str:
    """Say which column was meant by a name that is none, or which ones there are."""
    folded = {str(column).casefold(): column for column in columns}
    near = difflib.get_close_matches(str(name).casefold(), folded, n=1)
    if near:
        return f"did you mean {folded[near[0]]!r}?"
    more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
    return f"the columns are {list(columns[:SHOWN])}{more}"


def input_names(estimator: BaseEstimator, input_features: Any) -> list[Any]:
    """Return the column names on which feature names are built, as scikit-learn has it.

    Raises
    ------
    ValueError
        If `input_features` are not the fitted names, or not as many.
    """
    fitted = getattr(estimator, "feature_names_in_", None)
    if input_features is None:
        if estimator.array_dtype_ is not None:
            return [f"x{place}" for place in range(estimator.n_features_in_)]
        return list(estimator.column_index_)
    if fitted is not None and not np.array_equal(fitted, input_features):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(input_features) != estimator.n_features_in_:
        raise ValueError(
            "input_features should have length equal to number of features "
            f"({estimator.n_features_in_}), got {len(input_features)}"
        )
    return list(input_features)


def index_to_dict(columns: pd.Index) -> dict[str, Any]:
    """Return column names of any saveable type as a JSON-able dict."""
    names, dtype = items_of(columns)
    return {
        "names": names,
        "levels": [to_jsonable(level) for level in columns.names],
        "multi": isinstance(columns, pd.MultiIndex),
        "dtype": dtype,
    }


def index_from_dict(state: dict[str, Any]) -> pd.Index:
    """Rebuild column names from `index_to_dict`.

    Raises
    ------
    ValueError
        If it gives no such names.
    """
    check_state("the column names", state, _INDEX_FIELDS)
    levels = [from_jsonable(level) for level in state["levels"]]
    if state["multi"]:
        names = [from_jsonable(name) for name in state["names"]]
        index = pd.MultiIndex.from_tuples(names, names=levels)
    else:
        index = index_of(state["names"], state["dtype"], levels[0])
    expect(index.is_unique, "two columns have one name")
    return index
