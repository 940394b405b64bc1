"""Columns of Python objects: str, bool, numbers, Decimal, dates, datetimes and timedeltas."""

from __future__ import annotations

import datetime
import decimal
from collections import Counter
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from synthwgan.parameters import Constraint, Number, OneOf
from synthwgan.table.checks import FLAG, TEXT, check_state, expect, optional
from synthwgan.table.storage.dtypes import (
    CalendarType,
    Cells,
    NumberType,
    PhysicalType,
    listed,
    measure_of_duration,
    ticks_to_index,
)
from synthwgan.table.storage.named import time_zone
from synthwgan.table.storage.scalars import as_boolean, next_decimal

_SENTINELS: dict[str, Any] = {"None": None, "nan": np.nan, "NA": pd.NA, "NaT": pd.NaT}
_DAY = datetime.date(1970, 1, 1).toordinal()
_CONTEXT = decimal.Context(prec=80)
_MAX_EXPONENT = 10_000


def _sentinel_name(value: Any) -> str:
    if value is None:
        return "None"
    if value is pd.NA:
        return "NA"
    return "NaT" if value is pd.NaT else "nan"


def missing_objects(objects: np.ndarray) -> np.ndarray:
    """Return where objects stand for a missing cell."""
    try:
        return pd.isna(objects)
    except decimal.InvalidOperation as error:
        # Of a signaling NaN, Python does not say whether it equals itself.
        raise ValueError("holds Decimal('sNaN'): replace it by None or a number") from error


class ObjectType(PhysicalType):
    """An object column whose present cells share one Python type.

    Parameters
    ----------
    sentinel : str
        The column's most used missing value: "None", "nan", "NA" or "NaT".
    inferred : str
        The pandas name of the objects' type, as in `pandas.api.types.infer_dtype`.

    Attributes
    ----------
    learned : mapping of str to Constraint
        What `learn` sets, and what each may be.
    """

    learned: ClassVar[Mapping[str, Constraint]] = {}

    def __init__(self, sentinel: str = "None", inferred: str = "string") -> None:
        self.dtype = np.dtype(object)
        self.sentinel = sentinel
        self.inferred = inferred

    @property
    def name(self) -> str:
        return f"object ({self.inferred})"

    def matches(self, series: pd.Series) -> bool:
        if series.dtype != object:
            return False
        inferred = pd.api.types.infer_dtype(series.to_numpy(), skipna=True)
        return _BY_INFERRED.get(inferred) is type(self)

    def _cast(self, series: pd.Series) -> pd.Series:
        return self.write(self._parse(series))

    def _parse(self, series: pd.Series) -> Cells:
        raise TypeError(f"expected {self.inferred} objects")

    def read(self, series: pd.Series) -> Cells:
        objects = series.to_numpy()
        missing = missing_objects(objects)
        present = self.to_values(objects[~missing])
        values = np.zeros(len(objects), dtype=present.dtype)
        values[~missing] = present
        return Cells(values, missing)

    def array(self, cells: Cells) -> np.ndarray:
        objects = np.empty(len(cells.values), dtype=object)
        objects[:] = self.to_objects(cells.values)
        objects[cells.missing] = _SENTINELS[self.sentinel]
        return objects

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        """Return present objects as canonical values."""
        raise NotImplementedError

    def to_objects(self, values: np.ndarray) -> list[Any]:
        """Return canonical values as a list of objects."""
        return values.tolist()

    def learn(self, objects: np.ndarray) -> None:
        """Take from the present objects what the type has to remember."""

    def to_dict(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key not in _NOT_SAVED}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        check_state("a type of objects", state, {**_OBJECT_FIELDS, **cls.learned})
        sentinel, inferred = state["sentinel"], state["inferred"]
        expect(_BY_INFERRED[inferred] is cls, f"{cls.__name__} stores no {inferred} objects")
        physical = cls(sentinel, inferred)
        for name in cls.learned:
            setattr(physical, name, state[name])
        return physical


_NOT_SAVED = {"dtype", "float_type", "canonical"}


