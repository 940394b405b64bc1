"""TableTransformer: all columns of a table to arrays and back."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from synthwgan.table.column import ColumnOptions, ColumnTransformer
from synthwgan.table.door import (
    enter,
    given_kinds,
    index_from_dict,
    index_to_dict,
    naming_column,
    select,
)
from synthwgan.table.identifier import IdentifierStream
from synthwgan.table.jsonable import from_jsonable, join_arrays, split_arrays, to_jsonable
from synthwgan.table.layout import EncodedTable, Layout
from synthwgan.table.physical import physical_type, read_cells
from synthwgan.table.schema import COLUMN_CLASSES, Schema, check_kind, infer_kind

_STATE_VERSION = 1


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


_PARAMETER_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "column_kinds": (lambda v: v is None or isinstance(v, dict), "None or a dict"),
    "max_categories": (lambda v: _is_whole(v) and v >= 1, "an integer of at least 1"),
    "rare": (lambda v: v in ("resample", "mask"), "'resample' or 'mask'"),
    "max_discrete": (lambda v: _is_whole(v) and v >= 1, "an integer of at least 1"),
    "spike_share": (
        lambda v: isinstance(v, numbers.Real) and 0 < v <= 1,
        "a number above 0 and at most 1",
    ),
    "random_state": (
        lambda v: v is None
        or (_is_whole(v) and v >= 0)
        or isinstance(v, np.random.Generator | np.random.RandomState),
        "None, a non-negative integer, a Generator or a RandomState",
    ),
}


class TableTransformer(TransformerMixin, BaseEstimator):
    """Turn a table into states and normal scores, and back.

    A column becomes at most one block of states (one-hot) and at most one value, the
    normal score of its rank. `encode` and `decode` are the compact pair on which networks
    are trained; `transform` and `inverse_transform` are the same encoding as one matrix
    for scikit-learn.

    Parameters
    ----------
    column_kinds : dict of name to str, default=None
        Kinds of columns that are not to be inferred: "numeric", "categorical",
        "datetime" or "identifier".
    max_categories : int, default=256
        At most so many categories of a column have a state of their own.
    rare : {"resample", "mask"}, default="resample"
        How the state that the other categories share is decoded: by drawing from their
        observed frequencies, or, so that rare categories cannot be seen, to "<rare>" in
        text and to a missing cell in other dtypes.
    max_discrete : int, default=40
        Numbers and dates with at most so many distinct values become states only.
    spike_share : float, default=0.05
        A number that holds more than this share of a column's rows gets a state.
    random_state : int, Generator, RandomState or None, default=None
        Where `encode`, `decode` and `inverse_transform` draw from if they are given none.

    Attributes
    ----------
    schema_ : Schema
        What each column is; print it.
    layout_ : Layout
        Which block and which value belong to which column.
    columns_ : list of ColumnTransformer
        The fitted columns, in the table's order.
    column_index_ : Index
        The table's column names.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,), object
        Column names, if all are str.

    Notes
    -----
    The index of a frame is ignored; decoded frames have a RangeIndex. Identifiers give no
    features and are made anew. Constant columns give none either and are restored.

    In `transform`, a category that was not seen when fitted is the rare state if there is
    one, else its block is all zeros, as for a missing cell in a column that had none; a
    number takes the nearest state or the interpolated rank. `inverse_transform` reads the
    largest of a block's entries.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthwgan.table import TableTransformer
    >>> table = pd.DataFrame({"size": [1, 2, 2], "colour": ["red", "blue", "red"]})
    >>> transformer = TableTransformer().fit(table)
    >>> transformer.transform(table)
    array([[1., 0., 0., 1.],
           [0., 1., 1., 0.],
           [0., 1., 0., 1.]])
    >>> transformer.get_feature_names_out().tolist()
    ['size=1', 'size=2', 'colour=blue', 'colour=red']
    >>> transformer.decode(transformer.encode(table)).equals(table)
    True

    What cannot be learned is refused:

    >>> TableTransformer(column_kinds={"colour": "numeric"}).fit(table)
    Traceback (most recent call last):
        ...
    ValueError: column 'colour': 'red' is no number: correct it or use the kind 'categorical'
    """

    def __init__(
        self,
        *,
        column_kinds: dict[Any, str] | None = None,
        max_categories: int = 256,
        rare: str = "resample",
        max_discrete: int = 40,
        spike_share: float = 0.05,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
    ) -> None:
        self.column_kinds = column_kinds
        self.max_categories = max_categories
        self.rare = rare
        self.max_discrete = max_discrete
        self.spike_share = spike_share
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def fit(self, X: Any, y: Any = None) -> TableTransformer:
        """Learn the columns of a table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            At least two rows that differ. It is never written to.
        y : None
            Ignored.

        Returns
        -------
        self : TableTransformer

        Raises
        ------
        ValueError, TypeError
            If a parameter or a column cannot be used; the message names the column, the
            cell and the remedy.
        """
        self._check_parameters()
        frame = enter(self, X, reset=True)
        self.column_index_ = frame.columns
        self.array_dtype_ = None if isinstance(X, pd.DataFrame) else frame.to_numpy().dtype
        kinds = given_kinds(self.column_kinds, frame.columns, list(COLUMN_CLASSES))
        rng = as_generator(self.random_state)
        self.columns_ = [
            self._fit_column(name, frame.iloc[:, place], kinds.get(place), rng)
            for place, name in enumerate(frame.columns)
        ]
        if not any(self._varies(column) for column in self.columns_):
            raise ValueError("all rows are the same: at least two must differ to learn from them")
        self._describe()
        return self

    def _check_parameters(self) -> None:
        given = self.get_params(deep=False)
        problems = [
            f"{name} must be {words}, got {given[name]!r}"
            for name, (holds, words) in _PARAMETER_RULES.items()
            if not holds(given[name])
        ]
        if problems:
            raise ValueError("; ".join(problems))

    def _fit_column(
        self, name: Any, series: pd.Series, kind: str | None, rng: np.random.Generator
    ) -> ColumnTransformer:
        with naming_column(name):
            physical = physical_type(series)
            column_cells = read_cells(physical, series)
            if kind is None:
                kind = infer_kind(name, physical, column_cells)
            else:
                check_kind(kind, physical, column_cells)
            return COLUMN_CLASSES[kind](physical, self._options()).fit_cells(column_cells, rng)

    def _options(self) -> ColumnOptions:
        return ColumnOptions(
            self.max_categories, self.rare, self.max_discrete, self.spike_share
        )

    @staticmethod
    def _varies(column: ColumnTransformer) -> bool:
        return column.n_states > 0 or column.has_value or not column.in_features

    def _describe(self) -> None:
        self.layout_ = _layout_of(self.columns_)
        self.schema_ = Schema.of(self.column_index_, self.columns_)
        widths = [len(column.feature_names("")) for column in self.columns_]
        self._feature_starts = np.concatenate([[0], np.cumsum(widths)]).astype(int)

    def encode(
        self, X: Any, random_state: Any = None, on_unknown: str = "error"
    ) -> EncodedTable:
        """Return a table as compact arrays.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            The fitted columns, found by name; others are ignored. An array needs the
            fitted columns in order.
        random_state : int, Generator, RandomState or None, default=None
            Draws where in its span of ranks a repeated number falls. None takes the
            parameter `random_state`.
        on_unknown : {"error", "ignore"}, default="error"
            What to do with a cell that has no state: a category that was not seen, or a
            missing cell in a column that had none. "ignore" gives it code and value 0.

        Returns
        -------
        encoded : EncodedTable

        Raises
        ------
        ValueError
            If a column is missing, or a cell has no state.
        """
        check_is_fitted(self)
        if on_unknown not in ("error", "ignore"):
            raise ValueError(f"on_unknown must be 'error' or 'ignore', got {on_unknown!r}")
        frame = self._select(X)
        rng = self._generator(random_state)
        layout = self.layout_
        codes = np.zeros((len(frame), layout.n_blocks), dtype=_code_dtype(layout))
        values = np.zeros((len(frame), layout.n_values), dtype=np.float32)
        for place, column in enumerate(self.columns_):
            block, value = layout.column_blocks[place], layout.column_values[place]
            with naming_column(self.column_index_[place]):
                series = frame.iloc[:, place]
                own_codes, own_values = _encode_known(column, series, rng, on_unknown)
            if own_codes is not None:
                codes[:, block] = own_codes
            if own_values is not None:
                values[:, value] = own_values
        return EncodedTable(codes, values)

    def _select(self, X: Any) -> pd.DataFrame:
        if self.array_dtype_ is not None and isinstance(X, pd.DataFrame):
            X = X.set_axis(range(X.shape[1]), axis=1)
        return select(X, self.column_index_, len(self.columns_))

    def decode(
        self,
        encoded: EncodedTable,
        random_state: Any = None,
        identifiers: IdentifierStream | None = None,
    ) -> pd.DataFrame | np.ndarray:
        """Return encoded rows as a table with the fitted names and dtypes.

        Parameters
        ----------
        encoded : EncodedTable
            Its values are normal scores.
        random_state : int, Generator, RandomState or None, default=None
            Draws rare categories and identifiers. None takes the parameter
            `random_state`.
        identifiers : IdentifierStream, default=None
            From `identifier_stream`; pass the same one with every chunk of a table, so
            that identifiers differ between chunks. None makes a fresh one.

        Returns
        -------
        X : DataFrame, or ndarray if fitted on one, of shape (n_rows, n_columns)
        """
        check_is_fitted(self)
        rng = self._generator(random_state)
        layout = self.layout_

        def parts(place: int) -> tuple[np.ndarray | None, np.ndarray | None]:
            block, value = layout.column_blocks[place], layout.column_values[place]
            codes = None if block < 0 else encoded.codes[:, block]
            return codes, None if value < 0 else encoded.values[:, value]

        return self._decode(len(encoded), parts, rng, identifiers)

    def _decode(
        self,
        n_rows: int,
        parts: Callable[[int], tuple[np.ndarray | None, np.ndarray | None]],
        rng: np.random.Generator,
        identifiers: IdentifierStream | None,
    ) -> pd.DataFrame | np.ndarray:
        if identifiers is None:
            identifiers = IdentifierStream(self.columns_, rng)
        decoded = {}
        for place, column in enumerate(self.columns_):
            codes, values = parts(place)
            with naming_column(self.column_index_[place]):
                source = identifiers.sources[place]
                decoded[place] = column.decode(n_rows, codes, values, rng, source)
        frame = pd.DataFrame(decoded, index=pd.RangeIndex(n_rows))
        if self.array_dtype_ is not None:
            return frame.to_numpy().astype(self.array_dtype_, copy=False)
        frame.columns = self.column_index_
        return frame

    def identifier_stream(self, random_state: Any = None) -> IdentifierStream:
        """Return the state that keeps identifiers unique over several calls of `decode`."""
        check_is_fitted(self)
        return IdentifierStream(self.columns_, self._generator(random_state))

    def transform(self, X: Any) -> np.ndarray:
        """Return a table as one matrix, without randomness and without NaN.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            With the fitted columns in the fitted order.

        Returns
        -------
        features : ndarray of shape (n_rows, n_features), float64
            Column by column, its one-hot states and then its value.
        """
        check_is_fitted(self)
        frame = enter(self, X, reset=False)
        starts = self._feature_starts
        features = np.zeros((len(frame), starts[-1]))
        for place, column in enumerate(self.columns_):
            if not column.in_features:
                continue
            with naming_column(self.column_index_[place]):
                codes, values = column.encode(frame.iloc[:, place])
            if codes is not None:
                known = np.flatnonzero(codes >= 0)
                features[known, starts[place] + codes[known]] = 1.0
            if values is not None:
                features[:, starts[place + 1] - 1] = values
        return features

    def inverse_transform(self, X: Any) -> pd.DataFrame | np.ndarray:
        """Return a matrix of features as a table.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            As from `transform`; the largest entry of a block is its state.

        Returns
        -------
        table : DataFrame, or ndarray if fitted on one, of shape (n_rows, n_columns)

        Raises
        ------
        ValueError
            If the number of features is not that of `transform`, or an entry is NaN.
        """
        check_is_fitted(self)
        features = np.asarray(X, dtype=np.float64)
        starts = self._feature_starts
        if features.ndim != 2 or features.shape[1] != starts[-1]:
            raise ValueError(f"X has shape {features.shape}, expected (n_rows, {starts[-1]})")
        if np.isnan(features).any():
            raise ValueError("X holds NaN, which is no state and no score")
        rng = self._generator(None)

        def parts(place: int) -> tuple[np.ndarray | None, np.ndarray | None]:
            column = self.columns_[place]
            if not column.in_features:
                return column.draw_codes(len(features), rng), None
            own = features[:, starts[place] : starts[place + 1]]
            codes = own[:, : column.n_states].argmax(axis=1) if column.n_states else None
            return codes, own[:, -1] if column.has_value else None

        return self._decode(len(features), parts, rng, None)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the features: ``column=state`` and ``column``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Must be the fitted names; for a table without str names, names to use.

        Returns
        -------
        names : ndarray of shape (n_features,), object
        """
        check_is_fitted(self)
        names = self._input_names(input_features)
        features = [
            feature
            for name, column in zip(names, self.columns_, strict=True)
            for feature in column.feature_names(name)
        ]
        return np.array(features, dtype=object)

    def _input_names(self, input_features: Any) -> list[Any]:
        fitted = getattr(self, "feature_names_in_", None)
        if input_features is not None:
            if fitted is not None and not np.array_equal(fitted, input_features):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(input_features) != self.n_features_in_:
                raise ValueError(
                    "input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(input_features)}"
                )
            return list(input_features)
        if self.array_dtype_ is not None:
            return [f"x{place}" for place in range(self.n_features_in_)]
        return list(self.column_index_)

    def _generator(self, random_state: Any) -> np.random.Generator:
        return as_generator(self.random_state if random_state is None else random_state)

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted state as JSON-able dict and the arrays that it names.

        Returns
        -------
        state : dict
        arrays : dict of str to ndarray, int64 or float64

        Raises
        ------
        TypeError
            If a column name or category is of a type that cannot be saved.
        """
        check_is_fitted(self)
        parameters = self.get_params(deep=False)
        kinds = parameters.pop("column_kinds")
        seed = parameters.pop("random_state")
        tree = {
            "version": _STATE_VERSION,
            "parameters": {
                **{name: to_jsonable(value) for name, value in parameters.items()},
                "random_state": int(seed) if _is_whole(seed) else None,
            },
            "column_kinds": None
            if kinds is None
            else [[to_jsonable(name), kind] for name, kind in kinds.items()],
            "index": index_to_dict(self.column_index_),
            "array_dtype": None if self.array_dtype_ is None else self.array_dtype_.str,
            "named": hasattr(self, "feature_names_in_"),
            "columns": [self._column_state(place) for place in range(len(self.columns_))],
        }
        return split_arrays(tree)

    def _column_state(self, place: int) -> dict[str, Any]:
        with naming_column(self.column_index_[place]):
            return self.columns_[place].to_dict()

    @classmethod
    def from_state(
        cls, state: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> TableTransformer:
        """Rebuild a fitted transformer from `to_state`."""
        tree = join_arrays(state, arrays)
        if tree["version"] != _STATE_VERSION:
            raise ValueError(f"state has version {tree['version']}, expected {_STATE_VERSION}")
        kinds = tree["column_kinds"]
        if kinds is not None:
            kinds = {from_jsonable(name): kind for name, kind in kinds}
        parameters = {name: from_jsonable(v) for name, v in tree["parameters"].items()}
        transformer = cls(column_kinds=kinds, **parameters)
        options = transformer._options()
        transformer.column_index_ = index_from_dict(tree["index"])
        dtype = tree["array_dtype"]
        transformer.array_dtype_ = None if dtype is None else np.dtype(dtype)
        transformer.columns_ = [
            COLUMN_CLASSES[column["kind"]].from_dict(column, options) for column in tree["columns"]
        ]
        transformer.n_features_in_ = len(transformer.columns_)
        if tree["named"]:
            transformer.feature_names_in_ = np.array(transformer.column_index_, dtype=object)
        transformer._describe()
        return transformer

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted state as one JSON-able dict, arrays as lists."""
        state, arrays = self.to_state()
        lists = {key: [str(array.dtype), array.tolist()] for key, array in arrays.items()}
        return {"state": state, "arrays": lists}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> TableTransformer:
        """Rebuild a fitted transformer from `to_dict`."""
        arrays = {key: np.array(items, dtype) for key, (dtype, items) in state["arrays"].items()}
        return cls.from_state(state["state"], arrays)


