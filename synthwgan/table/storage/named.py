"""Types that a text names: only those of closed lists, whatever pandas, numpy and pyarrow know.

Their own parsers take far more: text types of any width, records, types of other packages, and
time zones by the path of a file.
"""

from __future__ import annotations

import functools
import re
import zoneinfo
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

UNITS = ("s", "ms", "us", "ns")
_UNIT = "(s|ms|us|ns)"
_NUMPY = re.compile(
    r"bool|object|u?int(8|16|32|64)|float(16|32|64)"
    r"|[<>|=]?([iuf][1248]|b1|O|[mM]8(\[(Y|M|W|D|h|m|s|ms|us|ns)\])?)"
)
_TICKS = re.compile(rf"(datetime64|timedelta64)\[{_UNIT}\]")
_ZONED = re.compile(rf"datetime64\[{_UNIT}, ([^\]]+)\]")
_ARROW_ZONED = re.compile(rf"timestamp\[{_UNIT}, tz=([^\]]+)\]")
_PERIOD = re.compile(r"period\[([^\]]+)\]")
_INTERVAL = re.compile(r"interval\[(.+), (left|right|both|neither)\]")
_NULLABLE = {
    dtype.name: dtype
    for dtype in (
        *(pd.Int8Dtype(), pd.Int16Dtype(), pd.Int32Dtype(), pd.Int64Dtype()),
        *(pd.UInt8Dtype(), pd.UInt16Dtype(), pd.UInt32Dtype(), pd.UInt64Dtype()),
        *(pd.Float32Dtype(), pd.Float64Dtype(), pd.BooleanDtype()),
    )
}
_OFFSET = re.compile(r"(UTC)?[+-]\d\d:\d\d(:\d\d(\.\d{1,6})?)?")
_ZONE = re.compile(r"[A-Za-z][\w+-]*(/[\w+-]+)*", re.ASCII)
_FREQUENCY = re.compile(r"[A-Za-z0-9-]{1,20}", re.ASCII)


def numpy_dtype(name: Any) -> np.dtype:
    """Return the numpy dtype of a name: a number, a boolean, ticks or object.

    Raises
    ------
    ValueError
        If it is another one.
    """
    if not isinstance(name, str) or not _NUMPY.fullmatch(name):
        raise ValueError(f"{str(name)[:60]!r} is no dtype of a column")
    return np.dtype(name)


def named_dtype(name: Any) -> Any:
    """Return the dtype of a column, or of categories, by the name that pandas gives it.

    Raises
    ------
    ValueError
        If it is none that a table can have.
    """
    name = name if isinstance(name, str) else ""
    if name in _NULLABLE:
        return _NULLABLE[name]
    if _TICKS.fullmatch(name):
        return np.dtype(name)
    if found := _ZONED.fullmatch(name):
        return pd.DatetimeTZDtype(found[1], time_zone(found[2]))
    if found := _PERIOD.fullmatch(name):
        return pd.PeriodDtype(frequency(found[1]))
    if found := _INTERVAL.fullmatch(name):
        return pd.IntervalDtype(named_dtype(found[1]), found[2])
    if name.endswith("[pyarrow]"):
        return pd.ArrowDtype(arrow_dtype(name.removesuffix("[pyarrow]")))
    return numpy_dtype(name)


def arrow_dtype(name: Any) -> pa.DataType:
    """Return the pyarrow type of the name that it has in pyarrow.

    Raises
    ------
    ValueError
        If it is none that a table can have.
    """
    import pyarrow as pa

    text = name if isinstance(name, str) else ""
    if found := _ARROW_ZONED.fullmatch(text):
        return pa.timestamp(found[1], time_zone(found[2]))
    if text not in _arrow_types():
        raise ValueError(f"{str(name)[:60]!r} is no pyarrow type of a column")
    return _arrow_types()[text]


@functools.cache
def _arrow_types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    types = (
        *(pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16()),
        *(pa.uint32(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.string()),
        *(pa.large_string(), pa.date32(), pa.date64(), pa.time32("s"), pa.time32("ms")),
        *(pa.time64("us"), pa.time64("ns"), *map(pa.duration, UNITS), *map(pa.timestamp, UNITS)),
        *(pa.null(), pa.string_view()),
    )
    return {str(arrow): arrow for arrow in types}


def time_zone(name: Any) -> str:
    """Return the name of a time zone if it is a known one or an offset.

    pandas also takes names that make it read any file as a zone.

    Raises
    ------
    ValueError
        If it is none.
    """
    text = name if isinstance(name, str) and len(name) < 100 else ""
    if _OFFSET.fullmatch(text):
        return text
    if _ZONE.fullmatch(text) and not text.startswith(("dateutil", "tzlocal")):
        try:
            zoneinfo.ZoneInfo(text)
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            text = ""
        if text:
            return text
    raise ValueError(f"{str(name)[:60]!r} is no time zone that is known here")


def frequency(name: Any) -> Any:
    """Return the frequency of periods by the name that pandas gives it.

    Raises
    ------
    ValueError
        If it is none.
    """
    if not isinstance(name, str) or not _FREQUENCY.fullmatch(name):
        raise ValueError(f"{str(name)[:60]!r} is no frequency of periods")
    return pd.PeriodDtype(name).freq
