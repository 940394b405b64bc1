"""Tables in the user's own form: any frame to pandas and back, to the dtype.

A frame of another library goes through Arrow into a pandas frame with pyarrow's dtypes and pandas'
categories; what these cannot say is remembered by a `TableForm`. Narwhals knows the libraries, and
imports none that the user has not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

import numpy as np
import pandas as pd

from synthwgan.parameters import OneOf
from synthwgan.table.checks import FLAG, STATE, TEXT, ListOf, check_state, optional

Output = Literal["default", "pandas", "polars", "arrow"]
OUTPUTS = ("default", "pandas", "polars", "arrow")
_PANDAS, _POLARS, _ARROW = OUTPUTS[1:]
# A form that a fitted table may have; it is never asked for by name.
ARRAY = "array"
# Whole numbers that Arrow has not, and those that hold them as long as they fit.
_WIDE = {"Int128": "Int64", "UInt128": "UInt64"}
_FORM_FIELDS = {"kind": OneOf((*OUTPUTS[1:], ARRAY)), "fields": ListOf(STATE)}
_FIELD_FIELDS = {
    "name": TEXT,
    "type": STATE,
    "nullable": FLAG,
    "wide": OneOf((None, *_WIDE)),
    "categories": optional(ListOf(TEXT, min_length=2)),
}
_POLARS_CONVERSIONS = {
    "List": "df.with_columns(pl.col({0!r}).cast(pl.List(pl.String)).list.join(','))",
    "Array": "df.with_columns(pl.col({0!r}).cast(pl.List(pl.String)).list.join(','))",
    "Struct": "df.unnest({0!r})",
    "Binary": "df.with_columns(pl.col({0!r}).bin.encode('hex'))",
    "Object": "df.with_columns(pl.col({0!r}).map_elements(str, return_dtype=pl.String))",
}
_ARROW_STRUCT = "table.flatten()"
_ARROW_TEXT = (
    "table.set_column({1}, {0!r}, pa.array([cell if cell is None else str(cell) for cell in "
    "table[{0!r}].to_pylist()])), or in SQL CAST({0} AS VARCHAR)"
)


@dataclass(frozen=True)
class Field:
    """What a column was in the user's table, where pandas' dtype does not say it.

    Parameters
    ----------
    type : pyarrow.DataType
        Its Arrow type; of polars, a dictionary is an Enum if it is ordered, else a Categorical.
    nullable : bool, default True
        Whether Arrow's field allows missing cells.
    wide : {"Int128", "UInt128"} or None, default None
        The dtype of polars that Arrow has not.
    categories : tuple of str or None, default None
        Name and namespace of the Categories of polars, if they are not the global ones.
    """

    type: Any
    nullable: bool = True
    wide: str | None = None
    categories: tuple[str, ...] | None = None

    def to_dict(self, name: str) -> dict[str, Any]:
        """Return the field of a name as a JSON-able dict."""
        from synthwgan.table.storage.arrow import type_to_dict

        categories = None if self.categories is None else list(self.categories)
        return {
            "name": name,
            "type": type_to_dict(self.type),
            "nullable": self.nullable,
            "wide": self.wide,
            "categories": categories,
        }

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Field:
        """Rebuild from `to_dict`; a ValueError says that there is no such type."""
        from synthwgan.table.storage.arrow import type_from_dict

        check_state("a column's form", state, _FIELD_FIELDS)
        categories = None if state["categories"] is None else tuple(state["categories"][:2])
        arrow = type_from_dict(state["type"])
        return cls(arrow, state["nullable"], state["wide"], categories)


@dataclass(frozen=True)
class TableForm:
    """The form of a table: of which library it is, and what its columns were there.

    Parameters
    ----------
    kind : {"pandas", "polars", "arrow", "array"}, default "pandas"
        What its rows are given back as.
    fields : dict of str to Field
        By column name; what is not there goes back as pandas' dtype says.
    """

    kind: str = _PANDAS
    fields: Mapping[str, Field] = field(default_factory=dict)

    def beside(self, name: Any, other: TableForm) -> TableForm:
        """Return the form with one column more, which has a form of its own."""
        if self.kind == _PANDAS or not other.fields:
            return self
        return replace(self, fields={**self.fields, name: next(iter(other.fields.values()))})

    def dress(self, frame: pd.DataFrame, output: str = "default") -> Any:
        """Return rows in this form, or in another one.

        Parameters
        ----------
        frame : DataFrame
            Rows with columns of the table.
        output : {"default", "pandas", "polars", "arrow"}, default "default"
            What they are to be; the default is what the table was.

        Raises
        ------
        TypeError
            If a column has no type there.
        ImportError
            If polars is not installed.
        """
        kind = self.kind if output == "default" else output
        if kind == _PANDAS:
            return frame
        if kind == ARRAY:
            return _to_array(frame)
        table = _to_arrow(frame, self.fields)
        return table if kind == _ARROW else _to_polars(table, self.fields)

    def dress_column(self, cells: Any) -> Any:
        """Return a column in this form: a Series of pandas or polars, or a ChunkedArray."""
        if self.kind == _PANDAS or isinstance(cells, pd.DataFrame):
            return self.dress(cells)
        name = next(iter(self.fields))
        dressed = self.dress(cells.to_frame(name))
        return dressed[name]

    def to_dict(self) -> dict[str, Any]:
        """Return the form as a JSON-able dict."""
        fields = [one.to_dict(name) for name, one in self.fields.items()]
        return {"kind": self.kind, "fields": fields}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> TableForm:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no such form.
        """
        check_state("the form of a table", state, _FORM_FIELDS)
        fields = {one.get("name"): Field.from_dict(one) for one in state["fields"]}
        return cls(state["kind"], fields)


