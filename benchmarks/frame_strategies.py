"""Random tables for hypothesis: columns of every dtype, of plain and of odd content.

hypothesis draws what a table is like and the cells that matter; a generator seeded by it fills in
the rest, so that tables of many rows cost little.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

N_ROWS = (45, 2, 3, 5, 20, 20, 45, 90, 1)
SHARES_MISSING = (0.0, 0.0, 0.0, 0.1, 0.5, 1.0)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "+05:30")
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
SECONDS_OF_DAY = 86_400
# Seconds since 1970: 1930 to 2060; what every unit can hold; and what all but ns can hold.
MODERN = (-1_262_304_000, 2_840_140_800)
ANY_UNIT = (-9_200_000_000, 9_200_000_000)
FAR = (-62_135_596_800, 253_402_300_799)


@dataclass
class Draft:
    """What a column is made of.

    Parameters
    ----------
    draw : callable
        Draws from a strategy.
    rng : Generator
        Fills in.
    n_rows : int
        Number of cells.
    """

    draw: Callable[[st.SearchStrategy], Any]
    rng: np.random.Generator
    n_rows: int

    def repeated(self, pool: list) -> list:
        """Cells of a pool, each some times."""
        return [pool[place] for place in self.rng.integers(len(pool), size=self.n_rows)]

    def of(self, strategy: st.SearchStrategy) -> list:
        """Cells of which a few distinct ones are drawn."""
        return self.repeated(self.draw(st.lists(strategy, min_size=1, max_size=6)))

    def one(self, *options: Any) -> Any:
        """One of some options."""
        return self.draw(st.sampled_from(options))

    def with_missing(self, series: pd.Series) -> pd.Series:
        """The series with some cells missing, if its dtype can have them."""
        holes = self.rng.random(self.n_rows) < self.one(*SHARES_MISSING)
        if not holes.any() or series.dtype.kind in "biu" and isinstance(series.dtype, np.dtype):
            return series
        if series.dtype != object:
            return series.mask(holes)
        cells = series.to_numpy().copy()
        cells[holes] = self.one(None, np.nan, pd.NA)
        return pd.Series(cells, dtype=object)


# Cells


def whole_numbers(draft: Draft, low: int, high: int) -> list[int]:
    """Whole numbers: few, of a range, on a step, of all sizes, or the rows counted."""
    form = draft.one("few", "range", "step", "wide", "count")
    if form == "few":
        return draft.of(st.integers(low, high) | st.integers(max(low, -3), 3))
    if form == "count":
        first = draft.one(0, 1, 5)
        return [min(number, high) for number in range(first, first + draft.n_rows)]
    if form == "wide":
        return [low + int(part * (high - low)) for part in draft.rng.random(draft.n_rows)]
    step = draft.one(5, 60, 1000) if form == "step" else 1
    start = draft.draw(st.integers(low, high) | st.integers(max(low, -100), 100))
    steps = draft.rng.integers(0, draft.one(5, 100, 10**6), draft.n_rows)
    return [min(start + step * int(number), high) for number in steps]


def floats(draft: Draft, dtype: str) -> np.ndarray:
    """Floats: few, rounded, continuous, of all sizes, or mostly zero."""
    width = {"float16": 16, "float32": 32}.get(dtype.lower().split("[")[0], 64)
    kind = f"float{width}"
    form = draft.one("few", "rounded", "normal", "sizes", "zeros")
    if form == "few":
        with_infinity = draft.one(False, False, False, True)
        finite = st.floats(width=width, allow_nan=False, allow_infinity=with_infinity)
        # The sign of zero is not kept.
        return np.array(draft.of(finite.map(lambda number: number + 0.0)), dtype=kind)
    numbers = draft.rng.normal(size=draft.n_rows)
    if form == "sizes":
        largest = {"float16": 4, "float32": 37, "float64": 300}[kind]
        numbers = np.sign(numbers) * 10 ** draft.rng.uniform(-largest, largest, draft.n_rows)
    if form == "zeros":
        numbers = np.where(draft.rng.random(draft.n_rows) < 0.8, 0.0, np.exp(numbers))
    if form == "rounded":
        numbers = (numbers * draft.one(1, 10, 1000)).round(draft.one(0, 1, 2, 5)) + 0.0
    return numbers.astype(kind)


def texts(draft: Draft, *, any_letter: bool = True) -> list[str]:
    """Texts: of any letters, words, keys, addresses, or numbers and dates that are text."""
    forms = ["words", "keys", "mail", "numbers", "dates", "near"]
    form = draft.one(*forms, *["any"] * 3 * any_letter)
    if form == "any":
        # Letters of the surrogates' range too; U+0000 is in texts of their own.
        letters = st.characters(min_codepoint=1)
        return draft.of(st.text(letters, max_size=6))
    if form == "words":
        return draft.repeated(["fir", "oak", "elm", "ash", "", " ", "NA", "nan", "None", "<rare>"])
    places = draft.rng.permutation(draft.n_rows)
    if form == "keys":
        prefix = draft.one("", "K-", "u", "é")
        return [f"{prefix}{place:05d}" for place in places]
    if form == "mail":
        return [f"user{place}@example.org" for place in places]
    if form == "numbers":
        return [f"{number:.2f}" for number in draft.rng.normal(size=draft.n_rows)]
    days = [str(day) for day in np.datetime64("2001-01-01") + places]
    return days if form == "dates" else [*days[:-1], draft.one("?", "unknown", "")]


def moments(draft: Draft, bounds: tuple[int, int]) -> np.ndarray:
    """Seconds since 1970: few, days, or any."""
    low, high = bounds
    form = draft.one("few", "days", "seconds")
    if form == "few":
        return np.array(draft.of(st.integers(low, high)), dtype=np.int64)
    seconds = draft.rng.integers(*MODERN, draft.n_rows)
    return seconds // SECONDS_OF_DAY * SECONDS_OF_DAY if form == "days" else seconds


def decimals(draft: Draft) -> list[decimal.Decimal]:
    """Decimals of few or many digits."""
    places = draft.one(0, 2, 5)
    return [
        decimal.Decimal(number).scaleb(-places) for number in whole_numbers(draft, -(10**9), 10**9)
    ]


def days_of(seconds: np.ndarray) -> list[datetime.date]:
    """Days as Python's dates."""
    return (seconds // SECONDS_OF_DAY).astype("M8[D]").tolist()


# Columns of a dtype


def _objects(cells: Any) -> pd.Series:
    objects = np.empty(len(cells), dtype=object)
    objects[:] = list(cells)
    return pd.Series(objects, dtype=object)


def _integers(dtype: str) -> Callable[[Draft], pd.Series]:
    limits = np.iinfo(dtype.lower().split("[")[0])

    def make(draft: Draft) -> pd.Series:
        numbers = whole_numbers(draft, int(limits.min), int(limits.max))
        if "[pyarrow]" in dtype:
            return pd.Series(pd.array(numbers, dtype=dtype))
        plain = np.array(numbers, dtype=dtype.lower())
        return pd.Series(plain if dtype.islower() else pd.array(plain, dtype=dtype))

    return make


def _floats(dtype: str) -> Callable[[Draft], pd.Series]:
    return lambda draft: pd.Series(floats(draft, dtype)).astype(dtype)


def _texts(dtype: Any) -> Callable[[Draft], pd.Series]:
    # pyarrow's strings are UTF-8, which has no lone surrogates.
    plain = dtype in ("object", "string[python]")
    return lambda draft: pd.Series(
        [text if plain else _encodable(text) for text in texts(draft)], dtype=dtype
    )


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _times(unit: str, zone: str | None) -> Callable[[Draft], pd.Series]:
    def make(draft: Draft) -> pd.Series:
        # Far from today: `_far_zoned`.
        bounds = MODERN if zone else ANY_UNIT if unit == "ns" else FAR
        fraction = draft.one(0, 1) * draft.rng.integers(0, PER_SECOND[unit], draft.n_rows)
        ticks = moments(draft, bounds) * PER_SECOND[unit] + fraction
        stamps = pd.Series(ticks.view(f"M8[{unit}]"))
        return stamps.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else stamps

    return make


def _durations(unit: str) -> Callable[[Draft], pd.Series]:
    def make(draft: Draft) -> pd.Series:
        numbers = np.array(whole_numbers(draft, -(2**40), 2**40), dtype=np.int64)
        return pd.Series((numbers * draft.one(1, 60, 1000)).view(f"m8[{unit}]"))

    return make


def _arrow(make: Callable[[Draft], pd.Series], arrow: pa.DataType) -> Callable[[Draft], pd.Series]:
    return lambda draft: make(draft).astype(pd.ArrowDtype(arrow))


def _flags(draft: Draft) -> pd.Series:
    return pd.Series(draft.rng.random(draft.n_rows) < draft.one(0.0, 0.1, 0.5))


def _categories(draft: Draft) -> pd.Series:
    form = draft.one("text", "whole", "dates", "intervals", "flags", "floats")
    if form == "intervals":
        return pd.Series(pd.cut(draft.rng.normal(size=draft.n_rows), 4))
    cells = {
        "text": lambda: [_encodable(text) for text in texts(draft)],
        "whole": lambda: whole_numbers(draft, -100, 100),
        "dates": lambda: moments(draft, MODERN).view("M8[s]"),
        "flags": lambda: _flags(draft),
        "floats": lambda: floats(draft, "float64"),
    }[form]()
    plain = pd.Categorical(pd.Series(cells))
    order = draft.rng.permutation(len(plain.categories))
    categories = plain.categories.take(order)
    if form == "text" and draft.one(True, False):
        categories = categories.append(pd.Index(["never seen \x01"], dtype=categories.dtype))
    return pd.Series(plain.set_categories(categories, ordered=draft.one(True, False)))


def _periods(draft: Draft) -> pd.Series:
    days = pd.Series(moments(draft, MODERN).view("M8[s]"))
    return days.dt.to_period(draft.one("D", "M", "Q", "Y", "h", "W"))


def _object_moments(draft: Draft) -> pd.Series:
    form = draft.one("date", "far date", "datetime", "zoned", "Timestamp")
    if form == "far date":
        return _objects(days_of(moments(draft, FAR)))
    if form == "date":
        return _objects(days_of(moments(draft, MODERN)))
    seconds = pd.Series(moments(draft, MODERN).view("M8[s]"))
    if form == "Timestamp":
        return _objects(seconds.astype("M8[ns]"))
    stamps = [stamp.to_pydatetime() for stamp in seconds]
    if form == "zoned":
        zone = datetime.timezone(datetime.timedelta(hours=draft.one(0, 2, -7)))
        stamps = [stamp.replace(tzinfo=zone) for stamp in stamps]
    return _objects(stamps)


def _object_durations(draft: Draft) -> pd.Series:
    seconds = whole_numbers(draft, -(10**6), 10**6)
    if draft.one(True, False):
        return _objects([datetime.timedelta(seconds=number) for number in seconds])
    return _objects([pd.Timedelta(number, "s") for number in seconds])


def _object_numbers(draft: Draft) -> pd.Series:
    form = draft.one("int", "float", "bool", "numpy", "wide")
    if form == "float":
        return _objects(floats(draft, "float64").tolist())
    if form == "bool":
        return _objects(_flags(draft).tolist())
    if form == "numpy":
        return _objects(np.array(whole_numbers(draft, -(2**31), 2**31 - 1)))
    limits = (0, 2**64 - 1) if form == "wide" else (-(2**63), 2**63 - 1)
    return _objects(whole_numbers(draft, *limits))


def _clock(draft: Draft) -> pd.Series:
    unit, arrow = draft.one(("s", pa.time32("s")), ("us", pa.time64("us")))
    ticks = draft.rng.integers(0, SECONDS_OF_DAY, draft.n_rows) * PER_SECOND[unit]
    array = pa.array(ticks, type=pa.int64())
    array = array.cast(pa.int32()).cast(arrow) if unit == "s" else array.cast(arrow)
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array])))


