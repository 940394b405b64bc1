"""TableTransformer: all columns of a table to arrays and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from synthwgan.parameters import check_parameters, required
from synthwgan.randomness import as_generator
from synthwgan.table.batched import BatchedTable, opened
from synthwgan.table.builders import choose_builders, without_uncomputed
from synthwgan.table.checks import (
    COUNT,
    FLAG,
    STATE,
    TEXT,
    Anything,
    ListOf,
    check_state,
    expect,
    optional,
)
from synthwgan.table.choice import gather_rules, pack_rules, unpack_rules
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.lifelike import agree_on_locale
from synthwgan.table.columns.options import (
    COLUMN_PARAMETERS,
    ColumnOptions,
    parameters_from_dict,
    parameters_to_dict,
)
from synthwgan.table.columns.people import warn_of_people
from synthwgan.table.columns.stream import IdentifierStream
from synthwgan.table.door import (
    enter,
    given_kinds,
    index_from_dict,
    index_to_dict,
    input_names,
    naming_column,
    select,
)
from synthwgan.table.encoding import (
    Parts,
    decode_table,
    draws_of,
    encode_given,
    encode_table,
    encoded_parts,
    feature_parts,
    feature_width,
    layout_of,
    parts_of,
    seeds_of,
    to_features,
    to_slots,
)
from synthwgan.table.frames import (
    MixedTableMixin,
    OutputMixin,
    TableForm,
    as_frame,
    chosen_output,
    take,
)
from synthwgan.table.given import GivenRows
from synthwgan.table.impossible import doubtful_pairs, impossible_pairs
from synthwgan.table.layout import EncodedTable, PartialRows
from synthwgan.table.reduction import Reduction
from synthwgan.table.rules.ruleset import RuleSet, read_rules
from synthwgan.table.schema import COLUMN_CLASSES, Schema, column_from_dict, fit_column
from synthwgan.table.storage.jsonable import join_arrays, split_arrays
from synthwgan.table.storage.named import numpy_dtype
from synthwgan.table.survey import Survey, survey_of
from synthwgan.table.verification import verify

_STATE_VERSION = 3
_FIELDS = {
    "version": COUNT,
    "parameters": STATE,
    "rules": Anything(),
    "reduction": STATE,
    "index": STATE,
    "array_dtype": optional(TEXT),
    "form": STATE,
    "named": FLAG,
    "columns": ListOf(STATE, min_length=1),
}


class TableTransformer(
    OutputMixin, MixedTableMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Turn a table into states and normal scores, and back.

    A column becomes at most one block of states (one-hot) and at most one value, the
    normal score of its rank. `encode` and `decode` are the compact pair on which networks
    are trained; `transform` and `inverse_transform` are the same encoding as one matrix
    for scikit-learn.

    Parameters
    ----------
    column_kinds : dict of name to str, default=None
        Kinds of columns that are not to be inferred: "numeric", "categorical",
        "datetime", "identifier" or "pair"; or what text is to be made anew as: "name",
        "first_name", "last_name", "user_name", "email", "phone", "street", "address", "city",
        "postcode", "country", "company", "job", "url" or "text".
    max_categories : int, default=256
        At most so many categories of a column have a state of their own.
    min_category_rows : int, default=1
        Categories of fewer rows have none either. Booleans are exempt.
    rare : {"resample", "mask"}, default="resample"
        How the state that the other categories share is decoded: by drawing from their
        observed frequencies, or, so that rare categories cannot be seen, to ``"<rare>"`` in
        text and to a missing cell in other dtypes.
    max_discrete : int, default=40
        Numbers and dates with at most so many distinct values become states only.
    spike_share : float, default=0.05
        A number that holds more than this share of the rows that commoner numbers leave gets a
        state: where a column is mostly zero, the commonest of its other numbers too. It must
        hold 30 rows and 0.1 % of them, or the share of all rows.
    protect_extremes : int, default=0
        So many of the smallest and of the largest numbers or dates of a column, by rows, are not
        kept but drawn anew between the next one and the outermost; at most a quarter of the
        rows on either side. Where numbers are states, they become the next one.
    locale : str or None, default=None
        Where names, streets and other texts that are made anew are from, such as ``"de_DE"``; None
        takes what most cells tell.
    rules : "auto", RuleSet, list or None, default=None
        Rules between columns that decoded rows keep: found in the table ("auto"), declared, or
        both. Columns that they compute from others are not encoded.
    random_state : int, Generator, RandomState or None, default=None
        Where `encode`, `decode` and `inverse_transform` draw from if they are given none.

    Attributes
    ----------
    schema_ : Schema
        What each column is; print it.
    layout_ : Layout
        Which block and which value belong to which encoded column.
    rules_ : RuleSet
        The rules that rows have to keep; print them.
    columns_ : list of ColumnTransformer
        The fitted columns, in the table's order.
    reduction_ : Reduction
        Which columns are encoded: those of the table, but for what rules compute.
    column_index_ : Index
        The table's column names.
    form_ : TableForm
        Of which library the table was, and what its columns were there.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,), object
        Column names, if all are str.

    Notes
    -----
    Frames of any library are taken, and decoded to what they were, dtypes included; `set_output`
    chooses another form for these and for features. The index of a frame is ignored; decoded
    frames have a RangeIndex. Identifiers give no
    features and are made anew. Constant columns give none either and are restored.

    In `transform`, a category that was not seen when fitted is the rare state if there is
    one, else a missing cell, with a warning; a missing cell in a column that had none is a block
    of zeros. A number takes the nearest state or the interpolated rank. `inverse_transform` reads
    the largest of a block's entries.

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

    n_features_in_: int
    feature_names_in_: np.ndarray

    def __init__(
        self,
        *,
        column_kinds: dict[Any, str] | None = None,
        max_categories: int = 256,
        min_category_rows: int = 1,
        rare: str = "resample",
        max_discrete: int = 40,
        spike_share: float = 0.05,
        protect_extremes: int = 0,
        locale: str | None = None,
        rules: Any = None,
        random_state: int | np.random.Generator | np.random.RandomState | None = None,
    ) -> None:
        self.column_kinds = column_kinds
        self.max_categories = max_categories
        self.min_category_rows = min_category_rows
        self.rare = rare
        self.max_discrete = max_discrete
        self.spike_share = spike_share
        self.protect_extremes = protect_extremes
        self.locale = locale
        self.rules = rules
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        learned: Sequence[Any] = (),
        form: TableForm | None = None,
        verbose: int = 0,
    ) -> TableTransformer:
        """Learn the columns of a table.

        Parameters
        ----------
        X : frame of any library, array-like of shape (n_rows, n_columns), or batches
            At least two rows that differ. It is never written to. An Arrow dataset, a Dask frame,
            or an iterable of frames that can be read again and again, is read in batches, see
            `BatchedTable`.
        y : None
            Ignored.
        learned : sequence of column names, default=()
            Columns that are to be learned themselves, though a rule could compute them.
        form : TableForm, default=None
            The form that rows are decoded to, for who has taken the table already; None is that of
            `X`.
        verbose : int, default=0
            1 shows the progress of the search for rules.

        Returns
        -------
        self : TableTransformer

        Raises
        ------
        ValueError, TypeError
            If a parameter or a column cannot be used; the message names the column, the
            cell and the remedy; or if the table breaks a declared rule.
        """
        parameters = self.get_params(deep=False)
        read_rules(parameters.pop("rules"))
        check_parameters(parameters, COLUMN_PARAMETERS)
        X, form_of_X = opened(X)
        self.form_ = form_of_X if form is None else form
        batches = X if isinstance(X, BatchedTable) else None
        survey = None if batches is None else survey_of(batches)
        frame = enter(self, X if survey is None else survey.sample, reset=True)
        # A table of which all rows are in the sample is one in memory.
        survey = None if survey is None or survey.is_whole else survey
        columns = {} if survey is None else survey.columns
        self.column_index_ = frame.columns
        has_frames = batches is not None or isinstance(X, pd.DataFrame)
        self.array_dtype_ = None if has_frames else frame.to_numpy().dtype
        kinds = given_kinds(self.column_kinds, frame.columns, list(COLUMN_CLASSES))
        rng = as_generator(self.random_state)
        self.columns_ = [
            fit_column(
                name,
                frame.iloc[:, place],
                kinds.get(place),
                self._options(),
                rng,
                columns.get(name),
            )
            for place, name in enumerate(frame.columns)
        ]
        agree_on_locale(self.columns_)
        if not any(self._varies(column) for column in self.columns_):
            raise ValueError("all rows are the same: at least two must differ to learn from them")
        inferred = [pair for place, pair in enumerate(self._named_columns()) if place not in kinds]
        warn_of_people(inferred)
        if survey is not None:
            self._show_all(required(batches))
        self._find_rules(frame, learned, rng, verbose, survey, batches)
        self._describe()
        return self

    def _show_all(self, batches: BatchedTable) -> None:
        """Show all cells to the columns that have to see them, such as identifiers."""
        named = {name: column for name, column in self._named_columns() if column.is_open}
        for gleaned in batches.map(partial(_gleaned, named), list(named)):
            for name, column in named.items():
                with naming_column(name):
                    column.see(gleaned[name])
        for column in named.values():
            column.close()

    def _find_rules(
        self,
        frame: pd.DataFrame,
        learned: Sequence[Any],
        rng: np.random.Generator,
        verbose: int,
        survey: Survey | None,
        batches: BatchedTable | None,
    ) -> None:
        """Gather the rules of the table, and learn what is encoded of it."""
        named, options = dict(self._named_columns()), self._options()
        rules = gather_rules(self.rules, frame, named, options, verbose)
        if survey is not None and len(rules):
            rules, frame = verify(rules, read_rules(self.rules)[0], survey, batches)
        builders = choose_builders(rules, frame, named, options, learned) if len(rules) else []
        rules = without_uncomputed(rules, builders, named)
        reduction = Reduction(self.column_index_, self.columns_, rules, builders)
        surveys = {}
        if survey is not None and builders:
            surveys = reduction.survey(frame, survey.columns, required(batches).reduce)
        self.reduction_ = reduction.fit(frame, options, rng, surveys)

    @property
    def is_array(self) -> bool:
        """Whether the fitted table was an array, whose columns have no names."""
        return self.array_dtype_ is not None

    def _options(self) -> ColumnOptions:
        return ColumnOptions(
            **{field.name: getattr(self, field.name) for field in fields(ColumnOptions)}
        )

    @staticmethod
    def _varies(column: ColumnTransformer) -> bool:
        return column.n_states > 0 or column.has_value or not column.in_features

    def _describe(self) -> None:
        self.layout_ = layout_of(parts_of(self._encoded_columns()))
        self.schema_ = Schema.of(self.column_index_, self.columns_)

    def encode(self, X: Any, random_state: Any = None, on_unknown: str = "error") -> EncodedTable:
        """Return a table as compact arrays.

        Parameters
        ----------
        X : frame of any library, or array-like, of shape (n_rows, n_columns)
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
        frame = self.reduction_.reduce(self._select(X))
        draws = draws_of(seeds_of(self.reduction_.learned, self._generator(random_state)))
        return encode_table(self.reduction_.learned, self.layout_, frame, draws, on_unknown)

    def encode_batches(self, X: Any, random_state: Any = None) -> Iterator[EncodedTable]:
        """Encode a table in batches: together, they are what `encode` makes of it.

        Parameters
        ----------
        X : BatchedTable, Arrow dataset, Dask frame, or iterable of frames
        random_state : int, Generator, RandomState or None, default=None
            As for `encode`.

        Yields
        ------
        EncodedTable
            The rows of a batch.
        """
        check_is_fitted(self)
        seeds = seeds_of(self.reduction_.learned, self._generator(random_state))
        yield from opened(X)[0].map(partial(self._encode_batch, seeds))

    def _encode_batch(
        self, seeds: list[list[int]], batch: pd.DataFrame, first: int
    ) -> EncodedTable:
        frame, draws = self.reduction_.reduce(self._select(batch)), draws_of(seeds, first)
        return encode_table(self.reduction_.learned, self.layout_, frame, draws, "error")

    @property
    def rules_(self) -> RuleSet:
        """The rules that rows have to keep."""
        check_is_fitted(self)
        return self.reduction_.rules

    def count_broken(self, X: Any) -> np.ndarray:
        """Return how many rules each row of a table breaks, of those that held in all rows.

        Returns
        -------
        n_broken : ndarray of shape (n_rows,), int64
        """
        check_is_fitted(self)
        return self.reduction_.breaks(self._select(X))

    def impossible_pairs(self) -> np.ndarray:
        """Return pairs of state slots that no row may have by the rules, shape (n_pairs, 2)."""
        check_is_fitted(self)
        return impossible_pairs(self.reduction_, self.layout_)

    def doubtful_pairs(self) -> np.ndarray:
        """Return pairs of state slots that few rows have by the rules, shape (n_pairs, 2)."""
        check_is_fitted(self)
        return doubtful_pairs(self.reduction_, self.layout_)

    def encode_given(self, rows: GivenRows, random_state: Any = None) -> PartialRows:
        """Return rows of given cells as compact arrays.

        Raises
        ------
        ValueError
            If a given cell was not seen when fitted.
        """
        check_is_fitted(self)
        given, rng = self.reduction_.given(rows), self._generator(random_state)
        return encode_given(self.reduction_.learned, self.layout_, given, rng)

    def _named_columns(self) -> list[tuple[Any, ColumnTransformer]]:
        return list(zip(self.column_index_, self.columns_, strict=True))

    def _encoded_columns(self) -> list[ColumnTransformer]:
        return [column for _, column in self.reduction_.learned]

    def _select(self, X: Any) -> pd.DataFrame:
        X = as_frame(X)
        if self.array_dtype_ is not None and isinstance(X, pd.DataFrame):
            X = X.set_axis(range(X.shape[1]), axis=1)
        return select(X, self.column_index_, len(self.columns_))

    def decode(
        self,
        encoded: EncodedTable,
        random_state: Any = None,
        identifiers: IdentifierStream | None = None,
        given: GivenRows | None = None,
    ) -> Any:
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
        given : GivenRows, default=None
            Cells that come back just as they are.

        Returns
        -------
        X : frame or ndarray, as the fitted table, of shape (n_rows, n_columns)
        """
        return self.as_given(self.decode_frame(encoded, random_state, identifiers, given))

    def decode_frame(
        self,
        encoded: EncodedTable,
        random_state: Any = None,
        identifiers: IdentifierStream | None = None,
        given: GivenRows | None = None,
    ) -> pd.DataFrame:
        """Do what `decode` does, and return a frame of pandas whatever the fitted table was."""
        check_is_fitted(self)
        parts = encoded_parts(encoded, self.layout_)
        rng = self._generator(random_state)
        return self._decode(len(encoded), parts, rng, identifiers, given)

    def _decode(
        self,
        n_rows: int,
        parts: Parts,
        rng: np.random.Generator,
        identifiers: IdentifierStream | None = None,
        given: GivenRows | None = None,
    ) -> pd.DataFrame:
        if identifiers is None:
            identifiers = IdentifierStream(self._encoded_columns(), rng)
        learned = None if given is None else self.reduction_.given(given)
        frame = decode_table(self.reduction_.learned, n_rows, parts, rng, identifiers, learned)
        frame.columns = self._encoded_index()
        frame = self.reduction_.with_suited_keys(frame, learned, rng)
        return self.reduction_.rebuild(frame, given)

    def _encoded_index(self) -> pd.Index:
        """Names of the encoded columns."""
        if self.reduction_.is_whole:
            return self.column_index_
        return pd.Index([name for name, _ in self.reduction_.learned], tupleize_cols=False)

    def as_given(
        self, frame: pd.DataFrame, output: str | None = None, n_columns: int | None = None
    ) -> Any:
        """Return rows in the form of the fitted table, an array if it was one, or in another.

        Parameters
        ----------
        frame : DataFrame
            Rows with the fitted columns.
        output : {"default", "pandas", "polars", "arrow"}, default=None
            None takes that of `set_output`.
        n_columns : int, default=None
            So many of the first columns; None for all.
        """
        output = chosen_output(self) if output is None else output
        frame = self.reduction_.with_dtypes(frame).iloc[:, :n_columns]
        if self.array_dtype_ is None:
            return self.form_.dress(frame, output)
        if output == "default":
            dtype = self.array_dtype_
            if dtype.kind in "iub" and frame.isna().to_numpy().any():
                # A gap that was to stay.
                return frame.to_numpy(dtype=np.float64, na_value=np.nan)
            return frame.to_numpy().astype(dtype, copy=False)
        names = input_names(self, None)[: frame.shape[1]]
        return self.form_.dress(frame.set_axis(names, axis=1), output)

    def identifier_stream(
        self, random_state: Any = None, share: tuple[int, int] = (0, 1)
    ) -> IdentifierStream:
        """Return the state that keeps identifiers unique over several calls of `decode`.

        Parameters
        ----------
        random_state : int, Generator, RandomState or None, default=None
            None takes the parameter `random_state`.
        share : pair of int, default=(0, 1)
            Which of how many parts of a table that are decoded apart; with the same seed, their
            identifiers differ.
        """
        check_is_fitted(self)
        return IdentifierStream(self._encoded_columns(), self._generator(random_state), share)

    def value_edges(self, n_edges: int) -> list[np.ndarray]:
        """Return, for each value, increasing scores that part no number from its ties.

        Parameters
        ----------
        n_edges : int
            How many at most.

        Returns
        -------
        edges : list of ndarray of shape (at most n_edges,), float64
            In the order of the layout's values; they make bins of about equal size.
        """
        check_is_fitted(self)
        parts = parts_of(self._encoded_columns())
        return [part.ranks.edges(n_edges) for part in parts if part.has_value]

    def transform(self, X: Any) -> Any:
        """Return a table as one matrix, without randomness and without NaN.

        Parameters
        ----------
        X : frame of any library, or array-like, of shape (n_rows, n_columns)
            With the fitted columns in the fitted order.

        Returns
        -------
        features : ndarray of shape (n_rows, n_features), float64
            Column by column, its one-hot states and then its value; a frame by `set_output`.
        """
        check_is_fitted(self)
        frame = enter(self, X, reset=False)
        features = to_features(self.reduction_.learned, self.reduction_.reduce(frame))
        output = chosen_output(self)
        if output == "default":
            return features
        named = pd.DataFrame(features, index=frame.index, columns=self.get_feature_names_out())
        return TableForm().dress(named, output)

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Do `fit`, and `transform` the same table, which is read once.

        Parameters
        ----------
        X : frame of any library, or array-like, of shape (n_rows, n_columns)
            At least two rows that differ.
        y : None
            Ignored.
        **fit_params : dict
            For `fit`.

        Returns
        -------
        features : ndarray or frame
            As of `transform`.
        """
        X, form = take(X)
        return self.fit(X, y, **{"form": form, **fit_params}).transform(X)

    def to_slots(self, X: Any) -> np.ndarray:
        """Return a table as the networks see its rows, without randomness and without NaN.

        Parameters
        ----------
        X : frame of any library, or array-like, of shape (n_rows, n_columns)
            With the fitted columns in the fitted order.

        Returns
        -------
        slots : ndarray of shape (n_rows, layout_.n_slots), float64
        """
        check_is_fitted(self)
        frame = self.reduction_.reduce(enter(self, X, reset=False))
        return to_slots(self.reduction_.learned, self.layout_, frame)

    def inverse_transform(self, X: Any) -> Any:
        """Return a matrix of features as a table.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            As from `transform`; the largest entry of a block is its state.

        Returns
        -------
        table : frame or ndarray, as the fitted table, of shape (n_rows, n_columns)

        Raises
        ------
        ValueError
            If the number of features is not that of `transform`, or an entry is NaN.
        """
        check_is_fitted(self)
        features = np.asarray(X, dtype=np.float64)
        parts = parts_of(self._encoded_columns())
        n_features = sum(map(feature_width, parts))
        if features.ndim != 2 or features.shape[1] != n_features:
            raise ValueError(f"X has shape {features.shape}, expected (n_rows, {n_features})")
        if np.isnan(features).any():
            raise ValueError("X holds NaN, which is no state and no score")
        rng = self._generator(None)
        frame = self._decode(len(features), feature_parts(features, parts, rng), rng)
        return self.as_given(frame)

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
        names, features = input_names(self, input_features), []
        for (own, column), place in zip(
            self.reduction_.learned, self.reduction_.places, strict=True
        ):
            features += column.feature_names(own if place < 0 else names[place])
        return np.array(features, dtype=object)

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
        fitted = {
            "index": index_to_dict(self.column_index_),
            "array_dtype": None if self.array_dtype_ is None else self.array_dtype_.str,
            "form": self.form_.to_dict(),
            "named": hasattr(self, "feature_names_in_"),
            "columns": [self._column_state(place) for place in range(len(self.columns_))],
            "rules": pack_rules(self.rules),
            "reduction": self.reduction_.to_dict(),
        }
        parameters = parameters_to_dict(self.get_params(deep=False))
        return split_arrays({"version": _STATE_VERSION, "parameters": parameters, **fitted})

    def _column_state(self, place: int) -> dict[str, Any]:
        with naming_column(self.column_index_[place]):
            return self.columns_[place].to_dict()

    @classmethod
    def from_state(cls, state: dict[str, Any], arrays: dict[str, np.ndarray]) -> TableTransformer:
        """Rebuild a fitted transformer from `to_state`.

        Raises
        ------
        ValueError
            If it gives no such state; nothing that the state names is ever called.
        """
        check_state("a table", state, _FIELDS)
        if state["version"] != _STATE_VERSION:
            raise ValueError(f"state has version {state['version']}, expected {_STATE_VERSION}")
        tree = join_arrays(state, arrays)
        transformer = cls().set_params(
            **parameters_from_dict(tree["parameters"]), rules=unpack_rules(tree["rules"])
        )
        options = transformer._options()
        index = transformer.column_index_ = index_from_dict(tree["index"])
        expect(len(index) == len(tree["columns"]), "each column needs a name")
        given_kinds(transformer.column_kinds, index, list(COLUMN_CLASSES))
        dtype = tree["array_dtype"]
        transformer.array_dtype_ = None if dtype is None else numpy_dtype(dtype)
        transformer.form_ = TableForm.from_dict(tree["form"])
        transformer.columns_ = []
        for name, column in zip(index, tree["columns"], strict=True):
            with naming_column(name):
                transformer.columns_.append(column_from_dict(column, options))
        transformer.n_features_in_ = len(transformer.columns_)
        if tree["named"]:
            expect(all(isinstance(name, str) for name in index), "column names that are no text")
            transformer.feature_names_in_ = np.array(index, dtype=object)
        transformer.reduction_ = Reduction.from_dict(
            tree["reduction"], index, transformer.columns_, options
        )
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
        arrays = {
            key: np.array(items, numpy_dtype(dtype))
            for key, (dtype, items) in state["arrays"].items()
        }
        return cls.from_state(state["state"], arrays)


def _gleaned(
    columns: dict[Any, ColumnTransformer], batch: pd.DataFrame, first: int
) -> dict[Any, Any]:
    """Return what some columns have to know of all cells, of those of a batch."""
    gleaned = {}
    for name, column in columns.items():
        with naming_column(name):
            gleaned[name] = column.glean(column.read(batch[name]))
    return gleaned