def as_generator(random_state: Any) -> np.random.Generator:
    """Return a Generator of a seed, a RandomState (which it advances), or a Generator."""
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(2**31 - 1)
    return np.random.default_rng(random_state)


def _encode_known(
    column: ColumnTransformer, series: pd.Series, rng: np.random.Generator, on_unknown: str
) -> tuple[np.ndarray | None, np.ndarray | None]:
    cells = column.read(series)
    codes, values = column.encode_cells(cells, rng)
    if codes is None and values is None:
        return None, None
    unknown = cells.missing if codes is None else codes < 0
    if unknown.any():
        if on_unknown == "error":
            cell = series.iloc[int(np.argmax(unknown))]
            raise ValueError(
                f"{cell!r} did not occur when fitted: correct it, or pass on_unknown='ignore'"
            )
        codes = None if codes is None else np.maximum(codes, 0)
    return codes, values


def _code_dtype(layout: Layout) -> type[np.integer]:
    largest = max(layout.block_sizes, default=0)
    if largest <= 2**8:
        return np.uint8
    return np.int16 if largest <= 2**15 else np.int32


def _layout_of(columns: list[ColumnTransformer]) -> Layout:
    """Order the blocks by size and name each column's block and value."""
    with_block = [place for place, column in enumerate(columns) if column.n_states]
    with_block.sort(key=lambda place: -columns[place].n_states)
    with_value = [place for place, column in enumerate(columns) if column.has_value]
    block_of = {place: block for block, place in enumerate(with_block)}
    value_of = {place: value for value, place in enumerate(with_value)}
    return Layout(
        block_sizes=tuple(columns[place].n_states for place in with_block),
        value_gates=tuple(block_of.get(place, -1) for place in with_value),
        column_blocks=tuple(block_of.get(place, -1) for place in range(len(columns))),
        column_values=tuple(value_of.get(place, -1) for place in range(len(columns))),
    )