def _unsupported(draft: Draft) -> pd.Series:
    cells = draft.one(
        [1 + 2j], [b"bytes"], [[1, 2]], [{"a": 1}], ["text", 5], [1, datetime.date(2020, 1, 1)],
        [decimal.Decimal("NaN"), decimal.Decimal(1)], [10**30], [datetime.time(5)], [(1, 2)],
    )  # fmt: skip
    repeated = _objects(draft.repeated(cells))
    dtype = draft.one("object", "interval", "sparse", "complex")
    if dtype == "object":
        return repeated
    numbers = draft.rng.integers(0, 3, draft.n_rows)
    if dtype == "interval":
        return pd.Series(pd.arrays.IntervalArray.from_arrays(numbers, numbers + 1))
    return pd.Series(numbers).astype("Sparse[int64]" if dtype == "sparse" else "complex128")


def _nothing(draft: Draft) -> pd.Series:
    dtype = draft.one("object", "float64", "Int64", "string[python]", "M8[ns]", "category")
    return pd.Series([None] * draft.n_rows, dtype=object).astype(dtype)


BITS = (8, 16, 32, 64)


def _number_dictionary(draft: Draft) -> pd.Series:
    array = pa.array(whole_numbers(draft, -100, 100)).dictionary_encode()
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array])))