def as_frame(X: Any) -> Any:
    """Return a frame of any library as one of pandas; what is no frame comes back as it is."""
    return take(X)[0]


def as_named_frame(X: Any) -> Any:
    """Return a frame of any library, or an array with its columns numbered, as one of pandas."""
    frame = as_frame(X)
    is_array = isinstance(frame, np.ndarray) and frame.ndim == 2
    return pd.DataFrame(frame) if is_array else frame


def take(X: Any, *, labels_are_public: bool = True) -> tuple[Any, TableForm]:
    """Return a frame of any library as one of pandas, and its form.

    Parameters
    ----------
    X : DataFrame of pandas or polars, LazyFrame, pyarrow Table, RecordBatchReader or Dataset, \
DuckDB relation, Dask frame, or what has ``__arrow_c_stream__``
        The table; lazy ones are read into memory. Arrays, and what else is no frame, come back as
        they are.
    labels_are_public : bool, default True
        Whether the labels of a dictionary, which are cells of the table, may become the
        categories of a dtype; if not, they are text.

    Raises
    ------
    TypeError, ValueError
        If it is a path, or a column cannot be taken; it says which conversion works.
    """
    if isinstance(X, str | bytes | os.PathLike):
        raise TypeError(
            f"a table must be a DataFrame or a 2-D array, got {X!r}: read a file or a database "
            "with synthwgan.io.read_table"
        )
    kind, table = _native(X)
    if kind == _PANDAS:
        return table, TableForm()
    if kind == _POLARS:
        table, fields = _of_polars(table)
    else:
        fields = {one.name: Field(one.type, one.nullable) for one in table.schema}
        for place, one in enumerate(table.schema):
            _check_arrow(one.name, place, one.type)
    series = [
        _series(column, fields[name].type, labels_are_public)
        for name, column in zip(table.column_names, table.columns, strict=True)
    ]
    frame = pd.DataFrame(dict(enumerate(series)), index=pd.RangeIndex(table.num_rows))
    frame.columns = pd.Index(table.column_names)
    return frame, TableForm(kind, fields)


def take_column(y: Any) -> tuple[Any, TableForm]:
    """Return a column of any library as a Series of pandas, and its form.

    A frame becomes one of pandas; what is neither comes back as it is.
    """
    if y is None or isinstance(y, pd.Series | pd.DataFrame | np.ndarray | list):
        return y, TableForm()
    if hasattr(y, "__dask_graph__"):
        return take_column(y.compute())
    import narwhals as nw

    if hasattr(y, "__arrow_c_array__") and not hasattr(y, "__arrow_c_stream__"):
        import pyarrow as pa

        y = pa.chunked_array([y])
    column = nw.from_native(y, pass_through=True, allow_series=True)
    if not isinstance(column, nw.Series):
        return take(y)
    if column.implementation.is_pandas():
        return column.to_native(), TableForm()
    frame, form = take(column.alias(column.name or "target").to_frame().to_native())
    return frame.iloc[:, 0].rename(column.name or None), form


