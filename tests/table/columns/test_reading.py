"""A value that a user writes is read as the very cell that the table has."""

from __future__ import annotations

import datetime
import decimal
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from synthwgan.table import TableTransformer
from synthwgan.table.columns.base import ColumnTransformer
from synthwgan.table.columns.numeric import NumericTransformer
from synthwgan.table.storage.physical import check_exact, physical_type
from synthwgan.table.storage.scalars import is_missing

DAYS = pd.Series(pd.date_range("2020-01-01", periods=60))
HOURS_OF_ROME = pd.Series(pd.date_range("2021-01-01", periods=60, freq="h", tz="Europe/Rome"))


def fit_column(series: pd.Series, **options: object) -> ColumnTransformer:
    table = pd.DataFrame({"column": series, "other": np.arange(len(series)) % 2 == 0})
    return TableTransformer(random_state=0, **options).fit(table).columns_[0]


def whole_numbers(dtype: str = "int64") -> pd.Series:
    """Whole numbers from 0 to 59, each twice, so that they are no identifiers."""
    return pd.Series(np.arange(120) // 2, dtype=dtype)


def check_reads_as(column: ColumnTransformer, value: object, cell: object) -> None:
    """Check that a value reads as a cell of the table does."""
    read, wanted = column.read_value(value), column.read(pd.Series([cell]))
    assert read.missing.tolist() == wanted.missing.tolist() == [False]
    assert read.values.dtype == wanted.values.dtype
    assert read.values[0] == wanted.values[0]


@pytest.mark.parametrize("max_discrete", [1, 40])
def test_every_cell_of_every_flavour_is_read_and_held_with_its_share(flavour, max_discrete):
    column = fit_column(flavour, max_discrete=max_discrete)
    cells = column.read(flavour)
    for place, cell in enumerate(list(flavour)[:4]):
        read = column.read_value(cell)
        assert read.missing[0] == cells.missing[place]
        if not cells.missing[place]:
            assert read.values.dtype == cells.values.dtype
            assert read.values[0] == cells.values[place]
            assert column.read_value(str(cell)).values[0] == cells.values[place]
    assert column.holds(cells).all()
    codes, _ = column.encode_cells(cells)
    states = np.zeros(0) if codes is None else np.bincount(codes, minlength=column.n_states)
    distinct = pd.factorize(np.where(cells.missing, None, cells.values), use_na_sentinel=False)[0]
    shares = np.bincount(distinct)[distinct] / len(distinct)
    np.testing.assert_allclose(column.shares(cells, states / len(distinct)), shares, atol=1e-9)


@pytest.mark.parametrize("value", [None, np.nan, pd.NA, pd.NaT, float("nan")])
def test_missing_values_of_all_kinds_are_a_missing_cell(value):
    assert is_missing(value)
    for series in (
        pd.Series([1.5, None] * 20),
        pd.Series(["a", None] * 20),
        pd.Series([True, None] * 20, dtype="boolean"),
        pd.Series(pd.to_datetime(["2020-01-01", None] * 20)),
        pd.Series(["2020-01-01", None] * 20),
    ):
        assert fit_column(series).read_value(value).missing.tolist() == [True]


@pytest.mark.parametrize("value", [0, "", "None", False, [None], (1, None)])
def test_what_is_not_missing(value):
    assert not is_missing(value)


def test_whole_numbers_from_floats_and_text():
    column = fit_column(whole_numbers("int16"))
    for value in (7, 7.0, "7", "7.0", np.int64(7), np.float32(7), True + 6):
        assert column.read_value(value).values.tolist() == [7]
    with pytest.raises(ValueError, match=r"7\.5 is no value of dtype int16"):
        column.read_value(7.5)
    with pytest.raises(ValueError, match="'seven' is no value of dtype int16"):
        column.read_value("seven")


def test_numbers_too_large_for_the_dtype_are_not_wrapped_around():
    column = fit_column(whole_numbers("int8"))
    assert column.read_value(256 + 7).values.tolist() == [256 + 7]
    assert not column.holds(column.read_value(256 + 7))[0]
    assert column.read_bound("1e3", math.floor) == 1000


def test_words_for_true_and_false_stay_words_in_text():
    for dtype in (object, "category", pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))):
        column = fit_column(pd.Series(["yes", "no"] * 20, dtype="string").astype(dtype))
        check_reads_as(column, "yes", "yes")


def test_whole_numbers_beyond_the_floats_stay_exact():
    wide = np.iinfo(np.int64).max - np.arange(60)
    column = fit_column(pd.Series(wide), column_kinds={"column": "numeric"})
    assert column.read_value(int(wide[3])).values[0] == wide[3]
    assert column.read_value(str(wide[3])).values[0] == wide[3]
    unsigned = np.iinfo(np.uint64).max - np.arange(60, dtype=np.uint64)
    column = fit_column(pd.Series(unsigned), column_kinds={"column": "numeric"})
    assert column.read_value(str(unsigned[3])).values[0] == unsigned[3]