class ObjectText(ObjectType):
    """Objects of type str."""

    domain = "text"

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        if set(map(type, objects.tolist())) <= {str}:
            return objects
        # Text taken from a numpy array is an `np.str_`, and would come back from a file as str.
        texts = np.empty(len(objects), dtype=object)
        texts[:] = [str.__str__(text) for text in objects]
        return texts

    def to_objects(self, values: np.ndarray) -> list[Any]:
        return values.tolist()

    def _parse(self, series: pd.Series) -> Cells:
        texts = series.astype(str).to_numpy(dtype=object)
        return Cells(texts, np.zeros(len(texts), dtype=bool))


class ObjectBoolean(ObjectType):
    """Objects of type bool."""

    def parse(self, value: Any) -> Any:
        return as_boolean(value)

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        return objects.astype(bool)

    def _parse(self, series: pd.Series) -> Cells:
        return Cells(series.astype(bool).to_numpy(dtype=bool), np.zeros(len(series), dtype=bool))


class ObjectNumber(ObjectType, NumberType):
    """Objects of type int (within 64 bits) or float."""

    domain = "number"

    def __init__(self, sentinel: str = "None", inferred: str = "floating") -> None:
        ObjectType.__init__(self, sentinel, inferred)
        self.canonical = np.dtype(np.int64 if inferred == "integer" else np.float64)

    @property
    def plain_dtype(self) -> np.dtype:
        return self.canonical

    def matches(self, series: pd.Series) -> bool:
        if not super().matches(series):
            return False
        return self.inferred != "integer" or pd.api.types.infer_dtype(series) == "integer"

    def learn(self, objects: np.ndarray) -> None:
        if self.inferred == "integer" and max(objects) >= 2**63:
            self.canonical = np.dtype(np.uint64)

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        try:
            values = objects.astype(self.canonical)
        except OverflowError as error:
            widest = max(objects, key=abs)
            raise ValueError(f"the integer {widest} needs more than 64 bits: use float") from error
        if self.canonical.kind == "f":
            _check_whole(objects)
        return values

    def to_dict(self) -> dict[str, Any]:
        return {**super().to_dict(), "unsigned": self.canonical.kind == "u"}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        own = {name: value for name, value in state.items() if name != "unsigned"}
        physical = super().from_dict(own)
        check_state("a type of objects", state, {**_OBJECT_FIELDS, "unsigned": FLAG})
        if state["unsigned"]:
            expect(physical.inferred == "integer", "only integers are unsigned")
            physical.canonical = np.dtype(np.uint64)
        return physical


def _check_whole(objects: np.ndarray) -> None:
    for value in objects:
        if isinstance(value, int) and value != int(float(value)):
            raise ValueError(
                f"the integer {value} stands among floats, which do not hold it exactly: make all "
                "whole numbers, or all float"
            )


class ObjectDecimal(ObjectType):
    """decimal.Decimal: int64 multiples of the column's smallest exponent."""

    domain = "number"
    learned = {"exponent": Number(-_MAX_EXPONENT, _MAX_EXPONENT, integer=True)}
    exponent: int = 0

    def next_cell(self, bound: Any, round_to: Callable[[Any], int]) -> Any:
        return next_decimal(bound, self.exponent, round_to)

    def measure(self) -> tuple[str, Fraction]:
        return "number", Fraction(10) ** self.exponent

    def learn(self, objects: np.ndarray) -> None:
        _check_finite(objects)
        self.exponent = min(value.as_tuple().exponent for value in objects)

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        _check_finite(objects)
        scaled = [self._scaled(value) for value in objects]
        if any(abs(value) >= 2**63 for value in scaled):
            raise ValueError("the decimals need more than 64 bits: convert them to float")
        return np.array(scaled, dtype=np.int64)

    def _scaled(self, value: decimal.Decimal) -> int:
        scaled = value.scaleb(-self.exponent, _CONTEXT)
        if scaled != (whole := int(scaled)):
            raise ValueError(
                f"{value} is no multiple of {decimal.Decimal(1).scaleb(self.exponent)}, as all "
                "decimals were when fitted: round it"
            )
        return whole

    def to_objects(self, values: np.ndarray) -> list[Any]:
        scale = self.exponent
        return [decimal.Decimal(value).scaleb(scale, _CONTEXT) for value in values.tolist()]

    def _parse(self, series: pd.Series) -> Cells:
        objects = np.array([decimal.Decimal(str(value)) for value in series], dtype=object)
        return Cells(self.to_values(objects), np.zeros(len(objects), dtype=bool))