def _native(X: Any) -> tuple[str, Any]:
    """Return what kind of table it is, and the table, in memory."""
    if X is None or isinstance(X, pd.DataFrame | np.ndarray | list | str | dict):
        return _PANDAS, X
    # Dask's own protocol: narwhals leaves Dask to another package.
    if hasattr(X, "__dask_graph__"):
        return _native(X.compute())
    import narwhals as nw
    import pyarrow as pa

    if isinstance(X, pa.Table):
        return _ARROW, X
    if isinstance(X, pa.RecordBatch):
        return _ARROW, pa.Table.from_batches([X])
    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, nw.DataFrame):
        return _streamed(X)
    made_by = frame.implementation
    if made_by.is_polars():
        return _POLARS, frame.to_native()
    if made_by.is_pandas_like():
        return _PANDAS, frame.to_pandas()
    return _ARROW, frame.to_arrow()


def _streamed(X: Any) -> tuple[str, Any]:
    """Do what `_native` does for tables that narwhals does not know."""
    import pyarrow as pa
    from pyarrow.dataset import Dataset, Scanner

    if isinstance(X, Dataset | Scanner):
        return _ARROW, X.to_table()
    if hasattr(X, "__arrow_c_stream__"):
        try:
            return _ARROW, pa.table(X)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{type(X).__name__} is no table of columns: {error}") from error
    if hasattr(X, "__dataframe__"):
        raise TypeError(
            f"{type(X).__name__} cannot be read: pass pyarrow.interchange.from_dataframe(table)"
        )
    return _PANDAS, X


def _of_polars(X: Any) -> tuple[Any, dict[str, Field]]:
    """Return a frame of polars as an Arrow table with all categories, and its fields."""
    import narwhals as nw

    dtypes = dict(X.schema)
    words = {name: str(dtype).partition("(")[0] for name, dtype in dtypes.items()}
    for name, word in words.items():
        if word in _POLARS_CONVERSIONS:
            _refuse(name, dtypes[name], "polars", _POLARS_CONVERSIONS[word], f"df.drop({name!r})")
    wide = [name for name, word in words.items() if word in _WIDE]
    table = nw.from_native(_narrowed(X, {name: words[name] for name in wide})).to_arrow()
    fields = {}
    for one in table.schema:
        word, arrow, categories = words[one.name], one.type, None
        if word in ("Enum", "Categorical"):
            arrow = _dictionary_type(arrow, ordered=word == "Enum")
            known = None if word == "Enum" else getattr(dtypes[one.name], "categories", None)
            if known is not None and not known.is_global():
                categories = (known.name(), known.namespace())
        else:
            _check_arrow(one.name, 0, arrow, "polars", dtypes[one.name])
        fields[one.name] = Field(arrow, True, word if one.name in wide else None, categories)
    return table, fields


def _narrowed(X: Any, wide: Mapping[str, str]) -> Any:
    """Return a frame of polars with whole numbers of 128 bits in 64, where they fit."""
    import narwhals as nw

    narrow = {"Int64": nw.Int64, "UInt64": nw.UInt64}
    for name, word in wide.items():
        try:
            X = nw.from_native(X).with_columns(nw.col(name).cast(narrow[_WIDE[word]])).to_native()
        except Exception as error:  # noqa: BLE001 - polars' own, which has no base that others have.
            raise ValueError(
                f"column {name!r} of polars dtype {word} has numbers of more than 64 bits: convert "
                f"it, df.with_columns(pl.col({name!r}).cast(pl.Float64)), or to pl.String"
            ) from error
    return X


def _check_arrow(
    name: str, place: int, arrow: Any, library: str = "Arrow", dtype: Any = None
) -> None:
    """Raise a TypeError if a column's cells are no plain values."""
    import pyarrow as pa

    from synthwgan.table.storage.arrow import is_supported

    cells = arrow.value_type if pa.types.is_dictionary(arrow) else arrow
    if pa.types.is_null(arrow) or pa.types.is_string_view(cells) or is_supported(arrow):
        return
    conversion = _ARROW_STRUCT if pa.types.is_struct(arrow) else _ARROW_TEXT
    if library == "polars":
        conversion = "df.with_columns(pl.col({0!r}).cast(pl.String))"
    left_out = f"df.drop({name!r})" if library == "polars" else f"table.drop_columns([{name!r}])"
    shown = arrow if dtype is None else dtype
    _refuse(name, shown, library, conversion.format(name, place), left_out)