def test_numbers_are_rounded_as_the_table_stores_them():
    column = fit_column(pd.Series(np.arange(60) / 10, dtype="float32"))
    assert column.read_value(0.1).values[0] == np.float64(np.float32(0.1))
    check_reads_as(column, 0.1, np.float32(0.1))
    check_reads_as(column, "0.1", np.float32(0.1))


def test_decimals_are_exact():
    cells = [decimal.Decimal(number).scaleb(-2) for number in range(60)]
    column = fit_column(pd.Series(cells, dtype=object))
    for value in (decimal.Decimal("0.07"), "0.07", 0.07):
        check_reads_as(column, value, decimal.Decimal("0.07"))


@pytest.mark.parametrize("dtype", ["bool", "boolean", object])
def test_booleans_from_text(dtype):
    column = fit_column(pd.Series([True, False] * 20, dtype=dtype))
    for value, expected in {"yes": True, "No": False, "TRUE": True, "0": False}.items():
        assert column.read_value(value).values.tolist() == [expected]


def test_categories_that_are_no_text_are_found_by_their_text():
    column = fit_column(pd.Series([3, 1, 2] * 20).astype("category"))
    check_reads_as(column, "3", 3)
    check_reads_as(column, 3, 3)
    intervals = pd.Series(pd.cut(np.arange(60), 4))
    check_reads_as(fit_column(intervals), str(intervals[0]), intervals[0])


def test_dates_of_all_kinds_are_the_same_day():
    days = pd.Series(pd.date_range("2020-01-01", periods=60))
    for value in (
        "2020-01-09",
        datetime.date(2020, 1, 9),
        datetime.datetime(2020, 1, 9),
        np.datetime64("2020-01-09"),
        pd.Timestamp("2020-01-09"),
    ):
        check_reads_as(fit_column(days), value, pd.Timestamp("2020-01-09"))
        texts = days.dt.strftime("%d.%m.%Y")
        check_reads_as(fit_column(texts), value, "09.01.2020")
        objects = pd.Series(list(days.dt.date), dtype=object)
        check_reads_as(fit_column(objects), value, datetime.date(2020, 1, 9))
    check_reads_as(fit_column(days.dt.strftime("%d.%m.%Y")), "09.01.2020", "09.01.2020")
    periods = days.dt.to_period("D")
    check_reads_as(fit_column(periods), pd.Period("2020-01-09", "D"), periods[8])
    check_reads_as(fit_column(periods), "2020-01-09", periods[8])


def test_a_time_without_a_zone_is_of_the_columns_clock():
    stamps = pd.Series(pd.date_range("2020-01-01", periods=60, tz="Europe/Berlin"))
    column = fit_column(stamps)
    check_reads_as(column, "2020-01-09", stamps[8])
    check_reads_as(column, pd.Timestamp("2020-01-08 23:00", tz="UTC"), stamps[8])


def test_durations_from_text():
    spans = pd.Series(pd.to_timedelta(np.arange(60) * 90, unit="s"))
    check_reads_as(fit_column(spans), "3 min", pd.Timedelta(minutes=3))
    objects = pd.Series(list(spans.dt.to_pytimedelta()), dtype=object)
    check_reads_as(fit_column(objects), "0:03:00", datetime.timedelta(minutes=3))


@pytest.mark.parametrize(
    ("series", "value", "message"),
    [
        (pd.Series(np.arange(60) / 7), "much", "'much' is no value of dtype float64"),
        (pd.Series([True, False] * 20), "maybe", "'maybe' is no value of dtype bool"),
        (
            pd.Series(pd.date_range("2020-01-01", periods=60)),
            "someday",
            "'someday' is no value of dtype datetime64",
        ),
        (DAYS, "03.04.2020", "'03.04.2020' may have its day or its month first: .* 2021-01-31"),
        (DAYS, "31/01/20", "'31/01/20' may have its day or its month first"),
        (HOURS_OF_ROME, "2021-03-28 02:30", "skip or repeat '2021-03-28 02:30:00': give its off"),
        (HOURS_OF_ROME, "2021-10-31 02:30", "the clocks of Europe/Rome skip or repeat"),
        (pd.Series(np.arange(60) / 7), math.inf, "inf is no value of dtype float64"),
        (pd.Series([True, False] * 20), 7, "7 is no value of dtype bool"),
        (pd.Series([True, None] * 20, dtype="boolean"), "maybe", "'maybe' is no value of"),
        (pd.Series(np.arange(60) % 7), 2**70, f"{2**70} is no value of dtype int64"),
    ],
)
def test_what_is_no_cell_is_said_with_the_dtype(series, value, message):
    with pytest.raises(ValueError, match=message):
        fit_column(series).read_value(value)


