"""The physical side of a column: any supported dtype to plain numpy arrays, and exactly back."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthwgan.parameters import Either, OneOf
from synthwgan.table.checks import FLAG, LIST, STATE, TEXT, check_state, expect
from synthwgan.table.storage.jsonable import from_jsonable, to_jsonable
from synthwgan.table.storage.named import named_dtype
from synthwgan.table.storage.scalars import (
    as_boolean,
    as_moment,
    as_whole,
    next_whole,
    refuse_day_or_month,
)
from synthwgan.table.storage.tally import Tally

# Plain numbers of moments and durations are microseconds: float64 holds them exactly for 285
# years.
MICROSECONDS = {
    "D": Fraction(86_400_000_000),
    "h": Fraction(3_600_000_000),
    "m": Fraction(60_000_000),
    "s": Fraction(1_000_000),
    "ms": Fraction(1000),
    "us": Fraction(1),
    "ns": Fraction(1, 1000),
}
_STORAGE = OneOf(("python", "pyarrow"))
_CATEGORY_FIELDS = {"ordered": FLAG, "categories": LIST, "dtype": Either((TEXT, STATE))}


@dataclass(frozen=True)
class Cells:
    """A column as plain arrays.

    Parameters
    ----------
    values : ndarray of shape (n,), int64, uint64, float64, bool or object (str)
        The canonical values; arbitrary where missing.
    missing : ndarray of shape (n,), bool
        Where the cell is empty.
    """

    values: np.ndarray
    missing: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """The values that are not missing."""
        return self.values[~self.missing]

    @cached_property
    def tally(self) -> Tally:
        """The distinct cells and how often each occurs."""
        return Tally.of(self.present)

    @property
    def missing_rate(self) -> float:
        """Share of missing cells."""
        return float(self.missing.mean())

    @property
    def counts_up(self) -> bool:
        """Whether whole numbers, of which there are some, number the rows from 0 or 1."""
        present = self.present
        return present[0] in (0, 1) and bool((present[1:] == present[:-1] + 1).all())

    @property
    def all_distinct(self) -> bool:
        """Whether no cell occurs twice."""
        present = self.present
        return len(pd.unique(present)) == len(present)

    def take(self, rows: np.ndarray) -> Cells:
        """Return some of the cells, by number or by mask."""
        return Cells(self.values[rows], self.missing[rows])

    def replace(self, rows: np.ndarray, others: Cells) -> Cells:
        """Return the cells with others in the masked rows, in which both are as long."""
        # Not np.where: of int64 and uint64 it would make float64, which rounds.
        values = self.values.copy()
        values[rows] = others.values[rows]
        return Cells(values, np.where(rows, others.missing, self.missing))

    @classmethod
    def concatenate(cls, parts: Sequence[Cells]) -> Cells:
        """Put cells of one column under each other."""
        values = np.concatenate([part.values for part in parts])
        return cls(values, np.concatenate([part.missing for part in parts]))


@dataclass(frozen=True)
class SampledCells(Cells):
    """Cells of a sample of a table's rows, with what is known of all rows.

    Parameters
    ----------
    values, missing
        The sampled cells.
    whole : Tally
        Of all cells.
    n_missing : int
        How many of all cells are missing.
    numbers_rows : bool
        Whether they number the rows from 0 or 1.
    """

    whole: Tally
    n_missing: int
    numbers_rows: bool

    @property
    def tally(self) -> Tally:  # type: ignore[override]
        """See `Cells.tally`."""
        return self.whole

    @property
    def missing_rate(self) -> float:
        """See `Cells.missing_rate`."""
        return self.n_missing / (self.whole.n_rows + self.n_missing)

    @property
    def counts_up(self) -> bool:
        """See `Cells.counts_up`."""
        return self.numbers_rows

    @property
    def all_distinct(self) -> bool:
        """See `Cells.all_distinct`; what is only estimated may be off by a fiftieth."""
        if not super().all_distinct:
            return False
        whole = self.whole
        if whole.is_exact:
            return whole.n_distinct == whole.n_rows
        return whole.n_distinct > 0.98 * whole.n_rows


class PhysicalType:
    """How one dtype is read into `Cells` and written back.

    Attributes
    ----------
    domain : {"number", "time", "text", "label"}
        What the canonical values are: ordered numbers, int64 ticks of a calendar, str, or
        labels without arithmetic (bool, category codes).
    holds_missing : bool
        Whether the dtype has a value for an empty cell.
    """

    domain: ClassVar[str] = "label"
    holds_missing: bool = True
    float_type: Any = np.float64
    # Whether pandas and numpy compare its cells with moments and durations of other units.
    holds_ticks: ClassVar[bool] = False

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    @property
    def name(self) -> str:
        """The dtype in words."""
        return str(self.dtype)

    def read(self, series: pd.Series) -> Cells:
        """Return the cells of a series of this very dtype."""
        raise NotImplementedError

    def array(self, cells: Cells) -> Any:
        """Return what `write` makes a Series of."""
        raise NotImplementedError

    def write(self, cells: Cells) -> pd.Series:
        """Return the cells as a series of this dtype with a RangeIndex.

        Raises
        ------
        ValueError
            If a cell is missing and the dtype cannot say so.
        """
        if not self.holds_missing and cells.missing.any():
            raise ValueError(f"dtype {self.name} cannot hold a missing value")
        return pd.Series(self.array(cells), dtype=self.dtype)

    def labels(self, values: np.ndarray) -> list[Any]:
        """Return canonical values as the objects a user sees in the table."""
        return listed(self.write(Cells(values, np.zeros(len(values), dtype=bool))))

    def parse(self, value: Any) -> Any:
        """Return a value that a user writes, maybe as text, as an object that can be a cell.

        Raises
        ------
        ValueError, TypeError, ArithmeticError
            If it cannot be one.
        """
        return value

    def next_cell(self, bound: Any, round_to: Callable[[Any], int]) -> Any:
        """Return a bound that lies between two possible cells as the one that it is rounded to.

        Parameters
        ----------
        bound : scalar
        round_to : callable
            ``math.ceil`` or ``math.floor``.
        """
        return bound

    def limits(self) -> tuple[float, float]:
        """Return the smallest and the largest number that it can hold; ticks are int64."""
        return float(np.iinfo(np.int64).min), float(np.iinfo(np.int64).max)

    def overflows(self, values: np.ndarray) -> bool:
        """Whether canonical values are beyond its limits."""
        return False

    def measure(self) -> tuple[str, Fraction]:
        """Return what its numbers measure, and how many plain numbers its 1 is.

        Plain numbers are the same in every container: microseconds of moments and durations,
        and numbers themselves.
        """
        return self.name, Fraction(1)

    def matches(self, series: pd.Series) -> bool:
        """Whether `read` takes the series as it is."""
        return series.dtype == self.dtype

    def convert(self, series: pd.Series) -> Cells:
        """Read a series whose dtype differs from the fitted one.

        Raises
        ------
        TypeError
            If its values do not fit this dtype.
        """
        missing = series.isna().to_numpy()
        present = series[~missing]
        try:
            read = self.read(self._cast(present)).values if len(present) else self._none()
        except (TypeError, ValueError, ArithmeticError) as error:
            raise TypeError(
                f"was {self.name} when fitted and is {series.dtype} now: {error}"
            ) from error
        values = np.zeros(len(series), dtype=read.dtype)
        values[~missing] = read
        return Cells(values, missing)

    def _cast(self, series: pd.Series) -> pd.Series:
        return series.astype(self.dtype)

    def _none(self) -> np.ndarray:
        return self.read(pd.Series([], dtype=self.dtype)).values

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description with which `from_dict` rebuilds the type."""
        return {"dtype": str(self.dtype)}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> PhysicalType:
        """Rebuild from `to_dict`.

        Raises
        ------
        ValueError
            If it gives no such description.
        """
        check_state("a column's type", state, {"dtype": TEXT})
        return cls(named_dtype(state["dtype"]))