def _refuse(name: str, dtype: Any, library: str, conversion: str, left_out: str) -> None:
    raise TypeError(
        f"column {name!r} of {library} dtype {dtype} holds no plain values: convert it, "
        f"{conversion.format(name)}, or leave it out, {left_out}"
    )


def _series(column: Any, arrow: Any, labels_are_public: bool) -> pd.Series:
    """Return a column of an Arrow table as a Series."""
    import pyarrow as pa

    if pa.types.is_null(arrow):
        return pd.Series([None] * len(column), dtype=object)
    if pa.types.is_dictionary(arrow) and _is_text(arrow.value_type):
        if arrow.ordered or labels_are_public:
            return pd.Series(_categories(column, arrow.ordered))
        column = _cast(column, pa.large_string())
    elif pa.types.is_string_view(arrow):
        column = _cast(column, pa.large_string())
    return pd.Series(pd.arrays.ArrowExtensionArray(column))


def _is_text(arrow: Any) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(arrow) for test in tests)


def _categories(column: Any, ordered: bool) -> pd.Categorical:
    """Return a dictionary of text as categories.

    Only if they are ordered, their order says something. Else they are those that occur, sorted: a
    dictionary may hold texts of other tables too.
    """
    array = column.unify_dictionaries().combine_chunks()
    texts = array.dictionary.to_pylist()
    codes = array.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False).astype(np.int64)
    if ordered:
        labels = list(dict.fromkeys(text for text in texts if text is not None))
    else:
        used = np.unique(codes[codes < len(texts)]).tolist()
        labels = sorted({texts[code] for code in used if texts[code] is not None})
    places = {label: place for place, label in enumerate(labels)}
    lookup = np.array([places.get(text, -1) for text in texts] + [-1], dtype=np.int64)
    index = pd.Index(labels) if labels else pd.Index([], dtype=object)
    return pd.Categorical.from_codes(lookup[codes], index, ordered=ordered)


def _dictionary_type(arrow: Any, ordered: bool) -> Any:
    import pyarrow as pa

    return pa.dictionary(arrow.index_type, arrow.value_type, ordered=ordered)


def _to_array(frame: pd.DataFrame) -> np.ndarray:
    """Return a frame as an array; whole numbers beside a gap that was to stay are floats."""
    nullable = [
        name
        for name, dtype in frame.dtypes.items()
        if pd.api.types.is_numeric_dtype(dtype) and not isinstance(dtype, np.dtype)
    ]
    return frame.astype(dict.fromkeys(nullable, np.float64)).to_numpy()


def _to_arrow(frame: pd.DataFrame, fields: Mapping[str, Field]) -> Any:
    """Return a pandas frame as an Arrow table; its index is left out."""
    import pyarrow as pa

    arrays, known = [], []
    for place, name in enumerate(frame.columns):
        series, wanted = frame.iloc[:, place], fields.get(name)
        try:
            # A column that was nothing but gaps had no type to go back to.
            kind = None if wanted is None or pa.types.is_null(wanted.type) else wanted.type
            array = _array(series, kind)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise TypeError(
                f"column {name!r} of dtype {series.dtype} has no type in Arrow: {error}; take the "
                "rows as they are with set_output(transform='pandas')"
            ) from error
        nullable = wanted is None or wanted.nullable or array.null_count > 0
        arrays.append(array)
        known.append(pa.field(str(name), array.type, nullable))
    return pa.Table.from_arrays(arrays, schema=pa.schema(known))


def _array(series: pd.Series, wanted: Any) -> Any:
    """Return a Series as an Arrow array of the wanted type, by default of the one that is near."""
    import pyarrow as pa

    if isinstance(series.dtype, pd.CategoricalDtype):
        return _dictionary(series, wanted)
    array = pa.array(series, from_pandas=True)
    if isinstance(array.type, pa.BaseExtensionType):
        raise TypeError(f"{array.type} is known to pandas alone")
    if wanted is None or array.type == wanted:
        return array
    if not pa.types.is_dictionary(wanted):
        return _cast(array, wanted)
    plain = _cast(array, wanted.value_type)
    cells = pd.Series(plain.to_pylist(), dtype=object)
    return _dictionary(cells.astype("category"), wanted)