def _check_finite(objects: np.ndarray) -> None:
    for value in objects:
        if not value.is_finite():
            raise ValueError(f"holds {value}: replace it by a number or a missing value")


class ObjectDate(ObjectType, CalendarType):
    """datetime.date: days since 1970."""

    tz: ClassVar[Any] = None
    unit: ClassVar[str] = "D"

    def parse(self, value: Any) -> Any:
        return super().parse(value).date()

    def learn(self, objects: np.ndarray) -> None:
        if any(isinstance(value, datetime.datetime) for value in objects):
            _refuse(objects)

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        return np.array([value.toordinal() - _DAY for value in objects], dtype=np.int64)

    def to_objects(self, values: np.ndarray) -> list[Any]:
        return [datetime.date.fromordinal(value + _DAY) for value in values.tolist()]

    def _parse(self, series: pd.Series) -> Cells:
        dates = pd.to_datetime(series).dt.date.to_numpy()
        return Cells(self.to_values(dates), np.zeros(len(dates), dtype=bool))


class ObjectDatetime(ObjectType, CalendarType):
    """datetime.datetime or pandas Timestamps in one zone or none: int64 ticks."""

    holds_ticks = True
    learned = {"stamps": FLAG, "tz": optional(TEXT), "unit": OneOf(("us", "ns"))}
    stamps: bool = False
    tz: Any = None
    unit: str = "us"

    def learn(self, objects: np.ndarray) -> None:
        _check_types(objects, datetime.datetime, "pd.to_datetime")
        zones = {str(value.tzinfo): value.tzinfo for value in objects}
        if len(zones) > 1:
            raise ValueError(
                f"mixes time zones ({', '.join(zones)}): convert with pd.to_datetime(..., utc=True)"
            )
        self.tz = zones.popitem()[1]
        self.stamps = _are_all(objects, pd.Timestamp, "pd.to_datetime")
        self.unit = "ns" if self.stamps else "us"

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        _check_types(objects, datetime.datetime, "pd.to_datetime")
        moments = list(objects) if self.tz is None else [_in_utc(value) for value in objects]
        if self.stamps:
            naive = [_in_nanoseconds(value).asm8 for value in moments]
        else:
            _check_microseconds(moments, "nanosecond")
            naive = [value.replace(tzinfo=None) for value in moments]
        return np.array(naive, dtype=f"M8[{self.unit}]").view(np.int64)

    def to_objects(self, values: np.ndarray) -> list[Any]:
        cells = Cells(values, np.zeros(len(values), dtype=bool))
        moments = listed(ticks_to_index(cells, self.unit, self.tz))
        return moments if self.stamps else [moment.to_pydatetime() for moment in moments]

    def _parse(self, series: pd.Series) -> Cells:
        index = pd.DatetimeIndex(pd.to_datetime(series))
        if (index.tz is None) != (self.tz is None):
            raise TypeError("time zone given in one table and not in the other")
        return Cells(index.as_unit(self.unit).asi8.copy(), np.zeros(len(index), dtype=bool))

    def to_dict(self) -> dict[str, Any]:
        zone = None if self.tz is None else str(pd.DatetimeTZDtype("ns", self.tz).tz)
        return {**super().to_dict(), "tz": zone}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> Self:
        physical = super().from_dict(state)
        if physical.tz is not None:
            physical.tz = pd.DatetimeTZDtype("ns", time_zone(physical.tz)).tz
        return physical


class ObjectDuration(ObjectType):
    """datetime.timedelta or pandas Timedeltas: int64 ticks."""

    domain = "number"
    holds_ticks = True
    learned = {"stamps": FLAG, "unit": OneOf(("us", "ns"))}
    stamps: bool = False
    unit: str = "us"

    def parse(self, value: Any) -> Any:
        return pd.Timedelta(value) if isinstance(value, str) else value

    def measure(self) -> tuple[str, Fraction]:
        return measure_of_duration(self)

    def learn(self, objects: np.ndarray) -> None:
        _check_types(objects, datetime.timedelta, "pd.to_timedelta")
        self.stamps = _are_all(objects, pd.Timedelta, "pd.to_timedelta")
        self.unit = "ns" if self.stamps else "us"

    def to_values(self, objects: np.ndarray) -> np.ndarray:
        _check_types(objects, datetime.timedelta, "pd.to_timedelta")
        if self.stamps:
            spans = [pd.Timedelta(value).as_unit("ns").asm8 for value in objects]
        else:
            _check_microseconds(objects, "nanoseconds")
            spans = list(objects)
        return np.array(spans, dtype=f"m8[{self.unit}]").view(np.int64)

    def to_objects(self, values: np.ndarray) -> list[Any]:
        index = pd.TimedeltaIndex(values.view(f"m8[{self.unit}]"))
        return list(index) if self.stamps else list(index.to_pytimedelta())

    def _parse(self, series: pd.Series) -> Cells:
        objects = series.to_numpy(dtype=object)
        return Cells(self.to_values(objects), np.zeros(len(objects), dtype=bool))


