"""One schema for parts of a table whose types differ, where none of them loses anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

_WHOLE = (
    *(pa.int8(), pa.uint8(), pa.int16(), pa.uint16()),
    *(pa.int32(), pa.uint32(), pa.int64(), pa.uint64()),
)
_FLOATS = (pa.float16(), pa.float32(), pa.float64())
# So many bits of whole numbers a float holds.
_EXACT = {pa.float16(): 11, pa.float32(): 24, pa.float64(): 53}
_TEXTS = (pa.string(), pa.large_string())
_UNITS = ("s", "ms", "us", "ns")
# Of a decimal of 128 bits.
_MAX_DIGITS = 38


def promoted(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Return the type that holds all that two types hold, None if there is none without loss.

    Examples
    --------
    >>> import pyarrow as pa
    >>> promoted(pa.int32(), pa.int64()), promoted(pa.uint32(), pa.int32())
    (DataType(int64), DataType(int64))
    >>> promoted(pa.int64(), pa.float64()) is None
    True
    """
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if pa.types.is_dictionary(one) or pa.types.is_dictionary(other):
        return _of_dictionaries(one, other)
    if pa.types.is_decimal(one) and pa.types.is_decimal(other):
        return _of_decimals(one, other)
    if pa.types.is_timestamp(one) and pa.types.is_timestamp(other):
        # Moments that a finer unit does not reach are an error when they are read.
        return (
            max(one, other, key=lambda kind: _UNITS.index(kind.unit))
            if one.tz == other.tz
            else None
        )
    for ladder in (_WHOLE, _FLOATS, _TEXTS):
        if one in ladder and other in ladder:
            return next(
                (kind for kind in ladder if _holds(kind, one) and _holds(kind, other)), None
            )
    wide = next((kind for kind in (one, other) if kind in _FLOATS), None)
    return wide if wide and _holds(wide, one) and _holds(wide, other) else None


def _of_dictionaries(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """Categories beside text are text; categories beside categories stay such, if in one order."""
    both = pa.types.is_dictionary(one) and pa.types.is_dictionary(other)
    values = promoted(_plain(one), _plain(other))
    if values is None or not both:
        return values
    index = promoted(one.index_type, other.index_type)
    if index is None or one.ordered != other.ordered:
        return None
    return pa.dictionary(index, values, one.ordered)


def _of_decimals(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    scale = max(one.scale, other.scale)
    n_digits = scale + max(one.precision - one.scale, other.precision - other.scale)
    return pa.decimal128(n_digits, scale) if n_digits <= _MAX_DIGITS else None


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _holds(wide: pa.DataType, narrow: pa.DataType) -> bool:
    """Whether a type has every value of another."""
    if wide == narrow:
        return True
    if wide in _TEXTS or narrow in _FLOATS:
        return _is_later(wide, narrow)
    own, other = (
        kind.bit_width - pa.types.is_signed_integer(kind) if kind in _WHOLE else _EXACT.get(kind, 0)
        for kind in (wide, narrow)
    )
    has_sign = wide in _FLOATS or pa.types.is_signed_integer(wide)
    return own >= other and (has_sign or not pa.types.is_signed_integer(narrow))


def _is_later(wide: pa.DataType, narrow: pa.DataType) -> bool:
    ladder = _TEXTS if wide in _TEXTS else _FLOATS
    return wide in ladder and narrow in ladder and ladder.index(wide) > ladder.index(narrow)


def unified(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """Return the first of schemas, which have the same columns, with the types of them all.

    What pandas notes of a column comes from a part that has the type, as it names a dtype.
    """
    schema, notes = schemas[0], _notes(schemas[0])
    for place, name in enumerate(schema.names):
        kind = schema.field(place).type
        for other in schemas:
            kind = promoted(kind, other.field(place).type)
        if kind != schema.field(place).type:
            schema = schema.set(place, schema.field(place).with_type(kind))
            told = (_notes(other).get(name) for other in schemas if other.field(place).type == kind)
            notes[name] = next(filter(None, told), None)
    return _with_notes(schema, notes)


def _notes(schema: pa.Schema) -> dict[str, Any]:
    columns = (schema.pandas_metadata or {}).get("columns", [])
    return {note["field_name"]: note for note in columns if note.get("field_name")}


def _with_notes(schema: pa.Schema, notes: dict[str, Any]) -> pa.Schema:
    pandas = schema.pandas_metadata
    if not pandas:
        return schema
    columns = [notes.get(note.get("field_name"), note) for note in pandas.get("columns", [])]
    told = {**pandas, "columns": [note for note in columns if note is not None]}
    return schema.with_metadata({**(schema.metadata or {}), b"pandas": json.dumps(told).encode()})