class NumberType(PhysicalType):
    """A plain number in some container: canonical int64, uint64 or float64."""

    domain = "number"

    def __init__(self, dtype: Any) -> None:
        super().__init__(dtype)
        plain = self.plain_dtype
        if plain.kind == "f":
            self.float_type = plain.type
            self.canonical = np.dtype(np.float64)
        else:
            wide = plain.kind == "u" and plain.itemsize == 8
            self.canonical = np.dtype(np.uint64 if wide else np.int64)

    @property
    def plain_dtype(self) -> np.dtype:
        """The numpy dtype of the numbers themselves."""
        return np.dtype(self.dtype)

    def parse(self, value: Any) -> Any:
        if self.canonical.kind == "f":
            return float(value) if isinstance(value, str) else value
        return as_whole(value) if isinstance(value, float | np.floating | str) else value

    def next_cell(self, bound: Any, round_to: Callable[[Any], int]) -> Any:
        return bound if self.canonical.kind == "f" else next_whole(bound, round_to)

    def limits(self) -> tuple[float, float]:
        if self.plain_dtype.kind == "f":
            return -np.inf, np.inf
        limits = np.iinfo(self.plain_dtype)
        return float(limits.min), float(limits.max)

    def overflows(self, values: np.ndarray) -> bool:
        if self.plain_dtype.kind == "f":
            return False
        limits = np.iinfo(self.plain_dtype)
        return bool(((values < limits.min) | (values > limits.max)).any())

    def measure(self) -> tuple[str, Fraction]:
        return "number", Fraction(1)

    def read(self, series: pd.Series) -> Cells:
        missing = series.isna().to_numpy()
        values = self._values(series)
        if self.canonical.kind == "f":
            missing = missing | np.isnan(values)
            values = np.where(missing, 0.0, values)
        return Cells(values, missing)

    def _values(self, series: pd.Series) -> np.ndarray:
        return series.to_numpy().astype(self.canonical)

    def array(self, cells: Cells) -> np.ndarray:
        values = cells.values.astype(self.plain_dtype)
        if self.canonical.kind == "f":
            values[cells.missing] = np.nan
        return values

    def from_other(self, cells: Cells) -> Cells:
        """Return the cells of another number type in this type's canonical dtype, clipped."""
        return Cells(_change_canonical(cells.values, self.canonical), cells.missing)