def _nul_texts(draft: Draft) -> pd.Series:
    return pd.Series(draft.of(st.text("ab\0", max_size=4)), dtype=object)


def _mixed_numbers(draft: Draft) -> pd.Series:
    return _objects([*draft.of(st.integers(2**53, 2**53 + 9))[1:], 0.5])


def _mixed_moments(draft: Draft) -> pd.Series:
    stamps = list(pd.Series(moments(draft, MODERN).view("M8[s]")).astype("M8[ns]"))
    stamps[0] = stamps[0].to_pydatetime()
    stamps[-1] = stamps[-1] + pd.Timedelta(1, "ns")
    return _objects(stamps)


def _numpy_moments(draft: Draft) -> pd.Series:
    return _objects(list(moments(draft, MODERN).view("M8[s]")))


def _far_zoned(draft: Draft) -> pd.Series:
    ticks = pd.Series(moments(draft, FAR).view("M8[s]"))
    return ticks.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")


COLUMNS: dict[str, Callable[[Draft], pd.Series]] = {
    **{
        f"{sign}int{bits}{end}": _integers(f"{sign}int{bits}{end}")
        for bits in BITS
        for sign in ("", "u")
        for end in ("", "[pyarrow]")
    },
    **{name: _integers(name) for bits in BITS for name in (f"Int{bits}", f"UInt{bits}")},
    **{
        name: _floats(name)
        for name in (
            "float16", "float32", "float64", "Float32", "Float64", "float[pyarrow]",
            "double[pyarrow]",
        )
    },
    "bool": _flags,
    "boolean": lambda draft: _flags(draft).astype("boolean"),
    "bool[pyarrow]": lambda draft: _flags(draft).astype("bool[pyarrow]"),
    **{
        f"text, {dtype}": _texts(dtype)
        for dtype in ("object", "string[python]", "string[pyarrow]", "str")
    },
    **{
        f"text, {arrow}": _arrow(_texts("string[pyarrow]"), arrow)
        for arrow in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()))
    },
    "category": _categories,
    **{f"datetime64[{unit}]": _times(unit, None) for unit in PER_SECOND},
    **{f"datetime64[{unit}, {zone}]": _times(unit, zone) for unit in PER_SECOND for zone in ZONES},
    **{
        f"timestamp[{unit}]": _arrow(_times(unit, None), pa.timestamp(unit)) for unit in PER_SECOND
    },
    "timestamp[us, Berlin]": _arrow(
        _times("us", "Europe/Berlin"), pa.timestamp("us", "Europe/Berlin")
    ),
    "date32": _arrow(lambda draft: _objects(days_of(moments(draft, MODERN))), pa.date32()),
    "date64": _arrow(lambda draft: _objects(days_of(moments(draft, MODERN))), pa.date64()),
    **{f"timedelta64[{unit}]": _durations(unit) for unit in PER_SECOND},
    "duration[us]": _arrow(_durations("us"), pa.duration("us")),
    "clock[pyarrow]": _clock,
    "period": _periods,
    "Decimal": lambda draft: _objects(decimals(draft)),
    "decimal128": _arrow(lambda draft: _objects(decimals(draft)), pa.decimal128(18, 5)),
    "objects of moments": _object_moments,
    "objects of durations": _object_durations,
    "objects of numbers": _object_numbers,
    "unsupported": _unsupported,
    "dictionary of integers": _number_dictionary,
    "U+0000 in texts": _nul_texts,
    "objects of int and float": _mixed_numbers,
    "objects of datetime and Timestamp": _mixed_moments,
    "objects of datetime64": _numpy_moments,
    "zoned times far from today": _far_zoned,
    "signalling NaN": lambda draft: _objects(
        draft.repeated([decimal.Decimal("sNaN"), decimal.Decimal(1)])
    ),
    "nothing": _nothing,
}  # fmt: skip


