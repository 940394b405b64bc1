"""Exact JSON for the Python objects that name columns and categories, and for trees with arrays."""

from __future__ import annotations

import datetime
import decimal
import math
import reprlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from synthwgan.table.storage.named import frequency, numpy_dtype, time_zone

_TAG = "type"


def _pack_timestamp(value: pd.Timestamp) -> list[Any]:
    zone = None if value.tz is None else str(value.tz)
    return [value.as_unit(value.unit).asm8.view("i8").item(), value.unit, zone]


def _unpack_timestamp(packed: list[Any]) -> Any:
    ticks, unit, zone = packed
    stamp = pd.Timestamp(np.int64(ticks).view(numpy_dtype(f"M8[{unit}]")))
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(time_zone(zone))


def _pack_timedelta(value: pd.Timedelta) -> list[Any]:
    return [value.asm8.view("i8").item(), value.unit]


def _unpack_timedelta(packed: list[Any]) -> Any:
    ticks, unit = packed
    return pd.Timedelta(np.int64(ticks).view(numpy_dtype(f"m8[{unit}]")))


def _unpack_period(packed: list[Any]) -> Any:
    ordinal, freq = packed
    return pd.Period(ordinal=ordinal, freq=frequency(freq))


def _pack_interval(value: pd.Interval) -> list[Any]:
    return [to_jsonable(value.left), to_jsonable(value.right), value.closed]


def _unpack_interval(packed: list[Any]) -> pd.Interval:
    return pd.Interval(from_jsonable(packed[0]), from_jsonable(packed[1]), packed[2])


def _pack_numpy(value: np.generic) -> list[Any]:
    if value.dtype.kind in "mM":
        return [value.dtype.str, int(value.view("i8"))]
    if value.dtype.kind not in "biufU" or value.dtype.name == "longdouble":
        raise TypeError(f"cannot save {value!r} of numpy type {value.dtype}")
    return [value.dtype.str, to_jsonable(value.item())]


def _unpack_numpy(packed: list[Any]) -> np.generic:
    name, value = packed
    if isinstance(value, str):
        return np.str_(value)
    dtype = numpy_dtype(name)
    if dtype.kind in "mM":
        return np.int64(value).view(dtype)
    return dtype.type(from_jsonable(value))


# Most specific type first: a Timestamp is a datetime, a datetime is a date, np.float64 a float.
_CODECS: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "Timestamp": (pd.Timestamp, _pack_timestamp, _unpack_timestamp),
    "Timedelta": (pd.Timedelta, _pack_timedelta, _unpack_timedelta),
    "Period": (pd.Period, lambda value: [value.ordinal, value.freqstr], _unpack_period),
    "Interval": (pd.Interval, _pack_interval, _unpack_interval),
    "datetime": (
        datetime.datetime,
        lambda value: value.isoformat(),
        datetime.datetime.fromisoformat,
    ),
    "date": (datetime.date, lambda value: value.isoformat(), datetime.date.fromisoformat),
    "time": (datetime.time, lambda value: value.isoformat(), datetime.time.fromisoformat),
    "Decimal": (decimal.Decimal, str, decimal.Decimal),
    "numpy": (np.generic, _pack_numpy, _unpack_numpy),
    "bytes": (bytes, lambda value: value.hex(), bytes.fromhex),
    "tuple": (
        tuple,
        lambda value: [to_jsonable(item) for item in value],
        lambda packed: tuple(from_jsonable(item) for item in packed),
    ),
    "frozenset": (
        frozenset,
        lambda value: [to_jsonable(item) for item in sorted(value)],
        lambda packed: frozenset(from_jsonable(item) for item in packed),
    ),
}
_SINGLETONS: dict[str, Any] = {"NaT": pd.NaT, "NA": pd.NA}