class NumpyNumber(NumberType):
    """int8 ... uint64 and float16 ... float64."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(dtype)
        self.holds_missing = self.canonical.kind == "f"


class NullableNumber(NumberType):
    """Int8 ... UInt64, Float32 and Float64."""

    @property
    def plain_dtype(self) -> np.dtype:
        return self.dtype.numpy_dtype

    def _values(self, series: pd.Series) -> np.ndarray:
        return series.to_numpy(dtype=self.canonical, na_value=0)

    def array(self, cells: Cells) -> Any:
        build = pd.arrays.FloatingArray if self.plain_dtype.kind == "f" else pd.arrays.IntegerArray
        return build(cells.values.astype(self.plain_dtype), cells.missing.copy())


class DurationType(PhysicalType):
    """timedelta64 of any unit: int64 ticks."""

    domain = "number"
    holds_ticks = True

    def parse(self, value: Any) -> Any:
        return pd.Timedelta(value) if isinstance(value, str) else value

    def measure(self) -> tuple[str, Fraction]:
        return measure_of_duration(self)

    def read(self, series: pd.Series) -> Cells:
        return Cells(pd.TimedeltaIndex(series).asi8.copy(), series.isna().to_numpy())

    def array(self, cells: Cells) -> np.ndarray:
        ticks = cells.values.astype(np.int64).view(self.dtype)
        ticks[cells.missing] = np.timedelta64("NaT")
        return ticks


class CalendarType(PhysicalType):
    """Moments or dates in some container: int64 ticks.

    Attributes
    ----------
    unit : str
        numpy's unit of the ticks; another word where they are not all of one length.
    tz : object
        Time zone, or None.
    """

    domain = "time"
    unit: str
    tz: Any

    def parse(self, value: Any) -> Any:
        return as_moment(value, self.tz)

    def measure(self) -> tuple[str, Fraction]:
        if self.unit not in MICROSECONDS:
            return f"date ({self.name})", Fraction(1)
        return "date", MICROSECONDS[self.unit]


class TimeType(CalendarType):
    """datetime64 of any unit, with or without a time zone: int64 ticks, UTC if aware."""

    holds_ticks = True

    @property
    def unit(self) -> str:
        """Unit of the ticks."""
        return self.dtype.unit if self.tz is not None else np.datetime_data(self.dtype)[0]

    @property
    def tz(self) -> Any:
        """Time zone, or None."""
        return getattr(self.dtype, "tz", None)

    def _cast(self, series: pd.Series) -> pd.Series:
        texts = series.unique() if pd.api.types.infer_dtype(series) == "string" else ()
        for text in texts:
            refuse_day_or_month(text)
        try:
            return super()._cast(series)
        except Exception:
            # Of many texts at once pandas does not say in plain words which is none.
            for text in texts:
                as_moment(text, self.tz)
            raise

    def read(self, series: pd.Series) -> Cells:
        return Cells(pd.DatetimeIndex(series).asi8.copy(), series.isna().to_numpy())

    def array(self, cells: Cells) -> pd.DatetimeIndex:
        return ticks_to_index(cells, self.unit, self.tz)


class PeriodType(CalendarType):
    """Period of any frequency: int64 ordinals."""

    tz: ClassVar[Any] = None
    unit: ClassVar[str] = "period"

    def read(self, series: pd.Series) -> Cells:
        return Cells(pd.PeriodIndex(series).asi8.copy(), series.isna().to_numpy())

    def array(self, cells: Cells) -> Any:
        index = pd.PeriodIndex.from_ordinals(cells.values, freq=self.dtype.freq)
        return index.where(~cells.missing)


class BooleanType(PhysicalType):
    """bool and nullable boolean."""

    def __init__(self, dtype: Any) -> None:
        super().__init__(dtype)
        self.holds_missing = not isinstance(dtype, np.dtype)

    def parse(self, value: Any) -> Any:
        return as_boolean(value)

    def read(self, series: pd.Series) -> Cells:
        values = series.to_numpy(dtype=bool, na_value=False)
        return Cells(values, series.isna().to_numpy())

    def array(self, cells: Cells) -> Any:
        values = cells.values.astype(bool)
        if not self.holds_missing:
            return values
        return pd.arrays.BooleanArray(values, cells.missing.copy())

    def _cast(self, series: pd.Series) -> pd.Series:
        # To Python, any text is true.
        if pd.api.types.infer_dtype(series) == "string":
            raise TypeError(f"{series.iloc[0]!r} is text and no boolean")
        return super()._cast(series)


class StringType(PhysicalType):
    """pandas' string dtypes: both storages, both missing values."""

    domain = "text"

    def read(self, series: pd.Series) -> Cells:
        values = series.to_numpy(dtype=object, na_value="")
        return Cells(values, series.isna().to_numpy())

    def array(self, cells: Cells) -> np.ndarray:
        values = cells.values.astype(object)
        values[cells.missing] = None
        return values

    @property
    def name(self) -> str:
        return str(self.dtype) if self._holds_nan else f"string[{self.dtype.storage}]"

    @property
    def _holds_nan(self) -> bool:
        return self.dtype.na_value is not pd.NA

    def to_dict(self) -> dict[str, Any]:
        return {"storage": self.dtype.storage, "nan": self._holds_nan}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> StringType:
        check_state("a type of text", state, {"storage": _STORAGE, "nan": FLAG})
        if not state["nan"]:
            return cls(pd.StringDtype(state["storage"]))
        return cls(pd.StringDtype(state["storage"], na_value=np.nan))