# Tables

_WORDS = (
    "id",
    "user_id",
    "x",
    "",
    " ",
    "a=b",
    "a|b",
    "target",
    "\u00e9",
    "<missing>",
    "index",
    "0",
)


def _names(draft: Draft, n_columns: int) -> pd.Index:
    form = draft.one("words", "words", "texts", "numbers", "any", "tuples", "levels")
    if n_columns > 1 and draft.rng.random() < 0.02:
        return pd.Index(["x"] * n_columns)
    if form == "levels":
        return pd.MultiIndex.from_tuples([("a", place) for place in range(n_columns)])
    names = {
        "words": st.sampled_from(_WORDS),
        "texts": st.text(st.characters(min_codepoint=1), max_size=5),
        "numbers": st.integers(-5, 10**20),
        "tuples": st.tuples(st.sampled_from("ab"), st.integers(0, 9)),
    }
    names["any"] = st.one_of(
        *names.values(), st.booleans(), st.floats(allow_nan=False), st.dates(), st.none()
    )
    size = {"min_size": n_columns, "max_size": n_columns}
    drawn = draft.draw(st.lists(names[form], unique=True, **size))
    return pd.Index(drawn, tupleize_cols=False)


@st.composite
def frames(draw: Callable) -> pd.DataFrame:
    """Tables of one to four columns, of any dtypes, with any names and index."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    draft = Draft(draw, rng, draw(st.sampled_from(N_ROWS)))
    chosen = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4))
    columns = [draft.with_missing(COLUMNS[kind](draft)) for kind in chosen]
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = _names(draft, len(chosen))
    if frame.columns.is_unique and draft.rng.random() < 0.05:
        frame.columns = pd.CategoricalIndex([f"c{place}" for place in range(len(chosen))])
    if draft.one(True, False):
        frame.index = pd.Index(rng.permutation(len(frame)) % 7, name="row")
    return frame