def test_dates_that_are_read_otherwise_than_written_are_refused_in_tables():
    for series, text in ((DAYS, "03.04.2020"), (HOURS_OF_ROME, "2021-03-28 02:30")):
        with pytest.raises(TypeError, match=r"now: ('03.04.2020' may|the clocks of Europe/Rome)"):
            fit_column(series).read(pd.Series(["2020-01-31", text]))
    column = fit_column(DAYS)
    days = column.read(pd.Series(["2020-01-31", "31.01.2020", "02.02.2020", None]))
    assert days.values[:3].tolist() == column.read(DAYS.iloc[[30, 30, 32]]).values.tolist()


def test_numbers_among_categories_are_shown_without_quotes():
    column = fit_column(pd.Series(pd.Categorical([1, 2] * 30)))
    assert column.possible("1") == "did you mean 1? possible are 1, 2"


def test_several_values_are_no_cell():
    with pytest.raises(TypeError, match=r"a cell must be one value, got \[1, 2\]"):
        fit_column(whole_numbers()).read_value([1, 2])


@pytest.mark.parametrize("bound", [None, np.nan, math.inf, "-inf", pd.NaT, np.float32("inf")])
def test_no_bound(bound):
    assert fit_column(whole_numbers()).read_bound(bound, math.floor) is None


@pytest.mark.parametrize("bound", [6.4, "6.4", np.float32(6.4)])
def test_a_bound_between_whole_numbers_is_the_next_inside(bound):
    column = fit_column(whole_numbers())
    assert column.read_bound(bound, math.ceil) == 7
    assert column.read_bound(bound, math.floor) == 6


def test_bounds_of_dates_are_their_numbers():
    days = pd.Series(pd.date_range("2020-01-01", periods=60)).dt.strftime("%Y-%m-%d")
    column = fit_column(days)
    low, high = (column.read_bound(day, math.floor) for day in ("2020-01-31", "2020-02-01"))
    assert high == low + 1


@pytest.mark.parametrize(
    ("fitted", "given", "message"),
    [
        (pd.Series([1, 2, 3]), pd.Series([1.0, np.nan, 2.5]), "2.5 is no whole number"),
        (pd.Series([1, 2, 3]), pd.Series([1.0, np.nan, 2.5], dtype="Float64"), "2.5 is no whole"),
        (pd.Series([1, 2, 3]), pd.Series([1e300]), "int64, does not hold 1e\\+300 exactly"),
        (pd.Series([1, 2, 3]), pd.Series([2**63 + 1], dtype="uint64"), "does not hold 92233"),
        (pd.Series([1, 2, 2**63], dtype="UInt64"), pd.Series([-1]), "UInt64, does not hold -1"),
        (pd.Series([0.5, 1]), pd.Series([2**53 + 1, 0]), "float64, does not hold 9007199254740993"),
    ],
)
def test_given_numbers_are_never_rounded(fitted, given, message):
    column = NumericTransformer(physical_type(fitted)).fit(fitted)
    for fits in (fitted, pd.Series([1.0, np.nan, 2.0]), pd.Series([1, None], dtype="Int64")):
        check_exact(column.physical, fits, column.read(fits))
    with pytest.raises(ValueError, match=message):
        check_exact(column.physical, given, column.read(given))


@pytest.mark.parametrize("make", [pd.to_datetime, pd.to_timedelta])
@pytest.mark.parametrize("dtype", ["us", "s", "objects"])
def test_given_moments_are_never_rounded(make, dtype):
    days = pd.Series(make([1, 2, None], unit="D"))
    if dtype == "objects":
        index = make([1, 2], unit="D")
        plain = index.to_pydatetime() if make is pd.to_datetime else index.to_pytimedelta()
        fitted = pd.Series(plain, dtype=object)
    else:
        fitted = days.astype(f"{days.dtype.kind}8[{dtype}]")
    column = TableTransformer().fit(pd.DataFrame({"c": fitted})).columns_[0]
    for given in (days, days.iloc[::-1], days.iloc[2:]):
        check_exact(column.physical, given, column.read(given))
    given = pd.Series(make([1, None], unit="ns"))
    with pytest.raises((TypeError, ValueError), match="000000001.* (exactly|has nanoseconds)"):
        check_exact(column.physical, given, column.read(given))


@pytest.mark.parametrize("text", ["1234567890123456789", "1234567890123456789.0"])
def test_text_of_a_whole_number_is_exact(text):
    series = pd.Series([1234567890123456789, 1234567890123456790, 5])
    column = NumericTransformer(physical_type(series)).fit(series)
    assert column.read_value(text).values[0] == 1234567890123456789
    assert column.read_bound(text, math.floor) == 1234567890123456789


@pytest.mark.parametrize("bound", ["nan", "abc"])
@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_text_that_is_no_number_is_no_bound(bound, dtype):
    series = pd.Series(np.arange(100), dtype=dtype)
    column = NumericTransformer(physical_type(series)).fit(series)
    with pytest.raises(ValueError, match="no number|no value|no bound"):
        column.read_bound(bound, math.ceil)