def to_jsonable(value: Any) -> Any:
    """Turn a hashable Python object into JSON that `from_jsonable` turns back exactly.

    Parameters
    ----------
    value : hashable
        None, bool, int, float, str, bytes, date, time, datetime, Decimal, a pandas or
        numpy scalar, or a tuple of these.

    Returns
    -------
    jsonable : None, bool, int, float, str or dict

    Raises
    ------
    TypeError
        If the type cannot be saved without executing code when it is read.

    Examples
    --------
    >>> from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
    >>> to_jsonable(("a", 1))
    {'type': 'tuple', 'value': ['a', 1]}
    >>> from_jsonable(to_jsonable(("a", 1)))
    ('a', 1)
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {_TAG: "float", "value": repr(value)}
    for name, singleton in _SINGLETONS.items():
        if value is singleton:
            return {_TAG: name}
    for name, (kind, pack, _) in _CODECS.items():
        if isinstance(value, kind):
            return {_TAG: name, "value": pack(value)}
    raise TypeError(
        f"cannot save {value!r} of type {type(value).__name__}: "
        "turn column names and categories into str, numbers or dates before fitting"
    )


def from_jsonable(packed: Any) -> Any:
    """Rebuild an object from `to_jsonable`.

    Raises
    ------
    ValueError
        If `to_jsonable` gives no such thing.
    """
    if not isinstance(packed, dict):
        if isinstance(packed, list):
            raise ValueError(f"{reprlib.repr(packed)} is no saved value")
        return packed
    try:
        value = _unpack(packed.get(_TAG), packed.get("value"))
        is_exact = to_jsonable(value) == packed
    except (TypeError, ValueError, KeyError, ArithmeticError) as error:
        raise ValueError(f"{reprlib.repr(packed)} is no saved value: {error}") from error
    if not is_exact:
        raise ValueError(f"{reprlib.repr(packed)} is no saved value")
    return value


def _unpack(name: str, packed: Any) -> Any:
    if name == "float":
        return float(packed)
    if name in _SINGLETONS:
        return _SINGLETONS[name]
    return _CODECS[name][2](packed)


def split_arrays(tree: Any, path: str = "") -> tuple[Any, dict[str, np.ndarray]]:
    """Take the arrays out of a tree of dicts and lists.

    Parameters
    ----------
    tree : dict, list or scalar
        A JSON-able tree whose leaves may also be arrays of int64, uint64 or float64.
    path : str, default=""
        Prefix of the arrays' keys.

    Returns
    -------
    tree : dict, list or scalar
        The same tree with ``{"array": key, "dtype": name}`` in place of each array.
    arrays : dict of str to ndarray
        The arrays; uint64 is viewed as int64, which file formats hold everywhere.
    """
    if isinstance(tree, np.ndarray):
        stored = tree.view(np.int64) if tree.dtype == np.uint64 else tree
        return {"array": path, "dtype": str(tree.dtype)}, {path: stored}
    if not isinstance(tree, dict | list):
        return tree, {}
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    arrays: dict[str, np.ndarray] = {}
    split = {}
    for key, branch in items:
        split[key], found = split_arrays(branch, f"{path}.{key}" if path else str(key))
        arrays |= found
    return (split if isinstance(tree, dict) else list(split.values())), arrays


def join_arrays(tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Put the arrays of `split_arrays` back into their tree.

    Raises
    ------
    ValueError
        If an array that the tree names is missing, or of another dtype.
    """
    if isinstance(tree, list):
        return [join_arrays(branch, arrays) for branch in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.keys() == {"array", "dtype"}:
        name, dtype = tree["array"], tree["dtype"]
        if name not in arrays:
            raise ValueError(f"the saved state lacks the array {name!r}")
        stored = np.ascontiguousarray(arrays[name])
        if str(stored.dtype) != ("int64" if dtype == "uint64" else dtype):
            raise ValueError(f"the array {name!r} is of {stored.dtype}, not {dtype!r}")
        return stored.view(np.uint64) if dtype == "uint64" else stored
    return {key: join_arrays(branch, arrays) for key, branch in tree.items()}
