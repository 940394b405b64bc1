"""Columns backed by pyarrow."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from synthwgan.parameters import Number, OneOf, PairOf
from synthwgan.table.checks import FLAG, STATE, TEXT, check_state, optional
from synthwgan.table.storage.dtypes import (
    CalendarType,
    Cells,
    NumberType,
    PhysicalType,
    measure_of_duration,
)
from synthwgan.table.storage.named import UNITS, arrow_dtype, time_zone
from synthwgan.table.storage.scalars import as_boolean, next_decimal

# Older pyarrows have no narrow ones.
_DECIMALS: dict[str, Callable[[int, int], pa.DataType]] = {
    name: vars(pa)[name]
    for name in ("decimal32", "decimal64", "decimal128", "decimal256")
    if name in vars(pa)
}
_DECIMAL_FIELDS = {
    "decimal": OneOf(tuple(_DECIMALS)),
    "at": PairOf(Number(-100, 100, integer=True)),
}
_DICTIONARY_FIELDS = {"index": STATE, "value": STATE, "ordered": FLAG}


def _array(series: pd.Series) -> pa.Array:
    array = pa.array(series.array)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def type_to_dict(arrow: pa.DataType) -> dict[str, Any]:
    """Return a pyarrow type as a JSON-able dict."""
    if pa.types.is_timestamp(arrow):
        return {"timestamp": arrow.unit, "tz": arrow.tz}
    if pa.types.is_decimal(arrow):
        return {"decimal": str(arrow).split("(")[0], "at": [arrow.precision, arrow.scale]}
    if pa.types.is_dictionary(arrow):
        parts = {"index": type_to_dict(arrow.index_type), "value": type_to_dict(arrow.value_type)}
        return {**parts, "ordered": arrow.ordered}
    return {"alias": str(arrow)}


def type_from_dict(state: dict[str, Any]) -> pa.DataType:
    """Rebuild a type from `type_to_dict`; a ValueError says that there is none."""
    if "timestamp" in state:
        check_state("a type of moments", state, {"timestamp": OneOf(UNITS), "tz": optional(TEXT)})
        zone = state["tz"]
        return pa.timestamp(state["timestamp"], None if zone is None else time_zone(zone))
    if "decimal" in state:
        check_state("a type of decimals", state, _DECIMAL_FIELDS)
        precision, scale = state["at"]
        return _DECIMALS[state["decimal"]](precision, scale)
    if "index" in state:
        check_state("a type of codes", state, _DICTIONARY_FIELDS)
        index, value = type_from_dict(state["index"]), type_from_dict(state["value"])
        return pa.dictionary(index, value, ordered=state["ordered"])
    check_state("a pyarrow type", state, {"alias": TEXT})
    return arrow_dtype(state["alias"])


class ArrowType(PhysicalType):
    """A pandas column with a pyarrow dtype."""

    @property
    def arrow(self) -> pa.DataType:
        """The pyarrow type."""
        return self.dtype.pyarrow_dtype

    def read(self, series: pd.Series) -> Cells:
        return Cells(self.to_values(_array(series)), series.isna().to_numpy())

    def array(self, cells: Cells) -> Any:
        if cells.missing.all():
            built = pa.nulls(len(cells.missing), self.arrow)
        else:
            built = self.to_arrow(cells.values, cells.missing)
        return pd.arrays.ArrowExtensionArray(pa.chunked_array([built], type=self.arrow))

    def to_values(self, array: pa.Array) -> np.ndarray:
        """Return canonical values; nulls may become anything."""
        raise NotImplementedError

    def to_arrow(self, values: np.ndarray, missing: np.ndarray) -> pa.Array:
        """Return an array of the pyarrow type."""
        return pa.array(values, mask=missing).cast(self.arrow)

    def to_dict(self) -> dict[str, Any]:
        return type_to_dict(self.arrow)

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> ArrowType:
        return cls(pd.ArrowDtype(type_from_dict(state)))


class ArrowNumber(ArrowType, NumberType):
    """Integers and floats."""

    domain = "number"

    @property
    def plain_dtype(self) -> np.dtype:
        return np.dtype(self.arrow.to_pandas_dtype())

    def read(self, series: pd.Series) -> Cells:
        return NumberType.read(self, series)

    def _values(self, series: pd.Series) -> np.ndarray:
        return self.to_values(_array(series))

    def to_values(self, array: pa.Array) -> np.ndarray:
        filled = np.zeros(len(array), dtype=self.canonical)
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        filled[valid] = array.drop_null().to_numpy(zero_copy_only=False)
        return filled

    def to_arrow(self, values: np.ndarray, missing: np.ndarray) -> pa.Array:
        return pa.array(values.astype(self.plain_dtype), mask=missing, type=self.arrow)


class ArrowBoolean(ArrowType):
    """Booleans."""

    def parse(self, value: Any) -> Any:
        return as_boolean(value)

    def to_values(self, array: pa.Array) -> np.ndarray:
        return pc.fill_null(array, False).to_numpy(zero_copy_only=False)

    def to_arrow(self, values: np.ndarray, missing: np.ndarray) -> pa.Array:
        return pa.array(values.astype(bool), mask=missing)


class ArrowText(ArrowType):
    """string and large_string."""

    domain = "text"

    def to_values(self, array: pa.Array) -> np.ndarray:
        return pc.fill_null(array, "").to_numpy(zero_copy_only=False)

    def to_arrow(self, values: np.ndarray, missing: np.ndarray) -> pa.Array:
        return pa.array(values, mask=missing, type=self.arrow)


class _Ticks(ArrowType):
    def to_values(self, array: pa.Array) -> np.ndarray:
        raw = array.cast(self._raw).cast(pa.int64())
        return pc.fill_null(raw, 0).to_numpy(zero_copy_only=False)

    def to_arrow(self, values: np.ndarray, missing: np.ndarray) -> pa.Array:
        return pa.array(values, mask=missing).cast(self._raw).cast(self.arrow)

    @property
    def _raw(self) -> pa.DataType:
        return pa.int32() if self.arrow.bit_width == 32 else pa.int64()


class ArrowTime(_Ticks, CalendarType):
    """Timestamps with or without zone, date32 and date64."""

    @property
    def tz(self) -> str | None:
        """Time zone, or None."""
        return self.arrow.tz if pa.types.is_timestamp(self.arrow) else None

    @property
    def unit(self) -> str:
        """Unit of the ticks."""
        if pa.types.is_timestamp(self.arrow):
            return self.arrow.unit
        return "D" if pa.types.is_date32(self.arrow) else "ms"


class ArrowDuration(_Ticks):
    """Durations and times of day."""

    domain = "number"

    @property
    def _are_durations(self) -> bool:
        return pa.types.is_duration(self.arrow)

    def parse(self, value: Any) -> Any:
        return pd.Timedelta(value) if self._are_durations and isinstance(value, str) else value

    def measure(self) -> tuple[str, Fraction]:
        return measure_of_duration(self) if self._are_durations else super().measure()


class ArrowDecimal(ArrowType):
    """Decimals of up to 64 bits: int64 multiples of the scale."""

    domain = "number"

    @property
    def exponent(self) -> int:
        """Power of ten that all decimals are multiples of."""
        return -self.arrow.scale

    def next_cell(self, bound: Any, round_to: Callable[[Any], int]) -> Any:
        return next_decimal(bound, self.exponent, round_to)

    def measure(self) -> tuple[str, Fraction]:
        return "number", Fraction(10) ** self.exponent

    def _cast(self, series: pd.Series) -> pd.Series:
        # pyarrow itself would cut the digits of texts and floats.
        exact = [decimal.Decimal(str(value)) for value in series]
        return pd.Series(exact, dtype=np.dtype(object)).astype(self.dtype)

    def to_values(self, array: pa.Array) -> np.ndarray:
        scale, context = self.arrow.scale, decimal.Context(prec=80)
        exact = [0 if v is None else int(v.scaleb(scale, context)) for v in array.to_pylist()]
        if any(abs(value) >= 2**63 for value in exact):
            raise ValueError("the decimals need more than 64 bits: convert them to float")
        return np.array(exact, dtype=np.int64)

    def to_arrow(self, values: np.ndarray, missing: np.ndarray) -> pa.Array:
        scale, context = -self.arrow.scale, decimal.Context(prec=80)
        exact = [decimal.Decimal(value).scaleb(scale, context) for value in values.tolist()]
        return pa.array(exact, type=self.arrow, mask=missing)


class ArrowDictionary(ArrowType):
    """Dictionary-encoded values of any supported type; always labels."""

    @property
    def _inner(self) -> ArrowType:
        return _of_arrow(self.arrow.value_type)

    def parse(self, value: Any) -> Any:
        return self._inner.parse(value)

    def to_values(self, array: pa.Array) -> np.ndarray:
        return self._inner.to_values(array.dictionary_decode())

    def _cast(self, series: pd.Series) -> pd.Series:
        # pyarrow makes dictionaries of text only.
        plain = _array(series.astype(pd.ArrowDtype(self.arrow.value_type)))
        return pd.Series(pd.arrays.ArrowExtensionArray(plain.dictionary_encode()))

    def to_arrow(self, values: np.ndarray, missing: np.ndarray) -> pa.Array:
        encoded = self._inner.to_arrow(values, missing).dictionary_encode()
        indices = encoded.indices.cast(self.arrow.index_type)
        ordered = self.arrow.ordered
        return pa.DictionaryArray.from_arrays(indices, encoded.dictionary, ordered=ordered)


_TESTS: list[tuple[Any, type[ArrowType]]] = [
    (pa.types.is_boolean, ArrowBoolean),
    (pa.types.is_integer, ArrowNumber),
    (pa.types.is_floating, ArrowNumber),
    (pa.types.is_string, ArrowText),
    (pa.types.is_large_string, ArrowText),
    (pa.types.is_timestamp, ArrowTime),
    (pa.types.is_date, ArrowTime),
    (pa.types.is_duration, ArrowDuration),
    (pa.types.is_time, ArrowDuration),
    (pa.types.is_decimal, ArrowDecimal),
    (pa.types.is_dictionary, ArrowDictionary),
]

ARROW_TYPES = tuple(dict.fromkeys(build for _, build in _TESTS))


def _of_arrow(arrow: pa.DataType) -> ArrowType:
    for test, build in _TESTS:
        if test(arrow):
            return build(pd.ArrowDtype(arrow))
    raise TypeError(f"pyarrow type {arrow} is not supported: flatten it or drop the column")


def arrow_type(dtype: pd.ArrowDtype) -> ArrowType:
    """Return the physical type of a pyarrow-backed column.

    Raises
    ------
    TypeError
        If the pyarrow type is nested, binary or otherwise not supported.
    """
    physical = _of_arrow(dtype.pyarrow_dtype)
    if isinstance(physical, ArrowDictionary):
        _of_arrow(dtype.pyarrow_dtype.value_type)
    return physical


def is_supported(arrow: pa.DataType) -> bool:
    """Whether a column may be of a pyarrow type."""
    try:
        arrow_type(pd.ArrowDtype(arrow))
    except TypeError:
        return False
    return True