def _dictionary(series: pd.Series, wanted: Any) -> Any:
    import pyarrow as pa

    categories = pa.array(series.cat.categories, from_pandas=True)
    codes = series.cat.codes.to_numpy()
    indices = pa.array(np.maximum(codes, 0), mask=codes < 0)
    if wanted is None:
        return pa.DictionaryArray.from_arrays(indices, categories, ordered=series.cat.ordered)
    if not pa.types.is_dictionary(wanted):
        plain = pa.DictionaryArray.from_arrays(indices, categories).dictionary_decode()
        return _cast(plain, wanted)
    labels = _cast(categories, wanted.value_type)
    return pa.DictionaryArray.from_arrays(
        indices.cast(wanted.index_type), labels, ordered=wanted.ordered
    )


def _cast(array: Any, wanted: Any) -> Any:
    """Return an array as of another type, also where older pyarrows cannot cast views."""
    import pyarrow as pa

    try:
        return array.cast(wanted)
    except pa.ArrowNotImplementedError:
        cells = pa.array(array.to_pylist(), wanted)
        return pa.chunked_array([cells]) if isinstance(array, pa.ChunkedArray) else cells


def _to_polars(table: Any, fields: Mapping[str, Field]) -> Any:
    """Return an Arrow table as a frame of polars."""
    import pyarrow as pa

    try:
        import polars as pl
    except ImportError as error:
        raise ImportError(
            "the rows are to be a polars DataFrame, and polars is not installed: install it with "
            "pip install polars, or take pandas' with set_output(transform='pandas')"
        ) from error
    casts: dict[str, Any] = {}
    for place, one in enumerate(table.schema):
        known = fields.get(one.name)
        if pa.types.is_dictionary(one.type):
            column = table.column(place).combine_chunks()
            labels = column.dictionary.to_pylist()
            plain = pa.large_string() if _is_text(one.type.value_type) else one.type.value_type
            table = table.set_column(place, one.name, column.dictionary_decode().cast(plain))
            if plain == pa.large_string():
                casts[one.name] = _labels_of_polars(pl, one.type, labels, known)
        elif known is not None and known.wide is not None:
            casts[one.name] = pl.Int128 if known.wide == "Int128" else pl.UInt128
    frame: Any = pl.from_arrow(table)
    return frame.cast(casts) if casts else frame


def _labels_of_polars(pl: Any, arrow: Any, labels: Iterable[str], known: Field | None) -> Any:
    if arrow.ordered:
        return pl.Enum(labels)
    if known is None or known.categories is None:
        return pl.Categorical()
    name, namespace = known.categories
    bits = {8: pl.UInt8, 16: pl.UInt16, 32: pl.UInt32}
    physical = bits[arrow.index_type.bit_width]
    return pl.Categorical(pl.Categories(name, namespace=namespace, physical=physical))


class MixedTableMixin:
    """Tells scikit-learn what an estimator of tables takes."""

    def __sklearn_tags__(self) -> Any:
        """Say that missing cells, text and categories are taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class OutputMixin:
    """Lets the user choose in which form an estimator hands out rows, as scikit-learn does."""

    # Kept by scikit-learn's `clone`, which knows it by this name.
    _sklearn_output_config: dict[str, str]

    def set_output(self, *, transform: Output | None = None) -> Self:
        """Choose what the rows that come out are.

        Parameters
        ----------
        transform : {"default", "pandas", "polars", "arrow"} or None, default None
            DataFrames of pandas or of polars, or Tables of pyarrow. "default" gives what was
            fitted. None changes nothing. Where it was never said, the ``transform_output`` of
            scikit-learn's configuration counts.

        Returns
        -------
        Estimator
            Itself.

        Raises
        ------
        ValueError
            If it is another word.
        """
        if transform is not None:
            _check_output(transform, "transform")
            self._sklearn_output_config = {"transform": transform}
        return self


def chosen_output(estimator: Any) -> str:
    """Return the form that an estimator's rows are to have: its own, or scikit-learn's."""
    from sklearn import get_config

    own = getattr(estimator, "_sklearn_output_config", {})
    if "transform" in own:
        return own["transform"]
    return _check_output(get_config()["transform_output"], "scikit-learn's transform_output")


def _check_output(word: Any, what: str) -> str:
    if not isinstance(word, str) or word not in OUTPUTS:
        raise ValueError(f"{what} must be one of {list(OUTPUTS)}, got {word!r}")
    return word