class CategoryType(PhysicalType):
    """pandas categories of any type: canonical values are codes into all categories.

    A category unknown to the dtype reads as the code ``n_categories``, whose label is None.
    """

    def matches(self, series: pd.Series) -> bool:
        # Equality of unordered dtypes ignores the order of the categories, codes do not.
        if not isinstance(series.dtype, pd.CategoricalDtype):
            return False
        return series.dtype.categories.equals(self.dtype.categories)

    def parse(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return next((one for one in self.dtype.categories if str(one) == value), value)

    def read(self, series: pd.Series) -> Cells:
        codes = series.cat.codes.to_numpy().astype(np.int64)
        return Cells(codes, codes < 0)

    def array(self, cells: Cells) -> pd.Categorical:
        codes = np.where(cells.missing, -1, cells.values)
        return pd.Categorical.from_codes(codes, dtype=self.dtype)

    def convert(self, series: pd.Series) -> Cells:
        missing = series.isna().to_numpy()
        present = series[~missing]
        if isinstance(series.dtype, pd.CategoricalDtype):
            # Without the missing cells: categories of whole numbers have none.
            present = present.astype(series.dtype.categories.dtype)
        codes = np.zeros(len(series), dtype=np.int64)
        codes[~missing] = self.dtype.categories.get_indexer(pd.Index(present))
        return Cells(np.where(codes < 0, len(self.dtype.categories), codes), missing)

    def labels(self, values: np.ndarray) -> list[Any]:
        categories = [*listed(self.dtype.categories), None]
        return [categories[code] for code in values.tolist()]

    def without(self, codes: np.ndarray) -> CategoryType:
        """Return the type without the categories of these codes; codes above them move down."""
        categories = self.dtype.categories.delete(codes)
        return CategoryType(pd.CategoricalDtype(categories, self.dtype.ordered))

    @property
    def name(self) -> str:
        return "category (ordered)" if self.dtype.ordered else "category"

    def to_dict(self) -> dict[str, Any]:
        items, dtype = items_of(self.dtype.categories)
        return {"ordered": bool(self.dtype.ordered), "categories": items, "dtype": dtype}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> CategoryType:
        check_state("a type of categories", state, _CATEGORY_FIELDS)
        index = index_of(state["categories"], state["dtype"])
        return cls(pd.CategoricalDtype(index, ordered=state["ordered"]))


def items_of(index: pd.Index) -> tuple[list[Any], str | dict[str, Any]]:
    """Return the items and the dtype of an index, JSON-able."""
    dtype: str | dict[str, Any] = str(index.dtype)
    if isinstance(index.dtype, pd.StringDtype):
        dtype = StringType(index.dtype).to_dict()
    elif isinstance(index.dtype, pd.CategoricalDtype):
        dtype = CategoryType(index.dtype).to_dict()
    return [to_jsonable(item) for item in listed(index)], dtype


def index_of(items: list[Any], dtype: str | dict[str, Any], name: Any = None) -> pd.Index:
    """Rebuild an index from `items_of`.

    Raises
    ------
    ValueError
        If it gives no such items or dtype.
    """
    unpacked = [from_jsonable(item) for item in items]
    if isinstance(dtype, dict):
        named = (CategoryType if "categories" in dtype else StringType).from_dict(dtype).dtype
    else:
        named = named_dtype(dtype)
    index = pd.Index(unpacked, dtype=named, name=name, tupleize_cols=False)
    # pandas makes dates of numbers, texts of anything and so on.
    expect(items_of(index)[0] == items, f"{reprlib.repr(items)} are no items of dtype {named}")
    return index


def ticks_to_index(cells: Cells, unit: str, tz: Any = None) -> pd.DatetimeIndex:
    """Return int64 ticks (UTC if a zone is given) as a DatetimeIndex of the same unit."""
    stamps = cells.values.astype(np.int64).view(f"M8[{unit}]")
    stamps = np.where(cells.missing, np.datetime64("NaT", unit), stamps)
    index = pd.DatetimeIndex(stamps)
    return index if tz is None else index.tz_localize("UTC").tz_convert(tz)


def in_zone(shown: pd.DatetimeIndex, tz: Any) -> pd.DatetimeIndex:
    """Return the moments at which a zone's clocks show something.

    An hour that they show twice is the first one, and one that they leave out the next.
    """
    first = np.ones(len(shown), dtype=bool)
    return shown.tz_localize(tz, ambiguous=first, nonexistent="shift_forward")


def listed(values: pd.Series | pd.Index) -> list[Any]:
    """Return values as a list of objects.

    To iterate over moments before 1677 in a time zone ends the process in pandas 2.
    """
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        array = values.array
        return [array[place] for place in range(len(array))]
    return list(values)


def measure_of_duration(physical: PhysicalType) -> tuple[str, Fraction]:
    """Return `PhysicalType.measure` of durations."""
    one = physical.labels(np.ones(1, dtype=np.int64))[0]
    return "duration", Fraction(pd.Timedelta(one).value, 1000)


def _change_canonical(values: np.ndarray, canonical: np.dtype) -> np.ndarray:
    if values.dtype == canonical or canonical.kind == "f":
        return values.astype(canonical, copy=False)
    limits = np.iinfo(canonical)
    if values.dtype.kind == "f":
        inside = np.clip(np.rint(values), limits.min, np.nextafter(float(limits.max), 0))
        return inside.astype(canonical)
    if canonical.kind == "u":
        return np.maximum(values, 0).astype(canonical)
    return np.minimum(values, np.uint64(2**63 - 1)).astype(canonical)


def blank(series: pd.Series, rows: np.ndarray) -> pd.Series:
    """Return a series with missing cells in some rows, in a dtype that has them."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iub":
        names = {"b": "boolean", "i": f"Int{8 * dtype.itemsize}", "u": f"UInt{8 * dtype.itemsize}"}
        # By its name pandas would swap the filters of warnings, of other threads as well.
        series = series.astype(named_dtype(names[dtype.kind]))
    return series.mask(rows)