def _check_types(objects: np.ndarray, wanted: type, remedy: str) -> None:
    """Refuse numpy's scalars, whose unit may differ from cell to cell."""
    for value in objects:
        if not isinstance(value, wanted):
            raise TypeError(f"holds {value!r}: convert the column with {remedy}")


def _are_all(objects: np.ndarray, kind: type, remedy: str) -> bool:
    """Whether all cells are of pandas' type, and not of Python's; both would not come back."""
    others = [value for value in objects if not isinstance(value, kind)]
    if others and len(others) < len(objects):
        raise ValueError(
            f"mixes {kind.__name__} and {type(others[0]).__name__} ({others[0]!r}): convert the "
            f"column with {remedy}"
        )
    return not others


def _check_microseconds(objects: Any, attribute: str) -> None:
    for value in objects:
        if getattr(value, attribute, 0):
            raise ValueError(
                f"{value!r} has nanoseconds, which the fitted column's objects do not hold"
            )


def _in_nanoseconds(value: datetime.datetime) -> pd.Timestamp:
    try:
        stamp: Any = pd.Timestamp(value).tz_localize(None)
        return stamp.as_unit("ns")
    except pd.errors.OutOfBoundsDatetime as error:
        raise ValueError(
            f"{value!r} lies beyond the years 1678 to 2261, which nanoseconds reach: convert the "
            "column with .astype('datetime64[us]')"
        ) from error


def _in_utc(value: datetime.datetime) -> datetime.datetime:
    try:
        return value.astimezone(datetime.UTC)
    except OverflowError as error:
        raise ValueError(f"{value!r} lies beyond the years 1 to 9999 in UTC") from error


_BY_INFERRED: dict[str, type[ObjectType]] = {
    "string": ObjectText,
    "empty": ObjectText,
    "boolean": ObjectBoolean,
    "integer": ObjectNumber,
    "floating": ObjectNumber,
    "mixed-integer-float": ObjectNumber,
    "decimal": ObjectDecimal,
    "date": ObjectDate,
    "datetime": ObjectDatetime,
    "datetime64": ObjectDatetime,
    "timedelta": ObjectDuration,
    "timedelta64": ObjectDuration,
}

OBJECT_TYPES = tuple(dict.fromkeys(_BY_INFERRED.values()))
_OBJECT_FIELDS = {"sentinel": OneOf(tuple(_SENTINELS)), "inferred": OneOf(tuple(_BY_INFERRED))}


def object_type(series: pd.Series) -> ObjectType:
    """Return the physical type of an object column.

    Raises
    ------
    TypeError
        If its cells are of several types, or of one that is not supported.
    """
    objects = series.to_numpy()
    missing = missing_objects(objects)
    present = objects[~missing]
    inferred = pd.api.types.infer_dtype(present, skipna=False) if len(present) else "empty"
    if inferred not in _BY_INFERRED:
        _refuse(present)
    names = Counter(map(_sentinel_name, objects[missing]))
    sentinel = min(names, key=lambda name: (-names[name], name)) if names else "None"
    physical = _BY_INFERRED[inferred](sentinel, inferred)
    if len(present):
        physical.learn(present)
    return physical


def _refuse(present: np.ndarray) -> None:
    examples: dict[str, Any] = {}
    for value in present:
        examples.setdefault(type(value).__name__, value)
    if len(examples) == 1:
        name, value = examples.popitem()
        raise TypeError(
            f"holds {value!r} of type {name}, which is not supported: convert it to str, "
            "a number or a date, or drop the column"
        )
    shown = " and ".join(f"{value!r} ({name})" for name, value in list(examples.items())[:2])
    raise TypeError(f"mixes types, as in {shown}: convert the column to one type")
